//! The shape of every JSON document: each field with its type, an array by its first element. Fields are only ever added.

use serde_json::Value;

use crate::support::{Repo, check, killed_while_pushing};

/// A line a field: its path and its type, or its value where that is part of the contract.
fn outline(value: &Value) -> String {
    let mut lines = Vec::new();
    describe(value, "", &mut lines);
    lines.join("\n")
}

fn describe(value: &Value, path: &str, lines: &mut Vec<String>) {
    const LITERAL: [&str; 6] = ["schema", "outcome", "verdict", "kind", "bump", "type"];
    let name = path.rsplit('.').next().unwrap_or_default();
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                describe(field, &path, lines);
            }
        }
        Value::Array(items) => match items.first() {
            Some(first) => describe(first, &format!("{path}[]"), lines),
            None => lines.push(format!("{path}: []")),
        },
        Value::String(text) if LITERAL.contains(&name) => lines.push(format!("{path}: {text}")),
        Value::String(_) => lines.push(format!("{path}: string")),
        Value::Number(_) => lines.push(format!("{path}: number")),
        Value::Bool(_) => lines.push(format!("{path}: bool")),
        Value::Null => lines.push(format!("{path}: null")),
    }
}

#[track_caller]
fn answer(repo: &Repo, words: &str, code: i32) -> String {
    let outcome = check(repo, &format!("{words} --json")).exits(code);
    assert_eq!(outcome.stderr, "", "a document and messages");
    outline(&outcome.json())
}

#[test]
fn reading() {
    let repo = Repo::flow();
    insta::assert_snapshot!(answer(&repo, "next", 0), @r"
    schema: sentinel.next/1
    tag_form: string
    derived: bool
    base.tag: string
    base.version: string
    base.commit: string
    bump: minor
    next: string
    commits[].id: string
    commits[].type: feat
    commits[].scope: null
    commits[].breaking: bool
    commits[].summary: string
    commits[].bump: minor
    commits[].reverted: bool
    ignored: number
    ");
    insta::assert_snapshot!(answer(&repo, "version", 0), @r"
    schema: sentinel.version/1
    version: string
    commit: string
    tag: string
    distance: number
    dirty: bool
    ");
    insta::assert_snapshot!(answer(&repo, "changelog", 0), @r"
    schema: sentinel.changelog/1
    version: string
    path: string
    changes: bool
    text: string
    ");
    insta::assert_snapshot!(answer(&repo, "check --env prod --version 0.2.0", 0), @r"
    schema: sentinel.check/1
    verdict: SAFE
    findings[].check: string
    findings[].verdict: PASS
    findings[].because: string
    findings[].remedy: null
    ");
    insta::assert_snapshot!(answer(&repo, "check --list", 0), @r"
    schema: sentinel.checks/1
    checks[].check: string
    checks[].demands: string
    ");
    insta::assert_snapshot!(answer(&repo, "status", 0), @r"
    schema: sentinel.status/1
    branch: string
    tree.clean: bool
    tree.changed: []
    tree.untracked: []
    operation: null
    base.tag: string
    base.version: string
    base.commit: string
    conventional: number
    ignored: number
    next: string
    releases: []
    run: null
    tag_form: string
    derived: bool
    refusals: []
    advice: string
    ");
}

#[test]
fn acting() {
    let repo = Repo::flow();
    insta::assert_snapshot!(answer(&repo, "cut auto --dry-run", 0), @r"
    schema: sentinel.cut/1
    run: null
    outcome: planned
    steps[].id: string
    steps[].title: string
    steps[].outcome: planned
    refs[].ref: string
    refs[].old: null
    refs[].new: string
    next: string
    ");
    insta::assert_snapshot!(answer(&repo, "cut auto --yes", 0), @r"
    schema: sentinel.cut/1
    run: string
    outcome: done
    steps[].id: string
    steps[].title: string
    steps[].outcome: done
    refs[].ref: string
    refs[].old: null
    refs[].new: string
    notes: []
    next: string
    ");
    insta::assert_snapshot!(answer(&repo, "cut auto --yes", 0), @r"
    schema: sentinel.cut/1
    run: null
    outcome: already
    because: string
    steps: []
    refs: []
    ");
    insta::assert_snapshot!(answer(&repo, "finish --yes", 0), @r"
    schema: sentinel.finish/1
    run: string
    outcome: done
    steps[].id: string
    steps[].title: string
    steps[].outcome: done
    refs[].ref: string
    refs[].old: string
    refs[].new: string
    notes: []
    next: string
    ");
    insta::assert_snapshot!(answer(&repo, "tag --yes", 0), @r"
    schema: sentinel.tag/1
    run: null
    outcome: already
    because: string
    steps: []
    refs: []
    ");
}

#[test]
fn recovering() {
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes");
    insta::assert_snapshot!(answer(&repo, "resume", 0), @r"
    schema: sentinel.resume/1
    run: string
    outcome: done
    steps[].id: string
    steps[].title: string
    steps[].outcome: done
    refs[].ref: string
    refs[].old: null
    refs[].new: string
    notes: []
    next: string
    ");
    let repo = Repo::flow();
    killed_while_pushing(&repo, "cut auto --yes");
    insta::assert_snapshot!(answer(&repo, "undo", 0), @r"
    schema: sentinel.undo/1
    run: string
    outcome: undone
    steps[].id: string
    steps[].title: string
    steps[].outcome: undone
    refs[].ref: string
    refs[].old: string
    refs[].new: null
    notes: []
    next: string
    ");
}

#[test]
fn inspecting() {
    let repo = Repo::flow();
    repo.git("archive --format=tar.gz -o ../made.tar.gz HEAD");
    insta::assert_snapshot!(answer(&repo, "artifact inspect ../made.tar.gz", 0), @r"
    schema: sentinel.artifact/1
    file: string
    kind: tar
    digest: string
    size_bytes: number
    identity.commit: string
    identity.dirty: bool
    identity.path_in_vcs: null
    identity.package: null
    identity.version: null
    identity.said_by: string
    damage: null
    ");
}

/// Errors are documents too, with the exit code that they have without `--json`.
#[test]
fn errors() {
    let repo = Repo::flow();
    insta::assert_snapshot!(answer(&repo, "resume", 1), @r"
    schema: sentinel.error/1
    kind: blocked
    message: string
    hints[]: string
    findings: []
    ");
    insta::assert_snapshot!(answer(&repo, "cut 0.0.1 --yes", 1), @r"
    schema: sentinel.error/1
    kind: blocked
    message: string
    hints[]: string
    findings[].check: string
    findings[].verdict: FAIL
    findings[].because: string
    findings[].remedy: string
    ");
    insta::assert_snapshot!(answer(&repo, "cut", 64), @r"
    schema: sentinel.error/1
    kind: usage
    message: string
    hints[]: string
    findings: []
    ");
}

#[test]
fn hooks_and_ranges() {
    let repo = Repo::flow();
    insta::assert_snapshot!(answer(&repo, "hooks install", 0), @r"
    schema: sentinel.hooks/1
    dir: string
    hooks[].name: string
    hooks[].state: string
    hooks[].chained: null
    changed[]: string
    left[].because: string
    left[].remedies[]: string
    ");
    insta::assert_snapshot!(answer(&repo, "ci --range HEAD~1..HEAD", 0), @r"
    schema: sentinel.ci/1
    verdict: SAFE
    base: string
    tip: string
    commits: number
    findings: []
    ");
    repo.commit("not conventional");
    insta::assert_snapshot!(answer(&repo, "ci --range HEAD~1..HEAD", 1), @r"
    schema: sentinel.ci/1
    verdict: BLOCKED
    base: string
    tip: string
    commits: number
    findings[].check: string
    findings[].verdict: FAIL
    findings[].because: string
    findings[].remedy: string
    ");
}
