//! Skipping a check on purpose: named, with a reason, and never where the configuration requires it.
//!
//! Knows what the two variables may say; not where they come from, nor where the audit trail lies.

use super::message::shown;
use crate::core::check::{Finding, Verdict, refusal};
use crate::core::policy::HOOK_CHECKS;

/// The variable that names the checks, separated by commas.
pub const SKIP: &str = "CARGO_SENTINEL_SKIP";
/// The variable that says why.
pub const REASON: &str = "CARGO_SENTINEL_REASON";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ask {
    /// The checks to skip, as written.
    pub checks: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What comes of refusals and the wish to skip some.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What still refuses.
    pub refused: Vec<Finding>,
    /// What would have refused; it goes into the audit trail.
    pub skipped: Vec<Finding>,
    /// What is told without refusing.
    pub notes: Vec<Finding>,
}

/// Sorts findings. Nothing is skipped without a reason, and no check that `required` names.
pub fn apply(findings: Vec<Finding>, ask: &Ask, required: &[String]) -> Outcome {
    let mut outcome = Outcome::default();
    let (notes, refused): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.verdict == Verdict::Pass);
    outcome.notes = notes;
    let Some(wanted) = ask.checks.as_deref().filter(|_| !refused.is_empty()) else {
        outcome.refused = refused;
        return outcome;
    };
    let wanted: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let reasoned = ask.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    for finding in refused {
        let named = wanted.contains(&finding.check) && HOOK_CHECKS.contains(&finding.check);
        let is_required = required.iter().any(|check| check == finding.check);
        match (named, reasoned, is_required) {
            (true, true, false) => outcome.skipped.push(finding),
            (true, _, true) => outcome.refused.push(Finding {
                because: format!("{} (required here: nothing skips it)", finding.because),
                ..finding
            }),
            (true, false, false) | (false, _, _) => outcome.refused.push(finding),
        }
    }
    if !reasoned {
        outcome.refused.push(refusal(
            "skip",
            format!("{SKIP} needs a reason; nothing was skipped"),
            format!("{REASON}='why' {SKIP}={} git …", shown(&wanted.join(","))),
        ));
    }
    for name in wanted.into_iter().filter(|name| !HOOK_CHECKS.contains(name)) {
        outcome.refused.push(refusal(
            "skip",
            format!("{SKIP} names `{}`, which is no check", shown(name)),
            format!("name one of {}", HOOK_CHECKS.join(", ")),
        ));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(
        found: &[&'static str],
        skip: &str,
        reason: &str,
        required: &[&str],
    ) -> (Vec<&'static str>, Vec<&'static str>) {
        let findings = found.iter().map(|check| refusal(check, "because", "remedy")).collect();
        let ask = Ask {
            checks: Some(skip.to_owned()),
            reason: Some(reason.to_owned()),
        };
        let required: Vec<String> = required.iter().map(|check| (*check).to_owned()).collect();
        let outcome = apply(findings, &ask, &required);
        let ids = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.check).collect();
        (ids(outcome.refused), ids(outcome.skipped))
    }

    #[test]
    fn a_skip_needs_a_name_and_a_reason() {
        assert_eq!(
            outcome(&["message", "branch"], "message", "why", &[]),
            (vec!["branch"], vec!["message"])
        );
        assert_eq!(
            outcome(&["message"], " branch , message,", "why", &[]),
            (vec![], vec!["message"])
        );
        assert_eq!(
            outcome(&["message"], "message", "  ", &[]),
            (vec!["message", "skip"], vec![])
        );
        assert_eq!(
            outcome(&["message"], "mesage", "why", &[]),
            (vec!["message", "skip"], vec![])
        );
        assert_eq!(
            outcome(&["message"], "all", "why", &[]),
            (vec!["message", "skip"], vec![])
        );
        assert_eq!(outcome(&[], "mesage", "", &[]), (vec![], vec![]));
    }

    #[test]
    fn nothing_skips_what_is_required_or_no_check() {
        assert_eq!(
            outcome(&["secret", "message"], "secret,message", "why", &["secret"]),
            (vec!["secret"], vec!["message"])
        );
        assert_eq!(
            outcome(&["config"], "config", "why", &[]),
            (vec!["config", "skip"], vec![])
        );
    }
}
