//! What bad input gets: an answer that names it, and nothing changed.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Repo, check, check_with, refuses};

/// Puts an executable script somewhere.
fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn tags_that_are_no_versions() {
    let repo = Repo::flow();
    for tag in [
        "nonsense",
        "v1",
        "v1.2",
        "v01.2.3",
        "v1.2.3.4",
        "v99999999999999999999.0.0",
        "v0.9.0-",
        "0.8.0",
    ] {
        repo.git(&format!("tag {tag}"));
    }
    // Named as releases, and yet no commits.
    repo.git("tag v8.0.0 HEAD:Cargo.toml");
    repo.git("tag v9.0.0 HEAD^{tree}");
    let odd = repo
        .command("git")
        .arg("tag")
        .arg(std::ffi::OsStr::from_bytes(b"v\xff.0.0"))
        .status();
    assert!(odd.unwrap().success());
    assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.0\n");
    check(&repo, "changelog --all").succeeds();
    check(&repo, "cut auto --yes").succeeds();
    assert!(repo.refs().contains("refs/heads/release/v0.2.0"));
}

/// Only a heading needs the date, and makes none up.
#[test]
fn a_commit_without_a_date_in_the_calendar() {
    for (date, why) in [
        ("999999999999999", "999999999999999 seconds since 1970"),
        ("yesterday", "cannot be read"),
    ] {
        let repo = Repo::flow();
        let raw = repo.git("cat-file commit HEAD").replace("1780000120", date);
        std::fs::write(repo.root().join("commit"), raw).unwrap();
        let id = repo.git("hash-object -t commit -w --literally ../commit");
        repo.git(&format!("reset -q --hard {id}"));
        repo.git("tag v0.2.0");
        let words = ["the commit of release 0.2.0", &id, why, "git cat-file commit"];
        refuses(&repo, "changelog --all", 1, &words);
        repo.change("three", "fix: three");
        repo.git("push -q --force --all origin");
        repo.git("push -q --tags origin");
        assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.1\n");
        check(&repo, "cut auto --yes").succeeds();
    }
}

#[test]
fn a_remote_that_is_gone() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    std::fs::rename(repo.origin(), repo.root().join("elsewhere")).unwrap();
    for words in ["cut 0.3.0 --yes", "finish --yes"] {
        refuses(&repo, words, 1, &["`origin` does not answer", "git ls-remote origin"]);
    }
    let gate = check(&repo, "check --env prod --version 0.2.0").exits(1);
    assert!(
        gate.stdout.contains("BLOCKED") && gate.stderr.contains("UNKNOWN"),
        "{gate:?}"
    );
    assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.0\n");
}

#[test]
fn a_remote_that_refuses() {
    let repo = Repo::flow();
    let hook = repo.origin().join("hooks/pre-receive");
    script(&hook, "echo 'not on a Friday' >&2; exit 1");
    refuses(
        &repo,
        "cut auto --yes",
        1,
        &["did not take the push", "not on a Friday"],
    );
    std::fs::remove_file(&hook).unwrap();
    check(&repo, "cut auto --yes").succeeds();
    // One ref of several: none of them moves.
    let hook = repo.origin().join("hooks/update");
    script(
        &hook,
        "[ \"$1\" != refs/heads/main ] || { echo 'main is protected' >&2; exit 1; }",
    );
    refuses(
        &repo,
        "finish --yes",
        1,
        &["did not take the push", "main is protected"],
    );
    assert!(!repo.dir().join("target/sentinel/v0.2.0").exists());
    std::fs::remove_file(&hook).unwrap();
    repo.git_in(&repo.origin(), "config receive.advertiseAtomic false");
    refuses(&repo, "finish --yes", 1, &["atomic"]);
    repo.git_in(&repo.origin(), "config receive.advertiseAtomic true");
    check(&repo, "finish --yes").succeeds();
}

/// Another clone pushes between our look and our push: the pre-push hook plays its part.
#[test]
fn a_remote_that_moves_on() {
    for (prepare, words, branch) in [
        ("", "cut auto --yes", "release/v0.2.0"),
        ("cut auto --yes", "finish --yes", "develop"),
    ] {
        let repo = Repo::flow();
        if !prepare.is_empty() {
            check(&repo, prepare).succeeds();
        }
        let theirs = repo.git("commit-tree -p develop -m theirs develop^{tree}");
        repo.git(&format!("push -q origin {theirs}:refs/heads/theirs"));
        let hook = repo.root().join("hooks/pre-push");
        script(
            &hook,
            &format!("exec git --git-dir=../origin.git update-ref refs/heads/{branch} {theirs}"),
        );
        repo.git("config core.hooksPath ../hooks");
        let before = repo.refs();
        check(&repo, words).exits(1).says(&["it moved on meanwhile", branch]);
        assert_eq!(repo.refs(), before);
        assert!(repo.origin_refs().contains(&format!("{theirs} refs/heads/{branch}")));
        refuses(&repo, "resume --yes", 1, &["nothing to resume"]);
    }
}

/// A limit on the size of files stands in for a full disk: each write beyond it fails as one would there.
#[test]
fn a_full_disk() {
    let repo = Repo::flow();
    let before = repo.state();
    let mut failed = 0;
    for blocks in (1..).step_by(2) {
        let mut command = repo.command("sh");
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        command.args([
            "-c",
            &limited,
            "sh",
            env!("CARGO_BIN_EXE_cargo-sentinel"),
            "cut",
            "auto",
            "--yes",
        ]);
        let out = command.output().unwrap();
        if out.status.success() {
            break;
        }
        failed += 1;
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(!said.contains("panicked"), "{said}");
        assert!(
            said.contains("large") || said.contains("write") || said.contains("failed"),
            "{said}"
        );
        if check(&repo, "status --json").succeeds().json()["run"].is_string() {
            check(&repo, "undo --yes").succeeds();
        }
        assert_eq!(repo.state(), before, "{blocks} blocks: {said}");
    }
    assert!(failed > 0, "the limit was never reached");
}

#[test]
fn no_git_and_an_old_one() {
    let repo = Repo::flow();
    let path = repo.root().join("bin");
    std::fs::create_dir(&path).unwrap();
    let with_path = |command: &mut Command| {
        command.env("PATH", &path).arg("--yes");
    };
    let before = repo.state();
    for words in ["cut auto", "finish", "tag", "resume", "undo"] {
        check_with(&repo, words, with_path)
            .exits(1)
            .says(&["cannot start `git`", "install `git`"]);
    }
    script(&path.join("git"), "echo 'git version 2.20.0'");
    for words in ["cut auto", "finish", "tag", "resume", "undo"] {
        check_with(&repo, words, with_path).exits(1).says(&[
            "git 2.39 or newer is needed",
            "git version 2.20.0",
            "hint: install a newer git",
        ]);
    }
    assert_eq!(repo.state(), before);
}

#[test]
fn no_repository_and_no_cargo_project() {
    let repo = Repo::flow();
    let outside = repo.root().join("home");
    for words in [
        "next",
        "version",
        "status",
        "cut auto --yes",
        "finish --yes",
        "resume",
        "changelog",
    ] {
        let outcome = check_with(&repo, words, |command| {
            command.current_dir(&outside);
        });
        outcome.exits(1).says(&["is not in a git repository"]);
    }
    check(&repo, "-C /nowhere/at/all next").exits(1);
    repo.git("rm -q Cargo.toml Cargo.lock");
    repo.commit("feat: no longer a crate");
    repo.push();
    refuses(&repo, "cut auto --yes", 1, &["there is no Cargo.toml at the top"]);
    assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.0\n");
}

#[test]
fn an_unborn_branch() {
    let repo = Repo::empty();
    for words in [
        "next",
        "version",
        "changelog",
        "cut auto --yes",
        "finish --yes",
        "tag --yes",
    ] {
        let outcome = check(&repo, words).exits(1);
        assert!(outcome.stderr.contains("error: "), "{outcome:?}");
    }
    check(&repo, "status");
    repo.write("Cargo.toml", crate::support::MANIFEST);
    check(&repo, "next").exits(1).says(&["without commits"]);
}

#[test]
fn a_sha256_repository() {
    let repo = Repo::empty_of("sha256");
    repo.project();
    assert_eq!(check(&repo, "next").succeeds().stdout, "0.2.0\n");
    assert!(check(&repo, "version").succeeds().stdout.starts_with("0.1.1-dev.1+g"));
    check(&repo, "cut auto --yes").succeeds();
    assert_eq!(repo.git("rev-parse release/v0.2.0").len(), 64);
    for words in ["finish --yes", "tag --from release/v0.2.0 --yes"] {
        refuses(&repo, words, 1, &["SHA-256", ".crate"]);
    }
    repo.git("switch -q release/v0.2.0");
    repo.write(
        "Cargo.toml",
        repo.read("Cargo.toml")
            .replace("[dependencies]", "publish = false\n\n[dependencies]"),
    );
    repo.commit("chore: keep it private");
    repo.push();
    repo.git("switch -q develop");
    check(&repo, "finish --yes").succeeds().says(&["without artifacts"]);
}

#[test]
fn a_reftable_repository() {
    let repo = Repo::empty();
    repo.git_in(repo.root(), "init -q --template= --ref-format=reftable table");
    for words in ["next", "status", "cut auto --yes"] {
        let outcome = check_with(&repo, words, |command| {
            command.current_dir(repo.root().join("table"));
        });
        outcome
            .exits(1)
            .says(&["reftable", "not supported", "hint: git refs migrate"]);
    }
}

#[test]
fn a_partial_clone() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git_in(&repo.origin(), "config uploadpack.allowFilter true");
    let url = format!("file://{}", repo.origin().display());
    repo.git_in(
        repo.root(),
        &format!("clone -q --filter=blob:none -b develop {url} partial"),
    );
    let there = |words: &str| {
        check_with(&repo, words, |command| {
            command.current_dir(repo.root().join("partial"));
        })
    };
    assert_eq!(there("next").succeeds().stdout, "0.2.0\n");
    there("cut 0.3.0 --yes --no-push").exits(1);
    let before = repo.origin_refs();
    // The release branch's manifest was never fetched.
    there("finish 0.2.0 --yes")
        .exits(1)
        .says(&["partial clone", "git fetch --refetch"]);
    assert_eq!(repo.origin_refs(), before);
}

#[test]
fn unicode_and_blanks_in_paths() {
    let repo = Repo::flow();
    repo.write("src/ein Ü & 'Zitat'.rs", "//! X.\n");
    repo.commit("feat: odd names");
    repo.push();
    repo.git_words(&[
        "-C",
        "..",
        "clone",
        "-q",
        "-b",
        "develop",
        "origin.git",
        "Ä b\u{301} '$x'",
    ]);
    let clone = repo.root().join("Ä b\u{301} '$x'");
    for name in ["user.name", "user.email", "gpg.format", "user.signingKey"] {
        repo.git_in(
            &clone,
            &format!("config {name} {}", repo.git(&format!("config {name}"))),
        );
    }
    repo.git_in(&clone, "branch -q main origin/main");
    for words in ["cut auto --yes --switch", "finish --yes", "version", "changelog --all"] {
        let outcome = check_with(&repo, words, |command| {
            command.current_dir(&clone);
        });
        outcome.succeeds();
    }
    assert!(clone.join("target/sentinel/v0.2.0/demo-0.2.0.crate").exists());
    assert_eq!(repo.git_in(&clone, "status --porcelain"), "");
}
