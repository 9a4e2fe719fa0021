//! What every HTTP client here shares.

pub mod client;
pub mod count;
pub mod parallel;
pub mod server_time;
pub mod url;
