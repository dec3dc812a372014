//! Checks: what must hold before a release goes on, one table of them, and what each found.
//!
//! A check looks at facts and says `Pass`, `Fail`, `Critical` or `Unknown`, with the reason and the command that mends
//! it. Every check that applies runs; a refusal names them all.

use super::checks;
use super::facts::Facts;
use super::hooks::{self, Moment, Observed};

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
    /// The finding that bears the name of its check.
    pub(super) fn named(self, check: &'static str) -> Finding {
        Finding {
            check,
            verdict: self.verdict,
            because: self.because,
            remedy: self.remedy,
        }
    }

    /// Whether it holds and there is nothing to tell.
    pub(super) fn is_silent(&self) -> bool {
        self.verdict == Verdict::Pass && self.because.is_empty()
    }

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
    /// Where it runs among the release commands.
    pub uses: &'static [Use],
    /// Where it runs among the hooks.
    pub moments: &'static [Moment],
    judge: Judge,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
enum Judge {
    /// A release.
    Release(fn(&Facts) -> Vec<Answer>),
    /// What a hook sees.
    Hook(fn(&Observed) -> Vec<Answer>),
}

impl Check {
    const fn release(
        id: &'static str,
        demands: &'static str,
        uses: &'static [Use],
        judge: fn(&Facts) -> Vec<Answer>,
    ) -> Self {
        Self {
            id,
            demands,
            uses,
            moments: &[],
            judge: Judge::Release(judge),
        }
    }

    const fn hook(
        id: &'static str,
        demands: &'static str,
        moments: &'static [Moment],
        judge: fn(&Observed) -> Vec<Answer>,
    ) -> Self {
        Self {
            id,
            demands,
            uses: &[],
            moments,
            judge: Judge::Hook(judge),
        }
    }
}

/// Every check, in the order in which people read the findings.
pub const CHECKS: &[Check] = &[
    Check::release(
        "environment",
        "the environment is one that the configuration names",
        &[Use::Gate],
        checks::environment::judge,
    ),
    Check::release(
        "version",
        "the version is SemVer, above the last release and not below what the commits ask for",
        &[Use::Gate, Use::Cut],
        checks::version::judge,
    ),
    Check::release(
        "branch",
        "a release may start from here",
        &[Use::Gate, Use::Cut, Use::Finish],
        checks::branch::judge,
    ),
    Check::release(
        "tree",
        "nothing is staged, changed or untracked",
        &[Use::Gate, Use::Cut, Use::Finish],
        checks::tree::judge,
    ),
    Check::release(
        "operation",
        "no merge, rebase, cherry-pick, revert or bisect is half done",
        &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        checks::tree::judge_operation,
    ),
    Check::release(
        "history",
        "the history is complete",
        &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        checks::history::judge,
    ),
    Check::release(
        "remote",
        "the remote answers, and the branches are in step with it",
        &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        checks::remote::judge,
    ),
    Check::release(
        "tag",
        "the tag is absent, locally and on the remote",
        &[Use::Gate, Use::Cut, Use::Finish],
        checks::names::judge_tag,
    ),
    Check::release(
        "release-branch",
        "the release branch is absent, locally and on the remote",
        &[Use::Cut],
        checks::names::judge_branch,
    ),
    Check::release(
        "packages",
        "the manifests can be read, and the packages share one version",
        &[Use::Cut, Use::Finish, Use::Tag],
        checks::content::judge_packages,
    ),
    Check::release(
        "artifacts",
        "what is configured to be released exists, each under a name of its own",
        &[Use::Cut, Use::Finish, Use::Tag],
        checks::artifacts::judge,
    ),
    Check::release(
        "changelog",
        "the CHANGELOG can be read and carries what the release is about",
        &[Use::Cut, Use::Finish, Use::Tag],
        checks::content::judge_changelog,
    ),
    Check::release(
        "agreement",
        "the manifests at the commit carry the version",
        &[Use::Finish, Use::Tag],
        checks::content::judge_agreement,
    ),
    Check::release(
        "merges",
        "production and integration take the release without conflict",
        &[Use::Finish],
        checks::merges::judge,
    ),
    Check::release(
        "merged",
        "what is tagged descends from the release branch",
        &[Use::Tag],
        checks::merges::judge_merged,
    ),
    Check::release(
        "run",
        "no release was left unfinished",
        &[Use::Gate, Use::Cut, Use::Finish, Use::Tag],
        checks::run::judge,
    ),
    Check::release(
        "identity",
        "git knows who commits",
        &[Use::Cut, Use::Finish, Use::Tag],
        checks::signing::judge_identity,
    ),
    Check::release(
        "signing",
        "there is a key that will sign the release",
        &[Use::Gate, Use::Cut],
        checks::signing::judge_ahead,
    ),
    Check::release(
        "signing",
        "the key signs",
        &[Use::Finish, Use::Tag],
        checks::signing::judge,
    ),
    Check::release(
        "signer",
        "it is known who may sign the release",
        &[Use::Gate, Use::Cut],
        checks::signing::judge_signer_ahead,
    ),
    Check::release(
        "signer",
        "the key is one that may sign releases",
        &[Use::Finish, Use::Tag],
        checks::signing::judge_signer,
    ),
    Check::hook(
        "branch",
        "protected branches are moved by releases alone, release branches only forward",
        &[Moment::Commit, Moment::Push],
        hooks::judge_branch,
    ),
    Check::hook(
        "conflict",
        "no conflict marker is committed",
        &[Moment::Commit, Moment::Range],
        hooks::judge_conflict,
    ),
    Check::hook(
        "lockfile",
        "Cargo.lock is in step with the manifests",
        &[Moment::Commit, Moment::Range],
        hooks::judge_lockfile,
    ),
    Check::hook(
        "message",
        "commit messages are conventional",
        &[Moment::Message, Moment::Push, Moment::Range],
        hooks::judge_message,
    ),
    Check::hook(
        "secret",
        "no private key and no token is committed",
        &[Moment::Commit, Moment::Range],
        hooks::judge_secret,
    ),
    Check::hook(
        "tag",
        "a release tag verifies, is on production, and is never moved or deleted",
        &[Moment::Push],
        hooks::judge_tag,
    ),
];

/// Runs every check that belongs to `purpose`, in the table's order, and where the gate asks those of the gate among them. A
/// check may have several findings.
pub fn run(purpose: Use, facts: &Facts) -> Vec<Finding> {
    let gate = facts.ask.environment.is_some();
    let belongs = |check: &&Check| check.uses.contains(&purpose) || gate && check.uses.contains(&Use::Gate);
    let applicable = CHECKS.iter().filter(belongs);
    let judged = |check: &'static Check| match check.judge {
        Judge::Release(judge) => judge(facts).into_iter().map(|answer| answer.named(check.id)).collect(),
        Judge::Hook(_) => Vec::new(),
    };
    applicable.flat_map(judged).collect()
}

/// Runs every check that belongs to the moment of what was observed, in the table's order. What passes is told of only where
/// there is something to tell.
pub fn run_hooks(observed: &Observed) -> Vec<Finding> {
    let moment = observed.moment();
    let applicable = CHECKS.iter().filter(|check| check.moments.contains(&moment));
    let judged = |check: &'static Check| match check.judge {
        Judge::Hook(judge) => judge(observed)
            .into_iter()
            .map(|answer| answer.named(check.id))
            .collect(),
        Judge::Release(_) => Vec::new(),
    };
    applicable.flat_map(judged).collect()
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
