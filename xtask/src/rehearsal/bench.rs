//! `bench`: verbs of this very program on generated repositories, timed beside the tools that others use.
//!
//! It measures and prints, and asserts nothing: a budget that was passed is a figure above one, not a failure. It fails only
//! when something could not be run.

use std::path::Path;
use std::time::Duration;

use super::bench_peers::{PEERS, Peer, Ready, this_program};
use super::{bench_report, bench_tree};
use crate::cli::Bench as Arguments;
use crate::commands::App;
use crate::model::config::nearest;
use crate::model::fault::Fault;
use crate::world::process::{Call, Runner};
use crate::world::{environment, files};

/// A verb that is measured.
pub struct Bench {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
}

/// Every bench there is, by name.
const BENCHES: [Bench; 2] =
    [Bench { name: "versions", arguments: &["versions"] }, Bench { name: "bump", arguments: &["bump", "minor", "--dry-run"] }];

/// The sizes the budgets are about.
const SIZES: [usize; 2] = [3, 1000];

/// A program whose rounds took this long together is timed no more: it is slow enough to be told from others by fewer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One bench at one size: this program, and its peers.
pub struct Row {
    pub bench: &'static Bench,
    pub projects: usize,
    pub own: Measured,
    pub peers: Vec<PeerRow>,
}

pub struct PeerRow {
    pub peer: &'static Peer,
    /// Version, command line and figures; or why there are none.
    pub outcome: Result<(String, String, Measured), NoFigures>,
}

/// Why a peer has no figures.
pub enum NoFigures {
    /// It was not there, or has nothing to compare.
    Missing(String),
    /// It was there, and did not do what it was told.
    Failed(String),
}

/// The figures of one program.
#[derive(Default)]
pub struct Measured {
    /// In order of length, at least one.
    pub times: Vec<Duration>,
    /// In bytes; `None` where the system does not tell.
    pub memory: Option<u64>,
}

impl Measured {
    pub fn median(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }
}

/// A program in the rounds, until it fails.
struct Contestant {
    call: Call,
    measured: anyhow::Result<Measured>,
}

pub fn run(app: &App, arguments: &Arguments) -> anyhow::Result<u8> {
    let benches = named(&arguments.names)?;
    let sizes = sizes(&arguments.projects);
    if app.global.dry_run {
        let names = benches.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ");
        let sizes = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        app.ui.status("Planned", &format!("{names} with {sizes} projects, {} rounds each; nothing was written", arguments.rounds));
        app.ui.document(&bench_report::document(&[], arguments.rounds));
        return Ok(0);
    }
    let peers = ready_peers(app, &benches, arguments.peers);
    // What is not to be kept goes when this is dropped, on an error too.
    let passing = files::temporary_folder()?;
    let above = match &arguments.keep {
        Some(folder) => environment::current_folder()?.join(folder),
        None => passing.path().to_owned(),
    };
    let mut rows = Vec::new();
    for size in sizes {
        let tree = above.join(format!("projects-{size}"));
        if files::exists(&tree) {
            return Err(Fault::usage(format!("{} is there already", tree.display())).fix("--keep with another folder").into());
        }
        app.ui.status("Generating", &format!("a repository of {size} projects"));
        bench_tree::generate(&tree, &app.world.runner, size)?;
        for bench in &benches {
            app.ui.status("Measuring", &format!("{} of {size} projects", bench.name));
            rows.push(row(&app.world.runner, bench, size, &tree, &peers, arguments.rounds)?);
        }
    }
    app.ui.data(&bench_report::table(&rows));
    app.ui.document(&bench_report::document(&rows, arguments.rounds));
    let failed = bench_report::failures(&rows);
    failed.iter().for_each(|what| app.ui.error(what, None));
    Ok(u8::from(!failed.is_empty()))
}

/// The sizes asked for, each once, or those of the budgets.
fn sizes(asked: &[u32]) -> Vec<usize> {
    let mut sizes: Vec<_> = asked.iter().map(|size| *size as usize).collect();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() { SIZES.to_vec() } else { sizes }
}

/// The benches of these names, in our order; all of them, when none is named.
fn named(names: &[String]) -> Result<Vec<&'static Bench>, Fault> {
    let known = || BENCHES.iter().map(|bench| bench.name);
    if let Some(unknown) = names.iter().find(|name| known().all(|known| known != **name)) {
        let guess = nearest(unknown, known()).map(|guess| format!("; did you mean `{guess}`?")).unwrap_or_default();
        let all = known().collect::<Vec<_>>().join(", ");
        return Err(Fault::usage(format!("no bench is called `{unknown}`{guess} (benches: {all})")).fix("cargo xtask bench"));
    }
    Ok(BENCHES.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name)).collect())
}

type Found = (&'static Peer, Result<Ready, String>);

fn ready_peers(app: &App, benches: &[&'static Bench], fetch: bool) -> Vec<Found> {
    let wanted = PEERS.iter().filter(|peer| benches.iter().any(|bench| bench.name == peer.bench));
    wanted
        .map(|peer| {
            if fetch {
                app.ui.status("Providing", peer.tool.name);
            }
            (peer, peer.ready(&app.world, fetch))
        })
        .collect()
}

fn row(runner: &Runner, bench: &'static Bench, projects: usize, tree: &Path, peers: &[Found], rounds: u32) -> anyhow::Result<Row> {
    let beside: Vec<_> = peers.iter().filter(|(peer, _)| peer.bench == bench.name).collect();
    let mut contestants = vec![Contestant::new(this_program(bench.arguments, tree)?)];
    contestants.extend(beside.iter().filter_map(|(peer, ready)| Some(Contestant::new(peer.call(ready.as_ref().ok()?, tree)))));
    run_rounds(runner, &mut contestants, rounds);
    let mut contestants = contestants.into_iter();
    let mut next = || contestants.next().map(|contestant| (contestant.call.line(), contestant.measured));
    let own = match next() {
        Some((_, measured)) => measured?,
        None => Measured::default(),
    };
    let outcome = |ready: &Result<Ready, String>, next: &mut dyn FnMut() -> Option<(String, anyhow::Result<Measured>)>| match ready {
        Err(why) => Err(NoFigures::Missing(why.clone())),
        Ok(ready) => match next() {
            Some((line, Ok(measured))) => Ok((ready.version.clone(), line, measured)),
            Some((_, Err(error))) => Err(NoFigures::Failed(format!("{error:#}"))),
            None => Err(NoFigures::Missing("it was not run".into())),
        },
    };
    let peers = beside.iter().map(|(peer, ready)| PeerRow { peer, outcome: outcome(ready, &mut next) }).collect();
    Ok(Row { bench, projects, own, peers })
}

impl Contestant {
    fn new(call: Call) -> Self {
        Self { call, measured: Ok(Measured::default()) }
    }

    /// One more run, if the last one went well.
    fn go_on(&mut self, run: impl FnOnce(&Call, &mut Measured) -> anyhow::Result<()>) {
        if let Ok(measured) = &mut self.measured
            && let Err(error) = run(&self.call, measured)
        {
            self.measured = Err(error);
        }
    }
}

/// Programs take turns within a round, so that what else the machine does falls on all of them. The first round is not timed:
/// it warms the caches, and its memory is looked at.
fn run_rounds(runner: &Runner, contestants: &mut [Contestant], rounds: u32) {
    for contestant in &mut *contestants {
        contestant.go_on(|call, measured| {
            measured.memory = runner.peak_memory(call)?;
            Ok(())
        });
    }
    for _ in 0..rounds {
        for contestant in &mut *contestants {
            contestant.go_on(|call, measured| {
                if measured.times.iter().sum::<Duration>() < PATIENCE {
                    measured.times.push(runner.time(call)?);
                }
                Ok(())
            });
        }
    }
    for measured in contestants.iter_mut().filter_map(|contestant| contestant.measured.as_mut().ok()) {
        measured.times.sort();
    }
}
