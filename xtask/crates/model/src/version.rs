//! The canonical version of a project, and the two ways files spell it.
//!
//! A version is SemVer. Python's files want PEP 440, which says some of the same things in other words
//! (`1.2.0-rc.1` is `1.2.0rc1`) and some things SemVer cannot say (epochs, post releases). This file
//! translates what has a meaning on both sides and refuses the rest by name; it never guesses.
//! It does not know files, tags or keys, and it does not decide which version comes next beyond the arithmetic
//! of a level.

use std::fmt;
use std::str::FromStr;

use pep440_rs::PrereleaseKind;

/// The largest number that may stand in MAJOR, MINOR or PATCH: 2^53 - 1, the limit of npm's `semver`.
/// A larger one would be unreadable to a `package.json` reader, and its successor might not fit at all.
pub const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// The prereleases that both spellings have: SemVer identifier, and how PEP 440 writes it before the number.
const PRERELEASES: [(&str, &str); 4] =
    [("alpha", "a"), ("beta", "b"), ("rc", "rc"), ("dev", ".dev")];

/// The canonical version: SemVer 2.0.0.
///
/// Order is SemVer precedence, then build metadata so that order and equality agree. For alpha, beta, rc and final
/// releases this is also PEP 440's order. It differs in one place: SemVer compares words by their letters and puts
/// `-dev.N` between beta and rc, PEP 440 puts `.devN` before alpha. SemVer's order is kept all the same: Cargo, npm
/// and every tool that sorts tags uses it, and a third order of our own would agree with nobody. A project
/// that goes from dev to alpha under one X.Y.Z should know that the two worlds disagree about which is newer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(semver::Version);

/// How a file spells versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// Cargo manifests, charts, package.json: `1.2.0-rc.1`.
    SemVer,
    /// pyproject.toml, version.py, uv.lock: `1.2.0rc1`.
    Pep440,
}

/// How far a version moves. Ordered by strength, so that the `max` of several reasons is the level to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// X.Y.Z+1: repairs only.
    Patch,
    /// X.Y+1.0: something new, nothing broken.
    Minor,
    /// X+1.0.0: something breaks.
    Major,
}

/// A version that cannot be read or written in the spelling asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpellingError {
    /// The text or version that was turned down, as it was given.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
    /// What would be accepted.
    pub wanted: String,
}

impl fmt::Display for SpellingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}; {}", self.text, self.why, self.wanted)
    }
}

impl std::error::Error for SpellingError {}

impl Version {
    /// Reads a SemVer version. No leading `v`, no missing parts: what Cargo refuses is refused here.
    ///
    /// # Errors
    /// The text is not SemVer, or one of its numbers is above [`LARGEST_NUMBER`].
    pub fn parse_semver(text: &str) -> Result<Self, SpellingError> {
        let version = semver::Version::parse(text).map_err(|error| SpellingError {
            text: text.to_owned(),
            why: format!("is not a SemVer version ({error})"),
            wanted: "wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1".to_owned(),
        })?;
        Self::bounded(version, text)
    }

    /// Reads any PEP 440 spelling that has a SemVer meaning: `1.2.0rc1`, `1.2.0.RC.1`, `v1.2` (which is 1.2.0).
    ///
    /// # Errors
    /// The text is not PEP 440, or says what SemVer cannot: an epoch, a local version, a post release, more than three
    /// release numbers, a development release of a prerelease.
    pub fn parse_pep440(text: &str) -> Result<Self, SpellingError> {
        let refused = |why: &str| SpellingError {
            text: text.to_owned(),
            why: why.to_owned(),
            wanted: "wanted X.Y.Z, X.Y.ZaN, X.Y.ZbN, X.Y.ZrcN or X.Y.Z.devN".to_owned(),
        };
        let python = pep440_rs::Version::from_str(text).map_err(|error| {
            // pep440_rs explains itself over several lines for some faults; the first says which.
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or("unknown reason").trim();
            refused(&format!("is not a PEP 440 version ({reason})"))
        })?;
        if python.epoch() != 0 {
            return Err(refused("has an epoch, which SemVer does not know"));
        }
        if python.is_local() {
            return Err(refused("has a local part, which is not released anywhere"));
        }
        if python.is_post() {
            return Err(refused("is a post release, which SemVer does not know"));
        }
        let release = python.release();
        if release.len() > 3 {
            return Err(refused("has more than three release numbers"));
        }
        let number = |at: usize| release.get(at).copied().unwrap_or(0);
        let mut version = semver::Version::new(number(0), number(1), number(2));
        let identifier = match (python.pre(), python.dev()) {
            (None, None) => None,
            (Some(pre), None) => Some(match pre.kind {
                PrereleaseKind::Alpha => format!("alpha.{}", pre.number),
                PrereleaseKind::Beta => format!("beta.{}", pre.number),
                PrereleaseKind::Rc => format!("rc.{}", pre.number),
            }),
            (None, Some(dev)) => Some(format!("dev.{dev}")),
            (Some(_), Some(_)) => {
                return Err(refused("is a development release of a prerelease"));
            }
        };
        if let Some(identifier) = identifier {
            version.pre = semver::Prerelease::new(&identifier)
                .map_err(|error| refused(&format!("has no SemVer prerelease ({error})")))?;
        }
        Self::bounded(version, text)
    }

    /// Whether the text is a version by PEP 440's own rules, whether or not it has a SemVer meaning.
    pub fn is_pep440(text: &str) -> bool {
        pep440_rs::Version::from_str(text).is_ok()
    }

    /// What stands behind a `+`, if anything does.
    pub fn build_metadata(&self) -> Option<&str> {
        (!self.0.build.is_empty()).then(|| self.0.build.as_str())
    }

    fn bounded(version: semver::Version, text: &str) -> Result<Self, SpellingError> {
        if version.major.max(version.minor).max(version.patch) > LARGEST_NUMBER {
            return Err(SpellingError {
                text: text.to_owned(),
                why: "has a number that is too large".to_owned(),
                wanted: format!("no number may be above {LARGEST_NUMBER}"),
            });
        }
        Ok(Self(version))
    }

    /// MAJOR.MINOR.PATCH alone.
    pub fn numbers(&self) -> String {
        format!("{}.{}.{}", self.0.major, self.0.minor, self.0.patch)
    }

    /// The SemVer spelling, which is also how a version is shown to people.
    pub fn to_semver(&self) -> String {
        self.0.to_string()
    }

    /// The normalised PEP 440 spelling.
    ///
    /// # Errors
    /// Build metadata, and every prerelease but `-alpha.N`, `-beta.N`, `-rc.N` and `-dev.N`. `-rc1` and `-rc` are refused
    /// too: SemVer holds them for other versions than `-rc.1` and `-rc.0`, and they would not come back the same.
    pub fn to_pep440(&self) -> Result<String, SpellingError> {
        let release = self.numbers();
        if !self.0.build.is_empty() {
            return Err(SpellingError {
                text: self.to_semver(),
                why: format!(
                    "has no PEP 440 spelling: `+{}` is build metadata",
                    self.0.build
                ),
                wanted: "leave it out".to_owned(),
            });
        }
        if self.0.pre.is_empty() {
            return Ok(release);
        }
        let spelled = self.0.pre.split_once('.').and_then(|(word, number)| {
            let (_, python) = PRERELEASES.iter().find(|(name, _)| *name == word)?;
            // PEP 440 has no bound, but its readers count in u64; SemVer has already refused leading zeros.
            let number: u64 = number.parse().ok()?;
            Some(format!("{release}{python}{number}"))
        });
        spelled.ok_or_else(|| SpellingError {
            text: self.to_semver(),
            why: format!(
                "has no PEP 440 spelling: its prerelease is `-{}`",
                self.0.pre
            ),
            wanted: match self.nearest_prerelease() {
                Some(nearest) => format!("write {release}-{nearest}"),
                None => "accepted are -alpha.N, -beta.N, -rc.N and -dev.N".to_owned(),
            },
        })
    }

    /// What was most likely meant by a prerelease such as `-rc1`, `-RC.1`, `-a.1` or `-beta`.
    pub fn nearest_prerelease(&self) -> Option<String> {
        let lower = self.0.pre.to_ascii_lowercase();
        let digits_at = lower.find(|c: char| c.is_ascii_digit());
        let (word, number) = lower.split_at(digits_at.unwrap_or(lower.len()));
        let word = word.trim_end_matches(['.', '-']);
        let (name, _) = PRERELEASES
            .iter()
            .find(|(name, short)| word == *name || word == *short)?;
        let number: u64 = if number.is_empty() {
            0
        } else {
            number.parse().ok()?
        };
        Some(format!("{name}.{number}"))
    }

    /// The version `level` above this one, as SemVer libraries count: a prerelease is still on its way to its own
    /// X.Y.Z, so a level that X.Y.Z already is leads there (`1.0.0-rc.1` by major is 1.0.0), and a
    /// stronger one goes past it (`1.2.1-rc.1` by minor is 1.3.0). Prerelease and build metadata go.
    pub fn bumped(&self, level: Level) -> Self {
        let from = &self.0;
        let pending = !from.pre.is_empty();
        let (major, minor, patch) = match level {
            Level::Major if pending && from.minor == 0 && from.patch == 0 => (from.major, 0, 0),
            Level::Major => (from.major + 1, 0, 0),
            Level::Minor if pending && from.patch == 0 => (from.major, from.minor, 0),
            Level::Minor => (from.major, from.minor + 1, 0),
            Level::Patch if pending => (from.major, from.minor, from.patch),
            Level::Patch => (from.major, from.minor, from.patch + 1),
        };
        Self(semver::Version::new(major, minor, patch))
    }

    /// Whether Python's tools put the two in another order than this one: only `-dev.N` against other prereleases of
    /// the same X.Y.Z.
    pub fn is_ordered_otherwise_by_python(&self, other: &Self) -> bool {
        let python = |version: &Self| pep440_rs::Version::from_str(&version.to_pep440().ok()?).ok();
        match (python(self), python(other)) {
            (Some(left), Some(right)) => left.cmp(&right) != self.cmp(other),
            _ => false,
        }
    }

    /// True for `1.2.0-rc.1` and its like, false for a stable release.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// The SemVer value, for requirements to be matched against.
    pub fn as_semver(&self) -> &semver::Version {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A version that a person typed, or that stands in a tag: SemVer.
impl FromStr for Version {
    type Err = SpellingError;

    fn from_str(text: &str) -> Result<Self, SpellingError> {
        Self::parse_semver(text)
    }
}

impl Spelling {
    /// Writes a version in this spelling.
    ///
    /// # Errors
    /// The version has no such spelling; see [`Version::to_pep440`].
    pub fn spell(self, version: &Version) -> Result<String, SpellingError> {
        match self {
            Self::SemVer => Ok(version.to_semver()),
            Self::Pep440 => version.to_pep440(),
        }
    }

    /// Reads a version in this spelling.
    ///
    /// # Errors
    /// See [`Version::parse_semver`] and [`Version::parse_pep440`].
    pub fn read(self, text: &str) -> Result<Version, SpellingError> {
        match self {
            Self::SemVer => Version::parse_semver(text),
            Self::Pep440 => Version::parse_pep440(text),
        }
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SemVer => "SemVer",
            Self::Pep440 => "PEP 440",
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

#[cfg(test)]
mod tests;
