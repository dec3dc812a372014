//! Which form is derived: a table, and laws.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

fn packages() -> Vec<String> {
    vec!["demo".to_owned(), "demo-core".to_owned()]
}

/// The form derived from these tags, where the source descends from all but those that begin with `!`.
fn derived(manifest: Option<&str>, tags: &[&str]) -> Option<String> {
    let elsewhere = |tag: &TagName| tags.contains(&format!("!{tag}").as_str());
    let names = tags.iter().map(|tag| tag.trim_start_matches('!'));
    let version = manifest.map(|text| Version::parse(text).unwrap());
    let forms = Forms::of(names, &packages());
    let Ok(form) = forms.derive(version.as_ref(), |tag| Ok::<_, Infallible>(!elsewhere(tag)));
    form.map(|form| form.to_string())
}

#[test]
fn the_manifests_version_decides_then_the_nearest_below_it() {
    let cases: &[(Option<&str>, &[&str], Option<&str>)] = &[
        (Some("1.4.0"), &[], None),
        (Some("1.4.0"), &["nightly", "v1", "1.4", "v01.4.0", "demo1.4.0"], None),
        (Some("1.4.0"), &["v1.4.0"], Some("v{version}")),
        // One form alone needs no agreement with the manifests.
        (Some("9.0.0"), &["0.1.0"], Some("{version}")),
        (None, &["rel/0.1.0"], Some("rel/{version}")),
        // The manifests' version, at an ancestor.
        (Some("0.114.1"), &["v0.96.0", "0.113.0", "0.114.1"], Some("{version}")),
        (Some("1.4.0"), &["v1.4.0", "1.4.0"], Some("v{version}")),
        (Some("1.4.0"), &["!v1.4.0", "1.4.0"], Some("{version}")),
        (Some("1.4.0"), &["!1.4.0", "v1.3.0"], Some("v{version}")),
        (Some("1.0.0-rc.1"), &["v0.9.0", "1.0.0-rc.1"], Some("{version}")),
        (
            Some("1.4.0"),
            &["demo-core-v1.4.0", "v1.1.0"],
            Some("demo-core-v{version}"),
        ),
        // The nearest below.
        (Some("1.5.0"), &["v1.4.0", "1.3.0"], Some("v{version}")),
        (Some("1.5.0"), &["v1.2.0", "v2.0.0", "1.4.0"], Some("{version}")),
        (Some("1.5.0-dev"), &["v0.9.0", "demo@1.4.0"], Some("demo@{version}")),
        (Some("1.5.0"), &["v1.3.0", "demo_v1.3.0"], Some("v{version}")),
        // Pre-releases and build metadata do not outdo a release.
        (Some("1.5.0"), &["v1.4.0", "1.4.1-rc.1"], Some("v{version}")),
        // All above: a forgotten bump.
        (Some("0.1.0"), &["v0.9.0", "1.4.0"], Some("{version}")),
        (None, &["v1.4.0", "1.3.0", "release-1.4.0"], Some("v{version}")),
        (
            Some("0.1.0"),
            &["v0.1.0-alpha.1", "release-0.1.0-alpha.2"],
            Some("release-{version}"),
        ),
    ];
    for (manifest, tags, want) in cases {
        assert_eq!(derived(*manifest, tags).as_deref(), *want, "{manifest:?} {tags:?}");
    }
}

#[test]
fn every_known_form_is_found() {
    let version = Version::new(1, 4, 0);
    for form in known(&packages()) {
        let tag = form.render(&version);
        assert_eq!(derived(Some("1.4.0"), &[&tag]), Some(form.to_string()));
        assert_eq!(naming(&tag, &version, &packages()), Some(form));
    }
    assert_eq!(known(&packages()).len(), 2 + (2 + 2) * 4 * 2);
}

#[test]
fn a_release_under_another_form_than_the_configured_one_is_seen() {
    let elsewhere = |configured: &str, tags: &[&str]| {
        let forms = Forms::of(tags.iter().copied(), &packages());
        let configured = Template::tag(configured).unwrap();
        let found = forms.held_elsewhere(&configured, &Version::new(1, 4, 0), |_| Ok::<_, Infallible>(true));
        let Ok(found) = found;
        found.map(|tag| tag.to_string())
    };
    assert_eq!(elsewhere("v{version}", &["v1.2.0", "1.4.0"]), Some("1.4.0".to_owned()));
    assert_eq!(elsewhere("v{version}", &["v1.4.0", "1.3.0"]), None);
    assert_eq!(elsewhere("demo-{version}", &["v1.3.0", "demo-1.4.0"]), None);
}

proptest! {
    /// The order in which git lists tags decides nothing, and what comes out is a form that a tag has.
    #[test]
    fn the_order_of_tags_decides_nothing(
        tags in prop::collection::vec("(v|demo-v|release/|rel_)?[0-3]\\.[0-3]\\.[0-3](-rc\\.[0-3])?", 0..8),
        manifest in "[0-3]\\.[0-3]\\.[0-3]",
    ) {
        let names: Vec<&str> = tags.iter().map(String::as_str).collect();
        let mut reversed = names.clone();
        reversed.reverse();
        let form = derived(Some(&manifest), &names);
        prop_assert_eq!(&form, &derived(Some(&manifest), &reversed));
        prop_assert_eq!(form.is_none(), tags.is_empty());
        if let Some(form) = form {
            let template = Template::tag(&form).unwrap();
            prop_assert!(tags.iter().any(|tag| template.parse(tag).is_some()));
        }
    }
}
