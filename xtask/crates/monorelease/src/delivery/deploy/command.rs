//! Commands of the user's own, such as those that deploy: watched, bounded in time and in what they print, ended as a whole.
//!
//! What they are and what their success means is decided above.

#![allow(
    clippy::disallowed_methods,
    reason = "deploy commands are bounded in time"
)]

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use monorelease_process::Call;
use monorelease_process::interrupts::interrupts;

use crate::fault::Fault;
use crate::world::World;

/// Lines that are shown of one command; what comes after is counted.
const LINES_SHOWN: usize = 2000;
/// Characters that are shown of one line.
const LINE_SHOWN: usize = 2000;
/// Bytes that are kept of one line: longer than what is shown, so that no secret is cut in two where it can be seen.
const LINE_KEPT: usize = 256 * 1024;
/// Lines that are read before those before them are shown.
const LINES_AHEAD: usize = 256;
/// Lines of the end that an error carries.
const TAIL: usize = 12;
/// How often it is looked whether a command has ended that left something behind which holds its output open.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long a command that was asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(5);

/// How a command is run.
pub struct Hook<'a> {
    pub command: &'a [String],
    pub variables: &'a [(&'static str, String)],
    pub limit: Duration,
    /// Stands before each of its lines.
    pub prefix: &'a str,
    /// The key that gives it more time.
    pub limit_key: &'a str,
}

impl World {
    /// The program of a command: on the PATH, or a path from the root of the repository.
    ///
    /// # Errors
    /// It is not there (3).
    pub fn program(&self, name: &str) -> Result<PathBuf, Fault> {
        let path = if name.contains('/') {
            self.root.join(name)
        } else {
            PathBuf::from(name)
        };
        which::which(&path).map_err(|_| {
            let place = if name.contains('/') {
                "there is no program"
            } else {
                "the PATH has no program"
            };
            Fault::refused(format!("{place} {name}"))
        })
    }

    /// Runs a command from the root of the repository and shows what it prints, line by line and redacted.
    ///
    /// # Errors
    /// It ended badly, or not within its time; its last lines are in the error.
    pub fn run_hook(&self, hook: &Hook<'_>) -> anyhow::Result<()> {
        let Some((program, arguments)) = hook.command.split_first() else {
            bail!("the command is empty")
        };
        let call = Call::new(self.program(program)?)
            .args(arguments)
            .folder(&self.root);
        let call = hook
            .variables
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value));
        let line = self.runner.redact(&call.line());
        let expression = in_a_group(call.expression().stderr_to_stdout().stdin_null());
        let reader = Arc::new(
            expression
                .reader()
                .map_err(|error| self.runner.not_started(&call, error.into()))?,
        );
        let _remembered = interrupts().remember(reader.pids());
        // A command that prints faster than it is shown waits for us: nothing heaps up.
        let (sender, lines) = sync_channel(LINES_AHEAD);
        let source = Arc::clone(&reader);
        std::thread::spawn(move || read_lines(&mut &*source, &sender));
        let mut shown = Shown {
            world: self,
            prefix: hook.prefix,
            count: 0,
            tail: Vec::new(),
        };
        let is_over = || reader.try_wait().map(|output| output.is_some());
        let ended = shown
            .until(&lines, Instant::now() + hook.limit, &is_over)
            .with_context(|| format!("waiting for `{line}`"))?;
        if !ended {
            self.end_group(&reader, &lines);
            shown.tell_rest();
            let Hook {
                limit, limit_key, ..
            } = hook;
            let what = format!(
                "`{line}` was ended with all that it started, after {} s without an end",
                limit.as_secs()
            );
            bail!("{what}; give it more by {limit_key}{}", shown.said());
        }
        shown.tell_rest();
        match reader
            .try_wait()
            .with_context(|| format!("waiting for `{line}`"))?
        {
            Some(output) if output.status.success() => Ok(()),
            Some(output) => bail!("`{line}` failed ({}){}", output.status, shown.said()),
            None => {
                self.end_group(&reader, &lines);
                bail!("`{line}` closed its output but did not end{}", shown.said())
            }
        }
    }

    /// Asks the whole group to end, and ends it.
    fn end_group(&self, reader: &duct::ReaderHandle, lines: &Receiver<String>) {
        signal_group(reader, Ending::Ask);
        let deadline = Instant::now() + GRACE;
        while matches!(reader.try_wait(), Ok(None)) && Instant::now() < deadline {
            // Its output is what tells first that it has ended; what it says while it ends is not waited for otherwise.
            if lines.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        signal_group(reader, Ending::Force);
        // One that has ended by itself meanwhile needs no ending.
        let _ = reader.kill();
    }
}

/// What was shown of a command.
struct Shown<'a> {
    world: &'a World,
    prefix: &'a str,
    count: usize,
    tail: Vec<String>,
}

impl Shown<'_> {
    /// Shows lines until the command has ended, or its time has: whether it has ended.
    fn until(
        &mut self,
        lines: &Receiver<String>,
        deadline: Instant,
        is_over: &dyn Fn() -> std::io::Result<bool>,
    ) -> anyhow::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left.min(LOOK_EVERY)) {
                // One that never stops talking is at its end as well.
                Ok(_) if left.is_zero() => return Ok(is_over()?),
                Ok(text) => self.show(text),
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(is_over()? || self.ends_soon(deadline, is_over)?);
                }
                // What it left running may hold the output open for ever.
                Err(RecvTimeoutError::Timeout) if is_over()? => return Ok(true),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(false),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A command that closed its output is at its end, mostly.
    fn ends_soon(
        &self,
        deadline: Instant,
        is_over: &dyn Fn() -> std::io::Result<bool>,
    ) -> anyhow::Result<bool> {
        let (_keep, never) = channel::<()>();
        while Instant::now() < deadline {
            if is_over()? {
                return Ok(true);
            }
            // Nothing is ever sent: this is a pause that ends with the deadline.
            let _ = never
                .recv_timeout(LOOK_EVERY.min(deadline.saturating_duration_since(Instant::now())));
        }
        Ok(false)
    }

    fn show(&mut self, text: String) {
        self.count += 1;
        if self.count <= LINES_SHOWN {
            self.world
                .runner
                .say(&format!("{}{}", self.prefix, self.clean(&text)));
        }
        self.tail.push(text);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }

    fn clean(&self, text: &str) -> String {
        cut(&self.world.runner.redact(text), LINE_SHOWN)
    }

    fn tell_rest(&self) {
        if self.count > LINES_SHOWN {
            self.world.runner.say(&format!(
                "{}… and {} lines more",
                self.prefix,
                self.count - LINES_SHOWN
            ));
        }
    }

    /// The end of what it said, to stand behind a sentence.
    fn said(&self) -> String {
        if self.tail.is_empty() {
            String::new()
        } else {
            self.tail
                .iter()
                .map(|text| format!("\n{}", self.clean(text)))
                .collect()
        }
    }
}

/// Text of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Hands lines on as they come, with marks for what is no UTF-8; of a line that does not end, its beginning.
fn read_lines(source: &mut dyn Read, sender: &SyncSender<String>) {
    let mut line = Vec::new();
    let mut block = [0_u8; 8192];
    let send = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        sender.send(text).is_ok()
    };
    while let Ok(count) = source.read(&mut block) {
        if count == 0 {
            break;
        }
        for part in block[..count].split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_KEPT.saturating_sub(line.len());
            line.extend(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") && !send(&mut line) {
                return;
            }
        }
    }
    if !line.is_empty() {
        send(&mut line);
    }
}

enum Ending {
    Ask,
    Force,
}

/// A command leads a group of its own, so that all it starts can be ended with it.
#[cfg(unix)]
fn in_a_group(expression: duct::Expression) -> duct::Expression {
    use std::os::unix::process::CommandExt;
    expression.before_spawn(|command| {
        command.process_group(0);
        Ok(())
    })
}

#[cfg(not(unix))]
fn in_a_group(expression: duct::Expression) -> duct::Expression {
    expression
}

#[cfg(unix)]
fn signal_group(reader: &duct::ReaderHandle, ending: Ending) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match ending {
        Ending::Ask => Signal::TERM,
        Ending::Force => Signal::KILL,
    };
    let groups = reader
        .pids()
        .into_iter()
        .filter_map(|leader| Pid::from_raw(i32::try_from(leader).ok()?));
    groups.for_each(|group| {
        // A group that has ended meanwhile needs no ending.
        let _ = kill_process_group(group, signal);
    });
}

#[cfg(not(unix))]
fn signal_group(_reader: &duct::ReaderHandle, _ending: Ending) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let (sender, lines) = sync_channel(8);
        read_lines(&mut &bytes[..], &sender);
        drop(sender);
        lines.iter().collect()
    }

    #[test]
    fn lines_are_read_whatever_their_bytes_are() {
        assert_eq!(lines(b"one\r\n\ntwo"), ["one", "", "two"]);
        assert_eq!(lines(b"\xff\xfe\n"), ["\u{fffd}\u{fffd}"]);
        assert_eq!(lines(b""), Vec::<String>::new());
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_room_than_is_given_to_it() {
        let found = lines(&vec![b'x'; LINE_KEPT * 2]);
        assert_eq!((found.len(), found[0].len()), (1, LINE_KEPT));
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äö", 2), "äö");
    }
}
