//! The merge of a release into integration, tried in a scratch repository, with what has to be known to judge it.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{everything, everything_in};
use crate::core::changelog::decode;
use crate::core::facts::{Content, Facts, Merge, Sides};
use crate::core::ids::Oid;
use crate::core::merge_back;
use crate::core::plans::versions;
use crate::core::tree;
use crate::host::git_read::Repo;
use crate::host::merge::{self, Edited, Merged};
use crate::host::{Error, Result, history};

/// A side with its files moved and what could not be, or why none can.
type Attempted = std::result::Result<(Edited, Vec<String>), String>;

/// Tries the merge of the release's tip into integration at `onto`.
///
/// Merging the tag is merging the release's tip: the tag's commit has the tip's tree, and production below it is an ancestor of
/// the tip.
///
/// # Errors
/// When git cannot merge at all, or an object cannot be read.
pub(super) fn attempt(repo: &Repo, facts: &Facts, onto: Oid, tip: Oid) -> Result<Merge> {
    let bases = history::merge_bases(repo, onto, tip)?;
    let before = everything(repo, onto, &facts.policy)?;
    let moved = Moved::of(repo, facts, &bases, (onto, &before), tip)?;
    let merged = match &moved.sides {
        Some(sides) => merge::merge_edited(repo, &sides.ours, &sides.theirs, &sides.bases)?,
        None => merge::merge(repo, onto, tip)?,
    };
    let trees = match &moved.sides {
        Some(sides) => [
            sides.bases.first().map(|base| base.tree),
            Some(sides.ours.tree),
            Some(sides.theirs.tree),
        ],
        None => {
            let base = bases.first().map(|base| repo.tree_of(*base)).transpose()?;
            [base, Some(repo.tree_of(onto)?), Some(repo.tree_of(tip)?)]
        }
    };
    let reader = Reader {
        store: &merged.store,
        trees,
        merged: &merged,
    };
    let path = facts.content.as_ref().and_then(Content::changelog_path);
    let changelog = path.map(|path| reader.changelog(path)).transpose()?.flatten();
    let (after, locks) = reader.packages(facts)?;
    Ok(Merge {
        tree: merged.tree,
        changelog,
        locks,
        after,
        before,
        immovable: moved.immovable,
        left: moved.left,
        conflicts: merged.conflicts,
        objects: merged.objects,
    })
}

/// The commits of a merge as they are when each is moved to the release's version.
struct AllMoved {
    ours: Edited,
    theirs: Edited,
    bases: Vec<Edited>,
}

#[derive(Default)]
struct Moved {
    /// `None` where versions are left to git.
    sides: Option<AllMoved>,
    immovable: Option<String>,
    left: Vec<String>,
}

impl Moved {
    fn of(repo: &Repo, facts: &Facts, bases: &[Oid], (onto, before): (Oid, &Content), tip: Oid) -> Result<Self> {
        let released = everything(repo, tip, &facts.policy)?;
        let Some(new) = released.version() else {
            return Ok(Self::default());
        };
        let packages = released
            .workspace
            .as_ref()
            .map(|workspace| workspace.packages.as_slice())
            .unwrap_or_default();
        let names: BTreeSet<String> = packages.iter().map(|package| package.name.clone()).collect();
        let below = bases
            .iter()
            .map(|base| everything(repo, *base, &facts.policy))
            .collect::<Result<Vec<_>>>()?;
        let olds: Vec<_> = below.iter().filter_map(Content::version).collect();
        let edited = |commit: Oid, content: &Content| -> Result<Option<Attempted>> {
            let Some(change) = merge_back::change(content, &olds, &new, &names) else {
                return Ok(None);
            };
            let moved = match versions::moved(content, &change) {
                Ok(moved) => moved,
                Err(why) => return Ok(Some(Err(why))),
            };
            let tree = tree::edit(&content.directories, &moved.changes, content.hash);
            let (tree, objects) = tree.map_err(|error| Error::Unexpected(error.to_string()))?;
            Ok(Some(Ok((Edited { commit, tree, objects }, moved.left))))
        };
        let (ours, left) = match edited(onto, before)? {
            Some(Ok(moved)) => moved,
            Some(Err(why)) => {
                return Ok(Self {
                    immovable: Some(why),
                    ..Self::default()
                });
            }
            None => return Ok(Self::default()),
        };
        let mut others = Vec::new();
        for (commit, content) in [(tip, &released)].into_iter().chain(bases.iter().copied().zip(&below)) {
            match edited(commit, content)? {
                Some(Ok((edited, _))) => others.push(edited),
                Some(Err(_)) | None => return Ok(Self::default()),
            }
        }
        let theirs = others.remove(0);
        let sides = Some(AllMoved {
            ours,
            theirs,
            bases: others,
        });
        Ok(Self {
            sides,
            immovable: None,
            left,
        })
    }
}

/// Reads the sides of a merge and what it made.
struct Reader<'m> {
    store: &'m Repo,
    /// The trees of the first common ancestor, of integration and of the release.
    trees: [Option<Oid>; 3],
    merged: &'m Merged,
}

impl Reader<'_> {
    fn bytes(&self, tree: Option<Oid>, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(tree.map(|tree| self.store.file_at(tree, path)).transpose()?.flatten())
    }

    fn text(&self, tree: Option<Oid>, path: &str) -> Result<Option<String>> {
        let bytes = self.bytes(tree, path)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn changelog(&self, path: &str) -> Result<Option<Sides>> {
        let [base, ours, theirs] = self.trees;
        let found = (self.bytes(ours, path)?, self.bytes(theirs, path)?);
        let (Some(ours), Some(theirs)) = found else {
            return Ok(None);
        };
        let base = self.bytes(base, path)?.unwrap_or_default();
        let [base, ours, theirs] = [base, ours, theirs].map(|bytes| decode(&bytes));
        Ok(Some(Sides { base, ours, theirs }))
    }

    /// The merged tree's files, and its lock files that the sides have otherwise. Nothing where a manifest conflicts.
    fn packages(&self, facts: &Facts) -> Result<(Option<Content>, BTreeMap<String, Sides>)> {
        let conflicts = || self.merged.conflicts.iter();
        if conflicts().any(|conflict| conflict.path.ends_with("Cargo.toml")) {
            return Ok((None, BTreeMap::new()));
        }
        let after = everything_in(self.store, self.merged.tree, &facts.policy)?;
        let mut locks = BTreeMap::new();
        for path in after.locks.keys() {
            let conflict = conflicts().find(|conflict| conflict.path == *path);
            let sides = match conflict {
                Some(conflict) => {
                    let blob = |id: Option<Oid>| id.map(|id| self.store.object(id)).transpose();
                    [blob(conflict.base)?, blob(conflict.ours)?, blob(conflict.theirs)?]
                        .map(|found| found.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()))
                }
                None => {
                    let [base, ours, theirs] = self.trees;
                    [self.text(base, path)?, self.text(ours, path)?, self.text(theirs, path)?]
                }
            };
            if let [base, Some(ours), Some(theirs)] = sides {
                let base = base.unwrap_or_default();
                if ours != theirs {
                    locks.insert(path.clone(), Sides { base, ours, theirs });
                }
            }
        }
        Ok((Some(after), locks))
    }
}
