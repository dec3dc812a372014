//! Files of every kind, whole, damaged and hostile.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn look(bytes: &[u8], name: &str) -> Inspection {
    inspect(&mut Cursor::new(bytes), name).unwrap()
}

/// The commit that a file names, or why there is none.
#[track_caller]
fn said(bytes: &[u8], name: &str) -> String {
    match look(bytes, name).identity {
        Ok(Some(identity)) => format!("{} says {}", identity.said_by, identity.commit),
        Ok(None) => "nothing".to_owned(),
        Err(damage) => damage.to_string(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar of entries whose names nobody looks at.
fn tar_of(entries: &[(&str, ::tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = ::tar::Header::new_gnu();
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

const FILE: ::tar::EntryType = ::tar::EntryType::Regular;

fn vcs_info(commit: &str) -> String {
    format!(r#"{{"git":{{"sha1":"{commit}"}},"path_in_vcs":"crates/demo"}}"#)
}

fn package_of(vcs_info: &str) -> Vec<u8> {
    gzip(&tar_of(&[
        ("demo-0.2.0/.cargo_vcs_info.json", FILE, vcs_info.as_bytes()),
        ("demo-0.2.0/Cargo.toml", FILE, b"[package]\n"),
    ]))
}

/// A 64-bit little-endian ELF file with sections and nothing else (elf(5)).
fn elf_of(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut names, mut body, mut headers) = (vec![0], Vec::new(), vec![0; 64]);
    let mut header = |name: usize, kind: u32, offset: usize, size: usize| {
        headers.extend((name as u32).to_le_bytes());
        headers.extend(kind.to_le_bytes());
        headers.extend([0; 16]);
        headers.extend((offset as u64).to_le_bytes());
        headers.extend((size as u64).to_le_bytes());
        headers.extend([0; 24]);
    };
    for (name, content) in sections {
        header(names.len(), 1, 64 + body.len(), content.len());
        names.extend(name.as_bytes());
        names.push(0);
        body.extend_from_slice(content);
    }
    let own = names.len();
    names.extend(b".shstrtab\0");
    header(own, 3, 64 + body.len(), names.len());
    body.extend(&names);
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([1, 0, 62, 0, 1, 0, 0, 0]);
    file.extend([0; 16]);
    file.extend((64 + body.len() as u64).to_le_bytes());
    file.extend([0; 4]);
    for half in [64_u16, 0, 0, 64, sections.len() as u16 + 2, sections.len() as u16 + 1] {
        file.extend(half.to_le_bytes());
    }
    [file, body, headers].concat()
}

fn zip_of(entries: &[(&str, &[u8])], comment: &str) -> Vec<u8> {
    let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
    for (name, content) in entries {
        let (mut entry, config) = archive
            .new_file(name)
            .compression_method(rawzip::CompressionMethod::DEFLATE)
            .start()
            .unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, Compression::default());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    let mut bytes = archive.finish().unwrap();
    let end = bytes.len();
    bytes.extend(comment.as_bytes());
    bytes[end - 2..end].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    bytes
}

#[test]
fn a_package_says_where_it_comes_from() {
    let bytes = package_of(&vcs_info(COMMIT));
    let found = look(&bytes, "demo-0.2.0.crate");
    assert_eq!((found.kind, found.digest), (Some("crate"), Digest::of(&bytes)));
    let expected = Identity {
        commit: Oid::from_hex(COMMIT.as_bytes()).unwrap(),
        dirty: false,
        path_in_vcs: Some("crates/demo".to_owned()),
        package: Some("demo".to_owned()),
        version: Some("0.2.0".to_owned()),
        said_by: VCS_INFO,
    };
    assert_eq!(found.identity, Ok(Some(expected)));
    let dirty = vcs_info(COMMIT).replace("\"sha1\"", "\"dirty\": true, \"sha1\"");
    let dirty = look(&package_of(&dirty), "demo-0.2.0.crate").identity;
    assert!(dirty.unwrap().unwrap().dirty);
    // Under another name it is a tar all the same.
    assert_eq!(look(&bytes, "demo.tar.gz").kind, Some("tar"));
    assert_eq!(said(&bytes, "demo.tar.gz"), format!("{VCS_INFO} says {COMMIT}"));
}

#[test]
fn other_kinds_say_it_too() {
    let stamp = format!(r#"{{"schema":1,"commit":"{COMMIT}","version":"0.2.0","package":"demo"}}"#);
    let elf = elf_of(&[(".text", b"\xc3"), (".sentinel", stamp.as_bytes())]);
    assert_eq!(said(&elf, "demo"), format!(".sentinel says {COMMIT}"));
    let padded = [stamp.as_bytes(), &[0; 5]].concat();
    assert_eq!(
        said(&elf_of(&[(".sentinel", &padded)]), "demo"),
        format!(".sentinel says {COMMIT}")
    );
    let comment = format!("52 comment={COMMIT}\n");
    let archived = tar_of(&[
        ("pax_global_header", ::tar::EntryType::XGlobalHeader, comment.as_bytes()),
        ("demo/a", FILE, b"a"),
    ]);
    for bytes in [archived.clone(), gzip(&archived)] {
        assert_eq!(said(&bytes, "x"), format!("pax header says {COMMIT}"));
    }
    assert_eq!(
        said(&zip_of(&[("demo/a", b"a")], COMMIT), "x"),
        format!("zip comment says {COMMIT}")
    );
    let packed = zip_of(&[("demo/.cargo_vcs_info.json", vcs_info(COMMIT).as_bytes())], "");
    assert_eq!(said(&packed, "x"), format!("{VCS_INFO} says {COMMIT}"));
}

#[test]
fn most_files_say_nothing() {
    for bytes in [b"".as_slice(), b"\x1f\x8b", b"#!/bin/sh\n", &gzip(b"text"), &[0; 4096]] {
        assert_eq!((look(bytes, "x").kind, said(bytes, "x")), (None, "nothing".to_owned()));
    }
    for (bytes, kind) in [
        (elf_of(&[(".text", b"\xc3")]), "elf"),
        (zip_of(&[("a", b"a")], "a comment"), "zip"),
        (tar_of(&[("./a", FILE, b"a")]), "tar"),
    ] {
        assert_eq!(
            (look(&bytes, "x").kind, said(&bytes, "x")),
            (Some(kind), "nothing".to_owned())
        );
    }
    assert_eq!(said(&package_of("{}"), "x.crate"), "nothing");
}

#[test]
fn a_damaged_file_says_why() {
    let whole = package_of(&vcs_info(COMMIT));
    for cut in 0..whole.len() {
        let found = look(&whole[..cut], "x.crate").identity;
        assert!(
            matches!(found, Err(Damage::Format { kind: "crate", .. })),
            "{cut}: {found:?}"
        );
    }
    let mut flipped = whole.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    assert!(
        look(&flipped, "x.crate").identity.is_err(),
        "the checksum is not looked at"
    );
    let sections = elf_of(&[(".sentinel", b"{}"), (".sentinel", b"{}")]);
    insta::assert_snapshot!([
        said(&gzip(&tar_of(&[("demo-0.2.0/a", FILE, b"")])), "x.crate"),
        said(&package_of(r#"{"git":{"sha1":"main"}}"#), "x.crate"),
        said(&package_of(r#"{"git":{"sha1":"a","sha1":"b"}}"#), "x.crate"),
        said(&package_of(&vcs_info(COMMIT).replace("crates", "..")), "x.crate"),
        said(&elf_of(&[(".sentinel", b"")]), "x"),
        said(&elf_of(&[(".sentinel", br#"{"schema":2,"commit":""}"#)]), "x"),
        said(&sections, "x"),
        said(&sections[..100], "x"),
        said(&zip_of(&[("a", b"a")], "")[..80], "x"),
    ].join("\n"), @r"
    it lacks `Cargo.toml`
    its .cargo_vcs_info.json cannot be read: `main` is no commit's id
    its .cargo_vcs_info.json cannot be read: duplicate field `sha1` at line 1 column 25
    its .cargo_vcs_info.json cannot be read: `../demo` is no directory in a repository
    its .sentinel cannot be read: EOF while parsing a value at line 1 column 0
    its .sentinel cannot be read: its schema is 2, known is 1
    its .sentinel cannot be read: there are several such sections
    it is no whole elf: Invalid ELF section header offset/size/alignment
    it is no whole zip: Missing end of central directory
    ");
}

#[test]
fn no_entry_leaves_its_directory() {
    for path in [
        "../escaped",
        "/escaped",
        "demo-0.2.0/../../x",
        "demo-0.2.0/..\\x",
        "C:/x",
        "\\x",
    ] {
        let expected = Damage::Path(path.to_owned());
        let bytes = tar_of(&[(path, FILE, b"")]);
        assert_eq!(look(&gzip(&bytes), "x.crate").identity, Err(expected.clone()));
        assert_eq!(look(&bytes, "x.tar").identity, Err(expected.clone()));
        // The writer for zips refuses such names: one of the same length is put in its place.
        let harmless = "x".repeat(path.len());
        let mut bytes = zip_of(&[(&harmless, b"")], "");
        for at in 0..bytes.len() - path.len() {
            if bytes[at..].starts_with(harmless.as_bytes()) {
                bytes[at..at + path.len()].copy_from_slice(path.as_bytes());
            }
        }
        assert_eq!(look(&bytes, "x.zip").identity, Err(expected), "{path}");
    }
    // A package has one directory, and what lies in it there once, as a file.
    let two = [("demo-0.2.0/a", FILE, b"".as_slice()), ("other/b", FILE, b"")];
    assert_eq!(
        look(&gzip(&tar_of(&two)), "x.crate").identity,
        Err(Damage::Path("other/b".to_owned()))
    );
    let twice = [("demo-0.2.0/a", FILE, b"".as_slice()), ("demo-0.2.0/A", FILE, b"")];
    assert_eq!(
        look(&gzip(&tar_of(&twice)), "x.crate").identity,
        Err(Damage::Duplicate("demo-0.2.0/A".to_owned()))
    );
    let link = [("demo-0.2.0/a", ::tar::EntryType::Symlink, b"".as_slice())];
    insta::assert_snapshot!(said(&gzip(&tar_of(&link)), "x.crate"), @"its entry `demo-0.2.0/a` is a symbolic link");
}

/// `count` times the same bytes, packed without ever standing in memory.
fn bomb(start: &[u8], piece: &[u8], count: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(start).unwrap();
    for _ in 0..count {
        encoder.write_all(piece).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn bounds_have_names() {
    let mut header = ::tar::Header::new_gnu();
    let mut start = |kind, size| {
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.as_old_mut().name[..3].copy_from_slice(b"a/a");
        header.set_cksum();
        header.as_bytes().to_vec()
    };
    let mebibyte = vec![0; 1024 * 1024];
    let huge = bomb(&start(FILE, 1 << 33), &mebibyte, 520);
    let name = bomb(&start(::tar::EntryType::GNULongName, 1 << 30), &mebibyte, 2);
    let records = bomb(&start(::tar::EntryType::XHeader, 1 << 30), &mebibyte, 2);
    let empty = start(FILE, 0);
    let many = bomb(&empty, &empty.repeat(1000), 201);
    let long = [b"{\"git\":\"".as_slice(), &vec![b'a'; 70_000], b"\"}"].concat();
    let stamp = elf_of(&[(".sentinel", &long)]);
    let entry = zip_of(&[(".cargo_vcs_info.json", &long)], "");
    insta::assert_snapshot!([
        said(&huge, "x.tgz"),
        said(&name, "x.crate"),
        said(&records, "x.tgz"),
        said(&many, "x.tgz"),
        said(&stamp, "x"),
        said(&entry, "x"),
    ].join("\n"), @r"
    it goes beyond UNPACKED_BYTES_MAX, which is 536870912
    it goes beyond HEADER_BYTES_MAX, which is 1048576
    it goes beyond HEADER_BYTES_MAX, which is 1048576
    it goes beyond ENTRIES_MAX, which is 200000
    it goes beyond IDENTITY_BYTES_MAX, which is 65536
    it goes beyond IDENTITY_BYTES_MAX, which is 65536
    ");
}

#[test]
fn sizes_that_lie_are_found() {
    // A section that is larger than its file, and sections without end.
    let stamp = elf_of(&[(".sentinel", b"{}")]);
    let sections = u64::from_le_bytes(stamp[40..48].try_into().unwrap()) as usize;
    let mut larger = stamp.clone();
    larger[sections + 64 + 32..sections + 64 + 40].copy_from_slice(&60_000_u64.to_le_bytes());
    assert!(look(&larger, "x").identity.is_err());
    let mut endless = stamp;
    endless[60..62].copy_from_slice(&[0, 0]);
    endless[sections + 32..sections + 40].copy_from_slice(&(u64::MAX / 64).to_le_bytes());
    assert_eq!(said(&endless, "x"), "it goes beyond SECTIONS_MAX, which is 100000");
    // An entry that is smaller than the directory says.
    let mut zip = zip_of(&[(".cargo_vcs_info.json", vcs_info(COMMIT).as_bytes())], "");
    let directory = zip.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    zip[directory + 24] ^= 1;
    assert!(look(&zip, "x").identity.is_err());
}

#[test]
fn names_and_versions_are_told_apart() {
    for (top, expected) in [
        ("demo-0.2.0", Some(("demo", "0.2.0"))),
        ("a-b-1.0.0-rc.1+x-2", Some(("a-b", "1.0.0-rc.1+x-2"))),
        ("sha-1-0.8.0", Some(("sha-1", "0.8.0"))),
        ("demo", None),
    ] {
        assert_eq!(package::name_and_version(top), expected, "{top}");
    }
}

/// What programs that unpack archives read in more than one way.
#[test]
fn a_package_is_read_in_one_way() {
    let content = [
        ("demo-0.2.0/Cargo.toml", FILE, b"[package]\n".as_slice()),
        ("demo-0.2.0/src/lib.rs", FILE, b""),
    ];
    let plain = tar_of(&content);
    assert_eq!(said(&gzip(&plain), "x.crate"), "nothing");
    let headers = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = plain.clone();
        change(&mut bytes[..512]);
        bytes[148..156].fill(b' ');
        let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        said(&gzip(&bytes), "x.crate")
    };
    let end = plain.len() - 1024;
    let entry = |path: &str, kind| [tar_of(&[(path, kind, b"")]), plain.clone()].concat()[..512].to_vec();
    let before = |path: &str, kind| said(&gzip(&[entry(path, kind), plain.clone()].concat()), "x.crate");
    insta::assert_snapshot!([
        said(&[gzip(&plain), gzip(&plain)].concat(), "x.crate"),
        said(&[gzip(&plain), b"x".to_vec()].concat(), "x.crate"),
        said(&gzip(&[&plain[..], b"x"].concat()), "x.crate"),
        said(&gzip(&[&plain[..], &plain].concat()), "x.crate"),
        said(&gzip(&plain[..end]), "x.crate"),
        said(&gzip(&plain[..end + 512]), "x.crate"),
        headers(&|header| header[345] = b'x'),
        headers(&|header| header[60] = b'x'),
        headers(&|header| header[157] = b'x'),
        headers(&|header| header[124] = 0x80),
        headers(&|header| header[134] = b'9'),
        headers(&|header| header[257..265].fill(0)),
        headers(&|header| header[156] = b'7'),
        before("demo-0.2.0/src", ::tar::EntryType::Directory),
        before("demo-0.2.0/src", FILE),
        before("demo-0.2.0/./a", FILE),
        before("demo-0.2.0//a", FILE),
        before("demo-0.2.0/a/", FILE),
        before("demo-0.2.0/a\\b", FILE),
        before("././@LongLink", ::tar::EntryType::GNULongName),
        before("demo-0.2.0/a", ::tar::EntryType::XHeader),
        before("demo-0.2.0/a", ::tar::EntryType::XGlobalHeader),
        before("demo-0.2.0/a", ::tar::EntryType::Link),
    ].join("\n"), @r"
    it is no whole crate: something follows its gzip member
    it is no whole crate: something follows its gzip member
    it is no whole crate: something follows the end of its tar
    it is no whole crate: something follows the end of its tar
    it is no whole crate: failed to fill whole buffer
    it is no whole crate: the end of its tar is missing
    it is no whole crate: the header of `demo-0.2.0/Cargo.toml` has more than one name
    it is no whole crate: something follows the name `demo-0.2.0/Cargo.toml`
    its entry `demo-0.2.0/Cargo.toml` is a file with a target
    it is no whole crate: a header has a number that is none
    it is no whole crate: a header has a number that is none
    it is no whole crate: the header of `demo-0.2.0/Cargo.toml` is of no known format
    its entry `demo-0.2.0/Cargo.toml` is a contiguous file
    its entry `demo-0.2.0/src` is a directory
    it has `src` twice
    its entry `demo-0.2.0/./a` does not stay below the directory it is unpacked to
    its entry `demo-0.2.0//a` does not stay below the directory it is unpacked to
    its entry `demo-0.2.0/a/` is a directory
    its entry `demo-0.2.0/a\b` does not stay below the directory it is unpacked to
    it is no whole crate: the header of `` has another name
    its entry `demo-0.2.0/a` is a pax header
    its entry `demo-0.2.0/a` is a pax header
    its entry `demo-0.2.0/a` is a hard link
    ");
}

/// A hole of a gibibyte takes one header: it would be read as zeros that no bound on what is unpacked sees.
#[test]
fn a_sparse_file_is_refused() {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(::tar::EntryType::GNUSparse);
    header.set_path("a/a").unwrap();
    header.set_size(0);
    header.set_mode(0o644);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(1 << 30);
    gnu.sparse[0].set_offset(1 << 30);
    gnu.sparse[0].set_length(0);
    header.set_cksum();
    let mut builder = ::tar::Builder::new(Vec::new());
    builder.append(&header, std::io::empty()).unwrap();
    let sparse = builder.into_inner().unwrap();
    insta::assert_snapshot!([said(&gzip(&sparse), "x.crate"), said(&sparse, "x.tar")].join("\n"), @r"
    it is no whole crate: the header of `a/a` has more than one name
    its entry `a/a` is a sparse file
    ");
}

proptest! {
    /// Whatever is changed in a file, it is read to an answer, and the same one again.
    #[test]
    fn any_bytes_have_an_answer(
        which in 0..5_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let stamp = format!(r#"{{"schema":1,"commit":"{COMMIT}"}}"#);
        let inner = tar_of(&[("demo-0.2.0/.cargo_vcs_info.json", FILE, vcs_info(COMMIT).as_bytes())]);
        let mut bytes = match which {
            0 => elf_of(&[(".sentinel", stamp.as_bytes())]),
            1 => zip_of(&[(VCS_INFO, vcs_info(COMMIT).as_bytes())], COMMIT),
            2 => package_of(&vcs_info(COMMIT)),
            _ => inner,
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + bytes.len() / 2);
        // What is changed within the compression is found by its checksum: a tar is changed before it is packed.
        let bytes = if which == 4 { gzip(&bytes) } else { bytes };
        for name in ["demo-0.2.0.crate", "demo"] {
            let found = look(&bytes, name);
            prop_assert_eq!(found.digest, Digest::of(&bytes));
            prop_assert_eq!(look(&bytes, name), found);
        }
    }
}
