//! The files of the commit agree with the release: packages, CHANGELOG, version.

use semver::Version;

use crate::core::build::{NewArtifact, Recipe};
use crate::core::changelog::{self, ChangelogFile};
use crate::core::check::Answer;
use crate::core::facts::{Content, Facts, VersionAsk};
use crate::core::plans::release_text::asked_version;
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
    let file = match &content.changelog {
        Ok(file) => file,
        Err(why) => return vec![Answer::fail(why.to_string(), why.remedy())],
    };
    let path = file.path.as_str();
    let refused = match &facts.changelog_after {
        Some(Err(error)) => Some(error.clone()),
        Some(Ok(_)) => None,
        None => changelog::understood(file.text.as_deref().unwrap_or_default()).err(),
    };
    if let Some(error) = refused {
        let because = format!("{path} cannot be understood: {error}");
        return vec![Answer::fail(because, error.remedy(path))];
    }
    match &facts.ending {
        None => vec![judge_new_section(facts, file)],
        Some(_) => content
            .version()
            .map(|version| judge_released_section(facts, file, &version))
            .into_iter()
            .collect(),
    }
}

/// A release says what it brings, unless the person who makes it wants it to say nothing.
fn judge_new_section(facts: &Facts, file: &ChangelogFile) -> Answer {
    let path = &file.path;
    let version = asked_version(facts).ok();
    let version = version.filter(|version| facts.last_release() != Some(version));
    let section = match (&facts.changelog_after, &version) {
        (Some(Ok(text)), Some(version)) => Some((version, changelog::section(text, version).unwrap_or_default())),
        (Some(_), _) | (None, _) => None,
    };
    match section {
        Some((version, section)) if changelog::is_empty(section) && !facts.ask.allow_empty => Answer::fail(
            format!("{path} would say nothing about {version}"),
            format!("write a line under Unreleased in {path}, or: cargo sentinel cut {version} --allow-empty"),
        ),
        Some((version, _)) => Answer::pass(format!("{path} takes the section {version}")),
        None => Answer::pass(format!("{path} can be read")),
    }
}

fn judge_released_section(facts: &Facts, file: &ChangelogFile, released: &Version) -> Answer {
    let path = &file.path;
    if !released.pre.is_empty() {
        return Answer::pass("a pre-release leaves the CHANGELOG alone");
    }
    let text = file.text.as_deref().unwrap_or_default();
    let Some(section) = changelog::section(text, released) else {
        return Answer::fail(
            format!("{path} has no section {released}"),
            format!("cargo sentinel changelog {released} --write, and commit it"),
        );
    };
    if changelog::is_foreign(section) {
        return Answer::fail(
            format!("the section {released} of {path} is not UTF-8, and the tag's message quotes it"),
            format!("edit {path}, and commit it"),
        );
    }
    match &facts.changelog_after {
        Some(Ok(after)) if after != text => Answer::fail(
            format!("{path} lacks entries of commits that {released} releases"),
            format!(
                "git switch {0} && cargo sentinel changelog {released} --write, and commit it",
                facts.release_branch(released)
            ),
        ),
        Some(_) | None => Answer::pass(format!("{path} has the section {released}")),
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
