//! `ci --range A..B`: the same judgement where hooks were bypassed.

use super::configured;
use crate::support::check;

fn token() -> String {
    format!("ghp_{}", "aB3".repeat(12))
}

#[test]
fn what_hooks_would_have_said() {
    let repo = configured();
    repo.git("switch -q -c feature/x");
    let base = repo.git("rev-parse HEAD");
    repo.change("a", "feat: a");
    check(&repo, &format!("ci --range {base}..HEAD")).succeeds();
    // Removed again, and in the history for good.
    repo.write("secret", token());
    repo.commit("feat: b");
    repo.git("rm -q secret");
    repo.commit("no convention");
    repo.write("Cargo.toml", repo.read("Cargo.toml").replace("0.1.0", "0.1.9"));
    repo.write("conflict", format!("{} HEAD\n", "<".repeat(7)));
    repo.commit("feat: c");
    let outcome = check(&repo, &format!("ci --range {base}..HEAD")).exits(1);
    outcome.clone().says(&[
        "FAIL     message: ",
        "FAIL     secret: secret:1 holds a GitHub token",
        "FAIL     conflict: conflict:1",
        "FAIL     lockfile: Cargo.lock has demo 0.1.0, its manifest 0.1.9",
    ]);
    assert!(!outcome.stderr.contains(&token()));
    // What lies before the range is not judged.
    check(&repo, "ci --range HEAD..HEAD").succeeds();
    let answer = check(&repo, &format!("--json ci --range {base}..HEAD")).exits(1).json();
    assert_eq!(
        (&answer["schema"], &answer["commits"]),
        (&"sentinel.ci/1".into(), &4.into())
    );
    assert_eq!(answer["findings"].as_array().unwrap().len(), 4);
}

#[test]
fn a_merge_answers_for_what_it_adds_itself() {
    let repo = configured();
    let base = repo.git("rev-parse HEAD");
    repo.git("switch -q -c feature/x");
    repo.change("a", "feat: a");
    repo.git("switch -q develop");
    repo.change("b", "feat: b");
    repo.git_words(&["merge", "-q", "--no-ff", "--no-commit", "feature/x"]);
    repo.write("c", token());
    repo.commit("Merge branch 'feature/x' into develop");
    let outcome = check(&repo, &format!("ci --range {base}..HEAD")).exits(1);
    assert_eq!(outcome.stderr.matches("FAIL").count(), 1, "{}", outcome.stderr);
    outcome.says(&["c:1 holds a GitHub token"]);
}

#[test]
fn ranges_that_are_none() {
    let repo = configured();
    for bad in ["HEAD", "..HEAD", "HEAD..", "HEAD...HEAD~1"] {
        check(&repo, &format!("ci --range {bad}"))
            .exits(64)
            .says(&["is no range A..B"]);
    }
    // A tag that is named like a branch, or like a commit, would make the range empty.
    let base = repo.git("rev-parse HEAD~1");
    for (name, full) in [
        ("origin/main", "refs/remotes/origin/main"),
        ("develop", "refs/heads/develop"),
        (&base[..8], "an object's id"),
        (&base[..], "an object's id"),
    ] {
        repo.git_words(&["update-ref", &format!("refs/tags/{name}"), "HEAD"]);
        for ranged in [
            format!("{name}..HEAD"),
            format!("{name}~0..HEAD"),
            format!("HEAD..{name}"),
        ] {
            check(&repo, &format!("ci --range {ranged}")).exits(1).says(&[
                "may mean refs/tags/",
                full,
                "give it in full",
            ]);
        }
        repo.git_words(&["update-ref", "-d", &format!("refs/tags/{name}")]);
        check(&repo, &format!("ci --range {name}..{name}")).succeeds();
    }
    check(&repo, "ci --range refs/remotes/origin/main..refs/heads/develop").succeeds();
    check(&repo, "ci --range nowhere..HEAD")
        .exits(1)
        .says(&["`nowhere` names no commit here"]);
    repo.write("sentinel.toml", "schema = 1\n[hooks]\nprotec = []\n");
    repo.commit("chore: break it");
    check(&repo, "ci --range HEAD~1..HEAD")
        .exits(64)
        .says(&["sentinel.toml:3:1"]);
    let shallow = repo.root().join("shallow");
    let origin = format!("file://{}", repo.origin().display());
    repo.git_words(&[
        "clone",
        "-q",
        "--depth=1",
        "-b",
        "develop",
        &origin,
        shallow.to_str().unwrap(),
    ]);
    check(&repo, "-C ../shallow ci --range HEAD..HEAD")
        .exits(1)
        .says(&["git fetch --unshallow"]);
}
