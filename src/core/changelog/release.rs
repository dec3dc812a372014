//! Gives a release its section.
//!
//! Every change is an [`Edit`] of the text; what no edit names keeps its bytes.

use std::ops::Range;

use semver::Version;

use super::body::Body;
use super::encoding::is_foreign;
use super::error::{ChangelogError, understood};
use super::groups::{Listing, Undressable};
use super::heading::Title;
use super::links::{LinkStyle, Links};
use super::parse::{Changelog, Section, SectionKind, line_ending, parse};
use super::scan::{Kind, Line, is_thematic_break, scan_part};
use super::style::Style;

/// The section that a release is to have.
#[derive(Debug, Clone, Copy)]
pub struct NewSection<'a> {
    /// The release.
    pub version: &'a Version,
    /// Its date, `YYYY-MM-DD`; a section that is dated already keeps its own.
    pub date: &'a str,
    /// Its tag, for the links.
    pub tag: &'a str,
    /// The tag of the release before it.
    pub previous: Option<&'a str>,
    /// The generated entries, as [`crate::notes::Renderer::section`] renders them.
    pub entries: &'a str,
    /// How links are written in a new changelog; `None` adds none there.
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

/// The changelog with the release's section: made below the heading of what is unreleased, with what stood there, or
/// above the newest release; or completed, where it stands already.
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
    let begun = begin(&text, eol)?;
    let text = begun.as_ref().map_or(&text, |begun| &begun.text);

    let changelog = parse(text);
    let links = Links::learn(&changelog, section);
    let mut edits = section_edits(&changelog, section, &links)?;
    edits.extend(links.unreleased_heading());
    let mut text = apply(text, edits);
    if let Some(below) = begun.map(|begun| begun.below).filter(|below| !below.is_empty()) {
        let apart = if ends_with_blank_line(&text) { "" } else { eol };
        text.push_str(apart);
        if ["  ", "\t", " \t"].iter().any(|indent| below.starts_with(indent)) {
            text.push_str(&format!("---{eol}{eol}")); // else what is indented would go on with the last entry
        }
        text.push_str(&below);
    }
    // Read again: definitions may stand in the text that just moved.
    let edits = Links::learn(&parse(&text), section).definitions(text.len());
    let mut text = apply(&text, edits);
    if !whole_lines && text.ends_with(eol) {
        text.truncate(text.len() - eol.len());
    }
    Ok(text)
}

/// A changelog that had no section.
struct Begun {
    /// The text with a section for what is unreleased at its end.
    text: String,
    /// Where a text of another form goes on below it.
    below: String,
}

/// The beginning of a changelog in the form of Keep a Changelog; `None` where the text has sections.
///
/// # Errors
/// Where the text is not understood.
fn begin(text: &str, eol: &str) -> Result<Option<Begun>, ChangelogError> {
    let changelog = parse(text);
    understood(&changelog)?;
    if changelog.unreleased().is_some() || changelog.releases().next().is_some() {
        return Ok(None);
    }
    let content = text.trim_start_matches('\u{feff}');
    let bom = text.len() - content.len();
    if content.trim().is_empty() {
        let title = format!("{TITLE}##{UNRELEASED}").replace('\n', eol);
        let bom = text.get(..bom).unwrap_or_default();
        return Ok(Some(Begun {
            text: format!("{bom}{title}"),
            below: String::new(),
        }));
    }
    let (above, below) = text
        .split_at_checked(changelog.welcome_end.max(bom))
        .unwrap_or((text, ""));
    let apart = if above.len() == bom || ends_with_blank_line(above) {
        ""
    } else {
        eol
    };
    let heading = format!("##{UNRELEASED}").replace('\n', eol);
    Ok(Some(Begun {
        text: format!("{above}{apart}{heading}"),
        below: below.to_owned(),
    }))
}

fn ends_with_blank_line(text: &str) -> bool {
    let last = text.split_inclusive('\n').next_back();
    last.is_some_and(|line| line.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty())
}

fn section_edits(
    changelog: &Changelog<'_>,
    new: &NewSection<'_>,
    links: &Links<'_>,
) -> Result<Vec<Edit>, ChangelogError> {
    let refused = |error| match error {
        Undressable::Outgrows(title) => ChangelogError::EntriesOutgrow { title },
        Undressable::Unclosed(closing) => ChangelogError::EntriesUnclosed { closing },
    };
    let entries = Listing::learn(changelog).dress(new.entries, changelog.eol);
    let entries = entries.map_err(refused)?;
    let style = Style::learn(changelog, new.version);
    let heading = match &style {
        Some(style) => style.heading(new.version, new.date, links.heading().as_deref()),
        None => first_heading(changelog, new),
    };
    match (standing(changelog, new)?, changelog.unreleased(), changelog.newest()) {
        (Some(standing), unreleased, _) => {
            let mut edits = completed(changelog, standing, unreleased, &entries)?;
            edits.extend(dated(standing, style.as_ref(), heading, new.date));
            Ok(edits)
        }
        (None, Some(unreleased), _) => {
            let text = split_off(changelog, unreleased, &heading, &entries)?;
            Ok(vec![Edit::replace(unreleased.body_range(), text)])
        }
        (None, None, Some(newest)) => {
            utf8(newest, &[&heading])?;
            let apart = if newest.start == 0 || ends_with_blank_line(changelog.preamble) {
                ""
            } else {
                changelog.eol
            };
            let style = style.as_ref();
            let lead = style.map_or(
                changelog.eol,
                |style| if style.is_compact() { "" } else { changelog.eol },
            );
            let tail = style.map_or(changelog.eol, |style| style.tail(changelog));
            let text = format!("{apart}{heading}{lead}{entries}{tail}");
            Ok(vec![Edit::insert(newest.start, text)])
        }
        (None, None, None) => Ok(Vec::new()),
    }
}

/// Refuses a changelog that begins with its oldest release: there a new one would have to go to the end.
///
/// # Errors
/// Where the versions ascend from the top.
fn newest_first(changelog: &Changelog<'_>, new: &Version) -> Result<(), ChangelogError> {
    let versions = changelog
        .releases()
        .filter_map(|section| Some((section.version()?, section.line)));
    let mut others = versions.filter(|(version, _)| *version != new);
    match (others.next(), others.next(), others.last()) {
        (Some((top, line)), Some((second, _)), last) if top < second && last.is_none_or(|(last, _)| top < last) => {
            Err(ChangelogError::OldestFirst { line })
        }
        _ => Ok(()),
    }
}

/// The section of the release, where it may still be changed.
///
/// # Errors
/// Where it was released already, or the newest section announces another version.
fn standing<'s, 'a>(
    changelog: &'s Changelog<'a>,
    new: &NewSection<'_>,
) -> Result<Option<&'s Section<'a>>, ChangelogError> {
    let version = new.version;
    newest_first(changelog, version)?;
    let mut named = changelog
        .releases()
        .filter(|section| section.version() == Some(version));
    let Some(first) = named.next() else {
        let announced = changelog.releases().next().filter(|section| !section.is_released());
        return match announced.filter(|_| changelog.unreleased().is_none()) {
            Some(section) => Err(ChangelogError::Announced {
                line: section.line,
                announced: name(section).to_owned(),
                version: version.clone(),
            }),
            None => Ok(None),
        };
    };
    let line = first.line;
    let version = version.clone();
    if matches!(first.kind, SectionKind::Release { yanked: true, .. }) {
        return Err(ChangelogError::Yanked { line, version });
    }
    if let Some(above) = changelog.newest().filter(|newest| newest.line < line) {
        let above = name(above).to_owned();
        return Err(ChangelogError::ReleasedBefore { line, version, above });
    }
    match named.next() {
        Some(second) => Err(ChangelogError::SecondRelease {
            line: second.line,
            first: line,
            version,
        }),
        None => Ok(Some(first)),
    }
}

/// What a section's heading calls it.
fn name<'a>(section: &Section<'a>) -> &'a str {
    match section.kind {
        SectionKind::Release { name, .. } => name,
        SectionKind::Unreleased | SectionKind::Other { .. } => section.title,
    }
}

/// What stands below the heading of unreleased changes once the release's section is split off from it, and that
/// section.
fn split_off(
    changelog: &Changelog<'_>,
    unreleased: &Section<'_>,
    heading: &str,
    entries: &str,
) -> Result<String, ChangelogError> {
    let eol = changelog.eol;
    let parts = Parts::of(unreleased.body);
    utf8(unreleased, &[parts.entries, heading])?;
    let mut body = Body::parse(parts.entries)?;
    body.add_generated(Body::parse(entries)?, eol);
    let body = closed(body.print(), &parts, is_last(changelog, unreleased), eol);
    let left = parts.left(eol);
    let apart = if ends_with_blank_line(&left) { "" } else { eol };
    Ok(format!("{left}{apart}{heading}{body}"))
}

/// The edits that bring what is unreleased, and the generated entries, into a section that stands.
fn completed(
    changelog: &Changelog<'_>,
    standing: &Section<'_>,
    unreleased: Option<&Section<'_>>,
    entries: &str,
) -> Result<Vec<Edit>, ChangelogError> {
    let eol = changelog.eol;
    let mut edits = Vec::new();
    let parts = Parts::of(standing.body);
    let mut body = Body::parse(parts.entries)?;
    if let Some(unreleased) = unreleased {
        let late = Parts::of(unreleased.body);
        if !late.entries.trim().is_empty() {
            utf8(unreleased, &[late.entries])?;
            body.append(Body::parse(late.entries)?, eol);
            edits.push(Edit::replace(unreleased.body_range(), late.left(eol)));
        }
    }
    body.add_generated(Body::parse(entries)?, eol);
    let body = body.print();
    if body != parts.entries {
        let body = closed(body, &parts, is_last(changelog, standing), eol);
        utf8(standing, &[&body])?;
        edits.push(Edit::replace(standing.body_range(), format!("{}{body}", parts.above)));
    }
    Ok(edits)
}

/// The edit that gives a standing section the date of its release, where its heading has none yet.
fn dated(standing: &Section<'_>, style: Option<&Style<'_, '_>>, heading: String, date: &str) -> Option<Edit> {
    let title = Title::read(standing.title);
    let dates = style.is_none_or(Style::is_dated);
    if title.pending.is_none() && (title.date.is_some() || !dates) {
        return None;
    }
    let range = standing.start..standing.start + standing.heading.len();
    if title.plain {
        return Some(Edit::replace(range, heading));
    }
    // Words of its own stay: the date takes the place of what says that there is none.
    let date = style.map_or(Some(date.to_owned()), |style| style.date(date));
    let date = date.unwrap_or_default();
    let title = match title.pending {
        Some(pending) => {
            let mut text = standing.title.to_owned();
            text.replace_range(pending, &date);
            text
        }
        None => format!("{} - {date}", standing.title),
    };
    let title = if date.is_empty() {
        title.trim_end_matches([' ', '-', '(', ')', '[', ']'])
    } else {
        &title
    };
    let text = standing.heading.replacen(standing.title, title, 1);
    Some(Edit::replace(range, text))
}

/// The heading of the first release, in the form of Keep a Changelog.
fn first_heading(changelog: &Changelog<'_>, new: &NewSection<'_>) -> String {
    let level = changelog.sections.first().map_or(2, |section| section.level);
    format!(
        "{} [{}] - {}{}",
        "#".repeat(level),
        new.version,
        new.date,
        changelog.eol
    )
}

/// The text of a section in its parts.
struct Parts<'a> {
    /// Comments, which stay above the entries.
    above: &'a str,
    /// The entries.
    entries: &'a str,
    /// The definitions of links in the entries, with blank lines around them.
    definitions: &'a str,
    /// The rule that sets the section apart from the next one, with blank lines around it.
    rule: &'a str,
}

impl<'a> Parts<'a> {
    fn of(body: &'a str) -> Self {
        let Ok(lines) = scan_part(body) else {
            return Self {
                above: "",
                entries: body,
                definitions: "",
                rule: "",
            };
        };
        let mut above = 0;
        let mut inside = false;
        for line in &lines {
            let comment = line.kind == Kind::Raw && (inside || line.text.trim_start().starts_with("<!--"));
            if !(comment || line.kind == Kind::Blank) {
                break;
            }
            if comment {
                inside = !line.text.contains("-->");
                above = line.end();
            }
        }
        let part = |range: Range<usize>| body.get(range).unwrap_or_default();
        let is_rule = |line: &Line<'_>| line.kind == Kind::Raw && is_thematic_break(line.text.trim());
        let rule = start_of_last(&lines, above..body.len(), is_rule);
        let is_link = |line: &Line<'_>| matches!(line.kind, Kind::Definition { .. });
        let links = start_of_last(&lines, above..rule, is_link);
        Self {
            above: part(0..above),
            entries: part(above..links),
            definitions: part(links..rule),
            rule: part(rule..body.len()),
        }
    }

    /// What is left of the section once its entries are gone.
    fn left(&self, eol: &str) -> String {
        let below = if self.rule.is_empty() { eol } else { self.rule };
        format!("{}{below}", self.above)
    }
}

/// Where the last lines of one sort start, with the blank lines above them; the end where no such line is the last.
fn start_of_last(lines: &[Line<'_>], range: Range<usize>, is_wanted: impl Fn(&Line<'_>) -> bool) -> usize {
    let inside = lines.iter().rev().filter(|line| range.contains(&line.start));
    let last = inside.take_while(|line| line.kind == Kind::Blank || is_wanted(line));
    let last: Vec<_> = last.collect();
    let found = last.iter().any(|line| is_wanted(line));
    let start = last.last().filter(|_| found).map(|line| line.start);
    start.unwrap_or(range.end)
}

/// The entries with what ends the section behind them, and a blank line where something follows it.
fn closed(mut entries: String, parts: &Parts<'_>, is_last: bool, eol: &str) -> String {
    for part in [parts.definitions, parts.rule] {
        let part = if ends_with_blank_line(&entries) {
            part.trim_start_matches(['\r', '\n'])
        } else {
            part
        };
        entries.push_str(part);
    }
    if !is_last && !ends_with_blank_line(&entries) {
        entries.push_str(eol);
    }
    entries
}

fn is_last(changelog: &Changelog<'_>, section: &Section<'_>) -> bool {
    let last = changelog
        .sections
        .last()
        .is_some_and(|last| last.start == section.start);
    last && changelog.footer.is_empty()
}

/// # Errors
/// Where a text that moves or is copied holds bytes of another encoding.
fn utf8(section: &Section<'_>, texts: &[&str]) -> Result<(), ChangelogError> {
    if texts.iter().any(|text| is_foreign(text)) {
        return Err(ChangelogError::NotUtf8 { line: section.line });
    }
    Ok(())
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
