//! What an image is built of, and what it is called: given to docker, and part of the steps of a build.

use monorelease_model::image::{Platform, Repository};

use crate::project::registered::ImageSources;

/// What an image is built from, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBuild {
    pub repository: Repository,
    /// The build id with the platform's architecture.
    pub tag: String,
    pub platform: Platform,
    /// Folder of the Dockerfile, relative to the repository root.
    pub context: String,
    pub version: String,
    /// The full commit, with `-dirty` behind when the work tree is not the commit.
    pub revision: String,
    /// RFC 3339, the commit's time.
    pub created: String,
    /// The commit's time in seconds, for reproducible layers.
    pub epoch: i64,
    /// Where the source is to be found, for the label; empty when there is no forge.
    pub source: String,
    /// Folders with the wheels of projects it depends on; their files lie in `wheels/` of the build's context.
    pub wheels: Vec<String>,
    /// Whether the image is meant for the registry; then one that is there already need not be built.
    pub for_registry: bool,
    /// What it is built of, where that is not simply a folder with a Dockerfile.
    pub sources: Option<ImageSources>,
}

impl ImageBuild {
    pub fn reference(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}
