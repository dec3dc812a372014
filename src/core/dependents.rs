//! Which files of a tree stand to a version group as its packages' dependents, members of its workspace or not.
//!
//! A fuzzing crate, a nested workspace, a patch in cargo's configuration: what counts is whether a path really leads to one of
//! the group's packages. Test data that only bears a name of theirs does not. Follows the Cargo book, "Overriding Dependencies"
//! and "Configuration".

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::listing::{Listing, directory_of, is_within, join, manifest_in};
use super::manifest::{Dependency, Inheritable, Manifest, Origin, Place, VersionChange};
use super::workspace;

/// The files of a tree that say which packages belong together.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// Every path to a manifest or a lock file.
    pub listing: &'a Listing,
    /// Manifests by path.
    pub manifests: &'a BTreeMap<String, Manifest>,
    /// Cargo's configuration files by path. Their `[patch]` reads like a manifest's.
    pub configs: &'a BTreeMap<String, Manifest>,
}

/// Whether a path is that of one of cargo's configuration files.
pub fn is_config(path: &str) -> bool {
    let name = |path: &str| ["config.toml", "config"].contains(&path);
    let in_cargo = |directory: &str| directory == ".cargo" || directory.ends_with("/.cargo");
    path.rsplit_once('/')
        .is_some_and(|(directory, file)| in_cargo(directory) && name(file))
}

impl<'a> Files<'a> {
    /// The change as it applies to one manifest: with the packages that a patch puts in a registry's place there.
    pub fn change_at(&self, manifest: &str, change: &VersionChange) -> VersionChange {
        let leads = |(dependency, path): &(&Dependency, String)| {
            change.names.contains(&dependency.package) && change.manifests.contains(path)
        };
        let patches = self.patches(manifest).into_iter().filter(leads);
        VersionChange {
            patched: patches.map(|(dependency, _)| dependency.package.clone()).collect(),
            ..change.clone()
        }
    }

    /// The packages of the change that the lock file at this path has: those that a path leads to from the packages beside
    /// it. A lock file without a manifest beside it has none.
    pub fn locked(&self, lock: &str, change: &VersionChange) -> BTreeSet<String> {
        let ours = self.reached(directory_of(lock)).into_iter();
        let ours = ours.filter(|path| change.manifests.contains(path));
        let names = ours.filter_map(|path| self.manifests.get(&path)?.package().map(|package| package.name.clone()));
        names.filter(|name| change.names.contains(name)).collect()
    }

    /// The versions of the packages that paths lead to from a lock file's packages, by name. A name that several have is left
    /// out.
    pub fn local_versions(&self, lock: &str) -> BTreeMap<String, Version> {
        let mut found: BTreeMap<String, Option<Version>> = BTreeMap::new();
        for path in self.reached(directory_of(lock)) {
            let Some(package) = self.manifests.get(&path).and_then(Manifest::package) else {
                continue;
            };
            let version = match &package.version {
                Some(Inheritable::Own(own)) => Some(own.version.clone()),
                Some(Inheritable::Workspace) => {
                    let root = self.manifests.get(&self.root_of(&path)).and_then(Manifest::workspace);
                    root.and_then(|root| root.version.as_ref())
                        .map(|shared| shared.version.clone())
                }
                None => Some(Version::new(0, 0, 0)),
            };
            let several = found.contains_key(&package.name);
            found.insert(package.name.clone(), version.filter(|_| !several));
        }
        found
            .into_iter()
            .filter_map(|(name, version)| Some((name, version?)))
            .collect()
    }

    /// The manifests that paths lead to from the packages that are built together in a directory, theirs included.
    fn reached(&self, directory: &str) -> BTreeSet<String> {
        let mut pending: Vec<String> = workspace::members(directory, self.listing, self.manifests)
            .into_iter()
            .collect();
        let patches = self.patches(&manifest_in(directory)).into_iter();
        pending.extend(patches.map(|(_, path)| path));
        let mut reached = BTreeSet::new();
        while let Some(path) = pending.pop() {
            let Some(manifest) = self.manifests.get(&path) else {
                continue;
            };
            if reached.insert(path.clone()) {
                let root = self.manifests.get(&self.root_of(&path)).unwrap_or(manifest);
                pending.extend(workspace::path_dependencies(manifest, root));
            }
        }
        reached
    }

    /// The patches by path that hold for a manifest, with the manifest that each leads to: its workspace's, and those of
    /// cargo's configuration in every directory above it.
    fn patches(&self, manifest: &str) -> Vec<(&'a Dependency, String)> {
        let root = self.root_of(manifest);
        let roots = self.manifests.get(&root).map(|root| (directory_of(root.path()), root));
        let configs = self
            .configs
            .iter()
            .map(|(path, config)| (directory_of(directory_of(path)), config));
        let above = configs.filter(|(base, _)| is_within(directory_of(manifest), base));
        let mut found = Vec::new();
        for (base, file) in roots.into_iter().chain(above) {
            let patches = file
                .dependencies()
                .iter()
                .filter(|dependency| dependency.place == Place::Patch);
            found.extend(patches.filter_map(|patch| match &patch.origin {
                Origin::Path(path) => Some((patch, manifest_in(&join(base, path)?))),
                Origin::Git | Origin::Registry | Origin::Workspace => None,
            }));
        }
        found
    }

    /// The root manifest of the workspace that a manifest belongs to; itself, where it stands alone.
    pub fn root_of(&self, path: &str) -> String {
        let Some(manifest) = self
            .manifests
            .get(path)
            .filter(|manifest| manifest.workspace().is_none())
        else {
            return path.to_owned();
        };
        let directory = directory_of(path);
        if let Some(pointer) = manifest.package().and_then(|package| package.workspace.as_ref()) {
            return join(directory, &pointer.value).map_or_else(|| path.to_owned(), |root| manifest_in(&root));
        }
        let above = std::iter::successors(Some(directory), |at| (!at.is_empty()).then(|| directory_of(at)));
        for ancestor in above.skip(1) {
            let root = manifest_in(ancestor);
            let workspace = self.manifests.get(&root).and_then(Manifest::workspace);
            if workspace.is_some_and(|workspace| !workspace::excluded(ancestor, directory, workspace)) {
                return root;
            }
        }
        path.to_owned()
    }
}
