//! Commit messages, as what they say was changed. They are read in `xtask-hot`, as there are many; what is known of types,
//! [`ReleaseRules`] tell it.

pub use xtask_hot::commit::{Change, Header, KnownTypes, Message, Reverted, header, title_key};

use super::rules::ReleaseRules;

impl KnownTypes for ReleaseRules {
    fn knows(&self, kind: &str) -> bool {
        self.of(kind).is_some()
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
