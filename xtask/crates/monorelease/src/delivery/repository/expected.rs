//! The files that are likely to be read of any commit, so that their contents are fetched together.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::project::paths::fits;

/// The files that are likely to be read, by path or pattern.
#[derive(Default)]
pub(crate) struct Expected {
    paths: Mutex<BTreeSet<String>>,
    patterns: Mutex<BTreeSet<String>>,
}

impl Expected {
    pub fn add<'a>(&self, files: impl IntoIterator<Item = &'a str>) {
        for file in files {
            let of = if file.contains(['*', '?']) {
                &self.patterns
            } else {
                &self.paths
            };
            of.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(file.to_owned());
        }
    }

    pub fn has(&self, path: &str) -> bool {
        let lock = |of| Mutex::lock(of).unwrap_or_else(PoisonError::into_inner);
        // Most patterns begin with a folder, and most files are in another.
        let begins = |pattern: &str| {
            pattern
                .find(['*', '?'])
                .is_some_and(|at| path.starts_with(&pattern[..at]))
        };
        lock(&self.paths).contains(path)
            || lock(&self.patterns)
                .iter()
                .any(|pattern| begins(pattern) && fits(pattern, path))
    }
}
