//! One `Cargo.toml`: text to facts, and text to the same text with other versions.
//!
//! Owns what a manifest says about versions, as the Cargo book ("The Manifest Format", "Specifying Dependencies") defines
//! it. Knows neither which other manifests there are (`core::workspace`) nor where the bytes come from.

mod requirement;
#[cfg(test)]
mod tests;
pub(in crate::core) mod text;

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use requirement::Refusal;
use text::{Edit, Node, Text};
pub use text::{Literal, Location};

use super::listing;

/// Why a manifest or a lock file cannot be read or edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The file is not text.
    #[error("{at}: not UTF-8")]
    Encoding {
        /// The first byte that is not.
        at: Location,
    },
    /// The file is not TOML.
    #[error("{at}: {message}")]
    Syntax {
        /// Where the parser gave up.
        at: Location,
        /// What it says.
        message: String,
    },
    /// A key holds another type than Cargo's.
    #[error("{at}: `{key}` must be {expected}")]
    Type {
        /// The value.
        at: Location,
        /// Its dotted key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A key that must be there is not.
    #[error("{at}: `{table}` lacks `{key}`")]
    Missing {
        /// The table.
        at: Location,
        /// Its dotted key.
        table: String,
        /// What it lacks.
        key: &'static str,
    },
    /// A version is not SemVer.
    #[error("{at}: `{text}` is not a version: {reason}")]
    Version {
        /// The value.
        at: Location,
        /// What stands there.
        text: String,
        /// What semver says.
        reason: String,
    },
    /// A package of the group carries a version that is neither the old nor the new one.
    #[error("{at}: the version is {found}, expected {expected}")]
    Unexpected {
        /// The version.
        at: Location,
        /// What stands there.
        found: Version,
        /// The group's version.
        expected: Version,
    },
    /// A requirement is not one.
    #[error("{at}: `{text}` is not a version requirement on `{dependency}`: {reason}")]
    Requirement {
        /// The requirement.
        at: Location,
        /// The package it is on.
        dependency: String,
        /// What stands there.
        text: String,
        /// What semver says.
        reason: String,
    },
    /// A requirement shuts the new version out and has no one place to put it.
    #[error("{at}: `{dependency}` is required as `{text}`, which does not admit {version}")]
    Excludes {
        /// The requirement.
        at: Location,
        /// The package it is on.
        dependency: String,
        /// The requirement.
        text: String,
        /// The new version.
        version: Version,
    },
    /// A manifest that another one points to is not among the files.
    #[error("{at}: there is no `{manifest}`")]
    Absent {
        /// What points to it.
        at: Location,
        /// The path it should have.
        manifest: String,
    },
    /// A manifest that another one points to lies behind something that leads out of the repository.
    #[error("{at}: `{path}` is {what}")]
    Outside {
        /// What points to it.
        at: Location,
        /// The path that leads out.
        path: String,
        /// What stands there, in words.
        what: String,
    },
    /// A manifest that is in the tree was not given.
    #[error("{path}: not loaded")]
    NotLoaded {
        /// The manifest's path.
        path: String,
    },
    /// A manifest that should be a workspace's root points to another one.
    #[error("{at}: the workspace's root is in `{root}`")]
    NotRoot {
        /// `package.workspace`.
        at: Location,
        /// The directory it names, relative to the manifest's.
        root: String,
    },
    /// A manifest inherits a key that its workspace does not set, or has no workspace to inherit from.
    #[error("{path}: `{key}` is inherited, but the workspace does not set it")]
    NotInherited {
        /// The manifest's path.
        path: String,
        /// The key in `[package]`.
        key: &'static str,
    },
}

/// Which packages move, from which version to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionChange {
    /// The names of the packages that carry the version.
    pub names: BTreeSet<String>,
    /// Their manifests, under every path that leads to one.
    pub manifests: BTreeSet<String>,
    /// The manifest whose `workspace.package.version` they inherit.
    pub root: String,
    /// Those that `[patch]` puts in a registry's place, for the manifest at hand: requirements on them move even without a
    /// path.
    pub patched: BTreeSet<String>,
    /// The version before.
    pub old: Version,
    /// The version after.
    pub new: Version,
}

/// A key of `[package]` that may be taken from `[workspace.package]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inheritable<T> {
    /// Set here.
    Own(T),
    /// `key.workspace = true`.
    Workspace,
}

/// A version and the literal it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionLiteral {
    /// The version.
    pub version: Version,
    /// Where it stands.
    pub literal: Literal,
}

/// `[package]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageTable {
    /// The package's name.
    pub name: String,
    /// Its version; without one (Cargo 1.75) it counts as 0.0.0 and cannot be published.
    pub version: Option<Inheritable<VersionLiteral>>,
    /// Whether `publish` allows publishing; absent allows it.
    pub publish: Option<Inheritable<bool>>,
    /// Its repository's address.
    pub repository: Option<Inheritable<String>>,
    /// The directory of its workspace's root, relative to its own.
    pub workspace: Option<Literal>,
}

/// `[workspace]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceTable {
    /// `members`: directories, possibly globs.
    pub members: Vec<Literal>,
    /// `exclude`: directories.
    pub exclude: Vec<String>,
    /// `workspace.package.version`.
    pub version: Option<VersionLiteral>,
    /// `workspace.package.publish`.
    pub publish: Option<bool>,
    /// `workspace.package.repository`.
    pub repository: Option<String>,
}

/// The kind of table a dependency is declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`, for every target or one.
    Package,
    /// `[workspace.dependencies]`.
    Workspace,
    /// `[patch.<source>]`.
    Patch,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A directory, relative to the manifest's.
    Path(String),
    /// A git repository.
    Git,
    /// A registry.
    Registry,
    /// `workspace = true`: as `[workspace.dependencies]` says.
    Workspace,
}

/// A dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name it has in the manifest.
    pub key: String,
    /// The package's own name: `package` where it is renamed, else the key.
    pub package: String,
    /// What it demands of the version.
    pub requirement: Option<Literal>,
    /// Where it comes from.
    pub origin: Origin,
    /// Where it is declared.
    pub place: Place,
}

/// A `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    text: Text,
    package: Option<PackageTable>,
    workspace: Option<WorkspaceTable>,
    dependencies: Vec<Dependency>,
}

impl Manifest {
    /// Reads a manifest; `path` is where it lies in the repository, for messages.
    ///
    /// # Errors
    /// When it is not UTF-8, not TOML, or a key that matters here has a type or a value that Cargo refuses.
    pub fn parse(bytes: impl AsRef<[u8]>, path: &str) -> Result<Self, ManifestError> {
        let text = Text::new(bytes.as_ref(), path)?;
        let document = text.document()?;
        let root = Node::root(&text, &document);
        // `[project]` is what `[package]` was called before Cargo 1.0; Cargo takes it up to edition 2021.
        let package = match root.get("package")? {
            Some(node) => Some(node),
            None => root.get("project")?,
        };
        let package = package.map(|node| PackageTable::read(&node)).transpose()?;
        let workspace = root
            .get("workspace")?
            .map(|node| WorkspaceTable::read(&node))
            .transpose()?;
        let dependencies = read_dependencies(&root)?;
        drop(document);
        Ok(Self {
            text,
            package,
            workspace,
            dependencies,
        })
    }

    /// The path it is reported with.
    pub fn path(&self) -> &str {
        self.text.path()
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        self.text.raw()
    }

    /// `[package]`; a virtual manifest has none.
    pub fn package(&self) -> Option<&PackageTable> {
        self.package.as_ref()
    }

    /// `[workspace]`.
    pub fn workspace(&self) -> Option<&WorkspaceTable> {
        self.workspace.as_ref()
    }

    /// Every dependency in every table, in no order that matters.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Where a literal of this manifest stands.
    pub fn location(&self, literal: &Literal) -> Location {
        self.text.location(literal.span.start)
    }
}

/// The manifest's text with the group's versions moved; `None` where nothing changes.
///
/// Moves `package.version` of a package of the group, `workspace.package.version` of its root where it is the old one, and
/// the requirements on packages of the group that resolve to the group's own: those whose path leads to one, in any
/// dependency table, and those that took the old version and that `[patch]` redirects. Only bytes within those string
/// literals change.
///
/// # Errors
/// When the package is of the group and has another version than the old or the new one, or when a requirement cannot be moved so
/// that it admits the new version.
pub fn set_versions(manifest: &Manifest, change: &VersionChange) -> Result<Option<String>, ManifestError> {
    let mut edits = Vec::new();
    if let Some(package) = &manifest.package
        && change.manifests.contains(manifest.path())
        && let Some(Inheritable::Own(own)) = &package.version
        && own.version != change.new
    {
        if own.version != change.old {
            let (at, found) = (manifest.location(&own.literal), own.version.clone());
            return Err(ManifestError::Unexpected {
                at,
                found,
                expected: change.old.clone(),
            });
        }
        edits.push(Edit {
            span: own.literal.span.clone(),
            value: change.new.to_string(),
        });
    }
    if let Some(shared) = manifest
        .workspace
        .as_ref()
        .and_then(|workspace| workspace.version.as_ref())
        && manifest.path() == change.root
        && shared.version == change.old
    {
        edits.push(Edit {
            span: shared.literal.span.clone(),
            value: change.new.to_string(),
        });
    }
    for dependency in &manifest.dependencies {
        edits.extend(moved_requirement(manifest, dependency, change)?);
    }
    Ok(manifest.text.splice(edits))
}

fn moved_requirement(
    manifest: &Manifest,
    dependency: &Dependency,
    change: &VersionChange,
) -> Result<Option<Edit>, ManifestError> {
    let took_old = |literal: &Literal| VersionReq::parse(&literal.value).is_ok_and(|taken| taken.matches(&change.old));
    let ours = match &dependency.origin {
        Origin::Path(path) => listing::join(listing::directory_of(manifest.path()), path)
            .is_some_and(|directory| change.manifests.contains(&listing::manifest_in(&directory))),
        Origin::Registry => {
            change.patched.contains(&dependency.package) && dependency.requirement.as_ref().is_some_and(took_old)
        }
        Origin::Git | Origin::Workspace => false,
    };
    let Some(literal) = dependency.requirement.as_ref().filter(|_| ours) else {
        return Ok(None);
    };
    let (at, name, text) = (
        || manifest.location(literal),
        dependency.package.clone(),
        literal.value.clone(),
    );
    match requirement::moved(&literal.value, &change.new) {
        Ok(value) if value == literal.value => Ok(None),
        Ok(value) => Ok(Some(Edit {
            span: literal.span.clone(),
            value,
        })),
        Err(Refusal::Malformed(reason)) => Err(ManifestError::Requirement {
            at: at(),
            dependency: name,
            text,
            reason,
        }),
        Err(Refusal::Excludes) => Err(ManifestError::Excludes {
            at: at(),
            dependency: name,
            text,
            version: change.new.clone(),
        }),
    }
}

impl PackageTable {
    fn read(node: &Node<'_>) -> Result<Self, ManifestError> {
        let name = node.get("name")?.ok_or_else(|| node.lacks("name"))?.string()?.value;
        Ok(Self {
            name,
            version: inheritable(node, "version", read_version)?,
            publish: inheritable(node, "publish", read_publish)?,
            repository: inheritable(node, "repository", |value| Ok(value.string()?.value))?,
            workspace: node.get("workspace")?.map(|value| value.string()).transpose()?,
        })
    }
}

impl WorkspaceTable {
    fn read(node: &Node<'_>) -> Result<Self, ManifestError> {
        let strings = |key| {
            Ok(node
                .get(key)?
                .map(|value| value.strings())
                .transpose()?
                .unwrap_or_default())
        };
        let mut table = Self {
            members: strings("members")?,
            exclude: strings("exclude")?.into_iter().map(|literal| literal.value).collect(),
            version: None,
            publish: None,
            repository: None,
        };
        if let Some(package) = node.get("package")? {
            table.version = package.get("version")?.map(|value| read_version(&value)).transpose()?;
            table.publish = package.get("publish")?.map(|value| read_publish(&value)).transpose()?;
            table.repository = package
                .get("repository")?
                .map(|value| value.string())
                .transpose()?
                .map(|text| text.value);
        }
        Ok(table)
    }
}

/// Reads a key that may say `workspace = true` instead of a value; none of these keys holds a table otherwise.
fn inheritable<T>(
    table: &Node<'_>,
    key: &str,
    read: impl Fn(&Node<'_>) -> Result<T, ManifestError>,
) -> Result<Option<Inheritable<T>>, ManifestError> {
    let Some(value) = table.get(key)? else {
        return Ok(None);
    };
    if !value.is_table() {
        return Ok(Some(Inheritable::Own(read(&value)?)));
    }
    match value.get("workspace")?.and_then(|flag| flag.maybe_bool()) {
        Some(true) => Ok(Some(Inheritable::Workspace)),
        Some(false) | None => Err(value.mistyped("a value or `{ workspace = true }`")),
    }
}

/// Reads a SemVer version.
pub(in crate::core) fn read_version(value: &Node<'_>) -> Result<VersionLiteral, ManifestError> {
    let literal = value.string()?;
    // Cargo trims here, too.
    match Version::parse(literal.value.trim()) {
        Ok(version) => Ok(VersionLiteral { version, literal }),
        Err(error) => Err(ManifestError::Version {
            at: value.location(),
            text: literal.value,
            reason: error.to_string(),
        }),
    }
}

/// `publish`: a boolean, or the registries that are allowed, of which an empty list means none.
fn read_publish(value: &Node<'_>) -> Result<bool, ManifestError> {
    match value.maybe_bool() {
        Some(publish) => Ok(publish),
        None => value
            .strings()
            .map(|registries| !registries.is_empty())
            .map_err(|_| value.mistyped("a boolean or an array of strings")),
    }
}

fn read_dependencies(root: &Node<'_>) -> Result<Vec<Dependency>, ManifestError> {
    let mut found = package_dependencies(root)?;
    if let Some(targets) = root.get("target")? {
        for (_, target) in targets.entries()? {
            found.extend(package_dependencies(&target)?);
        }
    }
    if let Some(workspace) = root.get("workspace")?
        && let Some(table) = workspace.get("dependencies")?
    {
        found.extend(table_of_dependencies(&table, Place::Workspace)?);
    }
    if let Some(patches) = root.get("patch")? {
        for (_, source) in patches.entries()? {
            found.extend(table_of_dependencies(&source, Place::Patch)?);
        }
    }
    Ok(found)
}

/// The dependencies of a package, or of one of its targets. The spellings with `_` are old and still read by Cargo.
fn package_dependencies(node: &Node<'_>) -> Result<Vec<Dependency>, ManifestError> {
    const TABLES: [&str; 5] = [
        "dependencies",
        "dev-dependencies",
        "dev_dependencies",
        "build-dependencies",
        "build_dependencies",
    ];
    let mut found = Vec::new();
    for key in TABLES {
        if let Some(table) = node.get(key)? {
            found.extend(table_of_dependencies(&table, Place::Package)?);
        }
    }
    Ok(found)
}

fn table_of_dependencies(table: &Node<'_>, place: Place) -> Result<Vec<Dependency>, ManifestError> {
    table
        .entries()?
        .into_iter()
        .map(|(key, node)| Dependency::read(key, &node, place))
        .collect()
}

impl Dependency {
    fn read(key: String, node: &Node<'_>, place: Place) -> Result<Self, ManifestError> {
        if let Some(requirement) = node.maybe_string() {
            let (package, origin) = (key.clone(), Origin::Registry);
            return Ok(Self {
                key,
                package,
                requirement: Some(requirement),
                origin,
                place,
            });
        }
        if !node.is_table() {
            return Err(node.mistyped("a version requirement or a table"));
        }
        let string = |name| node.get(name)?.map(|value| value.string()).transpose();
        let inherits = node.get("workspace")?.and_then(|flag| flag.maybe_bool()) == Some(true);
        let origin = match (string("path")?, string("git")?) {
            (Some(path), _) => Origin::Path(path.value),
            (None, _) if inherits => Origin::Workspace,
            (None, Some(_)) => Origin::Git,
            (None, None) => Origin::Registry,
        };
        let package = string("package")?.map_or_else(|| key.clone(), |real| real.value);
        Ok(Self {
            requirement: string("version")?,
            key,
            package,
            origin,
            place,
        })
    }
}
