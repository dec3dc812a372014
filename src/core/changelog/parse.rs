//! Splits a changelog into its sections, without losing a byte.
//!
//! Owns which headings are releases and what their parts mean. Knows nothing of how a changelog is changed.

use std::ops::Range;

use semver::Version;

use super::heads::{Heads, heads};
use super::scan::{Kind, Line, Unclosed, scan};

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
    /// Where the first block that is neither title nor paragraph starts, for files of another form.
    pub(super) welcome_end: usize,
    /// What is open at the end, hiding all below it.
    pub(super) unclosed: Option<Unclosed>,
    /// Headings above the first section that stand where releases do, and cannot be understood: line and text.
    pub(super) unclear: Vec<(usize, &'a str)>,
}

/// A heading and what stands under it, down to the next section.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// What the heading names.
    pub kind: SectionKind<'a>,
    /// The heading's text, without its marks.
    pub title: &'a str,
    /// Its level, `#` being 1.
    pub level: usize,
    /// An anchor above it, and the heading's line or lines, with their endings.
    pub heading: &'a str,
    /// All that follows, with its blank lines.
    pub body: &'a str,
    /// The byte offset of `heading`.
    pub start: usize,
    /// The line of the heading, from 1.
    pub line: usize,
}

impl Section<'_> {
    pub(super) fn is_release(&self) -> bool {
        matches!(self.kind, SectionKind::Release { .. })
    }

    pub(super) fn is_released(&self) -> bool {
        matches!(self.kind, SectionKind::Release { pending: false, .. })
    }

    pub(super) fn version(&self) -> Option<&Version> {
        match &self.kind {
            SectionKind::Release { version, .. } => version.as_ref(),
            SectionKind::Unreleased | SectionKind::Other { .. } => None,
        }
    }

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
        /// Whether the heading says that it is not released yet.
        pending: bool,
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
    /// The section of unreleased changes, above everything that was released.
    pub fn unreleased(&self) -> Option<&Section<'a>> {
        let mut above = self.sections.iter().take_while(|section| !section.is_released());
        above.find(|section| section.kind == SectionKind::Unreleased)
    }

    /// The section of a release; the first one, where a version has several.
    pub fn release(&self, wanted: &Version) -> Option<&Section<'a>> {
        self.releases().find(|section| section.version() == Some(wanted))
    }

    /// The section of the newest release, past those that announce one.
    pub(super) fn newest(&self) -> Option<&Section<'a>> {
        self.sections.iter().find(|section| section.is_released())
    }

    /// The sections of releases, from the top.
    pub(super) fn releases(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(|section| section.is_release())
    }

    /// The parts in order; concatenated they are the text.
    pub fn parts(&self) -> impl Iterator<Item = &'a str> {
        let sections = self.sections.iter().flat_map(|section| [section.heading, section.body]);
        [self.preamble].into_iter().chain(sections).chain([self.footer])
    }
}

/// Splits a changelog into its parts. Whether it can be changed is another question: see [`super::understood`].
pub fn parse(text: &str) -> Changelog<'_> {
    let (lines, unclosed) = scan(text);
    let footer = footer_start(&lines).unwrap_or(text.len());
    let Heads { heads, unclear } = heads(&lines);
    let ends = heads.iter().skip(1).map(|head| head.start).chain([footer]);
    let sections: Vec<_> = heads
        .iter()
        .zip(ends)
        .map(|(head, end)| Section {
            kind: head.kind.clone(),
            title: head.title,
            level: head.level,
            heading: slice(text, head.start..head.end),
            body: slice(text, head.end..end),
            start: head.start,
            line: head.line,
        })
        .collect();
    let first = sections.first().map_or(footer, |section| section.start);
    Changelog {
        preamble: slice(text, 0..first),
        sections,
        footer: slice(text, footer..text.len()),
        definitions: lines.iter().filter_map(definition).collect(),
        eol: line_ending(text),
        welcome_end: welcome_end(&lines).min(footer),
        unclosed,
        unclear,
    }
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
