//! CHANGELOG text to CHANGELOG text: in the form that the file has, or else that of Keep a Changelog 1.1.0.
//!
//! Owns what a changelog's sections, entries and link definitions are, and how a release changes them. Knows nothing
//! of git, of commits, or of how generated entries come about: those arrive as Markdown, rendered by [`crate::notes`].
//!
//! Decisions:
//! - Every change is an edit of the text at byte offsets; nothing is printed back from a tree, so all that is not
//!   changed keeps its bytes (line endings, byte order mark, missing final newline, other encodings).
//! - What is a heading follows CommonMark 0.31: not inside fenced code, HTML comments or list items.
//! - Which headings are releases' is decided in [`heads`], what each of them says in [`heading`].
//! - A new section looks like the newest release: its heading ([`style`]), its groups and entries ([`groups`]), its links
//!   ([`links`]). Where no release shows a form, it gets that of Keep a Changelog.
//! - Only what stands above the newest release can be in doubt, and is refused then. Older text is not looked at.
//! - Hand-written entries come first and are never rewritten. A generated entry joins the end of the group that
//!   already stands there, so that no section has two `### Added`; other groups follow in their usual order.
//! - An entry is known by its whole text, whatever its bullet marker: what already stands in the section is not added.

mod body;
mod date;
mod encoding;
mod error;
mod file;
#[cfg(test)]
mod forms;
mod groups;
mod heading;
mod heads;
#[cfg(test)]
mod laws;
mod links;
mod merge;
mod parse;
mod release;
mod scan;
mod style;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use semver::Version;

pub use encoding::{decode, encode, is_foreign};
pub use error::ChangelogError;
pub use file::{ChangelogFile, FileError, Node, Tree, find};
pub use links::LinkStyle;
pub use merge::{MergeError, merge_back};
pub use parse::{Changelog, Definition, Section, SectionKind, parse};
pub use release::{NewSection, release};

/// A kind of change, in the order in which a section lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// New features.
    Added,
    /// Changes in what existed.
    Changed,
    /// Features that will go.
    Deprecated,
    /// Features that went.
    Removed,
    /// Bugs that went.
    Fixed,
    /// Vulnerabilities that went.
    Security,
}

impl Group {
    /// Every group, in order.
    pub const ALL: [Self; 6] = [
        Self::Added,
        Self::Changed,
        Self::Deprecated,
        Self::Removed,
        Self::Fixed,
        Self::Security,
    ];

    /// The group's heading, without its `###`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Deprecated => "Deprecated",
            Self::Removed => "Removed",
            Self::Fixed => "Fixed",
            Self::Security => "Security",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of Added, Changed, Deprecated, Removed, Fixed, Security")]
pub struct UnknownGroup(String);

impl FromStr for Group {
    type Err = UnknownGroup;

    /// Reads a group's name, in any case.
    fn from_str(name: &str) -> Result<Self, UnknownGroup> {
        Self::ALL
            .into_iter()
            .find(|group| group.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownGroup(name.to_owned()))
    }
}

/// One change, as a section lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The group it is listed under.
    pub group: Group,
    /// Whether users must change something of theirs.
    pub breaking: bool,
    /// The part of the project it concerns.
    pub scope: Option<String>,
    /// What changed, in one line.
    pub summary: String,
    /// The pull request or commit it comes from.
    pub link: Option<Link>,
}

/// Where a change comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is shown, such as `#12` or `3fa9c1d`.
    pub text: String,
    /// Where it leads; without one only the text is shown.
    pub url: Option<String>,
}

/// Whether a changelog can be changed: nothing above its newest release is in doubt.
///
/// # Errors
/// With the first doubt; see [`ChangelogError`].
pub fn understood(text: &str) -> Result<(), ChangelogError> {
    error::understood(&parse(text))
}

/// The text of a release's section, without its heading and the blank lines around it.
///
/// `None` where the changelog has no such section.
pub fn section<'a>(text: &'a str, version: &Version) -> Option<&'a str> {
    let changelog = parse(text);
    let section = changelog.release(version)?;
    Some(section.body.trim())
}

/// Whether the text of a section, or of what is unreleased, says nothing: headings, comments and links at most.
pub fn is_empty(section: &str) -> bool {
    body::Body::parse(section).is_ok_and(|body| !body.says_something())
}

/// The text under `## [Unreleased]`, without the blank lines around it; `None` where it has no such section.
pub fn unreleased(text: &str) -> Option<&str> {
    let changelog = parse(text);
    let section = changelog.unreleased()?;
    Some(section.body.trim())
}

/// The date in the heading of a release's section, as it is written there; `None` also where it has none.
pub fn date<'a>(text: &'a str, version: &Version) -> Option<&'a str> {
    match parse(text).release(version)?.kind {
        SectionKind::Release { date, .. } => date,
        SectionKind::Unreleased | SectionKind::Other { .. } => None,
    }
}
