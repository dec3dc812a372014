//! The table of `docs/recovery.md`, row by row: a release is interrupted, somebody moves something, and `resume` and `undo`
//! end it, or refuse with the one command that leads out.

use crate::support::{Outcome, Repo, check, check_with, refuses, script};

/// Where a run is killed, seen from its push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    BeforeThePush,
    BehindThePush,
}

/// Runs a command whose git kills it at its push, before or behind it.
fn killed(repo: &Repo, words: &str, when: Killed) {
    killed_at(repo, words, "push --porcelain", when);
}

fn killed_at(repo: &Repo, words: &str, at: &str, when: Killed) {
    let git = repo.command("sh").args(["-c", "command -v git"]).output().unwrap();
    let git = String::from_utf8(git.stdout).unwrap().trim().to_owned();
    let first = match when {
        Killed::BeforeThePush => String::new(),
        Killed::BehindThePush => format!("{git} \"$@\" > /dev/null 2>&1;"),
    };
    let dir = repo.root().join("shim");
    std::fs::create_dir_all(&dir).unwrap();
    script(
        &dir.join("git"),
        &format!("#!/bin/sh\ncase \"$*\" in *'{at}'*) {first} kill -9 $PPID; exit 1;; esac\nexec {git} \"$@\"\n"),
    );
    let path = std::env::var("PATH").unwrap();
    check_with(repo, words, |command| {
        command.env("PATH", format!("{}:{path}", dir.display()));
    })
    .exits(-1);
    std::fs::remove_dir_all(dir).unwrap();
}

/// A git-flow repository whose release is cut, and whose `finish` is killed.
fn killed_finish(when: Killed) -> Repo {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    killed(&repo, "finish --yes", when);
    repo
}

/// Somebody else's commit above a branch of the origin.
fn theirs(repo: &Repo, branch: &str) -> String {
    let tip = repo.git_in(&repo.origin(), &format!("rev-parse {branch}"));
    let made = repo.git_in(
        &repo.origin(),
        &format!("-c user.name=Bob -c user.email=bob@example.org commit-tree -p {tip} -m theirs {tip}^{{tree}}"),
    );
    repo.git_in(&repo.origin(), &format!("update-ref refs/heads/{branch} {made}"));
    made
}

/// Demands that a command refuses with `code`, changes nothing, and names as its only way out the command `out`.
#[track_caller]
fn leads_out(repo: &Repo, words: &str, code: i32, out: &str) -> Outcome {
    let before = repo.state();
    let outcome = check(repo, words).exits(code).says(&[out]);
    let ways = outcome.stderr.matches("hint: ").count();
    assert_eq!(ways, 1, "{}", outcome.stderr);
    assert_eq!(repo.state(), before);
    outcome
}

#[test]
fn a_local_branch_moved_before_the_push() {
    for words in [
        "commit -q --allow-empty -m feat:meanwhile",
        "tag v0.2.0",
        "branch -f main develop",
    ] {
        let repo = killed_finish(Killed::BeforeThePush);
        repo.git(words);
        let before = repo.state();
        leads_out(&repo, "resume --yes", 3, "cargo sentinel undo");
        check(&repo, "undo --yes").succeeds();
        assert_eq!(repo.state(), before, "{words}");
    }
}

#[test]
fn a_working_tree_changed_before_the_push() {
    let repo = killed_finish(Killed::BeforeThePush);
    repo.write("Cargo.toml", "somebody's work");
    leads_out(&repo, "resume --yes", 3, "cargo sentinel undo");
    check(&repo, "undo --yes").succeeds();
    assert_eq!(repo.read("Cargo.toml"), "somebody's work");
}

#[test]
fn a_remote_branch_moved_or_deleted_before_the_push() {
    for what in ["develop", "main", "release/v0.2.0"] {
        let repo = killed_finish(Killed::BeforeThePush);
        if what == "release/v0.2.0" {
            repo.git_in(&repo.origin(), "update-ref -d refs/heads/release/v0.2.0");
        } else {
            theirs(&repo, what);
        }
        let before = repo.state();
        leads_out(&repo, "resume --yes", 3, "cargo sentinel undo").says(&[what]);
        check(&repo, "undo --yes").succeeds();
        assert_eq!(repo.state(), before, "{what}");
    }
}

#[test]
fn others_went_on_behind_the_push() {
    let repo = killed_finish(Killed::BehindThePush);
    theirs(&repo, "develop");
    refuses(&repo, "undo --yes", 1, &["cargo sentinel resume"]);
    check(&repo, "resume --yes").succeeds();
    assert!(repo.refs().contains("refs/tags/v0.2.0"));
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_local_branch_moved_behind_the_push() {
    let repo = killed_finish(Killed::BehindThePush);
    repo.git("commit -q --allow-empty -m feat:meanwhile");
    refuses(&repo, "undo --yes", 1, &["cargo sentinel resume"]);
    let before = repo.state();
    leads_out(&repo, "resume --yes", 3, "cargo sentinel undo --forget");
    check(&repo, "undo --forget --yes").succeeds();
    assert_eq!(repo.state(), before);
}

#[test]
fn the_remote_was_fetched_behind_the_push() {
    let repo = killed_finish(Killed::BehindThePush);
    theirs(&repo, "develop");
    repo.git("fetch -q origin");
    check(&repo, "resume --yes").succeeds();
}

/// The branch that a cut pushed, with a commit of somebody else's above it.
#[test]
fn a_cut_whose_branch_went_on() {
    let repo = Repo::flow();
    killed(&repo, "cut auto --yes", Killed::BehindThePush);
    let theirs = theirs(&repo, "release/v0.2.0");
    let before = repo.state();
    check(&repo, "resume --yes").exits(3).says(&["git fetch origin"]);
    leads_out(&repo, "undo --yes", 3, "cargo sentinel undo --forget");
    assert_eq!(repo.state(), before);
    repo.git("fetch -q origin");
    check(&repo, "resume --yes").succeeds();
    assert!(repo.origin_refs().contains(&theirs));
}

/// A cut that landed, and was released by somebody else before its run ended.
#[test]
fn a_cut_that_was_released_meanwhile() {
    let repo = Repo::flow();
    killed(&repo, "cut auto --yes", Killed::BehindThePush);
    repo.git_in(repo.root(), "clone -q origin.git two");
    for name in ["user.name", "user.email", "gpg.format", "user.signingKey"] {
        let value = repo.git(&format!("config {name}"));
        repo.git_in(&repo.root().join("two"), &format!("config {name} {value}"));
    }
    check(&repo, "-C ../two finish 0.2.0 --yes").succeeds();
    leads_out(&repo, "resume --yes", 3, "cargo sentinel undo").says(&["v0.2.0"]);
    let origin = repo.origin_refs();
    check(&repo, "undo --yes").succeeds();
    assert_eq!(repo.origin_refs(), origin);
}

#[test]
fn a_cut_that_is_published_is_not_undone() {
    let repo = Repo::flow();
    let cut = check(&repo, "cut auto --yes --json").succeeds();
    let run = cut.json().pointer("/run").unwrap().as_str().unwrap().to_owned();
    killed(&repo, "finish --yes", Killed::BeforeThePush);
    refuses(&repo, &format!("undo {run} --yes"), 1, &["was left unfinished"]);
    check(&repo, "resume --yes").succeeds();
    refuses(
        &repo,
        &format!("undo {run} --yes"),
        1,
        &["v0.2.0", "cargo sentinel verify v0.2.0"],
    );
}

/// Two people finish at once; or somebody deletes the branch that is being finished. Nothing of the lost run is left.
#[test]
fn a_lost_race() {
    for loser in ["main", "release/v0.2.0"] {
        let repo = Repo::flow();
        check(&repo, "cut auto --yes").succeeds();
        let hooks = repo.root().join("hooks");
        std::fs::create_dir(&hooks).unwrap();
        let act = if loser == "main" {
            "tip=$(git rev-parse main); git update-ref refs/heads/main $(git -c user.name=B -c user.email=b@x commit-tree -p $tip -m b $tip^{tree}); git update-ref -d refs/heads/release/v0.2.0"
        } else {
            "git update-ref -d refs/heads/release/v0.2.0"
        };
        script(
            &hooks.join("pre-push"),
            &format!("#!/bin/sh\nunset GIT_DIR\ncd ../origin.git\n{act}\n"),
        );
        repo.git("config core.hooksPath ../hooks");
        let before = repo.refs();
        check(&repo, "finish --yes").exits(1);
        repo.git("config --unset core.hooksPath");
        assert_eq!(repo.refs(), before, "{loser}");
        refuses(&repo, "resume --yes", 1, &["nothing to resume"]);
        // What failed was undone at once, and says so as often as it is asked.
        check(&repo, "undo --yes").succeeds();
        assert_eq!(repo.refs(), before, "{loser}");
    }
}

/// Somebody's editor holds the index for as long as it is open.
#[test]
fn an_index_that_somebody_else_has_locked() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    killed_at(&repo, "finish --yes", "read-tree -i -m", Killed::BeforeThePush);
    let lock = repo.dir().join(".git/index.lock");
    assert!(std::fs::read_to_string(&lock).unwrap().starts_with("cargo-sentinel "));
    std::fs::write(&lock, "").unwrap();
    leads_out(&repo, "resume --yes", 75, "where none is at work: rm ");
    assert!(lock.exists());
    std::fs::remove_file(&lock).unwrap();
    check(&repo, "resume --yes").succeeds();
    assert_eq!(repo.git("status --porcelain"), "");
}

/// The journal of the run that was left unfinished, and what becomes of its text.
fn journal(repo: &Repo) -> std::path::PathBuf {
    let runs = repo.dir().join(".git/sentinel/runs");
    let mut files: Vec<_> = std::fs::read_dir(runs)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.pop().unwrap()
}

/// What a journal says is held against what its command could have planned here, before anything runs or goes.
#[test]
fn a_journal_that_was_edited() {
    let original = killed_finish(Killed::BeforeThePush);
    let start = std::fs::read_to_string(journal(&original)).unwrap();
    let crate_file = r#"{"crate":{"package":"demo"}}"#;
    let command = r#"{"file":{"command":["sh","-c","echo ran > ../../ran"],"path":"x"}}"#;
    for (from, to) in [
        (crate_file, command),
        (crate_file, r#"{"crate":{"package":"other"}}"#),
        (r#""remote":"origin""#, r#""remote":"ext::sh -c 'touch ran'""#),
        (
            r#""worktree":".","tag":"v0.2.0""#,
            r#""worktree":".","tag":"../../../x""#,
        ),
        (r#""worktree":".","tag":"v0.2.0""#, r#""worktree":"..","tag":"v0.2.0""#),
        (
            r#"{"move_worktree":{"worktree":".""#,
            r#"{"move_worktree":{"worktree":"../..""#,
        ),
        ("refs/heads/main", "refs/sentinel/main"),
        (r#""repository":""#, r#""repository":"0"#),
        (r#""run":""#, r#""run":"x"#),
        ("sentinel.journal/3", "sentinel.journal/2"),
        ("sentinel.journal/3", "sentinel.journal/9"),
    ] {
        assert!(start.contains(from), "{from}");
        std::fs::write(journal(&original), start.replacen(from, to, 9)).unwrap();
        let before = original.state();
        let outcome = check(&original, "resume --yes").exits(3);
        assert!(outcome.stderr.contains("refused"), "{from}: {}", outcome.stderr);
        assert_eq!(original.state(), before, "{from}");
        assert!(original.dir().join("target/sentinel/v0.2.0").exists(), "{from}");
    }
    for scratch in ["/etc", "../victim", "cargo-sentinel-x", ""] {
        std::fs::write(journal(&original), format!("{start}{{\"scratch\":\"{scratch}\"}}\n")).unwrap();
        for words in ["resume --yes", "undo --yes", "undo --forget --yes"] {
            check(&original, words)
                .exits(3)
                .says(&["is not a directory that the run built in", "mv "]);
        }
    }
    std::fs::write(journal(&original), start).unwrap();
    check(&original, "resume --yes").succeeds();
}

#[test]
fn a_journal_that_others_can_write() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = killed_finish(Killed::BeforeThePush);
    let runs = repo.dir().join(".git/sentinel/runs");
    let sentinel = repo.dir().join(".git/sentinel");
    let before = repo.state();
    for (place, mode, sound) in [
        (journal(&repo), 0o666, 0o644),
        (journal(&repo), 0o664, 0o644),
        (runs, 0o777, 0o755),
        (sentinel, 0o775, 0o755),
    ] {
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
        for words in ["resume --yes", "undo --yes", "cut auto --yes"] {
            check(&repo, words)
                .exits(3)
                .says(&["can be written by other users", "chmod go-w"]);
        }
        assert_eq!(repo.state(), before);
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(sound)).unwrap();
    }
    check(&repo, "resume --yes").succeeds();
}

/// A journal names its repository and the places in it, not their paths.
#[test]
fn a_repository_that_was_copied_or_moved() {
    let repo = killed_finish(Killed::BeforeThePush);
    let before = (
        repo.state(),
        std::fs::read_dir(repo.dir().join("target/sentinel/v0.2.0"))
            .unwrap()
            .count(),
    );
    let copy = repo.root().join("copy");
    let cp = || {
        assert!(
            repo.command("cp")
                .args(["-a", "demo", "copy"])
                .current_dir(repo.root())
                .status()
                .unwrap()
                .success()
        );
    };
    cp();
    check(&repo, "-C ../copy undo --yes").succeeds();
    assert_eq!(repo.state(), before.0);
    assert_eq!(
        std::fs::read_dir(repo.dir().join("target/sentinel/v0.2.0"))
            .unwrap()
            .count(),
        before.1
    );
    assert!(!copy.join("target/sentinel/v0.2.0").exists());
    std::fs::remove_dir_all(&copy).unwrap();
    cp();
    check(&repo, "-C ../copy resume --yes").succeeds();
    assert_eq!(
        (repo.git("status --porcelain"), repo.refs()),
        (String::new(), before.0.refs)
    );
    assert_eq!(repo.git_in(&copy, "status --porcelain"), "");
    let moved = killed_finish(Killed::BeforeThePush);
    let elsewhere = moved.root().join("elsewhere");
    std::fs::rename(moved.dir(), &elsewhere).unwrap();
    check_with(&moved, "resume --yes", |command| {
        command.current_dir(&elsewhere);
    })
    .succeeds();
    assert!(!moved.dir().exists());
    assert_eq!(moved.git_in(&elsewhere, "status --porcelain"), "");
}

/// The worktrees of the original are not those of its copy.
#[test]
fn a_copy_leaves_the_linked_worktrees_of_its_original_alone() {
    let repo = Repo::flow();
    repo.git("worktree add -q ../linked main");
    check(&repo, "cut auto --yes").succeeds();
    assert!(
        repo.command("cp")
            .args(["-a", "demo", "copy"])
            .current_dir(repo.root())
            .status()
            .unwrap()
            .success()
    );
    check(&repo, "-C ../copy finish --yes").succeeds();
    let linked = repo.root().join("linked");
    assert_eq!(repo.git_in(&linked, "status --porcelain"), "");
}

/// A lock that was written after the intent may be another git's that is at work.
#[test]
fn a_lock_while_another_git_is_at_work() {
    let repo = Repo::flow();
    killed_at(
        &repo,
        "cut auto --yes --no-push",
        "update-ref --no-deref",
        Killed::BeforeThePush,
    );
    let lock = repo.dir().join(".git/HEAD.lock");
    std::fs::write(&lock, "").unwrap();
    let mut other = repo.command("git");
    let other = other.args(["cat-file", "--batch"]).stdin(std::process::Stdio::piped());
    let mut other = other.spawn().unwrap();
    for words in ["resume --yes", "undo --yes"] {
        leads_out(&repo, words, 75, "where none is at work: rm ");
        assert!(lock.exists());
    }
    other.kill().unwrap();
    other.wait().unwrap();
    check(&repo, "resume --yes").succeeds();
    assert!(!lock.exists());
}
