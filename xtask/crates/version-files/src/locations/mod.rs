//! How a version is found in a text: one locator for each kind of file.
//!
//! Each locator gives the byte range of the version's own characters. [`monorelease_text_edits::splice::splice`] does all changing, so that comments, order,
//! quotes, line ends, byte order marks and trailing newlines are kept. Nothing here opens a file or decides which version to write.

pub mod cargo;
pub mod cargo_workspace;
pub mod located;
mod plain_text;
pub mod pyproject;
mod yaml;

use crate::locations::located::Located;

use monorelease_model::version::Spelling;
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

#[cfg(test)]
impl Locator<'static> {
    /// `__version__`, the name that Python's packaging guides settled on.
    pub const PYTHON: Self = Self::Python {
        name: "__version__",
    };
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
