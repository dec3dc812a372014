//! `status`: where the release stands, and what to do next. Contacts nobody.

use semver::Version;

use super::next::head;
use super::{Context, Error};
use crate::core::facts::{Fact, Head, TreeState};
use crate::core::ids::{BranchName, RunId};
use crate::core::version::{self, Base};
use crate::engine::journal;
use crate::engine::probe::{self, ReleaseTags};
use crate::host::worktree;

/// Where the release stands.
#[derive(Debug, Clone)]
pub struct StatusAnswer {
    /// The branch; `None` where HEAD is detached.
    pub branch: Option<BranchName>,
    /// The working tree; `None` in a bare repository.
    pub tree: Option<Fact<TreeState>>,
    /// A half-done operation of git's.
    pub operation: Option<&'static str>,
    /// The last release.
    pub base: Option<Base>,
    /// How many commits since then ask for something, and how many do not.
    pub commits: (usize, usize),
    /// The next version, or why there is none.
    pub next: Fact<Version>,
    /// Release branches that are not finished.
    pub releases: Vec<BranchName>,
    /// The run that was left unfinished.
    pub run: Option<RunId>,
}

impl StatusAnswer {
    /// What to do next: the command.
    pub fn advice(&self) -> String {
        if self.run.is_some() {
            return "cargo sentinel resume, or cargo sentinel undo".to_owned();
        }
        if let Some(operation) = self.operation {
            return format!("git {operation} --continue, or git {operation} --abort");
        }
        if let [release, ..] = self.releases.as_slice() {
            return format!("cargo sentinel finish, once {release} is tested");
        }
        match (&self.next, &self.base) {
            (Fact::Unknown(_), _) => "cargo sentinel next --explain".to_owned(),
            (Fact::Known(next), Some(base)) if *next == base.version => "nothing to release yet".to_owned(),
            (Fact::Known(next), _) => format!("cargo sentinel cut {next}"),
        }
    }
}

/// Looks.
///
/// # Errors
/// `Blocked` outside a repository and on an unborn branch; the rest is part of the answer.
pub fn status(context: &Context) -> Result<StatusAnswer, Error> {
    let repo = context.repo()?;
    let policy = context.policy(&repo)?;
    let commit = head(&repo)?;
    let refs = repo.refs()?;
    let tags = ReleaseTags::of(&policy, &refs);
    let lineage = probe::lineage(&repo, &tags, commit);
    let content = probe::content(&repo, commit, &policy)?;
    let (base, commits, next) = match &lineage {
        Err(error) => (None, (0, 0), Fact::Unknown(error.to_string())),
        Ok(lineage) => {
            let manifest = content.reached();
            let inputs = lineage.inputs(&policy.version, manifest.as_ref());
            let next = Fact::from(version::decide(&inputs).map(|decision| decision.next));
            (
                lineage.base.clone(),
                (lineage.history.judged.len(), lineage.history.ignored),
                next,
            )
        }
    };
    let released = |name: &BranchName| {
        policy
            .release
            .branch
            .parse(name.as_str())
            .filter(|version| !tags.versions().any(|known| known == version))
    };
    let releases = refs
        .keys()
        .filter_map(crate::core::ids::RefName::branch)
        .filter(|name| released(name).is_some())
        .collect();
    let branch = match repo.head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached(_) => None,
    };
    Ok(StatusAnswer {
        branch,
        tree: repo.workdir().map(|top| Fact::from(worktree::state(&top))),
        operation: repo.operation(),
        base,
        commits,
        next,
        releases,
        run: journal::unfinished(&journal::directory(&repo.common_dir()))?,
    })
}
