//! What hooks judge: a commit about to be made, its message, a push, a range of commits.
//!
//! Owns the facts that hooks look at and the judges that the table of checks names for them. Must not know how the facts
//! were seen, nor what git does with a refusal.

pub mod lockstep;
pub mod message;
pub mod parameters;
pub mod place;
pub mod push;
pub mod secret;
pub mod shim;
pub mod skip;
pub mod staged;
mod text;

use super::check::Answer;
use super::facts::Fact;
use super::ids::{BranchName, Oid};
use lockstep::LockFacts;
use message::Draft;
use push::PushFacts;
use staged::{Kind, Mark};

/// A hook of git's (githooks(5)) that this program answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookName {
    /// Before a commit is made.
    PreCommit,
    /// Before a merge is committed.
    PreMergeCommit,
    /// With the message of a commit.
    CommitMsg,
    /// Before refs are pushed.
    PrePush,
    /// On the server, before refs are updated.
    PreReceive,
}

impl HookName {
    /// Those of a working repository, in the order in which git runs them.
    pub const CLIENT: [Self; 4] = [Self::PreCommit, Self::PreMergeCommit, Self::CommitMsg, Self::PrePush];
    /// Those of a server.
    pub const SERVER: [Self; 1] = [Self::PreReceive];
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::CommitMsg,
        Self::PrePush,
        Self::PreReceive,
    ];

    /// The name of its file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::CommitMsg => "commit-msg",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// Reads the name of a file.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.as_str() == text)
    }

    /// Whether git tells it the refs on standard input.
    pub fn reads_stdin(self) -> bool {
        match self {
            Self::PreCommit | Self::PreMergeCommit | Self::CommitMsg => false,
            Self::PrePush | Self::PreReceive => true,
        }
    }
}

impl std::fmt::Display for HookName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// When a check of the hooks runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `pre-commit` and `pre-merge-commit`.
    Commit,
    /// `commit-msg`.
    Message,
    /// `pre-push` and `pre-receive`.
    Push,
    /// `cargo sentinel ci`.
    Range,
}

/// A commit, or one about to be made, as far as its message is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its id, once it has one.
    pub id: Option<Oid>,
    /// The message's bytes.
    pub message: Vec<u8>,
    /// The encoding that it declares.
    pub encoding: Option<String>,
    /// How many parents it has.
    pub parents: usize,
}

/// What a commit, or a range of them, brings.
#[derive(Debug, Default)]
pub struct Brought {
    /// Conflict markers and secrets, by path and line.
    pub marks: Vec<Mark>,
    /// Files too large to be looked into.
    pub unread: Vec<String>,
    /// The lock files whose manifests changed, or that changed themselves.
    pub locks: Vec<LockFacts>,
}

/// A commit about to be made.
#[derive(Debug)]
pub struct CommitFacts {
    /// The branch that it would go to; `None` on a detached HEAD.
    pub branch: Fact<Option<BranchName>>,
    /// The branches that releases alone move.
    pub protected: Fact<Vec<BranchName>>,
    /// What it brings.
    pub brought: Fact<Brought>,
}

/// A range of commits.
#[derive(Debug)]
pub struct RangeFacts {
    /// Its commits.
    pub commits: Fact<Vec<Written>>,
    /// What they bring, each for itself; the lock files as the last one has them.
    pub brought: Fact<Brought>,
}

/// What was observed at one moment.
#[derive(Debug)]
pub enum Observed {
    /// Before a commit is made.
    Commit(CommitFacts),
    /// The message of a commit.
    Message(Draft),
    /// Refs on their way to a remote, or arriving at a server.
    Push(PushFacts),
    /// A range of commits.
    Range(RangeFacts),
}

impl Observed {
    /// When it was observed.
    pub fn moment(&self) -> Moment {
        match self {
            Self::Commit(_) => Moment::Commit,
            Self::Message(_) => Moment::Message,
            Self::Push(_) => Moment::Push,
            Self::Range(_) => Moment::Range,
        }
    }

    fn brought(&self) -> Option<&Fact<Brought>> {
        match self {
            Self::Commit(commit) => Some(&commit.brought),
            Self::Range(range) => Some(&range.brought),
            Self::Message(_) | Self::Push(_) => None,
        }
    }
}

/// Judges messages: the one about to be committed, or those of every new commit.
pub(super) fn judge_message(observed: &Observed) -> Vec<Answer> {
    match observed {
        Observed::Commit(_) => Vec::new(),
        Observed::Message(draft) => message::judge(&draft.committed()).into_iter().collect(),
        Observed::Push(push) => push::judge_messages(push),
        Observed::Range(range) => match &range.commits {
            Fact::Known(commits) => commits.iter().filter_map(message::judge).collect(),
            Fact::Unknown(why) => vec![unseen("the commits", why)],
        },
    }
}

/// Judges where a commit goes, and where refs move.
pub(super) fn judge_branch(observed: &Observed) -> Vec<Answer> {
    match observed {
        Observed::Commit(commit) => judge_head(commit),
        Observed::Push(push) => push::judge_branches(push),
        Observed::Message(_) | Observed::Range(_) => Vec::new(),
    }
}

fn judge_head(commit: &CommitFacts) -> Vec<Answer> {
    let (branch, protected) = match (&commit.branch, &commit.protected) {
        (Fact::Known(branch), Fact::Known(protected)) => (branch, protected),
        (Fact::Unknown(why), _) | (_, Fact::Unknown(why)) => return vec![unseen("the branch", why)],
    };
    let Some(branch) = branch.as_ref().filter(|branch| protected.contains(branch)) else {
        return Vec::new();
    };
    vec![Answer::fail(
        format!("`{branch}` is protected: releases alone move it"),
        "git switch -c feature/NAME, and commit there",
    )]
}

/// Judges leftovers of conflicts.
pub(super) fn judge_conflict(observed: &Observed) -> Vec<Answer> {
    judge_marks(observed, |kind| matches!(kind, Kind::Conflict))
}

/// Judges secrets. A file that is too large is told of, not judged.
pub(super) fn judge_secret(observed: &Observed) -> Vec<Answer> {
    let mut answers = judge_marks(observed, |kind| matches!(kind, Kind::Secret(_)));
    if let Some(Fact::Known(brought)) = observed.brought() {
        let mib = staged::LARGEST / 1024 / 1024;
        answers.extend(brought.unread.iter().map(|path| {
            Answer::pass(format!(
                "{} is larger than {mib} MiB and was not looked into",
                message::shown(path)
            ))
        }));
    }
    answers
}

fn judge_marks(observed: &Observed, wanted: impl Fn(&Kind) -> bool) -> Vec<Answer> {
    match observed.brought() {
        Some(Fact::Known(brought)) => {
            let marks = brought.marks.iter().filter(|mark| wanted(&mark.kind));
            marks.map(Mark::answer).collect()
        }
        Some(Fact::Unknown(why)) => vec![unseen("what is committed", why)],
        None => Vec::new(),
    }
}

/// Judges lock files against their manifests.
pub(super) fn judge_lockfile(observed: &Observed) -> Vec<Answer> {
    match observed.brought() {
        Some(Fact::Known(brought)) => brought.locks.iter().flat_map(lockstep::judge).collect(),
        Some(Fact::Unknown(why)) => vec![unseen("what is committed", why)],
        None => Vec::new(),
    }
}

/// Judges release tags on their way.
pub(super) fn judge_tag(observed: &Observed) -> Vec<Answer> {
    match observed {
        Observed::Push(push) => push::judge_tags(push),
        Observed::Commit(_) | Observed::Message(_) | Observed::Range(_) => Vec::new(),
    }
}

fn unseen(what: &str, why: &str) -> Answer {
    Answer::unknown(format!("{what} could not be seen: {why}"), "git fsck")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::check::{self, Verdict};

    #[test]
    fn names_are_gits() {
        for hook in HookName::ALL {
            assert_eq!(HookName::parse(hook.as_str()), Some(hook));
        }
        assert_eq!(HookName::parse("post-commit"), None);
    }

    #[test]
    fn a_protected_branch_takes_no_commit() {
        let main = BranchName::new("main").unwrap();
        let commit = |branch: Option<&BranchName>, protected: Fact<Vec<BranchName>>| {
            let facts = CommitFacts {
                branch: Fact::Known(branch.cloned()),
                protected,
                brought: Fact::Known(Brought::default()),
            };
            check::run_hooks(&Observed::Commit(facts))
                .iter()
                .map(|finding| finding.verdict)
                .collect::<Vec<_>>()
        };
        let protected = Fact::Known(vec![main.clone()]);
        assert_eq!(commit(Some(&main), protected.clone()), [Verdict::Fail]);
        assert_eq!(commit(None, protected.clone()), []);
        assert_eq!(commit(Some(&main), Fact::Known(Vec::new())), []);
        assert_eq!(commit(Some(&main), Fact::Unknown("x".to_owned())), [Verdict::Unknown]);
    }

    #[test]
    fn what_cannot_be_seen_is_no_pass() {
        let facts = || CommitFacts {
            branch: Fact::Known(None),
            protected: Fact::Known(Vec::new()),
            brought: Fact::Unknown("the index is damaged".to_owned()),
        };
        let findings = check::run_hooks(&Observed::Commit(facts()));
        let seen: Vec<_> = findings
            .iter()
            .map(|finding| (finding.check, finding.verdict))
            .collect();
        let unknown = Verdict::Unknown;
        assert_eq!(
            seen,
            [("conflict", unknown), ("lockfile", unknown), ("secret", unknown)]
        );
        let range = RangeFacts {
            commits: Fact::Unknown("x".to_owned()),
            brought: Fact::Unknown("x".to_owned()),
        };
        assert_eq!(check::run_hooks(&Observed::Range(range)).len(), 4);
    }
}
