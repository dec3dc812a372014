//! The manifest that cargo writes into a package, made from the commit's as the newest cargo that is known makes it.
//!
//! What earlier ones wrote otherwise stands in the table of `rewrites`, beside what is done here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::tree::join;
use super::inherited::DEPENDENCIES;
use super::targets::{self, Files, SWITCHES, TABLES};
use super::{Surroundings, Table};

/// Where a dependency comes from besides a registry: packing leaves it out.
const ORIGINS: [&str; 6] = ["path", "base", "git", "branch", "tag", "rev"];
/// The index that cargo writes for its own registry.
pub(in crate::core::packaged) const CRATES_IO: &str = "https://github.com/rust-lang/crates.io-index";

/// A manifest with its targets and dependencies in full, and without tables that say nothing.
pub(super) fn in_full(manifest: &Table, files: &Files) -> Table {
    let mut full = manifest.clone();
    each_dependency(&mut full, |dependency| {
        if dependency.is_string() {
            *dependency = json!({ "version": dependency });
        }
    });
    for key in TABLES {
        full.remove(key);
    }
    full.extend(targets::in_full(manifest, files));
    without_empty(&mut full);
    full
}

/// Changes each dependency, those of platforms too.
fn each_dependency(manifest: &mut Table, change: impl Fn(&mut Value)) {
    let of = |tables: &mut Table| {
        for (key, _) in DEPENDENCIES {
            let table = tables.get_mut(key).and_then(Value::as_object_mut);
            table
                .into_iter()
                .flatten()
                .for_each(|(_, dependency)| change(dependency));
        }
    };
    of(manifest);
    let platforms = manifest.get_mut("target").and_then(Value::as_object_mut);
    let platforms = platforms.into_iter().flatten();
    platforms.filter_map(|(_, tables)| tables.as_object_mut()).for_each(of);
}

/// Leaves out the tables of dependencies and features that are empty, and the platforms that have no others.
fn without_empty(manifest: &mut Table) {
    let is_empty = |value: &Value| value.as_object().is_some_and(Table::is_empty);
    let prune = |tables: &mut Table| {
        tables.retain(|key, value| {
            let may_be_left_out = key == "features" || DEPENDENCIES.iter().any(|(table, _)| key == table);
            !(may_be_left_out && is_empty(value))
        });
    };
    prune(manifest);
    if let Some(platforms) = manifest.get_mut("target").and_then(Value::as_object_mut) {
        for tables in platforms.iter_mut() {
            tables.1.as_object_mut().map(prune);
        }
        platforms.retain(|_, tables| !is_empty(tables));
    }
    if manifest.get("target").is_some_and(is_empty) {
        manifest.remove("target");
    }
}

/// What cargo writes for the commit's manifest, which is filled in and in full.
pub(super) fn written(own: &Table, around: &Surroundings<'_>) -> Table {
    let mut written = own.clone();
    for key in ["workspace", "patch", "replace"] {
        written.remove(key);
    }
    if let Some(package) = written.get_mut("package").and_then(Value::as_object_mut) {
        write_package(package, around);
    }
    write_targets(&mut written, around.files);
    write_dependencies(&mut written, around);
    write_development(&mut written);
    for tables in written
        .get_mut("target")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if let Some(tables) = tables.1.as_object_mut() {
            write_development(tables);
        }
    }
    write_features(&mut written);
    if let Some(lints) = written.get_mut("lints") {
        write_lints(lints);
    }
    if let Some(profiles) = written.get_mut("profile") {
        write_profile(profiles);
    }
    without_empty(&mut written);
    written
}

fn write_package(package: &mut Table, around: &Surroundings<'_>) {
    package.remove("workspace");
    for key in SWITCHES {
        package.insert(key.to_owned(), Value::Bool(false));
    }
    let build = build_scripts(package.get("build"), around.files);
    package.insert("build".to_owned(), build);
    let readme = match package.get("readme") {
        None => around.readme.map_or(Value::Bool(false), Value::from),
        Some(Value::Bool(true)) => Value::from("README.md"),
        Some(set) => set.clone(),
    };
    package.insert("readme".to_owned(), moved_in(&readme, around.dir));
    if let Some(file) = package.get_mut("license-file") {
        *file = moved_in(file, around.dir);
    }
    let edition = package.get("edition").and_then(Value::as_str).unwrap_or("2015");
    let resolver = package.get("resolver").and_then(Value::as_str);
    if resolver.unwrap_or_else(|| implied_resolver(edition)) != around.resolver {
        package.insert("resolver".to_owned(), Value::from(around.resolver));
    }
}

/// The resolver of an edition (The Cargo Book, "Resolver versions").
pub(super) fn implied_resolver(edition: &str) -> &'static str {
    match edition {
        "2015" | "2018" => "1",
        "2021" => "2",
        _ => "3",
    }
}

/// `package.build`: the scripts that are packed, or `false`.
fn build_scripts(build: Option<&Value>, files: &Files) -> Value {
    const USUAL: &str = "build.rs";
    let named: Vec<&str> = match build {
        None if files.contains(USUAL) => vec![USUAL],
        None | Some(Value::Bool(false)) => Vec::new(),
        Some(Value::Bool(true)) => vec![USUAL],
        Some(Value::String(path)) => vec![path],
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).collect(),
        Some(other) => return other.clone(),
    };
    let packed = named.into_iter().filter_map(|path| join("", path));
    let packed: Vec<String> = packed.filter(|path| files.contains(path)).collect();
    match packed.as_slice() {
        [] => Value::Bool(false),
        [only] => Value::from(only.as_str()),
        _ => Value::from(packed),
    }
}

/// The path of a file that is packed at the top where it lies outside of the package.
fn moved_in(path: &Value, dir: &str) -> Value {
    let Some(text) = path.as_str() else {
        return path.clone();
    };
    let inside = join(dir, text).and_then(|full| {
        let below = if dir.is_empty() {
            Some(full.as_str())
        } else {
            full.strip_prefix(dir).and_then(|rest| rest.strip_prefix('/'))
        };
        below.map(str::to_owned)
    });
    inside.map_or_else(|| Value::from(text.rsplit('/').next().unwrap_or_default()), Value::from)
}

/// Leaves out the targets whose file is not packed.
fn write_targets(manifest: &mut Table, files: &Files) {
    let is_packed = |target: &Value| {
        let path = target.as_object().and_then(targets::path_of);
        path.is_some_and(|path| files.contains(path))
    };
    for key in TABLES {
        let Some(value) = manifest.get_mut(key) else { continue };
        let left = if key == "lib" {
            is_packed(value)
        } else {
            let several = value.as_object_mut();
            several.is_some_and(|several| {
                several.retain(|_, target| is_packed(target));
                !several.is_empty()
            })
        };
        if !left {
            manifest.remove(key);
        }
    }
}

fn write_dependencies(manifest: &mut Table, around: &Surroundings<'_>) {
    each_dependency(manifest, |dependency| {
        let Some(dependency) = dependency.as_object_mut() else {
            return;
        };
        for left_out in ORIGINS.into_iter().chain(["public"]) {
            dependency.remove(left_out);
        }
        if let Some(Value::String(name)) = dependency.remove("registry") {
            let index = match name.as_str() {
                "crates-io" => Some(CRATES_IO),
                name => around.registries.get(name).map(String::as_str),
            };
            // No index is called like that: what cannot be known is no success.
            let index = index.map_or_else(|| format!("that of the registry `{name}`"), str::to_owned);
            dependency.insert("registry-index".to_owned(), Value::from(index));
        }
    });
}

/// Leaves out development dependencies that have no version.
fn write_development(tables: &mut Table) {
    if let Some(table) = tables.get_mut("dev-dependencies").and_then(Value::as_object_mut) {
        table.retain(|_, dependency| dependency.get("version").is_some());
    }
}

/// Leaves out what features say of dependencies that were left out.
fn write_features(manifest: &mut Table) {
    let platforms = manifest.get("target").and_then(Value::as_object);
    let platforms = platforms
        .into_iter()
        .flatten()
        .filter_map(|(_, tables)| tables.as_object());
    let tables = std::iter::once(&*manifest).chain(platforms);
    let names: BTreeSet<String> = tables
        .flat_map(|tables| DEPENDENCIES.map(|(key, _)| tables.get(key).and_then(Value::as_object)))
        .flatten()
        .flat_map(|table| table.keys().cloned())
        .collect();
    let features = manifest.get_mut("features").and_then(Value::as_object_mut);
    for (_, feature) in features.into_iter().flatten() {
        if let Some(entries) = feature.as_array_mut() {
            entries.retain(|entry| {
                let dependency = entry.as_str().and_then(dependency_of);
                dependency.is_none_or(|name| names.contains(name))
            });
        }
    }
}

/// The dependency that an entry of a feature is about: `dep:NAME`, `NAME/FEATURE`, `NAME?/FEATURE`.
fn dependency_of(entry: &str) -> Option<&str> {
    match entry.split_once('/') {
        Some((name, _)) => Some(name.strip_suffix('?').unwrap_or(name)),
        None => entry.strip_prefix("dep:"),
    }
}

/// Lints that have a table each get a priority (The Cargo Book, "The `lints` section").
fn write_lints(tools: &mut Value) {
    let tools = tools.as_object_mut().into_iter().flatten();
    for lint in tools.filter_map(|(_, lints)| lints.as_object_mut()).flatten() {
        if let Some(table) = lint.1.as_object_mut() {
            table.entry("priority").or_insert(Value::from(0));
        }
    }
}

/// Settings of profiles in the one spelling of those that each may have (The Cargo Book, "Profiles").
fn write_profile(settings: &mut Value) {
    for (key, value) in settings.as_object_mut().into_iter().flatten() {
        let written = match (key.as_str(), &*value) {
            ("debug", Value::Bool(false)) => Value::from(0),
            ("debug", Value::Bool(true)) => Value::from(2),
            ("debug", Value::String(level)) => match level.as_str() {
                "none" => Value::from(0),
                "limited" => Value::from(1),
                "full" => Value::from(2),
                _ => continue,
            },
            (_, Value::Object(_)) => {
                write_profile(value);
                continue;
            }
            _ => continue,
        };
        *value = written;
    }
}
