//! One line of an allowed-signers file: principals, options, key.

use super::{Entry, KeyId};

/// Reads an entry.
pub(super) fn entry(line: &str) -> Result<Entry, String> {
    let (principals, rest) = word(line.trim_start())?;
    if principals.is_empty() {
        return Err("it names no principal".to_owned());
    }
    let mut entry = Entry {
        principals,
        namespaces: None,
        authority: false,
        valid_after: None,
        valid_before: None,
        key: KeyId::Ssh(String::new()),
    };
    let (first, rest) = split(rest);
    let rest = if is_key_type(first) {
        entry.key = key(first, split(rest).0)?;
        return Ok(entry);
    } else {
        for option in comma_separated(first)? {
            apply(&mut entry, &option)?;
        }
        rest
    };
    let (kind, rest) = split(rest);
    if !is_key_type(kind) {
        return Err(format!("`{kind}` is no kind of key"));
    }
    entry.key = key(kind, split(rest).0)?;
    Ok(entry)
}

/// The first word, which may stand in quotation marks.
fn word(text: &str) -> Result<(String, &str), String> {
    match text.strip_prefix('"') {
        Some(quoted) => {
            let (inside, rest) = quoted.split_once('"').ok_or("a quotation mark is missing")?;
            Ok((inside.to_owned(), rest))
        }
        None => {
            let (first, rest) = split(text);
            Ok((first.to_owned(), rest))
        }
    }
}

/// The text up to a blank that no quotation marks enclose, and what follows.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && (c == ' ' || c == '\t')
    });
    match end {
        Some(end) => (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default()),
        None => (text, ""),
    }
}

fn comma_separated(text: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        quoted ^= c == '"';
        match (c, parts.last_mut()) {
            (',', _) if !quoted => parts.push(String::new()),
            (_, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    if quoted {
        return Err("a quotation mark is missing".to_owned());
    }
    Ok(parts)
}

fn apply(entry: &mut Entry, option: &str) -> Result<(), String> {
    let (name, value) = option
        .split_once('=')
        .map_or((option, None), |(name, value)| (name, Some(value)));
    let value = value.map(|value| {
        let inside = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        inside.ok_or_else(|| format!("the value of `{name}` needs quotation marks"))
    });
    let value = value.transpose()?;
    match (name.to_ascii_lowercase().as_str(), value) {
        ("cert-authority", None) => entry.authority = true,
        ("namespaces", Some(value)) if entry.namespaces.is_none() => {
            entry.namespaces = Some(value.split(',').map(|part| part.trim().to_owned()).collect());
        }
        ("valid-after", Some(value)) if entry.valid_after.is_none() => entry.valid_after = Some(parse_moment(value)?),
        ("valid-before", Some(value)) if entry.valid_before.is_none() => {
            entry.valid_before = Some(parse_moment(value)?);
        }
        _ => return Err(format!("the option `{option}` is not known, or stands twice")),
    }
    Ok(())
}

fn is_key_type(word: &str) -> bool {
    let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    known.iter().any(|prefix| word.starts_with(prefix)) || word == "openpgp" || word == "x509"
}

fn key(kind: &str, text: &str) -> Result<KeyId, String> {
    if kind == "openpgp" || kind == "x509" {
        let fingerprint = text.to_ascii_uppercase();
        let hex = fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || !matches!(fingerprint.len(), 40 | 64) {
            return Err(format!(
                "`{text}` is no fingerprint: 40 or 64 hexadecimal digits, without blanks"
            ));
        }
        return Ok(if kind == "openpgp" {
            KeyId::OpenPgp(fingerprint)
        } else {
            KeyId::X509(fingerprint)
        });
    }
    let key = ssh_key::PublicKey::from_openssh(&format!("{kind} {text}"));
    let key = key.map_err(|error| format!("`{kind} {text}` is no SSH key: {error}"))?;
    Ok(KeyId::Ssh(key.fingerprint(ssh_key::HashAlg::Sha256).to_string()))
}

/// Whether a list of patterns takes `name` in: any matches, none that is negated does (ssh_config(5), PATTERNS).
pub(super) fn matches(patterns: &[String], name: &str) -> bool {
    let (negated, plain): (Vec<&str>, Vec<&str>) = patterns
        .iter()
        .map(String::as_str)
        .partition(|pattern| pattern.starts_with('!'));
    let excluded = negated
        .iter()
        .any(|pattern| glob(pattern.get(1..).unwrap_or_default().as_bytes(), name.as_bytes()));
    !excluded && plain.iter().any(|pattern| glob(pattern.as_bytes(), name.as_bytes()))
}

/// `*` stands for any bytes, `?` for one. Linear in the product of the lengths: a star only ever moves forward.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut retry) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// A moment as ssh-keygen(1) writes it, `YYYYMMDD[HHMM[SS]][Z]`, in seconds since the Unix epoch.
///
/// Read as UTC with or without the `Z`: OpenSSH takes the machine's time zone where it is missing, and what a signature is
/// worth must not depend on where it is looked at.
///
/// # Errors
/// When the text has another shape, or no calendar has that moment.
pub fn parse_moment(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no moment: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in UTC");
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let padded = format!("{digits:0<14}");
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &padded).map_err(|_| wrong())?;
    let zoned = moment.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
    Ok(zoned.timestamp().as_second())
}

/// The same moment for people.
pub(super) fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or(format!("{at} s since 1970"), |moment| moment.to_string())
}
