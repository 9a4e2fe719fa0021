//! Image references in the files that say what runs: where they stand, what they say, and how they say another image.
//!
//! A reference is one text (`image: ghcr.io/acme/api:0.1.0@sha256:…`) or several beside each other (kustomize's `newTag` and
//! `digest`, Helm's `repository` and `tag`, Argo CD's `parameters`). Only characters of tags and digests change; no key is
//! ever made. Which image is wanted is decided elsewhere.

use std::ops::Range;

use monorelease_model::image::{Digest, Repository, is_image_tag};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::{line_at, splice};

use crate::document::{Leaf, Tree, with_documents};
use crate::{Format, PinnedImage, Write, by_key};

/// What is looked for in a text.
#[derive(Debug, Clone, Copy)]
pub struct PinQuery<'a> {
    /// The repository whose images are meant.
    pub repository: &'a Repository,
    /// Where the one reference stands; `None`: every reference to the repository.
    pub key: Option<&'a KeyPath>,
    /// What a reference says; `None`: texts of a whole reference say both, others what they say now.
    pub write: Option<Write>,
}

impl PinQuery<'_> {
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// What stands behind the name in a whole reference: `:0.1.0`, `@sha256:…`, both or nothing.
    Suffix(Write),
    /// A whole reference, where none stood yet.
    Whole(Repository, Write),
    /// The tag, the digest, or both without the name.
    Bare(Write),
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

    /// Whether an edit of it writes a tag.
    pub fn takes_tag(&self) -> bool {
        self.slots.iter().any(|slot| match &slot.says {
            Says::Suffix(write) | Says::Whole(_, write) | Says::Bare(write) => write.has_tag(),
        })
    }

    /// The digest, where a whole one is written.
    pub fn pinned(&self) -> Option<Digest> {
        self.digest.as_deref()?.parse().ok()
    }

    /// What makes the place say another image. Empty spans are insertions.
    pub fn edits(&self, image: &PinnedImage) -> Vec<(Range<usize>, String)> {
        let suffix = |write: Write| {
            let tag = if write.has_tag() {
                format!(":{}", image.tag)
            } else {
                String::new()
            };
            let digest = if write.has_digest() {
                format!("@{}", image.digest)
            } else {
                String::new()
            };
            tag + &digest
        };
        let text = |says: &Says| match says {
            Says::Suffix(write) => suffix(*write),
            Says::Whole(repository, write) => format!("{repository}{}", suffix(*write)),
            Says::Bare(Write::Tag) => image.tag.clone(),
            Says::Bare(Write::Digest) => image.digest.to_string(),
            Says::Bare(Write::TagAndDigest) => format!("{}@{}", image.tag, image.digest),
        };
        self.slots
            .iter()
            .map(|slot| (slot.span.clone(), text(&slot.says)))
            .collect()
    }
}

/// Finds the references in a text: one where a key is given, else every one to the repository.
///
/// # Errors
/// None is there, one is there twice where one is meant, or one is written so that it cannot surely be edited. Each names the line.
pub fn find_pins(
    text: &str,
    format: Format,
    query: &PinQuery<'_>,
) -> Result<Vec<PinPlace>, EditError> {
    let what = query.what();
    let found = with_documents(text, format, &what, |documents| {
        let mut search = Search {
            text,
            query,
            found: Vec::new(),
            path: Vec::new(),
        };
        match query.key {
            Some(key) => by_key::by_key(&mut search, documents, key)?,
            None => documents
                .iter()
                .try_for_each(|document| search.look(document))?,
        }
        Ok(search.found)
    })?;
    match found.is_empty() {
        true => Err(EditError::Missing {
            key: what,
            found: Some("nothing in the text names an image of it".to_owned()),
        }),
        false => Ok(found),
    }
}

/// Makes every place say its image, and changes nothing else.
///
/// # Errors
/// The places are of another text.
pub fn set_pins(text: &str, changes: &[(&PinPlace, &PinnedImage)]) -> Result<String, EditError> {
    let edits = changes.iter().flat_map(|(place, image)| place.edits(image));
    splice(
        text,
        edits
            .filter(|(span, new)| text.get(span.clone()) != Some(new))
            .collect(),
    )
}

/// A walk through the documents of a text.
pub(super) struct Search<'s> {
    pub text: &'s str,
    pub query: &'s PinQuery<'s>,
    pub found: Vec<PinPlace>,
    pub path: Vec<Part>,
}

/// A text that is a reference as a whole.
pub(super) struct Whole {
    /// Where the name ends.
    pub name_end: usize,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

impl Search<'_> {
    pub(super) fn look(&mut self, node: &Tree<'_>) -> Result<(), EditError> {
        match node {
            Tree::Map(_, members) => {
                let group = self.group(node)?;
                // A name whose tag stands beside it is no reference of its own.
                let is_name = |key: &str| group.is_some() && key == "image";
                let rest: Vec<_> = members.iter().filter(|(key, _)| !is_name(key)).collect();
                self.found.extend(group);
                rest.into_iter().try_for_each(|(key, value)| {
                    let before = self.found.len();
                    self.below(Part::Key(key.clone()), value)?;
                    // Of a key that stands twice some readers take the one, some the other, and some neither.
                    let twins = || {
                        members
                            .iter()
                            .filter(|(name, _)| name == key)
                            .map(|(_, value)| line_at(self.text, value.start()))
                    };
                    match self.found.len() > before && twins().nth(1).is_some() {
                        true => Err(EditError::Doubled {
                            key: self.member_key(key),
                            lines: twins().collect(),
                        }),
                        false => Ok(()),
                    }
                })
            }
            Tree::Seq(_, items) => {
                if self.last_key() == Some("parameters") {
                    self.parameters(items)?;
                } else if self.last_key() == Some("images") {
                    self.no_twins(items)?;
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| self.below(Part::Index(index), item))
            }
            Tree::Leaf(leaf) => self.text_of(leaf),
            // What an alias repeats is found where it stands.
            Tree::Alias { .. } | Tree::Other(_) => Ok(()),
        }
    }

    fn below(&mut self, part: Part, node: &Tree<'_>) -> Result<(), EditError> {
        self.path.push(part);
        let answer = self.look(node);
        self.path.pop();
        answer
    }

    fn text_of(&mut self, leaf: &Leaf<'_>) -> Result<(), EditError> {
        let Some(name) = self
            .query
            .repository
            .path
            .rsplit('/')
            .next()
            .filter(|name| leaf.value.contains(*name))
        else {
            return Ok(());
        };
        if leaf.is_block() && self.last_key() == Some("values") && leaf.value.contains('\n') {
            return self.values_block(leaf, name);
        }
        // Kustomize within Argo CD writes `name=reference`.
        let start = match self.path.as_slice() {
            [.., Part::Key(key), Part::Index(_)] if key == "images" => {
                leaf.value.find('=').map_or(0, |at| at + 1)
            }
            _ => 0,
        };
        let line_ends = leaf.value.trim_end_matches('\n').len();
        if let Some(whole) = self.whole(&leaf.value[start..line_ends]) {
            let is_bare = whole.tag.is_none() && whole.digest.is_none();
            if is_bare && self.last_key().is_none_or(|key| key != "image") {
                return Ok(());
            }
            let place = self.whole_place(leaf, start, line_ends, whole)?;
            self.found.push(place);
            return Ok(());
        }
        match self.mentions(&leaf.value) {
            true => Err(self.unsure(
                leaf.start,
                "a reference stands among other words; name the places that are meant by `key`",
            )),
            false => Ok(()),
        }
    }

    pub(super) fn whole_place(
        &self,
        leaf: &Leaf<'_>,
        start: usize,
        end: usize,
        whole: Whole,
    ) -> Result<PinPlace, EditError> {
        let key = self.key();
        let span = leaf.span(self.text, &key)?;
        if let Some(tag) = whole.tag.as_deref().filter(|tag| !is_image_tag(tag)) {
            return Err(self.unsure(leaf.start, &format!("{tag:?} is no tag of an image")));
        }
        let span = span.start + start + whole.name_end..span.start + end;
        let slot = Slot {
            span,
            says: Says::Suffix(self.query.write.unwrap_or(Write::TagAndDigest)),
        };
        Ok(self.place(leaf.start, whole.tag, whole.digest, vec![slot]))
    }

    /// The parts of a reference to the repository; `None` for any other text.
    pub(super) fn whole(&self, value: &str) -> Option<Whole> {
        let (named, digest) = match value.split_once('@') {
            Some((named, digest)) => (named, Some(digest.to_owned())),
            None => (value, None),
        };
        let last = named.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match named[last..].split_once(':') {
            Some((name, tag)) => (&named[..last + name.len()], Some(tag.to_owned())),
            None => (named, None),
        };
        self.is_repository(name).then_some(Whole {
            name_end: name.len(),
            tag,
            digest,
        })
    }

    pub(super) fn is_repository(&self, name: &str) -> bool {
        name.parse::<Repository>()
            .is_ok_and(|found| found == *self.query.repository)
    }

    /// Whether a text names an image of the repository somewhere, as `--image=ghcr.io/acme/api:0.1.0` does.
    fn mentions(&self, value: &str) -> bool {
        let name = self.query.repository.to_string();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
        value.match_indices(&name).any(|(at, _)| {
            let before = !value[..at].ends_with(is_name) || value[..at].ends_with("//");
            before && value[at + name.len()..].starts_with([':', '@'])
        })
    }

    pub(super) fn place(
        &self,
        at: usize,
        tag: Option<String>,
        digest: Option<String>,
        slots: Vec<Slot>,
    ) -> PinPlace {
        let arch = match self.path.as_slice() {
            [.., Part::Key(platforms), Part::Key(arch)] if platforms == "platforms" => {
                Some(arch.clone())
            }
            _ => None,
        };
        // An empty text says nothing yet.
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        PinPlace {
            line: line_at(self.text, at),
            key: self.key(),
            arch,
            tag: said(tag),
            digest: said(digest),
            slots,
        }
    }

    pub(super) fn last_key(&self) -> Option<&str> {
        match self.path.last()? {
            Part::Key(key) => Some(key),
            Part::Index(_) | Part::Entry { .. } => None,
        }
    }

    pub(super) fn key(&self) -> String {
        KeyPath::of(self.path.clone())
            .map(|path| path.to_string())
            .unwrap_or_default()
    }

    pub(super) fn unsure(&self, at: usize, why: &str) -> EditError {
        EditError::unreadable(&self.key(), why, line_at(self.text, at))
    }

    /// Helm values that Argo CD holds as a block of lines: a YAML text within this one.
    fn values_block(&mut self, leaf: &Leaf<'_>, name: &str) -> Result<(), EditError> {
        let at = self.key();
        let inner = match find_pins(&leaf.value, Format::Yaml, self.query) {
            Ok(inner) => inner,
            Err(EditError::Missing { .. }) => return Ok(()),
            Err(_) if !leaf.value.contains(name) => return Ok(()),
            Err(error) => {
                return Err(self.unsure(leaf.start, &format!("of the values in it, {error}")));
            }
        };
        let lines = leaf
            .block_lines(self.text)
            .ok_or_else(|| self.unsure(leaf.start, "its lines are not the values' own lines"))?;
        for place in inner {
            let slots = place.slots.iter().map(|slot| {
                let line = &lines[lines
                    .partition_point(|line| line.inner <= slot.span.start)
                    .checked_sub(1)?];
                let outer = line.outer + (slot.span.start - line.inner);
                let span = outer..outer + slot.span.len();
                let within = slot.span.end <= line.inner + line.length;
                (within && self.text.get(span.clone()) == leaf.value.get(slot.span.clone())).then(
                    || Slot {
                        span,
                        says: slot.says.clone(),
                    },
                )
            });
            let slots: Option<Vec<Slot>> = slots.collect();
            let slots = slots.ok_or_else(|| {
                self.unsure(leaf.start, "a reference in it goes over several lines")
            })?;
            let line = slots
                .first()
                .map_or(place.line, |slot| line_at(self.text, slot.span.start));
            self.found.push(PinPlace {
                line,
                key: format!("{at} › {}", place.key),
                slots,
                ..place
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
