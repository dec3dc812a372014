//! No release was left unfinished in this repository.

use crate::core::check::Answer;
use crate::core::facts::Facts;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    match &facts.unfinished {
        None => vec![Answer::pass("no release is unfinished")],
        Some(run) => vec![Answer::fail(
            format!("run {run} was left unfinished"),
            "cargo sentinel resume, or cargo sentinel undo",
        )],
    }
}
