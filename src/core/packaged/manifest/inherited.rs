//! What a manifest inherits from its workspace's root, filled in as cargo does it since 1.64
//! (The Cargo Book, "Workspaces", "The `package` table", "The `dependencies` table").

use serde_json::{Value, json};

use super::super::tree::join;
use super::{Root, Table, is_inherited};

/// The tables of dependencies, and the second spelling of each.
pub(super) const DEPENDENCIES: [(&str, Option<&str>); 3] = [
    ("dependencies", None),
    ("dev-dependencies", Some("dev_dependencies")),
    ("build-dependencies", Some("build_dependencies")),
];

/// The member's manifest with everything filled in, each table under its first spelling.
///
/// `relative` leads from the member's directory to the root's.
pub(super) fn fill(member: &Table, root: Option<&Root>, relative: &str) -> Table {
    let empty = Table::new();
    let shared = root.map_or(&empty, |root| &root.table);
    let mut filled = member.clone();
    if let Some(package) = filled.remove("project") {
        filled.entry("package").or_insert(package);
    }
    if let Some(package) = filled.get_mut("package").and_then(Value::as_object_mut) {
        let inheritable = shared.get("package").and_then(Value::as_object).unwrap_or(&empty);
        fill_package(package, inheritable, relative);
    }
    for key in ["lints", "badges"] {
        let from = match key {
            "lints" => shared.get(key),
            _ => shared.get("package").and_then(|package| package.get(key)),
        };
        if let Some(value) = filled.get(key)
            && is_inherited(value)
            && let Some(shared) = from
        {
            filled.insert(key.to_owned(), shared.clone());
        }
    }
    let inheritable = shared.get("dependencies").and_then(Value::as_object).unwrap_or(&empty);
    fill_dependencies(&mut filled, inheritable);
    for tables in filled
        .get_mut("target")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if let Some(tables) = tables.1.as_object_mut() {
            fill_dependencies(tables, inheritable);
        }
    }
    filled
}

fn fill_package(package: &mut Table, inheritable: &Table, relative: &str) {
    for (key, value) in package.iter_mut() {
        if !is_inherited(value) {
            continue;
        }
        // Where the root names none, cargo refuses the manifest, except for `readme`, which it finds.
        let Some(shared) = inheritable.get(key) else { continue };
        *value = match (key.as_str(), shared.as_str()) {
            ("readme" | "license-file", Some(path)) => Value::from(format!("{relative}{path}")),
            ("readme", None) if shared == &Value::Bool(true) => Value::from(format!("{relative}README.md")),
            _ => shared.clone(),
        };
    }
}

fn fill_dependencies(tables: &mut Table, inheritable: &Table) {
    for (key, second) in DEPENDENCIES {
        if let Some(found) = second.and_then(|second| tables.remove(second)) {
            tables.entry(key).or_insert(found);
        }
        let table = tables.get_mut(key).and_then(Value::as_object_mut);
        for (name, value) in table.into_iter().flatten() {
            if is_inherited(value) {
                *value = Value::Object(dependency(value, inheritable.get(name)));
            } else {
                *value = Value::Object(in_full(value));
            }
        }
    }
}

/// A dependency as the workspace has it, with what a member may add: features, `optional`, `public`, and default features
/// that the workspace switched off.
fn dependency(member: &Value, shared: Option<&Value>) -> Table {
    let mut merged = shared.map(in_full).unwrap_or_default();
    let switch =
        |table: &dyn Fn(&str) -> Option<Value>| table("default-features").or_else(|| table("default_features"));
    let own = switch(&|key| member.get(key).cloned());
    let theirs = switch(&|key| merged.get(key).cloned());
    if own == Some(Value::Bool(true)) && theirs == Some(Value::Bool(false)) {
        merged.insert("default-features".to_owned(), Value::Bool(true));
    }
    if let Some(added) = member.get("features").and_then(Value::as_array) {
        let features = merged.entry("features").or_insert_with(|| json!([]));
        if let Some(features) = features.as_array_mut() {
            features.extend(added.iter().cloned());
        }
    }
    for key in ["optional", "public"] {
        match member.get(key) {
            Some(value) => merged.insert(key.to_owned(), value.clone()),
            None => merged.remove(key),
        };
    }
    merged
}

/// A dependency as a table: a text alone is its version.
fn in_full(value: &Value) -> Table {
    match value.as_object() {
        Some(table) => table.clone(),
        None => Table::from_iter([("version".to_owned(), value.clone())]),
    }
}

/// The way from one directory of a repository to another above it, with a final `/`.
pub(super) fn way_up(from: &str, to: &str) -> String {
    let depth = |dir: &str| dir.split('/').filter(|part| !part.is_empty()).count();
    let mut way = String::new();
    let below = join("", from).unwrap_or_default();
    let above = join("", to).unwrap_or_default();
    let is_above = above.is_empty() || below == above || below.starts_with(&format!("{above}/"));
    if is_above {
        way.push_str(&"../".repeat(depth(&below) - depth(&above)));
    } else {
        way.push_str(&"../".repeat(depth(&below)));
        way.push_str(&above);
        way.push('/');
    }
    way
}
