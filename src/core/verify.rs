//! Judging a release tag: every check that applies, each with its code, from what was observed.
//!
//! Pure and fails closed: what was asked for and could not be seen is a failure. The checks and their codes are the contract
//! of `verify --json`; a downstream user's view of them is docs/verification.md. Owns no reading of the world.

mod artifacts;
mod commit;
mod signature;
mod tag;

use super::artifact::Inspection;
use super::binding::Artifact;
use super::check::Verdict;
use super::coded::{self, Coded};
use super::dsse::Envelope;
use super::facts::Fact;
use super::ids::{Digest, Oid, TagName};
use super::packaged::FileFinding;
use super::policy::Template;
use super::provenance::Statement;
use super::trust::AllowedSigners;

pub use signature::{OpenPgp, Signature, signature};

/// What a failed check found, as programs read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The remote's tag is another.
    TagMoved,
    /// The ref names no tag object.
    TagLightweight,
    /// The object is none that `git mktag` would make, or tags no commit.
    TagMalformed,
    /// The object bears another name, or another version.
    TagNameMismatch,
    /// Something beside the one signature.
    TagTrailingData,
    /// There is no signature.
    SigMissing,
    /// The signature does not fit.
    SigBad,
    /// The signer is not one who may sign.
    SignerNotAllowed,
    /// The signer's time is over.
    KeyExpired,
    /// The signer's key is revoked.
    KeyRevoked,
    /// The trailers bind nothing, or another commit.
    TagBindingMismatch,
    /// The files are others.
    TreeDigestMismatch,
    /// An artifact has other bytes.
    ArtifactSwapped,
    /// The tag names no such artifact.
    ArtifactUnlisted,
    /// The artifact says that it was built from another commit.
    BuildCommitMismatch,
    /// The artifact says that it was built from changed files.
    BuildDirty,
    /// A file of the artifact is not the commit's.
    SourceMismatch,
    /// Building again gives other bytes.
    NotReproducible,
    /// Manifests or CHANGELOG speak of another version.
    VersionMismatch,
}

impl coded::Code for Code {
    fn word(self) -> &'static str {
        match self {
            Self::TagMoved => "TAG_MOVED",
            Self::TagLightweight => "TAG_LIGHTWEIGHT",
            Self::TagMalformed => "TAG_MALFORMED",
            Self::TagNameMismatch => "TAG_NAME_MISMATCH",
            Self::TagTrailingData => "TAG_TRAILING_DATA",
            Self::SigMissing => "SIG_MISSING",
            Self::SigBad => "SIG_BAD",
            Self::SignerNotAllowed => "SIGNER_NOT_ALLOWED",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyRevoked => "KEY_REVOKED",
            Self::TagBindingMismatch => "TAG_BINDING_MISMATCH",
            Self::TreeDigestMismatch => "TREE_DIGEST_MISMATCH",
            Self::ArtifactSwapped => "ARTIFACT_SWAPPED",
            Self::ArtifactUnlisted => "ARTIFACT_UNLISTED",
            Self::BuildCommitMismatch => "BUILD_COMMIT_MISMATCH",
            Self::BuildDirty => "BUILD_DIRTY",
            Self::SourceMismatch => "SOURCE_MISMATCH",
            Self::NotReproducible => "NOT_REPRODUCIBLE",
            Self::VersionMismatch => "VERSION_MISMATCH",
        }
    }
}

/// One check's answer.
pub type TagFinding = Coded<Code>;

/// What a verification shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Who released what: signature, commit, files, version.
    Tag,
    /// The artifacts that were given are the ones that the tag names.
    Artifact,
    /// Every file of the packages that were given is the commit's.
    Source,
    /// Building again gives the bytes that the tag names.
    Rebuild,
}

impl Proof {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Artifact => "artifact",
            Self::Source => "source",
            Self::Rebuild => "rebuild",
        }
    }
}

/// Who may sign, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// The file.
    pub allowed: AllowedSigners,
    /// Where it was read, for people, such as `v0.1.0's .sentinel/allowed_signers`.
    pub source: String,
}

/// What the ref names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagObject {
    /// A tag object's bytes.
    Tag(Vec<u8>),
    /// Another kind of object, such as `commit`.
    Other(String),
}

/// What the tagged commit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFacts {
    /// Its id.
    pub id: Oid,
    /// The id that its tree would have in a SHA-256 repository, and the number of submodules in it.
    pub tree: Fact<(Digest, usize)>,
    /// The version in its manifests.
    pub version: Fact<semver::Version>,
    /// Whether its CHANGELOG has a section of that version.
    pub changelog: Fact<bool>,
    /// How its configuration names release tags.
    pub template: Fact<Template>,
}

/// The remote's side of the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteTag {
    /// The remote's name.
    pub remote: String,
    /// What its ref of that name holds.
    pub id: Fact<Option<Oid>>,
}

/// An artifact that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenArtifact {
    /// Its file name.
    pub name: String,
    /// What was seen of it.
    pub seen: Fact<SeenArtifact>,
}

/// What was seen of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenArtifact {
    /// What it says of itself, and its digest.
    pub inspection: Inspection,
    /// Each file of a `.crate` against the tag's commit; `None` for every other kind, and where the commit is not known.
    pub files: Option<Fact<Vec<FileFinding>>>,
}

/// A provenance statement that was given, or lies beside an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenProvenance {
    /// Its path, for people.
    pub name: String,
    /// The digest of the statement's bytes.
    pub digest: Digest,
    /// What it says.
    pub statement: Fact<Statement>,
    /// The envelope that it came in, where it came in one.
    pub envelope: Option<Envelope>,
}

/// Everything that was observed of one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFacts {
    /// The ref's short name.
    pub name: TagName,
    /// What the ref names here; `None` for a tag that is about to be made.
    pub id: Option<Oid>,
    /// The object.
    pub object: TagObject,
    /// The remote's side, where that was asked for.
    pub remote: Option<RemoteTag>,
    /// The commit that the object names; `Unknown` where it is not here or no commit.
    pub commit: Fact<CommitFacts>,
    /// Who may sign.
    pub signers: Fact<Signers>,
    /// What gpg said of an OpenPGP signature; `None` for every other kind.
    pub openpgp: Option<Fact<OpenPgp>>,
    /// The verifier's moment, in seconds since the Unix epoch. The tagger's date decides nothing.
    pub now: i64,
    /// The artifacts that were given.
    pub artifacts: Vec<GivenArtifact>,
    /// Statements that were given or lie beside an artifact.
    pub provenance: Vec<Fact<GivenProvenance>>,
    /// What building again gave, where that was asked for.
    pub rebuilt: Option<Fact<Vec<Artifact>>>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The commit, where the object names one.
    pub commit: Option<Oid>,
    /// For whom the signature stands, where it is good.
    pub signer: Option<String>,
    /// Every check that applies, in the order of the contract.
    pub checks: Vec<TagFinding>,
    /// What this run shows.
    pub proved: Vec<Proof>,
}

impl Verification {
    /// Whether every check passed.
    pub fn is_safe(&self) -> bool {
        self.checks.iter().all(|check| check.verdict == Verdict::Pass)
    }

    /// What is wrong, on one line.
    pub fn refusals(&self) -> String {
        let failed = self.checks.iter().filter(|check| check.verdict != Verdict::Pass);
        let told: Vec<String> = failed
            .map(|check| format!("{} ({})", check.because, check.code.map_or("", coded::Code::word)))
            .collect();
        told.join("; ")
    }
}

/// Judges. Every check that applies runs, whatever the others found.
pub fn judge(facts: &TagFacts) -> Verification {
    let read = tag::read(facts);
    let signature = signature::judge(facts, &read);
    let mut checks = tag::judge(facts, &read);
    checks.push(signature.finding);
    checks.extend(tag::judge_binding(facts, &read));
    checks.extend(commit::judge_tree(facts, &read));
    let content = commit::judge_content(facts, &read);
    let tag_holds = checks
        .iter()
        .chain(&content)
        .all(|check| check.verdict == Verdict::Pass);
    let mut proved = Vec::new();
    if tag_holds {
        proved.push(Proof::Tag);
    }
    let (of_artifacts, shown) = artifacts::judge(facts, &read);
    proved.extend(shown.into_iter().filter(|_| tag_holds));
    checks.extend(of_artifacts);
    checks.extend(content);
    Verification {
        commit: facts.commit.known().map(|commit| commit.id),
        signer: signature.signer,
        checks,
        proved,
    }
}
