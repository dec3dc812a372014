//! `sentinel.artifact/1`.

use serde_json::json;

use super::Document;
use crate::app::ArtifactAnswer;
use crate::core::artifact::Identity;

/// `sentinel.artifact/1`.
pub fn answer(answer: &ArtifactAnswer) -> Document {
    let found = &answer.inspection;
    let damage = found.identity.as_ref().err().map(ToString::to_string);
    let identity = found.identity.as_ref().ok().and_then(Option::as_ref);
    json!({
        "schema": "sentinel.artifact/1",
        "file": answer.file.to_string_lossy(),
        "kind": found.kind,
        "digest": format!("sha256:{}", found.digest),
        "size_bytes": found.size_bytes,
        "identity": identity.map(view),
        "damage": damage,
    })
}

fn view(identity: &Identity) -> Document {
    json!({
        "commit": identity.commit.to_string(),
        "dirty": identity.dirty,
        "path_in_vcs": identity.path_in_vcs,
        "package": identity.package,
        "version": identity.version,
        "said_by": identity.said_by,
    })
}
