//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// How this program is started.
pub const COMMAND: &str = "cargo run -p monorelease-bench --";

/// Benchmark the built `monorelease`, side by side with other tools that do the same work
#[derive(Debug, Parser)]
#[command(bin_name = COMMAND)]
pub struct Arguments {
    /// Benchmarks to run [default: all]
    #[arg(value_enum)]
    pub names: Vec<Benchmark>,
    /// Projects of a generated repository; may be repeated [default: 3 and 1000; for changelog and auto 5, 20 and 80; for pins, files: 10, 100 and 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub projects: Vec<u32>,
    /// Commits of a generated history
    #[arg(long, value_name = "N", default_value_t = 25_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub commits: u32,
    /// Also measure the history of this clone, in a copy; may be repeated
    #[arg(long = "clone", value_name = "DIR")]
    pub clones: Vec<PathBuf>,
    /// Timed rounds, after one that is not timed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Keep the generated repositories in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Install the tools to compare with into target/tools if they are missing; takes minutes the first time
    #[arg(long)]
    pub peers: bool,
    /// Print one JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Print what would be measured, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Arguments {
    /// Whether the benchmark was named; without names, all of them run.
    pub fn includes(&self, benchmark: Benchmark) -> bool {
        self.names.is_empty() || self.names.contains(&benchmark)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Benchmark {
    /// `versions`
    Versions,
    /// `bump minor --dry-run`
    Bump,
    /// `changelog --initial`
    Changelog,
    /// `bump auto --initial --dry-run`
    Auto,
    /// A release beside crane and docker, a candidate among many tags, many releases at once
    Promotion,
    /// `promote` of many image pins, beside plain git
    Pins,
}

impl Benchmark {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Bump => "bump",
            Self::Changelog => "changelog",
            Self::Auto => "auto",
            Self::Promotion => "promotion",
            Self::Pins => "pins",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_benchmark_has_the_name_of_its_argument() {
        for benchmark in Benchmark::value_variants() {
            assert_eq!(
                benchmark.to_possible_value().unwrap().get_name(),
                benchmark.name()
            );
        }
    }
}
