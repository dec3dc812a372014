//! What a heading says: a version and a date in whatever dress, or that something is not released yet.
//!
//! Links' targets, HTML and attributes are looked past. Knows nothing of levels, and of no other heading.

use std::ops::Range;

use semver::Version;

use super::date::Dated;

/// Words that say of a version, or of everything below a heading, that it is not released.
const PENDING: [&str; 14] = [
    "not yet released",
    "not released",
    "to be released",
    "yet to be released",
    "work in progress",
    "in development",
    "in progress",
    "coming soon",
    "releasedate",
    "unreleased",
    "upcoming",
    "tbd",
    "tba",
    "wip",
];

/// Names of what is not released, where a heading says nothing else.
const UNRELEASED: [&str; 15] = [
    "next",
    "head",
    "master",
    "main",
    "develop",
    "development",
    "trunk",
    "dev",
    "nightly",
    "current",
    "future",
    "pending",
    "git",
    "tip",
    "latest",
];

/// Words that stand beside those names without a meaning of their own.
const FILLERS: [&str; 10] = [
    "release", "releases", "version", "changes", "branch", "the", "git", "in", "on", "from",
];

/// Words that stand beside a version without a meaning of their own.
const VERSION_WORDS: [&str; 6] = ["v", "ver", "version", "release", "released", "rel"];

/// A heading's text, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Title<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// Where its version stands, without a `v` in front; a date where that is all it has.
    pub(super) version: Option<Range<usize>>,
    /// Its date.
    pub(super) date: Option<Dated>,
    /// Where it says that the version is not released.
    pub(super) pending: Option<Range<usize>>,
    /// Whether the release was taken back.
    pub(super) yanked: bool,
    /// The target of the link around the version.
    pub(super) link: Option<Range<usize>>,
    /// Whether nothing but that is said.
    pub(super) plain: bool,
}

impl<'a> Title<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let (seen, link) = mask(text);
        let (version, date) = numbers(&seen);
        let lower = seen.to_ascii_lowercase();
        let mut rest = lower.clone();
        let mut pending = None;
        for range in [version.clone(), date.as_ref().map(|date| date.range.clone())]
            .into_iter()
            .flatten()
        {
            blank(&mut rest, &range);
        }
        if let Some(range) = version.as_ref().and_then(|range| development_suffix(&lower, range)) {
            pending = Some(range);
        }
        if let Some(range) = PENDING
            .iter()
            .find_map(|words| find_words(&rest, words))
            .or_else(|| placeholder(&rest))
        {
            blank(&mut rest, &range);
            pending.get_or_insert(range);
        }
        let yanked = find_words(&rest, "yanked").or_else(|| find_words(&rest, "withdrawn"));
        if let Some(range) = &yanked {
            blank(&mut rest, range);
        }
        if date.is_none() && version.is_some() && pending.is_none() {
            let named = words(&rest).find(|word| matches!(*word, "next" | "soon" | "planned" | "dev" | "development"));
            if let Some(range) = named.and_then(|word| find_words(&rest, word)) {
                blank(&mut rest, &range);
                pending = Some(range);
            }
        }
        let version = match (&pending, version) {
            (Some(suffix), Some(range)) if range.contains(&suffix.start) => Some(range.start..suffix.start),
            (_, version) => version,
        };
        let plain = words(&rest).all(|word| VERSION_WORDS.contains(&word));
        Self {
            text,
            version,
            date,
            pending,
            yanked: yanked.is_some(),
            link,
            plain,
        }
    }

    /// Whether it names what is not released, and no version.
    pub(super) fn is_unreleased(&self) -> bool {
        if self.version.is_some() {
            return false;
        }
        let lower = mask(self.text).0.to_ascii_lowercase();
        let mut left = words(&lower).filter(|word| !FILLERS.contains(word)).peekable();
        let named = left.peek().is_some() && left.all(|word| UNRELEASED.contains(&word));
        self.pending.is_some() || named
    }

    /// The version as written, without `v`.
    pub(super) fn version_text(&self) -> Option<&'a str> {
        self.text.get(self.version.clone()?)
    }

    /// The version, where it is one of Semantic Versioning or of the calendar.
    pub(super) fn semver(&self) -> Option<Version> {
        self.version_text().and_then(read_version)
    }

    /// The date as written.
    pub(super) fn date_text(&self) -> Option<&'a str> {
        self.text.get(self.date.as_ref()?.range.clone())
    }

    /// The text between the brackets around the version: the label of its link.
    pub(super) fn label(&self) -> Option<&'a str> {
        let version = self.version.as_ref()?;
        let (before, behind) = (self.text.get(..version.start)?, self.text.get(version.end..)?);
        let open = before.rfind('[')? + 1;
        let close = version.end + behind.find(']')?;
        let label = self.text.get(open..close)?;
        (!label.contains([']', '['])).then_some(label)
    }
}

/// A version with as many numbers as people write: `1.2` is 1.2.0, and `25.07.1` is 25.7.1.
pub(super) fn read_version(text: &str) -> Option<Version> {
    if let Ok(version) = Version::parse(text) {
        return Some(version);
    }
    let core = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (core, rest) = text.split_at_checked(core)?;
    let mut numbers = core.split('.').map(|number| number.parse::<u64>().ok());
    let version = [
        numbers.next()??,
        numbers.next().unwrap_or(Some(0))?,
        numbers.next().unwrap_or(Some(0))?,
    ];
    if numbers.next().is_some() {
        return None;
    }
    let [major, minor, patch] = version;
    Version::parse(&format!("{major}.{minor}.{patch}{rest}")).ok()
}

/// The version in a name such as `v1.0.0` or `demo-1.0.0`.
pub(super) fn version_in(name: &str) -> Option<Version> {
    let (version, _) = numbers(name);
    name.get(version?).and_then(read_version)
}

/// The text with blanks for all that is not shown (targets of links, HTML, attributes), and the first link's target.
fn mask(text: &str) -> (String, Option<Range<usize>>) {
    let mut seen = text.to_owned();
    let mut link = None;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['(', '<', '{'])) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or_default();
        let hidden = match rest.as_bytes() {
            [b'(', ..] if text.get(..start).is_some_and(|before| before.ends_with(']')) => closing(rest, '(', ')'),
            [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!', ..] => rest.find('>').map(|end| end + 1),
            [b'{', b'#' | b'.' | b':', ..] => rest.find('}').map(|end| end + 1),
            _ => None,
        };
        if let (Some(length), true) = (hidden, rest.starts_with('(')) {
            link.get_or_insert(start + 1..start + length - 1);
        }
        let length = hidden.unwrap_or(1);
        if hidden.is_some() {
            blank(&mut seen, &(start..start + length));
        }
        at = start + length;
    }
    (seen, link)
}

/// The length up to the bracket that closes the first one.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at + c.len_utf8());
            }
        }
    }
    None
}

/// Puts blanks in a range, byte for byte.
fn blank(text: &mut String, range: &Range<usize>) {
    if text.is_char_boundary(range.start) && text.is_char_boundary(range.end) {
        text.replace_range(range.clone(), &" ".repeat(range.len()));
    }
}

/// The version and the date in a text.
fn numbers(text: &str) -> (Option<Range<usize>>, Option<Dated>) {
    let mut version: Option<Range<usize>> = None;
    let mut date: Option<Dated> = None;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let next = at + c.len_utf8();
        let before = text.get(..at).unwrap_or_default();
        if !c.is_ascii_alphanumeric() || !starts_word(before, c) {
            at = next;
            continue;
        }
        let dated = Dated::at(text, at);
        let as_version = version.is_none().then(|| version_at(text, at)).flatten();
        match (dated, as_version) {
            (Some(dated), Some(range)) if dated.is_dotted() && date.is_none() => {
                at = range.end;
                version = Some(range);
            }
            (Some(dated), _) => {
                at = dated.range.end;
                date.get_or_insert(dated);
            }
            (None, Some(range)) => {
                at = range.end;
                version = Some(range);
            }
            (None, None) => at = next,
        }
    }
    match (version, date) {
        // A release may be named by its day.
        (None, Some(dated))
            if dated
                .form
                .write("2026-02-03")
                .bytes()
                .filter(u8::is_ascii_digit)
                .count()
                >= 6 =>
        {
            (Some(dated.range), None)
        }
        found => found,
    }
}

/// Whether a number or word starts here; a `v` before a number belongs to it.
fn starts_word(before: &str, c: char) -> bool {
    let mut behind = before.chars().rev();
    let last = behind.next();
    let after_v = c.is_ascii_digit() && last.is_some_and(|c| matches!(c, 'v' | 'V'));
    let last = if after_v { behind.next() } else { last };
    !last.is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '#')
}

/// `1.2.3-rc.1`, `1.2`, `1.x`; a lone number where `v`, a word for versions or nothing at all stands before it.
fn version_at(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let mut length = number(rest)?;
    let mut parts = 1;
    while let Some(more) = rest.get(length..)?.strip_prefix('.') {
        let part = number(more).or_else(|| more.starts_with(['x', 'X', '*']).then_some(1));
        let Some(part) = part else { break };
        length += 1 + part;
        parts += 1;
    }
    let before = text.get(..start)?;
    let after_v = before.ends_with(['v', 'V']);
    if parts == 1 && !after_v {
        let last = before
            .trim_end()
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()?
            .to_lowercase();
        let behind = rest.get(length..)?;
        let alone = last.is_empty()
            && !words(before).any(|_| true)
            && (behind.is_empty() || behind.starts_with([']', '`', '*', ' ']));
        let alone =
            alone && words(behind).all(|word| word.starts_with(|c: char| c.is_ascii_digit()) || word == "yanked");
        if !VERSION_WORDS.contains(&last.as_str()) && !alone {
            return None;
        }
    }
    let tail = rest.get(length..)?;
    let suffix = tail.len()
        - tail
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+'))
            .len();
    let suffix = tail.get(..suffix)?.trim_end_matches(['-', '.', '+']);
    let joined = suffix.starts_with(['-', '+']) && suffix.len() > 1;
    let glued = ["rc", "a", "b", "alpha", "beta", "pre", "dev", "post", "p"]
        .iter()
        .any(|word| {
            let rest = suffix.strip_prefix(word);
            rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        });
    match suffix.chars().next() {
        None => Some(start..start + length),
        Some(_) if joined || glued => Some(start..start + length + suffix.len()),
        Some('-' | '+' | '.') => Some(start..start + length),
        Some(_) => None,
    }
}

fn number(text: &str) -> Option<usize> {
    let length = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    (length > 0).then_some(length)
}

/// `-dev` or `-SNAPSHOT` at the end of a version.
fn development_suffix(lower: &str, version: &Range<usize>) -> Option<Range<usize>> {
    let text = lower.get(version.clone())?;
    let at = ["-dev", ".dev", "-snapshot", "-unreleased", "-pre-release", "-wip"]
        .iter()
        .filter_map(|suffix| text.find(suffix))
        .min()?;
    Some(version.start + at..version.end)
}

/// A date yet to be filled in, such as `2026-xx-xx` or `YYYY-MM-DD`.
fn placeholder(lower: &str) -> Option<Range<usize>> {
    lower.split_whitespace().find_map(|word| {
        let word = word.trim_matches(['(', ')', '[', ']', '*', '_', ':', ',']);
        let parts: Vec<&str> = word.split(['-', '/', '.']).collect();
        let open =
            |part: &&str| !part.is_empty() && part.chars().all(|c| matches!(c, 'x' | 'y' | 'm' | 'd' | '?' | '_'));
        let year = |part: &&str| part.starts_with("20") || open(part);
        let dated = matches!(&parts[..], [a, b, c] if year(a) && (open(b) || number(b) == Some(b.len())) && open(c));
        let marks = word.len() >= 2 && word.chars().all(|c| c == '?');
        if !dated && !marks {
            return None;
        }
        let start = lower.find(word)?;
        Some(start..start + word.len())
    })
}

/// Where words stand, whole.
fn find_words(text: &str, words: &str) -> Option<Range<usize>> {
    text.match_indices(words).find_map(|(start, found)| {
        let end = start + found.len();
        let before = text.get(..start)?.chars().next_back();
        let behind = text.get(end..)?.chars().next();
        let whole = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        (whole(before) && whole(behind)).then_some(start..end)
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version, date and marks of a heading, in a line.
    fn read(text: &str) -> String {
        let title = Title::read(text);
        let mut said = vec![title.version_text().unwrap_or("-"), title.date_text().unwrap_or("-")];
        said.extend(title.pending.is_some().then_some("pending"));
        said.extend(title.is_unreleased().then_some("unreleased"));
        said.extend(title.yanked.then_some("yanked"));
        said.extend(title.plain.then_some("plain"));
        said.join(" ")
    }

    #[test]
    fn versions_are_read_in_every_dress() {
        for (text, expected) in [
            ("1.2.0", "1.2.0 - plain"),
            ("Version 1.2.0", "1.2.0 - plain"),
            ("[1.2.0] - 2026-01-01", "1.2.0 2026-01-01 plain"),
            ("v1.2.0 (2026-01-01)", "1.2.0 2026-01-01 plain"),
            (
                "[v1.2.0](https://e.org/compare/v1.1.0...v1.2.0) (2026-01-01)",
                "1.2.0 2026-01-01 plain",
            ),
            ("`1.2.0` — January 3rd, 2026", "1.2.0 January 3rd, 2026 plain"),
            ("🎉 **1.2.0** 🎉", "1.2.0 - plain"),
            ("<a name=\"v1.1\"></a> 1.2.0 <small>x</small>", "1.2.0 - "),
            ("1.2.0 {#v1-2-0}", "1.2.0 - plain"),
            ("demo-core 1.2.0 (2026-01-01)", "1.2.0 2026-01-01"),
            ("demo@1.2.0", "1.2.0 -"),
            ("demo-v1.2.0", "1.2.0 -"),
            ("2026-01-01, Version 20.11.0 (LTS), @someone", "20.11.0 2026-01-01"),
            ("25.07.1 (2025-07-18)", "25.07.1 2025-07-18 plain"),
            ("2024.01.05", "2024.01.05 - plain"),
            ("2026-01-05", "2026-01-05 - plain"),
            ("1.0.0rc1", "1.0.0rc1 - plain"),
            ("1.0.0-rc.1 (2026-01-01)", "1.0.0-rc.1 2026-01-01 plain"),
            ("1.x", "1.x - plain"),
            ("v2", "2 - plain"),
            ("Version 2", "2 - plain"),
            ("[1.0.0] - 2024-01-01 [YANKED]", "1.0.0 2024-01-01 yanked plain"),
            ("1.0.0 – the big one", "1.0.0 -"),
        ] {
            assert_eq!(read(text), expected.trim_end(), "{text}");
        }
        for text in [
            "2 ways",
            "Changelog",
            "Added",
            "3rd party",
            "#12 and #13",
            "Rust 2021 edition",
            "May the force",
        ] {
            assert!(Title::read(text).version.is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_not_released_is_known_by_its_words() {
        for text in [
            "Unreleased",
            "[Unreleased]",
            "[Unreleased](https://e.org/compare/v1.0.0...HEAD)",
            "Unreleased changes",
            "HEAD",
            "Next Release",
            "[Unreleased] - ReleaseDate",
            "In development",
            "TBD",
            "main branch",
            "Upcoming",
            "Not yet released",
            "Changes in git master",
            "next",
            "[Unreleased] - YYYY-MM-DD",
        ] {
            assert!(Title::read(text).is_unreleased(), "{text}");
        }
        for text in [
            "Changelog",
            "Release notes",
            "Changes",
            "Added",
            "1.0.0 (unreleased)",
            "The main thing",
        ] {
            assert!(!Title::read(text).is_unreleased(), "{text}");
        }
        for text in [
            "[1.2.0] - Unreleased",
            "1.2.0 (unreleased)",
            "Unreleased 1.2.0",
            "1.2.0 (TBD)",
            "1.2.0 - 2026-xx-xx",
            "1.2.0 (YYYY-MM-DD)",
            "1.2.0-dev",
            "1.2.0 (in development)",
            "1.2.0 (????-??-??)",
            "v1.2.0 - next",
        ] {
            let title = Title::read(text);
            assert!(title.pending.is_some() && title.plain, "{text}: {title:?}");
            assert_eq!(title.version_text(), Some("1.2.0"), "{text}");
        }
        assert!(Title::read("1.2.0 - 2026-01-01 - what comes next").pending.is_none());
    }

    #[test]
    fn versions_have_as_many_numbers_as_people_write() {
        let read = |text| read_version(text).map(|version| version.to_string());
        assert_eq!(read("25.07.1").as_deref(), Some("25.7.1"));
        assert_eq!(read("1.2").as_deref(), Some("1.2.0"));
        assert_eq!(read("1.2.0-rc.1").as_deref(), Some("1.2.0-rc.1"));
        assert_eq!(read("1.2.3.4"), None);
        assert_eq!(read("1.x"), None);
        assert_eq!(version_in("p/v0.1.0"), Some(Version::new(0, 1, 0)));
        assert_eq!(version_in("HEAD"), None);
    }
}
