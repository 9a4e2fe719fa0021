//! What keeps a rehearsal apart from its surroundings: who commits in its repositories, and what the program is told of there.
//!
//! What is rehearsed stands in the scenarios; each adds its own servers to the call.

use std::path::Path;

use monorelease_process::{Call, Runner};

/// What leads out of a rehearsal: CI that it may be running in, chats, credentials, and services with an address of their own.
const SURROUNDINGS: [&str; 16] = [
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_ACTIONS",
    "GITHUB_SERVER_URL",
    "GITHUB_API_URL",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "DELIVERY_TOKEN",
    "SLACK_WEBHOOK_URL",
    "DISCORD_WEBHOOK_URL",
    "UV_PUBLISH_TOKEN",
    "UV_PUBLISH_URL",
    "UV_PUBLISH_CHECK_URL",
    "TWINE_REPOSITORY_URL",
    "COSIGN_PRIVATE_KEY",
    "COSIGN_PUBLIC_KEY",
];

/// The program at work in a repository of the rehearsal.
pub fn call(program: &Path, arguments: &[&str], work: &Path) -> Call {
    let call = Call::new(program)
        .args(arguments)
        .args(["--yes", "--repo"])
        .arg(work);
    SURROUNDINGS
        .iter()
        .fold(call, |call, name| call.without(name))
}

/// Lets the rehearsal commit in a repository, without the user's name, key and hooks.
///
/// # Errors
/// There is no repository, or it cannot be written.
pub fn set_up(runner: &Runner, work: &Path) -> anyhow::Result<()> {
    for (key, value) in [
        ("user.name", "Rehearsal"),
        ("user.email", "rehearsal@localhost"),
        ("commit.gpgSign", "false"),
        ("tag.gpgSign", "false"),
        ("core.hooksPath", "/dev/null"),
    ] {
        runner.output(
            &Call::new("git")
                .arg("-C")
                .arg(work)
                .args(["config", key, value]),
        )?;
    }
    Ok(())
}
