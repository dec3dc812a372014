//! The names that a release takes are free, locally and on the remote.

use semver::Version;

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts};
use crate::core::ids::{RefName, TagName};
use crate::core::plans::release_text;
use crate::core::version::{self, Bump};

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
            &around_a_taken_version(facts, &tag, &version),
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

/// The ways on where the version is released: another one that is free, or, where another line of development released it, to
/// build on that release.
fn around_a_taken_version(facts: &Facts, tag: &TagName, version: &Version) -> String {
    let tagged = facts.tagged();
    let bump = facts
        .last_release()
        .map_or(Bump::Patch, |base| version::between(base, version));
    let above = |version: &Version| Some(version::apply(version, bump.max(Bump::Patch)));
    let mut above = std::iter::successors(above(version), above).take(tagged.len().saturating_add(1));
    let free = above.find(|version| !tagged.contains(version));
    let merge = format!(
        "git switch {} && git merge {tag}, to release above it",
        facts.flow.integration
    );
    let below = facts.last_release().is_some_and(|base| version <= base);
    match free {
        Some(free) if below => format!("cargo sentinel cut {free}"),
        Some(free) => format!("{merge}, or cargo sentinel cut {free}"),
        None => merge,
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
