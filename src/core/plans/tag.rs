//! `tag`: an annotated, signed tag on production's tip, bound to the artifacts built from it.

use std::path::PathBuf;

use semver::Version;

use super::{Moves, inconsistent, pushing, refuses, release_tag, short, stamped};
use crate::core::build::{Build, NewArtifact, Recipe, Repeat};
use crate::core::changelog;
use crate::core::check::{self, Finding, Use};
use crate::core::facts::{Content, Fact, Facts, Signing};
use crate::core::ids::{Oid, TagName};
use crate::core::plan::{About, Command, Effect, Input, NewStatement, NewTag, Plan, PlanError, Step, StepId};
use crate::core::policy::{Artifact, Policy};
use crate::core::provenance;
use crate::core::workspace;

/// What `tag` and `finish` were told beyond the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRequest<'a> {
    /// The generated entries, rendered: the notes of a pre-release, which has no section of its own.
    pub entries: &'a str,
    /// The directory below which each release's artifacts lie.
    pub artifacts_dir: PathBuf,
    /// How often binaries are built.
    pub repeat: Repeat,
}

/// What `tag` decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// The tag stands at the commit already, locally and on the remote.
    Already {
        /// Its name.
        name: TagName,
        /// Its commit.
        commit: Oid,
        /// What the checks found.
        findings: Vec<Finding>,
    },
    /// The plan, with the findings that let it pass.
    Plan(Plan, Vec<Finding>),
}

/// Decides. A tag that stands at the commit already is only pushed, if the remote lacks it; whether it holds was
/// verified by the caller.
///
/// # Errors
/// `Blocked` with every finding where a check refuses.
pub fn plan(facts: &Facts, request: &TagRequest<'_>) -> Result<Tag, PlanError> {
    let findings = check::run(Use::Tag, facts);
    if refuses(&findings) {
        return Err(PlanError::Blocked(findings));
    }
    let commit = facts.source.commit;
    let version = facts
        .content
        .as_ref()
        .and_then(Content::version)
        .ok_or_else(|| inconsistent("the manifests carry no version"))?;
    let name = release_tag(facts, &version)?;
    let about = About {
        command: Command::Tag,
        version: version.clone(),
        tag: name.clone(),
        started: facts.now,
        next: publishing(facts, &version) + &merging_back(facts, &version),
    };
    let mut moves = Moves::new(facts);
    if let Some(standing) = facts.refs.get(&name.full()) {
        moves.create(&name.full(), Input::Literal(standing.id));
        let Some(remote) = pushing(facts).filter(|_| !moves.remote.is_empty()) else {
            return Ok(Tag::Already { name, commit, findings });
        };
        let push = Step::push(
            format!("push {name} to {}", remote.name),
            &remote.name,
            moves.remote,
            false,
        );
        return Plan::new(about, &findings, Vec::new(), push, Vec::new()).map(|plan| Tag::Plan(plan, findings));
    }
    let before = tag_steps(facts, request, &version, Input::Literal(commit))?;
    moves.create(&name.full(), Input::OutputOf(StepId::new("tag")));
    let refs = Step::refs(format!("create {name}"), moves.local);
    let plan = match pushing(facts) {
        Some(remote) => {
            let push = Step::push(
                format!("push {name} to {}", remote.name),
                &remote.name,
                moves.remote,
                false,
            );
            Plan::new(about, &findings, before, push, vec![refs])
        }
        None => Plan::new(about, &findings, before, refs, Vec::new()),
    };
    plan.map(|plan| Tag::Plan(plan, findings))
}

/// What comes after the release: publishing the bytes that were released, which are the tag's and not the branch's.
pub(super) fn publishing(facts: &Facts, version: &Version) -> String {
    let tag = facts.policy.release.tag.render(version);
    let packs = |content: &Content| {
        let artifacts = artifacts(&facts.policy, content, version);
        artifacts
            .iter()
            .any(|artifact| matches!(artifact.recipe, Recipe::Crate { .. }))
    };
    if facts.content.as_ref().is_some_and(packs) {
        format!("git switch --detach {tag} && cargo publish --workspace")
    } else {
        format!("cargo sentinel verify {tag}")
    }
}

/// What is left for `finish` where production is not also integration.
fn merging_back(facts: &Facts, version: &Version) -> String {
    if facts.flow.is_trunk() {
        return String::new();
    }
    format!(", and cargo sentinel finish {version}")
}

/// The steps that build the artifacts and make the tag object; the last one, `tag`, gives the object.
///
/// # Errors
/// `Inconsistent` where the facts lack what the checks demanded.
pub(super) fn tag_steps(
    facts: &Facts,
    request: &TagRequest<'_>,
    version: &Version,
    commit: Input,
) -> Result<Vec<Step>, PlanError> {
    let content = facts
        .content
        .as_ref()
        .ok_or_else(|| inconsistent("the commit's files were not read"))?;
    let name = release_tag(facts, version)?;
    let Fact::Known(identity) = &facts.identity else {
        return Err(inconsistent("the identity is unknown"));
    };
    let artifacts = artifacts(&facts.policy, content, version);
    let signed = matches!(
        facts.signing,
        Signing::Tried(_) | Signing::NotTried | Signing::Unready(_)
    );
    let mut steps = Vec::new();
    if !artifacts.is_empty() {
        steps.extend(build_steps(facts, request, (&name, commit.clone()), artifacts, signed));
    }
    let section = content
        .changelog_text()
        .and_then(|text| changelog::section(text, version));
    let at = match &commit {
        Input::Literal(id) => short(*id),
        Input::OutputOf(step) => format!("the {step}"),
    };
    let tag = NewTag {
        name: name.clone(),
        commit,
        artifacts: steps.first().map(|step| step.id.clone()),
        provenance: steps.get(1).map(|step| step.id.clone()),
        version: version.clone(),
        title: format!("{} {version}", project(content)),
        notes: section.unwrap_or(request.entries).replace("\r\n", "\n"),
        tagger: stamped(&identity.committer, facts.now),
        signed,
        signers_from: facts.policy.trust.signers_from.clone(),
    };
    let bound = if steps.is_empty() { " without artifacts" } else { "" };
    let verb = if signed { "sign" } else { "make, unsigned," };
    steps.push(Step::invisible(
        "tag",
        format!("{verb} {name} at {at}{bound}"),
        Effect::CreateTag(tag),
    ));
    Ok(steps)
}

/// The steps `build` and `provenance`, in this order.
fn build_steps(
    facts: &Facts,
    request: &TagRequest<'_>,
    (name, commit): (&TagName, Input),
    artifacts: Vec<NewArtifact>,
    signed: bool,
) -> [Step; 2] {
    let files: Vec<&str> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    let title = format!("build {}", files.join(", "));
    let build = Build {
        commit: commit.clone(),
        artifacts,
        repeat: request.repeat,
        destination: request.artifacts_dir.join(name.as_str()),
    };
    let build = Step::invisible("build", title, Effect::Build(build));
    let workspace = facts
        .content
        .as_ref()
        .and_then(|content| content.workspace.as_ref().ok());
    let statement = NewStatement {
        tag: name.clone(),
        commit,
        artifacts: build.id.clone(),
        repository: workspace.and_then(|workspace| workspace.repository.clone()),
        signed,
    };
    let provenance = Step::invisible(
        "provenance",
        format!("write {}", provenance::FILE),
        Effect::Attest(statement),
    );
    [build, provenance]
}

/// What the tag names: what is configured, else the `.crate` of every publishable member.
pub fn artifacts(policy: &Policy, content: &Content, version: &Version) -> Vec<NewArtifact> {
    let of_crate = |package: &str| NewArtifact {
        name: format!("{package}-{version}.crate"),
        recipe: Recipe::Crate {
            package: package.to_owned(),
        },
    };
    if let Some(configured) = &policy.artifacts {
        return configured
            .iter()
            .map(|artifact| match artifact {
                Artifact::Crate { package } => of_crate(package),
                Artifact::Binary { package, bin, target } => NewArtifact {
                    name: binary_name(bin, target.as_deref()),
                    recipe: Recipe::Binary {
                        package: package.clone(),
                        bin: bin.clone(),
                        target: target.clone(),
                    },
                },
                Artifact::File { name, build, path } => NewArtifact {
                    name: name.render(version),
                    recipe: Recipe::File {
                        command: build.clone(),
                        path: path.render(version),
                    },
                },
            })
            .collect();
    }
    let Some(group) = content
        .workspace
        .as_ref()
        .ok()
        .and_then(|workspace| workspace::version_group(workspace).ok())
    else {
        return Vec::new();
    };
    let publishable = group.members.iter().filter(|package| package.publishable);
    publishable.map(|package| of_crate(&package.name)).collect()
}

/// The name of a binary: as cargo leaves it, with the target where one is configured.
fn binary_name(bin: &str, target: Option<&str>) -> String {
    let Some(target) = target else { return bin.to_owned() };
    let suffix = if target.contains("windows") { ".exe" } else { "" };
    format!("{bin}-{target}{suffix}")
}

/// The project's name: the root package's, else that of the first package that moves.
fn project(content: &Content) -> String {
    let Ok(workspace) = &content.workspace else {
        return "release".to_owned();
    };
    let root = workspace
        .packages
        .iter()
        .find(|package| package.manifest == workspace.root_manifest());
    let first = || workspace.packages.iter().find(|package| package.publishable);
    root.or_else(first)
        .map_or("release".to_owned(), |package| package.name.clone())
}
