//! The tag itself: where it stands, what kind of object it is, its headers, its name, its one signature, its trailers.

use super::{Code, TagFacts, TagFinding, TagObject};
use crate::core::binding::{self, BadTrailers, Binding, Headers, Malformed, Signed, TrailingData};
use crate::core::facts::Fact;

/// A tag object read part by part: one part that cannot be read does not keep the others from being judged.
pub(super) struct Read<'a> {
    pub(super) headers: Result<Headers, Malformed>,
    /// `None` where there is no body to split.
    pub(super) signed: Option<Result<Signed<'a>, TrailingData>>,
    /// `None` where there is no message to read.
    pub(super) binding: Option<Result<Binding, BadTrailers>>,
    /// What is signed: the object up to its signature.
    pub(super) payload: &'a [u8],
}

/// Reads the object; `None` where it is no tag object.
pub(super) fn read(facts: &TagFacts) -> Option<Read<'_>> {
    let TagObject::Tag(object) = &facts.object else {
        return None;
    };
    let headers = binding::headers(object);
    // Where the headers are broken, the message still begins at the first empty line.
    let at = object.windows(2).position(|pair| pair == b"\n\n");
    let body = at.and_then(|at| object.get(at + 2..));
    let signed = body.map(binding::split);
    let message = match &signed {
        Some(Ok(signed)) => Some(signed.message),
        Some(Err(_)) | None => None,
    };
    let unsigned = body.map_or(0, <[u8]>::len) - message.map_or(0, <[u8]>::len);
    Some(Read {
        headers: headers.map(|(headers, _)| headers),
        binding: message.map(binding::trailers),
        payload: object.get(..object.len() - unsigned).unwrap_or_default(),
        signed,
    })
}

/// Checks 1 to 5.
pub(super) fn judge(facts: &TagFacts, read: &Option<Read<'_>>) -> Vec<TagFinding> {
    let mut found: Vec<TagFinding> = judge_remote(facts).into_iter().collect();
    let Some(read) = read else {
        let kind = match &facts.object {
            TagObject::Other(kind) => kind.as_str(),
            TagObject::Tag(_) => "tag",
        };
        found.push(TagFinding::critical(
            "object",
            Code::TagLightweight,
            format!("{} names a {kind}, not a tag object", facts.name),
        ));
        return found;
    };
    found.push(TagFinding::pass("object", format!("{} names a tag object", facts.name)));
    match &read.headers {
        Ok(_) => found.push(TagFinding::pass("format", "its headers are those of a release tag")),
        Err(malformed) => found.push(TagFinding::critical(
            "format",
            Code::TagMalformed,
            malformed.to_string(),
        )),
    }
    found.push(judge_name(facts, read));
    found.push(match &read.signed {
        Some(Ok(_)) => TagFinding::pass("end", "nothing stands beside its message and one signature"),
        Some(Err(error)) => TagFinding::critical("end", Code::TagTrailingData, error.to_string()),
        None => TagFinding::critical("end", Code::TagMalformed, "it has no message"),
    });
    found
}

fn judge_remote(facts: &TagFacts) -> Option<TagFinding> {
    let remote = facts.remote.as_ref()?;
    let (name, at) = (&facts.name, &remote.remote);
    Some(match (&remote.id, facts.id) {
        (Fact::Unknown(why), _) => TagFinding::unknown(
            "remote",
            Code::TagMoved,
            format!("`{at}` does not say where {name} stands: {why}"),
        ),
        (Fact::Known(there), here) if *there == here => {
            TagFinding::pass("remote", format!("{name} is the same on `{at}`"))
        }
        (Fact::Known(there), here) => {
            let told = |id: Option<crate::core::ids::Oid>| id.map_or("nothing".to_owned(), |id| id.to_string());
            let because = format!("{name} is {} on `{at}` and {} here", told(*there), told(here));
            TagFinding::critical("remote", Code::TagMoved, because)
        }
    })
}

/// Three spellings of one name: the ref, the object, the version under the template.
fn judge_name(facts: &TagFacts, read: &Read<'_>) -> TagFinding {
    let mismatch = |because: String| TagFinding::critical("name", Code::TagNameMismatch, because);
    let (Ok(headers), Some(Ok(binding))) = (&read.headers, &read.binding) else {
        return TagFinding::unknown(
            "name",
            Code::TagNameMismatch,
            "the tag does not say which release it is",
        );
    };
    if headers.name != facts.name.as_str() {
        return mismatch(format!(
            "the ref is {}, the object calls itself `{}`",
            facts.name, headers.name
        ));
    }
    let template = match facts.commit.known().map(|commit| &commit.template) {
        Some(Fact::Known(template)) => template,
        Some(Fact::Unknown(why)) => {
            return TagFinding::unknown("name", Code::TagNameMismatch, format!("no tag template: {why}"));
        }
        None => return TagFinding::unknown("name", Code::TagNameMismatch, "no tag template: the commit is not here"),
    };
    if template.parse(facts.name.as_str()).as_ref() != Some(&binding.version) {
        return mismatch(format!("{} is not the tag of version {}", facts.name, binding.version));
    }
    TagFinding::pass(
        "name",
        format!("the object calls itself {}, the tag of {}", facts.name, binding.version),
    )
}

/// Check 7.
pub(super) fn judge_binding(facts: &TagFacts, read: &Option<Read<'_>>) -> Option<TagFinding> {
    let mismatch = |because: String| TagFinding::critical("binding", Code::TagBindingMismatch, because);
    let read = read.as_ref()?;
    let binding = match &read.binding {
        Some(Ok(binding)) => binding,
        Some(Err(error)) => return Some(mismatch(error.to_string())),
        None => {
            return Some(mismatch(
                "the tag's message cannot be told from its signature".to_owned(),
            ));
        }
    };
    let Ok(headers) = &read.headers else {
        return Some(mismatch("the tag names no commit to bind".to_owned()));
    };
    if binding.commit != headers.commit {
        return Some(mismatch(format!(
            "the tag names commit {}, its trailers {}",
            headers.commit, binding.commit
        )));
    }
    Some(match &facts.commit {
        Fact::Known(commit) if commit.id == binding.commit => {
            TagFinding::pass("binding", format!("its trailers name commit {}", binding.commit))
        }
        Fact::Known(commit) => mismatch(format!(
            "the trailers name {}, the tag leads to {}",
            binding.commit, commit.id
        )),
        Fact::Unknown(why) => TagFinding::unknown("binding", Code::TagBindingMismatch, why.clone()),
    })
}
