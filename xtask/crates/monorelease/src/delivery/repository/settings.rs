//! What git is told when it reaches a repository that says what runs: the user's own settings, and a token.
//!
//! Settings go by variables of the child, so that no secret stands in an argument or an address (law 17).

use std::path::Path;

use monorelease_process::{Call, Runner};

use crate::world::environment::Environment;

/// What git is told by variables: the user's own settings for this repository, and the forge's token.
#[derive(Default)]
pub(super) struct Settings {
    pub before: usize,
    pub pairs: Vec<(String, String)>,
    pub token: Option<String>,
    /// Addresses that are not shown.
    pub hidden: Vec<String>,
}

/// Settings that the user made for this repository alone hold in ours too: who commits, how it is signed, how remotes
/// are reached. A header with a credential is for this repository's own remote, and gives way to a token.
pub(super) fn settings(
    runner: &Runner,
    root: &Path,
    environment: &Environment,
    is_own: bool,
) -> anyhow::Result<Settings> {
    const KEPT: [&str; 12] = [
        "user.",
        "author.",
        "committer.",
        "commit.gpgsign",
        "gpg.",
        "credential.",
        "http.",
        "url.",
        "core.sshcommand",
        "core.askpass",
        "ssh.",
        "protocol.",
    ];
    let listing = runner.output(&Call::new("git").arg("-C").arg(root).args([
        "config",
        "--local",
        "--includes",
        "--list",
        "-z",
    ]))?;
    let credentials = if is_own {
        environment.forge_credentials()
    } else {
        environment.delivery_credentials()
    };
    let wanted = |key: &str| {
        let header = key.ends_with(".extraheader");
        KEPT.iter().any(|kept| key.starts_with(kept))
            && !(header && (!is_own || credentials.is_some()))
    };
    let mut pairs: Vec<(String, String)> = listing
        .split('\0')
        .filter_map(|entry| entry.split_once('\n'))
        .filter(|(key, _)| wanted(&key.to_ascii_lowercase()))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let token = credentials.map(|credentials| {
        pairs.extend(credentials.helper_settings());
        credentials.token
    });
    Ok(Settings {
        before: environment.git_config_count,
        pairs,
        token,
        hidden: Vec::new(),
    })
}
