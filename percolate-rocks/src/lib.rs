//! A small embedded store: three ordered tables (resources, entities, moments) in one file.
//!
//! ```
//! use percolate_rocks::{Kind, Store};
//!
//! let folder = tempfile::tempdir()?;
//! let store = Store::open(folder.path().join("memories.redb"))?;
//! store.put(Kind::Resource, "notes/1", b"{\"text\":\"tea at four\"}")?;
//! assert_eq!(store.scan(Kind::Resource, "notes/")?.count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Values are bytes: the store neither reads nor checks them, so that their format stays the caller's decision.
//! It knows no queries beyond key and prefix, no expiry, no network, and one process holds a file at a time.

mod containment;
mod error;
mod kind;
#[cfg(feature = "python")]
mod python;
mod store;

pub use error::StoreError;
pub use kind::Kind;
pub use store::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Scan, Store};

/// The version of this crate and of the wheel built from it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
