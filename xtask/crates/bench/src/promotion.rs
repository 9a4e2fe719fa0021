//! What a release costs in requests, bytes and time, beside crane and docker; what it costs to find
//! a candidate among many tags, and to make many releases at once.
//!
//! The registry is the embedded one and the layers are zeros, so that the figures are those of the
//! programs and not of a network.

use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease::rehearse::images::{self, LAYER_BYTES, StandIn};
use monorelease_model::image::{Platform, Repository};
use monorelease_oci_registry::client::Registry;
use monorelease_oci_registry::credentials::Credentials;
use monorelease_oci_registry::options::RegistryOptions;
use monorelease_process::Call;
use monorelease_stand_ins::registry::{EmbeddedRegistry, Kept};

use crate::comparison::{ComparedProgram, Comparison, Cost};
use crate::{Bench, fixture};

/// The layer of each of two platforms: an image of 200 MB.
const LARGE_LAYER_BYTES: usize = 100_000_000;
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const VERSION: &str = "0.1.0";
/// HTTP requests that the release of an image of two platforms may take.
const MAX_REQUESTS: u64 = 12;
/// Tags of other builds, in the repository that the candidate is found in.
const OTHER_TAGS: [usize; 3] = [100, 1_000, 10_000];
/// Finding a candidate may take this many times as long as listing the tags.
const MAX_RATIO_TO_LISTING: f64 = 1.5;
/// Projects that are released at once.
const PROJECTS_AT_ONCE: usize = 50;

pub fn run(bench: &Bench, folder: &Path) -> anyhow::Result<Vec<Comparison>> {
    let measuring = |text: &str| bench.output.status("Measuring", text);
    measuring("the promotion of an image of 200 MB");
    let mut comparisons = vec![promotion(bench, &folder.join("image"))?];
    for tags in OTHER_TAGS {
        measuring(&format!("a candidate among {tags} other tags"));
        comparisons.push(discovery(
            bench,
            &folder.join(format!("tags-{tags}")),
            tags,
        )?);
    }
    measuring(&format!("{PROJECTS_AT_ONCE} releases at once"));
    comparisons.push(at_once(bench, &folder.join("at-once"))?);
    Ok(comparisons)
}

fn promotion(bench: &Bench, folder: &Path) -> anyhow::Result<Comparison> {
    let fixture = Fixture::create(bench, folder, 1, LARGE_LAYER_BYTES)?;
    let repository = fixture.repository(0);
    let build = |platform: &str| {
        let arch = platform.trim_start_matches("linux/");
        format!("{repository}:{}-{arch}", fixture.build_id)
    };
    let released = format!("{repository}:{VERSION}");
    let [amd64, arm64] = PLATFORMS.map(build);
    let crane = |arguments: &[&str]| Call::new("crane").args(arguments);
    let by_crane = [
        crane(&["tag", &amd64, &format!("{VERSION}-amd64")]),
        crane(&["tag", &arm64, &format!("{VERSION}-arm64")]),
        crane(&[
            "index", "append", "-m", &amd64, "-m", &arm64, "-t", &released,
        ]),
    ];
    let by_docker = docker_platform(bench).and_then(|platform| {
        let image = build(&platform);
        let docker = |arguments: &[&str]| Call::new("docker").args(arguments);
        let calls = [
            docker(&["pull", &image]),
            docker(&["tag", &image, &released]),
            docker(&["push", &released]),
        ];
        let clean_up = [docker(&["image", "rm", "--force", &image, &released])];
        fixture.measure(&calls, &clean_up)
    });
    Ok(Comparison {
        of: "promotion of an image of 200 MB".to_owned(),
        programs: vec![
            ComparedProgram::new(
                "monorelease release",
                Ok(fixture.measure(&[fixture.call(&["release", "p0"])], &[])?),
            ),
            ComparedProgram::new(
                "crane tag, tag, index append",
                fixture.measure_if_installed("crane", &by_crane),
            ),
            ComparedProgram::new(
                "docker pull, tag, push of one platform",
                by_docker.map_err(|error| format!("{error:#}")),
            ),
        ],
        max_requests: Some(MAX_REQUESTS),
    })
}

/// The platform of the docker engine, which can pull and push images of this platform only.
fn docker_platform(bench: &Bench) -> anyhow::Result<String> {
    let format = "{{.Server.Os}}/{{.Server.Arch}}";
    let call = Call::new("docker").args(["version", "--format", format]);
    let platform = bench
        .runner
        .output(&call)
        .context("the docker engine does not answer")?;
    Ok(platform.trim().to_owned())
}

fn discovery(bench: &Bench, folder: &Path, tags: usize) -> anyhow::Result<Comparison> {
    let mut fixture = Fixture::create(bench, folder, 1, LAYER_BYTES)?;
    let repository = fixture.repository(0);
    let candidate = format!("{}-amd64", fixture.build_id);
    let others = (0..tags).map(other_build);
    fixture
        .registry
        .name_more(&repository.path, &candidate, others);
    fixture.saved = Some(fixture.registry.keep());
    let own = fixture.measure(&[fixture.call(&["release", "p0", "--dry-run"])], &[])?;
    let list = [Call::new("crane").args(["ls", &repository.to_string()])];
    Ok(Comparison {
        of: format!("a candidate among {tags} other tags"),
        programs: vec![
            ComparedProgram::new("monorelease release --dry-run", Ok(own)),
            ComparedProgram::new("crane ls", fixture.measure_if_installed("crane", &list))
                .budget(MAX_RATIO_TO_LISTING),
        ],
        max_requests: None,
    })
}

/// The tag of another build; one build a minute.
fn other_build(number: usize) -> String {
    let minute = number % 60;
    let hour = number / 60 % 24;
    let day = number / (60 * 24) % 28 + 1;
    let year = 2000 + number / (60 * 24 * 28);
    format!("{year}.01.{day:02}.{hour:02}{minute:02}-build.{number}-v0.0.1-abc1234-amd64")
}

fn at_once(bench: &Bench, folder: &Path) -> anyhow::Result<Comparison> {
    let fixture = Fixture::create(bench, folder, PROJECTS_AT_ONCE, LAYER_BYTES)?;
    let names: Vec<_> = (0..PROJECTS_AT_ONCE).map(project_name).collect();
    let mut all = vec!["release"];
    all.extend(names.iter().map(String::as_str));
    let all = fixture.measure(&[fixture.call(&all)], &[])?;
    let one = fixture.measure(&[fixture.call(&["release", "p0"])], &[])?;
    Ok(Comparison {
        of: format!("{PROJECTS_AT_ONCE} releases at once"),
        programs: vec![
            ComparedProgram::new(
                format!("monorelease release of {PROJECTS_AT_ONCE}"),
                Ok(all),
            ),
            ComparedProgram::new("monorelease release of one", Ok(one)),
        ],
        max_requests: None,
    })
}

fn project_name(project: usize) -> String {
    format!("p{project}")
}

/// A repository of image projects at their first candidate, its remote, and a registry with the
/// images of the candidates.
struct Fixture<'a> {
    bench: &'a Bench,
    folder: &'a Path,
    registry: EmbeddedRegistry,
    build_id: String,
    /// The registry before a release.
    saved: Option<Kept>,
}

impl<'a> Fixture<'a> {
    fn create(
        bench: &'a Bench,
        folder: &'a Path,
        projects: usize,
        layer_bytes: usize,
    ) -> anyhow::Result<Self> {
        // Most registries list tags in lexical order, from any name on.
        let registry = EmbeddedRegistry::builder()
            .lexical_tags()
            .page_size(100)
            .start()
            .context("starting the embedded registry")?;
        let mut fixture = Self {
            bench,
            folder,
            registry,
            build_id: String::new(),
            saved: None,
        };
        fixture.create_repository(projects)?;
        fixture.build_id = fixture.planned_build_id()?;
        fixture.push_candidates(projects, layer_bytes)?;
        fixture.saved = Some(fixture.registry.keep());
        Ok(fixture)
    }

    fn create_repository(&self, projects: usize) -> anyhow::Result<()> {
        let work = self.work();
        let configuration = self.configuration(projects);
        fixture::write(&work.join("xtask/monorepo.toml"), &configuration)?;
        for name in (0..projects).map(project_name) {
            let version_file = work.join(name).join("VERSION");
            fixture::write(&version_file, &format!("{VERSION}\n"))?;
        }
        fixture::init(&self.bench.runner, &work)?;
        fixture::commit(&self.bench.runner, &work)?;
        let remote = self.folder.join("origin.git").display().to_string();
        self.git(&["init", "--quiet", "--bare", &remote])?;
        self.git(&["remote", "add", "origin", &remote])?;
        for name in (0..projects).map(project_name) {
            let tag = candidate_tag(&name);
            self.git(&["tag", "--annotate", "--message", "candidate", &tag])?;
        }
        self.git(&["push", "--quiet", "origin", "main", "--tags"])
            .map(drop)
    }

    fn configuration(&self, projects: usize) -> String {
        let address = self.registry.address();
        let [amd64, arm64] = PLATFORMS;
        let mut text = format!(
            "[repository]\nbranch = \"main\"\n[images]\nrepository = \"{address}/bench/{{package}}\"\n"
        );
        for name in (0..projects).map(project_name) {
            text += &format!(
                "[projects.{name}]\npath = \"{name}\"\nversions = [\"VERSION\"]\nimage = {{ platforms = [\"{amd64}\", \"{arm64}\"] }}\n"
            );
        }
        text
    }

    /// The build ID that the program itself gives the candidate.
    fn planned_build_id(&self) -> anyhow::Result<String> {
        let tag = candidate_tag(&project_name(0));
        let plan = self
            .bench
            .runner
            .output(&self.call(&["plan", "--tag", &tag, "--json"]))?;
        let plan: serde_json::Value =
            serde_json::from_str(&plan).context("reading the plan of the candidate")?;
        let build_id = plan["matrix"]["include"][0]["build_id"]
            .as_str()
            .context("the plan names no build ID")?;
        Ok(build_id.to_owned())
    }

    fn push_candidates(&self, projects: usize, layer_bytes: usize) -> anyhow::Result<()> {
        let revision = self.git(&["rev-parse", "HEAD"])?;
        let client = Registry::new(RegistryOptions::new(Credentials::default()));
        for project in 0..projects {
            for platform in PLATFORMS {
                let platform: Platform = platform.parse()?;
                let tag = format!("{}-{}", self.build_id, platform.arch);
                let image = StandIn {
                    platform: &platform,
                    version: VERSION,
                    revision: revision.trim(),
                    created: "2026-01-01T00:00:00Z",
                    attested: false,
                    layer_bytes,
                };
                images::push(&client, &self.repository(project), &tag, &image)?;
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
            path: format!("bench/{}", project_name(project)),
        }
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        fixture::git(&self.bench.runner, &self.work(), arguments)
    }

    fn call(&self, arguments: &[&str]) -> Call {
        self.bench
            .program
            .call(arguments, &self.work())
            .arg("--yes")
    }

    /// Undoes a release: its tags in the registry, in the repository and at the remote.
    fn reset(&self) -> anyhow::Result<()> {
        if let Some(saved) = &self.saved {
            self.registry.go_back_to(saved);
        }
        let tags = self.git(&["tag", "--list", &format!("*-v{VERSION}")])?;
        let tags: Vec<_> = tags.lines().collect();
        if !tags.is_empty() {
            let push = ["push", "--quiet", "--delete", "origin"];
            self.git(&[&push, tags.as_slice()].concat())?;
            self.git(&[&["tag", "--delete"], tags.as_slice()].concat())?;
        }
        Ok(())
    }

    fn measure_if_installed(&self, program: &str, calls: &[Call]) -> Result<Cost, String> {
        which::which(program).map_err(|_| format!("{program} is not on the PATH"))?;
        self.measure(calls, &[])
            .map_err(|error| format!("{error:#}"))
    }

    /// Runs the calls in each round, from the same state. `clean_up` is run and not measured.
    fn measure(&self, calls: &[Call], clean_up: &[Call]) -> anyhow::Result<Cost> {
        let mut cost = Cost::default();
        for _ in 0..self.bench.rounds {
            self.reset()?;
            cost.add_round(&self.bench.runner, &self.registry, calls)?;
            for call in clean_up {
                self.bench.runner.output(call)?;
            }
        }
        cost.figures.times.sort();
        Ok(cost)
    }
}

fn candidate_tag(project: &str) -> String {
    format!("{project}-v{VERSION}-rc1")
}
