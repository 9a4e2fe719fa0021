//! Files of a Python package: what their names say, and which of them a release is made of.
//!
//! A name is `{name}-{version}.tar.gz` or `{name}-{version}(-{build})-{python}-{abi}-{platform}.whl`. Nothing here opens a file.

use std::fmt;

/// One file that a release of a package consists of, by names that are known before it is built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// The sources.
    Sdist,
    /// The wheel that the project's build backend makes, wherever it runs.
    Wheel,
    /// The wheel that maturin makes for a Rust target triple.
    WheelFor(String),
}

impl Artifact {
    /// A word that stays the same from run to run and is good for a file's name.
    pub fn word(&self) -> &str {
        match self {
            Self::Sdist => "sdist",
            Self::Wheel => "wheel",
            Self::WheelFor(target) => target,
        }
    }

    /// Whether a file of this name is this artifact of this release.
    pub fn is(&self, file: &FileName) -> bool {
        match (self, &file.wheel) {
            (Self::Sdist, None) => true,
            (Self::Wheel, Some(_)) => true,
            (Self::WheelFor(target), Some(tags)) => {
                tags.platform.split('.').any(|tag| fits(tag, target))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sdist => f.write_str("the sdist"),
            Self::Wheel => f.write_str("the wheel"),
            Self::WheelFor(target) => write!(f, "the wheel for {target}"),
        }
    }
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    pub whole: String,
    /// As it is written there.
    pub name: String,
    /// As it is written there, in Python's spelling.
    pub version: String,
    /// `None` for an sdist.
    pub wheel: Option<WheelTags>,
}

/// What a wheel says it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelTags {
    pub python: String,
    pub abi: String,
    pub platform: String,
}

impl FileName {
    /// Reads a name; `None` for what is neither a wheel nor an sdist.
    pub fn read(whole: &str) -> Option<Self> {
        let made = |name: &str, version: &str, wheel| {
            let is_plain = |word: &str| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "._+!-".contains(c))
            };
            (is_plain(name) && is_plain(version)).then(|| Self {
                whole: whole.into(),
                name: name.into(),
                version: version.into(),
                wheel,
            })
        };
        if let Some(stem) = whole.strip_suffix(".whl") {
            let parts: Vec<_> = stem.split('-').collect();
            let (name, version, tags) = match parts[..] {
                [name, version, python, abi, platform] => (name, version, (python, abi, platform)),
                [name, version, _build, python, abi, platform] => {
                    (name, version, (python, abi, platform))
                }
                _ => return None,
            };
            let python = tags.0.to_owned();
            let abi = tags.1.to_owned();
            let platform = tags.2.to_owned();
            return made(
                name,
                version,
                Some(WheelTags {
                    python,
                    abi,
                    platform,
                }),
            );
        }
        let (name, version) = whole.strip_suffix(".tar.gz")?.rsplit_once('-')?;
        made(name, version, None)
    }

    /// Whether it is of this package, however either is written.
    pub fn is_of(&self, name: &str, version: &str) -> bool {
        normalised(&self.name) == normalised(name) && self.version == version
    }
}

/// A package name as PEP 503 compares it: lower case, and each run of `-`, `_` and `.` one `-`.
pub fn normalised(name: &str) -> String {
    // Locks hold nothing but such names, by the thousand.
    let is_so = name
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !name.contains("--");
    if is_so && !name.starts_with('-') && !name.ends_with('-') {
        return name.to_owned();
    }
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Whether a wheel's platform tag is of a Rust target triple.
fn fits(tag: &str, target: &str) -> bool {
    let (arch, system) = target.split_once('-').unwrap_or((target, ""));
    let is_musl = system.contains("musl");
    if system.contains("linux") {
        let kind = if is_musl {
            tag.starts_with("musllinux_")
        } else {
            tag.starts_with("manylinux")
        };
        let arch = match arch {
            "i686" | "i586" => "i686",
            "armv7" => "armv7l",
            "powerpc64le" => "ppc64le",
            other => other,
        };
        return (kind || tag.starts_with("linux_")) && tag.ends_with(&format!("_{arch}"));
    }
    if system.contains("apple-darwin") {
        let arch = if arch == "aarch64" { "arm64" } else { arch };
        return tag.starts_with("macosx_")
            && (tag.ends_with(&format!("_{arch}")) || tag.ends_with("_universal2"));
    }
    system.contains("windows")
        && tag
            == if arch == "x86_64" {
                "win_amd64"
            } else if arch == "aarch64" {
                "win_arm64"
            } else {
                "win32"
            }
}

/// A file at an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    pub name: FileName,
    /// Where it can be fetched.
    pub url: String,
    /// Lower-case hex; `None` where the index does not say.
    pub sha256: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_the_files_are() {
        let wheel = FileName::read("percolate_rocks-0.2.0rc1-cp310-abi3-manylinux_2_34_x86_64.whl")
            .unwrap();
        assert!(
            wheel.is_of("Percolate.Rocks", "0.2.0rc1") && !wheel.is_of("percolate-rocks", "0.2.0")
        );
        assert_eq!(wheel.wheel.as_ref().unwrap().abi, "abi3");
        assert!(
            Artifact::WheelFor("x86_64-unknown-linux-gnu".into()).is(&wheel)
                && Artifact::Wheel.is(&wheel)
        );
        assert!(
            !Artifact::WheelFor("aarch64-unknown-linux-gnu".into()).is(&wheel)
                && !Artifact::Sdist.is(&wheel)
        );
        let sdist = FileName::read("a-b-1.0.tar.gz").unwrap();
        assert_eq!(
            (
                sdist.name.as_str(),
                sdist.version.as_str(),
                Artifact::Sdist.is(&sdist)
            ),
            ("a-b", "1.0", true)
        );
        assert!(
            FileName::read("a-1.0-1-py3-none-any.whl")
                .unwrap()
                .wheel
                .is_some(),
            "a build tag"
        );
        for other in [
            "a.whl",
            "a-1.0.zip",
            "../a-1.0.tar.gz",
            "a-1.0 .tar.gz",
            "-1.0.tar.gz",
            "index.html",
            "a-1.0.tar.gz.sigstore.json",
        ] {
            assert_eq!(FileName::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_tag_is_told_from_those_of_other_targets() {
        let targets = [
            "x86_64-unknown-linux-gnu",
            "aarch64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "x86_64-apple-darwin",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-msvc",
        ];
        let of = |tag: &str| {
            targets
                .iter()
                .filter(|target| fits(tag, target))
                .copied()
                .collect::<Vec<_>>()
        };
        assert_eq!(of("manylinux_2_17_aarch64"), ["aarch64-unknown-linux-gnu"]);
        assert_eq!(of("musllinux_1_2_x86_64"), ["x86_64-unknown-linux-musl"]);
        assert_eq!(of("macosx_11_0_arm64"), ["aarch64-apple-darwin"]);
        assert_eq!(
            of("macosx_10_12_universal2"),
            ["x86_64-apple-darwin", "aarch64-apple-darwin"]
        );
        assert_eq!(of("win_amd64"), ["x86_64-pc-windows-msvc"]);
        assert_eq!(of("any"), Vec::<&str>::new());
    }

    #[test]
    fn names_are_compared_as_indexes_do() {
        assert_eq!(normalised("Demo.Pkg__x"), "demo-pkg-x");
    }
}
