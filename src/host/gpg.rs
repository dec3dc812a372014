//! OpenPGP signatures, checked by gpg(1) in a throwaway home that holds only the keys it is told of.
//!
//! The user's own key ring serves as a store of public keys, nothing more: which keys come out of it is said by fingerprint, and
//! no trust, no configuration and no other key of it plays a part. Read are the exit status and the status lines
//! (GnuPG, doc/DETAILS), never prose.

use std::path::Path;

use super::proc::{Output, Run};
use super::{Error, Result, fs};
use crate::core::verify::OpenPgp;

/// Checks an armoured detached signature over `payload`. `allowed` are fingerprints; `now` is seconds since the Unix epoch.
///
/// # Errors
/// Where gpg cannot be run, or says something that its own documentation does not.
pub(crate) fn verify(payload: &[u8], armour: &[u8], allowed: &[&str], now: i64) -> Result<OpenPgp> {
    // An agent or a key box that listens on a socket needs a short path, and none is started here.
    let home = fs::scratch_dir("gpg")?;
    let home = home.path();
    let signature = home.join("signature.asc");
    fs::write_scratch(&signature, armour)?;
    import(home, allowed)?;
    let output = gpg(home)
        .args(["--status-fd", "1", "--trust-model", "always", "--disable-signer-uid"])
        .arg(format!("--faked-system-time={}!", iso(now)))
        .arg("--verify")
        .arg(&signature)
        .arg("-")
        .stdin(payload)
        .output()?;
    judge(&output)
}

fn gpg(home: &Path) -> Run {
    plain(home).arg("--homedir").arg(home)
}

fn plain(dir: &Path) -> Run {
    Run::new("gpg", dir).args([
        "--no-options",
        "--batch",
        "--no-tty",
        "--quiet",
        "--no-autostart",
        "--no-auto-key-retrieve",
        "--no-auto-key-locate",
    ])
}

/// Brings the allowed keys over. A key that the user does not have cannot be checked against, which shows as such.
fn import(home: &Path, allowed: &[&str]) -> Result<()> {
    if allowed.is_empty() {
        return Ok(());
    }
    let wanted = allowed.iter().map(|fingerprint| format!("0x{fingerprint}"));
    let exported = plain(home).args(["--export", "--"]).args(wanted).output()?;
    // Exit status 2 with no output: none of them is there.
    if !exported.stdout.is_empty() {
        gpg(home).arg("--import").stdin(exported.stdout).success()?;
    }
    Ok(())
}

fn iso(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or("19700101T000000".to_owned(), |at| {
        at.strftime("%Y%m%dT%H%M%S").to_string()
    })
}

fn judge(output: &Output) -> Result<OpenPgp> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
        .map(|line| line.split(' ').collect())
        .collect();
    let of =
        |keyword: &str| -> Vec<&Vec<&str>> { lines.iter().filter(|line| line.first() == Some(&keyword)).collect() };
    let valid = of("VALIDSIG");
    // VALIDSIG <fingerprint> … <fingerprint of the primary key>
    let fingerprints = || -> Vec<String> {
        let line = valid.first().map_or(&[][..], |line| line.as_slice());
        let both = line.get(1).into_iter().chain(line.last());
        both.map(|text| (*text).to_owned()).collect()
    };
    let one = |keyword: &str| of(keyword).len() == 1;
    if of("NEWSIG").len() != 1 || valid.len() > 1 {
        return Ok(OpenPgp::Bad("it is not exactly one signature".to_owned()));
    }
    if one("REVKEYSIG") {
        return Ok(OpenPgp::Revoked(fingerprints()));
    }
    if one("EXPKEYSIG") {
        return Ok(OpenPgp::Expired(fingerprints()));
    }
    if one("EXPSIG") {
        return Ok(OpenPgp::Bad("the signature itself has expired".to_owned()));
    }
    if one("BADSIG") {
        return Ok(OpenPgp::Bad("it does not fit what it stands under".to_owned()));
    }
    if let Some(missing) = of("NO_PUBKEY").first() {
        let id = missing.get(1).copied().unwrap_or("(unnamed)");
        return Ok(OpenPgp::UnknownKey(id.to_owned()));
    }
    if output.status.success() && one("GOODSIG") && valid.len() == 1 {
        return Ok(OpenPgp::Good(fingerprints()));
    }
    if of("ERRSIG").is_empty() && of("NODATA").is_empty() && output.status.success() {
        return Err(Error::Unexpected("gpg reports success without a signature".to_owned()));
    }
    Ok(OpenPgp::Bad("gpg cannot check it".to_owned()))
}
