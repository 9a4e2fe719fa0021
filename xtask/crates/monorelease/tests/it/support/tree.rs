//! Repositories of any shape: nothing in them but what a test writes down.

use std::fs;

use super::Fixture;
use monorelease_stand_ins::registry::EmbeddedRegistry;

impl Fixture {
    /// A repository with these files and nothing else: one commit, and an empty remote.
    pub fn of_tree(files: &[(&str, &str)]) -> Self {
        let fixture = Self::unborn(files);
        fixture.git(&["add", "--all"]);
        fixture.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "feat: begin",
        ]);
        fixture
    }

    /// As `of_tree`, before the first commit.
    pub fn unborn(files: &[(&str, &str)]) -> Self {
        let fixture = Self::empty(EmbeddedRegistry::start().unwrap());
        for (path, text) in files {
            fixture.write(path, text);
        }
        fixture
    }

    /// Says that the remote is on a forge. Nothing may ask it afterwards.
    pub fn on_forge(&self, url: &str) {
        self.git(&["remote", "set-url", "origin", url]);
    }

    /// Commits the configuration that `init` wrote, so that a diff shows the next command alone.
    pub fn commit_init(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "chore: adopt"]);
    }

    /// The lines that differ from HEAD, by file: `-old` and `+new`.
    pub fn changed_lines(&self) -> Vec<String> {
        let diff = self.git(&["diff", "--unified=0", "--no-color", "--no-ext-diff"]);
        let mut lines = Vec::new();
        for line in diff.lines() {
            match line.strip_prefix("+++ b/") {
                Some(file) => lines.push(file.to_owned()),
                None if line.starts_with("--- ") => {}
                None if line.starts_with(['+', '-']) => lines.push(line.to_owned()),
                None => {}
            }
        }
        lines
    }

    pub fn has(&self, path: &str) -> bool {
        fs::exists(self.root().join(path)).unwrap()
    }
}
