//! Where hooks go, what stands there, and what installing or uninstalling would change.
//!
//! Pure: what stands in the directory comes in as data, changes go out as data. Knows neither files nor git.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::HookName;
use super::shim::{self, Recognised};
use super::staged::shell_word;
use crate::core::ids::Digest;

/// What is appended to the name of a hook that stood there before.
pub const DISPLACED: &str = ".pre-sentinel";

/// What other managers append to the name of a hook that they move aside, which may be ours: pre-commit and prek, lefthook.
pub const STRAYS: [&str; 2] = [".legacy", ".old"];

/// Where `core.hooksPath` is set (git-config(1), `--show-scope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// For the machine, the user, or this one command.
    Shared,
    /// For this repository.
    Repository,
    /// For this working tree.
    Worktree,
}

/// The directory in which git looks for hooks, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The directory.
    pub dir: PathBuf,
    /// `core.hooksPath` as written, with its scope; `None` where git looks below the git directory.
    pub configured: Option<(Scope, String)>,
    /// Whether it lies in the working tree and is not ignored: what is written there is meant for everybody.
    pub in_tree: bool,
    /// Whether it lies in the git directory: nobody else looks there.
    pub own: bool,
}

/// Why hooks cannot go there, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why not.
    pub because: String,
    /// What to run, or which lines to add.
    pub remedies: Vec<String>,
}

impl Refusal {
    fn new(because: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            because: because.into(),
            remedies: vec![remedy.into()],
        }
    }
}

/// Whether hooks may be installed where git looks. `into` is the directory that the user named, resolved.
///
/// # Errors
/// Why not: the place is not this repository's own, is another manager's, or everybody's and was not named.
pub fn admit(looked: &Looked, into: Option<&Path>, hooks: &[HookName]) -> Result<(), Refusal> {
    let shown = looked.dir.display();
    if let Some(named) = into.filter(|named| *named != looked.dir) {
        return Err(Refusal::new(
            format!("git looks for hooks in `{shown}`, not in `{}`", named.display()),
            format!("git config core.hooksPath {}", path_word(named)),
        ));
    }
    let Some((scope, value)) = &looked.configured else {
        if looked.own || into.is_some() {
            return Ok(());
        }
        return Err(Refusal::new(
            format!("the repository's hooks directory is a link to `{shown}`, which others may share"),
            format!("cargo sentinel hooks install --into {}", path_word(&looked.dir)),
        ));
    };
    if *scope == Scope::Shared {
        return Err(Refusal::new(
            format!("core.hooksPath is `{value}` for more than this repository; it is left alone"),
            "git config --local core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"",
        ));
    }
    if value.is_empty() || value == "/dev/null" {
        return Err(Refusal::new(
            format!("core.hooksPath is `{value}`: no hook runs here"),
            match scope {
                Scope::Worktree => "git config --worktree --unset-all core.hooksPath",
                Scope::Repository | Scope::Shared => "git config --unset-all core.hooksPath",
            },
        ));
    }
    if looked.dir.ends_with(".husky/_") || looked.dir.ends_with(".husky") {
        let lines = hooks
            .iter()
            .map(|hook| format!("add to .husky/{hook}: cargo-sentinel hook run {hook} \"$@\""));
        return Err(Refusal {
            because: format!("core.hooksPath is husky's own place, `{value}`, which husky writes anew"),
            remedies: lines.collect(),
        });
    }
    if looked.in_tree && into.is_none() {
        return Err(Refusal::new(
            format!("core.hooksPath is `{value}`, in the working tree: what is written there is everybody's"),
            format!("cargo sentinel hooks install --into {}", path_word(&looked.dir)),
        ));
    }
    Ok(())
}

/// A path as a shell takes it.
fn path_word(path: &Path) -> String {
    shell_word(path.as_os_str().as_bytes())
}

/// What stands at a path in the hooks directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Nothing,
    /// A file or a symbolic link.
    Hook(Original),
    /// Anything else.
    Other,
}

/// A file or symbolic link, as it is recorded and compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Of the file's bytes; of a link, of its target's name.
    pub digest: Digest,
    /// The permission bits; 0 for a link.
    pub mode: u32,
    /// Where a link points.
    pub target: Option<PathBuf>,
    /// What the file is; a link is somebody else's.
    pub recognised: Recognised,
    /// Whose it seems to be.
    pub manager: Option<&'static str>,
}

/// What stands under a hook's two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Under its name.
    pub at: Entry,
    /// Under its name with [`DISPLACED`].
    pub displaced: Entry,
    /// What the record says stood there before us.
    pub recorded: Option<Original>,
}

impl Standing {
    /// Whether the hook that is moved aside was moved by an installation: the record says so, or the shim that took its place.
    fn is_aside(&self) -> bool {
        let beside_shim = matches!(&self.at, Entry::Hook(entry) if entry.recognised == Recognised::Intact);
        matches!(self.displaced, Entry::Hook(_)) && (self.recorded.is_some() || beside_shim)
    }
}

/// One change to the hooks directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes a shim, in place of nothing or of an older shim.
    Write,
    /// Moves somebody else's hook aside, then writes a shim.
    Displace(Original),
    /// Replaces a hook that is moved aside already: its manager wrote it again.
    Overwrite,
    /// Nothing: it is as it should be.
    Keep,
    /// Removes a shim.
    Remove,
    /// Removes a shim, if there is one, and moves back what was aside.
    Restore,
}

/// What installing changes for one hook; `wanted` is the shim's digest.
///
/// # Errors
/// Where something stands in the way.
pub fn install(hook: HookName, standing: &Standing, wanted: Digest) -> Result<Change, Refusal> {
    let aside = format!("{hook}{DISPLACED}");
    if standing.displaced != Entry::Nothing && !standing.is_aside() {
        return Err(Refusal::new(
            format!("{aside} stands in the way, and nothing is known of it"),
            format!("move {aside} away, or back to {hook}"),
        ));
    }
    let entry = match &standing.at {
        Entry::Nothing => return Ok(Change::Write),
        Entry::Other => {
            return Err(Refusal::new(format!("{hook} is no file"), format!("move {hook} away")));
        }
        Entry::Hook(entry) => entry,
    };
    match entry.recognised {
        Recognised::Intact if entry.digest == wanted && entry.mode & 0o111 != 0 => Ok(Change::Keep),
        Recognised::Intact => Ok(Change::Write),
        Recognised::Edited => Err(Refusal::new(
            format!("{hook} is a shim that somebody edited"),
            format!("move the edit to a hook of its own, then remove {hook} and install again"),
        )),
        Recognised::Foreign => match &standing.displaced {
            Entry::Nothing => Ok(Change::Displace(entry.clone())),
            Entry::Hook(aside) if aside.digest == entry.digest && aside.target == entry.target => Ok(Change::Overwrite),
            // A manager's newer hook takes the place of its older one.
            Entry::Hook(aside) if entry.manager.is_some() && aside.manager == entry.manager => {
                Ok(Change::Displace(entry.clone()))
            }
            Entry::Hook(_) | Entry::Other => Err(Refusal::new(
                format!(
                    "{hook} was written by {}, and {aside} stands beside it",
                    entry.manager.unwrap_or("somebody else")
                ),
                format!("keep one of them: move {hook} to {aside}, or away"),
            )),
        },
    }
}

/// What uninstalling changes for one hook.
///
/// # Errors
/// Where what stands there is not what was written; it is left alone.
pub fn uninstall(hook: HookName, standing: &Standing) -> Result<Change, Refusal> {
    let aside = standing.is_aside();
    let back = if aside { Change::Restore } else { Change::Remove };
    match &standing.at {
        Entry::Nothing if aside => Ok(Change::Restore),
        Entry::Nothing => Ok(Change::Keep),
        Entry::Hook(entry) => match entry.recognised {
            Recognised::Intact => Ok(back),
            Recognised::Edited => Err(Refusal::new(
                format!("{hook} was edited and is left as it is"),
                format!("look at it, remove {hook}, then uninstall again"),
            )),
            Recognised::Foreign if aside => Err(Refusal::new(
                format!(
                    "{hook} was written by {} since and is left as it is",
                    entry.manager.unwrap_or("somebody else")
                ),
                format!("what stood there first is {hook}{DISPLACED}"),
            )),
            Recognised::Foreign => Ok(Change::Keep),
        },
        Entry::Other if aside => Err(Refusal::new(format!("{hook} is no file"), format!("move {hook} away"))),
        Entry::Other => Ok(Change::Keep),
    }
}

/// How a hook is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Installed,
    /// Nothing stands there.
    Missing,
    /// A shim of another version, or for another program.
    Stale,
    /// A shim that somebody edited.
    Edited,
    /// Somebody else's hook stands there.
    Displaced,
    /// git looks for hooks elsewhere.
    Shadowed,
    /// git passes over it: it is not executable.
    NotExecutable,
    /// The program that it was installed for is gone.
    BinaryGone,
}

impl State {
    /// The words that JSON and people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Edited => "edited",
            Self::Displaced => "displaced",
            Self::Shadowed => "shadowed",
            Self::NotExecutable => "not executable",
            Self::BinaryGone => "binary gone",
        }
    }
}

/// What status is judged from, beside what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// The digest of the shim that installing would write for the same program.
    pub wanted: Digest,
    /// Whether git looks where the hooks were installed.
    pub looked_at: bool,
    /// Whether the program that the shims name can be run.
    pub runnable: bool,
}

/// Judges one hook.
pub fn state(standing: &Standing, around: Surroundings) -> State {
    let Entry::Hook(entry) = &standing.at else {
        return match standing.at {
            Entry::Other => State::Displaced,
            Entry::Nothing | Entry::Hook(_) => State::Missing,
        };
    };
    match entry.recognised {
        Recognised::Foreign => State::Displaced,
        Recognised::Edited => State::Edited,
        Recognised::Intact if !around.looked_at => State::Shadowed,
        Recognised::Intact if entry.mode & 0o111 == 0 => State::NotExecutable,
        Recognised::Intact if !around.runnable => State::BinaryGone,
        Recognised::Intact if entry.digest != around.wanted => State::Stale,
        Recognised::Intact => State::Installed,
    }
}

/// The digest of the shim that belongs there.
pub fn wanted(hook: HookName, binary: Option<&str>) -> Digest {
    Digest::of(shim::render(hook, binary).as_bytes())
}

#[cfg(test)]
mod tests;
