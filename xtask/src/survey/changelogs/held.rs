//! What the tool wrote, held against what was there before and what the project wrote.
//!
//! Reads headings with a CommonMark reader of its own and looks at bytes; must not ask the tool how it reads a changelog.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use regex::Regex;
use semver::Version;

/// The one change that the tool writes an entry for.
pub(super) const SUMMARY: &str = "surveyed, an entry of its own";

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The tool wrote nothing and said why.
    Refused,
    /// The section's heading is not right above that of the release above which the project has it.
    Place,
    /// The heading has not the form that the project's has.
    Heading,
    /// The entry has not the bullet of the section below.
    Bullet,
    /// Something is gone or new besides the section, moved entries and link definitions.
    Bytes,
    /// The definition of the section's link is not the project's.
    Link,
    /// Writing again changes something, or fails.
    Twice,
}

impl Found {
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Refused => "REFUSED",
            Self::Place => "PLACE",
            Self::Heading => "HEADING",
            Self::Bullet => "BULLET",
            Self::Bytes => "BYTES",
            Self::Link => "LINK",
            Self::Twice => "TWICE",
        }
    }
}

/// A heading that holds a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    level: HeadingLevel,
    /// As written, without the line ending; a setext heading's two lines.
    text: String,
    /// Where it stands.
    range: Range<usize>,
    /// The version in it.
    pub(super) version: String,
}

impl Heading {
    /// The text with the version, every other version and the date replaced by words: `## [V] - Y-M-D`.
    pub(super) fn style(&self) -> String {
        // The project's name, code names and whole addresses would be other people's text: an address shows its form.
        let text = ADDRESS.replace_all(&self.text, |found: &regex::Captures<'_>| {
            let address = found.get(0).map_or("", |found| found.as_str());
            let kind = ["compare", "releases/tag", "tree"]
                .into_iter()
                .find(|kind| address.contains(&format!("/{kind}/")));
            format!("…/{}", kind.unwrap_or("…"))
        });
        let text = DATES.iter().fold(text.into_owned(), |text, (date, shown)| {
            date.replace_all(&text, *shown).into_owned()
        });
        let text = text.replace(&self.version, "V");
        let text = UNDERLINE.replace(&text, |found: &regex::Captures<'_>| {
            let mark = found.get(1).map_or("", |found| found.as_str());
            format!(" ⏎ {}", mark.chars().next().unwrap_or('='))
        });
        text.trim_end().to_owned()
    }
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"https?://[^\s)\]>]+"));
static UNDERLINE: LazyLock<Regex> = LazyLock::new(|| regex(r"\r?\n *(=+|-+) *$"));
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| regex(r"^ {0,3}\[([^\]]+)\]: *(\S+)"));
static BULLET: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^( *)([-*+]) +\S"));
static DATES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    const MONTH: &str = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    let table = [
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b".to_owned(), "Y-M-D"),
        (r"\b[0-9]{4}/[0-9]{2}/[0-9]{2}\b".to_owned(), "Y/M/D"),
        (r"\b[0-9]{4}\.[0-9]{2}\.[0-9]{2}\b".to_owned(), "Y.M.D"),
        (
            format!(r"\b{MONTH}[a-z]* [0-9]{{1,2}}(st|nd|rd|th), [0-9]{{4}}\b"),
            "Month Dth, Y",
        ),
        (
            format!(r"\b(May|{MONTH}[a-z]{{1,}}) [0-9]{{1,2}}, [0-9]{{4}}\b"),
            "Month D, Y",
        ),
        (format!(r"\b{MONTH}\.? [0-9]{{1,2}}, [0-9]{{4}}\b"), "Mon D, Y"),
        (
            format!(r"\b[0-9]{{1,2}}(st|nd|rd|th) {MONTH}[a-z]*, [0-9]{{4}}\b"),
            "Dth Month, Y",
        ),
        (
            format!(r"\b[0-9]{{1,2}}(st|nd|rd|th) {MONTH}[a-z]* [0-9]{{4}}\b"),
            "Dth Month Y",
        ),
        (format!(r"\b[0-9]{{1,2}}\. {MONTH}[a-z]*, [0-9]{{4}}\b"), "D. Month, Y"),
        (format!(r"\b[0-9]{{1,2}} {MONTH}[a-z]* [0-9]{{4}}\b"), "D Month Y"),
    ];
    table
        .into_iter()
        .map(|(pattern, shown)| (regex(&pattern), shown))
        .collect()
});

#[expect(
    clippy::expect_used,
    reason = "every pattern stands above and is compiled in every run"
)]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a regular expression")
}

/// The headings of a file that hold a version, in order.
pub(super) struct Outline(Vec<Heading>);

/// A release's heading, and that of the release below it.
pub(super) struct Release<'o> {
    pub(super) heading: &'o Heading,
    pub(super) previous: Option<&'o Heading>,
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let (mut headings, mut depth) = (Vec::new(), 0_usize);
        for (event, range) in Parser::new(text).into_offset_iter() {
            if matches!(event, Event::Start(Tag::Item | Tag::BlockQuote(_))) {
                depth += 1;
            } else if matches!(event, Event::End(TagEnd::Item | TagEnd::BlockQuote(_))) {
                depth = depth.saturating_sub(1);
            }
            let Event::Start(Tag::Heading { level, .. }) = event else {
                continue;
            };
            let written = text.get(range.clone()).unwrap_or_default().trim_end();
            if depth == 0
                && let Some(version) = version_in(written)
            {
                headings.push(Heading {
                    level,
                    text: written.to_owned(),
                    range,
                    version,
                });
            }
        }
        Self(headings)
    }

    /// The first heading of a version, and the next one of its level that holds another.
    pub(super) fn release(&self, version: &str) -> Option<Release<'_>> {
        let at = self.0.iter().position(|heading| heading.version == version)?;
        let heading = self.0.get(at)?;
        let previous = self.0.iter().skip(at + 1).find(|other| other.level <= heading.level);
        Some(Release { heading, previous })
    }

    fn find(&self, text: &str) -> Option<&Heading> {
        self.0.iter().find(|heading| heading.text == text)
    }
}

/// The first word of a heading that is a version.
fn version_in(heading: &str) -> Option<String> {
    let words = heading.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')));
    let bare = words.map(|word| word.trim_start_matches(['v', 'V']).trim_end_matches(['.', '-']));
    bare.filter(|word| Version::parse(word).is_ok())
        .map(str::to_owned)
        .next()
}

/// A changelog before a release, and after it twice.
pub(super) struct Written<'a> {
    pub(super) before: &'a str,
    pub(super) ours: &'a str,
    pub(super) theirs: &'a str,
    pub(super) version: &'a str,
}

impl Written<'_> {
    /// Everything that is not as it should be.
    pub(super) fn held(&self) -> Vec<Found> {
        let (ours, theirs) = (Outline::of(self.ours), Outline::of(self.theirs));
        let (Some(mine), Some(project)) = (ours.release(self.version), theirs.release(self.version)) else {
            return vec![Found::Place];
        };
        let below = |release: &Release<'_>| release.previous.map(|previous| previous.text.clone());
        let placed = below(&mine) == below(&project);
        let formed = mine.heading.style() == project.heading.style();
        let bullet = mine
            .previous
            .and_then(|previous| bullet(self.ours.get(previous.range.end..)?));
        let written = self
            .ours
            .lines()
            .find(|line| line.contains(SUMMARY))
            .and_then(bullet_of);
        let checks = [
            (Found::Place, placed),
            (Found::Heading, formed),
            (Found::Bullet, bullet.is_none() || bullet == written),
            (Found::Bytes, self.keeps_the_rest(&mine)),
            (
                Found::Link,
                definition(self.ours, self.version) == definition(self.theirs, self.version),
            ),
        ];
        checks
            .into_iter()
            .filter(|(_, holds)| !holds)
            .map(|(found, _)| found)
            .collect()
    }

    /// Whether all that the file had is there in its order and to the byte, and nothing is new but a section's lines.
    ///
    /// Link definitions aside; and a heading that announced the release may go.
    fn keeps_the_rest(&self, mine: &Release<'_>) -> bool {
        let Some(previous) = mine.previous else { return false };
        let Some(before) = Outline::of(self.before)
            .find(&previous.text)
            .map(|heading| heading.range.start)
        else {
            return false;
        };
        let (head, tail) = self.before.split_at(before);
        let (new_head, new_tail) = self.ours.split_at(previous.range.start);
        let mut added: Vec<&str> = Vec::new();
        let mut kept = head.split_inclusive('\n').peekable();
        for line in new_head.split_inclusive('\n') {
            while kept.peek().is_some_and(|old| *old != line && self.announces(old)) {
                kept.next();
            }
            if kept.peek() == Some(&line) {
                kept.next();
            } else {
                added.push(line);
            }
        }
        while kept
            .peek()
            .is_some_and(|old| self.announces(old) || old.trim().is_empty())
        {
            kept.next();
        }
        kept.next().is_none() && added.iter().all(|line| self.belongs(line)) && same(tail, new_tail)
    }

    /// Whether a line may be rewritten: it announces the release, or defines a link.
    fn announces(&self, line: &str) -> bool {
        let lower = line.to_lowercase();
        DEFINITION.is_match(line)
            || is_heading_line(line)
                && (line.contains(self.version)
                    || ["unreleased", "next", "upcoming", "tbd"]
                        .iter()
                        .any(|word| lower.contains(word)))
    }

    /// Whether a new line is one of a section: its heading, a group's, the entry, a link's definition, or blank.
    fn belongs(&self, line: &str) -> bool {
        let line = line.trim();
        line.is_empty()
            || line.contains(SUMMARY)
            || line.contains(self.version)
            || line.starts_with('#')
            || line.chars().all(|c| matches!(c, '=' | '-'))
            || line.to_lowercase().contains("unreleased")
            || DEFINITION.is_match(line)
            // Groups as words of their own: `**Added**`, `Added:`.
            || !line.contains(' ')
    }
}

fn is_heading_line(line: &str) -> bool {
    line.trim_start().starts_with('#') || !line.trim_start().starts_with(['-', '*', '+', ' '])
}

/// Whether two texts are equal byte for byte, link definitions aside, of which none but Unreleased's may be gone.
fn same(old: &str, new: &str) -> bool {
    let plain = |text: &str| {
        text.split_inclusive('\n')
            .filter(|line| !DEFINITION.is_match(line))
            .collect::<String>()
    };
    let lost = old
        .split_inclusive('\n')
        .filter(|line| DEFINITION.is_match(line) && !line.to_lowercase().starts_with("[unreleased"))
        .filter(|line| !new.contains(line.trim_end()))
        .count();
    lost == 0 && plain(old).trim_end() == plain(new).trim_end()
}

/// The address that a release's link is defined with.
fn definition<'t>(text: &'t str, version: &str) -> Option<&'t str> {
    let mut found = text.lines().filter_map(|line| DEFINITION.captures(line));
    let label = |found: &regex::Captures<'t>| {
        found
            .get(1)
            .map_or("", |label| label.as_str())
            .trim_start_matches('v')
            .to_owned()
    };
    let found = found.find(|found| label(found) == version)?;
    found.get(2).map(|address| address.as_str())
}

/// The bullet of the first entry in a text.
fn bullet(text: &str) -> Option<(usize, char)> {
    text.lines().find_map(bullet_of)
}

fn bullet_of(line: &str) -> Option<(usize, char)> {
    let found = BULLET.captures(line)?;
    let indent = found.get(1).map_or(0, |blanks| blanks.len());
    Some((indent, found.get(2)?.as_str().chars().next()?))
}
