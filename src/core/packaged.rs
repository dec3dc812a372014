//! A published package against a commit: is every file of the `.crate` what the commit holds?
//!
//! This is the proof to `core::artifact`'s claim. Asks for the commit's entries one by one ([`Commit`]) and knows nothing
//! of object databases; which commit and which directory of it is for others to say.

mod lock;
mod manifest;
#[cfg(test)]
mod tests;
mod tree;
pub mod verdict;

use gix::hash::Kind as HashKind;

use super::artifact::package::{self, PackedFile, name_and_version};
use super::artifact::{Damage, Identity, Source, VCS_INFO, vcs_identity};
use super::ids::Oid;
use manifest::{Files, Workspace};
pub use tree::{Commit, Inner, TreeEntry};
use tree::{Found, join, parent};

/// The manifest that cargo writes, the one that it was made from, and the lock file.
const MANIFEST: &str = "Cargo.toml";
const ORIGINAL: &str = "Cargo.toml.orig";
const LOCK: &str = "Cargo.lock";
/// The largest file of a package that is held in memory.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A `.crate`, read once: what its files would be as blobs, and the few that are read by content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What `.cargo_vcs_info.json` says; `None` where there is none or it names no commit.
    pub identity: Option<Identity>,
    files: Vec<Packed>,
    manifest: Vec<u8>,
    lock: Option<Vec<u8>>,
}

/// A file of a `.crate`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packed {
    path: String,
    executable: bool,
    blob: Oid,
    /// The blob that it would be with LF for each CRLF.
    with_lf: Oid,
}

impl Crate {
    /// Reads a `.crate`; `hash` is the one that the repository's ids are made with.
    ///
    /// # Errors
    /// When it is damaged, goes beyond a bound, or its directory is not named after a package and a version.
    pub fn read(source: &mut dyn Source, hash: HashKind) -> Result<Self, Damage> {
        let (mut files, mut identity, mut manifest, mut lock) = (Vec::new(), None, None, None);
        let top = package::files(source, &mut |mut file| {
            let path = file.path.clone();
            if file.size_bytes > TEXT_BYTES_MAX && ![VCS_INFO, MANIFEST, LOCK].contains(&path.as_str()) {
                files.push(Packed::of_large(file, hash)?);
                return Ok(());
            }
            let content = file.bytes("TEXT_BYTES_MAX", TEXT_BYTES_MAX)?;
            files.push(Packed::of(&file, &content, hash)?);
            match path.as_str() {
                VCS_INFO => identity = vcs_identity(&content)?,
                MANIFEST => manifest = Some(content),
                LOCK => lock = Some(content),
                _ => {}
            }
            Ok(())
        })?;
        let manifest = manifest.ok_or(Damage::Missing(MANIFEST))?;
        let (name, version) = name_and_version(&top).ok_or_else(|| Damage::Path(top.clone()))?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            identity,
            files,
            manifest,
            lock,
        })
    }

    /// The directory of the package among those whose `Cargo.toml` are `manifests`, by path.
    ///
    /// For packages that do not say it: cargo has written `path_in_vcs` since 1.57. The manifest that was packed decides;
    /// without one (before Cargo 0.13), the package's name does.
    ///
    /// # Errors
    /// When a manifest cannot be read.
    pub fn directory<C: Commit>(&self, manifests: &[(String, Oid)], commit: &C) -> Result<Option<String>, C::Error> {
        let original = self.file(ORIGINAL).or_else(|| self.file(MANIFEST));
        let packed = |id: &Oid| original.is_some_and(|file| file.blob == *id || file.with_lf == *id);
        if let Some((path, _)) = manifests.iter().find(|(_, id)| packed(id)) {
            return Ok(Some(parent(path).to_owned()));
        }
        for (path, id) in manifests {
            if manifest::package_name(&commit.blob(*id)?).as_deref() == Some(&self.name) {
                return Ok(Some(parent(path).to_owned()));
            }
        }
        Ok(None)
    }

    fn file(&self, path: &str) -> Option<&Packed> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl Packed {
    fn of(file: &PackedFile<'_>, content: &[u8], hash: HashKind) -> Result<Self, Damage> {
        let blob = |bytes: &[u8]| {
            gix::objs::compute_hash(hash, gix::objs::Kind::Blob, bytes).map_err(|error| unhashed(&file.path, &error))
        };
        let own = blob(content)?;
        let text = with_lf(content);
        Ok(Self {
            path: file.path.clone(),
            executable: file.executable,
            blob: own,
            with_lf: if text.len() == content.len() { own } else { blob(&text)? },
        })
    }

    /// A file that never stands in memory as a whole: its line endings are not looked at.
    fn of_large(file: PackedFile<'_>, hash: HashKind) -> Result<Self, Damage> {
        let mut hasher = gix::hash::hasher(hash);
        hasher.update(&gix::objs::encode::loose_header(gix::objs::Kind::Blob, file.size_bytes));
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file
                .content
                .read(&mut buffer)
                .map_err(|error| unhashed(&file.path, &error))?;
            if read == 0 {
                break;
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
        let blob = hasher.try_finalize().map_err(|error| unhashed(&file.path, &error))?;
        Ok(Self {
            path: file.path,
            executable: file.executable,
            blob,
            with_lf: blob,
        })
    }
}

fn unhashed(path: &str, why: &dyn std::fmt::Display) -> Damage {
    Damage::Format {
        kind: package::KIND,
        why: format!("`{path}` cannot be hashed: {why}"),
    }
}

/// The text with LF for each CRLF.
fn with_lf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// How a file of the package relates to the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The commit holds these bytes.
    Same,
    /// Cargo made it, and it says nothing that the commit does not.
    Generated,
    /// The commit has something else there.
    Differs,
    /// The commit has nothing there.
    OnlyInCrate,
}

impl Relation {
    /// Whether the commit accounts for the file.
    pub fn is_accounted_for(self) -> bool {
        matches!(self, Self::Same | Self::Generated)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Generated => "generated by cargo",
            Self::Differs => "differs",
            Self::OnlyInCrate => "only in crate",
        }
    }
}

/// What was found about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFinding {
    /// Its path in the package.
    pub path: String,
    /// How it relates to the commit.
    pub relation: Relation,
    /// What there is to say of it; always for one that differs.
    pub because: Option<String>,
}

impl FileFinding {
    fn new(path: &str, relation: Relation, because: impl Into<Option<String>>) -> Self {
        Self {
            path: path.to_owned(),
            relation,
            because: because.into(),
        }
    }
}

/// The version of the package in the directory `dir` of a commit; `None` where there is none.
///
/// # Errors
/// When the commit cannot be read.
pub fn version_at<C: Commit>(dir: &str, commit: &C) -> Result<Option<String>, C::Error> {
    Ok(Workspace::of(dir, commit)?.version())
}

/// Holds every file of a package against the directory `dir` of a commit, and gives a finding for each, by path.
///
/// A link in the commit stands for what it points to, as cargo packs it. `readme` and `license-file` may lie outside the
/// directory. What the commit has and the package lacks (`exclude`, `include`) is no finding.
///
/// # Errors
/// When the commit cannot be read.
pub fn compare<C: Commit>(package: &Crate, dir: &str, commit: &C) -> Result<Vec<FileFinding>, C::Error> {
    let workspace = Workspace::of(dir, commit)?;
    let comparison = Comparison {
        package,
        dir,
        commit,
        workspace,
    };
    package.files.iter().map(|file| comparison.finding(file)).collect()
}

struct Comparison<'a, C> {
    package: &'a Crate,
    dir: &'a str,
    commit: &'a C,
    workspace: Workspace,
}

impl<C: Commit> Comparison<'_, C> {
    fn finding(&self, file: &Packed) -> Result<FileFinding, C::Error> {
        match file.path.as_str() {
            VCS_INFO => Ok(FileFinding::new(&file.path, Relation::Generated, None)),
            ORIGINAL => self.against(file, &join(self.dir, MANIFEST).unwrap_or_default()),
            MANIFEST => self.manifest(file),
            LOCK => self.lock(file),
            _ => self.against(file, &join(self.dir, &file.path).unwrap_or_default()),
        }
    }

    /// A file against what stands at `path`.
    fn against(&self, file: &Packed, path: &str) -> Result<FileFinding, C::Error> {
        let finding = |relation, because: Option<String>| FileFinding::new(&file.path, relation, because);
        let mut found = tree::resolve(path, self.commit)?;
        if found == Found::Nothing {
            found = self.outside(file)?;
        }
        Ok(match found {
            Found::Nothing => finding(Relation::OnlyInCrate, None),
            Found::Directory => finding(Relation::Differs, Some("the commit has a directory there".to_owned())),
            Found::Submodule { at, commit } => {
                let why = format!("it is in the submodule `{at}`, whose commit {commit} is not at hand");
                finding(Relation::Differs, Some(why))
            }
            // Where links cannot be made, git checks out their text (git-config(1), `core.symlinks`), and cargo packs that.
            Found::Dangling(text) | Found::File { link: Some(text), .. } if text == file.blob => finding(
                Relation::Same,
                Some("the text of the commit's symbolic link, not what it points to".to_owned()),
            ),
            Found::Dangling(_) => finding(
                Relation::Differs,
                Some("the commit has a symbolic link there that leads nowhere in it".to_owned()),
            ),
            Found::File {
                blob,
                executable,
                path: found_at,
                ..
            } => {
                let (relation, because) = self.bytes(file, blob)?;
                let elsewhere = (relation == Relation::Same && found_at != path)
                    .then(|| format!("the commit has it at `{found_at}`"));
                let mode = (relation == Relation::Same && executable != file.executable).then(|| {
                    let not = if executable { "not " } else { "" };
                    format!("{not}executable, other than in the commit")
                });
                let notes: Vec<String> = [because, elsewhere, mode].into_iter().flatten().collect();
                finding(relation, Some(notes.join("; ")).filter(|notes| !notes.is_empty()))
            }
        })
    }

    /// A file against a blob.
    fn bytes(&self, file: &Packed, blob: Oid) -> Result<(Relation, Option<String>), C::Error> {
        if file.blob == blob {
            return Ok((Relation::Same, None));
        }
        if file.with_lf == blob {
            let why = "only in its line endings: CRLF, where the commit has LF";
            return Ok((Relation::Differs, Some(why.to_owned())));
        }
        let text = with_lf(&self.commit.blob(blob)?);
        let text = gix::objs::compute_hash(blob.kind(), gix::objs::Kind::Blob, &text);
        let why = if text.is_ok_and(|text| text == file.with_lf) {
            "only in its line endings: the commit has CRLF"
        } else {
            "its bytes are others than the commit's"
        };
        Ok((Relation::Differs, Some(why.to_owned())))
    }

    /// What `readme` or `license-file` names, for a file of that name at the package's top.
    fn outside(&self, file: &Packed) -> Result<Found, C::Error> {
        for path in self.workspace.outside() {
            let name = path.rsplit('/').next().unwrap_or_default();
            if name == file.path {
                let found = tree::resolve(&path, self.commit)?;
                if !matches!(found, Found::Nothing) {
                    return Ok(found);
                }
            }
        }
        Ok(Found::Nothing)
    }

    fn manifest(&self, file: &Packed) -> Result<FileFinding, C::Error> {
        let path = join(self.dir, MANIFEST).unwrap_or_default();
        let Found::File { blob, .. } = tree::resolve(&path, self.commit)? else {
            return Ok(FileFinding::new(&file.path, Relation::OnlyInCrate, None));
        };
        let (relation, because) = self.bytes(file, blob)?;
        if relation == Relation::Same {
            return Ok(FileFinding::new(&file.path, relation, because));
        }
        let files: Files = self.package.files.iter().map(|file| file.path.clone()).collect();
        let package = (self.package.name.as_str(), self.package.version.as_str());
        let differences = self.workspace.differences(&self.package.manifest, &files, package);
        Ok(content(
            &file.path,
            &differences,
            "rewritten, it says what the commit's says",
        ))
    }

    fn lock(&self, file: &Packed) -> Result<FileFinding, C::Error> {
        let mut best: Option<Vec<String>> = None;
        for dir in [self.workspace.root(), self.dir] {
            let path = join(dir, LOCK).unwrap_or_default();
            let Found::File { blob, .. } = tree::resolve(&path, self.commit)? else {
                continue;
            };
            if blob == file.blob {
                return Ok(FileFinding::new(&file.path, Relation::Same, None));
            }
            let packed = self.package.lock.as_deref().unwrap_or_default();
            let differences = lock::differences(
                packed,
                &self.commit.blob(blob)?,
                &self.package.name,
                &self.workspace.sources(),
            );
            if best.as_ref().is_none_or(|best| differences.len() < best.len()) {
                best = Some(differences);
            }
        }
        let Some(differences) = best else {
            let why = "the commit has none to hold it against".to_owned();
            return Ok(FileFinding::new(&file.path, Relation::Generated, why));
        };
        Ok(content(
            &file.path,
            &differences,
            "each of its packages is locked by the commit's too",
        ))
    }
}

/// The most differences of one file that are named.
const NAMED: usize = 10;

/// The finding about a file that was compared by content.
fn content(path: &str, differences: &[String], otherwise: &str) -> FileFinding {
    if differences.is_empty() {
        return FileFinding::new(path, Relation::Generated, otherwise.to_owned());
    }
    let mut named: Vec<String> = differences.iter().take(NAMED).cloned().collect();
    if let Some(more) = differences.len().checked_sub(NAMED).filter(|more| *more > 0) {
        named.push(format!("{more} more"));
    }
    FileFinding::new(path, Relation::Differs, named.join("; "))
}
