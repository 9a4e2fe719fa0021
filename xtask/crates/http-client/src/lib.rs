//! What every HTTP client of the tool shares: agents, time limits, bounded bodies, retries (law 18) and addresses.
//!
//! It knows no service. What an answer means, and how to log in, is the business of each client. No other crate names the
//! HTTP library: requests and responses are the types given here.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

pub mod client;
pub mod count;
pub mod parallel;
pub mod server_time;
pub mod url;

pub use ureq::Error as TransportError;
pub use ureq::{Agent, Body, SendBody, http};
