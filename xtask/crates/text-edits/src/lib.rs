//! Finding values in YAML, JSON, TOML and Python texts, and replacing them without touching any other byte.
//!
//! A *locator* turns a text and a path of keys into the byte range of a value's own characters; [`splice::splice`] does all
//! changing. So comments, order, quotes, line ends and byte order marks are kept. Nothing here opens a file or knows what a
//! value means.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

pub mod error;
pub mod json;
pub mod key_path;
pub mod python;
pub mod splice;
pub mod toml;
pub mod yaml;
