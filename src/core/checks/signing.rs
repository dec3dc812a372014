//! git knows who commits, what is to be signed can be signed, and the key that signs is one that may.
//!
//! `check` and `cut` sign no tag, and a `finish` follows them. What keeps every finish from signing is refused ahead: that
//! there is no key, that nobody says who may sign. Whose key it is counts in the `finish`, which another person may run.

use crate::core::check::Answer;
use crate::core::facts::{Fact, Facts, Head, Signer, SignersFile, Signing, SigningKey};
use crate::core::hooks::staged::shell_word;

pub(crate) fn judge_identity(facts: &Facts) -> Vec<Answer> {
    match &facts.identity {
        Fact::Known(identity) => vec![Answer::pass(format!("commits as {}", identity.committer))],
        Fact::Unknown(why) => vec![Answer::fail(
            format!("git does not know who commits: {why}"),
            "git config user.name NAME and git config user.email MAIL",
        )],
    }
}

pub(crate) fn judge(facts: &Facts) -> Vec<Answer> {
    match &facts.signing {
        Signing::NotNeeded => Vec::new(),
        Signing::Unready(unready) => vec![Answer::fail(
            format!("the key does not sign: {}", unready.why),
            unready.remedy.clone(),
        )],
        Signing::Tried(Fact::Known(())) => vec![Answer::pass("the key signs")],
        Signing::Tried(Fact::Unknown(why)) => {
            let unlock = facts.key.as_ref().and_then(|key| key.unlock.clone());
            let remedy = unlock.unwrap_or("git config user.signingKey KEY, of a key that signs".to_owned());
            vec![Answer::fail(format!("the key does not sign: {why}"), remedy)]
        }
        Signing::Waived => vec![Answer::pass(
            "the tag is not signed, as [release] allow_unsigned permits",
        )],
        Signing::Forbidden => vec![Answer::fail(
            "unsigned tags are not allowed here",
            "set `allow_unsigned = true` under [release] in sentinel.toml, or leave out --no-sign",
        )],
        Signing::NotTried => {
            let key = facts.key.as_ref().map_or("the key", |key| key.name.as_str());
            vec![Answer::pass(format!("{key} is there, and was not tried"))]
        }
    }
}

/// The same before a `finish`: where commits are not signed and tags need not be, nothing has to be there.
pub(crate) fn judge_ahead(facts: &Facts) -> Vec<Answer> {
    match &facts.signing {
        Signing::Unready(unready) if facts.ask.local && !facts.sign_commits => {
            vec![Answer::pass(format!("finish needs a key: {}", unready.why))]
        }
        Signing::Unready(_) if facts.policy.release.allow_unsigned && !facts.sign_commits => vec![Answer::pass(
            "no key is there, and [release] allow_unsigned permits finish --no-sign",
        )],
        Signing::NotNeeded
        | Signing::Unready(_)
        | Signing::Tried(_)
        | Signing::Waived
        | Signing::Forbidden
        | Signing::NotTried => judge(facts),
    }
}

pub(crate) fn judge_signer(facts: &Facts) -> Vec<Answer> {
    match &facts.signer {
        None => Vec::new(),
        Some(Signer::Allowed(who)) => vec![Answer::pass(format!("the key signs for {who}"))],
        Some(Signer::Refused(why, file)) => vec![Answer::fail(
            format!("the key may not sign releases here: {why}"),
            match file {
                SignersFile::Own | SignersFile::OwnMissing => add_line(facts),
                SignersFile::Earlier => sign_otherwise(facts),
            },
        )],
        Some(Signer::Nobody(why, file)) => vec![Answer::fail(
            format!("nobody says who may sign the release: {why}"),
            match file {
                SignersFile::OwnMissing => add_line(facts),
                SignersFile::Own => "\"${EDITOR:-vi}\" .sentinel/allowed_signers && git commit -m 'chore: correct who \
                                     may sign releases' .sentinel/allowed_signers"
                    .to_owned(),
                SignersFile::Earlier => look_before(facts),
            },
        )],
    }
}

/// The same before a `finish`.
pub(crate) fn judge_signer_ahead(facts: &Facts) -> Vec<Answer> {
    match &facts.signer {
        Some(Signer::Nobody(why, _)) if facts.ask.local => vec![Answer::pass(format!(
            "finish needs to know who may sign the release: {why}"
        ))],
        Some(Signer::Refused(why, _)) => vec![Answer::pass(format!(
            "finish needs another key than this one, which may not sign releases here: {why}"
        ))],
        Some(Signer::Nobody(why, _)) if facts.policy.release.allow_unsigned => vec![Answer::pass(format!(
            "nobody says who may sign the release ({why}), and [release] allow_unsigned permits finish --no-sign"
        ))],
        None | Some(Signer::Allowed(_) | Signer::Nobody(..)) => judge_signer(facts),
    }
}

/// Writes the key into the file of the first release, on the branch that is released, and commits it.
fn add_line(facts: &Facts) -> String {
    let entry = match facts.key.as_ref().and_then(|key| entry(facts, key)) {
        Some(entry) => format!("echo {}", shell_word(&entry)),
        // Of a key that is configured first.
        None => "echo \"$(git config user.email) namespaces=\\\"git\\\" $(cut -d' ' -f1,2 \"$(git config \
                 user.signingKey)\")\""
            .to_owned(),
    };
    let write = format!(
        "mkdir -p .sentinel && {entry} >> .sentinel/allowed_signers && git add .sentinel/allowed_signers && \
         git commit -m 'chore: say who may sign releases'"
    );
    let Some(branch) = &facts.source.branch else {
        return write;
    };
    let name = shell_word(branch.name.as_str());
    let here = matches!(&facts.checkout.head, Head::Branch { name, .. } if *name == branch.name);
    let switch = if here {
        String::new()
    } else {
        format!("git switch {name} && ")
    };
    let push = match (&facts.remote, branch.remote) {
        (Some(remote), Some(_)) => format!(" && git push {} {name}", shell_word(&remote.name)),
        (None, _) | (_, None) => String::new(),
    };
    format!("{switch}{write}{push}")
}

/// The key's line in a file of allowed signers.
fn entry(facts: &Facts, key: &SigningKey) -> Option<String> {
    let line = key.line.as_ref()?;
    let committer = facts.identity.known().map(|identity| identity.committer.as_str());
    let mail = committer.and_then(|text| text.rsplit_once('<')?.1.strip_suffix('>'));
    let mail = mail.filter(|mail| !mail.is_empty() && !mail.contains([' ', '"', ',', '*', '?', '!', '#']));
    let mail = mail.unwrap_or("MAIL");
    Some(if line.starts_with("openpgp ") || line.starts_with("x509 ") {
        format!("{mail} {line}")
    } else {
        format!("{mail} namespaces=\"git\" {line}")
    })
}

/// Somebody who may signs: this release, or one that lets the key in.
fn sign_otherwise(facts: &Facts) -> String {
    let line = facts.key.as_ref().and_then(|key| entry(facts, key));
    let line = line.map_or("the key".to_owned(), |line| format!("the line `{line}`"));
    format!(
        "git config user.signingKey KEY, of a key that may; or have somebody who may release first, with {line} added to \
         .sentinel/allowed_signers"
    )
}

/// The release before tells what is wrong with it.
fn look_before(facts: &Facts) -> String {
    let base = facts.lineage.known().and_then(|lineage| lineage.base.as_ref());
    let tag = base.map_or("TAG".to_owned(), |base| shell_word(base.tag.as_str()));
    format!("cargo sentinel verify {tag}, which says what is wrong with the release before")
}
