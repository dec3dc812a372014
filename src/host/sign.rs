//! Signing, as git is configured: OpenPGP, SSH or X.509, through the configured program.
//!
//! gix reads the configuration (`gpg.format`, `gpg.<format>.program`, `user.signingKey`, `gpg.ssh.defaultKeyCommand`);
//! the program is run here, because it needs a deadline and must never wait for a passphrase that nobody will type.

mod agent;
mod inspect;
mod key;
mod raw;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use gix::objs::signature::Format;

pub(crate) use inspect::inspect;
pub(crate) use raw::Raw;

use super::git_read::Repo;
use super::proc::{Run, stdin_is_terminal};
use super::{Error, Result, chain};
use crate::core::binding::Armour;
use crate::core::pgpsig;

/// How long a signer may take where nobody can type.
const UNATTENDED_DEADLINE: Duration = Duration::from_secs(30);
/// How long a person may take to find the hardware key.
const ATTENDED_DEADLINE: Duration = Duration::from_secs(300);
/// What the trial signature signs. The text is part of the signature, so that nobody can pass it off for anything else.
const TRIAL: &[u8] = b"cargo-sentinel: a trial signature, made before a release; it vouches for nothing\n";

/// How long a signer may take.
fn deadline() -> Duration {
    if stdin_is_terminal() {
        ATTENDED_DEADLINE
    } else {
        UNATTENDED_DEADLINE
    }
}

/// The program and key that sign.
#[derive(Debug)]
pub(crate) struct Signer {
    format: Format,
    program: OsString,
    program_arguments: Vec<OsString>,
    key: OsString,
    environment: Vec<(OsString, OsString)>,
    dir: PathBuf,
}

/// A signature that vouches for nothing.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) payload: &'static [u8],
    pub(crate) armour: Armour,
    pub(crate) text: Vec<u8>,
}

impl Signer {
    /// Reads git's signing configuration.
    ///
    /// # Errors
    /// When no key is configured, or the configuration cannot be read.
    pub(crate) fn configured(repo: &Repo) -> Result<Self> {
        let options = repo.gix().commit_signing_options();
        let options = options.map_err(|error| Error::git("the signing configuration", chain(&error)))?;
        Ok(Self {
            format: options.format,
            program: options.program,
            program_arguments: options.program_arguments,
            key: options.signing_key,
            environment: options.environment,
            dir: repo.top(),
        })
    }

    /// Signs something harmless, so that a locked key, a missing agent or an absent pinentry shows before any work is done.
    pub(crate) fn try_out(&self) -> Result<Trial> {
        Ok(Trial {
            payload: TRIAL,
            armour: match self.format {
                Format::OpenPgp => Armour::OpenPgp,
                Format::Ssh => Armour::Ssh,
                Format::X509 => Armour::X509,
            },
            text: self.sign(TRIAL)?,
        })
    }

    /// A detached, armoured signature over `payload`, ending in a newline.
    ///
    /// # Errors
    /// When the program fails, does not end in time, or does not say that it signed.
    pub(crate) fn sign(&self, payload: &[u8]) -> Result<Vec<u8>> {
        let signature = match self.format {
            Format::OpenPgp | Format::X509 => self.sign_with_gpg(payload)?,
            Format::Ssh => self.sign_with_ssh(payload)?,
        };
        // gpg on some systems ends lines with CR LF; git strips the CR, and so must whatever compares with git.
        let mut text = String::from_utf8_lossy(&signature).replace("\r\n", "\n");
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if self.format == Format::OpenPgp {
            // `comment` in gpg.conf; verifying refuses what nobody signed.
            text = pgpsig::without_headers(&text);
        }
        Ok(text.into_bytes())
    }

    fn run(&self) -> Run {
        let mut run = Run::new(&self.program, &self.dir).args(&self.program_arguments);
        for (name, value) in &self.environment {
            run = run.env(&name.to_string_lossy(), value);
        }
        let run = run.deadline(deadline());
        if stdin_is_terminal() {
            run
        } else {
            run.new_session()
                .env("SSH_ASKPASS_REQUIRE", "never")
                .env_remove("DISPLAY")
        }
    }

    /// gpg(1) and gpgsm(1), and what mimics them: success is the exit status and the status line `SIG_CREATED`
    /// (GnuPG's doc/DETAILS), as git itself demands.
    fn sign_with_gpg(&self, payload: &[u8]) -> Result<Vec<u8>> {
        let run = self
            .run()
            .args(["--status-fd=2", "-bsau"])
            .arg(&self.key)
            .stdin(payload);
        let argv = run.argv();
        let output = run.output()?;
        let created = output
            .stderr
            .lines()
            .any(|line| line.starts_with("[GNUPG:] SIG_CREATED "));
        if output.status.success() && created {
            return Ok(output.stdout);
        }
        Err(Error::Failed {
            argv,
            status: output.status.to_string(),
            stderr: output.stderr,
        })
    }

    /// ssh-keygen(1) `-Y sign` in the namespace `git` (PROTOCOL.sshsig).
    fn sign_with_ssh(&self, payload: &[u8]) -> Result<Vec<u8>> {
        let mut run = self.run().args(["-Y", "sign", "-n", "git", "-f"]);
        let holder;
        match self.literal() {
            Some(key) => {
                holder = super::fs::scratch_dir("key")?;
                let path = holder.path().join("key.pub");
                super::fs::write_scratch(&path, key)?;
                run = run.arg(&path).arg("-U");
            }
            None => run = run.arg(&self.key),
        }
        run.stdin(payload).success()
    }
}
