//! ELF files (elf(5)): the identity is in the section `.sentinel`, as JSON.

use object::elf::{FileHeader32, FileHeader64, SHF_COMPRESSED};
use object::read::elf::{FileHeader, SectionHeader as _};
use object::{Endianness, ReadCache};
use serde::Deserialize;

use super::{Damage, Form, Head, IDENTITY_BYTES_MAX, Identity, SECTIONS_MAX, Source, format_of, limit, oid};
use crate::core::stamp::{SCHEMA, SECTION};

const KIND: &str = "elf";
/// `EI_CLASS`: where it stands, and what it says of a 64-bit file.
const CLASS: usize = 4;
const CLASS_64: u8 = 2;

pub(super) const FORM: Form = Form {
    kind: KIND,
    recognises: |head: &Head<'_>| head.bytes.starts_with(b"\x7fELF"),
    inspect,
};

/// What the section holds.
#[derive(Deserialize)]
struct Stamp {
    schema: u64,
    commit: String,
    version: Option<String>,
    package: Option<String>,
}

fn inspect(source: &mut dyn Source) -> Result<Option<Identity>, Damage> {
    let mut ident = [0; CLASS + 1];
    source.read_exact(&mut ident).map_err(|error| format_of(KIND, &error))?;
    let sections = match ident {
        [.., CLASS_64] => sections::<FileHeader64<Endianness>>(source),
        _ => sections::<FileHeader32<Endianness>>(source),
    }?;
    match sections.as_slice() {
        [] => Ok(None),
        [only] => identity(only).map(Some),
        _ => Err(unread("there are several such sections")),
    }
}

fn unread(why: impl std::fmt::Display) -> Damage {
    Damage::Identity {
        said_by: SECTION,
        why: why.to_string(),
    }
}

/// The bytes of every section of that name.
fn sections<Elf: FileHeader<Endian = Endianness>>(source: &mut dyn Source) -> Result<Vec<Vec<u8>>, Damage> {
    let broken = |error: object::Error| format_of(KIND, &error);
    let cache = ReadCache::new(source);
    let header = Elf::parse(&cache).map_err(broken)?;
    let endian = header.endian().map_err(broken)?;
    if header.shnum(endian, &cache).map_err(broken)? > SECTIONS_MAX {
        return Err(limit("SECTIONS_MAX", SECTIONS_MAX as u64));
    }
    let table = header.sections(endian, &cache).map_err(broken)?;
    let mut found = Vec::new();
    for section in table.iter() {
        // A name that cannot be read is not ours; the names of others are theirs to keep in order.
        if table.section_name(endian, section) != Ok(SECTION.as_bytes()) {
            continue;
        }
        if section.sh_size(endian).into() > IDENTITY_BYTES_MAX {
            return Err(limit("IDENTITY_BYTES_MAX", IDENTITY_BYTES_MAX));
        }
        if section.sh_flags(endian).into() & u64::from(SHF_COMPRESSED) != 0 {
            return Err(unread("the section is compressed"));
        }
        found.push(section.data(endian, &cache).map_err(broken)?.to_vec());
    }
    Ok(found)
}

fn identity(section: &[u8]) -> Result<Identity, Damage> {
    // A linker may pad a section with zeros.
    let text = section.trim_ascii_end();
    let padded = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = text.get(..padded).unwrap_or_default();
    let stamp: Stamp = serde_json::from_slice(text).map_err(unread)?;
    if stamp.schema != SCHEMA {
        return Err(unread(format!("its schema is {}, known is {SCHEMA}", stamp.schema)));
    }
    let commit = oid(&stamp.commit).ok_or_else(|| unread(format!("`{}` is no commit's id", stamp.commit)))?;
    Ok(Identity {
        commit,
        dirty: false,
        path_in_vcs: None,
        package: stamp.package,
        version: stamp.version,
        said_by: SECTION,
    })
}
