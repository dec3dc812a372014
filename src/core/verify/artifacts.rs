//! The artifacts that were given, their provenance, and what building again gave.

use ssh_key::PublicKey;

use super::tag::Read;
use super::{Code, GivenArtifact, GivenProvenance, Proof, TagFacts, TagFinding};
use crate::core::artifact::PACKAGE;
use crate::core::binding::{Armour, Artifact, Binding};
use crate::core::facts::Fact;
use crate::core::ids::Oid;
use crate::core::sshsig;

/// Checks 9 to 11, as far as anything was given, and what they show.
pub(super) fn judge(facts: &TagFacts, read: &Option<Read<'_>>) -> (Vec<TagFinding>, Vec<Proof>) {
    let binding = read.as_ref().and_then(|read| read.binding.as_ref()?.as_ref().ok());
    let (mut found, mut proved) = (Vec::new(), Vec::new());
    found.extend(facts.artifacts.iter().map(|artifact| judge_digest(artifact, binding)));
    let key = read.as_ref().and_then(signing_key);
    for given in &facts.provenance {
        found.push(judge_provenance(given, binding, key.as_ref()));
    }
    let commit = facts.commit.known().map(|commit| commit.id);
    for artifact in &facts.artifacts {
        found.extend(judge_identity(artifact, commit));
    }
    if !facts.artifacts.is_empty() && holds(&found) {
        proved.push(Proof::Artifact);
    }
    let sources: Vec<TagFinding> = facts.artifacts.iter().filter_map(judge_source).collect();
    if !sources.is_empty() && sources.len() == facts.artifacts.len() && holds(&sources) {
        proved.push(Proof::Source);
    }
    found.extend(sources);
    if let Some(rebuilt) = &facts.rebuilt {
        let finding = judge_rebuilt(rebuilt, binding);
        proved.extend(finding.code.is_none().then_some(Proof::Rebuild));
        found.push(finding);
    }
    (found, proved)
}

/// Check 9, of one file.
fn judge_digest(artifact: &GivenArtifact, binding: Option<&Binding>) -> TagFinding {
    let name = &artifact.name;
    let unlisted = |because: String| TagFinding::critical("artifact", Code::ArtifactUnlisted, because);
    let digest = match &artifact.seen {
        Fact::Known(seen) => &seen.inspection.digest,
        Fact::Unknown(why) => {
            return TagFinding::unknown(
                "artifact",
                Code::ArtifactSwapped,
                format!("`{name}` cannot be read: {why}"),
            );
        }
    };
    let Some(binding) = binding else {
        return unlisted(format!("the tag names no artifacts, so not `{name}` either"));
    };
    match binding.artifacts.iter().find(|listed| listed.name == *name) {
        Some(listed) if listed.digest == *digest => {
            TagFinding::pass("artifact", format!("`{name}` has the digest that the tag names"))
        }
        Some(listed) => TagFinding::critical(
            "artifact",
            Code::ArtifactSwapped,
            format!("`{name}` is sha256:{digest}, the tag names sha256:{}", listed.digest),
        ),
        None => match binding.artifacts.iter().find(|listed| listed.digest == *digest) {
            Some(listed) => unlisted(format!(
                "`{name}` has the bytes of `{}` under another name",
                listed.name
            )),
            None => unlisted(format!("the tag names no artifact `{name}`")),
        },
    }
}

fn holds(findings: &[TagFinding]) -> bool {
    findings.iter().all(|finding| finding.code.is_none())
}

/// Check 10: a hint, since anyone can write what a file says of itself.
fn judge_identity(artifact: &GivenArtifact, commit: Option<Oid>) -> Vec<TagFinding> {
    let name = &artifact.name;
    let mismatch = |because: String| TagFinding::critical("identity", Code::BuildCommitMismatch, because);
    let Fact::Known(seen) = &artifact.seen else {
        return Vec::new();
    };
    let identity = match &seen.inspection.identity {
        Ok(Some(identity)) => identity,
        Ok(None) if seen.inspection.kind == Some(PACKAGE) => {
            return vec![mismatch(format!(
                "`{name}` does not say which commit it was packed from"
            ))];
        }
        Ok(None) => {
            let because = format!("`{name}` does not say which commit it was built from: its digest alone is shown");
            return vec![TagFinding::pass("identity", because)];
        }
        Err(damage) => {
            let because = format!("`{name}` cannot be read: {damage}");
            return vec![TagFinding::unknown("identity", Code::BuildCommitMismatch, because)];
        }
    };
    let mut found = Vec::new();
    if Some(identity.commit) != commit {
        let at = identity.commit;
        found.push(mismatch(format!("`{name}` says that it was built from {at}")));
    }
    if identity.dirty {
        let because = format!("`{name}` says that it was built from files that are in no commit");
        found.push(TagFinding::critical("identity", Code::BuildDirty, because));
    }
    if found.is_empty() {
        let because = format!(
            "`{name}` says that it was built from the commit (a hint: {})",
            identity.said_by
        );
        found.push(TagFinding::pass("identity", because));
    }
    found
}

/// Check 11, of one `.crate`: the proof that it holds the commit's files and nothing else.
fn judge_source(artifact: &GivenArtifact) -> Option<TagFinding> {
    let name = &artifact.name;
    let files = match artifact.seen.known()?.files.as_ref()? {
        Fact::Known(files) => files,
        Fact::Unknown(why) => {
            let because = format!("`{name}` cannot be compared: {why}");
            return Some(TagFinding::unknown("source", Code::SourceMismatch, because));
        }
    };
    let strange: Vec<String> = files
        .iter()
        .filter(|file| !file.relation.is_accounted_for())
        .map(|file| format!("`{}` ({})", file.path, file.relation.as_str()))
        .collect();
    if strange.is_empty() {
        let because = format!("each of the {} files of `{name}` is the commit's", files.len());
        return Some(TagFinding::pass("source", because));
    }
    let because = format!(
        "`{name}` has files that the commit does not have so: {}",
        strange.join(", ")
    );
    Some(TagFinding::critical("source", Code::SourceMismatch, because))
}

/// The SSH key whose signature the tag bears.
fn signing_key(read: &Read<'_>) -> Option<PublicKey> {
    match read.signed.as_ref()?.as_ref().ok()?.signature? {
        (Armour::Ssh, text) => sshsig::verify(read.payload, text).ok(),
        (Armour::OpenPgp | Armour::X509, _) => None,
    }
}

/// Check 9, of a statement: the one whose digest the tag names, about exactly the artifacts and the commit that the tag
/// names, in an envelope of the key that signed the tag.
fn judge_provenance(given: &Fact<GivenProvenance>, binding: Option<&Binding>, key: Option<&PublicKey>) -> TagFinding {
    let failed = |code: Code, because: String| TagFinding::critical("provenance", code, because);
    let unknown = |because: String| TagFinding::unknown("provenance", Code::ArtifactSwapped, because);
    let given = match given {
        Fact::Known(given) => given,
        Fact::Unknown(why) => return unknown(why.clone()),
    };
    let name = &given.name;
    let swapped = |what: &str| failed(Code::ArtifactSwapped, format!("`{name}` {what}"));
    let Some(binding) = binding.filter(|binding| binding.provenance.is_some()) else {
        return swapped("is a statement, and the tag names none");
    };
    if binding.provenance != Some(given.digest) {
        return swapped("is not the statement that the tag names");
    }
    let statement = match &given.statement {
        Fact::Known(statement) => statement,
        Fact::Unknown(why) => return unknown(format!("`{name}` cannot be read: {why}")),
    };
    if statement.subjects != binding.artifacts {
        let told = |artifacts: &[Artifact]| {
            let names: Vec<&str> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
            names.join(", ")
        };
        let (says, names) = (told(&statement.subjects), told(&binding.artifacts));
        return failed(
            Code::ArtifactUnlisted,
            format!("`{name}` speaks of {says}, the tag of {names}"),
        );
    }
    if statement.source.commit != binding.commit {
        let commit = statement.source.commit;
        return failed(
            Code::BuildCommitMismatch,
            format!("`{name}` says that {commit} was built"),
        );
    }
    match &given.envelope {
        None => TagFinding::pass("provenance", format!("`{name}` is the statement that the tag names")),
        Some(envelope) => match key.map(|key| envelope.verified_by(key.key_data())) {
            Some(Ok(_)) => TagFinding::pass(
                "provenance",
                format!("`{name}` is signed by the key that signed the tag"),
            ),
            Some(Err(error)) => failed(Code::ArtifactSwapped, format!("`{name}`: {error}")),
            None => swapped("is in an envelope, and no SSH key signed the tag"),
        },
    }
}

/// Check 11, the strongest form.
fn judge_rebuilt(rebuilt: &Fact<Vec<Artifact>>, binding: Option<&Binding>) -> TagFinding {
    let rebuilt = match rebuilt {
        Fact::Known(rebuilt) => rebuilt,
        Fact::Unknown(why) => {
            return TagFinding::unknown(
                "rebuild",
                Code::NotReproducible,
                format!("it cannot be built again: {why}"),
            );
        }
    };
    let listed = binding.map_or(&[][..], |binding| &binding.artifacts);
    if listed.is_empty() {
        let why = "the tag names no artifacts that could be built again";
        return TagFinding::unknown("rebuild", Code::NotReproducible, why);
    }
    if rebuilt == listed {
        let names: Vec<&str> = listed.iter().map(|artifact| artifact.name.as_str()).collect();
        let because = format!("building again gives the same bytes: {}", names.join(", "));
        return TagFinding::pass("rebuild", because);
    }
    let differs = |artifact: &&Artifact| !rebuilt.contains(artifact);
    let names: Vec<&str> = listed
        .iter()
        .filter(differs)
        .map(|artifact| artifact.name.as_str())
        .collect();
    TagFinding::critical(
        "rebuild",
        Code::NotReproducible,
        format!("building again gives other bytes for {}", names.join(", ")),
    )
}
