//! Build ids: one name for everything that was built for a candidate, on all its platforms.
//!
//! `YYYY.MM.DD.HHMM-build.N-vVERSION-SHA7`, UTC. The time is the *commit's*, so that every machine, and every
//! re-run, arrives at the same id for the same commit and finds what was built already.

use std::fmt;

use jiff::civil::DateTime;

use crate::image::Platform;
use crate::version::{Spelling, Version};

/// A parsed build id. Ordered by time, then by number: the greatest is the newest build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildId {
    /// `YYYY.MM.DD.HHMM` in UTC; sorts as text.
    pub time: String,
    /// The run number of the CI, 0 on a laptop.
    pub number: u64,
    pub version: Version,
    /// The first seven digits of the commit.
    pub short_commit: String,
}

impl BuildId {
    /// Reads a build id; the error says which part is not as it should be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |part: &str| {
            format!(
                "build id {text:?}: {part} is wrong; wanted YYYY.MM.DD.HHMM-build.N-vVERSION-SHA7, such as 2025.10.25.1430-build.123-v0.1.0-abc1234"
            )
        };
        let (time, rest) = text
            .split_once("-build.")
            .ok_or_else(|| wrong("the part \"-build.\""))?;
        if !is_time(time) {
            return Err(wrong("the time"));
        }
        let (number, rest) = rest.split_once("-v").ok_or_else(|| wrong("the version"))?;
        let (version, short_commit) = rest.rsplit_once('-').ok_or_else(|| wrong("the commit"))?;
        if short_commit.len() != 7
            || !short_commit
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(wrong("the commit"));
        }
        Ok(Self {
            time: time.into(),
            number: number.parse().map_err(|_| wrong("the number"))?,
            version: Spelling::SemVer
                .read(version)
                .map_err(|_| wrong("the version"))?,
            short_commit: short_commit.into(),
        })
    }

    /// Reads an image tag that ends with one of `archs`; `None` for any other tag.
    pub fn read_image_tag<'a>(
        tag: &str,
        archs: impl Iterator<Item = &'a str>,
    ) -> Option<(Self, &'a str)> {
        archs.into_iter().find_map(|arch| {
            let stem = tag.strip_suffix(arch)?.strip_suffix('-')?;
            Some((Self::parse(stem).ok()?, arch))
        })
    }

    /// What newest means: by time, then by number.
    pub fn age_key(&self) -> (&str, u64) {
        (&self.time, self.number)
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-build.{}-v{}-{}",
            self.time,
            self.number,
            self.version.to_semver(),
            self.short_commit
        )
    }
}

/// What a platform is called at the end of an image tag: `amd64`, `armv7`; with the system before it where that is not Linux.
pub fn arch_suffix(platform: &Platform) -> String {
    let system = if platform.os == "linux" {
        String::new()
    } else {
        format!("{}-", platform.os)
    };
    format!(
        "{system}{}{}",
        platform.arch,
        platform.variant.as_deref().unwrap_or_default()
    )
}

fn is_time(text: &str) -> bool {
    let shape = b"dddd.dd.dd.dddd";
    let has_shape = text.len() == shape.len()
        && text.bytes().zip(shape).all(|(byte, shape)| {
            if *shape == b'd' {
                byte.is_ascii_digit()
            } else {
                byte == *shape
            }
        });
    has_shape && DateTime::strptime("%Y.%m.%d.%H%M", text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "2025.10.25.1430-build.123-v0.1.0-abc1234";

    #[test]
    fn the_example_of_the_design_round_trips() {
        let id = BuildId::parse(EXAMPLE).unwrap();
        assert_eq!(
            (id.time.as_str(), id.number, id.short_commit.as_str()),
            ("2025.10.25.1430", 123, "abc1234")
        );
        assert_eq!(id.to_string(), EXAMPLE);
        let prerelease = "2025.10.25.1430-build.0-v0.1.0-rc.1-abc1234";
        assert_eq!(BuildId::parse(prerelease).unwrap().to_string(), prerelease);
    }

    #[test]
    fn image_tags_are_read_by_the_known_architectures() {
        let tag = format!("{EXAMPLE}-arm64");
        let (id, arch) = BuildId::read_image_tag(&tag, ["amd64", "arm64"].into_iter()).unwrap();
        assert_eq!((id.to_string().as_str(), arch), (EXAMPLE, "arm64"));
        for foreign in [
            "0.1.0",
            "latest",
            "0.1.0-arm64",
            EXAMPLE,
            "2025.10.25.1430-build.123-v0.1.0-abc1234-riscv64",
        ] {
            assert_eq!(
                BuildId::read_image_tag(foreign, ["amd64", "arm64"].into_iter()),
                None,
                "{foreign}"
            );
        }
    }

    #[test]
    fn each_wrong_part_is_named() {
        for (text, part) in [
            ("nonsense", "-build."),
            ("25.10.25.1430-build.1-v0.1.0-abc1234", "the time"),
            ("2026.13.40.2561-build.1-v0.1.0-abc1234", "the time"),
            ("2025.10.25.1430-build.x-v0.1.0-abc1234", "the number"),
            ("2025.10.25.1430-build.1-v0.1-abc1234", "the version"),
            ("2025.10.25.1430-build.1-v0.1.0-abc123", "the commit"),
            ("2025.10.25.1430-build.1-v0.1.0-ABC1234", "the commit"),
        ] {
            assert!(
                BuildId::parse(text).unwrap_err().contains(part),
                "{text}: {}",
                BuildId::parse(text).unwrap_err()
            );
        }
    }
}
