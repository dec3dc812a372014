//! `finish`: merge into production, tag, merge back into integration, delete the release branch: one atomic push.

use semver::Version;

use super::tag::{TagRequest, publishing, tag_steps};
use super::{Moves, inconsistent, pushing, refuses, release_tag, short, stamped, with_left};
use crate::core::check::{self, Finding, Use};
use crate::core::facts::{Content, Ending, Fact, Facts, Head, Merge, Worktree};
use crate::core::ids::{BranchName, Oid, RefName};
use crate::core::merge_back;
use crate::core::plan::{
    About, Command, Effect, HeadAt, Input, NewCommit, Plan, PlanError, RefMove, Step, StepId, WorktreeMove,
};
use crate::core::tree::{self, NewObject};

/// What `finish` was told beyond the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishRequest<'a> {
    /// The tag's part.
    pub tag: TagRequest<'a>,
    /// Whether the release branch stays.
    pub keep_branch: bool,
}

/// Decides.
///
/// # Errors
/// `Blocked` with every finding where a check refuses.
pub fn plan(facts: &Facts, request: &FinishRequest<'_>) -> Result<(Plan, Vec<Finding>), PlanError> {
    let findings = check::run(Use::Finish, facts);
    if refuses(&findings) {
        return Err(PlanError::Blocked(findings));
    }
    let ending = facts
        .ending
        .as_ref()
        .ok_or_else(|| inconsistent("the release branch was not looked at"))?;
    let version = facts
        .content
        .as_ref()
        .and_then(Content::version)
        .ok_or_else(|| inconsistent("the manifests carry no version"))?;
    let draft = Draft::of(facts, request, ending, &version)?;
    let moves = draft.ref_moves(facts, request, ending, &version)?;
    let worktrees = draft.worktree_steps(facts, request, ending, &moves.local);
    let about = About {
        command: Command::Finish,
        version: version.clone(),
        tag: release_tag(facts, &version)?,
        started: facts.now,
        next: publishing(facts, &version),
    };
    let refs_title = format!("move {}", names(&moves.local));
    let plan = match pushing(facts) {
        Some(remote) => {
            let push = Step::push(
                format!("push {} to {}", names(&moves.remote), remote.name),
                &remote.name,
                moves.remote,
                false,
            );
            let refs = Step::refs(refs_title, moves.local);
            let after = [refs].into_iter().chain(worktrees).collect();
            Plan::new(about, &findings, draft.steps, push, after)
        }
        None => Plan::new(
            about,
            &findings,
            draft.steps,
            Step::refs(refs_title, moves.local),
            worktrees,
        ),
    };
    plan.map(|plan| (plan, findings))
}

fn names(moves: &[RefMove]) -> String {
    let mut names: Vec<&str> = moves.iter().map(|moved| moved.name.short()).collect();
    names.dedup();
    names.join(", ")
}

/// The invisible steps, and what they lead to.
struct Draft {
    steps: Vec<Step>,
    /// What production becomes; `None` where it stays.
    production: Option<Input>,
    /// What integration becomes; `None` where it stays.
    integration: Option<Input>,
    tag: Input,
}

impl Draft {
    fn of(facts: &Facts, request: &FinishRequest<'_>, ending: &Ending, version: &Version) -> Result<Self, PlanError> {
        let tip = facts.source.commit;
        let prerelease = !version.pre.is_empty();
        let mut steps = Vec::new();
        let mut production = None;
        let mut tagged = Input::Literal(tip);
        if !facts.flow.is_trunk() && !prerelease {
            let onto = ending
                .production
                .tip()
                .ok_or_else(|| inconsistent("production does not exist"))?;
            if ending.merged_already {
                tagged = Input::Literal(onto);
            } else {
                let tree = facts
                    .source_tree
                    .ok_or_else(|| inconsistent("the release's tree is unknown"))?;
                let message = format!("Merge branch '{}'\n", ending.release.name);
                let commit = merge_commit(facts, tree, vec![Input::Literal(onto), Input::Literal(tip)], message)?;
                steps.push(Step::invisible(
                    "merge",
                    format!("merge {} into {}", ending.release.name, ending.production.name),
                    Effect::CreateCommit(commit),
                ));
                tagged = Input::OutputOf(StepId::new("merge"));
                production = Some(tagged.clone());
            }
        }
        let standing = facts
            .policy
            .release
            .tag
            .tag_name(version)
            .ok()
            .and_then(|name| facts.refs.get(&name.full()).copied());
        let tag = match standing {
            Some(standing) => Input::Literal(standing.id),
            None => {
                steps.extend(tag_steps(facts, &request.tag, version, tagged.clone())?);
                Input::OutputOf(StepId::new("tag"))
            }
        };
        let mut integration = None;
        if let Some(Fact::Known(merge)) = &ending.merge_back {
            steps.extend(merge_back(facts, ending, merge, tagged)?);
            integration = Some(Input::OutputOf(StepId::new("merge-back")));
        }
        Ok(Self {
            steps,
            production,
            integration,
            tag,
        })
    }

    fn ref_moves<'f>(
        &self,
        facts: &'f Facts,
        request: &FinishRequest<'_>,
        ending: &Ending,
        version: &Version,
    ) -> Result<Moves<'f>, PlanError> {
        let tag = release_tag(facts, version)?;
        let mut moves = Moves::new(facts);
        if self.production.is_some() {
            moves.follow(&ending.production.name.full(), self.production.clone());
        }
        if self.integration.is_some() {
            moves.follow(&ending.integration.name.full(), self.integration.clone());
        }
        moves.create(&tag.full(), self.tag.clone());
        if !request.keep_branch {
            moves.follow(&ending.release.name.full(), None);
        }
        Ok(moves)
    }

    /// Working trees follow their branches; one on the deleted release branch goes to integration, or detaches where that
    /// is checked out elsewhere or does not exist locally.
    fn worktree_steps(
        &self,
        facts: &Facts,
        request: &FinishRequest<'_>,
        ending: &Ending,
        local: &[RefMove],
    ) -> Vec<Step> {
        let moved = |branch: &BranchName| local.iter().find(|moved| moved.name == branch.full());
        let mut steps = Vec::new();
        for tree in &facts.worktrees {
            let Head::Branch { name, tip: Some(tip) } = &tree.head else {
                continue;
            };
            let Some(change) = moved(name) else { continue };
            let leaves = !request.keep_branch && *name == ending.release.name;
            let (head, to) = if leaves {
                self.after_the_release_branch(facts, ending, tree)
            } else {
                let Some(new) = change.new.clone() else { continue };
                (HeadAt::Branch(name.full()), new)
            };
            let title = match &head {
                HeadAt::Branch(branch) => format!("bring `{}` to {}", tree.path.display(), branch.short()),
                HeadAt::Detached(_) => format!("detach `{}`", tree.path.display()),
            };
            let moved = WorktreeMove {
                path: tree.path.clone(),
                git_dir: tree.git_dir.clone(),
                head: (HeadAt::Branch(name.full()), head),
                commit: (Input::Literal(*tip), to),
            };
            steps.push(Step::worktree(steps.len() + 1, title, moved));
        }
        steps
    }

    fn after_the_release_branch(&self, facts: &Facts, ending: &Ending, here: &Worktree) -> (HeadAt, Input) {
        let integration = &ending.integration.name;
        let local = ending.integration.local.map(Input::Literal);
        let stays = local.clone().unwrap_or(Input::Literal(facts.source.commit));
        let to = self.integration.clone().unwrap_or(stays);
        let on_integration = |tree: &Worktree| matches!(&tree.head, Head::Branch { name, .. } if name == integration);
        let elsewhere = facts
            .worktrees
            .iter()
            .any(|tree| tree.path != here.path && on_integration(tree));
        if local.is_none() || elsewhere {
            (HeadAt::Detached(to.clone()), to)
        } else {
            (HeadAt::Branch(integration.full()), to)
        }
    }
}

fn merge_commit(facts: &Facts, tree: Oid, parents: Vec<Input>, message: String) -> Result<NewCommit, PlanError> {
    let Fact::Known(identity) = &facts.identity else {
        return Err(inconsistent("the identity is unknown"));
    };
    Ok(NewCommit {
        tree,
        parents,
        author: stamped(&identity.author, facts.now),
        committer: stamped(&identity.committer, facts.now),
        message,
        signed: facts.sign_commits,
    })
}

/// The merge of the tag into integration, with the CHANGELOG merged by section.
fn merge_back(facts: &Facts, ending: &Ending, merge: &Merge, tagged: Input) -> Result<Vec<Step>, PlanError> {
    let content = facts
        .content
        .as_ref()
        .ok_or_else(|| inconsistent("the release's files were not read"))?;
    let (tree, objects) = merged_tree(content, merge)?;
    let onto = ending
        .integration
        .tip()
        .ok_or_else(|| inconsistent("integration does not exist"))?;
    let version = content
        .version()
        .ok_or_else(|| inconsistent("the manifests carry no version"))?;
    let tag = facts.policy.release.tag.render(&version);
    let integration = &ending.integration.name;
    let message = format!("Merge tag '{tag}' into {integration}\n");
    let commit = merge_commit(facts, tree, vec![Input::Literal(onto), tagged], message)?;
    Ok(vec![
        Step::invisible(
            "objects",
            with_left(
                format!("write what merges into {integration} at {}", short(onto)),
                &merge.left,
            ),
            Effect::WriteObjects(objects),
        ),
        Step::invisible(
            "merge-back",
            format!("merge {tag} into {integration}"),
            Effect::CreateCommit(commit),
        ),
    ])
}

fn merged_tree(content: &Content, merge: &Merge) -> Result<(Oid, Vec<NewObject>), PlanError> {
    let changes = merge_back::settle(merge, content.changelog_path().unwrap_or_default());
    let changes = changes.map_err(|refusals| inconsistent(refusals.join("; ")))?;
    let after = merge
        .after
        .as_ref()
        .ok_or_else(|| inconsistent("the merged files were not read"))?;
    let (tree, made) =
        tree::edit(&after.directories, &changes, after.hash).map_err(|error| inconsistent(error.to_string()))?;
    let mut objects = merge.objects.clone();
    objects.extend(made);
    Ok((tree, objects))
}

/// The refs that a finished release leaves, for the caller that looks for worktrees on them.
pub fn moving_branches(facts: &Facts) -> Vec<RefName> {
    let Some(ending) = &facts.ending else { return Vec::new() };
    [&ending.production, &ending.integration, &ending.release]
        .into_iter()
        .map(|branch| branch.name.full())
        .collect()
}
