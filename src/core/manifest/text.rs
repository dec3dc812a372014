//! TOML text with its byte spans: reads values where they stand and replaces them in place.
//!
//! toml_edit parses and tells the spans; it never prints, so that every byte outside a replaced value stays as it was.
//! Knows nothing of Cargo's keys.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use super::ManifestError;
use crate::core::bounds;

/// A place in a file: line and column count from 1, the column in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file's path in the repository.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// A string value, and the bytes it takes up, delimiters included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The string, escapes resolved.
    pub value: String,
    /// Where its literal stands in the file.
    pub span: Range<usize>,
}

/// New contents for a string literal's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) struct Edit {
    pub(in crate::core) span: Range<usize>,
    pub(in crate::core) value: String,
}

/// A file's text under the path it is reported with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::core) struct Text {
    path: String,
    raw: String,
}

impl Text {
    /// Takes the file's bytes.
    ///
    /// # Errors
    /// When they are not UTF-8, which TOML demands.
    pub(in crate::core) fn new(bytes: &[u8], path: &str) -> Result<Self, ManifestError> {
        match std::str::from_utf8(bytes) {
            Ok(raw) => Ok(Self {
                path: path.to_owned(),
                raw: raw.to_owned(),
            }),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = Self {
                    path: path.to_owned(),
                    raw: String::from_utf8_lossy(valid).into_owned(),
                };
                Err(ManifestError::Encoding {
                    at: text.location(text.raw.len()),
                })
            }
        }
    }

    pub(in crate::core) fn path(&self) -> &str {
        &self.path
    }

    pub(in crate::core) fn raw(&self) -> &str {
        &self.raw
    }

    /// Parses the text.
    ///
    /// # Errors
    /// When it is not TOML, with the first place that says so.
    pub(in crate::core) fn document(&self) -> Result<Document<&str>, ManifestError> {
        if let Err(message) = bounds::toml(&self.raw) {
            return Err(ManifestError::Syntax {
                at: self.location(0),
                message,
            });
        }
        Document::parse(self.raw.as_str()).map_err(|error| ManifestError::Syntax {
            at: self.location(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })
    }

    /// The line and column of a byte; a byte order mark counts as nothing.
    pub(in crate::core) fn location(&self, offset: usize) -> Location {
        let mut end = offset.min(self.raw.len());
        while !self.raw.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.raw.get(..end).unwrap_or_default().trim_start_matches('\u{feff}');
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let from_one = |count: usize| u32::try_from(count).map_or(u32::MAX, |count| count.saturating_add(1));
        Location {
            path: self.path.clone(),
            line: from_one(before.matches('\n').count()),
            column: from_one(column),
        }
    }

    /// The text with the strings replaced, each in the quotes it has; `None` where that changes no byte.
    /// Edits that overlap an earlier one are left out; none of ours do.
    pub(in crate::core) fn splice(&self, mut edits: Vec<Edit>) -> Option<String> {
        edits.sort_by_key(|edit| edit.span.start);
        let mut spliced = String::with_capacity(self.raw.len());
        let mut copied = 0;
        for Edit { span, value } in edits {
            let (Some(kept), Some(literal)) = (self.raw.get(copied..span.start), self.raw.get(span.clone())) else {
                continue;
            };
            let quote = delimiter(literal);
            spliced.push_str(kept);
            spliced.extend([quote, value.as_str(), quote]);
            copied = span.end;
        }
        spliced.push_str(self.raw.get(copied..).unwrap_or_default());
        (spliced != self.raw).then_some(spliced)
    }
}

/// A string literal's delimiter: `"`, `'`, or either three times.
fn delimiter(literal: &str) -> &'static str {
    const DELIMITERS: [&str; 4] = [r#"""""#, "'''", "\"", "'"];
    // An empty string starts like a multi-line one: the shortest of those has six quotes.
    let fits = |quote: &&&str| literal.starts_with(**quote) && literal.len() >= 2 * quote.len();
    DELIMITERS.iter().find(fits).copied().unwrap_or("\"")
}

/// What toml_edit has for a value; the tables of an array are no items to it.
#[derive(Clone, Copy)]
enum Value<'a> {
    Item(&'a Item),
    Row(&'a dyn TableLike),
}

impl<'a> Value<'a> {
    fn item(self) -> Option<&'a Item> {
        match self {
            Self::Item(item) => Some(item),
            Self::Row(_) => None,
        }
    }

    fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Item(item) => item.as_table_like(),
            Self::Row(table) => Some(table),
        }
    }
}

/// A value in the file, with the dotted key it is found under.
pub(in crate::core) struct Node<'a> {
    text: &'a Text,
    value: Value<'a>,
    key: String,
    /// Where the value stands; a table that has no place of its own stands where its parent does.
    offset: usize,
}

impl<'a> Node<'a> {
    /// The document's root table.
    pub(in crate::core) fn root(text: &'a Text, document: &'a Document<&str>) -> Self {
        Self {
            text,
            value: Value::Item(document.as_item()),
            key: String::new(),
            offset: 0,
        }
    }

    fn child(&self, key: &str, item: &'a Item) -> Self {
        let dotted = if self.key.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.key)
        };
        let offset = item.span().map_or(self.offset, |span| span.start);
        Self {
            text: self.text,
            value: Value::Item(item),
            key: dotted,
            offset,
        }
    }

    /// The value under `key`, where there is one.
    ///
    /// # Errors
    /// When this is no table.
    pub(in crate::core) fn get(&self, key: &str) -> Result<Option<Self>, ManifestError> {
        Ok(self
            .table()?
            .get(key)
            .filter(|item| !item.is_none())
            .map(|item| self.child(key, item)))
    }

    /// The entries of this table in the order of the file.
    ///
    /// # Errors
    /// When this is no table.
    pub(in crate::core) fn entries(&self) -> Result<Vec<(String, Self)>, ManifestError> {
        let entries = self
            .table()?
            .iter()
            .map(|(key, item)| (key.to_owned(), self.child(key, item)));
        Ok(entries.collect())
    }

    fn table(&self) -> Result<&'a dyn TableLike, ManifestError> {
        self.value.table().ok_or_else(|| self.mistyped("a table"))
    }

    /// The tables of the array that this is, written either way, in the order of the file.
    ///
    /// # Errors
    /// When this is something else.
    pub(in crate::core) fn tables(&self) -> Result<Vec<Self>, ManifestError> {
        let row = |table: &'a dyn TableLike, span: Option<Range<usize>>| Self {
            text: self.text,
            value: Value::Row(table),
            key: self.key.clone(),
            offset: span.map_or(self.offset, |span| span.start),
        };
        let item = self.value.item();
        if let Some(array) = item.and_then(Item::as_array_of_tables) {
            return Ok(array.iter().map(|table| row(table, table.span())).collect());
        }
        let mistyped = || self.mistyped("an array of tables");
        let array = item.and_then(Item::as_array).ok_or_else(mistyped)?;
        let inline = array.iter().map(|value| value.as_inline_table().ok_or_else(mistyped));
        inline
            .map(|table| table.map(|table| row(table, table.span())))
            .collect()
    }

    /// The string that this is.
    ///
    /// # Errors
    /// When it is something else.
    pub(in crate::core) fn string(&self) -> Result<Literal, ManifestError> {
        self.maybe_string().ok_or_else(|| self.mistyped("a string"))
    }

    /// The string that this is, if it is one.
    pub(in crate::core) fn maybe_string(&self) -> Option<Literal> {
        let item = self.value.item()?;
        Some(Literal {
            value: item.as_str()?.to_owned(),
            span: item.span()?,
        })
    }

    /// The strings of the array that this is.
    ///
    /// # Errors
    /// When it is something else.
    pub(in crate::core) fn strings(&self) -> Result<Vec<Literal>, ManifestError> {
        let array = self
            .value
            .item()
            .and_then(Item::as_array)
            .ok_or_else(|| self.mistyped("an array of strings"))?;
        let literal = |value: &toml_edit::Value| {
            let text = value.as_str().zip(value.span());
            let (value, span) = text.ok_or_else(|| self.mistyped("an array of strings"))?;
            Ok(Literal {
                value: value.to_owned(),
                span,
            })
        };
        array.iter().map(literal).collect()
    }

    /// The boolean that this is, if it is one.
    pub(in crate::core) fn maybe_bool(&self) -> Option<bool> {
        self.value.item()?.as_bool()
    }

    /// Whether this is a table in any of TOML's spellings.
    pub(in crate::core) fn is_table(&self) -> bool {
        self.value.table().is_some()
    }

    /// The byte at which this value starts.
    pub(in crate::core) fn offset(&self) -> usize {
        self.offset
    }

    /// Where this value stands.
    pub(in crate::core) fn location(&self) -> Location {
        self.text.location(self.offset)
    }

    /// The error that this should have been something else.
    pub(in crate::core) fn mistyped(&self, expected: &'static str) -> ManifestError {
        ManifestError::Type {
            at: self.location(),
            key: self.key.clone(),
            expected,
        }
    }

    /// The error that this table lacks a key.
    pub(in crate::core) fn lacks(&self, key: &'static str) -> ManifestError {
        ManifestError::Missing {
            at: self.location(),
            table: self.key.clone(),
            key,
        }
    }
}
