//! Signatures, as a stranger verifies them: SSH, OpenPGP and X.509, of commits and of tags.

use std::path::PathBuf;

use crate::support::{KeyRing, Repo, check, has};

fn allowed_signers(repo: &Repo) -> PathBuf {
    let public = std::fs::read_to_string(repo.root().join("key.pub")).unwrap();
    let path = repo.root().join("signers");
    std::fs::write(&path, format!("alice@example.org {public}")).unwrap();
    path
}

#[test]
fn ssh_signs_commits_and_tags() {
    let repo = Repo::flow();
    repo.git("config commit.gpgSign true");
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    let signers = format!("-c gpg.ssh.allowedSignersFile={}", allowed_signers(&repo).display());
    repo.git(&format!("{signers} verify-tag v0.2.0"));
    for commit in ["main", "main^2", "develop"] {
        repo.git(&format!("{signers} verify-commit {commit}"));
    }
    repo.git("fsck --strict");
}

#[test]
fn an_unsigned_tag_is_only_made_where_the_configuration_allows_it() {
    let repo = Repo::flow();
    repo.write("sentinel.toml", "schema = 1\n\n[release]\nallow_unsigned = true\n");
    repo.commit("chore: allow unsigned tags");
    repo.push();
    repo.git("config user.signingKey ../nowhere");
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes --no-sign").succeeds();
    let tag = repo.git("cat-file tag v0.2.0");
    assert!(
        !tag.contains("-----BEGIN") && tag.contains("Sentinel-Version: 0.2.0"),
        "{tag}"
    );
}

/// The tag's message ends in the binding, and the digest is that of the file that lies beside the release.
#[test]
fn the_tag_is_bound_to_the_artifact() {
    let repo = Repo::flow();
    check(&repo, "cut auto --yes").succeeds();
    check(&repo, "finish --yes").succeeds();
    let tag = repo.git("cat-file tag v0.2.0");
    let commit = repo.git("rev-parse main");
    assert!(tag.contains(&format!("\nSentinel-Commit: {commit}\n")), "{tag}");
    assert!(tag.contains("\n- A line written by hand, with `code`.\n"), "{tag}");
    let line = tag
        .lines()
        .find_map(|line| line.strip_prefix("Sentinel-Artifact: sha256:"))
        .unwrap();
    let (digest, name) = line.split_once(' ').unwrap();
    assert_eq!(name, "demo-0.2.0.crate");
    let mut command = repo.command("sha256sum");
    let out = command.arg(format!("target/sentinel/v0.2.0/{name}")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout).split(' ').next(), Some(digest));
}

#[test]
fn openpgp_signs_commits_and_tags() {
    let repo = Repo::flow();
    if !has(&repo, "gpg") {
        return;
    }
    let ring = KeyRing::new(&repo, "ed25519");
    ring.allow_openpgp();
    repo.git("config gpg.format openpgp");
    ring.releases();
}

#[test]
fn x509_signs_commits_and_tags() {
    let repo = Repo::flow();
    if !has(&repo, "gpg") || !has(&repo, "gpgsm") {
        return;
    }
    let ring = KeyRing::new(&repo, "rsa2048");
    ring.certify();
    repo.git("config gpg.format x509");
    ring.releases();
    assert!(
        repo.git("cat-file tag v0.2.0")
            .contains("\n-----BEGIN SIGNED MESSAGE-----\n")
    );
    // Made, and refused by name when verifying.
    let signers = allowed_signers(&repo);
    check(&repo, &format!("verify v0.2.0 --signers {}", signers.display()))
        .exits(2)
        .says(&["X.509 signatures are made, and not verified", "SIGNER_NOT_ALLOWED"]);
}

/// Ed25519 leaves nothing to chance: whoever ends an interrupted release ends it with the same bytes.
#[test]
fn a_key_given_by_an_agent_or_in_words() {
    let repo = Repo::flow();
    let public = std::fs::read_to_string(repo.root().join("key.pub")).unwrap();
    repo.git_words(&["config", "user.signingKey", &format!("key::{}", public.trim())]);
    check(&repo, "cut auto --yes").succeeds();
    // Nobody holds the private half.
    check(&repo, "finish --yes").exits(1).says(&["the key does not sign"]);
    if !has(&repo, "ssh-agent") {
        return;
    }
    let socket = repo.root().join("agent");
    let script = format!(
        "ssh-add -q key && exec {} -C demo finish --yes",
        env!("CARGO_BIN_EXE_cargo-sentinel")
    );
    let mut command = repo.command("ssh-agent");
    command
        .current_dir(repo.root())
        .arg("-a")
        .arg(socket)
        .args(["sh", "-c", &script]);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    repo.git(&format!(
        "-c gpg.ssh.allowedSignersFile={} verify-tag v0.2.0",
        allowed_signers(&repo).display()
    ));
}
