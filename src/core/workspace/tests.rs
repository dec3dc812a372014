//! Members and their shared version: cases.

use super::*;

fn listing<'p>(paths: impl Iterator<Item = &'p str>) -> Listing {
    let id = gix::hash::ObjectId::null(gix::hash::Kind::Sha1);
    Listing::plain(paths.map(|path| (path.to_owned(), id)).collect())
}

/// Loads manifests as the workspace asks for them, and resolves it.
fn resolved(root_dir: &str, files: &[(&str, &str)]) -> Result<Workspace, ManifestError> {
    let listing = listing(files.iter().map(|(path, _)| *path));
    let mut loaded = BTreeMap::new();
    loop {
        let next = wanted(root_dir, &listing, &loaded);
        if next.is_empty() {
            return resolve(root_dir, &listing, &loaded);
        }
        for path in next {
            let (_, text) = files
                .iter()
                .find(|(at, _)| *at == path)
                .expect("only what is in the tree is wanted");
            let manifest = Manifest::parse(text, &path)?;
            assert!(loaded.insert(path, manifest).is_none(), "nothing is wanted twice");
        }
    }
}

fn members(root_dir: &str, files: &[(&str, &str)]) -> Vec<String> {
    resolved(root_dir, files)
        .unwrap()
        .packages
        .into_iter()
        .map(|package| package.manifest)
        .collect()
}

fn package(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n")
}

fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(path, rest)| ((*path).to_owned(), (*rest).to_owned()))
        .collect()
}

/// Members of a workspace in which every path is a package of that name, with more text for some.
fn members_of(root: &str, extra: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![("Cargo.toml".to_owned(), root.to_owned())];
    files.extend(named(extra).into_iter().map(|(path, rest)| {
        let text = if rest.starts_with("[workspace]\n") {
            rest
        } else {
            package("p") + &rest
        };
        (format!("{path}/Cargo.toml"), text)
    }));
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    members("", &files)
        .into_iter()
        .map(|path| path.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned())
        .collect()
}

#[test]
fn a_package_without_a_workspace_stands_alone() {
    let root = package("demo") + "[dependencies]\nx.path = \"x\"\n";
    assert_eq!(members_of(&root, &[("x", "")]), [""]);
}

#[test]
fn members_are_globs_and_paths() {
    let root =
        "[workspace]\nmembers = [\"./a b/*\", \"ü/\", \"deep/**\", \"l[ib]b?\", \"hid/*\"]\nexclude = [\"a b/no\"]\n";
    let tree = [
        "a b/one",
        "a b/no",
        "a b/one/nested",
        "ü",
        "deep/x/y",
        "other",
        "libx",
        "lib",
        "lbb1",
        "hid/.dot",
    ];
    let tree: Vec<_> = tree.into_iter().map(|path| (path, "")).collect();
    assert_eq!(
        members_of(root, &tree),
        ["a b/one", "deep/x/y", "hid/.dot", "lbb1", "libx", "ü"]
    );
}

#[test]
fn path_dependencies_inside_the_root_are_members() {
    let root = package("demo")
        + "[workspace]\nexclude = [\"skipped\"]\n[workspace.dependencies]\nshared = { path = \"shared\" }\n\
           [dependencies]\na.path = \"./a\"\n[target.'cfg(unix)'.dev-dependencies]\nskipped.path = \"skipped\"\n";
    let tree = [
        (
            "a",
            "[build-dependencies]\nb = { path = \"../b\", version = \"0.1\" }\nself.path = \"..\"\n",
        ),
        (
            "b",
            "[dependencies]\nshared.workspace = true\nout.path = \"../../out\"\ngone.path = \"gone\"\n",
        ),
        ("shared", ""),
        ("skipped", "[dependencies]\nunseen.path = \"../unseen\"\n"),
        ("unseen", ""),
        ("fuzz", "[workspace]\n[dependencies]\ndemo.path = \"..\"\n"),
    ];
    assert_eq!(members_of(&root, &tree), ["", "a", "b", "shared"]);
}

#[test]
fn nested_workspaces_keep_their_own() {
    let root = "[workspace]\nmembers = [\"*\", \"nested/inner\", \"odd\"]\n";
    let tree = [
        ("a", "[dependencies]\nn.path = \"../nested/inner\"\n"),
        ("nested", "[workspace]\nmembers = [\"inner\"]\n"),
        ("nested/inner", ""),
        ("own", "[workspace]\n"),
        ("odd", "workspace = \"nested\"\n"),
    ];
    assert_eq!(members_of(root, &tree), ["a"]);
}

#[test]
fn a_member_outside_the_root_points_to_it() {
    let files = [
        (
            "ws/Cargo.toml",
            "[workspace]\nmembers = [\"../out\", \"../alone\"]\n".to_owned(),
        ),
        ("out/Cargo.toml", package("out") + "workspace = \"../ws\"\n"),
        ("alone/Cargo.toml", package("alone")),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    assert_eq!(members("ws", &files), ["out/Cargo.toml"]);
    let error = resolved("out", &files).unwrap_err().to_string();
    assert_eq!(error, "out/Cargo.toml:4:13: the workspace's root is in `../ws`");
}

#[test]
fn what_lacks_is_named() {
    let error = |files: &[(&str, &str)]| resolved("", files).unwrap_err().to_string();
    assert_eq!(error(&[]), "Cargo.toml:1:1: there is no `Cargo.toml`");
    let root = ("Cargo.toml", "[workspace]\nmembers = [\n  \"a\",\n]\n");
    assert_eq!(error(&[root]), "Cargo.toml:3:3: there is no `a/Cargo.toml`");
    let heir = ("a/Cargo.toml", "[package]\nname = \"a\"\nversion.workspace = true\n");
    assert_eq!(
        error(&[root, heir]),
        "a/Cargo.toml: `version` is inherited, but the workspace does not set it"
    );
    assert_eq!(
        resolve("", &listing(["Cargo.toml"].into_iter()), &BTreeMap::new())
            .unwrap_err()
            .to_string(),
        "Cargo.toml: not loaded"
    );
}

/// The group of a workspace whose packages are given by name and what follows `name` in their manifest.
fn group(root: &str, packages: &[(&str, &str)]) -> Result<String, String> {
    let mut files = vec![("Cargo.toml".to_owned(), root.to_owned())];
    files.extend(named(packages).into_iter().map(|(name, rest)| {
        (
            format!("{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\n{rest}"),
        )
    }));
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let described = |group: Group| {
        let names: Vec<_> = group.members.into_iter().map(|package| package.name).collect();
        format!("{} {}", group.version, names.join(" "))
    };
    let problems =
        |problems: Vec<GroupProblem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    version_group(&resolved("", &files).unwrap())
        .map(described)
        .map_err(problems)
}

const VIRTUAL: &str = "[workspace]\nmembers = [\"*\"]\n";

#[test]
fn packages_that_inherit_or_equal_the_version_move_together() {
    let root = format!("{VIRTUAL}package.version = \"0.1.0\"\npackage.publish = false\n");
    let packages = [
        ("a", "version.workspace = true\n"),
        ("b", "version = \"0.1.0\"\npublish.workspace = true\n"),
        ("c", "version = \"0.0.0\"\npublish = []\n"),
        ("d", ""),
    ];
    assert_eq!(group(&root, &packages), Ok("0.1.0 a b".to_owned()));
    let root = package("demo") + VIRTUAL;
    let packages = [
        ("b", "version = \"0.1.0\"\n"),
        ("x", "version = \"1.0.0\"\npublish = false\n"),
    ];
    assert_eq!(group(&root, &packages), Ok("0.1.0 demo b".to_owned()));
}

#[test]
fn without_a_shared_version_the_public_packages_must_agree() {
    let private = ("x", "version = \"9.0.0\"\npublish = false\n");
    let (a, b) = (("a", "version = \"0.1.0\"\n"), ("b", "version = \"0.1.0\"\n"));
    assert_eq!(group(VIRTUAL, &[a, b, private]), Ok("0.1.0 a b".to_owned()));
    assert_eq!(group(VIRTUAL, &[private]), Ok("9.0.0 x".to_owned()));
    let unused = format!("{VIRTUAL}package.version = \"0.0.0\"\n");
    assert_eq!(group(&unused, &[a, b]), Ok("0.1.0 a b".to_owned()));
}

#[test]
fn every_unequal_package_is_named() {
    let packages = [
        ("a", "version = \"0.1.0\"\n"),
        ("b", "version = \"0.2.0\"\n"),
        ("c", "version = \"0.3.0\"\n"),
    ];
    let root = package("demo") + VIRTUAL;
    insta::assert_snapshot!(group(&root, &packages).unwrap_err(), @r"
    b/Cargo.toml: b has version 0.2.0, the workspace 0.1.0
    c/Cargo.toml: c has version 0.3.0, the workspace 0.1.0
    ");
    insta::assert_snapshot!(group(VIRTUAL, &packages[..2]).unwrap_err(), @r"
    a/Cargo.toml: a has version 0.1.0, other packages have others, and the workspace sets none
    b/Cargo.toml: b has version 0.2.0, other packages have others, and the workspace sets none
    ");
    let unversioned = group("[package]\nname = \"demo\"\n", &[]);
    assert_eq!(
        unversioned,
        Err("Cargo.toml: no package of the workspace has a version".to_owned())
    );
}

#[test]
fn the_address_and_the_shared_version_are_found() {
    let root = "[package]\nname = \"demo\"\nversion.workspace = true\nrepository.workspace = true\n\
                [workspace.package]\nversion = \"0.1.0\"\nrepository = \"https://example.org/demo\"\n\
                ";
    let workspace = resolved("", &[("Cargo.toml", root)]).unwrap();
    assert_eq!(workspace.repository.as_deref(), Some("https://example.org/demo"));
    assert_eq!(workspace.workspace_version, Some(Version::new(0, 1, 0)));
    let change = version_group(&workspace)
        .unwrap()
        .change(Version::new(0, 2, 0), &listing(["Cargo.toml"].into_iter()));
    assert_eq!(change.old, Version::new(0, 1, 0));
    assert_eq!(change.manifests, BTreeSet::from(["Cargo.toml".to_owned()]));
}

#[test]
fn packages_versioned_apart_have_a_highest_version() {
    let root = "[package]\nname = \"root\"\nversion = \"0.101.0\"\n[workspace]\nmembers = [\"a\", \"b\"]\n";
    let files = [
        ("Cargo.toml", root),
        ("a/Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.9.0\"\n"),
        ("b/Cargo.toml", "[package]\nname = \"b\"\n"),
    ];
    let workspace = resolved("", &files).unwrap();
    assert!(version_group(&workspace).is_err());
    assert_eq!(workspace.highest_version(), Some(&Version::new(0, 101, 0)));
}
