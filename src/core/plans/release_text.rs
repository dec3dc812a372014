//! What a release commit changes: manifests, lock files, CHANGELOG, as new file contents by path.

use semver::Version;

use super::versions::{self, Moved};
use crate::core::changelog::{self, ChangelogError, ChangelogFile, LinkStyle, NewSection};
use crate::core::facts::{Content, Facts, Underivable, VersionAsk};
use crate::core::version::{self, VersionError};

/// The version that a command is about: the one that was typed, or the derived one.
///
/// # Errors
/// When neither is a version.
pub fn asked_version(facts: &Facts) -> Result<Version, Underivable> {
    let refused = |error: VersionError| Underivable::new(error.to_string(), error.hint());
    match &facts.ask.version {
        None => facts.derived(),
        Some(VersionAsk::Typed(text)) => version::parse(text).map_err(refused),
        Some(VersionAsk::Derived { bump, pre: None }) => facts.raised(*bump),
        Some(VersionAsk::Derived { bump, pre: Some(id) }) => {
            let core = facts.raised(*bump)?;
            if facts.last_release() == Some(&core) {
                return Ok(core);
            }
            let tagged: Vec<Version> = facts.tagged().into_iter().collect();
            version::next_prerelease(&core, id, &tagged).map_err(refused)
        }
    }
}

/// Everything that the release commit changes. `entries` are the generated CHANGELOG entries, rendered; `date` is
/// `YYYY-MM-DD`. A pre-release leaves the CHANGELOG alone.
///
/// # Errors
/// When a file cannot be read, or a requirement cannot be moved.
pub fn changes(facts: &Facts, content: &Content, new: &Version, entries: &str, date: &str) -> Result<Moved, String> {
    let mut moved = versions::moved(content, &versions::change(content, new)?)?;
    if new.pre.is_empty() {
        let file = content.changelog.as_ref().map_err(ToString::to_string)?;
        let release = Release {
            version: new,
            entries,
            date,
        };
        let after = changelog_text(facts, content, file, &release).map_err(|error| error.to_string())?;
        if Some(&after) != file.text.as_ref() {
            moved.changes.insert(file.path.clone(), changelog::encode(&after));
        }
    }
    Ok(moved)
}

/// What a release's section in the CHANGELOG says.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// The version.
    pub version: &'a Version,
    /// The generated entries, rendered.
    pub entries: &'a str,
    /// Its date, `YYYY-MM-DD`.
    pub date: &'a str,
}

/// The CHANGELOG with the release's section.
///
/// # Errors
/// When the present one cannot be understood.
pub fn changelog_text(
    facts: &Facts,
    content: &Content,
    file: &ChangelogFile,
    release: &Release<'_>,
) -> Result<String, ChangelogError> {
    let before = file.text.as_deref().unwrap_or_default();
    let tag = facts.policy.release.tag.render(release.version);
    let previous = facts
        .lineage
        .known()
        .and_then(|lineage| lineage.base.as_ref())
        .map(|base| base.tag.to_string());
    let links = content
        .workspace
        .as_ref()
        .ok()
        .and_then(|workspace| workspace.repository.as_deref());
    let links = links.and_then(LinkStyle::of_repository);
    let section = NewSection {
        version: release.version,
        date: release.date,
        tag: &tag,
        previous: previous.as_deref(),
        entries: release.entries,
        links: links.as_ref(),
    };
    changelog::release(before, &section)
}
