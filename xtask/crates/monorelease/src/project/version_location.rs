//! Version locations: the places where a project's version is written, and what they say.
//!
//! The crate `version-files` knows how a version is found in a text.

use std::ops::Range;

use monorelease_model::paths::resolve;
use monorelease_model::version::{Spelling, Version};
use monorelease_text_edits::key_path::KeyPath;

use crate::config::{SiteKeys, suggestion};

/// One place where a version is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Site {
    /// Relative to the repository root.
    pub file: String,
    pub form: SiteForm,
}

/// How the version is found in its file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SiteForm {
    CargoManifest,
    Pyproject,
    /// A module-level assignment to this name.
    Python(String),
    PackageJson,
    /// The whole text is the version.
    Whole,
    /// A dotted key of a TOML file.
    TomlKey(String),
    /// A dotted key of a JSON file.
    JsonKey(String),
    /// A path of keys of a YAML file.
    YamlKey(String),
    Pattern(String),
}

/// One place and the version that stands there.
#[derive(Debug, Clone)]
pub struct SiteReading {
    pub site: Site,
    /// The key in its file, for the report: `package.version`.
    pub key: String,
    /// As it is written.
    pub found: String,
    pub version: Version,
    pub spelling: Spelling,
    /// The version's own characters, in bytes of the file.
    pub span: Range<usize>,
}

/// All sites of a project; the first is the source of truth.
#[derive(Debug, Clone)]
pub struct Readings(Vec<SiteReading>);

impl Readings {
    /// `None` when there is nothing to be the source of truth.
    pub fn new(sites: Vec<SiteReading>) -> Option<Self> {
        (!sites.is_empty()).then_some(Self(sites))
    }

    pub fn canonical(&self) -> &Version {
        &self.0[0].version
    }

    pub fn all(&self) -> &[SiteReading] {
        &self.0
    }

    pub fn agrees(&self, reading: &SiteReading) -> bool {
        reading.version == *self.canonical()
    }

    /// The sites that say something else than the source of truth, in one sentence; `None` when all agree.
    pub fn disagreement(&self) -> Option<String> {
        let others: Vec<_> = self
            .0
            .iter()
            .filter(|reading| !self.agrees(reading))
            .map(|reading| {
                format!(
                    "{} ({}) says {}",
                    reading.site.file, reading.key, reading.found
                )
            })
            .collect();
        let truth = &self.0[0];
        (!others.is_empty()).then(|| {
            format!(
                "{} ({}) says {}, but {}",
                truth.site.file,
                truth.key,
                truth.found,
                others.join(", ")
            )
        })
    }
}

/// The site that the keys name in a project's folder; the error says what is wrong with them.
pub fn read_site(keys: &SiteKeys, project_path: &str) -> Result<Site, String> {
    let (file, form) = match keys {
        SiteKeys::File(file) => (file, form_of_name(file)?),
        SiteKeys::Place(place) => match (&place.key, &place.pattern) {
            (Some(key), None) => (&place.file, form_of_key(&place.file, key)?),
            (None, Some(pattern)) => (&place.file, SiteForm::Pattern(pattern.clone())),
            _ => {
                return Err(format!(
                    "versions: {} wants a key or a pattern, and not both",
                    place.file
                ));
            }
        },
    };
    // A chart or a document may lie beside the project's folder.
    let within = if file.contains('\\') {
        None
    } else {
        resolve(project_path, file)
    };
    let file =
        within.ok_or_else(|| format!("versions: path {file:?} leaves the repository; it is relative to the project's path, with /"))?;
    Ok(Site { file, form })
}

/// A key is read as the file's language has keys. What can be told wrong without the file is told here.
fn form_of_key(file: &str, key: &str) -> Result<SiteForm, String> {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("toml") => Ok(SiteForm::TomlKey(key.to_owned())),
        Some("json") => Ok(SiteForm::JsonKey(key.to_owned())),
        Some("yaml" | "yml") => {
            KeyPath::parse(key).map_err(|why| format!("versions: {file}: key {key:?} {why}"))?;
            Ok(SiteForm::YamlKey(key.to_owned()))
        }
        Some("py") => {
            let name = !key.starts_with(|c: char| c.is_ascii_digit())
                && key.chars().all(|c| c.is_alphanumeric() || c == '_');
            if key.is_empty() || !name {
                return Err(format!(
                    "versions: {file}: key {key:?} is no name that a Python module can assign, such as \"VERSION\""
                ));
            }
            Ok(SiteForm::Python(key.to_owned()))
        }
        _ => Err(format!(
            "versions: {file}: a key is read from .toml, .json, .yaml, .yml and .py files; name a pattern with {{version}} for other files"
        )),
    }
}

fn form_of_name(file: &str) -> Result<SiteForm, String> {
    match file.rsplit('/').next().unwrap_or(file) {
        "Cargo.toml" => Ok(SiteForm::CargoManifest),
        "pyproject.toml" => Ok(SiteForm::Pyproject),
        "package.json" => Ok(SiteForm::PackageJson),
        "VERSION" => Ok(SiteForm::Whole),
        "Chart.yaml" => Ok(SiteForm::YamlKey("version".to_owned())),
        // The name that Python's packaging guides settled on.
        name if name.ends_with(".py") => Ok(SiteForm::Python("__version__".to_owned())),
        name => {
            let known = [
                "Cargo.toml",
                "pyproject.toml",
                "package.json",
                "VERSION",
                "Chart.yaml",
            ];
            let guess = suggestion(name, known.into_iter());
            let keyed = [".toml", ".json", ".yaml", ".yml"]
                .iter()
                .any(|extension| name.ends_with(extension));
            let place = if keyed {
                "key = \"…\""
            } else {
                "pattern = \"… {version}\""
            };
            Err(format!(
                "versions: {file:?} does not say where its version stands; write {{ file = {file:?}, {place} }}{guess}"
            ))
        }
    }
}
