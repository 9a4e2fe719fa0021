//! Image references in YAML, JSON and TOML documents: found, judged by what the document means, and edited in place (law 19).
//!
//! [`references`] finds references in whole documents, [`by_key`] those that a key path leads to, [`edit`] changes them, and
//! [`registry_file`] reads files that describe one image each. It takes a query and texts: it reads no file, asks no
//! registry, and knows no environment.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

mod by_key;
mod document;
pub mod edit;
mod effective;
mod key_walk;
mod parts;
pub mod place;
pub mod references;
pub mod registry_file;
mod search;

use std::fmt;

use monorelease_model::image::Digest;

/// How a file is read, by the ending of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
    Toml,
}

impl Format {
    /// `None` for a file that is none of these.
    pub fn of(file: &str) -> Option<Self> {
        match file.rsplit('/').next()?.rsplit_once('.')?.1 {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// What of an image a pin says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Tag,
    Digest,
    TagAndDigest,
}

impl Write {
    pub fn has_tag(self) -> bool {
        self != Self::Digest
    }

    pub fn has_digest(self) -> bool {
        self != Self::Tag
    }
}

/// One image, as a pin says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedImage {
    /// `None` for an image that is known by its digest alone.
    pub tag: Option<String>,
    pub digest: Digest,
}

impl fmt::Display for PinnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{tag}@{}", self.digest),
            None => self.digest.fmt(f),
        }
    }
}
