//! One file per use case: facts, configuration and request in, plan out.

pub mod cut;
pub mod finish;
pub mod release_text;
pub mod tag;
pub mod versions;

use semver::Version;

use super::check::Finding;
use super::facts::{Facts, Remote};
use super::ids::{Oid, RefName, TagName};
use super::plan::{Input, PlanError, RefMove};

/// The refs that a plan moves, on the remote and locally.
pub(super) struct Moves<'a> {
    facts: &'a Facts,
    pub(super) remote: Vec<RefMove>,
    pub(super) local: Vec<RefMove>,
}

impl<'a> Moves<'a> {
    pub(super) fn new(facts: &'a Facts) -> Self {
        Self {
            facts,
            remote: Vec::new(),
            local: Vec::new(),
        }
    }

    /// Moves a ref to `new` on the remote, in the remote-tracking refs, and locally.
    pub(super) fn create(&mut self, name: &RefName, new: Input) {
        self.add_local(name, Some(new.clone()));
        self.add_remote(name, Some(new));
    }

    /// As [`Moves::create`], but locally only where the ref exists.
    pub(super) fn follow(&mut self, name: &RefName, new: Option<Input>) {
        if self.facts.refs.contains_key(name) {
            self.add_local(name, new.clone());
        }
        self.add_remote(name, new);
    }

    fn add_local(&mut self, name: &RefName, new: Option<Input>) {
        let old = self.facts.refs.get(name).map(|target| Input::Literal(target.id));
        if old != new {
            let name = name.clone();
            self.local.push(RefMove { name, old, new });
        }
    }

    fn add_remote(&mut self, name: &RefName, new: Option<Input>) {
        let Some(remote) = pushing(self.facts) else { return };
        let listed = remote.refs.known().and_then(|refs| refs.get(name));
        let old = listed.map(|target| Input::Literal(target.id));
        if old == new {
            return;
        }
        if let Some(tracking) = remote.tracking_ref(name) {
            self.add_local(&tracking, new.clone());
        }
        let name = name.clone();
        self.remote.push(RefMove { name, old, new });
    }
}

/// The name of the tag that releases a version.
pub(super) fn release_tag(facts: &Facts, version: &Version) -> Result<TagName, PlanError> {
    let name = facts.policy.release.tag.tag_name(version);
    name.map_err(|error| inconsistent(error.to_string()))
}

/// The remote that a plan pushes to: none with `--no-push`, and none where there is none.
pub(super) fn pushing(facts: &Facts) -> Option<&Remote> {
    facts.remote.as_ref().filter(|remote| remote.contacted)
}

/// An identity with the run's moment, as git writes it into objects.
pub(super) fn stamped(who: &str, at: i64) -> String {
    format!("{who} {at} +0000")
}

/// A refusal that no check foresaw: the facts passed, and yet there is nothing to plan with.
pub(super) fn inconsistent(why: impl Into<String>) -> PlanError {
    PlanError::Inconsistent(why.into())
}

/// The first seven digits of an id, for titles.
pub(super) fn short(id: Oid) -> String {
    id.to_hex_with_len(7).to_string()
}

/// Whether any finding refuses.
pub(super) fn refuses(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.verdict != super::check::Verdict::Pass)
}

/// A step's title, with the files that had to be left as they are, each with its reason.
pub(super) fn with_left(title: String, left: &[String]) -> String {
    if left.is_empty() {
        return title;
    }
    format!("{title}; left as they are: {}", left.join("; "))
}
