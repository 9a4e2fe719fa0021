//! Programs that have the same result, ours first, and what each of them costs.

use std::time::Duration;

use monorelease_process::{Call, Runner};
use monorelease_stand_ins::registry::EmbeddedRegistry;

use crate::measure::time;
use crate::rounds::Figures;

pub struct Comparison {
    pub of: String,
    pub programs: Vec<ComparedProgram>,
    /// The budget of our program's HTTP requests.
    pub max_requests: Option<u64>,
}

pub struct ComparedProgram {
    pub name: String,
    /// Or why it was not measured.
    pub outcome: Result<Cost, String>,
    /// The part of its time that ours may take.
    pub max_time_ratio: Option<f64>,
}

impl ComparedProgram {
    pub fn new(name: impl Into<String>, outcome: Result<Cost, String>) -> Self {
        Self {
            name: name.into(),
            outcome,
            max_time_ratio: None,
        }
    }

    pub fn budget(mut self, max_time_ratio: f64) -> Self {
        self.max_time_ratio = Some(max_time_ratio);
        self
    }
}

#[derive(Debug, Default)]
pub struct Cost {
    pub figures: Figures,
    /// HTTP requests of one round.
    pub requests: u64,
    /// Bytes of layers and image configurations in one round, in both directions.
    pub blob_bytes: u64,
}

impl Cost {
    /// Runs the calls one after another as one more round.
    pub fn add_round(
        &mut self,
        runner: &Runner,
        registry: &EmbeddedRegistry,
        calls: &[Call],
    ) -> anyhow::Result<()> {
        let requests = registry.log().len();
        let blob_bytes = transferred(registry);
        let mut total = Duration::ZERO;
        for call in calls {
            total += time(runner, call)?;
        }
        self.figures.times.push(total);
        self.requests = (registry.log().len() - requests) as u64;
        self.blob_bytes = transferred(registry) - blob_bytes;
        Ok(())
    }
}

fn transferred(registry: &EmbeddedRegistry) -> u64 {
    let counters = registry.counters();
    counters.blob_bytes_received + counters.blob_bytes_sent
}
