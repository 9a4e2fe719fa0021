//! What is looked for, where it was found, and which characters of that place say the image.

use std::ops::Range;

use monorelease_model::image::{Digest, Repository};
use monorelease_text_edits::key_path::KeyPath;

use crate::{PinnedImage, Write};

/// What is looked for in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinQuery<'a> {
    /// The repository whose images are meant.
    pub repository: &'a Repository,
    /// Where the one reference stands; `None`: every reference to the repository.
    pub key: Option<&'a KeyPath>,
    /// What a reference says; `None`: texts of a whole reference say both, others what they say now.
    pub write: Option<Write>,
}

impl PinQuery<'_> {
    /// The last part of the repository's path, without which no text names an image of it.
    pub(super) fn name(&self) -> &str {
        let path = &self.repository.path;
        path.rsplit('/').next().unwrap_or(path)
    }

    /// What is looked for, as errors name it.
    pub fn what(&self) -> String {
        self.key
            .map_or_else(|| self.repository.to_string(), ToString::to_string)
    }
}

/// A reference that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinPlace {
    /// Counted from 1.
    pub line: usize,
    pub key: String,
    /// The architecture whose image is meant, where the key says so: `platforms.amd64`.
    pub arch: Option<String>,
    /// The tag, as it is written.
    pub tag: Option<String>,
    /// The digest, as it is written, which may be none at all.
    pub digest: Option<String>,
    pub(super) slots: Vec<Slot>,
}

/// Characters that change, and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub span: Range<usize>,
    pub says: Says,
    /// The key path of the value that they are in.
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// What stands behind the name in a whole reference: `:0.1.0`, `@sha256:…`, both or nothing.
    Suffix(Write),
    /// A whole reference, where none stood yet.
    Whole(Repository, Write),
    /// The tag, the digest, or both without the name.
    Bare(Write),
    /// The digits of the digest, without the name of the algorithm.
    Hex,
}

impl PinPlace {
    /// The image as it is said, for people: `0.1.0@sha256:…`.
    pub fn says(&self) -> String {
        match (&self.tag, &self.digest) {
            (Some(tag), Some(digest)) => format!("{tag}@{digest}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "nothing".to_owned(),
        }
    }

    pub(super) fn has_spans_of(&self, other: &Self) -> bool {
        self.slots.len() == other.slots.len()
            && self
                .slots
                .iter()
                .zip(&other.slots)
                .all(|(ours, theirs)| ours.span == theirs.span)
    }

    /// Whether it cannot say an image that is known by its digest alone: it says a tag, or takes nothing else.
    pub fn needs_tag(&self) -> bool {
        let tag_alone = |slot: &Slot| match &slot.says {
            Says::Suffix(write) | Says::Whole(_, write) | Says::Bare(write) => *write == Write::Tag,
            Says::Hex => false,
        };
        self.tag.is_some() || self.slots.iter().any(tag_alone)
    }

    /// The digest, where a whole one is written.
    pub fn pinned(&self) -> Option<Digest> {
        self.digest.as_deref()?.parse().ok()
    }

    /// What makes the place say another image. Empty spans are insertions.
    pub fn edits(&self, image: &PinnedImage) -> Vec<(Range<usize>, String)> {
        let tag = |write: Write| image.tag.as_deref().filter(|_| write.has_tag());
        let suffix = |write: Write| {
            let tag = tag(write).map(|tag| format!(":{tag}")).unwrap_or_default();
            match write.has_digest() {
                true => format!("{tag}@{}", image.digest),
                false => tag,
            }
        };
        let text = |says: &Says| match says {
            Says::Suffix(write) => suffix(*write),
            Says::Whole(repository, write) => format!("{repository}{}", suffix(*write)),
            Says::Hex => image.digest.hex().to_owned(),
            Says::Bare(write) => match (tag(*write), write.has_digest()) {
                (Some(tag), true) => format!("{tag}@{}", image.digest),
                (Some(tag), false) => tag.to_owned(),
                (None, _) => image.digest.to_string(),
            },
        };
        self.slots
            .iter()
            .map(|slot| (slot.span.clone(), text(&slot.says)))
            .collect()
    }
}

/// What a pin is to say.
#[derive(Debug, Clone, Copy)]
pub struct PinChange<'c> {
    /// The query that found the place.
    pub query: PinQuery<'c>,
    pub place: &'c PinPlace,
    pub image: &'c PinnedImage,
}
