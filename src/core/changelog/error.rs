//! Why a changelog is refused, and what mends it.

use semver::Version;

use super::parse::{Changelog, SectionKind};
use super::scan::Unclosed;

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
    /// Two sections describe the release that is written.
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
    /// The newest release is not on top.
    #[error("line {line}: releases stand in the order of their age, the oldest on top")]
    OldestFirst {
        /// The line of the first release's heading.
        line: usize,
    },
    /// A heading stands where the newest release does, and no version is found in it.
    #[error("line {line}: `{title}` stands above the releases, and no version is found in it")]
    Unclear {
        /// The heading's line.
        line: usize,
        /// The heading's text.
        title: String,
    },
    /// The release was made, and taken back.
    #[error("line {line}: {version} was released and yanked")]
    Yanked {
        /// The heading's line.
        line: usize,
        /// The release.
        version: Version,
    },
    /// The release was made already: another one stands above it.
    #[error("line {line}: {version} stands below `{above}`, so it was released before")]
    ReleasedBefore {
        /// The heading's line.
        line: usize,
        /// The release.
        version: Version,
        /// The name of the release above it.
        above: String,
    },
    /// Another version than the one to be released is announced.
    #[error("line {line}: the changes are announced as `{announced}`, not as {version}")]
    Announced {
        /// The heading's line.
        line: usize,
        /// The name that the heading gives.
        announced: String,
        /// The release.
        version: Version,
    },
    /// What would be moved or copied is not UTF-8.
    #[error("line {line}: the text is not UTF-8, and would move into the release")]
    NotUtf8 {
        /// The line of the section's heading.
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
        match self {
            Self::SecondUnreleased { .. }
            | Self::SecondRelease { .. }
            | Self::UnreleasedBelow { .. }
            | Self::Unclosed { .. }
            | Self::EntriesOutgrow { .. }
            | Self::EntriesUnclosed { .. } => format!("edit {path}, and commit it"),
            Self::OldestFirst { .. } => format!("put the newest release on top of {path}, and commit it"),
            Self::Unclear { .. } => {
                format!("in {path}, write the version into the heading, or call it Unreleased, and commit it")
            }
            Self::Yanked { version, .. } | Self::ReleasedBefore { version, .. } => {
                let next = Version::new(version.major, version.minor, version.patch + 1);
                format!("release a version above it: cargo sentinel cut {next}")
            }
            Self::Announced { announced, version, .. } => {
                format!("cargo sentinel cut {announced}, or write {version} into the heading in {path} and commit it")
            }
            Self::NotUtf8 { .. } => {
                format!("iconv -f ISO-8859-1 -t UTF-8 {path} > new && mv new {path}, and commit it")
            }
        }
    }
}

impl From<Unclosed> for ChangelogError {
    fn from(Unclosed { line, closing }: Unclosed) -> Self {
        Self::Unclosed { line, closing }
    }
}

/// Whether a changelog can be changed: nothing above the newest release is in doubt. What stands below it, such as two
/// old sections of one version, is not looked at.
///
/// # Errors
/// With the first doubt.
pub(super) fn understood(changelog: &Changelog<'_>) -> Result<(), ChangelogError> {
    let newest = changelog.newest();
    if let Some(unclosed) = &changelog.unclosed
        && newest.is_none_or(|newest| unclosed.line < newest.line)
    {
        return Err((*unclosed).into());
    }
    let mut unreleased = changelog
        .sections
        .iter()
        .filter(|section| section.kind == SectionKind::Unreleased);
    let first = unreleased.next();
    let is_above = |line: usize| newest.is_none_or(|newest| line < newest.line);
    match (first, unreleased.next()) {
        (Some(first), Some(second)) if is_above(second.line) => {
            return Err(ChangelogError::SecondUnreleased {
                line: second.line,
                first: first.line,
            });
        }
        (Some(first), _) if released_above(changelog, first.line) == 1 => {
            return Err(ChangelogError::UnreleasedBelow { line: first.line });
        }
        (Some(_) | None, _) => {}
    }
    match changelog.unclear.first() {
        Some((line, title)) => Err(ChangelogError::Unclear {
            line: *line,
            title: (*title).to_owned(),
        }),
        None => Ok(()),
    }
}

/// How many releases stand above a line.
fn released_above(changelog: &Changelog<'_>, line: usize) -> usize {
    let released = changelog.sections.iter().filter(|section| section.is_released());
    released.take_while(|section| section.line < line).count()
}
