//! `verify`: judges a release tag, and whatever artifacts are given with it. Reads only, and records nothing.

use std::path::PathBuf;

use super::{Context, Error, Kind};
use crate::core::facts::Fact;
use crate::core::ids::{Oid, RefName, TagName};
use crate::core::trust::KeyId;
use crate::core::verify::{self, RemoteTag, Signers, TagFacts, Verification};
use crate::engine::probe::ReleaseTags;
use crate::engine::probe::tag::{Candidate, Verifier};
use crate::engine::probe::trust::{self, Authority, Introduction, Vouched};
use crate::engine::{artifacts, given};
use crate::host::git_read::Repo;
use crate::host::{clock, fs, net};

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The tag's short name.
    pub tag: String,
    /// Files that the tag is to name.
    pub artifacts: Vec<PathBuf>,
    /// A provenance statement, bare or in its envelope, beside those that lie beside the artifacts.
    pub provenance: Option<PathBuf>,
    /// Whether the artifacts are built again.
    pub rebuild: bool,
    /// A remote whose tag is to be the same.
    pub remote: Option<String>,
    /// The file that says who may sign.
    pub signers: Option<PathBuf>,
    /// A tag that is trusted, and the key that signed it: `TAG=FINGERPRINT`.
    pub introduction: Option<String>,
    /// The verifier's moment, in seconds since the Unix epoch, instead of now.
    pub as_of: Option<i64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct VerifyAnswer {
    /// The tag.
    pub tag: TagName,
    /// The findings.
    pub verification: Verification,
}

impl VerifyAnswer {
    /// `SAFE` or `CRITICAL`, with the exit code: there is nothing between.
    pub fn verdict(&self) -> (&'static str, u8) {
        if self.verification.is_safe() {
            ("SAFE", 0)
        } else {
            ("CRITICAL", Kind::Critical.exit_code())
        }
    }
}

/// Verifies.
///
/// # Errors
/// Where there is no such tag, or what was named to verify it with cannot be used. That something does not hold is an
/// answer.
pub fn verify(context: &Context, options: &VerifyOptions) -> Result<VerifyAnswer, Error> {
    let repo = context.repo()?;
    let absent = |why: String| Error::new(Kind::Blocked, why).hint("git tag --list, or git fetch --tags");
    let name = TagName::new(options.tag.clone()).map_err(|error| absent(error.to_string()))?;
    let id = repo.find_ref(&name.full())?;
    let id = id.ok_or_else(|| absent(format!("there is no tag {name} here")))?;
    let candidate = Candidate::standing(&repo, name.clone(), id)?;
    let policy = context.policy_of_tagged(&repo, candidate.commit)?;
    let now = options.as_of.unwrap_or_else(clock::now);
    let authority = authority(context, &repo, candidate.commit, options)?;
    let releases = ReleaseTags::read(&policy, &repo)?;
    let mut verifier = Verifier::new(&repo, now);
    let signers = verifier.signers(&authority, &candidate, &releases)?;
    let mut facts = verifier.observe(&candidate, signers)?;
    add_given(context, &repo, options, &mut facts);
    Ok(VerifyAnswer {
        tag: name,
        verification: verify::judge(&facts),
    })
}

/// Who is asked: a file that was named, a tag that was introduced, the ref of record, the releases made here.
fn authority(context: &Context, repo: &Repo, commit: Option<Oid>, options: &VerifyOptions) -> Result<Authority, Error> {
    if let Some(path) = &options.signers {
        let usage = |why: String| Error::new(Kind::Usage, format!("`{}`: {why}", path.display()));
        let bytes =
            fs::read_large(&context.dir.join(path))?.ok_or_else(|| usage("there is no such file".to_owned()))?;
        let allowed = trust::read(&bytes).map_err(usage)?;
        let source = path.display().to_string();
        return Ok(Authority::File(Signers { allowed, source }));
    }
    if let Some(introduction) = &options.introduction {
        return Ok(Authority::Releases(vec![introduced(introduction)?]));
    }
    let deciding = match (context.named_policy()?, commit) {
        (Some(policy), _) => Ok(policy.trust.signers_from),
        (None, Some(commit)) if repo.has_object(commit) => trust::ref_of_record(repo, commit),
        (None, _) => Ok(None),
    };
    Ok(match deciding {
        Ok(Some(name)) => Authority::Ref(name),
        Ok(None) => Authority::Releases(trust::made_here(repo, None)?),
        Err(error) => Authority::Unseen(error.to_string()),
    })
}

fn introduced(text: &str) -> Result<Introduction, Error> {
    let usage = || {
        Error::new(Kind::Usage, format!("`{text}` introduces nothing"))
            .hint("--introduction v1.0.0=SHA256:…, as ssh-keygen -l prints it, or =40 or 64 hexadecimal digits")
    };
    let (tag, fingerprint) = text.split_once('=').ok_or_else(usage)?;
    let tag = TagName::new(tag).map_err(|_| usage())?;
    let hex = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = match fingerprint.strip_prefix("SHA256:") {
        Some(rest) if rest.len() == 43 => KeyId::Ssh(fingerprint.to_owned()),
        None if hex(fingerprint) => KeyId::OpenPgp(fingerprint.to_ascii_uppercase()),
        Some(_) | None => return Err(usage()),
    };
    let by = Vouched::Key(key);
    Ok(Introduction { tag, by })
}

/// What was given beside the tag. What cannot be seen becomes a finding.
fn add_given(context: &Context, repo: &Repo, options: &VerifyOptions, facts: &mut TagFacts) {
    if let Some(remote) = &options.remote {
        facts.remote = Some(RemoteTag {
            remote: remote.clone(),
            id: Fact::from(listed(repo, remote, &facts.name.full())),
        });
    }
    for path in &options.artifacts {
        let commit = facts.commit.known().map(|commit| commit.id);
        let given = given::look(repo, &context.dir.join(path), commit);
        facts.artifacts.push(given);
        for seen in given::provenance_beside(&context.dir.join(path)) {
            // Artifacts that lie together have one statement.
            if !facts.provenance.contains(&seen) {
                facts.provenance.push(seen);
            }
        }
    }
    if let Some(path) = &options.provenance {
        let absent = || Fact::Unknown(format!("there is no file `{}`", path.display()));
        let seen = given::provenance(&context.dir.join(path)).transpose();
        facts.provenance.push(seen.map_or_else(absent, Fact::from));
    }
    if options.rebuild {
        facts.rebuilt = Some(match &facts.commit {
            Fact::Known(commit) => Fact::from(artifacts::rebuild(repo, commit.id, &context.interrupt)),
            Fact::Unknown(why) => Fact::Unknown(why.clone()),
        });
    }
}

fn listed(repo: &Repo, remote: &str, name: &RefName) -> crate::host::Result<Option<crate::core::ids::Oid>> {
    let refs = net::list(&repo.top(), remote)?.refs;
    Ok(refs.get(name).map(|target| target.id))
}
