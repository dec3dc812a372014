//! The remote is the one that is meant, it answers, and the branches are in step with it.

use crate::core::check::Answer;
use crate::core::facts::{BranchState, Fact, Facts, Relation, Remote, RemoteChoice};

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    let remote = match (&facts.remote_choice, &facts.remote) {
        (RemoteChoice::Unclear(why), _) => {
            return vec![Answer::fail(
                why.clone(),
                "set `remote` under [release] in sentinel.toml",
            )];
        }
        (RemoteChoice::None, _) | (RemoteChoice::Named(_), None) => return vec![Answer::pass("no remote takes part")],
        (RemoteChoice::Named(_), Some(remote)) => remote,
    };
    if let Fact::Unknown(why) = &remote.refs {
        return vec![Answer::unknown(
            format!("`{}` does not answer: {why}", remote.name),
            format!("git ls-remote {}", remote.name),
        )];
    }
    let mut answers: Vec<Answer> = match &facts.ending {
        Some(ending) => [&ending.release, &ending.production, &ending.integration]
            .into_iter()
            .map(|branch| follows(remote, branch))
            .collect(),
        None => vec![in_step(facts, remote)],
    };
    answers.extend(judge_tags(facts, remote));
    answers
}

/// The last release decides the next version: one that only the remote has, or that is another one there, must be seen
/// before anything is derived.
fn judge_tags(facts: &Facts, remote: &Remote) -> Vec<Answer> {
    let (name, Some(listed)) = (&remote.name, remote.refs.known()) else {
        return Vec::new();
    };
    let (mut absent, mut moved) = (Vec::new(), Vec::new());
    for (tag, theirs) in listed {
        let short = tag.as_str().strip_prefix("refs/tags/").unwrap_or_default();
        let Some(version) = facts.policy.release.tag.parse(short) else {
            continue;
        };
        match facts.refs.get(tag) {
            Some(ours) if ours.id != theirs.id => moved.push(short),
            Some(_) => {}
            None if facts.last_release().is_none_or(|last| version > *last) => absent.push(short),
            None => {}
        }
    }
    let mut answers = Vec::new();
    if !absent.is_empty() {
        let because = format!("`{name}` has releases that are not here: {}", absent.join(", "));
        answers.push(Answer::fail(because, format!("git fetch {name} --tags")));
    }
    if !moved.is_empty() {
        let because = format!("`{name}` has other tags of the same name: {}", moved.join(", "));
        answers.push(Answer::fail(
            because,
            format!("git ls-remote --tags {name}, and find out who moved them"),
        ));
    }
    answers
}

/// `cut` wants the source on both sides alike: what is released is what everybody has.
fn in_step(facts: &Facts, remote: &Remote) -> Answer {
    let (name, Some(branch)) = (&remote.name, &facts.source.branch) else {
        return Answer::pass("the release starts from a named commit");
    };
    let at = &branch.name;
    match branch.relation {
        Relation::LocalOnly if !remote.contacted => Answer::pass(format!("`{at}` is here alone")),
        Relation::InStep | Relation::RemoteOnly => Answer::pass(format!("`{at}` is in step with `{name}`")),
        Relation::Ahead => Answer::fail(
            format!("`{at}` has commits that `{name}` lacks"),
            format!("git push {name} {at}"),
        ),
        Relation::Behind => Answer::fail(
            format!("`{at}` is behind `{name}`"),
            format!("git pull --ff-only {name} {at}"),
        ),
        Relation::Diverged => Answer::fail(
            format!("`{at}` and `{at}` of `{name}` have diverged"),
            format!("git pull --rebase {name} {at}"),
        ),
        Relation::NotFetched => Answer::fail(
            format!("`{at}` of `{name}` has commits that are not here"),
            format!("git fetch {name}"),
        ),
        Relation::LocalOnly => Answer::fail(
            format!("`{name}` has no branch `{at}`"),
            format!("git push {name} {at}"),
        ),
        Relation::Absent => Answer::fail(
            format!("there is no branch `{at}`"),
            format!("git branch {at}, or set `integration` under [release] in sentinel.toml"),
        ),
    }
}

/// `finish` takes the remote's word; a local branch may lag, but must not have gone its own way. Where nothing is pushed,
/// a branch may be here alone.
fn follows(remote: &Remote, branch: &BranchState) -> Answer {
    let (name, at) = (&remote.name, &branch.name);
    match branch.relation {
        Relation::LocalOnly if !remote.contacted => Answer::pass(format!("`{at}` is here alone")),
        Relation::InStep | Relation::RemoteOnly | Relation::Behind => Answer::pass(format!("`{at}` follows `{name}`")),
        Relation::Ahead => Answer::fail(
            format!("`{at}` has commits that `{name}` lacks"),
            format!("git push {name} {at}"),
        ),
        Relation::Diverged => Answer::fail(
            format!("`{at}` and `{at}` of `{name}` have diverged"),
            format!("git log --oneline --left-right {at}...{name}/{at}"),
        ),
        Relation::NotFetched => Answer::fail(
            format!("`{at}` of `{name}` has commits that are not here"),
            format!("git fetch {name}"),
        ),
        Relation::LocalOnly => Answer::fail(
            format!("`{name}` has no branch `{at}`"),
            format!("git push {name} {at}"),
        ),
        Relation::Absent => Answer::fail(
            format!("there is no branch `{at}`"),
            format!("git fetch {name}, or cargo sentinel status"),
        ),
    }
}
