//! Which headings of a changelog start sections.
//!
//! Releases stand on one level, which the first heading that says nothing but a version shows; a heading on that level
//! that holds a version among other words is a release's as well. Deeper down, only headings that say nothing else are:
//! some tools put patches one level below.

use super::heading::Title;
use super::parse::SectionKind;
use super::scan::{Kind, Line};

/// No release stands deeper than this.
const DEEPEST: usize = 4;

/// Words of headings above the releases that speak of the file itself.
const ABOUT: [&str; 10] = [
    "contents",
    "toc",
    "about",
    "legend",
    "format",
    "notes",
    "introduction",
    "versioning",
    "preface",
    "overview",
];

/// The headings that start sections.
pub(super) struct Heads<'a> {
    pub(super) heads: Vec<Head<'a>>,
    /// Those above the first one that stand where releases do and cannot be understood: line and text.
    pub(super) unclear: Vec<(usize, &'a str)>,
}

/// A heading that starts a section.
pub(super) struct Head<'a> {
    pub(super) kind: SectionKind<'a>,
    pub(super) title: &'a str,
    pub(super) level: usize,
    /// Where it starts, with an anchor above it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The line of the heading itself, from 1.
    pub(super) line: usize,
}

/// A heading, and which of the lines it is.
struct Candidate<'a> {
    index: usize,
    level: usize,
    title: Title<'a>,
}

/// The headings that start sections. Others count only below the first of these: above lies the preamble.
pub(super) fn heads<'a>(lines: &[Line<'a>]) -> Heads<'a> {
    let candidates: Vec<_> = lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| {
            let Kind::Heading { level, title } = line.kind else {
                return None;
            };
            let title = Title::read(title);
            (level <= DEEPEST).then_some(Candidate { index, level, title })
        })
        .collect();
    let releases = level_of_releases(&candidates);
    let mut heads: Vec<Head<'a>> = Vec::new();
    let mut above = Vec::new();
    for (number, candidate) in candidates.iter().enumerate() {
        let first = heads.first().map(|head| head.level);
        let kind = match kind_of(candidate, releases, number == 0) {
            Some(kind) => kind,
            None if first.is_some_and(|first| candidate.level <= first.min(2)) => SectionKind::Other {
                title: candidate.title.text,
            },
            None => {
                if first.is_none() {
                    above.push((number, candidate));
                }
                continue;
            }
        };
        heads.push(head(lines, candidate, kind));
    }
    let unclear = above
        .into_iter()
        .filter(|(number, candidate)| is_unclear(lines, &candidates, *number, releases, candidate))
        .map(|(_, candidate)| (candidate.index + 1, candidate.title.text))
        .collect();
    Heads { heads, unclear }
}

/// The level of the first heading that says nothing but a version; without one, of the first that holds a version.
fn level_of_releases(candidates: &[Candidate<'_>]) -> usize {
    let versioned = |candidate: &&Candidate<'_>| candidate.title.version.is_some();
    let plain = candidates
        .iter()
        .filter(versioned)
        .find(|candidate| candidate.title.plain);
    let loose = || {
        let mut loose = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| versioned(candidate));
        loose
            .find(|(number, candidate)| *number > 0 || !is_title(candidate))
            .map(|(_, candidate)| candidate)
    };
    let unreleased = || candidates.iter().find(|candidate| candidate.title.is_unreleased());
    plain
        .or_else(loose)
        .or_else(unreleased)
        .map_or(2, |candidate| candidate.level)
}

/// What a section's heading names; `None` where it is some other heading.
fn kind_of<'a>(candidate: &Candidate<'a>, releases: usize, is_first: bool) -> Option<SectionKind<'a>> {
    let Candidate { level, title, .. } = candidate;
    if title.is_unreleased() {
        return (*level <= releases.max(2)).then_some(SectionKind::Unreleased);
    }
    let name = title.version_text()?;
    let is_release = if title.plain {
        *level <= releases.max(3)
    } else if is_first {
        *level == releases && !is_title(candidate)
    } else {
        *level <= releases
    };
    is_release.then(|| SectionKind::Release {
        name,
        version: title.semver(),
        date: title.date_text(),
        pending: title.pending.is_some(),
        yanked: title.yanked,
    })
}

/// Whether a heading names the whole file.
fn is_title(candidate: &Candidate<'_>) -> bool {
    let words = candidate.title.text.to_lowercase();
    let named = ["changelog", "change log", "history", "release notes"]
        .iter()
        .any(|word| words.contains(word));
    candidate.level == 1 && named && candidate.title.date.is_none()
}

/// Whether a heading above the releases may be that of a release: it stands on their level, its words do not say that it
/// speaks of the file, and it has numbers or lists something.
fn is_unclear(
    lines: &[Line<'_>],
    candidates: &[Candidate<'_>],
    number: usize,
    releases: usize,
    candidate: &Candidate<'_>,
) -> bool {
    let text = candidate.title.text.to_lowercase();
    let about = text
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| ABOUT.contains(&word));
    let names_the_file = number == 0 && is_title(candidate);
    if candidate.level != releases || names_the_file || about {
        return false;
    }
    let below = candidates.get(number + 1).map_or(lines.len(), |next| next.index);
    let lists = lines
        .iter()
        .take(below)
        .skip(candidate.index)
        .any(|line| line.kind == Kind::Item);
    let numbered = text.contains(|c: char| c.is_ascii_digit());
    lists
        || numbered
        || candidates
            .get(number + 1)
            .is_some_and(|next| next.level > candidate.level)
}

fn head<'a>(lines: &[Line<'a>], candidate: &Candidate<'a>, kind: SectionKind<'a>) -> Head<'a> {
    let index = candidate.index;
    let underline = lines.get(index + 1).filter(|next| next.kind == Kind::Underline);
    let end = underline.or(lines.get(index)).map_or(0, Line::end);
    let first = anchor(lines, index).unwrap_or(index);
    Head {
        kind,
        title: candidate.title.text,
        level: candidate.level,
        start: lines.get(first).map_or(0, |line| line.start),
        end,
        line: index + 1,
    }
}

/// The line of an anchor above a heading, such as `<a name="1.0.0"></a>`, with a blank line between at most.
fn anchor(lines: &[Line<'_>], heading: usize) -> Option<usize> {
    let mut above = heading.checked_sub(1)?;
    if lines.get(above)?.kind == Kind::Blank {
        above = above.checked_sub(1)?;
    }
    let text = lines.get(above)?.text.trim();
    (text.starts_with("<a ") && text.ends_with('>')).then_some(above)
}
