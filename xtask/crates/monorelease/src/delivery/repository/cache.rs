//! What was made of the files of a commit, kept as long as that commit is asked about: the plan, the probes and the act all ask.
//!
//! A commit never changes, so neither does what is made of it. What that is, others know.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Anything, by what it is.
type Things = HashMap<String, Arc<dyn Any + Send + Sync>>;

/// Things that were made of one commit.
#[derive(Default)]
pub(crate) struct Made {
    of: Mutex<(String, Things)>,
}

impl Made {
    /// What `make` makes of a commit: made at the first question, and again only after another commit was asked about.
    ///
    /// # Errors
    /// As of `make`; then the next question makes it anew.
    pub fn once<T: Send + Sync + 'static>(
        &self,
        commit: &str,
        what: &str,
        make: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<Arc<T>> {
        let lock = || self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let known = {
            let made = lock();
            made.1.get(what).filter(|_| made.0 == commit).cloned()
        };
        if let Some(known) = known.and_then(|known| known.downcast::<T>().ok()) {
            return Ok(known);
        }
        let new = Arc::new(make()?);
        let mut made = lock();
        if made.0 != commit {
            *made = (commit.to_owned(), Things::new());
        }
        made.1.insert(
            what.to_owned(),
            Arc::clone(&new) as Arc<dyn Any + Send + Sync>,
        );
        Ok(new)
    }
}
