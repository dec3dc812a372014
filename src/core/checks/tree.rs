//! The working tree equals its commit, and nothing is half done in it.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts, TreeState, Worktree};

/// How many paths a refusal names.
const NAMED: usize = 10;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    let mut answers = vec![judge_here(facts)];
    answers.extend(facts.worktrees.iter().filter_map(|tree| judge_linked(facts, tree)));
    answers
}

/// A working tree elsewhere whose branch the release moves: it is brought along, so nothing in it may be changed.
fn judge_linked(facts: &Facts, tree: &Worktree) -> Option<Answer> {
    let here = facts.checkout.top.as_ref() == Some(&tree.path);
    let Fact::Known(state) = &tree.tree else { return None };
    if here || state.changed.is_empty() {
        return None;
    }
    let at = tree.path.display();
    let because = format!(
        "the working tree `{at}` is on a branch that moves and is not clean: {}",
        paths(state)
    );
    Some(Answer::fail(because, format!("git -C '{at}' stash")))
}

fn judge_here(facts: &Facts) -> Answer {
    match &facts.checkout.tree {
        None => Answer::pass("a bare repository has no working tree"),
        Some(Fact::Unknown(why)) => {
            Answer::unknown(format!("the working tree could not be looked at: {why}"), "git status")
        }
        Some(Fact::Known(state)) if state.is_clean() => Answer::pass("the working tree is clean"),
        Some(Fact::Known(state)) => Answer::fail(
            format!("the working tree is not clean: {}", paths(state)),
            "git status, then commit or `git stash --include-untracked`",
        ),
    }
}

fn paths(state: &TreeState) -> String {
    let changed = state.changed.iter().map(|path| format!("`{path}` changed"));
    let untracked = state.untracked.iter().map(|path| format!("`{path}` untracked"));
    let mut named: Vec<String> = changed.chain(untracked).collect();
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

pub(crate) fn judge_operation(facts: &Facts) -> Vec<Answer> {
    match facts.checkout.operation {
        None => vec![Answer::pass("nothing is half done")],
        Some("bisect") => vec![Answer::fail("a bisect is half done", "git bisect reset")],
        Some(operation) => vec![Answer::fail(
            format!("a {operation} is half done"),
            format!("git {operation} --continue, or git {operation} --abort"),
        )],
    }
}
