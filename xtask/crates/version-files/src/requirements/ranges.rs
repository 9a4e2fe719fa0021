//! A version requirement taken apart: alternatives of comparators, each with its operator, its numbers and their place.
//!
//! Cargo, Python, Poetry, npm and Helm write requirements of one build with other operators and separators, so that one
//! reader serves them all. It says what is written where. What a comparator admits, and where it moves, stands in
//! other files; for Cargo's and Python's requirements their own parsers decide first what is one at all. Positions (law 2) are
//! what none of those parsers gives.

use std::ops::Range;

use semver::Prerelease;

use crate::requirements::requirement::RequirementKind;

/// What a comparator asks of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// No operator: Cargo's caret, everyone else's equality.
    Bare,
    Caret,
    Tilde,
    Equal,
    /// `===`: equal letter by letter.
    Identical,
    /// `~=`
    Compatible,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
}

/// One comparator: `>=0.3`, `^1.2.x`, `==0.4.0rc1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparator {
    pub op: Op,
    /// The numbers that are written; fewer than three where the requirement is less precise.
    pub numbers: Vec<u64>,
    /// How many wildcards follow the numbers.
    pub wildcards: usize,
    /// The bytes of the numbers alone.
    pub digits: Range<usize>,
    /// The bytes of numbers, wildcards and suffix; no operator, no `v`.
    pub version: Range<usize>,
    /// What follows: `-rc.1`, `rc1`, `.post1`, `+build`.
    pub suffix: String,
    /// The prerelease, where a version is SemVer.
    pub pre: Prerelease,
}

impl RequirementKind {
    /// Whether its versions are SemVer, and not PEP 440.
    pub(super) fn is_semver(self) -> bool {
        matches!(self, Self::Cargo | Self::Npm | Self::Chart)
    }

    /// Every operator it knows; where one begins with another, the longer comes first.
    fn operators(self) -> &'static [(&'static str, Op)] {
        use Op::{
            Caret, Compatible, Equal, Greater, GreaterEqual, Identical, Less, LessEqual, NotEqual,
            Tilde,
        };
        match self {
            Self::Cargo => &[
                (">=", GreaterEqual),
                ("<=", LessEqual),
                (">", Greater),
                ("<", Less),
                ("=", Equal),
                ("~", Tilde),
                ("^", Caret),
            ],
            Self::Python => &[
                ("===", Identical),
                ("==", Equal),
                ("~=", Compatible),
                ("!=", NotEqual),
                (">=", GreaterEqual),
                ("<=", LessEqual),
                (">", Greater),
                ("<", Less),
            ],
            Self::Poetry => &[
                ("===", Identical),
                ("==", Equal),
                ("~=", Compatible),
                ("!=", NotEqual),
                ("<>", NotEqual),
                (">=", GreaterEqual),
                ("<=", LessEqual),
                (">", Greater),
                ("<", Less),
                ("=", Equal),
                ("~", Tilde),
                ("^", Caret),
            ],
            Self::Npm => &[
                (">=", GreaterEqual),
                ("<=", LessEqual),
                (">", Greater),
                ("<", Less),
                ("=", Equal),
                ("~>", Tilde),
                ("~", Tilde),
                ("^", Caret),
            ],
            Self::Chart => &[
                ("!=", NotEqual),
                (">=", GreaterEqual),
                ("=>", GreaterEqual),
                ("<=", LessEqual),
                ("=<", LessEqual),
                (">", Greater),
                ("<", Less),
                ("=", Equal),
                ("~>", Tilde),
                ("~", Tilde),
                ("^", Caret),
            ],
        }
    }

    /// What stands between two alternatives.
    fn alternatives(self) -> &'static [&'static str] {
        match self {
            Self::Cargo | Self::Python => &[],
            Self::Npm | Self::Chart => &["||"],
            Self::Poetry => &["||", "|"],
        }
    }
}

/// Takes a requirement apart: its alternatives, each a list of comparators that must all hold.
///
/// # Errors
/// The text is no requirement of this kind. The error says why, in words that follow "cannot be read:".
pub(super) fn parse(kind: RequirementKind, text: &str) -> Result<Vec<Vec<Comparator>>, String> {
    let mut reader = Reader { kind, text, at: 0 };
    let mut alternatives = vec![Vec::new()];
    loop {
        reader.skip_blanks();
        if reader.rest().is_empty() {
            break;
        }
        let current: &mut Vec<Comparator> = match alternatives.last_mut() {
            Some(current) => current,
            None => return Err("it is empty".to_owned()),
        };
        if let Some(separator) = kind
            .alternatives()
            .iter()
            .find(|separator| reader.rest().starts_with(**separator))
        {
            reader.at += separator.len();
            alternatives.push(Vec::new());
            continue;
        }
        let mut comparator = reader.comparator()?;
        if let Some(end) = reader.hyphenated(&comparator)? {
            comparator.op = Op::GreaterEqual;
            current.extend([comparator, end]);
        } else {
            current.push(comparator);
        }
        reader.separator()?;
    }
    // npm alone reads nothing as anything.
    if kind != RequirementKind::Npm && alternatives.iter().any(Vec::is_empty) {
        return Err("an alternative of it is empty".to_owned());
    }
    Ok(alternatives)
}

struct Reader<'t> {
    kind: RequirementKind,
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) -> bool {
        let before = self.at;
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.at > before
    }

    /// What may stand behind a comparator: the end, blanks, a comma with another comparator behind it, an alternative.
    fn separator(&mut self) -> Result<(), String> {
        let blank = self.skip_blanks();
        let ends = |rest: &str| {
            rest.is_empty()
                || self
                    .kind
                    .alternatives()
                    .iter()
                    .any(|one| rest.starts_with(*one))
        };
        let rest = self.rest();
        if self.kind != RequirementKind::Npm && rest.starts_with(',') {
            if ends(rest[1..].trim_start()) {
                return Err("nothing stands behind a comma".to_owned());
            }
            self.at += 1;
            return Ok(());
        }
        if blank || ends(rest) {
            return Ok(());
        }
        Err(format!("`{rest}` follows without a separator"))
    }

    /// The second half of `1.2 - 2.3`, if that is what the comparator begins.
    fn hyphenated(&mut self, first: &Comparator) -> Result<Option<Comparator>, String> {
        let known = matches!(self.kind, RequirementKind::Npm | RequirementKind::Chart);
        let rest = self.rest().trim_start();
        let behind = rest
            .strip_prefix('-')
            .filter(|behind| behind.starts_with(char::is_whitespace));
        let apart = self.rest().starts_with(char::is_whitespace);
        let Some(behind) = behind.filter(|_| known && apart && first.op == Op::Bare) else {
            return Ok(None);
        };
        self.at = self.text.len() - behind.trim_start().len();
        let mut second = self.comparator()?;
        if second.op != Op::Bare {
            return Err("an operator stands in a range with a hyphen".to_owned());
        }
        second.op = Op::LessEqual;
        Ok(Some(second))
    }

    fn comparator(&mut self) -> Result<Comparator, String> {
        let known = self
            .kind
            .operators()
            .iter()
            .find(|(written, _)| self.rest().starts_with(written));
        let op = known.map_or(Op::Bare, |(_, op)| *op);
        self.at += known.map_or(0, |(written, _)| written.len());
        self.skip_blanks();
        let numbered = self
            .rest()
            .strip_prefix(['v', 'V'])
            .is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_digit()));
        self.at += usize::from(numbered);
        let is_version =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '*' | '_' | '!');
        let rest = self.rest();
        let token = &rest[..rest.find(|c| !is_version(c)).unwrap_or(rest.len())];
        let (numbers, digits, wildcards, end) = self.numbers(token)?;
        let suffix = token[end..].to_owned();
        let pre = self.prerelease(token, &suffix, numbers.len(), wildcards)?;
        let digits = self.at..self.at + digits;
        let version = self.at..self.at + token.len();
        self.at = version.end;
        Ok(Comparator {
            op,
            numbers,
            wildcards,
            digits,
            version,
            suffix,
            pre,
        })
    }

    /// The numbers at the start of a token, how long they are, the wildcards behind them, and where these end.
    fn numbers(&self, token: &str) -> Result<(Vec<u64>, usize, usize, usize), String> {
        let wild: &[char] = if self.kind.is_semver() {
            &['*', 'x', 'X']
        } else {
            &['*']
        };
        let mut numbers = Vec::new();
        let mut digits = 0;
        let mut wildcards = 0;
        let mut at = 0;
        loop {
            let rest = &token[at..];
            let length = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            if length > 0 && wildcards > 0 {
                return Err(format!("a number stands behind a wildcard in `{token}`"));
            } else if length > 0 {
                let number = &rest[..length];
                // Masterminds/semver coerces, the others do not.
                let is_strict = matches!(self.kind, RequirementKind::Cargo | RequirementKind::Npm);
                if is_strict && length > 1 && number.starts_with('0') {
                    return Err(format!("`{number}` begins with a zero"));
                }
                numbers.push(
                    number
                        .parse()
                        .map_err(|_| format!("the number {number} is too large"))?,
                );
                at += length;
                digits = at;
            } else if rest.starts_with(wild) {
                wildcards += 1;
                at += 1;
            } else {
                return Err(format!(
                    "`{}` is not a version",
                    if token.is_empty() { self.rest() } else { token }
                ));
            }
            let goes_on = |behind: &str| {
                behind.starts_with(|c: char| c.is_ascii_digit()) || behind.starts_with(wild)
            };
            if !token[at..].strip_prefix('.').is_some_and(goes_on) {
                return Ok((numbers, digits, wildcards, at));
            }
            at += 1;
        }
    }

    /// Holds a SemVer suffix to its rules. PEP 440 suffixes are judged by the parser of that standard.
    fn prerelease(
        &self,
        token: &str,
        suffix: &str,
        numbers: usize,
        wildcards: usize,
    ) -> Result<Prerelease, String> {
        if !self.kind.is_semver() {
            return Ok(Prerelease::EMPTY);
        }
        if numbers + wildcards > 3 {
            return Err(format!("`{token}` has more than three parts"));
        }
        if suffix.is_empty() {
            return Ok(Prerelease::EMPTY);
        }
        // Masterminds/semver alone takes `~1.2-0` and `2.x-0`.
        let complete = numbers == 3 || self.kind == RequirementKind::Chart;
        let (before_build, build) = suffix.split_once('+').unwrap_or((suffix, "0"));
        let pre = if before_build.is_empty() {
            Some("")
        } else {
            before_build.strip_prefix('-').filter(|pre| !pre.is_empty())
        };
        let build = semver::BuildMetadata::new(build).is_ok_and(|build| !build.is_empty());
        let pre = pre
            .filter(|_| complete && build)
            .and_then(|pre| Prerelease::new(pre).ok());
        pre.ok_or_else(|| format!("`{token}` is not a version"))
    }
}

#[cfg(test)]
mod tests;
