//! What a commit brings, as hooks look at it: marks in changed files, lock files beside changed manifests.

use std::collections::BTreeSet;
use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;

use super::content::{is_of_packages, listing, packages_in};
use super::settings;
use crate::core::facts::{Fact, Head};
use crate::core::hooks::lockstep::LockFacts;
use crate::core::hooks::message::{self, Cleanup, Comment, Draft};
use crate::core::hooks::secret::Scanner;
use crate::core::hooks::{Brought, CommitFacts, RangeFacts, staged};
use crate::core::ids::{BranchName, Oid};
use crate::core::listing::{Entries, Listing};
use crate::host::brought::{self, Change};
use crate::host::git_read::Repo;
use crate::host::handed::{self, Handed, Index};
use crate::host::stored::{Glance, Stored};
use crate::host::{Error, Result, fs, history};

/// A commit about to be made, from the index that git commits.
pub(crate) fn commit(handed: &Handed, protected: Fact<Vec<BranchName>>) -> CommitFacts {
    let head = handed.repo.head();
    let branch = head.as_ref().map(|head| match head {
        Head::Branch { name, .. } => Some(name.clone()),
        Head::Detached(_) => None,
    });
    let branch = match branch {
        Ok(branch) => Fact::Known(branch),
        Err(error) => Fact::Unknown(error.to_string()),
    };
    let brought = head.and_then(|head| staged_changes(handed, head.commit()));
    CommitFacts {
        branch,
        protected,
        brought: Fact::from(brought),
    }
}

fn staged_changes(handed: &Handed, head: Option<Oid>) -> Result<Brought> {
    let (repo, index) = (&handed.repo, handed.index()?);
    let changes = staged_files(repo, &index, head)?;
    let mut found = text_in(repo, &changes)?;
    if touches_packages(&changes) {
        found.locks = locks(repo, &staged_packages(repo, &index)?)?;
    }
    Ok(found)
}

/// The manifests and lock files of the index, by every path that leads to one.
fn staged_packages(repo: &Repo, index: &Index) -> Result<Listing> {
    let mut found = Entries::default();
    for entry in index.entries()? {
        let Ok(path) = entry.path.to_str() else { continue };
        match entry.kind {
            EntryKind::Blob | EntryKind::BlobExecutable if is_of_packages(path) => {
                found.files.insert(path.to_owned(), entry.id);
            }
            EntryKind::Link => {
                let target = repo.object(entry.id)?.1;
                found.links.insert(path.to_owned(), target.to_str_lossy().into_owned());
            }
            EntryKind::Commit => drop(found.submodules.insert(path.to_owned())),
            EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Tree => {}
        }
    }
    Listing::new(&found).map_err(|error| Error::unsupported(error.to_string(), "git ls-files -s | grep ^120000"))
}

fn staged_files(repo: &dyn Stored, index: &Index, head: Option<Oid>) -> Result<Vec<Change>> {
    let base = head.map(|head| repo.tree_of(head)).transpose()?;
    brought::in_index(repo, index, base.as_slice())
}

fn text_in(repo: &dyn Stored, changes: &[Change]) -> Result<Brought> {
    let mut found = Brought::default();
    look_into(repo, changes, &mut Scanner::default(), &mut found)?;
    Ok(found)
}

/// The same commit by the files alone of a repository, started in `dir`; `None` where that does not do.
pub(crate) fn commit_at_a_glance(
    glance: &Glance,
    dir: &Path,
    protected: Vec<BranchName>,
) -> Result<Option<CommitFacts>> {
    let Head::Branch { name, tip } = glance.head()? else {
        return Ok(None);
    };
    let index = Index::read(&handed::index_file(dir, glance.git_dir()), gix::hash::Kind::Sha1)?;
    let changes = staged_files(glance, &index, tip)?;
    if touches_packages(&changes) {
        return Ok(None);
    }
    Ok(Some(CommitFacts {
        branch: Fact::Known(Some(name)),
        protected: Fact::Known(protected),
        brought: Fact::Known(text_in(glance, &changes)?),
    }))
}

/// The message that git hands to `commit-msg`, in the file at `path`.
pub(crate) fn draft(handed: &Handed, path: &Path) -> Result<Draft> {
    let text = fs::read(path)?;
    let text = text.ok_or_else(|| Error::Unexpected(format!("there is no message in `{}`", path.display())))?;
    let cleanup = handed.setting("commit.cleanup").and_then(|word| Cleanup::parse(&word));
    let comment = handed.last_setting(["core.commentString", "core.commentChar"]);
    let encoding = handed.setting("i18n.commitEncoding");
    Ok(Draft {
        text,
        cleanup: cleanup.unwrap_or_default(),
        comment: comment.and_then(|text| Comment::parse(&text)).unwrap_or_default(),
        edited: !handed::no_editor(),
        encoding: encoding.map(|name| String::from_utf8_lossy(&name).into_owned()),
        merging: fs::stat(&handed.repo.git_dir().join("MERGE_HEAD"))?.is_some(),
    })
}

/// Whether a message of one line, on which no editor was opened, is good, at the top of a working tree with a valid
/// `sentinel.toml`: then neither the repository nor its settings have to be looked at. git keeps that line, or takes it for a
/// comment; then it commits nothing, or no message where it is told to, which pre-push sees.
pub(crate) fn is_plainly_good_message(dir: &Path, path: &Path) -> bool {
    if !handed::no_editor() {
        return false;
    }
    let Ok(Some(text)) = fs::read(path) else {
        return false;
    };
    if text.trim_end().contains(&b'\n') {
        return false;
    }
    let draft = Draft {
        text,
        ..Draft::default()
    };
    matches!(settings::written_in(dir), Ok(Some(_))) && message::judge(&draft.committed()).is_none()
}

/// The commits reachable from `tip` and from none of `hidden`, each with what it brings beside its parents.
pub(crate) fn range(repo: &Repo, tip: Oid, hidden: &[Oid]) -> RangeFacts {
    let ids = history::between(repo, tip, hidden);
    let ids = ids.map(|commits| commits.into_iter().map(|commit| commit.id).collect::<Vec<_>>());
    let written = ids.as_ref().map_err(ToString::to_string).and_then(|ids| {
        let written = ids
            .iter()
            .map(|id| history::read_written(repo, *id).map_err(|error| error.to_string()));
        written.collect::<std::result::Result<Vec<_>, _>>()
    });
    RangeFacts {
        commits: Fact::from(written),
        brought: Fact::from(ids.and_then(|ids| brought_by(repo, tip, &ids))),
    }
}

fn brought_by(repo: &Repo, tip: Oid, ids: &[Oid]) -> Result<Brought> {
    let mut found = Brought::default();
    let mut scanner = Scanner::default();
    let mut packages = false;
    for id in ids {
        let parents = repo.parents_of(*id)?;
        let bases = parents
            .iter()
            .map(|parent| repo.tree_of(*parent))
            .collect::<Result<Vec<_>>>()?;
        let changes = brought::in_tree(repo, repo.tree_of(*id)?, &bases)?;
        packages |= touches_packages(&changes);
        look_into(repo, &changes, &mut scanner, &mut found)?;
    }
    if packages {
        found.locks = locks(repo, &listing(repo, repo.tree_of(tip)?, is_of_packages)?)?;
    }
    Ok(found)
}

/// Reads changed files one by one, so that no more than one is held.
fn look_into(repo: &dyn Stored, changes: &[Change], scanner: &mut Scanner, found: &mut Brought) -> Result<()> {
    for change in changes {
        let path = change.path.to_str_lossy();
        let Some(text) = repo.small_object(change.id, staged::LARGEST)? else {
            found.unread.push(path.into_owned());
            continue;
        };
        let mut marks = staged::marks(scanner, &path, &text, b"").map_err(Error::Unexpected)?;
        // What the file replaces is read only where it could make a difference.
        if let Some(before) = change.before.filter(|_| !marks.is_empty())
            && let Some(before) = repo.small_object(before, staged::LARGEST)?
        {
            marks = staged::marks(scanner, &path, &text, &before).map_err(Error::Unexpected)?;
        }
        found.marks.extend(marks);
    }
    Ok(())
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn touches_packages(changes: &[Change]) -> bool {
    let named = |change: &Change| matches!(base_name(&change.path), b"Cargo.toml" | b"Cargo.lock");
    changes.iter().any(named)
}

/// Each lock file with the workspace it belongs to. Cargo heeds none that lies beside a member of another workspace, and
/// none without a manifest.
fn locks(repo: &Repo, files: &Listing) -> Result<Vec<LockFacts>> {
    let mut found: Vec<LockFacts> = Vec::new();
    let mut members: BTreeSet<String> = BTreeSet::new();
    let is_lock = |(path, _): &(&String, Oid)| base_name(path.as_bytes()) == b"Cargo.lock";
    let mut locks: Vec<_> = files
        .real_files()
        .filter(is_lock)
        .map(|(path, id)| (path.clone(), id))
        .collect();
    // A workspace's root lies above its members, nearly always.
    locks.sort_by_key(|(path, _)| path.matches('/').count());
    for (path, id) in locks {
        let root = path
            .strip_suffix("Cargo.lock")
            .unwrap_or_default()
            .trim_end_matches('/');
        let manifest = format!("{}Cargo.toml", path.strip_suffix("Cargo.lock").unwrap_or_default());
        if !files.contains(&manifest) || members.contains(&manifest) {
            continue;
        }
        let (workspace, loaded) = packages_in(repo, files, root)?;
        if let Ok(workspace) = &workspace {
            members.extend(workspace.manifests());
        } else if !root.is_empty() {
            // A leftover beside a member whose workspace has no lock file here.
            continue;
        }
        found.push(LockFacts {
            lock: repo.file(id)?,
            path,
            workspace,
            manifests: loaded,
        });
    }
    Ok(found)
}
