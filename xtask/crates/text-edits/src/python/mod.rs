//! The version of a Python module: one plain string, assigned to one name, at the top level.
//!
//! The module is not run and not interpreted. A version that is computed, imported, or assigned under a condition is
//! an error that says so, for no replacement of characters would be sure to change it.

mod tokens;

use std::ops::Range;

use crate::error::EditError;
use crate::splice::{line_at, without_bom};
use tokens::{Kind, Statement, Token, statements};

/// The characters of the string that the module assigns to `name`.
///
/// # Errors
/// The module assigns no plain string to it, once, at its top level.
pub fn locate(text: &str, name: &str) -> Result<Range<usize>, EditError> {
    let (_, start) = without_bom(text);
    let statements = statements(text, start)
        .map_err(|fault| EditError::unreadable(name, fault.why, line_at(text, fault.at)))?;
    let module = Module { text, name };
    let (top, nested): (Vec<&Statement>, Vec<&Statement>) = statements
        .iter()
        .filter(|statement| module.assigns(statement))
        .partition(|statement| statement.top_level);
    match top.as_slice() {
        [] => Err(module.missing(&statements, &nested)),
        [statement] => module.value(statement),
        several => Err(EditError::Doubled {
            key: name.to_owned(),
            lines: several.iter().map(|s| module.line(s)).collect(),
        }),
    }
}

struct Module<'t> {
    text: &'t str,
    name: &'t str,
}

impl Module<'_> {
    fn line(&self, statement: &Statement) -> usize {
        line_at(self.text, statement.tokens[0].span.start)
    }

    fn says(&self, token: &Token, word: &str) -> bool {
        self.text[token.span.clone()] == *word
    }

    fn is_name(&self, token: &Token) -> bool {
        token.kind == Kind::Name && self.says(token, self.name)
    }

    /// The parts of a statement between the `=` signs that stand outside brackets: targets, then the value.
    fn parts<'s>(&self, statement: &'s Statement) -> Vec<&'s [Token]> {
        let equals = |token: &Token| token.depth == 0 && self.says(token, "=");
        statement.tokens.split(equals).collect()
    }

    /// Whether a statement gives the name a value: alone, annotated, in a chain, in a tuple, or by `+=`.
    fn assigns(&self, statement: &Statement) -> bool {
        let parts = self.parts(statement);
        let targets = &parts[..parts.len() - 1];
        targets.iter().any(|target| self.binds(target)) || self.augments(statement)
    }

    /// Whether a target is the name, or a tuple with the name in it.
    fn binds(&self, target: &[Token]) -> bool {
        let annotation = target
            .iter()
            .position(|token| token.depth == 0 && self.says(token, ":"));
        let bound = &target[..annotation.unwrap_or(target.len())];
        let is_any =
            |token: &Token, signs: &[&str]| signs.iter().any(|sign| self.says(token, sign));
        let simple = |token: &Token| {
            token.kind == Kind::Name || is_any(token, &[",", "(", ")", "[", "]", "*"])
        };
        // An item, an attribute or an argument of the name (`seen[__version__] = …`, `lambda __version__=…`) is another
        // thing: there, a name or bracket follows on a name or bracket without a comma.
        let compound = bound.windows(2).any(|pair| {
            let ends = pair[0].kind == Kind::Name || is_any(&pair[0], &[")", "]"]);
            ends && (pair[1].kind == Kind::Name || is_any(&pair[1], &["(", "["]))
        });
        bound.iter().all(simple) && !compound && bound.iter().any(|token| self.is_name(token))
    }

    fn augments(&self, statement: &Statement) -> bool {
        let [first, second, ..] = statement.tokens.as_slice() else {
            return false;
        };
        let operator = &self.text[second.span.clone()];
        let augmented = operator.len() > 1 && operator.ends_with('=') && second.kind == Kind::Other;
        let compares = matches!(operator, "==" | "!=" | "<=" | ">=" | ":=");
        self.is_name(first) && augmented && !compares
    }

    /// The bytes between the quotes of the assigned string.
    fn value(&self, statement: &Statement) -> Result<Range<usize>, EditError> {
        let refused =
            |why: &str| EditError::unreadable(self.name, why.to_owned(), self.line(statement));
        let parts = self.parts(statement);
        let [targets @ .., value] = parts.as_slice() else {
            return Err(refused("nothing is assigned"));
        };
        if targets.is_empty() {
            return Err(refused("it is changed in place, not assigned"));
        }
        let alone = |target: &&[Token]| target.first().is_some_and(|first| self.is_name(first));
        let comma = |token: &Token| token.depth == 0 && self.says(token, ",");
        let mut binding = targets.iter().filter(|target| self.binds(target));
        if !binding.all(|target| alone(target) && !target.iter().any(comma)) {
            return Err(refused("it is assigned as a part of a tuple"));
        }
        let [token] = value else {
            return Err(refused("its value is not one plain string"));
        };
        let (start, end) = match token.kind {
            Kind::Text { inner } => inner,
            Kind::OtherString => return Err(refused("its value is not a plain string literal")),
            Kind::Name | Kind::Other => {
                let found = &self.text[token.span.clone()];
                return Err(EditError::NotAString {
                    key: self.name.to_owned(),
                    found: format!("`{found}`"),
                    line: self.line(statement),
                });
            }
        };
        if self.text[start..end].contains(['\\', '\n', '\r']) {
            return Err(refused("its string is written with escapes or line breaks"));
        }
        Ok(start..end)
    }

    /// Says what was found in the place of an assignment.
    fn missing(&self, statements: &[Statement], nested: &[&Statement]) -> EditError {
        let mentions = |statement: &&Statement| {
            let mut tokens = statement.tokens.iter();
            tokens.any(|token| self.is_name(token))
        };
        let found = match (nested.first(), statements.iter().find(mentions)) {
            (Some(inner), _) => Some(("only assigned inside a block", *inner)),
            (None, Some(other)) if self.says(&other.tokens[0], "from") => {
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
