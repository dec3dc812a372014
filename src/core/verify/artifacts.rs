//! The artifacts that were given, their provenance, and what building again gave.

use super::tag::Read;
use super::{Code, GivenArtifact, Proof, TagFacts, TagFinding};
use crate::core::binding::{Artifact, Binding};
use crate::core::facts::Fact;

/// Checks 9 to 11, as far as anything was given, and what they show.
pub(super) fn judge(facts: &TagFacts, read: &Option<Read<'_>>) -> (Vec<TagFinding>, Vec<Proof>) {
    let binding = read.as_ref().and_then(|read| read.binding.as_ref()?.as_ref().ok());
    let (mut found, mut proved) = (Vec::new(), Vec::new());
    for artifact in &facts.artifacts {
        found.push(judge_digest(artifact, binding));
    }
    found.extend(facts.provenance.as_ref().map(|given| judge_provenance(given, binding)));
    if !facts.artifacts.is_empty() && found.iter().all(|finding| finding.code.is_none()) {
        proved.push(Proof::Artifact);
    }
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
    let digest = match &artifact.digest {
        Fact::Known(digest) => digest,
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

/// Check 9, of the statement: the one whose digest the tag names, about exactly the artifacts that the tag names.
fn judge_provenance(given: &Fact<super::GivenProvenance>, binding: Option<&Binding>) -> TagFinding {
    let swapped = |because: String| TagFinding::critical("provenance", Code::ArtifactSwapped, because);
    let unknown = |because: String| TagFinding::unknown("provenance", Code::ArtifactSwapped, because);
    let given = match given {
        Fact::Known(given) => given,
        Fact::Unknown(why) => return unknown(why.clone()),
    };
    let name = &given.name;
    let Some(binding) = binding.filter(|binding| binding.provenance.is_some()) else {
        return swapped(format!("the tag names no provenance, so not `{name}` either"));
    };
    if binding.provenance != Some(given.digest) {
        return swapped(format!("`{name}` is not the statement that the tag names"));
    }
    let subjects = match &given.subjects {
        Fact::Known(subjects) => subjects,
        Fact::Unknown(why) => return unknown(format!("`{name}` cannot be read: {why}")),
    };
    if *subjects != binding.artifacts {
        let told = |artifacts: &[Artifact]| {
            let names: Vec<&str> = artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
            names.join(", ")
        };
        return TagFinding::critical(
            "provenance",
            Code::ArtifactUnlisted,
            format!(
                "`{name}` speaks of {}, the tag of {}",
                told(subjects),
                told(&binding.artifacts)
            ),
        );
    }
    TagFinding::pass("provenance", format!("`{name}` is the statement that the tag names"))
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
        return TagFinding::pass(
            "rebuild",
            format!("building again gives the same {} artifacts", listed.len()),
        );
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
