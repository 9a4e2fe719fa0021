//! The real docker engine, where there is one.

use std::process::Command;

pub const BASE_IMAGE: &str = "python:3.12-slim";

/// Whether the machine can run these tests; says what is missing, or fails where nothing may be.
pub fn can_run(test: &str) -> bool {
    let answers =
        |program: &str, arguments: &[&str]| Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    let missing: Vec<_> = [
        ("a docker engine", answers("docker", &["version", "--format", "{{.Server.Version}}"])),
        ("docker buildx", answers("docker", &["buildx", "version"])),
        ("docker-registry", answers("docker-registry", &["--version"])),
        ("the base image python:3.12-slim", answers("docker", &["image", "inspect", BASE_IMAGE])),
    ]
    .into_iter()
    .filter_map(|(what, is_there)| (!is_there).then_some(what))
    .collect();
    assert!(
        missing.is_empty() || std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
        "{test}: missing {}; .ci/setup installs it",
        missing.join(", ")
    );
    if !missing.is_empty() {
        println!("skipped {test}: missing {}", missing.join(", "));
    }
    missing.is_empty()
}

pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `linux/amd64` or what the engine runs.
pub fn engine_platform() -> String {
    docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]).trim().to_owned()
}

/// Whether programs are there, each with an argument that it answers; says what is missing, or fails where nothing may be.
pub fn has(test: &str, programs: &[(&str, &str)]) -> bool {
    let answers =
        |(program, argument): &(&str, &str)| Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
    let missing: Vec<_> = programs.iter().filter(|program| !answers(program)).map(|(program, _)| *program).collect();
    let may_miss = std::env::var_os("XTASK_REQUIRE_TOOLS").is_none();
    assert!(missing.is_empty() || may_miss, "{test}: missing {}; .ci/setup installs it", missing.join(", "));
    if !missing.is_empty() {
        println!("skipped {test}: missing {}", missing.join(", "));
    }
    missing.is_empty()
}
