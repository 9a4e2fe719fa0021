//! What `bench` found, as a table and as a document. Figures are held against the budgets here, and only shown.

use std::time::Duration;

use serde_json::{Value, json};

use super::promotion::{Comparison, Cost};
use super::{About, Ground, Measured, NoFigures, PeerRow, Row};
use crate::ui;

/// The most memory any verb may hold, in bytes.
const MEMORY_BUDGET_BYTES: u64 = 200_000_000;

/// How long `versions` and `bump --dry-run` may take; `None` for more projects than there is a budget for, and for verbs that
/// read a history, whose budget is a part of git's own time.
fn time_budget(row: &Row) -> Option<Duration> {
    match row
        .ground
        .projects()
        .filter(|_| row.bench.about == About::Files)?
    {
        0..=3 => Some(Duration::from_millis(30)),
        4..=1000 => Some(Duration::from_millis(300)),
        _ => None,
    }
}

fn milliseconds(time: Duration) -> f64 {
    // Hundredths are below what any clock of a child's life tells apart.
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole * 1000.0).round() / 1000.0)
}

fn of_time(measured: &Measured, whole: Duration) -> Option<f64> {
    ratio(measured.median().as_secs_f64(), whole.as_secs_f64())
}

fn of_memory(measured: &Measured, whole: u64) -> Option<f64> {
    ratio(measured.memory? as f64, whole as f64)
}

/// What failed, in sentences.
pub fn failures(rows: &[Row]) -> Vec<String> {
    let peers = rows
        .iter()
        .flat_map(|row| row.peers.iter().map(move |peer| (row, peer)));
    peers
        .filter_map(|(row, PeerRow { peer, outcome })| match outcome {
            Err(NoFigures::Failed(why)) => Some(format!(
                "{} beside {} of {}: {why}",
                peer.tool.name, row.bench.name, row.ground
            )),
            _ => None,
        })
        .collect()
}

/// Programs as rows, each of ours above its peers; then what the peers do less, or why they are missing.
pub fn table(rows: &[Row]) -> String {
    let heads = [
        "bench",
        "of",
        "program",
        "time",
        "of budget",
        "memory",
        "of budget",
        "ours to it: time",
        "memory",
    ];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for row in rows {
        let budget = time_budget(row);
        let of_budget = budget
            .and_then(|budget| of_time(&row.own, budget))
            .zip(budget);
        lines.push(vec![
            row.bench.name.into(),
            row.ground.to_string(),
            format!("xtask {}", row.bench.arguments.join(" ")),
            time_cell(&row.own),
            of_budget.map_or_else(String::new, |(of, budget)| {
                format!("{of:.2} × {} ms", budget.as_millis())
            }),
            memory_cell(&row.own),
            of_memory(&row.own, MEMORY_BUDGET_BYTES).map_or_else(String::new, |of| {
                format!("{of:.2} × {} MB", MEMORY_BUDGET_BYTES / 1_000_000)
            }),
        ]);
        for PeerRow { peer, outcome } in &row.peers {
            let mut cells = vec![String::new(), String::new()];
            let note = match outcome {
                Ok((version, line, measured)) => {
                    cells.extend([
                        line.clone(),
                        time_cell(measured),
                        String::new(),
                        memory_cell(measured),
                        String::new(),
                    ]);
                    let times =
                        |of: Option<f64>| of.map_or_else(String::new, |of| format!("{of:.3} ×"));
                    let budget = peer
                        .budget
                        .map(|budget| format!(" (budget {budget})"))
                        .unwrap_or_default();
                    cells.push(times(of_time(&row.own, measured.median())) + &budget);
                    cells.push(times(
                        measured
                            .memory
                            .and_then(|memory| of_memory(&row.own, memory)),
                    ));
                    format!(
                        "{} {version}, beside {}: {}",
                        peer.tool.name, row.bench.name, peer.less
                    )
                }
                Err(NoFigures::Missing(why)) => format!(
                    "{}, beside {}, is left out: {why}",
                    peer.tool.name, row.bench.name
                ),
                Err(NoFigures::Failed(_)) => {
                    format!("{}, beside {}, failed", peer.tool.name, row.bench.name)
                }
            };
            if cells.len() > 2 {
                lines.push(cells);
            }
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    format!(
        "{}\n\n{}\n{}",
        ui::table(&lines),
        method(),
        notes.join("\n")
    )
}

fn method() -> String {
    format!(
        "Times are medians of whole processes (fastest to slowest), memory is the most that was seen of the process itself; {}.",
        machine()
    )
}

/// What the figures were taken on.
fn machine() -> String {
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    format!(
        "{} {}, {} cores, built by the {profile} profile",
        std::env::consts::OS,
        std::env::consts::ARCH,
        cores()
    )
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn time_cell(measured: &Measured) -> String {
    let [first, .., last] = measured.times.as_slice() else {
        return format!("{:.1} ms", milliseconds(measured.median()));
    };
    format!(
        "{:.1} ms ({:.1} to {:.1})",
        milliseconds(measured.median()),
        milliseconds(*first),
        milliseconds(*last)
    )
}

fn memory_cell(measured: &Measured) -> String {
    measured.memory.map_or_else(
        || "not measured".into(),
        |bytes| format!("{:.1} MB", bytes as f64 / 1e6),
    )
}

/// The same as one document.
pub fn document(rows: &[Row], compared: &[Comparison], rounds: u32) -> Value {
    let benches: Vec<_> = rows
        .iter()
        .map(|row| {
            let budget = time_budget(row);
            let mut bench = figures(&row.own);
            bench.insert("name".into(), row.bench.name.into());
            bench.insert("projects".into(), json!(row.ground.projects()));
            if let Ground::Generated {
                commits: Some(commits),
                ..
            } = &*row.ground
            {
                bench.insert("commits".into(), json!(commits));
            }
            if let Ground::Clone { path, .. } = &*row.ground {
                bench.insert("clone".into(), path.display().to_string().into());
            }
            bench.insert(
                "command".into(),
                format!("cargo xtask {}", row.bench.arguments.join(" ")).into(),
            );
            bench.insert("time_budget_ms".into(), json!(budget.map(milliseconds)));
            bench.insert(
                "of_time_budget".into(),
                json!(budget.and_then(|budget| of_time(&row.own, budget))),
            );
            bench.insert("memory_budget_bytes".into(), MEMORY_BUDGET_BYTES.into());
            bench.insert(
                "of_memory_budget".into(),
                json!(of_memory(&row.own, MEMORY_BUDGET_BYTES)),
            );
            bench.insert(
                "peers".into(),
                row.peers
                    .iter()
                    .map(|peer| peer_document(row, peer))
                    .collect(),
            );
            Value::from(bench)
        })
        .collect();
    let compared: Vec<_> = compared.iter().map(comparison_document).collect();
    json!({ "schema": 1, "machine": machine(), "rounds": rounds, "benches": benches, "promotion": compared })
}

/// Programs that come to the same thing, each held against the first of its group.
pub fn comparisons(compared: &[Comparison]) -> String {
    let heads = [
        "of",
        "program",
        "requests",
        "blob bytes",
        "memory",
        "time",
        "first to it: requests",
        "time",
    ];
    let mut lines = vec![heads.map(str::to_owned).to_vec()];
    let mut missing = Vec::new();
    for Comparison { of, rows } in compared {
        let first = rows.first().and_then(|(_, cost)| cost.as_ref().ok());
        for (place, (program, cost)) in rows.iter().enumerate() {
            let shown = if place == 0 {
                of.clone()
            } else {
                String::new()
            };
            let cost = match cost {
                Ok(cost) => cost,
                Err(why) => {
                    missing.push(format!("{program}, beside {of}, is left out: {why}"));
                    continue;
                }
            };
            let (requests, time) = held_against(first.filter(|_| place > 0), cost);
            let times = |of: Option<f64>| of.map_or_else(String::new, |of| format!("{of:.3} ×"));
            let median = format!("{:.0} ms", milliseconds(cost.median()));
            lines.push(vec![
                shown,
                program.clone(),
                cost.requests.to_string(),
                cost.blob_bytes.to_string(),
                cost.memory
                    .map_or_else(String::new, |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
                median,
                times(requests),
                times(time),
            ]);
        }
    }
    format!(
        "{}\n\nTimes are medians of whole processes; {}.\n{}",
        ui::table(&lines),
        machine(),
        missing.join("\n")
    )
}

/// The first program's requests and time as parts of another's.
fn held_against(first: Option<&Cost>, other: &Cost) -> (Option<f64>, Option<f64>) {
    let Some(first) = first else {
        return (None, None);
    };
    (
        ratio(first.requests as f64, other.requests as f64),
        ratio(first.median().as_secs_f64(), other.median().as_secs_f64()),
    )
}

fn comparison_document(Comparison { of, rows }: &Comparison) -> Value {
    let first = rows.first().and_then(|(_, cost)| cost.as_ref().ok());
    let programs = rows.iter().map(|(program, cost)| match cost {
        Ok(cost) => {
            let (requests, time) = held_against(first, cost);
            json!({ "program": program, "requests": cost.requests, "blob_bytes": cost.blob_bytes, "time_ms": milliseconds(cost.median()),
                "timed_rounds": cost.times.len(), "memory_bytes": cost.memory, "request_ratio": requests, "time_ratio": time })
        }
        Err(why) => json!({ "program": program, "missing": why }),
    });
    json!({ "of": of, "programs": programs.collect::<Vec<_>>() })
}

fn peer_document(row: &Row, PeerRow { peer, outcome }: &PeerRow) -> Value {
    match outcome {
        Ok((version, line, measured)) => {
            let mut document = figures(measured);
            document.insert("name".into(), peer.tool.name.into());
            document.insert("version".into(), version.as_str().into());
            document.insert("command".into(), line.as_str().into());
            document.insert("does_less".into(), peer.less.into());
            document.insert(
                "time_ratio".into(),
                json!(of_time(&row.own, measured.median())),
            );
            document.insert("time_ratio_budget".into(), json!(peer.budget));
            document.insert(
                "memory_ratio".into(),
                json!(
                    measured
                        .memory
                        .and_then(|memory| of_memory(&row.own, memory))
                ),
            );
            document.into()
        }
        Err(NoFigures::Missing(why)) => json!({ "name": peer.tool.name, "missing": why }),
        Err(NoFigures::Failed(why)) => json!({ "name": peer.tool.name, "failed": why }),
    }
}

fn figures(measured: &Measured) -> serde_json::Map<String, Value> {
    let edge = |time: Option<&Duration>| json!(time.copied().map(milliseconds));
    serde_json::Map::from_iter([
        ("time_ms".to_owned(), milliseconds(measured.median()).into()),
        ("fastest_ms".to_owned(), edge(measured.times.first())),
        ("slowest_ms".to_owned(), edge(measured.times.last())),
        ("timed_rounds".to_owned(), measured.times.len().into()),
        ("memory_bytes".to_owned(), json!(measured.memory)),
    ])
}
