//! Takes what both sides of a merge did to a lock file: a three-way merge by package instead of by line.
//!
//! What a lock file says is a graph: packages, and which of them each depends on. A package stands in it because something
//! leads to it from the workspace's members, so that nothing has to be decided about packages that come or go: edges are
//! merged, and what they lead to stays. Of the compatible versions of a package there is one (cargo's `core/resolver`).

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{Id, Lock, LockedPackage, Reference, without_commit};
use crate::core::manifest::ManifestError;
use crate::core::manifest::text::{Node, Text};

/// Why two lock files do not merge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Both sides moved one package, each to another version.
    #[error("`{name}` is {ours} on one side and {theirs} on the other")]
    Versions {
        /// The package.
        name: String,
        /// What integration has.
        ours: String,
        /// What the release has.
        theirs: String,
    },
    /// Both sides changed something else, each in its own way.
    #[error("both sides changed {0}")]
    Conflict(String),
    /// One of the lock files is not written as cargo writes them today.
    #[error("the lock file of {side} cannot be merged: {why}")]
    Unusual {
        /// Which of the three.
        side: &'static str,
        /// What is unusual.
        why: String,
    },
    /// One of the lock files cannot be read.
    #[error("the lock file of {side}: {source}")]
    Unreadable {
        /// Which of the three.
        side: &'static str,
        /// What is wrong with it.
        source: Box<ManifestError>,
    },
}

/// The local packages of a merged tree, as its manifests have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Local {
    /// The names of the packages that are built together: what they do not lead to is dropped.
    pub members: BTreeSet<String>,
    /// The versions of the packages that paths lead to, by name.
    pub versions: BTreeMap<String, Version>,
}

/// Merges what changed from `base` to `theirs` into `ours`, for the local packages of the merged tree.
///
/// A side that changed nothing yields to the other, byte for byte but for versions that the merged manifests have not.
///
/// # Errors
/// Where both sides moved the same package to different versions, naming it; where one of the files is not understood.
pub fn merge(base: &str, ours: &str, theirs: &str, local: &Local) -> Result<String, MergeError> {
    if let Some(side) = choose(base, ours, theirs) {
        return Ok(with_versions(side, local).unwrap_or_else(|| side.to_owned()));
    }
    let eol = *choose(&eol(base), &eol(ours), &eol(theirs)).unwrap_or(&"\n");
    let texts = [base, ours, theirs].map(|text| text.replace("\r\n", "\n"));
    let [base, ours, theirs] = &texts;
    let (base, ours, theirs) = (
        Raw::read(base, "their common base")?,
        Raw::read(ours, "integration")?,
        Raw::read(theirs, "the release")?,
    );
    let ambiguous = [&base, &ours, &theirs].into_iter().flat_map(Raw::ambiguous).collect();
    let (base, ours, theirs) = (
        base.graph(&ambiguous)?,
        ours.graph(&ambiguous)?,
        theirs.graph(&ambiguous)?,
    );
    let head = choose(&base.head, &ours.head, &theirs.head);
    let head = head.ok_or_else(|| MergeError::Conflict("the head of the lock file".to_owned()))?;
    let mut packages = BTreeMap::new();
    for slot in ours.packages.keys().chain(theirs.packages.keys()) {
        let found = [&base, &ours, &theirs].map(|side| side.packages.get(slot));
        if let Some(package) = merged(slot, found, local)? {
            packages.insert(slot.clone(), package);
        }
    }
    let kept = reachable(&packages, &local.members);
    packages.retain(|slot, _| kept.contains(slot));
    let mut unused: BTreeSet<&Package> = ours.unused.union(&theirs.unused).collect();
    unused.retain(|package| {
        !base.unused.contains(*package) || (ours.unused.contains(*package) && theirs.unused.contains(*package))
    });
    Ok(print(head, &packages, &unused).replace('\n', eol))
}

/// The lock file with the versions that the manifests have; `None` where it has them, or is not written as cargo writes it.
fn with_versions(text: &str, local: &Local) -> Option<String> {
    let lines = text.replace("\r\n", "\n");
    let raw = Raw::read(&lines, "one side").ok()?;
    let ambiguous = raw.ambiguous();
    let mut graph = raw.graph(&ambiguous).ok()?;
    let mut changed = false;
    for (slot, package) in &mut graph.packages {
        if let Some(version) = slot.version(local).filter(|version| **version != package.id.version) {
            package.id.version = version.clone();
            changed = true;
        }
    }
    let printed = || print(graph.head, &graph.packages, &graph.unused.iter().collect()).replace('\n', eol(text));
    changed.then(printed)
}

fn eol(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The side that changed, where only one did or both did alike.
fn choose<'t, T: PartialEq + ?Sized>(base: &'t T, ours: &'t T, theirs: &'t T) -> Option<&'t T> {
    if ours == base || ours == theirs {
        Some(theirs)
    } else if theirs == base {
        Some(ours)
    } else {
        None
    }
}

/// What there is one package of: a name from one source, in one row of compatible versions. The workspace's own packages have
/// no source, and are known by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    name: String,
    source: Option<String>,
    row: String,
}

impl Slot {
    fn of(id: &Id, ambiguous: &BTreeSet<String>) -> Self {
        let row = if id.source.is_some() {
            compatible(&id.version)
        } else if ambiguous.contains(&id.name) {
            id.version.to_string()
        } else {
            String::new()
        };
        let source = id.source.as_deref().map(|source| without_commit(source).to_owned());
        Self {
            name: id.name.clone(),
            source,
            row,
        }
    }
}

impl Slot {
    /// The version that the manifest of a local package has.
    fn version<'l>(&self, local: &'l Local) -> Option<&'l Version> {
        let is_local = self.source.is_none() && self.row.is_empty();
        local.versions.get(&self.name).filter(|_| is_local)
    }
}

/// The part of a version that compatible ones have in common.
fn compatible(version: &Version) -> String {
    match (version.major, version.minor, version.patch) {
        (0, 0, patch) => format!("0.0.{patch}"),
        (0, minor, _) => format!("0.{minor}"),
        (major, _, _) => major.to_string(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    id: Id,
    checksum: Option<String>,
    dependencies: BTreeSet<Slot>,
}

/// One side as it is read.
struct Raw<'t> {
    side: &'static str,
    head: &'t str,
    lock: Lock,
    checksums: Vec<Option<String>>,
}

struct Graph<'t> {
    head: &'t str,
    packages: BTreeMap<Slot, Package>,
    unused: BTreeSet<Package>,
}

impl<'t> Raw<'t> {
    fn read(raw: &'t str, side: &'static str) -> Result<Self, MergeError> {
        let unreadable = |source| MergeError::Unreadable {
            side,
            source: Box::new(source),
        };
        let text = Text::new(raw.as_bytes(), "Cargo.lock").map_err(unreadable)?;
        let document = text.document().map_err(unreadable)?;
        let root = Node::root(&text, &document);
        let unusual = |key: String| MergeError::Unusual {
            side,
            why: format!("it has `{key}`"),
        };
        let mut checksums = Vec::new();
        for (key, node) in root.entries().map_err(unreadable)? {
            match key.as_str() {
                "version" | "patch" => {}
                "package" => {
                    for package in node.tables().map_err(unreadable)? {
                        checksums.push(checksum(&package).map_err(unreadable)?);
                        let entries = package.entries().map_err(unreadable)?;
                        let known = ["name", "version", "source", "checksum", "dependencies"];
                        if let Some((key, _)) = entries.into_iter().find(|(key, _)| !known.contains(&key.as_str())) {
                            return Err(unusual(key));
                        }
                    }
                }
                _ => return Err(unusual(key)),
            }
        }
        let lock = Lock::read(&text).map_err(unreadable)?;
        let head = raw
            .find("[[")
            .map_or(raw, |end| raw.get(..end).unwrap_or_default())
            .trim_end();
        Ok(Self {
            side,
            head,
            lock,
            checksums,
        })
    }

    /// The names that several packages without a source have.
    fn ambiguous(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let own = self.lock.packages.iter().filter(|package| package.id.source.is_none());
        let names = own.map(|package| package.id.name.clone());
        names.filter(|name| !seen.insert(name.clone())).collect()
    }

    fn graph(self, ambiguous: &BTreeSet<String>) -> Result<Graph<'t>, MergeError> {
        let unusual = |why: String| MergeError::Unusual { side: self.side, why };
        let slots: Vec<Slot> = self
            .lock
            .packages
            .iter()
            .map(|package| Slot::of(&package.id, ambiguous))
            .collect();
        let dependencies = |package: &LockedPackage| {
            let slot = |text: &str| self.lock.find(text).and_then(|at| slots.get(at)).cloned();
            let named = package.dependencies.iter().map(|literal| {
                let lost = || {
                    unusual(format!(
                        "`{}` depends on `{}`, which it lacks",
                        package.id.name, literal.value
                    ))
                };
                slot(&literal.value).ok_or_else(lost)
            });
            named.collect::<Result<BTreeSet<_>, _>>()
        };
        let mut packages = BTreeMap::new();
        for ((package, slot), checksum) in self.lock.packages.iter().zip(&slots).zip(self.checksums) {
            let (id, dependencies) = (package.id.clone(), dependencies(package)?);
            if packages
                .insert(
                    slot.clone(),
                    Package {
                        id,
                        checksum,
                        dependencies,
                    },
                )
                .is_some()
            {
                return Err(unusual(format!("it has two compatible versions of `{}`", slot.name)));
            }
        }
        let unused = self.lock.unused.iter().map(|package| Package {
            id: package.id.clone(),
            checksum: None,
            dependencies: BTreeSet::new(),
        });
        let unused = unused.collect();
        Ok(Graph {
            head: self.head,
            packages,
            unused,
        })
    }
}

fn checksum(package: &Node<'_>) -> Result<Option<String>, ManifestError> {
    let found = package.get("checksum")?.map(|value| value.string()).transpose()?;
    Ok(found.map(|literal| literal.value))
}

/// One package of both sides: its version as the side has it that moved it, and each of its dependencies alike.
fn merged(slot: &Slot, sides: [Option<&Package>; 3], local: &Local) -> Result<Option<Package>, MergeError> {
    // What the manifest says is no question here.
    let [base, ours, theirs] = sides.map(|package| {
        let mut package = package.cloned()?;
        package.id.version = slot.version(local).unwrap_or(&package.id.version).clone();
        Some(package)
    });
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (ours, theirs) => return Ok(ours.or(theirs)),
    };
    let name = &slot.name;
    let what = |package: &Package| (package.id.clone(), package.checksum.clone());
    let (mine, others) = (what(&ours), what(&theirs));
    let was = base.as_ref().map_or_else(|| mine.clone(), what);
    let agreed = if base.is_none() && mine != others {
        None
    } else {
        choose(&was, &mine, &others)
    };
    let (id, checksum) = agreed.cloned().ok_or_else(|| MergeError::Versions {
        name: name.clone(),
        ours: described(&ours.id, &theirs.id),
        theirs: described(&theirs.id, &ours.id),
    })?;
    let none = BTreeSet::new();
    let before = base.as_ref().map_or(&none, |base| &base.dependencies);
    let names: BTreeSet<&str> = ours
        .dependencies
        .union(&theirs.dependencies)
        .map(|slot| slot.name.as_str())
        .collect();
    let mut dependencies = BTreeSet::new();
    for dependency in names {
        let [was, mine, others] = [before, &ours.dependencies, &theirs.dependencies].map(|slots| {
            slots
                .iter()
                .filter(|slot| slot.name == dependency)
                .collect::<BTreeSet<_>>()
        });
        let agreed = choose(&was, &mine, &others);
        let agreed = agreed.ok_or_else(|| MergeError::Conflict(format!("which `{dependency}` `{name}` depends on")))?;
        dependencies.extend(agreed.iter().map(|slot| (*slot).clone()));
    }
    Ok(Some(Package {
        id,
        checksum,
        dependencies,
    }))
}

/// A package's version, with its source where the version alone does not tell it from the other side's.
fn described(id: &Id, other: &Id) -> String {
    match &id.source {
        Some(source) if id.version == other.version => format!("{} ({source})", id.version),
        Some(_) | None => id.version.to_string(),
    }
}

/// What the members lead to, themselves included.
fn reachable(packages: &BTreeMap<Slot, Package>, members: &BTreeSet<String>) -> BTreeSet<Slot> {
    let own = packages
        .keys()
        .filter(|slot| slot.source.is_none() && members.contains(&slot.name));
    let mut pending: Vec<&Slot> = own.collect();
    let mut reached = BTreeSet::new();
    while let Some(slot) = pending.pop() {
        if let Some(package) = packages.get(slot)
            && reached.insert(slot.clone())
        {
            pending.extend(&package.dependencies);
        }
    }
    reached
}

/// As cargo writes it.
fn print(head: &str, packages: &BTreeMap<Slot, Package>, unused: &BTreeSet<&Package>) -> String {
    let all: Vec<Id> = packages.values().map(|package| package.id.clone()).collect();
    let ids: BTreeMap<&Slot, &Id> = packages.iter().map(|(slot, package)| (slot, &package.id)).collect();
    let mut sorted: Vec<&Package> = packages.values().collect();
    sorted.sort_by(|one, two| one.id.cmp(&two.id));
    let mut text = head.to_owned();
    for package in sorted {
        text.push_str("\n\n[[package]]");
        text.push_str(&table(package));
        let named = package.dependencies.iter().filter_map(|slot| ids.get(slot));
        let mut named: Vec<Reference> = named.map(|id| Reference::shortest(id, &all)).collect();
        named.sort();
        if !named.is_empty() {
            let lines: Vec<String> = named
                .iter()
                .map(|reference| format!(" \"{}\",\n", reference.text()))
                .collect();
            text.push_str(&format!("\ndependencies = [\n{}]", lines.concat()));
        }
    }
    for package in unused {
        text.push_str("\n\n[[patch.unused]]");
        text.push_str(&table(package));
    }
    text.push('\n');
    text
}

fn table(package: &Package) -> String {
    let mut text = format!("\nname = \"{}\"\nversion = \"{}\"", package.id.name, package.id.version);
    if let Some(source) = &package.id.source {
        text.push_str(&format!("\nsource = \"{source}\""));
    }
    if let Some(checksum) = &package.checksum {
        text.push_str(&format!("\nchecksum = \"{checksum}\""));
    }
    text
}

#[cfg(test)]
mod tests;
