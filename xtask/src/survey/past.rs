//! A repository as it was before each of its releases, in a scratch clone that shares its objects.
//!
//! Owns what is asked of git; must not know how a release is judged.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_sentinel::core::policy::Template;
use semver::Version;
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// A bare clone whose HEAD is moved about; the repository itself is only read.
pub(super) struct Past {
    shell: Shell,
    scratch: TempDir,
    template: Template,
}

/// What plain git says about the release before a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// The highest stable release tag that `git tag --merged` lists.
    pub(super) highest: Option<Version>,
    /// The tag that `git describe` finds through all parents.
    pub(super) nearest: Option<Version>,
    /// The tag that `git describe --first-parent` finds.
    pub(super) nearest_first_parent: Option<Version>,
    /// `git rev-list --count <highest>..<commit>`.
    pub(super) commits: usize,
}

impl Past {
    /// Clones `dir` without copying its objects.
    ///
    /// # Errors
    /// When `dir` is no repository.
    pub(super) fn of(dir: &Path, template: &Template) -> Result<Self> {
        let scratch = TempDir::new()?;
        let shell = Shell::new()?;
        for file in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
            shell.set_var(file, "/dev/null");
        }
        shell.set_var("LC_ALL", "C");
        let to = scratch.path();
        cmd!(shell, "git clone --quiet --bare --shared {dir} {to}")
            .quiet()
            .run()?;
        shell.change_dir(to);
        Ok(Self {
            shell,
            scratch,
            template: template.clone(),
        })
    }

    /// The scratch clone.
    pub(super) fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// The stable releases that `tip` descends from, lowest first.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn releases(&self, tip: &str) -> Result<Vec<Version>> {
        self.stable(&cmd!(self.shell, "git tag --merged {tip}").quiet().read()?)
    }

    /// All stable releases, on whatever branch, lowest first.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn all_releases(&self) -> Result<Vec<Version>> {
        self.stable(&cmd!(self.shell, "git tag").quiet().read()?)
    }

    fn stable(&self, names: &str) -> Result<Vec<Version>> {
        let versions = names.lines().filter_map(|name| self.template.parse(name));
        let mut versions: Vec<_> = versions.filter(|version| version.pre.is_empty()).collect();
        versions.sort();
        Ok(versions)
    }

    /// How many commits and tags there are.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn size(&self) -> Result<(String, usize)> {
        let commits = cmd!(self.shell, "git rev-list --count HEAD").quiet().read()?;
        let tags = cmd!(self.shell, "git tag").quiet().read()?;
        Ok((commits, tags.lines().count()))
    }

    /// The commit's first parent; `None` for a root.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn first_parent(&self, tag: &str) -> Result<Option<String>> {
        let parents = cmd!(self.shell, "git log -1 --format=%P refs/tags/{tag}")
            .quiet()
            .read()?;
        Ok(parents.split_whitespace().next().map(str::to_owned))
    }

    /// The message of the commit that is tagged.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn message(&self, tag: &str) -> Result<String> {
        Ok(cmd!(self.shell, "git log -1 --format=%B refs/tags/{tag}")
            .quiet()
            .read()?)
    }

    /// Puts HEAD on `commit`, and lets what is later stay where it is: it is no ancestor.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn go_to(&self, commit: &str) -> Result<()> {
        Ok(cmd!(self.shell, "git update-ref --no-deref HEAD {commit}")
            .quiet()
            .run()?)
    }

    /// What plain git says at `commit`.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn plain(&self, commit: &str) -> Result<Plain> {
        let highest = self.releases(commit)?.pop();
        let range = match &highest {
            Some(version) => format!("refs/tags/{}..{commit}", self.template.render(version)),
            None => commit.to_owned(),
        };
        let commits = cmd!(self.shell, "git rev-list --count {range}").quiet().read()?;
        Ok(Plain {
            highest,
            nearest: self.describe(commit, None)?,
            nearest_first_parent: self.describe(commit, Some("--first-parent"))?,
            commits: commits.parse().context("git rev-list --count gives a number")?,
        })
    }

    fn describe(&self, commit: &str, how: Option<&str>) -> Result<Option<Version>> {
        let template = self.template.to_string();
        let releases = template.replace("{version}", "[0-9]*.[0-9]*.[0-9]*");
        let prereleases = template.replace("{version}", "*-*");
        let found = cmd!(
            self.shell,
            "git describe --tags --abbrev=0 {how...} --match {releases} --exclude {prereleases} {commit}"
        );
        // Exit status 128 where nothing matches: an answer here, not a failure.
        let found = found.quiet().ignore_status().ignore_stderr().read()?;
        Ok(self.template.parse(&found))
    }
}
