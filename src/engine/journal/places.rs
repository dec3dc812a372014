//! The places that a journal names: worktrees and builds, by their names in the repository, never by their paths.
//!
//! A repository can be moved or copied while a run is open. What its journal names is then found where the repository is
//! now, and nothing outside of it can be named at all.

use std::path::{Component, Path, PathBuf};

use crate::core::ids::TagName;
use crate::host::git_read::Repo;
use crate::host::{Result, fs};

/// The main worktree's name; a linked one's is `worktrees/<id>`, as its git directory lies (gitrepository-layout(5)).
const MAIN: &str = ".";
/// Below a worktree, where builds lie; and below the git directory, where there is no worktree.
const BUILDS: [&str; 2] = ["target/sentinel", "sentinel/artifacts"];

/// Where the places of a repository are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    common: PathBuf,
    /// Each worktree's name and top directory.
    trees: Vec<(String, PathBuf)>,
}

impl Places {
    /// Looks.
    pub(crate) fn of(repo: &Repo) -> Result<Self> {
        let mut places = Self::below(&fs::canonical(&repo.common_dir()));
        for tree in repo.worktrees()? {
            if let Some(name) = places.name_of(&tree.git_dir) {
                places.trees.push((name, tree.path));
            }
        }
        Ok(places)
    }

    /// The places of a repository whose worktrees nobody needs to find.
    pub(crate) fn below(common: &Path) -> Self {
        Self {
            common: common.to_owned(),
            trees: Vec::new(),
        }
    }

    /// The common git directory.
    pub(crate) fn common(&self) -> &Path {
        &self.common
    }

    /// The directory below which builds lie, for whoever works in the worktree at `top`.
    pub(crate) fn builds(&self, top: Option<&Path>) -> PathBuf {
        match top {
            Some(top) => fs::canonical(top).join(BUILDS[0]),
            None => self.common.join(BUILDS[1]),
        }
    }

    /// A worktree's name, by its git directory.
    pub(super) fn name_of(&self, git_dir: &Path) -> Option<String> {
        let below = git_dir.strip_prefix(&self.common).ok()?;
        let name = if below == Path::new("") { MAIN } else { below.to_str()? };
        is_tree(name).then(|| name.to_owned())
    }

    /// A worktree's top directory and git directory, by its name. One that is not there any more has a top where nothing
    /// can be.
    pub(super) fn tree(&self, name: &str) -> Option<(PathBuf, PathBuf)> {
        if !is_tree(name) {
            return None;
        }
        let git_dir = if name == MAIN {
            self.common.clone()
        } else {
            self.common.join(name)
        };
        let known = self.trees.iter().find(|(known, _)| known == name);
        let top = known.map_or_else(|| git_dir.join("gone"), |(_, top)| top.clone());
        Some((top, git_dir))
    }

    /// The worktree and the tag of a build, by its directory; without a worktree, it lies below the git directory.
    pub(super) fn name_of_build(&self, destination: &Path) -> Option<(Option<String>, TagName)> {
        let tag = |base: PathBuf| {
            let below = destination.strip_prefix(base).ok()?;
            TagName::new(below.to_str()?).ok()
        };
        let here = self.trees.iter().map(|(name, _)| name.as_str()).chain([MAIN]);
        let below_a_tree = here.into_iter().find_map(|name| {
            let (top, _) = self.tree(name)?;
            Some((Some(name.to_owned()), tag(top.join(BUILDS[0]))?))
        });
        below_a_tree.or_else(|| Some((None, tag(self.common.join(BUILDS[1]))?)))
    }

    /// A build's directory, by its worktree and its tag.
    pub(super) fn build(&self, tree: Option<&str>, tag: &TagName) -> Option<PathBuf> {
        let base = match tree {
            Some(name) => self.tree(name)?.0.join(BUILDS[0]),
            None => self.common.join(BUILDS[1]),
        };
        Some(base.join(tag.as_str()))
    }
}

/// Whether a text names a worktree.
fn is_tree(name: &str) -> bool {
    let id = name.strip_prefix("worktrees/").map(Path::new);
    name == MAIN || id.is_some_and(is_plain)
}

/// Whether a path is one name, and leads nowhere else.
fn is_plain(path: &Path) -> bool {
    let mut parts = path.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == path.as_os_str())
}

/// Whether a text is the name of a directory that a run built in, below the directory for temporary files.
pub(super) fn is_ground(name: &str, run: &str) -> bool {
    name.strip_prefix("cargo-sentinel-")
        .is_some_and(|rest| rest.starts_with(run))
        && is_plain(Path::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_elsewhere_is_no_place() {
        let places = Places::below(Path::new("/r/.git"));
        for name in [
            "",
            "/",
            "..",
            "worktrees",
            "worktrees/",
            "worktrees/..",
            "worktrees/a/b",
            "worktrees/./a",
            "/tmp/x",
        ] {
            assert_eq!(places.tree(name), None, "{name}");
        }
        for name in [
            "cargo-sentinel-r/../x",
            "cargo-sentinel-r/x",
            "/cargo-sentinel-r",
            "x",
            "cargo-sentinel-q",
        ] {
            assert!(!is_ground(name, "r"), "{name}");
        }
        assert!(is_ground("cargo-sentinel-r-12", "r"));
        assert!(TagName::new("../x").is_err());
    }

    #[test]
    fn a_place_is_found_where_the_repository_is_now() {
        let at = |root: &str| Places {
            common: Path::new(root).join(".git"),
            trees: vec![(".".to_owned(), root.into()), ("worktrees/a".to_owned(), "/a".into())],
        };
        let (before, after) = (at("/old"), at("/new"));
        assert_eq!(before.name_of(Path::new("/old/.git")), Some(".".to_owned()));
        assert_eq!(
            before.name_of(Path::new("/old/.git/worktrees/a")),
            Some("worktrees/a".to_owned())
        );
        assert_eq!(before.name_of(Path::new("/elsewhere/.git")), None);
        assert_eq!(after.tree("."), Some(("/new".into(), "/new/.git".into())));
        assert_eq!(
            after.tree("worktrees/a"),
            Some(("/a".into(), "/new/.git/worktrees/a".into()))
        );
        let (tree, tag) = before.name_of_build(Path::new("/old/target/sentinel/v1.0.0")).unwrap();
        assert_eq!(
            after.build(tree.as_deref(), &tag),
            Some("/new/target/sentinel/v1.0.0".into())
        );
        assert_eq!(before.name_of_build(Path::new("/tmp/v1.0.0")), None);
    }
}
