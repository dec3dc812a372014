//! `sentinel.ci/1`: the judgement of a range of commits.

use serde_json::json;

use super::{Document, finding};
use crate::app::CiAnswer;

/// `sentinel.ci/1`.
pub fn ci(answer: &CiAnswer) -> Document {
    let (verdict, _) = answer.verdict();
    json!({
        "schema": "sentinel.ci/1",
        "verdict": verdict,
        "base": answer.base.to_string(),
        "tip": answer.tip.to_string(),
        "commits": answer.commits,
        "findings": answer.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}
