//! The journal's lines about builds: what to build, what came of it, and the statement about it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{InputLine, Parsed, input_line, parse_input};
use crate::core::binding::Artifact;
use crate::core::build::{Build, Built, Compiler, NewArtifact, Recipe, Repeat, Toolchain};
use crate::core::ids::{Digest, TagName};
use crate::core::plan::{NewStatement, StepId};
use crate::engine::journal::places::Places;
use crate::engine::journal::{Attested, Sealed};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BuildLine {
    commit: InputLine,
    artifacts: Vec<NewArtifactLine>,
    repeat: RepeatLine,
    destination: DestinationLine,
}

/// The worktree and the tag of a build; without a worktree, it lies below the git directory.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DestinationLine {
    worktree: Option<String>,
    tag: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewArtifactLine {
    name: String,
    recipe: RecipeLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum RecipeLine {
    Crate {
        package: String,
    },
    Binary {
        package: String,
        bin: String,
        target: Option<String>,
    },
    File {
        command: Vec<String>,
        path: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RepeatLine {
    Once,
    Twice,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BuiltLine {
    artifacts: Vec<(String, String)>,
    cargo: String,
    compiler: Option<CompilerLine>,
    reproducible: BTreeMap<String, bool>,
    silent: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompilerLine {
    rustc: String,
    host: String,
    rustflags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementLine {
    tag: String,
    commit: InputLine,
    artifacts: String,
    repository: Option<String>,
    signed: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttestedLine {
    digest: String,
    envelope: SealedLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SealedLine {
    By(String),
    Not(String),
}

pub(super) fn build_line(build: &Build, places: &Places) -> Option<BuildLine> {
    let (worktree, tag) = places.name_of_build(&build.destination)?;
    Some(BuildLine {
        commit: input_line(&build.commit),
        artifacts: build.artifacts.iter().map(artifact_line).collect(),
        repeat: match build.repeat {
            Repeat::Once => RepeatLine::Once,
            Repeat::Twice => RepeatLine::Twice,
        },
        destination: DestinationLine {
            worktree,
            tag: tag.to_string(),
        },
    })
}

fn artifact_line(artifact: &NewArtifact) -> NewArtifactLine {
    NewArtifactLine {
        name: artifact.name.clone(),
        recipe: match artifact.recipe.clone() {
            Recipe::Crate { package } => RecipeLine::Crate { package },
            Recipe::Binary { package, bin, target } => RecipeLine::Binary { package, bin, target },
            Recipe::File { command, path } => RecipeLine::File { command, path },
        },
    }
}

pub(super) fn built_line(built: &Built) -> BuiltLine {
    BuiltLine {
        artifacts: built
            .artifacts
            .iter()
            .map(|made| (made.name.clone(), made.digest.to_string()))
            .collect(),
        cargo: built.toolchain.cargo.clone(),
        compiler: built.toolchain.compiler.clone().map(|compiler| CompilerLine {
            rustc: compiler.rustc,
            host: compiler.host,
            rustflags: compiler.rustflags,
        }),
        reproducible: built.reproducible.clone(),
        silent: built.silent.clone(),
    }
}

pub(super) fn statement_line(statement: &NewStatement) -> StatementLine {
    StatementLine {
        tag: statement.tag.to_string(),
        commit: input_line(&statement.commit),
        artifacts: statement.artifacts.to_string(),
        repository: statement.repository.clone(),
        signed: statement.signed,
    }
}

pub(super) fn attested_line(attested: &Attested) -> AttestedLine {
    AttestedLine {
        digest: attested.digest.to_string(),
        envelope: match attested.envelope.clone() {
            Sealed::By(key) => SealedLine::By(key),
            Sealed::Not(why) => SealedLine::Not(why),
        },
    }
}

pub(super) fn parse_build(line: BuildLine, places: &Places) -> Parsed<Build> {
    let tag = TagName::new(line.destination.tag).map_err(|error| error.to_string())?;
    let worktree = line.destination.worktree.as_deref();
    let destination = places.build(worktree, &tag);
    Ok(Build {
        commit: parse_input(line.commit)?,
        artifacts: line.artifacts.into_iter().map(parse_artifact).collect(),
        repeat: match line.repeat {
            RepeatLine::Once => Repeat::Once,
            RepeatLine::Twice => Repeat::Twice,
        },
        destination: destination.ok_or("a build goes to no worktree of the repository")?,
    })
}

fn parse_artifact(line: NewArtifactLine) -> NewArtifact {
    NewArtifact {
        name: line.name,
        recipe: match line.recipe {
            RecipeLine::Crate { package } => Recipe::Crate { package },
            RecipeLine::Binary { package, bin, target } => Recipe::Binary { package, bin, target },
            RecipeLine::File { command, path } => Recipe::File { command, path },
        },
    }
}

fn parse_digest(text: &str) -> Parsed<Digest> {
    Digest::from_hex(text).ok_or_else(|| format!("`{text}` is no digest"))
}

pub(super) fn parse_built(line: BuiltLine) -> Parsed<Built> {
    let artifact = |(name, digest): (String, String)| {
        let digest = parse_digest(&digest)?;
        Ok(Artifact { name, digest })
    };
    Ok(Built {
        artifacts: line.artifacts.into_iter().map(artifact).collect::<Parsed<_>>()?,
        toolchain: Toolchain {
            cargo: line.cargo,
            compiler: line.compiler.map(|line| Compiler {
                rustc: line.rustc,
                host: line.host,
                rustflags: line.rustflags,
            }),
        },
        reproducible: line.reproducible,
        silent: line.silent,
    })
}

pub(super) fn parse_statement(line: StatementLine) -> Parsed<NewStatement> {
    Ok(NewStatement {
        tag: TagName::new(line.tag).map_err(|error| error.to_string())?,
        commit: parse_input(line.commit)?,
        artifacts: StepId::new(line.artifacts),
        repository: line.repository,
        signed: line.signed,
    })
}

pub(super) fn parse_attested(line: AttestedLine) -> Parsed<Attested> {
    Ok(Attested {
        digest: parse_digest(&line.digest)?,
        envelope: match line.envelope {
            SealedLine::By(key) => Sealed::By(key),
            SealedLine::Not(why) => Sealed::Not(why),
        },
    })
}
