//! The files of a commit that a release reads and changes, taken from the object database.

use std::collections::{BTreeMap, BTreeSet};

use gix::objs::tree::{Entry, EntryKind};

use super::changelog;
use crate::core::dependents::is_config;
use crate::core::facts::Content;
use crate::core::ids::Oid;
use crate::core::listing::Listing;
use crate::core::manifest::Manifest;
use crate::core::policy::{Artifact, Policy};
use crate::core::targets;
use crate::core::workspace::{self, Workspace};
use crate::host::git_read::Repo;
use crate::host::{Error, Result};

/// Reads the packages and the CHANGELOG of a commit.
///
/// # Errors
/// When an object cannot be read. A manifest that cannot be understood is a fact, not an error.
pub(crate) fn content(repo: &Repo, commit: Oid, policy: &Policy) -> Result<Content> {
    content_in(repo, repo.tree_of(commit)?, policy)
}

fn content_in(repo: &Repo, tree: Oid, policy: &Policy) -> Result<Content> {
    let listing = listing(repo, tree, is_of_packages)?;
    let (workspace, manifests) = packages_in(repo, &listing, "")?;
    let changelog = changelog::in_tree(repo, tree, policy, workspace.as_ref().ok())?;
    let directories = directories(repo, tree, changelog.iter().map(|file| file.path.as_str()))?;
    let binaries = binaries(repo, tree, policy, (&workspace, &manifests))?;
    Ok(Content {
        directories,
        binaries,
        workspace,
        manifests,
        listing,
        configs: BTreeMap::new(),
        locks: BTreeMap::new(),
        changelog,
        hash: repo.object_hash(),
    })
}

/// Reads what [`content`] does, and every other file that may speak of the packages' version: manifests outside of the
/// workspace, lock files, cargo's configuration.
///
/// # Errors
/// As [`content`]. A manifest outside of the workspace that cannot be understood is left out: nothing in it moves.
pub(crate) fn everything(repo: &Repo, commit: Oid, policy: &Policy) -> Result<Content> {
    everything_in(repo, repo.tree_of(commit)?, policy)
}

/// The same of a tree.
///
/// # Errors
/// As [`everything`].
pub(super) fn everything_in(repo: &Repo, tree: Oid, policy: &Policy) -> Result<Content> {
    let mut content = content_in(repo, tree, policy)?;
    let configs = listing(repo, tree, is_config)?;
    for (path, id) in configs.real_files() {
        if let Ok(config) = Manifest::parse(repo.file(id)?, path) {
            content.configs.insert(path.clone(), config);
        }
    }
    for path in content.listing.paths() {
        let Some(file) = content.listing.get(path) else {
            continue;
        };
        if is_lock(path) && (*path == file.real || path == "Cargo.lock") {
            content.locks.insert(path.clone(), repo.file(file.id)?);
        } else if !is_lock(path)
            && !content.manifests.contains_key(path)
            && let Ok(manifest) = Manifest::parse(repo.file(file.id)?, path)
        {
            content.manifests.insert(path.clone(), manifest);
        }
    }
    let files = content.manifests.keys().chain(content.locks.keys());
    let files = files
        .map(|path| content.listing.real(path))
        .chain(content.changelog.iter().map(|file| file.path.as_str()));
    content.directories = directories(repo, tree, files)?;
    Ok(content)
}

/// Every path of a tree that leads to a wanted file.
pub(super) fn listing(repo: &Repo, tree: Oid, is_wanted: impl Fn(&str) -> bool) -> Result<Listing> {
    let listing = Listing::new(&repo.entries_of(tree, is_wanted)?);
    listing.map_err(|error| Error::unsupported(error.to_string(), format!("git ls-tree -r {tree} | grep ^120000")))
}

/// Whether a path is that of a manifest or a lock file.
pub(super) fn is_of_packages(path: &str) -> bool {
    is_lock(path) || path.rsplit('/').next() == Some("Cargo.toml")
}

fn is_lock(path: &str) -> bool {
    path.rsplit('/').next() == Some("Cargo.lock")
}

/// The binaries of the packages that binaries are to be released of. A package that does not exist has none.
fn binaries(
    repo: &Repo,
    tree: Oid,
    policy: &Policy,
    (workspace, manifests): (&std::result::Result<Workspace, String>, &BTreeMap<String, Manifest>),
) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found = BTreeMap::new();
    for artifact in policy.artifacts.iter().flatten() {
        let Artifact::Binary { package, .. } = artifact else {
            continue;
        };
        let known = workspace.as_ref().ok().map(|workspace| &workspace.packages);
        let known = known.and_then(|packages| packages.iter().find(|known| known.name == *package));
        let Some((known, manifest)) = known.and_then(|known| Some((known, manifests.get(&known.manifest)?))) else {
            continue;
        };
        let top = known.manifest.strip_suffix("Cargo.toml").unwrap_or_default();
        let files = repo.files_below(tree, &format!("{top}src"))?;
        let files = files.iter().filter_map(|path| path.strip_prefix(top));
        found.insert(package.clone(), targets::binaries(manifest.text(), package, files));
    }
    Ok(found)
}

/// The packages of a tree, or why they cannot be read.
///
/// # Errors
/// When an object cannot be read.
pub(super) fn workspace(repo: &Repo, tree: Oid) -> Result<std::result::Result<Workspace, String>> {
    Ok(packages_in(repo, &listing(repo, tree, is_of_packages)?, "")?.0)
}

pub(super) type Packages = (std::result::Result<Workspace, String>, BTreeMap<String, Manifest>);

/// The workspace whose root lies in a directory, its manifests loaded as the membership rules ask for them.
pub(super) fn packages_in(repo: &Repo, listing: &Listing, root: &str) -> Result<Packages> {
    if root.is_empty() && !listing.contains("Cargo.toml") && listing.exit("Cargo.toml").is_none() {
        return Ok((
            Err("there is no Cargo.toml at the top of the repository".to_owned()),
            BTreeMap::new(),
        ));
    }
    let mut loaded = BTreeMap::new();
    loop {
        let wanted = workspace::wanted(root, listing, &loaded);
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            let Some(file) = listing.get(&path) else {
                return Ok((Err(format!("`{path}` is not in the commit")), loaded));
            };
            match Manifest::parse(repo.file(file.id)?, &path) {
                Ok(manifest) => drop(loaded.insert(path, manifest)),
                Err(error) => return Ok((Err(error.to_string()), loaded)),
            }
        }
    }
    let workspace = workspace::resolve(root, listing, &loaded).map_err(|error| error.to_string());
    Ok((workspace, loaded))
}

/// The entries of every directory on the way to the given files, as far as they exist.
pub(super) fn directories<'p>(
    repo: &Repo,
    tree: Oid,
    paths: impl Iterator<Item = &'p str>,
) -> Result<BTreeMap<String, Vec<Entry>>> {
    let mut found = BTreeMap::from([(String::new(), repo.tree_entries(tree)?)]);
    for path in paths {
        let mut at = String::new();
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in parts {
            let entry = found.get(&at).and_then(|entries| {
                entries
                    .iter()
                    .find(|entry| entry.filename == part && entry.mode.kind() == EntryKind::Tree)
            });
            let Some(id) = entry.map(|entry| entry.oid) else { break };
            at = if at.is_empty() {
                part.to_owned()
            } else {
                format!("{at}/{part}")
            };
            if !found.contains_key(&at) {
                found.insert(at.clone(), repo.tree_entries(id)?);
            }
        }
    }
    Ok(found)
}
