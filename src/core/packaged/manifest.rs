//! A packed `Cargo.toml` against the commit's: cargo rewrites it, without paths and with what is inherited filled in
//! (The Cargo Book, "The Manifest Format", "Workspaces", cargo-publish(1)). Compared is what it says, key by key.
//!
//! `dependencies` and `targets` have the tables that are compared by more than equality.

mod dependencies;
mod targets;

use serde_json::{Map, Value};

use super::MANIFEST;
use super::tree::{Commit, Found, join, parent, resolve};
use crate::core::bounds;

/// A table of TOML.
pub(super) type Table = Map<String, Value>;

/// The commit's manifest of the package, and that of its workspace's root.
pub(super) struct Workspace {
    member: Result<Table, String>,
    root: Option<Root>,
}

struct Root {
    dir: String,
    /// `[workspace]`.
    table: Table,
}

/// What the differences depend on besides the manifests.
pub(super) struct Context<'a> {
    /// The package's name, and its version, as the archive is called.
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Whether the commit has a `build.rs` beside the manifest.
    pub(super) has_build_script: bool,
}

impl Workspace {
    /// Reads the manifest in `dir` and the root above it.
    ///
    /// # Errors
    /// When the commit cannot be read. A manifest that is none is a difference.
    pub(super) fn of<C: Commit>(dir: &str, commit: &C) -> Result<Self, C::Error> {
        let Some(bytes) = manifest_in(dir, commit)? else {
            let member = Err("the commit has no Cargo.toml there".to_owned());
            return Ok(Self { member, root: None });
        };
        let member = read(&bytes);
        let pointer = member
            .as_ref()
            .ok()
            .and_then(|member| package(member)?.get("workspace")?.as_str());
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
        let mut root = None;
        for dir in candidates {
            let found = manifest_in(&dir, commit)?.and_then(|bytes| read(&bytes).ok());
            let table = found.and_then(|mut manifest| match manifest.remove("workspace") {
                Some(Value::Object(table)) => Some(table),
                _ => None,
            });
            if let Some(table) = table {
                root = Some(Root { dir, table });
                break;
            }
        }
        Ok(Self { member, root })
    }

    /// The directory of the workspace's root; the repository's top where there is none.
    pub(super) fn root(&self) -> &str {
        self.root.as_ref().map_or("", |root| &root.dir)
    }

    /// The paths that `readme` and `license-file` name, in the repository.
    pub(super) fn outside(&self, dir: &str) -> Vec<String> {
        let Ok(member) = &self.member else { return Vec::new() };
        let named = |key: &str| {
            let value = field(package(member)?, key)?;
            if is_inherited(value) {
                let root = self.root.as_ref()?;
                let shared = field(root.table.get("package")?.as_object()?, key)?;
                join(&root.dir, shared.as_str()?)
            } else {
                join(dir, value.as_str()?)
            }
        };
        ["readme", "license-file"].into_iter().filter_map(named).collect()
    }

    /// The package's version.
    pub(super) fn version(&self) -> Option<String> {
        let member = self.member.as_ref().ok()?;
        let version = match package(member)?.get("version")? {
            inherited if is_inherited(inherited) => {
                let root = self.root.as_ref()?;
                root.table.get("package")?.get("version")?
            }
            own => own,
        };
        version.as_str().map(str::to_owned)
    }

    /// What the packed manifest says other than the commit's.
    pub(super) fn differences(&self, packed: &[u8], context: &Context<'_>) -> Vec<String> {
        let member = match &self.member {
            Ok(member) => member,
            Err(why) => return vec![format!("the commit's cannot be read: {why}")],
        };
        let packed = match read(packed) {
            Ok(packed) => packed,
            Err(why) => return vec![format!("it cannot be read: {why}")],
        };
        let empty = Table::new();
        let shared = self.root.as_ref().map_or(&empty, |root| &root.table);
        let mut found = Differences::default();
        package_table(member, &packed, shared, context, &mut found);
        targets::compare(member, &packed, context.name, &mut found);
        dependencies::compare(member, &packed, shared, &mut found);
        other_tables(member, &packed, shared, &mut found);
        found.0
    }
}

/// What differs, in words.
#[derive(Default)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    /// Notes that a key has one value here and another there.
    fn note(&mut self, key: &str, committed: Option<&Value>, packed: Option<&Value>) {
        self.0.push(match (committed, packed) {
            (Some(committed), Some(packed)) => format!("`{key}` is {packed}, in the commit {committed}"),
            (None, Some(packed)) => format!("`{key}` is {packed}, in the commit it is not set"),
            (Some(committed), None) => format!("`{key}` is not set, in the commit it is {committed}"),
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

/// A TOML document as a table of values.
pub(super) fn read(bytes: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    bounds::toml(text)?;
    let document: toml_edit::DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let message = error.message();
        message.lines().next().unwrap_or(message).to_owned()
    })?;
    Ok(table(document.as_table()))
}

fn table(table_like: &dyn toml_edit::TableLike) -> Table {
    let entries = table_like.iter().map(|(key, item)| (key.to_owned(), item_value(item)));
    entries.collect()
}

fn item_value(item: &toml_edit::Item) -> Value {
    match item {
        toml_edit::Item::None => Value::Null,
        toml_edit::Item::Value(plain) => value(plain),
        toml_edit::Item::Table(inner) => Value::Object(table(inner)),
        toml_edit::Item::ArrayOfTables(tables) => {
            Value::Array(tables.iter().map(|inner| Value::Object(table(inner))).collect())
        }
    }
}

fn value(plain: &toml_edit::Value) -> Value {
    match plain {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Float(number) => Value::from(number.value().to_string()),
        toml_edit::Value::Boolean(switch) => Value::from(*switch.value()),
        toml_edit::Value::Datetime(moment) => Value::from(moment.value().to_string()),
        toml_edit::Value::Array(items) => Value::Array(items.iter().map(value).collect()),
        toml_edit::Value::InlineTable(inner) => Value::Object(table(inner)),
    }
}

/// A key of a table, in the spelling with `-` or, as cargo took it up to edition 2021, with `_`.
fn field<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    table.get(key).or_else(|| table.get(&key.replace('-', "_")))
}

/// `[package]`, or `[project]` as it was called before Cargo 1.0.
fn package(manifest: &Table) -> Option<&Table> {
    manifest.get("package").or_else(|| manifest.get("project"))?.as_object()
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace") == Some(&Value::Bool(true))
}

/// Every key of two tables once, in the spelling with `-`.
fn keys(committed: &Table, packed: &Table) -> std::collections::BTreeSet<String> {
    committed
        .keys()
        .chain(packed.keys())
        .map(|key| key.replace('_', "-"))
        .collect()
}

/// Keys of `[package]` that are compared on their own, or not at all: `workspace` says where the root is, and what `readme`
/// names is compared as a file.
const APART: [&str; 6] = ["workspace", "readme", "license-file", "resolver", "build", "edition"];
/// What cargo writes since 1.80, beside the targets in full.
const DISCOVERY: [&str; 5] = ["autolib", "autobins", "autoexamples", "autotests", "autobenches"];

fn package_table(member: &Table, packed: &Table, shared: &Table, context: &Context<'_>, found: &mut Differences) {
    let empty = Table::new();
    let own = package(member).unwrap_or(&empty);
    let theirs = package(packed).unwrap_or(&empty);
    let inheritable = shared.get("package").and_then(Value::as_object).unwrap_or(&empty);
    let committed = |key: &str| match field(own, key) {
        Some(value) if is_inherited(value) => field(inheritable, key),
        value => value,
    };
    for key in keys(own, theirs) {
        let (before, after) = (committed(&key), field(theirs, &key));
        if APART.contains(&key.as_str()) || (DISCOVERY.contains(&key.as_str()) && after == Some(&Value::Bool(false))) {
            continue;
        }
        found.unless_equal(&format!("package.{key}"), before, after);
    }
    for (key, value) in [("name", context.name), ("version", context.version)] {
        let expected = Value::from(value);
        found.unless_equal(&format!("package.{key}"), Some(&expected), field(theirs, key));
    }
    let resolver = committed("resolver").or_else(|| shared.get("resolver"));
    if field(theirs, "resolver").is_some() {
        found.unless_equal("package.resolver", resolver, field(theirs, "resolver"));
    }
    let first_edition = Value::from("2015");
    let edition = committed("edition").unwrap_or(&first_edition);
    found.unless_equal(
        "package.edition",
        Some(edition),
        Some(field(theirs, "edition").unwrap_or(&first_edition)),
    );
    let name_of = |value: &Value| value.as_str().and_then(|path| path.rsplit('/').next()).map(Value::from);
    let license = committed("license-file").and_then(name_of);
    let packed_license = field(theirs, "license-file").and_then(name_of);
    found.unless_equal("package.license-file", license.as_ref(), packed_license.as_ref());
    build_script(committed("build"), field(theirs, "build"), context, found);
}

/// `package.build`: cargo finds `build.rs` by itself, and since 1.80 writes down what it found.
fn build_script(committed: Option<&Value>, packed: Option<&Value>, context: &Context<'_>, found: &mut Differences) {
    let script = |value: Option<&Value>| match value {
        None | Some(Value::Bool(true)) => Value::from(if context.has_build_script { "build.rs" } else { "" }),
        Some(Value::Bool(false)) => Value::from(""),
        Some(Value::String(path)) => Value::from(path.strip_prefix("./").unwrap_or(path)),
        Some(other) => other.clone(),
    };
    if script(committed) != script(packed) {
        found.note("package.build", committed, packed);
    }
}

/// Tables that cargo leaves out or that are compared elsewhere.
const LEFT_OUT: [&str; 16] = [
    "package",
    "project",
    "lib",
    "bin",
    "example",
    "test",
    "bench",
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "target",
    "features",
    "workspace",
    "patch",
    "replace",
    "lints",
];

fn other_tables(member: &Table, packed: &Table, shared: &Table, found: &mut Differences) {
    for key in keys(member, packed) {
        if key == "profile" {
            let settings = |manifest| field(manifest, &key).map(profile);
            found.unless_equal(&key, settings(member).as_ref(), settings(packed).as_ref());
        } else if !LEFT_OUT.contains(&key.as_str()) {
            found.unless_equal(&key, field(member, &key), field(packed, &key));
        }
    }
    for key in ["workspace", "patch", "replace"] {
        if let Some(after) = packed.get(key).filter(|after| member.get(key) != Some(after)) {
            found.note(key, member.get(key), Some(after));
        }
    }
    // Before Cargo 1.74 there were none, and what a dependency lints is not shown.
    if let Some(after) = packed.get("lints") {
        let before = match member.get("lints") {
            Some(value) if is_inherited(value) => shared.get("lints"),
            value => value,
        };
        found.unless_equal("lints", before.map(lints).as_ref(), Some(&lints(after)));
    }
}

/// Lints with each level in its short spelling: cargo writes a priority of 0 down (The Cargo Book, "The `lints` section").
fn lints(tools: &Value) -> Value {
    let Value::Object(table) = tools else {
        return tools.clone();
    };
    let mut plain: Table = table.iter().map(|(key, value)| (key.clone(), lints(value))).collect();
    if plain.get("level").is_some_and(Value::is_string) && plain.get("priority") == Some(&Value::from(0)) {
        plain.remove("priority");
    }
    match plain.get("level") {
        Some(level) if level.is_string() && plain.len() == 1 => level.clone(),
        _ => Value::Object(plain),
    }
}

/// Profiles with each setting in one of the spellings that it may have (The Cargo Book, "Profiles").
fn profile(settings: &Value) -> Value {
    let Value::Object(table) = settings else {
        return settings.clone();
    };
    let one = |(key, value): (&String, &Value)| {
        let plain = match (key.as_str(), value) {
            ("debug", Value::Bool(false)) => Value::from(0),
            ("debug", Value::Bool(true)) => Value::from(2),
            ("debug", Value::String(level)) => match level.as_str() {
                "none" => Value::from(0),
                "limited" => Value::from(1),
                "full" => Value::from(2),
                _ => value.clone(),
            },
            ("strip", Value::Bool(false)) => Value::from("none"),
            ("strip", Value::Bool(true)) => Value::from("symbols"),
            _ => profile(value),
        };
        (key.clone(), plain)
    };
    Value::Object(table.iter().map(one).collect())
}
