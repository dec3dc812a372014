//! What `cut`, `finish` and `tag` would do: observe, decide. The commands themselves, their dry runs, the gate and `status`'s
//! advice all come through here, so that they cannot disagree.

use std::path::PathBuf;

use semver::Version;

use super::act::aftermath;
use super::{Context, Error, Kind, date, rendered_entries};
use crate::core::build::Repeat;
use crate::core::check::{Finding, Use};
use crate::core::facts::{Ask, Content, Facts};
use crate::core::ids::{Oid, TagName};
use crate::core::plan::{Plan, PlanError};
use crate::core::plans::cut::{self, Cut, CutRequest};
use crate::core::plans::finish::{self, FinishRequest};
use crate::core::plans::release_text::{self, Release};
use crate::core::plans::tag::{self, Tag, TagRequest};
use crate::engine::journal::Places;
use crate::engine::probe::tag::Candidate;
use crate::engine::probe::{self, Look};
use crate::engine::verify;
use crate::host::fs;
use crate::host::git_read::Repo;

/// How it is looked before it is planned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planning<'a> {
    pub(super) context: &'a Context,
    pub(super) repo: &'a Repo,
    /// Whether the remote is contacted.
    pub(super) contact: bool,
    /// Whether a trial signature is made where something will be signed.
    pub(super) try_key: bool,
}

/// What was asked of the end of a release.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EndingOptions {
    /// Whether the tag stays unsigned.
    pub(super) no_sign: bool,
    /// Whether binaries are built once.
    pub(super) build_once: bool,
    /// Whether the release branch stays.
    pub(super) keep_branch: bool,
    /// Whether integration is left alone.
    pub(super) no_merge_back: bool,
}

/// A plan with the findings that let it pass, or the findings that do not.
pub(super) type Planned<T> = Result<T, PlanError>;

impl Planning<'_> {
    /// Plans a release branch.
    ///
    /// # Errors
    /// Where there is nothing to look at; that checks refuse is an answer.
    pub(super) fn cut(&self, ask: Ask, switch: bool) -> Result<Planned<Cut>, Error> {
        let mut facts = self.facts(&self.look(Use::Cut, ask)?)?;
        let version = release_text::asked_version(&facts).ok();
        let entries = complete(&mut facts, version.as_ref())?;
        let request = CutRequest {
            entries: &entries,
            date: &date(facts.now)?,
            switch,
        };
        Ok(cut::plan(&facts, &request))
    }

    /// Plans the tag on production's tip.
    ///
    /// # Errors
    /// As [`Planning::cut`]; `Critical` where a tag stands there that does not hold.
    pub(super) fn tag(&self, ask: Ask, options: &EndingOptions) -> Result<Planned<Tag>, Error> {
        let look = Look {
            no_sign: options.no_sign,
            ..self.look(Use::Tag, ask)?
        };
        let mut facts = self.facts(&look)?;
        let version = facts.content.as_ref().and_then(Content::version);
        let entries = complete(&mut facts, version.as_ref())?;
        refuse_another_tag(self.repo, &facts, facts.source.commit)?;
        Ok(tag::plan(&facts, &self.tag_request(&entries, options)))
    }

    /// Plans the end of a release.
    ///
    /// # Errors
    /// As [`Planning::tag`].
    pub(super) fn finish(&self, ask: Ask, options: &EndingOptions) -> Result<Planned<(Plan, Vec<Finding>)>, Error> {
        let look = Look {
            no_sign: options.no_sign,
            merge_back: !options.no_merge_back,
            ..self.look(Use::Finish, ask)?
        };
        let mut facts = self.facts(&look)?;
        let version = facts.content.as_ref().and_then(Content::version);
        let entries = complete(&mut facts, version.as_ref())?;
        let merged = facts
            .ending
            .as_ref()
            .filter(|ending| ending.merged_already)
            .and_then(|ending| ending.production.tip());
        if let Some(commit) = merged {
            refuse_another_tag(self.repo, &facts, commit)?;
        }
        let request = FinishRequest {
            tag: self.tag_request(&entries, options),
            keep_branch: options.keep_branch,
        };
        Ok(finish::plan(&facts, &request))
    }

    fn tag_request<'e>(&self, entries: &'e str, options: &EndingOptions) -> TagRequest<'e> {
        TagRequest {
            entries,
            artifacts_dir: self.artifacts_dir(),
            repeat: if options.build_once {
                Repeat::Once
            } else {
                Repeat::Twice
            },
        }
    }

    fn look(&self, purpose: Use, ask: Ask) -> Result<Look, Error> {
        Ok(Look {
            purpose,
            ask,
            contact: self.contact,
            try_key: self.try_key,
            no_sign: false,
            merge_back: true,
            policy: self.context.named_policy()?,
        })
    }

    /// Observes. What cannot even be looked at may be the doing of a run that was left unfinished.
    fn facts(&self, look: &Look) -> Result<Facts, Error> {
        probe::facts(self.repo, look).map_err(|error| aftermath(self.repo, error))
    }

    /// `target/sentinel` of the working tree, or below the git directory of a bare repository.
    fn artifacts_dir(&self) -> PathBuf {
        let common = fs::canonical(&self.repo.common_dir());
        Places::below(&common).builds(self.repo.workdir().as_deref())
    }
}

/// Adds what only this room can know: the CHANGELOG with the section of the release. Gives the generated entries.
fn complete(facts: &mut Facts, version: Option<&Version>) -> Result<String, Error> {
    let entries = rendered_entries(facts)?;
    if let Some(content) = &facts.content
        && let Some(version) = version.filter(|version| version.pre.is_empty())
        && let Ok(file) = &content.changelog
    {
        let today = date(facts.now)?;
        let release = Release {
            version,
            entries: &entries,
            date: &today,
        };
        facts.changelog_after = Some(release_text::changelog_text(facts, content, file, &release));
    }
    Ok(entries)
}

/// A tag is never moved, and one that stands where the release goes must be the release's.
fn refuse_another_tag(repo: &Repo, facts: &Facts, commit: Oid) -> Result<(), Error> {
    let Some(version) = facts.content.as_ref().and_then(Content::version) else {
        return Ok(());
    };
    let Ok(name) = facts.policy.release.tag.tag_name(&version) else {
        return Ok(());
    };
    let Some(standing) = facts.refs.get(&name.full()) else {
        return Ok(());
    };
    if standing.peeled != commit {
        let message = format!("cannot tag {name} at {commit}: the tag exists at {}", standing.peeled);
        return Err(Error::new(Kind::Blocked, message).hint(format!(
            "git show {name}, and take the next version: cargo sentinel cut auto"
        )));
    }
    holds(repo, facts, &name, standing.id, commit)
}

fn holds(repo: &Repo, facts: &Facts, name: &TagName, id: Oid, commit: Oid) -> Result<(), Error> {
    let broken = |why: String| {
        Error::new(
            Kind::Critical,
            format!("the tag {name} stands at {commit} and is not this release's: {why}"),
        )
        .hint(format!("cargo sentinel verify {name}"))
    };
    let candidate = Candidate::standing(repo, name.clone(), id)?;
    match verify::fault(repo, &facts.policy, &candidate, facts.policy.release.allow_unsigned)? {
        Some(why) => Err(broken(why)),
        None => Ok(()),
    }
}
