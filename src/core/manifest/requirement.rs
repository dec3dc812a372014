//! Version requirements: moves one to a new version, keeping its operator and its precision.
//!
//! Follows Cargo's reading of requirements (the Cargo book, "Specifying Dependencies"). Knows nothing of files.

use semver::{Op, Version, VersionReq};

/// Why a requirement cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not a requirement.
    Malformed(String),
    /// It has several comparators or an upper bound, and does not admit the new version.
    Excludes,
}

/// The requirement with its version replaced by `new`.
///
/// Precision stays (`^0.1` to `^0.2`), as do wildcards (`0.1.*` to `0.2.*`), unless `new` is a pre-release: only a
/// comparator with a full version admits one, so `0.1` becomes `0.2.0-rc.1`, `0.1.*` becomes `~0.2.0-rc.1` and `*`
/// becomes `>=0.2.0-rc.1`. Upper bounds, `>` and lists of comparators stay as they are where they admit `new`.
pub(super) fn moved(requirement: &str, new: &Version) -> Result<String, Refusal> {
    let parsed = VersionReq::parse(requirement).map_err(|error| Refusal::Malformed(error.to_string()))?;
    let moved = match parsed.comparators.as_slice() {
        [] if new.pre.is_empty() => requirement.to_owned(),
        [] => format!(">={}", without_build(new)),
        [only] if matches!(only.op, Op::Greater | Op::Less | Op::LessEq) => requirement.to_owned(),
        [_] => moved_comparator(requirement, new),
        _ => requirement.to_owned(),
    };
    let admits = VersionReq::parse(&moved).is_ok_and(|moved| moved.matches(new));
    if admits { Ok(moved) } else { Err(Refusal::Excludes) }
}

/// Moves a comparator whose version is a lower bound.
fn moved_comparator(comparator: &str, new: &Version) -> String {
    let digits = comparator
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(comparator.len());
    let (operator, rest) = comparator.split_at(digits);
    let version = rest.trim_end();
    let padding = rest.strip_prefix(version).unwrap_or_default();
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let (numbers, wildcards): (Vec<_>, Vec<_>) = core
        .split('.')
        .partition(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    if !new.pre.is_empty() {
        let operator = match (wildcards.is_empty(), operator.trim().is_empty(), numbers.len()) {
            (false, true, 2) => "~",
            (false, true, _) => "^",
            _ => operator,
        };
        return format!("{operator}{}{padding}", without_build(new));
    }
    let moved = [new.major, new.minor, new.patch]
        .into_iter()
        .take(numbers.len())
        .map(|number| number.to_string());
    let parts: Vec<_> = moved.chain(wildcards.into_iter().map(str::to_owned)).collect();
    format!("{operator}{}{padding}", parts.join("."))
}

/// The version as requirements write it: Cargo ignores build metadata there, with a warning.
fn without_build(version: &Version) -> Version {
    Version {
        build: semver::BuildMetadata::EMPTY,
        ..version.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(requirement: &str, new: &str, expected: &str) {
        let got = moved(requirement, &Version::parse(new).unwrap()).unwrap_or_else(|refusal| format!("{refusal:?}"));
        assert_eq!(got, expected, "{requirement} to {new}");
    }

    #[test]
    fn operator_and_precision_stay() {
        for (requirement, expected) in [
            ("0.1.0", "0.2.0"),
            ("=0.1.0", "=0.2.0"),
            ("= 0.1.0", "= 0.2.0"),
            (" ^0.1 ", " ^0.2 "),
            ("~0.1.0", "~0.2.0"),
            ("0.1", "0.2"),
            ("0", "0"),
            (">=0.1.0", ">=0.2.0"),
            ("0.1.*", "0.2.*"),
            ("0.x", "0.x"),
            ("0.*.*", "0.*.*"),
            ("*", "*"),
            ("0.1.0-rc.1", "0.2.0"),
            ("0.1.0+meta", "0.2.0"),
        ] {
            check(requirement, "0.2.0", expected);
        }
        check("0.1", "1.0.0", "1.0");
        check("0.1.0", "0.2.0+build", "0.2.0");
    }

    #[test]
    fn a_pre_release_is_named_in_full() {
        for (requirement, expected) in [
            ("0.1", "0.2.0-rc.1"),
            ("=0.1", "=0.2.0-rc.1"),
            ("0.1.*", "~0.2.0-rc.1"),
            ("0.*", "^0.2.0-rc.1"),
            ("*", ">=0.2.0-rc.1"),
            (">= 0.1", ">= 0.2.0-rc.1"),
        ] {
            check(requirement, "0.2.0-rc.1", expected);
        }
    }

    #[test]
    fn bounds_stay_where_they_admit_the_version() {
        check(">=0.1.0, <0.3", "0.2.0", ">=0.1.0, <0.3");
        check(">0.1.0", "0.2.0", ">0.1.0");
        check("<1", "0.2.0", "<1");
        check(">=0.1.0, <0.2", "0.2.0", "Excludes");
        check("<=0.1.0", "0.2.0", "Excludes");
        check(">=0.1.0, <0.3", "0.2.0-rc.1", "Excludes");
        assert!(matches!(
            moved("banana", &Version::new(1, 0, 0)),
            Err(Refusal::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_text_is_moved_once_or_refused(requirement in "[=^~<> ]{0,2}[0-9x*.]{0,7}(-rc\\.[0-9])?( ?, ?<[0-9])?", pre in any::<bool>()) {
            let new = Version::parse(if pre { "3.2.1-rc.4" } else { "3.2.1" }).unwrap();
            if let Ok(once) = moved(&requirement, &new) {
                prop_assert!(VersionReq::parse(&once).unwrap().matches(&new));
                prop_assert_eq!(moved(&once, &new), Ok(once));
            }
        }
    }
}
