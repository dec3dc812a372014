//! One `Cargo.lock`: text to the same text with other versions of the workspace's own packages.
//!
//! The format is cargo's `core/resolver/encode.rs`, versions 1 to 4. Packages are sorted by name, version and source; a
//! dependency is a name, with the version where the name is ambiguous, and with the source where that still is (version 1
//! always writes both). `cargo --locked` takes another order, but the next build would rewrite the file: so the order is
//! cargo's. Knows nothing of manifests.

use std::collections::BTreeSet;
use std::ops::Range;

use semver::Version;

use super::manifest::text::{Edit, Node, Text};
use super::manifest::{Literal, ManifestError, VersionChange, VersionLiteral, read_version};

pub mod merge;
#[cfg(test)]
mod tests;

/// The lock file's text with the group's packages at their new version; `None` where nothing changes.
///
/// Changes `[[package]]` and `[[patch.unused]]` entries of the group that have the old version and no `source`, and the
/// dependency strings that refer to them. Packages and strings of one name change places where cargo would sort them
/// otherwise; every other byte stays.
///
/// # Errors
/// When the file is not UTF-8, not TOML, or no lock file.
pub fn set_versions(
    bytes: impl AsRef<[u8]>,
    path: &str,
    change: &VersionChange,
) -> Result<Option<String>, ManifestError> {
    let text = Text::new(bytes.as_ref(), path)?;
    let lock = Lock::read(&text)?;
    let after: Vec<Id> = lock.packages.iter().map(|package| package.id.moved(change)).collect();
    let mut edits: Vec<Edit> = lock
        .packages
        .iter()
        .filter_map(|package| package.moved(change))
        .collect();
    edits.extend(lock.unused.iter().filter_map(|package| package.moved(change)));
    edits.extend(moved_dependencies(&lock, &after, change));
    let Some(spliced) = text.splice(edits) else {
        return Ok(None);
    };
    if !is_sorted(lock.packages.iter().map(|package| &package.id)) || is_sorted(after.iter()) {
        return Ok(Some(spliced));
    }
    sorted(&spliced, path).map(Some)
}

/// A package as the lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; the workspace's own and other local packages come from nowhere.
    pub source: Option<String>,
    /// What it depends on: indices into the list that this package is in.
    pub dependencies: Vec<usize>,
}

/// The packages of a lock file, in its order.
///
/// # Errors
/// As [`set_versions`].
pub fn packages(bytes: impl AsRef<[u8]>, path: &str) -> Result<Vec<Locked>, ManifestError> {
    let text = Text::new(bytes.as_ref(), path)?;
    let lock = Lock::read(&text)?;
    let locked = |package: &LockedPackage| Locked {
        name: package.id.name.clone(),
        version: package.id.version.clone(),
        source: package.id.source.clone(),
        dependencies: package
            .dependencies
            .iter()
            .filter_map(|dependency| lock.find(&dependency.value))
            .collect(),
    };
    Ok(lock.packages.iter().map(locked).collect())
}

/// A package's identity, in cargo's order: the workspace's own before those of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    name: String,
    version: Version,
    source: Option<String>,
}

impl Id {
    fn is_moved(&self, change: &VersionChange) -> bool {
        self.source.is_none() && self.version == change.old && change.names.contains(&self.name)
    }

    fn moved(&self, change: &VersionChange) -> Self {
        let version = if self.is_moved(change) {
            &change.new
        } else {
            &self.version
        };
        Self {
            version: version.clone(),
            ..self.clone()
        }
    }
}

struct LockedPackage {
    id: Id,
    version: Literal,
    dependencies: Vec<Literal>,
    /// Where its table starts.
    offset: usize,
}

impl LockedPackage {
    fn moved(&self, change: &VersionChange) -> Option<Edit> {
        let edit = || Edit {
            span: self.version.span.clone(),
            value: change.new.to_string(),
        };
        self.id.is_moved(change).then(edit)
    }

    fn read(node: &Node<'_>) -> Result<Self, ManifestError> {
        let string = |key| node.get(key)?.map(|value| value.string()).transpose();
        let name = string("name")?.ok_or_else(|| node.lacks("name"))?.value;
        let version = node.get("version")?.ok_or_else(|| node.lacks("version"))?;
        let VersionLiteral { version, literal } = read_version(&version)?;
        let source = string("source")?.map(|source| source.value);
        let dependencies = node
            .get("dependencies")?
            .map(|value| value.strings())
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            id: Id { name, version, source },
            version: literal,
            dependencies,
            offset: node.offset(),
        })
    }
}

struct Lock {
    /// In the file's order; before Cargo 0.20 the root package had a table of its own, `[root]`, which comes first here.
    packages: Vec<LockedPackage>,
    unused: Vec<LockedPackage>,
}

impl Lock {
    fn read(text: &Text) -> Result<Self, ManifestError> {
        let document = text.document()?;
        let root = Node::root(text, &document);
        let tables = |node: Option<Node<'_>>| -> Result<Vec<_>, ManifestError> {
            let tables = node.map(|node| node.tables()).transpose()?.unwrap_or_default();
            tables.iter().map(LockedPackage::read).collect()
        };
        let mut packages: Vec<_> = root
            .get("root")?
            .map(|node| LockedPackage::read(&node))
            .transpose()?
            .into_iter()
            .collect();
        packages.extend(tables(root.get("package")?)?);
        let unused = match root.get("patch")? {
            Some(patch) => tables(patch.get("unused")?)?,
            None => Vec::new(),
        };
        Ok(Self { packages, unused })
    }

    /// The index of the package that a dependency string names, where it names just one.
    fn find(&self, dependency: &str) -> Option<usize> {
        let mut parts = dependency.splitn(3, ' ');
        let (name, version, source) = (parts.next()?, parts.next(), parts.next());
        let source = source.map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        let fits = |id: &Id| {
            let version = version.is_none_or(|version| id.version.to_string() == version);
            // In a dependency string, a git source comes without its commit.
            let sourced = |id: &Id| id.source.as_deref().map(without_commit) == source.map(without_commit);
            id.name == name && version && (source.is_none() || sourced(id))
        };
        let mut found: Vec<_> = self
            .packages
            .iter()
            .enumerate()
            .filter(|(_, package)| fits(&package.id))
            .collect();
        if found.len() > 1 {
            found.retain(|(_, package)| package.id.source.is_none());
        }
        match found.as_slice() {
            [(index, _)] => Some(*index),
            _ => None,
        }
    }
}

fn without_commit(source: &str) -> &str {
    source.split('#').next().unwrap_or_default()
}

/// A dependency string in the parts that cargo sorts it by: version as text, absent ones first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    name: String,
    version: Option<String>,
    source: Option<String>,
}

impl Reference {
    fn parse(text: &str) -> Self {
        let mut parts = text.splitn(3, ' ').map(str::to_owned);
        let name = parts.next().unwrap_or_default();
        Self {
            name,
            version: parts.next(),
            source: parts.next(),
        }
    }

    /// As short as it can be among these packages without naming two (format version 2 and up).
    fn shortest(id: &Id, all: &[Id]) -> Self {
        let same_name = || all.iter().filter(|other| other.name == id.name);
        let versions: BTreeSet<_> = same_name().map(|other| &other.version).collect();
        let ambiguous = same_name().filter(|other| other.version == id.version).count() > 1;
        let source = id.source.as_deref().filter(|_| ambiguous);
        Self {
            name: id.name.clone(),
            version: (ambiguous || versions.len() > 1).then(|| id.version.to_string()),
            source: source.map(|source| format!("({})", without_commit(source))),
        }
    }

    fn text(&self) -> String {
        let parts = [Some(&self.name), self.version.as_ref(), self.source.as_ref()];
        parts
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The edits of all dependency strings that name a package like one of the group.
fn moved_dependencies(lock: &Lock, after: &[Id], change: &VersionChange) -> Vec<Edit> {
    let before: Vec<Id> = lock.packages.iter().map(|package| package.id.clone()).collect();
    let ours = |literal: &&Literal| change.names.contains(&Reference::parse(&literal.value).name);
    // Version 1 writes everything out, and says so nowhere: the strings tell.
    let short = lock
        .packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .filter(ours)
        .all(|literal| {
            let id = lock.find(&literal.value).and_then(|index| before.get(index));
            id.is_none_or(|id| Reference::shortest(id, &before).text() == literal.value)
        });
    let renamed = |literal: &Literal| {
        let reference = Reference::parse(&literal.value);
        let index = Some(literal).filter(ours).and_then(|literal| lock.find(&literal.value));
        match index.and_then(|index| before.get(index).zip(after.get(index))) {
            Some((_, new)) if short => Reference::shortest(new, after),
            Some((old, new)) if old != new && reference.version.is_some() => Reference {
                version: Some(new.version.to_string()),
                ..reference
            },
            _ => reference,
        }
    };
    let mut edits = Vec::new();
    for package in &lock.packages {
        let old: Vec<_> = package
            .dependencies
            .iter()
            .map(|literal| Reference::parse(&literal.value))
            .collect();
        let mut new: Vec<_> = package.dependencies.iter().map(renamed).collect();
        if is_sorted(old.iter()) {
            new.sort();
        }
        let slots = package
            .dependencies
            .iter()
            .zip(new)
            .map(|(literal, new)| (literal, new.text()));
        let changed = slots.filter(|(literal, new)| literal.value != *new);
        edits.extend(changed.map(|(literal, value)| Edit {
            span: literal.span.clone(),
            value,
        }));
    }
    edits
}

fn is_sorted<'a, T: Ord + 'a>(items: impl Iterator<Item = &'a T>) -> bool {
    items.is_sorted()
}

/// The lock file with its `[[package]]` tables in cargo's order; what stands between the tables stays where it is.
fn sorted(raw: &str, path: &str) -> Result<String, ManifestError> {
    let text = Text::new(raw.as_bytes(), path)?;
    let lock = Lock::read(&text)?;
    let mut tables: Vec<(&Id, Range<usize>)> = Vec::new();
    for package in &lock.packages {
        let rest = raw.get(package.offset..).unwrap_or_default();
        // Inline tables and `[root]` are not cargo's order to begin with.
        if !rest.starts_with("[[package]]") {
            return Ok(raw.to_owned());
        }
        let table = rest
            .get(..rest.find("\n[").unwrap_or(rest.len()))
            .unwrap_or_default()
            .trim_end();
        tables.push((&package.id, package.offset..package.offset + table.len()));
    }
    let slots: Vec<_> = tables.iter().map(|(_, span)| span.clone()).collect();
    tables.sort_by_key(|(id, _)| *id);
    let mut out = String::with_capacity(raw.len());
    let mut copied = 0;
    for (slot, (_, table)) in slots.into_iter().zip(tables) {
        out.push_str(raw.get(copied..slot.start).unwrap_or_default());
        out.push_str(raw.get(table).unwrap_or_default());
        copied = slot.end;
    }
    out.push_str(raw.get(copied..).unwrap_or_default());
    Ok(out)
}
