//! `pre-push`: what is pushed, under the name that it gets over there.

use super::outcome as outcome_of;
use super::{commit, executable, git, git_with, hooked, hooks_dir, outcome};
use crate::support::{Outcome, Repo, check};

fn push(repo: &Repo, words: &[&str]) -> Outcome {
    git(repo, &[&["push", "-q"], words].concat())
}

/// Demands that nothing arrives.
#[track_caller]
fn blocked(repo: &Repo, words: &[&str], check: &str) -> Outcome {
    let before = repo.origin_refs();
    let outcome = push(repo, words).refused(check);
    assert_eq!(repo.origin_refs(), before);
    outcome
}

/// Asks the hook alone, with what git would say.
fn asked(repo: &Repo, remote: &str, input: &str) -> Outcome {
    let path = repo.root().join("refs");
    std::fs::write(&path, input).unwrap();
    let mut command = repo.command(env!("CARGO_BIN_EXE_cargo-sentinel"));
    command.args(["hook", "run", "pre-push", remote, "../origin.git"]);
    outcome(command.stdin(std::fs::File::open(&path).unwrap()))
}

#[test]
fn every_new_commit_and_no_other() {
    let repo = hooked();
    commit(&repo, "feat: x").succeeds();
    push(&repo, &["origin", "feature/x"]).succeeds();
    push(&repo, &["origin", "feature/x"]).succeeds();
    repo.commit("made with --no-verify");
    blocked(&repo, &["origin", "feature/x"], "message").says(&["made with --no-verify", "git rebase -i"]);
    // On a new branch as well, from whatever it is called here.
    blocked(&repo, &["origin", "feature/x:refs/heads/feature/z"], "message");
    blocked(&repo, &["origin", "HEAD:refs/heads/feature/z"], "message");
    blocked(&repo, &["origin", "HEAD@{0}:refs/heads/feature/z"], "message");
    blocked(
        &repo,
        &[
            "origin",
            &format!("{}:refs/heads/feature/z", repo.git("rev-parse HEAD")),
        ],
        "message",
    );
    blocked(&repo, &["--dry-run", "origin", "feature/x"], "message");
    repo.git("push -q --no-verify origin feature/x");
    commit(&repo, "feat: on top of an old sin").succeeds();
    push(&repo, &["origin", "feature/x"]).succeeds();
    push(&repo, &["origin", "HEAD:refs/heads/feature/z"]).succeeds();
    push(&repo, &["origin", ":feature/z"]).succeeds();
}

#[test]
fn every_ref_is_judged() {
    let repo = hooked();
    commit(&repo, "feat: fine").succeeds();
    repo.git("switch -q -c feature/bad");
    repo.commit("bad one");
    repo.git("switch -q -c feature/worse");
    repo.commit("worse one");
    let outcome = blocked(
        &repo,
        &["origin", "feature/x", "feature/bad", "feature/worse"],
        "message",
    );
    assert_eq!(outcome.stderr.matches("sentinel[").count(), 2, "{}", outcome.stderr);
}

#[test]
fn addresses_for_remotes() {
    let repo = hooked();
    // The address of a known remote: what that one has is known.
    repo.git("push -q --no-verify origin main");
    push(&repo, &["../origin.git", "feature/x"]).succeeds();
    repo.commit("bad one");
    blocked(&repo, &["../origin.git", "feature/x"], "message");
    // An unknown one: what any remote has was judged on its way there.
    repo.git_in(repo.root(), "init -q --bare other.git");
    repo.git("reset -q --hard develop");
    commit(&repo, "feat: x").succeeds();
    push(&repo, &["../other.git", "feature/x"]).succeeds();
    repo.commit("bad one");
    push(&repo, &["../other.git", "feature/x"]).refused("message");
}

#[test]
fn branches_that_releases_move() {
    let repo = hooked();
    commit(&repo, "feat: x").succeeds();
    for refspec in ["HEAD:main", "HEAD~0:refs/heads/main", "+HEAD:main", ":main"] {
        blocked(&repo, &["origin", refspec], "branch").says(&["`main` is protected"]);
    }
    blocked(&repo, &["origin", "HEAD:refs/heads/release/v1.0.0"], "branch").says(&["its manifests carry 0.1.0"]);
    repo.git("push -q --no-verify origin HEAD:main");
    blocked(&repo, &["--force", "origin", "HEAD~1:main"], "branch").says(&["moves only forward"]);
    // A tag in the same push has to be one that verifies.
    repo.git_words(&["tag", "-a", "-m", "x", "v9.0.0"]);
    repo.commit("feat: y");
    blocked(&repo, &["origin", "HEAD:main", "v9.0.0"], "branch");
}

#[test]
fn a_first_push_makes_every_branch() {
    let repo = hooked();
    repo.git_in(repo.root(), "init -q --bare -b main new.git");
    repo.git("remote add new ../new.git");
    repo.git("tag -d v0.1.0");
    push(&repo, &["new", "main", "develop"]).succeeds();
    repo.git_words(&["tag", "-a", "-m", "x", "v0.1.0", "develop"]);
    push(&repo, &["new", ":develop"]).succeeds();
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotect = [\"stable\"]\n");
    push(&repo, &["new", "main:stable"])
        .refused("branch")
        .says(&["no release tag names"]);
}

#[test]
fn fixups_do_not_come_to_stay() {
    let repo = hooked();
    commit(&repo, "feat: x").succeeds();
    commit(&repo, "fixup! feat: x").succeeds();
    push(&repo, &["origin", "feature/x"]).succeeds();
    blocked(&repo, &["origin", "HEAD:refs/heads/release/v0.1.0"], "message").says(&["--autosquash"]);
    repo.write(
        "sentinel.toml",
        "schema = 1\n[hooks]\nprotect = [\"main\", \"stable\"]\n",
    );
    blocked(&repo, &["origin", "HEAD:refs/heads/stable"], "message");
    // Releases are cut from there.
    repo.write("sentinel.toml", "schema = 1\n");
    blocked(&repo, &["origin", "HEAD:develop"], "message").says(&["`develop` is where it would stay"]);
}

#[test]
fn a_mirror_and_what_is_private() {
    let repo = hooked();
    blocked(&repo, &["--mirror", "origin"], "branch").says(&["this repository's own"]);
    repo.write("a", "a\n");
    repo.git("add a");
    repo.git("stash -q");
    blocked(&repo, &["origin", "refs/stash:refs/stash"], "branch");
    repo.git_words(&["notes", "add", "-m", "x"]);
    push(&repo, &["origin", "refs/notes/commits"]).succeeds();
}

#[test]
fn tags_that_only_releases_have() {
    let repo = hooked();
    repo.git_words(&["tag", "-s", "-m", "x", "signed"]);
    for make in [
        &["tag", "v0.2.0"][..],
        &["tag", "-a", "-m", "x", "v0.2.0"],
        &["tag", "-s", "-m", "x", "v0.2.0"],
        &["tag", "-a", "-m", "x", "v0.2.0", "signed"],
    ] {
        repo.git_words(make);
        blocked(&repo, &["origin", "v0.2.0"], "tag");
        repo.git("tag -d v0.2.0");
    }
    repo.git_words(&["tag", "-s", "-m", "x", "v01.2"]);
    blocked(&repo, &["origin", "v01.2"], "tag").says(&["is not a release's name"]);
    repo.git("tag nightly");
    push(&repo, &["origin", "nightly", "signed"]).succeeds();
    push(&repo, &["origin", ":nightly"]).succeeds();
    blocked(&repo, &["origin", ":v0.1.0"], "tag").says(&["never deleted"]);
    blocked(&repo, &["--force", "origin", "HEAD:refs/tags/v0.1.0"], "tag").says(&["never moved"]);
    repo.write("sentinel.toml", "schema = 1\n[hooks]\ntags = \"none-*\"\n");
    repo.git("tag v7");
    push(&repo, &["origin", "v7"]).succeeds();
    // Tags are judged where nothing is configured.
    std::fs::remove_file(repo.dir().join("sentinel.toml")).unwrap();
    repo.commit("no configuration, no convention");
    repo.git("tag v0.3.0");
    blocked(&repo, &["origin", "v0.3.0"], "tag");
    push(&repo, &["origin", "feature/x"]).succeeds();
}

#[test]
fn a_release_passes_by_the_rules() {
    let repo = hooked();
    let log = repo.root().join("lfs");
    // What a chained hook sees of a release is what git says.
    check(&repo, "hooks uninstall").succeeds();
    executable(
        &hooks_dir(&repo).join("pre-push"),
        &format!("#!/bin/sh\n# git lfs pre-push\ncat >> '{}'\n", log.display()),
    );
    check(&repo, "hooks install").succeeds();
    repo.git("switch -q develop");
    check(&repo, "cut 0.2.0 --yes").succeeds();
    check(&repo, "finish 0.2.0 --yes").succeeds();
    let seen = std::fs::read_to_string(&log).unwrap();
    for name in [
        "refs/heads/release/v0.2.0",
        "refs/heads/main",
        "refs/tags/v0.2.0",
        "refs/heads/develop",
    ] {
        assert!(seen.contains(&format!(" {name} ")), "{name} in {seen}");
    }
    // Pushed by hand, it passes as well.
    repo.git("push -q --no-verify --force origin v0.1.0^{}:refs/heads/main :v0.2.0");
    push(&repo, &["origin", "v0.2.0", "main"]).succeeds();
    repo.git("push -q --no-verify --force origin :v0.2.0");
    let artifact = "target/sentinel/v0.2.0/demo-0.2.0.crate";
    let bytes = std::fs::read(repo.dir().join(artifact)).unwrap();
    repo.write(artifact, "something else");
    blocked(&repo, &["origin", "v0.2.0"], "tag").says(&["is not what the tag names"]);
    std::fs::remove_file(repo.dir().join(artifact)).unwrap();
    push(&repo, &["origin", "v0.2.0"])
        .succeeds()
        .says(&["note: ", "was not compared"]);
    repo.write(artifact, bytes);
    // The same object under another name, and another object under the same one.
    repo.git("tag v7.7.7 v0.2.0");
    blocked(&repo, &["origin", "v7.7.7"], "tag").says(&["TAG_NAME_MISMATCH"]);
    repo.git_words(&["tag", "-f", "-s", "-m", "moved", "v0.2.0", "develop~1"]);
    blocked(&repo, &["--force", "origin", "v0.2.0"], "tag");
}

#[test]
fn a_cut_is_taken_back_and_a_release_branch_with_work_is_not() {
    let repo = hooked();
    repo.git("switch -q develop");
    let run = check(&repo, "--json cut 0.2.0 --yes").succeeds().json()["run"].clone();
    check(&repo, &format!("undo {} --yes", run.as_str().unwrap())).succeeds();
    assert!(!repo.origin_refs().contains("release/"));
    check(&repo, "cut 0.2.0 --yes --switch").succeeds();
    commit(&repo, "fix: on the release branch").succeeds();
    push(&repo, &["origin", "release/v0.2.0"]).succeeds();
    blocked(&repo, &["origin", ":release/v0.2.0"], "branch").says(&["not tagged yet"]);
    blocked(&repo, &["--force", "origin", "HEAD~1:release/v0.2.0"], "branch").says(&["moves only forward"]);
    // A tag of that name elsewhere does not hold the work.
    repo.git("tag v0.2.0 main");
    blocked(&repo, &["origin", ":release/v0.2.0"], "branch").says(&["not tagged yet"]);
    repo.git("tag -f v0.2.0 release/v0.2.0");
    push(&repo, &["origin", ":release/v0.2.0"]).succeeds();
}

#[test]
fn what_git_says_is_not_taken_for_more_than_it_is() {
    let repo = hooked();
    let (zero, head) = ("0".repeat(40), repo.git("rev-parse HEAD"));
    asked(&repo, "origin", "").succeeds();
    asked(&repo, "origin", "nonsense\n").refused("input");
    asked(
        &repo,
        "origin",
        &format!("HEAD@{{2 days ago}} {head} refs/heads/a {zero}\n"),
    )
    .succeeds();
    // The other side has moved on to what is not here.
    let unknown = "1".repeat(40);
    asked(&repo, "origin", &format!("a {head} refs/heads/a {unknown}\n")).succeeds();
    asked(&repo, "origin", &format!("a {head} refs/heads/main {unknown}\n")).refused("branch");
    // What is pushed is not here either.
    asked(&repo, "origin", &format!("a {unknown} refs/heads/a {zero}\n")).refused("message");
    asked(&repo, "origin", &format!("a {unknown} refs/tags/v1.0.0 {zero}\n")).refused("tag");
    asked(&repo, "origin", &format!("(delete) {zero} refs/heads/a {head}\n")).succeeds();
}

#[test]
fn ids_of_another_hash() {
    let repo = Repo::empty_of("sha256");
    repo.write("sentinel.toml", "schema = 1\n");
    check(&repo, "hooks install").succeeds();
    repo.git("add -A");
    commit(&repo, "feat: first").succeeds();
    push(&repo, &["origin", "main"]).succeeds();
    repo.commit("bad one");
    blocked(&repo, &["origin", "main"], "message");
    repo.git("tag v1.0.0");
    blocked(&repo, &["origin", "v1.0.0"], "tag");
}

#[test]
fn a_push_that_is_skipped_with_a_reason() {
    let repo = hooked();
    repo.commit("bad one");
    git_with(&repo, &["push", "-q", "origin", "feature/x"], |command| {
        command.envs([
            ("CARGO_SENTINEL_SKIP", "message"),
            ("CARGO_SENTINEL_REASON", "imported"),
        ]);
    })
    .succeeds();
    assert!(repo.read(".git/sentinel/skips.jsonl").contains("\"hook\":\"pre-push\""));
}

/// Gerrit and the forges that speak AGit take changes for review under refs of their own.
#[test]
fn what_is_pushed_for_review_is_judged_as_its_branch() {
    let repo = hooked();
    commit(&repo, "feat: x").succeeds();
    for name in [
        "refs/for/develop",
        "refs/for/develop%topic=x",
        "refs/drafts/develop",
        "refs/changes/34/1234",
    ] {
        push(&repo, &["--dry-run", "origin", &format!("HEAD:{name}")]).succeeds();
    }
    for name in ["refs/for/main", "refs/for/main/a-topic", "refs/for/refs/heads/main%wip"] {
        blocked(&repo, &["origin", &format!("HEAD:{name}")], "branch").says(&["`main` is protected"]);
    }
    blocked(&repo, &["origin", "HEAD:refs/for/release/v1.0.0"], "branch").says(&["its manifests carry 0.1.0"]);
    commit(&repo, "fixup! feat: x").succeeds();
    blocked(&repo, &["origin", "HEAD:refs/for/develop"], "message").says(&["`develop` is where it would stay"]);
    repo.git("reset -q --hard HEAD~1");
    repo.commit("bad one");
    for name in [
        "refs/for/develop",
        "refs/publish/develop/a-topic",
        "refs/for-review/12",
        "refs/heads/for/develop",
    ] {
        blocked(&repo, &["origin", &format!("HEAD:{name}")], "message").says(&["bad one"]);
    }
    // A change that was begun before the branch moved on.
    repo.git("switch -q -c feature/late develop~1");
    commit(&repo, "feat: late").succeeds();
    push(&repo, &["--dry-run", "origin", "HEAD:refs/for/develop"]).succeeds();
}

/// What any remote has is public: a push to a fork does not answer for it.
#[test]
fn a_fork_is_not_asked_about_what_others_have() {
    let repo = hooked();
    repo.git_in(repo.root(), "clone -q --bare origin.git fork.git");
    repo.git("remote add fork ../fork.git");
    repo.git("fetch -q fork");
    repo.commit("Add a thing (#12)");
    repo.git("push -q --no-verify origin HEAD:develop");
    commit(&repo, "feat: mine").succeeds();
    push(&repo, &["fork", "feature/x"]).succeeds();
    repo.git("push -q fork :feature/x");
    // By its address, whether or not that is a remote's.
    push(&repo, &["../fork.git", "feature/x"]).succeeds();
    repo.git_in(repo.root(), "clone -q --bare origin.git other.git");
    push(&repo, &["../other.git", "feature/x"]).succeeds();
    repo.commit("bad one");
    push(&repo, &["fork", "feature/x"])
        .refused("message")
        .says(&["bad one"]);
    push(&repo, &["../other.git", "feature/x"])
        .refused("message")
        .says(&["bad one"]);
}

#[test]
fn a_tag_is_judged_that_resembles_a_release() {
    let repo = hooked();
    for name in ["vendor-2020", "verified", "vnext", "v1", "v8-engine"] {
        repo.git(&format!("tag {name}"));
        push(&repo, &["origin", name]).succeeds();
    }
    for name in ["v1.2", "v1.2.3.4", "v1.02.3", "v1.2.3rc1"] {
        repo.git(&format!("tag {name}"));
        blocked(&repo, &["origin", name], "tag").says(&["is not a release's name, and looks like one"]);
    }
    repo.write("sentinel.toml", "schema = 1\n[release]\ntag = \"{version}\"\n");
    for name in ["2020-archive", "v1.2"] {
        repo.git(&format!("tag -f {name}"));
        push(&repo, &["origin", name]).succeeds();
    }
    repo.git("tag 2020.1");
    blocked(&repo, &["origin", "2020.1"], "tag");
}

/// A name that is not UTF-8 is given in octal, and what mends the refusal runs.
#[test]
fn a_tag_whose_name_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = hooked();
    let name = std::ffi::OsStr::from_bytes(b"v1.2-caf\xe9");
    let in_git = |words: &[&str]| {
        git_with(&repo, words, |command| {
            command.arg(name);
        })
    };
    in_git(&["tag"]).succeeds();
    let outcome = in_git(&["push", "-q", "origin"]).refused("tag");
    let fix = outcome
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("fix: "))
        .unwrap();
    let fix = fix.split(", and").next().unwrap();
    assert_eq!(fix, r"git tag -d $'v1.2-caf\351'");
    let mut shell = repo.command("bash");
    outcome_of(shell.args(["-c", fix])).succeeds();
}

/// Work that is on a release branch over there, and was not fetched, may be lost with it.
#[test]
fn a_release_branch_goes_only_as_far_as_it_is_known() {
    let repo = hooked();
    let (zero, unknown) = ("0".repeat(40), "1".repeat(40));
    repo.git("tag -f v0.2.0 develop");
    asked(
        &repo,
        "origin",
        &format!("(delete) {zero} refs/heads/release/v0.2.0 {unknown}\n"),
    )
    .refused("branch")
    .says(&["git fetch origin"]);
    // A commit that calls itself a cut's, and holds work.
    repo.git("tag -d v0.2.0");
    repo.change("work", "chore(release): 0.2.0");
    let tip = repo.git("rev-parse HEAD");
    asked(
        &repo,
        "origin",
        &format!("(delete) {zero} refs/heads/release/v0.2.0 {tip}\n"),
    )
    .refused("branch");
}
