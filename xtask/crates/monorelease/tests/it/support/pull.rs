//! As `delivery`, with production reached by pull request at an embedded forge.

use monorelease_stand_ins::github::pulls::Pull;
use monorelease_stand_ins::github::{EmbeddedForge, Right};
use snapbox::IntoData;

use super::delivery::Delivered;
use super::stage::TOKEN;
use super::{Report, git_in};

/// The branch of api's pull request into production.
pub const BRANCH: &str = "xtask/deliver/production/api";

pub struct Asked {
    pub delivered: Delivered,
    pub forge: EmbeddedForge,
}

impl Asked {
    /// 0.2.0 stands in staging already, and production is asked by pull request.
    pub fn new() -> Self {
        let delivered = Delivered::new();
        let fixture = &delivered.fixture;
        let there = delivered.there().display().to_string();
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace(&there, "https://github.com/acme/cloud");
        let config = config.replace(
            "[environments.production]\n",
            "[environments.production]\nvia = \"pull-request\"\n",
        );
        fixture.write("xtask/monorepo.toml", &config);
        fixture.commit_all("chore: ask for production");
        fixture.git(&[
            "config",
            &format!("url.{there}.insteadOf"),
            "https://github.com/acme/cloud",
        ]);
        fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
        let forge = EmbeddedForge::start("acme/cloud", &delivered.there()).unwrap();
        forge.give_token(TOKEN, Right::Write);
        Self { delivered, forge }
    }

    pub fn run(&self, arguments: &[&str]) -> Report {
        let ran = self
            .delivered
            .fixture
            .run_with(
                arguments,
                &[
                    ("GITHUB_API_URL", &self.forge.url()),
                    ("DELIVERY_TOKEN", TOKEN),
                ],
            )
            .hides(TOKEN);
        assert_eq!(self.forge.unexpected(), Vec::<String>::new());
        ran
    }

    /// Runs it and insists that it went well; gives the words of all steps: kind, verdict, evidence.
    pub fn ok(&self, arguments: &[&str]) -> Vec<String> {
        let report = self
            .run(&[arguments, &["--json"]].concat())
            .with_document()
            .succeeded();
        let word =
            |step: &serde_json::Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
        report
            .steps()
            .iter()
            .map(|step| {
                format!(
                    "{} {} {}",
                    word(step, "kind"),
                    word(step, "verdict"),
                    word(step, "evidence")
                )
            })
            .collect()
    }

    /// It ends with this code and this text, and nothing changed anywhere.
    pub fn refused(&self, arguments: &[&str], code: i32, expected: impl IntoData) {
        let before = (self.delivered.refs(), self.forge.pulls());
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        ran.assert_stderr(expected);
        assert_eq!(
            (self.delivered.refs(), self.forge.pulls()),
            before,
            "what is refused does nothing"
        );
    }

    pub fn open(&self) -> Vec<Pull> {
        self.forge
            .pulls()
            .into_iter()
            .filter(|pull| pull.is_open)
            .collect()
    }

    /// A file at the head of our branch.
    pub fn on_branch(&self, path: &str) -> String {
        git_in(
            &self.delivered.there(),
            &["show", &format!("{BRANCH}:{path}")],
        )
    }

    pub fn tip(&self) -> Option<String> {
        let found = git_in(
            &self.delivered.there(),
            &[
                "for-each-ref",
                "--format=%(objectname)",
                &format!("refs/heads/{BRANCH}"),
            ],
        );
        Some(found.trim().to_owned()).filter(|tip| !tip.is_empty())
    }

    /// Merges the open pull request as the forge would, by a squash whose message is the pull request's own words.
    pub fn merge(&self) {
        let pull = &self.open()[0];
        let there = self.delivered.there();
        let message = format!("{} (#{})\n\n{}", pull.title, pull.number, pull.body);
        let tree = format!("{BRANCH}^{{tree}}");
        let who = ["-c", "user.name=Forge", "-c", "user.email=forge@localhost"];
        let commit = git_in(
            &there,
            &[
                &who[..],
                &["commit-tree", &tree, "-p", "main", "-m", &message],
            ]
            .concat(),
        );
        git_in(&there, &["update-ref", "refs/heads/main", commit.trim()]);
        self.forge.set_open(pull.number, false);
    }
}
