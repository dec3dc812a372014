//! Building artifacts: pristine checkouts, builds, what they say of themselves, and the finished files in their place all
//! at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use semver::Version;

use super::identity::{self, Claim};
use super::journal::{Journal, Record};
use super::probe::{self, ProbeError};
use super::shelf::Shelf;
use crate::core::binding::Artifact;
use crate::core::build::{Build, Built, NewArtifact, Recipe, Repeat, Toolchain};
use crate::core::ids::{Digest, Oid};
use crate::core::plan::Effect;
use crate::core::plans::tag;
use crate::core::stamp;
use crate::host::compile::{Binary, Site};
use crate::host::door::Door;
use crate::host::git_read::Repo;
use crate::host::interrupt::Interrupt;
use crate::host::{Error, Result, cargo, checkout, fs};

#[cfg(test)]
mod tests;

/// Builds, and leaves the artifacts in the build's destination.
pub(super) fn build(
    repo: &Repo,
    commit: Oid,
    build: &Build,
    journal: &mut Journal,
    interrupt: &Interrupt,
) -> Result<Built> {
    let run = journal.run().to_string();
    let shelf = Shelf::of(repo, &build.destination, &run)?;
    shelf.ready()?;
    let version = journal.plan().version().clone();
    let workshop = Workshop {
        repo,
        commit,
        epoch: repo.commit_time(commit)?,
        version: &version,
        interrupt,
    };
    let mut scratch = Vec::new();
    // Names first, then directories: what is on record can be cleaned up after a kill at any instant.
    let made = workshop.make(&build.artifacts, build.repeat, &mut |purpose| {
        let name = fs::fresh_scratch_name(&format!("{run}{purpose}"));
        let dir = fs::scratch_root().join(&name);
        journal.record(Record::Scratch(name))?;
        fs::create_private_dir(&dir)?;
        scratch.push(dir.clone());
        Ok(dir)
    })?;

    for file in &made.files {
        file.keep(&shelf)?;
    }
    shelf.show()?;
    for dir in scratch {
        fs::remove_dir(&dir)?;
    }
    Ok(Built {
        artifacts: made.files.into_iter().map(|file| file.artifact).collect(),
        toolchain: made.toolchain,
        reproducible: made.reproducible,
        silent: made.silent,
    })
}

/// Removes what a run that was killed left of its builds.
pub(super) fn clean_up(repo: &Repo, journal: &Journal) -> Result<()> {
    let temporary = Door::open(&fs::scratch_root())?;
    for name in &journal.progress().scratch {
        temporary.remove(Path::new(name))?;
    }
    for step in journal.plan().steps() {
        if let Effect::Build(build) = &step.effect {
            Shelf::of(repo, &build.destination, journal.run().as_str())?.clear()?;
        }
    }
    Ok(())
}

/// Builds the artifacts of a commit again, as its own configuration says; gives their digests, sorted by name. Nothing is
/// left behind.
///
/// # Errors
/// When the commit's configuration or manifests cannot be read, or a build fails.
pub(crate) fn rebuild(
    repo: &Repo,
    commit: Oid,
    interrupt: &Interrupt,
) -> std::result::Result<Vec<Artifact>, ProbeError> {
    let policy = probe::at_commit(repo, commit)?;
    let content = probe::content(repo, commit, &policy)?;
    let version = content.version().ok_or_else(|| {
        ProbeError::NoSource(
            format!("the manifests of {commit} carry no common version"),
            "cargo metadata --no-deps".to_owned(),
        )
    })?;
    let workshop = Workshop {
        repo,
        commit,
        epoch: repo.commit_time(commit)?,
        version: &version,
        interrupt,
    };
    let artifacts = tag::artifacts(&policy, &content, &version);
    if artifacts.is_empty() {
        return Ok(Vec::new());
    }
    let mut scratch = Vec::new();
    let made = workshop.make(&artifacts, Repeat::Once, &mut |_| {
        let dir = fs::scratch_dir("rebuild")?;
        let path = dir.path().to_owned();
        scratch.push(dir);
        Ok(path)
    })?;
    Ok(made.files.into_iter().map(|file| file.artifact).collect())
}

/// Gives a fresh directory that only its owner can enter, outside every repository; the word tells several apart.
type Ground<'g> = dyn FnMut(&'static str) -> Result<PathBuf> + 'g;

/// What every build of a commit shares.
struct Workshop<'a> {
    repo: &'a Repo,
    commit: Oid,
    /// `SOURCE_DATE_EPOCH`: the commit's time.
    epoch: i64,
    version: &'a Version,
    interrupt: &'a Interrupt,
}

/// A finished file, still where it was built.
struct File {
    artifact: Artifact,
    path: PathBuf,
    claim: Claim,
}

/// What came of a build, sorted by name.
struct Made {
    files: Vec<File>,
    toolchain: Toolchain,
    reproducible: BTreeMap<String, bool>,
    silent: BTreeSet<String>,
}

impl Workshop<'_> {
    /// Crates first, while the checkout is untouched; then binaries; then whatever commands make, in the configured order.
    fn make(&self, artifacts: &[NewArtifact], repeat: Repeat, ground: &mut Ground<'_>) -> Result<Made> {
        let dir = self.checkout(ground("")?)?;
        let mut files = self.crates(artifacts, &dir)?;
        let mut toolchain = Toolchain {
            cargo: cargo::version(&dir)?,
            compiler: None,
        };
        let mut reproducible = BTreeMap::new();
        let others = artifacts
            .iter()
            .any(|made| !matches!(made.recipe, Recipe::Crate { .. }));
        if others {
            let site = Site::ready(&dir, self.epoch, self.interrupt)?;
            if artifacts.iter().any(is_binary) {
                cargo::require_cargo(&dir)?;
                let compiler = site.compiler()?;
                site.fetch(&targets(artifacts, &compiler.host))?;
                toolchain.compiler = Some(compiler);
            }
            site.furnish()?;
            let binaries = self.binaries(artifacts, &site)?;
            if repeat == Repeat::Twice && !binaries.is_empty() {
                reproducible = self.again(artifacts, &binaries, ground)?;
            }
            files.extend(binaries);
            files.extend(self.commands(artifacts, &site, &dir)?);
        }
        files.sort_by(|a, b| a.artifact.cmp(&b.artifact));
        Ok(Made {
            silent: self.silent(artifacts, &files)?,
            files,
            toolchain,
            reproducible,
        })
    }

    /// Holds every file against the commit; gives the names of those that do not say which one they are from.
    fn silent(&self, artifacts: &[NewArtifact], files: &[File]) -> Result<BTreeSet<String>> {
        let mut silent = BTreeSet::new();
        for file in files {
            let name = &file.artifact.name;
            if let Some(artifact) = artifacts.iter().find(|artifact| artifact.name == *name)
                && !identity::check(self.repo, self.commit, artifact, &file.path, file.claim)?
            {
                silent.insert(name.clone());
            }
        }
        Ok(silent)
    }

    fn checkout(&self, dir: PathBuf) -> Result<PathBuf> {
        fs::no_cargo_configuration_above(&dir, fs::CargoHome::Admitted)?;
        checkout::pristine(self.repo, self.commit, &dir)?;
        Ok(dir)
    }

    /// All crates, by one call of cargo.
    fn crates(&self, artifacts: &[NewArtifact], dir: &Path) -> Result<Vec<File>> {
        let packages: Vec<&str> = artifacts
            .iter()
            .filter_map(|artifact| match &artifact.recipe {
                Recipe::Crate { package } => Some(package.as_str()),
                Recipe::Binary { .. } | Recipe::File { .. } => None,
            })
            .collect();
        if packages.is_empty() {
            return Ok(Vec::new());
        }
        let made = cargo::package(dir, &packages, self.epoch, self.interrupt)?;
        let crates = artifacts
            .iter()
            .filter(|artifact| matches!(artifact.recipe, Recipe::Crate { .. }));
        crates
            .map(|artifact| {
                let path = made
                    .iter()
                    .find(|path| path.file_name() == Some(artifact.name.as_ref()));
                let path = path.ok_or_else(|| Error::Unexpected(format!("cargo did not make `{}`", artifact.name)))?;
                File::of(artifact, path.clone(), Claim::Due)
            })
            .collect()
    }

    fn binaries(&self, artifacts: &[NewArtifact], site: &Site<'_>) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for artifact in artifacts {
            let Recipe::Binary { package, bin, target } = &artifact.recipe else {
                continue;
            };
            let target = target.as_deref();
            let stamp = if stamp::fits(&site.target_cfg(target)?) {
                let text = stamp::text(self.commit, self.version, package);
                Some(site.object(&artifact.name, &stamp::source(&text), target)?)
            } else {
                None
            };
            let binary = Binary { package, bin, target };
            let claim = if stamp.is_some() { Claim::Due } else { Claim::Free };
            files.push(File::of(artifact, site.binary(&binary, stamp.as_deref())?, claim)?);
        }
        Ok(files)
    }

    /// Builds the binaries once more, in another directory; says of each whether the bytes agree.
    fn again(
        &self,
        artifacts: &[NewArtifact],
        first: &[File],
        ground: &mut Ground<'_>,
    ) -> Result<BTreeMap<String, bool>> {
        let dir = self.checkout(ground("-again")?)?;
        let site = Site::ready(&dir, self.epoch, self.interrupt)?;
        site.furnish()?;
        let second = self.binaries(artifacts, &site)?;
        let pairs = first.iter().zip(&second);
        Ok(pairs
            .map(|(first, second)| (first.artifact.name.clone(), first.artifact == second.artifact))
            .collect())
    }

    fn commands(&self, artifacts: &[NewArtifact], site: &Site<'_>, dir: &Path) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for artifact in artifacts {
            let Recipe::File { command, path } = &artifact.recipe else {
                continue;
            };
            site.command(command)?;
            files.push(File::of(artifact, inside(dir, path)?, Claim::Free)?);
        }
        Ok(files)
    }
}

fn is_binary(artifact: &NewArtifact) -> bool {
    matches!(artifact.recipe, Recipe::Binary { .. })
}

/// Every target that something is compiled for: the host runs build scripts.
fn targets<'a>(artifacts: &'a [NewArtifact], host: &'a str) -> Vec<&'a str> {
    let mut targets = vec![host];
    for artifact in artifacts {
        if let Recipe::Binary {
            target: Some(target), ..
        } = &artifact.recipe
            && !targets.contains(&target.as_str())
        {
            targets.push(target);
        }
    }
    targets
}

/// The regular file that a command left at `path`. A link may not lead out of the checkout, nor into its `.git`.
///
/// # Errors
/// `Unsupported`, naming the path, where there is none.
fn inside(checkout: &Path, path: &str) -> Result<PathBuf> {
    let refused = |why: &str| {
        let what = format!("the build left `{path}` {why}");
        Err(Error::unsupported(
            what,
            "correct `build` or `path` of that [[artifact]]",
        ))
    };
    let (top, found) = (fs::canonical(checkout), fs::canonical(&checkout.join(path)));
    match fs::stat(&found)? {
        None => refused("out"),
        Some(_) if !found.starts_with(&top) || found.starts_with(top.join(".git")) => {
            refused("as a link that leads out of the checkout")
        }
        Some(found) if !found.is_file() => refused("as something that is no file"),
        Some(_) => Ok(found),
    }
}

impl File {
    fn of(artifact: &NewArtifact, path: PathBuf, claim: Claim) -> Result<Self> {
        let bytes =
            fs::read_large(&path)?.ok_or_else(|| Error::Unexpected(format!("`{}` vanished", path.display())))?;
        Ok(Self {
            artifact: Artifact {
                name: artifact.name.clone(),
                digest: Digest::of(&bytes),
            },
            path,
            claim,
        })
    }

    /// Copies the file, and demands that it is still the one whose digest was taken.
    fn keep(&self, shelf: &Shelf) -> Result<()> {
        let changed = || Error::Unexpected(format!("`{}` changed while it was built", self.path.display()));
        let bytes = fs::read_large(&self.path)?.ok_or_else(changed)?;
        if Digest::of(&bytes) != self.artifact.digest {
            return Err(changed());
        }
        let mode = if fs::is_executable(&self.path)? { 0o755 } else { 0o644 };
        shelf.stage(&self.artifact.name, &bytes, mode)
    }
}

/// Whether the finished artifacts still lie where the journal says they were put.
pub(super) fn still_there(directory: &Path, artifacts: &[Artifact]) -> Result<bool> {
    for artifact in artifacts {
        let bytes = fs::read_large(&directory.join(&artifact.name))?;
        if bytes.map(|bytes| Digest::of(&bytes)) != Some(artifact.digest) {
            return Ok(false);
        }
    }
    Ok(true)
}
