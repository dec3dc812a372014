//! The history is complete: a shallow clone hides the last release, and with it the next version.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts};

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    if facts.checkout.shallow {
        return vec![Answer::fail("the clone is shallow", "git fetch --unshallow --tags")];
    }
    match &facts.lineage {
        Fact::Known(_) => vec![Answer::pass("the history is complete")],
        Fact::Unknown(why) => vec![Answer::unknown(
            format!("the history could not be read: {why}"),
            "git fsck, or git fetch --tags",
        )],
    }
}
