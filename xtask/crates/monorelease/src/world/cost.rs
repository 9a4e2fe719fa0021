//! What a step costs: time on the clock, and requests.
//!
//! It judges nothing: budgets are for benches.

#![allow(
    clippy::disallowed_methods,
    reason = "this module measures what steps cost"
)]

use std::time::Instant;

use monorelease_http_client::count::requests_on_this_thread;

use crate::step::plan::Cost;

/// Runs from its start to every look at it; for one thread.
pub struct Meter {
    started: Instant,
    requests: u64,
}

impl Meter {
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            requests: requests_on_this_thread(),
        }
    }

    /// What was spent since the start.
    pub fn read(&self) -> Cost {
        Cost {
            seconds: self.started.elapsed().as_secs_f64(),
            requests: requests_on_this_thread() - self.requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monorelease_http_client::count::count_request;

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
