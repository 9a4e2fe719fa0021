//! Where a string stands in a JSON text: package.json, and anything else that keeps a version in JSON.
//!
//! serde_json decides whether the text is JSON, but keeps no positions, which law 2 needs. So a small reader walks the text once
//! more and notes the span of every value; it relies on that verdict and checks no grammar of its own.

use std::ops::Range;

use crate::error::EditError;
use crate::splice::{line_at, without_bom};

/// A JSON value and where it stands.
pub struct Node {
    /// The bytes of the whole value, quotes and brackets included.
    pub span: Range<usize>,
    pub value: Value,
}

pub enum Value {
    /// Members in the order of the text; a key that stands twice is there twice.
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    String,
    /// A number, `true`, `false` or `null`.
    Other,
}

/// The characters of the string at a dotted path of keys and array indexes.
///
/// # Errors
/// The text is no JSON, or nothing, several values or no string are at the path.
pub fn locate(text: &str, path: &str) -> Result<Range<usize>, EditError> {
    let names: Vec<&str> = path.split('.').collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err(EditError::BadLocator {
            locator: path.to_owned(),
            why: "is not a dotted path of JSON keys: a part of it is empty".to_owned(),
        });
    }
    let root = parse(text, path)?;
    string_span(text, only(text, &root, &names, path)?, path)
}

/// The one value at a path of keys; `key` names it in errors.
fn only<'n>(text: &str, root: &'n Node, names: &[&str], key: &str) -> Result<&'n Node, EditError> {
    names.iter().try_fold(root, |node, name| {
        let found = node.children(name);
        match found.as_slice() {
            [] => Err(EditError::missing(key)),
            [one] => Ok(*one),
            several => Err(EditError::Doubled {
                key: key.to_owned(),
                lines: several
                    .iter()
                    .map(|n| line_at(text, n.span.start))
                    .collect(),
            }),
        }
    })
}

/// The bytes between the quotes of a string without escapes.
pub fn string_span(text: &str, node: &Node, key: &str) -> Result<Range<usize>, EditError> {
    // Counted for errors alone: it takes all of the text before.
    let line = || line_at(text, node.span.start);
    let raw = &text[node.span.clone()];
    let found = match node.value {
        Value::String if raw.contains('\\') => {
            return Err(EditError::unreadable(
                key,
                "it is written with escapes",
                line(),
            ));
        }
        Value::String => return Ok(node.span.start + 1..node.span.end - 1),
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::Other => raw,
    };
    Err(EditError::NotAString {
        key: key.to_owned(),
        found: found.to_owned(),
        line: line(),
    })
}

impl Node {
    /// Everything that stands under a key, or at an index.
    pub fn children(&self, name: &str) -> Vec<&Node> {
        match &self.value {
            Value::Object(members) => {
                let named = members.iter().filter(|(key, _)| key == name);
                named.map(|(_, node)| node).collect()
            }
            Value::Array(items) => {
                let index = name.parse::<usize>().ok();
                index.and_then(|at| items.get(at)).into_iter().collect()
            }
            Value::String | Value::Other => Vec::new(),
        }
    }
}

/// Reads a text with the span of every value.
pub fn parse(text: &str, key: &str) -> Result<Node, EditError> {
    let (body, offset) = without_bom(text);
    // This also bounds how deep values nest (128), and with it the recursion below.
    serde_json::from_str::<serde_json::Value>(body).map_err(|error| {
        let why = format!("the text is not JSON, {error}");
        EditError::Unreadable {
            key: key.to_owned(),
            why,
            line: None,
        }
    })?;
    Ok(Reader { text, at: offset }.value())
}

/// A walk over text that is known to be JSON.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, skip: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skip) {
            self.at += 1;
        }
    }

    fn skip_blanks(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn value(&mut self) -> Node {
        self.skip_blanks();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.members()),
            Some(b'[') => Value::Array(self.items()),
            Some(b'"') => {
                self.string();
                Value::String
            }
            _ => {
                self.skip_while(|byte| !matches!(byte, b',' | b']' | b'}') && byte > b' ');
                Value::Other
            }
        };
        Node {
            span: start..self.at,
            value,
        }
    }

    fn members(&mut self) -> Vec<(String, Node)> {
        let mut members = Vec::new();
        while self.enters_next(b'}') {
            let key = self.string();
            self.skip_blanks();
            self.at += 1; // the colon
            members.push((key, self.value()));
        }
        members
    }

    fn items(&mut self) -> Vec<Node> {
        let mut items = Vec::new();
        while self.enters_next(b']') {
            items.push(self.value());
        }
        items
    }

    /// Steps over the opening bracket, a comma, or the closing bracket; true when something stands behind it.
    fn enters_next(&mut self, closing: u8) -> bool {
        self.skip_blanks();
        let closed = self.peek().is_none_or(|byte| byte == closing);
        self.at += 1;
        self.skip_blanks();
        if !closed && self.peek() == Some(closing) {
            self.at += 1; // an empty object or array; JSON has no trailing commas
            return false;
        }
        !closed
    }

    /// Steps over a string and gives its decoded value.
    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek().filter(|&byte| byte != b'"') {
            self.at += if byte == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let raw = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(raw).unwrap_or_default()
    }
}
