//! Objects that a repository should have and does not: of a partial clone, or of a damaged one.

use std::fmt::{self, Display};

use anyhow::anyhow;
use git2::ErrorClass;

/// An object that should be in this clone and is not; the text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingObject(String);

impl Display for MissingObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this clone lacks {}", self.0)
    }
}

impl std::error::Error for MissingObject {}

/// The error for an object that should be here and is not.
pub fn missing(what: impl Display) -> anyhow::Error {
    MissingObject(what.to_string()).into()
}

/// Whether an error of libgit2 says that an object is not here. For some questions it keeps the words of that, and not the code.
pub fn is_missing(error: &git2::Error) -> bool {
    error.class() == ErrorClass::Odb && error.message().starts_with("object not found")
}

/// The error for objects (`what`: "a commit", "a tree") that could not be read while `doing` something: [`MissingObject`] where
/// one is not here.
pub fn unread(error: git2::Error, what: &str, doing: impl Display) -> anyhow::Error {
    if is_missing(&error) {
        return missing(format_args!(
            "{what} of its own history: {}",
            error.message()
        ));
    }
    anyhow!(error).context(doing.to_string())
}
