//! What a run of the program left: its exit code, what it wrote, and its JSON document.

use std::fmt::{Display, Formatter};
use std::ops::Deref;
use std::process::Output;

use serde_json::Value;

/// A run that ended. It can be used as its JSON document: `report["steps"]`.
#[derive(Debug, Clone)]
pub struct Report {
    /// -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// `null` where stdout is no JSON.
    document: Value,
}

impl Report {
    pub fn of(output: Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            document: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout,
        }
    }

    /// For a run with `--json`: fails where there is no document.
    pub fn with_document(self) -> Self {
        assert!(
            self.document.is_object(),
            "no JSON document: stdout {:?}, stderr {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails where the run did.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:#}");
        self
    }

    /// Law 17: a secret is in no output.
    pub fn hides(self, secret: &str) -> Self {
        assert!(
            !self.stdout.contains(secret) && !self.stderr.contains(secret),
            "law 17: {} {}",
            self.stdout,
            self.stderr
        );
        self
    }

    pub fn steps(&self) -> &[Value] {
        self["steps"].as_array().map_or(&[], Vec::as_slice)
    }

    /// `kind verdict` of every step.
    pub fn verdicts(&self) -> Vec<String> {
        self.verdicts_where(|_| true)
    }

    /// `kind verdict` of the steps of one project.
    pub fn verdicts_of(&self, project: &str) -> Vec<String> {
        self.verdicts_where(|step| step["project"] == project)
    }

    fn verdicts_where(&self, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
        let steps = self.steps().iter().filter(|step| wanted(step));
        steps
            .map(|step| format!("{} {}", text(step, "kind"), text(step, "verdict")))
            .collect()
    }

    /// How many steps have a verdict.
    pub fn count(&self, verdict: &str) -> usize {
        let has_verdict = |step: &&Value| step["verdict"] == verdict;
        self.steps().iter().filter(has_verdict).count()
    }

    /// Project and reason of every refusal.
    pub fn refusals(&self) -> Vec<(&str, &str)> {
        let refused = self["refused"].as_array().map_or(&[][..], Vec::as_slice);
        refused
            .iter()
            .map(|refusal| (text(refusal, "project"), text(refusal, "what")))
            .collect()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no text {key} in {value:#}"))
}

impl Deref for Report {
    type Target = Value;

    fn deref(&self) -> &Value {
        assert!(!self.document.is_null(), "no JSON document: {self}");
        &self.document
    }
}

/// What a failed assertion shows.
impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "exit {}\n{}\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}
