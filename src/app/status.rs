//! `status`: where the release stands, and what to do next. Contacts nobody.

use semver::Version;

use super::next::head;
use super::planning::{EndingOptions, Planning};
use super::{Context, Error};
use crate::core::check::{Finding, Verdict};
use crate::core::facts::{Ask, Fact, Head, TreeState, VersionAsk};
use crate::core::ids::{BranchName, RefName, RunId};
use crate::core::policy::{Release, TagOrigin};
use crate::core::version::{self, Base};
use crate::engine::journal;
use crate::engine::probe::{self, ReleaseTags};
use crate::host::git_read::Repo;
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
    /// The form of release tags, and where it comes from.
    pub tag_form: (String, TagOrigin),
    /// How many commits since then ask for something, and how many do not.
    pub commits: (usize, usize),
    /// The next version, or why there is none.
    pub next: Fact<Version>,
    /// Release branches that are not finished.
    pub releases: Vec<BranchName>,
    /// The run that was left unfinished.
    pub run: Option<RunId>,
    /// What stands in the way of the next step.
    pub refusals: Vec<Refusal>,
    /// What to do next: the command.
    pub advice: String,
}

/// Something that the next step would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What, and which.
    pub because: String,
    /// The command that mends it.
    pub remedy: String,
}

/// Looks.
///
/// # Errors
/// `Blocked` outside a repository and on an unborn branch; the rest is part of the answer.
pub fn status(context: &Context) -> Result<StatusAnswer, Error> {
    let repo = context.repo()?;
    let commit = head(&repo)?;
    let policy = context.policy(&repo, commit)?;
    let refs = repo.refs()?;
    let tags = ReleaseTags::of(&policy, &refs);
    let (base, commits, next) = match probe::lineage(&repo, &policy, &tags, commit) {
        Err(error) => (None, (0, 0), Fact::Unknown(error.to_string())),
        Ok(lineage) => {
            let next = version::decide(&lineage.inputs(&policy.version));
            let commits = (lineage.history.judged.len(), lineage.history.ignored);
            (lineage.base, commits, Fact::from(next.map(|decision| decision.next)))
        }
    };
    let branches = refs.keys().filter_map(RefName::branch);
    let releases: Vec<BranchName> = branches.filter(|name| is_open(&policy.release, &tags, name)).collect();
    let branch = match repo.head()? {
        Head::Branch { name, .. } => Some(name),
        Head::Detached(_) => None,
    };
    let run = journal::unfinished(&repo.common_dir())?;
    let step = match (&run, releases.first()) {
        (Some(_), _) => Step::advice("cargo sentinel resume, or cargo sentinel undo"),
        (None, Some(release)) => finishing(context, &repo, policy.release.branch.parse(release.as_str())),
        (None, None) => cutting(context, &repo, &next, base.as_ref()),
    };
    Ok(StatusAnswer {
        branch,
        tree: repo.workdir().map(|top| Fact::from(worktree::state(&top))),
        operation: repo.operation(),
        base,
        tag_form: (policy.release.tag.to_string(), policy.release.tag_origin),
        commits,
        next,
        releases,
        run,
        refusals: step.refusals,
        advice: step.advice,
    })
}

/// Whether a branch is a release's, and the release is not tagged.
fn is_open(release: &Release, tags: &ReleaseTags, name: &BranchName) -> bool {
    let version = release.branch.parse(name.as_str());
    version.is_some_and(|version| !tags.versions().any(|known| *known == version))
}

/// What to do next, and what stands in its way.
struct Step {
    advice: String,
    refusals: Vec<Refusal>,
}

impl Step {
    fn advice(advice: impl Into<String>) -> Self {
        Self {
            advice: advice.into(),
            refusals: Vec::new(),
        }
    }

    /// The command, where its plan passes; else what mends the first thing that does not.
    fn planned<T>(command: String, planned: Result<T, Error>) -> Self {
        let Err(error) = planned else {
            return Self::advice(command);
        };
        let refusals = refusals(&error);
        let advice = refusals.first().map_or(command, |refusal| refusal.remedy.clone());
        Self { advice, refusals }
    }
}

fn refusals(error: &Error) -> Vec<Refusal> {
    if error.findings.is_empty() {
        let remedy = error.hints.first().cloned();
        return vec![Refusal {
            because: error.message.clone(),
            remedy: remedy.unwrap_or("cargo sentinel next --explain".to_owned()),
        }];
    }
    let refused = error.findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
    let told = |finding: &Finding| Refusal {
        because: finding.because.clone(),
        remedy: finding
            .remedy
            .clone()
            .unwrap_or("cargo sentinel check --list".to_owned()),
    };
    refused.map(told).collect()
}

fn planning<'a>(context: &'a Context, repo: &'a Repo) -> Planning<'a> {
    Planning {
        context,
        repo,
        contact: false,
        try_key: false,
    }
}

fn finishing(context: &Context, repo: &Repo, version: Option<Version>) -> Step {
    let Some(version) = version else {
        return Step::advice("cargo sentinel finish");
    };
    let ask = Ask {
        version: Some(VersionAsk::Typed(version.to_string())),
        ..Ask::default()
    };
    let planned = planning(context, repo).finish(ask, &EndingOptions::default());
    let planned = planned.and_then(|planned| Ok(planned?));
    Step::planned(format!("cargo sentinel finish {version}"), planned)
}

fn cutting(context: &Context, repo: &Repo, next: &Fact<Version>, base: Option<&Base>) -> Step {
    let command = match (next, base) {
        (Fact::Known(next), Some(base)) if *next == base.version => return Step::advice("nothing to release yet"),
        (Fact::Known(next), _) => format!("cargo sentinel cut {next}"),
        (Fact::Unknown(_), _) => "cargo sentinel next --explain".to_owned(),
    };
    let version = next
        .known()
        .map_or_else(VersionAsk::default, |next| VersionAsk::Typed(next.to_string()));
    let ask = Ask {
        version: Some(version),
        ..Ask::default()
    };
    let planned = planning(context, repo).cut(ask, false).and_then(|planned| Ok(planned?));
    Step::planned(command, planned)
}
