//! Which index a registry has that a dependency names (The Cargo Book, "Registries"): packing writes the index down.
//!
//! The commit's own configuration of cargo says it, or whoever has the registry configured.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::tree::{Commit, Found, join, parent, resolve};
use super::inherited::DEPENDENCIES;
use super::{Table, read};

/// Where cargo looks for its configuration, in a directory and in those above it (The Cargo Book, "Configuration").
const CONFIGURATION: [&str; 2] = [".cargo/config", ".cargo/config.toml"];

/// The registries that a manifest's dependencies name.
pub(super) fn named(manifest: &Table) -> BTreeSet<String> {
    let platforms = manifest.get("target").and_then(Value::as_object);
    let platforms = platforms
        .into_iter()
        .flatten()
        .filter_map(|(_, tables)| tables.as_object());
    let tables = std::iter::once(manifest).chain(platforms);
    let dependencies = tables
        .flat_map(|tables| DEPENDENCIES.map(|(key, _)| tables.get(key).and_then(Value::as_object)))
        .flatten()
        .flatten();
    dependencies
        .filter_map(|(_, dependency)| dependency.get("registry")?.as_str().map(str::to_owned))
        .collect()
}

/// The index of a registry, as the nearest configuration in the commit has it, else as the commit's reader knows it.
pub(super) fn index<C: Commit>(name: &str, dir: &str, commit: &C) -> Result<Option<String>, C::Error> {
    let mut at = dir;
    loop {
        for file in CONFIGURATION {
            let Found::File { blob, .. } = resolve(&join(at, file).unwrap_or_default(), commit)? else {
                continue;
            };
            if let Some(index) = read(&commit.blob(blob)?)
                .ok()
                .and_then(|config| index_in(&config, name))
            {
                return Ok(Some(index));
            }
        }
        if at.is_empty() {
            return commit.registry(name);
        }
        at = parent(at);
    }
}

fn index_in(configuration: &Table, name: &str) -> Option<String> {
    let index = configuration.get("registries")?.get(name)?.get("index")?;
    index.as_str().map(str::to_owned)
}
