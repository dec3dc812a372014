//! The form of a repository's release tags, and what its manifests say of the version: seen together, since one is read by
//! the other.

use super::content;
use crate::core::ids::{Oid, TagName};
use crate::core::manifest::Manifest;
use crate::core::policy::{Policy, TagOrigin};
use crate::core::tag_form::{Forms, Manifests};
use crate::core::workspace;
use crate::host::Result;
use crate::host::git_read::{RawRef, Repo};
use crate::host::history::Ancestors;

/// The configuration with the form of release tags settled: as it is where the configuration says it, else as the tags have
/// it. `commit` is what a release would start from.
///
/// # Errors
/// When tags or manifests cannot be read.
pub(crate) fn settled(mut policy: Policy, repo: &Repo, commit: Oid) -> Result<Policy> {
    if policy.release.tag_origin != TagOrigin::Default {
        return Ok(policy);
    }
    let tags = repo.ref_names("refs/tags/")?;
    if tags.is_empty() {
        return Ok(policy);
    }
    let manifests = manifests(repo, commit)?;
    let mut reach = Reach::new(repo, commit, &tags);
    let derived = forms(&tags, &manifests).derive(manifests.version.as_ref(), |tag| reach.descends_from(tag))?;
    if let Some(tag) = derived {
        policy.release.tag = tag;
        policy.release.tag_origin = TagOrigin::Derived;
    }
    Ok(policy)
}

/// A tag of another form than the configured one that holds the manifests' version at an ancestor of `commit`.
///
/// # Errors
/// When tags or manifests cannot be read.
pub(super) fn held_elsewhere(
    policy: &Policy,
    repo: &Repo,
    commit: Oid,
    manifests: &Manifests,
) -> Result<Option<TagName>> {
    let (TagOrigin::Configured, Some(version)) = (policy.release.tag_origin, &manifests.version) else {
        return Ok(None);
    };
    let tags = repo.ref_names("refs/tags/")?;
    let mut reach = Reach::new(repo, commit, &tags);
    forms(&tags, manifests).held_elsewhere(&policy.release.tag, version, |tag| reach.descends_from(tag))
}

fn forms(tags: &[RawRef], manifests: &Manifests) -> Forms {
    let names = tags
        .iter()
        .filter_map(|tag| tag.name.as_str().strip_prefix("refs/tags/"));
    Forms::of(names, &manifests.packages)
}

/// What the manifests of a commit say. Those of a workspace whose root is a package say it in one file.
///
/// # Errors
/// When an object cannot be read. Manifests that cannot be understood say nothing.
pub(crate) fn manifests(repo: &Repo, commit: Oid) -> Result<Manifests> {
    let tree = repo.tree_of(commit)?;
    let root = repo.file_at(tree, "Cargo.toml")?;
    let Some(Ok(root)) = root.map(|bytes| Manifest::parse(bytes, "Cargo.toml")) else {
        return Ok(Manifests::default());
    };
    if let Some((name, version)) = workspace::root_package(&root) {
        return Ok(Manifests {
            version: Some(version),
            packages: vec![name],
        });
    }
    let Ok(found) = content::workspace(repo, tree)? else {
        return Ok(Manifests::default());
    };
    Ok(
        match (workspace::version_group(&found), workspace::leading_package(&found)) {
            (Ok(group), _) => Manifests {
                version: Some(group.version),
                packages: group.members.into_iter().map(|package| package.name).collect(),
            },
            (Err(_), Some(leading)) => Manifests {
                version: Some(leading.version.clone()),
                packages: vec![leading.name.clone()],
            },
            (Err(_), None) => Manifests::default(),
        },
    )
}

/// Whether a commit descends from tags. Nothing is walked before the first is asked about.
struct Reach<'a> {
    repo: &'a Repo,
    commit: Oid,
    tags: &'a [RawRef],
    ancestors: Option<Ancestors<'a>>,
}

impl<'a> Reach<'a> {
    fn new(repo: &'a Repo, commit: Oid, tags: &'a [RawRef]) -> Self {
        Self {
            repo,
            commit,
            tags,
            ancestors: None,
        }
    }

    fn descends_from(&mut self, tag: &TagName) -> Result<bool> {
        let full = tag.full();
        let Some(found) = self.tags.iter().find(|known| known.name == full) else {
            return Ok(false);
        };
        let peeled = match found.peeled {
            Some(peeled) => Some(peeled),
            None => self.repo.peel(found.id)?,
        };
        let Some(peeled) = peeled else { return Ok(false) };
        let ancestors = match &mut self.ancestors {
            Some(ancestors) => ancestors,
            none => none.insert(Ancestors::of(self.repo, self.commit)?),
        };
        ancestors.contains(peeled)
    }
}
