//! `changelog`: the section that a release gets, or the whole history's.

use std::collections::HashSet;

use semver::Version;

use super::next::head;
use super::{Context, Error, Kind, date};
use crate::core::changelog::{self, ChangelogFile, FileError, LinkStyle, NewSection};
use crate::core::entries;
use crate::core::facts::{Content, Lineage};
use crate::core::ids::Oid;
use crate::core::policy::Policy;
use crate::core::version;
use crate::engine::probe::{self, ReleaseTags};
use crate::host::git_read::Repo;
use crate::host::{clock, fs};
use crate::notes::Renderer;

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct ChangelogOptions {
    /// The version as typed; without it, the derived one.
    pub version: Option<String>,
    /// Puts the section into the file.
    pub write: bool,
    /// The whole history instead.
    pub all: bool,
}

/// The text, and what it means for the file.
#[derive(Debug, Clone)]
pub struct ChangelogAnswer {
    /// The release; `None` for the whole history.
    pub version: Option<Version>,
    /// The section's text without its heading, or the whole changelog.
    pub text: String,
    /// The file's path in the repository; `None` for the whole history, where no one file is taken for the CHANGELOG.
    pub path: Option<String>,
    /// Whether the file would change, or changed.
    pub changes: bool,
}

/// Renders, and writes where that was asked.
///
/// # Errors
/// `Blocked` where there is no version to write for, the file cannot be understood, or there is no working tree to write to.
pub fn changelog(context: &Context, options: &ChangelogOptions) -> Result<ChangelogAnswer, Error> {
    let repo = context.repo()?;
    let commit = head(&repo)?;
    let policy = context.policy(&repo, commit)?;
    if options.all {
        return whole_history(&repo, &policy, commit);
    }
    let tags = ReleaseTags::read(&policy, &repo)?;
    let lineage = probe::lineage(&repo, &policy, &tags, commit)?;
    let content = probe::content(&repo, commit, &policy)?;
    let version = version_of(options, &policy, &lineage)?;
    let workspace = content.workspace.as_ref().ok();
    let (before, file) = match repo.workdir() {
        Some(top) => {
            let (before, file) = probe::changelog::on_disk(&top, &policy, workspace)?.map_err(|why| refused(&why))?;
            (before, Some(file))
        }
        None => (content.changelog.clone().map_err(|why| refused(&why))?, None),
    };
    let after = with_section(&policy, &lineage, &content, &version, &before)?;
    let text = changelog::section(&after, &version).unwrap_or_default().to_owned();
    let changes = Some(&after) != before.text.as_ref();
    if options.write && changes {
        let file = file.ok_or_else(|| Error::new(Kind::Blocked, "a bare repository has no file to write"))?;
        fs::write_atomic(&file, &changelog::encode(&after))?;
    }
    let path = Some(before.path);
    Ok(ChangelogAnswer {
        version: Some(version),
        text,
        path,
        changes,
    })
}

fn refused(why: &FileError) -> Error {
    Error::new(Kind::Blocked, why.to_string()).hint(why.remedy())
}

fn version_of(options: &ChangelogOptions, policy: &Policy, lineage: &Lineage) -> Result<Version, Error> {
    let refused = |error: version::VersionError| {
        let hint = error.hint().unwrap_or("cargo sentinel next --explain".to_owned());
        Error::new(Kind::Blocked, error.to_string()).hint(hint)
    };
    if let Some(text) = &options.version {
        return version::parse(text).map_err(refused);
    }
    let inputs = lineage.inputs(&policy.version);
    let next = version::decide(&inputs).map_err(refused)?.next;
    match &lineage.base {
        Some(base) if base.version == next => Err(Error::new(
            Kind::Blocked,
            format!("nothing since {} asks for a release", base.tag),
        )
        .hint("cargo sentinel changelog VERSION")),
        Some(_) | None => Ok(next),
    }
}

fn with_section(
    policy: &Policy,
    lineage: &Lineage,
    content: &Content,
    version: &Version,
    before: &ChangelogFile,
) -> Result<String, Error> {
    let repository = content
        .workspace
        .as_ref()
        .ok()
        .and_then(|workspace| workspace.repository.as_deref());
    let entries = entries::entries(&lineage.history, &policy.changelog, repository);
    let rendered = Renderer::new()?.section(&entries)?;
    let previous = lineage.base.as_ref().map(|base| base.tag.to_string());
    let links = repository.and_then(LinkStyle::of_repository);
    let today = date(clock::now())?;
    let tag = policy.release.tag.render(version);
    let section = NewSection {
        version,
        date: &today,
        tag: &tag,
        previous: previous.as_deref(),
        entries: &rendered,
        links: links.as_ref(),
    };
    let path = &before.path;
    let text = before.text.as_deref().unwrap_or_default();
    changelog::release(text, &section).map_err(|error| {
        Error::new(Kind::Blocked, format!("{path} cannot be understood: {error}")).hint(error.remedy(path))
    })
}

/// The date of a past release's commit, which can claim any moment, and none.
fn date_of_release(version: &Version, commit: Oid, time: Option<i64>) -> Result<String, Error> {
    let refused = |why: &str| {
        let message = format!("the commit of release {version}, {commit}, has no date: {why}");
        Error::new(Kind::Blocked, message).hint(format!("git cat-file commit {commit}"))
    };
    let time = time.ok_or_else(|| refused("what stands there cannot be read"))?;
    date(time).map_err(|error| refused(&error.message))
}

/// One section per release tag, newest first, dated as its commit; what follows the last release comes first.
fn whole_history(repo: &Repo, policy: &Policy, tip: Oid) -> Result<ChangelogAnswer, Error> {
    let tags = ReleaseTags::read(policy, repo)?;
    let content = probe::content(repo, tip, policy)?;
    let repository = content
        .workspace
        .as_ref()
        .ok()
        .and_then(|workspace| workspace.repository.as_deref());
    let mut sections = Vec::new();
    let mut named = HashSet::new();
    let lineage = probe::lineage(repo, policy, &tags, tip)?;
    let unreleased = entries::entries(&lineage.history, &policy.changelog, repository);
    sections.push(("[Unreleased]".to_owned(), unreleased));
    for release in probe::sections(repo, &tags, tip)? {
        if named.insert(release.version.clone()) {
            let (version, commit) = (&release.version, release.commit);
            let heading = format!("[{version}] - {}", date_of_release(version, commit, release.time)?);
            sections.push((
                heading,
                entries::entries(&release.history, &policy.changelog, repository),
            ));
        }
    }
    let body = Renderer::new()?.all(&sections)?;
    let path = content.changelog.ok().map(|file| file.path);
    Ok(ChangelogAnswer {
        version: None,
        text: format!("# Changelog\n\n{body}"),
        path,
        changes: false,
    })
}
