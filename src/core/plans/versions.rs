//! What moves with a group's version: manifests, requirements and lock files, as new file contents by path.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use crate::core::facts::Content;
use crate::core::manifest::{self, ManifestError, VersionChange};
use crate::core::{lockfile, workspace};

/// New contents by path. Files that do not change are absent.
pub type Changes = BTreeMap<String, Vec<u8>>;

/// What a move of the version changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved {
    /// The new contents.
    pub changes: Changes,
    /// The files outside of the workspace that lead to its packages and cannot be moved, each with its place and why.
    pub left: Vec<String>,
}

/// The move of the packages' common version to `new`.
///
/// # Errors
/// When there is no such version, or the packages cannot be read.
pub fn change(content: &Content, new: &Version) -> Result<VersionChange, String> {
    let workspace = content.workspace.as_ref().map_err(Clone::clone)?;
    let group = workspace::version_group(workspace)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    Ok(group.change(new.clone(), &content.listing))
}

/// Moves the version in every file of the tree that speaks of it.
///
/// # Errors
/// When a file of the workspace itself cannot be read, or a requirement in it cannot be moved.
pub fn moved(content: &Content, change: &VersionChange) -> Result<Moved, String> {
    let workspace = content.workspace.as_ref().map_err(Clone::clone)?;
    let (files, own) = (content.files(), workspace.manifests());
    let mut moved = Moved::default();
    let own_files: BTreeSet<&str> = own.iter().map(|path| content.listing.real(path)).collect();
    let others = content.manifests.keys().filter(|path| {
        let real = content.listing.real(path);
        // What links lead to is looked at where it stands, as far as no member is.
        real == path.as_str() && !own_files.contains(real)
    });
    for (path, is_own) in own
        .iter()
        .map(|path| (path, true))
        .chain(others.map(|path| (path, false)))
    {
        let Some(parsed) = content.manifests.get(path) else {
            continue;
        };
        let text = manifest::set_versions(parsed, &files.change_at(path, change));
        moved.add(content.listing.real(path), text, is_own)?;
    }
    let own_lock = own_lock(workspace);
    for (path, bytes) in &content.locks {
        let names = files.locked(path, change);
        if !names.is_empty() {
            let change = VersionChange {
                names,
                ..change.clone()
            };
            let text = lockfile::set_versions(bytes, path, &change);
            moved.add(content.listing.real(path), text, *path == own_lock)?;
        }
    }
    Ok(moved)
}

/// The path of the workspace's own lock file.
fn own_lock(workspace: &workspace::Workspace) -> String {
    let manifest = workspace.root_manifest();
    manifest
        .strip_suffix("toml")
        .map(|stem| format!("{stem}lock"))
        .unwrap_or_default()
}

impl Moved {
    fn add(&mut self, path: &str, text: Result<Option<String>, ManifestError>, is_own: bool) -> Result<(), String> {
        match text {
            Ok(Some(text)) => drop(self.changes.insert(path.to_owned(), text.into_bytes())),
            Ok(None) => {}
            Err(error) if is_own => return Err(error.to_string()),
            Err(error) => self.left.push(error.to_string()),
        }
        Ok(())
    }
}
