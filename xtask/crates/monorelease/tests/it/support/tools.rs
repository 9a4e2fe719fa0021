//! Programs that a test wants: where one is missing, the test says so and passes, unless XTASK_REQUIRE_TOOLS is set.

use std::path::PathBuf;

use xshell::{Shell, cmd};

/// Says what is missing, or fails where nothing may be.
pub fn nothing_is_missing(test: &str, missing: &[&str]) -> bool {
    super::times::start();
    let may_miss = std::env::var_os("XTASK_REQUIRE_TOOLS").is_none();
    assert!(
        missing.is_empty() || may_miss,
        "{test}: missing {}; .ci/setup installs it",
        missing.join(", ")
    );
    if !missing.is_empty() {
        println!("skipped {test}: missing {}", missing.join(", "));
    }
    missing.is_empty()
}

/// Whether a program is there and ends well.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    let shell = Shell::new().unwrap();
    let command = cmd!(shell, "{program} {arguments...}").quiet();
    command.ignore_stdout().ignore_stderr().run().is_ok()
}

/// Whether programs are there, each with an argument that it answers.
pub fn has(test: &str, programs: &[(&str, &str)]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|(program, argument)| !answers(program, &[argument]))
        .map(|(program, _)| *program)
        .collect();
    nothing_is_missing(test, &missing)
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    which::which(program).ok()
}
