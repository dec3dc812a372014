//! Verifiers that know nothing of this program agree with it: git, ssh-keygen, openssl, securesystemslib, in-toto-attestation.
//!
//! A newcomer's machine may lack some of them; a test that needs one then says so and passes, but not where the whole suite
//! is wanted (`CI`). `.ci/run` installs them.

use std::path::{Path, PathBuf};
use std::process::Output;

use cargo_sentinel::core::dsse::{self, Envelope};
use cargo_sentinel::core::ids::Digest;
use cargo_sentinel::core::provenance::{ENVELOPE_FILE, FILE};
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::support::{Repo, check};

/// Every kind of key that seals an envelope.
const KINDS: [&[&str]; 3] = [&["ed25519"], &["ecdsa", "-b", "256"], &["ecdsa", "-b", "384"]];

/// A release of 0.2.0, signed by a new key of that kind; `signer` and `signer.pub` beside the repository.
fn released(kind: &[&str]) -> Repo {
    let repo = Repo::flow();
    let made = repo
        .command("ssh-keygen")
        .current_dir(repo.root())
        .args(["-q", "-N", "", "-C", "signer", "-f", "signer", "-t"])
        .args(kind)
        .status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(repo.root().join("signer.pub")).unwrap();
    repo.write(
        ".sentinel/allowed_signers",
        format!("{}bob@example.org {public}", repo.signer_line()),
    );
    repo.commit("chore: allow another signer");
    repo.push();
    repo.git("config user.signingKey ../signer");
    std::fs::write(repo.root().join("allowed"), format!("bob@example.org {public}")).unwrap();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    repo
}

fn beside(repo: &Repo, name: &str) -> PathBuf {
    repo.dir().join("target/sentinel/v0.2.0").join(name)
}

fn public(repo: &Repo) -> PublicKey {
    PublicKey::read_openssh_file(&repo.root().join("signer.pub")).unwrap()
}

/// Whether a tool answers. Where the whole suite is wanted, it must.
#[expect(clippy::print_stderr, reason = "a test that steps aside says so")]
fn has(repo: &Repo, program: &str, args: &[&str]) -> bool {
    let found = repo.command(program).args(args).output();
    let found = found.is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("left out: `{program} {}` does not answer", args.join(" "));
    }
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} {} does not answer",
        args.join(" ")
    );
    found
}

/// The python that has the packages: `.ci/run` puts it there.
fn python(module: &str, repo: &Repo) -> Option<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ci-tools/python/bin/python");
    let python = if ours.exists() { ours } else { "python3".into() };
    let import = format!("import {module}");
    has(repo, python.to_str().unwrap(), &["-c", &import]).then_some(python)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/independent")
        .join(name)
}

#[track_caller]
fn answer(out: &Output) -> String {
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn git_verifies_the_tag() {
    for kind in KINDS {
        let repo = released(kind);
        repo.git("-c gpg.ssh.allowedSignersFile=../allowed verify-tag v0.2.0");
        repo.git("fsck --strict");
    }
}

#[test]
fn ssh_keygen_verifies_the_tags_signature() {
    for kind in KINDS {
        let repo = released(kind);
        let mut tag = repo.command("git");
        let object = tag.args(["cat-file", "tag", "v0.2.0"]).output().unwrap().stdout;
        let text = String::from_utf8(object).unwrap();
        let (payload, signature) = text.split_at(text.find("-----BEGIN SSH SIGNATURE-----").unwrap());
        std::fs::write(repo.root().join("signature"), signature).unwrap();
        let verify = |payload: &str| {
            std::fs::write(repo.root().join("payload"), payload).unwrap();
            let mut command = repo.command("sh");
            command.current_dir(repo.root()).args([
                "-c",
                "ssh-keygen -Y verify -f allowed -I bob@example.org -n git -s signature <payload",
            ]);
            command.output().unwrap()
        };
        answer(&verify(payload));
        assert!(!verify(&payload.replacen("0.2.0", "0.2.1", 1)).status.success());
    }
}

/// A public key as openssl reads it: SubjectPublicKeyInfo (RFC 8410 for Ed25519, RFC 5480 for ECDSA).
fn spki(key: &PublicKey) -> Vec<u8> {
    let (prefix, point): (&[u8], &[u8]) = match key.key_data() {
        KeyData::Ed25519(key) => (b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", &key.0),
        KeyData::Ecdsa(key) if key.as_sec1_bytes().len() == 65 => (
            b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
            key.as_sec1_bytes(),
        ),
        KeyData::Ecdsa(key) if key.as_sec1_bytes().len() == 97 => (
            b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
            key.as_sec1_bytes(),
        ),
        KeyData::Ecdsa(_)
        | KeyData::Dsa(_)
        | KeyData::Rsa(_)
        | KeyData::SkEcdsaSha2NistP256(_)
        | KeyData::SkEd25519(_)
        | KeyData::Other(_)
        | _ => panic!("{key:?}"),
    };
    [prefix, point].concat()
}

#[test]
fn openssl_verifies_the_envelopes_signature() {
    for (kind, digest) in KINDS.into_iter().zip([None, Some("sha256"), Some("sha384")]) {
        let repo = released(kind);
        if !has(&repo, "openssl", &["version"]) {
            return;
        }
        let envelope = Envelope::parse(&std::fs::read(beside(&repo, ENVELOPE_FILE)).unwrap()).unwrap();
        let [signature] = envelope.signatures.as_slice() else {
            panic!("{envelope:?}")
        };
        let write = |name: &str, bytes: &[u8]| std::fs::write(repo.root().join(name), bytes).unwrap();
        write("key.der", &spki(&public(&repo)));
        write("sig", &signature.sig);
        let verify = |statement: &[u8]| {
            write("message", &dsse::pae(dsse::IN_TOTO, statement));
            let mut command = repo.command("openssl");
            command.current_dir(repo.root());
            command.args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der"]);
            command.args(["-rawin", "-in", "message", "-sigfile", "sig"]);
            if let Some(digest) = digest {
                command.args(["-digest", digest]);
            }
            command.output().unwrap()
        };
        let statement = std::fs::read(beside(&repo, FILE)).unwrap();
        answer(&verify(&statement));
        assert!(!verify(&[&statement[..], b" "].concat()).status.success());
    }
}

#[test]
fn securesystemslib_verifies_the_envelope() {
    for kind in KINDS {
        let repo = released(kind);
        let Some(python) = python("securesystemslib.dsse, cryptography", &repo) else {
            return;
        };
        let run = |key: &str| {
            let mut command = repo.command(&python);
            command.arg(script("envelope.py")).arg(beside(&repo, ENVELOPE_FILE));
            command.arg(repo.root().join(key));
            command.arg(dsse::keyid(public(&repo).key_data())).output().unwrap()
        };
        let statement = std::fs::read(beside(&repo, FILE)).unwrap();
        assert_eq!(answer(&run("signer.pub")).trim(), Digest::of(&statement).to_string());
        assert!(!run("key.pub").status.success(), "another key under the same name");
    }
}

#[test]
fn in_toto_attestation_validates_the_statement() {
    let repo = released(KINDS[0]);
    let Some(python) = python("in_toto_attestation.v1.statement", &repo) else {
        return;
    };
    let run = |file: &Path| {
        let mut command = repo.command(&python);
        command.arg(script("statement.py")).arg(file).output().unwrap()
    };
    let found = answer(&run(&beside(&repo, FILE)));
    let artifact = Digest::of(&std::fs::read(beside(&repo, "demo-0.2.0.crate")).unwrap());
    let commit = repo.git("rev-parse v0.2.0^{commit}");
    assert_eq!(found, format!("demo-0.2.0.crate {artifact}\n{commit}\n"));

    let text = std::fs::read_to_string(beside(&repo, FILE)).unwrap();
    let other = repo.root().join("other.json");
    std::fs::write(&other, text.replacen("\"metadata\":", "\"evil\":1,\"metadata\":", 1)).unwrap();
    assert!(!run(&other).status.success(), "a field that the schema does not have");
}
