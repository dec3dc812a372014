//! Which file of a repository is its CHANGELOG.
//!
//! The configured one, else the one that has a usual name. Links are followed inside the tree, never out of it. Knows
//! nothing of git or of disks: what lies where is asked of a [`Tree`].

use super::encoding::{decode, is_utf16};
use super::parse::parse;

/// The file that is made where there is none.
const NEW: &str = "CHANGELOG.md";

/// The names in use, without their ending, in any case.
const NAMES: [&str; 5] = ["changelog", "changes", "history", "releases", "news"];

/// The endings in use, and whether such a file is Markdown. Without an ending it is, where a heading shows it.
const ENDINGS: [(&str, bool); 10] = [
    ("", true),
    ("md", true),
    ("markdown", true),
    ("mdown", true),
    ("mdx", true),
    ("mkd", true),
    ("txt", false),
    ("rst", false),
    ("adoc", false),
    ("org", false),
];

/// As many links in a row as Linux follows (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and where it points.
    Link(String),
    /// Something that holds no text, such as a submodule.
    Other,
}

/// Files in their directories: a commit's, or those on the disk.
pub trait Tree {
    /// Why something could not be looked at.
    type Error;

    /// The names in a directory, in any order; none where there is no such directory.
    ///
    /// # Errors
    /// When it cannot be read.
    fn names(&self, directory: &str) -> Result<Vec<String>, Self::Error>;

    /// What lies at a path, links not followed; `None` where there is nothing.
    ///
    /// # Errors
    /// When it cannot be looked at.
    fn node(&self, path: &str) -> Result<Option<Node>, Self::Error>;
}

/// The CHANGELOG of a commit or of a working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangelogFile {
    /// The file that is read and written, links followed.
    pub path: String,
    /// Its text as [`decode`] makes it; `None` where the file is yet to be made.
    pub text: Option<String>,
}

impl ChangelogFile {
    /// Takes the bytes of the file that [`find`] named.
    ///
    /// # Errors
    /// For text in UTF-16, and for a file without an ending that is not Markdown.
    pub fn read(path: String, bytes: Option<&[u8]>) -> Result<Self, FileError> {
        let Some(bytes) = bytes else {
            return Ok(Self { path, text: None });
        };
        if is_utf16(bytes) {
            return Err(FileError::Utf16 { path });
        }
        let text = decode(bytes);
        let bare = ending(name(&path)).is_empty();
        if bare && !text.trim().is_empty() && parse(&text).sections.is_empty() {
            return Err(FileError::NotMarkdown { path });
        }
        Ok(Self { path, text: Some(text) })
    }
}

/// Why no file is taken for the CHANGELOG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// More than one file has a usual name.
    #[error("several files could be the CHANGELOG: {}", paths.join(", "))]
    Several {
        /// Their paths, sorted.
        paths: Vec<String>,
    },
    /// The file is not Markdown.
    #[error("the CHANGELOG is {path}, and only Markdown is written")]
    NotMarkdown {
        /// Its path.
        path: String,
    },
    /// The file is in UTF-16.
    #[error("{path} is UTF-16, and only UTF-8 is written")]
    Utf16 {
        /// Its path.
        path: String,
    },
    /// A symbolic link leads out of the repository, or round in a circle.
    #[error("{path} is a symbolic link that leads {to}")]
    Astray {
        /// The path that was to be followed.
        path: String,
        /// Where it leads.
        to: String,
    },
    /// The path names a directory or a submodule.
    #[error("{path} is not a file")]
    NotAFile {
        /// The path.
        path: String,
    },
}

impl FileError {
    /// The command or edit that mends it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Several { paths } => {
                let first = paths.first().map_or(NEW, String::as_str);
                format!("say which one in sentinel.toml: [release] changelog = \"{first}\"")
            }
            Self::NotMarkdown { path } => {
                let stem = match name(path).rsplit_once('.') {
                    Some((stem, _)) => path.get(..path.len() - name(path).len() + stem.len()).unwrap_or(path),
                    None => path,
                };
                format!("turn it into Markdown: git mv {path} {stem}.md, with `## 1.0.0` as the form of its headings")
            }
            Self::Utf16 { path } => format!("iconv -f UTF-16 -t UTF-8 {path} > new && mv new {path}, and commit it"),
            Self::Astray { path, .. } => {
                format!("git rm {path}, and put a file there, or name another in sentinel.toml: [release] changelog")
            }
            Self::NotAFile { .. } => "name a file in sentinel.toml: [release] changelog = \"CHANGELOG.md\"".to_owned(),
        }
    }
}

/// The path of the CHANGELOG in a tree, links followed. Nothing need be there: then it is where the file is to be made.
///
/// Looked for at the top of the repository; where nothing has a usual name there, in `directories`, those of the
/// packages.
///
/// # Errors
/// When the tree cannot be read.
pub fn find<T: Tree>(
    tree: &T,
    configured: Option<&str>,
    directories: &[&str],
) -> Result<Result<String, FileError>, T::Error> {
    if let Some(path) = configured {
        return resolve(tree, path).map(|found| found.and_then(markdown));
    }
    let mut found = named_in(tree, "")?;
    if found.is_empty() {
        for directory in directories.iter().filter(|directory| !directory.is_empty()) {
            found.extend(named_in(tree, directory)?);
        }
    }
    // Several names may lead to one file.
    let mut files = Vec::new();
    for path in &found {
        match resolve(tree, path)? {
            Ok(file) => files.push(file),
            Err(why) => return Ok(Err(why)),
        }
    }
    files.sort();
    files.dedup();
    Ok(match files.as_slice() {
        [] => Ok(NEW.to_owned()),
        [only] => markdown(only.clone()),
        [_, _, ..] => Err(FileError::Several { paths: files }),
    })
}

/// The files and links of a directory that have a usual name, by path.
fn named_in<T: Tree>(tree: &T, directory: &str) -> Result<Vec<String>, T::Error> {
    let mut found = Vec::new();
    for name in tree.names(directory)?.iter().filter(|name| is_usual(name)) {
        let path = joined(directory, name);
        match tree.node(&path)? {
            Some(Node::File) => found.push(path),
            Some(Node::Link(_)) => {
                // A link to a directory is no more a CHANGELOG than the directory.
                let to_directory = matches!(resolve(tree, &path)?, Err(FileError::NotAFile { .. }));
                found.extend((!to_directory).then_some(path));
            }
            Some(Node::Directory | Node::Other) | None => {}
        }
    }
    Ok(found)
}

fn is_usual(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    NAMES.contains(&stem) && ENDINGS.iter().any(|(known, _)| *known == ending)
}

fn markdown(path: String) -> Result<String, FileError> {
    let ending = ending(name(&path)).to_ascii_lowercase();
    match ENDINGS.iter().find(|(known, _)| *known == ending) {
        Some((_, true)) => Ok(path),
        Some((_, false)) | None => Err(FileError::NotMarkdown { path }),
    }
}

/// Follows links, those among the directories too. A path at which nothing lies is itself.
fn resolve<T: Tree>(tree: &T, path: &str) -> Result<Result<String, FileError>, T::Error> {
    let astray = |to: &str| FileError::Astray {
        path: path.to_owned(),
        to: to.to_owned(),
    };
    let mut at: Vec<String> = Vec::new();
    let mut ahead: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." if at.pop().is_none() => return Ok(Err(astray("out of the repository"))),
            ".." => continue,
            _ => at.push(part),
        }
        match tree.node(&at.join("/"))? {
            Some(Node::Link(target)) => {
                links += 1;
                at.pop();
                if target.starts_with('/') {
                    return Ok(Err(astray(&format!("out of the repository, to {target}"))));
                }
                if links > MAX_LINKS {
                    return Ok(Err(astray("round in a circle")));
                }
                ahead.extend(target.rsplit('/').map(str::to_owned));
            }
            Some(Node::Other) => return Ok(Err(FileError::NotAFile { path: path.to_owned() })),
            Some(Node::Directory) if ahead.is_empty() => {
                return Ok(Err(FileError::NotAFile { path: path.to_owned() }));
            }
            Some(Node::File) if !ahead.is_empty() => {
                return Ok(Err(FileError::NotAFile { path: path.to_owned() }));
            }
            Some(Node::File | Node::Directory) | None => {}
        }
    }
    if at.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Ok(Err(astray("into git's own files")));
    }
    Ok(Ok(at.join("/")))
}

fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    /// A path for each file; `a -> b` is a link, `a/` a directory.
    struct Listed(BTreeMap<String, Node>);

    impl Listed {
        fn new(files: &[&str]) -> Self {
            let mut nodes = BTreeMap::new();
            for file in files {
                let (path, node) = match (file.split_once(" -> "), file.strip_suffix('/')) {
                    (Some((path, target)), _) => (path, Node::Link(target.to_owned())),
                    (None, Some(path)) => (path, Node::Directory),
                    (None, None) => (*file, Node::File),
                };
                let mut above = path;
                while let Some((parent, _)) = above.rsplit_once('/') {
                    nodes.insert(parent.to_owned(), Node::Directory);
                    above = parent;
                }
                nodes.insert(path.to_owned(), node);
            }
            Self(nodes)
        }
    }

    impl Tree for Listed {
        type Error = Infallible;

        fn names(&self, directory: &str) -> Result<Vec<String>, Infallible> {
            let top = if directory.is_empty() {
                String::new()
            } else {
                format!("{directory}/")
            };
            let below = self.0.keys().filter_map(|path| path.strip_prefix(&top));
            Ok(below.filter(|name| !name.contains('/')).map(str::to_owned).collect())
        }

        fn node(&self, path: &str) -> Result<Option<Node>, Infallible> {
            Ok(self.0.get(path).cloned())
        }
    }

    fn found(configured: Option<&str>, files: &[&str]) -> String {
        match find(&Listed::new(files), configured, &["", "crates/a", "crates/b"]).unwrap() {
            Ok(path) => path,
            Err(error) => format!("{error}; {}", error.remedy()),
        }
    }

    #[test]
    fn the_names_in_use_are_found() {
        for name in [
            "CHANGELOG.md",
            "Changelog.md",
            "changelog.md",
            "ChangeLog",
            "CHANGES.md",
            "HISTORY.md",
            "RELEASES.md",
            "NEWS.md",
            "news",
            "Changelog.MARKDOWN",
        ] {
            assert_eq!(found(None, &["README.md", "src/lib.rs", name]), name);
        }
        assert_eq!(found(None, &["README.md"]), "CHANGELOG.md");
        assert_eq!(
            found(None, &["changelog/", "news/1.md", "CHANGELOG-old.md", "RELEASING.md"]),
            "CHANGELOG.md"
        );
        assert_eq!(found(Some("docs/log.md"), &["CHANGELOG.md"]), "docs/log.md");
        assert_eq!(found(None, &["crates/b/CHANGES.md"]), "crates/b/CHANGES.md");
        assert_eq!(found(None, &["CHANGES.md", "crates/b/CHANGELOG.md"]), "CHANGES.md");
    }

    #[test]
    fn links_are_followed_inside_the_tree() {
        assert_eq!(
            found(None, &["CHANGELOG.md -> docs/log.md", "docs/log.md"]),
            "docs/log.md"
        );
        assert_eq!(
            found(None, &["CHANGELOG.md -> ./d/log.md", "d -> docs", "docs/log.md"]),
            "docs/log.md"
        );
        assert_eq!(
            found(None, &["CHANGES.md -> CHANGELOG.md", "CHANGELOG.md"]),
            "CHANGELOG.md"
        );
        assert_eq!(found(Some("d/x.md"), &["d -> docs", "docs/"]), "docs/x.md");
        assert_eq!(found(None, &["NEWS -> docs", "docs/a.md"]), "CHANGELOG.md");
    }

    #[test]
    fn what_cannot_be_written_is_refused_by_name() {
        insta::assert_snapshot!(found(None, &["CHANGES.md", "HISTORY.md"]), @r#"several files could be the CHANGELOG: CHANGES.md, HISTORY.md; say which one in sentinel.toml: [release] changelog = "CHANGES.md""#);
        insta::assert_snapshot!(found(None, &["crates/a/CHANGES.md", "crates/b/CHANGES.md"]), @r#"several files could be the CHANGELOG: crates/a/CHANGES.md, crates/b/CHANGES.md; say which one in sentinel.toml: [release] changelog = "crates/a/CHANGES.md""#);
        insta::assert_snapshot!(found(None, &["CHANGES.rst"]), @"the CHANGELOG is CHANGES.rst, and only Markdown is written; turn it into Markdown: git mv CHANGES.rst CHANGES.md, with `## 1.0.0` as the form of its headings");
        insta::assert_snapshot!(found(Some("src/log.rs"), &[]), @"the CHANGELOG is src/log.rs, and only Markdown is written; turn it into Markdown: git mv src/log.rs src/log.md, with `## 1.0.0` as the form of its headings");
        insta::assert_snapshot!(found(None, &["CHANGELOG.md -> ../log.md"]), @"CHANGELOG.md is a symbolic link that leads out of the repository; git rm CHANGELOG.md, and put a file there, or name another in sentinel.toml: [release] changelog");
        insta::assert_snapshot!(found(None, &["CHANGELOG.md -> /etc/passwd"]), @"CHANGELOG.md is a symbolic link that leads out of the repository, to /etc/passwd; git rm CHANGELOG.md, and put a file there, or name another in sentinel.toml: [release] changelog");
        insta::assert_snapshot!(found(None, &["CHANGELOG.md -> NEWS.md", "NEWS.md -> CHANGELOG.md"]), @"CHANGELOG.md is a symbolic link that leads round in a circle; git rm CHANGELOG.md, and put a file there, or name another in sentinel.toml: [release] changelog");
        insta::assert_snapshot!(found(None, &["CHANGELOG.md -> .git/config"]), @"CHANGELOG.md is a symbolic link that leads into git's own files; git rm CHANGELOG.md, and put a file there, or name another in sentinel.toml: [release] changelog");
        insta::assert_snapshot!(found(Some("docs"), &["docs/a.md"]), @r#"docs is not a file; name a file in sentinel.toml: [release] changelog = "CHANGELOG.md""#);
    }

    #[test]
    fn files_without_an_ending_are_markdown_where_a_heading_shows_it() {
        let read = |path: &str, bytes: &[u8]| ChangelogFile::read(path.to_owned(), Some(bytes));
        assert!(read("CHANGES", b"# Changes\n\n## 1.0.0\n").is_ok());
        assert!(read("CHANGES", b"").is_ok());
        assert!(matches!(
            read("CHANGES", b"1.0.0\n  * x\n"),
            Err(FileError::NotMarkdown { .. })
        ));
        assert!(matches!(
            read("CHANGES.md", b"\xff\xfe#\0"),
            Err(FileError::Utf16 { .. })
        ));
        assert!(read("CHANGES.md", b"## 1.0.0\n\n- caf\xe9\n").is_ok());
    }
}
