//! Each way to pass something off for a release, tried on a real one: what `verify` says, for each kind of signature.

mod artifacts;
mod signatures;

use std::process::{Command, Stdio};

use crate::support::{KeyRing, Outcome, Repo, check_with, has};

/// A repository with v0.2.0 released, whoever may sign written in a file beside it, and the keys.
struct World<'a> {
    repo: &'a Repo,
    ring: Option<KeyRing<'a>>,
}

impl<'a> World<'a> {
    fn ssh(repo: &'a Repo) -> Self {
        let world = Self { repo, ring: None };
        world.release(&repo.signer_line());
        world
    }

    /// `None` where gpg is not installed.
    fn openpgp(repo: &'a Repo) -> Option<Self> {
        if !has(repo, "gpg") {
            return None;
        }
        let ring = KeyRing::new(repo, "ed25519");
        ring.allow_openpgp();
        repo.git("config gpg.format openpgp");
        repo.git("config user.signingKey alice@example.org");
        let line = format!("alice@example.org openpgp {}\n", ring.fingerprint());
        let world = Self { repo, ring: Some(ring) };
        world.release(&line);
        Some(world)
    }

    fn release(&self, signers: &str) {
        for words in ["cut 0.2.0 --yes", "finish --yes"] {
            self.run(words).succeeds();
        }
        self.signers(signers);
    }

    fn signers(&self, text: &str) {
        std::fs::write(self.repo.root().join("signers"), text).unwrap();
    }

    fn run(&self, words: &str) -> Outcome {
        check_with(self.repo, words, |command| self.with_ring(command))
    }

    fn with_ring(&self, command: &mut Command) {
        if let Some(ring) = &self.ring {
            command.env("GNUPGHOME", ring.path(""));
        }
    }

    /// The codes of the checks that do not pass.
    fn codes(&self, words: &str) -> Vec<String> {
        let outcome = self.run(&format!("verify --json --signers ../signers {words}"));
        let document = outcome.json();
        let codes: Vec<String> = document["checks"]
            .as_array()
            .unwrap_or_else(|| panic!("{outcome:?}"))
            .iter()
            .filter(|check| check["verdict"] != "PASS")
            .map(|check| check["code"].as_str().unwrap().to_owned())
            .collect();
        let verdict = if codes.is_empty() { ("SAFE", 0) } else { ("CRITICAL", 2) };
        assert_eq!(
            (document["verdict"].as_str().unwrap(), outcome.code),
            verdict,
            "{outcome:?}"
        );
        codes
    }

    #[track_caller]
    fn gives(&self, code: &str) {
        let codes = self.codes("v0.2.0");
        assert!(codes.iter().any(|found| found == code), "no {code} in {codes:?}");
    }

    fn object(&self) -> Vec<u8> {
        let out = self
            .repo
            .command("git")
            .args(["cat-file", "tag", "v0.2.0"])
            .output()
            .unwrap();
        out.stdout
    }

    /// The object without its signature.
    fn unsigned(&self) -> String {
        let text = String::from_utf8(self.object()).unwrap();
        let at = text.find("-----BEGIN ").unwrap();
        text[..at].to_owned()
    }

    fn put(&self, object: &[u8]) {
        let id = self.feed(
            &["git", "hash-object", "-t", "tag", "-w", "--literally", "--stdin"],
            object,
        );
        let id = String::from_utf8(id).unwrap();
        // Not through git, which refuses some of what is put here.
        self.repo.write(".git/refs/tags/v0.2.0", id);
    }

    /// Signs `payload` with the key that may.
    fn signed(&self, payload: &str) -> Vec<u8> {
        let mut object = payload.as_bytes().to_vec();
        object.extend(match &self.ring {
            Some(_) => self.feed(&["gpg", "--batch", "-bsau", "alice@example.org"], payload.as_bytes()),
            None => self.feed(
                &["ssh-keygen", "-Y", "sign", "-n", "git", "-f", "../key"],
                payload.as_bytes(),
            ),
        });
        object
    }

    /// The tag with `from` replaced in what is signed, signed again by the key that may.
    fn forge(&self, from: &str, to: &str) {
        let text = self.unsigned();
        assert!(text.contains(from), "no {from:?} in {text}");
        self.put(&self.signed(&text.replacen(from, to, 1)));
    }

    fn feed(&self, argv: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut command = self.repo.command(argv[0]);
        self.with_ring(&mut command);
        command
            .args(&argv[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(
            out.status.success(),
            "{argv:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        out.stdout
    }

    /// What every kind of signature has to withstand. Each attack starts from the good tag.
    fn withstands_all(&self) {
        assert_eq!(self.codes("v0.2.0 --remote origin"), [] as [&str; 0]);
        let good = self.repo.git("rev-parse refs/tags/v0.2.0");
        let again = || self.repo.git(&format!("update-ref refs/tags/v0.2.0 {good}"));
        let unsigned = self.unsigned();
        let line = |start: &str| format!("{}\n", unsigned.lines().find(|line| line.starts_with(start)).unwrap());
        let commit = line("Sentinel-Commit");

        self.repo.git("update-ref refs/tags/v0.2.0 v0.2.0^{commit}");
        self.gives("TAG_LIGHTWEIGHT");
        again();
        self.put(unsigned.as_bytes());
        self.gives("SIG_MISSING");
        again();
        let edited = String::from_utf8(self.object())
            .unwrap()
            .replace("written by hand", "written by HAND");
        self.put(edited.as_bytes());
        self.gives("SIG_BAD");
        again();
        self.put(&[self.object(), b"\nSentinel-Version: 9.9.9\n".to_vec()].concat());
        self.gives("TAG_TRAILING_DATA");
        again();
        self.put(&self.signed(&String::from_utf8(self.object()).unwrap()));
        self.gives("TAG_TRAILING_DATA");
        again();
        self.forge("\n\n", "\nevil header\n\n");
        self.gives("TAG_MALFORMED");
        again();
        self.forge(&line("type commit"), "type tag\n");
        self.gives("TAG_MALFORMED");
        again();
        self.forge("tag v0.2.0\n", "tag v0.1.9\n");
        self.gives("TAG_NAME_MISMATCH");
        again();
        self.forge("Sentinel-Version: 0.2.0", "Sentinel-Version: 0.2.1");
        self.gives("TAG_NAME_MISMATCH");
        again();
        self.forge(&commit, &format!("{commit}{commit}"));
        self.gives("TAG_BINDING_MISMATCH");
        again();
        let other = self.repo.git("rev-parse main^1");
        self.forge(&line("object"), &format!("object {other}\n"));
        self.gives("TAG_BINDING_MISMATCH");
        again();
        let tree = line("Sentinel-Tree");
        self.forge(&tree, &format!("Sentinel-Tree: sha256:{}\n", "0".repeat(64)));
        self.gives("TREE_DIGEST_MISMATCH");
        again();
        self.repo
            .git_in(&self.repo.origin(), "update-ref refs/tags/v0.2.0 main");
        assert_eq!(self.codes("v0.2.0 --remote origin"), ["TAG_MOVED"]);
        assert_eq!(self.codes("v0.2.0 --remote nowhere"), ["TAG_MOVED"]);
    }
}

#[test]
fn a_tag_signed_by_an_ssh_key() {
    let repo = Repo::flow();
    World::ssh(&repo).withstands_all();
}

#[test]
fn a_tag_signed_by_an_openpgp_key() {
    let repo = Repo::flow();
    if let Some(world) = World::openpgp(&repo) {
        world.withstands_all();
    }
}

/// The bytes of the signature itself: git and ssh-keygen let some of these pass.
#[test]
fn no_byte_of_a_signed_tag_may_change() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let good = world.object();
    let armour = good.windows(10).position(|part| part == b"-----BEGIN").unwrap();
    // The armour's bytes are each tried where it is read (`core::sshsig`); here every eleventh, as they reach `verify`.
    for at in (0..armour).step_by(11).chain((armour..good.len()).step_by(11)) {
        let mut edited = good.clone();
        edited[at] = if edited[at] == b'A' { b'B' } else { b'A' };
        world.put(&edited);
        assert_ne!(world.codes("v0.2.0"), [] as [&str; 0], "byte {at} of {}", good.len());
    }
}

#[test]
fn who_may_sign() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let line = repo.signer_line();
    let with = |options: &str| line.replace("namespaces=\"git\"", options);
    for (signers, code) in [
        (with("namespaces=\"file\""), "SIGNER_NOT_ALLOWED"),
        (with("cert-authority"), "SIGNER_NOT_ALLOWED"),
        (String::new(), "SIGNER_NOT_ALLOWED"),
        (with("valid-before=\"20200101\""), "KEY_EXPIRED"),
        (with("valid-after=\"20990101\""), "SIGNER_NOT_ALLOWED"),
        (
            format!("{line}!* {}", line.split_once("\"git\" ").unwrap().1),
            "KEY_REVOKED",
        ),
    ] {
        world.signers(&signers);
        assert_eq!(world.codes("v0.2.0"), [code], "{signers}");
    }
    // The verifier's moment counts, whatever the tagger claims.
    world.signers(&with("valid-before=\"20200101\""));
    assert_eq!(world.codes("v0.2.0 --as-of 2019-12-31"), [] as [&str; 0]);
    let unsigned = world.unsigned();
    let tagger = unsigned.lines().find(|line| line.starts_with("tagger ")).unwrap();
    world.forge(tagger, "tagger Alice <alice@example.org> 1500000000 +0000");
    assert_eq!(world.codes("v0.2.0"), ["KEY_EXPIRED"]);
    // A file that cannot be read says nothing at all.
    world.signers(&format!("{line}nonsense\n"));
    world
        .run("verify v0.2.0 --signers ../signers")
        .exits(64)
        .says(&["line 2"]);
}

#[test]
fn an_openpgp_key_that_is_a_strangers_expired_or_revoked() {
    let repo = Repo::flow();
    let Some(world) = World::openpgp(&repo) else { return };
    let ring = world.ring.as_ref().unwrap();
    world.signers(&format!("alice@example.org openpgp {}\n", "0".repeat(40)));
    assert_eq!(world.codes("v0.2.0"), ["SIGNER_NOT_ALLOWED"]);
    world.signers(&format!("alice@example.org openpgp {}\n", ring.fingerprint()));
    assert_eq!(world.codes("v0.2.0"), [] as [&str; 0]);
    ring.run("gpg", &["--batch", "--quick-set-expire", &ring.fingerprint(), "1y"]);
    assert_eq!(world.codes("v0.2.0"), [] as [&str; 0]);
    assert_eq!(world.codes("v0.2.0 --as-of 2099-01-01"), ["KEY_EXPIRED"]);
    let certificate = std::fs::read_to_string(ring.path(&format!("openpgp-revocs.d/{}.rev", ring.fingerprint())));
    // gpg puts a colon before the armour, lest it be imported by mistake.
    let armour = certificate.unwrap().replace(":-----BEGIN", "-----BEGIN");
    let armour = ring.write("revocation", &armour);
    ring.run("gpg", &["--batch", "--import", &armour]);
    assert_eq!(world.codes("v0.2.0"), ["KEY_REVOKED"]);
}

/// What git itself accepts, or lets the repository decide.
#[test]
fn what_git_would_believe() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let evil = repo.git("commit-tree -m evil v0.1.0^{tree}");
    repo.git(&format!("replace v0.2.0^{{commit}} {evil}"));
    repo.git("branch v0.2.0 v0.1.0^{commit}");
    assert_eq!(world.codes("v0.2.0"), [] as [&str; 0]);
    repo.git("update-ref refs/tags/v9.9.9 refs/tags/v0.2.0");
    assert_eq!(world.codes("v9.9.9"), ["TAG_NAME_MISMATCH"]);
    // A tag that is called as another tag's ref would be is not that tag.
    repo.git("update-ref refs/tags/refs/tags/v9.9.8 refs/tags/v0.2.0");
    world
        .run("verify v9.9.8 --signers ../signers")
        .exits(1)
        .says(&["there is no tag v9.9.8"]);
    let out = repo
        .command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "mallory", "-f", "../mallory"])
        .status();
    assert!(out.unwrap().success());
    let unsigned = world.unsigned();
    let forged = world.feed(
        &["ssh-keygen", "-Y", "sign", "-n", "git", "-f", "../mallory"],
        unsigned.as_bytes(),
    );
    world.put(&[unsigned.as_bytes(), &forged].concat());
    let public = std::fs::read_to_string(repo.root().join("mallory.pub")).unwrap();
    std::fs::write(repo.root().join("mine"), format!("alice@example.org {public}")).unwrap();
    repo.git("config gpg.ssh.allowedSignersFile ../mine");
    assert!(repo.git_succeeds("verify-tag refs/tags/v0.2.0"), "git believes it");
    repo.git("config gpg.ssh.program /bin/true");
    assert_eq!(world.codes("v0.2.0"), ["SIGNER_NOT_ALLOWED"]);
}

#[test]
fn an_artifact_that_is_not_the_releases() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let path = "target/sentinel/v0.2.0/demo-0.2.0.crate";
    assert_eq!(world.codes(&format!("v0.2.0 --artifact {path}")), [] as [&str; 0]);
    let mut bytes = std::fs::read(repo.dir().join(path)).unwrap();
    repo.write("other.bin", &bytes);
    assert_eq!(world.codes("v0.2.0 --artifact other.bin"), ["ARTIFACT_UNLISTED"]);
    *bytes.last_mut().unwrap() ^= 1;
    repo.write("elsewhere/demo-0.2.0.crate", &bytes);
    let codes = world.codes("v0.2.0 --artifact elsewhere/demo-0.2.0.crate");
    assert!(codes.contains(&"ARTIFACT_SWAPPED".to_owned()), "{codes:?}");
    let codes = world.codes("v0.2.0 --artifact nowhere/demo-0.2.0.crate");
    assert!(codes.contains(&"ARTIFACT_SWAPPED".to_owned()), "{codes:?}");
}

/// A tag whose commit carries another version: signed by who may, and wrong.
#[test]
fn a_tag_on_the_wrong_commit() {
    let repo = Repo::flow();
    let world = World::ssh(&repo);
    let unsigned = world.unsigned();
    let old = repo.git("rev-parse main");
    repo.git("switch -q main");
    let text = repo.read("Cargo.toml").replace("0.2.0", "0.2.5");
    repo.write("Cargo.toml", text);
    let new = repo.commit("chore: another version");
    let digest = world.run("verify v0.2.0 --signers ../signers --json").json();
    assert_eq!(digest["verdict"], "SAFE");
    world.put(&world.signed(&unsigned.replace(&old, &new)));
    let codes = world.codes("v0.2.0");
    assert_eq!(codes, ["TREE_DIGEST_MISMATCH", "VERSION_MISMATCH"]);
}
