//! The results as a table and as one JSON document. Budgets are shown beside the figures and never
//! asserted.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::commands::{NoFigures, PeerFigures, PeerRow, Row, Workload};
use crate::comparison::{ComparedProgram, Comparison, Cost};
use crate::rounds::Figures;

/// The most memory that any command may hold.
const MEMORY_BUDGET_BYTES: u64 = 200_000_000;

/// What failed, one sentence each.
pub fn failures(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .flat_map(|row| row.peers.iter().map(move |peer| (row, peer)))
        .filter_map(|(row, PeerRow { peer, outcome })| match outcome {
            Err(NoFigures::Failed(why)) => {
                let benchmark = row.command.benchmark.name();
                let peer = peer.tool.name;
                Some(format!("{peer}, {benchmark} of {}: {why}", row.workload))
            }
            _ => None,
        })
        .collect()
}

/// The commands, each above its peers; then what the peers do less, or why they are missing.
pub fn table(rows: &[Row], profile: &str) -> String {
    let head = [
        "benchmark",
        "of",
        "program",
        "time",
        "memory",
        "of budget",
        "our time",
        "budget",
        "our memory",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for row in rows {
        let of_memory = memory_ratio(&row.own, MEMORY_BUDGET_BYTES).map(|ratio| {
            let megabytes = MEMORY_BUDGET_BYTES / 1_000_000;
            format!("{ratio:.2} × {megabytes} MB")
        });
        lines.push(vec![
            row.command.benchmark.name().to_owned(),
            row.workload.to_string(),
            own_line(row),
            time_cell(&row.own),
            memory_cell(&row.own),
            of_memory.unwrap_or_default(),
        ]);
        for peer in &row.peers {
            if let Ok(measured) = &peer.outcome {
                lines.push(peer_line(row, peer, measured));
            }
            let note = peer_note(row, peer);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    format!(
        "{}\n\nTime is the median of whole processes (fastest to slowest). \
         \"Our\" columns are ratios to the peer: below 1, ours is less.\n\
         Memory is the most that the process itself held. Measured on {}.\n{}",
        aligned(&lines),
        machine(Some(profile)),
        notes.join("\n")
    )
}

fn peer_line(row: &Row, PeerRow { peer, .. }: &PeerRow, measured: &PeerFigures) -> Vec<String> {
    let budget = peer.max_time_ratio(&row.workload);
    vec![
        String::new(),
        String::new(),
        measured.line.clone(),
        time_cell(&measured.figures),
        memory_cell(&measured.figures),
        String::new(),
        ratio_cell(time_ratio(&row.own, &measured.figures)),
        budget_cell(budget),
        ratio_cell(own_memory_ratio(row, measured)),
    ]
}

fn peer_note(row: &Row, PeerRow { peer, outcome }: &PeerRow) -> String {
    let tool = peer.tool.name;
    let benchmark = row.command.benchmark.name();
    match outcome {
        Ok(PeerFigures { version, .. }) => {
            format!("{tool} {version}, {benchmark}: {}", peer.does_less)
        }
        Err(NoFigures::Missing(why)) => format!("{tool}, {benchmark}, skipped: {why}"),
        Err(NoFigures::Failed(_)) => format!("{tool}, {benchmark}, failed"),
    }
}

/// Programs with the same result, each compared with the first of its group.
pub fn comparison_table(comparisons: &[Comparison], profile: &str) -> String {
    let head = [
        "of",
        "program",
        "requests",
        "blob bytes",
        "memory",
        "time",
        "first to it: requests",
        "time",
        "budget",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let mut skipped = Vec::new();
    for comparison in comparisons {
        let of = &comparison.of;
        let first = first_cost(comparison);
        for (index, program) in comparison.programs.iter().enumerate() {
            let cost = match &program.outcome {
                Ok(cost) => cost,
                Err(why) => {
                    skipped.push(format!("{}, {of}, skipped: {why}", program.name));
                    continue;
                }
            };
            let is_first = index == 0;
            let (requests, time) = ratios(first.filter(|_| !is_first), cost);
            let budget = comparison.max_requests.filter(|_| is_first);
            let memory = cost.figures.peak_memory;
            lines.push(vec![
                if is_first { of.clone() } else { String::new() },
                program.name.clone(),
                match budget {
                    Some(budget) => format!("{} (budget {budget})", cost.requests),
                    None => cost.requests.to_string(),
                },
                cost.blob_bytes.to_string(),
                memory.map(megabytes).unwrap_or_default(),
                time_cell(&cost.figures),
                ratio_cell(requests),
                ratio_cell(time),
                budget_cell(program.max_time_ratio),
            ]);
        }
    }
    format!(
        "{}\n\nTime is the median of whole processes (fastest to slowest). Measured on {}.\n{}",
        aligned(&lines),
        machine(Some(profile)),
        skipped.join("\n")
    )
}

/// All results as one document. Without a profile nothing was measured.
pub fn document(
    rows: &[Row],
    comparisons: &[Comparison],
    rounds: u32,
    profile: Option<&str>,
) -> Value {
    json!({
        "schema": 1,
        "machine": machine(profile),
        "rounds": rounds,
        "benches": rows.iter().map(row_document).collect::<Vec<_>>(),
        "promotion": comparisons.iter().map(comparison_document).collect::<Vec<_>>(),
    })
}

fn row_document(row: &Row) -> Value {
    let mut document = figures_document(&row.own);
    let mut insert = |key: &str, value: Value| document.insert(key.to_owned(), value);
    insert("name", row.command.benchmark.name().into());
    insert("projects", json!(row.workload.projects()));
    match &*row.workload {
        Workload::Generated { commits, .. } => {
            if let Some(commits) = commits {
                insert("commits", json!(commits));
            }
        }
        Workload::Clone { path, .. } => {
            insert("clone", path.display().to_string().into());
        }
    }
    insert("command", own_line(row).into());
    insert("memory_budget_bytes", MEMORY_BUDGET_BYTES.into());
    let of_memory = memory_ratio(&row.own, MEMORY_BUDGET_BYTES);
    insert("of_memory_budget", json!(of_memory));
    let peers = row.peers.iter().map(|peer| peer_document(row, peer));
    insert("peers", peers.collect());
    document.into()
}

fn peer_document(row: &Row, PeerRow { peer, outcome }: &PeerRow) -> Value {
    let name = peer.tool.name;
    let measured = match outcome {
        Ok(measured) => measured,
        Err(NoFigures::Missing(why)) => return json!({ "name": name, "missing": why }),
        Err(NoFigures::Failed(why)) => return json!({ "name": name, "failed": why }),
    };
    let mut document = figures_document(&measured.figures);
    let mut insert = |key: &str, value: Value| document.insert(key.to_owned(), value);
    insert("name", name.into());
    insert("version", measured.version.as_str().into());
    insert("command", measured.line.as_str().into());
    insert("does_less", peer.does_less.into());
    insert("time_ratio", json!(time_ratio(&row.own, &measured.figures)));
    let budget = peer.max_time_ratio(&row.workload);
    insert("time_ratio_budget", json!(budget));
    insert("memory_ratio", json!(own_memory_ratio(row, measured)));
    document.into()
}

fn comparison_document(comparison: &Comparison) -> Value {
    let first = first_cost(comparison);
    let programs = comparison.programs.iter().map(|program| {
        let ComparedProgram {
            name,
            outcome,
            max_time_ratio,
        } = program;
        let cost = match outcome {
            Ok(cost) => cost,
            Err(why) => return json!({ "program": name, "missing": why }),
        };
        let (requests, time) = ratios(first, cost);
        json!({
            "program": name,
            "requests": cost.requests,
            "blob_bytes": cost.blob_bytes,
            "time_ms": milliseconds(cost.figures.median()),
            "timed_rounds": cost.figures.times.len(),
            "memory_bytes": cost.figures.peak_memory,
            "request_ratio": requests,
            "time_ratio": time,
            "time_ratio_budget": max_time_ratio,
        })
    });
    json!({
        "of": comparison.of,
        "request_budget": comparison.max_requests,
        "programs": programs.collect::<Vec<_>>(),
    })
}

fn figures_document(figures: &Figures) -> Map<String, Value> {
    let time = |time: Option<&Duration>| json!(time.copied().map(milliseconds));
    Map::from_iter([
        ("time_ms".to_owned(), milliseconds(figures.median()).into()),
        ("fastest_ms".to_owned(), time(figures.times.first())),
        ("slowest_ms".to_owned(), time(figures.times.last())),
        ("timed_rounds".to_owned(), figures.times.len().into()),
        ("memory_bytes".to_owned(), json!(figures.peak_memory)),
    ])
}

fn own_line(row: &Row) -> String {
    format!("monorelease {}", row.command.arguments.join(" "))
}

/// What the figures were measured on.
fn machine(profile: Option<&str>) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let profile = profile
        .map(|profile| format!(", built with the {profile} profile"))
        .unwrap_or_default();
    format!(
        "{} {}, {cores} cores{profile}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

fn first_cost(comparison: &Comparison) -> Option<&Cost> {
    comparison.programs.first()?.outcome.as_ref().ok()
}

/// The first program's requests and time as parts of another's.
fn ratios(first: Option<&Cost>, other: &Cost) -> (Option<f64>, Option<f64>) {
    let Some(first) = first else {
        return (None, None);
    };
    (
        ratio(first.requests as f64, other.requests as f64),
        time_ratio(&first.figures, &other.figures),
    )
}

fn own_memory_ratio(row: &Row, measured: &PeerFigures) -> Option<f64> {
    memory_ratio(&row.own, measured.figures.peak_memory?)
}

fn time_ratio(own: &Figures, other: &Figures) -> Option<f64> {
    ratio(own.median().as_secs_f64(), other.median().as_secs_f64())
}

fn memory_ratio(own: &Figures, other_bytes: u64) -> Option<f64> {
    ratio(own.peak_memory? as f64, other_bytes as f64)
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole * 1000.0).round() / 1000.0)
}

fn milliseconds(time: Duration) -> f64 {
    // Times of processes differ by more than a hundredth of a millisecond.
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn ratio_cell(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.3} ×"))
}

fn budget_cell(max_ratio: Option<f64>) -> String {
    max_ratio.map_or_else(String::new, |ratio| format!("≤ {ratio} ×"))
}

fn time_cell(figures: &Figures) -> String {
    let median = milliseconds(figures.median());
    match figures.times.as_slice() {
        [first, .., last] => format!(
            "{median:.1} ms ({:.1} to {:.1})",
            milliseconds(*first),
            milliseconds(*last)
        ),
        _ => format!("{median:.1} ms"),
    }
}

fn memory_cell(figures: &Figures) -> String {
    figures
        .peak_memory
        .map_or_else(|| "not measured".to_owned(), megabytes)
}

/// Rows with columns as wide as they need to be.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
