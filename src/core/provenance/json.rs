//! The statement as JSON, field by field. The domain's types are not `Serialize`: what is written is written down here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    BUILD_TYPE, BUILDER_ID, Compiler, NewArtifact, PREDICATE_TYPE, ProvenanceError, Recipe, Run, STATEMENT_TYPE,
    Source, Statement, Toolchain,
};
use crate::core::binding::Artifact;
use crate::core::ids::{Digest, Oid, TagName};

type Result<T> = std::result::Result<T, ProvenanceError>;

/// The features that binaries are built with.
const DEFAULT_FEATURES: &str = "default";
/// The profile that binaries are built with.
const PROFILE: &str = "release";
const TAGS: &str = "refs/tags/";
const LOCKFILE: &str = "Cargo.lock";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatementJson {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Descriptor>,
    predicate_type: String,
    predicate: Predicate,
}

/// A ResourceDescriptor.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    digest: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Predicate {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BuildDefinition {
    build_type: String,
    external_parameters: External,
    internal_parameters: Internal,
    resolved_dependencies: Vec<Descriptor>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct External {
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(rename = "ref")]
    reference: String,
    artifacts: Vec<ArtifactJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "kind")]
enum ArtifactJson {
    Crate {
        name: String,
        package: String,
    },
    Binary {
        name: String,
        package: String,
        bin: String,
        /// Absent: the host's, which the internal parameters name.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<String>,
        features: [String; 1],
        profile: String,
    },
    File {
        name: String,
        command: Vec<String>,
        path: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Internal {
    cargo: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rustc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rustflags: Option<Vec<String>>,
    #[serde(rename = "SOURCE_DATE_EPOCH")]
    epoch: i64,
    reproducible: BTreeMap<String, bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunDetails {
    builder: Builder,
    metadata: Metadata,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Builder {
    id: String,
    version: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    invocation_id: String,
    started_on: String,
}

/// The name under which a program of ours stands in maps from programs to versions.
const PROGRAM: &str = "cargo-sentinel";

pub(super) fn render(statement: &Statement) -> Result<Vec<u8>> {
    let compiler = statement.compiler();
    let json = StatementJson {
        kind: STATEMENT_TYPE.to_owned(),
        subject: statement.subjects.iter().map(subject).collect(),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: External {
                    repository: statement.source.repository.clone(),
                    reference: format!("{TAGS}{}", statement.source.tag),
                    artifacts: statement.recipes.iter().map(artifact).collect(),
                },
                internal_parameters: Internal {
                    cargo: statement.toolchain.cargo.clone(),
                    rustc: compiler.map(|compiler| compiler.rustc.clone()),
                    host: compiler.map(|compiler| compiler.host.clone()),
                    rustflags: compiler.map(|compiler| compiler.rustflags.clone()),
                    epoch: statement.epoch,
                    reproducible: statement.reproducible.clone(),
                },
                resolved_dependencies: dependencies(&statement.source),
            },
            run_details: RunDetails {
                builder: Builder {
                    id: BUILDER_ID.to_owned(),
                    version: BTreeMap::from([(PROGRAM.to_owned(), statement.run.builder_version.clone())]),
                },
                metadata: Metadata {
                    invocation_id: statement.run.id.clone(),
                    started_on: statement.run.started.to_string(),
                },
            },
        },
    };
    serde_json::to_vec(&json).map_err(|error| ProvenanceError::Json(error.to_string()))
}

fn subject(artifact: &Artifact) -> Descriptor {
    Descriptor {
        name: Some(artifact.name.clone()),
        digest: digest("sha256", &artifact.digest),
        ..Descriptor::default()
    }
}

fn digest(algorithm: &str, value: &dyn std::fmt::Display) -> BTreeMap<String, String> {
    BTreeMap::from([(algorithm.to_owned(), value.to_string())])
}

fn artifact(artifact: &NewArtifact) -> ArtifactJson {
    let name = artifact.name.clone();
    match artifact.recipe.clone() {
        Recipe::Crate { package } => ArtifactJson::Crate { name, package },
        Recipe::Binary { package, bin, target } => ArtifactJson::Binary {
            name,
            package,
            bin,
            target,
            features: [DEFAULT_FEATURES.to_owned()],
            profile: PROFILE.to_owned(),
        },
        Recipe::File { command, path } => ArtifactJson::File { name, command, path },
    }
}

/// The commit, its tree and its lock file, in this order.
fn dependencies(source: &Source) -> Vec<Descriptor> {
    let address = |repository: &String| format!("git+{repository}@{TAGS}{}", source.tag);
    let commit = Descriptor {
        name: Some("commit".to_owned()),
        uri: source.repository.as_ref().map(address),
        digest: digest("gitCommit", &source.commit),
    };
    let tree = Descriptor {
        name: Some("tree".to_owned()),
        digest: digest("gitTree", &source.tree),
        ..Descriptor::default()
    };
    let lockfile = source.lockfile.map(|found| Descriptor {
        name: Some(LOCKFILE.to_owned()),
        digest: digest("sha256", &found),
        ..Descriptor::default()
    });
    [commit, tree].into_iter().chain(lockfile).collect()
}

/// Reads the fields. What the fields leave open (names of dependencies, addresses) the caller holds against the
/// rendered form.
pub(super) fn parse(bytes: &[u8]) -> Result<Statement> {
    let json: StatementJson =
        serde_json::from_slice(bytes).map_err(|error| ProvenanceError::Json(error.to_string()))?;
    let definition = json.predicate.build_definition;
    let run = json.predicate.run_details;
    demand(&json.kind, STATEMENT_TYPE, "the type of an in-toto Statement v1")?;
    demand(&json.predicate_type, PREDICATE_TYPE, "SLSA Provenance v1")?;
    demand(&definition.build_type, BUILD_TYPE, "the build type of cargo-sentinel")?;
    demand(&run.builder.id, BUILDER_ID, "the builder's id")?;
    let internal = definition.internal_parameters;
    let external = definition.external_parameters;
    let compiler = match (internal.rustc, internal.host, internal.rustflags) {
        (Some(rustc), Some(host), Some(rustflags)) => Some(Compiler { rustc, host, rustflags }),
        (None, None, None) => None,
        _ => return Err(foreign("half a compiler", "rustc, host and rustflags, or none of them")),
    };
    let tag = external.reference.strip_prefix(TAGS).unwrap_or_default();
    let tag = TagName::new(tag).map_err(|_| foreign(&external.reference, "a tag's ref"))?;
    let version = run.builder.version.get(PROGRAM);
    let started = &run.metadata.started_on;
    Ok(Statement {
        subjects: json.subject.iter().map(parse_subject).collect::<Result<_>>()?,
        recipes: external.artifacts.into_iter().map(parse_artifact).collect(),
        source: parse_source(external.repository, tag, &definition.resolved_dependencies)?,
        toolchain: Toolchain {
            cargo: internal.cargo,
            compiler,
        },
        epoch: internal.epoch,
        reproducible: internal.reproducible,
        run: Run {
            builder_version: version.ok_or_else(|| foreign("another program", PROGRAM))?.clone(),
            id: run.metadata.invocation_id.clone(),
            started: started
                .parse()
                .map_err(|_| foreign(started, "a timestamp of RFC 3339"))?,
        },
    })
}

fn foreign(found: &str, wanted: &'static str) -> ProvenanceError {
    ProvenanceError::Foreign {
        found: found.to_owned(),
        wanted,
    }
}

fn demand(found: &str, value: &str, wanted: &'static str) -> Result<()> {
    if found == value {
        Ok(())
    } else {
        Err(foreign(found, wanted))
    }
}

fn parse_subject(descriptor: &Descriptor) -> Result<Artifact> {
    let name = descriptor.name.clone();
    Ok(Artifact {
        name: name.ok_or_else(|| foreign("a subject without a name", "a name"))?,
        digest: parse_digest(descriptor)?,
    })
}

fn only<'d>(descriptor: &'d Descriptor, algorithm: &str) -> Result<&'d str> {
    let value = descriptor.digest.get(algorithm);
    value
        .map(String::as_str)
        .ok_or_else(|| foreign("another algorithm", "sha256, gitCommit or gitTree"))
}

fn parse_digest(descriptor: &Descriptor) -> Result<Digest> {
    let text = only(descriptor, "sha256")?;
    Digest::from_hex(text).ok_or_else(|| foreign(text, "a SHA-256 digest"))
}

fn parse_id(descriptor: &Descriptor, algorithm: &str) -> Result<Oid> {
    let text = only(descriptor, algorithm)?;
    Oid::from_hex(text.as_bytes()).map_err(|_| foreign(text, "an object id"))
}

fn parse_source(repository: Option<String>, tag: TagName, found: &[Descriptor]) -> Result<Source> {
    let (commit, tree, lockfile) = match found {
        [commit, tree] => (commit, tree, None),
        [commit, tree, lockfile] => (commit, tree, Some(lockfile)),
        _ => return Err(foreign("other dependencies", "commit, tree and lock file")),
    };
    Ok(Source {
        repository,
        tag,
        commit: parse_id(commit, "gitCommit")?,
        tree: parse_id(tree, "gitTree")?,
        lockfile: lockfile.map(parse_digest).transpose()?,
    })
}

fn parse_artifact(json: ArtifactJson) -> NewArtifact {
    match json {
        ArtifactJson::Crate { name, package } => NewArtifact {
            name,
            recipe: Recipe::Crate { package },
        },
        ArtifactJson::Binary {
            name,
            package,
            bin,
            target,
            ..
        } => NewArtifact {
            name,
            recipe: Recipe::Binary { package, bin, target },
        },
        ArtifactJson::File { name, command, path } => NewArtifact {
            name,
            recipe: Recipe::File { command, path },
        },
    }
}
