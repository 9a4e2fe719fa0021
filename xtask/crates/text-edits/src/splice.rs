//! Replacing byte ranges of a text, and telling in which line a byte is.

use std::ops::Range;

use crate::error::EditError;

/// Replaces the given byte ranges and nothing else. The order of `edits` does not matter; one given twice is done once.
///
/// # Errors
/// Two edits overlap, or a range is not one of `text`: the ranges were located in another text.
pub fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Result<String, EditError> {
    edits.sort_by(|a, b| (a.0.start, a.0.end, &a.1).cmp(&(b.0.start, b.0.end, &b.1)));
    edits.dedup();
    let mut edited = String::with_capacity(text.len() + 16 * edits.len());
    let mut done = 0;
    for (index, (span, replacement)) in edits.iter().enumerate() {
        let touches = index > 0 && edits[index - 1].0.start == span.start;
        let kept = text.get(done..span.start).filter(|_| !touches);
        let (Some(kept), Some(_)) = (kept, text.get(span.clone())) else {
            let at = span.start.min(text.len());
            return Err(EditError::Overlap {
                line: line_at(text, at),
            });
        };
        edited.push_str(kept);
        edited.push_str(replacement);
        done = span.end;
    }
    edited.push_str(&text[done..]);
    Ok(edited)
}

/// The line, counted from 1, in which byte `at` stands.
pub fn line_at(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

/// Where the lines of a text begin, for many questions about one text.
pub struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Self {
        Self(
            [0].into_iter()
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
        )
    }

    /// As [`line_at`].
    pub fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|&start| start <= byte)
    }
}

/// The text without a byte order mark, and how many bytes that took.
pub fn without_bom(text: &str) -> (&str, usize) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8()),
        None => (text, 0),
    }
}
