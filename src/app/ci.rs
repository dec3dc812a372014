//! `ci`: the judgement that hooks make, of a range of commits, where nothing can be bypassed.

use super::{Context, Error, Kind};
use crate::core::check::{self, Finding};
use crate::core::hooks::Observed;
use crate::core::ids::{Oid, RefName};
use crate::engine::probe::{self, brought};
use crate::host::git_read::Repo;

/// What was asked: `A..B`, the commits that B has and A has not.
#[derive(Debug, Clone)]
pub struct CiOptions {
    /// The range as typed.
    pub range: String,
}

/// What the range says.
#[derive(Debug, Clone)]
pub struct CiAnswer {
    /// Where the range begins: the commit that it excludes, with all that it descends from.
    pub base: Oid,
    /// Where it ends.
    pub tip: Oid,
    /// How many commits it has.
    pub commits: usize,
    /// Every refusal, and what is worth telling.
    pub findings: Vec<Finding>,
}

impl CiAnswer {
    /// `SAFE`, `BLOCKED` or `CRITICAL`, with the exit code.
    pub fn verdict(&self) -> (&'static str, u8) {
        super::verdict(&self.findings)
    }
}

/// Judges each commit of the range: its message, and what it brings. Nothing is skipped.
///
/// # Errors
/// `Usage` where the range is none or the configuration at its end is invalid, `Blocked` where a commit is not here, or a
/// shallow clone hides part of the range.
pub fn ci(context: &Context, options: &CiOptions) -> Result<CiAnswer, Error> {
    let repo = context.repo()?;
    let range = options.range.as_str();
    let usage =
        || Error::new(Kind::Usage, format!("`{range}` is no range A..B")).hint("cargo sentinel ci --range A..B");
    let (from, to) = range.split_once("..").ok_or_else(usage)?;
    if from.is_empty() || to.is_empty() || to.starts_with('.') {
        return Err(usage());
    }
    let (base, tip) = (resolve(&repo, from)?, resolve(&repo, to)?);
    match context.named_policy()? {
        Some(_) => {}
        // Its rules ask for nothing here; an invalid one is refused where it can still be mended.
        None => drop(probe::at_commit(&repo, tip)?),
    }
    if repo.is_shallow()? {
        return Err(Error::new(
            Kind::Blocked,
            "the clone is shallow, and what it hides may be part of the range",
        )
        .hint("git fetch --unshallow"));
    }
    let facts = brought::range(&repo, tip, &[base]);
    let commits = facts.commits.known().map_or(0, Vec::len);
    Ok(CiAnswer {
        base,
        tip,
        commits,
        findings: check::run_hooks(&Observed::Range(facts)),
    })
}

fn resolve(repo: &Repo, rev: &str) -> Result<Oid, Error> {
    // Of several refs git takes a tag first, which anybody may name like a branch to make the range empty.
    let end = ["~", "^", "@{", ":"].iter().filter_map(|mark| rev.find(mark)).min();
    let name = rev.get(..end.unwrap_or(rev.len())).unwrap_or(rev);
    let meanings = repo.meanings(name)?;
    let may_be_id = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let (Some(last), true) = (meanings.last(), meanings.len() > 1 || may_be_id) {
        let mut all: Vec<&str> = meanings.iter().map(RefName::as_str).collect();
        all.extend(may_be_id.then_some("an object's id"));
        let because = format!("`{name}` may mean {}", all.join(" or "));
        return Err(Error::new(Kind::Blocked, because).hint(format!("give it in full, such as {last}")));
    }
    repo.resolve_commit(rev)?.ok_or_else(|| {
        Error::new(Kind::Blocked, format!("`{rev}` names no commit here")).hint("git fetch, with the whole history")
    })
}
