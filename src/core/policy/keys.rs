//! The keys of each section, once: what the reader accepts, and what `docs/configuration.md` lists.

/// At the top.
pub const TOP: &[&str] = &[
    "schema",
    "release",
    "version",
    "changelog",
    "artifact",
    "trust",
    "hooks",
    "environments",
];
/// `[release]`.
pub const RELEASE: &[&str] = &[
    "tag",
    "branch",
    "integration",
    "production",
    "remote",
    "changelog",
    "allow_unsigned",
];
/// `[version]`.
pub const VERSION: &[&str] = &["zero", "initial", "bump"];
/// `[changelog]`.
pub const CHANGELOG: &[&str] = &["groups"];
/// `[[artifact]]` of the kind `crate`.
pub const CRATE: &[&str] = &["kind", "package"];
/// `[[artifact]]` of the kind `binary`.
pub const BINARY: &[&str] = &["kind", "package", "bin", "target"];
/// `[[artifact]]` of the kind `file`.
pub const FILE: &[&str] = &["kind", "name", "build", "path"];
/// `[trust]`.
pub const TRUST: &[&str] = &["signers_from"];
/// `[hooks]`.
pub const HOOKS: &[&str] = &["protect", "required", "tags"];
/// `[environments.NAME]`.
pub const ENVIRONMENT: &[&str] = &["branches"];
