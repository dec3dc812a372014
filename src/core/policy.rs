//! Validated configuration: what `sentinel.toml`, or the metadata in `Cargo.toml`, says a release is here.
//!
//! Owns the keys, their defaults and what each may hold. Must not know where the text comes from, nor what exists in the
//! repository: whether `develop` exists is a fact, not a policy.

mod error;
pub mod keys;
mod name;
mod reader;
mod sections;
mod template;

use std::collections::BTreeMap;

use semver::Version;

use super::changelog::Group;
use super::ids::{BranchName, RefName};
use super::version::{BumpTable, ZeroPolicy};

pub use error::{PolicyError, PolicyErrors};
pub use name::{NamePattern, RepoPath, TagGlob};
pub use template::{Template, TemplateError};

/// The newest `schema` that this program reads.
pub const SCHEMA: i64 = 1;

/// The checks that hooks make, by the names that `[hooks] required` takes.
pub const HOOK_CHECKS: [&str; 6] = ["branch", "conflict", "lockfile", "message", "secret", "tag"];

/// The configuration of one repository. [`Policy::default`] holds where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `[release]`.
    pub release: Release,
    /// `[version]`.
    pub version: Versioning,
    /// `[changelog]`.
    pub changelog: Changelog,
    /// `[[artifact]]`, in the order written; `None` stands for the `.crate` of every publishable member.
    pub artifacts: Option<Vec<Artifact>>,
    /// `[trust]`.
    pub trust: Trust,
    /// `[hooks]`.
    pub hooks: Hooks,
    /// `[environments.*]`: the names that the gate accepts.
    ///
    /// The defaults `dev`, `stage` and `prod` stay as long as every declared name is one of them; declaring another name
    /// replaces them all.
    pub environments: BTreeMap<String, Environment>,
}

/// `[release]`: names and places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The release tag's name.
    pub tag: Template,
    /// Who says that.
    pub tag_origin: TagOrigin,
    /// The release branch's name.
    pub branch: Template,
    /// The integration branch; `None` stands for `develop` where it exists, else the remote's default branch.
    pub integration: Option<BranchName>,
    /// The production branch; `None` stands for `main`, else `master`, else the remote's default branch.
    pub production: Option<BranchName>,
    /// The remote's name; `None` stands for `origin`, else the only one.
    pub remote: Option<String>,
    /// The changelog's path; `None` stands for the one file that has a usual name.
    pub changelog: Option<RepoPath>,
    /// Whether an unsigned tag will do.
    pub allow_unsigned: bool,
}

/// Where the form of release tags comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TagOrigin {
    /// Nobody said, and no tag was looked at: `v{version}`.
    #[default]
    Default,
    /// The repository's tags, since the configuration does not say (`core::tag_form`).
    Derived,
    /// `[release] tag`.
    Configured,
}

/// `[version]`: how commits become a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versioning {
    /// What bumps mean before 1.0.0.
    pub zero: ZeroPolicy,
    /// The first release's version, where no release tag exists yet.
    pub initial: Option<Version>,
    /// What each commit type asks for.
    pub bumps: BumpTable,
}

/// `[changelog]`: where commits go in the changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changelog {
    /// The group of each type, in lower case; `None` leaves the type out. Types that are not here are left out.
    pub groups: BTreeMap<String, Option<Group>>,
}

impl Changelog {
    /// The group of a commit of this type, in lower case; a breaking change is never left out.
    pub fn group(&self, kind: &str, breaking: bool) -> Option<Group> {
        let group = self.groups.get(kind).copied().flatten();
        group.or(breaking.then_some(Group::Changed))
    }
}

/// `[[artifact]]`: something that a release's tag names by digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// A package as `cargo package` makes it.
    Crate {
        /// The package's name.
        package: String,
    },
    /// A binary as `cargo build --release --locked` makes it.
    Binary {
        /// The package's name.
        package: String,
        /// The binary target's name.
        bin: String,
        /// The target triple; `None` stands for the host's.
        target: Option<String>,
    },
    /// A file that a command makes at the top of the pristine checkout.
    File {
        /// The name under which it is released.
        name: NamePattern,
        /// The program and its arguments; never empty.
        build: Vec<String>,
        /// Where the command leaves it.
        path: NamePattern,
    },
}

/// `[trust]`: who may sign.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// The ref to read the allowed signers from; `None` stands for the nearest ancestor release that itself verifies.
    pub signers_from: Option<RefName>,
}

/// `[hooks]`: what hooks defend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hooks {
    /// Branches that releases alone move; `None` stands for production where it is not also integration.
    pub protect: Option<Vec<BranchName>>,
    /// Checks that nothing skips, each one of [`HOOK_CHECKS`].
    pub required: Vec<String>,
    /// The tag names that must be releases; `None` stands for those of [`Release::tag`], see [`Policy::is_for_releases`].
    pub tags: Option<TagGlob>,
}

/// `[environments.<name>]`: a place that releases go to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// The branches that its releases may come from; `None` stands for any allowed release branch.
    pub branches: Option<Vec<BranchName>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            release: Release::default(),
            version: Versioning::default(),
            changelog: Changelog::default(),
            artifacts: None,
            trust: Trust::default(),
            hooks: Hooks::default(),
            environments: default_environments(),
        }
    }
}

impl Default for Release {
    fn default() -> Self {
        Self {
            tag: Template::around_version("v"),
            tag_origin: TagOrigin::Default,
            branch: Template::around_version("release/v"),
            integration: None,
            production: None,
            remote: None,
            changelog: None,
            allow_unsigned: false,
        }
    }
}

impl Default for Changelog {
    /// Features are added, fixes fixed; the types that are named after a group go there; `perf` and `revert` change things.
    fn default() -> Self {
        let groups = [
            ("feat", Group::Added),
            ("fix", Group::Fixed),
            ("perf", Group::Changed),
            ("revert", Group::Changed),
            ("deprecate", Group::Deprecated),
            ("remove", Group::Removed),
            ("security", Group::Security),
        ];
        Self {
            groups: groups.map(|(kind, group)| (kind.to_owned(), Some(group))).into(),
        }
    }
}

fn default_environments() -> BTreeMap<String, Environment> {
    ["dev", "stage", "prod"]
        .map(|name| (name.to_owned(), Environment::default()))
        .into()
}

impl Policy {
    /// Whether a tag's short name is one that only a release may have: by `[hooks] tags`, else by the form of release tags.
    pub fn is_for_releases(&self, name: &str) -> bool {
        match &self.hooks.tags {
            Some(tags) => tags.matches(name),
            None => self.release.tag.resembles(name),
        }
    }
}

/// Reads `sentinel.toml`; `file` is its name in messages.
///
/// # Errors
/// Everything that is wrong, in the order of the file; of a text that is not TOML the first fault alone, since nothing after
/// it can be trusted, and of a newer `schema` that alone.
pub fn parse(text: &str, file: &str) -> Result<Policy, PolicyErrors> {
    let mut problems = error::Problems::default();
    let policy = reader::document(text, &mut problems)
        .map(|document| sections::policy(&reader::Section::top(document.as_table()), &mut problems));
    problems.into_result(policy.unwrap_or_default(), text, file)
}

/// Reads `[workspace.metadata.sentinel]` or `[package.metadata.sentinel]` of a manifest; `None` where it has neither.
///
/// # Errors
/// As [`parse`]; also where the manifest has both.
pub fn from_metadata(cargo_toml: &str, file: &str) -> Result<Option<Policy>, PolicyErrors> {
    let mut problems = error::Problems::default();
    let policy = reader::document(cargo_toml, &mut problems).and_then(|document| {
        let section = reader::metadata(document.as_table(), &mut problems)?;
        Some(sections::policy(&section, &mut problems))
    });
    problems.into_result(policy, cargo_toml, file)
}

#[cfg(test)]
mod tests;
