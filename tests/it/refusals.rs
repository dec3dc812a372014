//! What `cut` refuses: every reason at once, each with the command that mends it, and nothing changed.

use crate::support::{Repo, check, check_with, killed_while_pushing, refuses};

/// Spoils the world, and demands that `cut auto` refuses with these words.
#[track_caller]
fn cut_refuses(words: &[&str], spoil: impl FnOnce(&Repo)) {
    let repo = Repo::flow();
    spoil(&repo);
    refuses(&repo, "cut auto --yes", 1, words);
}

#[test]
fn a_working_tree_that_is_not_clean() {
    cut_refuses(&["`stray` untracked", "git stash"], |repo| repo.write("stray", "x"));
    cut_refuses(&["`src/lib.rs` changed"], |repo| repo.write("src/lib.rs", "//! New.\n"));
    cut_refuses(&["`src/lib.rs` changed"], |repo| {
        repo.write("src/lib.rs", "//! Staged.\n");
        repo.git("add -A");
    });
    cut_refuses(&["`src/lib.rs` changed"], |repo| drop(repo.git("rm -q src/lib.rs")));
    cut_refuses(&["`a name` untracked"], |repo| repo.write("a name", "x"));
}

fn with_submodule(repo: &Repo) {
    let sub = repo.root().join("sub");
    repo.git_in(repo.root(), "init -q --template= -b main sub");
    repo.git_in(
        &sub,
        "-c user.name=Alice -c user.email=a@example.org commit -q --allow-empty -m one",
    );
    // What `git submodule add` does; that is a script, and needs programs that a newcomer's machine may lack.
    std::fs::create_dir(repo.dir().join(".git/modules")).unwrap();
    repo.git("clone -q --separate-git-dir .git/modules/sub ../sub sub");
    repo.write(".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = ../sub\n");
    repo.commit("feat: a submodule");
    repo.push();
}

#[test]
fn a_submodule_that_is_not_at_its_commit() {
    cut_refuses(&["`sub` changed"], |repo| {
        with_submodule(repo);
        let sub = repo.dir().join("sub");
        repo.git_in(
            &sub,
            "-c user.name=Alice -c user.email=a@example.org commit -q --allow-empty -m two",
        );
    });
    cut_refuses(&["`sub` changed"], |repo| {
        with_submodule(repo);
        repo.write("sub/stray", "x");
    });
    let repo = Repo::flow();
    with_submodule(&repo);
    check(&repo, "cut auto --yes").succeeds();
    assert!(repo.git("ls-tree release/v0.2.0 sub").contains("160000 commit"));
}

#[test]
fn an_operation_that_is_half_done() {
    let conflicting = |repo: &Repo| {
        repo.git("switch -q -c other");
        repo.change("two", "feat: another two");
        repo.git("switch -q develop");
        repo.change("two", "feat: two again");
        repo.push();
    };
    cut_refuses(&["a merge is half done", "git merge --abort"], |repo| {
        conflicting(repo);
        assert!(!repo.git_succeeds("merge other"));
    });
    cut_refuses(&["a rebase is half done", "git rebase --abort"], |repo| {
        conflicting(repo);
        assert!(!repo.git_succeeds("rebase other"));
    });
    cut_refuses(&["a cherry-pick is half done", "git cherry-pick --abort"], |repo| {
        conflicting(repo);
        assert!(!repo.git_succeeds("cherry-pick other"));
    });
    cut_refuses(&["a revert is half done", "git revert --abort"], |repo| {
        conflicting(repo);
        assert!(!repo.git_succeeds("revert HEAD~1"));
    });
    cut_refuses(&["a bisect is half done", "git bisect reset"], |repo| {
        repo.git("bisect start HEAD HEAD~1");
        repo.git("switch -q develop");
    });
}

#[test]
fn a_source_that_is_not_in_step_with_its_remote() {
    cut_refuses(
        &["`develop` has commits that `origin` lacks", "git push origin develop"],
        |repo| {
            repo.change("three", "feat: three");
        },
    );
    cut_refuses(
        &["`develop` is behind `origin`", "git pull --ff-only origin develop"],
        |repo| {
            repo.change("three", "feat: three");
            repo.push();
            repo.git("reset -q --hard HEAD~1");
        },
    );
    cut_refuses(&["have diverged", "git pull --rebase origin develop"], |repo| {
        repo.change("three", "feat: three");
        repo.push();
        repo.git("reset -q --hard HEAD~1");
        repo.change("four", "feat: four");
    });
    cut_refuses(&["git fetch origin"], |repo| {
        let elsewhere = repo.git_in(
            &repo.origin(),
            "-c user.name=Bob -c user.email=b@example.org commit-tree -p develop -m three develop^{tree}",
        );
        repo.git_in(&repo.origin(), &format!("update-ref refs/heads/develop {elsewhere}"));
    });
    cut_refuses(&["releases start from `develop`", "git switch develop"], |repo| {
        drop(repo.git("switch -q main"));
    });
}

/// A commit that no branch leads to.
fn unrelated(repo: &Repo) -> String {
    repo.git("commit-tree -m unrelated HEAD^{tree}")
}

#[test]
fn names_that_are_taken() {
    cut_refuses(&["the tag `v0.2.0` exists at"], |repo| {
        drop(repo.git(&format!("tag v0.2.0 {}", unrelated(repo))));
    });
    cut_refuses(&["the tag `v0.2.0` exists on `origin`"], |repo| {
        drop(repo.git_in(&repo.origin(), "tag v0.2.0 develop~1"));
    });
    cut_refuses(&["the branch `release/v0.2.0` exists at"], |repo| {
        drop(repo.git("branch release/v0.2.0"));
    });
    cut_refuses(&["the branch `release/v0.2.0` exists on `origin`"], |repo| {
        drop(repo.git_in(&repo.origin(), "branch release/v0.2.0 develop"));
    });
}

#[test]
fn a_shallow_clone() {
    let repo = Repo::flow();
    let url = format!("file://{}", repo.origin().display());
    repo.git_in(repo.root(), &format!("clone -q --depth 1 -b develop {url} shallow"));
    let shallow = repo.root().join("shallow");
    for words in ["cut 0.2.0 --yes", "next", "version", "check --env prod --version 0.2.0"] {
        let outcome = check_with(&repo, words, |command| {
            command.current_dir(&shallow);
        });
        outcome.exits(1).says(&["shallow", "git fetch --unshallow --tags"]);
    }
}

#[test]
fn an_unfinished_run() {
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes");
    refuses(
        &repo,
        "cut auto --yes",
        1,
        &["was left unfinished", "cargo sentinel resume", "cargo sentinel undo"],
    );
    assert!(check(&repo, "status").succeeds().stdout.contains("unfinished"));
    check(&repo, "undo --yes").succeeds();
    check(&repo, "cut auto --yes").succeeds();
}

#[test]
fn another_release_that_holds_the_lock() {
    let repo = Repo::flow();
    let directory = repo.dir().join(".git/sentinel");
    std::fs::create_dir_all(&directory).unwrap();
    let lock = std::fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    for words in [
        "cut auto --yes",
        "finish --yes",
        "tag --yes",
        "resume --yes",
        "undo --yes",
    ] {
        refuses(&repo, words, 75, &["another release is running"]);
    }
    check(&repo, "cut auto --dry-run").succeeds();
    drop(lock);
    check(&repo, "cut auto --yes").succeeds();
}

#[test]
fn a_key_that_does_not_sign() {
    let spoil = |name: &'static str, value: &'static str| {
        move |repo: &Repo| {
            repo.git("config commit.gpgSign true");
            repo.git(&format!("config {name} {value}"));
        }
    };
    cut_refuses(&["the key does not sign"], spoil("user.signingKey", "../nowhere"));
    cut_refuses(&["the key does not sign"], spoil("gpg.ssh.program", "false"));
    cut_refuses(
        &["the key does not sign"],
        spoil("gpg.ssh.program", "/nowhere/ssh-keygen"),
    );
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("config user.signingKey ../nowhere");
    refuses(
        &repo,
        "finish --yes",
        1,
        &["the key does not sign", "git config user.signingKey"],
    );
    refuses(
        &repo,
        "finish --yes --no-sign",
        1,
        &["unsigned tags are not allowed", "allow_unsigned"],
    );
}

/// `EMAIL` would do as an address, and the user's entry in the password file as a name; who asks for neither gets neither.
#[test]
fn nobody_to_commit_as() {
    let repo = Repo::flow();
    for name in ["user.name", "user.email"] {
        repo.git(&format!("config --unset {name}"));
    }
    repo.git("config user.useConfigOnly true");
    let before = repo.state();
    let outcome = check_with(&repo, "cut auto --yes", |command| {
        command.env("EMAIL", "a@example.org");
    });
    outcome
        .exits(1)
        .says(&["git does not know who commits", "git config user.name"]);
    assert_eq!(repo.state(), before);
}

#[test]
fn versions_that_will_not_do() {
    let repo = Repo::flow();
    for (version, words) in [
        ("1.2", &["1.2"][..]),
        ("01.2.3", &["01.2.3"]),
        ("one", &["one"]),
        ("1.2.3-01", &["1.2.3-01"]),
        ("0.1.0", &["0.1.0 is not above 0.1.0", "cargo sentinel next"]),
        ("0.0.9", &["0.0.9 is not above 0.1.0"]),
        ("0.1.1", &["0.1.1 is below 0.2.0", "--allow-underbump"]),
    ] {
        refuses(&repo, &format!("cut {version} --yes"), 1, words);
    }
    check(&repo, "cut 0.1.1 --yes --allow-underbump").succeeds();
    assert!(repo.show("release/v0.1.1:Cargo.toml").contains("version = \"0.1.1\""));
}

#[test]
fn files_that_are_damaged() {
    let committed = |path: &'static str, text: &'static str| {
        move |repo: &Repo| {
            repo.write(path, text);
            repo.commit("fix: break it");
            repo.push();
        }
    };
    cut_refuses(&["Cargo.toml"], committed("Cargo.toml", "[package\n"));
    cut_refuses(
        &["CHANGELOG.md cannot be understood", "Unreleased"],
        committed("CHANGELOG.md", "# Changelog\n\n## [Unreleased]\n\n## [Unreleased]\n"),
    );
    let repo = Repo::flow();
    committed("sentinel.toml", "schema = 1\n\n[release]\ntagg = \"x\"\n")(&repo);
    refuses(&repo, "cut auto --yes", 64, &["sentinel.toml:4", "tagg", "tag"]);
    refuses(&repo, "next", 64, &["sentinel.toml:4"]);
}

#[test]
fn a_journal_that_is_damaged() {
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes");
    let runs = repo.dir().join(".git/sentinel/runs");
    let journal = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&journal).unwrap();
    let last = text.trim_end().lines().count() + 1;
    std::fs::write(&journal, format!("{text}{{\"intent\":{{}}}}\n")).unwrap();
    let place = format!("is damaged at line {last}");
    for words in ["resume --yes", "undo --yes", "cut auto --yes", "status"] {
        refuses(&repo, words, 3, &[&place, "sentinel/runs/"]);
    }
    std::fs::write(&journal, text.replace("sentinel.journal/3", "sentinel.journal/9")).unwrap();
    refuses(
        &repo,
        "resume --yes",
        3,
        &["is damaged at line 1", "sentinel.journal/9"],
    );
    // A torn last line is what a kill leaves: it is dropped.
    std::fs::write(&journal, format!("{text}{{\"int")).unwrap();
    check(&repo, "resume --yes").succeeds();
}

#[test]
fn every_reason_at_once() {
    let repo = Repo::flow();
    repo.change("three", "feat: three");
    repo.git("tag v0.1.1");
    repo.git("branch release/v0.1.1 HEAD~1");
    repo.git("config commit.gpgSign true");
    repo.git("config user.signingKey ../nowhere");
    repo.write("stray", "x");
    refuses(
        &repo,
        "cut 0.1.0 --yes",
        1,
        &[
            "0.1.0 is not above 0.1.0",
            "`stray` untracked",
            "has commits that `origin` lacks",
            "does not sign",
        ],
    );
    let refused = check(&repo, "cut 0.1.1 --yes --json").exits(1);
    let document = refused.json();
    assert_eq!(
        (&document["schema"], &document["kind"]),
        (&"sentinel.error/1".into(), &"blocked".into())
    );
    let checks: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        checks,
        ["version", "tree", "remote", "tag", "release-branch", "signing"]
    );
    assert_eq!(refused.stderr, "");
}
