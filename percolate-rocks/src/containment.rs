//! Turns redb's panics over a damaged file into errors. It mends nothing and hides nothing: the panic's text is kept.
//!
//! redb trusts the pages it reads: a flipped byte in a page ends in an index out of bounds, not in its error type.
//! A program that opens a damaged file must get a sentence all the same, so every call into redb goes through here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use crate::StoreError;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Calls redb; its errors and its panics both come back as a [`StoreError`] about the file at `path`.
pub(crate) fn contained<T>(
    path: &Path,
    operation: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, StoreError> {
    HOOK.call_once(keep_contained_panics_quiet);
    let outer = CONTAINED.replace(true);
    // A transaction that unwinds is rolled back by redb, and a lock left poisoned makes its next call fail: no
    // state that an unwinding left half-done is used again.
    let outcome = panic::catch_unwind(AssertUnwindSafe(operation));
    CONTAINED.set(outer);
    match outcome {
        Ok(result) => result.map_err(|error| StoreError::from_redb(path, error)),
        Err(panic) => Err(StoreError::Corrupt {
            path: path.to_path_buf(),
            why: format!("its pages contradict each other ({})", text(panic.as_ref())),
        }),
    }
}

/// Puts a hook before the one in place that leaves out what becomes an error anyway; other panics print as before.
fn keep_contained_panics_quiet() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !CONTAINED.get() {
            previous(panic);
        }
    }));
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}
