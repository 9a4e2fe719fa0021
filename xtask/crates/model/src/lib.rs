//! Nouns with rules of their own: versions and their spellings, tags, build IDs, image references, platforms and
//! distribution names.
//!
//! Everything is pure: a text in, a value or an error out. Nothing here reads a file, a clock, a repository or the network,
//! and nothing knows the configuration of the tool.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

pub mod build_id;
pub mod distribution;
pub mod github;
pub mod image;
pub mod markdown;
pub mod paths;
pub mod tag;
pub mod version;
