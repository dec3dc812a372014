//! TOML documents as tables of values: bounded, and with every type told from every other.

use serde_json::{Map, Value, json};

use crate::core::bounds;

/// A table of TOML.
pub(in crate::core::packaged) type Table = Map<String, Value>;

/// The key under which a date stands apart from a text that reads the same.
const DATETIME: &str = "$datetime";
/// The key under which a number that JSON lacks stands apart from a text that reads the same.
const FLOAT: &str = "$float";

/// A TOML document as a table.
///
/// # Errors
/// When it is larger than a manifest or a lock file may be, or is not TOML.
pub(in crate::core::packaged) fn read(bytes: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    bounds::toml(text)?;
    let document: toml_edit::Document<&str> = toml_edit::Document::parse(text).map_err(|error| {
        let message = error.message();
        message.lines().next().unwrap_or(message).to_owned()
    })?;
    Ok(table(document.as_table()))
}

fn table(table_like: &dyn toml_edit::TableLike) -> Table {
    let entries = table_like.iter().map(|(key, item)| (key.to_owned(), item_value(item)));
    entries.collect()
}

fn item_value(item: &toml_edit::Item) -> Value {
    match item {
        toml_edit::Item::None => Value::Null,
        toml_edit::Item::Value(plain) => value(plain),
        toml_edit::Item::Table(inner) => Value::Object(table(inner)),
        toml_edit::Item::ArrayOfTables(tables) => {
            Value::Array(tables.iter().map(|inner| Value::Object(table(inner))).collect())
        }
    }
}

fn value(plain: &toml_edit::Value) -> Value {
    match plain {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Float(number) => float(*number.value()),
        toml_edit::Value::Boolean(switch) => Value::from(*switch.value()),
        toml_edit::Value::Datetime(moment) => json!({ DATETIME: moment.value().to_string() }),
        toml_edit::Value::Array(items) => Value::Array(items.iter().map(value).collect()),
        toml_edit::Value::InlineTable(inner) => Value::Object(table(inner)),
    }
}

/// A number with a fraction, which is another than the whole number of the same value.
fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| json!({ FLOAT: number.to_string() }), Value::Number)
}
