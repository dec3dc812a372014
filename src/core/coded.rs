//! What a check of `verify` found, with the code by which programs tell one fault from another.

use super::check::Verdict;

/// A code of some contract.
pub trait Code: Copy {
    /// The word that programs read.
    fn word(self) -> &'static str;
}

/// One check's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded<C> {
    /// The check's id, such as `signature`.
    pub check: &'static str,
    /// What is wrong, where something is.
    pub code: Option<C>,
    /// What it found.
    pub verdict: Verdict,
    /// Why: what, and which.
    pub because: String,
}

impl<C> Coded<C> {
    pub(super) fn pass(check: &'static str, because: impl Into<String>) -> Self {
        Self {
            check,
            code: None,
            verdict: Verdict::Pass,
            because: because.into(),
        }
    }

    pub(super) fn critical(check: &'static str, code: C, because: impl Into<String>) -> Self {
        Self {
            check,
            code: Some(code),
            verdict: Verdict::Critical,
            because: because.into(),
        }
    }

    /// It could not be seen; the code says what is therefore not shown.
    pub(super) fn unknown(check: &'static str, code: C, because: impl Into<String>) -> Self {
        Self {
            check,
            code: Some(code),
            verdict: Verdict::Unknown,
            because: because.into(),
        }
    }
}
