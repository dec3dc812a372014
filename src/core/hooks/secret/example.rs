//! What manuals put in a secret's place: words, a row of the same character, the alphabet, values that are published.
//!
//! A secret is random. Each rule here fits a random one less than once in ten thousand, and looks at the secret alone: what
//! stands around it may say `example` as often as it likes.

/// Words of five letters and more: shorter ones come about by chance.
const WORDS: [&str; 17] = [
    "example",
    "placeholder",
    "changeme",
    "replace",
    "redacted",
    "dummy",
    "sample",
    "secret",
    "token",
    "password",
    "insert",
    "foobar",
    "notreal",
    "deadbeef",
    "xxxxx",
    "yourkey",
    "testkey",
];

/// Keys that everybody has: those of Azure's storage and database emulators. In two parts, as no scanner need find them.
const PUBLISHED: [&str; 2] = [
    concat!(
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2",
        "UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ),
    concat!(
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVT",
        "qobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
    ),
];

/// Whether a secret, without the prefix of its kind, is one of those that manuals show.
pub(super) fn is_example(body: &[u8]) -> bool {
    /// A piece this long is a secret of its own, whatever is joined to it.
    const ENOUGH: usize = 20;
    let pieces = || body.split(|byte| !byte.is_ascii_alphanumeric());
    let longest = pieces().max_by_key(|piece| piece.len()).unwrap_or_default();
    let telling = if longest.len() < ENOUGH { body } else { longest };
    is_worded(telling)
        || is_counted(longest)
        || is_prose(&pieces())
        || PUBLISHED.iter().any(|known| known.as_bytes() == body)
}

/// Whether a text holds letters of both cases and digits.
pub(super) fn is_mixed(text: &[u8]) -> bool {
    [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit]
        .iter()
        .all(|is| text.iter().any(is))
}

/// Whether a text holds letters of both cases, and digits or cases that change as often as chance has it: neither a name in
/// camel case nor a digest.
pub(super) fn is_random(text: &[u8]) -> bool {
    let changes = |pair: &&[u8]| {
        pair.iter().all(u8::is_ascii_alphabetic)
            && matches!(pair, [one, two] if one.is_ascii_lowercase() != two.is_ascii_lowercase())
    };
    is_mixed(text) || text.windows(2).filter(changes).count() * 5 > text.len() * 2
}

/// Whether one of the words stands in it, in any case.
pub(super) fn is_worded(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| gix::bstr::ByteSlice::contains_str(lower.as_slice(), word))
}

/// Whether its letters, or its digits, mostly repeat or follow one another: `xxxx`, `0123`, `a1b2c3`.
fn is_counted(text: &[u8]) -> bool {
    let letters: Vec<u8> = text.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let steps = (letters.len() + digits.len()).saturating_sub(2);
    let counted = |next: fn(u8) -> u8| {
        let follows = |pair: &&[u8]| matches!(pair, [one, two] if one == two || next(*one) == *two);
        letters.windows(2).chain(digits.windows(2)).filter(follows).count()
    };
    let in_case = counted(|byte| if byte == b'9' { b'0' } else { byte.wrapping_add(1) });
    let lowered: Vec<u8> = letters.iter().map(u8::to_ascii_lowercase).collect();
    let in_any_case = lowered
        .windows(2)
        .filter(|pair| matches!(pair, [one, two] if one == two || one.wrapping_add(1) == *two))
        .count();
    // Of a random text, one step in ten is such a one; of a hexadecimal one, one in four.
    steps >= 4 && (in_case * 3 >= steps * 2 || letters.len() >= 16 && in_any_case * 5 >= letters.len() * 4)
}

/// Whether most of it are words of one case, joined by what is neither letter nor digit: `your-token-goes-here`.
fn is_prose<'t>(pieces: &(impl Iterator<Item = &'t [u8]> + Clone)) -> bool {
    let is_word = |piece: &&[u8]| {
        let rest = piece.get(1..).unwrap_or_default();
        piece.len() > 1
            && piece.len() < 16
            && piece.iter().all(u8::is_ascii_alphabetic)
            && (rest.iter().all(u8::is_ascii_lowercase) || piece.iter().all(u8::is_ascii_uppercase))
    };
    let length = |pieces: &mut dyn Iterator<Item = &'t [u8]>| pieces.map(<[u8]>::len).sum::<usize>();
    let all = length(&mut pieces.clone());
    let words = pieces.clone().filter(is_word);
    words.clone().count() >= 3 && length(&mut words.clone()) * 3 >= all * 2
}
