//! The archive of a package, read in the one way that every reader agrees on: one gzip member, and in it a tar of nothing
//! but files, whose headers leave nothing to choose.
//!
//! Programs that unpack archives differ in what they make of the rest: further gzip members, pax records, names in two
//! places, numbers with something behind them, what follows the end. Cargo writes none of it, so that it is refused.

use std::io::{BufRead as _, BufReader, Read};

use flate2::bufread::GzDecoder;
use tar::{EntryType, Header};

use super::tar::What;
use super::{Damage, ENTRIES_MAX, HEADER_BYTES_MAX, Source, UNPACKED_BYTES_MAX, format_of, limit};

const KIND: &str = super::package::KIND;
/// A tar is made of blocks of this size (pax(1), "ustar Interchange Format").
const BLOCK_BYTES: u64 = 512;
/// Magic and version of a header that GNU tar would write, as cargo does, and of one that POSIX has.
const GNU: &[u8] = b"ustar  \0";
const POSIX: &[u8] = b"ustar\x0000";
/// The characters that cargo packs in no name, as some file system gives them a meaning (cargo's `check_filename`).
const BAD_CHARACTERS: [char; 9] = ['\\', '<', '>', ':', '"', '|', '?', '*', '\0'];

/// A file of the archive.
pub(super) struct Sealed<'a> {
    /// Its path, as it stands in the header.
    pub(super) path: String,
    pub(super) executable: bool,
    pub(super) size_bytes: u64,
    /// What is left unread is read over.
    pub(super) content: &'a mut dyn Read,
}

/// Reads the archive to its end and shows each file.
///
/// # Errors
/// When it is damaged, goes beyond a limit, programs could read it in two ways, or `show` gives one.
pub(super) fn walk(
    source: &mut dyn Source,
    show: &mut dyn FnMut(Sealed<'_>) -> Result<(), Damage>,
) -> Result<(), Damage> {
    let mut gzip = GzDecoder::new(BufReader::new(source)).take(UNPACKED_BYTES_MAX + 1);
    let mut long_name = None;
    let mut seen = 0;
    while let Some(header) = next_header(&mut gzip)? {
        seen += 1;
        if seen > ENTRIES_MAX {
            return Err(limit("ENTRIES_MAX", ENTRIES_MAX as u64));
        }
        let path = match long_name.take() {
            Some(long) => the_rest_of(long, &header)?,
            None => name(&header)?,
        };
        let size_bytes = number(&header.as_old().size)?;
        let kind = header.entry_type();
        if kind.is_gnu_longname() {
            if size_bytes > HEADER_BYTES_MAX {
                return Err(limit("HEADER_BYTES_MAX", HEADER_BYTES_MAX));
            }
            let mut text = Vec::new();
            exactly(&mut gzip, size_bytes, &mut |content| content.read_to_end(&mut text))?;
            long_name = Some(text_of(&text)?);
            continue;
        }
        demand_file(kind, &path, &header)?;
        let executable = number(&header.as_old().mode)? & 0o100 != 0;
        let mut shown = Ok(());
        exactly(&mut gzip, size_bytes, &mut |content| {
            shown = show(Sealed {
                path: path.clone(),
                executable,
                size_bytes,
                content,
            });
            Ok(0)
        })?;
        shown?;
    }
    if seen == 0 {
        return Err(format_of(KIND, &"it has no entries"));
    }
    if long_name.is_some() {
        return Err(format_of(KIND, &"a name has no file"));
    }
    nothing_follows(gzip)
}

/// The next header; `None` at the end of the archive.
fn next_header(tar: &mut impl Read) -> Result<Option<Header>, Damage> {
    let mut header = Header::new_old();
    let block = header.as_mut_bytes();
    tar.read_exact(block).map_err(|error| format_of(KIND, &error))?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let (before, rest) = block.split_at(148);
    let (checksum, after) = rest.split_at(8);
    let sum: u64 = before.iter().chain(after).map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    if number(checksum)? != sum {
        return Err(format_of(KIND, &"the checksum of a header is wrong"));
    }
    Ok(Some(header))
}

/// Shows the content of an entry, and reads over what is left of it and over its padding.
fn exactly(
    tar: &mut impl Read,
    size_bytes: u64,
    show: &mut dyn FnMut(&mut dyn Read) -> std::io::Result<usize>,
) -> Result<(), Damage> {
    if size_bytes > UNPACKED_BYTES_MAX {
        return Err(limit("UNPACKED_BYTES_MAX", UNPACKED_BYTES_MAX));
    }
    let mut content = tar.by_ref().take(size_bytes);
    let padded = size_bytes.next_multiple_of(BLOCK_BYTES) - size_bytes;
    let read = show(&mut content).and_then(|_| std::io::copy(&mut content, &mut std::io::sink()));
    read.map_err(|error| format_of(KIND, &error))?;
    let mut padding = content.limit();
    padding +=
        std::io::copy(&mut tar.by_ref().take(padded), &mut std::io::sink()).map_err(|error| format_of(KIND, &error))?;
    if padding == padded {
        Ok(())
    } else {
        Err(format_of(KIND, &"it ends in the middle of an entry"))
    }
}

/// Demands a plain file with one name and no target.
fn demand_file(kind: EntryType, path: &str, header: &Header) -> Result<(), Damage> {
    let special = |what| {
        let path = path.to_owned();
        Err(Damage::Special { path, what })
    };
    match What::of(kind) {
        _ if kind.is_gnu_sparse() => special("sparse file"),
        _ if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() => special("pax header"),
        _ if kind.is_contiguous() => special("contiguous file"),
        What::File if path.ends_with('/') => special("directory"),
        What::File if header.as_old().linkname.iter().any(|byte| *byte != 0) => special("file with a target"),
        What::File => Ok(()),
        What::Directory => special("directory"),
        What::Special(what) => special(what),
        What::Comment(_) => special("comment"),
    }
}

/// The name in a header. Only a header of POSIX has a second field for it, which some readers look at in any.
fn name(header: &Header) -> Result<String, Damage> {
    let bytes = header.as_bytes();
    let field = |range: std::ops::Range<usize>| bytes.get(range).unwrap_or_default();
    let prefix = field(345..500);
    let name = text_of(&header.as_old().name)?;
    match field(257..265) {
        POSIX if prefix.first() != Some(&0) => Ok(format!("{}/{name}", text_of(prefix)?)),
        POSIX => Ok(name),
        GNU if field(345..512).iter().all(|byte| *byte == 0) => Ok(name),
        GNU => Err(format_of(
            KIND,
            &format!("the header of `{name}` has more than one name"),
        )),
        _ => Err(format_of(
            KIND,
            &format!("the header of `{name}` is of no known format"),
        )),
    }
}

/// A name that is too long for its header, which has the beginning of it.
fn the_rest_of(long: String, header: &Header) -> Result<String, Damage> {
    if header.entry_type().is_gnu_longname() || !long.starts_with(&name(header)?) {
        return Err(format_of(KIND, &format!("the header of `{long}` has another name")));
    }
    Ok(long)
}

/// The text of a field, which ends at its first NUL.
fn text_of(field: &[u8]) -> Result<String, Damage> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let (text, rest) = field.split_at(end);
    let shown = || String::from_utf8_lossy(text).into_owned();
    if rest.iter().any(|byte| *byte != 0) {
        return Err(format_of(KIND, &format!("something follows the name `{}`", shown())));
    }
    String::from_utf8(text.to_vec()).map_err(|_| Damage::Path(shown()))
}

/// A number of octal digits and nothing else, ended by NUL or blank.
fn number(field: &[u8]) -> Result<u64, Damage> {
    let is_end = |byte: &u8| matches!(byte, 0 | b' ');
    let end = field.iter().position(is_end).unwrap_or(field.len());
    let (digits, rest) = field.split_at(end);
    let plain = !digits.is_empty() && digits.iter().all(|byte| matches!(byte, b'0'..=b'7')) && rest.iter().all(is_end);
    let text = std::str::from_utf8(digits).ok().filter(|_| plain);
    let number = text.and_then(|text| u64::from_str_radix(text, 8).ok());
    number.ok_or_else(|| format_of(KIND, &"a header has a number that is none"))
}

/// Demands that only zeros follow the end of the tar, at least a block of them, and nothing the end of the gzip member.
fn nothing_follows(mut gzip: std::io::Take<GzDecoder<BufReader<&mut dyn Source>>>) -> Result<(), Damage> {
    let broken = |error: std::io::Error| format_of(KIND, &error);
    let mut block = [0; BLOCK_BYTES as usize];
    let mut padding_bytes = 0;
    loop {
        let read = gzip.read(&mut block).map_err(broken)?;
        if read == 0 {
            break;
        }
        padding_bytes += read as u64;
        if block.iter().take(read).any(|byte| *byte != 0) {
            return Err(format_of(KIND, &"something follows the end of its tar"));
        }
    }
    if gzip.limit() == 0 {
        return Err(limit("UNPACKED_BYTES_MAX", UNPACKED_BYTES_MAX));
    }
    if padding_bytes < BLOCK_BYTES {
        return Err(format_of(KIND, &"the end of its tar is missing"));
    }
    let mut rest = gzip.into_inner().into_inner();
    if rest.fill_buf().map_err(broken)?.is_empty() {
        Ok(())
    } else {
        Err(format_of(KIND, &"something follows its gzip member"))
    }
}

/// Whether a name is one that cargo packs: relative, of plain parts, without a character that has a meaning somewhere.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(plain) && !path.contains(BAD_CHARACTERS)
}
