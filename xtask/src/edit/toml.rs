//! Where a string stands in a TOML text. The parser keeps spans; this file goes from a path of keys to the characters
//! between the quotes. It never writes TOML: a value that cannot be replaced character for character is an error.

use std::ops::Range;

use toml_edit::{Document, Item, Value};

use super::{EditError, Located, line_at};

/// The value at a dotted path of keys, in whichever spelling it has.
pub(super) fn locate(text: &str, path: &str) -> Result<Located, EditError> {
    let keys = toml_edit::Key::parse(path).map_err(|error| EditError::BadLocator {
        locator: path.to_owned(),
        why: format!("is not a dotted path of TOML keys ({})", error.message()),
    })?;
    let document = parse(text, path)?;
    let names: Vec<&str> = keys.iter().map(toml_edit::Key::get).collect();
    let item = find(document.as_item(), &names).ok_or_else(|| EditError::missing(path))?;
    let span = string_span(text, item, path)?;
    Ok(Located::inferred(text, span, path))
}

/// Parses with spans. `key` is what the caller looks for, so that the error can say what could not be read.
pub(super) fn parse<'t>(text: &'t str, key: &str) -> Result<Document<&'t str>, EditError> {
    Document::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let line = line_at(text, span.start);
        // toml_edit names this fault only in its message; its span is the second key.
        if error.message() == "duplicate key" {
            return EditError::Doubled { key: text.get(span).unwrap_or(key).to_owned(), lines: vec![line] };
        }
        let why = error.message().lines().next().unwrap_or("syntax error");
        EditError::unreadable(key, format!("the text is not TOML, {why}"), line)
    })
}

/// The item at a path of keys, through tables, dotted keys and inline tables alike.
pub(super) fn find<'d>(root: &'d Item, names: &[&str]) -> Option<&'d Item> {
    names.iter().try_fold(root, |item, name| {
        let found = item.as_table_like()?.get(name)?;
        (!found.is_none()).then_some(found)
    })
}

/// The bytes between the quotes of a string, if they are the string.
pub(super) fn string_span(text: &str, item: &Item, key: &str) -> Result<Range<usize>, EditError> {
    match item {
        Item::Value(value) => value_span(text, value, key),
        _ => Err(EditError::NotAString { key: key.to_owned(), found: article(item.type_name()), line: line_of(text, item) }),
    }
}

/// As [`string_span`], for a value inside an array or inline table.
pub(super) fn value_span(text: &str, value: &Value, key: &str) -> Result<Range<usize>, EditError> {
    let span = value.span().unwrap_or(0..0);
    let line = line_at(text, span.start);
    let Value::String(string) = value else {
        return Err(EditError::NotAString { key: key.to_owned(), found: article(value.type_name()), line });
    };
    let raw = text.get(span.clone()).unwrap_or_default();
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| raw.len() >= 2 * q.len() && raw.starts_with(q) && raw.ends_with(q));
    let quotes = quotes.map_or(0, str::len);
    let inner = span.start + quotes..span.end - quotes;
    // An escape, or the line break that a multi-line string swallows: the characters are not the value.
    if quotes == 0 || text[inner.clone()] != *string.value() {
        let why = "it is written with escapes or line breaks";
        return Err(EditError::unreadable(key, why, line));
    }
    Ok(inner)
}

/// The line in which an item begins.
pub(super) fn line_of(text: &str, item: &Item) -> usize {
    line_at(text, item.span().map_or(0, |span| span.start))
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
#[path = "toml_tests.rs"]
mod tests;
