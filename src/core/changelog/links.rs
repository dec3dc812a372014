//! The links of releases: definitions such as `[0.2.0]: https://…/compare/v0.1.0...v0.2.0`, and those in headings.
//!
//! Learns the form from the links that stand in the changelog, and adds none where there are none; the repository's URL
//! serves only for a new changelog.

use semver::Version;

use super::heading::{Title, version_in};
use super::parse::{Changelog, Definition};
use super::release::{Edit, NewSection};
use super::style::Style;
use crate::core::forge::Forge;

/// How the project's forge writes links, for a changelog that has none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStyle {
    /// What stands before `v0.1.0...v0.2.0`.
    compare: String,
    /// What stands before `v0.1.0`.
    release: String,
}

impl LinkStyle {
    /// The links of a repository with the given web address; `None` where its forge has no page that compares tags in their
    /// order.
    pub fn of_repository(url: &str) -> Option<Self> {
        let forge = Forge::at(url)?;
        Some(Self {
            compare: forge.compare()?,
            release: forge.release()?,
        })
    }
}

/// A link that compares two tags, taken apart.
struct Compare<'a> {
    prefix: &'a str,
    from: &'a str,
    dots: &'a str,
    to: &'a str,
}

impl<'a> Compare<'a> {
    fn read(url: &'a str) -> Option<Self> {
        let dots = if url.contains("...") { "..." } else { ".." };
        let (left, to) = url.rsplit_once(dots)?;
        // Tags may hold slashes: only without the word `compare` is the last one taken.
        let from = left.find("/compare/").map(|at| at + "/compare/".len());
        let from = from.or_else(|| left.rfind('/').map(|at| at + 1))?;
        let (prefix, from) = left.split_at_checked(from)?;
        (!from.is_empty() && !to.is_empty()).then_some(Self { prefix, from, dots, to })
    }

    /// The link from the release before to `tag`, where this one leads from a release to what follows it. Where that is
    /// not the last release of the history, the link was not moved on in time.
    fn since(&self, section: &NewSection<'_>) -> String {
        let last = section
            .previous
            .filter(|last| version_in(last) != version_in(self.from));
        self.between(last.unwrap_or(self.from), section.tag)
    }

    fn between(&self, from: &str, to: &str) -> String {
        format!("{}{from}{}{to}", self.prefix, self.dots)
    }
}

/// The links of a changelog, and of a new release in it.
pub(super) struct Links<'c> {
    changelog: &'c Changelog<'c>,
    section: &'c NewSection<'c>,
}

impl<'c> Links<'c> {
    pub(super) fn learn(changelog: &'c Changelog<'c>, section: &'c NewSection<'c>) -> Self {
        Self { changelog, section }
    }

    /// Where the new release's heading leads, where the newest one's is a link.
    pub(super) fn heading(&self) -> Option<String> {
        let newest = Style::learn(self.changelog, self.section.version)?.link()?;
        let unreleased = self.changelog.unreleased().and_then(|section| link_of(section.title));
        let moved = unreleased.and_then(Compare::read);
        let before = self
            .changelog
            .releases()
            .find(|release| link_of(release.title) == Some(newest));
        let version = before.and_then(|release| release.version());
        match (moved, version) {
            (Some(compare), _) if compare.from != self.section.tag => Some(compare.since(self.section)),
            (_, Some(version)) => self.like(version, newest),
            (_, None) => None,
        }
    }

    /// The edit that moves the link in the heading of unreleased changes on to the new release.
    pub(super) fn unreleased_heading(&self) -> Option<Edit> {
        let unreleased = self.changelog.unreleased()?;
        let range = Title::read(unreleased.title).link?;
        let compare = Compare::read(unreleased.title.get(range.clone())?)?;
        let at = unreleased.start + unreleased.heading.find(unreleased.title)?;
        (compare.from != self.section.tag).then(|| {
            let moved_on = compare.between(self.section.tag, compare.to);
            Edit::replace(at + range.start..at + range.end, moved_on)
        })
    }

    /// The edits of the definitions; `end` is where the text ends.
    pub(super) fn definitions(&self, end: usize) -> Vec<Edit> {
        let definitions = &self.changelog.definitions;
        let mut edits = Vec::new();
        let unreleased = definitions.iter().find(|link| Title::read(link.label).is_unreleased());
        let mut released: Vec<_> = definitions
            .iter()
            .filter_map(|link| Some((version_in(link.label)?, link)))
            .collect();
        if unreleased.is_none() && released.is_empty() {
            return self.first(end).into_iter().collect();
        }
        released.sort_by(|(a, _), (b, _)| b.cmp(a));
        let newest = released.first();
        let compare = unreleased.and_then(|link| Compare::read(link.url));
        if let (Some(unreleased), Some(compare)) = (unreleased, &compare)
            && compare.from != self.section.tag
            && let Some(at) = unreleased.text.rfind(unreleased.url)
        {
            let start = unreleased.start + at;
            let moved_on = compare.between(self.section.tag, compare.to);
            edits.push(Edit::replace(start..start + unreleased.url.len(), moved_on));
        }
        let defined = |label: &str| definitions.iter().any(|link| link.label.eq_ignore_ascii_case(label));
        let Some(label) = self.label().filter(|label| !defined(label)) else {
            return edits;
        };
        let url = match (compare, newest) {
            (Some(compare), _) if compare.from != self.section.tag => Some(compare.since(self.section)),
            (_, Some((version, link))) => self.like(version, link.url),
            (_, None) => None,
        };
        let like = newest.map(|(_, link)| *link).or(unreleased);
        if let (Some(url), Some(like)) = (url, like) {
            let at = place(unreleased, &released);
            edits.push(Edit::insert(at, line(like, label, &url, self.changelog.eol)));
        }
        edits
    }

    /// The label of the new release's link: what stands between the brackets of its heading.
    fn label(&self) -> Option<&'c str> {
        let title = Title::read(self.changelog.release(self.section.version)?.title);
        title.label().filter(|_| title.link.is_none())
    }

    /// The link in the form of an older release's: compared with the last one, or with its version replaced.
    fn like(&self, version: &Version, url: &str) -> Option<String> {
        if let Some(compare) = Compare::read(url) {
            let from = self.section.previous.unwrap_or(compare.to);
            let stale = version_in(from) != version_in(compare.to);
            return Some(compare.between(if stale { from } else { compare.to }, self.section.tag));
        }
        let version = version.to_string();
        let at = url.rfind(&version)?;
        let mut url = url.to_owned();
        url.replace_range(at..at + version.len(), &self.section.version.to_string());
        Some(url)
    }

    /// The links of a changelog whose first release this is, below a blank line at the end.
    fn first(&self, end: usize) -> Option<Edit> {
        let releases = self.changelog.releases().count();
        let style = self.section.links.filter(|_| releases == 1)?;
        let label = self.label()?;
        let (eol, tag) = (self.changelog.eol, self.section.tag);
        let url = match self.section.previous {
            Some(previous) => format!("{}{previous}...{tag}", style.compare),
            None => format!("{}{tag}", style.release),
        };
        let apart = if self.changelog.footer.is_empty() { eol } else { "" };
        let unreleased = self
            .changelog
            .unreleased()
            .filter(|section| section.title.starts_with('['));
        let unreleased = unreleased.filter(|section| link_of(section.title).is_none());
        let unreleased = unreleased.map_or(String::new(), |_| {
            format!("[Unreleased]: {}{tag}...HEAD{eol}", style.compare)
        });
        Some(Edit::insert(end, format!("{apart}{unreleased}[{label}]: {url}{eol}")))
    }
}

fn link_of(title: &str) -> Option<&str> {
    title.get(Title::read(title).link?)
}

/// Where a new definition goes: beside that of what is unreleased or else of the newest release, on the side on which
/// newer ones stand.
fn place(unreleased: Option<&Definition<'_>>, released: &[(Version, &Definition<'_>)]) -> usize {
    let newest = released.first().map(|(_, link)| *link);
    let oldest = released.last().map(|(_, link)| *link);
    match (unreleased, newest, oldest) {
        (Some(unreleased), Some(newest), _) if newest.start < unreleased.start => unreleased.start,
        (Some(unreleased), _, _) => unreleased.start + unreleased.text.len(),
        (None, Some(newest), Some(oldest)) if oldest.start < newest.start => newest.start + newest.text.len(),
        (None, newest, _) => newest.map_or(0, |newest| newest.start),
    }
}

/// A definition's line in the form of another one.
fn line(like: &Definition<'_>, label: &str, url: &str, eol: &str) -> String {
    let open = like.text.rfind(like.url).unwrap_or_default();
    let before = like.text.get(..open).unwrap_or_default();
    let space = before.rsplit_once("]:").map_or(" ", |(_, space)| space);
    let close = if space.ends_with('<') { ">" } else { "" };
    format!("[{label}]:{space}{url}{close}{eol}")
}
