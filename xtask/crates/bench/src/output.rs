//! Printing: progress and errors on stderr, tables or one JSON document on stdout.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use crate::arguments::COMMAND;

/// The exit code of a wrong command line, as clap has it.
const USAGE: u8 = 2;

/// Columns of the word in front of a status line.
const WORD_WIDTH: usize = 12;

#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    pub fn status(self, word: &str, text: &str) {
        to_stderr(&format!("{word:>WORD_WIDTH$} {text}"));
    }

    pub fn error(self, what: &str) {
        to_stderr(&format!("error: {what}"));
    }

    /// Prints an error with its help, as a document too if one was requested.
    pub fn failure(self, failure: &Failure) -> ExitCode {
        self.error(&failure.what);
        if let Some(help) = &failure.help {
            to_stderr(&format!(" help: {help}"));
        }
        let document = json!({
            "schema": 1,
            "error": { "code": failure.code, "what": failure.what, "fix": failure.help },
        });
        if let Err(error) = self.document(&document) {
            self.error(&format!("{error:#}"));
        }
        ExitCode::from(failure.code)
    }

    /// Prints text for people; nothing if a document was requested.
    pub fn text(self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { to_stdout(text) }
    }

    /// Prints the document, if one was requested.
    pub fn document(self, document: &Value) -> anyhow::Result<()> {
        if self.json {
            to_stdout(&document.to_string())
        } else {
            Ok(())
        }
    }
}

/// Prints clap's own message and gives its exit code. Help and version are no errors.
pub fn command_line_error(error: &clap::Error) -> ExitCode {
    // There is no other place to report that this could not be printed.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let what = error.to_string();
        let document = json!({
            "schema": 1,
            "error": { "code": USAGE, "what": what.trim_end(), "fix": format!("{COMMAND} --help") },
        });
        let _ = to_stdout(&document.to_string());
    }
    ExitCode::from(USAGE)
}

fn to_stderr(line: &str) {
    // Progress that cannot be printed is no reason to stop measuring.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn to_stdout(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // The reader, such as `head`, has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to stdout"),
    }
}

/// An error that says how to fix it.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    what: String,
    help: Option<String>,
}

impl Failure {
    /// The command line asks for something impossible.
    pub fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            what: what.into(),
            help: Some(help.into()),
        }
    }

    /// A benchmark could not be run.
    pub fn failed(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: 1,
            ..Self::usage(what, help)
        }
    }

    /// The failure in a chain of errors, with everything that the chain says.
    pub fn of(error: &anyhow::Error) -> Self {
        let cause = error.downcast_ref::<Self>();
        Self {
            code: cause.map_or(1, |cause| cause.code),
            what: format!("{error:#}"),
            help: cause.and_then(|cause| cause.help.clone()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}
