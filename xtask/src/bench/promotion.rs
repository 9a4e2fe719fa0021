//! `bench promotion`: what a release costs in requests, bytes of layers and time, beside crane and docker; what finding a candidate
//! among many tags costs; and what many releases at once cost beside one.
//!
//! The registry is the embedded one and the layers are zeros, so that figures are of the programs and not of a line. Nothing
//! is judged here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::peers::this_program;
use crate::model::image::{Platform, Repository};
use crate::oci_registry::client::{Registry, RegistryOptions};
use crate::oci_registry::credentials::Credentials;
use crate::process::{Call, Runner};
use crate::rehearse::images::StandIn;
use crate::stand_ins::registry::{EmbeddedRegistry, Kept};
use crate::tools::docker;
use crate::{rehearse, world};

/// As benches are named.
pub const NAME: &str = "promotion";

/// Bytes of the layer of each of two platforms: an image of 200 MB.
const LAYER_BYTES: usize = 100_000_000;
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const VERSION: &str = "0.1.0";
/// Of other builds, in the repository where a candidate is looked for.
const OTHER_TAGS: [usize; 3] = [100, 1_000, 10_000];
/// Projects that are released in one go.
const AT_ONCE: usize = 50;

/// Programs that come to the same thing, ours first.
pub struct Comparison {
    pub of: String,
    pub rows: Vec<(String, Result<Cost, String>)>,
}

/// What a program took.
#[derive(Default)]
pub struct Cost {
    /// In order of length.
    pub times: Vec<Duration>,
    pub requests: u64,
    /// Of layers and configurations, in both directions.
    pub blob_bytes: u64,
    /// The most that the program held, in bytes; `None` where that was not looked at.
    pub memory: Option<u64>,
}

impl Cost {
    pub fn median(&self) -> Duration {
        self.times
            .get(self.times.len() / 2)
            .copied()
            .unwrap_or_default()
    }
}

/// A repository of image projects at their first candidate, its remote, and the registry with the candidates' images.
struct Ground<'a> {
    runner: &'a Runner,
    folder: &'a Path,
    registry: EmbeddedRegistry,
    build_id: String,
    kept: Option<Kept>,
}

pub fn run(
    runner: &Runner,
    above: &Path,
    rounds: u32,
    say: &dyn Fn(&str),
) -> anyhow::Result<Vec<Comparison>> {
    say("the promotion of an image of 200 MB");
    let mut comparisons = vec![promotion(runner, &above.join("promotion"), rounds)?];
    for tags in OTHER_TAGS {
        say(&format!("a candidate among {tags} tags"));
        comparisons.push(discovery(
            runner,
            &above.join(format!("tags-{tags}")),
            rounds,
            tags,
        )?);
    }
    say(&format!("{AT_ONCE} releases at once"));
    comparisons.push(at_once(runner, &above.join("at-once"), rounds)?);
    Ok(comparisons)
}

fn promotion(runner: &Runner, folder: &Path, rounds: u32) -> anyhow::Result<Comparison> {
    let ground = Ground::make(runner, folder, 1, LAYER_BYTES)?;
    let repository = ground.repository(0);
    let build = |platform: &str| {
        format!(
            "{repository}:{}-{}",
            ground.build_id,
            platform.trim_start_matches("linux/")
        )
    };
    let crane = |arguments: &[&str]| Call::new("crane").args(arguments);
    let amd64 = build(PLATFORMS[0]);
    let arm64 = build(PLATFORMS[1]);
    let released = format!("{repository}:{VERSION}");
    let by_crane = vec![
        crane(&["tag", &amd64, &format!("{VERSION}-amd64")]),
        crane(&["tag", &arm64, &format!("{VERSION}-arm64")]),
        crane(&[
            "index", "append", "-m", &amd64, "-m", &arm64, "-t", &released,
        ]),
    ];
    let engine = docker::engine_platform(runner).map(|platform| build(&platform.to_string()));
    let mut rows = vec![(
        "cargo xtask release".to_owned(),
        ground.measured(rounds, &[ground.call(&["release", "p0"])?], &[]),
    )];
    rows.push((
        "crane tag, tag, index append".to_owned(),
        ground.measured_if_there("crane", rounds, &by_crane),
    ));
    let by_docker = engine
        .map_err(|error| format!("{error:#}"))
        .and_then(|image| {
            let docker = |arguments: &[&str]| Call::new("docker").args(arguments);
            let calls = [
                docker(&["pull", &image]),
                docker(&["tag", &image, &released]),
                docker(&["push", &released]),
            ];
            ground.measured(
                rounds,
                &calls,
                &[docker(&["image", "rm", "--force", &image, &released])],
            )
        });
    rows.push((
        "docker pull, tag, push of one platform".to_owned(),
        by_docker,
    ));
    Ok(Comparison {
        of: "promotion of an image of 200 MB".to_owned(),
        rows,
    })
}

fn discovery(
    runner: &Runner,
    folder: &Path,
    rounds: u32,
    tags: usize,
) -> anyhow::Result<Comparison> {
    let mut ground = Ground::make(runner, folder, 1, rehearse::images::LAYER_BYTES)?;
    let repository = ground.repository(0);
    let minutes = |tag: usize| tag % 60;
    let hours = |tag: usize| tag / 60 % 24;
    let others = (0..tags).map(|tag| {
        let year = 2000 + tag / (60 * 24 * 28);
        let day = tag / (60 * 24) % 28 + 1;
        format!(
            "{year}.01.{day:02}.{:02}{:02}-build.{tag}-v0.0.1-abc1234-amd64",
            hours(tag),
            minutes(tag)
        )
    });
    ground.registry.name_more(
        &repository.path,
        &format!("{}-amd64", ground.build_id),
        others,
    );
    ground.kept = Some(ground.registry.keep());
    let mut rows = vec![(
        "cargo xtask release --dry-run".to_owned(),
        ground.measured(
            rounds,
            &[ground.call(&["release", "p0", "--dry-run"])?],
            &[],
        ),
    )];
    rows.push((
        "crane ls".to_owned(),
        ground.measured_if_there(
            "crane",
            rounds,
            &[Call::new("crane").args(["ls", &repository.to_string()])],
        ),
    ));
    Ok(Comparison {
        of: format!("a candidate among {tags} other tags"),
        rows,
    })
}

fn at_once(runner: &Runner, folder: &Path, rounds: u32) -> anyhow::Result<Comparison> {
    let ground = Ground::make(runner, folder, AT_ONCE, rehearse::images::LAYER_BYTES)?;
    let names: Vec<_> = (0..AT_ONCE).map(|project| format!("p{project}")).collect();
    let all = [
        &["release"][..],
        &names.iter().map(String::as_str).collect::<Vec<_>>(),
    ]
    .concat();
    let rows = vec![
        (
            format!("cargo xtask release of {AT_ONCE}"),
            ground.measured(rounds, &[ground.call(&all)?], &[]),
        ),
        (
            "cargo xtask release of one".to_owned(),
            ground.measured(rounds, &[ground.call(&["release", "p0"])?], &[]),
        ),
    ];
    Ok(Comparison {
        of: format!("{AT_ONCE} releases in one line"),
        rows,
    })
}

impl<'a> Ground<'a> {
    fn make(
        runner: &'a Runner,
        folder: &'a Path,
        projects: usize,
        layer_bytes: usize,
    ) -> anyhow::Result<Self> {
        // As most registries list: in lexical order, from any name.
        let registry = EmbeddedRegistry::builder()
            .lexical_tags()
            .page_size(100)
            .start()
            .context("starting the embedded registry")?;
        let mut ground = Self {
            runner,
            folder,
            registry,
            build_id: String::new(),
            kept: None,
        };
        let mut files: Vec<(PathBuf, String)> = vec![(
            ground.work().join("xtask/monorepo.toml"),
            configuration(&ground, projects),
        )];
        files.extend((0..projects).map(|project| {
            (
                ground.work().join(format!("p{project}/VERSION")),
                format!("{VERSION}\n"),
            )
        }));
        for (path, text) in &files {
            world::files::write_own(path, text)?;
        }
        ground.git(&["init", "--quiet", "--initial-branch", "main"])?;
        for (key, value) in [
            ("user.name", "Bench"),
            ("user.email", "bench@localhost"),
            ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"),
        ] {
            ground.git(&["config", key, value])?;
        }
        ground.git(&["add", "--all"])?;
        ground.git(&["commit", "--quiet", "--message", "feat: begin"])?;
        let origin = folder.join("origin.git").display().to_string();
        ground.git(&["init", "--quiet", "--bare", &origin])?;
        ground.git(&["remote", "add", "origin", &origin])?;
        for project in 0..projects {
            ground.git(&[
                "tag",
                "--annotate",
                "--message",
                "candidate",
                &format!("p{project}-v{VERSION}-rc1"),
            ])?;
        }
        ground.git(&["push", "--quiet", "origin", "main", "--tags"])?;
        let plan = runner.output(&ground.call(&[
            "plan",
            "--tag",
            &format!("p0-v{VERSION}-rc1"),
            "--json",
        ])?)?;
        let plan: serde_json::Value =
            serde_json::from_str(&plan).context("reading the plan of the candidate")?;
        ground.build_id = plan["matrix"]["include"][0]["build_id"]
            .as_str()
            .context("the plan names no build id")?
            .to_owned();
        ground.push_candidates(projects, layer_bytes)?;
        ground.kept = Some(ground.registry.keep());
        Ok(ground)
    }

    fn push_candidates(&self, projects: usize, layer_bytes: usize) -> anyhow::Result<()> {
        let revision = self.git(&["rev-parse", "HEAD"])?.trim().to_owned();
        let client = Registry::new(RegistryOptions::new(Credentials::default()));
        for project in 0..projects {
            for platform in PLATFORMS {
                let platform: Platform = platform.parse()?;
                let tag = format!("{}-{}", self.build_id, platform.arch);
                let created = "2026-01-01T00:00:00Z";
                let image = StandIn {
                    platform: &platform,
                    version: VERSION,
                    revision: &revision,
                    created,
                    attested: false,
                    layer_bytes,
                };
                rehearse::images::push(&client, &self.repository(project), &tag, &image)?;
            }
        }
        Ok(())
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn repository(&self, project: usize) -> Repository {
        Repository {
            host: self.registry.address(),
            path: format!("bench/p{project}"),
        }
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.runner
            .output(&Call::new("git").arg("-C").arg(self.work()).args(arguments))
    }

    fn call(&self, arguments: &[&str]) -> anyhow::Result<Call> {
        Ok(this_program(arguments, &self.work())?.arg("--yes"))
    }

    /// Takes back what a release did: its names in the registry, its tags here and at the remote.
    fn go_back(&self) -> anyhow::Result<()> {
        if let Some(kept) = &self.kept {
            self.registry.go_back_to(kept);
        }
        let released = self.git(&["tag", "--list", &format!("*-v{VERSION}")])?;
        let released: Vec<_> = released.lines().collect();
        if !released.is_empty() {
            self.git(
                &[
                    &["push", "--quiet", "--delete", "origin"],
                    released.as_slice(),
                ]
                .concat(),
            )?;
            self.git(&[&["tag", "--delete"], released.as_slice()].concat())?;
        }
        Ok(())
    }

    fn measured_if_there(
        &self,
        program: &str,
        rounds: u32,
        calls: &[Call],
    ) -> Result<Cost, String> {
        which::which(program).map_err(|_| format!("{program} is not on the PATH"))?;
        self.measured(rounds, calls, &[])
    }

    /// Runs the calls one after another, in each round from the same beginning; `after` is not counted.
    fn measured(&self, rounds: u32, calls: &[Call], after: &[Call]) -> Result<Cost, String> {
        let mut cost = Cost::default();
        for _ in 0..rounds {
            self.round(&mut cost, calls, after)
                .map_err(|error| format!("{error:#}"))?;
        }
        cost.times.sort();
        Ok(cost)
    }

    fn round(&self, cost: &mut Cost, calls: &[Call], after: &[Call]) -> anyhow::Result<()> {
        self.go_back()?;
        let moved = || {
            self.registry.counters().blob_bytes_received + self.registry.counters().blob_bytes_sent
        };
        let requests = self.registry.log().len();
        let bytes = moved();
        let mut time = Duration::ZERO;
        for call in calls {
            time += self.runner.time(call)?;
        }
        cost.times.push(time);
        cost.requests = (self.registry.log().len() - requests) as u64;
        cost.blob_bytes = moved() - bytes;
        for call in after {
            self.runner.output(call)?;
        }
        Ok(())
    }
}

fn configuration(ground: &Ground, projects: usize) -> String {
    let address = ground.registry.address();
    let mut text = format!(
        "[repository]\nbranch = \"main\"\n[images]\nrepository = \"{address}/bench/{{package}}\"\n"
    );
    for project in 0..projects {
        text.push_str(&format!(
            "[projects.p{project}]\npath = \"p{project}\"\nversions = [\"VERSION\"]\nimage = {{ platforms = [\"{}\", \"{}\"] }}\n",
            PLATFORMS[0], PLATFORMS[1]
        ));
    }
    text
}
