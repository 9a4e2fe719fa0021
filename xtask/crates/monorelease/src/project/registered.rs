//! Projects of `[images-from]`: one image a registry file, without a version, known by its digest alone.
//!
//! It makes projects and pins of what a registry file says; the files are read elsewhere.

use monorelease_text_edits::key_path::KeyPath;

use crate::project::paths::is_within;

/// What an image is built of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSources {
    /// From the root of the repository, as all of these.
    pub dockerfile: String,
    /// The folder that the builder is given.
    pub context: String,
    /// Folders and files in it that count; empty: all of it.
    pub paths: Vec<String>,
    /// Registry files, which are in no build: a pin of what was built would make it something else.
    pub without: String,
}

impl ImageSources {
    /// Whether a file of the repository is given to the builder.
    pub fn has(&self, file: &str) -> bool {
        file == self.dockerfile
            || (is_within(file, &self.context)
                && (self.paths.is_empty() || self.paths.iter().any(|path| is_within(file, path)))
                && !crate::project::paths::fits(&self.without, file))
    }
}

/// What a project has that comes of a registry file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The registry file, from the root of the repository.
    pub file: String,
    /// Where in it the image stands.
    pub key: KeyPath,
    /// `None` where no Dockerfile is known; then it can be promoted, and not built.
    pub sources: Option<ImageSources>,
    /// What the file calls it by `ref`, for those who deploy it.
    pub reference: Option<String>,
}

/// What those who deploy a project are told of its registry file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its `ref`; `None` where it has none, or is in no registry.
    pub reference: Option<String>,
    /// The secrets that it wants or takes, required ones first.
    pub secrets: Vec<String>,
}
