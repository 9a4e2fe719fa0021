//! Child processes: run for what they print, or watched line by line while they run.
//!
//! Arguments are lists, never shell text. What a child prints is redacted before it is shown (law 17). This crate starts
//! programs and ends them; it does not know any of them.
//!
//! The tool starts children here alone. Inside, `duct` starts, captures, waits with a time limit and kills; `which` tells a
//! missing program from one that cannot be started; `rustix` and `signal-hook` deal with process groups and Ctrl-C.
//! `cargo_metadata` only reads what a child printed. `xshell` is for scripts without time limits: tests use it.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate is the way to child processes"
)]
pub mod interrupts;
mod watch;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use interrupts::interrupts;
pub use watch::End;

/// Lines of the end that an error carries.
const TAIL_LINES: usize = 12;

/// Where lines of child processes go while they run.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// A program that was to be run and is not on the PATH.
#[derive(Debug)]
pub struct ProgramMissing {
    pub program: String,
    /// The redacted command that wants it.
    pub line: String,
}

impl fmt::Display for ProgramMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, line } = self;
        write!(
            f,
            "`{program}` is not on the PATH; it is wanted for `{line}`"
        )
    }
}

impl std::error::Error for ProgramMissing {}

/// A child that did not end within its time, and was ended.
#[derive(Debug)]
pub struct TimedOut {
    /// The redacted command.
    pub line: String,
    pub limit: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, seconds) = (&self.line, self.limit.as_secs());
        write!(f, "`{line}` was ended after {seconds} s without an end")
    }
}

impl std::error::Error for TimedOut {}

/// The time limit of a child that names none: longer than any build should take.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// Variables by which git is told to work elsewhere. A hook has them set; our children are told where to work by us alone.
const GIT_PLACES: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
];

/// What git makes repositories of, whatever it is set up to do: those that libgit2 reads.
const GIT_FORMATS: [(&str, &str); 2] = [
    ("GIT_DEFAULT_HASH", "sha1"),
    ("GIT_DEFAULT_REF_FORMAT", "files"),
];

/// One command line, with where and how it runs.
#[derive(Debug, Clone)]
pub struct Call {
    program: OsString,
    arguments: Vec<OsString>,
    folder: Option<PathBuf>,
    variables: Vec<(String, OsString)>,
    without: Vec<&'static str>,
    input: Option<Vec<u8>>,
    time_limit: Duration,
    has_own_group: bool,
}

impl Call {
    pub fn new(program: impl Into<OsString>) -> Self {
        let program = program.into();
        let formats = GIT_FORMATS
            .iter()
            .filter(|_| program == "git")
            .map(|(name, format)| ((*name).to_owned(), format.into()));
        Self {
            variables: formats.collect(),
            program,
            arguments: Vec::new(),
            folder: None,
            without: GIT_PLACES.to_vec(),
            input: None,
            time_limit: LONGEST,
            has_own_group: false,
        }
    }

    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.without.retain(|kept_back| *kept_back != name);
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Keeps a variable of ours from the child.
    pub fn without(mut self, name: &'static str) -> Self {
        self.without.push(name);
        self
    }

    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// What the child reads from its standard input; nothing by default.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Lets the child lead a process group, so that all it starts can be ended with it.
    pub fn own_group(mut self) -> Self {
        self.has_own_group = true;
        self
    }

    pub(crate) fn leads_group(&self) -> bool {
        self.has_own_group || interrupts().is_guarding()
    }

    /// The child before it is started. Only benchmarks start it themselves.
    pub fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(&self.program, &self.arguments).unchecked();
        if let Some(folder) = &self.folder {
            expression = expression.dir(folder);
        }
        for (name, value) in &self.variables {
            expression = expression.env(name, value);
        }
        let expression = self
            .without
            .iter()
            .fold(expression, |expression, name| expression.env_remove(name));
        if self.leads_group() {
            in_a_group_of_its_own(expression)
        } else {
            expression
        }
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        let program = Path::new(&self.program)
            .file_name()
            .unwrap_or(&self.program);
        std::iter::once(program)
            .chain(self.arguments.iter().map(OsString::as_os_str))
            .map(|word| quoted(&word.to_string_lossy()))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Keeps a terminal's Ctrl-C from a child. From outside of the foreground it cannot ask for a passphrase there either, and would be
/// stopped if it tried: ssh asks by its own window, where there is one, or fails at once.
#[cfg(unix)]
fn in_a_group_of_its_own(expression: duct::Expression) -> duct::Expression {
    use std::os::unix::process::CommandExt;
    expression
        .env("SSH_ASKPASS_REQUIRE", "force")
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        })
}

#[cfg(not(unix))]
fn in_a_group_of_its_own(expression: duct::Expression) -> duct::Expression {
    expression
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:=@,+%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What a finished child left.
pub struct Finished {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs calls, and keeps secrets out of what they say.
#[derive(Clone)]
pub struct Runner {
    secrets: Arc<Vec<String>>,
    sink: Sink,
}

impl Runner {
    pub fn new(secrets: Vec<String>, sink: Sink) -> Self {
        Self {
            secrets: Arc::new(secrets),
            sink,
        }
    }

    /// The same, with lines of children going elsewhere.
    pub fn with_sink(&self, sink: Sink) -> Self {
        Self {
            secrets: Arc::clone(&self.secrets),
            sink,
        }
    }

    /// Keeps these values, too, out of what is shown.
    pub fn also_hide(&mut self, values: impl IntoIterator<Item = String>) {
        let mut secrets: Vec<String> = self.secrets.iter().cloned().chain(values).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        self.secrets = Arc::new(secrets);
    }

    /// Hands a line of our own to the sink, for work of this program that takes as long as a child's.
    pub fn say(&self, text: &str) {
        (self.sink)(&self.redact(text));
    }

    /// Puts `…` where a secret stands.
    pub fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "…")
        })
    }

    /// Says a line where lines of children go.
    pub fn tell(&self, line: &str) {
        (self.sink)(&self.redact(line));
    }

    /// Runs to the end and gives what it printed, whatever its exit status.
    pub fn finish(&self, call: &Call) -> anyhow::Result<Finished> {
        let output = self.raw_output(call)?;
        Ok(Finished {
            ok: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: self.redact(String::from_utf8_lossy(&output.stderr).trim_end()),
        })
    }

    /// As [`Runner::finish`], with nothing redacted: for a caller that knows of more secrets.
    ///
    /// # Errors
    /// The program is not there ([`ProgramMissing`]), or it does not end in time ([`TimedOut`]).
    pub fn raw_output(&self, call: &Call) -> anyhow::Result<Output> {
        let expression = call.expression().stdout_capture().stderr_capture();
        let expression = match &call.input {
            Some(bytes) => expression.stdin_bytes(bytes.clone()),
            None => expression.stdin_null(),
        };
        let handle = expression
            .start()
            .map_err(|error| self.not_started(call, error.into()))?;
        let _remembered = interrupts().remember(handle.pids());
        let line = || self.redact(&call.line());
        let output = handle
            .wait_timeout(call.time_limit)
            .with_context(|| format!("waiting for `{}`", line()))?;
        match output {
            Some(output) => Ok(output.clone()),
            None => {
                handle
                    .kill()
                    .with_context(|| format!("ending `{}`", line()))?;
                Err(self.timed_out(call).into())
            }
        }
    }

    fn timed_out(&self, call: &Call) -> TimedOut {
        TimedOut {
            line: self.redact(&call.line()),
            limit: call.time_limit,
        }
    }

    /// Runs to the end and gives stdout; a bad exit status is an error that carries stderr.
    pub fn output(&self, call: &Call) -> anyhow::Result<String> {
        let finished = self.finish(call)?;
        if !finished.ok {
            let said = if finished.stderr.is_empty() {
                "it said nothing".to_owned()
            } else {
                last_lines(&finished.stderr, TAIL_LINES)
            };
            bail!("`{}` failed: {said}", self.redact(&call.line()));
        }
        Ok(finished.stdout)
    }

    /// Why a child did not even start: mostly because the program is not there.
    pub fn not_started(&self, call: &Call, error: anyhow::Error) -> anyhow::Error {
        let program = call.program.to_string_lossy();
        match which::which(&call.program) {
            Err(_) => ProgramMissing {
                program: program.into_owned(),
                line: self.redact(&call.line()),
            }
            .into(),
            Ok(_) => error.context(format!("running `{}`", self.redact(&call.line()))),
        }
    }

    /// Runs to the end within the call's time limit, handing every line to the sink as it comes.
    pub fn stream(&self, call: &Call) -> anyhow::Result<()> {
        let mut tail = Vec::new();
        let end = self.watch(call, &mut |text| {
            let text = self.redact(&text);
            (self.sink)(&text);
            tail.push(text);
            let surplus = tail.len().saturating_sub(TAIL_LINES);
            tail.drain(..surplus);
        })?;
        let line = self.redact(&call.line());
        match end {
            End::Exited(status) if status.success() => Ok(()),
            End::Exited(status) => bail!("`{line}` failed ({status})\n{}", tail.join("\n")),
            End::TimedOut => Err(self.timed_out(call).into()),
        }
    }
}

pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn runner(secrets: &[&str]) -> (Runner, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        (
            Runner::new(
                secrets.iter().map(|&secret| secret.to_owned()).collect(),
                Arc::new(move |line| seen.lock().unwrap().push(line.to_owned())),
            ),
            lines,
        )
    }

    #[test]
    fn law_17_a_child_cannot_print_a_secret() {
        let (runner, lines) = runner(&["hunter2hunter2", "hunter2"]);
        let call = Call::new("sh")
            .args(["-c", "echo out $S; echo err $S >&2; exit 3"])
            .variable("S", "hunter2hunter2");
        let error = runner.stream(&call).unwrap_err().to_string();
        assert_eq!(*lines.lock().unwrap(), ["out …", "err …"]);
        assert!(
            error.contains("err …") && !error.contains("hunter"),
            "{error}"
        );
        let error = runner.output(&call).unwrap_err().to_string();
        assert!(
            error.contains("err …") && !error.contains("hunter"),
            "{error}"
        );
    }

    #[test]
    fn a_child_that_does_not_end_is_ended() {
        let (runner, _) = runner(&[]);
        let error = runner
            .stream(
                &Call::new("sleep")
                    .arg("600")
                    .time_limit(Duration::from_millis(20)),
            )
            .unwrap_err();
        assert!(error.to_string().contains("was ended after"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let (runner, _) = runner(&[]);
        let error = format!(
            "{:#}",
            runner
                .output(&Call::new("no-such-program-here"))
                .unwrap_err()
        );
        assert!(error.contains("no-such-program-here"), "{error}");
    }

    #[test]
    fn a_call_prints_as_it_would_be_typed() {
        assert_eq!(
            Call::new("/usr/bin/git")
                .args(["tag", "-m", "it's one"])
                .line(),
            "git tag -m 'it'\\''s one'"
        );
    }
}
