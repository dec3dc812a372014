//! What a built file says of itself is held against the commit that it was built from, before anything names it.
//!
//! Of a `.crate` every file is compared as well. A file that says nothing is bound by its digest alone.

use std::path::Path;

use super::given;
use crate::core::artifact::Identity;
use crate::core::build::NewArtifact;
use crate::core::facts::Fact;
use crate::core::ids::Oid;
use crate::core::packaged::FileFinding;
use crate::host::git_read::Repo;
use crate::host::{Error, Result};

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
    let seen = match given::look(repo, path, Some(commit)).seen {
        Fact::Known(seen) => seen,
        Fact::Unknown(why) => return Err(foreign(why)),
    };
    match seen.inspection.identity.map_err(|damage| foreign(damage.to_string()))? {
        Some(identity) => wrong(&identity, commit).map_or(Ok(()), |why| Err(foreign(why)))?,
        None if claim == Claim::Free => return Ok(false),
        None => return Err(foreign("it does not name its commit".to_owned())),
    }
    match seen.files {
        None => Ok(true),
        Some(Fact::Known(files)) => strays(&files).map_or(Ok(true), |why| Err(foreign(why))),
        Some(Fact::Unknown(why)) => Err(foreign(why)),
    }
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

/// The files of a package that its commit does not account for.
fn strays(files: &[FileFinding]) -> Option<String> {
    let strays: Vec<String> = files
        .iter()
        .filter(|file| !file.relation.is_accounted_for())
        .map(|file| {
            let because = file.because.as_deref().unwrap_or("the commit does not have it");
            format!("{} {}: {because}", file.path, file.relation.as_str())
        })
        .collect();
    (!strays.is_empty()).then(|| strays.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::build::Recipe;
    use crate::core::packaged::Relation;
    use crate::core::stamp;
    use crate::host::fs;
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
        assert!(refused.to_string().contains("does not name its commit"), "{refused}");
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
        let stray = FileFinding {
            path: "src/evil.rs".to_owned(),
            relation: Relation::OnlyInCrate,
            because: None,
        };
        assert_eq!(
            strays(&[stray]).unwrap(),
            "src/evil.rs only in crate: the commit does not have it"
        );
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
