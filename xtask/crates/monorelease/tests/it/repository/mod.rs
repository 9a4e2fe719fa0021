//! Tests that read or build this very repository.

mod docs;
mod oracle;
mod real_package;
mod real_release;
mod round_trip;
mod sources;
mod workflows;
