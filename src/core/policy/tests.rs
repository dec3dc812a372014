//! The configuration: what is read, and what is refused where.

use proptest::prelude::*;

use super::*;
use crate::core::version::Bump;

/// Every key of the contract, each with the value that it has there.
const EVERYTHING: &str = r#"
schema = 1
[release]
tag = "v{version}"
branch = "release/v{version}"
integration = "develop"
production = "main"
remote = "origin"
changelog = "CHANGELOG.md"
allow_unsigned = false
[version]
zero = "cargo"
initial = "0.5.0"
[version.bump]
perf = "patch"
[changelog]
[changelog.groups]
docs = ""
[[artifact]]
kind = "crate"
package = "demo"
[[artifact]]
kind = "binary"
package = "demo"
bin = "demo"
target = "x86_64-unknown-linux-gnu"
[[artifact]]
kind = "file"
name = "demo-{version}.tar.gz"
build = ["make", "dist"]
path = "dist/demo.tar.gz"
[trust]
signers_from = "refs/remotes/origin/main"
[hooks]
protect = ["main"]
required = []
tags = "v*"
[environments.prod]
branches = ["main"]
"#;

fn v(text: &str) -> Version {
    Version::parse(text).unwrap()
}

/// What is wrong with a text, as the user reads it.
fn faults(text: &str) -> String {
    parse(text, "sentinel.toml").unwrap_err().to_string()
}

#[test]
fn reads_every_key() {
    let policy = parse(EVERYTHING, "sentinel.toml").unwrap();
    let branches = |names: &[&str]| {
        Some(
            names
                .iter()
                .map(|name| BranchName::new(*name).unwrap())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(policy.release.integration, BranchName::new("develop").ok());
    assert_eq!(policy.release.remote.as_deref(), Some("origin"));
    assert_eq!(policy.version.initial, Some(v("0.5.0")));
    assert_eq!(policy.changelog.groups.get("docs"), Some(&None));
    assert_eq!(policy.hooks.protect, branches(&["main"]));
    assert_eq!(policy.environments["prod"].branches, branches(&["main"]));
    assert_eq!(policy.environments["dev"].branches, None);
    assert_eq!(policy.trust.signers_from.unwrap().as_str(), "refs/remotes/origin/main");
    let artifacts = policy.artifacts.unwrap();
    let Artifact::File { name, build, path } = &artifacts[2] else {
        panic!("{artifacts:?}");
    };
    assert_eq!(
        (name.render(&v("0.2.0")), path.render(&v("0.2.0"))),
        ("demo-0.2.0.tar.gz".into(), "dist/demo.tar.gz".into())
    );
    assert_eq!((artifacts.len(), build.len()), (3, 2));
}

#[test]
fn nothing_written_is_the_default() {
    let policy = parse("", "sentinel.toml").unwrap();
    assert_eq!(policy, Policy::default());
    assert_eq!(policy.release.tag, Template::tag("v{version}").unwrap());
    assert_eq!(policy.release.branch, Template::branch("release/v{version}").unwrap());
    assert_eq!(policy.environments.keys().collect::<Vec<_>>(), ["dev", "prod", "stage"]);
    assert_eq!((policy.artifacts, policy.hooks.protect.clone()), (None, None));
    assert_eq!(policy.changelog.group("feat", false), Some(Group::Added));
    assert_eq!(policy.changelog.group("docs", false), None);
    assert_eq!(policy.changelog.group("docs", true), Some(Group::Changed));
}

#[test]
fn every_fault_is_told_at_once() {
    insta::assert_snapshot!(faults(r#"scheme = 1
[release]
tagg = "v{version}"
branch = 3
allow_unsigned = "no"
changelog = "../CHANGELOG.md"
[version]
zero = "carg"
initial = "v1"
bump = { fix = "tiny", "a b" = "patch", FIX = "patch", Feat = "none", feat = "none" }
[chnagelog]
[hooks]
required = ["mesage", 7]
protect = "main"
"#), @r#"
    sentinel.toml:1:1: unknown key `scheme` at the top level
     hint: did you mean `schema`?
    sentinel.toml:3:1: unknown key `tagg` in [release]
     hint: did you mean `tag`?
    sentinel.toml:4:10: `branch` in [release] must be a string, not an integer
    sentinel.toml:5:18: `allow_unsigned` in [release] must be a boolean, not a string
    sentinel.toml:6:13: `changelog` in [release]: the path must not have a part `..`
    sentinel.toml:8:8: `zero` in [version]: `carg` is not one of cargo, semver, stable
     hint: did you mean `cargo`?
    sentinel.toml:9:11: `initial` in [version]: `v1` is not a version: unexpected character 'v' while parsing major version number
    sentinel.toml:10:16: `fix` in [version.bump]: `tiny` is not one of major, minor, patch, none
    sentinel.toml:10:24: `a b` in [version.bump] is not a commit type
    sentinel.toml:10:71: `feat` stands twice in [version.bump]: the case of a type does not matter
    sentinel.toml:11:2: unknown key `chnagelog` at the top level
     hint: did you mean `changelog`?
    sentinel.toml:13:13: `required` in [hooks]: `mesage` is not one of branch, conflict, lockfile, message, secret, tag
     hint: did you mean `message`?
    sentinel.toml:13:23: `required` in [hooks] must be an array of strings, not an integer
    sentinel.toml:14:11: `protect` in [hooks] must be an array of strings, not a string
    "#);
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    insta::assert_snapshot!(faults("[release]\ntag = \"a\"\ntag = \"b\"\n"), @r#"
    sentinel.toml:3:1: duplicate key
    "#);
    insta::assert_snapshot!(faults("é = é"), @r#"
    sentinel.toml:1:1: invalid unquoted key, expected letters, numbers, `-`, `_`
    "#);
    insta::assert_snapshot!(faults("schema = 2\nnews = true"), @r#"
    sentinel.toml:1:10: `schema` is 2, newer than this cargo-sentinel knows (1)
     hint: update cargo-sentinel: `cargo install cargo-sentinel`
    "#);
}

#[test]
fn artifacts_are_checked_by_kind() {
    insta::assert_snapshot!(faults(r#"
artifact = [
  { kind = "crate", package = "demo", bin = "demo" },
  { kind = "binary", package = "-demo" },
  { kind = "file", name = "../x", build = [], path = "/etc/passwd" },
  { kind = "tarball" },
  { package = "demo" },
  3,
]
"#), @r#"
    sentinel.toml:3:39: unknown key `bin` in [[artifact]]
    sentinel.toml:4:3: `bin` is missing in [[artifact]]
    sentinel.toml:4:32: `package` in [[artifact]]: `-demo` is not a name that Cargo allows
    sentinel.toml:5:3: `build` in [[artifact]] names no program
    sentinel.toml:5:27: `name` in [[artifact]]: the path must not have a part `..`
    sentinel.toml:5:54: `path` in [[artifact]]: the path must be relative to the repository's top, with `/` between its parts
    sentinel.toml:6:12: `kind` in [[artifact]]: `tarball` is not one of crate, binary, file
    sentinel.toml:7:3: `kind` is missing in [[artifact]]
    sentinel.toml:8:3: `artifact` must be an array of tables, not an integer
    "#);
}

#[test]
fn names_that_git_or_the_file_system_could_misread_are_refused() {
    let bad = [
        ("release", "tag", "v"),
        ("release", "tag", "v{version}{version}"),
        ("release", "tag", "v {version}"),
        ("release", "tag", "-{version}"),
        ("release", "tag", "{version}.lock"),
        ("release", "tag", "{name}-{version}"),
        ("release", "tag", "{version"),
        ("release", "tag", "}{version}"),
        ("release", "branch", "a..b/{version}"),
        ("release", "branch", "{package}{package}{version}"),
        ("release", "production", "a b"),
        ("release", "remote", "-x"),
        ("release", "remote", ""),
        ("release", "remote", "a\\nb"),
        ("release", "changelog", "/CHANGELOG.md"),
        ("release", "changelog", "a/../b"),
        ("release", "changelog", ""),
        ("release", "changelog", "a//b"),
        ("release", "changelog", "C:/x"),
        ("release", "changelog", "a\\\\b"),
        ("release", "changelog", ".GIT/config"),
        ("release", "changelog", "a\\u0000b"),
        ("version", "initial", "1.0.0-rc.1"),
        ("version", "initial", "1.0"),
        ("trust", "signers_from", "main"),
        ("hooks", "tags", ""),
        ("hooks", "tags", "v[0-9]"),
    ];
    for (section, key, value) in bad {
        let text = format!("[{section}]\n{key} = \"{value}\"\n");
        let error = parse(&text, "f").unwrap_err();
        let places: Vec<_> = error.iter().map(|e| (e.line, e.column)).collect();
        assert_eq!(places, [(2, key.len() + 4)], "{text}{error}");
    }
}

#[test]
fn a_new_environment_replaces_the_default_ones() {
    let names = |text: &str| parse(text, "f").unwrap().environments.into_keys().collect::<Vec<_>>();
    assert_eq!(names("[environments.live]\n[environments.prod]"), ["live", "prod"]);
    assert_eq!(names("[environments.stage]"), ["dev", "prod", "stage"]);
    assert!(faults("[environments.\"a b\"]").starts_with("sentinel.toml:1:15: "));
}

#[test]
fn types_change_what_they_ask_for() {
    let policy = parse(
        "[version.bump]\nDocs = \"patch\"\nfeat = \"none\"\n[changelog.groups]\ndocs = \"Security\"",
        "f",
    )
    .unwrap();
    assert_eq!(policy.version.bumps.asks("docs", false), Bump::Patch);
    assert_eq!(policy.version.bumps.asks("feat", false), Bump::None);
    assert_eq!(policy.version.bumps.asks("fix", false), Bump::Patch);
    assert_eq!(policy.changelog.group("docs", false), Some(Group::Security));
}

#[test]
fn cargo_metadata_serves_too() {
    let read = |text: &str| from_metadata(text, "Cargo.toml");
    assert_eq!(read("[package]\nname = \"x\"").unwrap(), None);
    assert_eq!(read("workspace = 3").unwrap(), None);
    for root in ["workspace", "package"] {
        let text =
            format!("[{root}.metadata.sentinel.release]\nproduction = \"trunk\"\n[{root}.metadata.other]\nx = 1");
        let policy = read(&text).unwrap().unwrap();
        assert_eq!(policy.release.production, BranchName::new("trunk").ok());
    }
    insta::assert_snapshot!(read("[package.metadata.sentinel.release]\ntaag = 1").unwrap_err(), @r#"
    Cargo.toml:2:1: unknown key `taag` in [package.metadata.sentinel.release]
     hint: did you mean `tag`?
    "#);
    insta::assert_snapshot!(read("[workspace.metadata]\nsentinel = 1").unwrap_err(), @r#"
    Cargo.toml:2:1: `workspace.metadata.sentinel` must be a table, not an integer
    "#);
    insta::assert_snapshot!(read("[package.metadata.sentinel]\n[workspace.metadata.sentinel]").unwrap_err(), @r#"
    Cargo.toml:1:19: [package.metadata.sentinel] stands beside [workspace.metadata.sentinel]
     hint: keep one of them
    "#);
}

#[test]
fn templates_name_tags_and_find_versions() {
    let tag = Template::tag("v{version}").unwrap();
    assert_eq!(tag.tag_name(&v("0.2.0-rc.1")).unwrap().as_str(), "v0.2.0-rc.1");
    assert_eq!(tag.parse("v0.2.0"), Some(v("0.2.0")));
    for other in [
        "0.2.0",
        "v1",
        "v01.0.0",
        "v1.0",
        "vv1.0.0",
        "v1.0.0 ",
        "release/v1.0.0",
        "v",
        "",
    ] {
        assert_eq!(tag.parse(other), None, "{other:?}");
    }
    assert!(matches!(
        tag.tag_name(&v("1.0.0-x.lock")),
        Err(TemplateError::Refused(_))
    ));

    let apart = Template::tag("{package}-v{version}").unwrap();
    assert_eq!((apart.needs_package(), apart.parse("demo-v1.0.0")), (true, None));
    assert_eq!(apart.tag_name(&v("1.0.0")), Err(TemplateError::NoPackage));
    let demo = apart.for_package("demo");
    assert_eq!(demo.tag_name(&v("1.0.0")).unwrap().as_str(), "demo-v1.0.0");
    assert_eq!(
        (demo.parse("demo-v1.0.0"), demo.parse("other-v1.0.0")),
        (Some(v("1.0.0")), None)
    );
    assert_eq!(apart.to_string(), "{package}-v{version}");
}

#[test]
fn a_name_resembles_a_release_by_its_numbers() {
    let resembles = |form: &str, name: &str| Template::tag(form).unwrap().resembles(name);
    for (form, name) in [
        ("v{version}", "v1.2.3"),
        ("v{version}", "v01.2"),
        ("v{version}", "v1.2"),
        ("v{version}", "v1.2.3.4"),
        ("v{version}", "v1.2.3rc1"),
        ("{version}", "1.2.3-rc.1"),
        ("{version}", "2020.1"),
        ("release-{version}", "release-1.0"),
        ("{package}-v{version}", "x/y-v1.0.0"),
        ("{package}-v{version}", "my-very-own-v1.0"),
        ("{package}/{version}", "demo/1.0"),
        ("{package}{version}", "demo1.0"),
        ("{version}-{package}", "1.0.0-rc-demo"),
    ] {
        assert!(resembles(form, name), "{form} {name}");
    }
    for (form, name) in [
        ("v{version}", "vendor-2020"),
        ("v{version}", "verified"),
        ("v{version}", "vnext"),
        ("v{version}", "v"),
        ("v{version}", "v1"),
        ("v{version}", "v8-engine"),
        ("v{version}", "v2.x"),
        ("v{version}", "v.1"),
        ("v{version}", "1.2.3"),
        ("v{version}", "before-v1.2"),
        ("{version}", "2020-archive"),
        ("{version}", "vendor-1.2"),
        ("release-{version}", "release-candidate"),
        ("{package}-v{version}", "v1.0.0"),
        ("{package}-v{version}", "demo-vnext"),
        ("{version}-final", "1.2.3-draft"),
    ] {
        assert!(!resembles(form, name), "{form} {name}");
    }
}

#[test]
fn globs_match_as_they_read() {
    let matches = |glob: &str, name: &str| TagGlob::new(glob).unwrap().matches(name);
    for (glob, name) in [
        ("v*", "v1"),
        ("*", "a/b"),
        ("a*b*c", "axbxbxc"),
        ("v1", "v1"),
        ("**", "x"),
        ("*-v*", "p-v1"),
        ("a*a", "aa"),
    ] {
        assert!(matches(glob, name), "{glob} {name}");
    }
    for (glob, name) in [
        ("v*", "x1"),
        ("a*b*c", "acb"),
        ("v1", "v12"),
        ("a*a", "a"),
        ("*.x", "y"),
        ("a*ab*b", "aab"),
    ] {
        assert!(!matches(glob, name), "{glob} {name}");
    }
}

#[test]
fn messages_stay_short_and_plain() {
    let key = format!("\"\\u001b{}\" = 1", "x".repeat(100_000));
    let text = faults(&key);
    assert!(text.len() < 200 && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn hostile_texts_are_refused_or_read_but_never_fatal() {
    let deep = [
        format!("x = {}", "[".repeat(100_000)),
        format!("x = {}", "{a=".repeat(50_000)),
        format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}x = 1", "a.".repeat(50_000)),
        format!("[{}x]", "a.".repeat(50_000)),
        "[[".repeat(50_000),
        "[]\n[.]\n[[]]\n[a.]\n= 1\n".to_owned(),
        "\0".repeat(1000),
        "\u{feff}schema = 1".to_owned(),
        "schema = 1\r\n[release]\rtag = 1".to_owned(),
        "a = \"".to_owned(),
        "a = '''".to_owned(),
        "schema = 99999999999999999999999".to_owned(),
    ];
    for text in &deep {
        let _ignored = (parse(text, "f").is_ok(), from_metadata(text, "f").is_ok());
    }
    let many: String = (0..20_000).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(parse(&many, "f").unwrap_err().iter().count(), 20_000);
}

fn version() -> impl Strategy<Value = Version> {
    (
        any::<u64>(),
        any::<u64>(),
        any::<u64>(),
        "(-rc\\.[1-9][0-9]{0,3}|-[a-z]{1,5})?",
        "(\\+[a-z0-9]{1,5})?",
    )
        .prop_map(|(major, minor, patch, pre, build)| v(&format!("{major}.{minor}.{patch}{pre}{build}")))
}

proptest! {
    #[test]
    fn a_name_is_the_one_its_version_renders_to(version in version(), before in "([a-z]{1,2}/)?[a-z]", after in "(-[a-z]{1,3})?") {
        let template = Template::tag(&format!("{before}{{version}}{after}")).unwrap();
        let name = template.render(&version);
        prop_assert_eq!(template.parse(&name), Some(version));
        prop_assert!(template.resembles(&name));
    }

    #[test]
    fn parsing_a_name_never_panics(name in any::<String>(), number in "v?[0-9v.+-]{0,9}") {
        let template = Template::tag("v{version}").unwrap();
        for name in [name, number] {
            if let Some(version) = template.parse(&name) {
                prop_assert_eq!(template.render(&version), name);
            }
        }
    }

    #[test]
    fn templates_never_panic(text in any::<String>(), braced in "[a-z{}/.]{0,4}(\\{(version|package|x)\\}){0,3}[a-z{}/.]{0,4}") {
        for text in [text, braced] {
            if let Ok(template) = Template::tag(&text) {
                prop_assert_eq!(template.to_string(), text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused_with_places_inside_it(text in any::<String>(), toml in "([a-z\\[\\]{}.=\" #\n]|release|tag|artifact|schema|1){0,40}") {
        for text in [text, toml] {
            let lines = text.split('\n').count();
            if let Err(errors) = parse(&text, "f") {
                prop_assert!(errors.iter().all(|error| (1..=lines).contains(&error.line)), "{}", errors);
                prop_assert!(errors.iter().count() > 0);
            }
            let _manifest = from_metadata(&text, "f").is_ok();
        }
    }

    #[test]
    fn wrong_values_are_reported_and_never_fatal(key in prop::sample::select(EVERYTHING.lines().filter(|l| l.contains(" = ")).collect::<Vec<_>>()), value in prop::sample::select(vec!["3", "true", "[1]", "{}", "[[]]", "\"\"", "1979-05-27", "[{}]", "nan"])) {
        let (name, _) = key.split_once(" = ").unwrap();
        let text = EVERYTHING.replacen(key, &format!("{name} = {value}"), 1);
        if let Err(errors) = parse(&text, "f") {
            prop_assert!(errors.iter().all(|error| text.lines().nth(error.line - 1).is_some()));
        }
    }
}
