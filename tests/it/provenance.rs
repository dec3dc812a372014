//! Where artifacts come from: the statement beside them, its envelope by every way to a key, and what is said where there
//! is none.

use std::path::PathBuf;

use cargo_sentinel::core::dsse::Envelope;
use cargo_sentinel::core::ids::Digest;
use cargo_sentinel::core::provenance::{ENVELOPE_FILE, FILE, Statement};
use ssh_key::PublicKey;

use crate::support::{Repo, check, check_with, has, refuses, script};

fn beside(repo: &Repo, name: &str) -> PathBuf {
    repo.dir().join("target/sentinel/v0.2.0").join(name)
}

fn released() -> Repo {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    repo
}

/// The same, with a second key that may sign: `name` and `name.pub` beside the first.
fn released_with(name: &str, kind: &[&str]) -> Repo {
    let repo = Repo::flow();
    new_key(&repo, name, kind);
    let second = std::fs::read_to_string(repo.root().join(format!("{name}.pub"))).unwrap();
    let allowed = format!("{}second@example.org {second}", repo.signer_line());
    repo.write(".sentinel/allowed_signers", allowed);
    repo.commit("chore: allow a second key");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    repo
}

fn new_key(repo: &Repo, name: &str, kind: &[&str]) {
    let made = repo
        .command("ssh-keygen")
        .current_dir(repo.root())
        .args(["-q", "-N", "", "-C", name, "-f", name, "-t"])
        .args(kind)
        .status();
    assert!(made.unwrap().success());
}

fn public(repo: &Repo, name: &str) -> PublicKey {
    PublicKey::read_openssh_file(&repo.root().join(name)).unwrap()
}

/// The envelope holds the statement's very bytes, and the key of that name signed it.
fn sealed_by(repo: &Repo, key: &str) {
    let envelope = Envelope::parse(&std::fs::read(beside(repo, ENVELOPE_FILE)).unwrap()).unwrap();
    let payload = envelope.verified_by(public(repo, key).key_data()).unwrap();
    assert_eq!(payload, std::fs::read(beside(repo, FILE)).unwrap());
}

#[test]
fn the_statement_says_what_was_built_from_what() {
    let repo = released();
    check(&repo, "finish --yes").succeeds();
    let statement = Statement::parse(&std::fs::read(beside(&repo, FILE)).unwrap()).unwrap();
    let [artifact] = statement.subjects.as_slice() else {
        panic!("{statement:?}")
    };
    let found = Digest::of(&std::fs::read(beside(&repo, "demo-0.2.0.crate")).unwrap());
    assert_eq!((artifact.name.as_str(), artifact.digest), ("demo-0.2.0.crate", found));
    let source = &statement.source;
    assert_eq!(source.commit.to_string(), repo.git("rev-parse v0.2.0^{commit}"));
    assert_eq!(source.tree.to_string(), repo.git("rev-parse v0.2.0^{tree}"));
    assert_eq!(source.tag.as_str(), "v0.2.0");
    assert_eq!(source.repository.as_deref(), Some("https://example.org/demo"));
    let lockfile = std::fs::read(repo.dir().join("Cargo.lock")).unwrap();
    assert_eq!(source.lockfile, Some(Digest::of(&lockfile)));
    assert_eq!(statement.epoch.to_string(), repo.git("log -1 --format=%ct v0.2.0"));
    assert!(statement.toolchain.cargo.starts_with("cargo 1."));
    sealed_by(&repo, "key.pub");
}

/// Nothing of this machine goes out with a release.
#[test]
fn the_statement_names_no_path_of_the_machine() {
    let repo = released();
    check(&repo, "finish --yes").succeeds();
    let text = std::fs::read_to_string(beside(&repo, FILE)).unwrap();
    let home = std::env::var("HOME").unwrap();
    for place in [repo.root().to_str().unwrap(), &home, "origin.git"] {
        assert!(!text.contains(place), "{place}: {text}");
    }
}

#[test]
fn every_form_of_key_seals_it() {
    for (name, kind) in [
        ("p256", &["ecdsa", "-b", "256"][..]),
        ("p384", &["ecdsa", "-b", "384"]),
        ("public", &["ed25519"]),
    ] {
        let repo = released_with(name, kind);
        let named = if name == "public" {
            "../public.pub"
        } else {
            &format!("../{name}")
        };
        repo.git(&format!("config user.signingKey {named}"));
        check(&repo, "finish --yes").succeeds();
        sealed_by(&repo, &format!("{name}.pub"));
    }
}

/// What an agent alone can use: a key in words, and one whose file has a passphrase.
#[test]
fn an_agent_seals_it() {
    for literal in [true, false] {
        let repo = released_with("agent-key", &["ed25519"]);
        if !has(&repo, "ssh-agent") {
            return;
        }
        let text = std::fs::read_to_string(repo.root().join("agent-key.pub")).unwrap();
        let key = if literal {
            format!("key::{}", text.trim())
        } else {
            "../agent-key".to_owned()
        };
        repo.git_words(&["config", "user.signingKey", &key]);
        let lock = "ssh-keygen -q -p -P '' -N secret -f agent-key >/dev/null";
        let script = format!(
            "ssh-add -q agent-key && {lock} && exec {} -C demo finish --yes",
            env!("CARGO_BIN_EXE_cargo-sentinel")
        );
        let out = repo
            .command("ssh-agent")
            .current_dir(repo.root())
            .arg("-a")
            .arg(repo.root().join("agent"))
            .args(["sh", "-c", &script])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        sealed_by(&repo, "agent-key.pub");
    }
}

/// RSA signs tags, and there is no envelope: it is said, and the release is made.
#[test]
fn a_key_that_cannot_seal_is_named() {
    let repo = released_with("rsa", &["rsa", "-b", "2048"]);
    repo.git("config user.signingKey ../rsa");
    check(&repo, "finish --yes")
        .succeeds()
        .says(&["provenance.json has no signed envelope", "ssh-rsa"]);
    assert!(beside(&repo, FILE).exists() && !beside(&repo, ENVELOPE_FILE).exists());
}

#[test]
fn an_unsigned_release_has_no_envelope() {
    let repo = Repo::flow();
    repo.write("sentinel.toml", "schema = 1\n\n[release]\nallow_unsigned = true\n");
    repo.commit("chore: allow unsigned tags");
    repo.push();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes --no-sign")
        .succeeds()
        .says(&["no signed envelope: the release is not signed"]);
    assert!(beside(&repo, FILE).exists() && !beside(&repo, ENVELOPE_FILE).exists());
}

/// A signing program that uses another key than the configuration names: tag and envelope would be by different keys.
#[test]
fn tag_and_envelope_are_by_one_key() {
    let repo = released_with("other", &["ed25519"]);
    let program = repo.root().join("sign");
    script(
        &program,
        &format!(
            "#!/bin/sh\nfor last; do :; done\nexec ssh-keygen -Y sign -n git -f {}\n",
            repo.root().join("other").display()
        ),
    );
    repo.git("config gpg.ssh.program ../sign");
    refuses(&repo, "finish --yes", 1, &["its provenance by SHA256:"]);
    assert!(!beside(&repo, FILE).exists());
}

/// An agent that answers with garbage, or is not there, leaves the release without an envelope, and says so.
#[test]
fn an_agent_that_is_gone_is_named() {
    let repo = released();
    let text = std::fs::read_to_string(repo.root().join("key.pub")).unwrap();
    repo.git_words(&["config", "user.signingKey", &format!("key::{}", text.trim())]);
    // Tags are signed by a program of its own, as a password manager's is.
    let program = repo.root().join("sign");
    script(
        &program,
        &format!(
            "#!/bin/sh\nexec ssh-keygen -Y sign -n git -f {}\n",
            repo.root().join("key").display()
        ),
    );
    repo.git("config gpg.ssh.program ../sign");
    let outcome = check_with(&repo, "finish --yes", |command| {
        command.env("SSH_AUTH_SOCK", "/nowhere/agent");
    });
    outcome
        .succeeds()
        .says(&["no signed envelope", "SSH_AUTH_SOCK cannot be asked"]);
    assert!(!beside(&repo, ENVELOPE_FILE).exists());
}
