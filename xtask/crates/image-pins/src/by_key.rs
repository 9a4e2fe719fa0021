//! References that a key path leads to.

use monorelease_model::image::{Digest, Repository, is_image_tag};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::line_at;

use crate::document::{Leaf, Tree};
use crate::parts::{full, is_hex, part_beside};
use crate::references::{PinPlace, Says, Search, Slot};
use crate::{Write, registry_file};

/// The one place that a key leads to, through all documents.
pub(super) fn by_key(
    search: &mut Search<'_>,
    documents: &[Tree<'_>],
    key: &KeyPath,
) -> Result<(), EditError> {
    let mut found = Vec::new();
    let name = key.to_string();
    for document in documents {
        found.extend(walk(document, key.parts(), search.text, &name)?);
    }
    let led = match found.as_slice() {
        [] => return Err(EditError::missing(&name)),
        [one] => one,
        several => {
            let lines = several
                .iter()
                .map(|led| line_at(search.text, led.node.start()))
                .collect();
            return Err(EditError::Doubled { key: name, lines });
        }
    };
    search.path.clone_from(&led.path);
    let resolved = search.key();
    match led.node {
        Tree::Leaf(leaf) if leaf.is_block() && leaf.line().contains('\n') => {
            search.look(led.node)?;
        }
        Tree::Leaf(leaf) => {
            let place = search.named(led.above, leaf)?;
            search.found.push(place);
        }
        Tree::Map(..) if registry_file::is_registry(led.node) => {
            registry_file::places(search, led.node)?;
        }
        Tree::Map(..) => {
            let place = search
                .unnamed(led.node)?
                .ok_or_else(|| EditError::NotAString {
                    key: name.clone(),
                    found: "a mapping without a tag or a digest".to_owned(),
                    line: line_at(search.text, led.node.start()),
                })?;
            search.found.push(place);
        }
        Tree::Seq(..) | Tree::Other(_) => {
            return Err(EditError::NotAString {
                key: name,
                found: led.node.kind().to_owned(),
                line: line_at(search.text, led.node.start()),
            });
        }
    }
    // A place is called as the configuration calls it, `images[name=api]`, and not by its number.
    for place in &mut search.found {
        if let Some(below) = place.key.strip_prefix(&resolved) {
            place.key = format!("{name}{below}");
        }
    }
    Ok(())
}

/// Where a key path leads to in a document.
pub(super) struct Led<'t, 'n> {
    pub above: Option<&'t Tree<'n>>,
    pub node: &'t Tree<'n>,
    /// The path with the number of each entry.
    pub path: Vec<Part>,
}

/// The node at a path in one document; `None` where there is none.
pub(super) fn walk<'t, 'n>(
    document: &'t Tree<'n>,
    parts: &[Part],
    text: &str,
    name: &str,
) -> Result<Option<Led<'t, 'n>>, EditError> {
    let mut led = Led {
        above: None,
        node: document,
        path: Vec::new(),
    };
    for part in parts {
        let step = match (part, led.node) {
            (Part::Key(key), Tree::Seq(..)) => match key.parse() {
                Ok(index) => Part::Index(index),
                Err(_) => return Ok(None),
            },
            (Part::Entry { key, is }, Tree::Seq(_, items)) => {
                match entry(items, key, is, text, name)? {
                    Some(index) => Part::Index(index),
                    None => return Ok(None),
                }
            }
            (part, _) => part.clone(),
        };
        let next = match (&step, led.node) {
            (Part::Key(key), node) => node.member(key, text, || name.to_owned())?,
            (Part::Index(index), Tree::Seq(_, items)) => items.get(*index),
            _ => None,
        };
        let Some(next) = next else { return Ok(None) };
        led.above = Some(led.node);
        led.node = next;
        led.path.push(step);
    }
    Ok(Some(led))
}

/// The number of the one entry in which `key` has the value `is`.
fn entry(
    items: &[Tree<'_>],
    key: &str,
    is: &str,
    text: &str,
    name: &str,
) -> Result<Option<usize>, EditError> {
    let has = |item: &Tree<'_>| {
        let Tree::Map(_, members) = item else {
            return false;
        };
        members.iter().any(|(name, value)| {
            name == key && value.as_leaf().is_some_and(|leaf| leaf.value == is)
        })
    };
    let entries: Vec<usize> = (0..items.len())
        .filter(|index| has(&items[*index]))
        .collect();
    match entries.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => Err(EditError::Doubled {
            key: name.to_owned(),
            lines: several
                .iter()
                .map(|index| line_at(text, items[*index].start()))
                .collect(),
        }),
    }
}

impl Search<'_> {
    /// The text that a key leads to: what it says now tells what it may say.
    pub(super) fn named(
        &self,
        above: Option<&Tree<'_>>,
        leaf: &Leaf<'_>,
    ) -> Result<PinPlace, EditError> {
        let value = leaf.value.trim_end_matches('\n');
        if let Some(whole) = self.whole(value) {
            return match self.beside(above) {
                Some(beside) => Err(self.unsure(leaf.start, &stale(&beside))),
                None => self.whole_place(leaf, 0, value.len(), whole),
            };
        }
        let other = |why: String| Err(self.unsure(leaf.start, &why));
        let (name, digest) = value
            .split_once('@')
            .map_or((value, None), |(name, digest)| (name, Some(digest)));
        let is_placeholder = value.starts_with("sha256:") && value.parse::<Digest>().is_err();
        let is_digest_key = self.last_key() == Some("digest");
        let (says, tag, found) = if is_placeholder && !is_digest_key {
            let write = self.query.write.unwrap_or(Write::TagAndDigest);
            (
                Says::Whole(self.query.repository.clone(), write),
                None,
                Some(value),
            )
        } else if is_hex(value) {
            (Says::Hex, None, Some(value))
        } else if value.starts_with("sha256:") || (value.is_empty() && is_digest_key) {
            (
                Says::Bare(self.query.write.unwrap_or(Write::Digest)),
                None,
                Some(value),
            )
        } else if is_image_tag(name) || value.is_empty() {
            let form = if digest.is_some() {
                Write::TagAndDigest
            } else {
                Write::Tag
            };
            (
                Says::Bare(self.query.write.unwrap_or(form)),
                Some(name),
                digest,
            )
        } else if let Ok(named) = name
            .rsplit_once(':')
            .map_or(name, |(name, _)| name)
            .parse::<Repository>()
        {
            return other(format!(
                "it names an image of {named}, wanted one of {}",
                self.query.repository
            ));
        } else {
            return other(format!(
                "{value:?} is no tag, digest or reference of an image"
            ));
        };
        if let Some(beside) = self.beside(above) {
            return other(stale(&beside));
        }
        let key = self.key();
        let slot = Slot {
            span: leaf.replaceable_span(self.text, &key)?,
            says,
            key,
        };
        Ok(self.place(
            leaf.start,
            tag.map(str::to_owned),
            found.map(full),
            vec![slot],
        ))
    }

    /// The key of another part of the same image, beside the one that the path leads to.
    fn beside(&self, above: Option<&Tree<'_>>) -> Option<String> {
        part_beside(above?, self.last_key()?)
    }
}

fn stale(beside: &str) -> String {
    format!(
        "beside it, {beside} would go on naming the old image; leave `key` out, or set it to the mapping that holds both"
    )
}
