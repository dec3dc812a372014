//! `hook run`: what a hook says of a commit, a message or a push.
//!
//! Observes what the moment asks for, has the checks judge it, and lets go what may be skipped and is skipped with a reason,
//! which goes into the audit trail. Starts no process. Must not know how a refusal is printed.

mod chained;
mod glance;
pub(super) mod record;
mod tag;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Error, Kind};
use crate::core::check::{self, Finding, refusal};
use crate::core::facts::{Fact, Flow, RemoteChoice};
use crate::core::hooks::push::{Format, Line, parse};
use crate::core::hooks::skip::{self, Ask, Outcome};
use crate::core::hooks::{HookName, Observed};
use crate::core::ids::{BranchName, Oid, TagName};
use crate::core::policy::Policy;
use crate::engine::audit;
use crate::engine::probe::{self, brought, push};
use crate::host::git_read::Repo;
use crate::host::handed::{self, Handed};
use crate::host::stored::Stored;
use crate::host::{clock, env};
use record::Record;

/// How git called.
#[derive(Debug, Clone)]
pub struct HookCall {
    /// The hook.
    pub name: HookName,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The shim that called, beside which a hook may stand that was there before it.
    pub shim: Option<PathBuf>,
}

/// What the hook says.
#[derive(Debug, Clone)]
pub struct HookAnswer {
    /// What refuses, what was skipped, what is told.
    pub outcome: Outcome,
    /// What git said on standard input, for the hook that follows.
    stdin: Option<Vec<u8>>,
    /// The hook that stood there before and has its turn now.
    chained: Option<PathBuf>,
}

/// Runs a hook started in `dir`, as git starts it. Whatever goes wrong is a refusal.
pub fn hook(dir: &Path, call: &HookCall) -> HookAnswer {
    let stdin = match call.name.reads_stdin().then(handed::stdin).transpose() {
        Ok(stdin) => stdin,
        Err(error) => return refused(failed("input", &error.into()), None),
    };
    let meant = match chained::by_another_name(call) {
        Ok(meant) => meant,
        Err(error) => return refused(failed("repository", &error.into()), stdin),
    };
    let outcome = match meant.is_some() || glance::is_plainly_good(dir, call, stdin.as_deref()) {
        true => Ok(Outcome::default()),
        false => in_full(dir, call, stdin.as_deref()),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let check = if error.kind == Kind::Usage {
                "config"
            } else {
                "repository"
            };
            return refused(failed(check, &error), stdin);
        }
    };
    let shim = meant.as_deref().or(call.shim.as_deref());
    let shim = shim.filter(|_| outcome.refused.is_empty());
    match shim.map(chained::displaced).transpose() {
        Ok(chained) => HookAnswer {
            outcome,
            stdin,
            chained: chained.flatten(),
        },
        Err(error) => refused(failed("repository", &error.into()), stdin),
    }
}

/// Has the hook that stood there before take this process's place, with the same arguments, environment and input. Does
/// nothing where there is none; comes back with an error only where it cannot be started.
///
/// # Errors
/// When it cannot be started.
pub fn follow(answer: &HookAnswer, call: &HookCall) -> Result<(), Error> {
    match &answer.chained {
        Some(path) => Err(handed::become_hook(path, &call.args, answer.stdin.as_deref()).into()),
        None => Ok(()),
    }
}

fn refused(finding: Finding, stdin: Option<Vec<u8>>) -> HookAnswer {
    let outcome = Outcome {
        refused: vec![finding],
        ..Outcome::default()
    };
    HookAnswer {
        outcome,
        stdin,
        chained: None,
    }
}

fn unreadable(hook: HookName, number: usize) -> Outcome {
    let because = format!("line {number} of standard input is not what git says to {hook}");
    Outcome {
        refused: vec![refusal("input", because, "git push, which writes what the hook reads")],
        ..Outcome::default()
    }
}

fn failed(check: &'static str, error: &Error) -> Finding {
    let remedy = error.hints.first().cloned();
    let usual = match check {
        "config" => "correct it; cargo sentinel status reads it too",
        _ => "git status",
    };
    refusal(check, error.message.clone(), remedy.unwrap_or_else(|| usual.to_owned()))
}

fn in_full(dir: &Path, call: &HookCall, stdin: Option<&[u8]>) -> Result<Outcome, Error> {
    judge(&Handed::open(dir)?, dir, call, stdin)
}

fn judge(handed: &Handed, dir: &Path, call: &HookCall, stdin: Option<&[u8]>) -> Result<Outcome, Error> {
    let repo = &handed.repo;
    let server = call.name == HookName::PreReceive;
    let stdin = stdin.unwrap_or_default();
    let lines = match call.name {
        HookName::PrePush => parse(stdin, Format::PrePush),
        HookName::PreReceive => parse(stdin, Format::PreReceive),
        HookName::PreCommit | HookName::PreMergeCommit | HookName::CommitMsg => Ok(Vec::new()),
    };
    let lines = match lines {
        Ok(lines) if server => record::resolved(repo, lines)?,
        Ok(lines) => lines,
        Err(number) => return Ok(unreadable(call.name, number)),
    };
    let record = match server {
        true => record::of(repo, &lines)?,
        false => probe::written_in_working_tree(repo)?.map(Record::from),
    };
    let policy = record.as_ref().map(|record| &record.policy);
    let observed = match (call.name, policy) {
        (HookName::PrePush | HookName::PreReceive, _) => push_observed(handed, record.as_ref(), call, &lines)?,
        // Without a configuration nothing is asked of commits here.
        (HookName::PreCommit | HookName::PreMergeCommit | HookName::CommitMsg, None) => return Ok(Outcome::default()),
        (HookName::PreCommit | HookName::PreMergeCommit, Some(policy)) => {
            // What the configuration names needs no look at the branches.
            let protected = match &policy.hooks.protect {
                Some(protected) => Ok(protected.clone()),
                None => remote_of(repo, policy)
                    .and_then(|remote| protected(repo, policy, remote.as_deref()))
                    .map(|(_, protected)| protected),
            };
            Observed::Commit(brought::commit(handed, Fact::from(protected)))
        }
        (HookName::CommitMsg, Some(_)) => {
            let path = call.args.first().ok_or_else(|| {
                Error::new(Kind::Blocked, "commit-msg was called without the file of the message").hint("git commit")
            })?;
            Observed::Message(brought::draft(handed, &dir.join(path))?)
        }
    };
    let findings = check::run_hooks(&observed);
    if server {
        // Whoever pushes through a local path brings the environment along: the policy of record heeds none of it.
        return Ok(skip::apply(findings, &Ask::default(), &[]));
    }
    let text = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let ask = Ask {
        checks: text(skip::SKIP),
        reason: text(skip::REASON),
    };
    let required = policy.map_or(&[][..], |policy| &policy.hooks.required);
    let outcome = skip::apply(findings, &ask, required);
    // What is refused all the same was not let go.
    if !outcome.skipped.is_empty() && outcome.refused.is_empty() {
        let reason = ask.reason.unwrap_or_default();
        let skipped = audit::Skipped {
            at: clock::now(),
            hook: call.name,
            reason: &reason,
            findings: &outcome.skipped,
        };
        audit::record(&repo.common_dir(), &skipped)?;
    }
    Ok(outcome)
}

fn push_observed(handed: &Handed, record: Option<&Record>, call: &HookCall, lines: &[Line]) -> Result<Observed, Error> {
    let repo = &handed.repo;
    let remote = match call.name {
        HookName::PreReceive => None,
        HookName::PreCommit | HookName::PreMergeCommit | HookName::CommitMsg | HookName::PrePush => {
            let remote = call.args.first().map(|name| name.to_string_lossy().into_owned());
            Some(remote.unwrap_or_else(|| "origin".to_owned()))
        }
    };
    let default = Policy::default();
    let policy = record.map(|record| &record.policy);
    let rules = policy.unwrap_or(&default);
    let (flow, protected) = match &remote {
        None => protected(repo, rules, None)?,
        Some(_) => protected(repo, rules, remote_of(repo, rules)?.as_deref())?,
    };
    let signers = rules
        .trust
        .signers_from
        .clone()
        .filter(|_| remote.is_none())
        .map(tag::own);
    let verifying = tag::Verifying {
        repo,
        policy: rules,
        flow: flow.as_ref(),
        server: remote.is_none(),
    };
    let verify = |name: &TagName, id: Oid| tag::faults(verifying, name, id);
    let eye = push::Eye {
        repo,
        policy,
        flow: flow.as_ref(),
        protected: &protected,
        deciding: record.and_then(|record| record.deciding.as_ref()),
        signers: signers.as_ref(),
        remote: remote.as_deref(),
        verify: &verify,
    };
    Ok(Observed::Push(push::push(&eye, lines)?))
}

/// The branches that a release moves between, and those that releases alone move.
fn protected(
    repo: &dyn Stored,
    policy: &Policy,
    remote: Option<&str>,
) -> Result<(Option<Flow>, Vec<BranchName>), Error> {
    let flow = probe::flow_of_names(policy, repo, remote)?;
    let own = policy.hooks.protect.clone();
    let protected = own.unwrap_or_else(|| {
        let production = flow.as_ref().filter(|flow| !flow.is_trunk());
        production.map(|flow| flow.production.clone()).into_iter().collect()
    });
    Ok((flow, protected))
}

/// The remote whose branches count here.
fn remote_of(repo: &Repo, policy: &Policy) -> Result<Option<String>, Error> {
    match repo.remote_choice(policy.release.remote.as_deref()) {
        RemoteChoice::Named(name) => Ok(Some(name)),
        RemoteChoice::None => Ok(None),
        // Which one is meant matters to a release; hooks can do without.
        RemoteChoice::Unclear(_) => Ok(None),
    }
}
