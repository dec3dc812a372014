//! What an allowed-signers file may say.

use proptest::prelude::*;

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIZgQLJjDOR2cilDULgbGycbJ7A5MiGexVQ8nKs9X/vH";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPnu9y7o1zycdNjwi5VP3x9GpwNjTyf0+0gn8b53UU55";
const PGP: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

fn id(key: &str) -> KeyId {
    let key = ssh_key::PublicKey::from_openssh(key).unwrap();
    KeyId::Ssh(key.fingerprint(ssh_key::HashAlg::Sha256).to_string())
}

fn at(file: &str, key: &KeyId, moment: &str) -> Result<String, Refusal> {
    let signers = AllowedSigners::parse(file).unwrap();
    signers.authorise(std::slice::from_ref(key), parse_moment(moment).unwrap())
}

#[test]
fn a_key_signs_for_its_principals() {
    let file = format!("# people\n\n\"alice@example.org,*@corp\" namespaces=\"file,g?t\" {KEY} a comment\n");
    assert_eq!(
        at(&file, &id(KEY), "20260101").as_deref(),
        Ok("alice@example.org,*@corp")
    );
    assert!(matches!(at(&file, &id(OTHER), "20260101"), Err(Refusal::NotAllowed(_))));
}

#[test]
fn other_namespaces_and_authorities_allow_nothing() {
    for options in ["namespaces=\"file\"", "namespaces=\"*,!git\"", "cert-authority"] {
        let file = format!("a {options} {KEY}\n");
        assert!(
            matches!(at(&file, &id(KEY), "20260101"), Err(Refusal::NotAllowed(_))),
            "{options}"
        );
    }
}

#[test]
fn a_key_has_its_time() {
    let file = format!("a valid-after=\"20250101\",valid-before=\"202601010000Z\" {KEY}\n");
    assert!(matches!(
        at(&file, &id(KEY), "20241231235959"),
        Err(Refusal::NotAllowed(_))
    ));
    assert!(at(&file, &id(KEY), "20250101").is_ok());
    assert!(at(&file, &id(KEY), "20251231235959").is_ok());
    let error = at(&file, &id(KEY), "20260101").unwrap_err();
    insta::assert_snapshot!(error, @"the key SHA256:Ho9/tojYITtMNgvrDaVBv8g23f53UIXSWAgDDzxGtZc was allowed until 2026-01-01T00:00:00Z");
}

#[test]
fn a_revoked_key_is_revoked_wherever_the_line_stands() {
    for file in [format!("a {KEY}\n!* {KEY}\n"), format!("!* {KEY}\na {KEY}\n")] {
        assert_eq!(at(&file, &id(KEY), "20260101"), Err(Refusal::Revoked(id(KEY))));
    }
}

/// ssh-keygen -Y find-principals finds none of these either.
#[test]
fn a_line_that_only_rules_out_allows_nobody() {
    for principals in ["!mallory", "!*,alice", "alice,!a*", "\"!alice,alice\"", ","] {
        let file = format!("{principals} {KEY}\n");
        let found = at(&file, &id(KEY), "20260101");
        assert!(matches!(found, Err(Refusal::NotAllowed(_))), "{principals}: {found:?}");
    }
    let file = format!("*@corp,!mallory@corp {KEY}\n");
    assert!(at(&file, &id(KEY), "20260101").is_ok());
}

#[test]
fn directives_and_comments_may_be_indented() {
    for line in [
        "#!sentinel threshold 2",
        "#!\tsentinel\tthreshold 2",
        " #! sentinel threshold 2",
        "#! sentinel",
    ] {
        assert!(
            AllowedSigners::parse(&format!("b {KEY}\n{line}\n")).is_err(),
            "{line:?}"
        );
    }
    assert!(
        AllowedSigners::parse(&format!(
            "  # people\n\t#\n#! sentinels\n #!sentinel schema 1\nb {KEY}\n"
        ))
        .is_ok()
    );
}

#[test]
fn a_subkey_signs_for_its_primary_key() {
    let signers = AllowedSigners::parse(&format!("a openpgp {}\n", PGP.to_lowercase())).unwrap();
    let keys = [KeyId::OpenPgp("F".repeat(40)), KeyId::OpenPgp(PGP.to_owned())];
    assert!(signers.authorise(&keys, 0).is_ok());
    assert_eq!(signers.openpgp().collect::<Vec<_>>(), [PGP]);
    // The same digits as another kind of key are another key.
    assert!(signers.authorise(&[KeyId::X509(PGP.to_owned())], 0).is_err());
}

#[test]
fn one_line_that_cannot_be_read_spoils_the_file() {
    let cases = [
        "alice".to_owned(),
        format!("alice wizardry=\"1\" {KEY}"),
        format!("alice namespaces=git {KEY}"),
        format!("alice namespaces=\"git\",namespaces=\"file\" {KEY}"),
        format!("alice valid-before=\"20261301\" {KEY}"),
        format!("\"alice {KEY}"),
        "alice ssh-ed25519 AAAA".to_owned(),
        "alice openpgp 0123".to_owned(),
        "#! sentinel threshold 2".to_owned(),
    ];
    for case in cases {
        let error = AllowedSigners::parse(&format!("b {KEY}\n{case}\n")).unwrap_err();
        assert_eq!(error.line, 2, "{case}: {error}");
    }
    assert!(AllowedSigners::parse(&format!("#! sentinel schema 1\n#!/bin/sh\nb {KEY}\n")).is_ok());
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        drop(AllowedSigners::parse(&text));
    }

    /// Lines about other keys change nothing about this one.
    #[test]
    fn keys_are_judged_apart(before in 0..3_usize, after in 0..3_usize, revoked: bool) {
        let other = if revoked { format!("!* {OTHER}\n") } else { format!("z {OTHER}\n") };
        let file = format!("{}a {KEY}\n{}", other.repeat(before), other.repeat(after));
        let found = at(&file, &id(KEY), "20260101");
        prop_assert_eq!(found.as_deref(), Ok("a"));
    }
}
