//! Which packages move on a side of the merge.

use std::collections::BTreeMap;

use super::*;
use crate::core::changelog::ChangelogFile;
use crate::core::ids::Oid;
use crate::core::listing::Listing;

fn content(files: &[(&str, &str)]) -> Content {
    let manifests: BTreeMap<String, Manifest> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Manifest::parse(text, path).unwrap()))
        .collect();
    let id = Oid::null(gix::hash::Kind::Sha1);
    let listing = Listing::plain(manifests.keys().map(|path| (path.clone(), id)).collect());
    Content {
        directories: BTreeMap::new(),
        workspace: workspace::resolve("", &listing, &manifests).map_err(|error| error.to_string()),
        manifests,
        listing,
        configs: BTreeMap::new(),
        binaries: BTreeMap::new(),
        locks: BTreeMap::new(),
        changelog: Ok(ChangelogFile {
            path: "CHANGELOG.md".to_owned(),
            text: None,
        }),
        hash: gix::hash::Kind::Sha1,
    }
}

const ROOT: &str = "[workspace]\nmembers = [\"a\", \"z\"]\n";

fn package(name: &str, version: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}")
}

/// The packages that move where `a` and `z` have these versions, from 0.1.0 to 0.2.0.
fn moving(a: &str, z: &str) -> Option<Vec<String>> {
    let content = content(&[
        ("Cargo.toml", ROOT),
        ("a/Cargo.toml", &package("a", a, "")),
        ("z/Cargo.toml", &package("z", z, "")),
    ]);
    let released = BTreeSet::from(["a".to_owned()]);
    let change = change(&content, &[Version::new(0, 1, 0)], &Version::new(0, 2, 0), &released)?;
    assert_eq!(change.old, Version::new(0, 1, 0));
    Some(change.names.into_iter().collect())
}

#[test]
fn what_was_there_and_what_arrives_moves_alike() {
    assert_eq!(moving("0.1.0", "0.1.0").unwrap(), ["a", "z"]);
    assert_eq!(moving("0.2.0", "0.2.0").unwrap(), ["a"], "the release itself");
    assert_eq!(moving("0.1.0", "0.7.0").unwrap(), ["a"], "versioned apart meanwhile");
    assert_eq!(moving("0.3.0-dev", "0.3.0-dev"), None, "a version of its own");
}

#[test]
fn what_does_not_resolve_is_a_fault() {
    let told = |z: &str| {
        let content = content(&[
            (
                "Cargo.toml",
                &format!("{ROOT}[workspace.dependencies]\nb = {{ path = \"b\" }}\n"),
            ),
            ("a/Cargo.toml", &package("a", "0.2.0", "")),
            ("z/Cargo.toml", &package("z", "0.2.0", z)),
        ]);
        faults(&content, &Changes::new()).join("\n")
    };
    assert_eq!(told("[dependencies]\na = { path = \"../a\", version = \"0.2\" }\n"), "");
    insta::assert_snapshot!(told("[dependencies]\na = { path = \"../a\", version = \"0.1\" }\n"), @"z/Cargo.toml: `a` is required as `^0.1`, and is 0.2.0");
    insta::assert_snapshot!(told("[dependencies]\nx = { path = \"../a\" }\n"), @"z/Cargo.toml: there is no package `x` at `a/Cargo.toml`");
    insta::assert_snapshot!(told("[dependencies]\nb.workspace = true\n"), @"z/Cargo.toml: there is no package `b` at `b/Cargo.toml`");
    insta::assert_snapshot!(told("[dependencies]\nc.workspace = true\n"), @"z/Cargo.toml: `c` is inherited, but the workspace does not have it");
}
