//! Versioned JSON: the shapes that other programs read. Domain types are not `Serialize`; what is promised stands here.
//!
//! Every document names its schema. Fields are only ever added within a version.

pub mod artifact;
mod ci;
mod hooks;
pub mod verify;
pub mod verify_crate;

use serde::Serialize;
use serde_json::{Value, json};

use crate::app::{
    Acted, ChangelogAnswer, Error, GateAnswer, NextAnswer, Report, StatusAnswer, StepOutcome, VersionAnswer,
};
use crate::core::check::{Check, Finding};
use crate::core::coded::{Code, Coded};
use crate::core::commit::Kind;
use crate::core::facts::Fact;
use crate::core::history::Judged;
use crate::core::ids::Oid;
use crate::core::plan::{Input, Plan};
use crate::core::policy::TagOrigin;

pub use ci::ci;
pub use hooks::hooks;

/// A JSON document.
pub type Document = Value;

#[derive(Serialize)]
struct FindingView<'a> {
    check: &'a str,
    verdict: &'a str,
    because: &'a str,
    remedy: Option<&'a str>,
}

fn finding(finding: &Finding) -> FindingView<'_> {
    FindingView {
        check: finding.check,
        verdict: finding.verdict.as_str(),
        because: &finding.because,
        remedy: finding.remedy.as_deref(),
    }
}

/// A finding of `verify`; `code` is null where the check passed.
fn coded<C: Code>(found: &Coded<C>) -> Value {
    json!({
        "check": found.check,
        "code": found.code.map(Code::word),
        "verdict": found.verdict.as_str(),
        "because": found.because,
    })
}

/// `sentinel.error/1`.
pub fn error(error: &Error) -> Document {
    let findings: Vec<_> = error.findings.iter().map(finding).collect();
    json!({
        "schema": "sentinel.error/1",
        "kind": error.kind.as_str(),
        "message": error.message,
        "hints": error.hints,
        "findings": findings,
    })
}

/// `sentinel.next/1`.
pub fn next(answer: &NextAnswer) -> Document {
    let base = answer.base.as_ref();
    let base = base.map(|base| json!({ "tag": base.tag.as_str(), "version": base.version.to_string(), "commit": base.commit.to_string() }));
    let commits: Vec<Value> = answer
        .lineage
        .history
        .judged
        .iter()
        .map(|judged| commit(answer, judged))
        .collect();
    json!({
        "schema": "sentinel.next/1",
        "tag_form": answer.tag_form.0,
        "derived": answer.tag_form.1 == TagOrigin::Derived,
        "base": base,
        "bump": answer.decision.bump.to_string(),
        "next": answer.next.to_string(),
        "commits": commits,
        "ignored": answer.lineage.history.ignored,
    })
}

fn commit(answer: &NextAnswer, judged: &Judged) -> Value {
    let message = &judged.commit.message;
    let (kind, scope, summary) = match &message.kind {
        Kind::Conventional(conventional) => (
            conventional.kind.as_str(),
            conventional.scope.as_deref(),
            conventional.summary.as_str(),
        ),
        Kind::Revert { summary, .. } => ("revert", None, summary.as_str()),
        Kind::Merge | Kind::Fixup | Kind::Other => ("", None, message.subject.as_str()),
    };
    json!({
        "id": judged.commit.id.to_string(),
        "type": kind,
        "scope": scope,
        "breaking": message.is_breaking(),
        "summary": summary,
        "bump": answer.effective(judged.bump).to_string(),
        "reverted": judged.reverted,
    })
}

/// `sentinel.version/1`.
pub fn version(answer: &VersionAnswer) -> Document {
    json!({
        "schema": "sentinel.version/1",
        "version": answer.version.to_string(),
        "commit": answer.commit.to_string(),
        "tag": answer.tag.as_ref().map(ToString::to_string),
        "distance": answer.distance,
        "dirty": answer.dirty,
    })
}

/// `sentinel.changelog/1`.
pub fn changelog(answer: &ChangelogAnswer) -> Document {
    json!({
        "schema": "sentinel.changelog/1",
        "version": answer.version.as_ref().map(ToString::to_string),
        "path": answer.path,
        "changes": answer.changes,
        "text": answer.text,
    })
}

/// `sentinel.check/1`.
pub fn check(answer: &GateAnswer) -> Document {
    let findings: Vec<_> = answer.findings.iter().map(finding).collect();
    json!({ "schema": "sentinel.check/1", "verdict": answer.verdict().0, "findings": findings })
}

/// `sentinel.checks/1`: the table of checks.
pub fn checks(table: &[Check]) -> Document {
    let checks: Vec<Value> = table
        .iter()
        .map(|check| json!({ "check": check.id, "demands": check.demands }))
        .collect();
    json!({ "schema": "sentinel.checks/1", "checks": checks })
}

/// `sentinel.status/1`.
pub fn status(answer: &StatusAnswer) -> Document {
    let tree = answer.tree.as_ref().map(|tree| match tree {
        Fact::Known(state) => {
            json!({ "clean": state.is_clean(), "changed": state.changed, "untracked": state.untracked })
        }
        Fact::Unknown(why) => json!({ "clean": null, "unknown": why }),
    });
    let base = answer.base.as_ref();
    let base = base.map(|base| json!({ "tag": base.tag.as_str(), "version": base.version.to_string(), "commit": base.commit.to_string() }));
    let releases: Vec<&str> = answer
        .releases
        .iter()
        .map(crate::core::ids::BranchName::as_str)
        .collect();
    json!({
        "schema": "sentinel.status/1",
        "branch": answer.branch.as_ref().map(ToString::to_string),
        "tree": tree,
        "operation": answer.operation,
        "base": base,
        "conventional": answer.commits.0,
        "ignored": answer.commits.1,
        "next": answer.next.known().map(ToString::to_string),
        "releases": releases,
        "run": answer.run.as_ref().map(ToString::to_string),
        "tag_form": answer.tag_form.0,
        "derived": answer.tag_form.1 == TagOrigin::Derived,
        "refusals": answer.refusals.iter().map(|refusal| json!({ "because": refusal.because, "remedy": refusal.remedy })).collect::<Vec<_>>(),
        "advice": answer.advice,
    })
}

/// `sentinel.<command>/1` of an acting command.
pub fn acted(command: &str, acted: &Acted) -> Document {
    match acted {
        Acted::Done(done) => report(command, done),
        Acted::Already(because) => {
            json!({ "schema": schema(command), "run": null, "outcome": "already", "because": because, "steps": [], "refs": [] })
        }
        Acted::Declined => {
            json!({ "schema": schema(command), "run": null, "outcome": "declined", "steps": [], "refs": [] })
        }
        Acted::Planned(plan) => planned(command, plan),
    }
}

fn schema(command: &str) -> String {
    format!("sentinel.{command}/1")
}

/// A run's report.
pub fn report(command: &str, report: &Report) -> Document {
    let outcome = |outcome: StepOutcome| match outcome {
        StepOutcome::Done => "done",
        StepOutcome::Undone => "undone",
        StepOutcome::Pending => "pending",
    };
    let id = |id: &Option<Oid>| id.map(|id| id.to_string());
    let steps = report
        .steps
        .iter()
        .map(|(step, title, ended)| json!({ "id": step.as_str(), "title": title, "outcome": outcome(*ended) }));
    let refs = report
        .refs
        .iter()
        .map(|(name, old, new)| json!({ "ref": name, "old": id(old), "new": id(new) }));
    json!({
        "schema": schema(command),
        "run": report.run.as_ref().map(ToString::to_string),
        "outcome": report.outcome,
        "steps": steps.collect::<Vec<_>>(),
        "refs": refs.collect::<Vec<_>>(),
        "notes": report.notes,
        "next": report.next,
    })
}

/// A plan that was not carried out. A value that a step would make is named as `<step>`.
fn planned(command: &str, plan: &Plan) -> Document {
    let value = |input: &Option<Input>| {
        input.as_ref().map(|input| match input {
            Input::Literal(id) => id.to_string(),
            Input::OutputOf(step) => format!("<{step}>"),
        })
    };
    let steps = plan
        .steps()
        .iter()
        .map(|step| json!({ "id": step.id.as_str(), "title": step.title, "outcome": "planned" }));
    let refs = plan.ref_moves().into_iter().map(|(remote, moved)| {
        let name = remote.map_or(moved.name.to_string(), |remote| format!("{remote}:{}", moved.name));
        json!({ "ref": name, "old": value(&moved.old), "new": value(&moved.new) })
    });
    json!({
        "schema": schema(command),
        "run": null,
        "outcome": "planned",
        "steps": steps.collect::<Vec<_>>(),
        "refs": refs.collect::<Vec<_>>(),
        "next": plan.next(),
    })
}
