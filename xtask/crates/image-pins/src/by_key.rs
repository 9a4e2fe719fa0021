//! References that a key path leads to.

use monorelease_model::image::{Digest, Repository, is_image_tag};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::KeyPath;
use monorelease_text_edits::splice::line_at;

use crate::document::{Leaf, Tree};
use crate::key_walk::walk;
use crate::parts::{full, is_hex, part_beside};
use crate::place::{PinPlace, Says, Slot};
use crate::search::Search;
use crate::{Write, registry_file};

impl Search<'_> {
    /// The one place that a key leads to, through all documents.
    pub(super) fn by_key(
        &mut self,
        documents: &[Tree<'_>],
        key: &KeyPath,
    ) -> Result<(), EditError> {
        let mut found = Vec::new();
        let name = key.to_string();
        for document in documents {
            found.extend(walk(document, key.parts(), self.text, &name)?);
        }
        let led = match found.as_slice() {
            [] => return Err(EditError::missing(&name)),
            [one] => one,
            several => {
                let lines = several
                    .iter()
                    .map(|led| line_at(self.text, led.node.start()))
                    .collect();
                return Err(EditError::Doubled { key: name, lines });
            }
        };
        self.path.clone_from(&led.path);
        let resolved = self.key();
        match led.node {
            Tree::Leaf(leaf) if leaf.is_block() && leaf.line().contains('\n') => {
                self.look(led.node)?;
            }
            Tree::Leaf(leaf) => {
                let place = self.named(led.above, leaf)?;
                self.found.push(place);
            }
            Tree::Map(..) if registry_file::is_registry(led.node) => {
                registry_file::places(self, led.node)?;
            }
            Tree::Map(..) => {
                let place = self
                    .unnamed(led.node)?
                    .ok_or_else(|| EditError::NotAString {
                        key: name.clone(),
                        found: "a mapping without a tag or a digest".to_owned(),
                        line: line_at(self.text, led.node.start()),
                    })?;
                self.found.push(place);
            }
            Tree::Seq(..) | Tree::Other(_) => {
                return Err(EditError::NotAString {
                    key: name,
                    found: led.node.kind().to_owned(),
                    line: line_at(self.text, led.node.start()),
                });
            }
        }
        // A place is called as the configuration calls it, `images[name=api]`, and not by its number.
        for place in &mut self.found {
            if let Some(below) = place.key.strip_prefix(&resolved) {
                place.key = format!("{name}{below}");
            }
        }
        Ok(())
    }

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
