//! What a promotion costs by the number of files with an image pin, beside plain git and sed with
//! the same edit.
//!
//! Plain git is the limit: one clone, one commit, one push, and no request to the registry.

use std::path::{Path, PathBuf};

use anyhow::Context;
use monorelease::rehearse::images::{self, LAYER_BYTES, StandIn};
use monorelease_model::image::media_type::{OCI_INDEX, OCI_MANIFEST};
use monorelease_model::image::{Platform, Repository};
use monorelease_oci_registry::client::Registry;
use monorelease_oci_registry::credentials::Credentials;
use monorelease_oci_registry::options::RegistryOptions;
use monorelease_process::Call;
use monorelease_stand_ins::registry::EmbeddedRegistry;
use serde_json::json;

use crate::comparison::{ComparedProgram, Comparison, Cost};
use crate::measure::peak_memory;
use crate::{Bench, fixture};

/// Numbers of files that one promotion changes.
const FILES: [u32; 3] = [10, 100, 1_000];
/// The budget is for this many files.
const BUDGET_FILES: u32 = 1_000;
const MAX_RATIO_TO_PLAIN_GIT: f64 = 1.0;
const DEPLOYED: &str = "0.1.0";
const PROMOTED: &str = "0.2.0";

/// `sizes` are numbers of files; without any, the usual ones.
pub fn run(bench: &Bench, folder: &Path, sizes: &[u32]) -> anyhow::Result<Vec<Comparison>> {
    let sizes = if sizes.is_empty() { &FILES } else { sizes };
    let compare = |&files: &u32| {
        let text = format!("{files} pins in one promotion");
        bench.output.status("Measuring", &text);
        comparison(bench, folder.join(format!("files-{files}")), files, text)
    };
    sizes.iter().map(compare).collect()
}

fn comparison(
    bench: &Bench,
    folder: PathBuf,
    files: u32,
    of: String,
) -> anyhow::Result<Comparison> {
    let fixture = Fixture::create(bench, folder, files)?;
    let promote = ["promote", "app", "--to", "staging", "--version", PROMOTED];
    let promote = [bench.program.call(&promote, &fixture.work()).arg("--yes")];
    let plain = fixture.plain_git()?;
    let mut own = Cost::default();
    let mut limit = Cost::default();
    // Of several runs the first one promotes, and needs the most.
    own.figures.peak_memory = peak_memory(&bench.runner, &promote[0])?;
    // In turns, so that other load on the machine slows both alike.
    for _ in 0..bench.rounds {
        fixture.add_round(&mut own, &promote)?;
        fixture.add_round(&mut limit, &plain)?;
    }
    own.figures.times.sort();
    limit.figures.times.sort();
    let mut plain_git = ComparedProgram::new("git clone, sed, git commit, git push", Ok(limit));
    if files == BUDGET_FILES {
        plain_git = plain_git.budget(MAX_RATIO_TO_PLAIN_GIT);
    }
    Ok(Comparison {
        of,
        programs: vec![
            ComparedProgram::new("monorelease promote", Ok(own)),
            plain_git,
        ],
        max_requests: None,
    })
}

/// A repository with one project, a registry with two releases of it, and the bare repository
/// with the pins.
struct Fixture<'a> {
    bench: &'a Bench,
    folder: PathBuf,
    registry: EmbeddedRegistry,
    /// The commit of the bare repository before a promotion.
    start: String,
}

impl<'a> Fixture<'a> {
    fn create(bench: &'a Bench, folder: PathBuf, files: u32) -> anyhow::Result<Self> {
        let registry = EmbeddedRegistry::start().context("starting the embedded registry")?;
        let mut fixture = Self {
            bench,
            folder,
            registry,
            start: String::new(),
        };
        let digest = fixture.push_release(DEPLOYED)?;
        fixture.push_release(PROMOTED)?;
        fixture.create_project()?;
        let address = fixture.registry.address();
        let image = format!("{address}/bench/app:{DEPLOYED}@{digest}");
        fixture.start = fixture.create_pins(files, &image)?;
        Ok(fixture)
    }

    /// Pushes a release of one platform and gives the digest of its image index.
    fn push_release(&self, version: &str) -> anyhow::Result<String> {
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
            layer_bytes: LAYER_BYTES,
        };
        let tag = format!("{version}-amd64");
        let digest = images::push(&client, &repository, &tag, &image)?;
        let size = client
            .manifest(&repository, &tag)?
            .context("the registry does not serve a pushed manifest")?
            .bytes
            .len();
        let index = json!({
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{
                "mediaType": OCI_MANIFEST,
                "digest": digest.to_string(),
                "size": size,
                "platform": { "os": "linux", "architecture": "amd64" },
            }],
        });
        let index = serde_json::to_vec(&index)?;
        let digest = client.put_manifest(&repository, version, OCI_INDEX, &index)?;
        Ok(digest.to_string())
    }

    fn create_project(&self) -> anyhow::Result<()> {
        let work = self.work();
        let config = format!(
            "[images]\nrepository = \"{}/bench/{{package}}\"\n\
             [projects.app]\npath = \"app\"\nversions = [\"VERSION\"]\nimage = {{ platforms = [\"linux/amd64\"] }}\n\
             [environments.staging]\n\
             [[pins]]\nproject = \"app\"\nenvironment = \"staging\"\ngit = \"{}\"\nfile = \"apps/*/deployment.yaml\"\n",
            self.registry.address(),
            self.remote().display()
        );
        fixture::write(&work.join("xtask/monorepo.toml"), &config)?;
        fixture::write(&work.join("app/VERSION"), &format!("{PROMOTED}\n"))?;
        fixture::init(&self.bench.runner, &work)?;
        fixture::commit(&self.bench.runner, &work)
    }

    /// Creates the bare repository with the pins and gives its commit.
    fn create_pins(&self, files: u32, image: &str) -> anyhow::Result<String> {
        let runner = &self.bench.runner;
        let source = self.folder.join("source");
        for number in 0..files {
            let path = source.join(format!("apps/a{number:05}/deployment.yaml"));
            fixture::write(&path, &deployment(number, image))?;
        }
        fixture::init(runner, &source)?;
        fixture::commit(runner, &source)?;
        let remote = self.remote();
        let url = remote.display().to_string();
        let branch = ["--initial-branch", "main"];
        let init = [&["init", "--quiet", "--bare"], &branch[..], &[&url]].concat();
        fixture::git(runner, &source, &init)?;
        // As GitHub does: a fetch may leave out the contents of files.
        let allow_filter = ["config", "uploadpack.allowFilter", "true"];
        fixture::git(runner, &remote, &allow_filter)?;
        fixture::git(runner, &source, &["push", "--quiet", &url, "main"])?;
        let commit = fixture::git(runner, &source, &["rev-parse", "HEAD"])?;
        Ok(commit.trim().to_owned())
    }

    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn remote(&self) -> PathBuf {
        self.folder.join("pins.git")
    }

    /// The same change by git and a shell.
    fn plain_git(&self) -> anyhow::Result<Vec<Call>> {
        let digest = |version| {
            self.registry
                .digest("bench/app", version)
                .with_context(|| format!("the registry does not serve {version}"))
        };
        let deployed = digest(DEPLOYED)?;
        let promoted = digest(PROMOTED)?;
        let clone = self.folder.join("clone");
        let git = |arguments: &[&str]| {
            Call::new("git")
                .arg("-C")
                .arg(&clone)
                .args(["-c", "user.name=Bench"])
                .args(["-c", "user.email=bench@localhost"])
                .args(arguments)
        };
        let sed = format!(
            "find apps -name deployment.yaml -exec sed -i 's/{DEPLOYED}@{deployed}/{PROMOTED}@{promoted}/' {{}} +"
        );
        Ok(vec![
            Call::new("rm").arg("-rf").arg(&clone),
            Call::new("git")
                .args(["clone", "--quiet", "--depth", "1"])
                .arg(format!("file://{}", self.remote().display()))
                .arg(&clone),
            Call::new("sh").args(["-c", &sed]).folder(&clone),
            git(&["commit", "--quiet", "--all", "--message", "chore: promote"]),
            git(&["push", "--quiet", "origin", "main"]),
        ])
    }

    /// Undoes a promotion.
    fn reset(&self) -> anyhow::Result<()> {
        let update = ["update-ref", "refs/heads/main", &self.start];
        fixture::git(&self.bench.runner, &self.remote(), &update).map(drop)
    }

    fn add_round(&self, cost: &mut Cost, calls: &[Call]) -> anyhow::Result<()> {
        self.reset()?;
        cost.add_round(&self.bench.runner, &self.registry, calls)?;
        let head = ["rev-parse", "main"];
        let head = fixture::git(&self.bench.runner, &self.remote(), &head)?;
        anyhow::ensure!(
            head.trim() != self.start,
            "`{}` pushed nothing",
            calls.first().map(Call::line).unwrap_or_default()
        );
        Ok(())
    }
}

/// A manifest as people write it, with some sixty lines around the image.
fn deployment(number: u32, image: &str) -> String {
    let variables: String = (0..20)
        .map(|number| {
            format!("            - name: SETTING_{number}\n              value: \"{number}\"\n")
        })
        .collect();
    format!(
        "# deployed by Argo CD\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{number}\n  labels: {{app: app-{number}}}\nspec:\n  replicas: 2\n  \
         selector:\n    matchLabels: {{app: app-{number}}}\n  template:\n    metadata:\n      labels: {{app: app-{number}}}\n    spec:\n      \
         containers:\n        - name: app\n          image: {image} # ours\n          env:\n{variables}"
    )
}
