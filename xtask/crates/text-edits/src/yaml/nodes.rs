//! A YAML text as values with their places.
//!
//! Laws 2 and 19 need positions, aliases and sibling keys at once; no crate gives all three. `saphyr-parser` reads YAML.
//! It says what is YAML and where its events stand, counted in characters and with anchors, tags and trailing
//! blanks among them; here that becomes bytes of the values alone. Aliases are not followed and merge keys not merged:
//! what is edited is what is written, and no text can grow by it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use crate::error::EditError;
use crate::splice::line_at;

/// How deep values may nest, as in JSON here. The parser has no bound of its own for blocks.
const DEEPEST: usize = 128;

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A value and where it stands.
pub struct Node<'t> {
    /// The bytes of the value, with its quotes or brackets, without its anchor and tag. A block collection begins at its
    /// first entry, or at the dash before it. Empty, and behind the key, where nothing is written.
    pub span: Range<usize>,
    pub value: Value<'t>,
}

pub enum Value<'t> {
    /// Members in the order of the text; a key that stands twice is there twice. A key that is no scalar is left out
    /// with its value: no path can name it.
    Mapping(Vec<(Cow<'t, str>, Node<'t>)>),
    Sequence(Vec<Node<'t>>),
    Scalar {
        style: ScalarStyle,
        /// The decoded text.
        value: Cow<'t, str>,
        /// The tag with its handle resolved: `tag:yaml.org,2002:str`.
        tag: Option<String>,
    },
    /// `*name`: the value stands where the anchor is.
    Alias {
        /// The byte where the anchored value begins.
        of: usize,
    },
}

/// Reads a text, one node a document; none when there is nothing but comments. `key` is what the caller looks for, so
/// that the error can say what could not be read.
///
/// # Errors
/// The text is not YAML, or nests deeper than anyone writes.
pub fn parse<'t>(text: &'t str, key: &str) -> Result<Vec<Node<'t>>, EditError> {
    let places = Places::of(text);
    let mut tree = Tree {
        text,
        documents: Vec::new(),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        last: 0,
    };
    let mut events = Parser::new_from_str(text);
    while let Some(event) = events.next_event() {
        let (event, span) = event.map_err(|error| not_yaml(text, &error, key))?;
        let span = places.bytes(&span);
        if tree.open.len() > DEEPEST {
            return Err(EditError::unreadable(
                key,
                format!("values nest deeper than {DEEPEST}"),
                line_at(text, span.start),
            ));
        }
        tree.take(event, span);
    }
    Ok(tree.documents)
}

fn not_yaml(text: &str, error: &ScanError, key: &str) -> EditError {
    let hint = if text.contains("{{") {
        "; a template is read by a pattern, not by a key"
    } else {
        ""
    };
    EditError::unreadable(
        key,
        format!("the text is not YAML, {}{hint}", error.info()),
        error.marker().line(),
    )
}

/// Bytes for the parser's characters. One pass notes where every so-many-th character begins, so that a place is found
/// in a bounded number of steps wherever it is.
struct Places<'t> {
    text: &'t str,
    /// Empty for a text of ASCII alone, where a character is a byte.
    marks: Vec<usize>,
}

impl<'t> Places<'t> {
    const STEP: usize = 16;

    fn of(text: &'t str) -> Self {
        let marks = match text.is_ascii() {
            true => Vec::new(),
            false => text
                .char_indices()
                .step_by(Self::STEP)
                .map(|(at, _)| at)
                .collect(),
        };
        Self { text, marks }
    }

    fn byte(&self, character: usize) -> usize {
        if self.marks.is_empty() {
            return character.min(self.text.len());
        }
        let from = self
            .marks
            .get(character / Self::STEP)
            .copied()
            .unwrap_or(self.text.len());
        let mut behind = self.text[from..].char_indices();
        behind
            .nth(character % Self::STEP)
            .map_or(self.text.len(), |(at, _)| from + at)
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}

/// The documents so far, and what is open in the current one.
struct Tree<'t> {
    text: &'t str,
    documents: Vec<Node<'t>>,
    open: Vec<Open<'t>>,
    /// Where the value of each anchor begins, by the number that the parser gave it.
    anchors: BTreeMap<usize, usize>,
    /// The end of the last value.
    last: usize,
}

/// A collection whose end was not read yet.
struct Open<'t> {
    start: usize,
    /// The key that waits for its value, and where it ends; its name is `None` when it is no scalar.
    key: Option<(Option<Cow<'t, str>>, usize)>,
    value: Value<'t>,
}

impl<'t> Tree<'t> {
    fn take(&mut self, event: Event<'_>, span: Range<usize>) {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let span = self.anchored(anchor, span);
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                let node = self.scalar(value, style, tag, span);
                self.place(node);
            }
            Event::Alias(anchor) => {
                let of = self.anchors.get(&anchor).copied().unwrap_or(span.start);
                let span = self.without_blanks(span);
                self.place(Node {
                    span,
                    value: Value::Alias { of },
                });
            }
            Event::MappingStart(anchor, _) => self.begin(anchor, span, Value::Mapping(Vec::new())),
            Event::SequenceStart(anchor, _) => {
                self.begin(anchor, span, Value::Sequence(Vec::new()))
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(open) = self.open.pop() else { return };
                // Only brackets are characters of the collection; a block ends with its last value.
                let closed = self.text[span.clone()].starts_with(['}', ']']);
                let end = if closed { span.start + 1 } else { self.last };
                self.place(Node {
                    span: open.start..end.max(open.start),
                    value: open.value,
                });
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    fn begin(&mut self, anchor: usize, span: Range<usize>, value: Value<'t>) {
        let span = self.anchored(anchor, span);
        self.open.push(Open {
            start: span.start,
            key: None,
            value,
        });
    }

    fn anchored(&mut self, anchor: usize, span: Range<usize>) -> Range<usize> {
        let span = self.behind_properties(span);
        // The parser numbers anchors from 1; 0 is none.
        if anchor > 0 {
            self.anchors.insert(anchor, span.start);
        }
        span
    }

    /// Steps over `&anchor` and `!tag`, and the blanks and comments behind them. No value begins with either sign.
    fn behind_properties(&self, span: Range<usize>) -> Range<usize> {
        let mut rest = &self.text[span.clone()];
        while rest.starts_with(['&', '!']) {
            rest = rest
                .trim_start_matches(|c| !BLANKS.contains(&c))
                .trim_start_matches(BLANKS);
            while rest.starts_with('#') {
                rest = rest
                    .trim_start_matches(|c| !matches!(c, '\r' | '\n'))
                    .trim_start_matches(BLANKS);
            }
        }
        span.end - rest.len()..span.end
    }

    fn without_blanks(&self, span: Range<usize>) -> Range<usize> {
        let length = self.text[span.clone()].trim_end_matches(BLANKS).len();
        span.start..span.start + length
    }

    fn scalar(
        &self,
        value: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<String>,
        span: Range<usize>,
    ) -> Node<'t> {
        let span = match style {
            // The place of what is not written is the next sign's.
            ScalarStyle::Plain if value.is_empty() => span.start..span.start,
            // The parser's span begins behind the line that opens the block.
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let opened = self.text[..span.start].rfind(['|', '>']);
                opened.unwrap_or(span.start)..span.end
            }
            ScalarStyle::Plain => self.without_blanks(span),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                span.start..span.start + quoted_length(&self.text[span])
            }
        };
        // Most scalars are written as they read: those take no memory of their own.
        let value = match self.text.get(span.clone()) {
            Some(written) if written == value => Cow::Borrowed(written),
            _ => Cow::Owned(value.into_owned()),
        };
        Node {
            span,
            value: Value::Scalar { style, value, tag },
        }
    }

    /// Puts a finished value where it belongs: under its key, into its sequence, or at the top.
    fn place(&mut self, mut node: Node<'t>) {
        let Some(open) = self.open.last_mut() else {
            self.last = node.span.end;
            self.documents.push(node);
            return;
        };
        match &mut open.value {
            Value::Mapping(members) => match open.key.take() {
                None => {
                    self.last = node.span.end;
                    open.key = Some((node.into_name(), self.last));
                }
                Some((name, end)) => {
                    if node.span.is_empty() {
                        node.span = end..end;
                    }
                    self.last = node.span.end;
                    members.extend(name.map(|name| (name, node)));
                }
            },
            Value::Sequence(items) => {
                self.last = node.span.end;
                items.push(node);
            }
            Value::Scalar { .. } | Value::Alias { .. } => {}
        }
    }
}

/// How long a quoted scalar is, with its quotes: the parser counts a comment behind it to it.
fn quoted_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes.first().copied();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        let pair = match quote {
            Some(b'"') => byte == b'\\',
            _ => byte == b'\'' && bytes.get(at + 1) == Some(&byte),
        };
        at += if pair { 2 } else { 1 };
        if !pair && Some(byte) == quote {
            break;
        }
    }
    at.min(bytes.len())
}

impl<'t> Node<'t> {
    fn into_name(self) -> Option<Cow<'t, str>> {
        match self.value {
            Value::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The decoded text of a scalar, whatever its kind.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Everything that stands under a key.
    pub fn members<'n>(&'n self, name: &str) -> Vec<&'n Self> {
        match &self.value {
            Value::Mapping(members) => members
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, node)| node)
                .collect(),
            _ => Vec::new(),
        }
    }

    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// The entries of a sequence; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }
}
