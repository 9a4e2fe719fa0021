//! The version of a Python module: one plain string literal, assigned to one name, at the top level.
//!
//! Law 2 needs the position of the string's own characters; a parser of all of Python would bring 46 crates for that. So this
//! tells strings, comments, brackets and indentation from statements, and refuses every other way to assign the name.

use std::ops::Range;

use crate::error::EditError;
use crate::splice::{line_at, without_bom};

/// The characters of the string that the module assigns to `name`.
///
/// # Errors
/// The module does not assign one plain string to it, once, at its top level.
pub fn locate(text: &str, name: &str) -> Result<Range<usize>, EditError> {
    let (_, start) = without_bom(text);
    let statements = statements(text, start)
        .map_err(|(why, at)| EditError::unreadable(name, why.to_owned(), line_at(text, at)))?;
    let module = Module { text, name };
    let (nested, top): (Vec<&Statement>, Vec<&Statement>) = statements
        .iter()
        .filter(|statement| module.assigns(statement))
        .partition(|statement| statement.is_indented);
    match top.as_slice() {
        [] => Err(module.missing(&statements, &nested)),
        [statement] => module.value(statement),
        several => Err(EditError::Doubled {
            key: name.to_owned(),
            lines: several.iter().map(|s| module.line(s)).collect(),
        }),
    }
}

/// A name, number, string, bracket or operator.
struct Token {
    span: Range<usize>,
    /// How many brackets are open around it; a bracket counts as outside itself.
    depth: usize,
}

/// A logical line: a semicolon does not end it.
struct Statement {
    is_indented: bool,
    tokens: Vec<Token>,
}

struct Module<'t> {
    text: &'t str,
    name: &'t str,
}

impl Module<'_> {
    fn line(&self, statement: &Statement) -> usize {
        line_at(self.text, statement.tokens[0].span.start)
    }

    fn is(&self, token: &Token, word: &str) -> bool {
        self.text[token.span.clone()] == *word
    }

    fn is_equals(&self, token: &Token) -> bool {
        token.depth == 0 && self.is(token, "=")
    }

    /// Whether a statement may give the name a value: it is somewhere before a `=`, and not an attribute.
    fn assigns(&self, statement: &Statement) -> bool {
        let tokens = &statement.tokens;
        let last = tokens.iter().rposition(|token| self.is_equals(token));
        (0..last.unwrap_or(0)).any(|at| {
            self.is(&tokens[at], self.name) && (at == 0 || !self.is(&tokens[at - 1], "."))
        })
    }

    /// The value of `name = value`, `name: annotation = value` or `other = name = value`, if that is all of the statement.
    fn plain<'s>(&self, statement: &'s Statement) -> Option<&'s Token> {
        let parts = statement.tokens.split(|token| self.is_equals(token));
        let parts: Vec<&[Token]> = parts.collect();
        let [targets @ .., [value]] = parts.as_slice() else {
            return None;
        };
        let is_own = |target: &[Token]| self.is(&target[0], self.name);
        let is_plain = |target: &&[Token]| match target {
            [one] => self.text[one.span.clone()].starts_with(is_word),
            [_, colon, ..] => is_own(target) && self.is(colon, ":"),
            [] => false,
        };
        let is_whole = targets.iter().all(is_plain) && targets.iter().any(|target| is_own(target));
        is_whole.then_some(value)
    }

    /// The bytes between the quotes of the assigned string.
    fn value(&self, statement: &Statement) -> Result<Range<usize>, EditError> {
        let line = self.line(statement);
        let refused = |why: String| EditError::unreadable(self.name, why, line);
        let source = &self.text[statement.tokens[0].span.start..];
        let source = source.lines().next().unwrap_or_default().trim_end();
        let Some(token) = self.plain(statement) else {
            return Err(refused(format!(
                "`{source}` does not assign one plain string to it alone"
            )));
        };
        let found = &self.text[token.span.clone()];
        let Some(quote) = found.find(['"', '\'']) else {
            return Err(EditError::NotAString {
                key: self.name.to_owned(),
                found: format!("`{found}`"),
                line,
            });
        };
        if !matches!(found[..quote].to_ascii_lowercase().as_str(), "" | "r" | "u") {
            return Err(refused(format!("`{source}` is not a plain string literal")));
        }
        let quotes = quote_of(&found[quote..]).len();
        let inner = token.span.start + quote + quotes..token.span.end - quotes;
        if self.text[inner.clone()].contains(['\\', '\n', '\r']) {
            return Err(refused(format!(
                "`{source}` is written with escapes or line breaks"
            )));
        }
        Ok(inner)
    }

    /// Says what was found instead of an assignment.
    fn missing(&self, statements: &[Statement], nested: &[&Statement]) -> EditError {
        let mentions = |statement: &&Statement| {
            let mut tokens = statement.tokens.iter();
            tokens.any(|token| self.is(token, self.name))
        };
        let found = match (nested.first(), statements.iter().find(mentions)) {
            (Some(inner), _) => Some(("only assigned inside a block", *inner)),
            (None, Some(other)) if self.is(&other.tokens[0], "from") => {
                Some(("imported from another module", other))
            }
            (None, Some(other)) => Some(("named, but not assigned by itself", other)),
            (None, None) => None,
        };
        EditError::Missing {
            key: self.name.to_owned(),
            found: found
                .map(|(how, statement)| format!("it is {how}, at line {}", self.line(statement))),
        }
    }
}

/// The statements of a text from the byte `at`, or why it is not Python, and where.
fn statements(text: &str, mut at: usize) -> Result<Vec<Statement>, (&'static str, usize)> {
    let mut statements = Vec::new();
    let mut open = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut is_indented = false;
    let mut line_start = at;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_line_end = matches!(c, '\n' | '\r');
        if is_line_end && open.is_empty() && !tokens.is_empty() {
            let tokens = std::mem::take(&mut tokens);
            statements.push(Statement {
                is_indented,
                tokens,
            });
        }
        let length = match c {
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            // A backslash at the end of a line continues it.
            '\\' if rest[1..].starts_with(['\n', '\r']) => 1 + line_end(&rest[1..]),
            '\\' => return Err(("a backslash stands outside a string", at)),
            _ if c.is_whitespace() => c.len_utf8(),
            _ => token_length(rest, c).map_err(|why| (why, at))?,
        };
        if !c.is_whitespace() && !matches!(c, '#' | '\\') {
            if matches!(c, ')' | ']' | '}') && open.pop().is_none() {
                return Err(("a bracket is closed that was not opened", at));
            }
            if tokens.is_empty() {
                is_indented = at > line_start;
            }
            let span = at..at + length;
            let depth = open.len();
            tokens.push(Token { span, depth });
            if matches!(c, '(' | '[' | '{') {
                open.push(at);
            }
        }
        at += length;
        if is_line_end {
            line_start = at;
        }
    }
    if let Some(&at) = open.first() {
        return Err(("a bracket is never closed", at));
    }
    if !tokens.is_empty() {
        statements.push(Statement {
            is_indented,
            tokens,
        });
    }
    Ok(statements)
}

/// How long the token is that a text begins with.
fn token_length(text: &str, first: char) -> Result<usize, &'static str> {
    let word = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let is_prefix = word <= 2 && text[..word].chars().all(|c| "rubftRUBFT".contains(c));
    if is_prefix && text[word..].starts_with(['"', '\'']) {
        let end = word + string_length(&text[word..])?;
        let is_formatted = text[..word].contains(['f', 'F', 't', 'T']);
        if is_formatted && !has_whole_fields(&text[word..end]) {
            return Err("the quotes of an f-string are used inside it");
        }
        return Ok(end);
    }
    let is_comparison = "=!<>:".contains(first) && text[1..].starts_with('=');
    Ok(match word {
        0 => first.len_utf8() + usize::from(is_comparison),
        word => word,
    })
}

fn string_length(text: &str) -> Result<usize, &'static str> {
    let quote = quote_of(text);
    let mut at = quote.len();
    while !text[at..].starts_with(quote) {
        let rest = &text[at..];
        at += match rest.chars().next() {
            // What a backslash protects does not end the string.
            Some('\\') if rest[1..].starts_with("\r\n") => 3,
            Some('\\') => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            Some('\n' | '\r') if quote.len() == 1 => return Err("a string is never closed"),
            Some(c) => c.len_utf8(),
            None => return Err("a string is never closed"),
        };
    }
    Ok(at + quote.len())
}

/// Whether every replacement field of an f-string ends in it. Since Python 3.12 a field may contain the string's own quotes,
/// and then the first of them is not the string's end.
fn has_whole_fields(text: &str) -> bool {
    let mut depth = 0usize;
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '{' | '}' if depth == 0 && signs.peek() == Some(&sign) => {
                signs.next();
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth == 0
}

fn quote_of(text: &str) -> &str {
    let is_triple = text.starts_with("\"\"\"") || text.starts_with("'''");
    &text[..if is_triple { 3 } else { 1 }]
}

fn line_end(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { 1 }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
