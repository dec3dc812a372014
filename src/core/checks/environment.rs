//! The gate's environment is one that the configuration names, to the letter: `production` is not `prod`.

use crate::core::check::Answer;
use crate::core::facts::Facts;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    let Some(asked) = &facts.ask.environment else {
        return Vec::new();
    };
    let known: Vec<&str> = facts.policy.environments.keys().map(String::as_str).collect();
    if known.contains(&asked.as_str()) {
        return vec![Answer::pass(format!("`{asked}` is an environment"))];
    }
    let named = known.join(", ");
    vec![Answer::fail(
        format!("`{asked}` is no environment"),
        format!("name one of {named}, or add [environments.{asked}] to sentinel.toml"),
    )]
}
