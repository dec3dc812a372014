//! Production and integration take the release as it was tested.

use crate::core::check::Answer;
use crate::core::facts::{Content, Ending, Fact, Facts, Merge};
use crate::core::merge_back;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    let Some(ending) = &facts.ending else { return Vec::new() };
    let mut answers = vec![judge_production(facts, ending)];
    match &ending.merge_back {
        None => {}
        Some(Fact::Unknown(why)) => answers.push(Answer::unknown(
            format!("the merge into `{}` could not be tried: {why}", ending.integration.name),
            "cargo sentinel finish --no-merge-back",
        )),
        Some(Fact::Known(merge)) => answers.extend(judge_merge_back(facts, ending, merge)),
    }
    answers
}

/// What is tagged descends from the release branch; else the next version would count its commits again.
pub(crate) fn judge_merged(facts: &Facts) -> Vec<Answer> {
    let Some(ending) = &facts.ending else { return Vec::new() };
    let production = &ending.production.name;
    vec![match &ending.left_outside {
        None => Answer::pass("the release branch is part of what is tagged"),
        Some(release) => Answer::fail(
            format!("`{release}` is no part of what would be tagged: a squash or a rebase leaves its commits outside"),
            format!("merge `{release}` into `{production}` with a merge commit, or let cargo sentinel finish do it"),
        ),
    }]
}

/// The tree that is tagged must be the tree that was tested: production may hold nothing that the release lacks.
fn judge_production(facts: &Facts, ending: &Ending) -> Answer {
    let (production, release) = (&ending.production.name, &ending.release.name);
    if ending.production_is_behind || ending.merged_already || facts.flow.is_trunk() {
        return Answer::pass(format!("`{production}` takes `{release}` as it is"));
    }
    let remedy = format!("git switch {release} && git merge {production}, then push, test and finish again");
    if ending.production_conflicts.is_empty() {
        return Answer::fail(format!("`{production}` has commits that `{release}` lacks"), remedy);
    }
    let files = ending.production_conflicts.join(", ");
    Answer::fail(
        format!("`{production}` has commits that `{release}` lacks, and they conflict in {files}"),
        remedy,
    )
}

fn judge_merge_back(facts: &Facts, ending: &Ending, merge: &Merge) -> Vec<Answer> {
    let integration = &ending.integration.name;
    let changelog = facts
        .content
        .as_ref()
        .and_then(Content::changelog_path)
        .unwrap_or_default();
    let remedy = format!("merge the release into `{integration}` by hand, or add --no-merge-back");
    match merge_back::settle(merge, changelog) {
        Ok(_) => vec![Answer::pass(format!("`{integration}` takes the release back"))],
        Err(refusals) => refusals
            .into_iter()
            .map(|what| {
                let because = format!("`{integration}` conflicts with the release in {what}");
                Answer::fail(because, remedy.clone())
            })
            .collect(),
    }
}
