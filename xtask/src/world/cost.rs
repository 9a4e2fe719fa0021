//! What a step costs: time on the clock, and requests.
//!
//! Requests are counted on the thread that sends them, so that steps beside each other are not charged for one another. It
//! judges nothing: budgets are for benches.

use std::cell::Cell;
use std::time::Instant;

use crate::step::plan::Cost;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

/// Notes that this thread has sent a request.
pub(crate) fn count_request() {
    REQUESTS.set(REQUESTS.get() + 1);
}

/// Runs from its start to every look at it; for one thread.
pub struct Meter {
    started: Instant,
    requests: u64,
}

impl Meter {
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            requests: REQUESTS.get(),
        }
    }

    /// What was spent since the start.
    pub fn read(&self) -> Cost {
        Cost {
            seconds: self.started.elapsed().as_secs_f64(),
            requests: REQUESTS.get() - self.requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_charged_for_its_own_requests_alone() {
        let meter = Meter::start();
        count_request();
        let other = std::thread::spawn(|| {
            let meter = Meter::start();
            (0..5).for_each(|_| count_request());
            meter.read().requests
        });
        assert_eq!((meter.read().requests, other.join().unwrap()), (1, 5));
        assert_eq!(Meter::start().read().requests, 0);
    }
}
