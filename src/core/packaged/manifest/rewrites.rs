//! What cargo rewrites in a manifest that it packs: the one table of it. Everything else has to be equal, keys that nobody
//! knows too.
//!
//! `written` makes what the newest cargo writes. A row says since when, and what was written before, or still is. The
//! table in `docs/verification.md` mirrors this one, and a test holds them together.

use serde_json::Value;

use super::inherited::DEPENDENCIES;
use super::targets;
use super::written::implied_resolver;

/// A row: keys that cargo rewrites.
pub(super) struct Rewrite {
    /// The keys; `*` is any one part.
    pub(super) keys: &'static [&'static str],
    /// The first cargo that does so.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of it is held against this table"))]
    pub(super) since: &'static str,
    /// What it writes.
    #[cfg_attr(not(test), expect(dead_code, reason = "the page of it is held against this table"))]
    pub(super) written: &'static str,
    /// What others write.
    pub(super) otherwise: Otherwise,
}

/// What a package may say where it does not say what the newest cargo writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Nothing else.
    Nothing,
    /// What the commit says, to the letter.
    Own,
    /// Nothing of that key: an earlier cargo did not know it.
    Absent,
    /// What the commit says, or the workspace's resolver where it is not the first.
    Resolver,
}

impl Otherwise {
    /// What it is in words, for the page.
    #[cfg(test)]
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing else",
            Self::Own => "what the commit says",
            Self::Absent => "no such key",
            Self::Resolver => "what the commit says; up to 1.63 the workspace's, unless it is `1`",
        }
    }
}

const fn row(
    keys: &'static [&'static str],
    since: &'static str,
    written: &'static str,
    otherwise: Otherwise,
) -> Rewrite {
    Rewrite {
        keys,
        since,
        written,
        otherwise,
    }
}

/// Every row.
pub(super) const REWRITES: &[Rewrite] = &[
    row(
        &["project", "dev_dependencies", "build_dependencies"],
        "1.19",
        "under the names `package`, `dev-dependencies`, `build-dependencies`",
        Otherwise::Nothing,
    ),
    row(
        &["workspace", "package.workspace", "patch", "replace"],
        "1.19",
        "left out",
        Otherwise::Nothing,
    ),
    row(
        &["*.workspace"],
        "1.64",
        "what the workspace's root says; of a dependency with the member's `features`, `optional`, `public`, and `default-features = true`",
        Otherwise::Nothing,
    ),
    row(&["unknown keys"], "1.19", "left out, with a warning", Otherwise::Own),
    row(
        &[
            "package.autolib",
            "package.autobins",
            "package.autoexamples",
            "package.autotests",
            "package.autobenches",
        ],
        "1.79; `autolib` 1.83",
        "`false`: all targets are written down",
        Otherwise::Own,
    ),
    row(
        &["package.build"],
        "1.80",
        "the script that is packed, found or named, else `false`",
        Otherwise::Own,
    ),
    row(
        &["package.readme"],
        "1.79",
        "the file that is named or found, by its name alone where it lies outside of the package, else `false`",
        Otherwise::Own,
    ),
    row(
        &["package.license-file"],
        "1.43",
        "by its name alone where it lies outside of the package",
        Otherwise::Own,
    ),
    row(
        &["package.resolver"],
        "1.64",
        "the workspace's, where the edition implies another",
        Otherwise::Resolver,
    ),
    row(&["package.rust-version"], "1.56", "as it is", Otherwise::Absent),
    row(
        &["lib", "bin.*", "example.*", "test.*", "bench.*"],
        "1.79",
        "with the name and path that cargo finds; left out where the file is not packed",
        Otherwise::Own,
    ),
    row(
        &["dependencies.*", "build-dependencies.*"],
        "1.39",
        "as a table, without `path`, `base`, `git`, `branch`, `tag`, `rev`",
        Otherwise::Nothing,
    ),
    row(
        &["dev-dependencies.*"],
        "1.40",
        "likewise; left out where it has no version",
        Otherwise::Nothing,
    ),
    row(
        &["dependencies.*.registry"],
        "1.34",
        "`registry-index`, the index of that registry",
        Otherwise::Nothing,
    ),
    row(
        &[
            "dependencies.*.public",
            "dev-dependencies.*.public",
            "build-dependencies.*.public",
        ],
        "1.36",
        "left out, unless the unstable feature is on",
        Otherwise::Own,
    ),
    row(
        &["features.*"],
        "1.78",
        "without what is said of a dependency that was left out",
        Otherwise::Own,
    ),
    row(
        &["lints.*.*"],
        "1.74",
        "with `priority = 0` where a table has none",
        Otherwise::Own,
    ),
    row(&["lints", "hints"], "1.74; `hints` 1.90", "as it is", Otherwise::Absent),
    row(
        &["profile.*.debug"],
        "1.71",
        "as a number, where it is one in other words",
        Otherwise::Own,
    ),
];

/// A key's three values: what cargo writes, what the commit says, what the package says.
pub(super) struct Values<'a> {
    pub(super) written: Option<&'a Value>,
    pub(super) own: Option<&'a Value>,
    pub(super) packed: Option<&'a Value>,
}

/// Whether the table has a row for a package that does not say what the newest cargo writes. `resolver` is the workspace's.
pub(super) fn admits(key: &[&str], values: &Values<'_>, resolver: &str) -> bool {
    if values.packed.is_none() && !is_known(key) {
        return true;
    }
    let rows = REWRITES
        .iter()
        .filter(|row| row.keys.iter().any(|pattern| matches(pattern, key)));
    rows.map(|row| row.otherwise).any(|otherwise| match otherwise {
        Otherwise::Nothing => false,
        Otherwise::Own => values.packed == values.own,
        Otherwise::Absent => values.packed.is_none(),
        Otherwise::Resolver => {
            let up_to_1_63 = Some(resolver).filter(|resolver| *resolver != implied_resolver("2015"));
            values.packed == values.own || values.packed.and_then(Value::as_str) == up_to_1_63
        }
    })
}

/// Whether a row's key is this one. A platform's dependencies are dependencies.
fn matches(pattern: &str, key: &[&str]) -> bool {
    let key = match key {
        ["target", _, rest @ ..] => rest,
        key => key,
    };
    let parts: Vec<&str> = pattern.split('.').collect();
    parts.len() == key.len() && parts.iter().zip(key).all(|(part, key)| *part == "*" || part == key)
}

/// The keys that cargo 1.95 knows, by the table that they stand in (cargo's `TomlManifest`, `TomlPackage`, `TomlTarget`,
/// `TomlDetailedDependency`, `TomlProfile`).
const TOP: &[&str] = &[
    "cargo-features",
    "package",
    "badges",
    "features",
    "lib",
    "bin",
    "example",
    "test",
    "bench",
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "target",
    "lints",
    "hints",
    "workspace",
    "profile",
    "patch",
    "replace",
];
const PACKAGE: &[&str] = &[
    "edition",
    "rust-version",
    "name",
    "version",
    "authors",
    "build",
    "metabuild",
    "default-target",
    "forced-target",
    "links",
    "exclude",
    "include",
    "publish",
    "workspace",
    "im-a-teapot",
    "autolib",
    "autobins",
    "autoexamples",
    "autotests",
    "autobenches",
    "default-run",
    "description",
    "homepage",
    "documentation",
    "readme",
    "keywords",
    "categories",
    "license",
    "license-file",
    "repository",
    "resolver",
    "metadata",
];
const TARGET: &[&str] = &[
    "name",
    "crate-type",
    "crate_type",
    "path",
    "filename",
    "test",
    "doctest",
    "bench",
    "doc",
    "doc-scrape-examples",
    "proc-macro",
    "proc_macro",
    "harness",
    "required-features",
    "edition",
];
const DEPENDENCY: &[&str] = &[
    "version",
    "registry",
    "registry-index",
    "path",
    "base",
    "git",
    "branch",
    "tag",
    "rev",
    "features",
    "optional",
    "default-features",
    "default_features",
    "package",
    "public",
    "artifact",
    "lib",
    "target",
];
const PROFILE: &[&str] = &[
    "opt-level",
    "lto",
    "codegen-backend",
    "codegen-units",
    "debug",
    "split-debuginfo",
    "debug-assertions",
    "rpath",
    "panic",
    "overflow-checks",
    "incremental",
    "dir-name",
    "inherits",
    "strip",
    "rustflags",
    "package",
    "build-override",
    "trim-paths",
    "hint-mostly-unused",
];

/// Whether a table lists others by names that people give, so that one that is missing is as good as an empty one.
pub(super) fn lists_tables(key: &[&str]) -> bool {
    match key {
        ["target"] | ["target", _] | ["features"] => true,
        ["target", _, table] | [table] => {
            let is_dependencies = DEPENDENCIES.iter().any(|(name, _)| name == table);
            is_dependencies || (*table != "lib" && targets::TABLES.contains(table))
        }
        _ => false,
    }
}

/// Whether cargo knows a key. What stands in tables that it hands on whole (`metadata`, `features`, `lints`) counts as known.
fn is_known(key: &[&str]) -> bool {
    let is_dependencies = |table: &str| DEPENDENCIES.iter().any(|(name, _)| *name == table);
    match key {
        [key] => TOP.contains(key),
        ["package", key] => PACKAGE.contains(key),
        ["lib", key] => TARGET.contains(key),
        ["target", _, table] => is_dependencies(table),
        ["target", _, table, _, key] if is_dependencies(table) => DEPENDENCY.contains(key),
        [kind, _, key] if targets::TABLES.contains(kind) => TARGET.contains(key),
        [table, _, key] if is_dependencies(table) => DEPENDENCY.contains(key),
        ["profile", _, .., "package", _] => true,
        ["profile", _, .., key] => PROFILE.contains(key),
        _ => true,
    }
}
