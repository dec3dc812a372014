//! The door through which files below a directory are written and deleted, without following links.
//!
//! A path that is named by a commit, a configuration or a journal can hold a symbolic link that leads anywhere. Here each
//! part of a path is opened below the one before it, and a link is never followed, whoever put it there, also while this
//! works (openat(2), `O_NOFOLLOW`).

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{Error, Result};

/// A directory below which files are written and deleted.
#[derive(Debug)]
pub(crate) struct Door {
    root: PathBuf,
    handle: OwnedFd,
}

/// How a directory below is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Made,
    Told,
}

impl Door {
    /// Opens the directory, which may itself be reached by links: it is the user who named it.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let handle = rustix::fs::open(root, DIRECTORY - OFlags::NOFOLLOW, Mode::empty());
        Ok(Self {
            handle: handle.map_err(|errno| failed("open", root.to_owned(), errno))?,
            root: root.to_owned(),
        })
    }

    /// Makes a directory and its parents.
    ///
    /// # Errors
    /// `Unsupported`, naming it, where a part of the path is a link or a file.
    pub(crate) fn create_dir(&self, below: &Path) -> Result<()> {
        self.enter(below, Missing::Made).map(drop)
    }

    /// Writes a file: a temporary one beside it, fsync, rename, fsync of the directory. A link that stands there is replaced,
    /// not followed.
    pub(crate) fn write(&self, below: &Path, bytes: &[u8], mode: u32) -> Result<()> {
        let (parent, name) = split(below)?;
        let dir = self.enter(parent, Missing::Made)?;
        let fail = |errno| failed("write", self.root.join(below), errno);
        let mut temporary = std::ffi::OsString::from(".sentinel-");
        temporary.push(name);
        remove_name(&dir, &temporary).map_err(fail)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&dir, &temporary, flags, Mode::from_raw_mode(mode)).map_err(fail)?;
        let mut file = std::fs::File::from(file);
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.map_err(|source| Error::File {
            verb: "write",
            path: self.root.join(below),
            source,
        })?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)).map_err(fail)?;
        rustix::fs::renameat(&dir, &temporary, &dir, name).map_err(fail)?;
        rustix::fs::fsync(&dir).map_err(fail)
    }

    /// Moves a file or directory and makes its new name durable.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let ((old_parent, old), (new_parent, new)) = (split(from)?, split(to)?);
        let (old_dir, new_dir) = (
            self.enter(old_parent, Missing::Told)?,
            self.enter(new_parent, Missing::Made)?,
        );
        let fail = |errno| failed("rename", self.root.join(from), errno);
        rustix::fs::renameat(&old_dir, old, &new_dir, new).map_err(fail)?;
        rustix::fs::fsync(&new_dir).map_err(fail)
    }

    /// Removes whatever stands at a path, a directory with all that it holds. Where nothing stands there, or the path would
    /// have to follow a link, there is nothing below this directory to remove.
    pub(crate) fn remove(&self, below: &Path) -> Result<()> {
        let (parent, name) = split(below)?;
        match self.entered(parent)? {
            Some(dir) => remove_below(&dir, name).map_err(|errno| failed("remove", self.root.join(below), errno)),
            None => Ok(()),
        }
    }

    /// Removes a file or a link; one that is gone already is what was wanted.
    pub(crate) fn remove_file(&self, below: &Path) -> Result<()> {
        let (parent, name) = split(below)?;
        match self.entered(parent)? {
            Some(dir) => remove_name(&dir, name).map_err(|errno| failed("remove", self.root.join(below), errno)),
            None => Ok(()),
        }
    }

    /// Removes a directory that is empty; says whether it did.
    pub(crate) fn remove_empty_dir(&self, below: &Path) -> Result<bool> {
        let (parent, name) = split(below)?;
        let Some(dir) = self.entered(parent)? else {
            return Ok(false);
        };
        Ok(rustix::fs::unlinkat(&dir, name, AtFlags::REMOVEDIR).is_ok())
    }

    /// A directory below, where it can be entered without following a link.
    fn entered(&self, below: &Path) -> Result<Option<OwnedFd>> {
        match self.walk(below, Missing::Told) {
            Ok(dir) => Ok(Some(dir)),
            Err((_, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)) => Ok(None),
            Err((path, errno)) => Err(failed("open", path, errno)),
        }
    }

    fn enter(&self, below: &Path, missing: Missing) -> Result<OwnedFd> {
        self.walk(below, missing).map_err(|(path, errno)| match errno {
            Errno::LOOP | Errno::NOTDIR => Error::unsupported(
                format!(
                    "`{}` is a link or a file, and nothing is written through it",
                    path.display()
                ),
                format!("put a directory in its place: rm '{}'", path.display()),
            ),
            errno => failed("open", path, errno),
        })
    }

    fn walk(&self, below: &Path, missing: Missing) -> std::result::Result<OwnedFd, (PathBuf, Errno)> {
        let mut path = self.root.clone();
        let mut dir = rustix::io::fcntl_dupfd_cloexec(&self.handle, 0).map_err(|errno| (path.clone(), errno))?;
        for part in below.components() {
            let Component::Normal(part) = part else {
                return Err((self.root.join(below), Errno::NOTDIR));
            };
            path.push(part);
            let fail = |errno| (path.clone(), errno);
            if missing == Missing::Made {
                match rustix::fs::mkdirat(&dir, part, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(fail(errno)),
                }
            }
            dir = rustix::fs::openat(&dir, part, DIRECTORY, Mode::empty()).map_err(fail)?;
        }
        Ok(dir)
    }
}

/// A directory and no link to one.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

fn failed(verb: &'static str, path: PathBuf, errno: Errno) -> Error {
    Error::File {
        verb,
        path,
        source: errno.into(),
    }
}

/// The directory and the name of a path below another.
fn split(below: &Path) -> Result<(&Path, &OsStr)> {
    let parts = below.parent().zip(below.file_name());
    parts.ok_or_else(|| Error::Unexpected(format!("`{}` is not the path of a file", below.display())))
}

fn remove_name(dir: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Removes a name, and below a directory all names, each below the handle of its own directory.
fn remove_below(dir: &OwnedFd, name: &OsStr) -> rustix::io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let found = match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return remove_name(dir, name);
    }
    let inner = rustix::fs::openat(dir, name, DIRECTORY, Mode::empty())?;
    for entry in rustix::fs::Dir::read_from(&inner)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            remove_below(&inner, OsStr::from_bytes(name))?;
        }
    }
    rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR)
}

#[cfg(test)]
mod tests {
    use super::super::fs;
    use super::*;

    /// A directory with links of every kind that lead to `outside`, and what lies there.
    fn trapped() -> (tempfile::TempDir, Door, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        for made in [&root.join("a"), &outside] {
            fs::create_dir(made).unwrap();
        }
        fs::write_scratch(&outside.join("file"), b"precious").unwrap();
        fs::link(Path::new("../outside"), &root.join("link")).unwrap();
        fs::link(&outside, &root.join("a/absolute")).unwrap();
        fs::link(Path::new("../outside/file"), &root.join("to-a-file")).unwrap();
        (dir, Door::open(&root).unwrap(), outside)
    }

    #[test]
    fn nothing_leads_outside() {
        let (_dir, door, outside) = trapped();
        for path in [
            "link/x",
            "link/y/x",
            "a/absolute/x",
            "../outside/x",
            "/x",
            "a/../../outside/x",
        ] {
            let path = Path::new(path);
            assert!(door.write(path, b"x", 0o644).is_err(), "{}", path.display());
            assert!(door.create_dir(path).is_err(), "{}", path.display());
            assert!(door.rename(Path::new("a"), path).is_err(), "{}", path.display());
        }
        for path in ["link/file", "a/absolute/file", "../outside/file"] {
            drop(door.remove(Path::new(path)));
        }
        door.write(Path::new("to-a-file"), b"x", 0o644).unwrap();
        for path in ["link", "a", "to-a-file"] {
            door.remove(Path::new(path)).unwrap();
        }
        assert_eq!(fs::list(&outside).unwrap(), [outside.join("file")]);
        assert_eq!(fs::read(&outside.join("file")).unwrap().unwrap(), b"precious");
    }

    #[test]
    fn what_is_written_is_there_and_what_is_removed_is_gone() {
        let (_dir, door, outside) = trapped();
        let root = outside.parent().unwrap().join("root");
        door.write(Path::new("b/c/file"), b"x", 0o755).unwrap();
        assert!(fs::is_executable(&root.join("b/c/file")).unwrap());
        door.rename(Path::new("b/c"), Path::new("d")).unwrap();
        assert_eq!(fs::read(&root.join("d/file")).unwrap().unwrap(), b"x");
        assert!(door.remove_empty_dir(Path::new("b")).unwrap());
        assert!(!door.remove_empty_dir(Path::new("d")).unwrap());
        door.remove(Path::new("d")).unwrap();
        door.remove(Path::new("nothing/there")).unwrap();
        assert_eq!(fs::stat(&root.join("d")).unwrap().map(drop), None);
    }
}
