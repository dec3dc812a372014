//! `sentinel.verify-crate/1`.

use serde_json::{Value, json};

use super::{Document, coded};
use crate::app::CrateAnswer;
use crate::core::packaged::verdict::{Basis, Compared};

/// The document: `commit` is the one that the package names, `compared` what its files were held against; `code` is null
/// where a check passed.
pub fn answer(answer: &CrateAnswer) -> Document {
    let identity = answer.package.identity.as_ref();
    let compared = answer.observed.compared.as_ref();
    let tags: Vec<Value> = answer
        .observed
        .tags
        .iter()
        .map(|(tag, commit)| json!({ "tag": tag.as_str(), "commit": commit.to_string() }))
        .collect();
    let files = compared.map(|compared| compared.files.as_slice()).unwrap_or_default();
    let files: Vec<Value> = files
        .iter()
        .map(|file| json!({ "path": file.path, "finding": file.relation.as_str(), "because": file.because }))
        .collect();
    json!({
        "schema": "sentinel.verify-crate/1",
        "file": answer.file.to_string_lossy(),
        "digest": format!("sha256:{}", answer.digest),
        "package": answer.package.name,
        "version": answer.package.version,
        "commit": identity.map(|identity| identity.commit.to_string()),
        "tags": tags,
        "compared": compared.map(basis),
        "verdict": answer.verdict().0,
        "checks": answer.checks.iter().map(coded).collect::<Vec<_>>(),
        "files": files,
    })
}

fn basis(compared: &Compared) -> Value {
    let tag = match &compared.basis {
        Basis::Named => None,
        Basis::Tag(tag) => Some(tag.as_str()),
    };
    json!({ "commit": compared.commit.to_string(), "tag": tag, "path_in_vcs": compared.dir })
}
