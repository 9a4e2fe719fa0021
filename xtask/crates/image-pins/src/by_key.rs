//! References that are written in several texts beside each other, and references that a key path leads to.
//!
//! As `pins`, of which this is the second half, it only finds places.

use monorelease_model::image::{Digest, Repository, is_image_tag};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::line_at;

use crate::document::{Leaf, Tree};
use crate::references::{PinPlace, Says, Search, Slot};
use crate::{Write, registry_file};

/// How the members of a reference are called, beside each other in a mapping.
const KUSTOMIZE: (&str, &str) = ("newTag", "digest");
const HELM: (&str, &str) = ("tag", "digest");

/// The one place that a key leads to, through all documents.
pub(super) fn by_key(
    search: &mut Search<'_>,
    documents: &[Tree<'_>],
    key: &KeyPath,
) -> Result<(), EditError> {
    let mut found = Vec::new();
    let name = key.to_string();
    for document in documents {
        if let Some((parent, node)) = walk(document, key.parts(), search.text, &name)? {
            found.push((parent, node));
        }
    }
    let (parent, node) = match found.as_slice() {
        [] => return Err(EditError::missing(&name)),
        [one] => *one,
        several => {
            let lines = several
                .iter()
                .map(|(_, node)| line_at(search.text, node.start()))
                .collect();
            return Err(EditError::Doubled { key: name, lines });
        }
    };
    search.path = key.parts().to_vec();
    match node {
        Tree::Leaf(leaf) if leaf.is_block() && leaf.value.trim_end_matches('\n').contains('\n') => {
            search.look(node)
        }
        Tree::Leaf(leaf) => {
            let place = search.named(parent, leaf)?;
            search.found.push(place);
            Ok(())
        }
        Tree::Map(..) if registry_file::is_registry(node) => registry_file::places(search, node),
        Tree::Map(..) => {
            let (tag, digest) = names_in(node);
            let place = search.beside(node, tag, digest)?;
            let none = || EditError::NotAString {
                key: name.clone(),
                found: "a mapping without a tag or a digest".to_owned(),
                line: search.line(node),
            };
            search.found.push(place.ok_or_else(none)?);
            Ok(())
        }
        Tree::Alias { of, .. } => Err(search.alias(node, *of)),
        Tree::Seq(..) | Tree::Other(_) => Err(EditError::NotAString {
            key: name,
            found: node.kind().to_owned(),
            line: search.line(node),
        }),
    }
}

/// The pair of keys that a mapping has.
fn names_in(node: &Tree<'_>) -> (&'static str, &'static str) {
    let Tree::Map(_, members) = node else {
        return HELM;
    };
    if members.iter().any(|(key, _)| key == KUSTOMIZE.0) {
        KUSTOMIZE
    } else {
        HELM
    }
}

/// Whether a mapping is an entry of kustomize's list of images.
fn is_entry(node: &Tree<'_>) -> bool {
    let Tree::Map(_, members) = node else {
        return false;
    };
    let has = |name: &str| members.iter().any(|(key, _)| key == name);
    has("name") && (has("newTag") || has("newName") || has("digest"))
}

pub(super) type Led<'t, 'n> = Option<(Option<&'t Tree<'n>>, &'t Tree<'n>)>;

/// The node at a path in one document, with the one above it.
pub(super) fn walk<'t, 'n>(
    document: &'t Tree<'n>,
    parts: &[Part],
    text: &str,
    name: &str,
) -> Result<Led<'t, 'n>, EditError> {
    let mut above = None;
    let mut node = document;
    for part in parts {
        if let Tree::Alias { of, start } = node {
            let found = "an alias".to_owned();
            let instead = format!("what stands at line {}", line_at(text, *of));
            return Err(EditError::Elsewhere {
                key: name.to_owned(),
                found,
                line: line_at(text, *start),
                instead,
            });
        }
        let at = |index: usize| match node {
            Tree::Seq(_, items) => items.get(index),
            _ => None,
        };
        let next = match (part, node) {
            (Part::Key(key), Tree::Seq(..)) => key.parse().ok().and_then(at),
            (Part::Key(key), _) => node.member(key, text, || name.to_owned())?,
            (Part::Index(index), _) => at(*index),
            (Part::Entry { key, is }, Tree::Seq(_, items)) => {
                let has = |item: &&Tree<'_>| matches!(item, Tree::Map(_, members) if members.iter().any(|(name, value)| name == key && value.as_leaf().is_some_and(|leaf| leaf.value == is.as_str())));
                let entries: Vec<_> = items.iter().filter(has).collect();
                match entries.as_slice() {
                    [] => None,
                    [one] => Some(*one),
                    several => {
                        let lines = several
                            .iter()
                            .map(|entry| line_at(text, entry.start()))
                            .collect();
                        return Err(EditError::Doubled {
                            key: name.to_owned(),
                            lines,
                        });
                    }
                }
            }
            (Part::Entry { .. }, _) => None,
        };
        let Some(next) = next else { return Ok(None) };
        (above, node) = (Some(node), next);
    }
    Ok(Some((above, node)))
}

impl Search<'_> {
    fn line(&self, node: &Tree<'_>) -> usize {
        line_at(self.text, node.start())
    }

    fn alias(&self, node: &Tree<'_>, of: usize) -> EditError {
        let instead = format!("what stands at line {}", line_at(self.text, of));
        EditError::Elsewhere {
            key: self.key(),
            found: "an alias".to_owned(),
            line: self.line(node),
            instead,
        }
    }

    /// A mapping that names the repository, with a tag or a digest beside the name.
    pub(super) fn group(&self, node: &Tree<'_>) -> Result<Option<PinPlace>, EditError> {
        if matches!(self.path.as_slice(), [.., Part::Key(key), Part::Index(_)] if key == "images")
            && is_entry(node)
        {
            return if self.is_ours(node)? {
                self.beside(node, KUSTOMIZE.0, KUSTOMIZE.1)
            } else {
                Ok(None)
            };
        }
        let named = ["repository", "image"]
            .into_iter()
            .map(|name| self.word(node, name))
            .collect::<Result<Vec<_>, _>>();
        // A key that stands twice in a mapping that names another image is none of our business.
        let Ok(named) = named else { return Ok(None) };
        if named.iter().all(Option::is_none) {
            return Ok(None);
        }
        let registry = self.word(node, "registry")?;
        let full = |name: &String| match registry.as_deref().filter(|registry| !registry.is_empty())
        {
            Some(registry) => format!("{registry}/{name}"),
            None => name.clone(),
        };
        if named
            .iter()
            .flatten()
            .any(|name| self.is_repository(&full(name)) || self.is_repository(name))
        {
            return self.beside(node, HELM.0, HELM.1);
        }
        Ok(None)
    }

    /// Of kustomize's list, two entries for one image are one thing twice.
    pub(super) fn no_twins(&self, items: &[Tree<'_>]) -> Result<(), EditError> {
        let mut lines = Vec::new();
        for item in items.iter().filter(|item| is_entry(item)) {
            if self.is_ours(item)? {
                lines.push(self.line(item));
            }
        }
        let key = || format!("{} in {}", self.query.repository, self.key());
        if lines.len() > 1 {
            Err(EditError::Doubled { key: key(), lines })
        } else {
            Ok(())
        }
    }

    fn is_ours(&self, entry: &Tree<'_>) -> Result<bool, EditError> {
        let name = match self.word(entry, "newName")? {
            Some(name) => Some(name),
            None => self.word(entry, "name")?,
        };
        Ok(name.is_some_and(|name| self.is_repository(&name)))
    }

    fn word(&self, node: &Tree<'_>, name: &str) -> Result<Option<String>, EditError> {
        Ok(node
            .member(name, self.text, || self.key())?
            .and_then(Tree::as_leaf)
            .map(|leaf| leaf.value.to_string()))
    }

    /// The tag and the digest in a mapping; `None` when it has neither.
    fn beside(
        &self,
        node: &Tree<'_>,
        tag: &str,
        digest: &str,
    ) -> Result<Option<PinPlace>, EditError> {
        let path = || self.key();
        let tag_at = node.member(tag, self.text, path)?;
        let digest_at = node.member(digest, self.text, path)?;
        self.pair((tag, tag_at), (digest, digest_at), self.line(node))
    }

    /// A reference in two texts, of which one may be missing.
    fn pair(
        &self,
        (tag_name, tag): (&str, Option<&Tree<'_>>),
        (digest_name, digest): (&str, Option<&Tree<'_>>),
        line: usize,
    ) -> Result<Option<PinPlace>, EditError> {
        let tag = tag.map(|node| self.scalar(node, tag_name)).transpose()?;
        let digest = digest
            .map(|node| self.scalar(node, digest_name))
            .transpose()?;
        let Some(first) = tag.as_ref().or(digest.as_ref()) else {
            return Ok(None);
        };
        let line = first.0.line(self).max(line);
        // Some charts take `0.1.0@sha256:…` for the tag.
        let joined = tag
            .as_ref()
            .and_then(|(_, value)| value.split_once('@'))
            .map(|(tag, digest)| (tag.to_owned(), digest.to_owned()));
        let kept = |name: &str, has: &str| {
            EditError::unreadable(
                &self.member_key(name),
                format!(
                    "it is beside {has}, and would go on naming another image; `write` leaves it out"
                ),
                line,
            )
        };
        let absent = |name: &str| EditError::Missing {
            key: self.member_key(name),
            found: Some(format!(
                "`write` wants it, and keys are never made; add it beside line {line}, or change `write`"
            )),
        };
        let digest_says = digest.as_ref().is_some_and(|(_, value)| !value.is_empty());
        let tag_says = tag.as_ref().is_some_and(|(_, value)| !value.is_empty());
        let tag_form = match (self.query.write, &digest, &joined) {
            (None, _, Some(_)) | (Some(Write::TagAndDigest), None, _) if joined.is_some() => {
                Write::TagAndDigest
            }
            (Some(Write::TagAndDigest), None, _) => return Err(absent(digest_name)),
            (Some(Write::Digest), None, _) => return Err(absent(digest_name)),
            (Some(Write::Digest), Some(_), _) if tag_says => {
                return Err(kept(tag_name, digest_name));
            }
            (Some(Write::Tag), Some(_), _) if digest_says => {
                return Err(kept(digest_name, tag_name));
            }
            (Some(write), _, _) if write.has_tag() && tag.is_none() => {
                return Err(absent(tag_name));
            }
            _ => Write::Tag,
        };
        let mut slots = Vec::new();
        if let Some((at, _)) = tag
            .as_ref()
            .filter(|_| self.query.write.is_none_or(Write::has_tag))
        {
            slots.push(Slot {
                span: at.span(self, tag_name)?,
                says: Says::Bare(tag_form),
            });
        }
        if let Some((at, _)) = digest
            .as_ref()
            .filter(|_| self.query.write.is_none_or(Write::has_digest))
        {
            slots.push(Slot {
                span: at.span(self, digest_name)?,
                says: Says::Bare(Write::Digest),
            });
        }
        let digest_value = digest
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty());
        let (tag_value, joined_digest) = match joined {
            Some((tag, digest)) => (Some(tag), Some(digest)),
            None => (tag.map(|(_, value)| value), None),
        };
        Ok(Some(PinPlace {
            line,
            ..self.place(0, tag_value, digest_value.or(joined_digest), slots)
        }))
    }

    pub(super) fn member_key(&self, name: &str) -> String {
        let path = self.key();
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    }

    fn scalar<'t, 'n>(
        &self,
        node: &'t Tree<'n>,
        name: &str,
    ) -> Result<(At<'t, 'n>, String), EditError> {
        match node {
            Tree::Leaf(leaf) => Ok((At(leaf), leaf.value.trim_end_matches('\n').to_owned())),
            Tree::Alias { of, .. } => {
                let instead = format!("what stands at line {}", line_at(self.text, *of));
                Err(EditError::Elsewhere {
                    key: self.member_key(name),
                    found: "an alias".to_owned(),
                    line: self.line(node),
                    instead,
                })
            }
            _ => Err(EditError::NotAString {
                key: self.member_key(name),
                found: node.kind().to_owned(),
                line: self.line(node),
            }),
        }
    }

    /// Argo CD's parameters of a chart: `image.repository` names the image, `image.tag` and `image.digest` say which.
    pub(super) fn parameters(&mut self, items: &[Tree<'_>]) -> Result<(), EditError> {
        let path = self.key();
        let mut named: Vec<(String, &Tree<'_>)> = Vec::new();
        for item in items {
            let name = item
                .member("name", self.text, || path.clone())?
                .and_then(Tree::as_leaf);
            if let (Some(name), Some(value)) =
                (name, item.member("value", self.text, || path.clone())?)
            {
                named.push((name.value.to_string(), value));
            }
        }
        let repositories: Vec<String> = named
            .iter()
            .filter(|(_, value)| {
                value
                    .as_leaf()
                    .is_some_and(|leaf| self.is_repository(&leaf.value))
            })
            .filter_map(|(name, _)| name.strip_suffix("repository").map(str::to_owned))
            .collect();
        for prefix in repositories {
            let one = |word: &str| {
                let found: Vec<_> = named
                    .iter()
                    .filter(|(name, _)| *name == format!("{prefix}{word}"))
                    .map(|(_, value)| *value)
                    .collect();
                match found.as_slice() {
                    [] => Ok(None),
                    [one] => Ok(Some(*one)),
                    several => Err(EditError::Doubled {
                        key: format!("{path}[name={prefix}{word}]"),
                        lines: several.iter().map(|value| self.line(value)).collect(),
                    }),
                }
            };
            let tag = one("tag")?;
            let digest = one("digest")?;
            let place = self.pair(("tag", tag), ("digest", digest), 0)?;
            self.found.extend(place.map(|place| PinPlace {
                key: format!("{path}[name={prefix}*]"),
                ..place
            }));
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
            return self.whole_place(leaf, 0, value.len(), whole);
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
        if let (None, Some(twin)) = (self.query.write, above.and_then(|above| self.twin(above))) {
            return other(format!(
                "beside it stands {twin}, which would go on naming another image; name the mapping that holds both, or set `write`"
            ));
        }
        let slot = Slot {
            span: leaf.span(self.text, &self.key())?,
            says,
        };
        Ok(self.place(
            leaf.start,
            tag.map(str::to_owned),
            found.map(str::to_owned),
            vec![slot],
        ))
    }

    /// The other half of a reference, beside the one that the path leads to.
    fn twin(&self, above: &Tree<'_>) -> Option<&'static str> {
        let (tag, digest) = names_in(above);
        let twin = match self.last_key()? {
            key if key == tag => digest,
            key if key == digest => tag,
            _ => return None,
        };
        let Tree::Map(_, members) = above else {
            return None;
        };
        members
            .iter()
            .any(|(key, value)| {
                key == twin && value.as_leaf().is_none_or(|leaf| !leaf.value.is_empty())
            })
            .then_some(twin)
    }
}

/// A scalar of a pair.
struct At<'t, 'n>(&'t Leaf<'n>);

impl At<'_, '_> {
    fn line(&self, search: &Search<'_>) -> usize {
        line_at(search.text, self.0.start)
    }

    fn span(&self, search: &Search<'_>, name: &str) -> Result<std::ops::Range<usize>, EditError> {
        self.0.span(search.text, &search.member_key(name))
    }
}
