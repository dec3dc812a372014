//! Which form a repository's release tags have, where the configuration does not say.
//!
//! Decides from the names of the tags, and from the version and the names in the manifests. Must not know where they were
//! read; whether a commit descends from a tag is asked of the caller.

use std::collections::{BTreeMap, HashMap};

use semver::Version;

use super::ids::TagName;
use super::policy::Template;

/// What stands between a prefix and the version.
const SEPARATORS: [char; 4] = ['-', '/', '@', '_'];

/// The prefixes that are no package's name.
const PREFIXES: [&str; 2] = ["release", "rel"];

/// What the manifests of a commit say, as far as tags repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifests {
    /// The version that a release would replace; `None` where the packages share none.
    pub version: Option<Version>,
    /// The names of the packages that carry it.
    pub packages: Vec<String>,
}

/// The forms that are known, the likeliest first: `v{version}`, `{version}`, and both behind each package's name, `release`
/// and `rel`, joined by one of `-`, `/`, `@` and `_`.
pub fn known(packages: &[String]) -> Vec<Template> {
    prefixes(packages)
        .iter()
        .map(|prefix| Template::around_version(prefix))
        .collect()
}

/// The known form in which a tag of this name is the release of `version`.
pub fn naming(name: &str, version: &Version, packages: &[String]) -> Option<Template> {
    known(packages).into_iter().find(|form| form.render(version) == name)
}

fn prefixes(packages: &[String]) -> Vec<String> {
    let words = packages.iter().map(String::as_str).chain(PREFIXES);
    let joined = words.flat_map(|word| SEPARATORS.map(|separator| format!("{word}{separator}")));
    let fronts: Vec<String> = [String::new()].into_iter().chain(joined).collect();
    let dressed = fronts.iter().flat_map(|front| [format!("{front}v"), front.clone()]);
    dressed.collect()
}

/// Tags by the form that they have.
#[derive(Debug, Clone)]
pub struct Forms {
    /// What stands before the version, in the order of [`known`].
    prefixes: Vec<String>,
    /// The tags of each form, by its place among the prefixes.
    tags: BTreeMap<usize, Vec<(Version, TagName)>>,
}

impl Forms {
    /// Sorts tags, given by their short names, by their forms. What has no known form is left out.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>, packages: &[String]) -> Self {
        let prefixes = prefixes(packages);
        let places: HashMap<&str, usize> = prefixes.iter().map(String::as_str).zip(0..).collect();
        let mut tags: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for name in names {
            for (place, version) in readings(name, &places) {
                if let Ok(tag) = TagName::new(name) {
                    tags.entry(place).or_default().push((version, tag));
                }
            }
        }
        Self { prefixes, tags }
    }

    /// The form of the release tags: the only one that any tag has; else the one under which a tag that the source descends
    /// from holds the manifests' version; else the one whose highest stable version is nearest below the manifests'; else,
    /// where all are above it or the manifests name none, the one with the highest version. The order of [`known`] decides a
    /// tie. `None` without any tag.
    ///
    /// # Errors
    /// What `descends` fails with.
    pub fn derive<E>(
        &self,
        version: Option<&Version>,
        descends: impl FnMut(&TagName) -> Result<bool, E>,
    ) -> Result<Option<Template>, E> {
        if self.tags.len() > 1
            && let Some(version) = version
            && let Some((place, _)) = self.holder(version, descends)?
        {
            return Ok(self.template(place));
        }
        let below = |found: &Version| version.is_some_and(|version| found.pre.is_empty() && found < version);
        let stable = |found: &Version| found.pre.is_empty();
        let place = self
            .highest(below)
            .or_else(|| self.highest(stable))
            .or_else(|| self.highest(|_| true));
        Ok(place.and_then(|place| self.template(place)))
    }

    /// A tag of another form than `configured` that the source descends from and that holds the manifests' version.
    ///
    /// # Errors
    /// What `descends` fails with.
    pub fn held_elsewhere<E>(
        &self,
        configured: &Template,
        version: &Version,
        mut descends: impl FnMut(&TagName) -> Result<bool, E>,
    ) -> Result<Option<TagName>, E> {
        let elsewhere = |tag: &TagName| configured.parse(tag.as_str()).is_none();
        let held = self.holder(version, |tag| Ok(elsewhere(tag) && descends(tag)?))?;
        Ok(held.map(|(_, tag)| tag.clone()))
    }

    /// The first form with a tag for exactly this version that the source descends from, and that tag.
    fn holder<E>(
        &self,
        version: &Version,
        mut descends: impl FnMut(&TagName) -> Result<bool, E>,
    ) -> Result<Option<(usize, &TagName)>, E> {
        for (place, tags) in &self.tags {
            for (_, tag) in tags.iter().filter(|(held, _)| held == version) {
                if descends(tag)? {
                    return Ok(Some((*place, tag)));
                }
            }
        }
        Ok(None)
    }

    /// The first of the forms with the highest version that `counts`.
    fn highest(&self, counts: impl Fn(&Version) -> bool) -> Option<usize> {
        let mut best: Option<(&Version, usize)> = None;
        for (place, tags) in &self.tags {
            let highest = tags
                .iter()
                .map(|(version, _)| version)
                .filter(|version| counts(version))
                .max();
            if let Some(highest) = highest
                && best.is_none_or(|(known, _)| highest.cmp_precedence(known).is_gt())
            {
                best = Some((highest, *place));
            }
        }
        best.map(|(_, place)| place)
    }

    fn template(&self, place: usize) -> Option<Template> {
        self.prefixes.get(place).map(|prefix| Template::around_version(prefix))
    }
}

/// Every reading of a name as a known prefix and a version, as SemVer writes it. At most a few: a version begins with a digit
/// at the start of the name, or behind a separator or a `v`.
fn readings(name: &str, places: &HashMap<&str, usize>) -> Vec<(usize, Version)> {
    let begins = |(at, _): &(usize, char)| {
        name.get(*at..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let split = |(at, _): (usize, char)| {
        let (prefix, text) = name.split_at_checked(at)?;
        let place = *places.get(prefix)?;
        let version = Version::parse(text).ok()?;
        (version.to_string() == text).then_some((place, version))
    };
    let longest = places.keys().map(|prefix| prefix.len()).max().unwrap_or_default();
    let near = name.char_indices().take_while(|(at, _)| *at <= longest);
    near.filter(begins).filter_map(split).collect()
}

#[cfg(test)]
mod tests;
