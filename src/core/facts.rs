//! What was observed, as data. Each fact that can fail to be seen is `Known` or `Unknown(why)`.
//!
//! Knows no rule: what follows from a fact is decided in `check` and `plans`.

mod ask;
mod merge;

use std::collections::{BTreeMap, BTreeSet};

use gix::objs::tree::Entry;
use semver::Version;

use super::changelog::{ChangelogError, ChangelogFile, FileError};
use super::dependents::Files;
use super::history::History;
use super::ids::{BranchName, Oid, RefName, RunId, TagName};
use super::listing::Listing;
use super::manifest::Manifest;
use super::policy::{Policy, Versioning};
use super::trust::KeyId;
use super::version::{self, Base, Bump};
use super::workspace::{self, Workspace};

pub use ask::{Ask, VersionAsk};
pub use merge::{Conflict, Merge, Sides};

/// An observation, or why there is none. A gate reads `Unknown` as a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It was seen.
    Known(T),
    /// It could not be seen, and why.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The observation, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T, E: std::fmt::Display> From<Result<T, E>> for Fact<T> {
    fn from(seen: Result<T, E>) -> Self {
        match seen {
            Ok(value) => Self::Known(value),
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// Where HEAD stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// On a branch; `tip` is absent where the branch is unborn.
    Branch {
        /// The branch.
        name: BranchName,
        /// Its commit.
        tip: Option<Oid>,
    },
    /// On a commit, or on a ref that is no branch.
    Detached(Oid),
}

impl Head {
    /// The commit that is checked out.
    pub fn commit(&self) -> Option<Oid> {
        match self {
            Self::Branch { tip, .. } => *tip,
            Self::Detached(commit) => Some(*commit),
        }
    }
}

/// Whether a working tree equals its commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TreeState {
    /// Changed or staged paths, and submodules that are not at their commit; sorted.
    pub changed: Vec<String>,
    /// Paths git does not track and does not ignore; sorted, directories once.
    pub untracked: Vec<String>,
}

impl TreeState {
    /// Nothing staged, nothing changed, nothing untracked.
    pub fn is_clean(&self) -> bool {
        self.changed.is_empty() && self.untracked.is_empty()
    }
}

/// The repository as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The working tree's top; `None` in a bare repository.
    pub top: Option<std::path::PathBuf>,
    /// Where HEAD stands.
    pub head: Head,
    /// The working tree's state; `None` in a bare repository.
    pub tree: Option<Fact<TreeState>>,
    /// A half-done operation, such as `merge`.
    pub operation: Option<&'static str>,
    /// Whether history is cut off.
    pub shallow: bool,
}

/// A ref and what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The object that the ref names.
    pub id: Oid,
    /// The object behind any annotated tags.
    pub peeled: Oid,
}

/// Refs by full name.
pub type Refs = BTreeMap<RefName, Target>;

/// Which remote a release goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteChoice {
    /// The configured one, `origin`, or the only one.
    Named(String),
    /// There is no remote at all.
    None,
    /// Several, none of them `origin` and none configured; or a configured one that does not exist.
    Unclear(String),
}

/// The remote as a release sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its name in the configuration.
    pub name: String,
    /// Its refs: as `git ls-remote` lists them, or, where it was not to be contacted, the remote-tracking refs under
    /// the remote's own names.
    pub refs: Fact<Refs>,
    /// Whether `refs` came from the remote itself.
    pub contacted: bool,
    /// Fetch refspecs that name branches, as (remote prefix, local prefix), such as (`refs/heads/`, `refs/remotes/origin/`).
    pub tracking: Vec<(String, String)>,
}

impl Remote {
    /// The local ref that follows a ref of the remote, if one does.
    pub fn tracking_ref(&self, remote_ref: &RefName) -> Option<RefName> {
        self.tracking.iter().find_map(|(from, to)| {
            let rest = remote_ref.as_str().strip_prefix(from.as_str())?;
            RefName::new(format!("{to}{rest}")).ok()
        })
    }
}

/// Which branches a release moves between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Where work is integrated.
    pub integration: BranchName,
    /// Where releases stand. The same as `integration` in a trunk flow.
    pub production: BranchName,
}

impl Flow {
    /// One branch for both.
    pub fn is_trunk(&self) -> bool {
        self.integration == self.production
    }
}

/// A linked or main working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// Its top directory.
    pub path: std::path::PathBuf,
    /// Its own git directory.
    pub git_dir: std::path::PathBuf,
    /// Where its HEAD stands.
    pub head: Head,
    /// Its state, asked only where a release may move its branch.
    pub tree: Fact<TreeState>,
}

/// Who commits and tags, as `git var GIT_COMMITTER_IDENT` gives it: `Name <mail>`, without the date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The author.
    pub author: String,
    /// The committer, who is also the tagger.
    pub committer: String,
}

/// How a local branch stands to the same branch on the remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same commit on both sides.
    InStep,
    /// The local branch has commits that the remote lacks.
    Ahead,
    /// The remote has commits that the local branch lacks.
    Behind,
    /// Both have commits that the other lacks.
    Diverged,
    /// The remote's commit is not in the object database.
    NotFetched,
    /// Only the local branch exists.
    LocalOnly,
    /// Only the remote's branch exists.
    RemoteOnly,
    /// Neither exists.
    Absent,
}

/// A branch on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchState {
    /// Its name.
    pub name: BranchName,
    /// The local commit.
    pub local: Option<Oid>,
    /// The remote's commit.
    pub remote: Option<Oid>,
    /// How they stand to each other.
    pub relation: Relation,
}

impl BranchState {
    /// The commit that counts: the remote's wins.
    pub fn tip(&self) -> Option<Oid> {
        self.remote.or(self.local)
    }
}

/// The commit that everything derives from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The commit.
    pub commit: Oid,
    /// The branch that it was taken from, with its remote side.
    pub branch: Option<BranchState>,
    /// Release tags on the commit.
    pub tags: Vec<TagName>,
    /// Branches of the remote whose tip it is.
    pub remote_tip_of: Vec<BranchName>,
}

/// What lies between the last release and the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// The highest stable release that the source descends from.
    pub base: Option<Base>,
    /// What the commits since then ask for.
    pub history: History,
    /// Pre-releases above the base that the source descends from, ascending.
    pub prereleases: Vec<Version>,
    /// The version that the source's packages share; `None` where they share none.
    pub manifest: Option<Version>,
    /// A tag that the source descends from and that holds the manifests' version under another form than the configured one.
    pub other_form: Option<TagName>,
}

impl Lineage {
    /// What the next version is decided from.
    pub fn inputs<'a>(&'a self, versioning: &'a Versioning) -> version::Inputs<'a> {
        version::Inputs {
            base: self.base.as_ref(),
            history: &self.history,
            prereleases: &self.prereleases,
            manifest: self.manifest.as_ref(),
            other_form: self.other_form.as_ref(),
            initial: versioning.initial.as_ref(),
            zero: versioning.zero,
            over: None,
        }
    }
}

/// The files of the source that a release reads and changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Entries of each directory on the way to one of the files, by path; empty for the root.
    pub directories: BTreeMap<String, Vec<Entry>>,
    /// The packages, or why they cannot be read.
    pub workspace: Result<Workspace, String>,
    /// Every path to a manifest or a lock file.
    pub listing: Listing,
    /// Manifests by path: the packages', and where versions will move every other one that can be read.
    pub manifests: BTreeMap<String, Manifest>,
    /// Cargo's configuration files by path, where versions will move.
    pub configs: BTreeMap<String, Manifest>,
    /// The binaries of each package that a binary is to be released of, by the package's name.
    pub binaries: BTreeMap<String, BTreeSet<String>>,
    /// Tracked lock files by path, where versions will move.
    pub locks: BTreeMap<String, Vec<u8>>,
    /// The CHANGELOG, or why no file is taken for it.
    pub changelog: Result<ChangelogFile, FileError>,
    /// The hash of the repository's ids.
    pub hash: gix::hash::Kind,
}

/// The key that signs, looked at without a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What it is and where, for people, such as ``the SSH key `~/.ssh/id_ed25519` ``.
    pub name: String,
    /// What identifies it: the key, then its primary key. Empty where that shows only in a signature.
    pub ids: Vec<KeyId>,
    /// The key as a line of allowed signers names it, such as `openpgp 0123…`.
    pub line: Option<String>,
    /// The kind of certificate, where it is one.
    pub certificate: Option<String>,
    /// The command that unlocks it.
    pub unlock: Option<String>,
}

/// Why the key cannot sign, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// What, and which.
    pub why: String,
    /// The command.
    pub remedy: String,
}

/// What whoever decides about a release says of the key that signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// It may sign: for whom it stands, and who says so.
    Allowed(String),
    /// It may not: why, and who was asked.
    Refused(String, SignersFile),
    /// Nobody says who may sign, and why.
    Nobody(String, SignersFile),
}

/// Which file of allowed signers decides about a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignersFile {
    /// The first release's own, which is there.
    Own,
    /// The first release's own, which is missing.
    OwnMissing,
    /// That of a release before, or of the ref that the configuration names.
    Earlier,
}

/// Whether what is to be signed can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signing {
    /// Nothing will be signed.
    NotNeeded,
    /// No key is configured, or it is not there.
    Unready(Unready),
    /// A trial signature was made, or why it was not.
    Tried(Fact<()>),
    /// The configuration allows unsigned tags and the caller asked for one.
    Waived,
    /// The caller asked for an unsigned tag, and the configuration does not allow it.
    Forbidden,
    /// The key is there, and was not tried: no credential is asked for where nothing will be done.
    NotTried,
}

/// What `finish` and `tag` look at beyond the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The release branch.
    pub release: BranchState,
    /// The production branch.
    pub production: BranchState,
    /// The integration branch.
    pub integration: BranchState,
    /// Whether production is an ancestor of the release's tip.
    pub production_is_behind: bool,
    /// Whether the release's tip is an ancestor of production: the merge happened on the forge.
    pub merged_already: bool,
    /// Files that would conflict if production were merged into the release branch.
    pub production_conflicts: Vec<String>,
    /// The release branch of the version, where its tip is no ancestor of the source: a squash merge leaves it there.
    pub left_outside: Option<BranchName>,
    /// The merge back into integration; `None` where it is not wanted, or integration has the release already.
    pub merge_back: Option<Fact<Merge>>,
}

/// A release branch that exists already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its commit.
    pub commit: Oid,
    /// The commit's parents.
    pub parents: Vec<Oid>,
    /// The commit's tree.
    pub tree: Oid,
    /// Its CHANGELOG.
    pub changelog: Option<String>,
    /// Whether it stands everywhere it is to stand: locally and, where one takes part, on the remote.
    pub everywhere: bool,
}

/// Everything that was observed for one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What the caller asked for.
    pub ask: Ask,
    /// The run's one moment, in seconds since the Unix epoch.
    pub now: i64,
    /// The configuration.
    pub policy: Policy,
    /// The repository on the disk.
    pub checkout: Checkout,
    /// The branches a release moves between.
    pub flow: Flow,
    /// Which remote it goes to.
    pub remote_choice: RemoteChoice,
    /// That remote.
    pub remote: Option<Remote>,
    /// Local refs.
    pub refs: Refs,
    /// Where the release starts.
    pub source: Source,
    /// The source's tree.
    pub source_tree: Option<Oid>,
    /// What lies between the last release and there.
    pub lineage: Fact<Lineage>,
    /// A release that was left unfinished.
    pub unfinished: Option<RunId>,
    /// Who commits.
    pub identity: Fact<Identity>,
    /// Whether commits are signed (`commit.gpgSign`).
    pub sign_commits: bool,
    /// Whether signing works.
    pub signing: Signing,
    /// The key that signs, where it is there.
    pub key: Option<SigningKey>,
    /// What is said of that key; `None` where nothing will be signed, or the kind of signature cannot be judged.
    pub signer: Option<Signer>,
    /// The files of the source.
    pub content: Option<Content>,
    /// The CHANGELOG with the section of the release, generated anew, or why it cannot be written; `None` where that was
    /// not asked.
    pub changelog_after: Option<Result<String, ChangelogError>>,
    /// What stands under the release branch's name already.
    pub existing: Option<Existing>,
    /// Working trees.
    pub worktrees: Vec<Worktree>,
    /// What ends a release.
    pub ending: Option<Ending>,
}

/// Why no version follows from the commits, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Underivable {
    /// What, and which.
    pub why: String,
    /// The command.
    pub remedy: String,
}

impl Underivable {
    /// Without a remedy of its own, the explanation of every commit helps.
    pub fn new(why: String, remedy: Option<String>) -> Self {
        let remedy = remedy.unwrap_or("cargo sentinel next --explain".to_owned());
        Self { why, remedy }
    }
}

impl Facts {
    /// The version that the commits ask for.
    ///
    /// # Errors
    /// Where no release tag is reachable and nothing names a first version, or the history could not be read.
    pub fn derived(&self) -> Result<Version, Underivable> {
        self.raised(None)
    }

    /// The version that follows where `bump` overrides what the commits ask for.
    ///
    /// # Errors
    /// As [`Facts::derived`].
    pub fn raised(&self, bump: Option<Bump>) -> Result<Version, Underivable> {
        let lineage = match &self.lineage {
            Fact::Known(lineage) => lineage,
            Fact::Unknown(why) => return Err(Underivable::new(why.clone(), None)),
        };
        let silent = lineage.history.asked().0 == Bump::None;
        let inputs = version::Inputs {
            over: bump.or((self.is_hotfix() && silent).then_some(Bump::Patch)),
            ..lineage.inputs(&self.policy.version)
        };
        version::decide(&inputs)
            .map(|decision| decision.next)
            .map_err(|error| Underivable::new(error.to_string(), error.hint()))
    }

    /// The versions that have a release tag, here or on the remote.
    pub fn tagged(&self) -> BTreeSet<Version> {
        let remote = self.remote_refs().into_iter().flat_map(Refs::keys);
        let names = self.refs.keys().chain(remote);
        let short = names.filter_map(|name| name.as_str().strip_prefix("refs/tags/"));
        short.filter_map(|name| self.policy.release.tag.parse(name)).collect()
    }

    /// The version of the last release, where there is one.
    pub fn last_release(&self) -> Option<&Version> {
        Some(&self.lineage.known()?.base.as_ref()?.version)
    }

    /// Whether the release starts elsewhere than from integration: then it is at least a patch, whatever its commits say.
    fn is_hotfix(&self) -> bool {
        let integration = &self.flow.integration;
        let branch = self.source.branch.as_ref().map(|branch| &branch.name);
        self.ask.from.is_some() && branch != Some(integration)
    }

    /// The remote's refs, where they could be seen.
    pub fn remote_refs(&self) -> Option<&Refs> {
        self.remote.as_ref()?.refs.known()
    }
}

impl Content {
    /// The files that say which packages belong together.
    pub fn files(&self) -> Files<'_> {
        Files {
            listing: &self.listing,
            manifests: &self.manifests,
            configs: &self.configs,
        }
    }

    /// The version that the packages share.
    pub fn version(&self) -> Option<Version> {
        let workspace = self.workspace.as_ref().ok()?;
        workspace::version_group(workspace).ok().map(|group| group.version)
    }

    /// The names of the packages that share it.
    pub fn group_names(&self) -> Vec<String> {
        let group = self
            .workspace
            .as_ref()
            .ok()
            .and_then(|found| workspace::version_group(found).ok());
        let members = group.map(|group| group.members).unwrap_or_default();
        members.into_iter().map(|package| package.name).collect()
    }

    /// How far the manifests have come: the version that the packages share, else the highest of theirs.
    pub fn reached(&self) -> Option<Version> {
        let highest = || self.workspace.as_ref().ok()?.highest_version().cloned();
        self.version().or_else(highest)
    }

    /// The path of the CHANGELOG; `None` where no file is taken for it.
    pub fn changelog_path(&self) -> Option<&str> {
        self.changelog.as_ref().ok().map(|file| file.path.as_str())
    }

    /// The text of the CHANGELOG; `None` where there is none yet, or no file is taken for it.
    pub fn changelog_text(&self) -> Option<&str> {
        self.changelog.as_ref().ok()?.text.as_deref()
    }
}

impl Facts {
    /// The release branch of a version, for messages.
    pub fn release_branch(&self, version: &Version) -> String {
        self.policy.release.branch.render(version)
    }
}
