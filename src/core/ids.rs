//! The names of things: object ids, tags, branches, digests, runs. Newtypes, never rows of `&str`.
//!
//! Knows the rules of git's ref names (git-check-ref-format(1)); knows nothing of what the names stand for.

use std::fmt;

/// A git object id, SHA-1 or SHA-256.
pub type Oid = gix::ObjectId;

/// Why a text is not the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}")]
pub struct InvalidName {
    text: String,
    what: &'static str,
}

fn is_ref_path(text: &str) -> bool {
    gix::validate::reference::name_partial(text.into()).is_ok() && !text.starts_with('-')
}

macro_rules! ref_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the short name, without the leading `refs/…/`.
            ///
            /// # Errors
            /// When git-check-ref-format(1) refuses the name, or it starts with `-`.
            pub fn new(short: impl Into<String>) -> Result<Self, InvalidName> {
                let text = short.into();
                if is_ref_path(&format!(concat!($prefix, "{}"), text)) && !text.starts_with('-') {
                    Ok(Self(text))
                } else {
                    Err(InvalidName { text, what: $what })
                }
            }

            /// The name without `refs/…/`, as people write it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The full ref name.
            pub fn full(&self) -> RefName {
                RefName(format!(concat!($prefix, "{}"), self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

ref_name!(
    /// A tag's short name, such as `v0.2.0`.
    TagName, "tag name", "refs/tags/"
);
ref_name!(
    /// A branch's short name, such as `release/v0.2.0`.
    BranchName, "branch name", "refs/heads/"
);

/// A full ref name, such as `refs/heads/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

impl RefName {
    /// Takes a full name.
    ///
    /// # Errors
    /// When the name does not start with `refs/` or git-check-ref-format(1) refuses it.
    pub fn new(full: impl Into<String>) -> Result<Self, InvalidName> {
        let text = full.into();
        if text.starts_with("refs/") && is_ref_path(&text) {
            Ok(Self(text))
        } else {
            Err(InvalidName { text, what: "ref name" })
        }
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch that this is the name of, if it is one.
    pub fn branch(&self) -> Option<BranchName> {
        self.0
            .strip_prefix("refs/heads/")
            .map(|short| BranchName(short.to_owned()))
    }

    /// The name without `refs/heads/`, `refs/tags/` or `refs/remotes/`.
    pub fn short(&self) -> &str {
        ["refs/heads/", "refs/tags/", "refs/remotes/"]
            .into_iter()
            .find_map(|prefix| self.0.strip_prefix(prefix))
            .unwrap_or(&self.0)
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 digest of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Wraps a digest computed elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest itself.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The name of a run: its start in UTC and what it does, such as `20260102T030405Z-cut-0.2.0`. Names sort as runs began.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Takes an id as it stands in the journal's file name.
    ///
    /// # Errors
    /// When the text could be more than a file's stem: anything but ASCII letters, digits, `-`, `+` and `.`, or a leading `.`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        if text.is_empty() || text.len() > 200 || text.starts_with('.') || !text.bytes().all(plain) {
            return Err(InvalidName { text, what: "run id" });
        }
        Ok(Self(text))
    }

    /// Names a run that begins after `latest`, at `moment` (such as `20260102T030405Z`), to do `what`.
    ///
    /// In a second that is taken, and where the clock was set back, the latest run's moment gets a number:
    /// `20260102T030405Z.002-cut-0.2.0`.
    ///
    /// # Errors
    /// As [`RunId::new`].
    pub fn following(latest: Option<&Self>, moment: &str, what: &str) -> Result<Self, InvalidName> {
        let taken = latest.and_then(|run| run.0.split('-').next()).unwrap_or_default();
        if taken < moment {
            return Self::new(format!("{moment}-{what}"));
        }
        let (second, number) = taken.split_once('.').unwrap_or((taken, "1"));
        let number = number.parse::<u32>().unwrap_or(1).saturating_add(1);
        Self::new(format!("{second}.{number:03}-{what}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_git() {
        assert_eq!(
            BranchName::new("release/v0.2.0").unwrap().full().as_str(),
            "refs/heads/release/v0.2.0"
        );
        for bad in ["", "-x", "a..b", "a b", "a~1", "x.lock", "../../x", "a\n"] {
            assert!(BranchName::new(bad).is_err(), "{bad:?}");
            assert!(TagName::new(bad).is_err(), "{bad:?}");
        }
        assert!(RefName::new("HEAD").is_err());
        assert_eq!(RefName::new("refs/remotes/origin/x").unwrap().short(), "origin/x");
    }

    #[test]
    fn digest_prints_what_it_reads() {
        let digest = Digest::of(b"");
        assert_eq!(
            digest.to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex("E3"), None);
    }

    #[test]
    fn run_ids_sort_as_the_runs_began() {
        let begun = [
            ("20260102T030405Z", "finish-0.2.0"),
            ("20260102T030405Z", "cut-0.3.0"),
            ("20260102T030405Z", "cut-0.3.0"),
            ("20260102T020405Z", "cut-0.3.0"),
            ("20260102T030406Z", "cut-0.3.0"),
        ];
        let mut ids: Vec<RunId> = Vec::new();
        for (moment, what) in begun {
            let id = RunId::following(ids.last(), moment, what).unwrap();
            assert!(ids.last().is_none_or(|before| *before < id), "{id}");
            ids.push(id);
        }
        let names: Vec<&str> = ids.iter().map(RunId::as_str).collect();
        insta::assert_snapshot!(names.join("\n"), @r"
        20260102T030405Z-finish-0.2.0
        20260102T030405Z.002-cut-0.3.0
        20260102T030405Z.003-cut-0.3.0
        20260102T030405Z.004-cut-0.3.0
        20260102T030406Z-cut-0.3.0
        ");
    }

    #[test]
    fn a_run_id_is_never_a_path() {
        assert!(RunId::new("20260102T030405Z-cut-0.2.0").is_ok());
        for bad in ["", "../x", "a/b", ".x", "a b"] {
            assert!(RunId::new(bad).is_err(), "{bad:?}");
        }
    }
}
