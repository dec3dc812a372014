//! The files of the commit agree with the release: packages, CHANGELOG, version.

use crate::core::build::{NewArtifact, Recipe};
use crate::core::changelog;
use crate::core::check::Answer;
use crate::core::facts::{Content, Facts, VersionAsk};
use crate::core::plans::tag;
use crate::core::version;
use crate::core::workspace::{self, GroupProblem};

pub(crate) fn judge_packages(facts: &Facts) -> Vec<Answer> {
    let Some(content) = &facts.content else {
        return Vec::new();
    };
    let workspace = match &content.workspace {
        Ok(workspace) => workspace,
        Err(why) => return vec![Answer::fail(why.clone(), "cargo metadata --no-deps")],
    };
    let mut answers: Vec<Answer> = match workspace::version_group(workspace) {
        Ok(group) => vec![Answer::pass(format!(
            "{} packages share {}",
            group.members.len(),
            group.version
        ))],
        Err(problems) => vec![versioned_apart(&problems)],
    };
    answers.extend(judge_hash(facts, content));
    answers
}

/// One refusal by name: the packages differ by intent, or one of them was forgotten.
fn versioned_apart(problems: &[GroupProblem]) -> Answer {
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Answer::fail(
        format!(
            "the packages are versioned apart, and this version of cargo-sentinel releases those that share one version:\n{}",
            told.join("\n")
        ),
        "give the packages one version (version.workspace = true), or mark private ones publish = false",
    )
}

/// Cargo writes the commit into a `.crate` only where it can read the repository, and that it cannot with SHA-256.
fn judge_hash(facts: &Facts, content: &Content) -> Option<Answer> {
    let version = content.version()?;
    let is_crate = |artifact: &NewArtifact| matches!(artifact.recipe, Recipe::Crate { .. });
    let binds = facts.ending.is_some() && tag::artifacts(&facts.policy, content, &version).iter().any(is_crate);
    (binds && content.hash != gix::hash::Kind::Sha1).then(|| {
        Answer::fail(
            "a .crate cannot be bound to a commit of a SHA-256 repository: cargo leaves the commit out",
            "mark the packages publish = false, or release from a SHA-1 repository",
        )
    })
}

pub(crate) fn judge_changelog(facts: &Facts) -> Vec<Answer> {
    let Some(content) = &facts.content else {
        return Vec::new();
    };
    let path = facts.policy.release.changelog.as_str();
    let text = content.changelog.as_deref().unwrap_or_default();
    if let Err(error) = changelog::parse(text) {
        return vec![Answer::fail(
            format!("{path} cannot be understood: {error}"),
            format!("edit {path}"),
        )];
    }
    if facts.ending.is_none() {
        return vec![Answer::pass(format!("{path} can be read"))];
    }
    let Some(released) = content.version() else {
        return Vec::new();
    };
    if !released.pre.is_empty() {
        return vec![Answer::pass("a pre-release leaves the CHANGELOG alone")];
    }
    match (changelog::section(text, &released), &facts.changelog_is_current) {
        (None, _) => vec![Answer::fail(
            format!("{path} has no section {released}"),
            format!("cargo sentinel changelog {released} --write, and commit it"),
        )],
        (Some(_), Some(false)) => {
            vec![Answer::fail(
                format!("{path} lacks entries of commits that {released} releases"),
                format!(
                    "git switch {0} && cargo sentinel changelog {released} --write, and commit it",
                    facts.release_branch(&released)
                ),
            )]
        }
        (Some(_), Some(true) | None) => vec![Answer::pass(format!("{path} has the section {released}"))],
    }
}

pub(crate) fn judge_agreement(facts: &Facts) -> Vec<Answer> {
    let Some(content) = &facts.content else {
        return Vec::new();
    };
    let Some(asked) = facts.ask.version.as_ref().and_then(VersionAsk::typed) else {
        return Vec::new();
    };
    let asked = match version::parse(asked) {
        Ok(asked) => asked,
        Err(error) => return vec![Answer::fail(error.to_string(), "cargo sentinel status")],
    };
    vec![agrees(content, &asked)]
}

fn agrees(content: &Content, asked: &semver::Version) -> Answer {
    match content.version() {
        Some(found) if found == *asked => Answer::pass(format!("the manifests carry {asked}")),
        Some(found) => Answer::fail(
            format!("the manifests carry {found}, not {asked}"),
            format!("cargo sentinel cut {asked}"),
        ),
        None => Answer::fail(
            format!("the manifests carry no common version, so not {asked}"),
            "cargo metadata --no-deps",
        ),
    }
}
