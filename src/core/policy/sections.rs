//! The keys of each section: `config.md` as code.

use std::collections::BTreeMap;

use super::error::{Fault, Problems};
use super::keys;
use super::name::{NamePattern, RepoPath, TagGlob};
use super::reader::{Section, did_you_mean, shown};
use super::{
    Artifact, Changelog, Environment, Group, HOOK_CHECKS, Hooks, Policy, Release, SCHEMA, TagOrigin, Template, Trust,
    Versioning, default_environments,
};
use crate::core::ids::{BranchName, RefName};
use crate::core::version::{Bump, ZeroPolicy};

/// Reads a whole configuration; what is wrong is reported and stays at its default.
pub(super) fn policy(top: &Section<'_>, problems: &mut Problems) -> Policy {
    let mut policy = Policy::default();
    if !schema_is_known(top, problems) {
        return policy;
    }
    top.expect_keys(keys::TOP, problems);
    if let Some(section) = top.section("release", problems) {
        release(&section, &mut policy.release, problems);
    }
    if let Some(section) = top.section("version", problems) {
        version(&section, &mut policy.version, problems);
    }
    if let Some(section) = top.section("changelog", problems) {
        changelog(&section, &mut policy.changelog, problems);
    }
    policy.artifacts = top.sections("artifact", problems).map(|sections| {
        let artifacts = sections.iter().filter_map(|section| artifact(section, problems));
        artifacts.collect()
    });
    if let Some(section) = top.section("trust", problems) {
        section.expect_keys(keys::TRUST, problems);
        policy.trust = Trust {
            signers_from: section.read("signers_from", problems, ref_name),
        };
    }
    if let Some(section) = top.section("hooks", problems) {
        policy.hooks = hooks(&section, problems);
    }
    if let Some(section) = top.section("environments", problems) {
        policy.environments = environments(&section, problems);
    }
    policy
}

/// Whether the rest can be read: a missing `schema` is taken for the first.
fn schema_is_known(top: &Section<'_>, problems: &mut Problems) -> bool {
    let Some((schema, at)) = top.integer("schema", problems) else {
        return true;
    };
    if schema > SCHEMA {
        let message = format!("`schema` is {schema}, newer than this cargo-sentinel knows ({SCHEMA})");
        let update = "update cargo-sentinel: `cargo install cargo-sentinel`".to_owned();
        problems.report(at, Fault::new(message).hint(update));
        return false;
    }
    if schema < 1 {
        problems.report(at, Fault::new(format!("`schema` is {schema}; the first is 1")));
    }
    true
}

fn release(section: &Section<'_>, release: &mut Release, problems: &mut Problems) {
    section.expect_keys(keys::RELEASE, problems);
    if let Some(tag) = section.read("tag", problems, |text| Ok(Template::tag(text)?)) {
        release.tag = tag;
        release.tag_origin = TagOrigin::Configured;
    }
    set(
        &mut release.branch,
        section.read("branch", problems, |text| Ok(Template::branch(text)?)),
    );
    release.integration = section.read("integration", problems, branch);
    release.production = section.read("production", problems, branch);
    release.remote = section.read("remote", problems, remote);
    release.changelog = section.read("changelog", problems, RepoPath::new);
    set(&mut release.allow_unsigned, section.flag("allow_unsigned", problems));
}

fn version(section: &Section<'_>, version: &mut Versioning, problems: &mut Problems) {
    section.expect_keys(keys::VERSION, problems);
    let policies = [
        ("cargo", ZeroPolicy::Cargo),
        ("semver", ZeroPolicy::Semver),
        ("stable", ZeroPolicy::Stable),
    ];
    set(
        &mut version.zero,
        section.read("zero", problems, |text| one_of(text, &policies)),
    );
    version.initial = section.read("initial", problems, release_version);
    let bumps = [Bump::Major, Bump::Minor, Bump::Patch, Bump::None].map(|bump| (bump.to_string(), bump));
    let bumps = bumps.each_ref().map(|(word, bump)| (word.as_str(), *bump));
    if let Some(section) = section.section("bump", problems) {
        for (kind, bump) in by_type(&section, problems, |text| one_of(text, &bumps)) {
            version.bumps.set(&kind, bump);
        }
    }
}

fn changelog(section: &Section<'_>, changelog: &mut Changelog, problems: &mut Problems) {
    section.expect_keys(keys::CHANGELOG, problems);
    let groups = Group::ALL.map(|group| (group.as_str(), group));
    let group = |text: &str| match text {
        "" => Ok(None),
        _ => one_of(text, &groups).map(Some),
    };
    if let Some(section) = section.section("groups", problems) {
        changelog.groups.extend(by_type(&section, problems, group));
    }
}

/// A table from commit types to words; the types come out in lower case.
fn by_type<T>(
    section: &Section<'_>,
    problems: &mut Problems,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> BTreeMap<String, T> {
    let mut found = BTreeMap::new();
    for (key, at) in section.keys() {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || !key.bytes().all(word) {
            problems.report(
                at,
                Fault::new(format!("`{}` {} is not a commit type", shown(key), section.place())),
            );
            continue;
        }
        let Some(value) = section.read(key, problems, &read) else {
            continue;
        };
        if found.insert(key.to_ascii_lowercase(), value).is_some() {
            let twice = format!(
                "`{}` stands twice {}: the case of a type does not matter",
                shown(key),
                section.place()
            );
            problems.report(at, Fault::new(twice));
        }
    }
    found
}

fn artifact(section: &Section<'_>, problems: &mut Problems) -> Option<Artifact> {
    #[derive(Clone, Copy)]
    enum Kind {
        Crate,
        Binary,
        File,
    }
    let kinds = [("crate", Kind::Crate), ("binary", Kind::Binary), ("file", Kind::File)];
    match section.demand("kind", problems, |text| one_of(text, &kinds))? {
        Kind::Crate => {
            section.expect_keys(keys::CRATE, problems);
            let package = section.demand("package", problems, cargo_name)?;
            Some(Artifact::Crate { package })
        }
        Kind::Binary => {
            section.expect_keys(keys::BINARY, problems);
            let package = section.demand("package", problems, cargo_name);
            let bin = section.demand("bin", problems, cargo_name);
            let target = section.read("target", problems, target);
            Some(Artifact::Binary {
                package: package?,
                bin: bin?,
                target,
            })
        }
        Kind::File => {
            section.expect_keys(keys::FILE, problems);
            let name = section.demand("name", problems, NamePattern::file_name);
            let build = command(section, problems);
            let path = section.demand("path", problems, NamePattern::path);
            Some(Artifact::File {
                name: name?,
                build: build?,
                path: path?,
            })
        }
    }
}

/// The command in `build`: a program and its arguments.
fn command(section: &Section<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let build = section.list("build", problems, |text| {
        let plain = Some(text).filter(|text| !text.contains('\0'));
        plain
            .map(str::to_owned)
            .ok_or_else(|| Fault::new("an argument holds NUL"))
    });
    let runnable = build
        .as_ref()
        .is_some_and(|words| words.first().is_some_and(|program| !program.is_empty()));
    let wrong_already = build.is_none() && section.keys().any(|(key, _)| key == "build");
    if !runnable && !wrong_already {
        problems.report(
            section.start(),
            Fault::new(format!("`build` {} names no program", section.place())),
        );
    }
    build
}

fn hooks(section: &Section<'_>, problems: &mut Problems) -> Hooks {
    section.expect_keys(keys::HOOKS, problems);
    let checks = HOOK_CHECKS.map(|check| (check, check));
    Hooks {
        protect: section.list("protect", problems, branch),
        required: section
            .list("required", problems, |text| one_of(text, &checks).map(str::to_owned))
            .unwrap_or_default(),
        tags: section.read("tags", problems, TagGlob::new),
    }
}

fn environments(section: &Section<'_>, problems: &mut Problems) -> BTreeMap<String, Environment> {
    let mut declared = BTreeMap::new();
    for (name, at) in section.keys() {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if name.is_empty() || !name.bytes().all(word) {
            let fault = Fault::new(format!("`{}` is not an environment's name", shown(name)));
            problems.report(at, fault.hint("use ASCII letters, digits, `-` and `_`".to_owned()));
        }
        if let Some(section) = section.section(name, problems) {
            section.expect_keys(keys::ENVIRONMENT, problems);
            let branches = section.list("branches", problems, branch);
            declared.insert(name.to_owned(), Environment { branches });
        }
    }
    let defaults = default_environments();
    if declared.keys().all(|name| defaults.contains_key(name)) {
        defaults.into_iter().chain(declared).collect()
    } else {
        declared
    }
}

/// Replaces a default by what the file says.
fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The value of one of the given words.
fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let fault = Fault::new(format!("`{}` is not one of {}", shown(text), known.join(", ")));
    Err(fault.hint(did_you_mean(text, &known)))
}

fn branch(text: &str) -> Result<BranchName, Fault> {
    BranchName::new(text).map_err(|_| Fault::new(format!("`{}` is not a valid branch name", shown(text))))
}

fn ref_name(text: &str) -> Result<RefName, Fault> {
    RefName::new(text).map_err(|_| {
        let fault = Fault::new(format!("`{}` is not a full ref name", shown(text)));
        fault.hint("write it in full, as `refs/remotes/origin/main`".to_owned())
    })
}

fn remote(text: &str) -> Result<String, Fault> {
    let inside_a_ref = RefName::new(format!("refs/remotes/{text}/HEAD")).is_ok();
    if text.is_empty() || text.starts_with('-') || !inside_a_ref {
        return Err(Fault::new(format!("`{}` is not a remote's name", shown(text))));
    }
    Ok(text.to_owned())
}

fn release_version(text: &str) -> Result<semver::Version, Fault> {
    let version =
        semver::Version::parse(text).map_err(|why| Fault::new(format!("`{}` is not a version: {why}", shown(text))))?;
    if version.pre.is_empty() && version.build.is_empty() {
        Ok(version)
    } else {
        Err(Fault::new(format!("`{}` is not a release's version", shown(text))))
    }
}

fn cargo_name(text: &str) -> Result<String, Fault> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.starts_with('-') || !text.chars().all(word) {
        return Err(Fault::new(format!("`{}` is not a name that Cargo allows", shown(text))));
    }
    Ok(text.to_owned())
}

fn target(text: &str) -> Result<String, Fault> {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.is_empty() || text.starts_with(['-', '.']) || !text.bytes().all(word) {
        return Err(Fault::new(format!("`{}` is not a target triple", shown(text))));
    }
    Ok(text.to_owned())
}
