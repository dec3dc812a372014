//! Zip archives (APPNOTE.TXT): the identity is the comment that `git archive` writes, or an entry of cargo's.
//!
//! The directory is read entry by entry; only the one entry that names the commit is unpacked.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder};

use super::tar::clean;
use super::{
    Damage, ENTRIES_MAX, Form, Head, Identity, Source, comment_identity, format_of, identity_text, limit, names_commit,
    vcs_identity,
};

const KIND: &str = "zip";
/// The longest an entry of the directory can be: name, extra field and comment have 16-bit lengths.
const ENTRY_BYTES: usize = 46 + 3 * 0xffff;

pub(super) const FORM: Form = Form {
    kind: KIND,
    recognises: |head: &Head<'_>| {
        [b"PK\x03\x04", b"PK\x05\x06"]
            .into_iter()
            .any(|magic| head.bytes.starts_with(magic))
    },
    inspect,
};

fn inspect(source: &mut dyn Source) -> Result<Option<Identity>, Damage> {
    let broken = |error: rawzip::Error| format_of(KIND, &error);
    let mut buffer = vec![0; ENTRY_BYTES];
    let archive = ZipArchive::from_seekable(source, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    let mut named = None;
    let mut seen = 0;
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        seen += 1;
        if seen > ENTRIES_MAX {
            return Err(limit("ENTRIES_MAX", ENTRIES_MAX as u64));
        }
        let path = clean(entry.file_path().as_ref())?;
        if named.is_none() && names_commit(&path) {
            named = Some((entry.wayfinder(), entry.compression_method()));
        }
    }
    if let Some((entry, method)) = named {
        return vcs_identity(&content(&archive, entry, method)?);
    }
    let comment = identity_text(archive.comment(), KIND)?;
    Ok(comment_identity(&comment, "zip comment"))
}

/// An entry's bytes, of the size and checksum that the directory gives.
fn content<R: rawzip::ReaderAt>(
    archive: &ZipArchive<R>,
    entry: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
) -> Result<Vec<u8>, Damage> {
    let entry = archive.get_entry(entry).map_err(|error| format_of(KIND, &error))?;
    let reader: Box<dyn Read + '_> = match method {
        CompressionMethod::STORE => Box::new(entry.reader()),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry.reader())),
        other => return Err(format_of(KIND, &format!("its entry is packed by method {other:?}"))),
    };
    identity_text(entry.verifying_reader(reader), KIND)
}
