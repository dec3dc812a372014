//! What is wrong with a configuration, and where.

use std::fmt;

/// One fault of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PolicyError {
    /// The file's name, as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
}

/// All faults of a configuration file, in its order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The faults, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.0.iter()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().enumerate() {
            let line = if nth == 0 { "" } else { "\n" };
            write!(f, "{line}{error}")?;
            if let Some(hint) = &error.hint {
                write!(f, "\n hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// What is wrong with one value, its place aside.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(self, hint: impl Into<Option<String>>) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }

    /// The fault, told as one of the value that `place` names.
    pub(super) fn of(self, place: &str) -> Self {
        Self {
            message: format!("{place}: {}", self.message),
            ..self
        }
    }
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// The faults found so far, each at a byte of the text.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<(usize, Fault)>);

impl Problems {
    pub(super) fn report(&mut self, at: usize, fault: Fault) {
        self.0.push((at, fault));
    }

    /// The value, if nothing is wrong.
    pub(super) fn into_result<T>(self, value: T, text: &str, file: &str) -> Result<T, PolicyErrors> {
        if self.0.is_empty() {
            return Ok(value);
        }
        Err(PolicyErrors(locate(self.0, text, file)))
    }
}

/// Turns places into lines and columns, in one walk along the text.
fn locate(mut faults: Vec<(usize, Fault)>, text: &str, file: &str) -> Vec<PolicyError> {
    faults.sort_by_key(|(at, _)| *at);
    let (mut line, mut column) = (1, 1);
    let mut chars = text.char_indices().peekable();
    let located = faults.into_iter().map(|(at, fault)| {
        while let Some((_, passed)) = chars.next_if(|(start, _)| *start < at) {
            (line, column) = if passed == '\n' {
                (line + 1, 1)
            } else {
                (line, column + 1)
            };
        }
        let Fault { message, hint } = fault;
        PolicyError {
            file: file.to_owned(),
            line,
            column,
            message,
            hint,
        }
    });
    located.collect()
}
