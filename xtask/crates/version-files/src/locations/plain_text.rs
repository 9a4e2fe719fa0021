//! Versions in texts without a grammar: a file that is a version, and a literal pattern around one.
//! Nothing is interpreted; a pattern has no wildcards but `{version}`.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::{line_at, without_bom};

use crate::locations::located::Located;
use crate::locations::located::behind_v;

const PLACE: &str = "{version}";

/// A longer run of version characters is a hash or a blob, not a version; this keeps the search linear.
const LONGEST_RUN: usize = 256;

/// A text that is one version, with blank lines and blanks around it at most.
pub(super) fn whole(text: &str) -> Result<Located, EditError> {
    const KEY: &str = "the version";
    let (body, offset) = without_bom(text);
    let version = body.trim();
    if version.is_empty() {
        return Err(EditError::Missing {
            key: KEY.to_owned(),
            found: Some("the text is empty".to_owned()),
        });
    }
    let start = offset + (body.len() - body.trim_start().len());
    let span = start..start + version.len();
    if let Some(at) = version.find(['\n', '\r']) {
        return Err(EditError::unreadable(
            KEY,
            "there is more than one line, and the version may be any of them",
            line_at(text, start + at) + 1,
        ));
    }
    Ok(Located::inferred(text, span, KEY))
}

/// The one place in the text that fits the pattern. A version begins with a digit and ends with a letter or digit,
/// so that `pattern = "at {version}"` does not take the full stop of a sentence. A `v` before it stays where it is,
/// unless the pattern ends in the middle of a word there.
pub(super) fn pattern(text: &str, pattern: &str) -> Result<Located, EditError> {
    let bad = |why: &str| EditError::BadLocator {
        locator: pattern.to_owned(),
        why: why.to_owned(),
    };
    let (before, after) = pattern
        .split_once(PLACE)
        .ok_or_else(|| bad("has no {version}; a pattern has exactly one"))?;
    if after.contains(PLACE) {
        return Err(bad(
            "has more than one {version}; a pattern has exactly one",
        ));
    }
    let mut matches = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(before) {
        let start = version_start(text, from + at + before.len(), before);
        if let Some(end) =
            version_end(text, start, after).filter(|_| begins(text, from + at, before))
        {
            matches.push(start..end);
        }
        let step = text[from + at..].chars().next().map_or(1, char::len_utf8);
        from += at + step;
        if from > text.len() {
            break;
        }
    }
    match matches.as_slice() {
        [] => Err(EditError::Missing {
            key: pattern.to_owned(),
            found: Some("no text fits the pattern".to_owned()),
        }),
        [span] => Ok(Located::inferred(text, span.clone(), pattern)),
        several => Err(EditError::Doubled {
            key: pattern.to_owned(),
            lines: several.iter().map(|s| line_at(text, s.start)).collect(),
        }),
    }
}

/// Whether a match may begin at `at`: not in the middle of a word, so that `release = {version}` leaves
/// `prerelease = 3` alone, and, with nothing before the version, not in the middle of a version either.
fn begins(text: &str, at: usize, before: &str) -> bool {
    let left = &text[..at];
    match before.chars().next() {
        None => !left.ends_with(is_version_character),
        Some(first) if first.is_ascii_alphanumeric() => {
            !left.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        }
        Some(_) => true,
    }
}

/// Where a version begins that may have a `v` before it.
fn version_start(text: &str, at: usize, before: &str) -> usize {
    let in_word = before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let prefixed = !in_word && behind_v(&text[at..]).is_some();
    at + usize::from(prefixed)
}

/// The end of the longest version that begins at `start` and is followed by `after`.
fn version_end(text: &str, start: usize, after: &str) -> Option<usize> {
    let rest = &text[start..];
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let length = rest
        .find(|c| !is_version_character(c))
        .unwrap_or(rest.len());
    if length > LONGEST_RUN {
        return None;
    }
    // Only ASCII lies in the run, so every index in it is a character boundary.
    (1..=length).rev().map(|n| start + n).find(|&end| {
        let last_fits = text[..end].ends_with(|c: char| c.is_ascii_alphanumeric());
        // Text that goes on with version characters may only be what the pattern says, or punctuation.
        let boundary = !after.is_empty() || only_punctuation(&text[end..start + length]);
        last_fits && boundary && text[end..].starts_with(after)
    })
}

fn only_punctuation(rest: &str) -> bool {
    rest.chars().all(|c| !c.is_ascii_alphanumeric())
}

fn is_version_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-')
}

#[cfg(test)]
mod tests;
