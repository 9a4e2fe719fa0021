//! The version of a pyproject.toml: `project.version`, Poetry's `tool.poetry.version`, or both.
//! A dynamic version stands in another file; this one only says which file that most likely is.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use toml_edit::{Document, Item};

use crate::locations::located::Located;
use monorelease_model::distribution::normalised;

const PROJECT: &str = "project.version";
const POETRY: &str = "tool.poetry.version";

/// Every version of the file, `project.version` first. The caller holds them against each other.
pub(super) fn locate(text: &str) -> Result<Vec<Located>, EditError> {
    let document = toml::parse(text, PROJECT)?;
    let root = document.as_item();
    let at = |item: &Item, key: &str| {
        let span = toml::string_span(text, item, key)?;
        Ok(Located::pep440(text, span, key))
    };
    let project = toml::find(root, &["project", "version"]);
    let poetry = toml::find(root, &["tool", "poetry", "version"]);
    let dynamic = toml::find(root, &["project", "dynamic"]).filter(|list| names_version(list));
    if let (Some(_), Some(dynamic)) = (project, dynamic) {
        return Err(EditError::unreadable(
            PROJECT,
            "it is given, and listed in project.dynamic too, which the standard forbids",
            toml::line_of(text, dynamic),
        ));
    }
    let sites = [(project, PROJECT), (poetry, POETRY)]
        .into_iter()
        .filter_map(|(item, key)| Some(at(item?, key)))
        .collect::<Result<Vec<_>, _>>()?;
    if !sites.is_empty() {
        return Ok(sites);
    }
    match dynamic {
        Some(dynamic) => Err(EditError::Elsewhere {
            key: PROJECT.to_owned(),
            found: "`dynamic = [\"version\"]`".to_owned(),
            line: toml::line_of(text, dynamic),
            instead: likely_site(root),
        }),
        None => Err(EditError::missing(PROJECT)),
    }
}

fn names_version(list: &Item) -> bool {
    list.as_array()
        .is_some_and(|list| list.iter().any(|name| name.as_str() == Some("version")))
}

/// Where the build backend reads a dynamic version, as far as this file tells.
fn likely_site(root: &Item) -> String {
    let text = |names: &[&str]| toml::find(root, names).and_then(Item::as_str);
    for (names, key) in [
        (
            ["tool", "hatch", "version", "path"],
            "tool.hatch.version.path",
        ),
        (["tool", "pdm", "version", "path"], "tool.pdm.version.path"),
    ] {
        if let Some(path) = text(&names) {
            return format!("{path} ({key})");
        }
    }
    let setuptools = ["tool", "setuptools", "dynamic", "version"];
    if let Some(attribute) = text(&[&setuptools[..], &["attr"]].concat()) {
        let key = "tool.setuptools.dynamic.version.attr";
        return match attribute.rsplit_once('.') {
            Some((module, name)) => format!("the module {module}, which assigns {name} ({key})"),
            None => format!("{attribute} ({key})"),
        };
    }
    if let Some(file) = toml::find(root, &[&setuptools[..], &["file"]].concat()) {
        let first = file.as_array().and_then(|files| files.get(0)?.as_str());
        if let Some(path) = file.as_str().or(first) {
            return format!("{path} (tool.setuptools.dynamic.version.file)");
        }
    }
    match text(&["build-system", "build-backend"]) {
        Some("maturin") => "Cargo.toml (maturin reads it there)".to_owned(),
        Some(backend) => format!("the file that {backend} reads it from"),
        None => "the file that the build backend reads it from".to_owned(),
    }
}

/// What a pyproject.toml says of its package, beside the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonPackage {
    /// `project.name`, or Poetry's `tool.poetry.name`, as PEP 503 compares names.
    pub name: Option<String>,
    /// Whether the version is written in another file: `dynamic = ["version"]`.
    pub is_dynamic: bool,
}

/// Reads what a pyproject.toml says of its package.
pub fn python_package<S>(document: &Document<S>) -> PythonPackage {
    let root = document.as_item();
    let name = [&["project", "name"][..], &["tool", "poetry", "name"]]
        .into_iter()
        .find_map(|names| toml::find(root, names)?.as_str());
    let is_dynamic = toml::find(root, &["project", "dynamic"]).is_some_and(names_version);
    PythonPackage {
        name: name.map(normalised),
        is_dynamic,
    }
}
