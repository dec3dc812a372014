//! What git says of a push, and the rules that refs move by.

use proptest::prelude::*;

use super::*;
use crate::core::check::{self, Finding, Verdict};
use crate::core::hooks::Observed;

fn id(digit: char) -> Oid {
    Oid::from_hex(digit.to_string().repeat(40).as_bytes()).unwrap()
}

fn line(name: &str, old: Option<char>, new: Option<char>) -> Line {
    Line {
        name: name.to_owned(),
        exact: name.into(),
        old: old.map(id),
        new: new.map(id),
    }
}

fn judged(updates: Vec<Update>) -> Vec<Finding> {
    judged_with(updates, Fact::Known(Vec::new()))
}

fn judged_with(updates: Vec<Update>, new_commits: Fact<Vec<Written>>) -> Vec<Finding> {
    let push = PushFacts {
        remote: Some("origin".to_owned()),
        configured: true,
        updates,
        new_commits,
    };
    check::run_hooks(&Observed::Push(push))
}

fn text(findings: &[Finding]) -> String {
    let lines = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.check, finding.because));
    lines.collect::<Vec<_>>().join("\n")
}

fn branch(line: Line, standing: Standing, forward: bool) -> Update {
    Update {
        subject: Subject::Branch(BranchFacts {
            name: line.name.trim_start_matches("refs/heads/").to_owned(),
            standing,
            forward: Fact::Known(forward),
            arriving: Fact::Known(Vec::new()),
        }),
        line,
    }
}

fn written(digit: char, message: &str) -> Written {
    Written {
        id: Some(id(digit)),
        message: message.as_bytes().to_vec(),
        encoding: None,
        parents: 1,
    }
}

#[test]
fn what_is_pushed_for_review_is_meant_for_its_branch() {
    use Aim::{Amend, Move, Propose};
    for (name, aim) in [
        ("refs/heads/main", Some(Move("main"))),
        ("refs/heads/for/main", Some(Move("for/main"))),
        ("refs/for/main", Some(Propose("main"))),
        ("refs/for/main%topic=x,r=a@example.org", Some(Propose("main"))),
        ("refs/for/refs/heads/main", Some(Propose("main"))),
        ("refs/for/refs/heads/main%wip", Some(Propose("main"))),
        ("refs/for/release/v1.0.0", Some(Propose("release/v1.0.0"))),
        ("refs/draft/main", Some(Propose("main"))),
        ("refs/drafts/main", Some(Propose("main"))),
        ("refs/publish/main", Some(Propose("main"))),
        ("refs/for/main/a-topic", Some(Propose("main/a-topic"))),
        ("refs/changes/34/1234", Some(Amend)),
        ("refs/for-review/12", Some(Amend)),
        ("refs/tags/for/main", None),
        ("refs/notes/commits", None),
        ("refs/format/main", None),
    ] {
        assert_eq!(line(name, None, Some('1')).aim(), aim, "{name}");
    }
}

#[test]
fn sources_may_hold_blanks() {
    let [zero, one] = ["0".repeat(40), "1".repeat(40)];
    for source in ["refs/heads/a", "HEAD", "HEAD@{2 days ago}", "(delete)", ""] {
        let stdin = format!("{source} {one} refs/heads/a {zero}\n");
        assert_eq!(
            parse(stdin.as_bytes(), Format::PrePush),
            Ok(vec![line("refs/heads/a", None, Some('1'))])
        );
    }
    let stdin = format!("{one} {zero} refs/tags/v1\n");
    assert_eq!(
        parse(stdin.as_bytes(), Format::PreReceive),
        Ok(vec![line("refs/tags/v1", Some('1'), None)])
    );
    assert_eq!(parse(b"", Format::PrePush), Ok(Vec::new()));
    let long = "a".repeat(64);
    let stdin = format!("x {long} refs/heads/a {}", "0".repeat(64));
    assert_eq!(
        parse(stdin.as_bytes(), Format::PrePush).unwrap()[0]
            .new
            .unwrap()
            .to_string(),
        long
    );
}

#[test]
fn what_git_would_not_say_is_refused_by_its_line() {
    let good = format!("a {0} refs/heads/a {0}\n", "1".repeat(40));
    for bad in [
        "x",
        "",
        "a b refs/heads/a c",
        &format!("a {0} heads/a {0}", "1".repeat(40)),
        &good[2..],
    ] {
        let stdin = format!("{good}{bad}\n");
        assert_eq!(parse(stdin.as_bytes(), Format::PrePush), Err(2), "{bad:?}");
    }
}

#[test]
fn a_protected_branch_moves_forward_to_a_release() {
    let tag = || TagName::new("v1.0.0").unwrap();
    let main = |old, new, released, forward| {
        judged(vec![branch(
            line("refs/heads/main", old, new),
            Standing::Protected(released),
            forward,
        )])
    };
    assert_eq!(main(Some('1'), Some('2'), Released::By(tag()), true), []);
    assert_eq!(
        main(None, Some('2'), Released::Never, true),
        [],
        "a first branch has to come from somewhere"
    );
    let refused = [
        main(Some('1'), Some('2'), Released::No, true),
        main(Some('1'), Some('2'), Released::Never, true),
        main(None, Some('2'), Released::No, true),
        main(Some('1'), Some('2'), Released::By(tag()), false),
        main(
            Some('1'),
            Some('2'),
            Released::Unverified(tag(), "SIG_BAD".to_owned()),
            true,
        ),
        main(Some('1'), None, Released::No, true),
    ];
    insta::assert_snapshot!(refused.map(|findings| text(&findings)).join("\n"), @r"
    branch: `main` is protected: no release tag names 2222222222
    branch: `main` is protected: no release tag names 2222222222
    branch: `main` is protected: no release tag names 2222222222
    branch: `main` is protected: it moves only forward, and 2222222222 does not descend from what stands there
    branch: `main` is protected: v1.0.0 names 2222222222 and does not verify: SIG_BAD
    branch: `main` is protected: it is never deleted
    ");
}

#[test]
fn a_release_branch_carries_its_version_and_goes_once_that_is_tagged() {
    let release = |new, carried: Option<&str>, removable, forward| {
        let standing = Standing::Release {
            version: Version::new(1, 0, 0),
            manifests: Fact::Known(carried.map(|text| Version::parse(text).unwrap())),
            removable: Fact::Known(removable),
        };
        judged(vec![branch(
            line("refs/heads/release/v1.0.0", Some('1'), new),
            standing,
            forward,
        )])
    };
    assert_eq!(release(Some('2'), Some("1.0.0"), Removable::No, true), []);
    assert_eq!(release(None, None, Removable::Tagged, true), []);
    assert_eq!(release(None, None, Removable::OnlyCut, true), []);
    let refused = [
        release(Some('2'), Some("0.9.0"), Removable::No, true),
        release(Some('2'), None, Removable::No, true),
        release(Some('2'), Some("1.0.0"), Removable::No, false),
        release(None, None, Removable::No, true),
    ];
    insta::assert_snapshot!(refused.map(|findings| text(&findings)).join("\n"), @r"
    branch: `release/v1.0.0` is a release branch, and its manifests carry 0.9.0
    branch: `release/v1.0.0` is a release branch, and its manifests carry no version
    branch: `release/v1.0.0` is a release branch: it moves only forward
    branch: `release/v1.0.0` is a release branch, and 1.0.0 is not tagged yet with all that it holds
    ");
}

fn tag(old: Option<char>, new: Option<char>, change: impl FnOnce(&mut TagFacts)) -> Vec<Finding> {
    let mut facts = TagFacts {
        short: "v1.0.0".to_owned(),
        version: Some(Version::new(1, 0, 0)),
        faults: Fact::Known(Vec::new()),
        on_production: Fact::Known(true),
        production: "main".to_owned(),
        artifacts: Vec::new(),
    };
    change(&mut facts);
    judged(vec![Update {
        line: line("refs/tags/v1.0.0", old, new),
        subject: Subject::ReleaseTag(facts),
    }])
}

#[test]
fn a_release_tag_verifies_and_stays() {
    let artifact = |found| ArtifactFacts {
        name: "demo-1.0.0.crate".to_owned(),
        named: Digest::of(b"a"),
        found,
    };
    assert_eq!(tag(None, Some('1'), |_| ()), []);
    assert_eq!(
        tag(None, Some('1'), |tag| tag
            .artifacts
            .push(artifact(Fact::Known(Some(Digest::of(b"a")))))),
        []
    );
    let refused = [
        tag(Some('1'), None, |_| ()),
        tag(Some('1'), Some('2'), |_| ()),
        tag(None, Some('1'), |tag| tag.version = None),
        tag(None, Some('1'), |tag| {
            tag.faults = Fact::Known(vec![("SIG_MISSING".to_owned(), "it is not\nsigned".to_owned())]);
        }),
        tag(None, Some('1'), |tag| tag.on_production = Fact::Known(false)),
        tag(None, Some('1'), |tag| {
            tag.artifacts.push(artifact(Fact::Known(Some(Digest::of(b"b")))));
        }),
        tag(None, Some('1'), |tag| tag.artifacts.push(artifact(Fact::Known(None)))),
    ];
    insta::assert_snapshot!(refused.map(|findings| text(&findings)).join("\n"), @r"
    tag: v1.0.0 is a release tag: it is never deleted
    tag: v1.0.0 is a release tag: it is never moved
    tag: v1.0.0 is not a release's name, and looks like one
    tag: v1.0.0 does not verify: SIG_MISSING: it is not signed
    tag: v1.0.0 tags a commit that is not on `main`
    tag: target/sentinel/v1.0.0/demo-1.0.0.crate is not what the tag names
    tag: target/sentinel/v1.0.0/demo-1.0.0.crate is not here and was not compared
    ");
}

#[test]
fn what_cannot_be_seen_refuses() {
    let unknown = || "why".to_owned();
    let update = Update {
        line: line("refs/heads/main", Some('1'), Some('2')),
        subject: Subject::Branch(BranchFacts {
            name: "release/v1.0.0".to_owned(),
            standing: Standing::Release {
                version: Version::new(1, 0, 0),
                manifests: Fact::Unknown(unknown()),
                removable: Fact::Unknown(unknown()),
            },
            forward: Fact::Unknown(unknown()),
            arriving: Fact::Unknown(unknown()),
        }),
    };
    let mut findings = judged_with(vec![update], Fact::Unknown(unknown()));
    findings.extend(tag(None, Some('1'), |tag| {
        tag.faults = Fact::Unknown(unknown());
        tag.on_production = Fact::Unknown(unknown());
        tag.artifacts.push(ArtifactFacts {
            name: "a".to_owned(),
            named: Digest::of(b"a"),
            found: Fact::Unknown(unknown()),
        });
    }));
    assert_eq!(findings.len(), 7);
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Unknown));
}

#[test]
fn each_new_commit_is_told_and_a_fixup_does_not_arrive() {
    let bad = written('3', "not so");
    let fixup = || written('4', "fixup! feat: x");
    let mut stays = branch(line("refs/heads/a", None, Some('1')), Standing::Ordinary, true);
    if let Subject::Branch(facts) = &mut stays.subject {
        facts.arriving = Fact::Known(vec![fixup()]);
    }
    let findings = judged_with(vec![stays], Fact::Known(vec![bad, fixup()]));
    insta::assert_snapshot!(text(&findings), @r"
    message: 3333333333 `not so` is not conventional: a type, `: `, a description
    message: 4444444444 is meant to be folded into another commit, and `a` is where it would stay
    ");
}

#[test]
fn a_mirror_is_refused_and_without_a_configuration_only_tags_are_judged() {
    let private = || Update {
        line: line("refs/remotes/origin/main", None, Some('1')),
        subject: Subject::Private,
    };
    assert_eq!(judged(vec![private(), private()]).len(), 1);
    let push = PushFacts {
        remote: None,
        configured: false,
        updates: vec![
            private(),
            branch(
                line("refs/heads/main", Some('1'), None),
                Standing::Protected(Released::No),
                true,
            ),
        ],
        new_commits: Fact::Known(vec![written('3', "not so")]),
    };
    assert_eq!(check::run_hooks(&Observed::Push(push)), []);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), near in "((a b|HEAD|) [0-9a-f]{40} refs/[a-z/é]{0,9} [0-9a-f]{40}\n|[ 0a\n]{0,9}){0,3}") {
        for stdin in [bytes, near.into_bytes()] {
            for format in [Format::PrePush, Format::PreReceive] {
                if let Ok(lines) = parse(&stdin, format) {
                    prop_assert!(lines.iter().all(|line| line.name.starts_with("refs/")));
                }
            }
        }
    }

    #[test]
    fn what_git_says_is_read(source in "[ -~]{0,20}", name in "[!-~]{1,20}", old in "[0-9a-f]{40}", new in "[0-9a-f]{40}") {
        let stdin = format!("{source} {new} refs/{name} {old}\n");
        let read = parse(stdin.as_bytes(), Format::PrePush).unwrap();
        prop_assert_eq!(&read[0].name, &format!("refs/{name}"));
        prop_assert_eq!(read[0].new.map(|id| id.to_string()), Some(new).filter(|id| id.bytes().any(|b| b != b'0')));
    }
}
