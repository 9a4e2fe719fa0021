//! How many requests were sent, counted on the thread that sends them, so that steps beside each other are not charged for one another.

use std::cell::Cell;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

/// Notes that this thread has sent a request.
pub fn count_request() {
    REQUESTS.set(REQUESTS.get() + 1);
}

/// Requests that this thread has sent so far.
pub fn requests_on_this_thread() -> u64 {
    REQUESTS.get()
}
