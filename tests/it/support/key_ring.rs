//! Throwaway OpenPGP and X.509 keys, and the programs that sign with them.

use super::{Repo, check_with};

/// A throwaway key ring below `/tmp`, since gpg's agent listens on a socket whose path must be short; the agent goes with it.
pub(crate) struct KeyRing<'a> {
    repo: &'a Repo,
    home: tempfile::TempDir,
}

impl<'a> KeyRing<'a> {
    /// A ring with Alice's OpenPGP key.
    pub(crate) fn new(repo: &'a Repo, algorithm: &str) -> Self {
        let home = tempfile::Builder::new().prefix("ring-").tempdir_in("/tmp").unwrap();
        let ring = Self { repo, home };
        let mut words = vec!["--batch", "--quiet", "--passphrase", "", "--quick-generate-key"];
        words.extend(["Alice <alice@example.org>", algorithm, "sign", "never"]);
        ring.run("gpg", &words);
        ring
    }

    /// Lets the OpenPGP key sign releases, from the next one on.
    pub(crate) fn allow_openpgp(&self) {
        let line = format!("alice@example.org openpgp {}\n", self.fingerprint());
        self.repo.write(".sentinel/allowed_signers", line);
        self.repo.commit("chore: let the OpenPGP key sign");
        self.repo.push();
    }

    /// The OpenPGP key's fingerprint (gpg, doc/DETAILS: the first `fpr` record, field 10).
    pub(crate) fn fingerprint(&self) -> String {
        let keys = self.run("gpg", &["--batch", "--with-colons", "--list-keys"]);
        let mut records = keys.lines().filter_map(|line| line.strip_prefix("fpr:"));
        records.next().unwrap().split(':').nth(8).unwrap().to_owned()
    }

    /// Makes a self-signed certificate of that very key, and trusts it.
    ///
    /// gpgsm of GnuPG 2.2 asks for a passphrase wherever it makes a key of its own, and in a test nobody types one.
    pub(crate) fn certify(&self) {
        let field = |listing: &str, name: &str| {
            let mut lines = listing.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().unwrap().split(':').nth(8).unwrap().to_owned()
        };
        let keys = self.run("gpg", &["--batch", "--with-colons", "--with-keygrip", "-K"]);
        self.write("gpgsm.conf", "disable-crl-checks\n");
        let request = format!(
            "Key-Type: RSA\nKey-Grip: {}\nKey-Usage: sign\nSerial: random\nHash-Algo: SHA256\n\
             Name-DN: CN=Alice\nName-Email: alice@example.org\n",
            field(&keys, "grp:")
        );
        let (request, certificate) = (self.write("request", &request), self.path("certificate"));
        self.run(
            "gpgsm",
            &["--batch", "--output", &certificate, "--generate-key", &request],
        );
        self.run("gpgsm", &["--batch", "--import", &certificate]);
        let certificates = self.run("gpgsm", &["--batch", "--with-colons", "-K"]);
        self.write("trustlist.txt", &format!("{} S relax\n", field(&certificates, "fpr:")));
        self.stop(); // the agent read its list of trusted roots as it started
    }

    /// Releases, signed by this ring as git is configured, and has git verify every signature.
    pub(crate) fn releases(&self) {
        self.repo.git("config user.signingKey alice@example.org");
        self.repo.git("config commit.gpgSign true");
        for words in ["cut auto --yes", "finish --yes"] {
            let outcome = check_with(self.repo, words, |command| {
                command.env("GNUPGHOME", self.home.path());
            });
            outcome.succeeds();
        }
        for words in ["verify-tag v0.2.0", "verify-commit main", "verify-commit develop"] {
            self.run("git", &words.split(' ').collect::<Vec<_>>());
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    #[track_caller]
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> String {
        let mut command = self.repo.command(program);
        let out = command.env("GNUPGHOME", self.home.path()).args(words).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{program} {words:?}: {said}");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn stop(&self) {
        self.run("gpgconf", &["--kill", "all"]);
    }
}

impl Drop for KeyRing<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}
