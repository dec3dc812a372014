//! `check`: the release gate. All of its checks, every refusal listed.

use super::{Context, Error};
use crate::core::check::{self, Finding, Use, Verdict};
use crate::core::facts::Ask;
use crate::engine::probe::{self, Look};

/// What was asked. Both are required.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// The environment.
    pub environment: String,
    /// The version as typed.
    pub version: String,
}

/// What the gate says.
#[derive(Debug, Clone)]
pub struct GateAnswer {
    /// Every finding, the passing ones too.
    pub findings: Vec<Finding>,
}

impl GateAnswer {
    /// `SAFE`, `BLOCKED` or `CRITICAL`, with the exit code.
    pub fn verdict(&self) -> (&'static str, u8) {
        verdict(&self.findings)
    }
}

/// The verdict of findings: what could not be seen counts as a refusal.
pub fn verdict(findings: &[Finding]) -> (&'static str, u8) {
    match findings.iter().map(|finding| finding.verdict).max() {
        Some(Verdict::Critical) => ("CRITICAL", 2),
        Some(Verdict::Fail | Verdict::Unknown) => ("BLOCKED", 1),
        Some(Verdict::Pass) | None => ("SAFE", 0),
    }
}

/// Runs the gate at HEAD.
///
/// # Errors
/// Where there is nothing to check: outside a repository, on an unborn branch, with an invalid configuration.
pub fn check(context: &Context, options: &GateOptions) -> Result<GateAnswer, Error> {
    let repo = context.repo()?;
    let look = Look {
        purpose: Use::Gate,
        ask: Ask {
            environment: Some(options.environment.clone()),
            version: Some(options.version.clone()),
            ..Ask::default()
        },
        contact: true,
        try_key: false,
        no_sign: false,
        merge_back: false,
        policy: context.named_policy()?,
    };
    let facts = probe::facts(&repo, &look)?;
    Ok(GateAnswer {
        findings: check::run(Use::Gate, &facts),
    })
}
