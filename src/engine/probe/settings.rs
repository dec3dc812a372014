//! Where the configuration lies: `sentinel.toml` at the top, else metadata in `Cargo.toml`, else the defaults.

use std::path::Path;

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
    /// It could not be read.
    #[error(transparent)]
    Host(#[from] Error),
}

type Result<T> = std::result::Result<T, SettingsError>;

fn text(bytes: Vec<u8>, file: &str) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| SettingsError::Encoding(file.to_owned()))
}

fn from_files(sentinel: Option<Vec<u8>>, manifest: Option<Vec<u8>>) -> Result<Policy> {
    if let Some(bytes) = sentinel {
        return Ok(policy::parse(&text(bytes, FILE)?, FILE)?);
    }
    // A manifest that is not UTF-8 or not TOML is Cargo's to refuse; there is no configuration in it.
    let manifest = manifest
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| text.contains("metadata"));
    Ok(match manifest {
        Some(text) => policy::from_metadata(&text, MANIFEST)?.unwrap_or_default(),
        None => Policy::default(),
    })
}

/// The configuration of a file that the user named.
pub(crate) fn named(path: &Path) -> Result<Policy> {
    let name = path.display().to_string();
    let bytes = fs::read(path)?.ok_or_else(|| SettingsError::Absent(name.clone()))?;
    Ok(policy::parse(&text(bytes, &name)?, &name)?)
}

/// The working tree's configuration; in a bare repository HEAD's.
pub(crate) fn in_working_tree(repo: &Repo) -> Result<Policy> {
    if let Some(top) = repo.workdir() {
        return from_files(fs::read(&top.join(FILE))?, fs::read(&top.join(MANIFEST))?);
    }
    let head = repo.head()?;
    match &head {
        Head::Branch { tip: None, .. } => Ok(Policy::default()),
        Head::Branch { tip: Some(commit), .. } | Head::Detached(commit) => at_commit(repo, *commit),
    }
}

/// A commit's configuration.
pub(crate) fn at_commit(repo: &Repo, commit: Oid) -> Result<Policy> {
    let tree = repo.tree_of(commit)?;
    from_files(repo.file_at(tree, FILE)?, repo.file_at(tree, MANIFEST)?)
}
