//! `.crate` files: what cargo packs and unpacks, a gzip of a tar with one directory `<name>-<version>`
//! (The Cargo Book, cargo-package(1)).

use std::collections::BTreeSet;
use std::io::Read;

use super::{
    Damage, Form, Head, IDENTITY_BYTES_MAX, Identity, Source, VCS_INFO, format_of, limit, sealed, vcs_identity,
};

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
    let top = files(source, &mut |mut file| {
        match file.path.as_str() {
            VCS_INFO => identity = vcs_identity(&file.bytes("IDENTITY_BYTES_MAX", IDENTITY_BYTES_MAX)?)?,
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
pub struct PackedFile<'a> {
    /// Its path below `<name>-<version>`.
    pub path: String,
    /// Whether it is packed as executable.
    pub executable: bool,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Its bytes.
    pub content: &'a mut dyn Read,
}

impl PackedFile<'_> {
    /// All of its bytes.
    ///
    /// # Errors
    /// When there are more than `most`, the bound that is called `name`, or they cannot be read.
    pub fn bytes(&mut self, name: &'static str, most: u64) -> Result<Vec<u8>, Damage> {
        if self.size_bytes > most {
            return Err(limit(name, most));
        }
        let mut bytes = Vec::new();
        let read = self.content.read_to_end(&mut bytes);
        read.map_err(|error| format_of(KIND, &error))?;
        Ok(bytes)
    }
}

/// Shows each file of a package, in the order they are packed, and gives the directory they lie in.
///
/// # Errors
/// When it is damaged, goes beyond a limit, holds one path twice or below a file, lies in more than one directory, holds
/// anything but files, could be read in two ways, or `show` gives one.
pub fn files(
    source: &mut dyn Source,
    show: &mut dyn FnMut(PackedFile<'_>) -> Result<(), Damage>,
) -> Result<String, Damage> {
    source.rewind().map_err(|error| format_of(KIND, &error))?;
    let mut top: Option<String> = None;
    let (mut paths, mut directories) = (BTreeSet::new(), BTreeSet::new());
    sealed::walk(source, &mut |file| {
        let (directory, path) = file.path.split_once('/').unwrap_or((&file.path, ""));
        let elsewhere = top.get_or_insert_with(|| directory.to_owned()).as_str() != directory;
        if elsewhere || !sealed::is_plain(&file.path) || path.is_empty() {
            return Err(Damage::Path(file.path));
        }
        // Two names that one file system holds apart and another does not are two files in one place there.
        let folded = path.to_lowercase();
        let above = folded
            .match_indices('/')
            .map(|(at, _)| folded.split_at(at).0.to_owned());
        directories.extend(above);
        if !paths.insert(folded) {
            return Err(Damage::Duplicate(file.path));
        }
        show(PackedFile {
            path: path.to_owned(),
            executable: file.executable,
            size_bytes: file.size_bytes,
            content: file.content,
        })
    })?;
    if let Some(both) = paths.intersection(&directories).next() {
        return Err(Damage::Duplicate(both.clone()));
    }
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
