//! YAML, JSON and TOML as one tree of values with their places, for finding image references in any of them.
//!
//! It says where the characters of a value stand, or why they cannot be replaced; it knows nothing of images.

use std::borrow::Cow;
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
    /// YAML's `*name`: the value stands at byte `of`.
    Alias {
        start: usize,
        of: usize,
    },
    /// What is neither of these nor text.
    Other(usize),
}

/// A text, or in YAML any scalar.
pub(super) struct Leaf<'n> {
    pub value: Cow<'n, str>,
    pub start: usize,
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
            look(&nodes.iter().map(of_yaml).collect::<Vec<_>>())
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

fn of_yaml<'n>(node: &'n yaml::Node<'n>) -> Tree<'n> {
    let start = node.span.start;
    match &node.value {
        yaml::Value::Mapping(members) => Tree::Map(
            start,
            members
                .iter()
                .map(|(name, node)| (name.to_string(), of_yaml(node)))
                .collect(),
        ),
        yaml::Value::Sequence(items) => Tree::Seq(start, items.iter().map(of_yaml).collect()),
        yaml::Value::Scalar { value, .. } => Tree::Leaf(Leaf {
            value: Cow::Borrowed(value),
            start,
            source: Source::Yaml(node),
        }),
        yaml::Value::Alias { of } => Tree::Alias { start, of: *of },
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
            Self::Map(start, _)
            | Self::Seq(start, _)
            | Self::Other(start)
            | Self::Alias { start, .. } => *start,
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
            Self::Alias { .. } => "an alias",
            Self::Other(_) => "no text",
        }
    }
}

impl Leaf<'_> {
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
                let before = *indent.get_or_insert(written.len().checked_sub(first.len())?);
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
