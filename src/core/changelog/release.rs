//! Gives a release its section.
//!
//! Every change is an [`Edit`] of the text; what no edit names keeps its bytes.

use std::ops::Range;

use semver::Version;

use super::body::Body;
use super::links::{LinkStyle, link_edits};
use super::parse::{Changelog, ChangelogError, Section, SectionKind, line_ending, parse};
use super::scan::{Kind, scan_part};

/// The section that a release is to have.
#[derive(Debug, Clone, Copy)]
pub struct NewSection<'a> {
    /// The release.
    pub version: &'a Version,
    /// Its date, `YYYY-MM-DD`; a section that stands already keeps its own.
    pub date: &'a str,
    /// Its tag, for the links.
    pub tag: &'a str,
    /// The generated entries, as [`crate::notes::Renderer::section`] renders them.
    pub entries: &'a str,
    /// How links are written where the changelog has none to learn from; `None` adds none there.
    pub links: Option<&'a LinkStyle>,
}

/// A replacement of the bytes in a range.
#[derive(Debug)]
pub(super) struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    pub(super) fn insert(at: usize, text: String) -> Self {
        Self { range: at..at, text }
    }

    pub(super) fn replace(range: Range<usize>, text: String) -> Self {
        Self { range, text }
    }
}

const TITLE: &str = "# Changelog\n\n\
    What changed for users of this project, release by release, in the form of\n\
    [Keep a Changelog](https://keepachangelog.com/en/1.1.0/). Versions follow\n\
    [Semantic Versioning](https://semver.org/spec/v2.0.0.html).\n\n";

/// The heading of what is unreleased, behind its `#`.
const UNRELEASED: &str = " [Unreleased]\n";

/// The changelog with the release's section: made below `## [Unreleased]` with what stood there, or completed.
///
/// Applied to its own result it changes nothing.
///
/// # Errors
/// Where the changelog or the entries cannot be understood; see [`ChangelogError`].
pub fn release(text: &str, section: &NewSection<'_>) -> Result<String, ChangelogError> {
    let eol = line_ending(text);
    let whole_lines = text.is_empty() || text.ends_with('\n');
    let text = if whole_lines {
        text.to_owned()
    } else {
        format!("{text}{eol}")
    };
    let (text, below) = with_unreleased(text, eol)?;

    let changelog = parse(&text)?;
    let entries = entries_for(&changelog, section.entries)?;
    let section = &NewSection {
        entries: &entries,
        ..*section
    };
    let mut text = apply(&text, section_edits(&changelog, section)?);
    if !below.is_empty() {
        let apart = if ends_with_blank_line(&text) { "" } else { eol };
        text.push_str(apart);
        if ["  ", "\t", " \t"].iter().any(|indent| below.starts_with(indent)) {
            text.push_str(&format!("---{eol}{eol}")); // else what is indented would go on with the last entry
        }
        text.push_str(&below);
    }
    // Read again: definitions may stand in the text that just moved.
    let mut text = apply(&text, link_edits(&parse(&text)?, section, text.len()));
    if !whole_lines && text.ends_with(eol) {
        text.truncate(text.len() - eol.len());
    }
    Ok(text)
}

/// The entries as they go into this changelog: with its line endings, and their groups on the level of its groups.
///
/// # Errors
/// For entries that would not stay inside the section.
fn entries_for(changelog: &Changelog<'_>, entries: &str) -> Result<String, ChangelogError> {
    let lines = scan_part(entries).map_err(|unclosed| ChangelogError::EntriesUnclosed {
        closing: unclosed.closing,
    })?;
    let mut text = String::with_capacity(entries.len());
    for line in lines {
        match line.kind {
            Kind::Heading { level: 1 | 2, title } => {
                return Err(ChangelogError::EntriesOutgrow {
                    title: title.to_owned(),
                });
            }
            Kind::Heading { level: 3, title } => {
                text.push_str(&heading(changelog.levels.group, &format!(" {title}")));
            }
            Kind::Heading { .. }
            | Kind::Underline
            | Kind::Blank
            | Kind::Item
            | Kind::Continued
            | Kind::Raw
            | Kind::Definition { .. }
            | Kind::Text => text.push_str(line.text.trim_end_matches(['\r', '\n'])),
        }
        text.push_str(changelog.eol);
    }
    Ok(text)
}

/// A heading's line, without its ending.
fn heading(level: usize, title: &str) -> String {
    "#".repeat(level) + title
}

/// The text with an Unreleased section on top, and where a text of another form goes on below it.
fn with_unreleased(text: String, eol: &str) -> Result<(String, String), ChangelogError> {
    let changelog = parse(&text)?;
    let releases = |section: &&Section<'_>| matches!(section.kind, SectionKind::Release { .. });
    let first_release = changelog.sections.iter().find(releases);
    if let Some(unreleased) = changelog.unreleased() {
        return match first_release {
            Some(first) if first.start < unreleased.start => {
                Err(ChangelogError::UnreleasedBelow { line: unreleased.line })
            }
            Some(_) | None => Ok((text, String::new())),
        };
    }
    let content = text.trim_start_matches('\u{feff}');
    if content.trim().is_empty() {
        let bom = text.len() - content.len();
        let title = (TITLE.to_owned() + &heading(changelog.levels.section, UNRELEASED)).replace('\n', eol);
        return Ok((format!("{}{title}", text.get(..bom).unwrap_or_default()), String::new()));
    }
    let at = first_release.map_or(changelog.welcome_end, |section| section.start);
    let (above, below) = text.split_at_checked(at).unwrap_or((&text, ""));
    let apart = if above.is_empty() || ends_with_blank_line(above) {
        ""
    } else {
        eol
    };
    let heading = heading(changelog.levels.section, UNRELEASED).replace('\n', eol);
    match first_release {
        Some(_) => Ok((format!("{above}{apart}{heading}{eol}{below}"), String::new())),
        None => Ok((format!("{above}{apart}{heading}"), below.to_owned())),
    }
}

fn ends_with_blank_line(text: &str) -> bool {
    let last = text.split_inclusive('\n').next_back();
    last.is_some_and(|line| line.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty())
}

fn section_edits(changelog: &Changelog<'_>, new: &NewSection<'_>) -> Result<Vec<Edit>, ChangelogError> {
    let Some(unreleased) = changelog.unreleased() else {
        return Ok(Vec::new());
    };
    let eol = changelog.eol;
    let generated = Body::parse(new.entries)?;
    let Some(standing) = changelog.release(new.version) else {
        let mut body = Body::parse(unreleased.body)?;
        body.add_generated(generated, eol);
        let title = format!(" [{}] - {}{eol}", new.version, new.date);
        let heading = eol.to_owned() + &heading(changelog.levels.section, &title);
        let body = closed(body.print(), changelog, unreleased);
        return Ok(vec![Edit::replace(unreleased.body_range(), heading + &body)]);
    };
    let mut edits = Vec::new();
    let mut body = Body::parse(standing.body)?;
    if !unreleased.body.trim().is_empty() {
        body.append(Body::parse(unreleased.body)?, eol);
        edits.push(Edit::replace(unreleased.body_range(), eol.to_owned()));
    }
    body.add_generated(generated, eol);
    let body = body.print();
    if body != standing.body {
        edits.push(Edit::replace(standing.body_range(), closed(body, changelog, standing)));
    }
    Ok(edits)
}

/// The body with a blank line at its end, where something follows the section.
fn closed(mut body: String, changelog: &Changelog<'_>, section: &Section<'_>) -> String {
    let last = changelog
        .sections
        .last()
        .is_some_and(|last| last.start == section.start);
    let at_end = last && changelog.footer.is_empty();
    if !at_end && !ends_with_blank_line(&body) {
        body.push_str(changelog.eol);
    }
    body
}

/// Applies edits whose ranges do not overlap; those at one offset apply in the order given.
fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut result = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        result.push_str(text.get(done..edit.range.start).unwrap_or_default());
        result.push_str(&edit.text);
        done = edit.range.end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    result
}
