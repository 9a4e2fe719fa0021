//! YAML, JSON and TOML as one tree of values with their spans, for finding image references in any of them.
//!
//! YAML's aliases are followed and its merge keys merged, so that the tree is what a reader of the document gets. It says which
//! characters a value is written in, or why they cannot be replaced; it knows nothing of images.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::line_at;
use monorelease_text_edits::{json, toml, yaml};
use saphyr_parser::ScalarStyle;
use toml_edit::{Item, TableLike};

use crate::Format;

/// A value. `usize` is the byte where it begins.
pub(super) enum Tree<'n> {
    Map(usize, Vec<(String, Tree<'n>)>),
    Seq(usize, Vec<Tree<'n>>),
    Leaf(Leaf<'n>),
    /// What is neither of these nor text.
    Other(usize),
}

/// A text, or in YAML any scalar.
pub(super) struct Leaf<'n> {
    pub value: Cow<'n, str>,
    pub start: usize,
    /// The byte where it is used: at the alias, where it stands behind one, else `start`.
    pub used_at: usize,
    source: Source<'n>,
}

enum Source<'n> {
    Yaml(&'n yaml::Node<'n>),
    Json(&'n json::Node),
    Toml(&'n toml_edit::Value),
}

/// One line of a block of lines: where it begins in the value, where in the text, and how long it is.
pub(super) struct BlockLine {
    pub inner: usize,
    pub outer: usize,
    pub length: usize,
}

/// Reads a text and hands its documents to `look`; JSON and TOML have one.
///
/// # Errors
/// The text is not of its format, or what `look` says.
pub(super) fn with_documents<T>(
    text: &str,
    format: Format,
    key: &str,
    look: impl FnOnce(&[Tree<'_>]) -> Result<T, EditError>,
) -> Result<T, EditError> {
    match format {
        Format::Yaml => {
            let nodes = yaml::parse(text, key)?;
            let documents = nodes
                .iter()
                .map(|document| Expansion::of(text, key, document))
                .collect::<Result<Vec<_>, _>>()?;
            look(&documents)
        }
        Format::Json => {
            let node = json::parse(text, key)?;
            look(&[of_json(text, &node)])
        }
        Format::Toml => {
            let document = toml::parse(text, key)?;
            look(&[of_item(document.as_item())])
        }
    }
}

/// How many values the aliases of one document may make of it. Each use of a value counts.
const MAX_VALUES: usize = 100_000;

/// How deep aliases may lead into each other; the parser bounds the text itself.
const MAX_DEPTH: usize = 256;

/// A YAML document on its way to a tree.
struct Expansion<'n> {
    text: &'n str,
    key: &'n str,
    /// Values by the byte where they begin, for aliases.
    values: HashMap<usize, &'n yaml::Node<'n>>,
    count: usize,
}

impl<'n> Expansion<'n> {
    fn of(
        text: &'n str,
        key: &'n str,
        document: &'n yaml::Node<'n>,
    ) -> Result<Tree<'n>, EditError> {
        let mut expansion = Self {
            text,
            key,
            values: HashMap::new(),
            count: 0,
        };
        expansion.note(document);
        expansion.tree(document, None, 0)
    }

    fn note(&mut self, node: &'n yaml::Node<'n>) {
        match &node.value {
            yaml::Value::Mapping(members) => members.iter().for_each(|(_, node)| self.note(node)),
            yaml::Value::Sequence(items) => items.iter().for_each(|node| self.note(node)),
            yaml::Value::Scalar { .. } => {}
            yaml::Value::Alias { .. } => return,
        }
        self.values.insert(node.span.start, node);
    }

    /// The tree of a node; `alias` is where the alias stands that leads to it.
    fn tree(
        &mut self,
        node: &'n yaml::Node<'n>,
        alias: Option<usize>,
        depth: usize,
    ) -> Result<Tree<'n>, EditError> {
        self.count += 1;
        let start = node.span.start;
        if self.count > MAX_VALUES || depth > MAX_DEPTH {
            return Err(EditError::unreadable(
                self.key,
                format!("the aliases of the document make more than {MAX_VALUES} values of it"),
                line_at(self.text, alias.unwrap_or(start)),
            ));
        }
        match &node.value {
            yaml::Value::Mapping(members) => {
                let mut own = Vec::new();
                let mut merged = Vec::new();
                for (name, node) in members {
                    let tree = self.tree(node, alias, depth + 1)?;
                    match (name.as_ref(), tree) {
                        ("<<", Tree::Map(_, members)) => merged.extend(members),
                        ("<<", Tree::Seq(_, maps)) => {
                            merged.extend(maps.into_iter().flat_map(Tree::into_members));
                        }
                        (name, tree) => own.push((name.to_owned(), tree)),
                    }
                }
                for (name, tree) in merged {
                    // What a mapping says itself, or merges first, wins.
                    if !own.iter().any(|(key, _)| *key == name) {
                        own.push((name, tree));
                    }
                }
                Ok(Tree::Map(start, own))
            }
            yaml::Value::Sequence(items) => {
                let items = items
                    .iter()
                    .map(|item| self.tree(item, alias, depth + 1))
                    .collect::<Result<_, _>>()?;
                Ok(Tree::Seq(start, items))
            }
            yaml::Value::Scalar { value, .. } => Ok(Tree::Leaf(Leaf {
                value: Cow::Borrowed(value),
                start,
                used_at: alias.unwrap_or(start),
                source: Source::Yaml(node),
            })),
            yaml::Value::Alias { of } => match self.values.get(of) {
                Some(value) => self.tree(value, Some(alias.unwrap_or(start)), depth + 1),
                None => Ok(Tree::Other(start)),
            },
        }
    }
}

fn of_json<'n>(text: &str, node: &'n json::Node) -> Tree<'n> {
    let start = node.span.start;
    match &node.value {
        json::Value::Object(members) => Tree::Map(
            start,
            members
                .iter()
                .map(|(name, node)| (name.clone(), of_json(text, node)))
                .collect(),
        ),
        json::Value::Array(items) => Tree::Seq(
            start,
            items.iter().map(|node| of_json(text, node)).collect(),
        ),
        json::Value::String => {
            let value =
                serde_json::from_str::<String>(&text[node.span.clone()]).unwrap_or_default();
            Tree::Leaf(Leaf {
                value: Cow::Owned(value),
                start,
                used_at: start,
                source: Source::Json(node),
            })
        }
        json::Value::Other => Tree::Other(start),
    }
}

fn of_item(item: &Item) -> Tree<'_> {
    let start = item.span().map_or(0, |span| span.start);
    match item {
        Item::Value(value) => of_value(value),
        Item::Table(table) => of_table(start, table),
        Item::ArrayOfTables(tables) => Tree::Seq(
            start,
            tables
                .iter()
                .map(|table| of_table(table.span().map_or(start, |span| span.start), table))
                .collect(),
        ),
        Item::None => Tree::Other(start),
    }
}

fn of_table(start: usize, table: &dyn TableLike) -> Tree<'_> {
    Tree::Map(
        start,
        table
            .iter()
            .map(|(name, item)| (name.to_owned(), of_item(item)))
            .collect(),
    )
}

fn of_value(value: &toml_edit::Value) -> Tree<'_> {
    let start = value.span().map_or(0, |span| span.start);
    match value {
        toml_edit::Value::String(string) => Tree::Leaf(Leaf {
            value: Cow::Borrowed(string.value()),
            start,
            used_at: start,
            source: Source::Toml(value),
        }),
        toml_edit::Value::Array(items) => Tree::Seq(start, items.iter().map(of_value).collect()),
        toml_edit::Value::InlineTable(table) => of_table(start, table),
        _ => Tree::Other(start),
    }
}

impl<'n> Tree<'n> {
    pub(super) fn start(&self) -> usize {
        match self {
            Self::Map(start, _) | Self::Seq(start, _) | Self::Other(start) => *start,
            Self::Leaf(leaf) => leaf.start,
        }
    }

    /// What stands under a key: nothing, one value, or an error where the key is written more than once.
    pub(super) fn member(
        &self,
        name: &str,
        text: &str,
        path: impl FnOnce() -> String,
    ) -> Result<Option<&Self>, EditError> {
        let Self::Map(_, members) = self else {
            return Ok(None);
        };
        let mut found = members
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => Ok(Some(one)),
            _ => {
                let several: Vec<&Self> = members
                    .iter()
                    .filter(|(key, _)| key == name)
                    .map(|(_, value)| value)
                    .collect();
                let path = path();
                let key = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                Err(EditError::Doubled {
                    key,
                    lines: several
                        .iter()
                        .map(|value| line_at(text, value.start()))
                        .collect(),
                })
            }
        }
    }

    fn into_members(self) -> Vec<(String, Self)> {
        match self {
            Self::Map(_, members) => members,
            _ => Vec::new(),
        }
    }

    pub(super) fn as_leaf(&self) -> Option<&Leaf<'n>> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// What it is, for an error.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Map(..) => "a mapping",
            Self::Seq(..) => "a list",
            Self::Leaf(_) => "a text",
            Self::Other(_) => "no text",
        }
    }
}

impl Leaf<'_> {
    /// The value without the line breaks that end a block of lines.
    pub(super) fn line(&self) -> &str {
        self.value.trim_end_matches('\n')
    }

    /// As [`Self::span`]; a number may stand there, too. What replaces it is none: a version has two dots, a digest letters.
    pub(super) fn replaceable_span(
        &self,
        text: &str,
        key: &str,
    ) -> Result<Range<usize>, EditError> {
        match self.source {
            Source::Yaml(node) if yaml::is_number(text, node) => Ok(node.span.clone()),
            _ => self.span(text, key),
        }
    }

    /// The bytes that are the value, character for character.
    ///
    /// # Errors
    /// It is written so that replacing characters would not surely do: with escapes, over several lines, or it is a number.
    pub(super) fn span(&self, text: &str, key: &str) -> Result<Range<usize>, EditError> {
        match self.source {
            Source::Json(node) => json::string_span(text, node, key),
            Source::Toml(value) => toml::value_span(text, value, key),
            Source::Yaml(node) => match (
                self.block_lines(text).as_deref(),
                self.value.trim_end_matches('\n'),
            ) {
                (Some([line]), one) if line.length == one.len() => {
                    Ok(line.outer..line.outer + line.length)
                }
                _ => yaml::string_span(text, node, key),
            },
        }
    }

    /// Whether it is written as a block of lines, `|` or `>`.
    pub(super) fn is_block(&self) -> bool {
        let Source::Yaml(node) = self.source else {
            return false;
        };
        matches!(
            node.value,
            yaml::Value::Scalar {
                style: ScalarStyle::Literal | ScalarStyle::Folded,
                ..
            }
        )
    }

    /// The lines of a block, where each of them is a line of the text with the same indentation before it; `None` where
    /// that is not so, as in a folded block of several lines.
    pub(super) fn block_lines(&self, text: &str) -> Option<Vec<BlockLine>> {
        let Source::Yaml(node) = self.source else {
            return None;
        };
        if !self.is_block() {
            return None;
        }
        let value = self.value.trim_end_matches('\n');
        let first = value.lines().find(|line| !line.is_empty())?;
        let mut outer = node.span.start + text[node.span.start..].find('\n')? + 1;
        let mut inner = 0;
        let mut indent = None;
        let mut lines = Vec::new();
        for line in value.split('\n') {
            let rest = &text[outer..];
            let raw = &rest[..rest.find('\n').unwrap_or(rest.len())];
            let written = raw.strip_suffix('\r').unwrap_or(raw);
            if line.is_empty() {
                if !written.trim_matches(' ').is_empty() {
                    return None;
                }
            } else {
                let before = match indent {
                    Some(before) => before,
                    None => written.len().checked_sub(first.len())?,
                };
                indent = Some(before);
                let (blank, content) = written.split_at_checked(before)?;
                if !blank.bytes().all(|byte| byte == b' ') || content != line {
                    return None;
                }
                lines.push(BlockLine {
                    inner,
                    outer: outer + before,
                    length: line.len(),
                });
            }
            inner += line.len() + 1;
            outer += raw.len() + 1;
            if outer > text.len() && inner <= value.len() {
                return None;
            }
            outer = outer.min(text.len());
        }
        Some(lines)
    }
}
