//! The table, row by row, in every frame and by chance; private keys in every dress; hostile text.

use std::cell::RefCell;

use proptest::prelude::*;

use super::*;

/// The characters of a class of a recipe; whatever else is repeated as it is.
fn class(name: &str) -> Vec<u8> {
    let (upper, lower) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz");
    let digits = "0123456789";
    match name {
        "alnum" => [upper, lower, digits].concat(),
        "alpha" => [upper, lower].concat(),
        "lower" => [lower, digits].concat(),
        "hex" => [digits, "abcdef"].concat(),
        "digit" => digits.to_owned(),
        "base32" => [upper, "234567"].concat(),
        "lower32" => [lower, "234567"].concat(),
        "bech32" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_owned(),
        "base64" => [upper, lower, digits, "+/"].concat(),
        "base64url" => [upper, lower, digits, "-_"].concat(),
        _ => panic!("no class is called `{name}`"),
    }
    .into_bytes()
}

/// Cooks recipes: the same from the same seed, and never spelled out in a file.
struct Kitchen(u64);

impl Kitchen {
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn cook(&mut self, recipe: &str) -> String {
        let mut parts = recipe.split(['«', '»']);
        let mut text = parts.next().unwrap().to_owned();
        while let Some(order) = parts.next() {
            text.push_str(&self.ingredient(order));
            text.push_str(parts.next().unwrap());
        }
        text
    }

    fn ingredient(&mut self, order: &str) -> String {
        let (first, rest) = order.split_once(' ').unwrap();
        match (first, rest.strip_prefix("of ")) {
            ("begin", _) => format!("-----BEGIN {rest}-----"),
            ("end", _) => format!("-----END {rest}-----"),
            (count, Some(same)) => same.repeat(count.parse().unwrap()),
            (count, None) => {
                let class = class(rest);
                let pick = |kitchen: &mut Self| class[(kitchen.random() % class.len() as u64) as usize] as char;
                (0..count.parse().unwrap()).map(|_| pick(self)).collect()
            }
        }
    }
}

fn cooked(recipe: &str) -> String {
    Kitchen(1).cook(recipe)
}

thread_local! {
    /// One for all texts of a test: patterns are slow to compile, here more than anywhere.
    static SCANNER: RefCell<Scanner> = RefCell::default();
}

fn scan(text: &[u8]) -> Vec<Found> {
    SCANNER.with_borrow_mut(|scanner| scanner.scan(text).unwrap())
}

fn ids(text: &str) -> Vec<&'static str> {
    scan(text.as_bytes()).iter().map(|found| found.rule.id).collect()
}

/// What may stand around a secret without hiding it: quotes, markup, escapes of several languages, words that say example.
const FRAMES: [&str; 16] = [
    "{}",
    "token = \"{}\"\n",
    "x\r\n  - {}\r\n",
    "https://u:{}@host/",
    "`{}`",
    "<t>{}</t>",
    "*{}*",
    r#"{"t":"a\n{}\n"}"#,
    r"a\t{}\t",
    r#"{\\\"t\\\":\\\"a\\n{}\\\"}"#,
    r"a\u003d{}\u0026",
    "a%3D{}%26b",
    "&quot;{}&quot;",
    "\x1b[31m{}\x1b[0m",
    "an example: {} # example",
    "$(printf %s '{}')",
];

#[test]
fn every_rule_finds_its_own_and_lets_the_near_miss_go() {
    for rule in rules() {
        assert!(rule.source.starts_with("https://"), "{}", rule.id);
        for frame in FRAMES {
            for recipe in rule.finds {
                let text = frame.replace("{}", &cooked(recipe));
                assert_eq!(ids(&text), [rule.id], "{text}");
            }
            for recipe in rule.leaves {
                let text = frame.replace("{}", &cooked(recipe));
                assert_eq!(ids(&text), [""; 0], "{}: {text}", rule.id);
            }
        }
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = rules().map(|rule| rule.id).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_part_of_a_longer_word_is_no_token() {
    for rule in rules().filter(|rule| matches!(rule.form, Form::Token | Form::Value)) {
        for secret in rule.finds.iter().map(|recipe| cooked(recipe)) {
            let found = scan(secret.as_bytes());
            // Where a name stands before it, a longer name is one too.
            if found[0].range.start == 0 {
                let inside = scan(format!("x{secret}").as_bytes());
                assert!(inside.iter().all(|found| found.range.start > 1), "{secret}");
            }
        }
    }
}

/// A random secret may look like an example, but not often.
#[test]
fn hardly_any_random_secret_is_taken_for_an_example() {
    let mut missed = Vec::new();
    for seed in 0..100 {
        for rule in rules() {
            let texts = rule.finds.iter().map(|recipe| Kitchen(seed).cook(recipe));
            missed.extend(texts.filter(|text| ids(text) != [rule.id]));
        }
    }
    assert!(missed.len() <= 10, "{missed:#?}");
}

#[test]
fn keys_in_every_dress() {
    let body = cooked("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC«32 base64»");
    let dresses = [
        "{b}\n{k}\n",
        "{b}\r\n{k}\r\n",
        "\u{feff}{b}\n{k}\n",
        "key: |\n    {b}\n    {k}\n",
        "key: \"{b}\\n{k}\\n\"",
        r#"{"key": "{b}\n{k}\n"}"#,
        r#"{"key": "{b}\r\n{k}\r\n"}"#,
        r#"{"key": "{b}\u000a{k}"}"#,
        r#"K={\"private_key\":\"{b}\\n{k}\\n\"}"#,
        "\"{b}\\n\" +\n  \"{k}\"",
        "\"{b}\\n\" . \n  \"{k}\"",
        "\"{b}\" & vbCrLf & _\n  \"{k}\"",
        "'{b}' . PHP_EOL . '{k}'",
        "const K: &str = \"{b}\\n\\\n    {k}\\n\\\n\";",
        "#define K \"{b}\\n\" \\\n  \"{k}\\n\"",
        "K = (b\"{b}\\n\"\n     b\"{k}\\n\")",
        "[\"{b}\", \"{k}\"].join(\"\\n\")",
        "/// {b}\n/// {k}\n",
        "//! {b}\n//! {k}\n",
        "/*\n * {b}\n * {k}\n */",
        "# {b}\n# {k}\n",
        "-- {b}\n-- {k}\n",
        "; {b}\n; {k}\n",
        "> {b}\n> {k}\n",
        "+{b}\n+{k}\n",
        "key={b}%0A{k}",
        "key={b}%0D%0A{k}",
        "<key>{b}&#10;{k}</key>",
        "<key>{b}&#xA;{k}</key>",
        "<p>{b}<br>{k}<br></p>",
        "echo '{b}' > k; echo '{k}' >> k",
        "{b} {k}",
        "{b}{k}",
    ];
    let kinds = [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "DSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ANY PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ];
    for kind in kinds {
        let begin = format!("-----BEGIN {kind}-----");
        for dress in dresses {
            let text = dress.replace("{b}", &begin).replace("{k}", &body);
            assert_eq!(ids(&text), ["private-key"], "{text}");
            let public = text.replace("PRIVATE", "PUBLIC");
            assert_eq!(ids(&public), [""; 0], "{public}");
        }
        for quoted in ["%20", "+", "\\u0020"] {
            let text = format!("{}%0A{body}", begin.replace(' ', quoted));
            assert_eq!(ids(&text), ["private-key"], "{text}");
        }
        let dashes = begin.replace('-', "%2D");
        assert_eq!(ids(&format!("{dashes}%0A{body}")), ["private-key"]);
        let headers = format!("{begin}\nVersion: a\nCharset: utf-8\n\n{body}");
        assert_eq!(ids(&headers), ["private-key"]);
        assert_eq!(ids(&format!("if line == \"{begin}\" {{ read(line) }}")), [""; 0]);
        let escaped = body.replace('/', "\\/");
        assert_eq!(ids(&format!("\"{begin}\\n{escaped}\"")), ["private-key"], "{escaped}");
    }
}

/// Base64 begins anywhere in a group of three bytes where a key is not the first of what was encoded.
#[test]
fn keys_within_base64() {
    use base64::Engine as _;
    let body = cooked("«64 base64»");
    for kind in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        for before in ["", "a", "ab", "{\"key\": \""] {
            let key = format!("{before}-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
            let text = base64::engine::general_purpose::STANDARD.encode(key);
            assert_eq!(ids(&text), ["encoded-key"], "{before}{kind}");
        }
        let public = format!("-----BEGIN {}-----\n{body}\n", kind.replace("PRIVATE", "PUBLIC"));
        assert_eq!(ids(&base64::engine::general_purpose::STANDARD.encode(public)), [""; 0]);
    }
}

#[test]
fn a_key_is_told_once_with_all_of_it() {
    let text = cooked("a\n«begin RSA PRIVATE KEY»\n«64 base64»\n«64 base64»\n«end RSA PRIVATE KEY»\nb\n");
    let found = scan(text.as_bytes());
    let [key] = found.as_slice() else { panic!("{found:?}") };
    assert!(text[key.range.clone()].lines().count() == 4 && key.range.start == 2);
}

#[test]
fn hostile_text_takes_no_time() {
    let header = cooked("«begin RSA PRIVATE KEY»\n");
    for part in [
        format!("{header} ghp_ AKIA SG. cio "),
        "ghs_a.".to_owned(),
        "kty:\"RSA\" {".to_owned(),
        format!("{} BEGIN", "-".repeat(5)),
        "UFJJVkFURSBLRV".to_owned(),
        "aws_secret_key ".to_owned(),
        "\\\\".to_owned(),
    ] {
        let text = part.repeat(2_000_000 / part.len());
        assert_eq!(ids(&text), [""; 0], "{part}");
    }
}

proptest! {
    #[test]
    fn what_surrounds_a_secret_does_not_hide_it(before in "[ -~\n]{0,40}", after in "[ -~\n]{0,40}", at in any::<prop::sample::Index>()) {
        let all: Vec<_> = rules().collect();
        let rule = at.get(&all);
        let secret = cooked(rule.finds[0]);
        let text = format!("{before}\n{secret}\n{after}");
        prop_assert!(ids(&text).contains(&rule.id), "{}", text);
    }

    #[test]
    fn any_bytes_are_scanned(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let found = scan(&text);
        prop_assert!(found.iter().all(|found| found.range.end <= text.len()));
    }
}
