//! Splits a changelog into its sections, without losing a byte.
//!
//! Owns which headings are releases and what their parts mean. Knows nothing of how a changelog is changed.

use std::collections::HashMap;
use std::ops::Range;

use semver::Version;

use super::scan::{Kind, Line, Unclosed, scan};

/// Why a changelog is refused: it cannot be changed without guessing. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    /// Two sections collect unreleased changes.
    #[error("line {line}: a second Unreleased section (the first is on line {first})")]
    SecondUnreleased {
        /// The line of the second heading.
        line: usize,
        /// The line of the first heading.
        first: usize,
    },
    /// Two sections describe one release.
    #[error("line {line}: a second section of {version} (the first is on line {first})")]
    SecondRelease {
        /// The line of the second heading.
        line: usize,
        /// The line of the first heading.
        first: usize,
        /// The version of both.
        version: Version,
    },
    /// Code or HTML that never ends hides all that follows.
    #[error("line {line}: what opens here is never closed by {closing}")]
    Unclosed {
        /// The line that opens it.
        line: usize,
        /// What would close it.
        closing: &'static str,
    },
    /// The newest changes are not on top.
    #[error("line {line}: the Unreleased section stands below the section of a release")]
    UnreleasedBelow {
        /// The line of the Unreleased heading.
        line: usize,
    },
    /// Generated entries that would break the section they go into.
    #[error("the generated entries hold a heading above `###`: `{title}`")]
    EntriesOutgrow {
        /// The heading's text.
        title: String,
    },
    /// Generated entries with code or HTML that never ends.
    #[error("the generated entries open something that {closing} never closes")]
    EntriesUnclosed {
        /// What would close it.
        closing: &'static str,
    },
}

impl ChangelogError {
    /// The edit or command that mends it.
    pub fn remedy(&self, path: &str) -> String {
        format!("edit {path}")
    }
}

impl From<Unclosed> for ChangelogError {
    fn from(Unclosed { line, closing }: Unclosed) -> Self {
        Self::Unclosed { line, closing }
    }
}

/// A changelog split into parts that concatenate to its text: preamble, sections in order, footer.
#[derive(Debug, Clone)]
pub struct Changelog<'a> {
    /// What stands above the first section: byte order mark, title, words of welcome.
    pub preamble: &'a str,
    /// The sections, from the top.
    pub sections: Vec<Section<'a>>,
    /// The link definitions at the end, with blank lines and one-line comments between them.
    pub footer: &'a str,
    /// Every link definition, wherever it stands, in order.
    pub definitions: Vec<Definition<'a>>,
    /// The line ending in use: that of the first line.
    pub eol: &'static str,
    /// The levels of headings.
    pub(super) levels: Levels,
    /// Where the first block that is neither title nor paragraph starts, for files of another form.
    pub(super) welcome_end: usize,
}

/// The levels of the headings that a changelog writes, `#` being 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Levels {
    /// Of sections: 2, or 1 in a file whose first section is on that level.
    pub(super) section: usize,
    /// Of the groups in them: 3; in a file with sections on level 1 as its first group, else 2.
    pub(super) group: usize,
}

/// A heading and what stands under it, down to the next section.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// What the heading names.
    pub kind: SectionKind<'a>,
    /// The heading's line or lines, with their endings.
    pub heading: &'a str,
    /// All that follows, with its blank lines.
    pub body: &'a str,
    /// The byte offset of the heading.
    pub start: usize,
    /// The line of the heading, from 1.
    pub line: usize,
}

impl Section<'_> {
    /// The byte offsets of the body.
    pub(super) fn body_range(&self) -> Range<usize> {
        let start = self.start + self.heading.len();
        start..start + self.body.len()
    }
}

/// What a section's heading names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionKind<'a> {
    /// `## [Unreleased]`.
    Unreleased,
    /// `## [1.0.0] - 2026-01-01 [YANKED]`, or a form of it that other tools write.
    Release {
        /// The version as written, such as `v1.0`.
        name: &'a str,
        /// The version, where it is one of Semantic Versioning.
        version: Option<Version>,
        /// The date as written.
        date: Option<&'a str>,
        /// Whether the release was taken back.
        yanked: bool,
    },
    /// Some other heading on the level of sections or above, below the first section.
    Other {
        /// The heading's text.
        title: &'a str,
    },
}

/// A link reference definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition<'a> {
    /// The text between the brackets.
    pub label: &'a str,
    /// Where it leads.
    pub url: &'a str,
    /// The byte offset of its line.
    pub start: usize,
    /// The line with its ending.
    pub text: &'a str,
}

impl<'a> Changelog<'a> {
    /// The section of unreleased changes.
    pub fn unreleased(&self) -> Option<&Section<'a>> {
        self.sections
            .iter()
            .find(|section| section.kind == SectionKind::Unreleased)
    }

    /// The section of a release.
    pub fn release(&self, wanted: &Version) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| match &section.kind {
            SectionKind::Release { version, .. } => version.as_ref() == Some(wanted),
            SectionKind::Unreleased | SectionKind::Other { .. } => false,
        })
    }

    /// The parts in order; concatenated they are the text.
    pub fn parts(&self) -> impl Iterator<Item = &'a str> {
        let sections = self.sections.iter().flat_map(|section| [section.heading, section.body]);
        [self.preamble].into_iter().chain(sections).chain([self.footer])
    }
}

/// Splits a changelog into its parts.
///
/// # Errors
/// Where two sections are unreleased or of one version, or where code or a comment that is never closed hides the rest.
pub fn parse(text: &str) -> Result<Changelog<'_>, ChangelogError> {
    let lines = scan(text)?;
    let footer = footer_start(&lines).unwrap_or(text.len());
    let (heads, levels) = heads(&lines);
    let ends = heads.iter().skip(1).map(|head| head.start).chain([footer]);
    let sections: Vec<_> = heads
        .iter()
        .zip(ends)
        .map(|(head, end)| Section {
            kind: head.kind.clone(),
            heading: slice(text, head.start..head.end),
            body: slice(text, head.end..end),
            start: head.start,
            line: head.line,
        })
        .collect();
    refuse_doubles(&sections)?;
    let first = sections.first().map_or(footer, |section| section.start);
    Ok(Changelog {
        preamble: slice(text, 0..first),
        sections,
        footer: slice(text, footer..text.len()),
        definitions: lines.iter().filter_map(definition).collect(),
        eol: line_ending(text),
        levels,
        welcome_end: welcome_end(&lines).min(footer),
    })
}

/// The ending of the first line; a line feed where there is none.
pub(super) fn line_ending(text: &str) -> &'static str {
    match text.split_inclusive('\n').next() {
        Some(line) if line.ends_with("\r\n") => "\r\n",
        Some(_) | None => "\n",
    }
}

/// The bytes of a range whose ends are line starts, hence never inside a character.
fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

fn definition<'a>(line: &Line<'a>) -> Option<Definition<'a>> {
    match line.kind {
        Kind::Definition { label, url } => Some(Definition {
            label,
            url,
            start: line.start,
            text: line.text,
        }),
        Kind::Blank
        | Kind::Heading { .. }
        | Kind::Underline
        | Kind::Item
        | Kind::Continued
        | Kind::Raw
        | Kind::Text => None,
    }
}

/// Where the run of definitions at the end starts.
fn footer_start(lines: &[Line<'_>]) -> Option<usize> {
    lines
        .iter()
        .rev()
        .take_while(|line| match line.kind {
            Kind::Definition { .. } | Kind::Blank => true,
            Kind::Raw => is_whole_comment(line.text),
            Kind::Heading { .. } | Kind::Underline | Kind::Item | Kind::Continued | Kind::Text => false,
        })
        .filter(|line| matches!(line.kind, Kind::Definition { .. }))
        .last()
        .map(|line| line.start)
}

/// Whether a line is a comment from end to end, such as the marks that some tools leave.
pub(super) fn is_whole_comment(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("<!--") && line.ends_with("-->")
}

/// Where the title and the paragraphs under it end.
fn welcome_end(lines: &[Line<'_>]) -> usize {
    let mut titled = false;
    let mut end = 0;
    for line in lines {
        let welcome = match line.kind {
            Kind::Heading { level: 1, .. } => !std::mem::replace(&mut titled, true),
            Kind::Blank | Kind::Underline | Kind::Text | Kind::Raw => true,
            Kind::Heading { .. } | Kind::Item | Kind::Continued | Kind::Definition { .. } => false,
        };
        if !welcome {
            break;
        }
        end = line.end();
    }
    end
}

struct Head<'a> {
    kind: SectionKind<'a>,
    start: usize,
    end: usize,
    line: usize,
}

/// The headings that start sections. Other headings count only below the first of them: above lies the preamble. Where
/// that first one is on level 1, what stands on level 2 is a group of its section, unless it names a release.
fn heads<'a>(lines: &[Line<'a>]) -> (Vec<Head<'a>>, Levels) {
    let mut heads: Vec<Head<'a>> = Vec::new();
    let mut levels = Levels { section: 2, group: 3 };
    let mut first_group = None;
    for (index, line) in lines.iter().enumerate() {
        let Kind::Heading { level, title } = line.kind else {
            continue;
        };
        let kind = match section_kind(level, title) {
            Some(kind) => kind,
            None if heads.is_empty() => continue,
            None if level <= levels.section => SectionKind::Other { title },
            None => {
                first_group.get_or_insert(level);
                continue;
            }
        };
        if heads.is_empty() && level == 1 {
            levels.section = 1;
        }
        let underline = lines.get(index + 1).filter(|next| next.kind == Kind::Underline);
        let end = underline.unwrap_or(line).end();
        heads.push(Head {
            kind,
            start: line.start,
            end,
            line: index + 1,
        });
    }
    if levels.section == 1 {
        levels.group = first_group.filter(|level| *level <= 3).unwrap_or(2);
    }
    (heads, levels)
}

/// Reads a heading as that of a section; `None` where it is some other heading.
fn section_kind(level: usize, title: &str) -> Option<SectionKind<'_>> {
    let (name, rest) = split_name(title);
    if level <= 2 && name.eq_ignore_ascii_case("unreleased") {
        return Some(SectionKind::Unreleased);
    }
    let bare = name.strip_prefix(['v', 'V']).unwrap_or(name);
    let version = Version::parse(bare).ok();
    let mut words = rest
        .split([' ', '\t', '(', ')', '[', ']', ',', ':', '–', '—'])
        .filter(|word| !matches!(*word, "" | "-" | "/"))
        .peekable();
    let date = words.next_if(|word| is_date(word));
    let yanked = words.next_if(|word| word.eq_ignore_ascii_case("yanked")).is_some();
    // A version at level 2 is a release whatever follows it; elsewhere only a heading that says nothing more.
    let release = match (&version, level) {
        (Some(_), 2) => true,
        (Some(_), 1 | 3) | (None, 2) => words.next().is_none() && is_version_like(bare),
        _ => false,
    };
    release.then_some(SectionKind::Release {
        name,
        version,
        date,
        yanked,
    })
}

/// Splits `[1.0.0](url) - date` and its plainer forms into name and rest.
fn split_name(title: &str) -> (&str, &str) {
    if let Some((name, rest)) = title.strip_prefix('[').and_then(|title| title.split_once(']')) {
        let linked = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        return (name.trim(), linked.map_or(rest, |(_, rest)| rest));
    }
    let (name, rest) = title.split_once([' ', '\t']).unwrap_or((title, ""));
    (name.trim_end_matches([':', ',']), rest)
}

/// `2026-01-01`, `2026/01/01`, `01.01.2026`.
fn is_date(word: &str) -> bool {
    (8..=10).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'/' | b'.'))
        && word.bytes().filter(|b| !b.is_ascii_digit()).count() == 2
}

/// `1.0.0`, `1.0`, `1`, `1.0-beta`: numbers with dots, and what may follow them.
fn is_version_like(name: &str) -> bool {
    let core = name.split(['-', '+']).next().unwrap_or(name);
    core.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn refuse_doubles(sections: &[Section<'_>]) -> Result<(), ChangelogError> {
    let mut unreleased = None;
    let mut releases = HashMap::new();
    for section in sections {
        let line = section.line;
        match &section.kind {
            SectionKind::Unreleased => {
                if let Some(first) = unreleased.replace(line) {
                    return Err(ChangelogError::SecondUnreleased { line, first });
                }
            }
            SectionKind::Release {
                version: Some(version), ..
            } => {
                if let Some(first) = releases.insert(version, line) {
                    return Err(ChangelogError::SecondRelease {
                        line,
                        first,
                        version: version.clone(),
                    });
                }
            }
            SectionKind::Release { version: None, .. } | SectionKind::Other { .. } => {}
        }
    }
    Ok(())
}
