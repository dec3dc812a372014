//! One signature that gpg 2.2 made over `words\n`, and everything that could be changed about it.

use super::*;

const FINGERPRINT: &str = "37B27C436FE3814DEF02B4AABE4080C42B3B4E28";
const WORDS: &[u8] = b"words\n";
const GOOD: &str = "-----BEGIN PGP SIGNATURE-----

iH4EABYIACYWIQQ3snxDb+OBTe8CtKq+QIDEKztOKAUCawFjSQgcYUBlLm9yZwAK
CRC+QIDEKztOKERCAP97O0/cnRMWp7tw3d79bT0qol6ZETWbr3pLOfrqpgjk3QEA
pP6ZBxNyfBmfjuzt5pGalzcD1rSH1eMmlN6a6k9/fQU=
=xDab
-----END PGP SIGNATURE-----
";

fn armour(packet: &[u8]) -> String {
    let text = STANDARD.encode(packet);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let [_, sum @ ..] = crc24(packet).to_be_bytes();
    format!("{BEGIN}\n{}\n={}\n{END}", lines.join("\n"), STANDARD.encode(sum))
}

fn judged(armour: &str) -> Result<(), Loose> {
    strict(WORDS, armour.as_bytes(), FINGERPRINT)
}

#[test]
fn what_gpg_writes_is_read() {
    assert_eq!(judged(GOOD), Ok(()));
    assert_eq!(armour(&dearmour(GOOD.as_bytes()).unwrap()), GOOD);
    assert_eq!(
        judged(&GOOD.replace("=xDab\n", "")),
        Ok(()),
        "the checksum may be absent"
    );
    assert!(strict(b"other\n", GOOD.as_bytes(), FINGERPRINT).is_err());
    assert!(strict(WORDS, GOOD.as_bytes(), &FINGERPRINT.replace("4E28", "4E29")).is_err());
}

/// Whatever byte is changed, to whatever a careless reader might overlook.
#[test]
fn no_byte_of_the_armour_may_change() {
    for at in 0..GOOD.len() {
        for byte in *b"AB/+=\n\r -" {
            let mut edited = GOOD.as_bytes().to_vec();
            edited[at] = byte;
            if edited != GOOD.as_bytes() {
                assert!(strict(WORDS, &edited, FINGERPRINT).is_err(), "byte {at} as {byte:?}");
            }
            let mut longer = GOOD.as_bytes().to_vec();
            longer.insert(at, byte);
            assert!(
                strict(WORDS, &longer, FINGERPRINT).is_err(),
                "{byte:?} before byte {at}"
            );
        }
        let mut shorter = GOOD.as_bytes().to_vec();
        shorter.remove(at);
        assert!(strict(WORDS, &shorter, FINGERPRINT).is_err(), "without byte {at}");
    }
}

/// Whatever bit of the packet is changed by somebody who mends the checksum: all but the two numbers, which are gpg's to
/// check, each behind its two bytes of length.
#[test]
fn no_bit_beside_the_numbers_may_change() {
    let good = dearmour(GOOD.as_bytes()).unwrap();
    let numbers = [good.len() - 66..good.len() - 34, good.len() - 32..good.len()];
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut edited = good.clone();
            edited[at] ^= 1 << bit;
            let passes = judged(&armour(&edited)).is_ok();
            assert!(
                !passes || numbers.iter().any(|range| range.contains(&at)),
                "bit {bit} of byte {at}"
            );
        }
    }
    for more in [&good[..], b"\0"] {
        assert!(judged(&armour(&[&good[..], more].concat())).is_err());
    }
}

#[test]
fn headers_are_refused_and_can_be_left_out() {
    let commented = GOOD.replacen("\n\n", "\nComment: https://example.org\nHash: SHA1\n\n", 1);
    assert!(judged(&commented).is_err());
    assert_eq!(without_headers(&commented), GOOD);
    assert_eq!(without_headers(GOOD), GOOD);
    assert_eq!(without_headers("no armour\n\nat all"), "no armour\n\nat all");
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, keep in 0..128_usize) {
        let good = dearmour(GOOD.as_bytes()).unwrap();
        let packet = [good.get(..keep).unwrap_or(&good), &bytes].concat();
        proptest::prop_assert!(judged(&armour(&packet)).is_err() || packet.len() == good.len());
        proptest::prop_assert!(strict(WORDS, &bytes, FINGERPRINT).is_err());
    }
}
