//! What a command was asked for.

use crate::core::version::Bump;

/// Which version a release is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionAsk {
    /// The one that follows from the commits.
    Derived {
        /// Overrides what they ask for.
        bump: Option<Bump>,
        /// The next pre-release of it with this identifier, such as `rc`.
        pre: Option<String>,
    },
    /// This one, as it was typed.
    Typed(String),
}

impl Default for VersionAsk {
    /// The version that the commits ask for.
    fn default() -> Self {
        Self::Derived { bump: None, pre: None }
    }
}

impl VersionAsk {
    /// The text, where one was typed.
    pub fn typed(&self) -> Option<&str> {
        match self {
            Self::Typed(text) => Some(text),
            Self::Derived { .. } => None,
        }
    }
}

/// What the caller asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// The environment of the gate.
    pub environment: Option<String>,
    /// The version; for `finish` and `tag` absent where the branch tells it.
    pub version: Option<VersionAsk>,
    /// A version below the derived one will do.
    pub allow_underbump: bool,
    /// A release about which the CHANGELOG says nothing will do.
    pub allow_empty: bool,
    /// The release stays in this repository for now (`cut --no-push`): what only finishing it needs may come later.
    pub local: bool,
    /// The source was named with `--from`.
    pub from: Option<String>,
}
