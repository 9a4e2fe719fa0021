//! Many images that registry files pin by their digests, promoted through branches: dev, staging, production on `main`.

use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::github::pulls::Pull;
use monorelease_stand_ins::github::{EmbeddedForge, Right};

use super::delivery::push_to;
use super::stage::{TOKEN, bare};
use super::{Fixture, Report, git_in};

/// The branch of the bot's pull request.
pub const BRANCH: &str = "xtask/pin/dev";
pub const LLM: &str = "registry/llm_litellm.yaml";
pub const REPLICATE: &str = "registry/replicate_generic.yaml";

pub struct Processors {
    pub fixture: Fixture,
    pub forge: EmbeddedForge,
}

/// A registry file in the style of people.
pub fn registry_file(name: &str, oci: &str) -> String {
    format!(
        "# what runs of it\nref: {name}/generic@1\nimage:\n  oci: {oci}  # all platforms\n  platforms:\n    amd64: \"sha256:pending\"\nsecrets:\n  required:\n    - API_TOKEN\n"
    )
}

impl Processors {
    /// Two processors that were never built, on all three branches; HEAD is that of dev.
    pub fn new() -> Self {
        Self::with(Fixture::new())
    }

    pub fn with(fixture: Fixture) -> Self {
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
        let more = "[images-from]\nfiles = \"registry/*.yaml\"\ndockerfile = \"processors/{name}/Dockerfile\"\ncontext = \".\"\n\
                    paths = [\"processors/{name}\", \"libs\"]\n[environments.dev]\nbranch = \"dev\"\n[environments.staging]\n\
                    branch = \"staging\"\nafter = \"dev\"\n[environments.production]\nafter = \"staging\"\n";
        fixture.write("xtask/monorepo.toml", &format!("{config}{more}"));
        fixture.write(LLM, &registry_file("llm", "sha256:pending"));
        let replicate = format!(
            "{}/acme/replicate-generic@sha256:pending",
            fixture.registry.address()
        );
        fixture.write(REPLICATE, &registry_file("replicate", &replicate));
        for name in ["llm_litellm", "replicate_generic"] {
            fixture.write(
                &format!("processors/{name}/Dockerfile"),
                "FROM scratch\nCOPY libs /libs\n",
            );
        }
        fixture.write("libs/shared.py", "A = 1\n");
        fixture.git(&["add", "--all"]);
        fixture.commit_all("feat: processors");
        fixture.git(&["checkout", "--quiet", "-b", "dev"]);
        fixture.git(&[
            "push",
            "--quiet",
            "origin",
            "dev",
            "dev:staging",
            "dev:main",
        ]);
        let forge = EmbeddedForge::start("acme/mono", &bare(&fixture)).unwrap();
        forge.give_token(TOKEN, Right::Write);
        Self { fixture, forge }
    }

    pub fn run(&self, arguments: &[&str]) -> Report {
        let ran = self
            .fixture
            .run_with(
                arguments,
                &[
                    ("GITHUB_API_URL", &self.forge.url()),
                    ("GITHUB_TOKEN", TOKEN),
                ],
            )
            .hides(TOKEN);
        assert_eq!(self.forge.unexpected(), Vec::<String>::new());
        ran
    }

    /// Runs it and insists that it went well; gives kind and verdict of every step.
    pub fn ok(&self, arguments: &[&str]) -> Vec<String> {
        self.run(&[arguments, &["--json"]].concat())
            .succeeded()
            .verdicts()
    }

    /// Pushes what a build of HEAD would, under the name that it would have.
    pub fn push_builds(&self, packages: &[&str]) {
        let head = self.fixture.head();
        for package in packages {
            stand_in::push_to(
                &self.fixture.registry,
                &format!("acme/{package}"),
                &head[..7],
                "linux/amd64",
                &head[..7],
                &head,
                true,
            )
            .unwrap();
        }
    }

    /// A change on dev, there and here.
    pub fn change(&self, file: &str, text: &str) {
        self.fixture.write(file, text);
        self.fixture.git(&["add", "--all"]);
        self.fixture.commit_all("feat: change");
        self.fixture.git(&["push", "--quiet", "origin", "dev"]);
    }

    pub fn open(&self) -> Vec<Pull> {
        self.forge
            .pulls()
            .into_iter()
            .filter(|pull| pull.is_open)
            .collect()
    }

    /// Merges the bot's pull request into dev, and takes HEAD there.
    pub fn merge(&self) {
        let there = bare(&self.fixture);
        git_in(&there, &["update-ref", "refs/heads/dev", BRANCH]);
        self.forge.set_open(self.open()[0].number, false);
        self.fixture
            .git(&["pull", "--quiet", "--ff-only", "origin", "dev"]);
    }

    /// A file at the head of a branch of the remote.
    pub fn at(&self, branch: &str, file: &str) -> String {
        git_in(&bare(&self.fixture), &["show", &format!("{branch}:{file}")])
    }

    pub fn there(&self) -> String {
        git_in(&bare(&self.fixture), &["for-each-ref"])
    }

    pub fn by_hand(&self, branch: &str, files: &[(&str, &str)]) {
        push_to(
            &self.fixture.folder().join("hand"),
            &bare(&self.fixture),
            branch,
            files,
            "feat: by hand",
        );
    }

    /// The digest that a text says of the image of all platforms.
    pub fn digest(text: &str) -> String {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("oci:"))
            .unwrap();
        line.split('@')
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    }
}
