//! The working tree equals its commit, and nothing is half done in it.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts, TreeState};

/// How many paths a refusal names.
const NAMED: usize = 10;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    match &facts.checkout.tree {
        None => vec![Answer::pass("a bare repository has no working tree")],
        Some(Fact::Unknown(why)) => vec![Answer::unknown(
            format!("the working tree could not be looked at: {why}"),
            "git status",
        )],
        Some(Fact::Known(state)) if state.is_clean() => vec![Answer::pass("the working tree is clean")],
        Some(Fact::Known(state)) => vec![Answer::fail(
            format!("the working tree is not clean: {}", paths(state)),
            "git status, then commit or `git stash --include-untracked`",
        )],
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
