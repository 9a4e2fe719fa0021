//! Programs that a test wants: where one is missing, the test says so and passes, unless XTASK_REQUIRE_TOOLS is set.

use std::path::PathBuf;
use std::process::Command;

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

/// Whether programs are there, each with an argument that it answers.
pub fn has(test: &str, programs: &[(&str, &str)]) -> bool {
    let answers = |(program, argument): &(&str, &str)| {
        Command::new(program)
            .arg(argument)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| !answers(program))
        .map(|(program, _)| *program)
        .collect();
    nothing_is_missing(test, &missing)
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
