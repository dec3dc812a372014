//! `cut`: one commit above the source, pushed as the release branch.

use semver::Version;

use super::release_text::{self, changes};
use super::versions::Moved;
use super::{Moves, inconsistent, pushing, refuses, release_tag, short, stamped, with_left};
use crate::core::changelog;
use crate::core::check::{self, Finding, Use};
use crate::core::facts::{Fact, Facts, Head};
use crate::core::ids::Oid;
use crate::core::plan::{
    About, Command, Effect, HeadAt, Input, NewCommit, Plan, PlanError, Step, StepId, WorktreeMove,
};
use crate::core::tree;

/// What `cut` was told beyond the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutRequest<'a> {
    /// The generated CHANGELOG entries, rendered.
    pub entries: &'a str,
    /// The date of the section, `YYYY-MM-DD`.
    pub date: &'a str,
    /// Whether the working tree goes to the release branch.
    pub switch: bool,
}

/// What `cut` decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// The release branch is there already, just as it would be made.
    Already {
        /// The branch.
        branch: String,
        /// The version.
        version: Version,
        /// The branch's commit.
        commit: Oid,
        /// What the checks found beside that.
        findings: Vec<Finding>,
    },
    /// The plan, with the findings that let it pass.
    Plan(Plan, Vec<Finding>),
}

/// Decides.
///
/// # Errors
/// `Blocked` with every finding where a check refuses.
pub fn plan(facts: &Facts, request: &CutRequest<'_>) -> Result<Cut, PlanError> {
    if let Some(already) = already_cut(facts, request) {
        return Ok(already);
    }
    let findings = check::run(Use::Cut, facts);
    if refuses(&findings) {
        return Err(PlanError::Blocked(findings));
    }
    let version = release_text::asked_version(facts).map_err(|error| inconsistent(error.why))?;
    let content = facts
        .content
        .as_ref()
        .ok_or_else(|| inconsistent("the source's files were not read"))?;
    let Moved { changes, left } = match changes(facts, content, &version, request.entries, request.date) {
        Ok(moved) => moved,
        Err(why) => {
            let refusal = check::refusal("packages", why, "cargo metadata --no-deps");
            return Err(PlanError::Blocked(findings.into_iter().chain([refusal]).collect()));
        }
    };
    let (root, objects) =
        tree::edit(&content.directories, &changes, content.hash).map_err(|error| inconsistent(error.to_string()))?;
    let Fact::Known(identity) = &facts.identity else {
        return Err(inconsistent("the identity is unknown"));
    };
    let commit = NewCommit {
        tree: root,
        parents: vec![Input::Literal(facts.source.commit)],
        author: stamped(&identity.author, facts.now),
        committer: stamped(&identity.committer, facts.now),
        message: format!("chore(release): {version}\n"),
        signed: facts.sign_commits,
    };
    let files: Vec<&str> = changes.keys().map(String::as_str).collect();
    let before = vec![
        Step::invisible(
            "objects",
            with_left(format!("write {}", files.join(", ")), &left),
            Effect::WriteObjects(objects),
        ),
        Step::invisible(
            "commit",
            format!(
                "commit `chore(release): {version}` above {}",
                short(facts.source.commit)
            ),
            Effect::CreateCommit(commit),
        ),
    ];
    let (commit_point, after) = publish(facts, &version, request.switch)?;
    let about = About {
        command: Command::Cut,
        version: version.clone(),
        tag: release_tag(facts, &version)?,
        started: facts.now,
        next: format!("cargo sentinel finish {version}"),
    };
    Plan::new(about, &findings, before, commit_point, after).map(|plan| Cut::Plan(plan, findings))
}

fn publish(facts: &Facts, version: &Version, switch: bool) -> Result<(Step, Vec<Step>), PlanError> {
    let branch = facts
        .policy
        .release
        .branch
        .branch_name(version)
        .map_err(|error| inconsistent(error.to_string()))?;
    let made = Input::OutputOf(StepId::new("commit"));
    let remote = pushing(facts);
    let mut moves = Moves::new(facts);
    moves.create(&branch.full(), made.clone());
    let refs = Step::refs(format!("create {branch}"), moves.local);
    let mut after = Vec::new();
    let commit_point = match remote {
        Some(remote) => {
            after.push(refs);
            Step::push(
                format!("push {branch} to {}", remote.name),
                &remote.name,
                moves.remote,
                true,
            )
        }
        None => refs,
    };
    if switch {
        let here = facts
            .worktrees
            .iter()
            .find(|tree| Some(&tree.path) == facts.checkout.top.as_ref());
        let here = here.ok_or_else(|| {
            PlanError::Blocked(vec![check::refusal(
                "tree",
                "a bare repository has no working tree that could switch",
                "leave out --switch",
            )])
        })?;
        let head = match &here.head {
            Head::Branch { name, .. } => HeadAt::Branch(name.full()),
            Head::Detached(commit) => HeadAt::Detached(Input::Literal(*commit)),
        };
        let from = here.head.commit().ok_or_else(|| inconsistent("HEAD is unborn"))?;
        let moved = WorktreeMove {
            path: here.path.clone(),
            git_dir: here.git_dir.clone(),
            head: (head, HeadAt::Branch(branch.full())),
            commit: (Input::Literal(from), made),
        };
        after.push(Step::worktree(1, format!("switch to {branch}"), moved));
    }
    Ok((commit_point, after))
}

/// The release branch is one commit above the source and holds what the plan would write, the CHANGELOG's date aside.
fn already_cut(facts: &Facts, request: &CutRequest<'_>) -> Option<Cut> {
    // A run that was left unfinished comes first: what it began may be what stands there.
    if facts.unfinished.is_some() {
        return None;
    }
    let existing = facts.existing.as_ref().filter(|existing| existing.everywhere)?;
    let version = release_text::asked_version(facts).ok()?;
    if existing.parents != [facts.source.commit] {
        return None;
    }
    let text = existing.changelog.as_deref().unwrap_or_default();
    let date = changelog::date(text, &version).unwrap_or(request.date);
    let content = facts.content.as_ref()?;
    let moved = changes(facts, content, &version, request.entries, date).ok()?;
    let (root, _) = tree::edit(&content.directories, &moved.changes, content.hash).ok()?;
    if root != existing.tree {
        return None;
    }
    let mut findings = check::run(Use::Cut, facts);
    findings.retain(|finding| finding.check != "release-branch");
    Some(Cut::Already {
        branch: facts.policy.release.branch.render(&version),
        version,
        commit: existing.commit,
        findings,
    })
}
