//! Where a tag's message ends and its signature begins.
//!
//! Git takes the last line that begins an armour for the signature (`parse_signed_buffer`) and lets its signer decide what
//! to make of the rest. Here there is one such line, and the armour's end is the object's end.

/// The kinds of signature that git makes (git-config(1), `gpg.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Armour {
    /// RFC 9580, section 6.2.
    OpenPgp,
    /// PROTOCOL.sshsig.
    Ssh,
    /// CMS, as gpgsm(1) and gitsign write it.
    X509,
}

/// Every line that git takes for the beginning of a signature, with the line that ends it.
const ARMOURS: [(&[u8], &[u8], Armour); 4] = [
    (
        b"-----BEGIN PGP SIGNATURE-----",
        b"-----END PGP SIGNATURE-----\n",
        Armour::OpenPgp,
    ),
    (
        b"-----BEGIN PGP MESSAGE-----",
        b"-----END PGP MESSAGE-----\n",
        Armour::OpenPgp,
    ),
    (
        b"-----BEGIN SSH SIGNATURE-----",
        b"-----END SSH SIGNATURE-----\n",
        Armour::Ssh,
    ),
    (
        b"-----BEGIN SIGNED MESSAGE-----",
        b"-----END SIGNED MESSAGE-----\n",
        Armour::X509,
    ),
];

/// A tag's body, split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The message, up to where the signature begins.
    pub message: &'a [u8],
    /// The signature's kind and its armour, where there is one.
    pub signature: Option<(Armour, &'a [u8])>,
}

/// The body does not end where its one signature ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrailingData {
    /// Several lines begin a signature.
    #[error("several lines of the tag begin a signature")]
    Several,
    /// Something stands after the armour, or its end is missing.
    #[error("the tag does not end where its signature ends")]
    AfterTheEnd,
}

/// Splits a tag's body.
///
/// # Errors
/// Where more than one line begins a signature, or anything follows the armour's last line.
pub fn split(body: &[u8]) -> Result<Signed<'_>, TrailingData> {
    let mut begins = beginnings(body);
    let Some((at, end, armour)) = begins.next() else {
        return Ok(Signed {
            message: body,
            signature: None,
        });
    };
    if begins.next().is_some() {
        return Err(TrailingData::Several);
    }
    let (message, text) = body.split_at_checked(at).ok_or(TrailingData::AfterTheEnd)?;
    let ends = |line: &[u8]| line.starts_with(b"-----END ");
    let last = text.split_inclusive(|byte| *byte == b'\n').position(ends);
    let lines = text.split_inclusive(|byte| *byte == b'\n').count();
    if !text.ends_with(end) || last.map(|at| at + 1) != Some(lines) {
        return Err(TrailingData::AfterTheEnd);
    }
    Ok(Signed {
        message,
        signature: Some((armour, text)),
    })
}

/// Whether any line would begin a signature.
pub(super) fn begins_anywhere(text: &[u8]) -> bool {
    beginnings(text).next().is_some()
}

/// Each line that begins a signature: where, the line that has to end it, and its kind.
fn beginnings(body: &[u8]) -> impl Iterator<Item = (usize, &'static [u8], Armour)> {
    let mut offset = 0;
    body.split_inclusive(|byte| *byte == b'\n').filter_map(move |line| {
        let at = offset;
        offset += line.len();
        let found = ARMOURS.iter().find(|(begin, _, _)| line.starts_with(begin))?;
        Some((at, found.1, found.2))
    })
}
