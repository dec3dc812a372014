//! What cargo rewrites in a manifest, with the cargo at hand: whatever it packs is the commit's, and whatever is altered in
//! what it packed alarms or has a row in the table of `docs/verification.md`.

use std::path::Path;

use cargo_sentinel::app::{self, Context, CrateOptions};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::support::Repo;

const ROOT: &str = r#"[workspace]
members = ["demo", "leaf", "tool"]

[workspace.package]
version = "0.1.0"
authors = ["A <a@example.org>"]
categories = ["command-line-utilities"]
description = "a demo"
documentation = "https://example.org/docs"
edition = "2021"
exclude = ["/private"]
homepage = "https://example.org"
keywords = ["demo"]
license-file = "LICENSE"
publish = true
readme = "docs/README.md"
repository = "https://example.org/demo"
rust-version = "1.70"

[workspace.dependencies]
leaf = { path = "leaf", version = "0.1.0", default-features = false, features = ["one"] }

[workspace.lints.rust]
unsafe_code = "forbid"
unused = { level = "warn" }

[patch.crates-io]
leaf = { path = "leaf" }
"#;
const LEAF: &str = r#"[package]
name = "leaf"
version.workspace = true
edition.workspace = true
description = "a leaf"
license = "MIT"

[features]
one = []
two = []
"#;
/// Every key that is inherited, and dependencies in every place.
const DEMO: &str = r#"[package]
name = "demo"
version.workspace = true
authors.workspace = true
categories.workspace = true
description.workspace = true
documentation.workspace = true
edition.workspace = true
exclude.workspace = true
homepage.workspace = true
keywords.workspace = true
license-file.workspace = true
publish.workspace = true
readme.workspace = true
repository.workspace = true
rust-version.workspace = true
default-run = "demo"
links = "demo"
strange = 1

[package.metadata.docs.rs]
all-features = true
ratio = 1.5

[badges.maintenance]
status = "passively-maintained"

[lints]
workspace = true

[lib]
crate-type = ["lib"]

[[bin]]
name = "demo"
required-features = ["extra"]

[dependencies]
leaf = { workspace = true, features = ["two"], optional = true }
renamed = { package = "leaf", path = "../leaf", version = "0.1", default_features = false }

[dev-dependencies]
tool = { path = "../tool" }

[build-dependencies]
leaf.workspace = true

[target.'cfg(unix)'.dependencies]
third = { package = "leaf", path = "../leaf", version = "0.1.0" }

[target.'cfg(windows)'.dev-dependencies]
tool = { path = "../tool" }

[features]
default = []
extra = ["dep:leaf", "leaf?/two", "tool/x"]

[unknown]
key = true
"#;
/// An older edition, without a library, its build script not packed, with a profile.
const TOOL: &str = r#"[package]
name = "tool"
version = "0.1.0"
edition = "2018"
description = "a tool"
license = "MIT"
include = ["/src", "/examples", "/LICENSE"]
autobenches = false

[features]
x = []

[profile.release]
debug = true
opt-level = 3
lto = "thin"

[profile.dev.package."*"]
opt-level = 1

[[example]]
name = "other"
path = "./examples/deep/../other.rs"
"#;

fn workspace() -> Repo {
    let repo = Repo::empty();
    for (path, text) in [
        ("Cargo.toml", ROOT),
        ("LICENSE", "free\n"),
        ("docs/README.md", "# Demo\n"),
        (".gitignore", "/target\n"),
        ("leaf/Cargo.toml", LEAF),
        ("leaf/src/lib.rs", "//! A leaf.\n"),
        ("demo/Cargo.toml", DEMO),
        ("demo/build.rs", "fn main() {}\n"),
        ("demo/src/lib.rs", "//! A demo.\n"),
        ("demo/src/main.rs", "fn main() {}\n"),
        ("demo/src/bin/more/main.rs", "fn main() {}\n"),
        ("demo/examples/run.rs", "fn main() {}\n"),
        ("demo/tests/it.rs", "//! Tests.\n"),
        ("demo/benches/speed.rs", "//! Speed.\n"),
        ("demo/private/key", "secret\n"),
        ("tool/Cargo.toml", TOOL),
        ("tool/build.rs", "fn main() {}\n"),
        ("tool/src/main.rs", "fn main() {}\n"),
        ("tool/examples/other.rs", "fn main() {}\n"),
        ("tool/tests/left_out.rs", "//! Tests.\n"),
    ] {
        repo.write(path, text);
    }
    cargo(&repo, "generate-lockfile --offline");
    repo.commit("feat: start");
    repo.git("tag v0.1.0");
    cargo(
        &repo,
        "package --workspace --quiet --no-verify --offline --target-dir ../target",
    );
    repo
}

fn cargo(repo: &Repo, words: &str) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = repo.command(cargo).args(words.split_whitespace()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "cargo {words}: {said}");
}

/// What is told of the manifest of a package; nothing where all of it is the commit's.
fn told(repo: &Repo, file: &Path) -> Option<String> {
    let context = Context {
        dir: repo.dir().to_owned(),
        ..Context::default()
    };
    let options = CrateOptions {
        package: file.display().to_string(),
        repo: None,
    };
    let answer = app::verify_crate(&context, &options).unwrap();
    let files = &answer.observed.compared.as_ref().unwrap().files;
    let foreign = files.iter().find(|file| !file.relation.is_accounted_for());
    foreign.map(|file| format!("{}: {}", file.path, file.because.clone().unwrap_or_default()))
}

/// A package, with its manifest apart.
struct Packed {
    name: &'static str,
    files: Vec<(String, Vec<u8>)>,
    manifest: DocumentMut,
}

impl Packed {
    fn read(repo: &Repo, name: &'static str) -> Self {
        use std::io::Read as _;
        let bytes = std::fs::read(repo.root().join(format!("target/package/{name}-0.1.0.crate"))).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let (mut files, mut manifest) = (Vec::new(), DocumentMut::new());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            if path.ends_with("-0.1.0/Cargo.toml") {
                manifest = String::from_utf8(content).unwrap().parse().unwrap();
            } else {
                files.push((path, content));
            }
        }
        Self { name, files, manifest }
    }

    /// What is told of the package with another manifest.
    fn told_with(&self, repo: &Repo, manifest: &DocumentMut) -> Option<String> {
        let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(encoder);
        let own = (
            format!("{}-0.1.0/Cargo.toml", self.name),
            manifest.to_string().into_bytes(),
        );
        for (path, content) in self.files.iter().chain([&own]) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, content.as_slice()).unwrap();
        }
        let file = repo.root().join(format!("{}-altered.crate", self.name));
        std::fs::write(&file, builder.into_inner().unwrap().finish().unwrap()).unwrap();
        told(repo, &file)
    }
}

/// The ways to every item of a table, and to those of the tables in it.
fn ways(item: &Item, at: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let tables = item.as_array_of_tables();
    for (number, table) in tables.iter().flat_map(|tables| tables.iter()).enumerate() {
        at.push(number.to_string());
        found.push(at.clone());
        ways(&Item::Table(table.clone()), at, found);
        at.pop();
    }
    for (key, inner) in item.as_table_like().iter().flat_map(|table| table.iter()) {
        at.push(key.to_owned());
        found.push(at.clone());
        ways(inner, at, found);
        at.pop();
    }
}

/// Does something to the table that holds what a way leads to. A target as a whole is taken away.
fn at(item: &mut Item, way: &[String], change: &mut dyn FnMut(&mut dyn TableLike, &str)) {
    match (item, way) {
        (Item::ArrayOfTables(tables), [number]) => drop(tables.remove(number.parse().unwrap())),
        (Item::ArrayOfTables(tables), [number, key]) => {
            change(tables.get_mut(number.parse().unwrap()).unwrap(), key);
        }
        (item, [key]) => change(item.as_table_like_mut().unwrap(), key),
        (item, [key, rest @ ..]) => at(item.get_mut(key.as_str()).unwrap(), rest, change),
        (_, []) => {}
    }
}

/// Another value of the same type.
fn other(item: &Item) -> Option<Item> {
    let value = match item.as_value()? {
        Value::String(text) => format!("{}x", text.value()).into(),
        Value::Integer(number) => (number.value() + 1).into(),
        Value::Float(number) => (number.value() + 1.0).into(),
        Value::Boolean(switch) => (!switch.value()).into(),
        Value::Array(items) => {
            let mut items = items.clone();
            items.push("x");
            Value::Array(items)
        }
        Value::Datetime(_) | Value::InlineTable(_) => return None,
    };
    Some(Item::Value(value))
}

#[test]
fn what_cargo_packs_is_what_the_commit_says() {
    let repo = workspace();
    for name in ["demo", "leaf", "tool"] {
        let file = repo.root().join(format!("target/package/{name}-0.1.0.crate"));
        assert_eq!(told(&repo, &file), None, "{name}");
    }
}

/// Each key is taken away, given another value, and given a neighbour, one at a time. What raises no alarm is listed here,
/// and has a row in the table.
#[test]
fn every_alteration_alarms_or_has_a_row() {
    let repo = workspace();
    let (mut silent, mut tried) = (Vec::new(), 0);
    for name in ["demo", "tool"] {
        let packed = Packed::read(&repo, name);
        let mut found = Vec::new();
        ways(packed.manifest.as_item(), &mut Vec::new(), &mut found);
        let mut try_it = |what: String, altered: &DocumentMut| {
            if altered.to_string() == packed.manifest.to_string() {
                return;
            }
            tried += 1;
            if packed.told_with(&repo, altered).is_none() {
                silent.push(format!("{name}: {what}"));
            }
        };
        for way in &found {
            let key = way.join(".");
            let mut altered = packed.manifest.clone();
            at(altered.as_item_mut(), way, &mut |table, key| drop(table.remove(key)));
            try_it(format!("{key} taken away"), &altered);
            let mut altered = packed.manifest.clone();
            at(altered.as_item_mut(), way, &mut |table, key| {
                if let Some(other) = table.get(key).and_then(other) {
                    table.insert(key, other);
                }
            });
            try_it(format!("{key} altered"), &altered);
            let mut altered = packed.manifest.clone();
            at(altered.as_item_mut(), way, &mut |table, key| {
                if let Some(copy) = table.get(key).cloned() {
                    table.insert(&format!("{key}-"), copy);
                }
            });
            try_it(format!("{key} doubled"), &altered);
        }
    }
    assert!(tried > 200, "{tried}");
    insta::assert_snapshot!(silent.join("\n"), @r"
    demo: package.rust-version taken away
    demo: package.build taken away
    demo: package.autolib taken away
    demo: package.autobins taken away
    demo: package.autoexamples taken away
    demo: package.autotests taken away
    demo: package.autobenches taken away
    demo: package.resolver taken away
    demo: lib.name taken away
    demo: lib.path taken away
    demo: bin.0.path taken away
    demo: bin.1.path taken away
    demo: example.0.path taken away
    demo: test.0.path taken away
    demo: bench.0.path taken away
    demo: dev-dependencies taken away
    demo: target.cfg(windows) taken away
    demo: target.cfg(windows) doubled
    demo: target.cfg(windows).dev-dependencies taken away
    demo: lints taken away
    demo: lints.rust taken away
    demo: lints.rust.unused.priority taken away
    tool: package.build taken away
    tool: package.autolib taken away
    tool: package.autobins taken away
    tool: package.autoexamples taken away
    tool: package.autotests taken away
    tool: package.readme taken away
    tool: bin.0.path taken away
    tool: example.0.path taken away
    ");
}
