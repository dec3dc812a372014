//! The shapes of changelogs: what is read, written, merged and refused.

use insta::assert_snapshot;
use semver::Version;

use super::*;

pub(super) const DEMO: &str = "\
# Changelog

All notable changes to this project are documented here.

## [Unreleased]

### Added

- A line written by hand, with `code` and a [link](https://example.org).

## [0.1.0] - 2026-01-01

- First release.

[Unreleased]: https://example.org/demo/compare/v0.1.0...HEAD
[0.1.0]: https://example.org/demo/releases/tag/v0.1.0
";

const ENTRIES: &str = "### Added\n\n- **breaking:** loud\n\n### Fixed\n\n- **core:** quiet\n";

pub(super) fn written(text: &str, version: &str, entries: &str) -> Result<String, ChangelogError> {
    let version: Version = version.parse().unwrap();
    let style = LinkStyle::of_repository("https://example.org/demo").unwrap();
    let new = NewSection {
        version: &version,
        date: "2026-02-03",
        tag: &format!("v{version}"),
        previous: Some("v0.1.0"),
        entries,
        links: Some(&style),
    };
    release(text, &new)
}

pub(super) fn write(text: &str, entries: &str) -> String {
    written(text, "0.2.0", entries).unwrap()
}

#[test]
fn hand_written_text_moves_first_and_generated_entries_join_its_groups() {
    assert_snapshot!(write(DEMO, ENTRIES), @"
    # Changelog

    All notable changes to this project are documented here.

    ## [Unreleased]

    ## [0.2.0] - 2026-02-03

    ### Added

    - A line written by hand, with `code` and a [link](https://example.org).
    - **breaking:** loud

    ### Fixed

    - **core:** quiet

    ## [0.1.0] - 2026-01-01

    - First release.

    [Unreleased]: https://example.org/demo/compare/v0.2.0...HEAD
    [0.2.0]: https://example.org/demo/compare/v0.1.0...v0.2.0
    [0.1.0]: https://example.org/demo/releases/tag/v0.1.0
    ");
}

#[test]
fn no_file_becomes_a_changelog() {
    assert_snapshot!(write("", "### Added\n\n- One\n"), @"
    # Changelog

    What changed for users of this project, release by release, in the form of
    [Keep a Changelog](https://keepachangelog.com/en/1.1.0/). Versions follow
    [Semantic Versioning](https://semver.org/spec/v2.0.0.html).

    ## [Unreleased]

    ## [0.2.0] - 2026-02-03

    ### Added

    - One

    [Unreleased]: https://example.org/demo/compare/v0.2.0...HEAD
    [0.2.0]: https://example.org/demo/compare/v0.1.0...v0.2.0
    ");
}

#[test]
fn a_file_of_another_form_gets_its_section_below_title_and_preamble() {
    let text = "Project history\n===============\n\nSome words.\n\n* 2019: a start\n";
    assert_snapshot!(write(text, "### Fixed\n\n- One\n"), @"
    Project history
    ===============

    Some words.

    ## [Unreleased]

    ## [0.2.0] - 2026-02-03

    ### Fixed

    - One

    * 2019: a start

    [Unreleased]: https://example.org/demo/compare/v0.2.0...HEAD
    [0.2.0]: https://example.org/demo/compare/v0.1.0...v0.2.0
    ");
}

/// Sections on level 1, groups on level 2, no title.
#[test]
fn sections_on_the_first_level_get_their_neighbour_there() {
    let text =
        "# unreleased\n\n## Features\n\n- By hand.\n\n## Fixed\n\n## Other\n\n# v0.1.0\n\n## Features\n\n- First.\n";
    let result = write(text, ENTRIES);
    assert_snapshot!(result, @"
    # unreleased

    # v0.2.0

    ## Features

    - By hand.
    - **breaking:** loud

    ## Fixed

    - **core:** quiet

    ## Other

    # v0.1.0

    ## Features

    - First.
    ");
    assert_eq!(write(&result, ENTRIES), result);
    assert_eq!(unreleased(&result), Some(""));
    let ours = text.replace("- By hand.", "- By hand.\n- Later.");
    let merged = merge_back(text, &ours, &result).unwrap();
    assert_eq!(
        unreleased(&merged),
        Some("## Features\n\n- Later.\n\n## Fixed\n\n## Other")
    );
    assert_eq!(
        section(&merged, &Version::new(0, 2, 0)),
        section(&result, &Version::new(0, 2, 0))
    );
}

#[test]
fn the_first_section_decides_the_levels() {
    let headings = |text: &str| {
        let result = write(text, "### Fixed\n\n- One\n");
        let lines = result.lines().filter(|line| line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>().join(" | ")
    };
    // Without a section of unreleased changes none is made.
    assert_snapshot!(headings("# v0.1.0\n\n## Features\n"), @"# v0.2.0 | ## Fixed | # v0.1.0 | ## Features");
    assert_snapshot!(headings("# History\n\n# v0.1.0\n\n- x\n\n# Older\n"), @"# History | # v0.2.0 | # v0.1.0 | # Older");
    assert_snapshot!(headings("unreleased\n==========\n\nNew\n---\n"), @"# [0.2.0] - 2026-02-03 | ## Fixed");
    // Tools that write minor releases on level 1 and patches on level 2 write groups on level 3.
    assert_snapshot!(headings("# [0.1.0](https://e.org) (2026-01-01)\n\n### Bug Fixes\n\n## [0.0.9](https://e.org) (2026-01-01)\n"), @"# [0.2.0] (2026-02-03) | ### Bug Fixes | # [0.1.0](https://e.org) (2026-01-01) | ### Bug Fixes | ## [0.0.9](https://e.org) (2026-01-01)");
    assert_snapshot!(headings("## [0.1.1](https://e.org)\n\n### Bug Fixes\n\n# [0.1.0](https://e.org)\n\n### Bug Fixes\n"), @"## [0.2.0] | ### Bug Fixes | ## [0.1.1](https://e.org) | ### Bug Fixes | # [0.1.0](https://e.org) | ### Bug Fixes");
    assert_snapshot!(headings("# Changelog\n\n## Unreleased\n\n## Odd\n\n# 0.1.0\n"), @"# Changelog | ## Unreleased | # 0.2.0 | ### Fixed | ## Odd | # 0.1.0");
}

#[test]
fn writing_again_adds_what_is_new_in_order_and_keeps_the_date() {
    let once = write(DEMO, ENTRIES).replace("2026-02-03", "2026-02-01");
    let more = "### Added\n\n- **breaking:** loud\n- more\n\n### Changed\n\n- new\n\n### Fixed\n\n- **core:** quiet\n";
    let twice = write(&once, more);
    assert_snapshot!(section(&twice, &Version::new(0, 2, 0)).unwrap(), @"
    ### Added

    - A line written by hand, with `code` and a [link](https://example.org).
    - **breaking:** loud
    - more

    ### Changed

    - new

    ### Fixed

    - **core:** quiet
    ");
    assert_eq!(date(&twice, &Version::new(0, 2, 0)), Some("2026-02-01"));
    assert_eq!(write(&twice, more), twice);
}

#[test]
fn what_is_unreleased_joins_a_section_that_stands() {
    let once = write(DEMO, ENTRIES);
    let late = once.replace(
        "## [Unreleased]\n",
        "## [Unreleased]\n\n### Added\n\n* late\n\n### Security\n\n- a hole\n",
    );
    let twice = write(&late, ENTRIES);
    assert_eq!(unreleased(&twice), Some(""));
    assert_snapshot!(section(&twice, &Version::new(0, 2, 0)).unwrap(), @"
    ### Added

    - A line written by hand, with `code` and a [link](https://example.org).
    - **breaking:** loud
    * late

    ### Fixed

    - **core:** quiet

    ### Security

    - a hole
    ");
}

#[test]
fn every_other_byte_stays() {
    let odd = format!(
        "\u{feff}{}\nwords at the end, no newline",
        DEMO.replace('\n', "\r\n").trim_end()
    );
    let text = odd.replace("\nwords", "\r\n\r\nwords");
    let result = write(&text, ENTRIES);
    assert!(result.starts_with("\u{feff}# Changelog\r\n\r\nAll notable"));
    assert!(result.ends_with("v0.1.0\r\n\r\nwords at the end, no newline"));
    assert!(result.contains("[0.2.0]: https://example.org/demo/compare/v0.1.0...v0.2.0\r\n"));
    assert_eq!(result.matches('\n').count(), result.matches("\r\n").count());
    assert_eq!(write(&result, ENTRIES), result);
}

#[test]
fn headings_of_other_tools_are_releases() {
    for heading in [
        "## 1.0.0",
        "## [1.0.0]",
        "## v1.0.0 (2024-01-01)",
        "## [1.0.0](https://e.org/compare/v0.9.0...v1.0.0) - 2024-01-01",
        "# [1.0.0](https://e.org) (2024-01-01)",
        "### [1.0.0](https://e.org) (2024-01-01)",
        "## [1.0.0] - 2024-01-01 [YANKED]",
        "## 1.0.0 / 2024-01-01 ##",
        "v1.0.0 (2024-01-01)\n-------------------",
        "## [1.0.0] – the big one",
        "# 1.0.0 and how to get there",
        "### 1.0.0 is near",
        "#### 1.0.0",
        "# Version 1.0.0",
        "## demo 1.0.0 (2024-01-01)",
        "## 🎉 `1.0.0` 🎉",
        "1.0.0\n-",
        "## Released 1.0.0 {#v1-0-0}",
    ] {
        let text = format!("# Changelog\n\n{heading}\n\n- x\n");
        assert_eq!(section(&text, &Version::new(1, 0, 0)), Some("- x"), "{heading}");
        let expected = heading.contains("2024").then_some("2024-01-01");
        assert_eq!(date(&text, &Version::new(1, 0, 0)), expected, "{heading}");
        assert_eq!(parse(&text).preamble, "# Changelog\n\n");
    }
    for heading in ["## 2 ways", "##### 1.0.0", "##1.0.0"] {
        let text = format!("# Changelog\n\n{heading}\n\n- x\n");
        assert!(parse(&text).sections.is_empty(), "{heading}");
    }
}

#[test]
fn what_hides_a_heading_hides_it_here() {
    for hidden in [
        "```\n## 1.0.0\n```",
        "~~~ md\n```\n## 1.0.0\n~~~~",
        "<!--\n## 1.0.0\n-->",
        "<pre>\n\n## 1.0.0\n</pre>",
        "    ## 1.0.0",
        "- x\n  ## 1.0.0",
        "- x\n\n  ```\n  ## 1.0.0\n  ```",
        "> ## 1.0.0",
    ] {
        let text = format!("## 0.9.0\n\n{hidden}\n\n## 0.8.0\n");
        let found = parse(&text).sections.len();
        assert_eq!(found, 2, "{hidden}");
    }
    for shown in [
        "text\n## 1.0.0",
        "- x\n## 1.0.0",
        "- ```\n## 1.0.0",
        "``` a`b\n## 1.0.0",
        "<!-->\n## 1.0.0",
    ] {
        let text = format!("## 0.9.0\n\n{shown}\n\n## 0.8.0\n");
        assert_eq!(parse(&text).sections.len(), 3, "{shown}");
    }
}

#[test]
fn front_matter_is_no_heading() {
    let text = "---\ntitle: Changelog\n---\n\n# Changelog\n";
    assert!(write(text, "").starts_with("---\ntitle: Changelog\n---\n\n# Changelog\n\n## [Unreleased]\n\n## [0.2.0]"));
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_line() {
    let refused = |text: &str| written(text, "0.2.0", "").unwrap_err().to_string();
    assert_snapshot!(refused("## Unreleased\n\n## [Unreleased]\n"), @"line 3: a second Unreleased section (the first is on line 1)");
    assert_snapshot!(refused("## Unreleased\n## 0.2.0\n\n## v0.2.0 - 2020-01-01\n"), @"line 4: a second section of 0.2.0 (the first is on line 2)");
    assert_snapshot!(refused("## Unreleased\n\n```\n## 1.0.0\n"), @"line 3: what opens here is never closed by ```");
    assert_snapshot!(refused("<!-- \n\n## Unreleased\n"), @"line 1: what opens here is never closed by -->");
    assert_snapshot!(refused("## 1.0.0\n\n## Unreleased\n"), @"line 3: the Unreleased section stands below the section of a release");
    assert_snapshot!(written(DEMO, "0.2.0", "## 9.9.9\n").unwrap_err(), @"the generated entries hold a heading above `###`: `9.9.9`");
}

fn links_of(links: &str) -> String {
    let text = format!("## Unreleased\n\n## [0.1.0]\n\n- x\n\n{links}");
    let result = write(&text, "");
    assert_eq!(write(&result, ""), result);
    parse(&result).footer.to_owned()
}

#[test]
fn links_follow_those_that_stand() {
    assert_snapshot!(links_of(""), @"");
    assert_snapshot!(links_of("[Unreleased]: https://e.org/-/compare/p/v0.1.0...develop\n[0.1.0]: https://e.org/x\n"), @"
    [Unreleased]: https://e.org/-/compare/v0.2.0...develop
    [0.2.0]: https://e.org/-/compare/p/v0.1.0...v0.2.0
    [0.1.0]: https://e.org/x
    ");
    assert_snapshot!(links_of("[0.0.9]: https://e.org/t/v0.0.9\n[0.1.0]: https://e.org/compare/v0.0.9..v0.1.0\n[Unreleased]: https://e.org/compare/v0.1.0..HEAD\n"), @"
    [0.0.9]: https://e.org/t/v0.0.9
    [0.1.0]: https://e.org/compare/v0.0.9..v0.1.0
    [0.2.0]: https://e.org/compare/v0.1.0..v0.2.0
    [Unreleased]: https://e.org/compare/v0.2.0..HEAD
    ");
    assert_snapshot!(links_of("[0.1.0]: https://crates.io/crates/demo/0.1.0\n"), @"
    [0.2.0]: https://crates.io/crates/demo/0.2.0
    [0.1.0]: https://crates.io/crates/demo/0.1.0
    ");
    assert_snapshot!(links_of("[#12]: https://e.org/12\n"), @"
    [#12]: https://e.org/12
    ");
}

#[test]
fn a_link_inside_unreleased_is_moved_on_where_it_goes() {
    let text = "## [Unreleased]\n\n- x\n\n[Unreleased]: https://e.org/compare/v0.1.0...HEAD\n\nThe end.\n";
    let result = write(text, "### Added\n\n- y\n");
    assert_eq!(write(&result, "### Added\n\n- y\n"), result);
    assert_eq!(parse(&result).definitions.len(), 2);
}

#[test]
fn an_entry_is_not_known_by_a_link_that_reads_alike() {
    let link = "[Unreleased]: https://example.org/demo/compare/v0.1.0...HEAD";
    let once = write(
        &format!("## [Unreleased]\n\n### Added\n\n{link}\n\n- x\n"),
        &format!("### Added\n\n- {link}\n"),
    );
    assert_eq!(write(&once, &format!("### Added\n\n- {link}\n")), once);
}

#[test]
fn lists_keep_their_marker_and_their_spacing() {
    let text = "## Unreleased\n\n### Added\n\n* one\n\n* two\n  and more\n\n\n## 0.1.0\n";
    let result = write(text, "### Added\n\n- two\n  and more\n- three\n");
    assert!(
        result.contains("\n* two\n  and more\n\n* three\n\n\n## 0.1.0\n"),
        "{result}"
    );
}

#[test]
fn a_link_style_knows_the_forges() {
    let lab = LinkStyle::of_repository("https://gitlab.com/a/b.git/").unwrap();
    let version = Version::new(1, 0, 0);
    let new = NewSection {
        version: &version,
        date: "2026-01-01",
        tag: "v1.0.0",
        previous: None,
        entries: "",
        links: Some(&lab),
    };
    let text = release("", &new).unwrap();
    assert!(
        text.contains("[1.0.0]: https://gitlab.com/a/b/-/releases/v1.0.0\n"),
        "{text}"
    );
    assert!(
        text.contains("[Unreleased]: https://gitlab.com/a/b/-/compare/v1.0.0...HEAD\n"),
        "{text}"
    );
}

#[test]
fn groups_read_what_they_print() {
    for group in Group::ALL {
        assert_eq!(group.to_string().to_lowercase().parse(), Ok(group));
    }
    assert!(Group::ALL.is_sorted());
    assert!("Broken".parse::<Group>().is_err());
}

#[test]
fn a_large_changelog_takes_linear_time() {
    let release = |n: usize| {
        format!(
            "## [{n}.0.0] - 2020-01-01\n\n### Added\n\n{}\n",
            "- an entry of some length\n".repeat(60)
        )
    };
    let mut text = String::from("# Changelog\n\n## [Unreleased]\n\n");
    text.extend((0..3_000).rev().map(release));
    text.extend(
        (0..3_000)
            .rev()
            .map(|n| format!("[{n}.0.0]: https://e.org/releases/tag/v{n}.0.0\n")),
    );
    assert!(text.len() > 4_500_000);
    let theirs = written(&text, "3000.0.0", ENTRIES).unwrap();
    let ours = text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- mine\n");
    assert!(merge_back(&text, &ours, &theirs).unwrap().contains("- mine"));
    let hostile = format!("## [Unreleased]\n{}", "- x\n".repeat(200_000));
    assert!(written(&hostile, "0.2.0", &"- y\n".repeat(100_000)).is_ok());
}

mod merging {
    use super::*;

    #[test]
    fn new_entries_stay_unreleased() {
        let theirs = write(DEMO, ENTRIES);
        let ours = DEMO.replace("- A line", "- Written after the cut.\n- A line");
        assert_snapshot!(merge_back(DEMO, &ours, &theirs).unwrap(), @"
        # Changelog

        All notable changes to this project are documented here.

        ## [Unreleased]

        ### Added

        - Written after the cut.

        ## [0.2.0] - 2026-02-03

        ### Added

        - A line written by hand, with `code` and a [link](https://example.org).
        - **breaking:** loud

        ### Fixed

        - **core:** quiet

        ## [0.1.0] - 2026-01-01

        - First release.

        [Unreleased]: https://example.org/demo/compare/v0.2.0...HEAD
        [0.2.0]: https://example.org/demo/compare/v0.1.0...v0.2.0
        [0.1.0]: https://example.org/demo/releases/tag/v0.1.0
        ");
    }

    #[test]
    fn entries_around_the_moved_ones_keep_their_spacing() {
        let theirs = write(DEMO, "");
        let ours = DEMO.replace("example.org).\n", "example.org).\n- After.\n\n### Fixed\n\n- Other.\n");
        let merged = merge_back(DEMO, &ours, &theirs).unwrap();
        assert_snapshot!(unreleased(&merged).unwrap(), @"
        ### Added

        - After.

        ### Fixed

        - Other.
        ");
        let ours = DEMO
            .replace("- A line", "- Before.\n- A line")
            .replace("org).\n", "org).\n\n### Fixed\n\n- Other.\n");
        let merged = merge_back(DEMO, &ours, &theirs).unwrap();
        assert_snapshot!(unreleased(&merged).unwrap(), @"
        ### Added

        - Before.

        ### Fixed

        - Other.
        ");
    }

    #[test]
    fn a_release_that_came_to_integration_meanwhile_keeps_its_place() {
        let theirs = write(DEMO, "");
        let ours = written(DEMO, "0.1.1", "")
            .unwrap()
            .replace("- A line", "- Another line");
        let merged = merge_back(DEMO, &ours, &theirs).unwrap();
        let order: Vec<_> = parse(&merged).sections.iter().map(|s| s.heading.trim()).collect();
        assert_eq!(order.len(), 4);
        assert!(order[1].contains("0.2.0") && order[2].contains("0.1.1"), "{order:?}");
        assert!(merged.contains("[0.2.0]: ") && merged.contains("[0.1.1]: ") && merged.contains("v0.2.0...HEAD"));
    }

    #[test]
    fn both_sides_of_one_section_conflict_by_name() {
        let theirs = DEMO.replace("First", "Very first");
        let ours = DEMO.replace("First", "The first");
        assert_snapshot!(merge_back(DEMO, &ours, &theirs).unwrap_err(), @"both sides changed the section 0.1.0 of the changelog");
        let theirs = DEMO.replace("All notable", "Notable");
        let ours = DEMO.replace("All notable", "Most");
        assert_snapshot!(merge_back(DEMO, &ours, &theirs).unwrap_err(), @"both sides changed the text above the first section of the changelog");
        assert_snapshot!(merge_back(DEMO, &ours, "```\n").unwrap_err(), @"the changelog of the release: line 1: what opens here is never closed by ```");
    }

    #[test]
    fn edits_of_either_side_are_kept() {
        let theirs = write(&DEMO.replace("First", "Very first"), "");
        let ours = DEMO.replace("All notable", "Most").replace('\n', "\r\n");
        let merged = merge_back(DEMO, &ours, &theirs).unwrap();
        assert_eq!(merged, theirs.replace("All notable", "Most").replace('\n', "\r\n"));
    }

    #[test]
    fn without_a_base_each_side_brings_its_own() {
        let merged = merge_back("", "## Unreleased\n\n- mine\n", &write("", "### Added\n\n- theirs\n")).unwrap();
        assert_eq!(unreleased(&merged), Some("- mine"));
        assert_eq!(section(&merged, &Version::new(0, 2, 0)), Some("### Added\n\n- theirs"));
    }
}
