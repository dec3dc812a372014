//! Building artifacts: pristine checkout, build, and the finished files in their place all at once.

use std::collections::BTreeMap;
use std::path::Path;

use super::journal::{Journal, Record};
use crate::core::binding::Artifact;
use crate::core::build::{Build, Built, Recipe, Toolchain};
use crate::core::ids::{Digest, Oid};
use crate::host::git_read::Repo;
use crate::host::interrupt::Interrupt;
use crate::host::{Error, Result, cargo, checkout, fs};

/// Keeps the artifacts out of `git status` without touching the user's own ignore files.
const IGNORE_ALL: &[u8] = b"*\n";

/// Builds, and leaves the artifacts in the build's destination.
pub(super) fn build(
    repo: &Repo,
    commit: Oid,
    build: &Build,
    journal: &mut Journal,
    interrupt: &Interrupt,
) -> Result<Built> {
    let parent = build
        .destination
        .parent()
        .ok_or_else(|| Error::Unexpected(format!("`{}` has no parent directory", build.destination.display())))?;
    // Names first, then directories: what is on record can be cleaned up after a kill at any instant.
    let scratch = fs::fresh_scratch_name(journal.run().as_str());
    journal.record(Record::Scratch(scratch.clone()))?;
    fs::create_private_dir(&scratch)?;
    fs::no_cargo_configuration_above(&scratch)?;
    checkout::pristine(repo, commit, &scratch)?;
    let mut packages: Vec<&str> = Vec::new();
    for artifact in &build.artifacts {
        match &artifact.recipe {
            Recipe::Crate { package } => packages.push(package),
            Recipe::Binary { .. } | Recipe::File { .. } => {
                return Err(Error::Unsupported(format!("`{}` cannot be built yet", artifact.name)));
            }
        }
    }
    let files = cargo::package(&scratch, &packages, repo.commit_time(commit)?, interrupt)?;
    let toolchain = Toolchain {
        cargo: cargo::version(&scratch)?,
        compiler: None,
    };

    fs::create_dir(parent)?;
    fs::write_atomic(&parent.join(".gitignore"), IGNORE_ALL)?;
    let staging = parent.join(format!(".{}.partial", journal.run()));
    journal.record(Record::Scratch(staging.clone()))?;
    fs::remove_dir(&staging)?;
    fs::create_dir(&staging)?;
    let mut made = files
        .iter()
        .map(|file| keep(file, &staging))
        .collect::<Result<Vec<_>>>()?;
    made.sort();
    // What stands there is left over from an attempt that was never tagged.
    fs::remove_dir(&build.destination)?;
    fs::rename(&staging, &build.destination)?;
    fs::remove_dir(&scratch)?;
    Ok(Built {
        artifacts: made,
        toolchain,
        reproducible: BTreeMap::new(),
    })
}

fn keep(file: &Path, directory: &Path) -> Result<Artifact> {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let bytes = fs::read(file)?.ok_or_else(|| Error::Unexpected(format!("`{}` vanished", file.display())))?;
    fs::write_atomic(&directory.join(&name), &bytes)?;
    Ok(Artifact {
        name,
        digest: Digest::of(&bytes),
    })
}

/// Whether the finished artifacts still lie where the journal says they were put.
pub(super) fn still_there(directory: &Path, artifacts: &[Artifact]) -> Result<bool> {
    for artifact in artifacts {
        let bytes = fs::read(&directory.join(&artifact.name))?;
        if bytes.map(|bytes| Digest::of(&bytes)) != Some(artifact.digest) {
            return Ok(false);
        }
    }
    Ok(true)
}
