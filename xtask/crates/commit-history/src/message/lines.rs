//! The lines of a commit message that speak for themselves: not code, not quotes, not what a bot folded away.
//!
//! Each line is looked at once, and knows nothing of the lines before it but what they opened.

use std::str;

use super::KnownTypes;

/// Goes through a message; quotes, code and folded parts are left out.
pub(super) struct Lines<'t> {
    lines: str::Lines<'t>,
    is_code: bool,
    folded: usize,
    /// Behind the words of `git merge --squash`, where messages stand indented.
    is_squashed: bool,
}

/// How far `git merge --squash` indents a message.
const INDENT: &str = "    ";

/// A line of a body, without its place in a list.
pub(super) struct Line<'t> {
    pub text: &'t str,
    /// What marks it as an entry of a list.
    mark: Option<char>,
    is_indented: bool,
    /// Whether it stands between squashed messages, and is part of none.
    is_between: bool,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            lines: text.trim_start_matches('\u{feff}').lines(),
            is_code: false,
            folded: 0,
            is_squashed: false,
        }
    }

    /// The next line that is not blank.
    pub(super) fn title(&mut self) -> Option<&'t str> {
        let title = self
            .lines
            .by_ref()
            .map(str::trim)
            .find(|line| !line.is_empty());
        self.is_squashed |= title.is_some_and(begins_squash);
        title
    }

    /// Whether the line is to be left out, or opens or ends what is.
    fn is_hidden(&mut self, line: &str) -> bool {
        let text = line.trim_start();
        if text.starts_with("```") || text.starts_with("~~~") {
            self.is_code = !self.is_code;
            return true;
        }
        if self.is_code {
            return true;
        }
        let was_folded = self.folded > 0;
        if text.starts_with("<details") {
            self.folded += 1;
        }
        if self.folded > 0 {
            self.folded = self
                .folded
                .saturating_sub(text.matches("</details>").count());
        }
        was_folded || self.folded > 0 || text.starts_with('>')
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        loop {
            let line = self.lines.next()?.trim_end();
            if self.is_hidden(line) {
                continue;
            }
            self.is_squashed |= begins_squash(line);
            let inner = line.strip_prefix(INDENT).filter(|_| self.is_squashed);
            let is_between = self.is_squashed && inner.is_none();
            let line = inner.unwrap_or(line);
            let mark = line
                .chars()
                .next()
                .filter(|mark| matches!(mark, '*' | '-') && line[1..].starts_with(' '));
            let text = if mark.is_some() { &line[2..] } else { line };
            return Some(Line {
                text: text.trim_start(),
                mark,
                is_indented: text.starts_with([' ', '\t']),
                is_between,
            });
        }
    }
}

impl<'t> Line<'t> {
    /// Whether the line may mean anything but prose. Most lines do not, and there are some ten to a commit.
    pub(super) fn may_count(&self) -> bool {
        let bytes = self.text.as_bytes();
        bytes.contains(&b':')
            || [b"Re", b"BR", b"Th"]
                .iter()
                .any(|start| bytes.starts_with(*start))
    }

    /// The line when it may be a header of a known type, or a revert as git and forges title it.
    pub(super) fn header(&self, types: &dyn KnownTypes) -> Option<&'t str> {
        if self.is_indented {
            return None;
        }
        if self.text.starts_with("Re") && stated_revert(without_pull_request(self.text).0).is_some()
        {
            return Some(self.text);
        }
        let end = self
            .text
            .bytes()
            .position(|byte| matches!(byte, b'(' | b'!' | b':' | b' '))?;
        let kind = &self.text[..end];
        let is_known = types.knows(kind)
            || (kind.contains(char::is_uppercase) && types.knows(&kind.to_lowercase()));
        // In a body, unlike in a title, the blank behind the colon tells a header from an address or a path.
        (is_known && self.text.contains(": ")).then_some(self.text)
    }

    /// What breaks, behind the words that the specification wants in capitals.
    pub(super) fn breaking(&self) -> Option<&'t str> {
        let rest = ["BREAKING CHANGE", "BREAKING-CHANGE"]
            .iter()
            .find_map(|token| self.text.strip_prefix(token))?;
        let value = rest.strip_prefix(':').or_else(|| rest.strip_prefix(" #"))?;
        (!self.is_indented).then(|| value.trim())
    }

    /// The value of a footer, whose token may be written in any case.
    pub(super) fn footer(&self, token: &str) -> Option<&'t str> {
        let (found, rest) = self.text.split_at_checked(token.len())?;
        let value = rest.strip_prefix(':')?.trim();
        (found.eq_ignore_ascii_case(token) && !value.is_empty()).then_some(value)
    }

    /// `Reverts owner/name#12`, as GitHub writes it under a revert.
    pub(super) fn reverted_pull_request(&self) -> Option<u64> {
        let (_, number) = self.text.strip_prefix("Reverts ")?.split_once('#')?;
        number.trim_end_matches('.').parse().ok()
    }

    /// Whether it goes on with the text of a footer, which ends at the next footer. Behind a blank line, an entry of a list may
    /// begin the next of several squashed messages instead: those are marked with `*`.
    pub(super) fn continues(&self, text: &str, is_behind_blank: bool) -> bool {
        let is_next_message =
            self.mark == Some('*') && is_behind_blank && !text.is_empty() && !text.ends_with(':');
        self.is_prose() && !is_next_message && !self.is_between
    }

    /// Adds it to a text, of which it is one more sentence, line or entry.
    pub(super) fn append_to(&self, text: &mut String) {
        let inner = self
            .text
            .strip_prefix("- ")
            .or_else(|| self.text.strip_prefix("* "));
        let is_entry = self.mark.is_some() || inner.is_some();
        append(text, inner.unwrap_or(self.text), is_entry);
    }

    fn is_prose(&self) -> bool {
        let token = self
            .text
            .split_once(": ")
            .or_else(|| self.text.split_once(" #"))
            .map(|(token, _)| token);
        let is_footer = token.is_some_and(|token| {
            token.contains('-') && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
        let is_word = token.is_some_and(|token| {
            token.starts_with(char::is_uppercase) && token.chars().all(char::is_alphanumeric)
        });
        !self.text.is_empty() && !is_footer && !is_word && !self.text.starts_with("---")
    }
}

/// Whether these are the words that `git merge --squash` puts over the messages.
fn begins_squash(line: &str) -> bool {
    line.starts_with("Squashed commit of the following:")
}

/// Adds to a text; what is said beside it and not after it is parted by a semicolon.
pub(super) fn append(text: &mut String, more: &str, is_beside: bool) {
    if !text.is_empty() {
        let is_open = !text.ends_with(['.', ':', ';', '!', '?', ',']);
        text.push_str(if is_beside && is_open { "; " } else { " " });
    }
    text.push_str(more.trim());
}

/// What stands in the quotes of `Revert "…"` and `Reapply "…"`; the latter is how git titles the revert of a revert.
pub(super) fn stated_revert(title: &str) -> Option<&str> {
    let rest = title
        .strip_prefix("Revert ")
        .or_else(|| title.strip_prefix("Reapply "))?;
    rest.strip_prefix('"')?.strip_suffix('"')
}

/// A title without the numbers of pull requests at its end, and the last of them.
pub(super) fn without_pull_request(title: &str) -> (&str, Option<u64>) {
    let mut rest = title.trim_end();
    let mut last = None;
    while let Some((before, number)) = rest
        .strip_suffix(')')
        .and_then(|inside| inside.rsplit_once("(#"))
    {
        let Ok(number) = number.parse() else { break };
        last = last.or(Some(number));
        rest = before.trim_end();
    }
    (rest, last)
}

/// The hashes that a sentence names, up to the one a reverted merge went back to.
pub(super) fn hashes(text: &str) -> impl Iterator<Item = String> {
    let text = text.split("reversing").next().unwrap_or_default();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| {
            (7..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
        .map(str::to_ascii_lowercase)
}
