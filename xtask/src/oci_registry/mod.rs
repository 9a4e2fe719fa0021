//! A client of the OCI distribution specification, and the credentials for it.

mod challenge;
pub mod client;
pub mod credentials;
pub mod error;
pub mod push_access;
mod referrers;
mod response;
pub mod tags;
mod tokens;
mod transport;
