//! Signatures, as a stranger verifies them: SSH, OpenPGP and X.509, of commits and of tags.

use std::path::PathBuf;

use crate::support::{KeyRing, Repo, check, check_with, has};

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
    check(&repo, "cut auto --yes").succeeds();
    let public = std::fs::read_to_string(repo.root().join("key.pub")).unwrap();
    repo.git_words(&["config", "user.signingKey", &format!("key::{}", public.trim())]);
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

/// What a `finish` cannot sign with is refused by everything that leads to it, and nothing is signed to find out.
#[test]
fn the_key_is_looked_at_without_a_signature() {
    let repo = Repo::flow();
    let release = [
        "check --env prod --version 0.2.0",
        "cut auto --dry-run",
        "cut auto --yes",
    ];
    let key = repo.git("config user.signingKey");
    let mallory = ["-q", "-t", "ed25519", "-N", "", "-f", "../mallory"];
    assert!(repo.command("ssh-keygen").args(mallory).status().unwrap().success());
    let before = repo.state();
    for words in release {
        repo.git("config --unset user.signingKey");
        check(&repo, words)
            .exits(1)
            .says(&["user.signingKey", "git config gpg.format ssh"]);
        repo.git("config user.signingKey ../nowhere");
        check(&repo, words)
            .exits(1)
            .says(&["../nowhere`, which user.signingKey names"]);
    }
    // Who cuts need not be who finishes.
    repo.git("config user.signingKey ../mallory");
    for words in &release[..2] {
        check(&repo, words).succeeds();
    }
    assert_eq!(repo.state(), before);
    repo.git_words(&["config", "user.signingKey", &key]);
    check(&repo, "cut auto --yes").succeeds();
    let before = repo.state();
    for (key, why) in [
        ("../nowhere", "../nowhere`, which user.signingKey names"),
        ("../mallory", "the key may not sign releases here"),
    ] {
        repo.git_words(&["config", "user.signingKey", key]);
        for words in ["finish --dry-run", "finish --yes"] {
            check(&repo, words).exits(1).says(&[why]);
        }
    }
    assert_eq!(repo.state(), before);
}

/// What a stranger's key lacks is told in the words of its kind, and the words are a command that mends it.
#[test]
fn an_openpgp_key_gets_a_line_of_its_kind() {
    let repo = Repo::flow();
    if !has(&repo, "gpg") {
        return;
    }
    let ring = KeyRing::new(&repo, "ed25519");
    repo.git("config gpg.format openpgp");
    repo.git("config user.signingKey alice@example.org");
    let run = |words: &str| {
        check_with(&repo, words, |command| {
            command.env("GNUPGHOME", ring.path(""));
        })
    };
    run("cut auto --yes").succeeds();
    let line = format!(
        "echo 'alice@example.org openpgp {}' >> .sentinel/allowed_signers",
        ring.fingerprint()
    );
    for words in ["finish --dry-run", "finish --yes"] {
        run(words).exits(1).says(&["the key may not sign releases here", &line]);
    }
    let hint = run("finish --yes").stderr;
    let fix = hint.split_once(" hint: ").unwrap().1.trim().to_owned();
    ring.run("sh", &["-c", &fix]);
    run("finish --yes").succeeds();
    // A key that is gone is missed before anything is signed.
    let repo = Repo::flow();
    repo.git("config gpg.format openpgp");
    repo.git("config user.signingKey nobody@example.org");
    let cut = check_with(&repo, "cut auto --yes", |command| {
        command.env("GNUPGHOME", ring.path(""));
    });
    cut.exits(1)
        .says(&["gpg has no secret key nobody@example.org that signs"]);
}

/// Certificates are not verified, and that is said before and after one signs.
#[test]
fn a_certificate_is_refused_by_its_name() {
    let repo = Repo::flow();
    let run = |argv: &[&str]| assert!(repo.command("ssh-keygen").args(argv).status().unwrap().success());
    run(&["-q", "-t", "ed25519", "-N", "", "-f", "../authority"]);
    run(&[
        "-q",
        "-s",
        "../authority",
        "-I",
        "id",
        "-n",
        "alice@example.org",
        "../key.pub",
    ]);
    check(&repo, "cut auto --yes").succeeds();
    repo.git("config user.signingKey ../key-cert.pub");
    for words in ["finish --dry-run", "finish --yes"] {
        check(&repo, words).exits(1).says(&[
            "by an SSH certificate (ssh-ed25519-cert-v01@openssh.com)",
            "sign with the key itself",
        ]);
    }
}
