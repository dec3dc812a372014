//! Names with a version in them: `v{version}`, `{package}-v{version}`, `release/v{version}`.

use std::fmt;

use semver::Version;

use super::name::TagGlob;
use crate::core::ids::{BranchName, InvalidName, TagName};

/// A tag's or branch's name with `{version}` once in it, and `{package}` at most once.
///
/// For a version `v`, `parse(render(v))` is `v`, and a name that parses is the one that its version renders to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    before: Vec<Part>,
    after: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Package,
}

/// Why a text is no template, or a template gives no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `{version}` is missing.
    #[error("the template needs `{{version}}`")]
    NoVersion,
    /// A placeholder stands twice.
    #[error("the template has `{{{0}}}` twice")]
    Twice(&'static str),
    /// A placeholder is neither `{version}` nor `{package}`.
    #[error("the template has an unknown placeholder `{{{0}}}`: known are `{{version}}` and `{{package}}`")]
    Unknown(String),
    /// A brace has no partner.
    #[error("the template has a brace without its partner")]
    Brace,
    /// git refuses the names that the template gives.
    #[error("the template gives names that git refuses, such as this one: {0}")]
    Refused(#[from] InvalidName),
    /// The template names a package, and none was given.
    #[error("the template has `{{package}}`, but the repository has one version for all its packages")]
    NoPackage,
}

impl Template {
    /// Reads the template of a tag.
    ///
    /// # Errors
    /// When the placeholders are not as they should be, or git would refuse the tags.
    pub fn tag(text: &str) -> Result<Self, TemplateError> {
        let template = Self::read(text)?;
        template.for_package("package").tag_name(&sample())?;
        Ok(template)
    }

    /// Reads the template of a branch.
    ///
    /// # Errors
    /// When the placeholders are not as they should be, or git would refuse the branches.
    pub fn branch(text: &str) -> Result<Self, TemplateError> {
        let template = Self::read(text)?;
        template.for_package("package").branch_name(&sample())?;
        Ok(template)
    }

    /// `<before>{version}`.
    pub fn around_version(before: &str) -> Self {
        Self {
            before: vec![Part::Literal(before.to_owned())],
            after: Vec::new(),
        }
    }

    fn read(text: &str) -> Result<Self, TemplateError> {
        let (before, after) = text.split_once("{version}").unwrap_or((text, ""));
        let template = Self {
            before: parts(before)?,
            after: parts(after)?,
        };
        if !text.contains("{version}") {
            return Err(TemplateError::NoVersion);
        }
        let packages = template.parts().filter(|part| **part == Part::Package);
        if packages.count() > 1 {
            return Err(TemplateError::Twice("package"));
        }
        Ok(template)
    }

    /// The template with `{package}` replaced.
    #[must_use]
    pub fn for_package(&self, name: &str) -> Self {
        let resolve = |parts: &[Part]| {
            let resolved = parts.iter().map(|part| match part {
                Part::Literal(text) => Part::Literal(text.clone()),
                Part::Package => Part::Literal(name.to_owned()),
            });
            resolved.collect()
        };
        Self {
            before: resolve(&self.before),
            after: resolve(&self.after),
        }
    }

    /// Whether `{package}` is still to be replaced.
    pub fn needs_package(&self) -> bool {
        self.parts().any(|part| *part == Part::Package)
    }

    /// The name for a version; `{package}` stays as it is where no package was given.
    pub fn render(&self, version: &Version) -> String {
        format!("{}{version}{}", Text(&self.before), Text(&self.after))
    }

    /// The tag's name for a version.
    ///
    /// # Errors
    /// [`TemplateError::NoPackage`], or [`TemplateError::Refused`] where this version's name is one that git refuses
    /// (`1.0.0-x.lock`).
    pub fn tag_name(&self, version: &Version) -> Result<TagName, TemplateError> {
        Ok(TagName::new(self.name(version)?)?)
    }

    /// The branch's name for a version.
    ///
    /// # Errors
    /// As [`Template::tag_name`].
    pub fn branch_name(&self, version: &Version) -> Result<BranchName, TemplateError> {
        Ok(BranchName::new(self.name(version)?)?)
    }

    fn name(&self, version: &Version) -> Result<String, TemplateError> {
        if self.needs_package() {
            return Err(TemplateError::NoPackage);
        }
        Ok(self.render(version))
    }

    /// The version in a name that the template gives; `None` for every other name, `v1` and `v01.0.0` among them.
    pub fn parse(&self, name: &str) -> Option<Version> {
        if self.needs_package() {
            return None;
        }
        let text = name.strip_prefix(Text(&self.before).to_string().as_str())?;
        let text = text.strip_suffix(Text(&self.after).to_string().as_str())?;
        let version = Version::parse(text).ok()?;
        (version.to_string() == text).then_some(version)
    }

    /// Whether a name is one that the template gives, or that is easily taken for one: in the version's place, whatever the
    /// package, stand at least two numbers with a dot between them. `v1.2` and `v01.2.3` are such names; `vendor-2020` is not, nor
    /// is `v1`, which many projects move along with their releases.
    pub fn resembles(&self, name: &str) -> bool {
        let open = self.for_package("*");
        let before = TagGlob::of(Text(&open.before).to_string());
        let after = TagGlob::of(format!("*{}", Text(&open.after)));
        let mut places = name.char_indices().map(|(at, _)| name.split_at(at));
        places.any(|(head, rest)| before.matches(head) && starts_with_numbers(rest) && after.matches(rest))
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.before.iter().chain(&self.after)
    }
}

/// Whether a text begins with two numbers and a dot between them.
fn starts_with_numbers(text: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    digit(text) && rest.strip_prefix('.').is_some_and(digit)
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{version}}{}", Text(&self.before), Text(&self.after))
    }
}

/// Parts as they are written.
struct Text<'a>(&'a [Part]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Package => f.write_str("{package}"),
        })
    }
}

/// Takes apart the text on one side of `{version}`.
fn parts(text: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, opened)) = rest.split_once('{') {
        let (name, after) = opened.split_once('}').ok_or(TemplateError::Brace)?;
        match name {
            "package" => parts.extend([Part::Literal(literal.to_owned()), Part::Package]),
            "version" => return Err(TemplateError::Twice("version")),
            _ => return Err(TemplateError::Unknown(name.chars().take(40).collect())),
        }
        rest = after;
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts.retain(|part| *part != Part::Literal(String::new()));
    let stray = |part: &Part| matches!(part, Part::Literal(text) if text.contains('}'));
    if parts.iter().any(stray) {
        return Err(TemplateError::Brace);
    }
    Ok(parts)
}

/// A version with all that a version may hold.
fn sample() -> Version {
    Version {
        pre: semver::Prerelease::new("rc.1").unwrap_or_default(),
        build: semver::BuildMetadata::new("build.5").unwrap_or_default(),
        ..Version::new(1, 2, 3)
    }
}
