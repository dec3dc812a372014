//! The targets of a manifest in full: those that it names, and those that cargo finds where they usually lie
//! (The Cargo Book, "Cargo Targets"). Since 1.80 cargo writes all of them down when it packs.
//!
//! What cargo finds depends on the files that are there. The files of the package are asked for on both sides: a target
//! whose file is not packed is none of the package's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::tree::join;
use super::Table;

/// The files of a package, by path.
pub(in crate::core::packaged) type Files = BTreeSet<String>;

/// A kind of target that a package may have several of.
struct Kind {
    /// Its table.
    key: &'static str,
    /// Where cargo looks for more of them.
    dir: &'static str,
    /// What switches that off.
    switch: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind::of("bin", "src/bin", "autobins"),
    Kind::of("example", "examples", "autoexamples"),
    Kind::of("test", "tests", "autotests"),
    Kind::of("bench", "benches", "autobenches"),
];
/// The keys of `[package]` that switch finding off.
pub(super) const SWITCHES: [&str; 5] = ["autolib", "autobins", "autoexamples", "autotests", "autobenches"];
/// The tables of targets.
pub(super) const TABLES: [&str; 5] = ["lib", "bin", "example", "test", "bench"];
/// Where a library is found.
const LIBRARY: &str = "src/lib.rs";

impl Kind {
    const fn of(key: &'static str, dir: &'static str, switch: &'static str) -> Self {
        Self { key, dir, switch }
    }
}

/// What finding targets depends on.
struct Package<'a> {
    name: &'a str,
    /// Up to edition 2015, targets that are named keep cargo from finding others, and some lie in odd places.
    first_edition: bool,
    switches: &'a Table,
    files: &'a Files,
}

impl Package<'_> {
    fn switch(&self, key: &str) -> Option<bool> {
        self.switches.get(key).and_then(Value::as_bool)
    }
}

/// The targets, with a name and a path each where cargo would give them one: the library's table under `lib`, of the other
/// kinds a table of tables, by name.
///
/// What cannot be told by its name is kept under a key that no target has.
pub(super) fn in_full(manifest: &Table, files: &Files) -> Table {
    let empty = Table::new();
    let switches = manifest.get("package").and_then(Value::as_object).unwrap_or(&empty);
    let text = |key: &str| switches.get(key).and_then(Value::as_str);
    let package = Package {
        name: text("name").unwrap_or_default(),
        first_edition: text("edition").is_none_or(|edition| edition == "2015"),
        switches,
        files,
    };
    let mut found = Table::new();
    if let Some(library) = library(manifest.get("lib"), &package) {
        found.insert("lib".to_owned(), library);
    }
    let has_library = found.contains_key("lib");
    for kind in &KINDS {
        let targets = several(manifest.get(kind.key), kind, &package, has_library);
        if !targets.is_empty() {
            found.insert(kind.key.to_owned(), Value::Object(targets));
        }
    }
    found
}

fn library(declared: Option<&Value>, package: &Package<'_>) -> Option<Value> {
    let is_there = package.files.contains(LIBRARY);
    let mut library = match declared {
        Some(Value::Object(table)) => table.clone(),
        Some(other) => return Some(other.clone()),
        None if is_there && package.switch("autolib") != Some(false) => Table::new(),
        None => return None,
    };
    let name = library
        .entry("name")
        .or_insert_with(|| Value::from(package.name.replace('-', "_")))
        .clone();
    if !library.contains_key("path") {
        let legacy = format!("src/{}.rs", name.as_str().unwrap_or_default());
        if is_there {
            library.insert("path".to_owned(), Value::from(LIBRARY));
        } else if package.first_edition && package.files.contains(&legacy) {
            library.insert("path".to_owned(), Value::from(legacy));
        }
    }
    normalize(&mut library);
    Some(Value::Object(library))
}

fn several(declared: Option<&Value>, kind: &Kind, package: &Package<'_>, has_library: bool) -> Table {
    let found = found_in(kind, package);
    let mut targets = Table::new();
    let empty = Vec::new();
    let declared_tables = match declared {
        None => &empty,
        Some(Value::Array(tables)) => tables,
        Some(other) => {
            targets.insert(String::new(), other.clone());
            &empty
        }
    };
    let mut taken = BTreeSet::new();
    for (at, target) in declared_tables.iter().enumerate() {
        let mut target = target.as_object().cloned().unwrap_or_default();
        taken.extend(path_of(&target).map(str::to_owned));
        let name = target.get("name").and_then(Value::as_str).map(str::to_owned);
        if let Some(name) = &name
            && !target.contains_key("path")
            && let Some(path) = usual(name, kind, package, &found, has_library)
        {
            target.insert("path".to_owned(), Value::from(path));
        }
        normalize(&mut target);
        match name.filter(|name| !targets.contains_key(name)) {
            Some(name) => targets.insert(name, Value::Object(target)),
            None => targets.insert(format!("#{at}"), Value::Object(target)),
        };
    }
    let finds = package
        .switch(kind.switch)
        .unwrap_or(declared.is_none() || !package.first_edition);
    if finds {
        for (name, paths) in found {
            for path in paths {
                if !targets.contains_key(&name) && !taken.contains(&path) {
                    let target = [("name", name.clone()), ("path", path)];
                    let target = target.map(|(key, value)| (key.to_owned(), Value::from(value)));
                    targets.insert(name.clone(), Value::Object(Table::from_iter(target)));
                }
            }
        }
    }
    targets
}

/// The targets of a kind that lie where cargo looks, by name: a name may have two files.
fn found_in(kind: &Kind, package: &Package<'_>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let main = "src/main.rs";
    if kind.key == "bin" && package.files.contains(main) {
        found.insert(package.name.to_owned(), vec![main.to_owned()]);
    }
    for path in package.files {
        let below = path.strip_prefix(kind.dir).and_then(|rest| rest.strip_prefix('/'));
        let name = match below.and_then(|rest| rest.split_once('/').map_or(rest.strip_suffix(".rs"), main_of)) {
            Some(name) if !name.starts_with('.') => name,
            _ => continue,
        };
        found.entry(name.to_owned()).or_default().push(path.clone());
    }
    found
}

/// The directory of a target that has one of its own.
fn main_of<'a>((dir, rest): (&'a str, &'a str)) -> Option<&'a str> {
    (rest == "main.rs").then_some(dir)
}

/// Where a target lies that names no path.
fn usual(
    name: &str,
    kind: &Kind,
    package: &Package<'_>,
    found: &BTreeMap<String, Vec<String>>,
    has_library: bool,
) -> Option<String> {
    if let Some([only]) = found.get(name).map(Vec::as_slice) {
        return Some(only.clone());
    }
    let own = format!("src/{name}.rs");
    let legacy: Vec<&str> = match kind.key {
        "bin" if has_library => vec!["src/main.rs", "src/bin/main.rs"],
        "bin" => vec![own.as_str(), "src/main.rs", "src/bin/main.rs"],
        "bench" if name == "bench" => vec!["src/bench.rs"],
        _ => Vec::new(),
    };
    let there = legacy.into_iter().filter(|_| package.first_edition);
    there.map(str::to_owned).find(|path| package.files.contains(path))
}

/// The path of a target.
pub(super) fn path_of(target: &Table) -> Option<&str> {
    target.get("path").and_then(Value::as_str)
}

/// The path without `.` and `..`, which cargo drops.
fn normalize(target: &mut Table) {
    if let Some(path) = path_of(target).and_then(|path| join("", path)) {
        target.insert("path".to_owned(), Value::from(path));
    }
}
