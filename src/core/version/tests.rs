//! Bumps, versions and pre-releases: cases and laws.

use proptest::prelude::*;

use super::*;
use crate::core::commit;
use crate::core::history::{Commit, judge};

fn v(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn oid(byte: u8) -> Oid {
    Oid::Sha1([byte; 20])
}

/// A history of these subjects, newest first; the ids count from 1.
fn history(subjects: &[&str]) -> History {
    let commits = subjects.iter().zip(1..).map(|(subject, byte)| Commit {
        id: oid(byte),
        parents: vec![oid(byte + 1)],
        time: 0,
        message: commit::read(subject.as_bytes()),
    });
    judge(commits.collect(), &BumpTable::default())
}

fn base(text: &str) -> Base {
    Base {
        tag: TagName::new(format!("v{text}")).unwrap(),
        version: v(text),
        commit: oid(0xff),
    }
}

fn inputs<'a>(base: Option<&'a Base>, history: &'a History) -> Inputs<'a> {
    Inputs {
        base,
        history,
        prereleases: &[],
        manifest: None,
        other_form: None,
        initial: None,
        zero: ZeroPolicy::Cargo,
        over: None,
    }
}

#[test]
fn reads_versions_strictly() {
    for good in ["1.2.0", "v1.2.0", "0.0.0", "1.0.0-rc.1+build.5"] {
        assert_eq!(parse(good).unwrap().to_string(), good.trim_start_matches('v'));
    }
    for bad in [
        "",
        "v",
        "v01.2.0",
        "1.2.00",
        "v1.2",
        "1.2.3.4",
        "1.2.0\n",
        " 1.2.0",
        "1.2.0 ",
        "V1.2.0",
        "vv1.2.0",
        "١.٢.٠",
        "1.2.0-01",
        "1.2.0-",
        "1.2.0+",
        "18446744073709551616.0.0",
        "-1.0.0",
        "1.2.0\0",
    ] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        parse("v1").unwrap_err().to_string(),
        "`v1` is not a version: unexpected end of input while parsing major version number"
    );
}

#[test]
fn the_policy_before_1_0_0() {
    use Bump::{Major, Minor, None, Patch};
    use ZeroPolicy::{Cargo, Semver, Stable};
    let table = [
        (Cargo, "0.2.3", [None, Patch, Patch, Minor]),
        (Cargo, "0.0.3", [None, Patch, Patch, Patch]),
        (Cargo, "0.0.0", [None, Patch, Patch, Patch]),
        (Cargo, "1.0.0", [None, Patch, Minor, Major]),
        (Semver, "0.2.3", [None, Patch, Minor, Minor]),
        (Semver, "0.0.3", [None, Patch, Minor, Minor]),
        (Semver, "2.0.0", [None, Patch, Minor, Major]),
        (Stable, "0.2.3", [None, Patch, Minor, Major]),
        (Stable, "0.0.3", [None, Patch, Minor, Major]),
    ];
    for (zero, base, expected) in table {
        let got = [None, Patch, Minor, Major].map(|asked| effective(asked, &v(base), zero));
        assert_eq!(got, expected, "{zero:?} at {base}");
    }
}

#[test]
fn bumps_print_what_they_read() {
    for word in Bump::WORDS {
        assert_eq!(word.parse::<Bump>().unwrap().to_string(), word);
    }
    assert!("Major".parse::<Bump>().is_err());
}

#[test]
fn the_table_of_types() {
    let mut table = BumpTable::default();
    let asked = ["feat", "fix", "perf", "revert", "docs"].map(|kind| table.asks(kind, false));
    assert_eq!(asked, [Bump::Minor, Bump::Patch, Bump::Patch, Bump::Patch, Bump::None]);
    assert_eq!(table.asks("docs", true), Bump::Major);
    table.set("Docs", Bump::Patch);
    table.set("fix", Bump::None);
    assert_eq!(
        (table.asks("docs", false), table.asks("fix", false)),
        (Bump::Patch, Bump::None)
    );
}

#[test]
fn prereleases_count_on() {
    let taken = [
        "0.2.0-rc.1",
        "0.2.0-rc.10",
        "0.2.0-rc.9",
        "0.2.0-beta.40",
        "0.3.0-rc.70",
        "0.2.0-rc",
        "0.2.0-rcx.99",
    ]
    .map(v);
    let next = |core: &str, id: &str| next_prerelease(&v(core), id, &taken).map(|version| version.to_string());
    assert_eq!(next("0.2.0", "rc").unwrap(), "0.2.0-rc.11");
    assert_eq!(next("0.2.0", "beta").unwrap(), "0.2.0-beta.41");
    assert_eq!(next("0.2.0", "alpha").unwrap(), "0.2.0-alpha.1");
    assert_eq!(next("0.4.0-rc.3+x", "rc").unwrap(), "0.4.0-rc.1");
    for bad in ["", "1", "rc.1", "rc_1", "rc ", "ré", "rc\n"] {
        assert!(next("0.2.0", bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        next_prerelease(&v("1.0.0"), "rc", &[v("1.0.0-rc.2.1")]).unwrap(),
        v("1.0.0-rc.3")
    );
    let last = v("1.0.0-rc.18446744073709551615");
    assert_eq!(
        next_prerelease(&v("1.0.0"), "rc", std::slice::from_ref(&last)),
        Err(VersionError::Exhausted { after: last })
    );
}

#[test]
fn decides_from_base_and_history() {
    let table = [
        ("0.1.0", &["docs: x"][..], Bump::None, "0.1.0", None),
        ("0.1.0", &["fix: x", "feat: y"], Bump::Patch, "0.1.1", Some(2)),
        (
            "0.1.0",
            &["fix: x", "feat!: y", "feat!: z"],
            Bump::Minor,
            "0.2.0",
            Some(2),
        ),
        ("0.0.4", &["feat!: y"], Bump::Patch, "0.0.5", Some(1)),
        ("1.4.2", &["fix: x", "feat: y"], Bump::Minor, "1.5.0", Some(2)),
        ("1.4.2", &["feat(api)!: y"], Bump::Major, "2.0.0", Some(1)),
        ("1.4.2", &["what", "Merge branch 'x'"], Bump::None, "1.4.2", None),
    ];
    for (at, subjects, bump, next, decided_by) in table {
        let (base, history) = (base(at), history(subjects));
        let decision = decide(&inputs(Some(&base), &history)).unwrap();
        let expected = Decision {
            bump,
            next: v(next),
            decided_by: decided_by.map(oid),
        };
        assert_eq!(decision, expected, "{at} {subjects:?}");
    }
}

#[test]
fn an_override_is_taken_as_it_is() {
    let (base, history) = (base("0.3.0"), history(&["fix: x"]));
    let decision = decide(&Inputs {
        over: Some(Bump::Major),
        ..inputs(Some(&base), &history)
    })
    .unwrap();
    assert_eq!(
        decision,
        Decision {
            bump: Bump::Major,
            next: v("1.0.0"),
            decided_by: None
        }
    );
}

#[test]
fn never_below_a_reachable_prerelease() {
    let base = base("0.1.0");
    let pre = ["0.2.0-rc.1", "0.1.0-rc.4", "0.0.9-rc.1"].map(v);
    for (subjects, over) in [(&["fix: x"][..], None), (&["docs: x"], None), (&[], Some(Bump::Patch))] {
        let history = history(subjects);
        let decision = decide(&Inputs {
            prereleases: &pre,
            over,
            ..inputs(Some(&base), &history)
        })
        .unwrap();
        assert_eq!(
            (decision.bump, decision.next),
            (Bump::Minor, v("0.2.0")),
            "{subjects:?}"
        );
    }
    let history = history(&["feat!: x"]);
    let stable = Inputs {
        prereleases: &pre,
        zero: ZeroPolicy::Stable,
        ..inputs(Some(&base), &history)
    };
    assert_eq!(decide(&stable).unwrap().next, v("1.0.0"));
}

#[test]
fn a_prerelease_below_the_manifest_names_no_first_release() {
    let history = history(&["feat: x"]);
    let manifest = v("0.101.0");
    let stray = [v("0.0.1-pre")];
    let inputs = Inputs {
        manifest: Some(&manifest),
        prereleases: &stray,
        ..inputs(None, &history)
    };
    assert_eq!(
        decide(&inputs),
        Err(VersionError::NoReleaseTag {
            manifest: Some(manifest.clone())
        })
    );
}

#[test]
fn the_first_release() {
    let history = history(&["feat: x"]);
    let first = |manifest: Option<&str>, initial: Option<&str>, pre: &[&str]| {
        let (manifest, initial) = (manifest.map(v), initial.map(v));
        let pre: Vec<_> = pre.iter().copied().map(v).collect();
        let inputs = Inputs {
            manifest: manifest.as_ref(),
            initial: initial.as_ref(),
            prereleases: &pre,
            ..inputs(None, &history)
        };
        decide(&inputs).map(|decision| decision.next.to_string())
    };
    let found = [
        (Some("0.0.0"), None, &[][..], "0.1.0"),
        (Some("0.0.7"), None, &[], "0.0.7"),
        (Some("0.1.0"), None, &[], "0.1.0"),
        (Some("0.1.0-alpha.2"), None, &[], "0.1.0"),
        (Some("0.5.0-dev"), Some("0.5.0"), &[], "0.5.0"),
        (Some("0.3.0"), Some("0.5.0"), &[], "0.5.0"),
        (None, Some("0.5.0"), &[], "0.5.0"),
        (Some("0.2.0-rc.1"), None, &["0.2.0-rc.1"], "0.2.0"),
    ];
    for (manifest, initial, pre, expected) in found {
        assert_eq!(
            first(manifest, initial, pre).unwrap(),
            expected,
            "{manifest:?} {initial:?} {pre:?}"
        );
    }
    let error = first(Some("0.1.1"), None, &[]).unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r#"
    no release tag is reachable, yet the manifest is at 0.1.1
    to get the tags, run `git fetch --tags`; if releases are tagged in another form, set `tag` under [release] in sentinel.toml; for a first release, set `initial = "0.1.1"` under [version]
    "#);
    let error = first(Some("3.0.0"), Some("0.5.0"), &[]).unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r#"
    `initial` is 0.5.0, and the manifests are at 3.0.0 already: no release goes below them
    set `initial = "3.0.0"` under [version] in sentinel.toml, or above it
    "#);
    let error = first(None, None, &[]).unwrap_err();
    insta::assert_snapshot!(error, @"no release tag is reachable, and the manifests share no version");
}

#[test]
fn the_manifests_are_a_floor() {
    let next = |from: &str, manifest: &str, subject: &str, over: Option<Bump>| {
        let (base, history, manifest) = (base(from), history(&[subject]), v(manifest));
        let inputs = Inputs {
            manifest: Some(&manifest),
            over,
            ..inputs(Some(&base), &history)
        };
        let decision = decide(&inputs).unwrap();
        (decision.next.to_string(), decision.bump)
    };
    let cases = [
        ("0.2.0", "0.3.0", "fix: a", None, "0.3.0", Bump::Minor),
        ("0.2.0", "0.3.0-dev", "fix: a", None, "0.3.0", Bump::Minor),
        ("0.2.0", "0.3.0-alpha.0", "feat!: a", None, "0.3.0", Bump::Minor),
        ("0.2.0", "0.2.1", "feat!: a", None, "0.3.0", Bump::Minor),
        ("0.2.0", "1.0.0", "feat: a", None, "1.0.0", Bump::Major),
        ("0.2.0", "0.3.0", "docs: a", None, "0.3.0", Bump::Minor),
        ("0.2.0", "0.3.0", "docs: a", Some(Bump::Patch), "0.3.0", Bump::Minor),
        // A forgotten bump, and the base's own numbers, count for nothing.
        ("0.2.0", "0.1.0", "fix: a", None, "0.2.1", Bump::Patch),
        ("0.2.0", "0.2.0", "docs: a", None, "0.2.0", Bump::None),
        ("0.2.0", "0.2.0-dev", "docs: a", None, "0.2.0", Bump::None),
        ("0.2.0", "0.2.0+build.7", "docs: a", None, "0.2.0", Bump::None),
    ];
    for (from, manifest, subject, over, expected, bump) in cases {
        let found = next(from, manifest, subject, over);
        assert_eq!(found, (expected.to_owned(), bump), "{from} {manifest} {subject}");
    }
}

#[test]
fn a_configured_form_that_hides_the_last_release_is_named() {
    let (base, history, manifest) = (base("1.2.0"), history(&["fix: a"]), v("1.4.0"));
    let tag = TagName::new("demo-1.4.0").unwrap();
    let inputs = Inputs {
        manifest: Some(&manifest),
        other_form: Some(&tag),
        ..inputs(Some(&base), &history)
    };
    let error = decide(&inputs).unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r#"
    `[release] tag` does not fit the tags: the manifests are at 1.4.0, which the tag `demo-1.4.0` holds in another form
    set `tag = "demo-{version}"` under [release] in sentinel.toml, or leave it out: the form is then derived from the tags
    "#);
}

proptest! {
    /// Whatever is asked, no release takes the manifests or the last release back.
    #[test]
    fn no_version_goes_backwards(
        from in "[0-2]\\.[0-3]\\.[0-3]",
        manifest in "[0-2]\\.[0-3]\\.[0-3](-(dev|rc\\.1))?",
        subject in prop::sample::select(vec!["feat!: a", "feat: a", "fix: a", "docs: a"]),
        zero in prop::sample::select(vec![ZeroPolicy::Cargo, ZeroPolicy::Semver, ZeroPolicy::Stable]),
    ) {
        let (base, history, manifest) = (base(&from), history(&[subject]), v(&manifest));
        let inputs = Inputs {
            manifest: Some(&manifest),
            zero,
            ..inputs(Some(&base), &history)
        };
        let next = decide(&inputs).unwrap().next;
        prop_assert!(next >= base.version);
        prop_assert!(manifest <= base.version || next >= manifest, "{next} {manifest}");
        prop_assert!(not_below(&next, &manifest).is_ok() || manifest <= base.version);
    }
}

#[test]
fn no_number_wraps() {
    let (base, history) = (base("1.0.18446744073709551615"), history(&["fix: x"]));
    assert!(matches!(
        decide(&inputs(Some(&base), &history)),
        Err(VersionError::Exhausted { .. })
    ));
}

#[test]
fn versions_between_releases() {
    let describe = |tag: Option<&str>, distance, dirty| {
        let described = Described {
            tag: tag.map(v),
            distance,
            short: "3fa9c1d".to_owned(),
            dirty,
            upcoming: v("0.1.0-alpha.1"),
        };
        describe(&described).to_string()
    };
    assert_eq!(describe(Some("0.2.0"), 0, false), "0.2.0");
    assert_eq!(describe(Some("0.2.0"), 0, true), "0.2.1-dev.0+g3fa9c1d.dirty");
    assert_eq!(describe(Some("0.2.0"), 3, false), "0.2.1-dev.3+g3fa9c1d");
    assert_eq!(describe(Some("0.2.0"), 3, true), "0.2.1-dev.3+g3fa9c1d.dirty");
    assert_eq!(describe(Some("0.2.0-rc.1"), 0, false), "0.2.0-rc.1");
    assert_eq!(describe(Some("0.2.0-rc.1"), 3, false), "0.2.0-rc.1.dev.3+g3fa9c1d");
    assert_eq!(describe(None, 12, false), "0.1.0-dev.12+g3fa9c1d");
}

fn bump() -> impl Strategy<Value = Bump> {
    prop::sample::select(vec![Bump::None, Bump::Patch, Bump::Minor, Bump::Major])
}

fn zero() -> impl Strategy<Value = ZeroPolicy> {
    prop::sample::select(vec![ZeroPolicy::Cargo, ZeroPolicy::Semver, ZeroPolicy::Stable])
}

fn version() -> impl Strategy<Value = Version> {
    let pre = prop::sample::select(vec!["", "", "rc.1", "rc.2", "beta.7", "rc.1.2", "x-y"]);
    (0..4u64, 0..4u64, 0..4u64, pre).prop_map(|(major, minor, patch, pre)| Version {
        pre: Prerelease::new(pre).unwrap(),
        ..Version::new(major, minor, patch)
    })
}

proptest! {
    #[test]
    fn reading_is_the_inverse_of_printing(version in version()) {
        prop_assert_eq!(&parse(&version.to_string()).unwrap(), &version);
        prop_assert_eq!(&parse(&format!("v{version}")).unwrap(), &version);
    }

    #[test]
    fn reading_never_panics(text in any::<String>()) {
        if let Ok(version) = parse(&text) {
            prop_assert_eq!(version.to_string(), text.trim_start_matches('v'));
        }
    }

    #[test]
    fn a_greater_bump_gives_a_greater_version(base in version(), a in bump(), b in bump()) {
        let (less, more) = (a.min(b), a.max(b));
        prop_assert!(apply(&base, less) <= apply(&base, more));
        prop_assert!(less == Bump::None || apply(&base, less) > base);
    }

    #[test]
    fn the_policy_only_lowers_and_keeps_the_order(base in version(), a in bump(), b in bump(), zero in zero()) {
        prop_assert!(effective(a, &base, zero) <= a);
        prop_assert_eq!(effective(a, &base, zero) == Bump::None, a == Bump::None);
        prop_assert!(effective(a.min(b), &base, zero) <= effective(a.max(b), &base, zero));
    }

    #[test]
    fn a_decision_is_never_below_base_or_prerelease(
        at in version(), pre in prop::collection::vec(version(), 0..5), over in prop::option::of(bump()),
        subjects in prop::collection::vec(prop::sample::select(vec!["feat: x", "fix: x", "feat!: x", "docs: x", "x"]), 0..6),
        zero in zero(),
    ) {
        let (base, history) = (base(&core_of(&at).to_string()), history(&subjects));
        let decision = decide(&Inputs { prereleases: &pre, zero, over, ..inputs(Some(&base), &history) }).unwrap();
        prop_assert!(decision.next >= base.version);
        prop_assert_eq!(decision.next == base.version, decision.bump == Bump::None);
        for pre in pre.iter().filter(|version| !version.pre.is_empty() && **version > base.version) {
            prop_assert!(decision.next >= core_of(pre));
        }
        prop_assert!(decision.next.pre.is_empty());
    }

    #[test]
    fn the_next_prerelease_is_above_the_taken_ones(core in version(), taken in prop::collection::vec(version(), 0..8)) {
        let next = next_prerelease(&core, "rc", &taken).unwrap();
        prop_assert_eq!(core_of(&next), core_of(&core));
        let series = taken.iter().filter(|v| core_of(v) == core_of(&core) && v.pre.starts_with("rc."));
        prop_assert!(series.into_iter().all(|taken| *taken < next));
    }

    #[test]
    fn work_between_releases_lies_between_them(tag in version(), distance in 1..9u64, dirty: bool, bump in bump()) {
        let described = Described { tag: Some(tag.clone()), distance, short: "0123456".to_owned(), dirty, upcoming: v("0.1.0") };
        let version = describe(&described);
        prop_assert!(tag < version);
        prop_assert!(bump == Bump::None || !tag.pre.is_empty() || version < apply(&tag, bump));
    }
}
