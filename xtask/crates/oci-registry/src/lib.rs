//! A client of the OCI distribution specification: tags, manifests, blobs, referrers, and the credentials for them.
//!
//! Bytes go in and come out as they are: manifests are never parsed and written again. It knows registries and their quirks,
//! and nothing of releases.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

mod challenge;
pub mod client;
pub mod credentials;
pub mod error;
pub mod options;
pub mod push_access;
mod referrers;
mod response;
pub mod tags;
mod tokens;
mod transport;

#[cfg(test)]
mod tests;
