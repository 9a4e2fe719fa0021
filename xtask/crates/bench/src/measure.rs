//! What one run of a program costs: its time, and the most memory it held.
//!
//! It judges nothing: rounds, medians and budgets are elsewhere. Sampling the memory of a process
//! slows it down a little, so that time and memory are never measured in the same run.

use std::fs;
use std::io::{Read, Seek};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use monorelease_process::{Call, Runner, last_lines};

/// The pause between two samples of a young process, and of one older than `YOUNG`. Sampling
/// without a pause would take the processor that the process waits for on a busy machine.
const SHORT_PAUSE: Duration = Duration::from_micros(50);
const LONG_PAUSE: Duration = Duration::from_millis(1);
const YOUNG: Duration = Duration::from_millis(100);

/// Samples may miss the peak of a short process, so it is run this often for its memory, unless
/// that takes longer than `MAX_SAMPLING`.
const SAMPLED_RUNS: u32 = 20;
const MAX_SAMPLING: Duration = Duration::from_secs(1);
/// A process that always ended before its first sample is run again, up to this often.
const MAX_SAMPLED_RUNS: u32 = 200;

/// Runs a program to its end, discards its output and gives how long it took, its start included.
///
/// # Errors
/// It could not be started, or it failed; then with the last lines of its stderr.
pub fn time(runner: &Runner, call: &Call) -> anyhow::Result<Duration> {
    let mut time = Duration::ZERO;
    run(runner, call, |handle, started| {
        handle.wait()?;
        time = started.elapsed();
        Ok(())
    })?;
    Ok(time)
}

/// Runs a program and gives the most memory it held at once, in bytes, without its children.
/// A short program is run several times. `None` on systems that do not tell.
///
/// # Errors
/// As of [`time`].
pub fn peak_memory(runner: &Runner, call: &Call) -> anyhow::Result<Option<u64>> {
    let started = Instant::now();
    let mut peak = sample(runner, call)?;
    for runs in 1..MAX_SAMPLED_RUNS {
        let has_samples = peak.is_some() || !cfg!(target_os = "linux");
        if has_samples && (runs >= SAMPLED_RUNS || started.elapsed() > MAX_SAMPLING) {
            break;
        }
        peak = peak.max(sample(runner, call)?);
    }
    Ok(peak)
}

/// The highest sample of one run; `None` if the run ended before the first sample.
fn sample(runner: &Runner, call: &Call) -> anyhow::Result<Option<u64>> {
    let mut peak = None;
    run(runner, call, |handle, started| {
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

fn run(
    runner: &Runner,
    call: &Call,
    wait: impl FnOnce(&duct::Handle, Instant) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let line = || runner.redact(&call.line());
    // A file takes stderr without a thread that reads along.
    let mut stderr = tempfile::tempfile().context("creating a temporary file")?;
    let child_stderr = stderr.try_clone().context("creating a temporary file")?;
    let expression = call
        .expression()
        .stdin_null()
        .stdout_null()
        .stderr_file(child_stderr);
    let started = Instant::now();
    let handle = expression
        .start()
        .map_err(|error| runner.not_started(call, error.into()))?;
    wait(&handle, started).with_context(|| format!("waiting for `{}`", line()))?;
    let status = handle
        .wait()
        .with_context(|| format!("waiting for `{}`", line()))?
        .status;
    if !status.success() {
        let mut bytes = Vec::new();
        stderr
            .rewind()
            .and_then(|()| stderr.read_to_end(&mut bytes))
            .with_context(|| format!("reading the stderr of `{}`", line()))?;
        let stderr = runner.redact(String::from_utf8_lossy(&bytes).trim_end());
        bail!(
            "`{}` failed ({status}): {}",
            line(),
            last_lines(&stderr, 12)
        );
    }
    Ok(())
}

/// The most memory a process has held so far, in bytes, as Linux tells it.
fn high_water(pid: u32) -> Option<u64> {
    parse_high_water(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse_high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn runner() -> Runner {
        Runner::new(vec!["hunter2".into()], Arc::new(|_| ()))
    }

    #[test]
    fn a_linux_process_status_is_parsed_and_other_text_is_not() {
        assert_eq!(
            parse_high_water("Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t    3460 kB\nVmRSS:\t 1 kB\n"),
            Some(3460 * 1024)
        );
        for status in [
            "",
            "Name:\tx\nState:\tZ (zombie)\n",
            "VmHWM:\t12 MB\n",
            "VmHWM:\tx kB\n",
        ] {
            assert_eq!(parse_high_water(status), None, "{status}");
        }
    }

    #[test]
    fn a_failed_program_has_no_figures_and_its_stderr_is_redacted() {
        let call = Call::new("sh").args(["-c", "echo no hunter2 >&2; exit 3"]);
        for error in [
            time(&runner(), &call).unwrap_err(),
            peak_memory(&runner(), &call).unwrap_err(),
        ] {
            let error = format!("{error:#}");
            assert!(
                error.contains("): no …") && error.contains('3') && !error.contains("hunter2"),
                "{error}"
            );
        }
        let missing = Call::new("no-such-program-here");
        let error = format!("{:#}", time(&runner(), &missing).unwrap_err());
        assert!(error.contains("is not on the PATH"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_program_is_its_own() {
        // It holds more than a megabyte of text, long enough to be sampled.
        let call = Call::new("sh").args([
            "-c",
            "x=$(seq 1 200000); for i in 1 2 3 4 5 6 7 8 9; do y=\"$x$i\"; done",
        ]);
        let peak = peak_memory(&runner(), &call).unwrap().unwrap();
        assert!(peak > 1_000_000, "{peak}");
        assert!(time(&runner(), &call).unwrap() > Duration::ZERO);
    }
}
