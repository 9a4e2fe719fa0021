//! The program: everything is in the library, so that tests can start its servers as well.

use std::process::ExitCode;

fn main() -> ExitCode {
    monorelease::run()
}
