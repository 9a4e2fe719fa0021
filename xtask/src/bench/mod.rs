//! `bench`: verbs of this very program on generated repositories, timed beside the tools that others use.
//!
//! It measures and prints, and asserts nothing: a budget that was passed is a figure above one, not a failure. It fails only
//! when something could not be run.

mod history;
mod measure;
mod peers;
mod pins;
mod promotion;
mod report;
mod tree;

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::cli::Bench as Arguments;

use crate::app::App;
use crate::config::nearest;
use crate::fault::Fault;
use crate::process::{Call, Runner};
use crate::world;
use crate::world::environment;
use peers::{PEERS, Peer, Ready, this_program};

/// A verb that is measured.
pub struct Bench {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    pub about: About,
}

/// What a bench's repositories have many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Files,
    Commits,
}

impl About {
    /// The numbers of projects that the budgets are about.
    fn sizes(self) -> &'static [usize] {
        match self {
            Self::Files => &[3, 1000],
            Self::Commits => &[5, 20, 80],
        }
    }
}

/// Every bench there is, by name.
const BENCHES: [Bench; 4] = [
    Bench {
        name: "versions",
        arguments: &["versions"],
        about: About::Files,
    },
    Bench {
        name: "bump",
        arguments: &["bump", "minor", "--dry-run"],
        about: About::Files,
    },
    Bench {
        name: "changelog",
        arguments: &["changelog", "--initial"],
        about: About::Commits,
    },
    Bench {
        name: "auto",
        arguments: &["bump", "auto", "--initial", "--dry-run"],
        about: About::Commits,
    },
];

/// A program whose rounds took this long together is timed no more: it is slow enough to be told from others by fewer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A repository to measure on.
pub enum Ground {
    /// Generated, with so many projects; and so many commits, for those who read them.
    Generated {
        projects: usize,
        commits: Option<usize>,
    },
    /// A copy of a clone that was there, the so manieth asked for.
    Clone { number: usize, path: PathBuf },
}

impl Ground {
    /// How many projects it has; `None` where that was not asked.
    pub fn projects(&self) -> Option<usize> {
        match self {
            Self::Generated { projects, .. } => Some(*projects),
            Self::Clone { .. } => None,
        }
    }

    fn about(&self) -> About {
        match self {
            Self::Generated { commits: None, .. } => About::Files,
            _ => About::Commits,
        }
    }

    fn folder(&self) -> String {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => format!("projects-{projects}"),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => format!("commits-{commits}-projects-{projects}"),
            Self::Clone { number, path } => {
                format!(
                    "clone-{number}-{}",
                    path.file_name()
                        .map(|name| name.to_string_lossy())
                        .unwrap_or_default()
                )
            }
        }
    }

    fn make(&self, tree: &Path, runner: &Runner) -> anyhow::Result<()> {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => tree::generate(tree, runner, *projects),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => history::generate(tree, runner, *projects, *commits),
            Self::Clone { path, .. } => history::copy(tree, runner, path),
        }
    }
}

/// `20 projects`, and what else there is to say of it.
impl std::fmt::Display for Ground {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Generated {
                projects,
                commits: None,
            } => write!(formatter, "{projects} projects"),
            Self::Generated {
                projects,
                commits: Some(commits),
            } => write!(formatter, "{projects} projects with {commits} commits"),
            Self::Clone { path, .. } => write!(formatter, "a copy of {}", path.display()),
        }
    }
}

/// One bench on one repository: this program, and its peers.
pub struct Row {
    pub bench: &'static Bench,
    pub ground: Rc<Ground>,
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
        self.times
            .get(self.times.len() / 2)
            .copied()
            .unwrap_or_default()
    }
}

/// A program in the rounds, until it fails.
struct Contestant {
    call: Call,
    measured: anyhow::Result<Measured>,
}

pub fn run(app: &App, arguments: &Arguments) -> anyhow::Result<u8> {
    let benches = named(&arguments.names)?;
    let with_promotion =
        arguments.names.is_empty() || arguments.names.iter().any(|name| name == promotion::NAME);
    let with_pins =
        arguments.names.is_empty() || arguments.names.iter().any(|name| name == pins::NAME);
    let grounds = grounds(arguments, &benches)?;
    if app.global.dry_run {
        for ground in &grounds {
            let names = on(&benches, ground)
                .map(|bench| bench.name)
                .collect::<Vec<_>>()
                .join(", ");
            app.ui.status(
                "Planned",
                &format!(
                    "{names} on {ground}, {} rounds each; nothing was written",
                    arguments.rounds
                ),
            );
        }
        if with_promotion {
            app.ui.status(
                "Planned",
                &format!(
                    "{}, {} rounds each; nothing was written",
                    promotion::NAME,
                    arguments.rounds
                ),
            );
        }
        if with_pins {
            app.ui.status(
                "Planned",
                &format!(
                    "{}, {} rounds each; nothing was written",
                    pins::NAME,
                    arguments.rounds
                ),
            );
        }
        app.ui
            .document(&report::document(&[], &[], arguments.rounds));
        return Ok(0);
    }
    let peers = ready_peers(app, &benches, arguments.peers);
    // What is not to be kept goes when this is dropped, on an error too.
    let passing = world::files::temporary_folder()?;
    let above = match &arguments.keep {
        Some(folder) => environment::current_folder()?.join(folder),
        None => passing.path().to_owned(),
    };
    if let Some(tree) = grounds
        .iter()
        .map(|ground| above.join(ground.folder()))
        .find(|tree| world::files::exists(tree))
    {
        return Err(Fault::usage(format!("{} is there already", tree.display()))
            .fix("--keep with another folder")
            .into());
    }
    let mut rows = Vec::new();
    for ground in grounds {
        let tree = above.join(ground.folder());
        app.ui.status("Generating", &ground.to_string());
        ground.make(&tree, &app.world.runner)?;
        let ground = Rc::new(ground);
        for bench in on(&benches, &ground) {
            app.ui
                .status("Measuring", &format!("{} of {ground}", bench.name));
            rows.push(row(
                &app.world.runner,
                bench,
                &ground,
                &tree,
                &peers,
                arguments.rounds,
            )?);
        }
    }
    let mut comparisons = match with_promotion {
        true => promotion::run(&app.world.runner, &above, arguments.rounds, &|what| {
            app.ui.status("Measuring", what)
        })?,
        false => Vec::new(),
    };
    if with_pins {
        comparisons.extend(pins::run(
            &app.world.runner,
            &above,
            arguments.rounds,
            &arguments.projects,
            &|what| app.ui.status("Measuring", what),
        )?);
    }
    if !rows.is_empty() {
        app.ui.data(&report::table(&rows));
    }
    if !comparisons.is_empty() {
        app.ui.data(&report::comparisons(&comparisons));
    }
    app.ui
        .document(&report::document(&rows, &comparisons, arguments.rounds));
    let failed = report::failures(&rows);
    failed.iter().for_each(|what| app.ui.error(what, None));
    Ok(u8::from(!failed.is_empty()))
}

/// The repositories that the benches are run on: the numbers of projects asked for, each once, or those of the budgets; then
/// the clones.
fn grounds(arguments: &Arguments, benches: &[&'static Bench]) -> anyhow::Result<Vec<Ground>> {
    let mut asked: Vec<_> = arguments
        .projects
        .iter()
        .map(|size| *size as usize)
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let is_wanted = |about: About| benches.iter().any(|bench| bench.about == about);
    let mut grounds = Vec::new();
    for (about, commits) in [
        (About::Files, None),
        (About::Commits, Some(arguments.commits as usize)),
    ] {
        let sizes = if asked.is_empty() {
            about.sizes()
        } else {
            &asked
        };
        grounds.extend(sizes.iter().filter(|_| is_wanted(about)).map(|projects| {
            Ground::Generated {
                projects: *projects,
                commits,
            }
        }));
    }
    for (place, path) in arguments.clones.iter().enumerate() {
        if !is_wanted(About::Commits) {
            let what = "--clone is of no use to benches that read no commits";
            return Err(Fault::usage(what)
                .fix("cargo xtask bench changelog auto --clone DIR")
                .into());
        }
        grounds.push(Ground::Clone {
            number: place + 1,
            path: environment::current_folder()?.join(path),
        });
    }
    Ok(grounds)
}

fn on<'b>(
    benches: &'b [&'static Bench],
    ground: &Ground,
) -> impl Iterator<Item = &'static Bench> + 'b {
    let about = ground.about();
    benches
        .iter()
        .copied()
        .filter(move |bench| bench.about == about)
}

/// The benches of these names, in our order; all of them, when none is named.
fn named(names: &[String]) -> Result<Vec<&'static Bench>, Fault> {
    let known = || {
        BENCHES
            .iter()
            .map(|bench| bench.name)
            .chain([promotion::NAME, pins::NAME])
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| known().all(|known| known != **name))
    {
        let guess = nearest(unknown, known())
            .map(|guess| format!("; did you mean `{guess}`?"))
            .unwrap_or_default();
        let all = known().collect::<Vec<_>>().join(", ");
        return Err(Fault::usage(format!(
            "no bench is called `{unknown}`{guess} (benches: {all})"
        ))
        .fix("cargo xtask bench"));
    }
    Ok(BENCHES
        .iter()
        .filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name))
        .collect())
}

type Found = (&'static Peer, Result<Ready, String>);

fn ready_peers(app: &App, benches: &[&'static Bench], fetch: bool) -> Vec<Found> {
    let wanted = PEERS
        .iter()
        .filter(|peer| benches.iter().any(|bench| bench.name == peer.bench));
    wanted
        .map(|peer| {
            if fetch {
                app.ui.status("Providing", peer.tool.name);
            }
            (peer, peer.ready(&app.world, fetch))
        })
        .collect()
}

fn row(
    runner: &Runner,
    bench: &'static Bench,
    ground: &Rc<Ground>,
    tree: &Path,
    peers: &[Found],
    rounds: u32,
) -> anyhow::Result<Row> {
    let beside: Vec<_> = peers
        .iter()
        .filter(|(peer, _)| peer.bench == bench.name)
        .collect();
    let mut contestants = vec![Contestant::new(this_program(bench.arguments, tree)?)];
    contestants.extend(beside.iter().filter_map(|(peer, ready)| {
        Some(Contestant::new(peer.call(
            ready.as_ref().ok()?,
            tree,
            ground,
        )))
    }));
    run_rounds(runner, &mut contestants, rounds);
    let mut contestants = contestants.into_iter();
    let mut next = || {
        contestants
            .next()
            .map(|contestant| (contestant.call.line(), contestant.measured))
    };
    let own = match next() {
        Some((_, measured)) => measured?,
        None => Measured::default(),
    };
    let outcome =
        |ready: &Result<Ready, String>,
         next: &mut dyn FnMut() -> Option<(String, anyhow::Result<Measured>)>| match ready {
            Err(why) => Err(NoFigures::Missing(why.clone())),
            Ok(ready) => match next() {
                Some((line, Ok(measured))) => Ok((ready.version.clone(), line, measured)),
                Some((_, Err(error))) => Err(NoFigures::Failed(format!("{error:#}"))),
                None => Err(NoFigures::Missing("it was not run".into())),
            },
        };
    let peers = beside
        .iter()
        .map(|(peer, ready)| PeerRow {
            peer,
            outcome: outcome(ready, &mut next),
        })
        .collect();
    Ok(Row {
        bench,
        ground: Rc::clone(ground),
        own,
        peers,
    })
}

impl Contestant {
    fn new(call: Call) -> Self {
        Self {
            call,
            measured: Ok(Measured::default()),
        }
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
    for measured in contestants
        .iter_mut()
        .filter_map(|contestant| contestant.measured.as_mut().ok())
    {
        measured.times.sort();
    }
}
