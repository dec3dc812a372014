//! The link definitions of releases: `[0.2.0]: https://…/compare/v0.1.0...v0.2.0`.
//!
//! Learns the form from the links that stand in the changelog; the repository's URL serves only where there are none.

use semver::Version;

use super::parse::{Changelog, Definition};
use super::release::{Edit, NewSection};

/// How the project's forge writes links, for a changelog that has none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStyle {
    /// What stands before `v0.1.0...v0.2.0`.
    compare: String,
    /// What stands before `v0.1.0`.
    release: String,
    /// The tag of the release before this one.
    previous: Option<String>,
}

impl LinkStyle {
    /// The links of a repository with the given web address, after the release tagged `previous`.
    ///
    /// GitLab has paths of its own; all others are written as GitHub, Gitea and Forgejo do.
    pub fn of_repository(url: &str, previous: Option<&str>) -> Self {
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix(".git").unwrap_or(base);
        let host = base.split_once("://").map_or(base, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or(host);
        let (compare, release) = if host.contains("gitlab") {
            ("/-/compare/", "/-/releases/")
        } else {
            ("/compare/", "/releases/tag/")
        };
        Self {
            compare: format!("{base}{compare}"),
            release: format!("{base}{release}"),
            previous: previous.map(ToOwned::to_owned),
        }
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

    fn between(&self, from: &str, to: &str) -> String {
        format!("{}{from}{}{to}", self.prefix, self.dots)
    }
}

/// The edits that link a new release. None where it is linked already, or where no form is known.
pub(super) fn link_edits(changelog: &Changelog<'_>, section: &NewSection<'_>, end: usize) -> Vec<Edit> {
    let definitions = &changelog.definitions;
    if definitions
        .iter()
        .any(|link| version(link).as_ref() == Some(section.version))
    {
        return Vec::new();
    }
    let unreleased = definitions
        .iter()
        .find(|link| link.label.eq_ignore_ascii_case("unreleased"));
    let newest = definitions
        .iter()
        .filter_map(|link| Some((version(link)?, link)))
        .max_by(|(a, _), (b, _)| a.cmp(b));
    match (unreleased, newest) {
        (Some(unreleased), newest) => beside_unreleased(changelog, section, unreleased, newest.as_ref()),
        (None, Some(newest)) => like(section, &newest)
            .map(|url| Edit::insert(newest.1.start, line(section, &url, changelog.eol)))
            .into_iter()
            .collect(),
        (None, None) => first_links(changelog, section, end).into_iter().collect(),
    }
}

/// The version that a definition's label names.
fn version(link: &Definition<'_>) -> Option<Version> {
    Version::parse(link.label.strip_prefix(['v', 'V']).unwrap_or(link.label)).ok()
}

fn line(section: &NewSection<'_>, url: &str, eol: &str) -> String {
    format!("[{}]: {url}{eol}", section.version)
}

fn beside_unreleased(
    changelog: &Changelog<'_>,
    section: &NewSection<'_>,
    unreleased: &Definition<'_>,
    newest: Option<&(Version, &Definition<'_>)>,
) -> Vec<Edit> {
    let mut edits = Vec::new();
    let url = match Compare::read(unreleased.url) {
        // The link was moved on already: only what it was before would tell where the release starts.
        Some(compare) if compare.from == section.tag => newest.and_then(|newest| like(section, newest)),
        Some(compare) => {
            let at = unreleased.start + unreleased.text.find("]:").map_or(0, |at| at + 2);
            let space = unreleased
                .text
                .find(unreleased.url)
                .unwrap_or(0)
                .max(at - unreleased.start);
            let start = unreleased.start + space;
            let moved_on = compare.between(section.tag, compare.to);
            edits.push(Edit::replace(start..start + unreleased.url.len(), moved_on));
            Some(compare.between(compare.from, section.tag))
        }
        None => newest.and_then(|newest| like(section, newest)),
    };
    if let Some(url) = url {
        let oldest_first = newest.is_some_and(|(_, newest)| newest.start < unreleased.start);
        let at = unreleased.start + if oldest_first { 0 } else { unreleased.text.len() };
        edits.push(Edit::insert(at, line(section, &url, changelog.eol)));
    }
    edits
}

/// The link in the form of the newest release's: compared with that release, or with its version replaced.
fn like(section: &NewSection<'_>, (version, newest): &(Version, &Definition<'_>)) -> Option<String> {
    if let Some(compare) = Compare::read(newest.url) {
        return Some(compare.between(compare.to, section.tag));
    }
    let version = version.to_string();
    let at = newest.url.rfind(&version)?;
    let mut url = newest.url.to_owned();
    url.replace_range(at..at + version.len(), &section.version.to_string());
    Some(url)
}

/// The links of a changelog without any, below a blank line at the end.
fn first_links(changelog: &Changelog<'_>, section: &NewSection<'_>, end: usize) -> Option<Edit> {
    let style = section.links?;
    let (eol, tag) = (changelog.eol, section.tag);
    let url = match &style.previous {
        Some(previous) => format!("{}{previous}...{tag}", style.compare),
        None => format!("{}{tag}", style.release),
    };
    let apart = if changelog.footer.is_empty() { eol } else { "" };
    let text = format!(
        "{apart}[Unreleased]: {}{tag}...HEAD{eol}{}",
        style.compare,
        line(section, &url, eol)
    );
    Some(Edit::insert(end, text))
}
