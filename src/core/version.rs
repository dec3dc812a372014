//! From what the commits ask for to a version: bumps, the policy before 1.0.0, pre-releases, versions between releases.
//!
//! Owns the arithmetic of versions. Must not know commit messages (`commit.rs`), reverts (`history.rs`) nor where tags come from.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

use super::history::History;
use super::ids::{Oid, TagName};

/// What a change asks of the version, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Bump {
    /// Nothing: no release for its sake.
    #[default]
    None,
    /// The third number.
    Patch,
    /// The second number.
    Minor,
    /// The first number.
    Major,
}

impl Bump {
    /// The words that [`Bump::from_str`] reads, the least first.
    pub const WORDS: [&'static str; 4] = ["none", "patch", "minor", "major"];
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

impl FromStr for Bump {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "patch" => Ok(Self::Patch),
            "minor" => Ok(Self::Minor),
            "major" => Ok(Self::Major),
            _ => Err(VersionError::NotABump { text: text.to_owned() }),
        }
    }
}

/// What a bump means before 1.0.0 (`[version] zero`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroPolicy {
    /// As Cargo reads requirements: the first number that is not zero is the breaking one.
    #[default]
    Cargo,
    /// Breaking changes and features raise the second number, fixes the third.
    Semver,
    /// As after 1.0.0.
    Stable,
}

/// What each commit type asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BumpTable(BTreeMap<String, Bump>);

impl Default for BumpTable {
    /// feat: minor. fix, perf, revert: patch.
    fn default() -> Self {
        let table = [
            ("feat", Bump::Minor),
            ("fix", Bump::Patch),
            ("perf", Bump::Patch),
            ("revert", Bump::Patch),
        ];
        Self(table.map(|(kind, bump)| (kind.to_owned(), bump)).into())
    }
}

impl BumpTable {
    /// Sets what a type asks for; the case of the type does not matter.
    pub fn set(&mut self, kind: &str, bump: Bump) {
        self.0.insert(kind.to_ascii_lowercase(), bump);
    }

    /// What a commit of this type, in lower case, asks for: a breaking one always [`Bump::Major`], an unknown type nothing.
    pub fn asks(&self, kind: &str, breaking: bool) -> Bump {
        if breaking {
            Bump::Major
        } else {
            self.0.get(kind).copied().unwrap_or_default()
        }
    }
}

/// Why there is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text is not a version.
    #[error("`{text}` is not a version: {why}")]
    NotAVersion {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The word is not a bump.
    #[error("`{text}` is not a bump: it is one of none, patch, minor, major")]
    NotABump {
        /// The word as given.
        text: String,
    },
    /// The pre-release identifier cannot stand before the counter.
    #[error("`{id}` is not a pre-release identifier: it is made of ASCII letters, digits and `-`, not digits alone")]
    NotAnIdentifier {
        /// The identifier as given.
        id: String,
    },
    /// The history has no release, and nothing says what the first one is called.
    #[error("no release tag is reachable{}", at_manifest(.manifest.as_ref()))]
    NoReleaseTag {
        /// The manifest's version, where there is one.
        manifest: Option<Version>,
    },
    /// `[version] initial` lies below what the manifests say already.
    #[error("`initial` is {initial}, and the manifests are at {manifest} already: no release goes below them")]
    BelowManifest {
        /// The first version as configured.
        initial: Version,
        /// The manifests' version.
        manifest: Version,
    },
    /// The version lies below what the manifests say already.
    #[error("{version} is below {manifest}, which the manifests carry already: no release takes them back")]
    Backwards {
        /// The version that was asked for.
        version: Version,
        /// The manifests' version.
        manifest: Version,
    },
    /// The configured form of tags hides the release that the manifests are at.
    #[error(
        "`[release] tag` does not fit the tags: the manifests are at {manifest}, which the tag `{tag}` holds in another form"
    )]
    OtherForm {
        /// The tag that holds the manifests' version.
        tag: TagName,
        /// That version.
        manifest: Version,
    },
    /// A number of the version is the greatest there is.
    #[error("no version follows {after}")]
    Exhausted {
        /// The version that has no successor.
        after: Version,
    },
}

fn at_manifest(manifest: Option<&Version>) -> String {
    manifest.map_or_else(
        || ", and the manifests share no version".to_owned(),
        |version| format!(", yet the manifest is at {version}"),
    )
}

impl VersionError {
    /// What to do about it, as one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAVersion { .. } => Some("write it as `1.2.3`, or `1.2.3-rc.1`".to_owned()),
            Self::NotAnIdentifier { .. } => Some("use a word such as `rc`, `beta` or `alpha`".to_owned()),
            Self::NoReleaseTag { manifest } => Some(format!(
                "to get the tags, run `git fetch --tags`; if releases are tagged in another form, set `tag` under [release] in sentinel.toml; for a first release, set `initial = \"{}\"` under [version]",
                manifest.as_ref().map_or(FIRST, core_of)
            )),
            Self::BelowManifest { manifest, .. } => Some(format!(
                "set `initial = \"{}\"` under [version] in sentinel.toml, or above it",
                core_of(manifest)
            )),
            Self::Backwards { manifest, .. } => Some(format!("cargo sentinel cut {}", core_of(manifest))),
            Self::OtherForm { tag, manifest } => Some(format!(
                "set `tag = \"{}\"` under [release] in sentinel.toml, or leave it out: the form is then derived from the tags",
                tag.as_str().replacen(&manifest.to_string(), "{version}", 1)
            )),
            Self::NotABump { .. } | Self::Exhausted { .. } => None,
        }
    }
}

/// What a first release is called where nothing else says, and the greatest version that a manifest may call it.
const FIRST: Version = Version::new(0, 1, 0);

/// Reads `1.2.0` or `v1.2.0`, and nothing else: no blanks, no missing numbers, no leading zeros (SemVer 2.0.0).
///
/// # Errors
/// [`VersionError::NotAVersion`], with what is wrong.
pub fn parse(text: &str) -> Result<Version, VersionError> {
    let number = text.strip_prefix('v').unwrap_or(text);
    Version::parse(number).map_err(|why| VersionError::NotAVersion {
        text: text.to_owned(),
        why: why.to_string(),
    })
}

/// The bump that counts at `base`: what is asked, under the policy for versions before 1.0.0.
pub fn effective(asked: Bump, base: &Version, zero: ZeroPolicy) -> Bump {
    if base.major > 0 {
        return asked;
    }
    match (zero, asked) {
        (_, Bump::None) => Bump::None,
        (ZeroPolicy::Stable, _) => asked,
        (ZeroPolicy::Semver, _) => asked.min(Bump::Minor),
        (ZeroPolicy::Cargo, Bump::Major) if base.minor > 0 => Bump::Minor,
        (ZeroPolicy::Cargo, Bump::Patch | Bump::Minor | Bump::Major) => Bump::Patch,
    }
}

/// The version after `base`, without pre-release and build metadata; `base` itself where nothing is asked.
///
/// At the greatest number there is, the number stays; [`decide`] refuses that.
pub fn apply(base: &Version, bump: Bump) -> Version {
    let Version {
        major, minor, patch, ..
    } = *base;
    match bump {
        Bump::None => base.clone(),
        Bump::Patch => Version::new(major, minor, patch.saturating_add(1)),
        Bump::Minor => Version::new(major, minor.saturating_add(1), 0),
        Bump::Major => Version::new(major.saturating_add(1), 0, 0),
    }
}

/// The version's three numbers, without pre-release and build metadata.
pub fn core_of(version: &Version) -> Version {
    Version::new(version.major, version.minor, version.patch)
}

/// The next pre-release of `core`: `0.2.0-rc.1`, or one above the highest of `taken` with the same numbers and identifier.
///
/// # Errors
/// [`VersionError::NotAnIdentifier`] where `id` is not one identifier or is a number; [`VersionError::Exhausted`] at the greatest counter.
pub fn next_prerelease(core: &Version, id: &str, taken: &[Version]) -> Result<Version, VersionError> {
    let core = core_of(core);
    let not_an_identifier = || VersionError::NotAnIdentifier { id: id.to_owned() };
    let one_word = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !one_word || id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(not_an_identifier());
    }
    let highest = taken
        .iter()
        .filter(|version| core_of(version) == core)
        .filter_map(|version| {
            let counter = version.pre.strip_prefix(id)?.strip_prefix('.')?;
            // `rc.2.1` lies above `rc.2`, so that it takes the 2.
            counter.split('.').next()?.parse::<u64>().ok()
        })
        .max();
    let number = highest.unwrap_or(0).checked_add(1);
    let number = number.ok_or_else(|| VersionError::Exhausted {
        after: Version {
            pre: prerelease(&format!("{id}.{}", u64::MAX)),
            ..core.clone()
        },
    })?;
    let pre = Prerelease::new(&format!("{id}.{number}")).map_err(|_| not_an_identifier())?;
    Ok(Version { pre, ..core })
}

/// Refuses a version that would take the manifests back.
///
/// # Errors
/// [`VersionError::Backwards`] where the manifests carry a higher version, by SemVer's precedence.
pub fn not_below(version: &Version, manifest: &Version) -> Result<(), VersionError> {
    if version.cmp_precedence(manifest).is_ge() {
        return Ok(());
    }
    Err(VersionError::Backwards {
        version: version.clone(),
        manifest: manifest.clone(),
    })
}

/// The release that the next one follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The release's tag.
    pub tag: TagName,
    /// The stable version that the tag names.
    pub version: Version,
    /// The commit that the tag peels to.
    pub commit: Oid,
}

/// All that the next version follows from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The highest stable release reachable from the source, if there is one.
    pub base: Option<&'a Base>,
    /// The commits since the base.
    pub history: &'a History,
    /// The pre-releases reachable from the source; those that are not above the base play no part.
    pub prereleases: &'a [Version],
    /// The version that the manifests share.
    pub manifest: Option<&'a Version>,
    /// A tag that holds the manifests' version in another form than the configured one.
    pub other_form: Option<&'a TagName>,
    /// `[version] initial`.
    pub initial: Option<&'a Version>,
    /// `[version] zero`.
    pub zero: ZeroPolicy,
    /// `--bump`: taken as it is, whatever the history asks for.
    pub over: Option<Bump>,
}

/// The next version, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The bump after the policy for versions before 1.0.0; `None` where no release is asked for.
    pub bump: Bump,
    /// The next version; the base's where no release is asked for.
    pub next: Version,
    /// The newest of the commits that ask for the most; `None` where none asks, or `--bump` decided.
    pub decided_by: Option<Oid>,
}

/// Decides the next version.
///
/// It is never below two floors, whatever the commits or `--bump` ask for: the numbers of the highest pre-release above the
/// base (after `v0.2.0-rc.1` on base 0.1.0 comes 0.2.0), and those of the manifests, where somebody raised them above the base:
/// that is a release that was promised (0.3.0-dev: 0.3.0). The bump is then what leads from the base to there. Manifests below
/// the base, a forgotten bump, count for nothing. Without a base the first release is `initial`, else the manifest's version up to 0.1.0 (0.0.0 becomes 0.1.0; of a pre-release the numbers count), else
/// what a reachable pre-release leads up to, if the manifest is not above that.
///
/// # Errors
/// [`VersionError::NoReleaseTag`] where nothing names the first release; [`VersionError::BelowManifest`] and
/// [`VersionError::OtherForm`] where the configuration leads below the manifests; [`VersionError::Exhausted`] where a number
/// cannot be raised.
pub fn decide(inputs: &Inputs<'_>) -> Result<Decision, VersionError> {
    let (asked, newest) = inputs.history.asked();
    let decided_by = newest.filter(|_| inputs.over.is_none());
    let prereleases = inputs.prereleases.iter().filter(|version| !version.pre.is_empty());
    let base = inputs.base.map(|base| &base.version);
    let raised = inputs
        .manifest
        .filter(|manifest| base.is_none_or(|base| manifest.cmp_precedence(base).is_gt()));
    if let (Some(manifest), Some(tag)) = (raised, inputs.other_form) {
        return Err(VersionError::OtherForm {
            tag: tag.clone(),
            manifest: manifest.clone(),
        });
    }
    let Some(base) = base else {
        let next = first_release(inputs, prereleases.map(core_of).max())?;
        let bump = inputs.over.unwrap_or_else(|| effective(asked, &next, inputs.zero));
        return Ok(Decision { bump, next, decided_by });
    };
    let bump = inputs.over.unwrap_or_else(|| effective(asked, base, inputs.zero));
    let next = apply(base, bump);
    if bump > Bump::None && next <= *base {
        return Err(VersionError::Exhausted { after: base.clone() });
    }
    let floors = prereleases.filter(|version| *version > base).chain(raised).map(core_of);
    Ok(match floors.max() {
        Some(floor) if floor > next => Decision {
            bump: between(base, &floor),
            next: floor,
            decided_by,
        },
        Some(_) | None => Decision { bump, next, decided_by },
    })
}

fn first_release(inputs: &Inputs<'_>, floor: Option<Version>) -> Result<Version, VersionError> {
    let manifest = inputs.manifest.map(core_of).filter(|version| *version <= FIRST);
    let named = match (inputs.initial, manifest) {
        (Some(initial), _) => match inputs.manifest {
            Some(manifest) if core_of(manifest) > *initial => {
                return Err(VersionError::BelowManifest {
                    initial: initial.clone(),
                    manifest: manifest.clone(),
                });
            }
            Some(_) | None => Some(initial.clone()),
        },
        (None, Some(version)) if version == Version::new(0, 0, 0) => Some(FIRST),
        (None, manifest) => manifest,
    };
    // A pre-release that the manifest has left behind is no step towards the first release: tags of another form hide it.
    let behind = |floor: &Version| inputs.manifest.is_some_and(|manifest| core_of(manifest) > *floor);
    let floor = floor.filter(|floor| named.is_some() || !behind(floor));
    named.max(floor).ok_or_else(|| VersionError::NoReleaseTag {
        manifest: inputs.manifest.cloned(),
    })
}

/// The bump whose number is the first that differs.
pub fn between(base: &Version, next: &Version) -> Bump {
    if next.major != base.major {
        Bump::Major
    } else if next.minor != base.minor {
        Bump::Minor
    } else if next.patch != base.patch {
        Bump::Patch
    } else {
        Bump::None
    }
}

/// Where a commit stands among the releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The version of the nearest release, pre-releases included; `None` before the first.
    pub tag: Option<Version>,
    /// The number of commits since that tag, or since the root; 0 on the tag.
    pub distance: u64,
    /// The commit's id, seven hexadecimal digits.
    pub short: String,
    /// Whether the working tree differs from the commit.
    pub dirty: bool,
    /// What unreleased work is called before the first release: the manifest's version.
    pub upcoming: Version,
}

/// This commit's version: the tag's own on a clean tag, else a pre-release above it and below every release to come.
pub fn describe(described: &Described) -> Version {
    let Described {
        tag,
        distance,
        dirty,
        upcoming,
        ..
    } = described;
    let (core, pre) = match tag {
        Some(version) if *distance == 0 && !dirty => return version.clone(),
        Some(version) if version.pre.is_empty() => (apply(version, Bump::Patch), format!("dev.{distance}")),
        Some(version) => (core_of(version), format!("{}.dev.{distance}", version.pre)),
        None => (core_of(upcoming), format!("dev.{distance}")),
    };
    // Only what may stand in build metadata, so that the text below always is some.
    let short: String = described.short.chars().filter(char::is_ascii_alphanumeric).collect();
    let build = format!("g{short}{}", if *dirty { ".dirty" } else { "" });
    Version {
        pre: prerelease(&pre),
        build: BuildMetadata::new(&build).unwrap_or_default(),
        ..core
    }
}

/// A pre-release from identifiers that are known to be valid.
fn prerelease(valid: &str) -> Prerelease {
    Prerelease::new(valid).unwrap_or_default()
}

#[cfg(test)]
mod tests;
