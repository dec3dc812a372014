//! The CHANGELOG of a commit, or of the working tree.

use std::path::{Path, PathBuf};

use gix::objs::tree::EntryKind;

use crate::core::changelog::{self, ChangelogFile, FileError, Node, Tree};
use crate::core::ids::Oid;
use crate::core::policy::{Policy, RepoPath};
use crate::core::workspace::Workspace;
use crate::host::git_read::Repo;
use crate::host::{Error, Result, fs};

/// The file, or why none is taken for it: which one and in what state is a fact, not an error.
pub(crate) type Found = std::result::Result<ChangelogFile, FileError>;

/// The CHANGELOG of a commit's tree.
///
/// # Errors
/// When an object cannot be read.
pub(crate) fn in_tree(repo: &Repo, tree: Oid, policy: &Policy, workspace: Option<&Workspace>) -> Result<Found> {
    let commit = Committed { repo, tree };
    let path = match find(&commit, policy, workspace)? {
        Ok(path) => path,
        Err(why) => return Ok(Err(why)),
    };
    let bytes = repo.file_at(tree, &path)?;
    Ok(ChangelogFile::read(path, bytes.as_deref()))
}

/// The CHANGELOG below the top of a working tree, with the path to write to.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn on_disk(
    top: &Path,
    policy: &Policy,
    workspace: Option<&Workspace>,
) -> Result<std::result::Result<(ChangelogFile, PathBuf), FileError>> {
    let path = match find(&OnDisk { top }, policy, workspace)? {
        Ok(path) => path,
        Err(why) => return Ok(Err(why)),
    };
    let file = top.join(&path);
    let bytes = fs::read(&file)?;
    Ok(ChangelogFile::read(path, bytes.as_deref()).map(|read| (read, file)))
}

fn find<T: Tree>(
    tree: &T,
    policy: &Policy,
    workspace: Option<&Workspace>,
) -> std::result::Result<std::result::Result<String, FileError>, T::Error> {
    let configured = policy.release.changelog.as_ref().map(RepoPath::as_str);
    let packages = workspace.into_iter().flat_map(|workspace| &workspace.packages);
    let directories: Vec<&str> = packages
        .map(|package| package.manifest.rsplit_once('/').map_or("", |(directory, _)| directory))
        .collect();
    changelog::find(tree, configured, &directories)
}

struct Committed<'a> {
    repo: &'a Repo,
    tree: Oid,
}

impl Committed<'_> {
    fn entries(&self, directory: &str) -> Result<Vec<gix::objs::tree::Entry>> {
        let mut at = self.tree;
        for part in directory.split('/').filter(|part| !part.is_empty()) {
            let entries = self.repo.tree_entries(at)?;
            let below = entries.iter().find(|entry| entry.filename == part);
            match below.filter(|entry| entry.mode.kind() == EntryKind::Tree) {
                Some(entry) => at = entry.oid,
                None => return Ok(Vec::new()),
            }
        }
        self.repo.tree_entries(at)
    }
}

impl Tree for Committed<'_> {
    type Error = Error;

    fn names(&self, directory: &str) -> Result<Vec<String>> {
        let entries = self.entries(directory)?;
        Ok(entries.iter().map(|entry| entry.filename.to_string()).collect())
    }

    fn node(&self, path: &str) -> Result<Option<Node>> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = self.entries(directory)?;
        let Some(entry) = entries.iter().find(|entry| entry.filename == name) else {
            return Ok(None);
        };
        Ok(Some(match entry.mode.kind() {
            EntryKind::Tree => Node::Directory,
            EntryKind::Blob | EntryKind::BlobExecutable => Node::File,
            EntryKind::Link => Node::Link(changelog::decode(&self.repo.object(entry.oid)?.1)),
            EntryKind::Commit => Node::Other,
        }))
    }
}

struct OnDisk<'a> {
    top: &'a Path,
}

impl Tree for OnDisk<'_> {
    type Error = Error;

    fn names(&self, directory: &str) -> Result<Vec<String>> {
        let paths = fs::list(&self.top.join(directory))?;
        let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
        Ok(names.map(str::to_owned).collect())
    }

    fn node(&self, path: &str) -> Result<Option<Node>> {
        let path = self.top.join(path);
        let Some(found) = fs::stat(&path)? else {
            return Ok(None);
        };
        Ok(Some(if found.is_dir() {
            Node::Directory
        } else if found.is_file() {
            Node::File
        } else if found.is_symlink() {
            // A target that is not UTF-8 names no file that could be written to a tree by its path.
            fs::read_link(&path)?
                .to_str()
                .map_or(Node::Other, |target| Node::Link(target.to_owned()))
        } else {
            Node::Other
        }))
    }
}
