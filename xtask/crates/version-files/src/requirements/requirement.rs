//! A requirement on a package, as a manifest writes it, and reading small parts of manifests.

use std::ops::Range;
use toml_edit::Item;
use toml_edit::Key;
use toml_edit::TableLike;

/// A version requirement that a manifest puts on a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Whose rules it follows: a pyproject.toml may hold requirements of [`RequirementKind::Python`] and of
    /// [`RequirementKind::Poetry`].
    pub kind: RequirementKind,
    /// The required package; of Python's as PEP 503 compares names. What Cargo renames has its real name here.
    pub package: String,
    /// The folder where the manifest says that the package lies, as it is written: relative to the manifest's own.
    pub path: Option<String>,
    /// Whether the manifest says that the package is this repository's: by a folder, or as one of the workspace.
    pub is_linked: bool,
    /// Where it stands, in the manifest's own terms: `dependencies.a.version`, `project.dependencies[2]` (from 0).
    pub key: String,
    /// The requirement alone, as it is written: `0.1.0`, `>=0.3,<0.4`. No name, extras, parentheses or marker.
    pub text: String,
    /// The line in which it stands, counted from 1.
    pub line: usize,
    /// The bytes of those characters.
    pub span: Range<usize>,
}

/// Whose rules a requirement follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequirementKind {
    /// Cargo's: a bare `0.1.0` means `^0.1.0`.
    Cargo,
    /// PEP 440's version specifiers: `>=0.3,<0.4`.
    Python,
    /// Poetry's own tables: PEP 440's operators, `^`, `~`, `||`; a bare version means that one.
    Poetry,
    /// npm's ranges: `^0.3.0`, `>=0.3 <0.4 || 1.x`; a bare version means that one.
    Npm,
    /// The ranges of Helm's chart dependencies: npm's, with commas and `!=`.
    Chart,
}

/// What stands in a table, of whichever spelling; nothing, if it is none.
pub fn members(item: &Item) -> impl Iterator<Item = (&str, &Item)> {
    item.as_table_like()
        .into_iter()
        .flat_map(|table| table.iter())
}

/// A string in a table.
pub fn string(table: &dyn TableLike, key: &str) -> Option<String> {
    Some(table.get(key)?.as_str()?.to_owned())
}

/// A key as TOML wants it written: `a`, `"cfg(unix)"`.
pub fn quoted(key: &str) -> String {
    Key::new(key).display_repr().into_owned()
}
