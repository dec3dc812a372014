//! What a use case answers when it cannot do what was asked, and the exit code that follows.

use std::io::ErrorKind;

use crate::core::check::{Finding, Verdict};
use crate::core::credentials::struck;
use crate::core::plan::PlanError;
use crate::engine::probe::{ProbeError, SettingsError};
use crate::host;
use crate::notes::NotesError;

/// The kind of an error. Each has one exit code, the same on every front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A rule says no, or nothing matches what was asked.
    Blocked,
    /// Something is unhealthy, tampered with, or does not match.
    Critical,
    /// The state is unknown; a person is needed.
    Unknown,
    /// Interrupted; `resume` goes on.
    Interrupted,
    /// The command line or the configuration is wrong.
    Usage,
    /// A fault of this program, or of the machine.
    Internal,
    /// Another release holds the lock.
    Locked,
}

impl Kind {
    /// The exit code (cli.md, "Exit codes").
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Blocked => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
            Self::Interrupted => 4,
            Self::Usage => 64,
            Self::Internal => 70,
            Self::Locked => 75,
        }
    }

    /// The word in `sentinel.error/1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
            Self::Interrupted => "interrupted",
            Self::Usage => "usage",
            Self::Internal => "internal",
            Self::Locked => "locked",
        }
    }
}

/// An error: its kind, what and which, and the commands that mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind.
    pub kind: Kind,
    /// What, and which.
    pub message: String,
    /// What to run next.
    pub hints: Vec<String>,
    /// Every refusal, where checks refused.
    pub findings: Vec<Finding>,
}

impl Error {
    /// An error without hints.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: struck(&message.into()).into_owned(),
            hints: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Adds a command that mends it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<host::Error> for Error {
    fn from(error: host::Error) -> Self {
        use host::Error as E;
        let message = error.to_string();
        match error {
            E::NotARepository(_) => Self::new(Kind::Blocked, message).hint("git init, or -C DIR"),
            E::Namespace(_) => Self::new(Kind::Blocked, message).hint("unset GIT_NAMESPACE"),
            E::Unsupported { remedy, .. } => Self::new(Kind::Blocked, message).hint(remedy),
            E::Shallow => Self::new(Kind::Blocked, message).hint("git fetch --unshallow --tags"),
            E::Git { .. } => Self::new(Kind::Blocked, message).hint("git fsck"),
            E::Start { program, .. } => {
                Self::new(Kind::Blocked, message).hint(format!("install `{program}`, or put it on PATH"))
            }
            E::Unverified { .. } => Self::new(Kind::Critical, message).hint("cargo sentinel status"),
            E::Foreign { .. } => {
                Self::new(Kind::Critical, message).hint("see what takes part in the build: cargo package --list")
            }
            E::Failed { .. } | E::TimedOut { .. } => Self::new(Kind::Blocked, message),
            E::Silent { remote, .. } => Self::new(Kind::Blocked, message).hint(format!(
                "git ls-remote {remote}, and when it answers, the command again"
            )),
            E::Refused { remote, .. } => Self::new(Kind::Blocked, message).hint(format!(
                "nothing was changed; see what `{remote}` demands, then run the command again"
            )),
            E::BeingUndone(_) => Self::new(Kind::Blocked, message).hint("cargo sentinel undo"),
            E::Irreversible { .. } => Self::new(Kind::Blocked, message).hint("cargo sentinel resume"),
            E::Busy { .. } => Self::new(Kind::Locked, message).hint("wait for it to end, then run the command again"),
            E::Moved { remedy, .. } | E::Journal { remedy, .. } => Self::new(Kind::Unknown, message).hint(remedy),
            E::Held(path) => Self::new(Kind::Locked, message).hint(format!(
                "wait for that process to end; where none is at work: rm '{}'",
                path.display()
            )),
            E::Published { tag, open, .. } => Self::new(Kind::Blocked, message).hint(if open {
                "cargo sentinel resume".to_owned()
            } else {
                format!("cargo sentinel verify {tag}")
            }),
            E::Interrupted => {
                Self::new(Kind::Interrupted, message).hint("cargo sentinel resume, or cargo sentinel undo")
            }
            E::Unexpected(_) => Self::new(Kind::Unknown, message).hint("cargo sentinel status"),
            E::File { source, .. } => {
                let full = matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                let error = Self::new(Kind::Internal, message);
                if full {
                    error.hint("make room on that disk: df -h")
                } else {
                    error
                }
            }
            E::Stuck { why, stuck } => {
                let (why, stuck) = (Self::from(*why), Self::from(*stuck));
                let mut hints = why.hints;
                hints.extend(stuck.hints);
                hints.dedup();
                Self {
                    hints,
                    ..Self::new(why.kind, message)
                }
            }
        }
    }
}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Host(error) => error.into(),
            SettingsError::Invalid(_)
            | SettingsError::Absent(_)
            | SettingsError::Encoding(_)
            | SettingsError::Large(_) => Self::new(Kind::Usage, error.to_string()),
        }
    }
}

impl From<ProbeError> for Error {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Host(error) => error.into(),
            ProbeError::Settings(error) => error.into(),
            ProbeError::NoSource(why, remedy) => Self::new(Kind::Blocked, why).hint(remedy),
        }
    }
}

impl From<NotesError> for Error {
    fn from(error: NotesError) -> Self {
        Self::new(Kind::Internal, error.to_string())
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Self {
        let findings = match error {
            PlanError::Inconsistent(_) => return Self::new(Kind::Internal, error.to_string()),
            PlanError::Blocked(findings) => findings,
        };
        let refusals: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| finding.verdict != Verdict::Pass)
            .collect();
        let critical = refusals.iter().any(|finding| finding.verdict == Verdict::Critical);
        let kind = if critical { Kind::Critical } else { Kind::Blocked };
        let message = match refusals.as_slice() {
            [only] => only.because.clone(),
            several => format!(
                "{} checks refuse: {}",
                several.len(),
                several
                    .iter()
                    .map(|finding| finding.because.as_str())
                    .collect::<Vec<_>>()
                    .join("; ")
            ),
        };
        let mut hints: Vec<String> = refusals.iter().filter_map(|finding| finding.remedy.clone()).collect();
        hints.dedup();
        Self {
            kind,
            message,
            hints,
            findings: refusals,
        }
    }
}
