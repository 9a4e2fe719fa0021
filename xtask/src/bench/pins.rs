//! `bench pins`: what a promotion costs by the number of files that say what runs, beside plain git and sed doing the same edit.
//!
//! The plain way is the limit: one clone, one commit, one push, and no question to anybody. Nothing is judged here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::peers::this_program;
use super::promotion::{Comparison, Cost};
use crate::model::image::media_type::{OCI_INDEX, OCI_MANIFEST};
use crate::model::image::{Platform, Repository};
use crate::oci_registry::client::{Registry, RegistryOptions};
use crate::oci_registry::credentials::Credentials;
use crate::process::{Call, Runner};
use crate::rehearse::images::StandIn;
use crate::stand_ins::registry::EmbeddedRegistry;
use crate::{rehearse, world};

/// As benches are named.
pub const NAME: &str = "pins";

/// Files that one promotion changes.
const FILES: [usize; 3] = [10, 100, 1_000];
const BEFORE: &str = "0.1.0";
const AFTER: &str = "0.2.0";

/// A repository with one project, the registry with two releases of it, and the repository of what runs.
struct Ground<'a> {
    runner: &'a Runner,
    folder: PathBuf,
    registry: EmbeddedRegistry,
    /// The head of what runs, before anything was promoted.
    begin: String,
}

/// `sizes` are numbers of files in place of ours, where there are some.
pub fn run(
    runner: &Runner,
    above: &Path,
    rounds: u32,
    sizes: &[u32],
    say: &dyn Fn(&str),
) -> anyhow::Result<Vec<Comparison>> {
    let compare = |files: usize| {
        say(&format!("{files} pins in one promotion"));
        comparison(runner, above.join(format!("pins-{files}")), rounds, files)
    };
    let asked: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
    if asked.is_empty() {
        FILES.into_iter().map(compare).collect()
    } else {
        asked.into_iter().map(compare).collect()
    }
}

fn comparison(
    runner: &Runner,
    folder: PathBuf,
    rounds: u32,
    files: usize,
) -> anyhow::Result<Comparison> {
    let ground = Ground::make(runner, folder, files)?;
    let ours = [ground.call(&["promote", "app", "--to", "staging", "--version", AFTER])?];
    let plain = ground.plain()?;
    let mut own = Cost::default();
    let mut limit = Cost::default();
    own.memory = ground.memory(&ours[0])?;
    // Taking turns, so that what else the machine does falls on both.
    for _ in 0..rounds {
        ground.round(&mut own, &ours)?;
        ground.round(&mut limit, &plain)?;
    }
    own.times.sort();
    limit.times.sort();
    let rows = vec![
        ("cargo xtask promote".to_owned(), Ok(own)),
        ("git clone, sed, git commit, git push".to_owned(), Ok(limit)),
    ];
    Ok(Comparison {
        of: format!("{files} pins in one promotion"),
        rows,
    })
}

impl<'a> Ground<'a> {
    fn make(runner: &'a Runner, folder: PathBuf, count: usize) -> anyhow::Result<Self> {
        let registry = EmbeddedRegistry::start().context("starting the embedded registry")?;
        let mut ground = Self {
            runner,
            folder,
            registry,
            begin: String::new(),
        };
        let digest = ground.release(BEFORE)?;
        ground.release(AFTER)?;
        let address = ground.registry.address();
        let there = ground.there();
        let config = format!(
            "[images]\nrepository = \"{address}/bench/{{package}}\"\n[projects.app]\npath = \"app\"\nversions = [\"VERSION\"]\n\
             image = {{ platforms = [\"linux/amd64\"] }}\n[environments.staging]\n[[pins]]\nproject = \"app\"\nenvironment = \"staging\"\n\
             git = \"{}\"\nfile = \"apps/*/deployment.yaml\"\n",
            there.display()
        );
        let work = ground.work();
        world::files::write_own(&work.join("xtask/monorepo.toml"), &config)?;
        world::files::write_own(&work.join("app/VERSION"), &format!("{AFTER}\n"))?;
        let edit = ground.folder.join("edit");
        for place in 0..count {
            let text = deployment(place, &format!("{address}/bench/app:{BEFORE}@{digest}"));
            world::files::write_own(
                &edit.join(format!("apps/a{place:05}/deployment.yaml")),
                &text,
            )?;
        }
        for tree in [&work, &edit] {
            ground.git(tree, &["init", "--quiet", "--initial-branch", "main"])?;
            for (key, value) in [
                ("user.name", "Bench"),
                ("user.email", "bench@localhost"),
                ("commit.gpgSign", "false"),
            ] {
                ground.git(tree, &["config", key, value])?;
            }
            ground.git(tree, &["add", "--all"])?;
            ground.git(tree, &["commit", "--quiet", "--message", "feat: begin"])?;
        }
        let bare = there.display().to_string();
        ground.git(
            &edit,
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch",
                "main",
                &bare,
            ],
        )?;
        // As forges do: who fetches may leave contents out.
        ground.git(&there, &["config", "uploadpack.allowFilter", "true"])?;
        ground.git(&edit, &["push", "--quiet", &bare, "main"])?;
        ground.begin = ground.git(&edit, &["rev-parse", "HEAD"])?.trim().to_owned();
        Ok(ground)
    }

    /// Serves a release of one platform, and gives the digest of its index.
    fn release(&self, version: &str) -> anyhow::Result<String> {
        let client = Registry::new(RegistryOptions::new(Credentials::default()));
        let repository = Repository {
            host: self.registry.address(),
            path: "bench/app".to_owned(),
        };
        let platform: Platform = "linux/amd64".parse()?;
        let image = StandIn {
            platform: &platform,
            version,
            revision: &"0".repeat(40),
            created: "2026-01-01T00:00:00Z",
            attested: false,
            layer_bytes: rehearse::images::LAYER_BYTES,
        };
        let tag = format!("{version}-amd64");
        let child = rehearse::images::push(&client, &repository, &tag, &image)?;
        let size = client
            .manifest(&repository, &tag)?
            .context("what was pushed is not served")?
            .bytes
            .len();
        let platform = json!({ "os": "linux", "architecture": "amd64" });
        let entry = json!({ "mediaType": OCI_MANIFEST, "digest": child.to_string(), "size": size, "platform": platform });
        let index = serde_json::to_vec(
            &json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry] }),
        )?;
        Ok(client
            .put_manifest(&repository, version, OCI_INDEX, &index)?
            .to_string())
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn there(&self) -> PathBuf {
        self.folder.join("there.git")
    }

    fn git(&self, folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        self.runner
            .output(&Call::new("git").arg("-C").arg(folder).args(arguments))
    }

    fn call(&self, arguments: &[&str]) -> anyhow::Result<Call> {
        Ok(this_program(arguments, &self.work())?.arg("--yes"))
    }

    /// The same change by a shell: whatever knows which digest is wanted can do no less than this.
    fn plain(&self) -> anyhow::Result<Vec<Call>> {
        let digest = |version| {
            self.registry
                .digest("bench/app", version)
                .with_context(|| format!("{version} is not served"))
        };
        let before = digest(BEFORE)?;
        let after = digest(AFTER)?;
        let clone = self.folder.join("clone");
        let git = |arguments: &[&str]| {
            Call::new("git")
                .arg("-C")
                .arg(&clone)
                .args(["-c", "user.name=Bench"])
                .args(["-c", "user.email=b@localhost"])
                .args(arguments)
        };
        let sed = format!(
            "find apps -name deployment.yaml -exec sed -i 's/{BEFORE}@{before}/{AFTER}@{after}/' {{}} +"
        );
        Ok(vec![
            Call::new("rm").args(["-rf"]).arg(&clone),
            Call::new("git")
                .args(["clone", "--quiet", "--depth", "1"])
                .arg(format!("file://{}", self.there().display()))
                .arg(&clone),
            Call::new("sh").args(["-c", &sed]).folder(&clone),
            git(&["commit", "--quiet", "--all", "--message", "chore: promote"]),
            git(&["push", "--quiet", "origin", "main"]),
        ])
    }

    /// What runs is again what ran in the beginning.
    fn go_back(&self) -> anyhow::Result<()> {
        self.git(
            &self.there(),
            &["update-ref", "refs/heads/main", &self.begin],
        )
        .map(drop)
    }

    fn memory(&self, call: &Call) -> anyhow::Result<Option<u64>> {
        self.go_back()?;
        self.runner.peak_memory(call)
    }

    fn round(&self, cost: &mut Cost, calls: &[Call]) -> anyhow::Result<()> {
        self.go_back()?;
        let requests = self.registry.log().len();
        let mut time = Duration::ZERO;
        for call in calls {
            time += self.runner.time(call)?;
        }
        let head = self.git(&self.there(), &["rev-parse", "main"])?;
        anyhow::ensure!(
            head.trim() != self.begin,
            "{} pushed nothing",
            calls.first().map(Call::line).unwrap_or_default()
        );
        cost.times.push(time);
        cost.requests = (self.registry.log().len() - requests) as u64;
        Ok(())
    }
}

/// A file as people write it, with some sixty lines of other things.
fn deployment(place: usize, image: &str) -> String {
    let variables: String = (0..20)
        .map(|number| {
            format!("            - name: SETTING_{number}\n              value: \"{number}\"\n")
        })
        .collect();
    format!(
        "# what runs\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{place}\n  labels: {{app: app-{place}}}\nspec:\n  replicas: 2\n  \
         selector:\n    matchLabels: {{app: app-{place}}}\n  template:\n    metadata:\n      labels: {{app: app-{place}}}\n    spec:\n      \
         containers:\n        - name: app\n          image: {image} # ours\n          env:\n{variables}"
    )
}
