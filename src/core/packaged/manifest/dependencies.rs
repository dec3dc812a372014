//! The dependencies and features of a manifest (The Cargo Book, "Specifying Dependencies", "Features").
//!
//! Packing drops `path` and `git`, fills in what the workspace says, and leaves out development dependencies that have no
//! version, with the features that name them.

use std::collections::{BTreeMap, BTreeSet};

use semver::VersionReq;
use serde_json::{Value, json};

use super::{Differences, Table, field, is_inherited};

/// The tables, and whether packing may leave one of their dependencies out.
const TABLES: [(&str, bool); 3] = [
    ("dependencies", false),
    ("build-dependencies", false),
    ("dev-dependencies", true),
];

/// A dependency as a registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dependency {
    requirement: Option<String>,
    /// Everything else that is not at its default, by key.
    rest: BTreeMap<String, Value>,
    /// Whether packing may have left it out.
    optional_to_pack: bool,
}

/// Holds every dependency and feature of the packed manifest against the commit's.
pub(super) fn compare(member: &Table, packed: &Table, shared: &Table, found: &mut Differences) {
    let empty = Table::new();
    let inheritable = shared.get("dependencies").and_then(Value::as_object).unwrap_or(&empty);
    let committed = dependencies(member, inheritable);
    let packed_dependencies = dependencies(packed, &empty);
    let names: BTreeSet<_> = committed.keys().chain(packed_dependencies.keys()).collect();
    for name in names {
        match (committed.get(name), packed_dependencies.get(name)) {
            (Some(before), Some(after)) => differences(name, before, after, found),
            (Some(before), None) if before.optional_to_pack && before.requirement.is_none() => {}
            (before, after) => found.note(
                name,
                before.map(Dependency::view).as_ref(),
                after.map(Dependency::view).as_ref(),
            ),
        }
    }
    features(member, packed, &committed, found);
}

impl Dependency {
    fn view(&self) -> Value {
        let mut view: Table = self.rest.clone().into_iter().collect();
        if let Some(requirement) = &self.requirement {
            view.insert("version".to_owned(), json!(requirement));
        }
        Value::Object(view)
    }
}

fn differences(name: &str, before: &Dependency, after: &Dependency, found: &mut Differences) {
    let parsed = |dependency: &Dependency| {
        let text = dependency.requirement.clone().unwrap_or_else(|| "*".to_owned());
        VersionReq::parse(&text).map_or(Err(text), Ok)
    };
    if parsed(before) != parsed(after) {
        let value = |dependency: &Dependency| dependency.requirement.as_ref().map(|text| json!(text));
        found.note(
            &format!("{name}.version"),
            value(before).as_ref(),
            value(after).as_ref(),
        );
    }
    let keys: BTreeSet<_> = before.rest.keys().chain(after.rest.keys()).collect();
    for key in keys {
        found.unless_equal(&format!("{name}.{key}"), before.rest.get(key), after.rest.get(key));
    }
}

/// Every dependency, by its dotted key.
fn dependencies(manifest: &Table, inheritable: &Table) -> BTreeMap<String, Dependency> {
    let mut found = BTreeMap::new();
    let mut collect = |prefix: &str, tables: &Table| {
        for (kind, optional_to_pack) in TABLES {
            let Some(table) = field(tables, kind).and_then(Value::as_object) else {
                continue;
            };
            for (key, value) in table {
                let dependency = dependency(key, value, inheritable, optional_to_pack);
                found.insert(format!("{prefix}{kind}.{key}"), dependency);
            }
        }
    };
    collect("", manifest);
    let targets = manifest.get("target").and_then(Value::as_object);
    for (target, tables) in targets.into_iter().flatten() {
        if let Some(tables) = tables.as_object() {
            // Spaces in `cfg(…)` mean nothing.
            let target = target.replace(char::is_whitespace, "");
            collect(&format!("target.{target}."), tables);
        }
    }
    found
}

fn dependency(key: &str, value: &Value, inheritable: &Table, optional_to_pack: bool) -> Dependency {
    let mut table = as_table(value);
    if is_inherited(value) {
        let mut shared = inheritable.get(key).map(as_table).unwrap_or_default();
        let mut features = list(&shared, "features");
        features.extend(list(&table, "features"));
        let switched_on = field(&table, "default-features") == Some(&Value::Bool(true));
        if switched_on {
            shared.remove("default-features");
            shared.remove("default_features");
        }
        table.remove("default-features");
        table.remove("default_features");
        table.remove("workspace");
        table.insert("features".to_owned(), json!(features));
        shared.extend(table);
        table = shared;
    }
    let requirement = table.get("version").and_then(Value::as_str).map(str::to_owned);
    let mut rest = BTreeMap::new();
    for (key, value) in &table {
        let key = key.replace('_', "-");
        let (key, value) = match key.as_str() {
            "version" | "path" | "git" | "branch" | "tag" | "rev" | "base" => continue,
            "features" => (key, json!(list(&table, "features"))),
            // The commit names the registry, the package has its index.
            "registry" | "registry-index" => ("registry".to_owned(), json!("another registry")),
            _ => (key, value.clone()),
        };
        let default = match key.as_str() {
            "features" => json!([]),
            "default-features" => json!(true),
            "optional" | "public" => json!(false),
            "package" => json!(null),
            _ => Value::Null,
        };
        if value != default {
            rest.insert(key, value);
        }
    }
    if rest.get("package").and_then(Value::as_str) == Some(key) {
        rest.remove("package");
    }
    Dependency {
        requirement,
        rest,
        optional_to_pack,
    }
}

fn as_table(value: &Value) -> Table {
    match value.as_object() {
        Some(table) => table.clone(),
        None => Table::from_iter([("version".to_owned(), value.clone())]),
    }
}

/// The strings of a list, each once and in order.
fn list(table: &Table, key: &str) -> BTreeSet<String> {
    let items = field(table, key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// `[features]`; what they say of a dependency that was left out is left out too.
fn features(member: &Table, packed: &Table, committed: &BTreeMap<String, Dependency>, found: &mut Differences) {
    let empty = Table::new();
    let table = |manifest: &'_ Table| manifest.get("features").and_then(Value::as_object).cloned();
    let own = table(member).unwrap_or_else(|| empty.clone());
    let theirs = table(packed).unwrap_or(empty);
    let left_out: BTreeSet<&str> = committed
        .iter()
        .filter(|(_, dependency)| dependency.optional_to_pack && dependency.requirement.is_none())
        .filter_map(|(key, _)| key.rsplit('.').next())
        .collect();
    let of_left_out = |entry: &String| {
        let name = entry.split(['/', '?']).next().unwrap_or_default();
        entry.contains('/') && left_out.contains(name)
    };
    for key in keys_as_they_are(&own, &theirs) {
        let before = own.get(&key).map(|_| list_of(&own, &key));
        let after = theirs.get(&key).map(|_| list_of(&theirs, &key));
        let kept = before.as_ref().map(|before| {
            let kept = before.iter().filter(|entry| !of_left_out(entry));
            kept.cloned().collect::<BTreeSet<_>>()
        });
        if before != after && kept != after {
            found.note(
                &format!("features.{key}"),
                before.map(|list| json!(list)).as_ref(),
                after.map(|list| json!(list)).as_ref(),
            );
        }
    }
}

/// A feature's name has no second spelling.
fn keys_as_they_are(own: &Table, theirs: &Table) -> BTreeSet<String> {
    own.keys().chain(theirs.keys()).cloned().collect()
}

fn list_of(table: &Table, key: &str) -> BTreeSet<String> {
    let items = table.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
