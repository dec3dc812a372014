//! Where the configuration lies: `sentinel.toml` at the top, else metadata in `Cargo.toml`, else the defaults.

use std::path::Path;

use crate::core::bounds;
use crate::core::facts::Head;
use crate::core::ids::Oid;
use crate::core::policy::{self, Policy, PolicyErrors};
use crate::host::git_read::Repo;
use crate::host::{Error, fs};

const FILE: &str = "sentinel.toml";
const MANIFEST: &str = "Cargo.toml";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is invalid: every fault, with file, line and column.
    #[error(transparent)]
    Invalid(#[from] PolicyErrors),
    /// The file that was named does not exist.
    #[error("there is no configuration file `{0}`")]
    Absent(String),
    /// It is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    Encoding(String),
    /// It is larger than any configuration.
    #[error("`{0}` has more than {FILE_BYTES} bytes, which is not supported", FILE_BYTES = bounds::FILE_BYTES)]
    Large(String),
    /// It could not be read.
    #[error(transparent)]
    Host(#[from] Error),
}

type Result<T> = std::result::Result<T, SettingsError>;

fn text(bytes: Vec<u8>, file: &str) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| SettingsError::Encoding(file.to_owned()))
}

/// A file of the working tree that may hold the configuration.
fn read(path: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    match fs::stat(path)? {
        Some(found) if found.len() > bounds::FILE_BYTES => Err(SettingsError::Large(name.to_owned())),
        Some(_) | None => Ok(fs::read(path)?),
    }
}

fn from_files(sentinel: Option<Vec<u8>>, manifest: Option<Vec<u8>>) -> Result<Option<Policy>> {
    if let Some(bytes) = sentinel {
        return Ok(Some(policy::parse(&text(bytes, FILE)?, FILE)?));
    }
    // A manifest that is not UTF-8 or not TOML is Cargo's to refuse; there is no configuration in it.
    let manifest = manifest
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.contains("metadata"));
    Ok(match manifest {
        Some(text) => policy::from_metadata(&text, MANIFEST)?,
        None => None,
    })
}

/// The configuration of a file that the user named.
pub(crate) fn named(path: &Path) -> Result<Policy> {
    let name = path.display().to_string();
    let bytes = fs::read(path)?.ok_or_else(|| SettingsError::Absent(name.clone()))?;
    Ok(policy::parse(&text(bytes, &name)?, &name)?)
}

/// The configuration file of a directory; `None` where it has none, whatever a manifest may say.
pub(crate) fn written_in(dir: &Path) -> Result<Option<Policy>> {
    from_files(fs::read(&dir.join(FILE))?, None)
}

/// The working tree's configuration; in a bare repository HEAD's.
pub(crate) fn in_working_tree(repo: &Repo) -> Result<Policy> {
    Ok(written_in_working_tree(repo)?.unwrap_or_default())
}

/// The same; `None` where nothing is written.
pub(crate) fn written_in_working_tree(repo: &Repo) -> Result<Option<Policy>> {
    if let Some(top) = repo.workdir() {
        let sentinel = read(&top.join(FILE), FILE)?;
        let manifest = if sentinel.is_none() {
            read(&top.join(MANIFEST), MANIFEST)?
        } else {
            None
        };
        return from_files(sentinel, manifest);
    }
    let head = repo.head()?;
    match &head {
        Head::Branch { tip: None, .. } => Ok(None),
        Head::Branch { tip: Some(commit), .. } | Head::Detached(commit) => written_at_commit(repo, *commit),
    }
}

/// A commit's configuration.
pub(crate) fn at_commit(repo: &Repo, commit: Oid) -> Result<Policy> {
    Ok(written_at_commit(repo, commit)?.unwrap_or_default())
}

/// The same; `None` where nothing is written.
pub(crate) fn written_at_commit(repo: &Repo, commit: Oid) -> Result<Option<Policy>> {
    let tree = repo.tree_of(commit)?;
    from_files(repo.file_at(tree, FILE)?, repo.file_at(tree, MANIFEST)?)
}

/// Whether a commit has a configuration, valid or not.
pub(crate) fn is_written_at(repo: &Repo, commit: Oid) -> Result<bool> {
    match written_at_commit(repo, commit) {
        Ok(found) => Ok(found.is_some()),
        Err(error @ SettingsError::Host(_)) => Err(error),
        Err(
            SettingsError::Invalid(_) | SettingsError::Absent(_) | SettingsError::Encoding(_) | SettingsError::Large(_),
        ) => Ok(true),
    }
}
