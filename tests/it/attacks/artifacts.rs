//! Artifacts and provenance of another make, under a tag that a stolen key signed over them.

use std::io::{Read as _, Write as _};

use cargo_sentinel::core::dsse::Envelope;
use cargo_sentinel::core::ids::Digest;
use cargo_sentinel::core::provenance::Statement;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::World;
use crate::support::{Repo, has};

const CRATE: &str = "target/sentinel/v0.2.0/demo-0.2.0.crate";

impl World<'_> {
    /// The package with `change` made to the file whose path ends in `name`, put where `verify` finds nothing beside it.
    fn repacked(&self, name: &str, change: impl Fn(&str) -> String) -> String {
        let packed = std::fs::read(self.repo.dir().join(CRATE)).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        let mut made = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        let mut changed = false;
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            if path.to_string_lossy().ends_with(name) {
                let other = change(&text);
                changed |= other != text;
                text = other;
            }
            let mut header = entry.header().clone();
            header.set_size(text.len() as u64);
            header.set_cksum();
            made.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        assert!(changed, "nothing was changed");
        let bytes = made.into_inner().unwrap().finish().unwrap();
        self.repo.write("evil/demo-0.2.0.crate", bytes);
        "evil/demo-0.2.0.crate".to_owned()
    }

    /// Has the tag name this file's digest, signed by a key that may.
    fn bless(&self, path: &str) {
        let digest = Digest::of(&std::fs::read(self.repo.dir().join(path)).unwrap());
        let unsigned = self.unsigned();
        let line = unsigned
            .lines()
            .find(|line| line.starts_with("Sentinel-Artifact: "))
            .unwrap();
        self.forge(line, &format!("Sentinel-Artifact: sha256:{digest} demo-0.2.0.crate"));
    }

    fn with_crate(&self, path: &str) -> Vec<String> {
        self.codes(&format!("v0.2.0 --artifact {path}"))
    }
}

/// A file of the package, what becomes of it, and what `verify` says once the tag names the outcome.
type Attack<'a> = (&'static str, &'a dyn Fn(&str) -> String, &'static str);

fn packages_of_another_make(world: &World<'_>) {
    let good = world.repo.git("rev-parse refs/tags/v0.2.0");
    let commit = world.repo.git("rev-parse main");
    let attacks: [Attack<'_>; 4] = [
        ("src/lib.rs", &|text| format!("{text}// evil\n"), "SOURCE_MISMATCH"),
        (
            "demo-0.2.0/Cargo.toml",
            &|text| format!("{text}\n[dependencies.evil]\nversion = \"1\"\n"),
            "SOURCE_MISMATCH",
        ),
        (
            ".cargo_vcs_info.json",
            &|text| text.replace(&commit, &"1".repeat(40)),
            "BUILD_COMMIT_MISMATCH",
        ),
        (
            ".cargo_vcs_info.json",
            &|text| text.replace("\"sha1\"", "\"dirty\": true, \"sha1\""),
            "BUILD_DIRTY",
        ),
    ];
    for (name, change, code) in attacks {
        let evil = world.repacked(name, change);
        assert!(
            world.with_crate(&evil).contains(&"ARTIFACT_SWAPPED".to_owned()),
            "{name}"
        );
        world.bless(&evil);
        assert_eq!(world.with_crate(&evil), [code], "{name}");
        world.repo.write(".git/refs/tags/v0.2.0", &good);
    }
    // Blessed, and yet not what the commit gives.
    let evil = world.repacked("src/lib.rs", |text| format!("{text}// evil\n"));
    world.bless(&evil);
    assert_eq!(world.codes("v0.2.0 --rebuild"), ["NOT_REPRODUCIBLE"]);
    world.repo.write(".git/refs/tags/v0.2.0", &good);
    assert_eq!(world.codes("v0.2.0 --rebuild"), [] as [&str; 0]);
}

#[test]
fn under_a_tag_signed_by_an_ssh_key() {
    let repo = Repo::flow();
    packages_of_another_make(&World::ssh(&repo));
}

#[test]
fn under_a_tag_signed_by_an_openpgp_key() {
    let repo = Repo::flow();
    if let Some(world) = World::openpgp(&repo) {
        packages_of_another_make(&world);
    }
}

#[test]
fn what_a_verification_shows() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let shown = |words: &str| {
        let document = world
            .run(&format!("verify v0.2.0 --json --signers ../signers {words}"))
            .json();
        document["proved"].to_string()
    };
    assert_eq!(shown(""), r#"["tag"]"#);
    assert_eq!(shown(&format!("--artifact {CRATE}")), r#"["tag","artifact","source"]"#);
    assert_eq!(shown("--rebuild"), r#"["tag","rebuild"]"#);
    repo.write("other.bin", "x");
    assert_eq!(shown(&format!("--artifact {CRATE} --artifact other.bin")), r#"["tag"]"#);
    std::fs::write(repo.root().join("signers"), "").unwrap();
    assert_eq!(shown(&format!("--artifact {CRATE}")), "[]");
}

#[test]
fn provenance_of_another_make() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let beside = |name: &str| repo.dir().join("target/sentinel/v0.2.0").join(name);
    let (bare, sealed) = (beside("provenance.json"), beside("provenance.dsse.json"));
    let good = (std::fs::read(&bare).unwrap(), std::fs::read(&sealed).unwrap());
    assert_eq!(world.with_crate(CRATE), [] as [&str; 0]);
    for path in ["provenance.json", "provenance.dsse.json"] {
        let words = format!("v0.2.0 --provenance target/sentinel/v0.2.0/{path}");
        assert_eq!(world.codes(&words), [] as [&str; 0], "{path}");
    }
    assert_eq!(world.codes("v0.2.0 --provenance nowhere.json"), ["ARTIFACT_SWAPPED"]);

    // Another statement, bare and in its envelope.
    let mut file = std::fs::File::create(&bare).unwrap();
    file.write_all(&good.0).unwrap();
    file.write_all(b" ").unwrap();
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);
    std::fs::write(&bare, &good.0).unwrap();
    let mut envelope = Envelope::parse(&good.1).unwrap();
    envelope.payload.push(b' ');
    std::fs::write(&sealed, envelope.render().unwrap()).unwrap();
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);

    // The statement in an envelope whose signature is another's.
    let mut envelope = Envelope::parse(&good.1).unwrap();
    envelope.signatures[0].sig[0] ^= 1;
    std::fs::write(&sealed, envelope.render().unwrap()).unwrap();
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);
    std::fs::remove_file(&sealed).unwrap();

    // Statements that the tag names, about another artifact and about another commit.
    let statement = Statement::parse(&good.0).unwrap();
    let mut other = statement.clone();
    other.subjects[0].name = "other.crate".to_owned();
    other.recipes[0].name = "other.crate".to_owned();
    other.reproducible.clear();
    let mut elsewhere = statement;
    elsewhere.source.commit = other.source.tree;
    for (statement, code) in [(other, "ARTIFACT_UNLISTED"), (elsewhere, "BUILD_COMMIT_MISMATCH")] {
        let bytes = statement.render().unwrap();
        std::fs::write(&bare, &bytes).unwrap();
        let unsigned = world.unsigned();
        let line = unsigned
            .lines()
            .find(|line| line.starts_with("Sentinel-Provenance: "))
            .unwrap();
        world.forge(line, &format!("Sentinel-Provenance: sha256:{}", Digest::of(&bytes)));
        assert_eq!(world.with_crate(CRATE), [code]);
    }
}

/// An OpenPGP key seals no envelope: one that lies there is somebody else's.
#[test]
fn an_envelope_beside_an_openpgp_release() {
    let repo = Repo::flow();
    if !has(&repo, "gpg") {
        return;
    }
    let world = World::openpgp(&repo).unwrap();
    let beside = |name: &str| repo.dir().join("target/sentinel/v0.2.0").join(name);
    assert!(!beside("provenance.dsse.json").exists());
    assert_eq!(world.with_crate(CRATE), [] as [&str; 0]);
    let envelope = Envelope {
        payload_type: "application/vnd.in-toto+json".to_owned(),
        payload: std::fs::read(beside("provenance.json")).unwrap(),
        signatures: vec![cargo_sentinel::core::dsse::EnvelopeSignature {
            keyid: String::new(),
            sig: vec![0; 64],
        }],
    };
    std::fs::write(beside("provenance.dsse.json"), envelope.render().unwrap()).unwrap();
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);
}

/// What lies beside an artifact is nobody's choice: it may not keep `verify` waiting, nor fill the memory.
#[test]
fn a_pipe_or_a_flood_for_a_statement() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let statement = repo.dir().join("target/sentinel/v0.2.0/provenance.json");
    std::fs::remove_file(&statement).unwrap();
    let made = repo.command("mkfifo").arg(&statement).status().unwrap();
    assert!(made.success());
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);
    std::fs::remove_file(&statement).unwrap();
    let flood = std::fs::File::create(&statement).unwrap();
    flood.set_len(1 << 40).unwrap();
    assert_eq!(world.with_crate(CRATE), ["ARTIFACT_SWAPPED"]);
}
