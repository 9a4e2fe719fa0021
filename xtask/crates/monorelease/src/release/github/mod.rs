//! The GitHub release of a version: a draft, its files, and its publication, identified by its tag.
//!
//! GitHub numbers releases and files itself, and would make two drafts for one tag; its numbers are never in a plan.

mod files;
pub mod gather;
pub mod plan;
pub mod step;

use crate::config::trust::SbomFormat;
use crate::packages::PackageFile;
use crate::trust::{Policy, Subject};

/// The file that lists all others with their SHA-256, as `sha256sum` reads it.
pub const CHECKSUMS: &str = "SHA256SUMS";

/// The forge takes no larger file, in bytes.
pub const FILE_BYTES_MAX: u64 = 2 << 30;
/// What the last line of our texts begins with: a draft without it is somebody else's, and is left alone.
const MARK: &str = "Made by `cargo xtask release ";

/// What a release is to say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub title: String,
    pub body: String,
    /// What the forge would put the tag on if it had none yet.
    pub commit: String,
    pub is_prerelease: bool,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A path from the root of the repository.
    File(String),
    /// The list of an image's contents that is attached to its digest in the registry: the same wherever it is read.
    List {
        subject: Subject,
        format: SbomFormat,
        policy: Policy,
    },
    /// What is made of a package, in this run or before it. Its file has the name that the builder gives it.
    Package(Box<PackageFile>),
}

impl Source {
    /// Whether it is other bytes each time that it is made, such as a signature: the one that was published is the one that counts.
    pub fn differs_each_time(&self) -> bool {
        matches!(self, Self::Package(file) if matches!(**file, PackageFile::Bundle(..)))
    }
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its name at the forge; of a package's file, what it is, until there is the file.
    pub name: String,
    pub source: Source,
}

/// One effect on the forge's release of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgeRelease {
    /// `owner/name`.
    pub repository: String,
    pub tag: String,
    pub part: Part,
}

/// What of the release is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// There is one, be it a draft, and it says this.
    Draft(Told),
    /// It has this file.
    Asset(Asset),
    /// It has [`CHECKSUMS`] over these files, and over what else it holds.
    Checksums(Vec<Asset>),
    /// Everybody sees it; `is_latest` where it is to be the forge's latest as well.
    Published { is_latest: bool },
}

impl ForgeRelease {
    /// Whether this puts a file there.
    pub fn file(&self) -> Option<&str> {
        match &self.part {
            Part::Asset(asset) => Some(&asset.name),
            Part::Checksums(_) => Some(CHECKSUMS),
            Part::Draft(_) | Part::Published { .. } => None,
        }
    }
}

/// The line by which we know our own drafts again. It names the commit and no candidate: one commit can have several.
pub fn mark(project: &str, commit: &str) -> String {
    format!("{MARK}{project}` of {commit}.")
}

/// Whether a text is one of ours, whichever commit it was made of.
pub fn is_ours(body: &str) -> bool {
    body.trim_end()
        .lines()
        .next_back()
        .is_some_and(|line| line.starts_with(MARK))
}

/// A list of checksums as `sha256sum` writes it, sorted by name: `(name, hex digits)` of every file.
pub fn checksums<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    files.dedup();
    files
        .into_iter()
        .map(|(name, hex)| format!("{hex}  {name}\n"))
        .collect()
}

/// Reads such a list.
///
/// # Errors
/// The first line that is none of such a list.
pub fn read_checksums(text: &str) -> Result<Vec<(&str, &str)>, String> {
    text.lines()
        .enumerate()
        .map(|(place, line)| {
            let found = line
                .split_once(' ')
                .map(|(hex, name)| (name.trim_start_matches([' ', '*']), hex));
            let is_one = |(name, hex): &(&str, &str)| {
                !name.is_empty()
                    && hex.len() == 64
                    && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            };
            found.filter(is_one).ok_or_else(|| {
                format!(
                    "line {} of {CHECKSUMS} is {line:?}, wanted 64 hex digits and a name",
                    place + 1
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_checksums_is_sorted_and_read_again() {
        let one = "1".repeat(64);
        let two = "2".repeat(64);
        let text = checksums([
            ("b.whl", two.as_str()),
            ("a.tar.gz", one.as_str()),
            ("b.whl", two.as_str()),
        ]);
        assert_eq!(text, format!("{one}  a.tar.gz\n{two}  b.whl\n"));
        assert_eq!(
            read_checksums(&text).unwrap(),
            [("a.tar.gz", one.as_str()), ("b.whl", two.as_str())]
        );
        assert_eq!(
            read_checksums(&text.replace("  b", " *b")).unwrap().len(),
            2,
            "binary mode is the same file"
        );
        let error = read_checksums(&format!("{one}  a\n12  b\n")).unwrap_err();
        assert_eq!(
            error,
            "line 2 of SHA256SUMS is \"12  b\", wanted 64 hex digits and a name"
        );
        assert!(
            read_checksums(&format!("{one}\n")).is_err() && read_checksums("").unwrap().is_empty()
        );
    }

    #[test]
    fn our_texts_are_known_by_their_last_line() {
        assert!(is_ours(&format!("x\n\n{}\r\n", mark("api", "abc"))));
        assert!(!is_ours(&format!("{}\nmore", mark("api", "abc"))) && !is_ours(""));
    }
}
