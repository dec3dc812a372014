//! `.crate` files: what cargo packs and unpacks, a gzip of a tar with one directory `<name>-<version>`
//! (The Cargo Book, cargo-package(1)).

use std::collections::BTreeSet;

use flate2::read::GzDecoder;

use super::tar::{What, walk};
use super::{Damage, Form, Head, Identity, Source, VCS_INFO, format_of, vcs_identity};

/// The word for the kind.
pub const KIND: &str = "crate";
const EXTENSION: &str = ".crate";

pub(super) const FORM: Form = Form {
    kind: KIND,
    recognises,
    inspect,
};

fn recognises(head: &Head<'_>) -> bool {
    head.name.ends_with(EXTENSION)
}

fn inspect(source: &mut dyn Source) -> Result<Option<Identity>, Damage> {
    let (mut identity, mut manifest) = (None, None);
    let top = files(source, &mut |file| {
        match file.path.as_str() {
            VCS_INFO => identity = vcs_identity(&file.content)?,
            "Cargo.toml" => manifest = Some(()),
            _ => {}
        }
        Ok(())
    })?;
    manifest.ok_or(Damage::Missing("Cargo.toml"))?;
    let (package, version) = name_and_version(&top).map_or((None, None), |(name, version)| {
        (Some(name.to_owned()), Some(version.to_owned()))
    });
    Ok(identity.map(|identity| Identity {
        package,
        version,
        ..identity
    }))
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Its path below `<name>-<version>`.
    pub path: String,
    /// Whether it is packed as executable.
    pub executable: bool,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Shows each file of a package, in the order they are packed, and gives the directory they lie in.
///
/// # Errors
/// When it is damaged, goes beyond a limit, holds one path twice, lies in more than one directory, holds anything but files
/// and directories, or `show` gives one.
pub fn files(
    source: &mut dyn Source,
    show: &mut dyn FnMut(PackedFile) -> Result<(), Damage>,
) -> Result<String, Damage> {
    source.rewind().map_err(|error| format_of(KIND, &error))?;
    let mut top: Option<String> = None;
    let mut paths = BTreeSet::new();
    walk(GzDecoder::new(source), KIND, &mut |entry| {
        let (directory, path) = entry.path.split_once('/').unwrap_or((&entry.path, ""));
        if directory.is_empty() || top.get_or_insert_with(|| directory.to_owned()).as_str() != directory {
            return Err(Damage::Path(entry.path));
        }
        match entry.what {
            What::Directory => return Ok(()),
            What::Special(what) => return Err(Damage::Special { path: entry.path, what }),
            What::Comment(_) => {
                return Err(Damage::Special {
                    path: entry.path,
                    what: "global header",
                });
            }
            What::File if path.is_empty() => return Err(Damage::Path(entry.path)),
            What::File => {}
        }
        // Two names that one file system holds apart and another does not are two files in one place there.
        if !paths.insert(path.to_lowercase()) {
            return Err(Damage::Duplicate(entry.path));
        }
        let mut content = Vec::new();
        let read = entry.content.read_to_end(&mut content);
        read.map_err(|error| format_of(KIND, &error))?;
        show(PackedFile {
            path: path.to_owned(),
            executable: entry.executable,
            content,
        })
    })?;
    top.ok_or(Damage::Missing("Cargo.toml"))
}

/// The two parts of `<name>-<version>`: the version starts at the first `-` from which on the rest is one.
pub fn name_and_version(top: &str) -> Option<(&str, &str)> {
    top.match_indices('-').find_map(|(at, _)| {
        let (name, rest) = top.split_at(at);
        let version = rest.strip_prefix('-')?;
        semver::Version::parse(version).ok().map(|_| (name, version))
    })
}
