//! OpenPGP signatures as bytes: the one spelling in which a signature under a tag may be written (RFC 9580).
//!
//! gpg is lax about what it does not sign: armour headers, the checksum, what follows, subpackets outside of the hash, lengths.
//! Whether the signature fits is gpg's to say (`host::gpg`), and whether the key may sign is `trust`'s.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use super::sshsig;

const BEGIN: &str = "-----BEGIN PGP SIGNATURE-----\n";
const END: &str = "-----END PGP SIGNATURE-----\n";
/// The issuer's key id (section 5.2.3.12).
const ISSUER: u8 = 16;
/// The issuer's fingerprint, behind one byte that holds the key's version (section 5.2.3.35).
const ISSUER_FINGERPRINT: u8 = 33;

/// The least bits of a number that an RSA key of 2048 bits makes, once in 2^64 signatures not.
const RSA_BITS_MIN: usize = 2048 - 64;

/// Why a signature is refused, whatever gpg says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Loose(&'static str);

/// Demands that `armour` is one binary document signature of version 4 over `payload`, made with SHA-2 by the key of that
/// fingerprint, without a bit that could be another.
///
/// # Errors
/// What stands there that a signer does not write, or that nothing protects.
pub fn strict(payload: &[u8], armour: &[u8], fingerprint: &str) -> Result<(), Loose> {
    let packet = dearmour(armour)?;
    let signature = body(&packet)?;
    let mut rest = Reader(signature);
    let [4, kind, algorithm, hash] = rest.array()? else {
        return Err(Loose("its version is not 4"));
    };
    // A text signature (0x01) fits whatever differs in the ends of lines.
    if kind != 0 {
        return Err(Loose("it does not sign the tag byte by byte"));
    }
    let hashed = rest.counted()?.len();
    unhashed(rest.counted()?, fingerprint)?;
    let left: [u8; 2] = rest.array()?;
    let signed = signature.get(..hashed + 6).unwrap_or_default();
    if digest(hash, payload, signed)?.get(..2) != Some(&left) {
        return Err(Loose("its digest begins otherwise"));
    }
    match algorithm {
        // A number of RSA is as long as its modulus, but for a few bits.
        1 | 3 if rest.number()? < RSA_BITS_MIN => return Err(Loose("its RSA key has fewer than 2048 bits")),
        1 | 3 => {}
        17 | 19 | 22 => {
            rest.number()?;
            rest.number()?;
        }
        _ => return Err(Loose("its algorithm is not known")),
    }
    rest.end()
}

/// The same armour without its headers (`Comment: …`), which nothing signs.
pub fn without_headers(armour: &str) -> String {
    match armour.strip_prefix(BEGIN).and_then(|rest| rest.split_once("\n\n")) {
        Some((_, rest)) if !armour.starts_with(&format!("{BEGIN}\n")) => format!("{BEGIN}\n{rest}"),
        Some(_) | None => armour.to_owned(),
    }
}

fn dearmour(armour: &[u8]) -> Result<Vec<u8>, Loose> {
    let inside = std::str::from_utf8(armour).ok();
    let inside = inside.and_then(|text| text.strip_prefix(BEGIN)?.strip_suffix(END));
    let inside = inside.ok_or(Loose("it does not begin and end as an armour"))?;
    let lines = inside.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
    let lines = lines.ok_or(Loose("its armour has headers, which nobody signed"))?;
    // The checksum may be absent (section 6.1).
    let (lines, checksum) = match lines.rsplit_once("\n=") {
        Some((lines, checksum)) => (lines, Some(checksum)),
        None => (lines, None),
    };
    let bytes = sshsig::decode(lines).map_err(|_| Loose("its armour is not even base64"))?;
    let [_, sum @ ..] = crc24(&bytes).to_be_bytes();
    if checksum.is_some_and(|found| found != STANDARD.encode(sum)) {
        return Err(Loose("its checksum is wrong"));
    }
    Ok(bytes)
}

/// Section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00B7_04CE_u32;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4CFB;
            }
        }
    }
    crc
}

/// The body of the one signature packet (section 4.2), in either format of its header.
fn body(packet: &[u8]) -> Result<&[u8], Loose> {
    let (length, body) = match packet {
        [0x88, length, body @ ..] => (usize::from(*length), body),
        [0x89, high, low, body @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), body),
        [0xC2, length @ 0..192, body @ ..] => (usize::from(*length), body),
        [0xC2, high @ 192..224, low, body @ ..] => ((usize::from(*high) - 192) * 256 + usize::from(*low) + 192, body),
        _ => return Err(Loose("it is no signature packet")),
    };
    if length == body.len() {
        Ok(body)
    } else {
        Err(Loose("it is not exactly one packet"))
    }
}

/// Nothing protects these subpackets: they may name the key, and nothing else.
fn unhashed(area: &[u8], fingerprint: &str) -> Result<(), Loose> {
    let (mut rest, mut seen) = (Reader(area), Vec::new());
    while !rest.0.is_empty() {
        let [length @ 1..192, kind] = rest.array()? else {
            return Err(Loose("a subpacket has an odd length"));
        };
        let value = rest.take(usize::from(length) - 1)?;
        let names_it = match kind {
            ISSUER => value.len() == 8 && fingerprint.ends_with(&hex(value)),
            ISSUER_FINGERPRINT => value.strip_prefix(&[4]).is_some_and(|of| hex(of) == fingerprint),
            _ => false,
        };
        if !names_it || seen.contains(&kind) {
            return Err(Loose("it carries what nobody signed"));
        }
        seen.push(kind);
    }
    Ok(())
}

/// Section 5.2.4, over `signed`: the signature up to and with its hashed subpackets.
fn digest(algorithm: u8, payload: &[u8], signed: &[u8]) -> Result<Vec<u8>, Loose> {
    let length = u32::try_from(signed.len()).map_err(|_| Loose("it is too long"))?;
    let trailer = [&[4, 0xFF][..], &length.to_be_bytes()].concat();
    let all = [payload, signed, &trailer].concat();
    match algorithm {
        8 => Ok(Sha256::digest(&all).to_vec()),
        9 => Ok(Sha384::digest(&all).to_vec()),
        10 => Ok(Sha512::digest(&all).to_vec()),
        11 => Ok(Sha224::digest(&all).to_vec()),
        _ => Err(Loose("it was made with a digest other than SHA-2")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail, and what is short matches nothing.
        match write!(text, "{byte:02X}") {
            Ok(()) | Err(_) => text,
        }
    })
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Loose> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Loose("it is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Loose> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Loose("it is cut short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Two bytes of length, and as many bytes.
    fn counted(&mut self) -> Result<&'a [u8], Loose> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(usize::from(length))
    }

    /// The bits of a number (section 3.2), in the only spelling that it has.
    fn number(&mut self) -> Result<usize, Loose> {
        let bits = usize::from(u16::from_be_bytes(self.array()?));
        let value = self.take(bits.div_ceil(8))?;
        let zeros = value.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if bits > 0 && value.len() * 8 - zeros == bits {
            Ok(bits)
        } else {
            Err(Loose("a number in it is oddly written"))
        }
    }

    fn end(&self) -> Result<(), Loose> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Loose("something follows it"))
        }
    }
}
