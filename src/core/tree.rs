//! Git objects made in memory: blobs, edited trees, commits.
//!
//! Formats: gitformat-pack(5) names the kinds, git-mktree(1) the order of a tree, gitformat-signature(5) the signed commit.
//! Knows nothing of object databases: directories come in, new objects go out.

use std::collections::BTreeMap;

use gix::hash::Kind as HashKind;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Kind, WriteTo as _};

use super::ids::Oid;

/// An object that the database may not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Blob, tree or commit.
    pub kind: Kind,
    /// The bytes without the object header.
    pub data: Vec<u8>,
    /// The id that these bytes have.
    pub id: Oid,
}

/// Why a tree cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file's path is empty, absolute, or has a component that git refuses.
    #[error("`{path}` is not a path in a tree")]
    Path {
        /// The path.
        path: String,
    },
    /// Something that is no regular file stands where a file should go.
    #[error("cannot write `{path}`: a {found} stands there")]
    Occupied {
        /// The path.
        path: String,
        /// What stands there.
        found: &'static str,
    },
    /// A component of a path is not a directory.
    #[error("cannot write below `{path}`: it is a {found}")]
    NotADirectory {
        /// The component's path.
        path: String,
        /// What stands there.
        found: &'static str,
    },
    /// A directory is in the tree, but its entries were not given.
    #[error("the entries of directory `{path}` were not loaded")]
    NotLoaded {
        /// The directory's path; empty for the root.
        path: String,
    },
    /// The object cannot be encoded or hashed.
    #[error("cannot encode {what}")]
    Encode {
        /// Which object.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The blob of these bytes.
///
/// # Errors
/// When SHA-1's collision detection refuses them.
pub fn blob(data: Vec<u8>, hash: HashKind) -> Result<NewObject, TreeError> {
    object(Kind::Blob, data, hash)
}

fn object(kind: Kind, data: Vec<u8>, hash: HashKind) -> Result<NewObject, TreeError> {
    let id = gix::objs::compute_hash(hash, kind, &data).map_err(|error| TreeError::Encode {
        what: format!("a {kind}"),
        source: error.to_string().into(),
    })?;
    Ok(NewObject { kind, data, id })
}

/// The root tree with these files' contents replaced or added, and the objects that takes: blobs, then trees, children
/// before parents.
///
/// `loaded` has the entries of every directory on the way to a changed file, by path, the root under `""`. An existing
/// file keeps its mode; a new one is 100644, in new directories where need be. Contents that are there already give the same
/// tree and no objects.
///
/// # Errors
/// When a path is none, something else than a regular file stands in its way, or a directory that exists was not loaded.
pub fn edit(
    loaded: &BTreeMap<String, Vec<Entry>>,
    changes: &BTreeMap<String, Vec<u8>>,
    hash: HashKind,
) -> Result<(Oid, Vec<NewObject>), TreeError> {
    let mut root = Directory::default();
    for (path, content) in changes {
        root.insert(path, content)?;
    }
    let mut editor = Editor {
        loaded,
        hash,
        blobs: Vec::new(),
        trees: Vec::new(),
    };
    let entries = loaded
        .get("")
        .ok_or_else(|| TreeError::NotLoaded { path: String::new() })?;
    let id = editor.write(&root, "", entries)?;
    let mut objects = editor.blobs;
    objects.append(&mut editor.trees);
    Ok((id, objects))
}

/// The changes below one directory.
#[derive(Default)]
struct Directory<'a> {
    files: BTreeMap<&'a str, &'a [u8]>,
    directories: BTreeMap<&'a str, Directory<'a>>,
}

impl<'a> Directory<'a> {
    fn insert(&mut self, path: &'a str, content: &'a [u8]) -> Result<(), TreeError> {
        // What git itself refuses by default; names that only Windows refuses are in many a tree.
        let options = gix::validate::path::component::Options {
            protect_windows: false,
            ..Default::default()
        };
        let valid = |name: &str| gix::validate::path::component(name.into(), None, options).is_ok();
        if path.contains('\0') || !path.split('/').all(valid) {
            return Err(TreeError::Path { path: path.to_owned() });
        }
        let mut directory = self;
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
            directory = directory.directories.entry(parent).or_default();
        }
        directory.files.insert(name, content);
        Ok(())
    }
}

struct Editor<'a> {
    loaded: &'a BTreeMap<String, Vec<Entry>>,
    hash: HashKind,
    blobs: Vec<NewObject>,
    trees: Vec<NewObject>,
}

impl Editor<'_> {
    /// Writes the directory at `path`, whose entries were `entries`; its new objects are kept only where it differs.
    fn write(&mut self, changes: &Directory<'_>, path: &str, entries: &[Entry]) -> Result<Oid, TreeError> {
        let mut edited = entries.to_vec();
        for (name, content) in &changes.files {
            self.write_file(&mut edited, path, name, content)?;
        }
        for (name, directory) in &changes.directories {
            self.write_directory(&mut edited, path, name, directory)?;
        }
        edited.sort();
        let changed = edited != entries;
        let mut data = Vec::new();
        gix::objs::Tree { entries: edited }
            .write_to(&mut data)
            .map_err(|error| TreeError::Encode {
                what: format!("the tree of `{path}`"),
                source: error.into(),
            })?;
        let tree = object(Kind::Tree, data, self.hash)?;
        let id = tree.id;
        if changed {
            self.trees.push(tree);
        }
        Ok(id)
    }

    fn write_file(
        &mut self,
        entries: &mut Vec<Entry>,
        parent: &str,
        name: &str,
        content: &[u8],
    ) -> Result<(), TreeError> {
        let blob = blob(content.to_vec(), self.hash)?;
        match entries.iter_mut().find(|entry| entry.filename == name) {
            Some(entry) if !entry.mode.is_blob() => {
                return Err(TreeError::Occupied {
                    path: join(parent, name),
                    found: described(entry.mode.kind()),
                });
            }
            Some(entry) if entry.oid == blob.id => return Ok(()),
            Some(entry) => entry.oid = blob.id,
            None => entries.push(Entry {
                mode: EntryKind::Blob.into(),
                filename: name.into(),
                oid: blob.id,
            }),
        }
        if !self.blobs.contains(&blob) {
            self.blobs.push(blob);
        }
        Ok(())
    }

    fn write_directory(
        &mut self,
        entries: &mut Vec<Entry>,
        parent: &str,
        name: &str,
        changes: &Directory<'_>,
    ) -> Result<(), TreeError> {
        let path = join(parent, name);
        let loaded = self.loaded;
        match entries.iter_mut().find(|entry| entry.filename == name) {
            Some(entry) if !entry.mode.is_tree() => {
                return Err(TreeError::NotADirectory {
                    path,
                    found: described(entry.mode.kind()),
                });
            }
            Some(entry) => {
                let below = loaded
                    .get(&path)
                    .ok_or_else(|| TreeError::NotLoaded { path: path.clone() })?;
                entry.oid = self.write(changes, &path, below)?;
            }
            None => {
                let oid = self.write(changes, &path, &[])?;
                entries.push(Entry {
                    mode: EntryKind::Tree.into(),
                    filename: name.into(),
                    oid,
                });
            }
        }
        Ok(())
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}/{name}")
    }
}

fn described(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Tree => "directory",
        EntryKind::Blob | EntryKind::BlobExecutable => "file",
        EntryKind::Link => "symbolic link",
        EntryKind::Commit => "submodule",
    }
}

/// What a commit consists of.
#[derive(Debug, Clone, Copy)]
pub struct CommitSpec<'a> {
    /// The tree.
    pub tree: Oid,
    /// The parents, first one first.
    pub parents: &'a [Oid],
    /// The author's whole line: `Name <mail> 1700000000 +0000`, as `git var GIT_AUTHOR_IDENT` prints it.
    pub author: &'a str,
    /// The committer's, alike.
    pub committer: &'a str,
    /// The message, to the byte; git ends it with a newline.
    pub message: &'a str,
    /// The signature over the commit without it.
    pub signature: Option<&'a [u8]>,
}

/// A text that would not stay within its header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the commit's {what} holds a {held}")]
pub struct CommitError {
    what: &'static str,
    held: &'static str,
}

/// The commit's bytes as git writes them. What gets signed is the same commit without a signature.
///
/// The signature's header is `gpgsig`, in SHA-256 repositories `gpgsig-sha256` (git's hash-function-transition).
///
/// # Errors
/// When an identity holds a newline, or any text a NUL: git refuses such commits, and the text would end up as another header.
pub fn commit(spec: &CommitSpec<'_>) -> Result<Vec<u8>, CommitError> {
    for (what, text) in [("author", spec.author), ("committer", spec.committer)] {
        if text.contains('\n') {
            return Err(CommitError { what, held: "newline" });
        }
    }
    for (what, text) in [
        ("author", spec.author),
        ("committer", spec.committer),
        ("message", spec.message),
    ] {
        if text.contains('\0') {
            return Err(CommitError { what, held: "NUL" });
        }
    }
    let mut bytes = format!("tree {}\n", spec.tree).into_bytes();
    for parent in spec.parents {
        bytes.extend(format!("parent {parent}\n").into_bytes());
    }
    bytes.extend(format!("author {}\ncommitter {}\n", spec.author, spec.committer).into_bytes());
    if let Some(signature) = spec.signature {
        let sha256 = spec.tree.kind() == HashKind::Sha256;
        bytes.extend_from_slice(if sha256 { b"gpgsig-sha256" } else { b"gpgsig" });
        for line in signature
            .strip_suffix(b"\n")
            .unwrap_or(signature)
            .split(|byte| *byte == b'\n')
        {
            bytes.push(b' ');
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
    }
    bytes.push(b'\n');
    bytes.extend_from_slice(spec.message.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests;
