//! Each check passes on sound facts, refuses each tampered one, and never takes what was not seen for fine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gix::objs::tree::{Entry, EntryKind};
use semver::Version;

use crate::core::changelog::ChangelogFile;
use crate::core::check::{self, Use, Verdict};
use crate::core::commit;
use crate::core::facts::*;
use crate::core::history::{self, Commit};
use crate::core::ids::{BranchName, Oid, RefName, RunId, TagName};
use crate::core::listing::Listing;
use crate::core::manifest::Manifest;
use crate::core::plans::cut::{self, Cut, CutRequest};
use crate::core::policy::Policy;
use crate::core::version::Base;
use crate::core::workspace;

fn oid(number: u8) -> Oid {
    Oid::from_hex(format!("{number:040x}").as_bytes()).unwrap()
}

fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

fn target(number: u8) -> Target {
    Target {
        id: oid(number),
        peeled: oid(number),
    }
}

fn content() -> Content {
    let text = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let manifests = BTreeMap::from([("Cargo.toml".to_owned(), Manifest::parse(text, "Cargo.toml").unwrap())]);
    let listing = Listing::plain(manifests.keys().map(|path| (path.clone(), oid(9))).collect());
    let entry = |name: &str| Entry {
        mode: EntryKind::Blob.into(),
        filename: name.into(),
        oid: oid(9),
    };
    Content {
        directories: BTreeMap::from([(String::new(), vec![entry("CHANGELOG.md"), entry("Cargo.toml")])]),
        workspace: workspace::resolve("", &listing, &manifests).map_err(|error| error.to_string()),
        manifests,
        listing,
        configs: BTreeMap::new(),
        locks: BTreeMap::new(),
        binaries: BTreeMap::from([("demo".to_owned(), BTreeSet::from(["demo".to_owned()]))]),
        changelog: Ok(ChangelogFile {
            path: "CHANGELOG.md".to_owned(),
            text: Some("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n".to_owned()),
        }),
        hash: gix::hash::Kind::Sha1,
    }
}

fn lineage() -> Lineage {
    let policy = Policy::default();
    let feat = Commit {
        id: oid(2),
        parents: vec![oid(1)],
        time: 2,
        message: commit::read(b"feat!: a"),
    };
    Lineage {
        base: Some(Base {
            tag: TagName::new("v0.1.0").unwrap(),
            version: Version::new(0, 1, 0),
            commit: oid(1),
        }),
        history: history::judge(vec![feat], &policy.version.bumps),
        prereleases: Vec::new(),
        manifest: Some(Version::new(0, 1, 0)),
        other_form: None,
    }
}

/// A release of 0.2.0 from `develop`, with nothing wrong.
fn sound() -> Facts {
    let at = |name: &str| RefName::new(name).unwrap();
    let develop = BranchState {
        name: branch("develop"),
        local: Some(oid(2)),
        remote: Some(oid(2)),
        relation: Relation::InStep,
    };
    let refs = Refs::from([
        (at("refs/heads/develop"), target(2)),
        (at("refs/tags/v0.1.0"), target(1)),
    ]);
    Facts {
        ask: Ask {
            version: Some(VersionAsk::Typed("0.2.0".to_owned())),
            ..Ask::default()
        },
        now: 1_800_000_000,
        policy: Policy::default(),
        checkout: Checkout {
            top: Some(PathBuf::from("/demo")),
            head: Head::Branch {
                name: branch("develop"),
                tip: Some(oid(2)),
            },
            tree: Some(Fact::Known(TreeState::default())),
            operation: None,
            shallow: false,
        },
        flow: Flow {
            integration: branch("develop"),
            production: branch("main"),
        },
        remote_choice: RemoteChoice::Named("origin".to_owned()),
        remote: Some(Remote {
            name: "origin".to_owned(),
            refs: Fact::Known(refs.clone()),
            contacted: true,
            tracking: vec![("refs/heads/".to_owned(), "refs/remotes/origin/".to_owned())],
        }),
        refs,
        source: Source {
            commit: oid(2),
            branch: Some(develop),
            tags: Vec::new(),
            remote_tip_of: Vec::new(),
        },
        source_tree: Some(oid(8)),
        lineage: Fact::Known(lineage()),
        unfinished: None,
        identity: Fact::Known(Identity {
            author: "A <a@b>".to_owned(),
            committer: "A <a@b>".to_owned(),
        }),
        sign_commits: false,
        signing: Signing::NotNeeded,
        key: None,
        signer: None,
        content: Some(content()),
        changelog_after: None,
        existing: None,
        worktrees: Vec::new(),
        ending: None,
    }
}

fn refusals(purpose: Use, facts: &Facts) -> Vec<(&'static str, Verdict)> {
    let findings = check::run(purpose, facts);
    let refused = findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
    refused
        .map(|finding| {
            assert!(finding.remedy.is_some(), "{finding:?} names nothing that mends it");
            (finding.check, finding.verdict)
        })
        .collect()
}

#[test]
fn sound_facts_pass() {
    assert_eq!(refusals(Use::Cut, &sound()), []);
    let mut gate = sound();
    gate.ask.environment = Some("prod".to_owned());
    assert_eq!(refusals(Use::Gate, &gate), []);
}

fn unready() -> Signing {
    Signing::Unready(Unready {
        why: "so".to_owned(),
        remedy: "git config user.signingKey KEY".to_owned(),
    })
}

/// Whose key it is counts where something is signed; where nothing need be signed, nobody has to be able to.
#[test]
fn a_finish_signs_and_a_cut_does_not() {
    let strangers = |file| Some(Signer::Refused("so".to_owned(), file));
    for file in [SignersFile::Own, SignersFile::OwnMissing, SignersFile::Earlier] {
        let mut facts = sound();
        facts.signer = strangers(file);
        assert_eq!(refusals(Use::Cut, &facts), []);
        assert!(
            refusals(Use::Finish, &facts).contains(&("signer", Verdict::Fail)),
            "{file:?}"
        );
    }
    let mut facts = sound();
    facts.policy.release.allow_unsigned = true;
    facts.signing = unready();
    facts.signer = Some(Signer::Nobody("so".to_owned(), SignersFile::Own));
    assert_eq!(refusals(Use::Cut, &facts), []);
    facts.sign_commits = true;
    assert_eq!(refusals(Use::Cut, &facts), [("signing", Verdict::Fail)]);
}

type Tampering = (&'static str, Verdict, fn(&mut Facts));

#[test]
fn each_tampered_fact_is_refused_by_its_check_alone() {
    let cases: &[Tampering] = &[
        ("version", Verdict::Fail, |f| {
            f.ask.version = Some(VersionAsk::Typed("1.2".to_owned()));
        }),
        ("version", Verdict::Fail, |f| {
            f.ask.version = Some(VersionAsk::Typed("0.0.9".to_owned()));
        }),
        ("version", Verdict::Fail, |f| {
            f.ask.version = Some(VersionAsk::Typed("0.1.1".to_owned()));
        }),
        ("branch", Verdict::Fail, |f| {
            f.checkout.head = Head::Branch {
                name: branch("feature/x"),
                tip: Some(oid(2)),
            };
        }),
        ("branch", Verdict::Fail, |f| f.checkout.head = Head::Detached(oid(1))),
        ("tree", Verdict::Fail, |f| {
            f.checkout.tree = Some(Fact::Known(TreeState {
                changed: vec!["a".to_owned()],
                untracked: Vec::new(),
            }));
        }),
        ("tree", Verdict::Fail, |f| {
            f.checkout.tree = Some(Fact::Known(TreeState {
                changed: Vec::new(),
                untracked: vec!["b".to_owned()],
            }));
        }),
        ("tree", Verdict::Unknown, |f| {
            f.checkout.tree = Some(Fact::Unknown("so".to_owned()));
        }),
        ("operation", Verdict::Fail, |f| f.checkout.operation = Some("rebase")),
        ("history", Verdict::Fail, |f| f.checkout.shallow = true),
        ("remote", Verdict::Fail, |f| {
            f.remote_choice = RemoteChoice::Unclear("so".to_owned());
        }),
        ("run", Verdict::Fail, |f| f.unfinished = Some(RunId::new("x").unwrap())),
        ("identity", Verdict::Fail, |f| {
            f.identity = Fact::Unknown("so".to_owned());
        }),
        ("signing", Verdict::Fail, |f| {
            f.signing = Signing::Tried(Fact::Unknown("so".to_owned()));
        }),
        ("signing", Verdict::Fail, |f| f.signing = Signing::Forbidden),
        ("signing", Verdict::Fail, |f| f.signing = unready()),
        ("signer", Verdict::Fail, |f| {
            f.signer = Some(Signer::Nobody("so".to_owned(), SignersFile::OwnMissing));
        }),
        ("signer", Verdict::Fail, |f| {
            f.signer = Some(Signer::Nobody("so".to_owned(), SignersFile::Own));
        }),
        ("signer", Verdict::Fail, |f| {
            f.signer = Some(Signer::Nobody("so".to_owned(), SignersFile::Earlier));
        }),
        ("packages", Verdict::Fail, |f| {
            f.content.as_mut().unwrap().workspace = Err("so".to_owned());
        }),
        ("changelog", Verdict::Fail, |f| {
            let twice = "## [Unreleased]\n\n## [Unreleased]\n".to_owned();
            f.content.as_mut().unwrap().changelog.as_mut().unwrap().text = Some(twice);
        }),
    ];
    for (check, verdict, tamper) in cases {
        let mut facts = sound();
        tamper(&mut facts);
        assert_eq!(refusals(Use::Cut, &facts), [(*check, *verdict)]);
    }
}

#[test]
fn a_branch_out_of_step_is_refused() {
    let relations = [
        Relation::Ahead,
        Relation::Behind,
        Relation::Diverged,
        Relation::NotFetched,
        Relation::LocalOnly,
        Relation::Absent,
    ];
    for relation in relations {
        let mut facts = sound();
        facts.source.branch.as_mut().unwrap().relation = relation;
        assert_eq!(refusals(Use::Cut, &facts), [("remote", Verdict::Fail)], "{relation:?}");
    }
}

#[test]
fn names_are_free_on_both_sides() {
    let names = [
        ("refs/tags/v0.2.0", "tag"),
        ("refs/heads/release/v0.2.0", "release-branch"),
    ];
    for (name, check) in names {
        let name = RefName::new(name).unwrap();
        let mut here = sound();
        here.refs.insert(name.clone(), target(5));
        assert_eq!(refusals(Use::Cut, &here), [(check, Verdict::Fail)]);
        let mut there = sound();
        let Fact::Known(refs) = &mut there.remote.as_mut().unwrap().refs else {
            panic!("the sound remote was seen");
        };
        refs.insert(name, target(5));
        assert!(refusals(Use::Cut, &there).contains(&(check, Verdict::Fail)));
    }
}

#[test]
fn a_remote_that_was_not_seen_is_never_fine() {
    let mut facts = sound();
    facts.remote.as_mut().unwrap().refs = Fact::Unknown("so".to_owned());
    let unknown = |check| (check, Verdict::Unknown);
    let refused = refusals(Use::Cut, &facts);
    assert_eq!(refused, [unknown("remote"), unknown("tag"), unknown("release-branch")]);
}

#[test]
fn a_history_that_was_not_seen_is_never_fine() {
    let mut facts = sound();
    facts.lineage = Fact::Unknown("so".to_owned());
    assert!(refusals(Use::Cut, &facts).contains(&("history", Verdict::Unknown)));
}

#[test]
fn an_environment_is_named_to_the_letter() {
    let mut facts = sound();
    facts.ask.environment = Some("production".to_owned());
    assert_eq!(refusals(Use::Gate, &facts), [("environment", Verdict::Fail)]);
}

#[test]
fn equal_facts_make_equal_plans() {
    let request = CutRequest {
        entries: "### Added\n\n- a\n",
        date: "2026-02-03",
        switch: false,
    };
    let plan = |facts: &Facts| match cut::plan(facts, &request).unwrap() {
        Cut::Plan(plan, _) => plan,
        Cut::Already { version, .. } => panic!("{version} is not cut"),
    };
    let facts = sound();
    assert_eq!(plan(&facts), plan(&facts.clone()));
    let mut later = sound();
    later.now += 1;
    assert_ne!(plan(&facts), plan(&later), "the run's moment is part of the plan");
}
