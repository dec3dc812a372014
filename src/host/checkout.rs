//! A pristine checkout: exactly the files of a commit, in a fresh repository that no configuration reaches.
//!
//! An `assume-unchanged` edit, a smudge filter, line-ending conversion and replaced objects all slip past a clean
//! `git status`; here every file is held against its blob before anything is built from it.

use std::path::{Path, PathBuf};

use gix::objs::tree::EntryKind;

use super::git_read::Repo;
use super::merge::isolated;
use super::submodule::Submodules;
use super::{Error, Result};
use crate::core::ids::Oid;

/// Attributes with the highest precedence (gitattributes(5)): no conversion of any kind.
const NO_CONVERSION: &[u8] = b"* -text !eol -ident !filter !working-tree-encoding\n";

/// Checks `commit` out into `dir`, which must be empty and outside every repository; its submodules too, at the commits that
/// it names, from what the clone keeps of them.
///
/// # Errors
/// When git fails, a file differs from its blob, or the clone does not have a submodule's commit.
pub(crate) fn pristine(repo: &Repo, commit: Oid, dir: &Path) -> Result<()> {
    let submodules = Submodules::of(repo)?;
    let mut pending = check_out(repo, commit, dir)?;
    while let Some(Link { at, commit }) = pending.pop() {
        let Some(module) = submodules.with_commit(commit)? else {
            let path = at.strip_prefix(dir).unwrap_or(&at).display();
            return Err(Error::unsupported(
                format!("the clone does not have the submodule `{path}` at its commit {commit}"),
                "git submodule update --init --recursive",
            ));
        };
        pending.extend(check_out(module, commit, &at)?);
    }
    Ok(())
}

/// A submodule: where it belongs, and its commit.
struct Link {
    at: PathBuf,
    commit: Oid,
}

/// Checks one repository's commit out; gives its submodules, of which there are empty directories.
fn check_out(repo: &Repo, commit: Oid, dir: &Path) -> Result<Vec<Link>> {
    let format = repo.object_hash().to_string();
    isolated(dir)
        .args([
            "init",
            "--quiet",
            "--template=",
            &format!("--object-format={format}"),
            ".",
        ])
        .success()?;
    let git_dir = dir.join(".git");
    super::fs::create_dir(&git_dir.join("objects/info"))?;
    super::fs::create_dir(&git_dir.join("info"))?;
    let alternates = format!("{}\n", repo.common_dir().join("objects").display());
    super::fs::write_scratch(&git_dir.join("objects/info/alternates"), alternates.as_bytes())?;
    super::fs::write_scratch(&git_dir.join("info/attributes"), NO_CONVERSION)?;
    isolated(dir)
        .args(["update-ref", "--no-deref", "HEAD", &commit.to_string()])
        .success()?;
    isolated(dir)
        .args([
            "-c",
            "core.autocrlf=false",
            "-c",
            "core.symlinks=true",
            "read-tree",
            "-u",
            "--reset",
            &commit.to_string(),
        ])
        .success()?;
    equals_tree(repo, repo.tree_of(commit)?, dir)
}

/// Demands that every file below `dir` holds its blob's bytes; gives the submodules.
fn equals_tree(repo: &Repo, tree: Oid, dir: &Path) -> Result<Vec<Link>> {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let (mut pending, mut links) = (vec![(tree, dir.to_owned())], Vec::new());
    while let Some((id, at)) = pending.pop() {
        for entry in repo.tree_entries(id)? {
            let path = at.join(std::ffi::OsStr::from_bytes(&entry.filename));
            let bytes = match entry.mode.kind() {
                EntryKind::Tree => {
                    pending.push((entry.oid, path));
                    continue;
                }
                EntryKind::Commit => {
                    links.push(Link {
                        at: path,
                        commit: entry.oid,
                    });
                    continue;
                }
                EntryKind::Link => Some(super::fs::read_link(&path)?.into_os_string().into_vec()),
                EntryKind::Blob | EntryKind::BlobExecutable => super::fs::read_large(&path)?,
            };
            let found = bytes.map(|bytes| gix::objs::compute_hash(repo.object_hash(), gix::objs::Kind::Blob, &bytes));
            let same = matches!(found, Some(Ok(found)) if found == entry.oid);
            if !same {
                return Err(Error::Unexpected(format!(
                    "`{}` was not checked out as the commit has it",
                    path.display()
                )));
            }
        }
    }
    Ok(links)
}
