//! The contents of image steps: manifests, copies, builds and checks, with everything that acting on them needs.

use monorelease_model::image::{Digest, Platform, Repository};

use crate::project::registered::ImageSources;
use crate::scan::Rules;

/// A manifest or an index, byte for byte as it is, or will be, in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestBytes {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// One platform's image on its way into another repository of the same registry: nothing but names move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageCopy {
    pub from: Repository,
    pub to: Repository,
    pub platform: Platform,
    /// The tag in `from`, and the one it is to have in `to`; for what is said when it cannot be done.
    pub names: (String, String),
    /// The image's manifest, then those of its attestations; all their digests together are what the step is about.
    pub manifests: Vec<ManifestBytes>,
    /// What the manifests name, each once.
    pub blobs: Vec<Digest>,
}

impl ImageCopy {
    /// The image, by digest, where it is to be.
    pub fn reference(&self) -> String {
        format!(
            "{}@{}",
            self.to,
            self.manifests
                .first()
                .map_or("", |manifest| manifest.digest.as_str())
        )
    }
}

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

/// A gate between a fresh image and the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageCheck {
    Smoke {
        command: Vec<String>,
    },
    Health {
        port: u16,
        path: String,
    },
    /// A vulnerability scan of the image and of the files it is built of, by this tool, held to these rules.
    Scan {
        scanner: String,
        rules: Rules,
    },
}

/// A wheel or a Python package, built into a folder of its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionBuild {
    pub package: String,
    /// Relative to the repository root.
    pub project_path: String,
    /// Relative to the repository root; holds nothing but this build.
    pub folder: String,
    pub version: String,
    pub epoch: i64,
    pub kind: DistributionKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistributionKind {
    /// By maturin, for a target triple or the host.
    Wheel { target: Option<String> },
    /// sdist and wheel, by uv.
    Package,
}
