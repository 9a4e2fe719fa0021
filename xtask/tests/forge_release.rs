//! The forge's release: a draft, its files and its publication, in the same command as all else, and finished by the same line
//! whatever stopped it.

mod support;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use support::Fixture;
use support::stage::{Stage, TOKEN, verdicts};
use xtask::rehearsal::forge::EmbeddedForge;
use xtask::rehearsal::forge_releases::{Asset, Release};

const TAG: &str = "api-v0.2.0";

/// A candidate of `api` that is to be released, and two files of its distribution.
struct Ready {
    stage: Stage,
    build_id: String,
}

impl Ready {
    fn new() -> Self {
        let stage = Stage::new();
        stage.change("api/app.py", "feat: a thing that is new");
        let build_id = stage.fixture.prepare_release();
        let ready = Self { stage, build_id };
        ready.put("api-0.2.0-py3-none-any.whl", "the bytes of a wheel");
        ready.put("api-0.2.0.tar.gz", "the bytes of an archive");
        ready
    }

    fn put(&self, name: &str, content: &str) {
        self.stage.fixture.write(&format!("target/xtask/dist/api/0.2.0/{name}"), content);
    }

    fn forge(&self) -> &EmbeddedForge {
        &self.stage.forge
    }

    fn fixture(&self) -> &Fixture {
        &self.stage.fixture
    }

    fn run_as(&self, token: &str, arguments: &[&str]) -> support::Ran {
        let url = self.stage.before.clone().unwrap_or_else(|| self.forge().url());
        let ran = self.fixture().run_with(arguments, &[("GITHUB_API_URL", url.as_str()), ("GITHUB_TOKEN", token)]);
        assert!(!ran.stdout.contains(token) && !ran.stderr.contains(token), "law 17: {} {}", ran.stdout, ran.stderr);
        assert_eq!(self.forge().unexpected(), Vec::<String>::new());
        ran
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.run_as(TOKEN, &[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
        (ran.code, document)
    }

    /// Releases, and insists that it went well and that nothing is left to do.
    fn release(&self) -> Value {
        let (code, report) = self.json(&["release", "api"]);
        assert_eq!(code, 0, "{report:#}");
        let before = self.forge().releases();
        let (code, again) = self.json(&["release", "api"]);
        assert!(code == 0 && verdicts(&again).iter().all(|verdict| verdict.ends_with(" done")), "law 14: {again:#}");
        assert_eq!(self.forge().releases(), before);
        report
    }

    fn the_release(&self) -> Release {
        let mut found: Vec<_> = self.forge().releases().into_iter().filter(|release| release.tag == TAG).collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// Names of the release's files with their contents.
    fn files(&self) -> Vec<(String, String)> {
        let text = |asset: Asset| (asset.name, String::from_utf8(asset.content.as_ref().clone()).unwrap());
        let mut found: Vec<_> = self.the_release().assets.into_iter().map(text).collect();
        found.sort();
        found
    }

    fn refused(&self, words: &[&str]) -> Value {
        let before = (self.fixture().state(), self.forge().releases());
        let (code, report) = self.json(&["release", "api"]);
        assert_eq!(code, 3, "{report:#}");
        let refusals = report["refused"].to_string();
        words.iter().for_each(|words| assert!(refusals.contains(words), "{words:?} is not in {refusals}"));
        assert_eq!((self.fixture().state(), self.forge().releases()), before, "what is refused does nothing");
        report
    }
}

fn sha(content: &str) -> String {
    Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_release_is_drafted_first_filled_and_published_last() {
    let ready = Ready::new();
    let (code, plan) = ready.json(&["release", "api", "--dry-run"]);
    assert_eq!(code, 0, "{plan:#}");
    assert_eq!(ready.forge().releases(), [], "law 13: a dry run writes nothing");
    let report = ready.release();
    let kinds: Vec<_> = report["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    let wanted =
        ["forge-draft", "forge-asset", "forge-asset", "forge-asset", "promote", "promote", "index", "tag", "push-tag", "forge-release"];
    assert_eq!(kinds, wanted);
    let ids = |document: &Value| document["steps"].as_array().unwrap().iter().map(|step| step["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&plan), ids(&report), "law 13: the dry run is the plan");
    let release = ready.the_release();
    assert_eq!((release.title.as_str(), release.is_draft, release.is_prerelease, release.is_latest), ("api 0.2.0", false, false, false));
    assert_eq!(release.commit, ready.fixture().head());
    let index = ready.fixture().registry.digest("acme/api", "0.2.0").unwrap();
    for words in [
        "### Added\n\n- a thing that is new",
        &format!("| `{}/acme/api:0.2.0` | `{index}` |", ready.fixture().registry.address()),
        "| linux/amd64 | `sha256:",
        "| linux/arm64 | `sha256:",
        &format!("docker pull {}/acme/api@{index}", ready.fixture().registry.address()),
        "cargo xtask verify api 0.2.0",
        "Made by `cargo xtask release api` of `api-v0.2.0-rc1`.",
    ] {
        assert!(release.body.contains(words), "{words:?} is not in {}", release.body);
    }
    let (wheel, archive) = ("the bytes of a wheel", "the bytes of an archive");
    let sums = format!("{}  api-0.2.0-py3-none-any.whl\n{}  api-0.2.0.tar.gz\n", sha(wheel), sha(archive));
    let wanted = [("SHA256SUMS", sums.as_str()), ("api-0.2.0-py3-none-any.whl", wheel), ("api-0.2.0.tar.gz", archive)];
    assert_eq!(ready.files(), wanted.map(|(name, content)| (name.to_owned(), content.to_owned())));
    assert!(!ready.build_id.is_empty());
}
