//! The manifests and lock files of a tree, under every path by which cargo reaches them.
//!
//! Cargo never asks what a path is made of: a member may be a symbolic link to a directory, its `Cargo.toml` one to a file
//! (symlink(7)). Works on paths alone: knows neither git nor what the files say.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::ids::Oid;

/// The most paths that links may add; a tree of few objects can have more of them than anybody could list.
const ALIASES_MAX: usize = 100_000;
/// The most links that one path leads through, as Linux has it (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// A file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its blob.
    pub id: Oid,
    /// Where the blob stands in the tree: the file that an edit changes.
    pub real: String,
}

/// The files of a tree by the paths that lead to them, and the places where a path leaves the tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    files: BTreeMap<String, File>,
    outside: BTreeMap<String, Outside>,
}

/// What leads out of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// A symbolic link, with its target as it is written.
    Link(String),
    /// A submodule: its files belong to another repository.
    Submodule,
}

/// Why a tree cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("symbolic links lead to more than {ALIASES_MAX} further manifests, which is not supported")]
pub struct TooMany;

/// What stands in a tree beside directories: the files asked for, every link with its target, every submodule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    /// Files by path.
    pub files: BTreeMap<String, Oid>,
    /// Targets of links by the path of the link.
    pub links: BTreeMap<String, String>,
    /// Paths of submodules.
    pub submodules: BTreeSet<String>,
}

/// Where a path leads.
enum Place {
    Inside(String),
    Outside(String),
    Nowhere,
}

impl Entries {
    /// The files that links of the wanted names lead to and that are not among the files yet.
    pub fn missing(&self, is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let named = self.links.keys().filter(|link| is_wanted(link));
        let places = named.filter_map(|link| match self.follow(link) {
            Place::Inside(real) => Some(real),
            Place::Outside(_) | Place::Nowhere => None,
        });
        places.filter(|real| !self.files.contains_key(real)).collect()
    }

    /// Follows every link on the way, the last one included.
    fn follow(&self, path: &str) -> Place {
        let mut pending: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut at, mut links) = (String::new(), 0);
        while let Some(name) = pending.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." if at.is_empty() => return Place::Outside(path.to_owned()),
                ".." => at = directory_of(&at).to_owned(),
                name => {
                    let next = below(&at, name);
                    let Some(target) = self.links.get(&next) else {
                        at = next;
                        continue;
                    };
                    links += 1;
                    if links > LINKS_MAX {
                        return Place::Nowhere;
                    }
                    if target.starts_with('/') {
                        return Place::Outside(next);
                    }
                    pending.extend(target.split('/').rev().map(str::to_owned));
                }
            }
        }
        Place::Inside(at)
    }
}

/// A directory link to expand: the path that leads to it, where it stands, and the directories that were gone through.
struct Pending {
    path: String,
    real: String,
    trail: Vec<String>,
}

impl Listing {
    /// Lists what the entries lead to.
    ///
    /// # Errors
    /// Where links lead to more paths than a project could mean.
    pub fn new(entries: &Entries) -> Result<Self, TooMany> {
        let mut listing = Self::plain(entries.files.clone());
        let submodules = entries.submodules.iter();
        listing.outside = submodules.map(|path| (path.clone(), Outside::Submodule)).collect();
        let mut pending: Vec<Pending> = entries.links.keys().map(|link| Pending::at(link)).collect();
        let mut aliases = 0;
        while let Some(link) = pending.pop() {
            aliases += 1;
            let directory = match entries.follow(&link.real) {
                Place::Inside(directory) => directory,
                Place::Outside(last) => {
                    let target = entries.links.get(&last).or_else(|| entries.links.get(&link.real));
                    let target = target.cloned().unwrap_or_default();
                    listing.outside.insert(link.path, Outside::Link(target));
                    continue;
                }
                Place::Nowhere => continue,
            };
            if let Some(id) = entries.files.get(&directory) {
                let file = File {
                    id: *id,
                    real: directory,
                };
                listing.files.insert(link.path, file);
                continue;
            }
            for (path, id) in range_below(&entries.files, &directory) {
                aliases += 1;
                let (real, id) = (path.clone(), *id);
                listing.files.insert(link.alias(path, &directory), File { id, real });
            }
            // Links below a directory that the path stands in, or went through, would lead round in a circle.
            let circles = |gone: &str| is_within(gone, &directory);
            if circles(directory_of(&link.real)) || link.trail.iter().any(|gone| circles(gone)) {
                continue;
            }
            for (path, _) in range_below(&entries.links, &directory) {
                let trail = link.trail.iter().cloned().chain([directory.clone()]).collect();
                let (path, real) = (link.alias(path, &directory), path.clone());
                pending.push(Pending { path, real, trail });
            }
            if aliases > ALIASES_MAX + entries.links.len() {
                return Err(TooMany);
            }
        }
        Ok(listing)
    }

    /// A tree without links.
    pub fn plain(files: BTreeMap<String, Oid>) -> Self {
        let file = |(path, id): (String, Oid)| (path.clone(), File { id, real: path });
        Self {
            files: files.into_iter().map(file).collect(),
            outside: BTreeMap::new(),
        }
    }

    /// The file that a path leads to.
    pub fn get(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// Whether a path leads to one of the files.
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Every path, in order.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Every path that is a file's own, with its blob.
    pub fn real_files(&self) -> impl Iterator<Item = (&String, Oid)> {
        let own = |(path, file): &(&String, &File)| **path == file.real;
        self.files.iter().filter(own).map(|(path, file)| (path, file.id))
    }

    /// Where the file that a path leads to stands; the path itself where nothing does.
    pub fn real<'p>(&'p self, path: &'p str) -> &'p str {
        self.files.get(path).map_or(path, |file| &file.real)
    }

    /// Every path that leads to one of these files.
    pub fn aliases<'p>(&'p self, paths: impl Iterator<Item = &'p str>) -> BTreeSet<String> {
        let real: BTreeSet<&str> = paths.map(|path| self.real(path)).collect();
        let leads = |(_, file): &(&String, &File)| real.contains(file.real.as_str());
        self.files.iter().filter(leads).map(|(path, _)| path.clone()).collect()
    }

    /// What a path leaves the tree by.
    pub fn exit(&self, path: &str) -> Option<(&str, &Outside)> {
        let mut prefixes = std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent));
        prefixes.find_map(|prefix| {
            self.outside
                .get_key_value(prefix)
                .map(|(path, outside)| (path.as_str(), outside))
        })
    }

    /// The links that lead out of the tree.
    pub fn links_outside(&self) -> impl Iterator<Item = (&str, &Outside)> {
        let links = self
            .outside
            .iter()
            .filter(|(_, outside)| matches!(outside, Outside::Link(_)));
        links.map(|(path, outside)| (path.as_str(), outside))
    }
}

impl Pending {
    fn at(link: &str) -> Self {
        let (path, real) = (link.to_owned(), link.to_owned());
        Self {
            path,
            real,
            trail: Vec::new(),
        }
    }

    /// The path that leads through this link to what stands at `path` in the directory that it leads to.
    fn alias(&self, path: &str, directory: &str) -> String {
        let rest = path.strip_prefix(directory).unwrap_or(path).trim_start_matches('/');
        below(&self.path, rest)
    }
}

fn range_below<'e, T>(entries: &'e BTreeMap<String, T>, directory: &str) -> impl Iterator<Item = (&'e String, &'e T)> {
    let prefix = if directory.is_empty() {
        String::new()
    } else {
        format!("{directory}/")
    };
    let from = entries.range(prefix.clone()..);
    from.take_while(move |(path, _)| path.starts_with(&prefix))
}

fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

/// The `Cargo.toml` of a directory.
pub fn manifest_in(directory: &str) -> String {
    below(directory, "Cargo.toml")
}

/// The directory of a path; empty for the repository's top.
pub fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Whether a directory is another one or lies in it.
pub fn is_within(directory: &str, outer: &str) -> bool {
    outer.is_empty()
        || directory
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path that `relative` leads to from `base`, by its text alone, as cargo reads it; `None` where it leaves the
/// repository.
pub fn join(base: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut components: Vec<&str> = base.split('/').filter(|component| !component.is_empty()).collect();
    for component in relative.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()?),
            name => components.push(name),
        }
    }
    Some(components.join("/"))
}
