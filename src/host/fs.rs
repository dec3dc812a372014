//! Files: reading with "absent" as an answer, atomic writing, appending that survives power loss, the lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(test)]
use super::faults::boundary;
use super::{Error, Result};

/// Where unit tests kill the process.
#[cfg(not(test))]
fn boundary() {}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { verb, path, source }
}

/// The most that a text may hold: configuration, messages, records.
const TEXT_BYTES: u64 = 64 * 1024 * 1024;
/// The most that anything may hold: artifacts, indexes, working files.
const LARGE_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The bytes of a text; `None` where there is no such file.
///
/// # Errors
/// As [`read_bounded`].
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    read_bounded(path, TEXT_BYTES)
}

/// The bytes of a file that may be large: an artifact, an index, a working file.
///
/// # Errors
/// As [`read_bounded`].
pub(crate) fn read_large(path: &Path) -> Result<Option<Vec<u8>>> {
    read_bounded(path, LARGE_BYTES)
}

/// Opens a file to read; `None` where there is no such file.
///
/// # Errors
/// When something else stands there: a pipe or a device would keep a reader waiting, or never end.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn open(path: &Path) -> Result<Option<File>> {
    let kind = match std::fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    if !kind.is_file() {
        return Err(failed("read", path)(std::io::Error::other("it is not a regular file")));
    }
    File::open(path).map(Some).map_err(failed("read", path))
}

/// The bytes of a regular file that holds at most `limit_bytes`; `None` where there is no such file.
///
/// # Errors
/// When it is larger, or as [`open`].
pub(crate) fn read_bounded(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = file.take(limit_bytes + 1).read_to_end(&mut bytes);
    read.map_err(failed("read", path))?;
    if bytes.len() as u64 > limit_bytes {
        let why = format!("it has more than {limit_bytes} bytes");
        return Err(failed("read", path)(std::io::Error::other(why)));
    }
    Ok(Some(bytes))
}

/// The names in a directory, sorted; none where there is no such directory.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", dir)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed("list", dir))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Makes a directory and its parents. None of them can be written by others, whatever the user's umask lets through.
pub(crate) fn create_dir(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(dir)
        .map_err(failed("create", dir))
}

/// Replaces a file: temporary file beside it, fsync, rename, fsync of the directory.
///
/// # Errors
/// When the disk is full or the directory is not writable; the old file is then untouched.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let permissions = match stat(path)? {
        Some(before) => before.permissions(),
        None => mode(0o644),
    };
    replace(path, bytes, permissions)
}

/// Replaces a file by one that everybody may execute, as [`write_atomic`] does.
///
/// # Errors
/// As [`write_atomic`].
pub(crate) fn write_executable(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, mode(0o755))
}

fn replace(path: &Path, bytes: &[u8], permissions: std::fs::Permissions) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed("write", path))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    file.as_file()
        .set_permissions(permissions)
        .map_err(failed("write", path))?;
    file.as_file().sync_all().map_err(failed("write", path))?;
    file.persist(path).map_err(|error| failed("write", path)(error.error))?;
    sync_dir(dir)
}

fn mode(bits: u32) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(bits)
}

/// Writes a file that nobody will miss: no fsync, no rename.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn write_scratch(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(failed("write", path))
}

/// Writes a program that nobody will miss.
pub(crate) fn write_scratch_program(path: &Path, bytes: &[u8]) -> Result<()> {
    write_scratch(path, bytes)?;
    set_mode(path, 0o755)
}

/// Sets a file's permissions.
pub(crate) fn set_mode(path: &Path, bits: u32) -> Result<()> {
    std::fs::set_permissions(path, mode(bits)).map_err(failed("write", path))
}

/// Makes a symbolic link at `link` that leads to `target`.
pub(crate) fn link(target: &Path, link: &Path) -> Result<()> {
    std::os::unix::fs::symlink(target, link).map_err(failed("write", link))
}

/// Gives a file a second name, which appears with all that the file holds; says whether it did, or whether something
/// stands under that name already.
///
/// # Errors
/// When the file system knows no second names, or does not let us.
pub(crate) fn hard_link(from: &Path, to: &Path) -> Result<bool> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed("write", to)(error)),
    }
}

/// Why others than the user could have written what stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposed {
    /// Another user owns it.
    Foreign,
    /// It is a link, and leads anywhere.
    Link,
    /// Its mode lets others write.
    Writable,
}

impl std::fmt::Display for Exposed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Foreign => "belongs to another user",
            Self::Link => "is a symbolic link",
            Self::Writable => "can be written by other users",
        })
    }
}

/// Whether others than the user could have written what stands at a path; `None` where they could not, or nothing is there.
pub(crate) fn writable_by_others(path: &Path) -> Result<Option<Exposed>> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let Some(found) = stat(path)? else { return Ok(None) };
    Ok(if found.uid() != rustix::process::geteuid().as_raw() {
        Some(Exposed::Foreign)
    } else if found.is_symlink() {
        Some(Exposed::Link)
    } else if found.permissions().mode() & 0o022 != 0 {
        Some(Exposed::Writable)
    } else {
        None
    })
}

/// Thirty-two hexadecimal digits that nobody can guess.
pub(crate) fn random_word() -> Result<String> {
    let mut bytes = [0_u8; 16];
    let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    got.map_err(|error| failed("read", Path::new("getrandom(2)"))(error.into()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A fresh directory that only its owner can enter, outside every repository; removed when dropped.
pub(crate) fn scratch_dir(purpose: &str) -> Result<tempfile::TempDir> {
    let named = tempfile::Builder::new()
        .prefix(&format!("cargo-sentinel-{purpose}-"))
        .tempdir();
    named.map_err(failed("create", Path::new("a temporary directory")))
}

/// The directory below which scratch directories are made.
pub(crate) fn scratch_root() -> PathBuf {
    std::env::temp_dir()
}

/// A name for a build's directory below [`scratch_root`], outside every repository; nothing is made yet.
pub(crate) fn fresh_scratch_name(run: &str) -> String {
    format!("cargo-sentinel-{run}-{}", std::process::id())
}

/// Makes a directory that only its owner can enter.
///
/// # Errors
/// When something stands there already, whoever made it.
pub(crate) fn create_private_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(failed("create", path))
}

/// Whether cargo's own home may lie beside one of the parent directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CargoHome {
    /// It may: its configuration is read in any case.
    Admitted,
    /// It may not: another home stands in for it, and its configuration would be read on the way.
    Refused,
}

/// Cargo reads `.cargo/config.toml` in every parent directory and looks for a workspace's `Cargo.toml` there; in a shared
/// temporary directory anybody could have put one.
///
/// # Errors
/// `Unexpected`, naming the file.
pub(crate) fn no_cargo_configuration_above(dir: &Path, cargo_home: CargoHome) -> Result<()> {
    let home = super::env::cargo_home().filter(|_| cargo_home == CargoHome::Admitted);
    for above in dir.ancestors().skip(1) {
        for name in [".cargo/config.toml", ".cargo/config", "Cargo.toml"] {
            let found = above.join(name);
            let own = home.as_deref().is_some_and(|home| found.starts_with(home));
            if !own && stat(&found)?.is_some() {
                return Err(Error::Unexpected(format!(
                    "`{}` would take part in the build; set TMPDIR to a directory without one above it",
                    found.display()
                )));
            }
        }
    }
    Ok(())
}

/// Makes the names in a directory durable.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir)
        .and_then(|handle| handle.sync_all())
        .map_err(failed("sync", dir))
}

/// What stands at a path, links not followed; `None` where there is nothing.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn stat(path: &Path) -> Result<Option<std::fs::Metadata>> {
    match std::fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// How many bytes a user without privileges may still write on the file system that holds a path (statvfs(3), `f_bavail`).
pub(crate) fn free_bytes(path: &Path) -> Result<u64> {
    let seen = rustix::fs::statvfs(path).map_err(|error| failed("look at", path)(error.into()))?;
    Ok(seen.f_bavail.saturating_mul(seen.f_frsize))
}

/// Whether a path leads, links followed, to a file that may be executed.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn is_executable(path: &Path) -> Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.is_file() && found.permissions().mode() & 0o111 != 0),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// Where a symbolic link points.
pub(crate) fn read_link(path: &Path) -> Result<PathBuf> {
    std::fs::read_link(path).map_err(failed("read", path))
}

/// Removes a file; one that is gone already is what was wanted.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a directory that is empty; says whether it did.
pub(crate) fn remove_empty_dir(path: &Path) -> bool {
    std::fs::remove_dir(path).is_ok()
}

/// Removes a directory with all it holds; one that is gone already is what was wanted.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn remove_dir(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Moves a file or directory to a name on the same file system and makes the new name durable.
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).map_err(failed("rename", from))?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// A path with its links resolved, for comparing.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A file that only grows, each record on disk before the call returns.
#[derive(Debug)]
pub(crate) struct AppendLog {
    path: PathBuf,
    file: File,
    /// How many bytes are whole records.
    whole: u64,
    /// Whether a part of a record may stand behind them: a full disk takes what it can.
    torn: bool,
}

impl AppendLog {
    /// Opens an existing file, cut back to its first `keep` bytes, or makes it where `create` says so.
    #[expect(clippy::disallowed_methods, reason = "this is the room of files")]
    pub(crate) fn open(path: &Path, keep: u64) -> Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(failed("open", path))?;
        file.set_len(keep).map_err(failed("write", path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            whole: keep,
            torn: false,
        })
    }

    /// Makes the file, with a first record, all of it or nothing.
    pub(crate) fn create(path: &Path, first: &[u8]) -> Result<Self> {
        boundary();
        write_atomic(path, first)?;
        boundary();
        Self::open(path, first.len() as u64)
    }

    /// Appends a record and waits for the disk. What an earlier attempt left of a record goes first: only at the end of
    /// the file is half a record known for what it is.
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<()> {
        boundary();
        if self.torn {
            self.file.set_len(self.whole).map_err(failed("write", &self.path))?;
        }
        self.torn = true;
        self.file.write_all(record).map_err(failed("write", &self.path))?;
        self.file.sync_data().map_err(failed("write", &self.path))?;
        self.torn = false;
        self.whole += record.len() as u64;
        boundary();
        Ok(())
    }
}

/// Appends a line to a file that is made where it is absent, and waits for the disk. Lines of several writers do not mix
/// (open(2), `O_APPEND`).
#[expect(clippy::disallowed_methods, reason = "this is the room of files")]
pub(crate) fn append(path: &Path, line: &[u8]) -> Result<()> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    let mut file = opened.map_err(failed("open", path))?;
    file.write_all(line).map_err(failed("write", path))?;
    file.sync_data().map_err(failed("write", path))
}

/// An exclusive lock, released when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// How often a lock that is held is asked for, and after which pause.
    const PATIENCE: (u32, Duration) = (20, Duration::from_millis(25));

    /// Takes the lock; `None` where another process holds it, and goes on holding it for half a second.
    ///
    /// A process that is killed while it starts a child leaves the lock with that child until exec(2) closes it, or until
    /// the child, killed too, is gone (flock(2): the lock belongs to the open file, which both have).
    #[expect(clippy::disallowed_methods, reason = "this is the room of files")]
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(failed("open", path))?;
        let (tries, pause) = Self::PATIENCE;
        for _ in 0..tries {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) => super::clock::pause(pause),
                Err(TryLockError::Error(source)) => return Err(failed("lock", path)(source)),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_mode_and_an_append_survives() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"one").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(stat(&path).unwrap().unwrap().permissions().mode() & 0o777, 0o755);
        let mut log = AppendLog::create(&path, b"a\n").unwrap();
        log.append(b"b\n").unwrap();
        let mut log = AppendLog::open(&path, 2).unwrap();
        log.append(b"c\n").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"a\nc\n");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "this is the room of files")]
    fn half_a_record_is_gone_before_the_next_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = AppendLog::create(&path, b"first\n").unwrap();
        // A handle that cannot be written through stands in for the full disk, and these bytes for what it still took.
        let writable = std::mem::replace(&mut log.file, File::open(&path).unwrap());
        log.append(b"second\n").unwrap_err();
        std::fs::write(&path, b"first\nsec").unwrap();
        log.append(b"second\n").unwrap_err();
        log.file = writable;
        log.append(b"third\n").unwrap();
        log.append(b"fourth\n").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"first\nthird\nfourth\n");
    }

    /// As by a child of a killed process that is itself about to go.
    #[test]
    fn a_lock_that_is_let_go_a_moment_later_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::try_acquire(&path).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                crate::host::clock::pause(Duration::from_millis(60));
                drop(held);
            });
            assert!(Lock::try_acquire(&path).unwrap().is_some());
        });
    }

    #[test]
    fn one_holder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::try_acquire(&path).unwrap();
        assert!(first.is_some());
        assert!(Lock::try_acquire(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::try_acquire(&path).unwrap().is_some());
    }
}
