//! Versions and constraints as Argo CD Image Updater reads them: by the Go library Masterminds/semver, v3.4, which takes more for a
//! version than SemVer does.
//!
//! The rules are those of its README, "Checking Version Constraints" and "Working With Prerelease Versions"; where that is silent,
//! of what it does. Which tag is picked is decided elsewhere.

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease, Version};

/// A tag read as a version: `v` before it and missing parts are fine, as are zeros before a number.
pub fn read(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag);
    let (text, metadata) = text
        .split_once('+')
        .map_or((text, None), |(text, metadata)| (text, Some(metadata)));
    let (numbers, pre) = text
        .split_once('-')
        .map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
    if pre == Some("")
        || metadata
            .is_some_and(|metadata| BuildMetadata::new(metadata).is_err() || metadata.is_empty())
    {
        return None;
    }
    let pre = Prerelease::new(pre.unwrap_or_default()).ok()?;
    let parts: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let at = |place: usize| parts.get(place).copied().unwrap_or(0);
    (parts.len() <= 3).then(|| Version {
        pre,
        ..Version::new(at(0), at(1), at(2))
    })
}

fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// Which versions are taken: one of several groups, and of that each comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    groups: Vec<Vec<Comparison>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    sign: Sign,
    to: Version,
    /// How many of the three numbers were written, and were numbers.
    known: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

impl Constraint {
    /// # Errors
    /// It is none, as the end of a sentence that begins with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            groups: text.split("||").map(group).collect::<Result<_, _>>()?,
        })
    }

    /// A group takes prereleases only where one of its comparisons names one.
    pub fn admits(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let takes_pre = version.pre.is_empty()
                || group.iter().any(|comparison| !comparison.to.pre.is_empty());
            takes_pre && group.iter().all(|comparison| comparison.holds(version))
        })
    }
}

fn group(text: &str) -> Result<Vec<Comparison>, String> {
    let spaced = text.replace(',', " ");
    let mut rest = spaced.trim();
    if rest.is_empty() {
        return Ok(vec![comparison(Sign::Equal, "*")?]);
    }
    let mut all: Vec<Comparison> = Vec::new();
    while !rest.is_empty() {
        // `1.2 - 2` is a range, both ends taken.
        if let (Some(behind), Some(last)) = (rest.strip_prefix("- "), all.last_mut()) {
            last.sign = Sign::GreaterOrEqual;
            let (word, behind) = word(behind.trim_start());
            all.push(comparison(Sign::LessOrEqual, word)?);
            rest = behind;
            continue;
        }
        let signs = rest.len()
            - rest
                .trim_start_matches(['=', '!', '<', '>', '~', '^'])
                .len();
        let sign = sign(&rest[..signs])
            .ok_or_else(|| format!("has {:?}, which compares nothing", &rest[..signs]))?;
        let (word, behind) = word(rest[signs..].trim_start());
        all.push(comparison(sign, word)?);
        rest = behind;
    }
    Ok(all)
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn sign(text: &str) -> Option<Sign> {
    Some(match text {
        "" | "=" => Sign::Equal,
        "!=" => Sign::NotEqual,
        ">" => Sign::Greater,
        "<" => Sign::Less,
        ">=" | "=>" => Sign::GreaterOrEqual,
        "<=" | "=<" => Sign::LessOrEqual,
        "~" | "~>" => Sign::Tilde,
        "^" => Sign::Caret,
        _ => return None,
    })
}

fn comparison(sign: Sign, text: &str) -> Result<Comparison, String> {
    let bad = || format!("has {text:?}, which is no version");
    let bare = text.strip_prefix('v').unwrap_or(text);
    let end = bare.find(['-', '+']).unwrap_or(bare.len());
    let parts: Vec<&str> = bare[..end].split('.').collect();
    let is_any = |part: &&str| matches!(*part, "x" | "X" | "*");
    if parts.len() > 3
        || !parts
            .iter()
            .all(|part| is_any(part) || (!part.is_empty() && number(part).is_some()))
    {
        return Err(bad());
    }
    let known = parts.iter().position(is_any).unwrap_or(parts.len());
    let numbers = if known == 0 {
        "0".to_owned()
    } else {
        parts[..known].join(".")
    };
    let to = read(&format!("{numbers}{}", &bare[end..])).ok_or_else(bad)?;
    Ok(Comparison { sign, to, known })
}

impl Comparison {
    fn holds(&self, version: &Version) -> bool {
        let Self { sign, to, known } = self;
        let order = version.cmp_precedence(to);
        let same_major = version.major == to.major;
        let same_minor = version.minor == to.minor;
        match sign {
            Sign::Equal if *known < 3 => self.is_near(version),
            Sign::Equal => order == Ordering::Equal,
            Sign::NotEqual => match known {
                1 => !same_major,
                2 => !same_major || !same_minor || version.pre != to.pre,
                _ => order != Ordering::Equal,
            },
            Sign::Greater => match known {
                1 => version.major > to.major,
                2 => (version.major, version.minor) > (to.major, to.minor),
                _ => order == Ordering::Greater,
            },
            Sign::Less => order == Ordering::Less,
            Sign::GreaterOrEqual => order != Ordering::Less,
            Sign::LessOrEqual => match known {
                1 => version.major <= to.major,
                0 | 2 => version.major < to.major || (same_major && version.minor <= to.minor),
                _ => order != Ordering::Greater,
            },
            Sign::Tilde => self.is_near(version),
            Sign::Caret => order != Ordering::Less && self.is_compatible(version),
        }
    }

    /// `~1.2.3`: no lower, and of the same minor line, or of the same major where no minor is written.
    fn is_near(&self, version: &Version) -> bool {
        let to = &self.to;
        let is_zero = (to.major, to.minor, to.patch) == (0, 0, 0) && !matches!(self.known, 1 | 2);
        let same = version.major == to.major && (version.minor == to.minor || self.known == 1);
        version.cmp_precedence(to) != Ordering::Less && (is_zero || same)
    }

    /// `^1.2.3`: the leftmost number that is not zero stays.
    fn is_compatible(&self, version: &Version) -> bool {
        let to = &self.to;
        if to.major > 0 || self.known == 1 {
            return version.major == to.major;
        }
        if version.major > 0 {
            return false;
        }
        if to.minor > 0 || self.known == 2 {
            return version.minor == to.minor;
        }
        version.minor == 0 && version.patch == to.patch
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
                .admits(&read(version).unwrap());
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
                read(tag).map(|version| version.to_string()).as_deref(),
                wanted,
                "{tag}"
            );
        }
    }
}
