//! git knows who commits, and what is to be signed can be signed.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts, Signing};

pub(crate) fn judge_identity(facts: &Facts) -> Vec<Answer> {
    match &facts.identity {
        Fact::Known(identity) => vec![Answer::pass(format!("commits as {}", identity.committer))],
        Fact::Unknown(why) => vec![Answer::fail(
            format!("git does not know who commits: {why}"),
            "git config user.name NAME and git config user.email MAIL",
        )],
    }
}

pub(crate) fn judge_signer(facts: &Facts) -> Vec<Answer> {
    match &facts.signer {
        None => Vec::new(),
        Some(Fact::Known(who)) => vec![Answer::pass(format!("the key signs for {who}"))],
        Some(Fact::Unknown(why)) => vec![Answer::fail(
            format!("the key may not sign releases here: {why}"),
            "mkdir -p .sentinel && echo \"MAIL namespaces=\\\"git\\\" $(cut -d' ' -f1,2 KEY.pub)\" >> \
             .sentinel/allowed_signers, committed by someone who may, in a release before this one or, of the first, in it",
        )],
    }
}

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    match &facts.signing {
        Signing::NotNeeded => Vec::new(),
        Signing::Tried(Fact::Known(())) => vec![Answer::pass("the key signs")],
        Signing::Tried(Fact::Unknown(why)) => {
            vec![Answer::fail(
                format!("the key does not sign: {why}"),
                "git config user.signingKey KEY and git config gpg.format ssh, or unlock the key in its agent",
            )]
        }
        Signing::Waived => vec![Answer::pass(
            "the tag is not signed, as [release] allow_unsigned permits",
        )],
        Signing::Forbidden => vec![Answer::fail(
            "unsigned tags are not allowed here",
            "set `allow_unsigned = true` under [release] in sentinel.toml, or leave out --no-sign",
        )],
        Signing::NotTried => vec![Answer::pass("the key was not tried")],
    }
}
