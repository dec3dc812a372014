//! The form of a changelog's newest release, and a new release's heading in that form.

use std::ops::Range;

use semver::Version;

use super::heading::{Title, read_version};
use super::parse::{Changelog, Section, SectionKind};
use super::scan::is_thematic_break;

/// How releases are headed, learned from the newest one and the one below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'s, 'a> {
    model: &'s Section<'a>,
    /// What both say is said of every release.
    second: Option<&'s Section<'a>>,
    /// A release `x.y.0`, which shows whether its last number is written.
    whole: Option<&'s Section<'a>>,
}

impl<'s, 'a> Style<'s, 'a> {
    /// The form in use, looking past the section of `version` itself; `None` where no release shows one.
    pub(super) fn learn(changelog: &'s Changelog<'a>, version: &Version) -> Option<Self> {
        let told = |section: &&Section<'a>| match &section.kind {
            SectionKind::Release {
                pending,
                version: named,
                ..
            } => !pending && named.as_ref() != Some(version),
            SectionKind::Unreleased | SectionKind::Other { .. } => false,
        };
        let mut releases = changelog.releases().filter(told);
        let model = releases.next()?;
        let level = model.level;
        Some(Self {
            model,
            second: releases.find(|section| section.level == level),
            whole: changelog.releases().find(|section| {
                section
                    .version()
                    .is_some_and(|version| version.patch == 0 && version.pre.is_empty())
            }),
        })
    }

    /// Whether headings carry a date.
    pub(super) fn is_dated(&self) -> bool {
        Title::read(self.model.title).date.is_some()
    }

    /// Whether entries stand right below their release's heading, without a blank line.
    pub(super) fn is_compact(&self) -> bool {
        let first = self.model.body.lines().next().unwrap_or_default();
        first.trim_start().starts_with(['-', '*', '+', '#']) && self.model.heading.contains('#')
    }

    /// What stands between a release and the next one: blank lines, and a rule where they are apart by one.
    pub(super) fn tail(&self, changelog: &Changelog<'a>) -> &'a str {
        let followed = changelog
            .sections
            .last()
            .is_some_and(|last| last.start != self.model.start);
        let is_blank = |c: char| matches!(c, '\r' | '\n' | ' ' | '\t');
        let body = self.model.body;
        let ruled = body.trim_end_matches(|c: char| is_blank(c) || matches!(c, '-' | '*' | '_'));
        let tail = body.get(ruled.len()..).unwrap_or_default();
        let bare = body.get(body.trim_end_matches(is_blank).len()..).unwrap_or_default();
        let tail = if tail.lines().any(|line| is_thematic_break(line.trim())) {
            tail
        } else {
            bare
        };
        let tail = tail.split_once('\n').map_or("", |(_, tail)| tail);
        match (followed, tail.is_empty()) {
            (true, true) if self.is_compact() => "",
            (true, false) => tail,
            (true, true) | (false, _) => changelog.eol,
        }
    }

    /// The target of the link in the newest release's heading.
    pub(super) fn link(&self) -> Option<&'a str> {
        self.model.title.get(Title::read(self.model.title).link?)
    }

    /// The lines of a new heading, an anchor above it included. `link` is where it leads, where headings are links.
    pub(super) fn heading(&self, version: &Version, date: &str, link: Option<&str>) -> String {
        let title = Title::read(self.model.title);
        let new_title = self.title(&title, version, date, link);
        let heading = self.model.heading;
        let Some(at) = heading.rfind(self.model.title) else {
            return heading.to_owned();
        };
        let behind = heading.get(at + self.model.title.len()..).unwrap_or_default();
        let above = heading.get(..at).unwrap_or_default();
        let (anchor, marks) = above.rsplit_once('\n').map_or(("", above), |(anchor, marks)| {
            (above.get(..anchor.len() + 1).unwrap_or_default(), marks)
        });
        let anchor = match title.version_text() {
            Some(old) => renamed_anchor(anchor, old, &self.version_text(old, version)),
            None => anchor.to_owned(),
        };
        let length = |text: &str| text.chars().count();
        let underline = behind.trim();
        let behind = if marks.contains('#') || length(underline) != length(self.model.title) {
            behind.to_owned()
        } else {
            let mark = underline.get(..1).unwrap_or_default();
            behind.replace(underline, &mark.repeat(length(&new_title)))
        };
        format!("{anchor}{marks}{new_title}{behind}")
    }

    /// The date of a release in the form in use.
    pub(super) fn date(&self, date: &str) -> Option<String> {
        Title::read(self.model.title).date.map(|dated| dated.form.write(date))
    }

    fn title(&self, title: &Title<'a>, version: &Version, date: &str, link: Option<&str>) -> String {
        let second = self.second.map(|section| Title::read(section.title));
        let spans = spans(title);
        let said = second.as_ref().map(|title| between(title, &self::spans(title)));
        let own = between(title, &spans);
        let mut text = String::new();
        for (number, gap) in own.iter().enumerate() {
            let agreed = match &said {
                Some(said) => (number == 0 || said.len() == own.len()) && said.get(number) == Some(gap),
                None => number == 0,
            };
            let kept = if agreed || !has_words(gap) {
                (*gap).to_owned()
            } else {
                reduced(gap, number == 0, number + 1 == own.len())
            };
            text.push_str(&kept);
            match spans.get(number).map(|span| &span.what) {
                Some(What::Version) => {
                    let old = title.version_text().unwrap_or_default();
                    text.push_str(&self.version_text(old, version));
                }
                Some(What::Date) => text.push_str(&self.date(date).unwrap_or_default()),
                Some(What::Link) => text.push_str(link.unwrap_or_default()),
                None => {}
            }
        }
        balanced(if link.is_none() {
            text.replacen("]()", "]", 1)
        } else {
            text
        })
    }

    /// The version with as many numbers, and as many digits, as `old` has.
    fn version_text(&self, old: &str, new: &Version) -> String {
        if read_version(old).is_none() {
            return new.to_string();
        }
        let numbers = |text: &str| {
            let core = text.split(['-', '+']).next().unwrap_or(text);
            core.split('.').map(str::len).collect::<Vec<_>>()
        };
        let widths = numbers(old);
        let padded = old.split('.').any(|number| number.len() > 1 && number.starts_with('0'));
        let whole = self.whole.and_then(|section| Title::read(section.title).version_text());
        let short = new.patch == 0 && whole.is_some_and(|whole| numbers(whole).len() == 2);
        let parts = [new.major, new.minor, new.patch];
        let written = parts
            .iter()
            .enumerate()
            .take(if short { 2 } else { 3 })
            .map(|(number, part)| {
                let width = widths
                    .get(number)
                    .copied()
                    .filter(|_| padded && number == 1)
                    .unwrap_or(1);
                format!("{part:0width$}")
            });
        let core = written.collect::<Vec<_>>().join(".");
        let full = new.to_string();
        let suffix = full.find(['-', '+']).and_then(|at| full.get(at..)).unwrap_or_default();
        format!("{core}{suffix}")
    }
}

/// A part of a title that is written anew.
struct Span {
    range: Range<usize>,
    what: What,
}

enum What {
    Version,
    Date,
    Link,
}

fn spans(title: &Title<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let version = title.version.clone().map(|range| Span {
        range,
        what: What::Version,
    });
    let date = title.date.as_ref().map(|date| Span {
        range: date.range.clone(),
        what: What::Date,
    });
    let link = title.link.clone().map(|range| Span {
        range,
        what: What::Link,
    });
    spans.extend([version, date, link].into_iter().flatten());
    spans.sort_by_key(|span| span.range.start);
    spans
}

/// What stands around the spans, in order; one more than there are spans.
fn between<'a>(title: &Title<'a>, spans: &[Span]) -> Vec<&'a str> {
    let starts = spans.iter().map(|span| span.range.start).chain([title.text.len()]);
    let ends = [0].into_iter().chain(spans.iter().map(|span| span.range.end));
    ends.zip(starts)
        .map(|(start, end)| title.text.get(start..end).unwrap_or_default())
        .collect()
}

/// Whether a gap says more than that a version follows.
fn has_words(gap: &str) -> bool {
    without_v(gap).0.contains(char::is_alphanumeric)
}

/// The text without a `v` at its end, and the `v`.
fn without_v(gap: &str) -> (&str, &str) {
    let bare = gap.strip_suffix(['v', 'V']).unwrap_or(gap);
    let alone = !bare.ends_with(char::is_alphanumeric);
    let bare = if alone { bare } else { gap };
    (bare, gap.get(bare.len()..).unwrap_or_default())
}

/// What closes the part in front and opens the one behind, without the words between them, which are one release's own.
fn reduced(gap: &str, first: bool, last: bool) -> String {
    let (gap, v) = without_v(gap);
    let closing = gap.len() - gap.trim_start_matches([']', ')', '*', '_', '`']).len();
    let close = gap.get(..closing).filter(|_| !first).unwrap_or_default();
    let tail = gap.trim_end_matches(|c: char| !c.is_alphanumeric());
    let open = gap.get(tail.len()..).filter(|_| !last).unwrap_or_default();
    let open = open.trim_start_matches(['"', '\'', '”', '’', '!', '?', '.', ':', ')', '*', '_', '`']);
    format!("{close}{open}{v}")
}

/// The text with the brackets closed that it opens.
fn balanced(mut text: String) -> String {
    for (open, close) in [('(', ')'), ('[', ']')] {
        if text.matches(open).count() > text.matches(close).count() {
            text.push(close);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// An anchor for another version, in the spelling that it has: with dots, dashes, underscores or nothing between.
fn renamed_anchor(anchor: &str, old: &str, new: &str) -> String {
    for between in [".", "-", "_", ""] {
        let [old, new] = [old, new].map(|text| text.replace('.', between));
        if anchor.contains(&old) {
            return anchor.replace(&old, &new);
        }
    }
    String::new()
}
