//! Effects. The only rooms that touch the world: processes, files, the clock, the environment.
//!
//! Nothing here decides: each function does one thing it was told to, or observes one thing, and says what came of it.

pub(crate) mod brought;
pub(crate) mod cargo;
pub(crate) mod checkout;
pub(crate) mod clock;
pub(crate) mod compile;
pub(crate) mod door;
pub(crate) mod env;
#[cfg(test)]
pub(crate) mod faults;
pub(crate) mod fs;
pub(crate) mod git_read;
mod git_tree;
pub(crate) mod git_write;
pub(crate) mod gpg;
pub(crate) mod handed;
mod head;
pub(crate) mod history;
pub(crate) mod index_lock;
pub(crate) mod interrupt;
pub(crate) mod merge;
pub(crate) mod net;
pub(crate) mod proc;
mod revision;
pub(crate) mod sign;
pub(crate) mod stored;
pub(crate) mod submodule;
pub(crate) mod tree_digest;
pub(crate) mod worktree;
mod worktrees;

use std::path::PathBuf;

/// What went wrong with the world, and with which part of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory is in no git repository.
    #[error("`{}` is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    /// git's variable for serving a part of a repository is set: refs would be looked for, and pushed to, elsewhere.
    #[error("GIT_NAMESPACE is set, to `{0}`, and a release belongs to the whole repository")]
    Namespace(String),
    /// Something is of a kind that is refused by name.
    #[error("{what}")]
    Unsupported {
        /// What, and which.
        what: String,
        /// What mends it.
        remedy: String,
    },
    /// Reading objects, refs or configuration failed.
    #[error("cannot read {what}: {why}")]
    Git {
        /// What was read.
        what: String,
        /// The reader's own words.
        why: String,
    },
    /// A shallow clone's boundary may hide the last release.
    #[error("the clone is shallow, and what it hides may hold the last release")]
    Shallow,
    /// A file could not be read or written.
    #[error("cannot {verb} `{}`: {source}", path.display())]
    File {
        /// What was attempted, such as `write`.
        verb: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program, as it was looked up.
        program: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program ended with a failure.
    #[error("`{argv}` failed ({status}){}", said(stderr))]
    Failed {
        /// The program and its arguments.
        argv: String,
        /// How it ended, such as `exit status: 1`.
        status: String,
        /// What it said, for people; nothing is decided from it.
        stderr: String,
    },
    /// A program did not end in time and was killed.
    #[error("`{argv}` did not end within {deadline_secs} s")]
    TimedOut {
        /// The program and its arguments.
        argv: String,
        /// The deadline, in seconds.
        deadline_secs: u64,
    },
    /// A program of an interrupted run is still at work.
    #[error("process {pid}, started by the interrupted run, is still at work")]
    Busy {
        /// The process.
        pid: u32,
    },
    /// The run is being taken back.
    #[error("run {0} is being taken back")]
    BeingUndone(String),
    /// What was done cannot be taken back.
    #[error("`{step}` was done and cannot be taken back: {why}")]
    Irreversible {
        /// The step's title.
        step: String,
        /// Why not.
        why: String,
    },
    /// A remote does not say what it has.
    #[error("`{remote}` does not answer: {why}")]
    Silent {
        /// The remote.
        remote: String,
        /// What git said instead, or how long it was waited for.
        why: String,
    },
    /// The remote did not take a push; nothing landed there.
    #[error("the remote `{remote}` did not take the push{}{}", moved_on(moved), said(stderr))]
    Refused {
        /// The remote.
        remote: String,
        /// Refs that hold neither the expected nor the new value, with what they hold.
        moved: Vec<String>,
        /// What git and the remote said, for people.
        stderr: String,
    },
    /// A tag that was made does not verify.
    #[error("the tag {tag} does not verify, and was thrown away: {why}")]
    Unverified {
        /// Its name.
        tag: String,
        /// Everything that is wrong.
        why: String,
    },
    /// What was built is not what the commit holds, or does not say so.
    #[error("`{artifact}` was built, and is not the commit's: {why}")]
    Foreign {
        /// The artifact's name.
        artifact: String,
        /// Everything that is wrong.
        why: String,
    },
    /// Somebody else moved what a run was to move; nothing was touched.
    #[error("{what}")]
    Moved {
        /// What, and which.
        what: String,
        /// The command that leads out.
        remedy: String,
    },
    /// A journal is not one that this program wrote for this repository and this user, or says what its command never plans.
    #[error("{what}")]
    Journal {
        /// Which, and why.
        what: String,
        /// The command that leads out.
        remedy: String,
    },
    /// Another git process holds a lock; nothing was touched.
    #[error("`{}` is there: another git process is at work, or was killed", .0.display())]
    Held(PathBuf),
    /// What a run cut is released.
    #[error("{version} is released: the tag {tag} names {at}, and a published release cannot be undone")]
    Published {
        /// The version.
        version: String,
        /// The release's tag.
        tag: String,
        /// The commit that it names.
        at: String,
        /// Whether the run was left unfinished.
        open: bool,
    },
    /// A run failed, and what it had done could not be taken back.
    #[error("{why}; what was done could not be taken back: {stuck}")]
    Stuck {
        /// What failed first.
        why: Box<Error>,
        /// What failed when it was to be taken back.
        stuck: Box<Error>,
    },
    /// A person asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The world is in a state that no step of ours leaves behind; nothing was touched.
    #[error("{0}")]
    Unexpected(String),
}

fn said(stderr: &str) -> String {
    let text = stderr.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!(":\n{text}")
    }
}

fn moved_on(moved: &[String]) -> String {
    if moved.is_empty() {
        String::new()
    } else {
        format!("; it moved on meanwhile: {}", moved.join(", "))
    }
}

/// A result of touching the world.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Wraps the answer of the object database, the ref store or the configuration.
    pub(crate) fn git(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Git {
            what: what.into(),
            why: why.to_string(),
        }
    }

    /// Refuses something by name.
    pub(crate) fn unsupported(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// An error with its causes, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}
