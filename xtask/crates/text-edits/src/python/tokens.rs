//! Python source as tokens: just enough to tell statements of the top level from everything that only looks like one.
//!
//! Strings (with their prefixes, triple quotes and the replacement fields of f-strings), comments, brackets, line
//! joining and indentation are read as the Python reference says ("Lexical analysis"). Numbers and operators are not
//! told apart: nothing here depends on them.

use std::ops::Range;

/// How deep f-strings may nest before the text is taken for hostile; CPython stops at 150.
const DEEPEST: usize = 64;

/// What a token is, as far as an assignment cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Name,
    /// A string literal whose characters are its value unless there is a backslash in it; the bytes between the quotes.
    Text { inner: (usize, usize) },
    /// An f-string, template or bytes literal.
    OtherString,
    /// Everything else: a number, an operator, a bracket.
    Other,
}

/// A token, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
    /// How many brackets are open around it; a bracket counts as outside itself.
    pub depth: usize,
}

/// One statement, from its first token to the end of its line or to a semicolon.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// False in a class, a function, an `if`: any line that begins with a blank, and what a semicolon joins to one.
    pub top_level: bool,
    pub tokens: Vec<Token>,
}

/// Why a text is no Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub why: &'static str,
    /// The byte where it begins.
    pub at: usize,
}

/// The statements of a text, in order. `from` is the first byte to read, behind a byte order mark.
pub(super) fn statements(text: &str, from: usize) -> Result<Vec<Statement>, Fault> {
    let mut lexer = Lexer { text, at: from };
    let mut statements: Vec<Statement> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut current: Option<Statement> = None;
    let mut line_begins_at = from;
    let mut line_has_block = false;
    while let Some(c) = lexer.peek() {
        let start = lexer.at;
        match c {
            '\n' | '\r' => {
                lexer.at += 1;
                if open.is_empty() {
                    statements.extend(current.take());
                    line_begins_at = lexer.at;
                    line_has_block = false;
                }
                continue;
            }
            '#' => lexer.skip_to_line_end(),
            '\\' => lexer.join_lines()?,
            _ if c.is_whitespace() => lexer.at += c.len_utf8(),
            ';' if open.is_empty() => {
                // What follows stands in the same line, and at the same level: in `if x: a; b` that is the block's.
                lexer.at += 1;
                line_has_block |= current.as_ref().is_some_and(|s| opens_block(text, s));
                statements.extend(current.take());
            }
            _ => {
                let kind = lexer.token(c)?;
                if matches!(c, ')' | ']' | '}') && kind == Kind::Other && open.pop().is_none() {
                    let why = "a bracket is closed that was not opened";
                    return Err(Fault { why, at: start });
                }
                let statement = current.get_or_insert_with(|| Statement {
                    top_level: !line_has_block && !text[line_begins_at..].starts_with([' ', '\t']),
                    tokens: Vec::new(),
                });
                statement.tokens.push(Token {
                    kind,
                    span: start..lexer.at,
                    depth: open.len(),
                });
                if matches!(c, '(' | '[' | '{') {
                    open.push(start);
                }
            }
        }
    }
    if let Some(&at) = open.first() {
        let why = "a bracket is never closed";
        return Err(Fault { why, at });
    }
    statements.extend(current);
    Ok(statements)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_while(&mut self, skip: impl Fn(char) -> bool) {
        while let Some(c) = self.peek().filter(|&c| skip(c)) {
            self.at += c.len_utf8();
        }
    }

    fn skip_to_line_end(&mut self) {
        self.skip_while(|c| c != '\n' && c != '\r');
    }

    /// A backslash at the end of a line: the next one continues it.
    fn join_lines(&mut self) -> Result<(), Fault> {
        let at = self.at;
        let rest = &self.text[at + 1..];
        let end = ["\r\n", "\n", "\r"].iter().find(|e| rest.starts_with(**e));
        let Some(end) = end else {
            let why = "a backslash stands outside a string";
            return Err(Fault { why, at });
        };
        self.at += 1 + end.len();
        Ok(())
    }

    /// Steps over the token that begins with `first`.
    fn token(&mut self, first: char) -> Result<Kind, Fault> {
        let start = self.at;
        if matches!(first, '"' | '\'') {
            return self.string("", 0);
        }
        if is_word(first) {
            self.skip_while(is_word);
            let word = &self.text[start..self.at];
            let prefix = is_string_prefix(word);
            return match self.peek() {
                Some('"' | '\'') if prefix => self.string(word, 0),
                _ if first.is_numeric() => Ok(Kind::Other),
                _ => Ok(Kind::Name),
            };
        }
        // The operators that would be taken for an assignment if they were read as two.
        let rest = &self.text[start..];
        let operators = ["**=", "//=", ">>=", "<<="];
        let pairs = [
            "==", "!=", "<=", ">=", ":=", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|=", "^=",
        ];
        let length = operators
            .iter()
            .chain(&pairs)
            .find(|o| rest.starts_with(**o));
        self.at += length.map_or(first.len_utf8(), |o| o.len());
        Ok(Kind::Other)
    }

    /// Steps over a string, of which the prefix has been read.
    fn string(&mut self, prefix: &str, depth: usize) -> Result<Kind, Fault> {
        let at = self.at;
        let formatted = prefix.contains(['f', 'F', 't', 'T']);
        if depth > DEEPEST {
            let why = "strings are nested too deep";
            return Err(Fault { why, at });
        }
        let rest = &self.text[at..];
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let quote = quotes.into_iter().find(|q| rest.starts_with(q));
        let quote = quote.unwrap_or("\"");
        self.at += quote.len();
        let inner_start = self.at;
        while let Some(c) = self.peek() {
            if self.text[self.at..].starts_with(quote) {
                let inner = (inner_start, self.at);
                self.at += quote.len();
                let plain = !formatted && !prefix.contains(['b', 'B']);
                return Ok(if plain {
                    Kind::Text { inner }
                } else {
                    Kind::OtherString
                });
            }
            match c {
                '\n' | '\r' if quote.len() == 1 => break,
                '\\' if formatted => self.skip_formatted_escape(prefix),
                '\\' => self.skip_escape(),
                '{' if formatted => self.replacement_field(depth)?,
                _ => self.at += c.len_utf8(),
            }
        }
        let why = "a string is never closed";
        Err(Fault { why, at })
    }

    /// A backslash and what it protects, from closing the string or from ending the line.
    fn skip_escape(&mut self) {
        self.at += 1;
        if self.text[self.at..].starts_with("\r\n") {
            self.at += 2;
        } else if let Some(c) = self.peek() {
            self.at += c.len_utf8();
        }
    }

    /// In an f-string a backslash does not protect a brace, except that of a character's name: `\N{DASH}`.
    fn skip_formatted_escape(&mut self, prefix: &str) {
        let rest = &self.text[self.at + 1..];
        if rest.starts_with("N{") && !prefix.contains(['r', 'R']) {
            self.skip_while(|c| c != '}' && c != '\n');
        } else if rest.starts_with(['{', '}']) {
            self.at += 1;
        } else {
            self.skip_escape();
        }
    }

    /// `{expression!r:format}` inside an f-string. Since Python 3.12 the expression may use the quotes of its own string.
    fn replacement_field(&mut self, depth: usize) -> Result<(), Fault> {
        let at = self.at;
        self.at += 1;
        if self.peek() == Some('{') {
            self.at += 1; // a doubled brace is a brace
            return Ok(());
        }
        let mut brackets = 0usize;
        while let Some(c) = self.peek() {
            match c {
                '}' if brackets == 0 => {
                    self.at += 1;
                    return Ok(());
                }
                ':' if brackets == 0 => {
                    return self.format_of_field(at, depth);
                }
                '#' => self.skip_to_line_end(),
                '(' | '[' | '{' => {
                    brackets += 1;
                    self.at += 1;
                }
                ')' | ']' | '}' => {
                    brackets = brackets.saturating_sub(1);
                    self.at += 1;
                }
                '"' | '\'' => {
                    self.string("", depth + 1)?;
                }
                _ if is_word(c) => {
                    let start = self.at;
                    self.skip_while(is_word);
                    let word = &self.text[start..self.at];
                    if is_string_prefix(word) && matches!(self.peek(), Some('"' | '\'')) {
                        self.string(word, depth + 1)?;
                    }
                }
                _ => self.at += c.len_utf8(),
            }
        }
        let why = "a replacement field is never closed";
        Err(Fault { why, at })
    }

    /// The format behind the colon of a field: text again, in which fields may stand.
    fn format_of_field(&mut self, at: usize, depth: usize) -> Result<(), Fault> {
        while let Some(c) = self.peek() {
            match c {
                '}' => {
                    self.at += 1;
                    return Ok(());
                }
                '{' if depth >= DEEPEST => break,
                '{' => self.replacement_field(depth + 1)?,
                _ => self.at += c.len_utf8(),
            }
        }
        let why = "a replacement field is never closed";
        Err(Fault { why, at })
    }
}

/// Whether a statement begins a block that may go on in its own line.
fn opens_block(text: &str, statement: &Statement) -> bool {
    let keywords = [
        "if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class",
        "async",
    ];
    let first = statement.tokens.first();
    first.is_some_and(|token| keywords.contains(&&text[token.span.clone()]))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_string_prefix(word: &str) -> bool {
    let known = ["r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"];
    known.iter().any(|prefix| prefix.eq_ignore_ascii_case(word))
}
