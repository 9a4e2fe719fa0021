//! A version as it is written in a text, with the spelling that its location wants.

use monorelease_model::version::Spelling;
use monorelease_model::version::Version;
use std::ops::Range;

/// A version as it is written in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The bytes of the version's own characters: no quotes, no blanks.
    pub span: Range<usize>,
    /// Those characters, as they are written.
    pub text: String,
    /// Where that is, in the file's own terms: `package.version`.
    pub key: String,
    /// The spelling that this place wants.
    pub spelling: Spelling,
}

impl Located {
    pub(crate) fn new(text: &str, span: Range<usize>, key: &str, spelling: Spelling) -> Self {
        Self {
            text: text[span.clone()].to_owned(),
            span,
            key: key.to_owned(),
            spelling,
        }
    }

    /// A place of Python's. PEP 440 readers pass over a `v` before the version; an edit leaves it there.
    pub(crate) fn pep440(text: &str, span: Range<usize>, key: &str) -> Self {
        let prefixed = behind_v(&text[span.clone()]).is_some();
        Self::new(
            text,
            span.start + usize::from(prefixed)..span.end,
            key,
            Spelling::Pep440,
        )
    }

    /// A place that may hold either spelling keeps the one it has. What both can read is SemVer, the canonical one;
    /// PEP 440 readers take it too (`1.2.0-rc.1` normalises to `1.2.0rc1`). A `v` before the version is the place's own
    /// custom and no part of the version. A word such as `v8` is left whole, for the place may hold a name.
    pub(crate) fn inferred(text: &str, span: Range<usize>, key: &str) -> Self {
        let found = &text[span.clone()];
        let bare = behind_v(found)
            .filter(|rest| rest.contains('.') && (is_semver(rest) || is_pep440(rest)));
        let start = span.end - bare.unwrap_or(found).len();
        let found = &text[start..span.end];
        let spelling = if !is_semver(found) && is_pep440(found) {
            Spelling::Pep440
        } else {
            Spelling::SemVer
        };
        Self::new(text, start..span.end, key, spelling)
    }
}

fn is_semver(text: &str) -> bool {
    Version::parse_semver(text).is_ok()
}

fn is_pep440(text: &str) -> bool {
    Version::parse_pep440(text).is_ok()
}

/// What follows on the `v` of `v1.2.0`; `None` without one, and for a word that begins with a `v`.
pub(crate) fn behind_v(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(['v', 'V'])?;
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then_some(rest)
}
