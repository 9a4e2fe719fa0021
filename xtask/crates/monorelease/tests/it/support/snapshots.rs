//! Snapshots of what the program says, without what differs from run to run. Accept changes with
//! `SNAPSHOTS=overwrite cargo test --package monorelease --test it`, and read the diff.

use std::sync::LazyLock;

use regex_lite::Regex;
use snapbox::{Assert, IntoData};

use super::report::Report;

/// A text, redacted, against a snapshot.
#[track_caller]
pub fn assert_text(text: &str, expected: impl IntoData) {
    Assert::new()
        .action_env("SNAPSHOTS")
        // A backslash is one of a pattern, not of a path.
        .normalize_paths(false)
        .eq(redacted(text), expected);
}

impl Report {
    /// All of stderr, redacted.
    #[track_caller]
    pub fn assert_stderr(&self, expected: impl IntoData) {
        assert_text(&with_steps_sorted(&redacted(&self.stderr)), expected);
    }

    /// All of stdout, redacted.
    #[track_caller]
    pub fn assert_stdout(&self, expected: impl IntoData) {
        assert_text(&self.stdout, expected);
    }

    /// The lines of stderr that have these words, redacted: of a long text of which the rest is another test's.
    pub fn lines_with(&self, words: &str) -> String {
        let lines = self.stderr.split_inclusive('\n');
        let lines: String = lines.filter(|line| line.contains(words)).collect();
        with_steps_sorted(&redacted(&lines))
    }

    /// The steps that failed, and why.
    pub fn failures(&self) -> String {
        labelled(&self.stderr, &["failed"])
    }

    /// The errors on stderr, and the commands that fix them.
    pub fn complaints(&self) -> String {
        complaints_of(&self.stderr)
    }
}

/// The errors of a text on stderr, and the commands that fix them.
pub fn complaints_of(stderr: &str) -> String {
    labelled(stderr, &["error", "try"])
}

/// What has one of these labels.
fn labelled(stderr: &str, labels: &[&str]) -> String {
    let mut is_wanted = false;
    let lines = stderr.split_inclusive('\n').filter(|line| {
        // A line that goes on is indented further than the labels.
        if !line.starts_with("             ") {
            let label = line.split_whitespace().next();
            is_wanted = label.is_some_and(|label| labels.contains(&label));
        }
        is_wanted
    });
    lines.collect()
}

/// Steps that run side by side end in any order, so that their lines are sorted.
fn with_steps_sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_step = |line: &str| {
        // A rehearsal shows what the commands it runs say beside a bar.
        let label = line.split_whitespace().find(|word| *word != "│");
        matches!(label, Some("acted" | "done" | "failed" | "skipped"))
    };
    for steps in lines.chunk_by_mut(|left, right| is_step(left) && is_step(right)) {
        steps.sort_unstable();
    }
    lines.concat()
}

/// A text with names in place of what another run writes differently.
fn redacted(text: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            // Folders of tests.
            (r"(?:/[\w.-]+)*/\.tmp\w{6}/work\b", "[WORKTREE]"),
            (r"(?:/[\w.-]+)*/\.tmp\w{6}", "[FOLDER]"),
            (r"\.xtask-staged-\w{6}", ".xtask-staged-[RANDOM]"),
            // Ports that the system chose.
            (r"\b127\.0\.0\.1:\d{4,5}\b", "[SERVER]"),
            (r"\bsha256:[0-9a-f]{7,64}\b", "[DIGEST]"),
            (
                r"\b\d{4}\.\d\d\.\d\d\.\d{4}-build\.\d+-v[\w.-]+-[0-9a-f]{7}\b",
                "[BUILD]",
            ),
            (r"\b[0-9a-f]{40}\b", "[COMMIT]"),
            (
                r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|\+\d\d:\d\d)",
                "[TIMESTAMP]",
            ),
            // Commits, and digests of secrets and of changes.
            (r"\b[0-9a-f]{7,8}\b", "[SHORT]"),
            // Days that are counted from today.
            (r"\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d\b", "[DATE]"),
            (r"\b\d+(?:\.\d+)? (?:ms|µs)\b|\b\d+\.\d+ s\b", "[DURATION]"),
            (r"\b\d+ requests?\b", "[REQUESTS]"),
            // How to introduce oneself to git, which its versions word differently, with the names of user and host.
            (
                r"(?s)\*\*\* Please tell me who you are\..*?\bfatal: (?:[^\n(]|\(for )*",
                "[ADVICE OF GIT] ",
            ),
        ]
        .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
        .into()
    });
    let repository = crate::support::this_repository::root();
    let text = text
        .replace(crate::support::binary().to_str().unwrap(), "[PROGRAM]")
        .replace(repository.to_str().unwrap(), "[REPOSITORY]");
    PATTERNS.iter().fold(text, |text, (pattern, name)| {
        pattern.replace_all(&text, *name).into_owned()
    })
}
