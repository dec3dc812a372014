//! `artifact inspect`: what a file says of itself.

use std::path::{Path, PathBuf};

use super::{Context, Error, Kind};
use crate::core::artifact::{self, Inspection};
use crate::host::fs;

/// A file, and what it says.
#[derive(Debug, Clone)]
pub struct ArtifactAnswer {
    /// The file, as it was named.
    pub file: PathBuf,
    /// What it says.
    pub inspection: Inspection,
}

/// Inspects a file. No repository is needed.
///
/// # Errors
/// `Blocked` where there is no such file, or it is no regular file. A damaged one is an answer.
pub fn inspect(context: &Context, file: &Path) -> Result<ArtifactAnswer, Error> {
    let path = context.dir.join(file);
    let mut opened = open(&path, file)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let read = artifact::inspect(&mut opened, &name);
    let unread = |error| Error::new(Kind::Internal, format!("cannot read `{}`: {error}", file.display()));
    Ok(ArtifactAnswer {
        file: file.to_owned(),
        inspection: read.map_err(unread)?,
    })
}

/// Opens a file that a person named.
pub(super) fn open(path: &Path, named: &Path) -> Result<std::fs::File, Error> {
    let hint = format!("ls -l {}", named.display());
    match fs::open(path) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(Error::new(Kind::Blocked, format!("there is no file `{}`", named.display())).hint(hint)),
        Err(error) => Err(Error::new(Kind::Blocked, error.to_string()).hint(hint)),
    }
}
