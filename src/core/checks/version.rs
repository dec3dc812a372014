//! The version is SemVer, above the last release, and not below what the commits ask for.

use semver::Version;

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts};
use crate::core::plans::release_text;
use crate::core::version;

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    if facts.ask.version.is_none() {
        return Vec::new();
    }
    let asked = match release_text::asked_version(facts) {
        Ok(version) => version,
        Err(error) => return vec![Answer::fail(error.why, error.remedy)],
    };
    match &facts.lineage {
        Fact::Unknown(_) => vec![Answer::pass(format!("{asked} is a version"))],
        Fact::Known(lineage) => {
            let base = lineage.base.as_ref().map(|base| &base.version);
            vec![against_history(facts, &asked, base)]
        }
    }
}

fn against_history(facts: &Facts, asked: &Version, base: Option<&Version>) -> Answer {
    if let Some(base) = base
        && asked <= base
    {
        if facts.ask.version.as_deref() == Some("auto") {
            return Answer::fail(
                format!("nothing since {base} asks for a release"),
                "cargo sentinel next --explain",
            );
        }
        return Answer::fail(
            format!("{asked} is not above {base}, the last release"),
            "cargo sentinel next",
        );
    }
    match facts.derived() {
        // Below the derived version counts by precedence of the core: 0.2.0-rc.1 is on the way to 0.2.0.
        Ok(derived) if version::core_of(asked) < version::core_of(&derived) && !facts.ask.allow_underbump => {
            Answer::fail(
                format!("{asked} is below {derived}, which the commits ask for"),
                format!("cargo sentinel cut {derived}, or add --allow-underbump"),
            )
        }
        Ok(_) => Answer::pass(format!(
            "{asked} follows {}",
            base.map_or("no release".to_owned(), ToString::to_string)
        )),
        // Without a release tag the caller's word is the only one there is.
        Err(_) if base.is_none() => Answer::pass(format!("{asked} is the first release")),
        Err(error) => Answer::unknown(error.why, error.remedy),
    }
}
