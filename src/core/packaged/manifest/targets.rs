//! The targets of a manifest: those that it names, and those that cargo finds where they usually lie
//! (The Cargo Book, "Cargo Targets"). Since 1.80 cargo writes all of them down.

use serde_json::Value;

use super::{Differences, Table, field, keys};

/// The kinds that there are several of, with the directory that they are found in.
const KINDS: [(&str, &str); 4] = [
    ("bin", "src/bin"),
    ("example", "examples"),
    ("test", "tests"),
    ("bench", "benches"),
];
/// Where a library is found.
const LIBRARY: &str = "src/lib.rs";

/// Holds every target of the packed manifest against the commit's. One that the package lacks is left out by `exclude`.
pub(super) fn compare(member: &Table, packed: &Table, name: &str, found: &mut Differences) {
    let empty = Table::new();
    let library = |manifest: &'_ Table| manifest.get("lib").and_then(Value::as_object).cloned();
    let usual = |field: &str| match field {
        "name" => Some(vec![name.replace('-', "_")]),
        "path" => Some(vec![LIBRARY.to_owned(), format!("src/{name}.rs")]),
        _ => None,
    };
    if let Some(theirs) = library(packed) {
        fields("lib", &library(member).unwrap_or_default(), &theirs, &usual, found);
    } else if let Some(own) = library(member) {
        fields("lib", &own, &empty, &usual, found);
    }
    for (kind, dir) in KINDS {
        let own = targets(member, kind);
        for theirs in targets(packed, kind) {
            let Some(target) = theirs.get("name").and_then(Value::as_str) else {
                found.note(&format!("{kind}.name"), None, Some(&Value::Object(theirs)));
                continue;
            };
            let named = own.iter().find(|own| own.get("name") == theirs.get("name"));
            let usual = |field: &str| match field {
                "name" => Some(vec![target.to_owned()]),
                "path" => Some(found_at(kind, dir, target)),
                _ => None,
            };
            fields(
                &format!("{kind}.{target}"),
                named.unwrap_or(&empty),
                &theirs,
                &usual,
                found,
            );
        }
    }
}

fn targets(manifest: &Table, kind: &str) -> Vec<Table> {
    let tables = manifest.get(kind).and_then(Value::as_array);
    let tables = tables.into_iter().flatten();
    tables.filter_map(|target| target.as_object().cloned()).collect()
}

/// Where cargo finds a target by itself.
fn found_at(kind: &str, dir: &str, target: &str) -> Vec<String> {
    let mut paths = vec![format!("{dir}/{target}.rs"), format!("{dir}/{target}/main.rs")];
    if kind == "bin" {
        paths.extend(["src/main.rs", "src/bin/main.rs"].map(str::to_owned));
        paths.push(format!("src/{target}.rs"));
    }
    paths
}

/// Compares a target's fields; one that is not set has one of the values that `usual` gives.
fn fields(
    target: &str,
    own: &Table,
    theirs: &Table,
    usual: &dyn Fn(&str) -> Option<Vec<String>>,
    found: &mut Differences,
) {
    for key in keys(own, theirs) {
        let (before, after) = (field(own, &key), field(theirs, &key));
        let usual = usual(&key).unwrap_or_default();
        let is_usual = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| usual.iter().any(|usual| usual == text))
        };
        let same = match (before, after) {
            (Some(before), Some(after)) => normal(before) == normal(after),
            (None, Some(set)) | (Some(set), None) => is_usual(&normal(set)) || is_default(&key, set),
            (None, None) => true,
        };
        if !same {
            found.note(&format!("{target}.{key}"), before, after);
        }
    }
}

/// A path without `./`, with `/` between its parts.
fn normal(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => Value::from(text.strip_prefix("./").unwrap_or(text).replace('\\', "/")),
        None => value.clone(),
    }
}

/// What a field of a target is where nothing is said of it. The defaults of `test`, `doc` and the like depend on the kind,
/// and decide what cargo tests, not what it builds.
fn is_default(key: &str, value: &Value) -> bool {
    match key {
        "proc-macro" | "plugin" => value == &Value::Bool(false),
        "harness" => value == &Value::Bool(true),
        "test" | "doctest" | "bench" | "doc" => value.is_boolean(),
        "crate-type" => value == &serde_json::json!(["lib"]) || value == &serde_json::json!(["proc-macro"]),
        _ => false,
    }
}
