//! Tar archives, plain or packed by gzip (pax(1), RFC 1952), read by the crate that cargo unpacks packages with.
//!
//! Every entry is read to its end before the next, so that what stands between two entries can be bounded.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType, PaxExtensions};

use super::{
    Damage, ENTRIES_MAX, Form, HEADER_BYTES_MAX, Head, Identity, Source, UNPACKED_BYTES_MAX, comment_identity,
    format_of, identity_text, limit, names_commit, vcs_identity,
};

const KIND: &str = "tar";
/// What every gzip member starts with (RFC 1952, section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
/// Where the magic of a tar header stands (pax(1), "ustar Interchange Format").
const MAGIC: std::ops::Range<usize> = 257..262;

pub(super) const FORM: Form = Form {
    kind: KIND,
    recognises,
    inspect,
};

fn recognises(head: &Head<'_>) -> bool {
    let is_tar = |bytes: &[u8]| bytes.get(MAGIC) == Some(b"ustar");
    if !is_gzip(head.bytes) {
        return is_tar(head.bytes);
    }
    let mut first = [0; 512];
    GzDecoder::new(head.bytes).read_exact(&mut first).is_ok() && is_tar(&first)
}

pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(GZIP)
}

fn inspect(source: &mut dyn Source) -> Result<Option<Identity>, Damage> {
    let mut start = [0; 3];
    let packed = source.read_exact(&mut start).is_ok() && is_gzip(&start);
    source.rewind().map_err(|error| format_of(KIND, &error))?;
    let (mut by_cargo, mut by_git) = (None, None);
    let mut look = |entry: Entry<'_>| {
        match entry.what {
            What::Comment(comment) if by_git.is_none() => by_git = comment_identity(&comment, "pax header"),
            What::File if by_cargo.is_none() && names_commit(&entry.path) => {
                by_cargo = vcs_identity(&identity_text(entry.content, KIND)?)?;
            }
            What::File | What::Directory | What::Comment(_) | What::Special(_) => {}
        }
        Ok(())
    };
    if packed {
        walk(GzDecoder::new(source), KIND, &mut look)?;
    } else {
        walk(source, KIND, &mut look)?;
    }
    Ok(by_cargo.or(by_git))
}

/// An entry of a tar.
pub(super) struct Entry<'a> {
    /// Its path, `/` between components, none of them `.` or `..`; empty for the archive's own top.
    pub(super) path: String,
    pub(super) what: What,
    /// What is left unread is read over.
    pub(super) content: &'a mut dyn Read,
}

/// What an entry is.
pub(super) enum What {
    File,
    Directory,
    /// A pax record `comment` of the whole archive.
    Comment(Vec<u8>),
    /// Anything else, by its name.
    Special(&'static str),
}

impl What {
    /// Headers that describe the next entry are no entries: the reader takes them in.
    pub(super) fn of(entry: EntryType) -> Self {
        match entry {
            file if file.is_file() || file.is_contiguous() => Self::File,
            directory if directory.is_dir() => Self::Directory,
            link if link.is_symlink() => Self::Special("symbolic link"),
            link if link.is_hard_link() => Self::Special("hard link"),
            other if other.is_fifo() => Self::Special("pipe"),
            _ => Self::Special("special file"),
        }
    }
}

/// Reads a tar to its end and shows each entry.
///
/// # Errors
/// When it is damaged, goes beyond a limit, an entry leaves the directory, or `show` gives one.
pub(super) fn walk(
    reader: impl Read,
    kind: &'static str,
    show: &mut dyn FnMut(Entry<'_>) -> Result<(), Damage>,
) -> Result<(), Damage> {
    let budget = Rc::new(Budget::default());
    let mut archive = Archive::new(Bounded {
        inner: reader,
        budget: Rc::clone(&budget),
    });
    let told = |error: io::Error| {
        budget
            .exceeded
            .get()
            .map_or_else(|| format_of(kind, &error), Budget::damage)
    };
    let mut entries = archive.entries().map_err(told)?;
    let mut seen = 0;
    loop {
        budget.between.set(Some(HEADER_BYTES_MAX));
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(told)?;
        budget.between.set(None);
        seen += 1;
        if seen > ENTRIES_MAX {
            return Err(limit("ENTRIES_MAX", ENTRIES_MAX as u64));
        }
        let path = clean(&entry.path_bytes())?;
        let entry_type = entry.header().entry_type();
        let what = if entry_type.is_pax_global_extensions() {
            What::Comment(comment(&mut entry).map_err(told)?)
        } else {
            What::of(entry_type)
        };
        if entry_type.is_gnu_sparse() {
            // Its holes are read as zeros without end, which no bound on what is unpacked would see.
            return Err(Damage::Special {
                path,
                what: "sparse file",
            });
        }
        let shown = show(Entry {
            path,
            what,
            content: &mut entry,
        });
        // The bound explains a failed read better than the words of whoever was reading.
        if let Some(exceeded) = budget.exceeded.get() {
            return Err(Budget::damage(exceeded));
        }
        shown?;
        io::copy(&mut entry, &mut io::sink()).map_err(told)?;
    }
    if seen == 0 {
        return Err(format_of(kind, &"it has no entries"));
    }
    // What follows the last entry is padding; gzip's checksum stands behind it.
    budget.between.set(None);
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(told)?;
    Ok(())
}

/// The record `comment` of a global pax header.
fn comment(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut records = Vec::new();
    entry.take(HEADER_BYTES_MAX).read_to_end(&mut records)?;
    for record in PaxExtensions::new(&records) {
        let record = record?;
        if record.key_bytes() == b"comment" {
            return Ok(record.value_bytes().to_vec());
        }
    }
    Ok(Vec::new())
}

/// A path below the directory that an archive is unpacked to. `.` and a final `/` are dropped, as every reader does.
///
/// # Errors
/// When it is absolute, climbs (on Windows too), or is not UTF-8.
pub(super) fn clean(bytes: &[u8]) -> Result<String, Damage> {
    let refused = || Damage::Path(String::from_utf8_lossy(bytes).into_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| refused())?;
    let climbs = text.split(['/', '\\']).any(|part| part == "..");
    let drive = text.as_bytes().get(1) == Some(&b':');
    if text.starts_with(['/', '\\']) || climbs || drive || text.contains('\0') {
        return Err(refused());
    }
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    Ok(parts.join("/"))
}

/// How much may still be read.
#[derive(Default)]
struct Budget {
    total: Cell<u64>,
    /// While the reader is between two entries.
    between: Cell<Option<u64>>,
    exceeded: Cell<Option<(&'static str, u64)>>,
}

impl Budget {
    fn damage((name, most): (&'static str, u64)) -> Damage {
        limit(name, most)
    }

    /// Takes `bytes` away; `false` where there is not that much left.
    fn spend(&self, bytes: u64) -> bool {
        let total = self.total.get().saturating_add(bytes);
        self.total.set(total);
        if total > UNPACKED_BYTES_MAX {
            self.exceeded.set(Some(("UNPACKED_BYTES_MAX", UNPACKED_BYTES_MAX)));
        }
        if let Some(left) = self.between.get() {
            match left.checked_sub(bytes) {
                Some(left) => self.between.set(Some(left)),
                None => self.exceeded.set(Some(("HEADER_BYTES_MAX", HEADER_BYTES_MAX))),
            }
        }
        self.exceeded.get().is_none()
    }
}

struct Bounded<R> {
    inner: R,
    budget: Rc<Budget>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if self.budget.spend(read as u64) {
            Ok(read)
        } else {
            Err(io::Error::other("a bound is reached"))
        }
    }
}
