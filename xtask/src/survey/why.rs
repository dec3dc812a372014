//! Why the tool's answer and what was released differ.
//!
//! Owns the classes of differences. Must not know where the facts come from.

use std::collections::BTreeMap;
use std::fmt;

use cargo_sentinel::app::NextAnswer;
use cargo_sentinel::core::policy::Versioning;
use cargo_sentinel::core::version::{self, Bump, BumpTable, ZeroPolicy};
use cargo_sentinel::core::{commit, history::Judged};
use semver::Version;

/// A release, and the tool's answer just before it.
pub(super) struct Released<'a> {
    /// What was released.
    pub(super) version: &'a Version,
    /// The release of the next lower version, on whatever branch.
    pub(super) before: Option<&'a Version>,
    /// The message of the commit that was tagged.
    pub(super) message: &'a str,
    /// The answer at that commit's first parent.
    pub(super) answer: &'a NextAnswer,
}

/// The classes of differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// The answer is the release.
    Same,
    /// There is no release below: what comes first is named by hand.
    First,
    /// A higher release is below already.
    OlderLine { base: Version },
    /// The release before this one is tagged on a commit that is no ancestor.
    SideBranch { before: Version, base: Version },
    /// Another reading of versions before 1.0.0 gives the release.
    Zero(ZeroPolicy),
    /// The tagged commit itself asks for it.
    TaggedCommit { subject: String },
    /// No commit asks for a release.
    Silent(Types),
    /// No single bump leads from the base to the release.
    Skipped { base: Version, asked: Bump },
    /// More was released than the commits ask for.
    More { released: Bump, asked: Bump, types: Types },
    /// Less was released than the commits ask for.
    Less { released: Bump, asked: Bump, by: String },
}

impl Why {
    /// The class of a release's difference.
    pub(super) fn of(released: &Released<'_>) -> Self {
        let Released { version, answer, .. } = released;
        if answer.next == **version {
            return Self::Same;
        }
        let Some(base) = answer.base.as_ref().map(|base| &base.version) else {
            return Self::First;
        };
        if base >= *version {
            return Self::OlderLine { base: base.clone() };
        }
        let policies = [ZeroPolicy::Semver, ZeroPolicy::Stable];
        if let Some(policy) = policies.into_iter().find(|policy| under(answer, *policy) == **version) {
            return Self::Zero(policy);
        }
        Self::of_bumps(released, base)
    }

    fn of_bumps(released: &Released<'_>, base: &Version) -> Self {
        let Released { version, answer, .. } = released;
        let asked = answer.decision.bump;
        let leads = |bump: &Bump| version::apply(base, *bump) == **version;
        let message = commit::read(released.message.as_bytes());
        let own = own_bump(&message, base);
        if own > asked && leads(&own) {
            return Self::TaggedCommit {
                subject: message.subject,
            };
        }
        let bump = [Bump::Patch, Bump::Minor, Bump::Major].into_iter().find(leads);
        let beside = released.before.filter(|before| *before > base);
        match (bump, beside) {
            (None, Some(before)) => Self::SideBranch {
                before: before.clone(),
                base: base.clone(),
            },
            (_, _) if asked == Bump::None => Self::Silent(Types::of(answer)),
            (None, None) => Self::Skipped {
                base: base.clone(),
                asked,
            },
            (Some(bump), _) if bump > asked => Self::More {
                released: bump,
                asked,
                types: Types::of(answer),
            },
            (Some(bump), _) => Self::Less {
                released: bump,
                asked,
                by: decided_by(answer),
            },
        }
    }
}

/// What the commits since the base call themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Types {
    typed: usize,
    all: usize,
    /// The most frequent types, the first first.
    frequent: Vec<(String, usize)>,
}

impl Types {
    fn of(answer: &NextAnswer) -> Self {
        let history = &answer.lineage.history;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for judged in &history.judged {
            let kind = match &judged.commit.message.kind {
                commit::Kind::Conventional(header) => header.kind.as_str(),
                commit::Kind::Revert { .. } => "revert",
                commit::Kind::Merge | commit::Kind::Fixup | commit::Kind::Other => continue,
            };
            *counts.entry(kind).or_default() += 1;
        }
        let mut frequent: Vec<_> = counts
            .into_iter()
            .map(|(kind, count)| (kind.to_owned(), count))
            .collect();
        frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        frequent.truncate(4);
        Self {
            typed: history.judged.len(),
            all: history.judged.len() + history.ignored,
            frequent,
        }
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.typed == 0 {
            return write!(f, "none of {} has a type", self.all);
        }
        let frequent: Vec<_> = self
            .frequent
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        write!(f, "{} of {} have a type: {}", self.typed, self.all, frequent.join(", "))
    }
}

fn own_bump(message: &commit::Message, base: &Version) -> Bump {
    let kind = match &message.kind {
        commit::Kind::Conventional(header) => header.kind.as_str(),
        commit::Kind::Revert { .. } => "revert",
        commit::Kind::Merge | commit::Kind::Fixup | commit::Kind::Other => return Bump::None,
    };
    let asked = BumpTable::default().asks(kind, message.is_breaking());
    version::effective(asked, base, ZeroPolicy::Cargo)
}

/// What the same commits lead to under another reading of versions before 1.0.0.
pub(super) fn under(answer: &NextAnswer, zero: ZeroPolicy) -> Version {
    let versioning = Versioning {
        zero,
        ..Versioning::default()
    };
    let inputs = answer.lineage.inputs(&versioning);
    // Without a base the manifest decides, whatever the reading.
    version::decide(&inputs).map_or_else(|_| answer.next.clone(), |decision| decision.next)
}

/// The commit that decided, as it would be quoted in a sentence of Markdown.
fn decided_by(answer: &NextAnswer) -> String {
    let decides = |judged: &&Judged| Some(judged.commit.id) == answer.decision.decided_by;
    let found = answer.lineage.history.judged.iter().find(decides);
    found.map_or_else(
        || "a pre-release below".to_owned(),
        |judged| {
            let how = if judged.commit.message.is_breaking() {
                ", breaking"
            } else {
                ""
            };
            format!("{}{how}", judged.commit.id.to_hex_with_len(8))
        },
    )
}

/// The setting's word.
fn word(zero: ZeroPolicy) -> &'static str {
    match zero {
        ZeroPolicy::Cargo => "cargo",
        ZeroPolicy::Semver => "semver",
        ZeroPolicy::Stable => "stable",
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => Ok(()),
            Self::First => write!(f, "first release: no tag below"),
            Self::OlderLine { base } => write!(f, "older line: {base} is below already"),
            Self::SideBranch { before, base } => {
                write!(f, "side branch: {before} is no ancestor, so {base} is the base")
            }
            Self::Zero(policy) => write!(f, "0.x: `zero = \"{}\"` gives it", word(*policy)),
            Self::TaggedCommit { subject } => write!(f, "tagged commit: it asks itself: `{}`", short(subject)),
            Self::Silent(types) if types.typed == 0 => write!(f, "unconventional: {types}"),
            Self::Silent(types) => write!(f, "nothing asked: {types}"),
            Self::Skipped { base, asked } => {
                write!(f, "skipped: no single bump leads there from {base} (asked: {asked})")
            }
            Self::More { released, asked, types } => {
                write!(f, "more: a {released} where commits ask for a {asked}; {types}")
            }
            Self::Less { released, asked, by } => {
                write!(f, "less: a {released} where commits ask for a {asked} ({by})")
            }
        }
    }
}

/// A subject short enough for a cell.
fn short(subject: &str) -> String {
    subject.chars().take(50).collect::<String>().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use cargo_sentinel::core::facts::Lineage;
    use cargo_sentinel::core::history::{self, Commit};
    use cargo_sentinel::core::ids::{Oid, TagName};
    use cargo_sentinel::core::policy::TagOrigin;
    use cargo_sentinel::core::version::Base;

    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    /// The answer above a base, of commits with these subjects.
    fn answer(base: &str, subjects: &[&str]) -> NextAnswer {
        let id = |at: usize| Oid::from_hex(format!("{at:040x}").as_bytes()).unwrap();
        let base = Base {
            tag: TagName::new(format!("v{base}")).unwrap(),
            version: v(base),
            commit: id(0),
        };
        let commits = subjects.iter().enumerate().map(|(at, subject)| Commit {
            id: id(at + 1),
            parents: vec![id(at + 2)],
            time: 0,
            message: commit::read(subject.as_bytes()),
        });
        let lineage = Lineage {
            base: Some(base.clone()),
            history: history::judge(commits.collect(), &BumpTable::default()),
            prereleases: Vec::new(),
            manifest: None,
            other_form: None,
        };
        let decision = version::decide(&lineage.inputs(&Versioning::default())).unwrap();
        NextAnswer {
            next: decision.next.clone(),
            tag_form: ("v{version}".to_owned(), TagOrigin::Default),
            base: Some(base),
            decision,
            lineage,
            zero: ZeroPolicy::Cargo,
        }
    }

    #[test]
    fn each_difference_has_its_class() {
        let why = |base: &str, subjects: &[&str], (before, version, message): (&str, &str, &str)| {
            let answer = answer(base, subjects);
            let (before, version) = (v(before), v(version));
            let released = Released {
                version: &version,
                before: Some(&before),
                message,
                answer: &answer,
            };
            Why::of(&released).to_string()
        };
        let found = [
            why("1.0.0", &["fix: a"], ("1.0.0", "1.0.1", "release")),
            why("1.2.0", &["fix: a"], ("1.0.0", "1.0.1", "release")),
            why("0.1.0", &["feat: a"], ("0.1.0", "0.2.0", "release")),
            why("1.0.0", &["docs: a"], ("1.0.0", "1.0.1", "fix: a")),
            why("1.0.0", &["net: a", "net: b", "c"], ("1.0.0", "1.1.0", "release")),
            why("1.0.0", &["a", "b"], ("1.0.0", "1.1.0", "release")),
            why("1.0.0", &["fix: a"], ("1.0.0", "1.2.0", "release")),
            why("1.0.0", &["fix: a"], ("1.1.0", "1.2.0", "release")),
            why("1.0.0", &["fix: a"], ("1.0.0", "1.1.0", "release")),
            why("1.0.0", &["feat!: a"], ("1.0.0", "1.1.0", "release")),
        ];
        assert_eq!(
            found,
            [
                "",
                "older line: 1.2.0 is below already",
                "0.x: `zero = \"semver\"` gives it",
                "tagged commit: it asks itself: `fix: a`",
                "nothing asked: 2 of 3 have a type: net 2",
                "unconventional: none of 2 has a type",
                "skipped: no single bump leads there from 1.0.0 (asked: patch)",
                "side branch: 1.1.0 is no ancestor, so 1.0.0 is the base",
                "more: a minor where commits ask for a patch; 1 of 1 have a type: fix 1",
                "less: a minor where commits ask for a major (00000000, breaking)",
            ]
        );
    }
}
