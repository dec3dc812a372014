//! Versions in manifests: cases, and every other byte kept.

use super::*;
use proptest::prelude::*;

const EVERY_SHAPE: &str = r##"# version = "0.1.0"
[package]
name = "demo"
version = '0.1.0' # the version
repository.workspace = true
description = """
version = "0.1.0"
"""

[dependencies]
demo-core = { path = "core", version = "0.1.0", features = ["x"] }
other = "0.1.0"
dotted.path = "dotted"
dotted.version = "^0.1"
alias = { package = "demo-core", version = "=0.1.0", path = 'core' }
"quoted" = { "path" = "quoted", "version" = '''~0.1.0''' }
shared.workspace = true
unversioned = { path = "core", package = "demo-core" }

[dependencies.demo-core2]
path = "core2"
version = "0.1.*"

[target.'cfg(unix)'.dev-dependencies]
demo-core = { path = "core", version = ">=0.1.0" }

[build-dependencies]
published = "0.1.0"

[workspace]
package = { version = "0.1.0", repository = "https://example.org/demo" }
dependencies.shared = { path = "shared", version = "0.1" }
dependencies.elsewhere = { git = "https://example.org/elsewhere", version = "0.1.0" }

[patch.crates-io]
published = { path = "published" }
"##;

fn change(old: &str, new: &str) -> VersionChange {
    let names = [
        "demo",
        "demo-core",
        "demo-core2",
        "dotted",
        "quoted",
        "shared",
        "published",
        "elsewhere",
    ];
    VersionChange {
        names: names.into_iter().map(str::to_owned).collect(),
        manifests: [
            "",
            "core/",
            "core2/",
            "dotted/",
            "quoted/",
            "shared/",
            "published/",
            "p/",
            "q/",
            "ü/",
        ]
        .map(|directory| format!("{directory}Cargo.toml"))
        .into(),
        root: "Cargo.toml".to_owned(),
        patched: BTreeSet::from(["published".to_owned()]),
        old: Version::parse(old).unwrap(),
        new: Version::parse(new).unwrap(),
    }
}

fn moved(text: &str, new: &str) -> Result<Option<String>, ManifestError> {
    set_versions(&Manifest::parse(text, "Cargo.toml")?, &change("0.1.0", new))
}

/// The lines that differ, new ones only.
fn changed_lines(old: &str, new: &str) -> String {
    assert_eq!(old.lines().count(), new.lines().count());
    let pairs = old.lines().zip(new.lines());
    pairs
        .filter(|(old, new)| old != new)
        .map(|(_, new)| format!("{new}\n"))
        .collect()
}

#[test]
fn every_shape_of_version_moves() {
    let new = moved(EVERY_SHAPE, "0.2.0").unwrap().unwrap();
    insta::assert_snapshot!(changed_lines(EVERY_SHAPE, &new), @r#"
    version = '0.2.0' # the version
    demo-core = { path = "core", version = "0.2.0", features = ["x"] }
    dotted.version = "^0.2"
    alias = { package = "demo-core", version = "=0.2.0", path = 'core' }
    "quoted" = { "path" = "quoted", "version" = '''~0.2.0''' }
    version = "0.2.*"
    demo-core = { path = "core", version = ">=0.2.0" }
    published = "0.2.0"
    package = { version = "0.2.0", repository = "https://example.org/demo" }
    dependencies.shared = { path = "shared", version = "0.2" }
    "#);
}

#[test]
fn line_endings_and_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", EVERY_SHAPE.replace('\n', "\r\n"));
    let new = moved(&text, "0.2.0").unwrap().unwrap();
    let plain = moved(EVERY_SHAPE, "0.2.0").unwrap().unwrap();
    assert_eq!(new, format!("\u{feff}{}", plain.replace('\n', "\r\n")));
}

#[test]
fn dotted_keys_make_a_package() {
    let text = "package.name = \"demo\"\npackage.version = \"0.1.0\"\ndependencies.demo-core.version = \"0.1\"\n\
                dependencies.demo-core.path = \"core\"";
    let new = moved(text, "0.2.0").unwrap().unwrap();
    assert_eq!(new, text.replace("0.1", "0.2"));
}

#[test]
fn a_package_outside_the_group_keeps_its_version() {
    let text = "[package]\nname = \"xtask\"\nversion = \"0.1.0\"\n[dependencies]\ndemo = { path = \"..\", version = \"0.1.0\" }\n";
    let outside = |text: &str| set_versions(&Manifest::parse(text, "xtask/Cargo.toml")?, &change("0.1.0", "0.2.0"));
    let new = outside(text).unwrap().unwrap();
    assert_eq!(
        changed_lines(text, &new),
        "demo = { path = \"..\", version = \"0.2.0\" }\n"
    );
    assert_eq!(outside("[package]\nname = \"xtask\"\n"), Ok(None));
    let shared = "[workspace.package]\nversion = \"0.1.0\"\n";
    assert_eq!(outside(shared), Ok(None), "another workspace's");
    assert_eq!(outside(&text.replace("..", "../far")), Ok(None), "a namesake");
}

#[test]
fn what_cannot_move_is_named_with_its_place() {
    let refused = |text: &str| moved(text, "0.2.0").unwrap_err().to_string();
    let demo = "[package]\nname = \"demo\"\n";
    insta::assert_snapshot!([
        refused("[package\n"),
        refused("[package]\nversion = \"1.0.0\"\n"),
        refused("\u{feff}package = 3"),
        refused(&format!("{demo}name = \"twice\"\n")),
        refused(&format!("{demo}version = \"1.0\"\n")),
        refused(&format!("{demo}version = 1\n")),
        refused(&format!("{demo}version = {{ workspace = false }}\n")),
        refused(&format!("{demo}version = \"0.3.0\"\n")),
        refused(&format!("{demo}publish = \"no\"\n")),
        refused(&format!("{demo}[dependencies]\nä.b = 1\nx = 1\n")),
        refused(&format!("{demo}[dependencies]\n'ä' = {{ path = 3 }}\n")),
        refused(&format!("{demo}[dependencies]\nquoted = {{ version = \">=0.1, <0.2\", path = \"q\" }}\n")),
        refused(&format!("{demo}[dependencies]\nquoted = {{ version = \"zero\", path = \"q\" }}\n")),
        Manifest::parse(b"[package]\nname = \"\xff\"", "a b/Cargo.toml").unwrap_err().to_string(),
    ].join("\n"), @r"
    Cargo.toml:1:9: unclosed table, expected `]`
    Cargo.toml:1:1: `package` lacks `name`
    Cargo.toml:1:11: `package` must be a table
    Cargo.toml:3:1: duplicate key
    Cargo.toml:3:11: `1.0` is not a version: unexpected end of input while parsing minor version number
    Cargo.toml:3:11: `package.version` must be a string
    Cargo.toml:3:11: `package.version` must be a value or `{ workspace = true }`
    Cargo.toml:3:11: the version is 0.3.0, expected 0.1.0
    Cargo.toml:3:11: `package.publish` must be a boolean or an array of strings
    Cargo.toml:4:1: invalid unquoted key, expected letters, numbers, `-`, `_`
    Cargo.toml:4:16: `dependencies.ä.path` must be a string
    Cargo.toml:4:22: `quoted` is required as `>=0.1, <0.2`, which does not admit 0.2.0
    Cargo.toml:4:22: `zero` is not a version requirement on `quoted`: unexpected character 'z' while parsing major version number
    a b/Cargo.toml:2:9: not UTF-8
    ");
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        "a = ".to_owned() + &"[".repeat(100_000),
        "a.".repeat(50_000) + "a = 1",
        "[".repeat(100_000),
    ] {
        assert!(matches!(
            Manifest::parse(text, "Cargo.toml"),
            Err(ManifestError::Syntax { .. })
        ));
    }
}

#[test]
fn facts_are_read() {
    let text = "[package]\nname = \"p\"\nversion.workspace = true\npublish = []\nworkspace = \"..\"\n\
                [workspace]\nmembers = [\"a\", 'b/*']\nexclude = [\"c\"]\npackage.publish = false\n";
    let manifest = Manifest::parse(text, "Cargo.toml").unwrap();
    let package = manifest.package().unwrap();
    assert_eq!(package.version, Some(Inheritable::Workspace));
    assert_eq!(package.publish, Some(Inheritable::Own(false)));
    let workspace = manifest.workspace().unwrap();
    assert_eq!(
        workspace
            .members
            .iter()
            .map(|member| member.value.as_str())
            .collect::<Vec<_>>(),
        ["a", "b/*"]
    );
    assert_eq!(
        (workspace.exclude.as_slice(), workspace.publish),
        (&["c".to_owned()][..], Some(false))
    );
}

/// A dependency line in one of TOML's spellings, with or without what makes it the group's.
fn dependency() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["demo-core", "shared", "serde", "\"quoted\""]);
    let requirement = prop::sample::select(vec!["0.1.0", "^0.1", "=0.1.0", "~0.1", ">=0.1.0, <9", "*", "0.1.*"]);
    (name, requirement, 0..4, any::<u16>()).prop_map(|(name, requirement, shape, n)| match shape {
        0 => format!("[target.t{n}.dependencies]\n{name} = \"{requirement}\""),
        1 => format!("[target.t{n}.dependencies.{name}]\n version= '{requirement}' # 0.1.0\npath = \"p\""),
        2 => format!("[target.t{n}.dev-dependencies]\n{name} = {{path=\"ü\",version  =\"{requirement}\"}}"),
        _ => format!("[target.t{n}.dependencies]\n{name}.path = \"p\"\n{name}.version = \"\"\"{requirement}\"\"\""),
    })
}

proptest! {
    #[test]
    fn only_version_strings_change(lines in prop::collection::vec(dependency(), 0..6), crlf in any::<bool>(), pre in any::<bool>()) {
        let mut text = format!("[package]\nname = \"demo\"\nversion = \"0.1.0\"\n{}\n", lines.join("\n"));
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let Ok(manifest) = Manifest::parse(&text, "Cargo.toml") else { return Ok(()) };
        let change = change("0.1.0", if pre { "0.2.0-rc.1" } else { "0.2.0" });
        let Ok(new) = set_versions(&manifest, &change) else {
            prop_assert!(pre && text.contains(", <9"));
            return Ok(());
        };
        let new = new.expect("the package's own version moves");
        // Equal but for the characters that versions and requirements are made of.
        let skeleton = |text: &str| text.replace(|c: char| c.is_ascii_digit() || ".-rc*~^=>".contains(c), "");
        prop_assert_eq!(skeleton(&text), skeleton(&new));
        let again = Manifest::parse(&new, "Cargo.toml").unwrap();
        prop_assert_eq!(again.text(), &new);
        prop_assert_eq!(set_versions(&again, &change), Ok(None));
    }

    #[test]
    fn no_text_panics(text in "(\\[|\\]|package|version|dependencies|workspace|\\.|=|\"|'|\\{|\\}|,|\n|#|\u{feff}|é|0\\.1\\.0| ){0,60}") {
        if let Ok(manifest) = Manifest::parse(&text, "Cargo.toml") {
            prop_assert_eq!(manifest.text(), text);
            prop_assert!(set_versions(&manifest, &change("0.1.0", "0.2.0")).is_ok());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = Manifest::parse(&bytes, "Cargo.toml") {
            prop_assert!(error.to_string().starts_with("Cargo.toml:"));
        }
    }
}
