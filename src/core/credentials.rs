//! Credentials in addresses, struck out of everything that is shown or kept.
//!
//! `https://user:token@host/path` holds a secret, and git repeats addresses in its messages. The one place that knows how
//! such an address looks (RFC 3986, section 3.2.1).

use std::borrow::Cow;

/// What stands where a secret stood.
const STRUCK: &str = "***";

/// The text with the user information of every address struck out; a user's name alone is no secret where a password would
/// follow it, but with many forges the token is the name, so it goes too. `ssh://git@host` keeps its user.
pub fn struck(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, scheme, after)) = address(rest) {
        let end = after.find(ends_authority).unwrap_or(after.len());
        let (authority, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        out.push_str(before);
        out.push_str("://");
        match authority.rsplit_once('@') {
            Some((user, host)) if scheme != "ssh" || user.contains(':') => {
                out.extend([STRUCK, "@", host]);
            }
            Some(_) | None => out.push_str(authority),
        }
        rest = behind;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What stands before `://`, the scheme at its end, and what stands behind.
fn address(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once("://")?;
    let scheme = before
        .rsplit(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
        .next();
    Some((before, scheme.unwrap_or_default(), after))
}

/// An authority ends where the path, the query or the fragment begins, or with the word that holds the address.
fn ends_authority(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | '\'' | '"' | '`' | '<' | '>' | '\\') || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_goes_and_the_rest_stays() {
        for (text, expected) in [
            ("https://user:token@host/a.git", "https://***@host/a.git"),
            ("https://token@host/a.git", "https://***@host/a.git"),
            (
                "fatal: unable to access 'https://u:p@h:8443/': no",
                "fatal: unable to access 'https://***@h:8443/': no",
            ),
            ("a https://u:p@h b http://x:y@z", "a https://***@h b http://***@z"),
            ("https://u:p@ss@host/", "https://***@host/"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("ssh://git:secret@host/a", "ssh://***@host/a"),
            ("ext::sh -c x", "ext::sh -c x"),
            ("git@host:a/b", "git@host:a/b"),
            ("https://host/a@b", "https://host/a@b"),
            ("https://u:p@host?x=1", "https://***@host?x=1"),
            ("HTTPS://u:p@host", "HTTPS://***@host"),
            ("://", "://"),
            ("", ""),
        ] {
            assert_eq!(struck(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_secret_survives(before in "[a-z ]{0,8}", user in "[a-z]{1,6}", secret in "[A-Z0-9]{8}", behind in "[/ ?#'\"].{0,8}") {
            let text = format!("{before}https://{user}:{secret}@host{behind}");
            proptest::prop_assert!(!struck(&text).contains(&secret));
            proptest::prop_assert_eq!(struck(&struck(&text)).into_owned(), struck(&text).into_owned());
        }
    }
}
