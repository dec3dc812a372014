//! Releases from end to end: git-flow, trunk, hotfix, pre-release, protected production, and the switches of `finish`.

use std::time::SystemTime;

use crate::support::{Outcome, Repo, check, refuses};

/// The parents of a commit.
fn parents(repo: &Repo, rev: &str) -> Vec<String> {
    let line = repo.git(&format!("rev-list --parents -1 {rev}"));
    line.split(' ').skip(1).map(str::to_owned).collect()
}

fn id(repo: &Repo, rev: &str) -> String {
    repo.git(&format!("rev-parse {rev}^{{commit}}"))
}

/// No local ref, remote ref or remote-tracking ref says anything else than the others.
fn in_step(repo: &Repo) {
    for line in repo.origin_refs().lines() {
        let (id, name) = line.split_once(' ').unwrap();
        assert_eq!(repo.git(&format!("rev-parse {name}")), id, "{name}");
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            assert_eq!(
                repo.git(&format!("rev-parse refs/remotes/origin/{branch}")),
                id,
                "{name}"
            );
        }
    }
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.litter(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn git_flow_from_commits_to_the_merge_back() {
    let repo = Repo::flow();
    let (main, develop) = (id(&repo, "main"), id(&repo, "develop"));
    check(&repo, "cut auto --yes").succeeds();
    let release = id(&repo, "release/v0.2.0");
    assert_eq!(parents(&repo, "release/v0.2.0"), [develop.as_str()]);
    assert_eq!(id(&repo, "HEAD"), develop);
    in_step(&repo);
    let again = check(&repo, "cut auto --yes").succeeds();
    assert!(again.stderr.contains("is cut already"), "{}", again.stderr);
    check(&repo, "finish --yes").succeeds();
    assert_eq!(parents(&repo, "main"), [main, release]);
    assert_eq!(id(&repo, "v0.2.0"), id(&repo, "main"));
    assert_eq!(parents(&repo, "develop"), [develop, id(&repo, "main")]);
    let subject = |rev: &str| repo.git(&format!("log -1 --format=%s {rev}"));
    assert_eq!(subject("main"), "Merge branch 'release/v0.2.0'");
    assert_eq!(subject("develop"), "Merge tag 'v0.2.0' into develop");
    assert!(!repo.refs().contains("release/"));
    assert_eq!(repo.git("rev-parse main^{tree}"), repo.git("rev-parse main^2^{tree}"));
    in_step(&repo);
    assert_eq!(
        check(&repo, "version").succeeds().stdout.trim(),
        "0.2.1-dev.1+g".to_owned() + &id(&repo, "develop")[..7]
    );
    assert_eq!(check(&repo, "next").succeeds().stdout.trim(), "0.2.0");
}

#[test]
fn trunk() {
    let repo = Repo::trunk();
    check(&repo, "cut auto --yes").succeeds();
    let release = id(&repo, "release/v0.2.0");
    check(&repo, "finish --yes").succeeds();
    assert_eq!(id(&repo, "v0.2.0"), release);
    assert_eq!(parents(&repo, "main").last(), Some(&release));
    in_step(&repo);
}

#[test]
fn what_develop_gains_meanwhile_stays_unreleased() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    let changelog = repo.read("CHANGELOG.md");
    repo.write(
        "CHANGELOG.md",
        changelog.replace("### Added\n", "### Added\n\n- Written after the cut.\n"),
    );
    repo.change("three", "feat: three");
    repo.push();
    check(&repo, "finish --yes").succeeds();
    let merged = repo.read("CHANGELOG.md");
    let (before, released) = merged.split_once("## [0.2.0]").unwrap();
    assert!(before.contains("- Written after the cut."), "{merged}");
    assert!(released.contains("- A line written by hand"), "{merged}");
    assert!(!repo.show("main:CHANGELOG.md").contains("Written after the cut"));
    assert!(repo.read("Cargo.toml").contains("version = \"0.2.0\""));
    in_step(&repo);
}

#[test]
fn a_hotfix_starts_from_production() {
    let repo = Repo::flow();
    repo.git("switch -q main");
    repo.change("patch", "docs: explain the patch");
    repo.push();
    check(&repo, "cut auto --from main --yes").succeeds();
    assert_eq!(parents(&repo, "release/v0.1.1"), [id(&repo, "main")]);
    check(&repo, "finish 0.1.1 --yes").succeeds();
    assert_eq!(id(&repo, "v0.1.1"), id(&repo, "main"));
    assert_eq!(parents(&repo, "develop")[1], id(&repo, "main"));
    assert!(repo.show("develop:two").contains("feat!: two"));
    in_step(&repo);
}

#[test]
fn a_pre_release_is_tagged_and_merged_nowhere() {
    let repo = Repo::flow();
    let (main, develop) = (id(&repo, "main"), id(&repo, "develop"));
    check(&repo, "cut 0.2.0-rc.1 --yes").succeeds();
    assert!(
        repo.show("release/v0.2.0-rc.1:Cargo.toml")
            .contains("version = \"0.2.0-rc.1\"")
    );
    assert_eq!(
        repo.git("diff --name-only develop release/v0.2.0-rc.1 -- CHANGELOG.md"),
        ""
    );
    let tip = id(&repo, "release/v0.2.0-rc.1");
    check(&repo, "finish --yes").succeeds();
    assert_eq!((id(&repo, "main"), id(&repo, "develop")), (main, develop));
    assert_eq!(id(&repo, "v0.2.0-rc.1"), tip);
    assert_eq!(check(&repo, "next --pre rc").succeeds().stdout.trim(), "0.2.0-rc.2");
    in_step(&repo);
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    in_step(&repo);
}

#[test]
fn switches_of_finish() {
    let repo = Repo::flow();
    let develop = id(&repo, "develop");
    check(&repo, "cut auto --yes").succeeds();
    let release = id(&repo, "release/v0.2.0");
    check(&repo, "finish --yes --keep-branch --no-merge-back").succeeds();
    assert_eq!(id(&repo, "develop"), develop);
    assert_eq!(id(&repo, "release/v0.2.0"), release);
    assert!(repo.origin_refs().contains("refs/heads/release/v0.2.0"));
    in_step(&repo);
}

#[test]
fn no_push_leaves_the_remote_alone() {
    let repo = Repo::flow();
    let origin = repo.origin_refs();
    repo.git("remote set-url origin /nowhere/that/exists");
    check(&repo, "cut auto --yes --no-push")
        .succeeds()
        .says(&["no remote was contacted"]);
    check(&repo, "finish --yes --no-push").succeeds();
    assert_eq!(repo.origin_refs(), origin);
    assert_eq!(id(&repo, "v0.2.0"), id(&repo, "main"));
    assert_eq!(repo.git("status --porcelain"), "");
}

/// Production is protected: the forge merges, `tag` tags what it merged, `finish` does the rest.
#[test]
fn a_merge_on_the_forge() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q main");
    repo.git("merge -q --no-ff release/v0.2.0");
    repo.git("push -q origin main");
    repo.git("switch -q develop");
    let main = id(&repo, "main");
    check(&repo, "tag --yes").succeeds();
    assert_eq!(id(&repo, "v0.2.0"), main);
    assert!(check(&repo, "tag --yes").succeeds().stderr.contains("stands at"));
    check(&repo, "finish 0.2.0 --yes").succeeds();
    assert_eq!(id(&repo, "main"), main);
    assert_eq!(parents(&repo, "develop")[1], main);
    assert!(!repo.refs().contains("release/"));
    in_step(&repo);
}

#[test]
fn a_squash_merge_is_refused() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q main");
    repo.git("merge -q --squash release/v0.2.0");
    repo.commit("chore(release): 0.2.0");
    repo.git("push -q origin main");
    repo.git("switch -q develop");
    refuses(&repo, "tag --yes", 1, &["release/v0.2.0"]);
    refuses(
        &repo,
        "finish --yes",
        1,
        &["`main` has commits that `release/v0.2.0` lacks"],
    );
}

#[test]
fn what_finish_refuses() {
    let repo = Repo::flow();
    refuses(
        &repo,
        "finish --yes",
        1,
        &["there is no release branch", "cargo sentinel cut auto"],
    );
    refuses(&repo, "finish 0.3.0 --yes", 1, &["release/v0.3.0"]);
    check(&repo, "cut auto --yes").succeeds();
    repo.git("branch release/v0.4.0 release/v0.2.0");
    repo.git("push -q origin release/v0.4.0");
    refuses(
        &repo,
        "finish --yes",
        1,
        &["several release branches", "cargo sentinel finish VERSION"],
    );
    refuses(
        &repo,
        "finish 0.4.0 --yes",
        1,
        &["the manifests carry 0.2.0, not 0.4.0"],
    );
    repo.write("stray", "x");
    refuses(&repo, "finish 0.2.0 --yes", 1, &["`stray` untracked"]);
    std::fs::remove_file(repo.dir().join("stray")).unwrap();
    repo.git("switch -q release/v0.2.0");
    repo.change("late", "fix: what the CHANGELOG does not say");
    repo.push();
    refuses(
        &repo,
        "finish 0.2.0 --yes",
        1,
        &["lacks entries", "changelog 0.2.0 --write"],
    );
    check(&repo, "changelog 0.2.0 --write").succeeds();
    repo.commit("docs: complete the changelog");
    repo.push();
    check(&repo, "finish 0.2.0 --yes").succeeds();
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "develop");
}

#[test]
fn conflicts_are_named_before_anything_happens() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo.git("switch -q release/v0.2.0");
    repo.change("two", "fix: two, on the release");
    check(&repo, "changelog 0.2.0 --write").succeeds();
    repo.commit("docs: complete the changelog");
    repo.git("switch -q develop");
    repo.change("two", "fix: two, on develop");
    repo.push();
    refuses(
        &repo,
        "finish --yes",
        1,
        &["`develop` conflicts with the release in two", "--no-merge-back"],
    );
    repo.git("switch -q main");
    repo.change("two", "fix: two, on main");
    repo.push();
    repo.git("switch -q develop");
    refuses(
        &repo,
        "finish --yes",
        1,
        &[
            "`main` has commits that `release/v0.2.0` lacks, and they conflict in two",
            "git merge main",
        ],
    );
}

/// A file whose time changed and whose bytes did not is no change (a copied repository, a build that touches files).
#[test]
fn files_that_were_merely_touched() {
    let repo = Repo::flow();
    for path in ["Cargo.toml", "CHANGELOG.md", "src/lib.rs"] {
        let file = std::fs::File::options()
            .append(true)
            .open(repo.dir().join(path))
            .unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    check(&repo, "cut auto --yes --switch").succeeds();
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "release/v0.2.0");
    assert!(repo.read("Cargo.toml").contains("version = \"0.2.0\""));
    in_step(&repo);
    check(&repo, "finish --yes").succeeds();
    assert_eq!(repo.git("symbolic-ref --short HEAD"), "develop");
    in_step(&repo);
}

fn run_of(outcome: &Outcome) -> String {
    outcome.json().pointer("/run").unwrap().as_str().unwrap().to_owned()
}

#[test]
fn an_undone_cut_leaves_nothing() {
    let repo = Repo::flow();
    let before = repo.state();
    for words in ["cut auto --yes", "cut auto --yes --switch", "cut auto --yes --no-push"] {
        let run = run_of(&check(&repo, &format!("{words} --json")).succeeds());
        assert_ne!(repo.state(), before);
        if !words.contains("--no-push") {
            // What others may have seen is taken back only by its name.
            refuses(&repo, "undo --yes", 1, &["nothing to undo", &run]);
        }
        check(&repo, &format!("undo {run} --yes")).succeeds();
        assert_eq!(repo.state(), before, "{words}");
    }
    refuses(&repo, "resume --yes", 1, &["nothing to resume"]);
    refuses(&repo, "undo --yes", 1, &["nothing to undo"]);
    check(&repo, "cut auto --yes").succeeds();
    let run = run_of(&check(&repo, "finish --yes --json").succeeds());
    refuses(&repo, "undo --yes", 1, &["nothing to undo"]);
    refuses(&repo, &format!("undo {run} --yes"), 1, &["cannot be taken back"]);
}
