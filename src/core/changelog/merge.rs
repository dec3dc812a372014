//! Takes a release's changelog back into integration's: a three-way merge by section instead of by line.
//!
//! A merge by line puts what integration's Unreleased gained into the released section, or calls it a conflict. Here
//! every section, and every link definition, is merged as a whole; only Unreleased is merged entry by entry.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::body::{Block, Body};
use super::error::{ChangelogError, understood};
use super::parse::{Changelog, SectionKind, is_whole_comment, line_ending, parse};

/// Why two changelogs do not merge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Both sides changed one thing, each in its own way.
    #[error("both sides changed {0} of the changelog")]
    Conflict(String),
    /// One of the changelogs cannot be understood.
    #[error("the changelog of {side}: {source}")]
    Unreadable {
        /// Which of the three.
        side: &'static str,
        /// What is wrong with it.
        source: ChangelogError,
    },
}

/// Merges what changed from `base` to `theirs`, the released text, into `ours`, the integration branch's.
///
/// Released sections come from `theirs`. Entries that Unreleased gained in `ours` stay in Unreleased; those that the
/// release moved out of it do not come back. A side that changed nothing yields to the other, byte for byte.
///
/// # Errors
/// Where both sides changed the same section, the preamble or a link in different ways, naming it; where one of the
/// texts cannot be understood.
pub fn merge_back(base: &str, ours: &str, theirs: &str) -> Result<String, MergeError> {
    if let Some(side) = pick(base, ours, theirs) {
        return Ok(side.to_owned());
    }
    let eol = *choose(&line_ending(base), &line_ending(ours), &line_ending(theirs)).unwrap_or(&"\n");
    let whole_lines = ours.ends_with('\n') || theirs.ends_with('\n');
    let [base, ours, theirs] = [base, ours, theirs].map(|text| uniform(text, eol));
    let sides = Sides {
        base: &read(&base, "their common base")?,
        ours: &read(&ours, "integration")?,
        theirs: &read(&theirs, "the release")?,
        eol,
    };
    let mut text = sides.preamble()?.to_owned();
    let footer = sides.footer()?;
    for section in sides.sections()? {
        separate(&mut text, eol);
        text.push_str(&section);
    }
    if !footer.is_empty() {
        separate(&mut text, eol);
        text.push_str(&footer);
    }
    if !whole_lines && text.ends_with(eol) {
        text.truncate(text.len() - eol.len());
    }
    Ok(text)
}

/// The side that changed, where only one did or both did alike.
fn choose<'t, T: PartialEq + ?Sized>(base: &'t T, ours: &'t T, theirs: &'t T) -> Option<&'t T> {
    if ours == base || ours == theirs {
        Some(theirs)
    } else if theirs == base {
        Some(ours)
    } else {
        None
    }
}

/// As [`choose`], for texts.
fn pick<'t>(base: &'t str, ours: &'t str, theirs: &'t str) -> Option<&'t str> {
    choose(base, ours, theirs)
}

/// The text in whole lines, with one kind of line ending where it has another.
fn uniform<'t>(text: &'t str, eol: &str) -> Cow<'t, str> {
    let ending = line_ending(text);
    let missing = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        eol
    };
    match (ending == eol, missing) {
        (true, "") => Cow::Borrowed(text),
        (true, _) => Cow::Owned(format!("{text}{missing}")),
        (false, _) => Cow::Owned(format!("{text}{missing}").replace("\r\n", "\n").replace('\n', eol)),
    }
}

fn read<'t>(text: &'t str, side: &'static str) -> Result<Changelog<'t>, MergeError> {
    let changelog = parse(text);
    match understood(&changelog) {
        Ok(()) => Ok(changelog),
        Err(source) => Err(MergeError::Unreadable { side, source }),
    }
}

/// Makes a text end with a blank line, so that a heading or definition can follow.
fn separate(text: &mut String, eol: &str) {
    let last = text.split_inclusive('\n').next_back().unwrap_or_default();
    if !last.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() {
        text.push_str(eol);
    }
}

/// A section or a line of the footer, under the name by which the sides are matched.
struct Piece<'a> {
    key: String,
    head: &'a str,
    body: &'a str,
}

struct Sides<'c, 'a> {
    base: &'c Changelog<'a>,
    ours: &'c Changelog<'a>,
    theirs: &'c Changelog<'a>,
    eol: &'static str,
}

impl<'a> Sides<'_, 'a> {
    fn preamble(&self) -> Result<&'a str, MergeError> {
        let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(|side| side.preamble);
        pick_trimmed(base, ours, theirs).ok_or_else(|| MergeError::Conflict("the text above the first section".into()))
    }

    fn sections(&self) -> Result<Vec<String>, MergeError> {
        let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(section_pieces);
        merge_pieces(&base, &ours, &theirs, |key, [base, ours, theirs]| {
            if key != UNRELEASED {
                return match pick_pieces(base, ours, theirs) {
                    Some(piece) => Ok(piece.map(|piece| format!("{}{}", piece.head, piece.body))),
                    None => Err(MergeError::Conflict(format!("the section {key}"))),
                };
            }
            let body = |piece: Option<&Piece<'a>>| piece.map_or("", |piece| piece.body);
            let head = |piece: Option<&Piece<'a>>| piece.map_or("", |piece| piece.head);
            let heading = pick(head(base), head(ours), head(theirs)).unwrap_or(head(theirs));
            let body = merge_unreleased(body(base), body(ours), body(theirs), self.eol)?;
            let gone = heading.is_empty() && body.trim().is_empty();
            let heading = if heading.is_empty() {
                head(ours.or(theirs))
            } else {
                heading
            };
            Ok((!gone).then(|| format!("{heading}{body}")))
        })
    }

    fn footer(&self) -> Result<String, MergeError> {
        let [base, ours, theirs] = [self.base, self.ours, self.theirs].map(|side| footer_pieces(side.footer));
        let lines = merge_pieces(&base, &ours, &theirs, |key, [base, ours, theirs]| {
            let piece = match pick_pieces(base, ours, theirs) {
                Some(piece) => piece,
                // Where both moved it on, the release that is being finished is the newest.
                None if key.eq_ignore_ascii_case("[unreleased]") => theirs,
                None => return Err(MergeError::Conflict(format!("the link {key}"))),
            };
            Ok(piece.map(|piece| format!("{}{}", piece.head, piece.body)))
        })?;
        Ok(lines.concat())
    }
}

const UNRELEASED: &str = "Unreleased";

fn section_pieces<'a>(changelog: &Changelog<'a>) -> Vec<Piece<'a>> {
    let named = changelog.sections.iter().map(|section| {
        let key = match &section.kind {
            SectionKind::Unreleased => UNRELEASED.to_owned(),
            SectionKind::Release {
                version: Some(version), ..
            } => version.to_string(),
            SectionKind::Release {
                name, version: None, ..
            } => format!("`{name}`"),
            SectionKind::Other { title } => format!("`{title}`"),
        };
        Piece {
            key,
            head: section.heading,
            body: section.body,
        }
    });
    with_unique_keys(named.collect())
}

/// The footer's definitions and comments, each with the blank lines behind it.
fn footer_pieces(footer: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut start = 0;
    for line in footer.split_inclusive('\n') {
        let end = start + line.len();
        match pieces.last_mut() {
            Some(above) if line.trim().is_empty() => {
                let blanks = start - above.body.len();
                above.body = footer.get(blanks..end).unwrap_or_default();
            }
            Some(_) | None => {
                let label = line.split_inclusive(']').next().unwrap_or(line).trim();
                let key = if is_whole_comment(line) { line.trim() } else { label };
                pieces.push(Piece {
                    key: key.to_owned(),
                    head: line,
                    body: "",
                });
            }
        }
        start = end;
    }
    with_unique_keys(pieces)
}

/// Counts names that stand more than once, so that the second is matched with the second.
fn with_unique_keys(mut pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for piece in &mut pieces {
        let count = seen.entry(piece.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            piece.key = format!("{} ({count})", piece.key);
        }
    }
    pieces
}

/// The texts' three-way choice, where blank lines at the end make no difference.
fn pick_trimmed<'t>(base: &'t str, ours: &'t str, theirs: &'t str) -> Option<&'t str> {
    if ours.trim_end() == base.trim_end() || ours.trim_end() == theirs.trim_end() {
        Some(theirs)
    } else if theirs.trim_end() == base.trim_end() {
        Some(ours)
    } else {
        None
    }
}

type Found<'p, 'a> = Option<&'p Piece<'a>>;

/// The pieces' three-way choice; `Some(None)` is a piece that one side removed.
fn pick_pieces<'p, 'a>(base: Found<'p, 'a>, ours: Found<'p, 'a>, theirs: Found<'p, 'a>) -> Option<Found<'p, 'a>> {
    let same = |a: Found<'_, '_>, b: Found<'_, '_>| match (a, b) {
        (Some(a), Some(b)) => a.head.trim_end() == b.head.trim_end() && a.body.trim_end() == b.body.trim_end(),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if same(ours, base) || same(ours, theirs) {
        Some(theirs)
    } else if same(theirs, base) {
        Some(ours)
    } else {
        None
    }
}

/// Merges each piece by `decide` and puts the results in order: theirs, and before the piece that follows it in `ours`
/// each that only ours has.
fn merge_pieces<'a, F>(
    base: &[Piece<'a>],
    ours: &[Piece<'a>],
    theirs: &[Piece<'a>],
    decide: F,
) -> Result<Vec<String>, MergeError>
where
    F: Fn(&str, [Found<'_, 'a>; 3]) -> Result<Option<String>, MergeError>,
{
    let [in_base, in_ours, in_theirs] = [base, ours, theirs].map(index);
    let mut before: HashMap<&str, Vec<&Piece<'a>>> = HashMap::new();
    let mut waiting = Vec::new();
    for piece in ours {
        if in_theirs.contains_key(piece.key.as_str()) {
            before.insert(&piece.key, std::mem::take(&mut waiting));
        } else {
            waiting.push(piece);
        }
    }
    let mut order = Vec::new();
    for piece in theirs {
        order.extend(before.remove(piece.key.as_str()).unwrap_or_default());
        order.push(piece);
    }
    order.extend(waiting);

    let mut merged = Vec::new();
    for piece in order {
        let key = piece.key.as_str();
        let found = [&in_base, &in_ours, &in_theirs].map(|side| side.get(key).copied());
        merged.extend(decide(key, found)?);
    }
    Ok(merged)
}

fn index<'p, 'a>(pieces: &'p [Piece<'a>]) -> HashMap<&'p str, &'p Piece<'a>> {
    pieces.iter().map(|piece| (piece.key.as_str(), piece)).collect()
}

/// Ours without what the release took out of Unreleased, and with what it put there.
fn merge_unreleased(base: &str, ours: &str, theirs: &str, eol: &'static str) -> Result<String, MergeError> {
    if let Some(body) = pick(base, ours, theirs) {
        return Ok(body.to_owned());
    }
    let body = |text, side| {
        let unreadable = |unclosed: super::scan::Unclosed| MergeError::Unreadable {
            side,
            source: unclosed.into(),
        };
        Body::parse(text).map_err(unreadable)
    };
    let base = body(base, "their common base")?;
    let mut merged = body(ours, "integration")?;
    let mut added = body(theirs, "the release")?;
    let mut taken_out = count(&base);
    for block in added.blocks() {
        if let Some(count) = taken_out.get_mut(&block.key()) {
            *count = count.saturating_sub(1);
        }
    }
    let known: HashSet<String> = base.blocks().chain(merged.blocks()).map(Block::key).collect();
    added.retain(|block| !known.contains(&block.key()));
    merged.take_out(&mut taken_out);
    merged.append(added, eol);
    Ok(merged.print())
}

/// How often each entry stands in a section.
fn count(body: &Body<'_>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for block in body.blocks() {
        *counts.entry(block.key()).or_default() += 1;
    }
    counts
}
