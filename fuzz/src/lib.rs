//! What is fuzzed: for each target a function that takes any bytes and panics where a law is broken.
//!
//! The seed corpus goes through the same functions in an ordinary test (`xtask/src/fuzz.rs`).

use std::collections::BTreeSet;

use cargo_sentinel::core::changelog::{self, NewSection};
use cargo_sentinel::core::dsse::Envelope;
use cargo_sentinel::core::hooks::message::{Comment, Draft};
use cargo_sentinel::core::hooks::push::{self, Format};
use cargo_sentinel::core::hooks::secret::Scanner;
use cargo_sentinel::core::hooks::{self, staged};
use cargo_sentinel::core::manifest::{self, Manifest, VersionChange};
use cargo_sentinel::core::provenance::Statement;
use cargo_sentinel::core::trust::AllowedSigners;
use cargo_sentinel::core::{artifact, binding, commit, lockfile, policy, sshsig};
use semver::Version;

/// What separates the texts of an input that holds several.
const SEPARATOR: &str = "\n=====\n";

/// The first `N` texts of an input; `None` where it is not UTF-8. Missing ones are empty.
fn texts<const N: usize>(bytes: &[u8]) -> Option<[&str; N]> {
    let mut parts = std::str::from_utf8(bytes).ok()?.split(SEPARATOR);
    Some(std::array::from_fn(|_| parts.next().unwrap_or_default()))
}

/// Commit messages of any bytes.
pub fn message(bytes: &[u8]) {
    let message = commit::read(bytes);
    assert!(!message.subject.contains('\n'), "a subject is one line");
    assert_eq!(message.subject.trim(), message.subject);
    if let commit::Kind::Conventional(header) = &message.kind {
        assert!(!header.summary.is_empty() && !header.kind.is_empty());
        assert!(!header.kind.chars().any(|c| c.is_ascii_uppercase()));
        assert!(message.breaking_note.is_none() || header.breaking);
    }
    // A subject reads the same without what follows it; only a byte order mark is dropped once.
    if !message.subject.starts_with('\u{feff}') {
        assert_eq!(commit::read(message.subject.as_bytes()).subject, message.subject);
    }
}

/// What hooks read. The first byte says as what.
pub fn hook(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => {
            let comment = if kind & 4 == 0 {
                Comment::Auto
            } else {
                Comment::default()
            };
            let draft = Draft {
                text: text.to_vec(),
                edited: kind & 8 == 0,
                comment,
                ..Draft::default()
            };
            drop(hooks::message::judge(&draft.committed()));
        }
        1 => {
            for format in [Format::PrePush, Format::PreReceive] {
                if let Ok(lines) = push::parse(text, format) {
                    assert!(lines.iter().all(|line| line.name.starts_with("refs/")));
                }
            }
        }
        2 => {
            if let Err(at) = hooks::parameters::parse(text) {
                assert!(at <= text.len(), "a refusal has its place");
            }
        }
        _ => {
            let mut scanner = Scanner::default();
            let marks = staged::marks(&mut scanner, "a", text, b"").expect("every pattern is one");
            let lines = text.split(|byte| *byte == b'\n').count();
            assert!(marks.iter().all(|mark| (1..=lines).contains(&mark.line)));
            let again = staged::marks(&mut scanner, "a", text, text).expect("every pattern is one");
            assert!(again.is_empty(), "nothing is new in a text that replaces itself");
        }
    }
}

/// A CHANGELOG, generated entries, and another side's CHANGELOG.
pub fn changelog(bytes: &[u8]) {
    let Some([text, entries, other]) = texts::<3>(bytes) else {
        return;
    };
    let parts = changelog::parse(text).parts().collect::<String>();
    assert_eq!(parts, text, "parsing loses nothing");
    let section = NewSection {
        version: &Version::new(0, 2, 0),
        date: "2026-01-01",
        tag: "v0.2.0",
        previous: Some("v0.1.0"),
        entries: &rendered(entries),
        links: None,
    };
    if let Ok(once) = changelog::release(text, &section) {
        let twice = changelog::release(&once, &section);
        assert_eq!(twice.as_ref(), Ok(&once), "writing twice changes nothing");
        assert!(changelog::section(&once, section.version).is_some());
    }
    let yields = |merged: Result<String, changelog::MergeError>| {
        assert_eq!(merged.as_deref(), Ok(other), "a side that changed nothing yields");
    };
    yields(changelog::merge_back(text, text, other));
    yields(changelog::merge_back(text, other, text));
    // Any three texts: merged or refused, without a panic.
    drop(changelog::merge_back(text, entries, other));
}

/// Entries as they are rendered: groups, and one line each, without control characters and with its commit.
fn rendered(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace(char::is_control, " ");
        let group = line
            .strip_prefix("### ")
            .filter(|name| name.parse::<changelog::Group>().is_ok());
        match group {
            Some(_) => format!("\n{line}\n\n"),
            None if line.trim().is_empty() => String::new(),
            None => format!("- {} (0123456)\n", line.trim_start_matches(['-', ' ']).trim()),
        }
    };
    text.lines().map(line).collect()
}

/// A `Cargo.toml` and a `Cargo.lock`, moved from the version that the first one has.
pub fn manifest(bytes: &[u8]) {
    let Some([toml, lock]) = texts::<2>(bytes) else {
        return;
    };
    let Ok(parsed) = Manifest::parse(toml, "Cargo.toml") else {
        drop(lockfile::set_versions(
            lock,
            "Cargo.lock",
            &change("demo", Version::new(0, 1, 0)),
        ));
        return;
    };
    let change = moved(&parsed);
    if let Ok(Some(after)) = manifest::set_versions(&parsed, &change) {
        let again = Manifest::parse(&after, "Cargo.toml").expect("what was written is read");
        assert_eq!(
            manifest::set_versions(&again, &change),
            Ok(None),
            "moving twice changes nothing"
        );
    }
    if let Ok(Some(after)) = lockfile::set_versions(lock, "Cargo.lock", &change) {
        let again = lockfile::set_versions(&after, "Cargo.lock", &change);
        assert_eq!(again, Ok(None), "moving twice changes nothing");
    }
}

/// The next major version of the package, or of the workspace.
fn moved(manifest: &Manifest) -> VersionChange {
    let name = manifest.package().map_or("demo", |package| package.name.as_str());
    let own = manifest.package().and_then(|package| match &package.version {
        Some(manifest::Inheritable::Own(own)) => Some(own.version.clone()),
        Some(manifest::Inheritable::Workspace) | None => None,
    });
    let shared = || {
        manifest
            .workspace()
            .and_then(|w| w.version.as_ref())
            .map(|shared| shared.version.clone())
    };
    change(name, own.or_else(shared).unwrap_or(Version::new(0, 1, 0)))
}

fn change(name: &str, old: Version) -> VersionChange {
    VersionChange {
        names: BTreeSet::from([name.to_owned()]),
        manifests: BTreeSet::from(["Cargo.toml".to_owned()]),
        root: "Cargo.toml".to_owned(),
        patched: BTreeSet::new(),
        new: Version::new(old.major.saturating_add(1), 0, 0),
        old,
    }
}

/// `sentinel.toml`, and the same as metadata of a `Cargo.toml`.
pub fn config(bytes: &[u8]) {
    let Some([text]) = texts::<1>(bytes) else { return };
    if let Err(errors) = policy::parse(text, "sentinel.toml") {
        assert!(!errors.to_string().is_empty(), "a refusal says why");
    }
    if let Err(errors) = policy::from_metadata(text, "Cargo.toml") {
        assert!(!errors.to_string().is_empty(), "a refusal says why");
    }
}

/// A journal, as it stands on disk.
#[cfg(fuzzing)]
pub fn journal(bytes: &[u8]) {
    cargo_sentinel::fuzzing::journal(bytes);
}

/// An annotated tag's object.
pub fn tag(bytes: &[u8]) {
    let Ok(tag) = binding::parse(bytes) else { return };
    // What is claimed can be claimed again, and reads the same.
    let message = binding::message("demo", "", &tag.binding).expect("names that were read can be written");
    let object = format!(
        "object {}\ntype commit\ntag x\ntagger A <a@b> 0 +0000\n\n{message}",
        tag.headers.commit
    );
    let again = binding::parse(object.as_bytes()).expect("what was written is read");
    assert_eq!(again.binding, tag.binding);
}

/// A built file, under a package's name and under none that says anything.
pub fn artifact(bytes: &[u8]) {
    for name in ["demo-0.2.0.crate", "demo"] {
        let inspect = || artifact::inspect(&mut std::io::Cursor::new(bytes), name).expect("memory can be read");
        let found = inspect();
        assert_eq!(found.size_bytes, bytes.len() as u64);
        assert!(
            found.kind.is_some() || found.identity == Ok(None),
            "what is no kind says nothing"
        );
        assert_eq!(inspect(), found, "the same bytes say the same");
    }
}

/// An allowed-signers file, and a signature's armour after the separator.
pub fn signers(bytes: &[u8]) {
    drop(sshsig::verify(b"words", bytes));
    let Some([file, armour]) = texts(bytes) else { return };
    if let Ok(key) = sshsig::verify(b"words", armour.as_bytes()) {
        assert!(sshsig::verify(b"other words", armour.as_bytes()).is_err(), "{key:?}");
    }
    let Ok(signers) = AllowedSigners::parse(file) else {
        return;
    };
    let commented =
        AllowedSigners::parse(&format!("# a comment\n\n{file}\n")).expect("comments and empty lines say nothing");
    assert_eq!(commented, signers);
    for fingerprint in signers.openpgp() {
        let revoked =
            AllowedSigners::parse(&format!("{file}\n!* openpgp {fingerprint}\n")).expect("a line of ours is read");
        let keys = [cargo_sentinel::core::trust::KeyId::OpenPgp(fingerprint.to_owned())];
        assert!(revoked.authorise(&keys, 0).is_err(), "who is revoked may not sign");
    }
}

/// A provenance statement, or its envelope.
pub fn provenance(bytes: &[u8]) {
    if let Ok(statement) = Statement::parse(bytes) {
        assert_eq!(statement.render().as_deref(), Ok(bytes), "a statement has one spelling");
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        let again = envelope.render().expect("what has a signature is written");
        assert_eq!(Envelope::parse(&again), Ok(envelope));
    }
}
