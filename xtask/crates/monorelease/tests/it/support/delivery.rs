//! A fixture whose service runs in two environments, told by a repository of its own, and releases of it in the registry.

use std::fs;
use std::path::{Path, PathBuf};

use monorelease::rehearse::images as stand_in;
use serde_json::json;

use super::{Fixture, git_in};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub struct Delivered {
    pub fixture: Fixture,
}

/// A file that says `api` runs 0.1.0, with its digest when one is given.
pub fn deployment(registry: &str, image: &str) -> String {
    format!(
        "# what runs\nspec:\n  containers:\n    - name: api\n      image: {registry}/acme/{image} # ours\n    - image: nginx:1.27\n"
    )
}

impl Delivered {
    /// Staging and production are folders of one repository; releases 0.1.0 and 0.2.0 are served; 0.1.0 runs in both.
    pub fn new() -> Self {
        let delivered = Self::with("", &[]);
        let fixture = &delivered.fixture;
        let config = fixture.read("xtask/monorepo.toml");
        let pins = ["staging", "production"].map(|stage| {
            let git = delivered.there().display().to_string();
            format!("[[pins]]\nproject = \"api\"\nenvironment = \"{stage}\"\ngit = \"{git}\"\nfile = \"{stage}/*.yaml\"\n")
        });
        fixture.write(
            "xtask/monorepo.toml",
            &format!("{config}[environments.staging]\n[environments.production]\nafter = \"staging\"\napproval = true\n{}", pins.concat()),
        );
        fixture.commit_all("chore: say what runs where");
        fixture.git(&["push", "--quiet", "origin", "main"]);
        for version in ["0.1.0", "0.2.0", "0.3.0"] {
            delivered.release("api", version);
        }
        let image = format!("api:0.1.0@{}", delivered.digest("api", "0.1.0"));
        let text = deployment(&fixture.registry.address(), &image);
        delivered.push_there(
            &[
                ("staging/api.yaml", &text),
                ("production/api.yaml", &text),
                ("README.md", "what runs\n"),
            ],
            "feat: begin",
        );
        delivered
    }

    /// A fixture with more configuration, and an empty repository of what runs, with these files in its `main`.
    pub fn with(config: &str, files: &[(&str, &str)]) -> Self {
        let fixture = Fixture::new();
        fixture.write(
            "xtask/monorepo.toml",
            &format!("{}{config}", fixture.read("xtask/monorepo.toml")),
        );
        let delivered = Self { fixture };
        git_in(
            &delivered.fixture.folder(),
            &[
                "init",
                "--quiet",
                "--template=",
                "--bare",
                "--initial-branch",
                "main",
                "deploy.git",
            ],
        );
        // As forges do: who fetches may leave contents out.
        git_in(
            &delivered.there(),
            &["config", "uploadpack.allowFilter", "true"],
        );
        if !files.is_empty() {
            delivered.push_there(files, "feat: begin");
        }
        delivered
    }

    /// The repository of what runs.
    pub fn there(&self) -> PathBuf {
        self.fixture.folder().join("deploy.git")
    }

    /// Serves a release of two platforms, as `release` leaves it, under the version's name.
    pub fn release(&self, package: &str, version: &str) -> String {
        let registry = &self.fixture.registry;
        let repository = format!("acme/{package}");
        let build = format!("b{version}");
        let entries = ["amd64", "arm64"].map(|arch| {
            let commit = format!("{:0<40}", version.replace('.', ""));
            stand_in::push_to(registry, &repository, &build, &format!("linux/{arch}"), version, &commit, false).unwrap();
            let tag = format!("{build}-{arch}");
            let (media_type, bytes) = registry.manifest(&repository, &tag).unwrap();
            let digest = registry.digest(&repository, &tag).unwrap().to_string();
            json!({ "mediaType": media_type, "digest": digest, "size": bytes.len(), "platform": { "os": "linux", "architecture": arch } })
        });
        let index =
            json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string();
        let url = format!(
            "http://{}/v2/{repository}/manifests/{version}",
            registry.address()
        );
        ureq::put(&url)
            .header("Content-Type", INDEX)
            .send(index.as_bytes())
            .unwrap();
        self.digest(package, version)
    }

    pub fn digest(&self, package: &str, tag: &str) -> String {
        self.fixture
            .registry
            .digest(&format!("acme/{package}"), tag)
            .unwrap()
            .to_string()
    }

    /// Somebody else's commit in the repository of what runs.
    pub fn push_there(&self, files: &[(&str, &str)], message: &str) {
        push_to(
            &self.fixture.folder().join("hand"),
            &self.there(),
            "main",
            files,
            message,
        );
    }

    /// A file at the head of its `main`.
    pub fn file(&self, path: &str) -> String {
        git_in(&self.there(), &["show", &format!("main:{path}")])
    }

    /// The subjects of its `main`, newest first.
    pub fn subjects(&self) -> Vec<String> {
        git_in(&self.there(), &["log", "--format=%s", "main"])
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub fn message(&self) -> String {
        git_in(&self.there(), &["log", "-1", "--format=%B", "main"])
    }

    pub fn refs(&self) -> String {
        git_in(&self.there(), &["for-each-ref"])
    }
}

/// Commits files to a branch of a bare repository, through a clone that goes again.
pub fn push_to(clone: &Path, bare: &Path, branch: &str, files: &[(&str, &str)], message: &str) {
    git_in(
        bare.parent().unwrap(),
        &[
            "clone",
            "--quiet",
            bare.to_str().unwrap(),
            clone.to_str().unwrap(),
        ],
    );
    let known = git_in(clone, &["ls-remote", "--heads", "origin", branch]);
    match known.is_empty() {
        true => git_in(clone, &["checkout", "--quiet", "--orphan", branch]),
        false => git_in(
            clone,
            &[
                "checkout",
                "--quiet",
                "-B",
                branch,
                &format!("origin/{branch}"),
            ],
        ),
    };
    for (path, text) in files {
        let path = clone.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    git_in(clone, &["add", "--all"]);
    git_in(
        clone,
        &[
            "-c",
            "user.name=Hand",
            "-c",
            "user.email=hand@localhost",
            "commit",
            "--quiet",
            "--message",
            message,
        ],
    );
    git_in(clone, &["push", "--quiet", "origin", branch]);
    fs::remove_dir_all(clone).unwrap();
}
