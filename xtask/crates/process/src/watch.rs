//! A child that is watched line by line, bounded in time and in what it prints, and ended with all that it started.

use std::io::Read;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::interrupts::interrupts;
use crate::{Call, Runner};

/// Bytes that are kept of one line: longer than what is shown, so that no secret is cut in two where it can be seen.
const LINE_KEPT_BYTES: usize = 256 * 1024;
/// Lines that are read before those before them are shown.
const LINES_AHEAD: usize = 256;
/// How often it is looked whether a child has ended that left something behind which holds its output open.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long a child that was asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(5);

/// How a watched child came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(ExitStatus),
    /// It took longer than it may, and was ended.
    TimedOut,
}

impl Runner {
    /// Runs to the end within the call's time limit, handing on every line of its output and of its errors as it comes, not redacted.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn watch(&self, call: &Call, show: &mut dyn FnMut(String)) -> anyhow::Result<End> {
        let expression = call.expression().stderr_to_stdout().stdin_null();
        let reader = expression
            .reader()
            .map_err(|error| self.not_started(call, error.into()))?;
        let reader = Arc::new(reader);
        let _remembered = interrupts().remember(reader.pids());
        // A child that prints faster than it is shown waits for us: nothing heaps up.
        let (sender, lines) = sync_channel(LINES_AHEAD);
        let source = Arc::clone(&reader);
        std::thread::spawn(move || read_lines(&mut &*source, &sender));
        let deadline = Instant::now() + call.time_limit;
        let context = || format!("waiting for `{}`", self.redact(&call.line()));
        if !has_ended(&reader, &lines, deadline, show).with_context(context)? {
            end(&reader, &lines, call.leads_group());
            return Ok(End::TimedOut);
        }
        let output = reader.try_wait().with_context(context)?;
        Ok(output.map_or(End::TimedOut, |output| End::Exited(output.status)))
    }
}

/// Shows lines until the child has ended, or its time has: whether it has ended.
fn has_ended(
    reader: &duct::ReaderHandle,
    lines: &Receiver<String>,
    deadline: Instant,
    show: &mut dyn FnMut(String),
) -> std::io::Result<bool> {
    let is_over = || reader.try_wait().map(|output| output.is_some());
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left.min(LOOK_EVERY)) {
            // One that never stops talking is at its end as well.
            Ok(_) if left.is_zero() => return is_over(),
            Ok(text) => show(text),
            // One that closed its output is at its end, mostly.
            Err(RecvTimeoutError::Disconnected) => break,
            // What it left running may hold the output open for ever.
            Err(RecvTimeoutError::Timeout) if is_over()? => return Ok(true),
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(false),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let (_keep, never) = channel::<()>();
    let mut pause = Duration::from_millis(1);
    while !is_over()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        // Nothing is ever sent: this is a pause that ends with the deadline.
        let _ = never.recv_timeout(left.min(pause));
        pause = (2 * pause).min(LOOK_EVERY);
    }
    Ok(true)
}

/// Ends a child; one that leads a group is asked first, and all that it started ends with it.
fn end(reader: &duct::ReaderHandle, lines: &Receiver<String>, leads_group: bool) {
    if leads_group {
        signal_group(reader, Ending::Ask);
        let deadline = Instant::now() + GRACE;
        while matches!(reader.try_wait(), Ok(None)) && Instant::now() < deadline {
            // Its output is what tells first that it has ended; what it says while it ends is not waited for otherwise.
            if lines.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
        }
        signal_group(reader, Ending::Force);
    }
    // One that has ended by itself meanwhile needs no ending.
    let _ = reader.kill();
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
            let room = LINE_KEPT_BYTES.saturating_sub(line.len());
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
        let found = lines(&vec![b'x'; LINE_KEPT_BYTES * 2]);
        assert_eq!((found.len(), found[0].len()), (1, LINE_KEPT_BYTES));
    }
}
