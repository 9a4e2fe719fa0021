//! What a child costs: its time on the clock, and the most memory it held.
//!
//! It measures one run and judges nothing: rounds, medians and budgets are the caller's. Looking at a child's memory slows it
//! down a little, so that the two are never measured in one run.

use std::fs;
use std::io::{Read, Seek};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process::{Call, Runner, last_lines};

/// The pause between two looks at a child's memory, until it is `YOUNG` no more and after. Without any, looking would take the
/// processor that a child on a busy machine waits for.
const SHORT_PAUSE: Duration = Duration::from_micros(50);
const LONG_PAUSE: Duration = Duration::from_millis(1);
const YOUNG: Duration = Duration::from_millis(100);
/// A child is run so often for its memory, since looks may miss most of a short life, unless that takes longer than `ENOUGH`.
const LOOKS: u32 = 20;
/// Whose every life passed without a look is run again, but not more often than this.
const LOOKS_AT_MOST: u32 = 200;
const ENOUGH: Duration = Duration::from_secs(1);

impl Runner {
    /// Runs a child to its end, its output thrown away, and gives how long that took, its start included.
    ///
    /// # Errors
    /// It could not be started, or ended badly: then with the end of what it said.
    pub fn time(&self, call: &Call) -> anyhow::Result<Duration> {
        let mut time = Duration::ZERO;
        self.measured(call, |handle, started| {
            handle.wait()?;
            time = started.elapsed();
            Ok(())
        })?;
        Ok(time)
    }

    /// Runs a child to its end, its output thrown away, and gives the most memory it held at once, in bytes, its own
    /// children not counted; `None` where the system does not tell. A child that is soon done is run several times.
    ///
    /// # Errors
    /// As of [`Runner::time`].
    pub fn peak_memory(&self, call: &Call) -> anyhow::Result<Option<u64>> {
        let started = Instant::now();
        let mut peak = self.look(call)?;
        for look in 1..LOOKS_AT_MOST {
            let is_seen = peak.is_some() || !cfg!(target_os = "linux");
            if is_seen && (look >= LOOKS || started.elapsed() > ENOUGH) {
                break;
            }
            peak = peak.max(self.look(call)?);
        }
        Ok(peak)
    }

    /// The most memory that was seen in one run; `None` when it was over before anything was.
    fn look(&self, call: &Call) -> anyhow::Result<Option<u64>> {
        let mut peak = None;
        self.measured(call, |handle, started| {
            loop {
                peak = peak.max(handle.pids().first().and_then(|pid| high_water(*pid)));
                let pause = if started.elapsed() < YOUNG {
                    SHORT_PAUSE
                } else {
                    LONG_PAUSE
                };
                if handle.wait_timeout(pause)?.is_some() {
                    return Ok(());
                }
            }
        })?;
        Ok(peak)
    }

    fn measured(
        &self,
        call: &Call,
        wait: impl FnOnce(&duct::Handle, Instant) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        let line = || self.redact(&call.line());
        // A file takes what is said without a thread that reads along.
        let mut said = tempfile::tempfile().context("making a temporary file")?;
        let errors = said.try_clone().context("making a temporary file")?;
        let expression = call
            .expression()
            .stdin_null()
            .stdout_null()
            .stderr_file(errors);
        let started = Instant::now();
        let handle = expression
            .start()
            .map_err(|error| self.not_started(call, error.into()))?;
        wait(&handle, started).with_context(|| format!("waiting for `{}`", line()))?;
        let status = handle
            .wait()
            .with_context(|| format!("waiting for `{}`", line()))?
            .status;
        if !status.success() {
            let mut bytes = Vec::new();
            said.rewind()
                .and_then(|()| said.read_to_end(&mut bytes))
                .with_context(|| format!("reading what `{}` said", line()))?;
            let said = self.redact(String::from_utf8_lossy(&bytes).trim_end());
            bail!("`{}` failed ({status}): {}", line(), last_lines(&said, 12));
        }
        Ok(())
    }
}

/// The most memory a process has held so far, in bytes, as Linux tells it.
fn high_water(pid: u32) -> Option<u64> {
    kibibytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn kibibytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|count| count * 1024)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn runner() -> Runner {
        Runner::new(vec!["hunter2".into()], Arc::new(|_| ()))
    }

    #[test]
    fn a_status_of_linux_is_read_and_any_other_text_is_not() {
        assert_eq!(
            kibibytes("Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t    3460 kB\nVmRSS:\t 1 kB\n"),
            Some(3460 * 1024)
        );
        for status in [
            "",
            "Name:\tx\nState:\tZ (zombie)\n",
            "VmHWM:\t12 MB\n",
            "VmHWM:\tx kB\n",
        ] {
            assert_eq!(kibibytes(status), None, "{status}");
        }
    }

    #[test]
    fn a_child_that_fails_is_no_measurement_and_says_why() {
        let call = Call::new("sh").args(["-c", "echo no hunter2 >&2; exit 3"]);
        for error in [
            runner().time(&call).unwrap_err(),
            runner().peak_memory(&call).unwrap_err(),
        ] {
            let error = format!("{error:#}");
            assert!(
                error.contains("): no …") && error.contains('3') && !error.contains("hunter2"),
                "{error}"
            );
        }
        let error = format!(
            "{:#}",
            runner()
                .time(&Call::new("no-such-program-here"))
                .unwrap_err()
        );
        assert!(error.contains("is not on the PATH"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_child_is_its_own() {
        // More than a megabyte of text, and long enough about it to be looked at.
        let call = Call::new("sh").args([
            "-c",
            "x=$(seq 1 200000); for i in 1 2 3 4 5 6 7 8 9; do y=\"$x$i\"; done",
        ]);
        let held = runner().peak_memory(&call).unwrap().unwrap();
        assert!(held > 1_000_000, "{held}");
        assert!(runner().time(&call).unwrap() > Duration::ZERO);
    }
}
