//! Where a value stands in a YAML text, as a person writes it: `images[name=reading].newTag`.
//!
//! It reads the words of a path. It knows no YAML and looks at no text: whether something is there, `yaml` finds
//! out. It lies here so that a path that makes no sense is found when the configuration is read.

use std::fmt;

/// The steps from the top of a document to a value; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath(Vec<Part>);

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `name`: the value of that key; in a sequence, a number counts from 0.
    Key(String),
    /// `[2]`: an entry of a sequence, counted from 0.
    Index(usize),
    /// `[name=reading]`: the one entry of a sequence whose key has that value.
    Entry {
        /// The key.
        key: String,
        /// The value.
        is: String,
    },
}

impl KeyPath {
    /// Reads a path: keys with dots between them, `[n]` and `[key=value]`. What holds one of `.[]="'` or blanks stands in
    /// quotes, single or double; there are no escapes.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the path.
    pub fn parse(path: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: path };
        let mut parts = Vec::new();
        loop {
            if !(parts.is_empty() && reader.rest.starts_with('[')) {
                parts.push(Part::Key(reader.word(".[")?));
            }
            while reader.takes('[') {
                parts.push(reader.bracket()?);
            }
            if reader.rest.is_empty() {
                return Ok(Self(parts));
            }
            if !reader.takes('.') {
                return Err(format!(
                    "is not a path of YAML keys: `.` or `[` is wanted before `{}`",
                    reader.rest
                ));
            }
        }
    }

    /// The steps, in order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The path of some steps, to be shown; `None` without any.
    pub fn of(parts: Vec<Part>) -> Option<Self> {
        (!parts.is_empty()).then_some(Self(parts))
    }
}

/// What of a path was not read yet.
struct Reader<'p> {
    rest: &'p str,
}

impl Reader<'_> {
    fn takes(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// A word up to one of `ends` or the end of the path; in quotes, the quoted.
    fn word(&mut self, ends: &str) -> Result<String, String> {
        for quote in ['"', '\''] {
            if self.takes(quote) {
                let (word, rest) = self.rest.split_once(quote).ok_or_else(|| {
                    format!("is not a path of YAML keys: a {quote} is never closed")
                })?;
                self.rest = rest;
                return Ok(word.to_owned());
            }
        }
        let end = self
            .rest
            .find(|c| ends.contains(c))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err("is not a path of YAML keys: a part of it is empty".to_owned());
        }
        if let Some(sign) = word
            .chars()
            .find(|&c| c.is_whitespace() || "[]=\"'".contains(c))
        {
            return Err(format!(
                "is not a path of YAML keys: a part with `{sign}` in it stands in quotes"
            ));
        }
        self.rest = rest;
        Ok(word.to_owned())
    }

    /// What stands between brackets; the opening one is read.
    fn bracket(&mut self) -> Result<Part, String> {
        let key = self.word("=]")?;
        if self.takes('=') {
            let is = self.word("]")?;
            return self.closed(Part::Entry { key, is });
        }
        let index = key.parse().map_err(|_| {
            format!("is not a path of YAML keys: [{key}] is neither a number nor key=value")
        })?;
        self.closed(Part::Index(index))
    }

    fn closed(&mut self, part: Part) -> Result<Part, String> {
        self.takes(']')
            .then_some(part)
            .ok_or_else(|| "is not a path of YAML keys: a [ is never closed".to_owned())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            match part {
                Part::Key(key) => write!(f, "{dot}{}", quoted(key))?,
                Part::Index(index) => write!(f, "[{index}]")?,
                Part::Entry { key, is } => write!(f, "[{}={}]", quoted(key), quoted(is))?,
            }
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain =
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || ".[]=\"'".contains(c));
    match word {
        _ if plain => word.to_owned(),
        _ if word.contains('"') => format!("'{word}'"),
        _ => format!("\"{word}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(word: &str) -> Part {
        Part::Key(word.into())
    }

    fn entry(key: &str, is: &str) -> Part {
        Part::Entry {
            key: key.into(),
            is: is.into(),
        }
    }

    #[test]
    fn a_path_is_read_and_shown() {
        for (text, parts) in [
            ("appVersion", vec![key("appVersion")]),
            ("image.tag", vec![key("image"), key("tag")]),
            (
                "images[name=reading].newTag",
                vec![key("images"), entry("name", "reading"), key("newTag")],
            ),
            (
                "a[0][12].b.3",
                vec![
                    key("a"),
                    Part::Index(0),
                    Part::Index(12),
                    key("b"),
                    key("3"),
                ],
            ),
            ("[0].version", vec![Part::Index(0), key("version")]),
            (
                "labels.\"app.kubernetes.io/version\"",
                vec![key("labels"), key("app.kubernetes.io/version")],
            ),
            (
                "images[name=\"a]b=c\"].t",
                vec![key("images"), entry("name", "a]b=c"), key("t")],
            ),
            (
                "images[name=ghcr.io/acme/x].newTag",
                vec![
                    key("images"),
                    entry("name", "ghcr.io/acme/x"),
                    key("newTag"),
                ],
            ),
            ("\"\".→-x", vec![key(""), key("→-x")]),
            ("'say \"x\"'", vec![key("say \"x\"")]),
        ] {
            let path = KeyPath::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(path.parts(), parts, "{text}");
            assert_eq!(KeyPath::parse(&path.to_string()), Ok(path), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (text, said) in [
            ("", "a part of it is empty"),
            (".", "a part of it is empty"),
            ("a.", "a part of it is empty"),
            ("a..b", "a part of it is empty"),
            ("a.[0]", "a part of it is empty"),
            ("a[]", "a part of it is empty"),
            ("a[x=]", "a part of it is empty"),
            ("a[0", "a [ is never closed"),
            ("a[x=1", "a [ is never closed"),
            ("a[x]", "[x] is neither a number nor key=value"),
            ("a[-1]", "[-1] is neither a number"),
            ("a[99999999999999999999999]", "is neither a number"),
            ("a[0]b", "`.` or `[` is wanted before `b`"),
            ("\"a\"b", "`.` or `[` is wanted before `b`"),
            ("\"a", "a \" is never closed"),
            ("a b", "a part with ` ` in it stands in quotes"),
            ("a=b", "a part with `=` in it stands in quotes"),
            ("a]", "a part with `]` in it stands in quotes"),
        ] {
            let why = KeyPath::parse(text).expect_err(text);
            assert!(why.contains(said), "{text}: {why}");
        }
    }
}
