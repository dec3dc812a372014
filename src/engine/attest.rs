//! Writing where artifacts come from: the provenance statement, and its envelope where the key can seal one.

use super::execute::{World, resolve};
use super::journal::{Attested, Journal, Made, Sealed};
use super::shelf::Shelf;
use crate::core::build::{Build, Built};
use crate::core::dsse;
use crate::core::ids::{Digest, Oid};
use crate::core::plan::NewStatement;
use crate::core::provenance::{ENVELOPE_FILE, FILE, Run, Source, Statement};
use crate::host::sign::{Raw, Signer};
use crate::host::{Error, Result, fs};

/// Writes the statement, and the envelope where the key can make one.
pub(super) fn attest(world: &World<'_>, journal: &Journal, new: &NewStatement) -> Result<Attested> {
    let commit = resolve(journal, &new.commit)?;
    let build = journal.plan().build(&new.artifacts);
    let (Some(build), Some(Made::Built(built))) = (build, journal.progress().outcomes.get(&new.artifacts)) else {
        return Err(Error::Unexpected(format!("step `{}` has built nothing", new.artifacts)));
    };
    let statement = statement(world, journal, new, (commit, build, built))?;
    let bytes = statement
        .render()
        .map_err(|error| Error::Unexpected(error.to_string()))?;
    let envelope = seal(world, new, &bytes)?;
    let shelf = Shelf::of(world.repo, &build.destination, journal.run().as_str())?;
    shelf.add(FILE, &bytes)?;
    let envelope = match envelope {
        Envelope::By(key, bytes) => {
            shelf.add(ENVELOPE_FILE, &bytes)?;
            Sealed::By(key)
        }
        Envelope::Not(why) => {
            shelf.drop_file(ENVELOPE_FILE)?;
            Sealed::Not(why)
        }
    };
    Ok(Attested {
        digest: Digest::of(&bytes),
        envelope,
    })
}

fn statement(
    world: &World<'_>,
    journal: &Journal,
    new: &NewStatement,
    (commit, build, built): (Oid, &Build, &Built),
) -> Result<Statement> {
    let started = jiff::Timestamp::from_second(journal.plan().started())
        .map_err(|error| Error::Unexpected(format!("the run began at no date: {error}")))?;
    let tree = world.repo.tree_of(commit)?;
    let lockfile = world.repo.file_at(tree, "Cargo.lock")?;
    let mut recipes = build.artifacts.clone();
    recipes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Statement {
        subjects: built.artifacts.clone(),
        recipes,
        source: Source {
            repository: new.repository.clone(),
            tag: new.tag.clone(),
            commit,
            tree,
            lockfile: lockfile.map(|bytes| Digest::of(&bytes)),
        },
        toolchain: built.toolchain.clone(),
        epoch: world.repo.commit_time(commit)?,
        reproducible: built.reproducible.clone(),
        run: Run {
            builder_version: env!("CARGO_PKG_VERSION").to_owned(),
            id: journal.run().to_string(),
            started,
        },
    })
}

/// An envelope's bytes with the name of its key, or why there is none.
enum Envelope {
    By(String, Vec<u8>),
    Not(String),
}

fn seal(world: &World<'_>, new: &NewStatement, statement: &[u8]) -> Result<Envelope> {
    if !new.signed {
        return Ok(Envelope::Not("the release is not signed".to_owned()));
    }
    let message = dsse::pae(dsse::IN_TOTO, statement);
    let (key, signature) = match Signer::configured(world.repo)?.sign_raw(&message)? {
        Raw::Signed { key, signature } => (key, signature),
        Raw::Unable(why) => return Ok(Envelope::Not(why)),
    };
    let wrong = |error: dsse::DsseError| Error::Unexpected(format!("the provenance cannot be sealed: {error}"));
    let envelope = dsse::Envelope {
        payload_type: dsse::IN_TOTO.to_owned(),
        payload: statement.to_vec(),
        signatures: vec![dsse::EnvelopeSignature {
            keyid: dsse::keyid(&key),
            sig: dsse::raw(&signature).map_err(wrong)?,
        }],
    };
    // An agent may answer with anything.
    envelope.verified_by(&key).map_err(wrong)?;
    Ok(Envelope::By(dsse::keyid(&key), envelope.render().map_err(wrong)?))
}

/// Whether what was written still lies there, and is about what was built.
pub(super) fn still_there(journal: &Journal, new: &NewStatement, attested: &Attested) -> Result<bool> {
    let build = journal.plan().build(&new.artifacts);
    let (Some(build), Some(Made::Built(built))) = (build, journal.progress().outcomes.get(&new.artifacts)) else {
        return Ok(false);
    };
    let envelope = fs::stat(&build.destination.join(ENVELOPE_FILE))?.is_some();
    let Some(bytes) = fs::read(&build.destination.join(FILE))? else {
        return Ok(false);
    };
    let about_it = Statement::parse(&bytes).is_ok_and(|statement| statement.subjects == built.artifacts);
    let sealed = matches!(attested.envelope, Sealed::By(_));
    Ok(about_it && Digest::of(&bytes) == attested.digest && envelope == sealed)
}

/// Demands that the envelope and the tag are signed by one key: a signing program of its own may use another than the one
/// that the configuration names.
///
/// # Errors
/// `Unsupported`, naming both.
pub(super) fn same_key(sealed: &Sealed, tag_signature: &[u8]) -> Result<()> {
    let Sealed::By(envelope) = sealed else { return Ok(()) };
    let signature = ssh_key::SshSig::from_pem(tag_signature)
        .map_err(|error| Error::Unexpected(format!("the tag's signature cannot be read: {error}")))?;
    let tag = dsse::keyid(signature.public_key());
    if tag == *envelope {
        return Ok(());
    }
    let what = format!("the tag is signed by {tag}, its provenance by {envelope}");
    Err(Error::unsupported(
        what,
        "git config user.signingKey <the key for both>",
    ))
}

/// What people ought to know about what a step made.
pub(super) fn notes(made: &Made) -> Vec<String> {
    match made {
        Made::Nothing | Made::Object(_) => Vec::new(),
        Made::Built(built) => {
            let differing = built.reproducible.iter().filter(|(_, agreed)| !**agreed);
            let differing =
                differing.map(|(name, _)| format!("{name} is not reproducible: built twice, its bytes differ"));
            let silent = built.silent.iter();
            let silent = silent.map(|name| format!("{name} does not say which commit it is from; its digest binds it"));
            differing.chain(silent).collect()
        }
        Made::Attested(attested) => match &attested.envelope {
            Sealed::By(_) => Vec::new(),
            Sealed::Not(why) => vec![format!(
                "{FILE} has no signed envelope: {why}; the tag names its digest all the same"
            )],
        },
    }
}
