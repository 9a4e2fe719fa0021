//! How a version is found in a text: one locator for each kind of file.
//!
//! Each locator gives the byte range of the version's own characters. [`monorelease_text_edits::splice::splice`] does all changing, so that comments, order,
//! quotes, line ends, byte order marks and trailing newlines are kept. Nothing here opens a file or decides which version to write.

pub mod cargo;
pub mod cargo_workspace;
mod plain_text;
pub mod pyproject;
mod yaml;

use std::ops::Range;

use monorelease_model::version::{Spelling, Version};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::{json, python, toml};

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
    /// A path of keys in a YAML text, as [`crate::key_path`] reads it: `images[name=reading].newTag`.
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
    pub(crate) fn new(text: &str, span: Range<usize>, key: &str, spelling: Spelling) -> Self {
        Self {
            text: text[span.clone()].to_owned(),
            span,
            key: key.to_owned(),
            spelling,
        }
    }

    /// A place of Python's. PEP 440 readers pass over a `v` before the version; an edit leaves it there.
    pub(crate) fn pep440(text: &str, span: Range<usize>, key: &str) -> Self {
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
    pub(crate) fn inferred(text: &str, span: Range<usize>, key: &str) -> Self {
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
pub(crate) fn behind_v(text: &str) -> Option<&str> {
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
        Locator::Python { name } => {
            python::locate(text, name).map(|span| vec![Located::pep440(text, span, name)])
        }
        Locator::WholeText => plain_text::whole(text).map(|one| vec![one]),
        Locator::PackageJson => json::locate(text, "version")
            .map(|span| vec![Located::new(text, span, "version", Spelling::SemVer)]),
        Locator::TomlKey(path) => {
            toml::locate(text, path).map(|span| vec![Located::inferred(text, span, path)])
        }
        Locator::JsonKey(path) => {
            json::locate(text, path).map(|span| vec![Located::inferred(text, span, path)])
        }
        Locator::YamlKey(path) => yaml::locate(text, path).map(|one| vec![one]),
        Locator::Pattern(pattern) => plain_text::pattern(text, pattern).map(|one| vec![one]),
    }
}

#[cfg(test)]
pub mod tests;
