//! The laws of changelogs: nothing is lost, nothing is done twice, nothing panics.

use proptest::prelude::*;
use semver::Version;

use super::tests::{DEMO, write, written};
use super::*;

/// A changelog of sections and groups alone, each heading on its level.
fn plain_changelog() -> impl Strategy<Value = String> {
    let group = (
        "(Added|Changed|Fixed|Odd)",
        proptest::collection::vec("[a-z]{1,6}", 1..3),
    );
    let groups = || {
        let group = group
            .clone()
            .prop_map(|(title, items)| format!("### {title}\n\n- {}\n\n", items.join("\n- ")));
        proptest::collection::vec(group, 0..3).prop_map(|groups| groups.concat())
    };
    (groups(), proptest::collection::vec(groups(), 0..4)).prop_map(|(unreleased, releases)| {
        let releases = releases.iter().rev().enumerate().rev();
        let releases = releases.map(|(n, body)| format!("## [0.1.{n}] - 2026-01-01\n\n{body}"));
        format!("## [Unreleased]\n\n{unreleased}{}", releases.collect::<String>())
    })
}

/// Every heading one level up.
fn raised(text: &str) -> String {
    format!("\n{text}").replace("\n##", "\n#").split_off(1)
}

/// Changelogs as people write them, and lines that make them hard to read.
fn any_changelog() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "- [a-z]{1,6}( `[a-z]{1,3}`)?",
        1 => "[*+] [a-z]{1,6}",
        2 => Just(String::new()),
        1 => "  [a-z]{1,6}",
        1 => "[a-z]{1,6}",
        1 => "### (Added|Changed|Fixed|Odd)",
        1 => "## [0-9]\\.[0-9]\\.[0-9]",
        1 => "# v?[0-9]\\.[0-9]\\.[0-9]",
        1 => "(#|##|###) (Version |demo |🎉 )?[0-9]\\.[0-9](\\.0)?( \\(2026-01-0[1-9]\\)| - May [1-9], 2025| \\(unreleased\\)| \\[YANKED\\])?",
        1 => "(##|###) (Features|Bug Fixes|:bug: fixes|Improvements:)",
        1 => "## \\[0\\.[0-9]\\.0\\]\\(https://e\\.org/compare/v0\\.[0-9]\\.0\\.\\.\\.v0\\.[0-9]\\.0\\)",
        1 => "(<a name=\"0\\.[0-9]\\.0\"></a>|-|=|--|0\\.[0-9]\\.0)",
        1 => "## \\[0\\.[0-9]\\.[0-9]\\] - 2026-01-0[1-9]",
        1 => "\\[(#[0-9]|0\\.[0-9]\\.0|Unreleased)\\]: https://e\\.org/(compare/)?v0\\.[0-9]\\.0(\\.\\.\\.HEAD)?",
        1 => "(```|~~~|<!--|-->|<!-- x -->|---|===|    ## 1\\.0\\.0|# [a-z]+|## [a-z]+)",
    ];
    let lines = proptest::collection::vec(line, 0..25);
    (lines, any::<[bool; 5]>()).prop_map(|(lines, [unreleased, first_level, crlf, bom, newline])| {
        let eol = if crlf { "\r\n" } else { "\n" };
        let mut lines = lines;
        if unreleased {
            let heading = if first_level { "# unreleased" } else { "## [Unreleased]" };
            lines.insert(0, heading.to_owned());
        }
        let text = lines.join(eol) + if newline { eol } else { "" };
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

fn any_entries() -> impl Strategy<Value = String> {
    let list = |heading: &'static str| {
        proptest::collection::vec("- [a-z]{1,3}", 0..4).prop_map(move |items| match items.len() {
            0 => String::new(),
            _ => format!("### {heading}\n\n{}\n\n", items.join("\n")),
        })
    };
    (list("Added"), list("Changed"), list("Fixed")).prop_map(|(a, b, c)| a + &b + &c)
}

/// Lines that hold more than white space and list markers, sorted.
fn content_lines(text: &str) -> Vec<String> {
    let bare = |line: &str| line.trim_start_matches('\u{feff}').trim().to_owned();
    let mut lines: Vec<_> = text.lines().map(bare).filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

proptest! {
    #[test]
    fn parsing_loses_nothing(text in prop_oneof![any_changelog(), any::<String>()]) {
        prop_assert_eq!(parse(&text).parts().collect::<String>(), text);
    }

    #[test]
    fn nothing_panics(a in any::<String>(), b in any_changelog(), c in any::<String>()) {
        let _ = written(&a, "0.2.0", &c).is_ok();
        let _ = written(&b, "0.2.0", &c).is_ok();
        let _ = merge_back(&a, &b, &c).is_ok();
    }

    #[test]
    fn writing_twice_changes_nothing(text in any_changelog(), entries in any_entries()) {
        if let Ok(once) = written(&text, "0.2.0", &entries) {
            prop_assert_eq!(written(&once, "0.2.0", &entries), Ok(once.clone()));
            prop_assert!(section(&once, &Version::new(0, 2, 0)).is_some());
        }
    }

    #[test]
    fn every_line_survives_and_line_endings_stay(text in any_changelog(), entries in any_entries()) {
        if let Ok(once) = written(&text, "0.2.0", &entries) {
            // Links move on; a group's heading is not repeated in a section that has it.
            let stands = section(&text, &Version::new(0, 2, 0)).is_some();
            let may_go = |line: &String| line.starts_with("[Unreleased]: ") || stands && line.starts_with('#');
            let mut after = content_lines(&once);
            for line in content_lines(&text).iter().filter(|line| !may_go(line)) {
                let place = after.iter().position(|other| other == line);
                prop_assert!(place.is_some(), "{line:?} is gone");
                after.remove(place.unwrap_or_default());
            }
            if text.contains("\r\n") {
                prop_assert_eq!(once.matches('\n').count(), once.matches("\r\n").count());
            } else {
                prop_assert!(!once.contains('\r') || text.contains('\r'));
            }
            if !text.is_empty() && !text.trim_start_matches('\u{feff}').trim().is_empty() {
                prop_assert_eq!(once.ends_with('\n'), text.ends_with('\n'));
            }
        }
    }

    #[test]
    fn the_next_release_keeps_older_sections(text in any_changelog(), entries in any_entries(), more in any_entries()) {
        if let Ok(once) = written(&text, "20.0.0", &entries) {
            let twice = written(&once, "21.0.0", &more).unwrap();
            let (before, after) = (parse(&once), parse(&twice));
            let old = before.sections.iter().skip(1).map(|s| (s.heading, s.body.trim_end()));
            let new = after.sections.iter().skip(2).map(|s| (s.heading, s.body.trim_end()));
            let footer = once.len() - before.footer.len();
            if before.definitions.iter().all(|link| link.start >= footer) {
                prop_assert_eq!(old.collect::<Vec<_>>(), new.collect::<Vec<_>>());
            }
        }
    }

    /// The level of its headings decides nothing but the level of what is added.
    #[test]
    fn levels_do_not_matter(text in plain_changelog(), entries in any_entries()) {
        let (low, high) = (write(&text, &entries), write(&raised(&text), &entries));
        prop_assert_eq!(raised(&low), high);
    }

    #[test]
    fn a_side_that_changed_nothing_yields(base in any_changelog(), other in any_changelog()) {
        prop_assert_eq!(merge_back(&base, &base, &other), Ok(other.clone()));
        prop_assert_eq!(merge_back(&base, &other, &base), Ok(other));
    }

    #[test]
    fn gained_entries_stay_unreleased(entries in any_entries(), gained in "- [A-Z]{4}") {
        let theirs = write(DEMO, &entries);
        let ours = DEMO.replace("- A line", &format!("{gained}\n- A line"));
        let merged = merge_back(DEMO, &ours, &theirs).unwrap();
        let left = format!("### Added\n\n{gained}");
        prop_assert_eq!(unreleased(&merged), Some(left.as_str()));
        let version = Version::new(0, 2, 0);
        prop_assert_eq!(section(&merged, &version), section(&theirs, &version));
    }
}
