//! The files of a commit that a release reads and changes, taken from the object database.

use std::collections::{BTreeMap, BTreeSet};

use gix::objs::tree::{Entry, EntryKind};

use super::changelog;
use crate::core::facts::Content;
use crate::core::ids::Oid;
use crate::core::manifest::Manifest;
use crate::core::policy::{Artifact, Policy};
use crate::core::targets;
use crate::core::workspace::{self, Workspace};
use crate::host::Result;
use crate::host::git_read::Repo;

/// Reads manifests, lock files and CHANGELOG of a commit.
///
/// # Errors
/// When an object cannot be read. A manifest that cannot be understood is a fact, not an error.
pub(crate) fn content(repo: &Repo, commit: Oid, policy: &Policy) -> Result<Content> {
    let tree = repo.tree_of(commit)?;
    let found = repo.files_named(tree, &["Cargo.toml", "Cargo.lock"])?;
    let (manifest_ids, lock_ids): (BTreeMap<_, _>, BTreeMap<_, _>) =
        found.into_iter().partition(|(path, _)| path.ends_with("Cargo.toml"));
    let (workspace, manifests) = packages(repo, &manifest_ids)?;
    let mut locks = BTreeMap::new();
    for (path, id) in lock_ids {
        // A lock file that is not UTF-8 is none that cargo wrote.
        if let Ok(text) = String::from_utf8(repo.file(id)?) {
            locks.insert(path, text);
        }
    }
    let (neighbours, manifests) = with_neighbours(repo, &manifest_ids, manifests, locks.keys())?;
    let changelog = changelog::in_tree(repo, tree, policy, workspace.as_ref().ok())?;
    let paths = manifests
        .keys()
        .chain(locks.keys())
        .map(String::as_str)
        .chain(changelog.iter().map(|file| file.path.as_str()));
    let directories = directories(repo, tree, paths)?;
    let binaries = binaries(repo, tree, policy, (&workspace, &manifests))?;
    Ok(Content {
        directories,
        binaries,
        workspace,
        manifests,
        neighbours,
        locks,
        changelog,
        hash: repo.object_hash(),
    })
}

/// Adds the manifests beside lock files that belong to no package of the workspace, such as a fuzzing crate's. One that
/// cannot be understood is not ours to refuse: nothing in it moves.
fn with_neighbours<'l>(
    repo: &Repo,
    ids: &BTreeMap<String, Oid>,
    mut manifests: BTreeMap<String, Manifest>,
    locks: impl Iterator<Item = &'l String>,
) -> Result<(Vec<String>, BTreeMap<String, Manifest>)> {
    let mut neighbours = Vec::new();
    for lock in locks {
        let path = lock.replace("Cargo.lock", "Cargo.toml");
        let Some(id) = ids.get(&path).filter(|_| !manifests.contains_key(&path)) else {
            continue;
        };
        if let Ok(manifest) = Manifest::parse(repo.file(*id)?, &path) {
            manifests.insert(path.clone(), manifest);
            neighbours.push(path);
        }
    }
    Ok((neighbours, manifests))
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
    let ids = repo.files_named(tree, &["Cargo.toml"])?.into_iter().collect();
    Ok(packages(repo, &ids)?.0)
}

pub(super) type Packages = (std::result::Result<Workspace, String>, BTreeMap<String, Manifest>);

/// The workspace at the top, its manifests loaded as the membership rules ask for them.
fn packages(repo: &Repo, ids: &BTreeMap<String, Oid>) -> Result<Packages> {
    packages_in(repo, ids, "")
}

/// The same in another directory.
pub(super) fn packages_in(repo: &Repo, ids: &BTreeMap<String, Oid>, root: &str) -> Result<Packages> {
    if root.is_empty() && !ids.contains_key("Cargo.toml") {
        return Ok((
            Err("there is no Cargo.toml at the top of the repository".to_owned()),
            BTreeMap::new(),
        ));
    }
    let paths: BTreeSet<String> = ids.keys().cloned().collect();
    let mut loaded = BTreeMap::new();
    loop {
        let wanted = workspace::wanted(root, &paths, &loaded);
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            let Some(id) = ids.get(&path) else {
                return Ok((Err(format!("`{path}` is not in the commit")), loaded));
            };
            match Manifest::parse(repo.file(*id)?, &path) {
                Ok(manifest) => drop(loaded.insert(path, manifest)),
                Err(error) => return Ok((Err(error.to_string()), loaded)),
            }
        }
    }
    let workspace = workspace::resolve(root, &paths, &loaded).map_err(|error| error.to_string());
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
