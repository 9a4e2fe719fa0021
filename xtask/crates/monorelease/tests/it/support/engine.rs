//! The real docker engine, where there is one.

use std::process::Command;

use super::tools::{answers, nothing_is_missing};

pub const BASE_IMAGE: &str = "python:3.12-slim";

/// Whether the machine can run these tests; says what is missing, or fails where nothing may be.
pub fn can_run(test: &str) -> bool {
    let missing: Vec<_> = [
        (
            "a docker engine",
            answers("docker", &["version", "--format", "{{.Server.Version}}"]),
        ),
        ("docker buildx", answers("docker", &["buildx", "version"])),
        (
            "docker-registry",
            answers("docker-registry", &["--version"]),
        ),
        (
            "the base image python:3.12-slim",
            answers("docker", &["image", "inspect", BASE_IMAGE]),
        ),
    ]
    .into_iter()
    .filter_map(|(what, is_there)| (!is_there).then_some(what))
    .collect();
    nothing_is_missing(test, &missing)
}

pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// `linux/amd64` or what the engine runs.
pub fn engine_platform() -> String {
    docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"])
        .trim()
        .to_owned()
}
