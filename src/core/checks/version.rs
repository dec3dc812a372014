//! The version is SemVer, above the last release, not below what the commits ask for, and not below the manifests.

use semver::Version;

use crate::core::check::Answer;
use crate::core::facts::{Facts, Lineage, VersionAsk};
use crate::core::plans::release_text;
use crate::core::version;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    if facts.ask.version.is_none() {
        return Vec::new();
    }
    let asked = match release_text::asked_version(facts) {
        Ok(version) => version,
        Err(error) => return vec![Answer::fail(error.why, error.remedy)],
    };
    vec![match facts.lineage.known() {
        None => Answer::pass(format!("{asked} is a version")),
        Some(lineage) => against_the_last(facts, &asked)
            .or_else(|| against_manifests(facts, &asked, lineage))
            .unwrap_or_else(|| against_commits(facts, &asked, lineage)),
    }]
}

/// No release takes a manifest back, whoever names its version.
fn against_manifests(facts: &Facts, asked: &Version, lineage: &Lineage) -> Option<Answer> {
    let manifest = lineage.manifest.as_ref()?;
    version::not_below(asked, manifest).err().map(|error| {
        let remedy = match facts.derived() {
            Ok(derived) if derived > *manifest => format!("cargo sentinel cut {derived}"),
            Ok(_) | Err(_) => error.hint().unwrap_or("cargo sentinel next --explain".to_owned()),
        };
        Answer::fail(error.to_string(), remedy)
    })
}

/// A release lies above the one before.
fn against_the_last(facts: &Facts, asked: &Version) -> Option<Answer> {
    let base = facts.last_release().filter(|base| asked <= *base)?;
    Some(match &facts.ask.version {
        Some(VersionAsk::Derived { .. }) => Answer::fail(
            format!("nothing since {base} asks for a release"),
            "cargo sentinel next --explain, or name a level: cargo sentinel cut patch",
        ),
        Some(VersionAsk::Typed(_)) | None => Answer::fail(
            format!("{asked} is not above {base}, the last release"),
            "cargo sentinel next",
        ),
    })
}

/// A release is at least what its commits ask for.
fn against_commits(facts: &Facts, asked: &Version, lineage: &Lineage) -> Answer {
    let base = facts.last_release();
    match facts.derived() {
        // Below the derived version counts by precedence of the core: 0.2.0-rc.1 is on the way to 0.2.0.
        Ok(derived) if version::core_of(asked) < version::core_of(&derived) && !facts.ask.allow_underbump => {
            Answer::fail(
                format!("{asked} is below {derived}, which the commits ask for"),
                format!("cargo sentinel cut {derived}, or add --allow-underbump"),
            )
        }
        Ok(_) => Answer::pass(format!(
            "{asked} follows {}",
            base.map_or("no release".to_owned(), ToString::to_string)
        )),
        // Without a release tag the caller's word is the only one there is; a configuration that contradicts the tags is wrong
        // whoever names the version.
        Err(error) if base.is_some() || lineage.other_form.is_some() => Answer::unknown(error.why, error.remedy),
        Err(_) => Answer::pass(format!("{asked} is the first release")),
    }
}
