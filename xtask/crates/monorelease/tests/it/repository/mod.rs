//! Tests that read or build this very repository. A copy of the crate elsewhere leaves this folder out.

mod docs;
mod real_package;
mod real_release;
mod round_trip;
mod workflows;
