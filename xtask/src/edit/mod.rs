//! Pure edits of other tools' files: find the characters of a version, replace them, leave every other byte.
//!
//! Each editor is a *locator*: it turns a text into the byte range of the version's own characters. One function,
//! [`splice`], does all changing, so that comments, order, quotes, line ends, byte order marks and trailing newlines
//! survive by construction. Nothing here opens a file, knows a file's place, or decides which version to write.

mod bars;
mod cargo;
mod cargo_shared;
pub mod changelog;
pub mod changelog_release;
mod charts;
mod error;
mod json;
pub mod ledger;
mod lock_graph;
mod lock_graph_npm;
mod lock_graph_uv;
mod locks;
mod locks_npm;
mod locks_poetry;
mod locks_uv;
mod pins;
mod pins_key;
mod pins_tree;
pub mod pull_request;
mod pyproject;
mod python;
mod python_tokens;
mod ranges;
mod registry_file;
mod requirements;
mod requirements_admit;
mod requirements_move;
mod requirements_npm;
mod requirements_python;
pub mod secret_names;
mod text;
mod toml;
mod updaters;
mod yaml;
mod yaml_nodes;

use std::ops::Range;

use crate::model::version::{Spelling, Version};

pub use bars::{BARS_FILE, add_bar, read_bars, remove_bars};
pub use cargo::cargo_package;
pub use cargo_shared::{Inherited, SharedKeys, inherited, shared_keys};
pub use charts::{ChartDependency, chart_lock_entries, chart_requirements};
pub use error::EditError;
pub use lock_graph::lock_graph;
pub use locks::{LockFile, LockKind, LockedPackage, LockedRequirement, read_lock};
pub use pins::{PinPlace, PinQuery, find_pins, set_pins};
pub use pyproject::python_package;
pub use registry_file::registry_file;
pub use requirements::{Requirement, RequirementKind, cargo_folders, requirements};
pub use requirements_admit::{admits, is_same};
pub use requirements_move::moved;
pub use requirements_python::normalised;
pub use updaters::{Followed, Updaters, read_updaters};

/// How the version is found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locator<'a> {
    /// Cargo.toml: `package.version`, or `workspace.package.version`.
    CargoManifest,
    /// pyproject.toml: `project.version`, `tool.poetry.version`, or both.
    Pyproject,
    /// A Python module that assigns one plain string to this name at its top level.
    Python {
        /// The assigned name.
        name: &'a str,
    },
    /// A file that holds the version and nothing else.
    WholeText,
    /// package.json: `version`.
    PackageJson,
    /// A dotted path of keys in a TOML text; a key with a dot in it is quoted, as TOML does.
    TomlKey(&'a str),
    /// A dotted path of keys in a JSON text; a number counts into an array.
    JsonKey(&'a str),
    /// A path of keys in a YAML text, as [`crate::model::key_path`] reads it: `images[name=reading].newTag`.
    YamlKey(&'a str),
    /// The version where `{version}` stands in otherwise literal text.
    Pattern(&'a str),
}

/// A version as it is written in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The bytes of the version's own characters: no quotes, no blanks.
    pub span: Range<usize>,
    /// Those characters, as they are written.
    pub text: String,
    /// Where that is, in the file's own terms: `package.version`.
    pub key: String,
    /// The spelling that this place wants.
    pub spelling: Spelling,
}

#[cfg(test)]
impl Locator<'static> {
    /// `__version__`, the name that Python's packaging guides settled on.
    pub const PYTHON: Self = Self::Python {
        name: "__version__",
    };
}

impl Located {
    fn new(text: &str, span: Range<usize>, key: &str, spelling: Spelling) -> Self {
        Self {
            text: text[span.clone()].to_owned(),
            span,
            key: key.to_owned(),
            spelling,
        }
    }

    /// A place of Python's. PEP 440 readers pass over a `v` before the version; an edit leaves it there.
    fn pep440(text: &str, span: Range<usize>, key: &str) -> Self {
        let prefixed = behind_v(&text[span.clone()]).is_some();
        Self::new(
            text,
            span.start + usize::from(prefixed)..span.end,
            key,
            Spelling::Pep440,
        )
    }

    /// A place that may hold either spelling keeps the one it has. What both can read is SemVer, the canonical one;
    /// PEP 440 readers take it too (`1.2.0-rc.1` normalises to `1.2.0rc1`). A `v` before the version is the place's own
    /// custom and no part of the version. A word such as `v8` is left whole, for the place may hold a name.
    fn inferred(text: &str, span: Range<usize>, key: &str) -> Self {
        let found = &text[span.clone()];
        let bare = behind_v(found)
            .filter(|rest| rest.contains('.') && (is_semver(rest) || is_pep440(rest)));
        let start = span.end - bare.unwrap_or(found).len();
        let found = &text[start..span.end];
        let spelling = if !is_semver(found) && is_pep440(found) {
            Spelling::Pep440
        } else {
            Spelling::SemVer
        };
        Self::new(text, start..span.end, key, spelling)
    }
}

fn is_semver(text: &str) -> bool {
    Version::parse_semver(text).is_ok()
}

fn is_pep440(text: &str) -> bool {
    Version::parse_pep440(text).is_ok()
}

/// What follows on the `v` of `v1.2.0`; `None` without one, and for a word that begins with a `v`.
fn behind_v(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(['v', 'V'])?;
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then_some(rest)
}

/// Finds the version in `text`: at least one place, and more only where a file says it more than once by its own
/// rules (pyproject.toml with a `project` and a `tool.poetry` table). The caller compares them.
///
/// # Errors
/// The version is missing, stands elsewhere, stands twice, or is written in a way that cannot be edited.
pub fn locate(locator: &Locator, text: &str) -> Result<Vec<Located>, EditError> {
    match locator {
        Locator::CargoManifest => cargo::locate(text).map(|one| vec![one]),
        Locator::Pyproject => pyproject::locate(text),
        Locator::Python { name } => python::locate(text, name).map(|one| vec![one]),
        Locator::WholeText => text::whole(text).map(|one| vec![one]),
        Locator::PackageJson => json::package(text).map(|one| vec![one]),
        Locator::TomlKey(path) => toml::locate(text, path).map(|one| vec![one]),
        Locator::JsonKey(path) => json::locate(text, path).map(|one| vec![one]),
        Locator::YamlKey(path) => yaml::locate(text, path).map(|one| vec![one]),
        Locator::Pattern(pattern) => text::pattern(text, pattern).map(|one| vec![one]),
    }
}

/// Replaces the given byte ranges and nothing else. The order of `edits` does not matter; one given twice is done once.
///
/// # Errors
/// Two edits overlap, or a range is not one of `text`: the ranges were located in another text.
pub fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Result<String, EditError> {
    edits.sort_by(|a, b| (a.0.start, a.0.end, &a.1).cmp(&(b.0.start, b.0.end, &b.1)));
    edits.dedup();
    let mut edited = String::with_capacity(text.len() + 16 * edits.len());
    let mut done = 0;
    for (index, (span, replacement)) in edits.iter().enumerate() {
        let touches = index > 0 && edits[index - 1].0.start == span.start;
        let kept = text.get(done..span.start).filter(|_| !touches);
        let (Some(kept), Some(_)) = (kept, text.get(span.clone())) else {
            let at = span.start.min(text.len());
            return Err(EditError::Overlap {
                line: line_at(text, at),
            });
        };
        edited.push_str(kept);
        edited.push_str(replacement);
        done = span.end;
    }
    edited.push_str(&text[done..]);
    Ok(edited)
}

/// The line, counted from 1, in which byte `at` stands.
fn line_at(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// Where the lines of a text begin, for many questions about one text.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            [0].into_iter()
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
        )
    }

    /// As [`line_at`].
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|&start| start <= byte)
    }
}

/// The text without a byte order mark, and how many bytes that took.
fn without_bom(text: &str) -> (&str, usize) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8()),
        None => (text, 0),
    }
}

#[cfg(test)]
#[path = "mod_tests.rs"]
mod tests;
