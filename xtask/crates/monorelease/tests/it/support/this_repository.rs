//! Copies of this very repository, and the tools its products are locked with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::git_in;
use super::tools::answers;

/// The root of this repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../..")
        .canonicalize()
        .unwrap()
}

/// Copies what git knows of this repository, as it stands, into a repository of its own with one commit.
pub fn copy_to(folder: &Path) {
    let source = root();
    for file in git_in(
        &source,
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    )
    .lines()
    {
        let from = source.join(file);
        let to = folder.join(file);
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(from, to).unwrap();
        }
    }
    git_in(folder, &["init", "--quiet", "--initial-branch", "main"]);
    for (key, value) in [
        ("user.name", "Test"),
        ("user.email", "test@localhost"),
        ("commit.gpgSign", "false"),
        ("tag.gpgSign", "false"),
    ] {
        git_in(folder, &["config", key, value]);
    }
    git_in(folder, &["add", "--all"]);
    git_in(folder, &["commit", "--quiet", "--message", "chore: a copy"]);
}

/// Where everything of copies is compiled, so that a warm run does not begin from nothing.
pub fn shared_target() -> PathBuf {
    root().join("target/real")
}

/// Held by a test that compiles a wheel: maturin cannot share `shared_target` with another maturin.
pub fn wheel_turn() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // A test that failed leaves nothing half done: each has its own copy of the repository.
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// uv as `cargo xtask test` provides it: on the PATH, or fetched into target/tools.
pub fn uv() -> PathBuf {
    if answers("uv", &["--version"]) {
        return "uv".into();
    }
    let tools = root().join("target/tools");
    let found = fs::read_dir(&tools)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/uv")))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "no uv on the PATH or in {}; run the tests by `cargo xtask test`, which fetches it",
            tools.display()
        )
    })
}
