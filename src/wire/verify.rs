//! `sentinel.verify/1`.

use serde_json::{Value, json};

use super::{Document, coded};
use crate::app::VerifyAnswer;
use crate::core::verify::Proof;

/// The document: `code` is null where a check passed.
pub fn answer(answer: &VerifyAnswer) -> Document {
    let verification = &answer.verification;
    let checks: Vec<Value> = verification.checks.iter().map(coded).collect();
    let proved: Vec<&str> = verification.proved.iter().copied().map(Proof::as_str).collect();
    json!({
        "schema": "sentinel.verify/1",
        "tag": answer.tag.as_str(),
        "commit": verification.commit.map(|commit| commit.to_string()),
        "signer": verification.signer,
        "verdict": answer.verdict().0,
        "proved": proved,
        "checks": checks,
    })
}
