//! Which files lead to a group's packages: a row for each way to stand to them.

use super::*;
use crate::core::ids::Oid;
use crate::core::listing::Entries;

/// A tree by its texts; one that begins with `->` is a link.
struct Tree {
    listing: Listing,
    manifests: BTreeMap<String, Manifest>,
    configs: BTreeMap<String, Manifest>,
}

impl Tree {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut entries = Entries::default();
        for (path, text) in files {
            match text.strip_prefix("->") {
                Some(target) => drop(entries.links.insert((*path).to_owned(), target.to_owned())),
                None => drop(
                    entries
                        .files
                        .insert((*path).to_owned(), Oid::null(gix::hash::Kind::Sha1)),
                ),
            }
        }
        let listing = Listing::new(&entries).unwrap();
        let text = |real: &str| files.iter().find(|(path, _)| *path == real).unwrap().1;
        let parsed = |wanted: fn(&str) -> bool| {
            let paths = listing.paths().filter(|path| wanted(path));
            paths
                .map(|path| (path.clone(), Manifest::parse(text(listing.real(path)), path).unwrap()))
                .collect()
        };
        let (manifests, configs) = (parsed(|path| path.ends_with("Cargo.toml")), parsed(is_config));
        Self {
            listing,
            manifests,
            configs,
        }
    }

    fn files(&self) -> Files<'_> {
        Files {
            listing: &self.listing,
            manifests: &self.manifests,
            configs: &self.configs,
        }
    }
}

fn change(tree: &Tree) -> VersionChange {
    VersionChange {
        names: BTreeSet::from(["demo".to_owned()]),
        manifests: tree.listing.aliases(["Cargo.toml"].into_iter()),
        root: "Cargo.toml".to_owned(),
        patched: BTreeSet::new(),
        old: Version::new(0, 1, 0),
        new: Version::new(0, 2, 0),
    }
}

const DEMO: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\n";

fn package(rest: &str) -> String {
    format!("[package]\nname = \"x\"\nversion = \"0.0.0\"\n{rest}")
}

/// Whether the lock file beside `x/Cargo.toml` has the group's package, with these files in the tree.
fn is_locked(files: &[(&str, &str)]) -> bool {
    let tree = Tree::of(&[&[("Cargo.toml", DEMO)], files].concat());
    !tree.files().locked("x/Cargo.lock", &change(&tree)).is_empty()
}

#[test]
fn a_lock_file_has_what_a_path_leads_to() {
    let by_path = package("[dependencies]\ndemo = { path = \"..\" }\n");
    let renamed = package("[dev-dependencies]\nd = { package = \"demo\", path = \"../x/..\" }\n");
    let inherits = package("[workspace.dependencies]\ndemo.path = \"..\"\n[dependencies]\ndemo.workspace = true\n");
    let through = package("[dependencies]\ny = { path = \"y\" }\n");
    let link = package("[dependencies]\ndemo = { path = \"link\" }\n");
    let patched = package("[workspace]\n[dependencies]\ndemo = \"0.1\"\n[patch.crates-io]\ndemo = { path = \"..\" }\n");
    let registry = package("[workspace]\n[dependencies]\ndemo = \"0.1\"\n");
    let namesake = package("[dependencies]\ndemo = { path = \"demo\" }\n");
    let inner = package("[dependencies]\ndemo = { path = \"../..\" }\n");
    let x = "x/Cargo.toml";
    assert!(is_locked(&[(x, &by_path)]));
    assert!(is_locked(&[(x, &renamed)]));
    assert!(is_locked(&[(x, &inherits)]));
    assert!(is_locked(&[(x, &through), ("x/y/Cargo.toml", &inner)]));
    assert!(is_locked(&[(x, &link), ("x/link", "->..")]), "a link to the package");
    assert!(is_locked(&[(x, &patched)]));
    assert!(is_locked(&[
        (x, &registry),
        (".cargo/config.toml", "[patch.crates-io]\ndemo = { path = \".\" }\n")
    ]));
    assert!(is_locked(&[
        (x, &registry),
        ("x/.cargo/config", "[patch.crates-io]\ndemo = { path = \"../\" }\n")
    ]));
    assert!(!is_locked(&[
        (x, &registry),
        ("y/.cargo/config", "[patch.crates-io]\ndemo = { path = \"../\" }\n")
    ]));
    assert!(!is_locked(&[(x, &namesake), ("x/demo/Cargo.toml", DEMO)]));
    assert!(!is_locked(&[(x, DEMO)]));
    assert!(!is_locked(&[]), "a lock file without a manifest");
}

#[test]
fn a_patch_holds_below_the_file_that_it_stands_in() {
    let registry = package("[workspace]\n[dependencies]\ndemo = \"0.1\"\n");
    let config = "[patch.crates-io]\nd = { package = \"demo\", path = \".\" }\nother = { path = \"other\" }\n";
    let tree = Tree::of(&[
        ("Cargo.toml", DEMO),
        (".cargo/config.toml", config),
        ("x/Cargo.toml", &registry),
    ]);
    let patched = |path: &str| tree.files().change_at(path, &change(&tree)).patched;
    assert_eq!(patched("x/Cargo.toml"), BTreeSet::from(["demo".to_owned()]));
    let elsewhere = Tree::of(&[
        ("Cargo.toml", DEMO),
        ("y/.cargo/config.toml", config),
        ("x/Cargo.toml", &registry),
    ]);
    assert_eq!(
        elsewhere.files().change_at("x/Cargo.toml", &change(&elsewhere)).patched,
        BTreeSet::new()
    );
}

#[test]
fn a_workspace_is_the_nearest_one_that_does_not_exclude() {
    let tree = Tree::of(&[
        ("Cargo.toml", "[workspace]\nexclude = [\"fuzz\"]\n"),
        ("a/Cargo.toml", DEMO),
        ("a/deep/Cargo.toml", DEMO),
        ("fuzz/Cargo.toml", DEMO),
        ("own/Cargo.toml", "[workspace]\n"),
        ("own/b/Cargo.toml", DEMO),
        ("far/Cargo.toml", "[package]\nname = \"far\"\nworkspace = \"../own\"\n"),
    ]);
    for (path, root) in [
        ("a/Cargo.toml", "Cargo.toml"),
        ("a/deep/Cargo.toml", "Cargo.toml"),
        ("fuzz/Cargo.toml", "fuzz/Cargo.toml"),
        ("own/Cargo.toml", "own/Cargo.toml"),
        ("own/b/Cargo.toml", "own/Cargo.toml"),
        ("far/Cargo.toml", "own/Cargo.toml"),
    ] {
        assert_eq!(tree.files().root_of(path), root, "{path}");
    }
}
