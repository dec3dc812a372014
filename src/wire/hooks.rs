//! `sentinel.hooks/1`: the hooks of a repository.

use serde_json::{Value, json};

use super::Document;
use crate::app::HooksAnswer;

/// `sentinel.hooks/1`.
pub fn hooks(answer: &HooksAnswer) -> Document {
    let hooks = answer
        .hooks
        .iter()
        .map(|hook| json!({ "name": hook.name.as_str(), "state": hook.state.as_str(), "chained": hook.chained }));
    let left = answer
        .left
        .iter()
        .map(|(because, remedies)| json!({ "because": because, "remedies": remedies }));
    json!({
        "schema": "sentinel.hooks/1",
        "dir": answer.dir.display().to_string(),
        "hooks": hooks.collect::<Vec<Value>>(),
        "changed": answer.changed.iter().map(|hook| hook.as_str()).collect::<Vec<_>>(),
        "left": left.collect::<Vec<Value>>(),
    })
}
