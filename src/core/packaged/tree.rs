//! Paths in a commit: joined, and followed through symbolic links as cargo follows them when it packs.

use crate::core::ids::Oid;

/// The most links on the way to one file; what Linux allows too (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// A commit's files, asked for one by one.
pub trait Commit {
    /// Why an object cannot be read.
    type Error;

    /// What stands at a path, links not followed; the path's directories are directories.
    ///
    /// # Errors
    /// When a tree cannot be read.
    fn entry(&self, path: &str) -> Result<Option<TreeEntry>, Self::Error>;

    /// A blob's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    fn blob(&self, id: Oid) -> Result<Vec<u8>, Self::Error>;

    /// The files of a submodule's commit; `None` where its repository is not at hand.
    ///
    /// # Errors
    /// When it is, and cannot be read.
    fn submodule(&self, commit: Oid) -> Result<Option<Inner<'_, Self::Error>>, Self::Error>;

    /// The index of a registry that the commit names and does not describe; `None` where nobody knows it.
    ///
    /// # Errors
    /// When it cannot be looked up.
    fn registry(&self, name: &str) -> Result<Option<String>, Self::Error>;
}

/// The files of another repository's commit.
pub type Inner<'a, Error> = Box<dyn Commit<Error = Error> + 'a>;

/// What stands at a path of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeEntry {
    /// A regular file.
    File {
        /// Its bytes.
        blob: Oid,
        /// Whether it is executable.
        executable: bool,
    },
    /// A symbolic link; the blob is its target.
    Link(Oid),
    /// A directory.
    Directory,
    /// Another repository's commit.
    Submodule(Oid),
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    File {
        blob: Oid,
        executable: bool,
        /// Where it is, links followed.
        path: String,
        /// The blob of the link that stands at the path itself, where one does.
        link: Option<Oid>,
    },
    Directory,
    Submodule {
        at: String,
        commit: Oid,
    },
    /// A link, with its blob, to somewhere outside the commit or to nothing.
    Dangling(Oid),
    Nothing,
}

/// Follows a path.
pub(super) fn resolve<C: Commit + ?Sized>(path: &str, commit: &C) -> Result<Found, C::Error> {
    let mut rest: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
    let mut at = String::new();
    let mut link = None;
    let mut followed = 0;
    while let Some(part) = rest.pop() {
        let here = if at.is_empty() { part } else { format!("{at}/{part}") };
        match commit.entry(&here)? {
            None => return Ok(link.map_or(Found::Nothing, Found::Dangling)),
            Some(TreeEntry::Directory) => at = here,
            Some(TreeEntry::Submodule(id)) => {
                rest.reverse();
                return within(commit, id, here, &rest.join("/"));
            }
            Some(TreeEntry::File { blob, executable }) if rest.is_empty() => {
                return Ok(Found::File {
                    blob,
                    executable,
                    path: here,
                    link,
                });
            }
            Some(TreeEntry::File { .. }) => return Ok(link.map_or(Found::Nothing, Found::Dangling)),
            Some(TreeEntry::Link(id)) => {
                followed += 1;
                if rest.is_empty() && here == path {
                    link = Some(id);
                }
                let target = commit.blob(id)?;
                let target = std::str::from_utf8(&target)
                    .ok()
                    .and_then(|text| join(parent(&here), text));
                let Some(target) = target.filter(|_| followed <= LINKS_MAX) else {
                    return Ok(Found::Dangling(id));
                };
                at = String::new();
                rest.extend(target.rsplit('/').filter(|part| !part.is_empty()).map(str::to_owned));
            }
        }
    }
    Ok(Found::Directory)
}

/// Follows a path that goes on in a submodule. Links do not lead out of it.
fn within<C: Commit + ?Sized>(outer: &C, id: Oid, at: String, below: &str) -> Result<Found, C::Error> {
    let Some(inner) = outer.submodule(id)? else {
        return Ok(Found::Submodule { at, commit: id });
    };
    Ok(match resolve(below, &*inner)? {
        Found::File {
            blob,
            executable,
            path,
            link,
        } => Found::File {
            blob,
            executable,
            path: format!("{at}/{path}"),
            link,
        },
        Found::Submodule { at: deeper, commit } => Found::Submodule {
            at: format!("{at}/{deeper}"),
            commit,
        },
        found @ (Found::Directory | Found::Dangling(_) | Found::Nothing) => found,
    })
}

/// The directory of a path; empty for the top.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The path `relative` to a directory; `None` where it is absolute or climbs above the top.
pub(super) fn join(dir: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
