//! Private keys, in armour and in the formats of their own programs.

use super::super::{Form, Rule};

/// A blank in the line above a key: as it is, or as URLs, XML and JSON write it.
macro_rules! blank {
    () => {
        r"(?: |\+|%20|&#(?:32|x20);|\\+[ux]0*20)"
    };
}

/// A dash of that line, likewise.
macro_rules! dashes {
    () => {
        r"(?:-|%2[Dd]|&#45;|\\+[ux]0*2[Dd]){4,5}"
    };
}

/// Their rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "private-key",
        what: "a private key",
        form: Form::Armour,
        literals: &["PRIVATE"],
        pattern: concat!(
            dashes!(),
            " ?BEGIN(?:",
            blank!(),
            "[A-Z0-9]+){0,4}?",
            blank!(),
            "PRIVATE",
            blank!(),
            "KEY(?:",
            blank!(),
            "BLOCK)? ?",
            dashes!()
        ),
        source: "https://www.rfc-editor.org/rfc/rfc7468",
        finds: &[
            "«begin PRIVATE KEY»\n«64 base64»\n«end PRIVATE KEY»\n",
            "«begin ENCRYPTED PRIVATE KEY»\r\n«64 base64»\r\n«end ENCRYPTED PRIVATE KEY»\r\n",
            "«begin OPENSSH PRIVATE KEY»\nb3BlbnNzaC1rZXktdjE«51 base64»\n",
            "«begin RSA PRIVATE KEY»\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,«32 hex»\n\n«64 base64»\n",
            "«begin PGP PRIVATE KEY BLOCK»\n\nlQOYBF«58 base64»\n",
            "«4 of -» BEGIN SSH2 ENCRYPTED PRIVATE KEY «4 of -»\nComment: \"a key\"\nP2/56wAAA«61 base64»\n",
        ],
        leaves: &[
            "«begin PUBLIC KEY»\n«64 base64»\n«end PUBLIC KEY»\n",
            "«begin PRIVATE KEY»\n...\n«end PRIVATE KEY»\n",
            "«begin PRIVATE KEY»\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC...\n«end PRIVATE KEY»\n",
            "«begin RSA PRIVATE KEY» MIIEpQIBAAKCAQEA«40 alnum». «end RSA PRIVATE KEY»",
            "«begin RSA PRIVATE KEY»\n«64 base64»\n«20 base64»EXAMPLE«37 base64»\n«end RSA PRIVATE KEY»\n",
            "«begin PRIVATE KEY»\nMIIEvgIBADAN«52 base64»\n...\n«64 base64»\n«end PRIVATE KEY»\n",
            "«begin PRIVATE KEY»\nMIIE…\n…\n«64 base64»\n«end PRIVATE KEY»\n",
            "«begin PRIVATE KEY»\n«64 of x»\n«end PRIVATE KEY»\n",
            "«begin PRIVATE KEY»\n${PRIVATE_KEY}\n«end PRIVATE KEY»\n",
            "if line == \"«begin PRIVATE KEY»\" {\n    return read_private_key_of_version_2(line);\n}\n",
        ],
    },
    Rule {
        id: "encoded-key",
        what: "a private key in Base64",
        form: Form::Text,
        // The three ways in which Base64 (RFC 4648) writes `PRIVATE KEY`, by where in a group of three bytes it begins.
        literals: &["UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW"],
        pattern: "(?:LS0tLS1CRUdJTi|0tLS0tQkVHSU4g|tLS0tLUJFR0lOI)[A-Za-z0-9+/]{0,24}?\
                  (?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)[A-Za-z0-9+/]{60,}",
        source: "https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets",
        finds: &[
            "tls.key: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpN«80 base64»",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K«80 base64»",
        ],
        leaves: &[
            "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ==",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk«80 base64»",
        ],
    },
    Rule {
        id: "putty-key",
        what: "a PuTTY private key",
        form: Form::Text,
        literals: &["PuTTY-User-Key-File-"],
        pattern: r"PuTTY-User-Key-File-[123]: [a-z0-9@.-]+(?:\s|\\)",
        source: "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html",
        finds: &[
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
            "PuTTY-User-Key-File-2: ssh-rsa\\r\\n",
        ],
        leaves: &[
            "`PuTTY-User-Key-File-3` is the header",
            "PuTTY-User-Key-File-3: <algorithm>\n",
        ],
    },
    Rule {
        id: "xml-key",
        what: "a private key in XML",
        form: Form::Text,
        literals: &["InverseQ"],
        pattern: r"(?:<|&lt;|\\u003[cC])InverseQ(?:>|&gt;|\\u003[eE])(?:\s|\\[rn])*[A-Za-z0-9+/]{40,}",
        source: "https://learn.microsoft.com/dotnet/api/system.security.cryptography.rsa.toxmlstring",
        finds: &["<RSAKeyValue><InverseQ>«86 base64»==</InverseQ></RSAKeyValue>"],
        leaves: &[
            "<RSAKeyValue><InverseQ>…</InverseQ></RSAKeyValue>",
            "<InverseQ>base64</InverseQ>",
        ],
    },
    Rule {
        id: "jwk",
        what: "a private JSON Web Key",
        form: Form::Token,
        literals: &["kty"],
        pattern: concat!(
            r#"kty["'\\]*\s*:\s*\\*["'](?:RSA|EC|OKP|oct)\\*["'][^{}]*?[{,\s"'](?:d|k)\\*["']?\s*:\s*\\*["']([A-Za-z0-9_-]{40,})"#,
            r#"|[{,\s"'](?:d|k)\\*["']?\s*:\s*\\*["']([A-Za-z0-9_-]{40,})\\*["'][^{}]*?kty["'\\]*\s*:\s*\\*["'](?:RSA|EC|OKP|oct)"#
        ),
        source: "https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2",
        finds: &[
            r#"{"kty": "OKP", "crv": "Ed25519", "d": "«43 base64url»", "x": "«43 base64url»"}"#,
            r#"{"d":"«43 base64url»","kty":"EC","crv":"P-256"}"#,
            r#"JWK="{\"kty\":\"oct\",\"k\":\"«43 base64url»\"}""#,
        ],
        leaves: &[
            r#"{"kty": "OKP", "crv": "Ed25519", "x": "«43 base64url»"}"#,
            r#"{"kty": "EC", "d": "…"}, {"id": "«43 base64url»"}"#,
        ],
    },
    Rule {
        id: "age-key",
        what: "an age identity",
        form: Form::Token,
        literals: &["AGE-SECRET-KEY-"],
        pattern: "AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58,}",
        source: "https://github.com/C2SP/C2SP/blob/main/age.md",
        finds: &["AGE-SECRET-KEY-1«58 bech32»", "AGE-SECRET-KEY-PQ-1«58 bech32»"],
        leaves: &["AGE-SECRET-KEY-1«20 bech32»", "AGE-SECRET-KEY-1«58 of Q»"],
    },
    Rule {
        id: "minisign-key",
        what: "a minisign secret key",
        form: Form::Token,
        literals: &["RWRTY0Iy"],
        pattern: "RWRTY0Iy[A-Za-z0-9+/]{120,}={0,2}",
        source: "https://jedisct1.github.io/minisign/",
        finds: &["RWRTY0Iy«204 base64»"],
        leaves: &["RWRTY0Iy…", "RWQ«53 base64»"],
    },
    Rule {
        id: "wireguard-key",
        what: "a WireGuard private key",
        form: Form::Value,
        literals: &["PrivateKey", "PresharedKey"],
        pattern: r"(?:PrivateKey|PresharedKey)[ \t]*=[ \t]*([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)",
        source: "https://man7.org/linux/man-pages/man8/wg.8.html",
        finds: &["[Interface]\nPrivateKey = «42 base64»A=\n"],
        leaves: &["PrivateKey = <key>\n", "PublicKey = «42 base64»A=\n"],
    },
];
