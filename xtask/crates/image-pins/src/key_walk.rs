//! Where a key path leads to in a document.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::Part;
use monorelease_text_edits::splice::line_at;

use crate::document::Tree;

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
