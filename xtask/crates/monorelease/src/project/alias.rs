//! Names that are declared as moving (law 9): which tag a release's alias is, and which releases stand in one line for it.
//!
//! Everything here is about names and versions; what a registry holds under them is asked elsewhere.

use monorelease_model::build_id::BuildId;
use monorelease_model::image::is_image_tag;
use monorelease_model::version::Version;

/// The parts of a version that an alias may name, the longer one first.
const PARTS: [&str; 2] = ["{major}", "{minor}"];

/// One entry of `aliases`: `latest`, `{major}`, `{major}.{minor}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasPattern {
    text: String,
    line: Line,
}

/// Among which releases an alias names the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// All of the project.
    All,
    /// Those of one major version.
    Major,
    /// Those of one minor version.
    Minor,
}

impl AliasPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The text names one release or no tag at all; the sentence says what is wanted.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "{text:?} {why}; wanted a name such as \"latest\", \"{{major}}.{{minor}}\" or \"{{major}}\""
            ))
        };
        let line = match PARTS.map(|part| text.matches(part).count()) {
            [0, 0] => Line::All,
            [1, 0] => Line::Major,
            [1, 1] => Line::Minor,
            [0, _] => return wrong("names a minor version without its major one"),
            _ => return wrong("names a part of the version twice"),
        };
        let example = PARTS
            .iter()
            .fold(text.to_owned(), |name, part| name.replace(part, "1"));
        if !is_image_tag(&example) {
            return wrong("makes no image tag");
        }
        let is_release =
            (1..=example.len()).any(|end| Version::parse_semver(&example[..end]).is_ok());
        if is_release || BuildId::parse(&example).is_ok() {
            return wrong("looks like the name of one release or build, and those never move");
        }
        if line == Line::All
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return wrong("is a number that no version would change");
        }
        Ok(Self {
            text: text.to_owned(),
            line,
        })
    }

    /// The tag that this alias of a release is.
    pub fn name(&self, version: &Version) -> String {
        let version = version.as_semver();
        self.text
            .replace(PARTS[0], &version.major.to_string())
            .replace(PARTS[1], &version.minor.to_string())
    }

    /// Whether both versions would have the same tag by this pattern: then the higher one has it.
    pub fn is_one_line(&self, left: &Version, right: &Version) -> bool {
        let left = left.as_semver();
        let right = right.as_semver();
        match self.line {
            Line::All => true,
            Line::Major => left.major == right.major,
            Line::Minor => (left.major, left.minor) == (right.major, right.minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse_semver(text).unwrap()
    }

    #[test]
    fn a_pattern_makes_the_tag_and_the_line() {
        for (pattern, name, same, other) in [
            ("latest", "latest", "0.9.0", None),
            ("{major}", "1", "1.9.9", Some("2.0.0")),
            ("{major}.{minor}", "1.2", "1.2.9", Some("1.3.0")),
            ("v{major}-stable", "v1-stable", "1.0.0", Some("0.1.2")),
        ] {
            let alias = AliasPattern::parse(pattern).unwrap();
            let ours = version("1.2.3");
            assert_eq!(alias.name(&ours), name);
            assert!(alias.is_one_line(&ours, &version(same)), "{pattern}");
            assert!(
                other.is_none_or(|other| !alias.is_one_line(&ours, &version(other))),
                "{pattern}"
            );
        }
    }

    #[test]
    fn law_9_what_never_moves_is_no_alias() {
        for (pattern, why) in [
            ("{minor}", "without its major"),
            ("{major}.{major}", "twice"),
            ("{major}.{minor}.0", "never move"),
            ("1.2.3", "never move"),
            ("1.2.3-amd64", "never move"),
            ("{major}.{minor}.{patch}", "no image tag"),
            ("{version}", "no image tag"),
            ("la test", "no image tag"),
            ("", "no image tag"),
            ("0.2", "a number that no version would change"),
            ("2025.10.25.1430-build.1-v0.1.0-abc1234", "never move"),
        ] {
            let error = AliasPattern::parse(pattern).unwrap_err();
            assert!(error.contains(why), "{pattern}: {error}");
        }
    }
}
