//! A hooks directory: what stands in it, what was installed there, and changing it.
//!
//! The record (`sentinel/hooks.json` in the common git directory) is written before anything is moved, so that what stood
//! there before can be put back whenever an installation ends early. It says nothing once the repository was moved or copied,
//! except of the repository's own directory. Knows git's places; what may change is `core`'s to say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::hooks::HookName;
use crate::core::hooks::place::{Change, DISPLACED, Entry, Looked, Original, STRAYS, Scope, Standing};
use crate::core::hooks::shim::{self, Recognised};
use crate::core::ids::Digest;
use crate::host::git_read::Repo;
use crate::host::git_write::git;
use crate::host::{Error, Result, fs};

/// The format of the record that is written, and the newest that is read. The first named each directory by its whole path.
const SCHEMA: u32 = 2;

/// How large a hook may be that is asked whose it is.
const HOOK_BYTES_MAX: u64 = 1 << 24;

/// Everything that was installed, by directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    schema: u32,
    /// The common git directory, as it was then.
    #[serde(default)]
    repository: String,
    /// By path: from the common git directory, or whole where it lies elsewhere.
    places: BTreeMap<String, Place>,
    /// The common git directory, as it is now.
    #[serde(skip)]
    common: PathBuf,
}

/// What was installed in one directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The program's path in the shims; absent where they are for every machine.
    pub(crate) binary: Option<String>,
    /// Whether the directory was made for them.
    pub(crate) made: bool,
    /// What stood there before, by hook.
    pub(crate) hooks: BTreeMap<String, Option<Before>>,
}

/// A hook that stood there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    digest: String,
    mode: u32,
    target: Option<String>,
}

impl Before {
    fn of(original: &Original) -> Self {
        let target = original.target.as_ref();
        Self {
            digest: original.digest.to_string(),
            mode: original.mode,
            target: target.map(|target| target.to_string_lossy().into_owned()),
        }
    }

    fn original(&self) -> Option<Original> {
        Some(Original {
            digest: Digest::from_hex(&self.digest)?,
            mode: self.mode,
            target: self.target.as_ref().map(PathBuf::from),
            recognised: Recognised::Foreign,
            manager: None,
        })
    }
}

impl Record {
    /// Reads the record of a repository; an absent one is empty.
    ///
    /// # Errors
    /// When it is there and cannot be understood: what it says of others' hooks must not be guessed.
    pub(crate) fn read(repo: &Repo) -> Result<Self> {
        let path = record_path(repo);
        let common = fs::canonical(&repo.common_dir());
        let Some(bytes) = fs::read(&path)? else {
            return Ok(Self {
                schema: SCHEMA,
                repository: common.to_string_lossy().into_owned(),
                places: BTreeMap::new(),
                common,
            });
        };
        let what = || format!("the record of installed hooks, `{}`", path.display());
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| Error::git(what(), error))?;
        if !(1..=SCHEMA).contains(&record.schema) {
            return Err(Error::git(
                what(),
                format!("its schema is {}, known is {SCHEMA}", record.schema),
            ));
        }
        let is_here = record.schema == 1 || *record.repository == common.to_string_lossy();
        let mut read = Self {
            schema: SCHEMA,
            repository: common.to_string_lossy().into_owned(),
            places: BTreeMap::new(),
            common,
        };
        for (path, place) in record.places {
            // Elsewhere, the same path may be another repository's.
            if is_here || Path::new(&path).is_relative() {
                let path = read.key(&read.common.join(path));
                read.places.insert(path, place);
            }
        }
        Ok(read)
    }

    fn key(&self, dir: &Path) -> String {
        let key = dir.strip_prefix(&self.common).unwrap_or(dir);
        key.to_string_lossy().into_owned()
    }

    /// The directories in which something was installed.
    pub(crate) fn dirs(&self) -> Vec<PathBuf> {
        self.places.keys().map(|key| self.common.join(key)).collect()
    }

    /// Replaces the record.
    pub(crate) fn write(&self, repo: &Repo) -> Result<()> {
        let path = record_path(repo);
        if self.places.is_empty() {
            return fs::remove_file(&path);
        }
        fs::create_dir(path.parent().unwrap_or(Path::new(".")))?;
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Unexpected(error.to_string()))?;
        fs::write_atomic(&path, format!("{text}\n").as_bytes())
    }

    /// What was installed in a directory.
    pub(crate) fn place(&self, dir: &Path) -> Option<&Place> {
        self.places.get(&self.key(dir))
    }

    /// The same, to be changed; nothing, to begin with.
    pub(crate) fn place_mut(&mut self, dir: &Path) -> &mut Place {
        self.places.entry(self.key(dir)).or_default()
    }

    /// Forgets a directory.
    pub(crate) fn forget(&mut self, dir: &Path) {
        self.places.remove(&self.key(dir));
    }
}

impl Place {
    /// Notes that a hook is installed, and what it displaces.
    pub(crate) fn note(&mut self, hook: HookName, change: &Change) {
        match change {
            Change::Displace(original) => {
                self.hooks.insert(hook.as_str().to_owned(), Some(Before::of(original)));
            }
            Change::Write | Change::Overwrite => {
                self.hooks.entry(hook.as_str().to_owned()).or_insert(None);
            }
            Change::Keep => {}
            Change::Remove | Change::Restore => {
                self.hooks.remove(hook.as_str());
            }
        }
    }
}

fn record_path(repo: &Repo) -> PathBuf {
    repo.common_dir().join("sentinel").join("hooks.json")
}

/// Keeps others out while hooks are changed; `None` where they are at it for long.
///
/// # Errors
/// When the lock cannot be asked for.
pub(crate) fn lock(repo: &Repo) -> Result<Option<fs::Lock>> {
    let dir = repo.common_dir().join("sentinel");
    fs::create_dir(&dir)?;
    fs::Lock::try_acquire(&dir.join("hooks.lock"))
}

/// Where git looks for hooks: git-rev-parse(1) `--git-path`, git-config(1) `--show-scope`.
///
/// # Errors
/// When git does not say.
pub(crate) fn looked(repo: &Repo) -> Result<Looked> {
    let top = repo.top();
    let configured = hooks_path(&top)?;
    // git itself fails at an empty path.
    if let Some((_, value)) = &configured
        && value.is_empty()
    {
        return Ok(Looked {
            dir: PathBuf::new(),
            configured,
            in_tree: false,
            own: false,
        });
    }
    let mut dir = git(&top)
        .args(["rev-parse", "--path-format=absolute", "--git-path", "hooks"])
        .success()?;
    if dir.last() == Some(&b'\n') {
        dir.pop();
    }
    let dir = path_of(dir);
    let in_tree = match repo.workdir() {
        Some(top) => dir.starts_with(&top) && !dir.starts_with(repo.common_dir()) && !is_ignored(&top, &dir)?,
        None => false,
    };
    Ok(Looked {
        own: dir.starts_with(fs::canonical(&repo.common_dir())),
        dir,
        configured,
        in_tree,
    })
}

/// `core.hooksPath` as it counts here, with its scope.
fn hooks_path(top: &Path) -> Result<Option<(Scope, String)>> {
    let run = git(top).args(["config", "--show-scope", "-z", "--get", "core.hooksPath"]);
    let argv = run.argv();
    let said = run.output()?;
    // 1 stands for a key that is not set.
    match said.status.code() {
        Some(0) => {
            let mut fields = said.stdout.split(|byte| *byte == 0);
            let scope = match fields.next().unwrap_or_default() {
                b"local" => Scope::Repository,
                b"worktree" => Scope::Worktree,
                _ => Scope::Shared,
            };
            let value = fields.next().unwrap_or_default();
            Ok(Some((scope, String::from_utf8_lossy(value).into_owned())))
        }
        Some(1) => Ok(None),
        _ => Err(Error::Failed {
            argv,
            status: said.status.to_string(),
            stderr: said.stderr,
        }),
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    fs::canonical(Path::new(&std::ffi::OsString::from_vec(bytes)))
}

/// git-check-ignore(1): 0 where it is, 1 where it is not.
fn is_ignored(top: &Path, dir: &Path) -> Result<bool> {
    let run = git(top)
        .args(["check-ignore", "--quiet", "--"])
        .arg(dir.join("pre-commit"));
    let argv = run.argv();
    let said = run.output()?;
    match said.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(Error::Failed {
            argv,
            status: said.status.to_string(),
            stderr: said.stderr,
        }),
    }
}

/// What stands under a hook's names.
pub(crate) fn standing(dir: &Path, hook: HookName, place: Option<&Place>) -> Result<Standing> {
    let before = place
        .and_then(|place| place.hooks.get(hook.as_str()))
        .and_then(Option::as_ref);
    Ok(Standing {
        at: entry(&dir.join(hook.as_str()))?,
        displaced: entry(&aside(dir, hook))?,
        recorded: before.and_then(Before::original),
    })
}

/// Shims of ours that another manager moved aside: they would be run again after it, and stay for ever.
pub(crate) fn strays(dir: &Path, hook: HookName) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for suffix in STRAYS {
        let path = dir.join(format!("{hook}{suffix}"));
        if matches!(entry(&path)?, Entry::Hook(there) if there.recognised == Recognised::Intact) {
            found.push(path);
        }
    }
    Ok(found)
}

fn aside(dir: &Path, hook: HookName) -> PathBuf {
    dir.join(format!("{hook}{DISPLACED}"))
}

fn entry(path: &Path) -> Result<Entry> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let Some(found) = fs::stat(path)? else {
        return Ok(Entry::Nothing);
    };
    if found.is_symlink() {
        let target = fs::read_link(path)?;
        return Ok(Entry::Hook(Original {
            digest: Digest::of(target.as_os_str().as_bytes()),
            mode: 0,
            target: Some(target),
            recognised: Recognised::Foreign,
            manager: manager_behind(path)?,
        }));
    }
    if !found.is_file() {
        return Ok(Entry::Other);
    }
    let Some(text) = fs::read(path)? else {
        return Ok(Entry::Nothing);
    };
    Ok(Entry::Hook(Original {
        digest: Digest::of(&text),
        mode: found.permissions().mode() & 0o7777,
        target: None,
        recognised: shim::recognise(&text),
        manager: shim::manager(&text),
    }))
}

/// Whose hook a link leads to, if it leads to a file.
fn manager_behind(link: &Path) -> Result<Option<&'static str>> {
    let there = fs::canonical(link);
    let is_file = fs::stat(&there)?.is_some_and(|found| found.is_file());
    let text = if is_file {
        fs::read_bounded(&there, HOOK_BYTES_MAX)?
    } else {
        None
    };
    Ok(text.as_deref().and_then(shim::manager))
}

/// Carries a change out. Each file appears whole or not at all.
///
/// # Errors
/// When the directory is not writable; what stood there stands there still.
pub(crate) fn carry_out(dir: &Path, hook: HookName, change: &Change, binary: Option<&str>) -> Result<()> {
    let path = dir.join(hook.as_str());
    let write = || fs::write_executable(&path, shim::render(hook, binary).as_bytes());
    match change {
        Change::Keep => Ok(()),
        Change::Write | Change::Overwrite => write(),
        Change::Displace(_) => {
            fs::rename(&path, &aside(dir, hook))?;
            write()
        }
        Change::Remove => fs::remove_file(&path),
        Change::Restore => fs::rename(&aside(dir, hook), &path),
    }
}
