//! A release may start from here: the gate wants integration, production or a release branch; `cut` and `finish` want the
//! working tree on the branch that they work from.

use crate::core::check::Answer;
use crate::core::facts::{Facts, Head};
use crate::core::ids::BranchName;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    if facts.ask.environment.is_some() {
        return vec![judge_gate(facts)];
    }
    if facts.ending.is_some() || facts.checkout.tree.is_none() || facts.ask.from.is_some() {
        return vec![Answer::pass("the release starts from a named commit")];
    }
    let wanted = &facts.flow.integration;
    vec![match &facts.checkout.head {
        Head::Branch { name, .. } if name == wanted => Answer::pass(format!("on `{wanted}`")),
        Head::Branch { name, .. } => Answer::fail(
            format!("HEAD is on `{name}`, releases start from `{wanted}`"),
            format!("git switch {wanted}"),
        ),
        Head::Detached(commit) if *commit == facts.source.commit => Answer::pass(format!("at the tip of `{wanted}`")),
        Head::Detached(commit) => Answer::fail(
            format!("HEAD is detached at {commit}, releases start from the tip of `{wanted}`"),
            format!("git switch {wanted}, or name the commit with --from"),
        ),
    }]
}

fn judge_gate(facts: &Facts) -> Answer {
    let environment = facts
        .ask
        .environment
        .as_deref()
        .and_then(|name| facts.policy.environments.get(name));
    let own = environment.and_then(|environment| environment.branches.clone());
    let allowed = own
        .clone()
        .unwrap_or_else(|| vec![facts.flow.integration.clone(), facts.flow.production.clone()]);
    let named = allowed
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let permitted = |name: &BranchName| {
        allowed.contains(name) || own.is_none() && facts.policy.release.branch.parse(name.as_str()).is_some()
    };
    let remedy = format!("git switch {}", allowed.first().unwrap_or(&facts.flow.integration));
    match &facts.checkout.head {
        Head::Branch { name, .. } if permitted(name) => Answer::pass(format!("`{name}` is allowed")),
        Head::Branch { name, .. } => Answer::fail(format!("`{name}` is not an allowed branch ({named})"), remedy),
        Head::Detached(_) if detached_counts(facts, &allowed) || !facts.source.tags.is_empty() => {
            Answer::pass("HEAD is at an allowed commit")
        }
        Head::Detached(commit) => Answer::fail(
            format!(
                "HEAD is detached at {commit}, which is the tip of no allowed branch ({named}) and carries no release tag"
            ),
            remedy,
        ),
    }
}

/// A detached HEAD counts as a branch where it equals the tip of an allowed remote branch.
fn detached_counts(facts: &Facts, allowed: &[BranchName]) -> bool {
    let release = |name: &BranchName| facts.policy.release.branch.parse(name.as_str()).is_some();
    facts
        .source
        .remote_tip_of
        .iter()
        .any(|name| allowed.contains(name) || release(name))
}
