//! What all generated repositories need: files, git commands, and settings of git that keep a run
//! the same on every machine.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context;
use monorelease_process::{Call, Runner};

/// Writes a file, with the folders above it.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Runs git in a folder and gives its stdout.
pub fn git(runner: &Runner, folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    runner.output(&Call::new("git").arg("-C").arg(folder).args(arguments))
}

/// Makes a folder a repository with an empty branch `main`.
pub fn init(runner: &Runner, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let branch = ["--initial-branch", "main"];
    let arguments = [&["init", "--quiet", "--template="], &branch[..]].concat();
    git(runner, folder, &arguments)?;
    for (key, value) in [
        ("user.name", "Bench"),
        ("user.email", "bench@localhost"),
        ("commit.gpgSign", "false"),
        ("tag.gpgSign", "false"),
        ("core.hooksPath", "/dev/null"),
        ("core.autocrlf", "false"),
        // A garbage collection that starts in the background would be measured too.
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
    ] {
        git(runner, folder, &["config", key, value])?;
    }
    Ok(())
}

/// Commits all files.
pub fn commit(runner: &Runner, folder: &Path) -> anyhow::Result<()> {
    git(runner, folder, &["add", "--all", "--force"])?;
    let arguments = ["commit", "--quiet", "--message", "feat: begin"];
    git(runner, folder, &arguments).map(drop)
}

/// Adds commits and tags from a stream of `git fast-import`.
pub fn import(runner: &Runner, folder: &Path, stream: &str) -> anyhow::Result<()> {
    let path = folder.join(".git/bench-stream");
    fs::write(&path, stream).with_context(|| format!("writing {}", path.display()))?;
    let input = File::open(&path).with_context(|| format!("reading {}", path.display()))?;
    let call = Call::new("git")
        .args(["-c", "core.fsync=none", "fast-import", "--quiet"])
        .folder(folder);
    let output = call
        .expression()
        .stdin_file(input)
        .stdout_capture()
        .stderr_capture()
        .run()
        .map_err(|error| runner.not_started(&call, error.into()))?;
    anyhow::ensure!(
        output.status.success(),
        "`git fast-import` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))
}
