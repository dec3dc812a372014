//! A directory held in memory: taken once, put down as often as a test needs a fresh copy.
//!
//! Knows nothing of git. Modes are kept (a private key demands its own), times are not.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// What stood at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Directory,
    File { bytes: Vec<u8>, mode: u32 },
    Link(PathBuf),
}

/// Everything below a directory, parents before children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(Vec<(PathBuf, Entry)>);

impl Snapshot {
    /// Takes what stands below `root`.
    pub(crate) fn of(root: &Path) -> Self {
        let mut entries = Vec::new();
        let mut pending = vec![root.to_owned()];
        while let Some(dir) = pending.pop() {
            for entry in std::fs::read_dir(&dir).unwrap() {
                let entry = entry.unwrap();
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                let found = if kind.is_dir() {
                    pending.push(path.clone());
                    Entry::Directory
                } else if kind.is_symlink() {
                    Entry::Link(std::fs::read_link(&path).unwrap())
                } else {
                    Entry::File {
                        bytes: std::fs::read(&path).unwrap(),
                        mode: entry.metadata().unwrap().permissions().mode(),
                    }
                };
                entries.push((path.strip_prefix(root).unwrap().to_owned(), found));
            }
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(entries)
    }

    /// Puts everything down below `root`, which is emptied first.
    pub(crate) fn restore(&self, root: &Path) {
        if root.exists() {
            std::fs::remove_dir_all(root).unwrap();
        }
        std::fs::create_dir(root).unwrap();
        for (path, entry) in &self.0 {
            let path = root.join(path);
            match entry {
                Entry::Directory => std::fs::create_dir(&path).unwrap(),
                Entry::Link(target) => symlink(target, &path).unwrap(),
                Entry::File { bytes, mode } => {
                    std::fs::write(&path, bytes).unwrap();
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
                }
            }
        }
    }

    /// The relative paths of everything that is not a directory.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let file = |(path, entry): &'_ (PathBuf, Entry)| !matches!((path, entry), (_, Entry::Directory));
        self.0
            .iter()
            .filter(move |item| file(item))
            .map(|(path, _)| path.as_path())
    }
}
