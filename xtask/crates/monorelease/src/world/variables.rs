//! Environment variables, one at a time.

#![allow(
    clippy::disallowed_methods,
    reason = "this module is the way to environment variables"
)]

use std::env;

pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
