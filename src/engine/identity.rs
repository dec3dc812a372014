//! What a built file says of itself is held against the commit that it was built from, before anything names it.
//!
//! Of a `.crate` every file is compared as well. A file that says nothing is bound by its digest alone.

use std::path::Path;

use super::packaged::CommitFiles;
use crate::core::artifact::{self, Identity};
use crate::core::build::{NewArtifact, Recipe};
use crate::core::ids::Oid;
use crate::core::packaged::{self, Crate};
use crate::host::git_read::Repo;
use crate::host::{Error, Result, fs};

/// Whether a built file must say which commit it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It was given the means: cargo wrote the commit into it, or it was stamped.
    Due,
    /// Whatever made it may or may not have.
    Free,
}

/// Holds a built file against its commit; says whether it names it.
///
/// # Errors
/// `Foreign` where it names another commit, none although it must, or holds what the commit does not.
pub(super) fn check(repo: &Repo, commit: Oid, artifact: &NewArtifact, path: &Path, claim: Claim) -> Result<bool> {
    let foreign = |why: String| Error::Foreign {
        artifact: artifact.name.clone(),
        why,
    };
    if let Recipe::Crate { .. } = artifact.recipe {
        return check_crate(repo, commit, path)?.map_or(Ok(true), |why| Err(foreign(why)));
    }
    let mut file = open(path)?;
    let inspected = artifact::inspect(&mut file, &artifact.name);
    let inspected =
        inspected.map_err(|error| Error::Unexpected(format!("cannot read `{}`: {error}", path.display())))?;
    let identity = inspected.identity.map_err(|damage| foreign(damage.to_string()))?;
    match (&identity, claim) {
        (Some(identity), _) => wrong(identity, commit).map_or(Ok(true), |why| Err(foreign(why))),
        (None, Claim::Free) => Ok(false),
        (None, Claim::Due) => Err(foreign(
            "the linker left out the section that names the commit".to_owned(),
        )),
    }
}

fn open(path: &Path) -> Result<std::fs::File> {
    fs::open(path)?.ok_or_else(|| Error::Unexpected(format!("`{}` vanished", path.display())))
}

/// What is wrong with what a file says.
fn wrong(identity: &Identity, commit: Oid) -> Option<String> {
    if identity.commit != commit {
        return Some(format!("its {} names the commit {}", identity.said_by, identity.commit));
    }
    identity
        .dirty
        .then(|| format!("its {} says that files had changed", identity.said_by))
}

/// What is wrong with a package: what it says, or any of its files.
fn check_crate(repo: &Repo, commit: Oid, path: &Path) -> Result<Option<String>> {
    let package = match Crate::read(&mut open(path)?, repo.object_hash()) {
        Ok(package) => package,
        Err(damage) => return Ok(Some(damage.to_string())),
    };
    let Some(identity) = &package.identity else {
        return Ok(Some("cargo did not write the commit into it".to_owned()));
    };
    if let Some(why) = wrong(identity, commit) {
        return Ok(Some(why));
    }
    let Some(dir) = &identity.path_in_vcs else {
        return Ok(Some(
            "it does not say where in the repository its package is".to_owned(),
        ));
    };
    let findings = packaged::compare(&package, dir, &CommitFiles::of(repo, commit)?)?;
    let strays: Vec<String> = findings
        .iter()
        .filter(|finding| !finding.relation.is_accounted_for())
        .map(|finding| {
            let because = finding.because.as_deref().unwrap_or("the commit does not have it");
            format!("{} {}: {because}", finding.path, finding.relation.as_str())
        })
        .collect();
    Ok((!strays.is_empty()).then(|| strays.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::stamp;
    use crate::support;

    fn fixture() -> (support::repo::Repo, Repo, Oid) {
        let fixture = support::repo::Repo::flow();
        let repo = Repo::discover(&fixture.dir()).unwrap();
        let commit = Oid::from_hex(fixture.git("rev-parse HEAD").as_bytes()).unwrap();
        (fixture, repo, commit)
    }

    fn file(text: &str, recipe: Recipe, name: &str) -> (tempfile::TempDir, NewArtifact) {
        let dir = tempfile::tempdir().unwrap();
        fs::write_scratch(&dir.path().join(name), text.as_bytes()).unwrap();
        let name = name.to_owned();
        (dir, NewArtifact { name, recipe })
    }

    #[test]
    fn what_must_name_its_commit_and_does_not_is_refused() {
        let (_fixture, repo, commit) = fixture();
        let recipe = Recipe::File {
            command: vec!["true".to_owned()],
            path: "x".to_owned(),
        };
        let (dir, artifact) = file("plain", recipe, "x");
        let path = dir.path().join("x");
        assert!(!check(&repo, commit, &artifact, &path, Claim::Free).unwrap());
        let refused = check(&repo, commit, &artifact, &path, Claim::Due).unwrap_err();
        assert!(refused.to_string().contains("the linker left out"), "{refused}");
        let other = Identity {
            commit: Oid::from_hex(&[b'a'; 40]).unwrap(),
            dirty: false,
            path_in_vcs: None,
            package: None,
            version: None,
            said_by: stamp::SECTION,
        };
        assert!(wrong(&other, commit).unwrap().contains("names the commit aaaa"));
        let dirty = Identity {
            commit,
            dirty: true,
            ..other
        };
        assert!(wrong(&dirty, commit).is_some());
    }

    /// A package whose files are another commit's, and one whose commit is another.
    #[test]
    fn a_package_of_another_commit_is_refused() {
        let (fixture, repo, commit) = fixture();
        fixture.write("src/lib.rs", "//! Another demo.\n");
        let other = Oid::from_hex(fixture.commit("feat: another").as_bytes()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        crate::host::checkout::pristine(&repo, other, dir.path()).unwrap();
        let interrupt = crate::host::interrupt::Interrupt::default();
        let made = crate::host::cargo::package(dir.path(), &["demo"], 0, &interrupt).unwrap();
        let recipe = Recipe::Crate {
            package: "demo".to_owned(),
        };
        let artifact = NewArtifact {
            name: "demo-0.1.0.crate".to_owned(),
            recipe,
        };
        assert!(check(&repo, other, &artifact, &made[0], Claim::Due).unwrap());
        let refused = check(&repo, commit, &artifact, &made[0], Claim::Due).unwrap_err();
        assert!(refused.to_string().contains("names the commit"), "{refused}");
    }
}
