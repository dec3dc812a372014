//! Linked worktrees: the journal and the lock are shared, and each tree follows its branch.

use std::path::PathBuf;

use crate::support::{Outcome, Repo, check, check_with, killed_while_pushing, refuses};

fn linked(repo: &Repo, branch: &str) -> PathBuf {
    repo.git(&format!("worktree add -q ../linked {branch}"));
    repo.root().join("linked")
}

fn check_there(repo: &Repo, words: &str) -> Outcome {
    check_with(repo, words, |command| {
        command.current_dir(repo.root().join("linked"));
    })
}

fn head(repo: &Repo, dir: &std::path::Path) -> String {
    repo.git_in(dir, "rev-parse --abbrev-ref HEAD")
}

#[test]
fn production_follows_where_it_is_checked_out() {
    let repo = Repo::flow();
    let there = linked(&repo, "main");
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    assert_eq!(head(&repo, &there), "main");
    assert_eq!(repo.git_in(&there, "status --porcelain"), "");
    assert!(
        std::fs::read_to_string(there.join("Cargo.toml"))
            .unwrap()
            .contains("0.2.0")
    );
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_worktree_on_the_deleted_release_branch_detaches_where_integration_is_taken() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    let there = linked(&repo, "release/v0.2.0");
    check(&repo, "finish --yes").succeeds();
    assert_eq!(head(&repo, &there), "HEAD");
    assert_eq!(repo.git_in(&there, "rev-parse HEAD"), repo.git("rev-parse develop"));
    assert_eq!(repo.git_in(&there, "status --porcelain"), "");
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "develop");
}

#[test]
fn and_goes_to_integration_where_that_is_free() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes --switch").succeeds();
    check(&repo, "finish --yes").succeeds();
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "develop");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_worktree_that_is_not_clean_stops_the_release_before_it_begins() {
    let repo = Repo::flow();
    let there = linked(&repo, "main");
    check(&repo, "cut auto --yes").succeeds();
    std::fs::write(there.join("Cargo.toml"), "somebody's work").unwrap();
    refuses(&repo, "finish --yes", 1, &["linked", "Cargo.toml"]);
    assert_eq!(
        std::fs::read_to_string(there.join("Cargo.toml")).unwrap(),
        "somebody's work"
    );
}

#[test]
fn releases_start_and_are_recovered_from_any_of_them() {
    let repo = Repo::flow();
    let there = linked(&repo, "main");
    check_there(&repo, "cut auto --yes")
        .exits(1)
        .says(&["HEAD is on `main`"]);
    repo.git_in(&there, "switch -q --detach");
    repo.git("switch -q main");
    repo.git_in(&there, "switch -q develop");
    killed_while_pushing(&repo, "-C ../linked cut auto --yes");
    refuses(&repo, "finish --yes", 1, &["was left unfinished"]);
    check(&repo, "resume --yes").succeeds();
    check_there(&repo, "finish --yes").succeeds();
    for dir in [there, repo.dir()] {
        assert_eq!(repo.git_in(&dir, "status --porcelain"), "", "{}", dir.display());
    }
    assert!(repo.read("Cargo.toml").contains("0.2.0"));
    assert!(
        repo.root()
            .join("linked/target/sentinel/v0.2.0/demo-0.2.0.crate")
            .exists()
    );
}

/// The working tree that switches is the one that the command runs in.
#[test]
fn switching_in_a_linked_worktree() {
    let repo = Repo::flow();
    repo.git("switch -q --detach");
    let there = linked(&repo, "develop");
    check_there(&repo, "cut auto --yes --switch --no-push").succeeds();
    assert_eq!(head(&repo, &there), "release/v0.2.0");
    assert_eq!(head(&repo, &repo.dir()), "HEAD");
    assert_eq!(repo.git_in(&there, "status --porcelain"), "");
    check_there(&repo, "undo --yes").succeeds();
    assert_eq!(head(&repo, &there), "develop");
}

#[test]
fn a_worktree_whose_directory_is_gone_is_no_obstacle() {
    let repo = Repo::flow();
    let there = linked(&repo, "main");
    std::fs::remove_dir_all(there).unwrap();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
}

#[test]
fn a_bare_repository() {
    let repo = Repo::flow();
    repo.git_in(repo.root(), "clone -q --bare origin.git bare");
    for name in ["user.name", "user.email", "gpg.format", "user.signingKey"] {
        let value = repo.git(&format!("config {name}"));
        repo.git_in(&repo.root().join("bare"), &format!("config {name} {value}"));
    }
    let bare = |words: &str| check(&repo, &format!("-C ../bare {words}"));
    bare("cut auto --yes").succeeds();
    bare("finish --yes").succeeds();
    assert!(
        repo.root()
            .join("bare/sentinel/artifacts/v0.2.0/demo-0.2.0.crate")
            .exists()
    );
    bare("cut 0.3.0 --yes --switch --allow-empty")
        .exits(1)
        .says(&["no working tree"]);
}

/// What somebody wrote between a kill and `resume` is theirs.
#[test]
fn somebody_elses_work_is_not_touched() {
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes --switch");
    repo.write("Cargo.toml", "somebody's work");
    check(&repo, "resume --yes")
        .exits(3)
        .says(&["Cargo.toml", "nothing was touched"]);
    assert_eq!(repo.read("Cargo.toml"), "somebody's work");
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "develop");
    repo.git("checkout -q Cargo.toml");
    check(&repo, "resume --yes").succeeds();
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "release/v0.2.0");
    assert_eq!(repo.git("status --porcelain"), "");
}

/// A ref that is neither where the run found it nor where it puts it is somebody else's.
#[test]
fn a_ref_with_a_third_value_is_not_touched() {
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes");
    let theirs = repo.git("commit-tree -p develop -m theirs develop^{tree}");
    repo.git(&format!("push -q origin {theirs}:refs/heads/release/v0.2.0"));
    let before = repo.state();
    for words in ["resume --yes", "undo --yes"] {
        check(&repo, words)
            .exits(3)
            .says(&["refs/heads/release/v0.2.0", &theirs]);
        assert_eq!(repo.state(), before, "{words}");
    }
    check(&repo, "undo --forget --yes").succeeds();
    refuses(&repo, "resume --yes", 1, &["nothing to resume"]);
}
