//! What is configured to be released exists, and each artifact has a name of its own.

use std::collections::BTreeSet;

use crate::core::check::Answer;
use crate::core::facts::{Content, Facts};
use crate::core::plans::tag;
use crate::core::policy::Artifact;
use crate::core::provenance::{ENVELOPE_FILE, FILE};
use crate::core::workspace::{Package, Workspace};

const REMEDY: &str = "edit [[artifact]] in sentinel.toml";

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    let Some(content) = &facts.content else {
        return Vec::new();
    };
    let (Some(configured), Ok(workspace)) = (&facts.policy.artifacts, &content.workspace) else {
        return Vec::new();
    };
    let version = content.version();
    let mut answers: Vec<Answer> = configured
        .iter()
        .flat_map(|artifact| missing(artifact, workspace, content, version.as_ref()))
        .collect();
    if let Some(version) = version {
        let artifacts = tag::artifacts(&facts.policy, content, &version);
        answers.extend(clashes(artifacts.iter().map(|artifact| artifact.name.as_str())));
    }
    if answers.is_empty() {
        answers.push(Answer::pass(format!("{} artifacts are configured", configured.len())));
    }
    answers
}

/// Why an artifact cannot be built.
fn missing(
    artifact: &Artifact,
    workspace: &Workspace,
    content: &Content,
    version: Option<&semver::Version>,
) -> Option<Answer> {
    let fail = |why: String| Some(Answer::fail(why, REMEDY));
    let (Artifact::Crate { package } | Artifact::Binary { package, .. }) = artifact else {
        return None;
    };
    let Some(found) = workspace.packages.iter().find(|known| known.name == *package) else {
        return fail(format!(
            "an artifact is of the package `{package}`, which the workspace does not have"
        ));
    };
    if let Artifact::Crate { .. } = artifact {
        let other = version.filter(|version| found.version != **version);
        return other.and_then(|_| fail(otherwise_versioned(found)));
    }
    let Artifact::Binary { bin, .. } = artifact else {
        return None;
    };
    let bins = content.binaries.get(package);
    if bins.is_some_and(|bins| bins.contains(bin)) {
        return None;
    }
    let known: Vec<&str> = bins.into_iter().flatten().map(String::as_str).collect();
    fail(if known.is_empty() {
        format!("the package `{package}` has no binary, so not `{bin}`")
    } else {
        format!(
            "the package `{package}` has no binary `{bin}`; it has {}",
            known.join(", ")
        )
    })
}

fn otherwise_versioned(package: &Package) -> String {
    format!(
        "the package `{}` is released as a crate and has a version of its own, {}",
        package.name, package.version
    )
}

/// Names that stand twice, or that the release's directory needs itself. Some file systems see no difference between upper
/// and lower case.
fn clashes<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Answer> {
    let mut seen: BTreeSet<String> = [FILE, ENVELOPE_FILE].map(str::to_owned).into();
    let twice = names.filter(|name| !seen.insert(name.to_lowercase()));
    twice
        .map(|name| Answer::fail(format!("two files of the release would be named `{name}`"), REMEDY))
        .collect()
}
