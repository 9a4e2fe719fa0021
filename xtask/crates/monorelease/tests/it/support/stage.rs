//! A repository with a forge: three projects that are released, and what `release-pr` makes of changes.

use snapbox::IntoData;
use std::path::{Path, PathBuf};

use monorelease_stand_ins::github::pulls::Pull;
use monorelease_stand_ins::github::{EmbeddedForge, Right};

use super::{Fixture, Report, git_in};

pub const TOKEN: &str = "ghp_a-token-that-nobody-may-see";
pub const BRANCH: &str = "release/next";

/// A repository whose three projects are released at 0.1.0, and its forge.
pub struct Stage {
    pub fixture: Fixture,
    pub forge: EmbeddedForge,
    /// What is asked in place of the forge: something that stands before it.
    pub before: Option<String>,
}

impl Stage {
    pub fn new() -> Self {
        let fixture = Fixture::new();
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
        Self::with_config(fixture, &config)
    }

    pub fn with_config(fixture: Fixture, config: &str) -> Self {
        fixture.write("xtask/monorepo.toml", config);
        fixture.commit_all("chore: a forge");
        for tag in ["core-v0.1.0", "api-v0.1.0", "web-v0.1.0"] {
            fixture.git(&["tag", "--annotate", "--message", tag, tag]);
        }
        fixture.git(&["push", "--quiet", "origin", "main", "--tags"]);
        let forge = EmbeddedForge::start("acme/mono", &bare(&fixture)).unwrap();
        forge.give_token(TOKEN, Right::Write);
        Self {
            fixture,
            forge,
            before: None,
        }
    }

    /// A change on main, there and here.
    pub fn change(&self, file: &str, message: &str) {
        let text = std::fs::read_to_string(self.fixture.root().join(file)).unwrap_or_default();
        self.fixture.write(file, &format!("{text}x\n"));
        self.fixture.git(&["add", "--all"]);
        self.fixture
            .git(&["commit", "--quiet", "--message", message]);
        self.fixture.git(&["push", "--quiet", "origin", "main"]);
    }

    pub fn run_as(&self, token: &str, arguments: &[&str]) -> Report {
        let url = self.before.clone().unwrap_or_else(|| self.forge.url());
        let all = [&["release-pr"], arguments].concat();
        let ran = self
            .fixture
            .run_with(
                &all,
                &[("GITHUB_API_URL", url.as_str()), ("GITHUB_TOKEN", token)],
            )
            .hides(token);
        assert_eq!(self.forge.unexpected(), Vec::<String>::new());
        ran
    }

    pub fn run(&self, arguments: &[&str]) -> Report {
        self.run_as(TOKEN, arguments)
    }

    /// Runs it and insists that it went well; gives the document.
    pub fn ok(&self, arguments: &[&str]) -> Report {
        self.run(&[arguments, &["--json"]].concat())
            .with_document()
            .succeeded()
    }

    pub fn refused(&self, code: i32, expected: impl IntoData) -> Report {
        let before = (self.there(), self.forge.pulls());
        let ran = self.run(&[]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        ran.assert_stderr(expected);
        assert_eq!(
            (self.there(), self.forge.pulls()),
            before,
            "what is refused does nothing"
        );
        ran
    }

    /// The refs of the remote.
    pub fn there(&self) -> String {
        git_in(&bare(&self.fixture), &["for-each-ref"])
    }

    pub fn tip(&self) -> Option<String> {
        let found = git_in(
            &bare(&self.fixture),
            &[
                "for-each-ref",
                "--format=%(objectname)",
                &format!("refs/heads/{BRANCH}"),
            ],
        );
        Some(found.trim().to_owned()).filter(|tip| !tip.is_empty())
    }

    pub fn at_tip(&self, path: &str) -> String {
        git_in(
            &bare(&self.fixture),
            &["show", &format!("refs/heads/{BRANCH}:{path}")],
        )
    }

    pub fn open(&self) -> Vec<Pull> {
        self.forge
            .pulls()
            .into_iter()
            .filter(|pull| pull.is_open)
            .collect()
    }

    /// Merges as the forge would: by squash, or with a merge commit.
    pub fn merge(&self, squash: bool) {
        let fixture = &self.fixture;
        fixture.git(&["fetch", "--quiet", "origin", BRANCH]);
        match squash {
            true => {
                fixture.git(&["merge", "--quiet", "--squash", "FETCH_HEAD"]);
                let pull = &self.open()[0];
                fixture.git(&[
                    "commit",
                    "--quiet",
                    "--message",
                    &format!("{} (#{})\n\n{}", pull.title, pull.number, pull.body),
                ]);
            }
            false => drop(fixture.git(&[
                "merge",
                "--quiet",
                "--no-ff",
                "--message",
                "Merge pull request #1 from acme/release/next",
                "FETCH_HEAD",
            ])),
        }
        fixture.git(&["push", "--quiet", "origin", "main"]);
        self.forge.set_open(self.open()[0].number, false);
    }
}

pub fn bare(fixture: &Fixture) -> PathBuf {
    fixture
        .root()
        .parent()
        .unwrap_or(Path::new("/"))
        .join("origin.git")
}
