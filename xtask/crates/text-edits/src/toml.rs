//! Where a string stands in a TOML text. `toml_edit` reads it and keeps spans of values with their quotes (law 2 needs what is
//! inside, escapes counted); this file goes from a path of keys to the characters
//! between the quotes. It never writes TOML: a value that cannot be replaced character for character is an error.

use std::ops::Range;

use toml_edit::{Document, Item, Value};

use crate::error::EditError;
use crate::splice::line_at;

/// The characters of the string at a dotted path of keys.
///
/// # Errors
/// The text is no TOML, or nothing or no string is at the path.
pub fn locate(text: &str, path: &str) -> Result<Range<usize>, EditError> {
    let keys = toml_edit::Key::parse(path).map_err(|error| EditError::BadLocator {
        locator: path.to_owned(),
        why: format!("is not a dotted path of TOML keys ({})", error.message()),
    })?;
    let document = parse(text, path)?;
    let names: Vec<&str> = keys.iter().map(toml_edit::Key::get).collect();
    let item = find(document.as_item(), &names).ok_or_else(|| EditError::missing(path))?;
    string_span(text, item, path)
}

/// Parses with spans. `key` is what the caller looks for, so that the error can say what could not be read.
pub fn parse<S: AsRef<str> + Clone>(text: S, key: &str) -> Result<Document<S>, EditError> {
    Document::parse(text.clone()).map_err(|error| {
        let text = text.as_ref();
        let span = error.span().unwrap_or(0..0);
        let line = line_at(text, span.start);
        // toml_edit names this fault only in its message; its span is the second key.
        if error.message() == "duplicate key" {
            return EditError::Doubled {
                key: text.get(span).unwrap_or(key).to_owned(),
                lines: vec![line],
            };
        }
        let why = error.message().lines().next().unwrap_or("syntax error");
        EditError::unreadable(key, format!("the text is not TOML, {why}"), line)
    })
}

/// The item at a path of keys, through tables, dotted keys and inline tables alike.
pub fn find<'d>(root: &'d Item, names: &[&str]) -> Option<&'d Item> {
    names.iter().try_fold(root, |item, name| {
        let found = item.as_table_like()?.get(name)?;
        (!found.is_none()).then_some(found)
    })
}

/// The bytes between the quotes of a string, if they are the string.
pub fn string_span(text: &str, item: &Item, key: &str) -> Result<Range<usize>, EditError> {
    match item {
        Item::Value(value) => value_span(text, value, key),
        _ => Err(EditError::NotAString {
            key: key.to_owned(),
            found: article(item.type_name()),
            line: line_of(text, item),
        }),
    }
}

/// As [`string_span`], for a value inside an array or inline table.
pub fn value_span(text: &str, value: &Value, key: &str) -> Result<Range<usize>, EditError> {
    if let Some(inner) = plain_span(text, value) {
        return Ok(inner);
    }
    // Counted for errors alone: it takes all of the text before.
    let line = line_at(text, value.span().unwrap_or(0..0).start);
    if !value.is_str() {
        return Err(EditError::NotAString {
            key: key.to_owned(),
            found: article(value.type_name()),
            line,
        });
    }
    Err(EditError::unreadable(
        key,
        "it is written with escapes or line breaks",
        line,
    ))
}

/// The bytes between the quotes of a string; nothing, where an escape, or the line break that a multi-line string
/// swallows, makes the characters another thing than the value.
fn plain_span(text: &str, value: &Value) -> Option<Range<usize>> {
    let span = value.span()?;
    let raw = text.get(span.clone())?;
    let quotes = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|q| raw.len() >= 2 * q.len() && raw.starts_with(q) && raw.ends_with(q))?;
    let inner = span.start + quotes.len()..span.end - quotes.len();
    (text[inner.clone()] == *value.as_str()?).then_some(inner)
}

/// The bytes in the text of one part of a string's value, which may be written with escapes as long as the part is not.
pub fn part_span(
    text: &str,
    value: &Value,
    part: Range<usize>,
    key: &str,
) -> Result<Range<usize>, EditError> {
    let found = match plain_span(text, value) {
        Some(inner) => Some(inner.start + part.start..inner.start + part.end),
        None => escaped_span(text, value, part),
    };
    // Of what has escapes in the part itself, this makes the error.
    found.map_or_else(|| value_span(text, value, key), Ok)
}

fn escaped_span(text: &str, value: &Value, part: Range<usize>) -> Option<Range<usize>> {
    let string = value.as_str()?;
    let (read, places) = places(text, value.span()?)?;
    let found = *places.get(part.start)?..places.get(part.end.checked_sub(1)?)? + 1;
    // An escape takes more bytes than what it stands for, so that one inside the part makes the two differ.
    (read == string && text.get(found.clone()) == string.get(part)).then_some(found)
}

/// What a string with escapes says, and where in the text each byte of that is written.
fn places(text: &str, span: Range<usize>) -> Option<(String, Vec<usize>)> {
    let raw = text.get(span.clone())?;
    let quotes = if raw.starts_with("\"\"\"") { 3 } else { 1 };
    let mut at = span.start + quotes;
    let end = span.end.checked_sub(quotes)?;
    // The line break behind three opening quotes is none of the value.
    let opening = ["\r\n", "\n"]
        .into_iter()
        .find(|line_end| quotes == 3 && text[at..].starts_with(*line_end));
    at += opening.map_or(0, str::len);
    let mut read = String::new();
    let mut places = Vec::new();
    while at < end {
        let rest = text.get(at..end)?;
        let (said, length) = match rest.strip_prefix('\\') {
            Some(escape) => unescaped(escape).map(|(said, length)| (said, length + 1))?,
            None => rest.chars().next().map(|c| (Some(c), c.len_utf8()))?,
        };
        if let Some(said) = said {
            read.push(said);
            places.resize(read.len(), at);
        }
        at += length;
    }
    Some((read, places))
}

/// What the characters behind a backslash stand for, and how many bytes they take.
fn unescaped(escape: &str) -> Option<(Option<char>, usize)> {
    let digits = |count: usize| {
        let code = u32::from_str_radix(escape.get(1..=count)?, 16).ok()?;
        Some((Some(char::from_u32(code)?), count + 1))
    };
    let one = |c| Some((Some(c), 1));
    match escape.chars().next()? {
        'b' => one('\u{8}'),
        't' => one('\t'),
        'n' => one('\n'),
        'f' => one('\u{c}'),
        'r' => one('\r'),
        'e' => one('\u{1b}'),
        '"' => one('"'),
        '\\' => one('\\'),
        'x' => digits(2),
        'u' => digits(4),
        'U' => digits(8),
        // A backslash at the end of a line swallows the break and the blanks of the next one.
        c if c.is_ascii_whitespace() => Some((None, escape.len() - escape.trim_start().len())),
        _ => None,
    }
}

/// The line in which an item begins.
pub fn line_of(text: &str, item: &Item) -> usize {
    line_at(text, item.span().map_or(0, |span| span.start))
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
