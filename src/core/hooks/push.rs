//! A push: what git says of it on standard input, and the rules that branches and release tags move by.
//!
//! Formats: githooks(5), pre-push and pre-receive. Knows nothing of object databases; facts come in, answers go out.

use gix::bstr::BString;
use semver::Version;

use super::message::{self, shown};
use super::{Written, staged::shell_word};
use crate::core::check::Answer;
use crate::core::facts::Fact;
use crate::core::ids::{BranchName, Digest, Oid, TagName};

/// Where branches are.
const HEADS: &str = "refs/heads/";
/// Where tags are.
const TAGS: &str = "refs/tags/";

/// A ref's move, as git states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The full name on the receiving side, as rules and messages have it; bytes that are not UTF-8 become U+FFFD.
    pub name: String,
    /// The same as git has it, for what is to be run.
    pub exact: BString,
    /// What stands there; `None` where nothing does.
    pub old: Option<Oid>,
    /// What it shall be; `None` where it shall go.
    pub new: Option<Oid>,
}

/// Which of the two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `<source> <id> <name> <id>`. The source may hold blanks (`HEAD@{2 days ago}`): fields count from the right.
    PrePush,
    /// `<old id> <new id> <name>`.
    PreReceive,
}

/// Reads what git says, a line for each ref.
///
/// # Errors
/// The number of the first line, from 1, that is not of the format.
pub fn parse(stdin: &[u8], format: Format) -> Result<Vec<Line>, usize> {
    let lines = stdin.strip_suffix(b"\n").unwrap_or(stdin);
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let lines = lines.split(|byte| *byte == b'\n').zip(1..);
    lines.map(|(line, number)| read(line, format).ok_or(number)).collect()
}

fn read(line: &[u8], format: Format) -> Option<Line> {
    let mut fields = line.rsplitn(
        match format {
            Format::PrePush => 4,
            Format::PreReceive => 3,
        },
        |byte| *byte == b' ',
    );
    let (name, old, new) = match format {
        Format::PrePush => {
            let (old, name, new, _source) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            (name, old, new)
        }
        Format::PreReceive => {
            let (name, new, old) = (fields.next()?, fields.next()?, fields.next()?);
            (name, old, new)
        }
    };
    let (name, exact) = (String::from_utf8_lossy(name).into_owned(), BString::from(name));
    let id = |text: &[u8]| Oid::from_hex(text).ok().map(|id| Some(id).filter(|id| !id.is_null()));
    (name.starts_with("refs/")).then_some(Line {
        old: id(old)?,
        new: id(new)?,
        name,
        exact,
    })
}

/// What a push means to do with a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim<'l> {
    /// To move this one.
    Move(&'l str),
    /// To have a change reviewed that is to come to this one. What follows its name after a slash may be a topic.
    Propose(&'l str),
    /// To have a change reviewed again, under a number: it may be to come to any.
    Amend,
}

/// Where changes are pushed for review, followed by a branch: Gerrit's "magic" refs, old and new, and AGit's, which several
/// forges have.
const REVIEWS: [&str; 4] = ["refs/for/", "refs/draft/", "refs/drafts/", "refs/publish/"];
/// The same, followed by a number.
const NUMBERED: [&str; 2] = ["refs/for-review/", "refs/changes/"];

impl Line {
    /// What is meant for a branch by it; `None` where the ref has to do with none.
    pub fn aim(&self) -> Option<Aim<'_>> {
        if let Some(branch) = self.name.strip_prefix(HEADS) {
            return Some(Aim::Move(branch));
        }
        if NUMBERED.iter().any(|prefix| self.name.starts_with(prefix)) {
            return Some(Aim::Amend);
        }
        let named = REVIEWS.iter().find_map(|prefix| self.name.strip_prefix(prefix))?;
        // Options follow a percent sign, as in `refs/for/main%topic=x`; a branch may be given by its full name.
        let named = named.split_once('%').map_or(named, |(branch, _)| branch);
        Some(Aim::Propose(named.strip_prefix(HEADS).unwrap_or(named)))
    }
}

/// A push, and what is known of each ref in it.
#[derive(Debug)]
pub struct PushFacts {
    /// The remote's name; `None` on the server itself.
    pub remote: Option<String>,
    /// Whether there is a configuration: without one, release tags alone are judged.
    pub configured: bool,
    /// The moves.
    pub updates: Vec<Update>,
    /// The commits on branches that the other side lacks, children before parents; on a client, none of a branch without a
    /// configuration.
    pub new_commits: Fact<Vec<Written>>,
}

/// One move.
#[derive(Debug)]
pub struct Update {
    /// The ref's old and new value.
    pub line: Line,
    /// What kind of ref it is, and what that kind asks to know.
    pub subject: Subject,
}

/// A kind of ref.
#[derive(Debug)]
pub enum Subject {
    /// A branch.
    Branch(BranchFacts),
    /// A tag whose name only a release may have.
    ReleaseTag(TagFacts),
    /// The ref that says who may sign releases, on the server itself.
    Signers,
    /// A remote-tracking ref or a stash: what `git push --mirror` sends along.
    Private,
    /// No business of ours.
    Other,
}

/// What is known of a branch on its way.
#[derive(Debug)]
pub struct BranchFacts {
    /// Its short name.
    pub name: String,
    /// What it is for.
    pub standing: Standing,
    /// Whether the new tip descends from the old one; true where there is no old one.
    pub forward: Fact<bool>,
    /// The commits that would come to a protected, integration or release branch by this, whether or not the other side has
    /// them.
    pub arriving: Fact<Vec<Written>>,
}

/// What a branch is for.
#[derive(Debug)]
pub enum Standing {
    /// Anything.
    Ordinary,
    /// Decides by being there, or not, whether this other branch is protected, and would begin or cease to be there.
    Deciding(BranchName),
    /// Moved by releases alone.
    Protected(Released),
    /// The branch of one release.
    Release {
        /// The version in its name.
        version: Version,
        /// The version that the new tip's manifests carry.
        manifests: Fact<Option<Version>>,
        /// Whether it may go.
        removable: Fact<Removable>,
    },
}

/// Whether a verified release tag names a commit.
#[derive(Debug)]
pub enum Released {
    /// This one does.
    By(TagName),
    /// This one would, but does not verify, and why.
    Unverified(TagName, String),
    /// None does.
    No,
    /// None does, and nothing was ever released.
    Never,
}

/// Why a release branch may or may not be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removable {
    /// Its version is tagged, with all that it holds.
    Tagged,
    /// It holds the one commit that `cut` makes, and nobody's work.
    OnlyCut,
    /// It holds work that no tag has.
    No,
}

/// What is known of a release tag on its way.
#[derive(Debug)]
pub struct TagFacts {
    /// Its short name.
    pub short: String,
    /// The version that the name is a release of.
    pub version: Option<Version>,
    /// What verifying the tag refuses, each with its code; empty where it verifies. Not looked at where the tag goes.
    pub faults: Fact<Vec<(String, String)>>,
    /// Whether its commit is on the production branch, there or in the same push.
    pub on_production: Fact<bool>,
    /// The production branch.
    pub production: String,
    /// Its artifacts in `target/sentinel`, against their digests; empty on a server.
    pub artifacts: Vec<ArtifactFacts>,
}

/// An artifact beside its digest.
#[derive(Debug)]
pub struct ArtifactFacts {
    /// Its file name.
    pub name: String,
    /// What the tag says.
    pub named: Digest,
    /// What lies there; `None` where nothing does.
    pub found: Fact<Option<Digest>>,
}

/// Judges the messages of new commits, and `fixup!` on its way to where nobody will fold it.
pub(super) fn judge_messages(push: &PushFacts) -> Vec<Answer> {
    if !push.configured {
        return Vec::new();
    }
    let mut answers: Vec<Answer> = match &push.new_commits {
        Fact::Known(commits) => commits.iter().filter_map(message::judge).collect(),
        Fact::Unknown(why) => vec![unseen(push, "what is new on branches", why)],
    };
    for (_, branch) in branches(push) {
        let name = shown(&branch.name);
        match &branch.arriving {
            Fact::Known(commits) => {
                answers.extend(commits.iter().filter(|commit| message::is_fixup(commit)).map(|commit| {
                    let id = commit.id.map_or(String::new(), |id| id.to_hex_with_len(10).to_string());
                    Answer::fail(
                        format!("{id} is meant to be folded into another commit, and `{name}` is where it would stay"),
                        format!("git rebase -i --autosquash {id}~2"),
                    )
                }));
            }
            Fact::Unknown(why) => answers.push(unseen(push, &format!("what comes to `{name}`"), why)),
        }
    }
    answers
}

/// Judges the moves of branches.
pub(super) fn judge_branches(push: &PushFacts) -> Vec<Answer> {
    if !push.configured {
        return Vec::new();
    }
    let mut answers: Vec<Answer> = branches(push)
        .flat_map(|(update, branch)| match &branch.standing {
            Standing::Ordinary => Vec::new(),
            Standing::Deciding(production) => vec![judge_deciding(&update.line, branch, production)],
            Standing::Protected(released) => judge_protected(push, &update.line, branch, released),
            Standing::Release {
                version,
                manifests,
                removable,
            } => judge_release(push, &update.line, branch, (version, manifests, removable)),
        })
        .collect();
    let signers = push
        .updates
        .iter()
        .filter(|update| matches!(update.subject, Subject::Signers));
    answers.extend(signers.map(|update| {
        let name = shown(&update.line.name);
        Answer::fail(
            format!("`{name}` says who may sign releases: no push moves it"),
            format!(
                "on the server: git fetch <repository> <ref>:{}",
                shell_word(&update.line.exact)
            ),
        )
    }));
    let private = |update: &&Update| matches!(update.subject, Subject::Private);
    let private: Vec<&Update> = push.updates.iter().filter(private).collect();
    if let Some(first) = private.first() {
        answers.push(Answer::fail(
            format!(
                "`{}` is this repository's own ({} such refs): pushing a mirror also deletes what others pushed",
                shown(&first.line.name),
                private.len()
            ),
            "git push REMOTE BRANCH…, and git config --unset remote.REMOTE.mirror where that is set",
        ));
    }
    answers
}

fn judge_deciding(line: &Line, branch: &BranchFacts, production: &BranchName) -> Answer {
    let name = shown(&branch.name);
    let because = match line.new {
        Some(_) => format!("with `{name}`, `{production}` would become protected, which nobody has written"),
        None => format!("without `{name}`, `{production}` would no longer be protected, which nobody has written"),
    };
    let remedy = format!("first write `integration` under [release] on `{production}`");
    Answer::fail(because, remedy)
}

fn judge_protected(push: &PushFacts, line: &Line, branch: &BranchFacts, released: &Released) -> Vec<Answer> {
    let name = shown(&branch.name);
    let Some(new) = line.new else {
        return vec![Answer::fail(
            format!("`{name}` is protected: it is never deleted"),
            "push without that ref",
        )];
    };
    let at = new.to_hex_with_len(10);
    let mut answers = Vec::new();
    match &branch.forward {
        Fact::Known(true) => {}
        Fact::Known(false) => answers.push(Answer::fail(
            format!("`{name}` is protected: it moves only forward, and {at} does not descend from what stands there"),
            format!("git fetch, and release again: cargo sentinel status ({name})"),
        )),
        Fact::Unknown(why) => answers.push(unseen(push, &format!("whether `{name}` moves forward"), why)),
    }
    match released {
        Released::By(_) => {}
        // Where nothing was ever released, the branch has to come from somewhere.
        Released::Never if line.old.is_none() => {}
        Released::No | Released::Never => answers.push(Answer::fail(
            format!("`{name}` is protected: no release tag names {at}"),
            "cargo sentinel cut auto, then cargo sentinel finish",
        )),
        Released::Unverified(tag, why) => answers.push(Answer::fail(
            format!(
                "`{name}` is protected: {tag} names {at} and does not verify: {}",
                shown(why)
            ),
            format!("cargo sentinel verify {}", shell_word(tag.as_str())),
        )),
    }
    answers
}

type ReleaseFacts<'f> = (&'f Version, &'f Fact<Option<Version>>, &'f Fact<Removable>);

fn judge_release(push: &PushFacts, line: &Line, branch: &BranchFacts, facts: ReleaseFacts<'_>) -> Vec<Answer> {
    let name = shown(&branch.name);
    let (version, manifests, removable) = facts;
    if line.new.is_none() {
        return match removable {
            Fact::Known(Removable::Tagged | Removable::OnlyCut) => Vec::new(),
            Fact::Known(Removable::No) => vec![Answer::fail(
                format!("`{name}` is a release branch, and {version} is not tagged yet with all that it holds"),
                format!("cargo sentinel finish {version}"),
            )],
            Fact::Unknown(why) => vec![unseen(push, &format!("whether {version} is tagged"), why)],
        };
    }
    let mut answers = Vec::new();
    match &branch.forward {
        Fact::Known(true) => {}
        Fact::Known(false) => answers.push(Answer::fail(
            format!("`{name}` is a release branch: it moves only forward"),
            format!(
                "git fetch, and commit on top of it: git switch {}",
                shell_word(&branch.name)
            ),
        )),
        Fact::Unknown(why) => answers.push(unseen(push, &format!("whether `{name}` moves forward"), why)),
    }
    match manifests {
        Fact::Known(Some(found)) if found == version => {}
        Fact::Known(found) => {
            let carried = found.as_ref().map_or("no version".to_owned(), ToString::to_string);
            answers.push(Answer::fail(
                format!("`{name}` is a release branch, and its manifests carry {carried}"),
                format!("cargo sentinel cut {version}"),
            ));
        }
        Fact::Unknown(why) => answers.push(unseen(push, &format!("what version `{name}` carries"), why)),
    }
    answers
}

/// Judges release tags.
pub(super) fn judge_tags(push: &PushFacts) -> Vec<Answer> {
    let tags = push.updates.iter().filter_map(|update| match &update.subject {
        Subject::ReleaseTag(tag) => Some((&update.line, tag)),
        Subject::Branch(_) | Subject::Signers | Subject::Private | Subject::Other => None,
    });
    tags.flat_map(|(line, tag)| judge_tag(push, line, tag)).collect()
}

fn judge_tag(push: &PushFacts, line: &Line, tag: &TagFacts) -> Vec<Answer> {
    let name = shown(&tag.short);
    let quoted = shell_word(line.exact.strip_prefix(TAGS.as_bytes()).unwrap_or(&line.exact));
    let Some(new) = line.new else {
        let because = format!("{name} is a release tag: it is never deleted");
        return vec![Answer::fail(
            because,
            "cargo sentinel cut auto, for a release that takes its place",
        )];
    };
    if line.old.is_some_and(|old| old != new) {
        let because = format!("{name} is a release tag: it is never moved");
        return vec![Answer::fail(
            because,
            format!("git fetch --force {} tag {quoted}", remote(push)),
        )];
    }
    let Some(version) = &tag.version else {
        return vec![Answer::fail(
            format!("{name} is not a release's name, and looks like one"),
            format!("git tag -d {quoted}, and cargo sentinel tag; or narrow `tags` under [hooks]"),
        )];
    };
    let verify = format!("cargo sentinel verify {quoted}");
    let mut answers = Vec::new();
    match &tag.faults {
        Fact::Known(faults) => answers.extend(faults.iter().map(|(code, because)| {
            let because = format!("{name} does not verify: {code}: {}", because.replace('\n', " "));
            Answer::fail(
                because,
                format!("{verify}; where nobody has it yet, git tag -d {quoted} && cargo sentinel tag {version}"),
            )
        })),
        Fact::Unknown(why) => answers.push(Answer::unknown(format!("{name} could not be verified: {why}"), &verify)),
    }
    let production = &tag.production;
    match &tag.on_production {
        Fact::Known(true) => {}
        Fact::Known(false) => answers.push(Answer::fail(
            format!("{name} tags a commit that is not on `{production}`"),
            format!("cargo sentinel finish {version}"),
        )),
        Fact::Unknown(why) => answers.push(unseen(push, &format!("whether {name} is on `{production}`"), why)),
    }
    answers.extend(
        tag.artifacts
            .iter()
            .map(|artifact| judge_artifact(&tag.short, artifact)),
    );
    answers.into_iter().filter(|answer| !answer.is_silent()).collect()
}

fn judge_artifact(tag: &str, artifact: &ArtifactFacts) -> Answer {
    let place = format!("target/sentinel/{}/{}", shown(tag), shown(&artifact.name));
    let quoted = shell_word(tag);
    match &artifact.found {
        Fact::Known(Some(found)) if *found == artifact.named => Answer::pass(""),
        Fact::Known(Some(_)) => Answer::fail(
            format!("{place} is not what the tag names"),
            format!("rm -r target/sentinel/{quoted} && cargo sentinel verify {quoted} --rebuild"),
        ),
        Fact::Known(None) => Answer::pass(format!("{place} is not here and was not compared")),
        Fact::Unknown(why) => Answer::unknown(
            format!("{place} could not be read: {why}"),
            format!("cargo sentinel verify {quoted}"),
        ),
    }
}

fn branches(push: &PushFacts) -> impl Iterator<Item = (&Update, &BranchFacts)> {
    let updates = push.updates.iter().filter(|_| push.configured);
    updates.filter_map(|update| match &update.subject {
        Subject::Branch(branch) => Some((update, branch)),
        Subject::ReleaseTag(_) | Subject::Signers | Subject::Private | Subject::Other => None,
    })
}

fn remote(push: &PushFacts) -> String {
    shell_word(push.remote.as_deref().unwrap_or("origin"))
}

fn unseen(push: &PushFacts, what: &str, why: &str) -> Answer {
    let remedy = match push.remote {
        Some(_) => format!("git fetch {}", remote(push)),
        None => "git fsck, on the server".to_owned(),
    };
    Answer::unknown(format!("{what} could not be seen: {why}"), remedy)
}

#[cfg(test)]
mod tests;
