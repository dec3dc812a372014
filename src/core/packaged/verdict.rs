//! What a published package's findings come to: each check of `verify --crate`, with its code.
//!
//! Fails closed: what cannot be looked at is a failure. That a package names a commit is a hint; that its files are the
//! commit's is the proof.

use super::{Crate, FileFinding, Relation};
use crate::core::coded::{self, Coded};
use crate::core::ids::{Oid, TagName};

/// What a failed check found, as programs read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The package names no commit.
    CrateNoVcsInfo,
    /// The commit that it names is not there.
    CommitNotInRepository,
    /// No tag is the version's.
    TagNotFound,
    /// The version's tag is on another commit.
    TagElsewhere,
    /// A file is not the commit's.
    SourceMismatch,
    /// It was packed with changes that are in no commit.
    BuildDirty,
}

impl coded::Code for Code {
    fn word(self) -> &'static str {
        match self {
            Self::CrateNoVcsInfo => "CRATE_NO_VCS_INFO",
            Self::CommitNotInRepository => "COMMIT_NOT_IN_REPOSITORY",
            Self::TagNotFound => "TAG_NOT_FOUND",
            Self::TagElsewhere => "TAG_ELSEWHERE",
            Self::SourceMismatch => "SOURCE_MISMATCH",
            Self::BuildDirty => "BUILD_DIRTY",
        }
    }
}

/// What one check found.
pub type Checked = Coded<Code>;

/// Why a commit is the one that the files are held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The package names it.
    Named,
    /// The version's tag is on it.
    Tag(TagName),
}

/// The files, held against a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The commit.
    pub commit: Oid,
    /// Why that one.
    pub basis: Basis,
    /// The package's directory; `None` where the commit has no such package.
    pub dir: Option<String>,
    /// What was found about each file, by path.
    pub files: Vec<FileFinding>,
}

/// What was observed of a package and its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whether the commit that the package names is in the repository.
    pub commit_is_here: bool,
    /// The tags of its version, with the commits they are on.
    pub tags: Vec<(TagName, Oid)>,
    /// The files; `None` where there is no commit to hold them against.
    pub compared: Option<Compared>,
}

/// Every check, in the order of the contract.
pub fn judge(package: &Crate, observed: &Observed) -> Vec<Checked> {
    let mut found = vec![named(package)];
    if let Some(identity) = &package.identity {
        found.push(if identity.dirty {
            let why = "it was packed from a working tree with changes that are in no commit";
            Checked::critical("dirty", Code::BuildDirty, why)
        } else {
            Checked::pass("dirty", "it does not say that anything was changed")
        });
        found.push(if observed.commit_is_here {
            Checked::pass("commit", format!("{} is in the repository", identity.commit))
        } else {
            let why = format!("the repository does not have {}", identity.commit);
            Checked::critical("commit", Code::CommitNotInRepository, why)
        });
    }
    found.push(tagged(package, observed));
    found.push(source(observed));
    found
}

fn named(package: &Crate) -> Checked {
    match &package.identity {
        Some(identity) => Checked::pass("identity", format!("{} names {}", identity.said_by, identity.commit)),
        None => Checked::critical(
            "identity",
            Code::CrateNoVcsInfo,
            "the package does not say which commit it was made from",
        ),
    }
}

fn tagged(package: &Crate, observed: &Observed) -> Checked {
    let names = |tags: &[&(TagName, Oid)]| {
        let names: Vec<String> = tags.iter().map(|(tag, commit)| format!("{tag} ({commit})")).collect();
        names.join(", ")
    };
    let all: Vec<_> = observed.tags.iter().collect();
    if all.is_empty() {
        let why = format!("no tag is that of {} {}", package.name, package.version);
        return Checked::critical("tag", Code::TagNotFound, why);
    }
    let Some(identity) = &package.identity else {
        return Checked::pass("tag", format!("{} is the version's", names(&all)));
    };
    let here: Vec<_> = all
        .iter()
        .copied()
        .filter(|(_, commit)| *commit == identity.commit)
        .collect();
    if here.is_empty() {
        let why = format!("{} is on another commit than {}", names(&all), identity.commit);
        return Checked::critical("tag", Code::TagElsewhere, why);
    }
    Checked::pass("tag", format!("{} is on the commit", names(&here)))
}

fn source(observed: &Observed) -> Checked {
    let fail = |why: String| Checked::critical("source", Code::SourceMismatch, why);
    let Some(compared) = &observed.compared else {
        return fail("there is no commit to hold the files against".to_owned());
    };
    let against = match &compared.basis {
        Basis::Named => format!("the commit {}", compared.commit),
        Basis::Tag(tag) => format!("the tag {tag}, {}", compared.commit),
    };
    if compared.dir.is_none() {
        return fail(format!("{against} has no such package"));
    }
    let of = |relation: Relation| compared.files.iter().filter(|file| file.relation == relation).count();
    let foreign: Vec<_> = compared
        .files
        .iter()
        .filter(|file| !file.relation.is_accounted_for())
        .map(|file| file.path.as_str())
        .collect();
    if foreign.is_empty() {
        let (same, generated) = (of(Relation::Same), of(Relation::Generated));
        return Checked::pass(
            "source",
            format!("{same} files are those of {against}, {generated} were generated by cargo"),
        );
    }
    let (differ, only) = (of(Relation::Differs), of(Relation::OnlyInCrate));
    let named = foreign
        .iter()
        .take(3)
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let more = if foreign.len() > 3 { ", …" } else { "" };
    fail(format!(
        "of {} files {differ} differ from {against}, and {only} it has not: {named}{more}",
        compared.files.len()
    ))
}

/// How a tag's name relates to a version of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagForm {
    /// It names the package and the version: `demo-v0.2.0`, `demo-0.2.0`; likewise with `/`, `@` or `_`.
    Own,
    /// It names the version alone, or something else with it: `v0.2.0`, `0.2.0`, `release-0.2.0`, `core-0.2.0`. All packages of a
    /// repository may share it: it is the package's where the tagged commit has the package at that version.
    Shared,
}

/// What a tag's name says of a version of a package; `None` where it names another version.
///
/// A version's build metadata (SemVer 2.0.0, section 10) may be left out, and a final `.0`: `v0.2` may be the tag of 0.2.0,
/// where it has no other.
pub fn tag_form(tag: &str, name: &str, version: &str) -> Option<TagForm> {
    let without_build = version.split('+').next().unwrap_or(version);
    let in_full = [version, without_build]
        .into_iter()
        .find_map(|version| tag.strip_suffix(version));
    let in_short = || tag.strip_suffix(without_build.strip_suffix(".0")?);
    let before = in_full.or_else(in_short)?;
    let before = before.strip_suffix('v').unwrap_or(before);
    let Some(mark) = before.chars().next_back() else {
        return Some(TagForm::Shared);
    };
    if !matches!(mark, '-' | '/' | '@' | '_') {
        return None;
    }
    let own = in_full.is_some() && before.strip_suffix(mark) == Some(name);
    Some(if own { TagForm::Own } else { TagForm::Shared })
}
