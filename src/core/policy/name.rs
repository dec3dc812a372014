//! Paths and patterns that a configuration may name.

use std::fmt;

use semver::Version;

use super::error::Fault;
use crate::core::ids::TagName;

/// A path inside the repository: relative, `/` between its parts, none of them empty, `.`, `..` or `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepoPath(String);

impl RepoPath {
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
        check_path(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_path(text: &str) -> Result<(), Fault> {
    let windows_drive = text.as_bytes().get(1) == Some(&b':');
    if text.starts_with('/') || text.contains('\\') || windows_drive {
        return Err(Fault::new(
            "the path must be relative to the repository's top, with `/` between its parts",
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new("the path holds a control character"));
    }
    match text
        .split('/')
        .find(|part| matches!(*part, "" | "." | "..") || part.eq_ignore_ascii_case(".git"))
    {
        Some("") => Err(Fault::new("the path has an empty part")),
        Some(part) => Err(Fault::new(format!("the path must not have a part `{part}`"))),
        None => Ok(()),
    }
}

/// A file name or path with `{version}` in it, any number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    pub(super) fn path(text: &str) -> Result<Self, Fault> {
        let sample = Self(text.to_owned());
        check_placeholders(text)?;
        check_path(&sample.render(&Version::new(1, 2, 3)))?;
        Ok(sample)
    }

    /// A pattern for a name that stands in a line of the tag message and as a file: one word, without `/`.
    pub(super) fn file_name(text: &str) -> Result<Self, Fault> {
        let pattern = Self::path(text)?;
        if text.contains('/') || text.contains(char::is_whitespace) || text.starts_with(['.', '-']) {
            return Err(Fault::new(
                "a file name has no `/` and no blanks, and starts with neither `.` nor `-`",
            ));
        }
        Ok(pattern)
    }

    /// The name for this version.
    pub fn render(&self, version: &Version) -> String {
        self.0.replace("{version}", &version.to_string())
    }
}

fn check_placeholders(text: &str) -> Result<(), Fault> {
    if text.replace("{version}", "").contains(['{', '}']) {
        return Err(Fault::new("the only placeholder here is `{version}`"));
    }
    Ok(())
}

/// A pattern of tag names in which `*` stands for anything, `/` included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagGlob(String);

impl TagGlob {
    pub(super) fn new(text: &str) -> Result<Self, Fault> {
        TagName::new(text.replace('*', "x"))
            .map_err(|_| Fault::new("no tag name matches the pattern, in which `*` alone is special"))?;
        Ok(Self(text.to_owned()))
    }

    /// The pattern as it stands.
    pub(super) fn of(text: String) -> Self {
        Self(text)
    }

    /// Whether the tag's short name matches.
    pub fn matches(&self, name: &str) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else {
            return name == self.0;
        };
        let Some(mut name) = name.strip_prefix(start) else {
            return false;
        };
        // Each literal at its first place leaves the most for those that follow; the last one is bound to the end.
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for literal in middle.split('*') {
            match name.split_once(literal) {
                Some((_, after)) => name = after,
                None => return false,
            }
        }
        name.ends_with(end)
    }
}

impl fmt::Display for TagGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
