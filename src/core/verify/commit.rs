//! The tagged commit: its files by their SHA-256 tree, and what they say of the version.

use super::tag::Read;
use super::{Code, TagFacts, TagFinding};
use crate::core::binding::Binding;
use crate::core::facts::Fact;

fn binding<'a>(read: &'a Option<Read<'_>>) -> Option<&'a Binding> {
    read.as_ref()?.binding.as_ref()?.as_ref().ok()
}

/// Check 8.
pub(super) fn judge_tree(facts: &TagFacts, read: &Option<Read<'_>>) -> Option<TagFinding> {
    let binding = binding(read)?;
    let unknown = |why: &str| TagFinding::unknown("tree", Code::TreeDigestMismatch, why);
    let commit = match &facts.commit {
        Fact::Known(commit) => commit,
        Fact::Unknown(why) => return Some(unknown(why)),
    };
    Some(match &commit.tree {
        Fact::Unknown(why) => unknown(why),
        Fact::Known((tree, _)) if *tree != binding.tree => TagFinding::critical(
            "tree",
            Code::TreeDigestMismatch,
            format!(
                "the commit's files make tree sha256:{tree}, the tag names sha256:{}",
                binding.tree
            ),
        ),
        Fact::Known((_, 0)) => TagFinding::pass("tree", "the commit's files are those that the tag names"),
        Fact::Known((_, submodules)) => TagFinding::pass(
            "tree",
            format!(
                "the commit's files are those that the tag names; {submodules} submodules are named by their commits \
                 alone"
            ),
        ),
    })
}

/// Check 12.
pub(super) fn judge_content(facts: &TagFacts, read: &Option<Read<'_>>) -> Option<TagFinding> {
    let binding = binding(read)?;
    let commit = facts.commit.known()?;
    let version = &binding.version;
    let mismatch = |because: String| TagFinding::critical("version", Code::VersionMismatch, because);
    let unknown = |why: &str| TagFinding::unknown("version", Code::VersionMismatch, why);
    match &commit.version {
        Fact::Unknown(why) => return Some(unknown(why)),
        Fact::Known(found) if found != version => {
            return Some(mismatch(format!("the manifests carry {found}, the tag {version}")));
        }
        Fact::Known(_) => {}
    }
    // A pre-release leaves the CHANGELOG alone.
    if !version.pre.is_empty() {
        return Some(TagFinding::pass("version", format!("the manifests carry {version}")));
    }
    Some(match &commit.changelog {
        Fact::Unknown(why) => unknown(why),
        Fact::Known(false) => mismatch(format!("the CHANGELOG has no section of {version}")),
        Fact::Known(true) => TagFinding::pass("version", format!("manifests and CHANGELOG carry {version}")),
    })
}
