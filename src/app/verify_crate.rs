//! `verify --crate`: any published package against any clone of its repository.

use std::path::{Path, PathBuf};

use super::artifact::open;
use super::{Context, Error, Kind};
use crate::core::artifact;
use crate::core::ids::{Digest, Oid, TagName};
use crate::core::packaged::verdict::{Basis, Checked, Compared, Observed, TagForm, judge, tag_form};
use crate::core::packaged::{Crate, compare, version_at};
use crate::engine::packaged::CommitFiles;
use crate::host::git_read::Repo;
use crate::host::{cargo, fs};

/// What was asked.
#[derive(Debug, Clone)]
pub struct CrateOptions {
    /// A `.crate` file, or `NAME@VERSION`.
    pub package: String,
    /// A directory in the repository; without it, the context's.
    pub repo: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct CrateAnswer {
    /// The file that was read.
    pub file: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// The package.
    pub package: Crate,
    /// What was observed of its repository.
    pub observed: Observed,
    /// Every check, in the order of the contract.
    pub checks: Vec<Checked>,
}

impl CrateAnswer {
    /// The word for the whole, and its exit code.
    pub fn verdict(&self) -> (&'static str, u8) {
        if self.checks.iter().all(|check| check.code.is_none()) {
            ("SAFE", 0)
        } else {
            ("CRITICAL", Kind::Critical.exit_code())
        }
    }
}

/// Verifies a package. Reads no `sentinel.toml`, and needs no tag of ours.
///
/// # Errors
/// `Blocked` where the package cannot be had or there is no repository; `Critical` where the file is damaged.
pub fn verify_crate(context: &Context, options: &CrateOptions) -> Result<CrateAnswer, Error> {
    let dir = options.repo.as_ref().map(|dir| context.dir.join(dir));
    let repo = Repo::discover(dir.as_deref().unwrap_or(&context.dir))?;
    let file = package_file(context, &options.package)?;
    let path = context.dir.join(&file);
    let mut opened = open(&path, &file)?;
    let unread = |error| Error::new(Kind::Internal, format!("cannot read `{}`: {error}", file.display()));
    let digest = artifact::inspect(&mut opened, "").map_err(unread)?.digest;
    let package = Crate::read(&mut opened, repo.object_hash()).map_err(|damage| {
        Error::new(Kind::Critical, format!("`{}` is damaged: {damage}", file.display()))
            .hint("get the file again from where it was published")
    })?;
    let observed = observe(&package, &repo)?;
    let checks = judge(&package, &observed);
    Ok(CrateAnswer {
        file,
        digest,
        package,
        observed,
        checks,
    })
}

/// The file that is meant: itself, or one in cargo's cache, fetched by cargo where need be.
fn package_file(context: &Context, named: &str) -> Result<PathBuf, Error> {
    let path = Path::new(named);
    let Some((name, version)) = named.split_once('@').filter(|_| !context.dir.join(path).exists()) else {
        return Ok(path.to_owned());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) || semver::Version::parse(version).is_err()
    {
        return Err(
            Error::new(Kind::Usage, format!("`{named}` is neither a file nor NAME@VERSION"))
                .hint("cargo sentinel verify --crate serde@1.0.0"),
        );
    }
    let mut cached = cargo::cached(name, version)?;
    if cached.is_empty() {
        let scratch = fs::scratch_dir("fetch")?;
        let fetched = cargo::fetch(scratch.path(), name, version, &context.interrupt);
        cached = cargo::cached(name, version)?;
        if cached.is_empty() {
            let error = match fetched {
                Ok(()) => Error::new(Kind::Blocked, format!("cargo did not fetch {name} {version}")),
                Err(error) => error.into(),
            };
            return Err(error.hint("of a version that was yanked, give the .crate file itself"));
        }
    }
    match cached.as_slice() {
        [only] => Ok(only.clone()),
        several => {
            let files: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            let message = format!("{} registries have {name} {version}", several.len());
            Err(Error::new(Kind::Blocked, message).hint(format!("give the file: {}", files.join(", or "))))
        }
    }
}

fn observe(package: &Crate, repo: &Repo) -> Result<Observed, Error> {
    let named = package.identity.as_ref().map(|identity| identity.commit);
    let commit_is_here = match named {
        // An id of the other hash is none of this repository.
        Some(commit) => commit.kind() == repo.object_hash() && repo.is_commit(commit)?,
        None => false,
    };
    let tags = tags_of(package, repo)?;
    let basis = match (named.filter(|_| commit_is_here), tags.first()) {
        (Some(commit), _) => Some((commit, Basis::Named)),
        (None, Some((tag, commit))) => Some((*commit, Basis::Tag(tag.clone()))),
        (None, None) => None,
    };
    let compared = basis.map(|(commit, basis)| held_against(package, repo, commit, basis));
    Ok(Observed {
        commit_is_here,
        tags,
        compared: compared.transpose()?,
    })
}

fn held_against(package: &Crate, repo: &Repo, commit: Oid, basis: Basis) -> Result<Compared, Error> {
    let files = CommitFiles::of(repo, commit)?;
    let dir = directory(package, &files)?;
    let findings = match &dir {
        Some(dir) => compare(package, dir, &files)?,
        None => Vec::new(),
    };
    Ok(Compared {
        commit,
        basis,
        dir,
        files: findings,
    })
}

/// The package's directory: as it says, else where its manifest is.
fn directory(package: &Crate, files: &CommitFiles<'_>) -> Result<Option<String>, Error> {
    let said = package
        .identity
        .as_ref()
        .and_then(|identity| identity.path_in_vcs.clone());
    match said {
        Some(said) => Ok(Some(said)),
        None => Ok(package.directory(&files.manifests()?, files)?),
    }
}

/// The tags of the package's version, by name, with the commits they are on. Those that name the package leave the others out.
fn tags_of(package: &Crate, repo: &Repo) -> Result<Vec<(TagName, Oid)>, Error> {
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for reference in repo.ref_names("refs/tags/")? {
        let Ok(tag) = TagName::new(reference.name.short()) else {
            continue;
        };
        let Some(form) = tag_form(tag.as_str(), &package.name, &package.version) else {
            continue;
        };
        // A tag of anything but a commit is no version's.
        let Some(commit) = repo.peel(reference.id)? else {
            continue;
        };
        if repo.is_commit(commit)? {
            match form {
                TagForm::Own => own.push((tag, commit)),
                TagForm::Shared => shared.push((tag, commit)),
            }
        }
    }
    if own.is_empty() {
        for (tag, commit) in shared {
            let files = CommitFiles::of(repo, commit)?;
            if let Some(dir) = directory(package, &files)?
                && version_at(&dir, &files)?.as_deref() == Some(&package.version)
            {
                own.push((tag, commit));
            }
        }
    }
    own.sort();
    Ok(own)
}
