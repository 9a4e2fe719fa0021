//! Versions and constraints as the Go library Masterminds/semver 3.4 reads them: Helm and Argo CD Image Updater use it.
//!
//! No crate has its rules. Partial versions, `~0.0.0` and prereleases mean something else to Cargo and to npm.

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease, Version};

use super::ranges::{self, Comparator, Op};
use super::requirement::RequirementKind;

/// A tag read as a version, as `NewVersion` coerces it: a `v` before it, missing parts and leading zeros are accepted.
pub fn read_version(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag);
    let (text, metadata) = match text.split_once('+') {
        Some((text, metadata)) => (text, Some(metadata)),
        None => (text, None),
    };
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (text, None),
    };
    let is_metadata = |text| BuildMetadata::new(text).is_ok_and(|read| !read.is_empty());
    if pre == Some("") || !metadata.is_none_or(is_metadata) {
        return None;
    }
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let parts: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let part = |at: usize| parts.get(at).copied().unwrap_or(0);
    (parts.len() <= 3).then_some(Version {
        pre: Prerelease::new(pre.unwrap_or_default()).ok()?,
        ..Version::new(part(0), part(1), part(2))
    })
}

/// Which versions are taken: those of one alternative, of which every comparator holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    alternatives: Vec<Vec<Comparator>>,
}

impl Constraint {
    /// Reads a constraint; an empty one is `*`.
    ///
    /// # Errors
    /// The text is not a constraint. The error says why, in words that follow "cannot be read:".
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = if text.trim().is_empty() { "*" } else { text };
        let alternatives = ranges::parse(RequirementKind::Chart, text)?;
        Ok(Self { alternatives })
    }

    /// Whether a version is taken. An alternative takes prereleases only if one of its comparators names one.
    pub fn admits(&self, version: &Version) -> bool {
        let is_named = |comparator: &Comparator| !comparator.pre.is_empty();
        self.alternatives.iter().any(|comparators| {
            (version.pre.is_empty() || comparators.iter().any(is_named))
                && comparators.iter().all(|one| holds(one, version))
        })
    }
}

/// Whether a comparator holds by the order of versions alone.
pub(super) fn holds(comparator: &Comparator, version: &Version) -> bool {
    // How many of the three numbers are written, and are numbers.
    let known = comparator.numbers.len();
    let to = floor(comparator);
    let order = version.cmp_precedence(&to);
    let same_major = version.major == to.major;
    let same_minor = version.minor == to.minor;
    match comparator.op {
        Op::Bare | Op::Equal | Op::Identical if known == 3 => order == Ordering::Equal,
        // A partial version is a `~` version.
        Op::Bare | Op::Equal | Op::Identical | Op::Tilde | Op::Compatible => {
            let is_zero = (to.major, to.minor, to.patch) == (0, 0, 0) && !matches!(known, 1 | 2);
            order.is_ge() && (is_zero || same_major && (same_minor || known == 1))
        }
        Op::NotEqual => match known {
            1 => !same_major,
            2 => !same_major || !same_minor || version.pre != to.pre,
            _ => order != Ordering::Equal,
        },
        Op::Greater => match known {
            1 => version.major > to.major,
            2 => (version.major, version.minor) > (to.major, to.minor),
            _ => order == Ordering::Greater,
        },
        Op::Less => order == Ordering::Less,
        Op::GreaterEqual => order.is_ge(),
        Op::LessEqual => match known {
            1 => version.major <= to.major,
            0 | 2 => (version.major, version.minor) <= (to.major, to.minor),
            _ => order.is_le(),
        },
        Op::Caret => order.is_ge() && is_compatible(version, &to, known),
    }
}

/// `^1.2.3`: the leftmost number that is not zero stays.
fn is_compatible(version: &Version, to: &Version, known: usize) -> bool {
    if to.major > 0 || known == 1 {
        version.major == to.major
    } else if to.minor > 0 || known == 2 {
        (version.major, version.minor) == (0, to.minor)
    } else {
        (version.major, version.minor, version.patch) == (0, 0, to.patch)
    }
}

/// The version that a comparator names, zeros for what is not written.
pub(super) fn floor(comparator: &Comparator) -> Version {
    let number = |at: usize| comparator.numbers.get(at).copied().unwrap_or(0);
    Version {
        pre: comparator.pre.clone(),
        ..Version::new(number(0), number(1), number(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of Masterminds/semver, `constraints_test.go` (`TestConstraintCheck`, `TestConstraintsCheck`), by their names there.
    #[test]
    fn constraints_admit_what_the_library_admits() {
        for (constraint, version, wanted) in [
            ("=2.0", "2.0.1", true),
            ("4.1", "4.1.0", true),
            ("!=4.1.0", "4.1.1", true),
            ("!=4.1", "4.1.1", false),
            ("!=4.1", "5.1.0-alpha.1", false),
            ("!=4.1-alpha", "4.1.0", true),
            ("<11", "11.1.0", false),
            ("<=11", "11.2.3", true),
            ("<=1.1", "1.1.1", true),
            ("<=1.1", "1.2.3", false),
            (">0", "0.0.1-alpha", false),
            (">0.0.0-0", "0.0.0-alpha", true),
            (">11", "11.1.0", false),
            (">11.1", "11.2.1", true),
            (">=11.1", "11.0.2", false),
            (">=0-0", "0.0.1-alpha", true),
            ("<0-z", "0.0.0-alpha", true),
            ("*", "4.5.6", true),
            ("*", "1.2.3-alpha.1", false),
            ("*-0", "1.2.3-alpha.1", true),
            ("2.*", "3.4.5", false),
            ("2.1.*", "2.1.1", true),
            ("", "1.2.3-alpha.1", false),
            ("", "4.5.6", true),
            ("~1.2.3", "1.3.4", false),
            ("~1", "1.2.4", true),
            ("~1.2.3-beta.2", "1.2.4-beta.2", true),
            ("^1.2.3", "1.8.9", true),
            ("^1.2.0", "1.2.1-alpha.1", false),
            ("^1.2.0-alpha.0", "1.2.1-alpha.1", true),
            ("^0.2.3", "0.5.6", false),
            ("^0.0.3", "0.0.4", false),
            ("^0.0", "0.0.3", true),
            ("^0", "0.2.3", true),
            ("~0.0.0", "1.2.3", true),
            ("0.0.x", "1.2.3", false),
            ("<1.1.x", "1.0.500", true),
            (">=1.1, <2, !=1.2.3", "1.2.3", false),
            (">=1.1 <2 !=1.2.3 || > 3", "4.1.2", true),
            (">=1.1, <2, !=1.2.3 || > 3", "3.1.2", false),
            (">= 1.0.0  <= 2.0.0-beta", "1.0.1-beta", true),
            (">= 1.0.0  <= 2.0.0-beta || > 3", "3.0.1-beta", false),
            ("1.1 - 2", "1.1.1", true),
            ("1.5.0 - 4.5", "3.7.0", true),
            ("^2.x", "1.1.1", false),
            ("v1.2", "1.2.7", true),
        ] {
            let found = Constraint::parse(constraint)
                .unwrap()
                .admits(&read_version(version).unwrap());
            assert_eq!(found, wanted, "{constraint:?} {version}");
        }
        for bad in [
            "foo",
            ">= bar",
            "12.3.4.1234",
            "=~ 1",
            "v1.2.3-beta.01",
            "latest",
        ] {
            assert!(Constraint::parse(bad).is_err(), "{bad}");
        }
    }

    /// What our own tags are to it: `NewVersion` of the same library, which coerces.
    #[test]
    fn tags_are_versions_as_the_library_coerces_them() {
        for (tag, wanted) in [
            ("0.2.0", Some("0.2.0")),
            ("v0.2.0", Some("0.2.0")),
            ("0.2", Some("0.2.0")),
            ("1", Some("1.0.0")),
            ("0.2.0-amd64", Some("0.2.0-amd64")),
            ("2025.10.25", Some("2025.10.25")),
            ("2025.01.05-build.7", Some("2025.1.5-build.7")),
            ("1234567", Some("1234567.0.0")),
            ("20251025-1430", None.or(Some("20251025.0.0-1430"))),
            ("2025.10.25.1430-build.123-v0.1.0-abc1234-amd64", None),
            ("latest", None),
            ("abc1234", None),
            ("1.0.0-rc.01", None),
            ("", None),
        ] {
            assert_eq!(
                read_version(tag)
                    .map(|version| version.to_string())
                    .as_deref(),
                wanted,
                "{tag}"
            );
        }
    }
}
