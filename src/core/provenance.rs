//! The provenance of a release's artifacts: an in-toto Statement v1 with a SLSA Provenance v1 predicate, rendered to
//! deterministic bytes and read back strictly.
//!
//! Owns the statement's fields and their order. Must not know how it is signed (`dsse`) or where it lies. Sources:
//! in-toto Attestation Framework v1, "Statement", "ResourceDescriptor" and "DigestSet"; SLSA v1.1, "Provenance"; this
//! build type: docs/provenance.md.

mod json;

use std::collections::BTreeMap;

use super::binding::Artifact;
use super::build::{Compiler, NewArtifact, Recipe, Toolchain};
use super::ids::{Digest, Oid, TagName};

/// The type of every in-toto Statement of version 1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate's type.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// How the parameters are to be read; a change of their meaning changes it.
pub const BUILD_TYPE: &str = "https://github.com/cargo-sentinel/cargo-sentinel/blob/main/docs/provenance.md#build-v1";
/// Who built: this program, on the machine of whoever signed.
pub const BUILDER_ID: &str = "https://github.com/cargo-sentinel/cargo-sentinel/blob/main/docs/provenance.md#builder-v1";

/// The file that holds the statement, beside the artifacts.
pub const FILE: &str = "provenance.json";
/// The file that holds it in a signed envelope, beside the statement.
pub const ENVELOPE_FILE: &str = "provenance.dsse.json";

/// Where the artifacts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The repository's public address, as the manifests give it.
    pub repository: Option<String>,
    /// The tag that releases the commit.
    pub tag: TagName,
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// The digest of the `Cargo.lock` at the top, where the commit has one.
    pub lockfile: Option<Digest>,
}

/// The run that built them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The version of cargo-sentinel.
    pub builder_version: String,
    /// The run's id.
    pub id: String,
    /// When it began, to the second.
    pub started: jiff::Timestamp,
}

/// What a provenance statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The artifacts, sorted by name, each name once; not empty.
    pub subjects: Vec<Artifact>,
    /// How each of them is made, in the order of `subjects`.
    pub recipes: Vec<NewArtifact>,
    /// Where they come from.
    pub source: Source,
    /// What built them.
    pub toolchain: Toolchain,
    /// `SOURCE_DATE_EPOCH`, in seconds since the Unix epoch: the commit's time.
    pub epoch: i64,
    /// Of each artifact that was built twice, whether the bytes agreed.
    pub reproducible: BTreeMap<String, bool>,
    /// The run.
    pub run: Run,
}

/// Why bytes are not a provenance statement of ours, or a statement has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// Not JSON, or not JSON of this shape.
    #[error("the provenance statement cannot be read: {0}")]
    Json(String),
    /// A type, a builder or a digest is not one that is known.
    #[error("the provenance statement has `{found}` where {wanted} belongs")]
    Foreign {
        /// What stands there.
        found: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// Subjects and the ways they are made do not belong together, or a name stands twice.
    #[error("the provenance statement contradicts itself: {0}")]
    Inconsistent(String),
    /// It reads well, and yet other bytes would say the same.
    #[error("the provenance statement is not written as this version writes it")]
    NotCanonical,
}

impl Statement {
    /// The statement's bytes: JSON on one line, its fields in a fixed order, without a line feed at the end.
    ///
    /// # Errors
    /// `Inconsistent` where subjects and recipes differ in their names, a name stands twice, or they are not sorted.
    pub fn render(&self) -> Result<Vec<u8>, ProvenanceError> {
        self.check()?;
        json::render(self)
    }

    /// Reads a statement. Every byte has to be where [`Statement::render`] puts it, so that two readers cannot see
    /// different things in it (a key that stands twice, for one).
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProvenanceError> {
        let statement = json::parse(bytes)?;
        if statement.render()? == bytes {
            Ok(statement)
        } else {
            Err(ProvenanceError::NotCanonical)
        }
    }

    fn check(&self) -> Result<(), ProvenanceError> {
        let wrong = |why: String| Err(ProvenanceError::Inconsistent(why));
        if self.subjects.is_empty() {
            return wrong("it has no subject".to_owned());
        }
        let ascending = |pair: &[Artifact]| matches!(pair, [a, b] if a.name < b.name);
        if !self.subjects.windows(2).all(ascending) {
            return wrong("its subjects are not sorted, each name once".to_owned());
        }
        let named = self.subjects.iter().map(|subject| &subject.name);
        if !named.eq(self.recipes.iter().map(|artifact| &artifact.name)) {
            return wrong("its subjects and its parameters name different artifacts".to_owned());
        }
        let twice = self.reproducible.keys();
        if let Some(stray) = twice.into_iter().find(|name| !self.names(name)) {
            return wrong(format!("it tells of `{stray}`, which is no subject"));
        }
        let compiles = |artifact: &NewArtifact| matches!(artifact.recipe, Recipe::Binary { .. });
        if self.recipes.iter().any(compiles) && self.toolchain.compiler.is_none() {
            return wrong("it has a binary and names no compiler".to_owned());
        }
        Ok(())
    }

    fn names(&self, name: &str) -> bool {
        self.subjects.iter().any(|subject| subject.name == name)
    }

    /// The compiler, where something was compiled.
    fn compiler(&self) -> Option<&Compiler> {
        self.toolchain.compiler.as_ref()
    }
}

#[cfg(test)]
mod tests;
