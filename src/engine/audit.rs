//! The audit trail of skipped checks: one line of JSON for each time, appended and never rewritten.
//!
//! Lies in the common git directory, `sentinel/skips.jsonl`. Knows what is written, not what may be skipped.

use std::path::Path;

use serde_json::json;

use crate::core::check::Finding;
use crate::core::hooks::HookName;
use crate::host::{Result, fs};

/// The newest format that is written.
const SCHEMA: &str = "sentinel.skip/1";

/// What was skipped.
#[derive(Debug)]
pub(crate) struct Skipped<'s> {
    /// When, in seconds since the Unix epoch.
    pub(crate) at: i64,
    pub(crate) hook: HookName,
    pub(crate) reason: &'s str,
    pub(crate) findings: &'s [Finding],
}

/// Appends a line.
///
/// # Errors
/// When it does not reach the disk: then nothing may be skipped either.
pub(crate) fn record(common_dir: &Path, skipped: &Skipped<'_>) -> Result<()> {
    let dir = common_dir.join("sentinel");
    fs::create_dir(&dir)?;
    let refusal = |finding: &Finding| json!({ "check": finding.check, "because": finding.because });
    let findings: Vec<_> = skipped.findings.iter().map(refusal).collect();
    let line = json!({
        "schema": SCHEMA,
        "at": skipped.at,
        "hook": skipped.hook.as_str(),
        "reason": skipped.reason,
        "findings": findings,
    });
    fs::append(&dir.join("skips.jsonl"), format!("{line}\n").as_bytes())
}
