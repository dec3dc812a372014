//! Artifacts as they lie on the disk: their digests, what they say of themselves, their files against a commit.

use std::path::Path;

use super::packaged::CommitFiles;
use crate::core::artifact;
use crate::core::facts::Fact;
use crate::core::ids::Oid;
use crate::core::packaged::{self, Crate, FileFinding};
use crate::core::verify::{GivenArtifact, SeenArtifact};
use crate::host::git_read::Repo;
use crate::host::{Error, Result, fs};

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
