//! Manifests as cargo rewrites them, and as somebody else would.

use super::super::compare;
use super::super::tests::{Held, MANIFEST_TEXT, found, package};
use super::rewrites::REWRITES;

/// What a rewritten manifest says other than the commit's, in a package of its own.
fn manifests(committed: &str, packed: &str) -> String {
    let commit = Held::of(&[("Cargo.toml", &format!("{MANIFEST_TEXT}{committed}"))]);
    let packed = package(&[("Cargo.toml", &format!("# By cargo.\n{MANIFEST_TEXT}{packed}"))]);
    let Ok(findings) = compare(&packed, "", &commit);
    findings[0].because.clone().unwrap_or_default()
}

/// The same, of manifests that say the same.
#[track_caller]
fn agree(committed: &str, packed: &str) {
    assert_eq!(
        manifests(committed, packed),
        "rewritten, it says what the commit's says",
        "{committed}\n{packed}"
    );
}

#[test]
fn what_cargo_rewrites_agrees() {
    agree("[dependencies]\na = \"1\"\n", "[dependencies.a]\nversion = \"1\"\n");
    agree(
        "[dependencies]\na = { path = \"../a\", version = \"1\", default_features = false, features = [\"y\", \"x\"] }\n",
        "[dependencies.a]\nversion = \"1\"\nfeatures = [\"y\", \"x\"]\ndefault_features = false\n",
    );
    agree(
        "[dev-dependencies]\na = { path = \"../a\" }\n[features]\nx = [\"a/y\", \"a?/y\", \"dep:a\", \"z\"]\nz = []\n",
        "[features]\nx = [\"z\"]\nz = []\n",
    );
    agree(
        "[dev_dependencies]\na = \"1\"\n",
        "[dev-dependencies.a]\nversion = \"1\"\n",
    );
    agree(
        "[dependencies]\na = { version = \"1\", public = true }\n",
        "[dependencies.a]\nversion = \"1\"\n",
    );
    agree(
        "",
        "autobins = false\nautotests = false\nbuild = false\nreadme = false\n",
    );
    agree(
        "[workspace]\nmembers = [\"x\"]\nresolver = \"2\"\n[patch.crates-io]\na = { path = \"a\" }\n",
        "resolver = \"2\"\n",
    );
    agree("[profile.release]\ndebug = true\n", "[profile.release]\ndebug = 2\n");
    agree("[lints.rust]\nunsafe_code = \"forbid\"\n", "");
    agree(
        "[lints.rust]\na = \"warn\"\nb = { level = \"warn\", check-cfg = [] }\n",
        "[lints.rust]\na = \"warn\"\n[lints.rust.b]\nlevel = \"warn\"\npriority = 0\ncheck-cfg = []\n",
    );
    agree("unknown = 1\n[strange]\nkey = 1\n", "");
    agree("unknown = 1\n[strange]\nkey = 1\n", "unknown = 1\n[strange]\nkey = 1\n");
}

/// What reads alike to a hasty eye: what is committed, and what is packed.
const LOOK_ALIKES: &[(&str, &str)] = &[
    (
        "[target.'cfg(unix)'.dependencies]\na = \"1\"\n",
        "[target.'cfg( unix)'.dependencies]\na = \"1\"\n[target.'cfg(unix)'.dependencies]\na = \"1\"\n",
    ),
    (
        "[dependencies]\na = \"1\"\n",
        "[dependencies]\na = { version = \"1\", git = \"https://example.org\" }\n",
    ),
    (
        "[dependencies]\na = { version = \"1\", path = \"a\" }\n",
        "[dependencies]\na = { version = \"1\", path = \"a\" }\n",
    ),
    (
        "[dependencies]\na = \"1\"\n",
        "[dependencies]\na = { version = \"1\", default-features = true, default_features = false }\n",
    ),
    (
        "[dependencies]\na = \"1\"\n",
        "[dependencies]\na = \"1\"\n[dev_dependencies]\nb = \"1\"\n",
    ),
    ("", "[project]\nname = \"evil\"\n"),
    ("", "workspace = \"../elsewhere\"\n"),
    ("[workspace]\n", "[workspace]\n"),
    (
        "[patch.crates-io]\na = { path = \"a\" }\n",
        "[patch.crates-io]\na = { path = \"a\" }\n",
    ),
    ("[package.metadata]\na = 1\n", "[package.metadata]\na = 1.0\n"),
    (
        "[package.metadata]\na = 1979-05-27\n",
        "[package.metadata]\na = \"1979-05-27\"\n",
    ),
    ("[package.metadata]\na = nan\n", "[package.metadata]\na = \"NaN\"\n"),
    ("", "unknown = 1\n"),
    ("", "[strange]\n"),
    ("[features]\na = []\n", "[features]\na = [[]]\n"),
    (
        "[[bin]]\nname = \"a\"\npath = \"a.rs\"\n",
        "[[bin]]\nname = \"a\"\npath = \"a.rs\"\n[[bin]]\nname = \"a\"\npath = \"b.rs\"\n",
    ),
    (
        "[dependencies]\na = { version = \"1\", registry = \"x\" }\n",
        "[dependencies]\na = { version = \"1\", registry-index = \"https://example.org\" }\n",
    ),
    (
        "[dependencies]\na = { version = \"1\", registry = \"x\" }\n",
        "[dependencies]\na = \"1\"\n",
    ),
    (
        "[dependencies]\na = { version = \"1\", registry = \"crates-io\" }\n",
        "[dependencies]\na = { version = \"1\", registry-index = \"https://example.org\" }\n",
    ),
];

#[test]
fn what_only_looks_alike_differs() {
    let said: Vec<String> = LOOK_ALIKES
        .iter()
        .map(|(committed, packed)| manifests(committed, packed))
        .collect();
    let said = said.join("\n");
    insta::assert_snapshot!(said, @r#"
    `target.cfg( unix).dependencies.a` is {"version":"1"}, in the commit it is not set
    `dependencies.a.git` is "https://example.org", in the commit it is not set
    `dependencies.a.path` is "a", which cargo leaves out
    `dependencies.a.default-features` is true, in the commit it is not set; `dependencies.a.default_features` is false, in the commit it is not set
    `dev_dependencies` is {"b":"1"}, in the commit it is not set
    `project` is {"name":"evil"}, in the commit it is not set
    `package.workspace` is "../elsewhere", in the commit it is not set
    `workspace` is {}, which cargo leaves out
    `patch` is {"crates-io":{"a":{"path":"a"}}}, which cargo leaves out
    `package.metadata.a` is 1.0, in the commit 1
    `package.metadata.a` is "1979-05-27", in the commit {"$datetime":"1979-05-27"}
    `package.metadata.a` is "NaN", in the commit {"$float":"NaN"}
    `package.unknown` is 1, in the commit it is not set
    `strange` is {}, in the commit it is not set
    `features.a` is [[]], in the commit []
    `bin.#1` is {"name":"a","path":"b.rs"}, in the commit it is not set
    `dependencies.a.registry-index` is "https://example.org", cargo makes "that of the registry `x`" of the commit's
    `dependencies.a.registry-index` is not set, cargo makes "that of the registry `x`" of the commit's
    `dependencies.a.registry-index` is "https://example.org", cargo makes "https://github.com/rust-lang/crates.io-index" of the commit's
    "#);
}

/// The index of a registry is the one that the commit's configuration gives it, nearest first, else the reader's.
#[test]
fn a_registry_has_one_index() {
    let manifest = format!("{MANIFEST_TEXT}[dependencies]\na = {{ version = \"1\", registry = \"ours\" }}\n");
    let index =
        |index: &str| format!("{MANIFEST_TEXT}[dependencies.a]\nversion = \"1\"\nregistry-index = \"{index}\"\n");
    let configured = Held::of(&[
        ("demo/Cargo.toml", &manifest),
        (
            ".cargo/config.toml",
            "[registries.ours]\nindex = \"https://example.org/ours\"\n",
        ),
    ]);
    let mut known = Held::of(&[("demo/Cargo.toml", &manifest)]);
    let unknown = |packed: &str| {
        found(
            &package(&[("Cargo.toml", packed)]),
            "demo",
            &Held::of(&[("demo/Cargo.toml", &manifest)]),
        )
    };
    known
        .registries
        .insert("ours".to_owned(), "https://example.org/ours".to_owned());
    for commit in [&configured, &known] {
        let said = |text: &str| found(&package(&[("Cargo.toml", text)]), "demo", commit);
        assert!(said(&index("https://example.org/ours")).starts_with("Cargo.toml generated"));
        assert!(said(&index("https://example.org/theirs")).starts_with("Cargo.toml differs"));
    }
    insta::assert_snapshot!(unknown(&index("https://example.org/ours")), @r#"Cargo.toml differs: `dependencies.a.registry-index` is "https://example.org/ours", cargo makes "that of the registry `ours`" of the commit's"#);
}

#[test]
fn what_is_inherited_is_filled_in() {
    let root = "[workspace]\nresolver = \"2\"\n[workspace.package]\nversion = \"0.2.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n[workspace.dependencies]\na = { version = \"1\", default-features = false, features = [\"x\"] }\nb = { version = \"2\", path = \"b\" }\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
    let member = "[package]\nname = \"demo\"\nversion.workspace = true\nedition = { workspace = true }\nlicense.workspace = true\n[dependencies]\na = { workspace = true, features = [\"y\"], optional = true }\nb.workspace = true\n[lints]\nworkspace = true\n";
    let commit = Held::of(&[("Cargo.toml", root), ("demo/Cargo.toml", member)]);
    let packed = "[package]\nname = \"demo\"\nversion = \"0.2.0\"\nedition = \"2021\"\nlicense = \"MIT\"\nresolver = \"2\"\n[dependencies.a]\nversion = \"1\"\nfeatures = [\"x\", \"y\"]\noptional = true\ndefault-features = false\n[dependencies.b]\nversion = \"2\"\n[lints.rust]\nunsafe_code = \"forbid\"\n";
    let rewritten = |packed: &str| found(&package(&[("Cargo.toml", packed)]), "demo", &commit);
    assert_eq!(
        rewritten(packed),
        "Cargo.toml generated by cargo: rewritten, it says what the commit's says"
    );
    for (from, to) in [
        ("\"2021\"", "\"2018\""),
        ("default-features = false\n", ""),
        ("\"x\", \"y\"", "\"x\", \"y\", \"z\""),
        ("optional = true\n", ""),
        ("version = \"2\"", "version = \"3\""),
        ("forbid", "allow"),
        ("\nresolver = \"2\"", "\nresolver = \"3\""),
    ] {
        let changed = packed.replacen(from, to, 1);
        assert!(
            rewritten(&changed).starts_with("Cargo.toml differs"),
            "{from}: {}",
            rewritten(&changed)
        );
    }
}

/// What changes the build, added or changed by whoever packed it.
#[test]
fn what_cargo_did_not_write_is_named() {
    let said = [
        ("", "build = \"evil.rs\"\n"),
        ("build = false\n", ""),
        ("", "links = \"ssl\"\n"),
        ("", "[dependencies]\nevil = \"1\"\n"),
        ("", "[build-dependencies]\nevil = \"1\"\n"),
        ("", "[target.'cfg(windows)'.dependencies]\nevil = \"1\"\n"),
        (
            "[dependencies]\na = \"1\"\n",
            "[dependencies]\na = { version = \"1\", package = \"evil\" }\n",
        ),
        (
            "[dependencies]\na = \"1\"\n",
            "[dependencies]\na = { version = \"1\", registry-index = \"https://example.org\" }\n",
        ),
        ("[dependencies]\na = \"1\"\n", ""),
        ("", "[lib]\nproc-macro = true\n"),
        ("", "[lib]\npath = \"tests/evil.rs\"\n"),
        ("", "[[bin]]\nname = \"evil\"\npath = \"tests/evil.rs\"\n"),
        ("[features]\ndefault = []\n", "[features]\ndefault = [\"evil\"]\n"),
        ("", "[patch.crates-io]\na = { git = \"https://example.org\" }\n"),
        ("", "[profile.release]\noverflow-checks = false\n"),
        ("", "default-run = \"evil\"\n"),
    ]
    .map(|(committed, packed)| manifests(&committed.replace("build = false", "build = \"a.rs\""), packed))
    .join("\n");
    insta::assert_snapshot!(said, @r#"
    `package.build` is "evil.rs", cargo makes false of the commit's
    `package.build` is not set, in the commit it is "a.rs"
    `package.links` is "ssl", in the commit it is not set
    `dependencies.evil` is {"version":"1"}, in the commit it is not set
    `build-dependencies.evil` is {"version":"1"}, in the commit it is not set
    `target.cfg(windows).dependencies.evil` is {"version":"1"}, in the commit it is not set
    `dependencies.a.package` is "evil", in the commit it is not set
    `dependencies.a.registry-index` is "https://example.org", in the commit it is not set
    `dependencies.a` is not set, in the commit it is {"version":"1"}
    `lib` is {"proc-macro":true,"name":"demo"}, in the commit it is not set
    `lib` is {"path":"tests/evil.rs","name":"demo"}, in the commit it is not set
    `bin.evil` is {"name":"evil","path":"tests/evil.rs"}, in the commit it is not set
    `features.default` is ["evil"], in the commit []
    `patch` is {"crates-io":{"a":{"git":"https://example.org"}}}, in the commit it is not set
    `profile` is {"release":{"overflow-checks":false}}, in the commit it is not set
    `package.default-run` is "evil", in the commit it is not set
    "#);
}

/// Cargo finds `build.rs` by itself; where it is not packed, `build = false` is written.
#[test]
fn a_build_script_is_not_added_nor_lost() {
    let script = ("build.rs", "fn main() {}\n");
    let commit = Held::of(&[("Cargo.toml", MANIFEST_TEXT), script]);
    let rewritten = |build: &str, more: &[(&str, &str)]| {
        let manifest = format!("{MANIFEST_TEXT}{build}");
        let files = [&[("Cargo.toml", manifest.as_str())], more].concat();
        found(&package(&files), "", &commit)
    };
    let (script, none) = ([script], []);
    for (build, files) in [
        ("build = \"build.rs\"\n", &script[..]),
        ("build = false\n", &none),
        ("resolver = \"3\"\n", &script),
    ] {
        assert!(rewritten(build, files).starts_with("Cargo.toml generated"), "{build}");
    }
    for (build, files) in [
        ("build = false\n", &script[..]),
        ("build = \"build.rs\"\n", &none),
        ("build = \"src/lib.rs\"\n", &script),
    ] {
        assert!(rewritten(build, files).starts_with("Cargo.toml differs"), "{build}");
    }
    let none = Held::of(&[("Cargo.toml", MANIFEST_TEXT)]);
    let added = package(&[("Cargo.toml", MANIFEST_TEXT), ("build.rs", "fn main() {}\n")]);
    assert_eq!(found(&added, "", &none), "build.rs only in crate");
}

/// Every target has the file that cargo would find for it, among those that are packed.
#[test]
fn targets_are_those_that_cargo_finds() {
    let files = [
        ("src/lib.rs", "//! A.\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("src/bin/one.rs", "fn main() {}\n// one\n"),
        ("src/bin/two/main.rs", "fn main() {}\n// two\n"),
        ("src/bin/two/part.rs", "// part\n"),
        ("examples/run.rs", "fn main() {}\n// run\n"),
        ("tests/it/main.rs", "// it\n"),
    ];
    let commit = Held::of(&[&[("Cargo.toml", MANIFEST_TEXT)], &files[..]].concat());
    let in_full = "autobins = false\nautolib = false\n[lib]\nname = \"demo\"\npath = \"src/lib.rs\"\n[[bin]]\nname = \"demo\"\npath = \"src/main.rs\"\n[[bin]]\nname = \"one\"\npath = \"src/bin/one.rs\"\n[[bin]]\nname = \"two\"\npath = \"src/bin/two/main.rs\"\n[[example]]\nname = \"run\"\npath = \"examples/run.rs\"\n";
    let said = |text: &str, files: &[(&str, &str)]| {
        let manifest = format!("{MANIFEST_TEXT}{text}");
        found(
            &package(&[&[("Cargo.toml", manifest.as_str())], files].concat()),
            "",
            &commit,
        )
    };
    let generated = "Cargo.toml generated by cargo: rewritten, it says what the commit's says";
    let written = format!("{in_full}[[test]]\nname = \"it\"\npath = \"tests/it/main.rs\"\n");
    assert_eq!(said(&written, &files), generated);
    assert_eq!(
        said(in_full, &files[..6]),
        generated,
        "a file that is not packed is no target"
    );
    let lost = [
        said(&written.replace("src/bin/one.rs", "src/bin/two/part.rs"), &files),
        said(&written.replace("[[test]]", "[[bench]]"), &files),
        said(&format!("{written}harness = false\n"), &files),
        said(
            &written.replace(
                "name = \"demo\"\npath = \"src/lib.rs\"",
                "name = \"other\"\npath = \"src/lib.rs\"",
            ),
            &files,
        ),
        said("autotests = false\n", &files),
    ];
    insta::assert_snapshot!(lost.join("\n"), @r#"
    Cargo.toml differs: `bin.one.path` is "src/bin/two/part.rs", in the commit "src/bin/one.rs"
    Cargo.toml differs: `bench.it` is {"name":"it","path":"tests/it/main.rs"}, in the commit it is not set
    Cargo.toml differs: `test.it.harness` is false, in the commit it is not set
    Cargo.toml differs: `lib.name` is "other", in the commit "demo"
    Cargo.toml differs: `test.it` is not set, in the commit it is {"name":"it","path":"tests/it/main.rs"}
    "#);
}

/// The page has the table of what cargo rewrites as it stands in the code.
#[test]
fn the_page_has_every_row() {
    let page = include_str!("../../../../docs/verification.md");
    let rows = REWRITES.iter().map(|row| {
        let keys: Vec<_> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let (since, written, otherwise) = (row.since, row.written, row.otherwise.words());
        format!("| {} | {written} | {since} | {otherwise} |\n", keys.join(", "))
    });
    let table: String = rows.collect();
    assert!(page.contains(&table), "docs/verification.md lacks the table:\n{table}");
}
