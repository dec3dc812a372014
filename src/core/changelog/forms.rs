//! Changelogs in the forms that people give them, and what a release adds to each.

use super::tests::written;

const FIX: &str = "### Fixed\n\n- mended\n";

/// The lines that stand in place of others after a release, blank ones apart as `·`.
fn changed(text: &str) -> String {
    let result = match written(text, "0.2.0", FIX) {
        Ok(result) => result,
        Err(error) => return error.to_string(),
    };
    let again = written(&result, "0.2.0", FIX);
    assert_eq!(again.as_ref(), Ok(&result), "written twice:\n{result}");
    let (old, new): (Vec<_>, Vec<_>) = (text.lines().collect(), result.lines().collect());
    let above = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - above;
    let below = old.iter().rev().zip(new.iter().rev()).take(most);
    let below = below.take_while(|(a, b)| a == b).count();
    let lines = new.iter().take(new.len() - below).skip(above);
    let lines = lines.map(|line| if line.is_empty() { "·" } else { line });
    lines.collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_new_section_looks_like_the_newest() {
    for (text, expected) in [
        (
            "# Version 1.2.0\n\n- a\n\n# Version 1.1.0\n\n- b\n",
            "# Version 0.2.0 | · | - mended | ·",
        ),
        (
            "# 0.1.0\n\n## Features\n\n- a\n\n## Bugfixes\n\n- b\n",
            "# 0.2.0 | · | ## Bugfixes | · | - mended | ·",
        ),
        (
            "# Log\n\n## v0.1.0 (2026-01-01)\n\n### Bug Fixes\n\n* a\n",
            "## v0.2.0 (2026-02-03) | · | ### Bug Fixes | · | * mended | ·",
        ),
        (
            "Log\n===\n\n0.1.0 - 2026-01-01\n------------------\n\n* a\n",
            "0.2.0 - 2026-02-03 | ------------------ | · | * mended | ·",
        ),
        (
            "Log\n===\n\n0.1.0 (1 Jan 2026)\n---\n\n * a\n",
            "0.2.0 (3 Feb 2026) | --- | · |  * mended | ·",
        ),
        ("## 0.1.0\n- a\n## 0.0.9\n- b\n", "## 0.2.0 | - mended"),
        (
            "# Log\n\n## 1.0 - January 3rd, 2026\n* a\n\n## 0.9 - May 1st, 2025\n* b\n",
            "## 0.2 - February 3rd, 2026 | * mended | ·",
        ),
        (
            "# Log\n\n## demo 0.1.0 (2026-01-01)\n\n- a\n\n---\n\n## demo 0.0.9 (2025-01-01)\n\n- b\n",
            "## demo 0.2.0 (2026-02-03) | · | - mended | · | --- | ·",
        ),
        (
            "# Log\n\n## 0.1.0 \"Small\" (2026-01-01)\n\n- a\n\n## 0.0.9 \"Tiny\" (2025-01-01)\n",
            "## 0.2.0 (2026-02-03) | · | - mended | ·",
        ),
        (
            "# Log\n\n## `0.1.0` 🎉\n\n#### 🐛 Fixes:\n- a\n",
            "## `0.2.0` 🎉 | · | #### 🐛 Fixes: | - mended | ·",
        ),
        (
            "# Log\n\n#### 0.1.0\n\n##### FIXED\n\n- a\n",
            "#### 0.2.0 | · | ##### FIXED | · | - mended | ·",
        ),
        (
            "# Log\n\n## 0.1.0 ##\n\n### added\n\n- a\n",
            "## 0.2.0 ## | · | ### fixed | · | - mended | ·",
        ),
        (
            "# Log\n\n## demo 0.1.0\nReleased by hand.\n\n### Fixed\n\n- a\n",
            "## demo 0.2.0 | · | ### Fixed | · | - mended | ·",
        ),
        (
            "<a name=\"v0.1.0\"></a>\n## v0.1.0 (2026-01-01)\n\n#### Bug Fixes\n\n*   a\n\n\n",
            "<a name=\"v0.2.0\"></a> | ## v0.2.0 (2026-02-03) | · | #### Bug Fixes | · | *   mended | ·",
        ),
        (
            "## [0.1.0](https://e.org/compare/v0.0.9...v0.1.0) (2026-01-01)\n\n### Bug Fixes\n\n- a\n",
            "## [0.2.0](https://e.org/compare/v0.1.0...v0.2.0) (2026-02-03) | · | ### Bug Fixes | · | - mended | ·",
        ),
        (
            "# Log\n\n## 0.1.0 - 2026-01-01 [YANKED]\n\n- a\n",
            "## 0.2.0 - 2026-02-03 | · | - mended | ·",
        ),
    ] {
        assert_eq!(changed(text), expected, "{text}");
    }
}

#[test]
fn a_version_of_the_calendar_keeps_its_digits() {
    let text = "# 25.07.1 (2025-07-18)\n\n- a\n\n# 25.07 (2025-07-15)\n\n- b\n\n# 0.6.0 (2022-01-04)\n\n- c\n";
    for (version, heading) in [
        ("25.8.0", "# 25.08 (2026-02-03)\n"),
        ("25.8.1", "# 25.08.1 (2026-02-03)\n"),
        ("25.10.2", "# 25.10.2 ("),
    ] {
        let result = written(text, version, FIX).unwrap();
        assert!(result.starts_with(heading) && result.ends_with(text), "{result}");
        assert_eq!(written(&result, version, FIX), Ok(result));
    }
}

#[test]
fn what_was_announced_is_dated() {
    let text = |heading: &str, older: &str| format!("# Log\n\n{heading}\n\n- by hand\n\n{older}\n\n- old\n");
    for (heading, older, expected) in [
        (
            "## [0.2.0] - Unreleased",
            "## [0.1.0] - 2025-01-01",
            "## [0.2.0] - 2026-02-03",
        ),
        (
            "## [0.2.0] (unreleased)",
            "## [0.1.0] - 2025-01-01",
            "## [0.2.0] - 2026-02-03",
        ),
        ("## [0.2.0] (TBD)", "## [0.1.0] - 2025-01-01", "## [0.2.0] - 2026-02-03"),
        ("## [0.2.0]", "## [0.1.0] - 2025-01-01", "## [0.2.0] - 2026-02-03"),
        ("## 0.2.0-dev", "## 0.1.0 (2025-01-01)", "## 0.2.0 (2026-02-03)"),
        ("## Unreleased 0.2.0", "## 0.1.0 (2025-01-01)", "## 0.2.0 (2026-02-03)"),
        ("## 0.2.0 (in development)", "## 0.1.0", "## 0.2.0"),
        (
            "## 0.2.0 \"Big\" (2026-xx-xx)",
            "## 0.1.0 \"Small\" (2025-01-01)",
            "## 0.2.0 \"Big\" (2026-02-03)",
        ),
        (
            "0.2.0 (unreleased)\n------------------",
            "0.1.0 (2025-01-01)\n------------------",
            "0.2.0 (2026-02-03)\n------------------",
        ),
    ] {
        let result = written(&text(heading, older), "0.2.0", FIX).unwrap();
        let entries = text(expected, older).replace("by hand\n", "by hand\n- mended\n");
        assert_eq!(result, entries);
        assert_eq!(written(&result, "0.2.0", FIX), Ok(result));
    }
    let first = written("# Log\n\n## 0.2.0 (unreleased)\n\n- a\n", "0.2.0", "").unwrap();
    assert!(
        first.starts_with("# Log\n\n## [0.2.0] - 2026-02-03\n\n- a\n"),
        "{first}"
    );
}

#[test]
fn links_are_where_links_are() {
    for (text, expected) in [
        (
            "## [Unreleased]\n\n- a\n\n## [0.1.0]\n\n[Unreleased]: <https://e.org/compare/v0.1.0...HEAD>\n[0.1.0]: <https://e.org/tag/v0.1.0>\n",
            "[Unreleased]: <https://e.org/compare/v0.2.0...HEAD> | [0.2.0]: <https://e.org/compare/v0.1.0...v0.2.0>",
        ),
        (
            "## [Unreleased]\n\n- a\n\n## [0.1.0]\n\n[Unreleased]: https://e.org/compare/v0.0.5...HEAD\n[0.0.5]: https://e.org/compare/v0.0.4...v0.0.5\n",
            "[Unreleased]: https://e.org/compare/v0.2.0...HEAD | [0.2.0]: https://e.org/compare/v0.1.0...v0.2.0",
        ),
        (
            "## Unreleased\n\n- a\n\n## [v0.1.0]\n\n[v0.0.9]: https://e.org/tag/v0.0.9\n[v0.1.0]: https://e.org/tag/v0.1.0\n",
            "[v0.2.0]: https://e.org/tag/v0.2.0",
        ),
        (
            "## Unreleased\n\n- a\n\n## 0.1.0\n\n[0.0.9]: https://e.org/tag/v0.0.9\n",
            "",
        ),
        ("## Unreleased\n\n- a\n\n## [0.1.0]\n\n- b\n", ""),
    ] {
        let result = written(text, "0.2.0", "").unwrap();
        let links = result
            .lines()
            .filter(|line| line.contains("://") && !text.lines().any(|old| old == *line));
        assert_eq!(links.collect::<Vec<_>>().join(" | "), expected, "{result}");
    }
    let linked = "## [Unreleased](https://e.org/compare/v0.1.0...HEAD)\n\n- a\n\n## [0.1.0](https://e.org/tag/v0.1.0) - 2025-01-01\n";
    let result = written(linked, "0.2.0", "").unwrap();
    assert!(result.starts_with("## [Unreleased](https://e.org/compare/v0.2.0...HEAD)\n\n## [0.2.0](https://e.org/compare/v0.1.0...v0.2.0) - 2026-02-03\n"), "{result}");
}

#[test]
fn what_is_in_doubt_is_refused_and_what_is_old_is_not() {
    for (text, expected) in [
        (
            "# Log\n\n## The autumn release\n\n- x\n\n## 0.1.0\n",
            "line 3: `The autumn release` stands above the releases, and no version is found in it",
        ),
        (
            "# Log\n\n## 0.2.1 (unreleased)\n\n- x\n\n## 0.1.0\n",
            "line 3: the changes are announced as `0.2.1`, not as 0.2.0",
        ),
        (
            "# Log\n\n## [0.2.0] - 2025-02-02 [YANKED]\n\n- x\n\n## 0.1.0\n",
            "line 3: 0.2.0 was released and yanked",
        ),
        (
            "# Log\n\n## 0.3.0\n\n- x\n\n## 0.2.0\n",
            "line 7: 0.2.0 stands below `0.3.0`, so it was released before",
        ),
        (
            "## 0.0.8\n- a\n## 0.0.9\n- b\n## 0.1.0\n- c\n",
            "line 1: releases stand in the order of their age, the oldest on top",
        ),
    ] {
        assert_eq!(changed(text), expected, "{text}");
    }
    for old in [
        "## [0.0.9] - 2025-01-01\n\n- b\n\n## [0.0.9] - 2024-01-01\n\n- a\n",
        "## Unreleased\n\n- forgotten\n",
        "## 0.0.9\n\n```\nnever closed\n\n## 0.0.8\n",
        "## Once upon a time\n\n- x\n",
        "## caf\u{10ffe9}\n\n- x\n",
    ] {
        let text = format!("# Log\n\n## About\n\nWords.\n\n## [0.1.0] - 2026-01-01\n\n- c\n\n## [0.0.9.1]\n\n{old}");
        let result = written(&text, "0.2.0", FIX).unwrap();
        let from = text.find("## [0.1.0]").unwrap();
        assert!(result.ends_with(&text[from..]), "{result}");
    }
    let foreign = "## Unreleased\n\n- caf\u{10ffe9}\n\n## 0.1.0\n";
    assert_eq!(
        changed(foreign),
        "line 1: the text is not UTF-8, and would move into the release"
    );
}

#[test]
fn marks_of_other_tools_stay_in_place() {
    let text = "# Log\n\n<!-- next-header -->\n\n## [Unreleased] - ReleaseDate\n\n- a\n\n## [0.1.0] - 2025-01-01\n\n- b\n\n<!-- next-url -->\n[Unreleased]: https://e.org/compare/v0.1.0...HEAD\n[0.1.0]: https://e.org/compare/v0.0.9...v0.1.0\n";
    let result = written(text, "0.2.0", "").unwrap();
    assert!(
        result.contains("<!-- next-header -->\n\n## [Unreleased] - ReleaseDate\n\n## [0.2.0] - 2026-02-03\n\n- a\n"),
        "{result}"
    );
    let comment = "## Unreleased\n<!-- add lines here -->\n\n- a\n\n## 0.1.0\n";
    let result = written(comment, "0.2.0", "").unwrap();
    assert!(
        result.starts_with("## Unreleased\n<!-- add lines here -->\n\n## 0.2.0\n\n- a\n\n## 0.1.0"),
        "{result}"
    );
}

#[test]
fn a_far_release_may_be_announced_above_what_is_unreleased() {
    let text = "# Log\n\n## 1.0.0 - TBD\n\n- far\n\n## [Unreleased]\n\n- near\n\n## [0.1.0] - 2026-01-01\n\n- old\n";
    let result = written(text, "0.2.0", FIX).unwrap();
    let expected = "## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n\n- near\n- mended\n\n## [0.1.0]";
    assert_eq!(
        result,
        text.replace("## [Unreleased]\n\n- near\n\n## [0.1.0]", expected)
    );
    let far = written(text, "1.0.0", FIX).unwrap();
    assert!(
        far.starts_with("# Log\n\n## [1.0.0] - 2026-02-03\n\n- far\n- near\n- mended\n\n## [Unreleased]\n\n## [0.1.0]"),
        "{far}"
    );
}

#[test]
fn definitions_stay_at_the_end_of_their_section() {
    let text = "# Log\n\n## Unreleased\n\n### Fixed\n\n- see [#1]\n\n[#1]: https://e.org/1\n\n## 0.1.0\n\n### Fixed\n\n- old\n";
    let entries = "### Added\n\n- new\n\n### Fixed\n\n- mended\n";
    let result = written(text, "0.2.0", entries).unwrap();
    let expected =
        "## 0.2.0\n\n### Fixed\n\n- see [#1]\n- mended\n\n### Added\n\n- new\n\n[#1]: https://e.org/1\n\n## 0.1.0";
    assert!(result.contains(expected), "{result}");
    assert_eq!(written(&result, "0.2.0", entries), Ok(result));
}

#[test]
fn headings_above_the_level_of_releases_are_of_the_file() {
    let text = "# Notes\n\n## Known issues\n- one\n\n## Changes\n\n### Version 0.1.0\n\n- old\n";
    let new = "### Version 0.2.0 | · | - mended | ·";
    assert_eq!(changed(text), new);
}
