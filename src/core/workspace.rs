//! Which packages a workspace has and which of them share its version, from the manifests' text alone.
//!
//! Follows the Cargo book, "Workspaces". Works on paths and parsed manifests, so that a bare repository will do: knows
//! neither a file system nor git, and asks for the manifests it lacks ([`wanted`]).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use gix::glob::wildmatch;
use semver::Version;

use super::listing::{Listing, Outside, directory_of, is_within, join, manifest_in};
use super::manifest::{
    Inheritable, Location, Manifest, ManifestError, Origin, PackageTable, Place, VersionChange, WorkspaceTable,
};

/// Where a package has its version from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionSource {
    /// `package.version`.
    Own,
    /// `version.workspace = true`.
    Workspace,
    /// Nowhere: it counts as 0.0.0 and cannot be published.
    Absent,
}

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The path of its `Cargo.toml` in the repository.
    pub manifest: String,
    /// Its version; 0.0.0 where it has none.
    pub version: Version,
    /// Where it has it from.
    pub version_source: VersionSource,
    /// Whether some registry may get it: not with `publish = false`, `publish = []`, or no version.
    pub publishable: bool,
}

/// A workspace, or a package that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The directory of its root manifest; empty for the repository's top.
    pub root: String,
    /// Its packages, by the path of their manifest.
    pub packages: Vec<Package>,
    /// `workspace.package.version`.
    pub workspace_version: Option<Version>,
    /// The repository's address: of the root package, else the workspace's, else the one its packages agree on.
    pub repository: Option<String>,
}

impl Workspace {
    /// The root's `Cargo.toml`.
    pub fn root_manifest(&self) -> String {
        manifest_in(&self.root)
    }

    /// The highest version that a package has; `None` where none has one.
    pub fn highest_version(&self) -> Option<&Version> {
        let versioned = self
            .packages
            .iter()
            .filter(|package| package.version_source != VersionSource::Absent);
        versioned.map(|package| &package.version).max()
    }

    /// Every manifest that may carry the version or a requirement on it: the root's and each package's, sorted.
    pub fn manifests(&self) -> BTreeSet<String> {
        let packages = self.packages.iter().map(|package| package.manifest.clone());
        packages.chain([self.root_manifest()]).collect()
    }
}

/// The packages that move together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The version they share.
    pub version: Version,
    /// The packages, by the path of their manifest; never empty.
    pub members: Vec<Package>,
    /// The workspace's root manifest.
    pub root: String,
}

impl Group {
    /// The group's move to another version, in the tree that `listing` lists.
    pub fn change(&self, new: Version, listing: &Listing) -> VersionChange {
        let manifests = self.members.iter().map(|package| package.manifest.as_str());
        VersionChange {
            names: self.members.iter().map(|package| package.name.clone()).collect(),
            manifests: listing.aliases(manifests),
            root: self.root.clone(),
            patched: BTreeSet::new(),
            old: self.version.clone(),
            new,
        }
    }
}

/// Why the packages do not share one version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupProblem {
    /// A publishable package has another version than the workspace.
    #[error("{manifest}: {name} has version {version}, the workspace {expected}")]
    Unequal {
        /// The package.
        name: String,
        /// The path of its manifest.
        manifest: String,
        /// Its version.
        version: Version,
        /// The workspace's version.
        expected: Version,
    },
    /// A package's version differs from the others', and none of them is the workspace's.
    #[error("{manifest}: {name} has version {version}, other packages have others, and the workspace sets none")]
    Apart {
        /// The package.
        name: String,
        /// The path of its manifest.
        manifest: String,
        /// Its version.
        version: Version,
    },
    /// No package has a version.
    #[error("{manifest}: no package of the workspace has a version")]
    Unversioned {
        /// The path of the root's manifest.
        manifest: String,
    },
}

/// The manifests that are needed next, sorted; empty when [`resolve`] has all it needs.
///
/// `listing` has every `Cargo.toml` in the tree; `loaded` is what was asked for so far.
pub fn wanted(root_dir: &str, listing: &Listing, loaded: &BTreeMap<String, Manifest>) -> Vec<String> {
    Walk::new(root_dir, listing, loaded).unloaded.into_iter().collect()
}

/// The workspace whose root manifest lies in `root_dir`.
///
/// # Errors
/// When a manifest is absent or was not loaded, belongs to a workspace elsewhere, or inherits what the workspace does not set.
pub fn resolve(
    root_dir: &str,
    listing: &Listing,
    loaded: &BTreeMap<String, Manifest>,
) -> Result<Workspace, ManifestError> {
    let root_path = manifest_in(root_dir);
    let walk = Walk::new(root_dir, listing, loaded);
    if let Some(path) = walk.unloaded.into_iter().next() {
        return Err(ManifestError::NotLoaded { path });
    }
    if let Some(error) = walk.unreachable.into_iter().next() {
        return Err(error);
    }
    let Some(root) = loaded.get(&root_path) else {
        let at = Location {
            path: root_path.clone(),
            line: 1,
            column: 1,
        };
        return Err(unreachable(listing, at, root_path));
    };
    if let (None, Some(pointer)) = (
        root.workspace(),
        root.package().and_then(|package| package.workspace.as_ref()),
    ) {
        return Err(ManifestError::NotRoot {
            at: root.location(pointer),
            root: pointer.value.clone(),
        });
    }
    let members = walk.members.iter().filter_map(|path| loaded.get(path));
    let packages: Result<Vec<_>, _> = members
        .filter_map(|manifest| manifest.package().map(|package| (manifest, package)))
        .map(|(manifest, package)| read_package(manifest.path(), package, root.workspace()))
        .collect();
    Ok(Workspace {
        root: root_dir.to_owned(),
        packages: packages?,
        workspace_version: shared_version(root).cloned(),
        repository: repository(root, walk.members.iter().filter_map(|path| loaded.get(path))),
    })
}

/// The name and the version of the package in a workspace's root manifest, where it has one with a version: that version is
/// the workspace's ([`version_group`]).
pub fn root_package(root: &Manifest) -> Option<(String, Version)> {
    let package = read_package(root.path(), root.package()?, root.workspace()).ok()?;
    (package.version_source != VersionSource::Absent).then_some((package.name, package.version))
}

/// The manifests of the packages that are built together in `root_dir`, as far as they were loaded: a workspace's members,
/// or the package alone.
pub(super) fn members(root_dir: &str, listing: &Listing, loaded: &BTreeMap<String, Manifest>) -> BTreeSet<String> {
    Walk::new(root_dir, listing, loaded).members
}

/// The packages that share the workspace's version: all publishable ones, and private ones that happen to.
///
/// The version is the root package's; without one, `workspace.package.version` where a package inherits it; else that of
/// the publishable packages (of all, where none is), if they are equal.
///
/// # Errors
/// Every publishable package with another version, by the path of its manifest.
pub fn version_group(workspace: &Workspace) -> Result<Group, Vec<GroupProblem>> {
    let versioned = versioned(workspace);
    let root_manifest = workspace.root_manifest();
    let version = match leading_package(workspace) {
        Some(package) => package.version.clone(),
        None => common_version(&versioned, &root_manifest)?,
    };
    let unequal = versioned
        .iter()
        .filter(|package| package.publishable && package.version != version);
    let problems: Vec<_> = unequal
        .map(|package| GroupProblem::Unequal {
            name: package.name.clone(),
            manifest: package.manifest.clone(),
            version: package.version.clone(),
            expected: version.clone(),
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let members: Vec<_> = versioned
        .into_iter()
        .filter(|package| package.version == version)
        .cloned()
        .collect();
    Ok(Group {
        version,
        members,
        root: root_manifest,
    })
}

/// The package whose version is the workspace's, whatever the others have: the root package, else one that inherits the
/// workspace's version.
pub fn leading_package(workspace: &Workspace) -> Option<&Package> {
    let versioned = versioned(workspace);
    let root_manifest = workspace.root_manifest();
    let root = versioned.iter().find(|package| package.manifest == root_manifest);
    let heir = || {
        versioned
            .iter()
            .find(|package| package.version_source == VersionSource::Workspace)
    };
    root.or_else(heir).copied()
}

fn versioned(workspace: &Workspace) -> Vec<&Package> {
    let packages = workspace.packages.iter();
    packages
        .filter(|package| package.version_source != VersionSource::Absent)
        .collect()
}

fn common_version(versioned: &[&Package], root_manifest: &str) -> Result<Version, Vec<GroupProblem>> {
    let public = versioned.iter().any(|package| package.publishable);
    let counted: Vec<_> = versioned
        .iter()
        .filter(|package| package.publishable || !public)
        .collect();
    let Some(first) = counted.first() else {
        return Err(vec![GroupProblem::Unversioned {
            manifest: root_manifest.to_owned(),
        }]);
    };
    if counted.iter().all(|package| package.version == first.version) {
        return Ok(first.version.clone());
    }
    let apart = |package: &&&Package| GroupProblem::Apart {
        name: package.name.clone(),
        manifest: package.manifest.clone(),
        version: package.version.clone(),
    };
    Err(counted.iter().map(apart).collect())
}

fn read_package(
    path: &str,
    package: &PackageTable,
    workspace: Option<&WorkspaceTable>,
) -> Result<Package, ManifestError> {
    let not_inherited = |key| ManifestError::NotInherited {
        path: path.to_owned(),
        key,
    };
    let (version, version_source) = match &package.version {
        Some(Inheritable::Own(own)) => (own.version.clone(), VersionSource::Own),
        Some(Inheritable::Workspace) => {
            let shared = workspace.and_then(|workspace| workspace.version.as_ref());
            (
                shared.ok_or_else(|| not_inherited("version"))?.version.clone(),
                VersionSource::Workspace,
            )
        }
        None => (Version::new(0, 0, 0), VersionSource::Absent),
    };
    let publish = match package.publish {
        Some(Inheritable::Own(publish)) => publish,
        Some(Inheritable::Workspace) => workspace
            .and_then(|workspace| workspace.publish)
            .ok_or_else(|| not_inherited("publish"))?,
        None => true,
    };
    Ok(Package {
        name: package.name.clone(),
        manifest: path.to_owned(),
        version,
        version_source,
        publishable: publish && version_source != VersionSource::Absent,
    })
}

fn shared_version(root: &Manifest) -> Option<&Version> {
    root.workspace()?.version.as_ref().map(|literal| &literal.version)
}

fn repository<'a>(root: &Manifest, members: impl Iterator<Item = &'a Manifest>) -> Option<String> {
    let own = |manifest: &Manifest| match &manifest.package()?.repository {
        Some(Inheritable::Own(address)) => Some(address.clone()),
        Some(Inheritable::Workspace) | None => None,
    };
    let shared = || root.workspace()?.repository.clone();
    own(root).or_else(shared).or_else(|| {
        let addresses: BTreeSet<_> = members.filter_map(own).collect();
        let mut addresses = addresses.into_iter();
        addresses.next().filter(|_| addresses.next().is_none())
    })
}

/// One pass over what is loaded, from the root manifest along members and path dependencies.
struct Walk<'a> {
    root_dir: &'a str,
    listing: &'a Listing,
    loaded: &'a BTreeMap<String, Manifest>,
    members: BTreeSet<String>,
    unloaded: BTreeSet<String>,
    /// Manifests that must be there and are not.
    unreachable: Vec<ManifestError>,
}

impl<'a> Walk<'a> {
    fn new(root_dir: &'a str, listing: &'a Listing, loaded: &'a BTreeMap<String, Manifest>) -> Self {
        let (members, unloaded) = (BTreeSet::new(), BTreeSet::new());
        let mut walk = Self {
            root_dir,
            listing,
            loaded,
            members,
            unloaded,
            unreachable: Vec::new(),
        };
        if let Some(root) = walk.load(&manifest_in(root_dir)) {
            walk.start(root);
        }
        walk
    }

    /// The manifest at `path`; notes it as unloaded where it is in the tree but was not given.
    fn load(&mut self, path: &str) -> Option<&'a Manifest> {
        let manifest = self.loaded.get(path);
        if manifest.is_none() && self.listing.contains(path) {
            self.unloaded.insert(path.to_owned());
        }
        manifest
    }

    fn start(&mut self, root: &'a Manifest) {
        let mut queue = Vec::new();
        if root.package().is_some() {
            queue.push(manifest_in(self.root_dir));
        }
        let Some(workspace) = root.workspace() else {
            // Path dependencies of a package without `[workspace]` are no members of anything.
            self.members.extend(queue);
            return;
        };
        for pattern in &workspace.members {
            let Some(directory) = join(self.root_dir, &pattern.value) else {
                continue;
            };
            if directory.contains(['*', '?', '[']) {
                queue.extend(self.matches(&directory));
                // Cargo would look behind such a link, and we cannot.
                let meant = |link: &str| fits(&directory, link) && !excluded(self.root_dir, link, workspace);
                let outside = self.listing.links_outside().filter(|(link, _)| meant(link));
                let at =
                    |(link, _): (&str, &Outside)| unreachable(self.listing, root.location(pattern), manifest_in(link));
                self.unreachable.extend(outside.map(at));
            } else {
                let path = manifest_in(&directory);
                if !self.listing.contains(&path) {
                    let error = unreachable(self.listing, root.location(pattern), path.clone());
                    self.unreachable.push(error);
                }
                queue.push(path);
            }
        }
        while let Some(path) = queue.pop() {
            if !self.members.contains(&path)
                && let Some(manifest) = self.admit(&path, workspace)
            {
                self.members.insert(path);
                queue.extend(path_dependencies(manifest, root));
            }
        }
    }

    fn matches(&self, directory: &str) -> Vec<String> {
        let is_manifest = |path: &&String| **path == manifest_in(directory_of(path));
        let manifests = self.listing.paths().filter(is_manifest);
        manifests
            .filter(|path| fits(directory, directory_of(path)))
            .cloned()
            .collect()
    }

    /// The manifest at `path`, where it is loaded and a package of this workspace.
    fn admit(&mut self, path: &str, workspace: &WorkspaceTable) -> Option<&'a Manifest> {
        let directory = directory_of(path);
        if directory == self.root_dir {
            return self.load(path);
        }
        if excluded(self.root_dir, directory, workspace) {
            return None;
        }
        let manifest = self.load(path)?;
        let package = manifest.package().filter(|_| manifest.workspace().is_none())?;
        let belongs = match &package.workspace {
            Some(pointer) => join(directory, &pointer.value).as_deref() == Some(self.root_dir),
            None => is_within(directory, self.root_dir) && !self.is_claimed(directory),
        };
        belongs.then_some(manifest)
    }

    /// Whether another workspace's root lies between the directory and ours: Cargo takes the nearest.
    fn is_claimed(&mut self, directory: &str) -> bool {
        let mut ancestor = directory;
        while let Some((parent, _)) = ancestor.rsplit_once('/') {
            ancestor = parent;
            if ancestor.len() <= self.root_dir.len() {
                break;
            }
            let nested = self.load(&manifest_in(ancestor)).and_then(Manifest::workspace);
            if nested.is_some_and(|nested| !excluded(ancestor, directory, nested)) {
                return true;
            }
        }
        false
    }
}

/// Whether a member's glob names a directory.
fn fits(pattern: &str, directory: &str) -> bool {
    wildmatch(
        pattern.into(),
        directory.into(),
        wildmatch::Mode::NO_MATCH_SLASH_LITERAL,
    )
}

/// Why the manifest at a path cannot be read: something on the way leads out of the tree, or nothing is there.
fn unreachable(listing: &Listing, at: Location, manifest: String) -> ManifestError {
    match listing.exit(&manifest) {
        Some((path, outside)) => ManifestError::Outside {
            at,
            path: path.to_owned(),
            what: match outside {
                Outside::Link(target) => format!("a symbolic link to `{target}`, outside of the repository"),
                Outside::Submodule => "a submodule, whose packages are another repository's".to_owned(),
            },
        },
        None => ManifestError::Absent { at, manifest },
    }
}

/// Whether `exclude` covers the directory and no member, taken as a path, does (Cargo's own order of precedence).
pub(super) fn excluded(root_dir: &str, directory: &str, workspace: &WorkspaceTable) -> bool {
    let covers = |path: &str| join(root_dir, path).is_some_and(|path| is_within(directory, &path));
    workspace.exclude.iter().any(|path| covers(path)) && !workspace.members.iter().any(|member| covers(&member.value))
}

/// The manifests of a package's path dependencies, also of those it inherits.
pub(super) fn path_dependencies(manifest: &Manifest, root: &Manifest) -> Vec<String> {
    let shared = |key: &str| {
        let mut entries = root
            .dependencies()
            .iter()
            .filter(|dependency| dependency.place == Place::Workspace);
        entries.find(|dependency| dependency.key == key)
    };
    let own = manifest
        .dependencies()
        .iter()
        .filter(|dependency| dependency.place == Place::Package);
    let located = own.filter_map(|dependency| match &dependency.origin {
        Origin::Path(path) => join(directory_of(manifest.path()), path),
        Origin::Workspace => match &shared(&dependency.key)?.origin {
            Origin::Path(path) => join(directory_of(root.path()), path),
            Origin::Git | Origin::Registry | Origin::Workspace => None,
        },
        Origin::Git | Origin::Registry => None,
    });
    located.map(|directory| manifest_in(&directory)).collect()
}
