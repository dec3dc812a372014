//! What git hands to its hooks: the repository, an index, configuration and objects by way of the environment, refs by way
//! of standard input. Starts no process, except the hook that stood there before, which takes this one's place.
//!
//! Elsewhere these variables are scrubbed; a hook that did not heed them would look at another repository, another index,
//! or miss the objects that are still in quarantine (githooks(5), git-receive-pack(1)). Knows no rule.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::tree::EntryKind;

use super::env::var_os;
use super::git_read::Repo;
use super::{Error, Result, chain};
use crate::core::hooks::parameters::{self, Setting};
use crate::core::ids::Oid;

/// The repository as git hands it down, and what it hands down beside it.
#[derive(Debug)]
pub(crate) struct Handed {
    pub(crate) repo: Repo,
    /// Settings of the command line (`git -c`), in order.
    settings: Vec<Setting>,
    index: PathBuf,
    /// Objects that are not in the repository yet, made readable; goes when this value does.
    _overlay: Option<tempfile::TempDir>,
}

/// An entry of an index: its path, mode and blob.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staged<'i> {
    pub(crate) path: &'i BStr,
    pub(crate) kind: EntryKind,
    pub(crate) id: Oid,
}

/// An index, as far as hooks look at it.
#[derive(Debug)]
pub(crate) struct Index(gix::index::File);

impl Index {
    /// Reads an index. An absent one is empty.
    ///
    /// # Errors
    /// When it is not the structure of an index (gitformat-index(5)).
    pub(crate) fn read(path: &Path, hash: gix::hash::Kind) -> Result<Self> {
        // As git reads it: without its checksum, which costs more than all the rest. What is damaged shows in its structure,
        // or in blobs that are not there. One thread does for an index that is read once.
        let options = gix::index::decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        };
        let file = gix::index::File::at_or_default(path, hash, true, options);
        let unread = |error: gix::Error| Error::git(format!("the index `{}`", path.display()), chain(&error));
        file.map(Self).map_err(unread)
    }

    /// The entries without a conflict, in the index's order.
    ///
    /// # Errors
    /// When one has a mode that no tree has.
    pub(crate) fn entries(&self) -> Result<Vec<Staged<'_>>> {
        let mut found = Vec::with_capacity(self.0.entries().len());
        for entry in self.0.entries() {
            let path = entry.path(&self.0);
            let mode = entry.mode.to_tree_entry_mode();
            let mode = mode.ok_or_else(|| Error::git("the index", format!("`{path}` has no mode")))?;
            if entry.stage() == gix::index::entry::Stage::Unconflicted {
                found.push(Staged {
                    path,
                    kind: mode.kind(),
                    id: entry.id,
                });
            }
        }
        Ok(found)
    }

    /// The trees that git has written of it already, by directory (gitformat-index(5), "Cache tree"): what it would commit
    /// there, whatever the entries say.
    pub(crate) fn written(&self) -> Option<&gix::index::extension::Tree> {
        self.0.tree()
    }
}

impl Handed {
    /// Opens the repository that git works on, from `dir`, where it started the hook.
    ///
    /// # Errors
    /// As [`Repo::discover`]; where the configuration that is handed down is not what git writes; in a namespace, or with
    /// refs that lie elsewhere.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        for (name, what) in [
            ("GIT_NAMESPACE", "refs of a namespace"),
            ("GIT_COMMON_DIR", "refs that lie elsewhere"),
        ] {
            if var_os(name).is_some_and(|value| !value.is_empty()) {
                let what = format!("{name} is set, and {what} are not supported");
                return Err(Error::unsupported(what, format!("unset {name}")));
            }
        }
        let repo = match var_os("GIT_DIR") {
            Some(git_dir) => Repo::at(&dir.join(git_dir), Some(dir))?,
            None => Repo::found_from(dir)?,
        };
        let (repo, overlay) = with_objects(repo, dir)?;
        let index = index_file(dir, &repo.git_dir());
        Ok(Self {
            settings: settings()?,
            index,
            repo,
            _overlay: overlay,
        })
    }

    /// A setting that has no subsection: of the command line, else of the configuration files.
    pub(crate) fn setting(&self, key: &str) -> Option<Vec<u8>> {
        match parameters::last(&self.settings, key) {
            Some((_, value)) => Some(value.clone().unwrap_or_else(|| b"true".to_vec())),
            None => self.repo.config_text(key),
        }
    }

    /// The last of several keys that mean the same.
    pub(crate) fn last_setting(&self, keys: [&str; 2]) -> Option<Vec<u8>> {
        let ours = |(name, _): &&Setting| keys.iter().any(|key| name.eq_ignore_ascii_case(key));
        match self.settings.iter().rev().find(ours) {
            Some((_, value)) => value.clone(),
            None => keys.iter().find_map(|key| self.repo.config_text(key)),
        }
    }

    /// Reads the index that the commit is made from.
    ///
    /// # Errors
    /// As [`Index::read`].
    pub(crate) fn index(&self) -> Result<Index> {
        Index::read(&self.index, self.repo.object_hash())
    }
}

/// The index that the commit is made from: the one that git names to a hook that it started in `dir`, else the repository's.
pub(crate) fn index_file(dir: &Path, git_dir: &Path) -> PathBuf {
    let named = var_os("GIT_INDEX_FILE").filter(|path| !path.is_empty());
    named.map_or_else(|| git_dir.join("index"), |path| dir.join(path))
}

/// Whether git opened no editor: it says so by this one (git's `commit.c`, `run_commit_hook`).
pub(crate) fn no_editor() -> bool {
    var_os("GIT_EDITOR").is_some_and(|editor| editor == ":")
}

/// All of standard input.
pub(crate) fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|source| Error::File {
        verb: "read",
        path: "standard input".into(),
        source,
    })?;
    Ok(bytes)
}

/// Becomes the program at `path`, with this process's environment and, where it was read, its standard input again.
///
/// # Errors
/// Returns only where that fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a program takes this one's place: there is no child to wait for"
)]
pub(crate) fn become_hook(path: &Path, args: &[OsString], stdin: Option<&[u8]>) -> Error {
    use rustix::io::Errno;
    let mut command = Command::new(path);
    command.args(args);
    let mut source = match take_place(command, stdin) {
        Ok(source) => source,
        Err(error) => return error,
    };
    // Without a `#!` a file is the shell's, as git and execvp(3) have it; not every C library sees to that.
    if Errno::from_io_error(&source) == Some(Errno::NOEXEC) {
        let mut shell = Command::new("/bin/sh");
        shell.arg(path).args(args);
        source = match take_place(shell, stdin) {
            Ok(source) => source,
            Err(error) => return error,
        };
    }
    Error::Start {
        source,
        program: path.display().to_string(),
    }
}

/// Comes back with why it could not.
fn take_place(mut command: Command, stdin: Option<&[u8]>) -> Result<std::io::Error> {
    let file = stdin.map(replayed).transpose().map_err(|source| Error::File {
        verb: "write",
        path: "a temporary file".into(),
        source,
    })?;
    if let Some(file) = file {
        command.stdin(Stdio::from(file));
    }
    Ok(command.exec())
}

/// A file without a name, to be read from its beginning.
fn replayed(bytes: &[u8]) -> std::io::Result<std::fs::File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// `GIT_CONFIG_COUNT` first, then `GIT_CONFIG_PARAMETERS`, as git reads them (git-config(1), ENVIRONMENT).
fn settings() -> Result<Vec<Setting>> {
    let malformed = |name: &str, why: String| Error::git(format!("the variable {name}"), why);
    let mut found = Vec::new();
    if let Some(count) = var_os("GIT_CONFIG_COUNT").filter(|count| !count.is_empty()) {
        let number = count.to_str().and_then(|count| count.parse::<u16>().ok());
        let number = number.ok_or_else(|| malformed("GIT_CONFIG_COUNT", "it is no number".to_owned()))?;
        for at in 0..number {
            let variable = |part: &str| {
                let name = format!("GIT_CONFIG_{part}_{at}");
                var_os(&name).ok_or_else(|| malformed(&name, "it is not set".to_owned()))
            };
            let (key, value) = (variable("KEY")?, variable("VALUE")?);
            let key = key.into_string();
            let key = key.map_err(|_| malformed("GIT_CONFIG_KEY", "it is not UTF-8".to_owned()))?;
            found.push((key, Some(value.as_bytes().to_vec())));
        }
    }
    if let Some(text) = var_os("GIT_CONFIG_PARAMETERS") {
        let read = parameters::parse(text.as_bytes());
        found.extend(read.map_err(|at| malformed("GIT_CONFIG_PARAMETERS", format!("byte {at} is out of place")))?);
    }
    Ok(found)
}

/// Adds the object directories that the environment names: gix reads those of the repository alone. What is pushed lies in
/// one of them until the hook has agreed.
fn with_objects(repo: Repo, dir: &Path) -> Result<(Repo, Option<tempfile::TempDir>)> {
    let own = var_os("GIT_OBJECT_DIRECTORY").filter(|path| !path.is_empty());
    let others = var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").filter(|list| !list.is_empty());
    if own.is_none() && others.is_none() {
        return Ok((repo, None));
    }
    let mut dirs = vec![own.map_or_else(|| repo.common_dir().join("objects"), |path| dir.join(path))];
    dirs.extend(
        others
            .iter()
            .flat_map(|list| split_list(list))
            .map(|path| dir.join(path)),
    );
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some(path) = dirs.get(at) {
        // gix takes a path from there for one from the overlay.
        let more = borrowed(path)?;
        dirs.extend(more.into_iter().filter(|path| !dirs.contains(path)).collect::<Vec<_>>());
        at += 1;
    }
    for path in &dirs {
        let bytes = path.as_os_str().as_bytes();
        if bytes.contains(&b'\n') {
            let what = format!("the object directory `{}` has a line feed in its name", path.display());
            return Err(Error::unsupported(what, "move it to a path without one"));
        }
        lines.extend_from_slice(bytes);
        lines.push(b'\n');
    }
    let overlay = super::fs::scratch_dir("objects")?;
    super::fs::create_dir(&overlay.path().join("info"))?;
    super::fs::create_dir(&overlay.path().join("pack"))?;
    super::fs::write_scratch(&overlay.path().join("info/alternates"), &lines)?;
    // What the repository knows of its history is read beside its objects (git-commit-graph(1)).
    let own = super::fs::canonical(&repo.common_dir()).join("objects/info");
    for graph in ["commit-graph", "commit-graphs"] {
        if super::fs::stat(&own.join(graph))?.is_some() {
            super::fs::link(&own.join(graph), &overlay.path().join("info").join(graph))?;
        }
    }
    Ok((repo.with_object_dir(overlay.path())?, Some(overlay)))
}

/// The object directories that another borrows from by a path from its own (gitrepository-layout(5), `objects/info/alternates`).
fn borrowed(objects: &Path) -> Result<Vec<PathBuf>> {
    let text = super::fs::read(&objects.join("info/alternates"))?.unwrap_or_default();
    let relative = text.lines().map(|line| Path::new(OsStr::from_bytes(line)));
    let relative = relative.filter(|path| path.starts_with("..") || path.starts_with("."));
    Ok(relative.map(|path| super::fs::canonical(&objects.join(path))).collect())
}

/// The paths of a list that git separates by colons (git(1), `GIT_ALTERNATE_OBJECT_DIRECTORIES`); one in double quotes is
/// quoted as in C.
fn split_list(list: &OsStr) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut rest = list.as_bytes();
    while !rest.is_empty() {
        let unquoted = rest
            .starts_with(b"\"")
            .then(|| gix::quote::ansi_c::undo(rest.as_bstr()).ok());
        let (path, consumed) = match unquoted.flatten() {
            Some((path, consumed)) => (path.to_vec(), consumed),
            None => {
                let end = rest.find_byte(b':').unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_vec(), end)
            }
        };
        if !path.is_empty() {
            found.push(PathBuf::from(OsStr::from_bytes(&path)));
        }
        rest = rest.get(consumed..).unwrap_or_default();
        rest = rest.strip_prefix(b":").unwrap_or(rest);
    }
    found
}
