//! Secrets in text: one table of rules, each for a format that is made to be recognised.
//!
//! Honest about its reach: private keys in armour, and tokens with a fixed prefix. A password in a variable looks like
//! any other word and is not found. Knows nothing of files or git.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use gix::bstr::ByteSlice as _;
use regex::bytes::{Regex, RegexBuilder};

/// A kind of secret.
#[derive(Debug)]
pub struct Rule {
    /// Its name, as the allow comment takes it.
    pub id: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// What every such secret contains. Looked for first: patterns are compiled only where one of these stands.
    literals: &'static [&'static str],
    /// The secret whole, in bytes; the first group, where there is one, is what must not stand inside a longer word.
    pattern: &'static str,
}

impl Rule {
    fn is_armour(&self) -> bool {
        self.id == "private-key"
    }
}

/// What may neither precede nor follow a token: otherwise it is part of something else.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        id: "private-key",
        what: "a private key",
        literals: &["PRIVATE KEY"],
        // The armour alone stands in every program that reads keys; a key has Base64 or headers below it (RFC 7468, RFC 4880).
        pattern: r#"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\r|\\n|["',+])*(?:[A-Za-z0-9+/=]{16,}|(?:Proc-Type|Version|Comment|DEK-Info): )"#,
    },
    Rule {
        id: "putty-key",
        what: "a PuTTY private key",
        literals: &["PuTTY-User-Key-File-"],
        pattern: r"PuTTY-User-Key-File-[23]: [a-z0-9-]+\s",
    },
    Rule {
        id: "age-key",
        what: "an age identity",
        literals: &["AGE-SECRET-KEY-1"],
        pattern: r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    },
    Rule {
        id: "aws-key",
        what: "an AWS access key id",
        literals: &["AKIA", "ASIA"],
        pattern: r"(?:AKIA|ASIA)[A-Z2-7]{16}",
    },
    Rule {
        id: "github-token",
        what: "a GitHub token",
        literals: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        pattern: r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    },
    Rule {
        id: "gitlab-token",
        what: "a GitLab token",
        literals: &["glpat-", "gldt-", "glrt-"],
        pattern: r"gl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,}",
    },
    Rule {
        id: "cargo-token",
        what: "a crates.io token",
        literals: &["cio"],
        pattern: r"cio[A-Za-z0-9]{32}",
    },
    Rule {
        id: "npm-token",
        what: "an npm token",
        literals: &["npm_"],
        pattern: r"npm_[A-Za-z0-9]{36}",
    },
    Rule {
        id: "pypi-token",
        what: "a PyPI token",
        literals: &["pypi-AgE"],
        pattern: r"pypi-AgE[A-Za-z0-9_-]{60,}",
    },
    Rule {
        id: "rubygems-key",
        what: "a RubyGems key",
        literals: &["rubygems_"],
        pattern: r"rubygems_[0-9a-f]{48}",
    },
    Rule {
        id: "docker-token",
        what: "a Docker Hub token",
        literals: &["dckr_pat_"],
        pattern: r"dckr_pat_[A-Za-z0-9_-]{27}",
    },
    Rule {
        id: "slack-token",
        what: "a Slack token",
        literals: &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"],
        pattern: r"xox[bpars]-[0-9]{8,14}-[0-9]{8,14}-(?:[0-9]{8,14}-)?[A-Za-z0-9]{20,}",
    },
    Rule {
        id: "slack-webhook",
        what: "a Slack webhook",
        literals: &["hooks.slack.com/services/"],
        pattern: r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24}",
    },
    Rule {
        id: "stripe-key",
        what: "a Stripe live key",
        literals: &["sk_live_", "rk_live_"],
        pattern: r"[sr]k_live_[A-Za-z0-9]{24,}",
    },
    Rule {
        id: "google-key",
        what: "a Google API key",
        literals: &["AIza"],
        pattern: r"AIza[A-Za-z0-9_-]{35}",
    },
    Rule {
        id: "google-secret",
        what: "a Google OAuth client secret",
        literals: &["GOCSPX-"],
        pattern: r"GOCSPX-[A-Za-z0-9_-]{28}",
    },
    Rule {
        id: "azure-key",
        what: "an Azure storage key",
        literals: &["AccountKey="],
        pattern: r"AccountKey=[A-Za-z0-9+/]{86}==",
    },
    Rule {
        id: "digitalocean-token",
        what: "a DigitalOcean token",
        literals: &["dop_v1_", "doo_v1_", "dor_v1_"],
        pattern: r"do[por]_v1_[0-9a-f]{64}",
    },
    Rule {
        id: "sendgrid-key",
        what: "a SendGrid key",
        literals: &["SG."],
        pattern: r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    },
    Rule {
        id: "openai-key",
        what: "an OpenAI key",
        literals: &["T3BlbkFJ"],
        pattern: r"sk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
    },
    Rule {
        id: "anthropic-key",
        what: "an Anthropic key",
        literals: &["sk-ant-"],
        pattern: r"sk-ant-(?:api|admin)[0-9]{2}-[A-Za-z0-9_-]{80,}",
    },
    Rule {
        id: "huggingface-token",
        what: "a Hugging Face token",
        literals: &["hf_"],
        pattern: r"hf_[A-Za-z]{34}",
    },
    Rule {
        id: "vault-token",
        what: "a HashiCorp Vault token",
        literals: &["hvs.", "hvb."],
        pattern: r"hv[sb]\.[A-Za-z0-9_-]{90,}",
    },
    Rule {
        id: "shopify-token",
        what: "a Shopify token",
        literals: &["shpat_", "shpss_", "shpca_", "shppa_"],
        pattern: r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}",
    },
];

/// How an armour ends (RFC 7468).
const END: &[u8] = b"-----END ";
/// What makes a token an example: documentation is full of them.
const EXAMPLES: [&[u8]; 3] = [b"EXAMPLE", b"example", b"XXXXXXXX"];

/// A secret that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which rule found it.
    pub rule: &'static Rule,
    /// Where it stands, in bytes: the token, or the whole armour.
    pub range: Range<usize>,
}

/// Looks for secrets: the rules' literals first, then each pattern whose literal is there.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The patterns that were needed so far, by their rules.
    compiled: BTreeMap<&'static str, Regex>,
}

impl Scanner {
    /// The secrets in a text, by place; at one place the first rule that fits.
    ///
    /// # Errors
    /// When a pattern of the table cannot be compiled; a test holds that each can.
    pub fn scan(&mut self, text: &[u8]) -> Result<Vec<Found>, String> {
        // One search for each literal: an automaton for all of them is slower to build than most commits are to search.
        let wanted = RULES
            .iter()
            .filter(|rule| rule.literals.iter().any(|literal| text.contains_str(literal)));
        let mut found = Vec::new();
        for rule in wanted {
            let pattern = self.pattern(rule)?;
            let places = pattern
                .find_iter(text)
                .filter(|hit| stands_alone(text, hit.range(), rule));
            found.extend(places.map(|hit| Found {
                rule,
                range: whole(text, hit.range(), rule),
            }));
        }
        found.sort_by_key(|found| found.range.start);
        Ok(found)
    }

    fn pattern(&mut self, rule: &'static Rule) -> Result<&Regex, String> {
        match self.compiled.entry(rule.id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(free) => {
                let built = RegexBuilder::new(rule.pattern).unicode(false).build();
                Ok(free.insert(built.map_err(|error| error.to_string())?))
            }
        }
    }
}

/// Whether a match is a token of its own, and none of the examples that manuals show.
fn stands_alone(text: &[u8], range: Range<usize>, rule: &Rule) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let matched = text.get(range.clone()).unwrap_or_default();
    let after = text.get(range.end);
    let armour = rule.is_armour();
    let bounded = |byte: Option<&u8>| !byte.is_some_and(|byte| is_word(*byte));
    let example = EXAMPLES
        .iter()
        .any(|word| matched.windows(word.len()).any(|part| part == *word));
    armour || bounded(before) && bounded(after) && !example
}

/// A token is what matched; of a key's armour only the first line did, which many keys share.
fn whole(text: &[u8], range: Range<usize>, rule: &Rule) -> Range<usize> {
    const LONGEST: usize = 16 * 1024;
    if !rule.is_armour() {
        return range;
    }
    let rest = text.get(range.start..).unwrap_or_default();
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    let end = rest.find(END);
    range.start..end.map_or(range.end, |end| range.start + end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A word of a class, long enough; spelled nowhere, so that no scanner stumbles over this file.
    fn word(class: &str, length: usize) -> String {
        class.chars().cycle().take(length).collect()
    }

    const ALNUM: &str = "aZ3kQ9xLm2Rv7TbYc5Wd";
    const LOWER_HEX: &str = "0f9a3c7be1d2";
    const UPPER: &str = "QZ7RT2KMW5XB3YLA";

    /// Each rule's true example and its near miss.
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn examples() -> Vec<(&'static str, String, String)> {
        let begin = |kind: &str| format!("-----BEGIN {kind}-----");
        let armour = |kind: &str| format!("{}\n{}\n-----END {kind}-----\n", begin(kind), word(ALNUM, 64));
        let bech = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
        let with = |prefix: &str, class: &str, length: usize| format!("{prefix}{}", word(class, length));
        vec![
            ("private-key", armour("OPENSSH PRIVATE KEY"), armour("PUBLIC KEY")),
            (
                "putty-key",
                "PuTTY-User-Key-File-3: ssh-ed25519\n".into(),
                "`PuTTY-User-Key-File-3` is the header".into(),
            ),
            (
                "age-key",
                with("AGE-SECRET-KEY-1", bech, 58),
                with("AGE-SECRET-KEY-1", bech, 20),
            ),
            (
                "aws-key",
                with("AKIA", UPPER, 16),
                format!("AKIA{}EXAMPLE", word("IOSFODNN7", 9)),
            ),
            ("github-token", with("ghp_", ALNUM, 36), with("ghp_", ALNUM, 12)),
            ("gitlab-token", with("glpat-", ALNUM, 20), with("glpat-", ALNUM, 10)),
            ("cargo-token", with("cio", ALNUM, 32), with("accio", ALNUM, 32)),
            ("npm-token", with("npm_", ALNUM, 36), "npm_config_registry".into()),
            ("pypi-token", with("pypi-AgE", ALNUM, 80), "pypi-AgE".into()),
            (
                "rubygems-key",
                with("rubygems_", LOWER_HEX, 48),
                "rubygems_version".into(),
            ),
            (
                "docker-token",
                with("dckr_pat_", ALNUM, 27),
                with("dckr_pat_", ALNUM, 9),
            ),
            (
                "slack-token",
                format!("xoxb-{}-{}-{}", word("123", 12), word("456", 12), word(ALNUM, 24)),
                "xoxb-token-here".into(),
            ),
            (
                "slack-webhook",
                format!(
                    "https://hooks.slack.com/services/T{0}/B{0}/{1}",
                    word(UPPER, 9),
                    word(ALNUM, 24)
                ),
                "https://hooks.slack.com/services/…".into(),
            ),
            ("stripe-key", with("sk_live_", ALNUM, 24), with("sk_test_", ALNUM, 24)),
            ("google-key", with("AIza", ALNUM, 35), with("AIza", ALNUM, 12)),
            ("google-secret", with("GOCSPX-", ALNUM, 28), with("GOCSPX-", ALNUM, 5)),
            (
                "azure-key",
                format!("AccountKey={}==", word(ALNUM, 86)),
                "AccountKey=${KEY}".into(),
            ),
            (
                "digitalocean-token",
                with("dop_v1_", LOWER_HEX, 64),
                with("dop_v1_", "xyz", 64),
            ),
            (
                "sendgrid-key",
                format!("SG.{}.{}", word(ALNUM, 22), word(ALNUM, 43)),
                "SG.name.value".into(),
            ),
            (
                "openai-key",
                format!("sk-{0}T3BlbkFJ{0}", word(ALNUM, 20)),
                with("sk-", ALNUM, 48),
            ),
            (
                "anthropic-key",
                with("sk-ant-api03-", ALNUM, 93),
                "sk-ant-api03-".into(),
            ),
            (
                "huggingface-token",
                with("hf_", "abCDefGH", 34),
                "hf_hub_download".into(),
            ),
            ("vault-token", with("hvs.", ALNUM, 95), "hvs.token".into()),
            (
                "shopify-token",
                with("shpat_", LOWER_HEX, 32),
                with("shpat_", LOWER_HEX, 8),
            ),
        ]
    }

    fn ids(text: &str) -> Vec<&'static str> {
        let found = Scanner::default().scan(text.as_bytes()).unwrap();
        found.iter().map(|found| found.rule.id).collect()
    }

    #[test]
    fn every_rule_finds_its_own_and_lets_the_near_miss_go() {
        let examples = examples();
        let named: Vec<_> = examples.iter().map(|(id, ..)| *id).collect();
        assert_eq!(named, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>());
        for (id, secret, near) in examples {
            for frame in ["{}", "token = \"{}\"\n", "x\n  - {}\n", "https://u:{}@host/"] {
                assert_eq!(ids(&frame.replace("{}", &secret)), [id], "{frame}");
                assert_eq!(ids(&frame.replace("{}", &near)), [""; 0], "{id}: {near}");
            }
            if !["private-key", "putty-key", "slack-webhook"].contains(&id) {
                assert_eq!(ids(&format!("x{secret}")), [""; 0], "{id} inside a longer word");
            }
        }
    }

    #[test]
    fn keys_in_every_dress() {
        let body = word(ALNUM, 64);
        for kind in [
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            let begin = format!("-----BEGIN {kind}-----");
            for text in [
                format!("{begin}\r\n{body}"),
                format!("key: |\n    {begin}\n    {body}"),
                format!("{{\"key\": \"{begin}\\n{body}\\n\"}}"),
                format!("\"{begin}\\n\" +\n  \"{body}\""),
                format!("{begin}\nProc-Type: 4,ENCRYPTED\n"),
                format!("{begin}\n\n{body}"),
            ] {
                assert_eq!(ids(&text), ["private-key"], "{text}");
            }
            assert_eq!(ids(&format!("if line == \"{begin}\" {{ read(line) }}")), [""; 0]);
        }
    }

    #[test]
    fn a_megabyte_of_near_misses_takes_no_time() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\n ghp_ AKIA SG. cio ".repeat(20_000);
        assert_eq!(ids(&text), [""; 0]);
    }

    proptest! {
        #[test]
        fn what_surrounds_a_secret_does_not_hide_it(before in "[ -~\n]{0,40}", after in "[ -~\n]{0,40}", at in 0..24_usize) {
            let (id, secret, _) = examples().swap_remove(at);
            let text = format!("{before}\n{secret}\n{after}");
            prop_assert!(ids(&text).contains(&id), "{}", text);
        }

        #[test]
        fn any_bytes_are_scanned(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let found = Scanner::default().scan(&text).unwrap();
            prop_assert!(found.iter().all(|found| found.range.end <= text.len()));
        }
    }
}
