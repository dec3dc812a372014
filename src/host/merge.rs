//! Merging two commits without a working tree, in a scratch repository that borrows our objects.
//!
//! Configured merge drivers are programs; none of them runs here, because neither the user's nor the repository's
//! configuration is read. What the merge makes stays in the scratch repository and is handed over as data.

use std::path::Path;

use super::git_read::Repo;
use super::proc::Run;
use super::{Error, Result};
use crate::core::ids::Oid;
use crate::core::tree::NewObject;

/// What a merge gives.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The scratch repository, for reading what the merge made; it lasts as long as this value.
    pub(crate) store: Repo,
    _directory: tempfile::TempDir,
    /// The resulting tree; with conflicts it holds files with markers.
    pub(crate) tree: Oid,
    /// The files that conflict, sorted.
    pub(crate) conflicts: Vec<String>,
    /// The objects that the merge made, blobs before trees.
    pub(crate) objects: Vec<NewObject>,
}

/// Merges `theirs` into `ours` (git-merge-tree(1), `--write-tree`).
///
/// # Errors
/// When git cannot merge at all, such as unrelated histories or missing objects.
pub(crate) fn merge(repo: &Repo, ours: Oid, theirs: Oid) -> Result<Merged> {
    let scratch = super::fs::scratch_dir("merge")?;
    let format = repo.object_hash().to_string();
    let bare = scratch.path();
    isolated(bare)
        .args([
            "init",
            "--quiet",
            "--bare",
            "--template=",
            &format!("--object-format={format}"),
            ".",
        ])
        .success()?;
    let alternates = format!("{}\n", repo.common_dir().join("objects").display());
    super::fs::create_dir(&bare.join("objects/info"))?;
    super::fs::write_scratch(&bare.join("objects/info/alternates"), alternates.as_bytes())?;
    let run = isolated(bare).args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"]);
    let run = run.args([ours.to_string(), theirs.to_string()]);
    let argv = run.argv();
    let output = run.output()?;
    // 0: clean, 1: conflicts, anything else: git could not even try.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(Error::Failed {
            argv,
            status: output.status.to_string(),
            stderr: output.stderr,
        });
    }
    let mut parts = output.stdout.split(|byte| *byte == 0);
    let tree =
        Oid::from_hex(parts.next().unwrap_or_default()).map_err(|error| Error::git("the merged tree's id", error))?;
    let mut conflicts: Vec<String> = parts
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    conflicts.sort();
    conflicts.dedup();
    let store = Repo::discover(bare)?;
    let objects = loose_objects(bare, &store)?;
    Ok(Merged {
        store,
        _directory: scratch,
        tree,
        conflicts,
        objects,
    })
}

/// git with no configuration but its own defaults.
pub(super) fn isolated(dir: &Path) -> Run {
    Run::new("git", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
}

/// Everything in the scratch repository's own object database: all of it is new.
fn loose_objects(bare: &Path, store: &Repo) -> Result<Vec<NewObject>> {
    let mut objects = Vec::new();
    for fan in super::fs::list(&bare.join("objects"))? {
        let prefix = fan
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if prefix.len() != 2 {
            continue;
        }
        for file in super::fs::list(&fan)? {
            let name = file
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let text = format!("{prefix}{name}");
            if text.len() != store.object_hash().len_in_hex() {
                continue;
            }
            let id = Oid::from_hex(text.as_bytes()).map_err(|error| Error::git("a merged object's id", error))?;
            let (kind, data) = store.object(id)?;
            objects.push(NewObject { kind, data, id });
        }
    }
    objects.sort_by_key(|object| (object.kind != gix::objs::Kind::Blob, object.id));
    Ok(objects)
}
