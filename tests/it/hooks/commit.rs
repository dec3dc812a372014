//! `pre-commit`, `pre-merge-commit` and `commit-msg`, however git comes to commit.

use super::{commit, configured, executable, git, git_fed, git_with, hooked, hooks_dir};
use crate::support::{Outcome, Repo, check};

fn token() -> String {
    format!("ghp_{}", "aB3".repeat(12))
}

#[test]
fn messages() {
    let repo = hooked();
    for good in [
        "feat: x",
        "fix(scope)!: y",
        "chore: z\n\nbody\n\nRefs: #1",
        "fixup! feat: x",
        "squash! feat: x",
        "amend! feat: x",
        "Revert \"feat: x\"\n\nThis reverts commit 0123456789.",
        "Reapply \"feat: x\"",
        "Merge branch 'main' into feature/x",
    ] {
        commit(&repo, good).succeeds();
    }
    for bad in [
        "update stuff",
        "feat x",
        "feat:",
        ": x",
        "WIP",
        "feat(: x",
        "Feature: ",
        "#12: x",
        // What no editor was opened on keeps its lines that look like comments.
        "# note\nfeat: x",
    ] {
        commit(&repo, bad).refused("message");
    }
    // Nobody is told of a message that is good.
    assert_eq!(commit(&repo, "feat: quiet").stderr, "");
}

#[test]
fn messages_of_any_bytes() {
    let repo = hooked();
    let feed = |message: &[u8], more: &[&str]| {
        let words = [&["commit", "-q", "--allow-empty", "-F", "-"], more].concat();
        git_fed(&repo, &words, message)
    };
    feed(b"feat: x\r\n\r\nbody\r\n", &[]).succeeds();
    feed(b"\xef\xbb\xbffeat: bom\n", &[]).succeeds();
    feed(&[b"feat: ".as_slice(), &[b'x'; 200_000]].concat(), &[]).succeeds();
    feed(b"feat: caf\xe9\n", &[]).refused("message");
    feed(b"\xff\xfe\n", &[]).refused("message");
    feed(b"", &["--allow-empty-message"]).refused("message");
    repo.git("config i18n.commitEncoding ISO-8859-1");
    feed(b"feat: caf\xe9\n", &[]).succeeds();
    git(&repo, &["push", "-q", "origin", "feature/x"]).succeeds();
}

/// Commits with an editor that puts `top` above what git wrote.
fn edited(repo: &Repo, top: &str, words: &[&str]) -> Outcome {
    let editor = repo.root().join("an editor");
    let script = format!("#!/bin/sh\n{{ printf '{top}'; cat \"$1\"; }} > \"$1.n\" && mv \"$1.n\" \"$1\"\n");
    executable(&editor, &script);
    git_with(repo, words, |command| {
        command.env("GIT_EDITOR", format!("'{}'", editor.display()));
    })
}

#[test]
fn editors_comment_characters_and_the_diff() {
    let repo = hooked();
    for (character, top) in [
        ("#", "# note\\nfeat: x\\n"),
        (";", "; note\\nfeat: x\\n"),
        ("//", "// note\\nfeat: x\\n"),
        ("auto", "feat: x\\n"),
    ] {
        for diff in [&["commit"][..], &["commit", "-v"]] {
            repo.write("d", format!("BREAKING CHANGE: no footer {character} {}\n", diff.len()));
            repo.git("add d");
            let setting = format!("core.commentString={character}");
            let words = [&["-c", &setting], diff].concat();
            edited(&repo, top, &words).succeeds();
            assert_eq!(repo.git("log -1 --format=%B"), "feat: x");
        }
    }
    // A comment for git is a comment for us; where it is none, it is the subject.
    edited(
        &repo,
        "#12: x\\n",
        &["-c", "core.commentChar=;", "commit", "--allow-empty"],
    )
    .refused("message");
    edited(
        &repo,
        "feat: x\\n",
        &["-c", "commit.cleanup=scissors", "commit", "--allow-empty", "-v"],
    )
    .succeeds();
    repo.git("config core.commentChar %%");
    edited(
        &repo,
        "%% note\\nfeat: x\\n",
        &["-c", "core.commentString=;", "commit", "--allow-empty"],
    )
    .refused("message");
    repo.git("config core.commentChar ;");
    edited(&repo, "; note\\nfeat: x\\n", &["commit", "--allow-empty"]).succeeds();
    git_with(&repo, &["commit", "-q", "--allow-empty", "-m", "feat: x"], |command| {
        command.envs([
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.commentChar"),
            ("GIT_CONFIG_VALUE_0", "!"),
        ]);
    })
    .succeeds();
}

/// Where no editor is opened either: the line that reads well may be the one that git takes for a comment.
#[test]
fn what_git_strips_is_not_the_subject() {
    let repo = hooked();
    let words = [
        "-c",
        "core.commentChar=f",
        "-c",
        "commit.cleanup=strip",
        "commit",
        "-q",
        "--allow-empty",
    ];
    let with = |message: &[&str]| git(&repo, &[&words[..], message].concat());
    with(&["-m", "feat: good", "-m", "not conventional"]).refused("message");
    with(&["-m", "feat: stripped", "-m", "chore: good"]).succeeds();
    assert_eq!(repo.git("log -1 --format=%B"), "chore: good");
}

#[test]
fn every_way_to_choose_what_is_committed() {
    let repo = hooked();
    // `commit -a`: the index is index.lock.
    repo.write("src/lib.rs", format!("// {}\n", token()));
    git(&repo, &["commit", "-qam", "feat: all"]).refused("secret");
    repo.write("src/lib.rs", "// a\n");
    git(&repo, &["commit", "-qam", "feat: all"]).succeeds();
    // `commit <path>`: another index, and what is staged beside it is left alone.
    repo.write("left", token());
    repo.git("add left");
    repo.write("left", "changed again\n");
    repo.write("src/lib.rs", "// b\n");
    git(&repo, &["commit", "-qm", "feat: one path", "src/lib.rs"]).succeeds();
    assert_eq!(repo.read("left"), "changed again\n");
    assert_eq!(repo.git("status --porcelain"), "AM left");
    commit(&repo, "feat: what is staged").refused("secret");
    repo.git("rm -q --cached -f left");
    // From below, from elsewhere, by name.
    std::fs::remove_file(repo.dir().join("left")).unwrap();
    git_with(&repo, &["commit", "--allow-empty", "-m", "nope"], |command| {
        command.current_dir(repo.dir().join("src"));
    })
    .refused("message");
    let elsewhere = |words: &[&str]| {
        git_with(&repo, words, |command| {
            command.current_dir(repo.root());
        })
    };
    elsewhere(&["-C", "demo", "commit", "--allow-empty", "-m", "nope"]).refused("message");
    let named = [
        "--git-dir",
        "demo/.git",
        "--work-tree",
        "demo",
        "commit",
        "--allow-empty",
        "-m",
    ];
    elsewhere(&[&named[..], &["nope"]].concat()).refused("message");
    elsewhere(&[&named[..], &["feat: named"]].concat()).succeeds();
    repo.git("add -N .");
    commit(&repo, "feat: intent to add").succeeds();
    repo.git("update-index --split-index");
    repo.write("split", token());
    repo.git("add split");
    commit(&repo, "feat: split index").refused("secret");
}

/// A file's name is anybody's, and a terminal obeys it.
#[test]
fn a_name_that_a_terminal_would_obey_is_made_visible() {
    let repo = hooked();
    let name = "it's\u{1b}[31m\u{202e}\n";
    repo.write(name, "<<<<<<< ours\n=======\n>>>>>>> theirs\n");
    repo.git("add .");
    let refused = commit(&repo, "feat: x").refused("conflict");
    assert!(!refused.stderr.contains(['\u{1b}', '\u{202e}']), "{}", refused.stderr);
    // The remedy names that very file.
    let fix = refused.stderr.split_once("then ").unwrap().1.lines().next().unwrap();
    let mut shell = repo.command("bash");
    shell.args(["-c", &fix.replace("git add", "git rm -q --cached")]);
    super::outcome(&mut shell).succeeds();
    assert_eq!(repo.git("ls-files --cached -- its*"), "");
    commit(&repo, "feat: x").succeeds();
}

/// Where a directory is outside the cone, the index holds it as one entry (git-sparse-checkout(1), SPARSE INDEX).
#[test]
fn a_sparse_index() {
    let repo = hooked();
    repo.write("kept/a", "a\n");
    repo.write("out/deep/er", "b\n");
    repo.git("add .");
    commit(&repo, "feat: directories").succeeds();
    repo.write("out/deep/er", token());
    repo.git("add .");
    git(&repo, &["commit", "-q", "--no-verify", "-m", "feat: unseen"]).succeeds();
    repo.git("sparse-checkout set --cone --sparse-index src kept");
    repo.git("reset -q --soft HEAD~1");
    assert_eq!(repo.git("ls-files --sparse out"), "out/");
    let refused = commit(&repo, "feat: seen").refused("secret");
    refused.says(&["out/deep/er:1"]);
    repo.git("restore --staged --ignore-skip-worktree-bits out");
    assert_eq!(repo.git("diff --cached --name-only"), "");
    commit(&repo, "feat: nothing of it").succeeds();
}

#[test]
fn an_unborn_branch_and_a_repository_without_configuration() {
    let repo = Repo::empty();
    check(&repo, "hooks install").succeeds();
    commit(&repo, "nothing is configured, and nothing is asked").succeeds();
    let repo = Repo::empty();
    repo.write("sentinel.toml", "schema = 1\n");
    check(&repo, "hooks install").succeeds();
    repo.git("add sentinel.toml");
    commit(&repo, "nope").refused("message");
    commit(&repo, "feat: first").succeeds();
    let metadata = Repo::empty();
    metadata.write("Cargo.toml", "[workspace]\n[workspace.metadata.sentinel]\nschema = 1\n");
    check(&metadata, "hooks install").succeeds();
    commit(&metadata, "nope").refused("message");
}

#[test]
fn rebase_amend_merge_revert() {
    let repo = hooked();
    repo.write("a", "a\n");
    repo.git("add a");
    commit(&repo, "feat: a").succeeds();
    git(&repo, &["commit", "-q", "--amend", "--no-edit"]).succeeds();
    git(&repo, &["commit", "--amend", "-m", "nope"]).refused("message");
    git(&repo, &["revert", "--no-edit", "HEAD"]).succeeds();
    git(&repo, &["revert", "--no-edit", "HEAD"]).succeeds();
    repo.git("switch -q -c feature/y develop");
    repo.write("b", "b\n");
    repo.git("add b");
    commit(&repo, "feat: b").succeeds();
    git(&repo, &["merge", "-q", "--no-ff", "-m", "Bring it over", "feature/x"]).succeeds();
    repo.git("reset -q --hard HEAD~1");
    git(&repo, &["merge", "-q", "--no-edit", "feature/x"]).succeeds();
    // A detached HEAD on its way through a protected branch's commits.
    repo.git("switch -q feature/x");
    git(&repo, &["rebase", "-q", "feature/y"]).succeeds();
    git(&repo, &["rebase", "-q", "--force-rebase", "main"]).succeeds();
    repo.git("switch -q develop");
    git(&repo, &["cherry-pick", "feature/y~1"]).succeeds();
}

#[test]
fn protected_branches_and_merges_into_them() {
    let repo = hooked();
    repo.git("switch -q main");
    commit(&repo, "feat: x")
        .refused("branch")
        .says(&["`main` is protected"]);
    git(&repo, &["merge", "--no-ff", "-m", "Merge branch 'develop'", "develop"]).refused("branch");
    repo.git("merge --abort");
    repo.git("switch -q develop");
    commit(&repo, "feat: x").succeeds();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = [\"develop\"]\n");
    commit(&repo, "feat: x")
        .refused("branch")
        .says(&["`develop` is protected"]);
    // All that is wrong at once.
    repo.write("a", format!("{} x\n{}\n", ">".repeat(7), token()));
    repo.git("add a");
    let refused = commit(&repo, "feat: x")
        .refused("branch")
        .refused("conflict")
        .refused("secret");
    assert_eq!(refused.stderr.matches("sentinel[").count(), 3, "{}", refused.stderr);
}

#[test]
fn what_is_staged_is_looked_into_and_left_alone() {
    let repo = hooked();
    repo.write("a dir/id", std::fs::read(repo.root().join("key")).unwrap());
    repo.git("add -A");
    let state = |repo: &Repo| (repo.state(), std::fs::read(repo.dir().join(".git/index")).unwrap());
    let before = state(&repo);
    let words = ["hook", "run", "pre-commit"];
    let asked = || super::outcome(repo.command(env!("CARGO_BIN_EXE_cargo-sentinel")).args(words));
    asked()
        .refused("secret")
        .says(&["a dir/id:1 holds a private key", "git rm --cached -- 'a dir/id'"]);
    assert_eq!(state(&repo), before);
    commit(&repo, "feat: key").refused("secret");
    repo.git("rm -rqf .");
    repo.git("reset -q --hard");
    // A link to a key is no key; neither is what git takes for binary.
    std::os::unix::fs::symlink(repo.root().join("key"), repo.dir().join("link")).unwrap();
    repo.write("binary", [b"\0".as_slice(), token().as_bytes()].concat());
    repo.write("allowed", format!("sentinel:allow(github-token)\n{}\n", token()));
    repo.git("add -A");
    commit(&repo, "feat: no keys").succeeds();
    repo.write("large", vec![b'a'; 17 * 1024 * 1024]);
    repo.git("add -A");
    commit(&repo, "feat: large")
        .succeeds()
        .says(&["note: large is larger than 16 MiB and was not looked into"]);
}

#[test]
fn the_lock_file_keeps_step() {
    let repo = hooked();
    let manifest = repo.read("Cargo.toml");
    repo.write("Cargo.toml", manifest.replace("0.1.0", "0.1.9"));
    repo.git("add Cargo.toml");
    commit(&repo, "feat: bump by hand")
        .refused("lockfile")
        .says(&["cargo update --workspace --manifest-path Cargo.toml"]);
    repo.write("Cargo.lock", repo.read("Cargo.lock").replace("0.1.0", "0.1.9"));
    commit(&repo, "feat: bump by hand").refused("lockfile");
    repo.git("add Cargo.lock");
    commit(&repo, "feat: bump by hand").succeeds();
    repo.write("Cargo.toml", format!("{manifest}serde = \"1\"\n"));
    git(&repo, &["commit", "-qam", "feat: serde"]).refused("lockfile");
    repo.git("rm -q --cached Cargo.lock");
    git(
        &repo,
        &["commit", "-qam", "feat: no lock file, nothing to keep step with"],
    )
    .succeeds();
}

#[test]
fn a_skip_is_named_reasoned_and_recorded() {
    let repo = hooked();
    let skip = |message: &str, checks: &str, reason: Option<&str>| {
        git_with(&repo, &["commit", "--allow-empty", "-qm", message], |command| {
            command.env("CARGO_SENTINEL_SKIP", checks);
            if let Some(reason) = reason {
                command.env("CARGO_SENTINEL_REASON", reason);
            }
        })
    };
    skip("nope", "message", None).refused("message").refused("skip");
    skip("nope", "branch", Some("why")).refused("message");
    skip("nope", "everything", Some("why")).refused("skip");
    let audit = repo.dir().join(".git/sentinel/skips.jsonl");
    skip("feat: fine", "message", Some("not needed")).succeeds();
    assert!(!audit.exists());
    skip("nope", "message", Some("imported \"history\""))
        .succeeds()
        .says(&["sentinel[message]: skipped: "]);
    skip("nope again", "secret,message", Some("imported too")).succeeds();
    let lines = std::fs::read_to_string(&audit).unwrap();
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["schema"], "sentinel.skip/1");
    assert_eq!(
        (&lines[0]["hook"], &lines[0]["reason"]),
        (&"commit-msg".into(), &"imported \"history\"".into())
    );
    assert_eq!(lines[0]["findings"][0]["check"], "message");
    // Where nothing can be written down, nothing is skipped.
    std::fs::remove_file(&audit).unwrap();
    std::fs::create_dir(&audit).unwrap();
    skip("nope", "message", Some("why")).refused("repository");
    std::fs::remove_dir(&audit).unwrap();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nrequired = [\"message\"]\n");
    skip("nope", "message", Some("why"))
        .refused("message")
        .says(&["required here: nothing skips it"]);
}

#[test]
fn damage_blocks_and_is_named() {
    let repo = hooked();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotec = []\n");
    commit(&repo, "feat: x")
        .refused("config")
        .says(&["sentinel.toml:3:1", "protect", "fix: correct it"]);
    repo.write("sentinel.toml", "schema = 1\n");
    let call = |name: &str, variable: &str, value: &str| {
        let mut command = repo.command(env!("CARGO_BIN_EXE_cargo-sentinel"));
        super::outcome(command.args(["hook", "run", name, "message"]).env(variable, value))
    };
    call("commit-msg", "UNUSED", "")
        .refused("repository")
        .says(&["there is no message in"]);
    call("pre-commit", "GIT_INDEX_FILE", "CHANGELOG.md").refused("conflict");
    call("pre-commit", "GIT_CONFIG_PARAMETERS", "bogus").refused("repository");
    call("pre-commit", "GIT_CONFIG_COUNT", "x").refused("repository");
    call("pre-commit", "GIT_NAMESPACE", "x")
        .refused("repository")
        .says(&["fix: unset GIT_NAMESPACE"]);
    call("pre-commit", "GIT_COMMON_DIR", "/nowhere")
        .refused("repository")
        .says(&["fix: unset GIT_COMMON_DIR"]);
    call("pre-commit", "GIT_DIR", "/nowhere").refused("repository");
    call("post-commit", "UNUSED", "")
        .exits(64)
        .says(&["`post-commit` is no hook", "hint: "]);
    // A staged blob that is gone.
    repo.write("a", "a\n");
    repo.git("add a");
    let id = repo.git("rev-parse :a");
    std::fs::remove_file(repo.dir().join(format!(".git/objects/{}/{}", &id[..2], &id[2..]))).unwrap();
    call("pre-commit", "UNUSED", "").refused("secret").says(&["git fsck"]);
}

#[test]
fn hooks_are_called_by_a_name_or_by_the_parser() {
    let repo = configured();
    repo.git("switch -q main");
    std::fs::remove_file(repo.dir().join("sentinel.toml")).unwrap();
    for words in [
        "hook run pre-commit",
        "sentinel hook run pre-commit",
        "-C src hook run pre-commit",
    ] {
        check(&repo, words).exits(0);
    }
    repo.write("sentinel.toml", "schema = 1\n");
    for words in [
        "hook run pre-commit",
        "sentinel hook run pre-commit",
        "-C src hook run pre-commit",
    ] {
        check(&repo, words)
            .exits(1)
            .says(&["sentinel[branch]: `main` is protected"]);
    }
    assert!(!hooks_dir(&repo).exists());
    check(&repo, "hook run --help").exits(0);
}
