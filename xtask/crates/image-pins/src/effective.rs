//! What an edit comes to: two texts compared as their readers get them.
//!
//! Law 19: after an edit, every reference to the image says the new one, and nothing else differs.

use std::collections::BTreeSet;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::line_at;

use crate::Format;
use crate::document::{Leaf, Tree, with_documents};
use crate::place::{PinChange, PinQuery};
use crate::search::{find_uses, holds_document};

/// A scalar as a reader gets it.
struct Scalar {
    key: String,
    value: String,
    /// Where it is used, counted from 1.
    line: usize,
}

/// Compares a text before and after the edit that `changes` make.
///
/// # Errors
/// Something else than an image of the repository differs, or a reference does not say what it should.
pub(super) fn check(
    before: &str,
    after: &str,
    format: Format,
    changes: &[PinChange<'_>],
) -> Result<(), EditError> {
    let mut queries: Vec<PinQuery<'_>> = Vec::new();
    for change in changes {
        if !queries.contains(&change.query) {
            queries.push(change.query);
        }
    }
    let mut ours = BTreeSet::new();
    for query in &queries {
        for place in find_uses(after, format, query)? {
            let change = changes
                .iter()
                .find(|change| change.query == *query && change.place.arch == place.arch);
            // An image of a platform that is not wanted stays as it is.
            let Some(change) = change else { continue };
            let is_set = place
                .edits(change.image)
                .iter()
                .all(|(span, new)| after.get(span.clone()) == Some(new));
            if !is_set {
                return Err(EditError::unreadable(
                    &place.key,
                    format!(
                        "after the edit it would still say {}; write it as one reference",
                        place.says()
                    ),
                    place.line,
                ));
            }
            ours.extend(place.slots.into_iter().map(|slot| slot.key));
        }
    }
    let names: Vec<&str> = queries.iter().map(PinQuery::name).collect();
    let (was, is) = (
        scalars(before, format, &names)?,
        scalars(after, format, &names)?,
    );
    let edited = changes.first().map_or(1, |change| change.place.line);
    if was.len() != is.len() {
        let why = "the edit would change more of the document than this value";
        return Err(EditError::unreadable(&queries_name(&queries), why, edited));
    }
    let other = was
        .iter()
        .zip(&is)
        .find(|(was, is)| was.value != is.value && !ours.contains(&was.key));
    match other {
        None => Ok(()),
        Some((other, _)) => {
            let line = changes
                .iter()
                .find(|change| change.place.says().contains(&other.value))
                .map_or(edited, |change| change.place.line);
            Err(EditError::unreadable(
                &queries_name(&queries),
                format!(
                    "{} (line {}) shares its value through an anchor and is no image of it, so that the edit would change it, too; \
                     write the value out in one of the two",
                    other.key, other.line
                ),
                line,
            ))
        }
    }
}

fn queries_name(queries: &[PinQuery<'_>]) -> String {
    queries.first().map(PinQuery::what).unwrap_or_default()
}

/// Every scalar of a text, in order; those of documents within texts that hold one of the names, too.
fn scalars(text: &str, format: Format, names: &[&str]) -> Result<Vec<Scalar>, EditError> {
    with_documents(text, format, "", |documents| {
        let mut walk = Walk {
            text,
            names,
            path: Vec::new(),
            found: Vec::new(),
        };
        documents
            .iter()
            .try_for_each(|document| walk.look(document))?;
        Ok(walk.found)
    })
}

struct Walk<'w> {
    text: &'w str,
    names: &'w [&'w str],
    path: Vec<Part>,
    found: Vec<Scalar>,
}

impl Walk<'_> {
    fn look(&mut self, node: &Tree<'_>) -> Result<(), EditError> {
        match node {
            Tree::Map(_, members) => members
                .iter()
                .try_for_each(|(key, value)| self.below(Part::Key(key.clone()), value)),
            Tree::Seq(_, items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| self.below(Part::Index(index), item)),
            Tree::Leaf(leaf) => self.scalar(leaf),
            Tree::Other(_) => Ok(()),
        }
    }

    fn below(&mut self, part: Part, node: &Tree<'_>) -> Result<(), EditError> {
        self.path.push(part);
        let answer = self.look(node);
        self.path.pop();
        answer
    }

    fn scalar(&mut self, leaf: &Leaf<'_>) -> Result<(), EditError> {
        let key = KeyPath::of(self.path.clone())
            .map(|path| path.to_string())
            .unwrap_or_default();
        let line = line_at(self.text, leaf.used_at);
        let is_ours = self.names.iter().any(|name| leaf.value.contains(name));
        let may_hold = leaf.is_block() || leaf.line().contains('\n');
        if is_ours && may_hold && holds_document(&leaf.value) {
            let within = scalars(&leaf.value, Format::Yaml, self.names)?;
            self.found.extend(within.into_iter().map(|scalar| Scalar {
                key: format!("{key} › {}", scalar.key),
                line,
                ..scalar
            }));
        } else {
            self.found.push(Scalar {
                key,
                value: leaf.value.to_string(),
                line,
            });
        }
        Ok(())
    }
}
