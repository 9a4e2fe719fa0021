//! How a client is to behave.

#![allow(
    clippy::disallowed_methods,
    reason = "requests wait for a server that asked for it"
)]

use crate::credentials::Credentials;
use jiff::Timestamp;
use monorelease_http_client::client::SILENCE;
use std::sync::Arc;
use std::time::Duration;

/// How the client behaves.
#[derive(Clone)]
pub struct RegistryOptions {
    pub credentials: Credentials,
    /// How often a request is tried in all, when it fails for a while only.
    pub tries: u32,
    /// Pages of one listing; at two tags a page the default is still more than a repository should have.
    pub tag_pages_max: usize,
    /// Tags of one listing.
    pub tags_max: usize,
    /// Bytes of one listing, over all its pages.
    pub listing_bytes_max: u64,
    /// How long a line may be silent.
    pub silence: Duration,
    /// How long one exchange may take in all; on top of it comes the time that its bytes need at the slowest pace.
    pub patience: Duration,
    /// The slowest pace that is waited for, in bytes a second.
    pub slowest: u64,
    /// Waits between two tries.
    pub sleep: Arc<dyn Fn(Duration) + Send + Sync>,
    /// The time, for a `Retry-After` that names a date.
    pub now: fn() -> Timestamp,
}

impl RegistryOptions {
    pub fn new(credentials: Credentials) -> Self {
        let sleep = Arc::new(std::thread::sleep);
        Self {
            credentials,
            tries: 4,
            tag_pages_max: 10_000,
            tags_max: 500_000,
            listing_bytes_max: 64 << 20,
            silence: SILENCE,
            patience: Duration::from_secs(60),
            slowest: 32 << 10,
            sleep,
            now: Timestamp::now,
        }
    }

    /// With the credentials that docker on this machine would use. A configuration that cannot be read becomes
    /// an error when a registry asks for credentials, and not before.
    pub fn from_environment() -> Self {
        Self::new(Credentials::from_environment())
    }
}
