//! The names that a release takes are free, locally and on the remote.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts};
use crate::core::ids::RefName;
use crate::core::plans::release_text;

pub(crate) fn judge_tag(facts: &Facts) -> Vec<Answer> {
    let Ok(version) = release_text::asked_version(facts) else {
        return Vec::new();
    };
    match facts.policy.release.tag.tag_name(&version) {
        Ok(tag) if tagged_already(facts, &tag.full()) => {
            vec![Answer::pass(format!("{tag} stands on production already"))]
        }
        Ok(tag) => vec![is_free(
            facts,
            &tag.full(),
            "tag",
            &format!("git show {tag}, or take the next version: cargo sentinel next"),
        )],
        Err(error) => vec![Answer::fail(
            error.to_string(),
            "set `tag` under [release] in sentinel.toml",
        )],
    }
}

pub(crate) fn judge_branch(facts: &Facts) -> Vec<Answer> {
    let Ok(version) = release_text::asked_version(facts) else {
        return Vec::new();
    };
    match facts.policy.release.branch.branch_name(&version) {
        Ok(branch) => vec![is_free(
            facts,
            &branch.full(),
            "branch",
            &format!("cargo sentinel finish {version}, or delete the branch"),
        )],
        Err(error) => vec![Answer::fail(
            error.to_string(),
            "set `branch` under [release] in sentinel.toml",
        )],
    }
}

/// `tag` was run after the forge merged the release: `finish` does the rest.
fn tagged_already(facts: &Facts, tag: &RefName) -> bool {
    let Some(ending) = facts.ending.as_ref().filter(|ending| ending.merged_already) else {
        return false;
    };
    facts
        .refs
        .get(tag)
        .is_some_and(|target| Some(target.peeled) == ending.production.tip())
}

fn is_free(facts: &Facts, name: &RefName, kind: &str, remedy: &str) -> Answer {
    let short = name.short();
    if let Some(target) = facts.refs.get(name) {
        return Answer::fail(format!("the {kind} `{short}` exists at {}", target.peeled), remedy);
    }
    let Some(remote) = &facts.remote else {
        return Answer::pass(format!("the {kind} `{short}` is free"));
    };
    match &remote.refs {
        Fact::Known(refs) => match refs.get(name) {
            Some(target) => Answer::fail(
                format!("the {kind} `{short}` exists on `{}` at {}", remote.name, target.peeled),
                remedy,
            ),
            None => Answer::pass(format!("the {kind} `{short}` is free")),
        },
        Fact::Unknown(why) => Answer::unknown(
            format!(
                "whether `{}` has the {kind} `{short}` could not be seen: {why}",
                remote.name
            ),
            format!("git ls-remote {}", remote.name),
        ),
    }
}
