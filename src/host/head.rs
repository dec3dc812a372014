//! Where HEAD stands. Starts no process and writes nothing.

use gix::bstr::ByteSlice as _;
use gix::refs::{FullName, Target};

use super::stored::exact;
use super::{Error, Result, chain, fs};
use crate::core::facts::Head;
use crate::core::ids::RefName;

/// How long a chain of symbolic refs may be: git's own limit (`refs.c`, `SYMREF_MAXDEPTH`).
const SYMBOLIC_MAX: usize = 5;

/// The branch that a commit would move: the last of a chain, where a branch is another one's name (git-symbolic-ref(1)).
///
/// # Errors
/// `Unsupported` where HEAD is a symbolic link, whose target only git tells from a commit's id.
pub(super) fn of(repo: &gix::Repository) -> Result<Head> {
    let unread = |error: gix::Error| Error::git("HEAD", chain(&error));
    if fs::stat(&repo.git_dir().join("HEAD"))?.is_some_and(|file| file.is_symlink()) {
        let remedy = "git config --unset core.preferSymlinkRefs; git symbolic-ref HEAD refs/heads/<branch>";
        return Err(Error::unsupported(
            "HEAD is a symbolic link, which is not supported",
            remedy,
        ));
    }
    let mut head = repo.head().map_err(unread)?;
    let full = head.referent_name().and_then(|name| ref_name(&name.to_owned()));
    let full = full.map(|full| last(repo, full)).transpose()?.flatten();
    let name = full.and_then(|full| full.branch());
    let tip = if head.is_unborn() {
        None
    } else {
        head.try_peel_to_id().map_err(unread)?.map(gix::Id::detach)
    };
    match (name, tip) {
        (Some(name), tip) => Ok(Head::Branch { name, tip }),
        (None, Some(commit)) => Ok(Head::Detached(commit)),
        (None, None) => Err(Error::git("HEAD", "it names neither a branch nor a commit")),
    }
}

/// The last of a chain of symbolic refs; `None` where one of them names no ref.
///
/// # Errors
/// When a ref cannot be read.
pub(super) fn last(repo: &gix::Repository, mut full: RefName) -> Result<Option<RefName>> {
    for _ in 0..SYMBOLIC_MAX {
        match exact(&repo.refs, &full)?.map(|found| found.target) {
            Some(Target::Symbolic(next)) => match ref_name(&next) {
                Some(next) => full = next,
                None => return Ok(None),
            },
            Some(Target::Object(_)) | None => break,
        }
    }
    Ok(Some(full))
}

fn ref_name(name: &FullName) -> Option<RefName> {
    RefName::new(name.as_bstr().to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::git_read::Repo;
    use crate::support::repo::Repo as World;

    fn branch(world: &World) -> Result<String> {
        match Repo::found_from(&world.dir()).unwrap().head()? {
            Head::Branch { name, .. } => Ok(name.to_string()),
            Head::Detached(id) => Ok(id.to_string()),
        }
    }

    #[test]
    fn the_last_of_a_chain_is_the_branch_that_moves() {
        let world = World::flow();
        world.git("symbolic-ref refs/heads/alias refs/heads/main");
        world.git("symbolic-ref refs/heads/other refs/heads/alias");
        world.git("symbolic-ref HEAD refs/heads/other");
        assert_eq!(branch(&world).unwrap(), "main");
        world.git("pack-refs --all");
        assert_eq!(branch(&world).unwrap(), "main");
        world.git("symbolic-ref HEAD refs/heads/unborn");
        assert_eq!(branch(&world).unwrap(), "unborn");
    }

    #[test]
    fn a_link_for_head_is_refused() {
        let world = World::flow();
        let head = world.dir().join(".git/HEAD");
        fs::remove_file(&head).unwrap();
        fs::link("refs/heads/main".as_ref(), &head).unwrap();
        assert_eq!(world.git("symbolic-ref HEAD"), "refs/heads/main");
        let error = branch(&world).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { remedy, .. } if remedy.contains("git symbolic-ref HEAD")));
    }
}
