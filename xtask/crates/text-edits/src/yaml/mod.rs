//! Where a string stands in a YAML text: charts, manifests of a cluster, and anything else that keeps a version in YAML.
//!
//! This file goes from a path of keys to the characters between the quotes, or to the plain ones. It never writes YAML:
//! a value that cannot be replaced character for character is an error.

mod nodes;

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::error::EditError;
use crate::key_path::{KeyPath, Part};
use crate::splice::line_at;
pub use nodes::{Node, Value, parse};

const STRING: &str = "tag:yaml.org,2002:str";

/// The characters of a string that are its value: between the quotes, or all of a plain one.
///
/// A plain one stays a string when a version takes its place: X.Y.Z has two dots, so that neither YAML 1.1 nor 1.2
/// reads a number in it, and no version has `: `, ` #` or a sign that means something at its start.
pub fn string_span(text: &str, node: &Node, key: &str) -> Result<Range<usize>, EditError> {
    let line = line_at(text, node.span.start);
    let other = |found: String| {
        Err(EditError::NotAString {
            key: key.to_owned(),
            found,
            line,
        })
    };
    let (style, value, tag) = match &node.value {
        Value::Scalar { style, value, tag } => (style, value, tag.as_deref()),
        Value::Mapping(_) => return other("a mapping".to_owned()),
        Value::Sequence(_) => return other("a sequence".to_owned()),
        Value::Alias { of } => {
            return Err(elsewhere(
                text,
                node,
                key,
                format!("what stands at line {}", line_at(text, *of)),
            ));
        }
    };
    let quotes = match style {
        ScalarStyle::Plain => 0,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        ScalarStyle::Literal | ScalarStyle::Folded => {
            return Err(EditError::unreadable(
                key,
                "it is written as a block of lines, wanted it beside its key",
                line,
            ));
        }
    };
    match (tag, other_kind(value)) {
        // Quotes, or a tag that says so, make a string of whatever is written.
        (Some(STRING | "!"), _) => {}
        (Some(tag), _) => return other(format!("a value with the tag {tag}")),
        (None, Some(found)) if *style == ScalarStyle::Plain => return other(found),
        (None, _) => {}
    }
    let inner = node.span.start + quotes..node.span.end.saturating_sub(quotes);
    if text.get(inner.clone()) != Some(value) {
        return Err(EditError::unreadable(
            key,
            "it is written with escapes or line breaks",
            line,
        ));
    }
    Ok(inner)
}

/// Whether a node is a number that is written as one, without quotes or a tag.
pub fn is_number(text: &str, node: &Node) -> bool {
    let Value::Scalar { style, value, tag } = &node.value else {
        return false;
    };
    *style == ScalarStyle::Plain
        && tag.is_none()
        && reads_as_number(value)
        && text.get(node.span.clone()) == Some(value)
}

fn reads_as_number(plain: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    plain.chars().all(is_sign) && plain.parse::<f64>().is_ok()
}

/// What a plain scalar is to YAML's core schema, where that is no string.
fn other_kind(plain: &str) -> Option<String> {
    match plain {
        "" => Some("empty".to_owned()),
        "~" | "null" | "Null" | "NULL" => Some("null".to_owned()),
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => {
            Some(format!("the boolean {plain}"))
        }
        _ => reads_as_number(plain).then(|| format!("the number {plain}")),
    }
}

fn elsewhere(text: &str, alias: &Node, key: &str, instead: String) -> EditError {
    let found = format!("`{}`", &text[alias.span.clone()]);
    EditError::Elsewhere {
        key: key.to_owned(),
        found,
        line: line_at(text, alias.span.start),
        instead,
    }
}

/// A walk from the top of documents along a path.
pub struct Finder<'f, 't> {
    pub text: &'t str,
    pub documents: &'f [Node<'t>],
    /// The path as errors name it.
    pub key: &'f str,
}

impl<'f, 't> Finder<'f, 't> {
    /// The one node to which the path leads, and the document it is in.
    pub fn only(&self, path: &[Part]) -> Result<(&'f Node<'t>, &'f Node<'t>), EditError> {
        let mut found = Vec::new();
        let mut instead = self
            .documents
            .is_empty()
            .then(|| "the text has no YAML document in it".to_owned());
        for document in self.documents {
            match self.within(document, path)? {
                Ok(node) => found.push((document, node)),
                Err(why) => instead = why.or(instead),
            }
        }
        match found.as_slice() {
            [] => Err(EditError::Missing {
                key: self.key.to_owned(),
                found: instead,
            }),
            [one] => Ok(*one),
            several => Err(self.doubled(several.iter().map(|(_, node)| *node))),
        }
    }

    /// The node in one document; or, where there is none, what explains that.
    fn within(
        &self,
        document: &'f Node<'t>,
        path: &[Part],
    ) -> Result<Result<&'f Node<'t>, Option<String>>, EditError> {
        let mut node = document;
        for (place, part) in path.iter().enumerate() {
            if let Value::Alias { of } = node.value {
                return Err(elsewhere(
                    self.text,
                    node,
                    self.key,
                    self.instead_of(of, &path[place..]),
                ));
            }
            let under = children(node, part);
            node = match under.as_slice() {
                [] => return Ok(Err(self.absence(node, part))),
                [one] => one,
                several => return Err(self.doubled(several.iter().copied())),
            };
        }
        match node.value {
            Value::Alias { of } => Err(elsewhere(
                self.text,
                node,
                self.key,
                self.instead_of(of, &[]),
            )),
            _ => Ok(Ok(node)),
        }
    }

    fn doubled<'n>(&self, nodes: impl Iterator<Item = &'n Node<'t>>) -> EditError
    where
        't: 'n,
    {
        EditError::Doubled {
            key: self.key.to_owned(),
            lines: nodes
                .map(|node| line_at(self.text, node.span.start))
                .collect(),
        }
    }

    fn absence(&self, node: &Node, part: &Part) -> Option<String> {
        let line = line_at(self.text, node.span.start);
        match part {
            Part::Entry { key, is } if !node.items().is_empty() => Some(format!(
                "no entry of the sequence at line {line} has {key}: {is}"
            )),
            Part::Key(_) if !node.members("<<").is_empty() => Some(format!(
                "the mapping at line {line} merges another (`<<`); name the key where it is written"
            )),
            _ => None,
        }
    }

    /// The path of the value at byte `at`, from which `rest` goes on.
    fn instead_of(&self, at: usize, rest: &[Part]) -> String {
        let line = line_at(self.text, at);
        let mut parts = Vec::new();
        self.documents
            .iter()
            .any(|document| leads_to(document, at, &mut parts));
        parts.extend_from_slice(rest);
        KeyPath::of(parts).map_or_else(
            || format!("what stands at line {line}"),
            |path| format!("{path} (line {line})"),
        )
    }
}

fn children<'f, 't>(node: &'f Node<'t>, part: &Part) -> Vec<&'f Node<'t>> {
    let at = |index: usize| node.items().get(index).into_iter().collect();
    match (part, &node.value) {
        (Part::Key(name), Value::Sequence(_)) => name.parse().map(at).unwrap_or_default(),
        (Part::Key(name), _) => node.members(name),
        (Part::Index(index), _) => at(*index),
        (Part::Entry { key, is }, _) => {
            let has = |entry: &&Node| {
                entry
                    .members(key)
                    .iter()
                    .any(|value| value.as_text() == Some(is))
            };
            node.items().iter().filter(has).collect()
        }
    }
}

/// Whether a value at byte `at` lies in the node; `parts` is then the way to the innermost one. Nodes nest no deeper
/// than the parser lets them.
fn leads_to(node: &Node, at: usize, parts: &mut Vec<Part>) -> bool {
    let mut through = |part: Part, child: &Node| {
        parts.push(part);
        let found = child.span.contains(&at) && leads_to(child, at, parts);
        if !found {
            parts.pop();
        }
        found
    };
    let deeper = match &node.value {
        Value::Mapping(members) => members
            .iter()
            .any(|(name, child)| through(Part::Key(name.to_string()), child)),
        Value::Sequence(items) => items
            .iter()
            .enumerate()
            .any(|(index, child)| through(Part::Index(index), child)),
        Value::Scalar { .. } | Value::Alias { .. } => false,
    };
    deeper || node.span.start == at
}
