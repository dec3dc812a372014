//! `pre-receive`: the policy of record, on a bare repository.

use super::{configured, git, git_with};
use crate::support::{Outcome, Repo, check};

/// The server has the hook, `main` a configuration, and the client none of ours.
fn served() -> Repo {
    let repo = configured();
    repo.git("push -q --no-verify origin develop:main");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    repo.git("fetch -q origin");
    repo.git("switch -q -c feature/x");
    repo
}

fn push(repo: &Repo, words: &[&str]) -> Outcome {
    git(repo, &[&["push", "--no-verify", "origin"], words].concat())
}

#[track_caller]
fn blocked(repo: &Repo, words: &[&str], check: &str) -> Outcome {
    let before = repo.origin_refs();
    let outcome = push(repo, words).refused(check);
    assert_eq!(repo.origin_refs(), before);
    outcome
}

#[test]
fn what_is_in_quarantine_is_judged() {
    let repo = served();
    repo.change("a", "feat: good");
    push(&repo, &["feature/x"]).succeeds();
    repo.change("a", "bad one");
    blocked(&repo, &["feature/x"], "message").says(&["bad one"]);
    repo.git("reset -q --hard HEAD~1");
    // So many objects come as a pack.
    for number in 0..40 {
        repo.change(&format!("many/{number}"), "feat: one of many");
    }
    repo.git("config receive.unpackLimit 1");
    repo.git_in(&repo.origin(), "config receive.unpackLimit 1");
    push(&repo, &["feature/x"]).succeeds();
    repo.change("a", "bad one");
    blocked(&repo, &["feature/x"], "message");
    let left = std::fs::read_dir(repo.root().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "the hook leaves nothing behind");
}

#[test]
fn no_push_weakens_the_policy_that_judges_it() {
    let repo = served();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = []\n");
    repo.commit("chore: no protection");
    blocked(&repo, &["-f", "HEAD:main"], "branch").says(&["`main` is protected"]);
    blocked(&repo, &[":main"], "branch");
    repo.git("rm -q sentinel.toml");
    repo.commit("nothing is configured here");
    blocked(&repo, &["HEAD:main"], "branch");
    // An invalid configuration on its way is no concern of the one of record.
    repo.write("sentinel.toml", "schema = \n");
    repo.commit("chore: break it");
    blocked(&repo, &["HEAD:develop"], "message").says(&["nothing is configured here"]);
}

#[test]
fn release_tags_and_the_clients_wishes() {
    let repo = served();
    repo.git("tag v0.2.0");
    blocked(&repo, &["v0.2.0"], "tag");
    repo.git("tag nightly");
    push(&repo, &["nightly"]).succeeds();
    repo.change("a", "bad one");
    git_with(&repo, &["push", "--no-verify", "origin", "feature/x"], |command| {
        command.envs([
            ("CARGO_SENTINEL_SKIP", "message"),
            ("CARGO_SENTINEL_REASON", "let me in"),
        ]);
    })
    .refused("message");
}

#[test]
fn a_release_arrives() {
    let repo = configured();
    repo.git("push -q --no-verify origin develop:main");
    repo.git("fetch -q origin main:main");
    check(&repo, "-C ../origin.git hooks install --server").succeeds();
    check(&repo, "cut 0.2.0 --yes").succeeds();
    check(&repo, "finish 0.2.0 --yes").succeeds();
    assert!(repo.origin_refs().contains("refs/tags/v0.2.0"));
}

#[test]
fn a_new_server_takes_a_first_push() {
    let repo = configured();
    repo.git_in(repo.root(), "init -q --bare -b main new.git");
    check(&repo, "-C ../new.git hooks install --server").succeeds();
    repo.git("remote add new ../new.git");
    git(&repo, &["push", "-q", "new", "main", "develop"]).succeeds();
    check(&repo, "-C ../new.git hooks status --exit-code").succeeds();
    // A configuration that came in damaged blocks everything until it is mended on the server.
    check(&repo, "-C ../new.git hooks uninstall").succeeds();
    repo.git("switch -q main");
    repo.write("sentinel.toml", "schema = 1\nx = 1\n");
    repo.commit("chore: break it");
    git(&repo, &["push", "-q", "new", "main"]).succeeds();
    check(&repo, "-C ../new.git hooks install --server").succeeds();
    repo.commit("feat: more");
    git(&repo, &["push", "-q", "new", "HEAD:refs/heads/feature/x"])
        .refused("config")
        .says(&["sentinel.toml:2:1"]);
}
