//! Artifacts as they lie on the disk: their digests, what they say of themselves, their files against a commit.

use std::path::Path;

use super::packaged::CommitFiles;
use crate::core::artifact;
use crate::core::dsse::Envelope;
use crate::core::facts::Fact;
use crate::core::ids::{Digest, Oid};
use crate::core::packaged::{self, Crate, FileFinding};
use crate::core::provenance::{ENVELOPE_FILE, FILE, Statement};
use crate::core::verify::{GivenArtifact, GivenProvenance, SeenArtifact};
use crate::host::git_read::Repo;
use crate::host::{Error, Result, fs};

/// The most bytes of a statement: a hundred thousand artifacts.
const STATEMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Looks at a file. `commit` is the one that it is to be built from, where that is known.
pub(crate) fn look(repo: &Repo, path: &Path, commit: Option<Oid>) -> GivenArtifact {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| path.display().to_string());
    let seen = Fact::from(seen(repo, path, &name, commit));
    GivenArtifact { name, seen }
}

fn seen(repo: &Repo, path: &Path, name: &str, commit: Option<Oid>) -> Result<SeenArtifact> {
    let unread = |error: std::io::Error| Error::File {
        verb: "read",
        path: path.to_owned(),
        source: error,
    };
    let absent = || unread(std::io::ErrorKind::NotFound.into());
    let mut file = fs::open(path)?.ok_or_else(absent)?;
    let inspection = artifact::inspect(&mut file, name).map_err(unread)?;
    let files = match commit.filter(|_| inspection.kind == Some(artifact::PACKAGE)) {
        Some(commit) => {
            let package = Crate::read(&mut file, repo.object_hash());
            Some(match package {
                Ok(package) => Fact::from(compared(repo, &package, name, commit)),
                Err(damage) => Fact::Unknown(damage.to_string()),
            })
        }
        None => None,
    };
    Ok(SeenArtifact { inspection, files })
}

/// Every file of the package against the commit, under the package's own name.
fn compared(repo: &Repo, package: &Crate, name: &str, commit: Oid) -> Result<Vec<FileFinding>> {
    let inside = format!("{}-{}.crate", package.name, package.version);
    if inside != name {
        return Err(Error::Unexpected(format!("`{name}` holds the package of `{inside}`")));
    }
    let files = CommitFiles::of(repo, commit)?;
    let said = package
        .identity
        .as_ref()
        .and_then(|identity| identity.path_in_vcs.clone());
    let dir = match said {
        Some(dir) => Some(dir),
        None => package.directory(&files.manifests()?, &files)?,
    };
    match dir {
        Some(dir) => packaged::compare(package, &dir, &files),
        None => Err(Error::Unexpected(format!(
            "the commit has no package `{}`",
            package.name
        ))),
    }
}

/// Looks at a provenance statement, bare or in its envelope. `None` where there is no such file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn provenance(path: &Path) -> Result<Option<GivenProvenance>> {
    let Some(bytes) = fs::read_bounded(path, STATEMENT_BYTES_MAX)? else {
        return Ok(None);
    };
    let (statement, envelope) = match Envelope::parse(&bytes) {
        Ok(envelope) => (envelope.payload.clone(), Some(envelope)),
        Err(_) => (bytes, None),
    };
    Ok(Some(GivenProvenance {
        name: path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        digest: Digest::of(&statement),
        statement: Fact::from(Statement::parse(&statement)),
        envelope,
    }))
}

/// The statements that lie beside a file, bare and in their envelope.
pub(crate) fn provenance_beside(path: &Path) -> Vec<Fact<GivenProvenance>> {
    let beside = [FILE, ENVELOPE_FILE].map(|name| provenance(&path.with_file_name(name)));
    let seen = beside.into_iter().filter_map(Result::transpose);
    seen.map(Fact::from).collect()
}
