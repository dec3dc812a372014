//! Checks: what must hold before a release goes on, one table of them, and what each found.
//!
//! A check looks at facts and says `Pass`, `Fail`, `Critical` or `Unknown`, with the reason and the command that mends
//! it. Every check that applies runs; a refusal names them all.

use super::checks;
use super::facts::Facts;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It could not be seen. A gate reads this as a refusal.
    Unknown,
    /// It does not hold.
    Fail,
    /// Something is unhealthy, tampered with, or does not match.
    Critical,
}

impl Verdict {
    /// The word that JSON and people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Unknown => "UNKNOWN",
            Self::Fail => "FAIL",
            Self::Critical => "CRITICAL",
        }
    }
}

/// One check's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check's id, such as `tree`.
    pub check: &'static str,
    /// What it found.
    pub verdict: Verdict,
    /// Why: what, and which.
    pub because: String,
    /// The command that mends it, where one does.
    pub remedy: Option<String>,
}

impl Answer {
    /// It holds.
    pub(super) fn pass(because: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Pass,
            because: because.into(),
            remedy: None,
        }
    }

    /// It does not hold.
    pub(super) fn fail(because: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Fail,
            because: because.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// It could not be seen.
    pub(super) fn unknown(because: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            because: because.into(),
            remedy: Some(remedy.into()),
        }
    }
}

/// A finding before it bears the name of its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    verdict: Verdict,
    because: String,
    remedy: Option<String>,
}

/// Where a check belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `cargo sentinel check`.
    Gate,
    /// `cargo sentinel cut`.
    Cut,
    /// `cargo sentinel finish`.
    Finish,
    /// `cargo sentinel tag`.
    Tag,
}

/// A check, as the table lists it.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its id, part of the contract of `check --json`.
    pub id: &'static str,
    /// What it demands, for people.
    pub demands: &'static str,
    /// Where it runs.
    pub uses: &'static [Use],
    judge: fn(&Facts) -> Vec<Answer>,
}

/// Every check, in the order in which people read the findings.
pub const CHECKS: &[Check] = &[
    Check {
        id: "environment",
        demands: "the environment is one that the configuration names",
        uses: &[Use::Gate],
        judge: checks::environment::judge,
    },
    Check {
        id: "version",
        demands: "the version is SemVer, above the last release and not below what the commits ask for",
        uses: &[Use::Gate, Use::Cut],
        judge: checks::version::judge,
    },
    Check {
        id: "branch",
        demands: "a release may start from here",
        uses: &[Use::Gate, Use::Cut, Use::Finish],
        judge: checks::branch::judge,
    },
    Check {
        id: "tree",
        demands: "nothing is staged, changed or untracked",
        uses: &[Use::Gate, Use::Cut, Use::Finish],
        judge: checks::tree::judge,
    },
    Check {
        id: "operation",
        demands: "no merge, rebase, cherry-pick, revert or bisect is half done",
        uses: &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        judge: checks::tree::judge_operation,
    },
    Check {
        id: "history",
        demands: "the history is complete",
        uses: &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        judge: checks::history::judge,
    },
    Check {
        id: "remote",
        demands: "the remote answers, and the branches are in step with it",
        uses: &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        judge: checks::remote::judge,
    },
    Check {
        id: "tag",
        demands: "the tag is absent, locally and on the remote",
        uses: &[Use::Gate, Use::Cut, Use::Finish],
        judge: checks::names::judge_tag,
    },
    Check {
        id: "release-branch",
        demands: "the release branch is absent, locally and on the remote",
        uses: &[Use::Cut],
        judge: checks::names::judge_branch,
    },
    Check {
        id: "packages",
        demands: "the manifests can be read, and the packages share one version",
        uses: &[Use::Cut, Use::Finish, Use::Tag],
        judge: checks::content::judge_packages,
    },
    Check {
        id: "artifacts",
        demands: "what is configured to be released exists, each under a name of its own",
        uses: &[Use::Cut, Use::Finish, Use::Tag],
        judge: checks::artifacts::judge,
    },
    Check {
        id: "changelog",
        demands: "the CHANGELOG can be read and carries what the release is about",
        uses: &[Use::Cut, Use::Finish, Use::Tag],
        judge: checks::content::judge_changelog,
    },
    Check {
        id: "agreement",
        demands: "the manifests at the commit carry the version",
        uses: &[Use::Finish, Use::Tag],
        judge: checks::content::judge_agreement,
    },
    Check {
        id: "merges",
        demands: "production and integration take the release without conflict",
        uses: &[Use::Finish],
        judge: checks::merges::judge,
    },
    Check {
        id: "merged",
        demands: "what is tagged descends from the release branch",
        uses: &[Use::Tag],
        judge: checks::merges::judge_merged,
    },
    Check {
        id: "run",
        demands: "no release was left unfinished",
        uses: &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        judge: checks::run::judge,
    },
    Check {
        id: "identity",
        demands: "git knows who commits",
        uses: &[Use::Cut, Use::Finish, Use::Tag],
        judge: checks::signing::judge_identity,
    },
    Check {
        id: "signing",
        demands: "the key signs",
        uses: &[Use::Cut, Use::Finish, Use::Tag],
        judge: checks::signing::judge,
    },
    Check {
        id: "signer",
        demands: "the key is one that may sign releases",
        uses: &[Use::Finish, Use::Tag],
        judge: checks::signing::judge_signer,
    },
];

/// Runs every check that belongs to `purpose`, in the table's order. A check may have several findings.
pub fn run(purpose: Use, facts: &Facts) -> Vec<Finding> {
    let applicable = CHECKS.iter().filter(|check| check.uses.contains(&purpose));
    let named = |check: &'static Check| {
        let answers = (check.judge)(facts).into_iter();
        answers.map(|answer| Finding {
            check: check.id,
            verdict: answer.verdict,
            because: answer.because,
            remedy: answer.remedy,
        })
    };
    applicable.flat_map(named).collect()
}

/// A refusal found while planning, under the name of the check that it belongs to.
pub fn refusal(check: &'static str, because: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        check,
        verdict: Verdict::Fail,
        because: because.into(),
        remedy: Some(remedy.into()),
    }
}
