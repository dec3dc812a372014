//! TOML with its places: typed reads that report what is wrong where it stands, and go on.

use toml_edit::{Document, Item, Key, Table, TableLike};

use super::error::{Fault, Problems};
use crate::core::bounds;

/// Parses a text; what makes it no TOML is reported.
pub(super) fn document<'a>(text: &'a str, problems: &mut Problems) -> Option<Document<&'a str>> {
    if let Err(why) = bounds::toml(text) {
        problems.report(0, Fault::new(why));
        return None;
    }
    match Document::parse(text) {
        Ok(document) => Some(document),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            problems.report(at, Fault::new(error.message().replace('\n', ", ")));
            None
        }
    }
}

/// The section of a manifest that configures releases.
pub(super) fn metadata<'a>(manifest: &'a Table, problems: &mut Problems) -> Option<Section<'a>> {
    let mut found = ["workspace", "package"].into_iter().filter_map(|root| {
        let metadata = manifest.get(root)?.as_table_like()?.get("metadata")?.as_table_like()?;
        let (key, item) = metadata.get_key_value("sentinel")?;
        Some((format!("{root}.metadata.sentinel"), key, item))
    });
    let (path, key, item) = found.next()?;
    if let Some((other, key, item)) = found.next() {
        let fault = Fault::new(format!("[{other}] stands beside [{path}]")).hint("keep one of them".to_owned());
        problems.report(place(key, item), fault);
    }
    let Some(table) = item.as_table_like() else {
        problems.report(
            place(key, item),
            wrong_type(&format!("`{path}`"), "a table", item.type_name()),
        );
        return None;
    };
    Some(Section {
        table,
        path,
        name: None,
        at: place(key, item),
    })
}

/// A table, and how messages call it.
pub(super) struct Section<'a> {
    table: &'a dyn TableLike,
    /// The keys that lead here, joined by dots; empty at the top.
    path: String,
    /// The name where the path does not make it.
    name: Option<&'static str>,
    at: usize,
}

impl<'a> Section<'a> {
    pub(super) fn top(table: &'a Table) -> Self {
        Self {
            table,
            path: String::new(),
            name: Some("at the top level"),
            at: 0,
        }
    }

    /// Reports keys that are none of `known`.
    pub(super) fn expect_keys(&self, known: &[&str], problems: &mut Problems) {
        for (key, at) in self.keys() {
            if !known.contains(&key) {
                let fault = Fault::new(format!("unknown key `{}` {}", shown(key), self.place()));
                problems.report(at, fault.hint(did_you_mean(key, known)));
            }
        }
    }

    /// The keys, each with its place.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'a str, usize)> {
        let table = self.table;
        table.iter().map(move |(key, item)| {
            let at = table.key(key).map_or(0, |written| place(written, item));
            (key, at)
        })
    }

    /// A string, read further by `read`.
    pub(super) fn read<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let (item, at) = self.get(key)?;
        let value = match item.as_str() {
            Some(text) => read(text).map_err(|fault| fault.of(&self.told(key))),
            None => Err(wrong_type(&self.told(key), "a string", item.type_name())),
        };
        value.map_err(|fault| problems.report(at, fault)).ok()
    }

    /// A string that must be there, read further by `read`.
    pub(super) fn demand<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            problems.report(self.at, Fault::new(format!("`{key}` is missing {}", self.place())));
        }
        self.read(key, problems, read)
    }

    /// An array of strings, each read further by `read`; `None` also where one of them is wrong.
    pub(super) fn list<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let (item, at) = self.get(key)?;
        let told = self.told(key);
        let Some(array) = item.as_array() else {
            problems.report(at, wrong_type(&told, "an array of strings", item.type_name()));
            return None;
        };
        let mut values = Vec::with_capacity(array.len());
        for value in array {
            let read = match value.as_str() {
                Some(text) => read(text).map_err(|fault| fault.of(&told)),
                None => Err(wrong_type(&told, "an array of strings", value.type_name())),
            };
            match read {
                Ok(value) => values.push(value),
                Err(fault) => problems.report(value.span().map_or(at, |span| span.start), fault),
            }
        }
        (values.len() == array.len()).then_some(values)
    }

    /// A boolean.
    pub(super) fn flag(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let (item, at) = self.get(key)?;
        if item.as_bool().is_none() {
            problems.report(at, wrong_type(&self.told(key), "a boolean", item.type_name()));
        }
        item.as_bool()
    }

    /// An integer, with its place.
    pub(super) fn integer(&self, key: &str, problems: &mut Problems) -> Option<(i64, usize)> {
        let (item, at) = self.get(key)?;
        if item.as_integer().is_none() {
            problems.report(at, wrong_type(&self.told(key), "an integer", item.type_name()));
        }
        item.as_integer().map(|number| (number, at))
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &str, problems: &mut Problems) -> Option<Section<'a>> {
        let (written, item) = self.table.get_key_value(key)?;
        let Some(table) = item.as_table_like() else {
            let fault = wrong_type(&self.told(key), "a table", item.type_name());
            problems.report(item_place(item).unwrap_or_else(|| place(written, item)), fault);
            return None;
        };
        Some(Section {
            table,
            path: self.below(key),
            name: None,
            at: place(written, item),
        })
    }

    /// An array of tables below this one, in either of TOML's two notations.
    pub(super) fn sections(&self, key: &str, problems: &mut Problems) -> Option<Vec<Section<'a>>> {
        let (item, at) = self.get(key)?;
        let element = |table: &'a dyn TableLike, at| Section {
            table,
            path: format!("[{}]", self.below(key)),
            name: None,
            at,
        };
        if let Some(tables) = item.as_array_of_tables() {
            let start = |table: &Table| table.span().map_or(at, |span| span.start);
            return Some(tables.iter().map(|table| element(table, start(table))).collect());
        }
        let Some(array) = item.as_array() else {
            problems.report(at, wrong_type(&self.told(key), "an array of tables", item.type_name()));
            return None;
        };
        let mut found = Vec::new();
        for value in array {
            let at = value.span().map_or(at, |span| span.start);
            match value.as_inline_table() {
                Some(table) => found.push(element(table, at)),
                None => problems.report(at, wrong_type(&self.told(key), "an array of tables", value.type_name())),
            }
        }
        Some(found)
    }

    fn get(&self, key: &str) -> Option<(&'a Item, usize)> {
        let (written, item) = self.table.get_key_value(key)?;
        Some((item, item_place(item).unwrap_or_else(|| place(written, item))))
    }

    fn below(&self, key: &str) -> String {
        let key = shown(key);
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// How messages call a key of this table.
    fn told(&self, key: &str) -> String {
        let key = shown(key);
        match self.name {
            Some(_) => format!("`{key}`"),
            None => format!("`{key}` {}", self.place()),
        }
    }

    /// Where this table stands.
    pub(super) fn start(&self) -> usize {
        self.at
    }

    /// How messages call this table, as a place.
    pub(super) fn place(&self) -> String {
        self.name.map_or_else(|| format!("in [{}]", self.path), str::to_owned)
    }
}

/// Where a key stands, else where its value does.
fn place(key: &Key, item: &Item) -> usize {
    key.span()
        .map(|span| span.start)
        .or_else(|| item_place(item))
        .unwrap_or(0)
}

fn item_place(item: &Item) -> Option<usize> {
    item.span().map(|span| span.start)
}

fn wrong_type(told: &str, wanted: &str, found: &str) -> Fault {
    let article = if found.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    Fault::new(format!("{told} must be {wanted}, not {article} {found}"))
}

/// A text from the file as it may stand in a message: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The nearest of `known`, if it is near.
pub(super) fn did_you_mean(text: &str, known: &[&str]) -> Option<String> {
    // The distance takes time in the product of the lengths; no long text is a slip for a short one.
    let text = Some(text).filter(|text| text.len() <= 40)?.to_lowercase();
    let near = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&text, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1.max(word.len() / 3))
        .min_by_key(|(distance, _)| *distance);
    near.map(|(_, word)| format!("did you mean `{word}`?"))
}
