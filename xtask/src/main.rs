//! This repository's release automation: every command is in the `monorelease` crate, every fact in `monorepo.toml`.

use std::process::ExitCode;

fn main() -> ExitCode {
    monorelease::run()
}
