//! Programs that take turns, and the figures of each.

use std::time::Duration;

use monorelease_process::{Call, Runner};

use crate::measure::{peak_memory, time};

/// A program is timed no more once its rounds took this long together. Fewer rounds are enough to
/// tell a slow program from others.
const MAX_TIMED_PER_PROGRAM: Duration = Duration::from_secs(30);

/// The figures of one program.
#[derive(Debug, Default)]
pub struct Figures {
    /// Sorted once all rounds are over.
    pub times: Vec<Duration>,
    /// The most memory it held, in bytes; `None` if that was not measured.
    pub peak_memory: Option<u64>,
}

impl Figures {
    /// Of an even number of times, the mean of the two in the middle.
    pub fn median(&self) -> Duration {
        let count = self.times.len();
        let middle = &self.times[count.saturating_sub(1) / 2..(count / 2 + 1).min(count)];
        match middle {
            [] => Duration::ZERO,
            [one] => *one,
            several => several.iter().sum::<Duration>() / several.len() as u32,
        }
    }
}

/// A program in the rounds, until it fails.
pub struct TimedProgram {
    pub call: Call,
    pub outcome: anyhow::Result<Figures>,
}

impl TimedProgram {
    pub fn new(call: Call) -> Self {
        Self {
            call,
            outcome: Ok(Figures::default()),
        }
    }

    /// Does nothing once the program has failed.
    fn measure(&mut self, run: impl FnOnce(&Call, &mut Figures) -> anyhow::Result<()>) {
        if let Ok(figures) = &mut self.outcome
            && let Err(error) = run(&self.call, figures)
        {
            self.outcome = Err(error);
        }
    }
}

/// Times the programs in turns, so that other load on the machine slows all of them alike.
///
/// Memory is measured in a round of its own before, which also warms the caches.
pub fn run_rounds(runner: &Runner, programs: &mut [&mut TimedProgram], rounds: u32) {
    for program in &mut *programs {
        program.measure(|call, figures| {
            figures.peak_memory = peak_memory(runner, call)?;
            Ok(())
        });
    }
    for _ in 0..rounds {
        for program in &mut *programs {
            program.measure(|call, figures| {
                if figures.times.iter().sum::<Duration>() < MAX_TIMED_PER_PROGRAM {
                    figures.times.push(time(runner, call)?);
                }
                Ok(())
            });
        }
    }
    for program in programs {
        if let Ok(figures) = &mut program.outcome {
            figures.times.sort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let median = |times: &[u64]| {
            let times = times.iter().copied().map(Duration::from_millis).collect();
            let figures = Figures {
                times,
                peak_memory: None,
            };
            figures.median().as_millis()
        };
        assert_eq!(median(&[]), 0);
        assert_eq!(median(&[7]), 7);
        assert_eq!(median(&[1, 3]), 2);
        assert_eq!(median(&[1, 3, 9]), 3);
        assert_eq!(median(&[1, 3, 5, 9]), 4);
    }
}
