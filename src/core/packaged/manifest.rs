//! A packed `Cargo.toml` against the commit's: cargo rewrites it, without paths and with what is inherited filled in
//! (The Cargo Book, "The Manifest Format", "Workspaces", cargo-publish(1)).
//!
//! What cargo writes for the commit's manifest is made (`inherited`, `targets`, `written`) and compared key by key. Where
//! the package says something else, the table of `rewrites` decides; what has no row there is a difference.

mod document;
mod inherited;
mod registries;
mod rewrites;
mod targets;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::MANIFEST;
use super::tree::{Commit, Found, join, parent, resolve};
pub(super) use document::{Table, read};
use rewrites::Values;
pub(super) use targets::Files;

/// The files that cargo takes for a README where none is named, in its order.
const READMES: [&str; 3] = ["README.md", "README.txt", "README"];

/// The commit's manifest of the package, and that of its workspace's root.
pub(super) struct Workspace {
    dir: String,
    member: Result<Table, String>,
    root: Option<Root>,
    /// The README that is found beside the manifest.
    readme: Option<&'static str>,
    /// The index of each registry that a dependency names, where it is known.
    registries: BTreeMap<String, String>,
}

/// The root of a workspace.
struct Root {
    dir: String,
    /// `[workspace]`.
    table: Table,
    /// `[package]`, where the root is a package too.
    package: Option<Table>,
}

/// What cargo writes depends on, besides the manifest.
struct Surroundings<'a> {
    dir: &'a str,
    files: &'a Files,
    readme: Option<&'a str>,
    /// The workspace's resolver.
    resolver: &'a str,
    registries: &'a BTreeMap<String, String>,
}

impl Workspace {
    /// Reads the manifest in `dir` and the root above it.
    ///
    /// # Errors
    /// When the commit cannot be read. A manifest that is none is a difference.
    pub(super) fn of<C: Commit>(dir: &str, commit: &C) -> Result<Self, C::Error> {
        let member = match manifest_in(dir, commit)? {
            Some(bytes) => read(&bytes),
            None => Err("the commit has no Cargo.toml there".to_owned()),
        };
        let mut readme = None;
        for name in READMES {
            let is_file = |found| matches!(found, Found::File { .. });
            if readme.is_none() && is_file(resolve(&join(dir, name).unwrap_or_default(), commit)?) {
                readme = Some(name);
            }
        }
        let mut workspace = Self {
            dir: dir.to_owned(),
            root: Root::above(dir, member.as_ref().ok(), commit)?,
            member,
            readme,
            registries: BTreeMap::new(),
        };
        for name in registries::named(&workspace.filled()) {
            if let Some(index) = registries::index(&name, dir, commit)? {
                workspace.registries.insert(name, index);
            }
        }
        Ok(workspace)
    }

    /// The directory of the workspace's root; the repository's top where there is none.
    pub(super) fn root(&self) -> &str {
        self.root.as_ref().map_or("", |root| &root.dir)
    }

    /// The commit's manifest with what it inherits; empty where it cannot be read.
    fn filled(&self) -> Table {
        let empty = Table::new();
        let member = self.member.as_ref().unwrap_or(&empty);
        inherited::fill(member, self.root.as_ref(), &inherited::way_up(&self.dir, self.root()))
    }

    /// The paths that `readme` and `license-file` name, in the repository.
    pub(super) fn outside(&self) -> Vec<String> {
        let filled = self.filled();
        let named = |key: &str| join(&self.dir, filled.get("package")?.get(key)?.as_str()?);
        ["readme", "license-file"].into_iter().filter_map(named).collect()
    }

    /// Where packages of the workspace may come from once they are published, as lock files write it.
    pub(super) fn sources(&self) -> Vec<String> {
        let known = self.registries.values().map(String::as_str);
        let source = |index: &str| match index.contains('+') {
            true => index.to_owned(),
            false => format!("registry+{index}"),
        };
        known.chain([written::CRATES_IO]).map(source).collect()
    }

    /// The package's version.
    pub(super) fn version(&self) -> Option<String> {
        Some(self.filled().get("package")?.get("version")?.as_str()?.to_owned())
    }

    /// The resolver that the whole workspace uses (The Cargo Book, "Resolver versions"): what its root names, else what the
    /// root package's edition implies, and the first in a workspace without a root package.
    fn resolver(&self, own: &Table) -> String {
        let text = |table: Option<&Table>, key: &str| table?.get(key)?.as_str().map(str::to_owned);
        let own = own.get("package").and_then(Value::as_object);
        let (package, table) = match &self.root {
            Some(root) if root.dir == self.dir => (own, Some(&root.table)),
            Some(root) => (root.package.as_ref(), Some(&root.table)),
            None => (own, None),
        };
        let named = text(package, "resolver").or_else(|| text(table, "resolver"));
        named.unwrap_or_else(|| {
            let edition = match package {
                Some(package) => text(Some(package), "edition").unwrap_or_else(|| "2015".to_owned()),
                None => "2015".to_owned(),
            };
            written::implied_resolver(&edition).to_owned()
        })
    }

    /// What the packed manifest says other than cargo would write for the commit's. `files` are those of the package.
    pub(super) fn differences(&self, packed: &[u8], files: &Files, package: (&str, &str)) -> Vec<String> {
        if let Err(why) = &self.member {
            return vec![format!("the commit's cannot be read: {why}")];
        }
        let packed = match read(packed) {
            Ok(packed) => written::in_full(&packed, files),
            Err(why) => return vec![format!("it cannot be read: {why}")],
        };
        let own = written::in_full(&self.filled(), files);
        let around = Surroundings {
            dir: &self.dir,
            files,
            readme: self.readme,
            resolver: &self.resolver(&own),
            registries: &self.registries,
        };
        let written = written::written(&own, &around);
        let mut found = Differences {
            resolver: around.resolver,
            found: Vec::new(),
        };
        found.of_tables(&mut Vec::new(), &written, &own, &packed);
        let (name, version) = package;
        for (key, expected) in [("name", name), ("version", version)] {
            let said = packed.get("package").and_then(|package| package.get(key));
            found.unless_equal(&format!("package.{key}"), Some(&Value::from(expected)), said);
        }
        found.found
    }
}

impl Root {
    /// The root that a member names, else the nearest manifest above it that has a workspace.
    fn above<C: Commit>(dir: &str, member: Option<&Table>, commit: &C) -> Result<Option<Self>, C::Error> {
        let pointer = member.and_then(|member| package(member)?.get("workspace")?.as_str());
        let mut candidates: Vec<String> = Vec::new();
        match pointer {
            Some(pointer) => candidates.extend(join(dir, pointer)),
            None => {
                let mut at = dir;
                candidates.push(at.to_owned());
                while !at.is_empty() {
                    at = parent(at);
                    candidates.push(at.to_owned());
                }
            }
        }
        for dir in candidates {
            let Some(mut manifest) = manifest_in(&dir, commit)?.and_then(|bytes| read(&bytes).ok()) else {
                continue;
            };
            if let Some(Value::Object(table)) = manifest.remove("workspace") {
                let mut root = Self {
                    dir,
                    table,
                    package: None,
                };
                let filled = inherited::fill(&manifest, Some(&root), "");
                root.package = filled.get("package").and_then(Value::as_object).cloned();
                return Ok(Some(root));
            }
        }
        Ok(None)
    }
}

/// What differs, in words.
struct Differences<'a> {
    resolver: &'a str,
    found: Vec<String>,
}

impl Differences<'_> {
    /// Compares a table with what cargo writes, key by key.
    fn of_tables(&mut self, at: &mut Vec<String>, written: &Table, own: &Table, packed: &Table) {
        let keys: BTreeSet<&String> = written.keys().chain(packed.keys()).collect();
        for key in keys {
            at.push(key.clone());
            let values = Values {
                written: written.get(key),
                own: own.get(key),
                packed: packed.get(key),
            };
            self.of_key(at, &values);
            at.pop();
        }
    }

    fn of_key(&mut self, at: &mut Vec<String>, values: &Values<'_>) {
        let key: Vec<&str> = at.iter().map(String::as_str).collect();
        if values.written == values.packed || rewrites::admits(&key, values, self.resolver) {
            return;
        }
        let empty = Table::new();
        let table = |value: Option<&'_ Value>| match value {
            Some(Value::Object(table)) => Some(table.clone()),
            None if rewrites::lists_tables(&key) => Some(Table::new()),
            _ => None,
        };
        if let (Some(written), Some(packed)) = (table(values.written), table(values.packed)) {
            let own = table(values.own).unwrap_or(empty);
            self.of_tables(at, &written, &own, &packed);
            return;
        }
        let key = at.join(".");
        match values.written {
            Some(written) if values.own.is_none() || values.own == values.packed => {
                let packed = values.packed.map_or("not set".to_owned(), Value::to_string);
                self.found
                    .push(format!("`{key}` is {packed}, cargo makes {written} of the commit's"));
            }
            _ => self.note(&key, values.own.or(values.written), values.packed),
        }
    }

    /// Notes that a key has one value here and another there.
    fn note(&mut self, key: &str, committed: Option<&Value>, packed: Option<&Value>) {
        self.found.push(match (committed, packed) {
            (Some(committed), Some(packed)) if committed != packed => {
                format!("`{key}` is {packed}, in the commit {committed}")
            }
            (Some(committed), None) => format!("`{key}` is not set, in the commit it is {committed}"),
            (Some(_), Some(packed)) => format!("`{key}` is {packed}, which cargo leaves out"),
            (None, Some(packed)) => format!("`{key}` is {packed}, in the commit it is not set"),
            (None, None) => return,
        });
    }

    /// Notes a key whose values are not equal.
    fn unless_equal(&mut self, key: &str, committed: Option<&Value>, packed: Option<&Value>) {
        if committed != packed {
            self.note(key, committed, packed);
        }
    }
}

fn manifest_in<C: Commit>(dir: &str, commit: &C) -> Result<Option<Vec<u8>>, C::Error> {
    match resolve(&join(dir, MANIFEST).unwrap_or_default(), commit)? {
        Found::File { blob, .. } => commit.blob(blob).map(Some),
        Found::Directory | Found::Submodule { .. } | Found::Dangling(_) | Found::Nothing => Ok(None),
    }
}

/// The name of the package that a manifest is of, if it is one.
pub(super) fn package_name(manifest: &[u8]) -> Option<String> {
    let manifest = read(manifest).ok()?;
    Some(package(&manifest)?.get("name")?.as_str()?.to_owned())
}

/// `[package]`, or `[project]` as it was called before Cargo 1.0.
fn package(manifest: &Table) -> Option<&Table> {
    manifest.get("package").or_else(|| manifest.get("project"))?.as_object()
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace") == Some(&Value::Bool(true))
}
