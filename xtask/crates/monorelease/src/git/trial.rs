//! What git does on this machine at a tag and its push: tried without a tag, and without anything being sent.

use std::path::Path;

use super::Git;
use crate::world::files;

impl Git {
    /// Whether git is set up to sign every annotated tag.
    pub fn signs_tags(&self) -> bool {
        ["tag.gpgSign", "tag.forceSignAnnotated"].iter().any(|key| {
            let call = self.call().args(["config", "--type=bool", "--get", key]);
            self.runner
                .finish(&call)
                .is_ok_and(|said| said.ok && said.stdout.trim() == "true")
        })
    }

    /// Signs a commit that nothing names, with the key and the program that sign tags.
    ///
    /// # Errors
    /// It cannot be signed; with what git said.
    pub fn try_signature(&self) -> anyhow::Result<()> {
        let call = self.call().args([
            "commit-tree",
            "HEAD^{tree}",
            "--gpg-sign",
            "-m",
            "a signature is tried",
        ]);
        self.runner.output(&call).map(drop)
    }

    /// The hook that git runs before each push, where there is one.
    pub fn pre_push_hook(&self) -> Option<String> {
        let call = self.call().args(["rev-parse", "--git-path", HOOK]);
        let path = self.runner.output(&call).ok()?;
        executable(&self.root, path.trim())
    }

    /// As [`Git::may_push_tag`], with the hooks of the push.
    ///
    /// # Errors
    /// A hook or the remote does not want it; with what was said.
    pub fn try_push_tag(&self, remote: &str, name: &str, commit: &str) -> anyhow::Result<()> {
        let reference = format!("{commit}:refs/tags/{name}");
        let call = self.push_call().args(["--dry-run", remote, &reference]);
        self.runner.output(&call).map(drop)
    }
}

/// As `git rev-parse --git-path` names it.
pub const HOOK: &str = "hooks/pre-push";

/// The path of a hook, seen from this folder, where git would run it.
pub fn executable(folder: &Path, path: &str) -> Option<String> {
    let path = folder.join(path);
    files::is_executable(&path).then(|| path.display().to_string())
}
