//! The forge's release: a draft, its files and its publication, in the same command as all else, and finished by the same line
//! whatever stopped it.

use crate::support::Report;
use snapbox::str;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support;
use crate::support::Fixture;
use crate::support::proxy::Latch;
use crate::support::snapshots::assert_text;
use crate::support::stage::{Stage, TOKEN, bare};
use crate::support::trust::{Trusted, can_run};
use monorelease_stand_ins::github::releases::{Asset, Release};
use monorelease_stand_ins::github::{EmbeddedForge, Fault, Right};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

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
        self.stage
            .fixture
            .write(&format!("target/xtask/dist/api/0.2.0/{name}"), content);
    }

    fn forge(&self) -> &EmbeddedForge {
        &self.stage.forge
    }

    fn fixture(&self) -> &Fixture {
        &self.stage.fixture
    }

    fn run_as(&self, token: &str, arguments: &[&str]) -> support::Report {
        let url = self
            .stage
            .before
            .clone()
            .unwrap_or_else(|| self.forge().url());
        let ran = self
            .fixture()
            .run_with(
                arguments,
                &[("GITHUB_API_URL", url.as_str()), ("GITHUB_TOKEN", token)],
            )
            .hides(token);
        assert_eq!(self.forge().unexpected(), Vec::<String>::new());
        ran
    }

    fn json(&self, arguments: &[&str]) -> Report {
        self.run_as(TOKEN, &[arguments, &["--json"]].concat())
            .with_document()
    }

    /// Releases, and insists that it went well and that nothing is left to do.
    fn release(&self) -> Report {
        let report = self.json(&["release", "api"]);
        assert_eq!(report.code, 0, "{report:#}");
        let before = self.forge().releases();
        let again = self.json(&["release", "api"]);
        assert!(
            again.code == 0
                && again
                    .verdicts()
                    .iter()
                    .all(|verdict| verdict.ends_with(" done")),
            "law 14: {again:#}"
        );
        assert_eq!(self.forge().releases(), before);
        report
    }

    fn the_release(&self) -> Release {
        let mut found: Vec<_> = self
            .forge()
            .releases()
            .into_iter()
            .filter(|release| release.tag == TAG)
            .collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// Names of the release's files with their contents.
    fn files(&self) -> Vec<(String, String)> {
        let text = |asset: Asset| {
            (
                asset.name,
                String::from_utf8(asset.content.as_ref().clone()).unwrap(),
            )
        };
        let mut found: Vec<_> = self.the_release().assets.into_iter().map(text).collect();
        found.sort();
        found
    }

    fn refused(&self, words: &[&str]) -> Report {
        let before = (self.fixture().state(), self.forge().releases());
        let report = self.json(&["release", "api"]);
        assert_eq!(report.code, 3, "{report:#}");
        let refusals = report["refused"].to_string();
        words
            .iter()
            .for_each(|words| assert!(refusals.contains(words), "{words:?} is not in {refusals}"));
        assert_eq!(
            (self.fixture().state(), self.forge().releases()),
            before,
            "what is refused does nothing"
        );
        report
    }
}

fn sha(content: &str) -> String {
    Sha256::digest(content.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn a_release_is_drafted_first_filled_and_published_last() {
    let ready = Ready::new();
    let plan = ready.json(&["release", "api", "--dry-run"]);
    assert_eq!(plan.code, 0, "{plan:#}");
    assert_eq!(
        ready.forge().releases(),
        [],
        "law 13: a dry run writes nothing"
    );
    let report = ready.release();
    let kinds: Vec<_> = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect();
    let wanted = [
        "forge-draft",
        "forge-asset",
        "forge-asset",
        "forge-asset",
        "promote",
        "promote",
        "index",
        "tag",
        "push-tag",
        "forge-release",
    ];
    assert_eq!(kinds, wanted);
    let ids = |document: &Value| {
        document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&plan), ids(&report), "law 13: the dry run is the plan");
    let release = ready.the_release();
    assert_eq!(
        (
            release.title.as_str(),
            release.is_draft,
            release.is_prerelease,
            release.is_latest
        ),
        ("api 0.2.0", false, false, false)
    );
    assert_eq!(release.commit, ready.fixture().head());
    let index = ready
        .fixture()
        .registry
        .digest("acme/api", "0.2.0")
        .unwrap();
    for words in [
        "### Added\n\n- a thing that is new",
        &format!(
            "| `{}/acme/api:0.2.0` | `{index}` |",
            ready.fixture().registry.address()
        ),
        "| linux/amd64 | `sha256:",
        "| linux/arm64 | `sha256:",
        &format!(
            "docker pull {}/acme/api@{index}",
            ready.fixture().registry.address()
        ),
        "cargo xtask verify api 0.2.0",
        &format!(
            "Made by `cargo xtask release api` of {}.",
            ready.fixture().head()
        ),
    ] {
        assert!(
            release.body.contains(words),
            "{words:?} is not in {}",
            release.body
        );
    }
    let wheel = "the bytes of a wheel";
    let archive = "the bytes of an archive";
    let sums = format!(
        "{}  api-0.2.0-py3-none-any.whl\n{}  api-0.2.0.tar.gz\n",
        sha(wheel),
        sha(archive)
    );
    let wanted = [
        ("SHA256SUMS", sums.as_str()),
        ("api-0.2.0-py3-none-any.whl", wheel),
        ("api-0.2.0.tar.gz", archive),
    ];
    assert_eq!(
        ready.files(),
        wanted.map(|(name, content)| (name.to_owned(), content.to_owned()))
    );
    assert!(!ready.build_id.is_empty());
}

#[test]
fn without_a_token_the_tag_is_all_and_a_later_run_with_one_adds_the_release() {
    let ready = Ready::new();
    let ran = ready.fixture().ok(&["release", "api"]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: neither GITHUB_TOKEN nor GH_TOKEN is set, so the tag is all that acme/mono gets; `GITHUB_TOKEN=$(gh auth token) cargo xtask release api` adds the forge release, also later
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 18 registry requests

"#]]);
    assert_eq!(ready.forge().log().len(), 0, "nobody was asked");
    let ran = ready.fixture().ok(&["verify", "api", "0.2.0"]);
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
        note api: neither GITHUB_TOKEN nor GITHUB_API_URL is set, so the release at acme/mono is not looked at
    Verified 6 of 6 agree

"#]]);
    let report = ready.release();
    let acted: Vec<_> = report
        .verdicts()
        .into_iter()
        .filter(|verdict| verdict.ends_with(" acted"))
        .collect();
    assert_eq!(
        acted,
        [
            "forge-draft acted",
            "forge-asset acted",
            "forge-asset acted",
            "forge-asset acted",
            "forge-release acted"
        ]
    );
}

#[test]
fn who_may_not_write_is_refused_before_anything_is_done() {
    let ready = Ready::new();
    let url = ready.forge().url();
    ready.forge().give_token("reads-alone", Right::Read);
    let before = ready.fixture().state();
    for (variables, expected) in [
        (
            vec![("GITHUB_API_URL", url.as_str())],
            str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       error acme/mono gets a forge release, and there is no token for it: neither GITHUB_TOKEN nor GH_TOKEN is set
         try GITHUB_TOKEN=$(gh auth token) cargo xtask release api
     Refused nothing was done

"#]],
        ),
        (
            vec![("GITHUB_ACTIONS", "true")],
            str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       error acme/mono gets a forge release, and there is no token for it: neither GITHUB_TOKEN nor GH_TOKEN is set
         try env: GITHUB_TOKEN: ${{ github.token }} at the step that releases, with permissions: contents: write
     Refused nothing was done

"#]],
        ),
        (
            vec![("GITHUB_API_URL", &url), ("GH_TOKEN", "reads-alone")],
            str![[r#"
   Releasing api 0.2.0
        todo forge-draft api 0.2.0 for api-v0.2.0 at acme/mono  (from api-v0.2.0-rc1)
        todo forge-asset api-0.2.0-py3-none-any.whl of api-v0.2.0  (target/xtask/dist/api/0.2.0/api-0.2.0-py3-none-any.whl)
        todo forge-asset api-0.2.0.tar.gz of api-v0.2.0  (target/xtask/dist/api/0.2.0/api-0.2.0.tar.gz)
        todo forge-asset SHA256SUMS of api-v0.2.0, over 2 files  (what downloads are held to)
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        todo forge-release api-v0.2.0 at acme/mono  (the tag and all else is there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       error no release can be made at acme/mono: POST /repos/acme/mono/releases/generate-notes: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `permissions: contents: write`
         try GITHUB_TOKEN=… of somebody who may write there; in a workflow, permissions: contents: write
     Refused nothing was done

"#]],
        ),
        (
            vec![("GITHUB_API_URL", &url), ("GITHUB_TOKEN", "has-expired")],
            str![[r#"
   Releasing api 0.2.0
     unknown forge-draft api 0.2.0 for api-v0.2.0 at acme/mono
     unknown forge-asset api-0.2.0-py3-none-any.whl of api-v0.2.0
     unknown forge-asset api-0.2.0.tar.gz of api-v0.2.0
     unknown forge-asset SHA256SUMS of api-v0.2.0, over 2 files
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
     unknown forge-release api-v0.2.0 at acme/mono
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       error api 0.2.0 for api-v0.2.0 at acme/mono: it cannot be told whether this is done: GET /repos/acme/mono/releases: http://[SERVER] answered 401: Bad credentials; the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`
         try mend what the message says; cargo xtask doctor asks the forge again
     Refused nothing was done

"#]],
        ),
        (
            vec![
                ("GITHUB_API_URL", "http://127.0.0.1:9"),
                ("GITHUB_TOKEN", "has-expired"),
            ],
            str![[r#"
   Releasing api 0.2.0
     unknown forge-draft api 0.2.0 for api-v0.2.0 at acme/mono
     unknown forge-asset api-0.2.0-py3-none-any.whl of api-v0.2.0
     unknown forge-asset api-0.2.0.tar.gz of api-v0.2.0
     unknown forge-asset SHA256SUMS of api-v0.2.0, over 2 files
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
     unknown forge-release api-v0.2.0 at acme/mono
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       error api 0.2.0 for api-v0.2.0 at acme/mono: it cannot be told whether this is done: GET /repos/acme/mono/releases: cannot connect to http://127.0.0.1:9: Connection refused (os error 111); is GITHUB_API_URL right? (tried 4 times)
         try mend what the message says; cargo xtask doctor asks the forge again
     Refused nothing was done

"#]],
        ),
    ] {
        for arguments in [&["release", "api"][..], &["release", "api", "--dry-run"]] {
            let ran = ready.fixture().run_with(arguments, &variables);
            assert_eq!(ran.code, 3, "{variables:?}: {}", ran.stderr);
            ran.assert_stderr(expected.clone());
            assert!(
                !ran.stderr.contains("has-expired") && !ran.stderr.contains("reads-alone"),
                "law 17: {}",
                ran.stderr
            );
        }
    }
    for (token, expected, rows_of_forge) in [
        (
            "reads-alone",
            str![[r#"
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
     warning forge acme/mono: no release can be made at acme/mono: POST /repos/acme/mono/releases/generate-notes: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `permissions: contents: write` (to mend: GITHUB_TOKEN=… of somebody who may write there; in a workflow, permissions: contents: write)
     warning forge acme/mono: no pull request can be opened or changed at acme/mono: POST /repos/acme/mono/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests (to mend: a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write)

"#]],
            str![[r#"
–  forge acme/mono                  no release can be made at acme/mono: POST /repos/acme/mono/releases/generate-notes: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `permissions: contents: write`
–  forge acme/mono                  no pull request can be opened or changed at acme/mono: POST /repos/acme/mono/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests
"#]],
        ),
        (
            TOKEN,
            str![[r#"
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)

"#]],
            str![[r#"
✓  forge acme/mono                  takes releases
✓  forge acme/mono                  takes pull requests
"#]],
        ),
    ] {
        let ran = ready.fixture().run_with(
            &["doctor"],
            &[("GITHUB_API_URL", &url), ("GITHUB_TOKEN", token)],
        );
        ran.assert_stderr(expected);
        let rows = ran.stdout.lines().filter(|row| row.contains("acme/mono"));
        assert_text(&Vec::from_iter(rows).join("\n"), rows_of_forge);
    }
    assert_eq!(
        (ready.fixture().state(), ready.forge().releases()),
        (before, Vec::new())
    );
}

#[test]
fn law_9_what_was_published_is_never_edited_and_both_sides_are_named() {
    let ready = Ready::new();
    ready.release();
    let good = ready.forge().releases();
    let changed = |change: &dyn Fn(&mut Release)| {
        let mut releases = good.clone();
        releases.iter_mut().for_each(change);
        ready.forge().go_back_to_releases(&releases);
    };
    changed(&|release| {
        release.body = release
            .body
            .replace("a thing that is new", "a thing that is old")
    });
    // The words of what was published are people's: they stay, and hold up nothing.
    ready.release();
    assert!(
        ready.forge().releases()[0]
            .body
            .contains("a thing that is old")
    );
    for body in ["", "A person wrote this.\n"] {
        changed(&|release| (release.title, release.body) = ("Api!".into(), body.into()));
        ready.release();
        let release = &ready.forge().releases()[0];
        assert_eq!(
            (release.title.as_str(), release.body.as_str()),
            ("Api!", body)
        );
    }
    // A release that was made of another commit is another release, whatever its words say.
    changed(&|release| {
        let last = release
            .body
            .trim_end()
            .lines()
            .next_back()
            .unwrap()
            .to_owned();
        let commit = &last[last.rfind(|digit: char| digit.is_ascii_hexdigit()).unwrap()..][..1];
        let other = if commit == "0" { "1" } else { "0" };
        let at = release.body.rfind(commit).unwrap();
        release.body.replace_range(at..=at, other);
    });
    ready.refused(&["a published release that says"]);
    changed(&|release| release.is_prerelease = true);
    ready.refused(&["it is a prerelease", "wanted it is no prerelease"]);
    changed(&|release| {
        (release.assets[0].content, release.assets[0].digest) = (
            b"other bytes".to_vec().into(),
            format!("sha256:{}", sha("other bytes")),
        )
    });
    ready.refused(&[
        "api-0.2.0-py3-none-any.whl in the published release with sha256:",
        &sha("other bytes"),
        &sha("the bytes of a wheel"),
    ]);
    let list = format!("{}  api-0.2.0.tar.gz\n", "0".repeat(64));
    let digest = format!("sha256:{}", sha(&list));
    changed(&|release| {
        (release.assets[2].content, release.assets[2].digest) =
            (list.clone().into_bytes().into(), digest.clone())
    });
    ready.refused(&[
        "SHA256SUMS of the published release with no line for api-0.2.0-py3-none-any.whl",
    ]);
    // What is missing is added, and half of a file that nobody could download is replaced.
    changed(&|release| drop(release.assets.remove(1)));
    ready.release();
    changed(&|release| {
        (release.assets[0].is_whole, release.assets[0].content) = (false, b"the by".to_vec().into())
    });
    ready.release();
    assert_eq!(ready.files().len(), 3);
    // A forge that lets nothing be added says so beforehand.
    changed(&|release| {
        release.is_immutable = true;
        release.assets.remove(1);
    });
    ready.refused(&["an immutable release without api-0.2.0.tar.gz"]);
}

#[test]
fn one_tag_never_gets_two_drafts() {
    let ready = Ready::new();
    let plan = ready.json(&["release", "api", "--dry-run"]);
    assert_eq!(plan.verdicts()[0], "forge-draft todo");
    ready.release();
    let published = ready.forge().releases();
    let mut draft = published[0].clone();
    (draft.is_draft, draft.assets) = (true, Vec::new());
    // Somebody's words are theirs; two drafts that hold something are for a person to look at.
    let theirs = Release {
        body: "soon".into(),
        ..draft.clone()
    };
    ready.forge().go_back_to_releases(&[theirs]);
    ready.refused(&["somebody's draft", "says \\\"soon"]);
    let full = Release {
        assets: published[0].assets.clone(),
        ..draft.clone()
    };
    ready.forge().go_back_to_releases(&[]);
    [&full, &full]
        .into_iter()
        .for_each(|release| ready.forge().add_release(release.clone()));
    ready.refused(&["2 drafts for api-v0.2.0", "wanted one"]);
    // Of empty ones of ours the surplus goes, and the one that has files is kept; a draft of an earlier candidate is written anew.
    let old = Release {
        body: draft.body.replace(&draft.commit, &"0".repeat(40)),
        commit: "0".repeat(40),
        ..full
    };
    ready.forge().go_back_to_releases(&[]);
    [&draft, &old, &draft]
        .into_iter()
        .for_each(|release| ready.forge().add_release(release.clone()));
    let full = ready.forge().releases()[1].number;
    ready.release();
    let mut kept = ready.the_release();
    assert_eq!(kept.number, full);
    kept.number = published[0].number;
    assert_eq!(
        kept,
        Release {
            assets: kept.assets.clone(),
            ..published[0].clone()
        }
    );
    // Another run makes one in the moment between the look and the making.
    ready.forge().go_back_to_releases(&[]);
    let add = ready.forge().adder();
    let twin = draft.clone();
    ready.forge().plan_fault(Fault::pause(
        "POST",
        "/releases$",
        move || add(twin.clone()),
    ));
    ready.release();
    assert_eq!(ready.forge().clear_faults(), 0);
    let kept = ready.the_release().number;
    let log = ready.forge().log();
    let deleted = log
        .iter()
        .rfind(|request| request.method == "DELETE")
        .unwrap();
    assert!(
        deleted.target.ends_with(&format!("/releases/{}", kept + 1)),
        "the older one, {kept}, is kept: {deleted:?}"
    );
}

#[test]
fn files_are_held_to_their_bytes_where_the_forge_does_not_tell_their_digests() {
    let ready = Ready::new();
    ready.forge().hide_digests();
    ready.release();
    assert_eq!(ready.files().len(), 3);
    assert!(
        ready
            .forge()
            .log()
            .iter()
            .any(|request| request.target.starts_with("/_objects/") && !request.authorized)
    );
    // A forge may hand them out itself.
    ready.forge().hand_files_out();
    let report = ready.json(&["verify", "api", "0.2.0"]);
    assert_eq!(
        (report.code, &report["ok"]),
        (0, &Value::Bool(true)),
        "{report:#}"
    );
    ready.put("api-0.2.0.tar.gz", "the bytes of another");
    ready.refused(&[
        "api-0.2.0.tar.gz in the published release with sha256:",
        &sha("the bytes of another"),
    ]);
}

#[test]
fn another_machine_without_the_files_finds_all_done() {
    let ready = Ready::new();
    ready.release();
    std::fs::remove_dir_all(ready.fixture().root().join("target")).unwrap();
    let report = ready.release();
    assert!(
        report
            .verdicts()
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "{report:#}"
    );
}

#[test]
fn files_that_would_be_one_at_the_forge_are_refused() {
    let ready = Ready::new();
    ready.put("a b.txt", "one");
    ready.put("a~b.txt", "two");
    ready.put("SHA256SUMS", "three");
    ready.refused(&[
        "a~b.txt and ",
        "would be one file of the forge's release, \\\"a.b.txt",
        "and the list of checksums would be one",
    ]);
}

#[test]
fn a_flipped_byte_turns_exactly_its_row_red() {
    let ready = Ready::new();
    ready.release();
    let red = || {
        let report = ready.json(&["verify", "api", "0.2.0"]);
        let rows = report["rows"].as_array().unwrap();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"] == false)
            .map(support::trust::words)
            .collect();
        assert_eq!(report.code, i32::from(!red.is_empty()), "{report:#}");
        (rows.len(), red)
    };
    let (rows, none) = red();
    assert_eq!((rows, none), (10, Vec::new()));
    for name in [
        "SHA256SUMS",
        "api-0.2.0-py3-none-any.whl",
        "api-0.2.0.tar.gz",
    ] {
        // The forge still says what it once took.
        let good = ready.forge().releases();
        ready.forge().change_file(TAG, name, |asset| {
            let mut bytes = asset.content.as_ref().clone();
            bytes[3] ^= 1;
            Some(Asset {
                content: bytes.into(),
                ..asset.clone()
            })
        });
        assert_eq!(red(), (10, vec![format!("{name} asset")]));
        ready.forge().go_back_to_releases(&good);
    }
    let good = ready.forge().releases();
    ready.forge().change_file(TAG, "api-0.2.0.tar.gz", |_| None);
    assert_eq!(
        red(),
        (10, vec!["api-0.2.0.tar.gz asset".to_owned()]),
        "the list names it still"
    );
    ready.forge().go_back_to_releases(&[]);
    assert_eq!(red(), (7, vec!["api-v0.2.0 forge release".to_owned()]));
    ready.forge().go_back_to_releases(&good);
    assert_eq!(red().1, Vec::<String>::new());
}

#[test]
fn law_15_a_forge_that_cannot_be_read_is_not_said_to_disagree() {
    let ready = Ready::new();
    ready.release();
    let page = |target: &str| {
        Fault::status("GET", target, 200)
            .header("Content-Type", "text/html")
            .body("<html>sign in first</html>")
    };
    for fault in [
        Fault::status("GET", "/releases/tags/", 401),
        page("/releases/tags/"),
        page("/commits/"),
        page("/assets?"),
    ] {
        ready.forge().plan_fault(fault.times(9));
        let report = ready.json(&["verify", "api", "0.2.0"]);
        ready.forge().clear_faults();
        let rows = report["rows"].as_array().unwrap();
        let unread: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"].is_null())
            .map(support::trust::words)
            .collect();
        assert!(
            report.code == 1 && unread.len() == 1 && rows.iter().all(|row| row["ok"] != false),
            "{report:#}"
        );
    }
    ready
        .forge()
        .plan_fault(Fault::status("GET", "/releases/assets/", 401).times(9));
    let ran = ready.run_as(TOKEN, &["verify", "api", "0.2.0"]);
    ready.forge().clear_faults();
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stdout(str![[r#"
✓  api-v0.2.0                      git tag        at [SHORT]
✓  [SERVER]/acme/api:0.2.0  index          [DIGEST] of 2 platforms
✓  linux/amd64                     digest         [DIGEST]
✓  linux/amd64                     labels         revision [SHORT]
✓  linux/arm64                     digest         [DIGEST]
✓  linux/arm64                     labels         revision [SHORT]
✓  api-v0.2.0                      forge release  published, at [SHORT]
?  SHA256SUMS                      asset          GET /repos/acme/mono/releases/assets/4: http://[SERVER] answered 401; the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`
?  api-0.2.0-py3-none-any.whl      asset          GET /repos/acme/mono/releases/assets/2: http://[SERVER] answered 401; the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`
?  api-0.2.0.tar.gz                asset          GET /repos/acme/mono/releases/assets/3: http://[SERVER] answered 401; the token is not taken; set GITHUB_TOKEN to one that is valid, such as that of `gh auth token`

"#]]);
    assert!(!ran.stdout.contains('✗'), "{}{}", ran.stdout, ran.stderr);
    ran.assert_stderr(str![[r#"
   Verifying api 0.2.0
        note api: no [trust] is configured, so no signatures and statements are looked for
       error 3 of 10 could not be verified
         try cargo xtask doctor

"#]]);
}

#[test]
fn a_prerelease_says_so_and_the_latest_is_the_highest_of_the_one_that_is_named() {
    let stage = Stage::new();
    let ready = Ready {
        stage,
        build_id: String::new(),
    };
    let releasing = |version: &str| {
        ready.fixture().ok(&["bump", version, "web", "--commit"]);
        ready.fixture().ok(&["tag", "web", "--rc", "--push"]);
        let report = ready.json(&["release", "web"]);
        assert_eq!(report.code, 0, "{report:#}");
        let all = ready.forge().releases();
        let release = all
            .iter()
            .find(|release| release.tag == format!("web-v{version}"))
            .unwrap();
        (release.is_prerelease, release.is_latest)
    };
    assert_eq!(
        releasing("0.2.0"),
        (false, false),
        "of several projects none is the latest unless it is named"
    );
    let named = |name: &str| {
        let config = ready.fixture().read("xtask/monorepo.toml");
        let config = config.split("\n[release]").next().unwrap().to_owned();
        ready.fixture().write(
            "xtask/monorepo.toml",
            &format!("{config}\n[release]\nlatest = \"{name}\"\n"),
        );
        ready.fixture().commit_all("chore: the latest");
    };
    named("webb");
    let ran = ready.fixture().run(&["versions"]);
    assert_eq!(ran.code, 2, "{ran}");
    ran.assert_stderr(str![[r#"
       error xtask/monorepo.toml: release.latest is "webb", which is no project; did you mean "web"?
         try edit xtask/monorepo.toml, then run the command again

"#]]);
    named("web");
    assert_eq!(releasing("0.4.0-beta.1"), (true, false));
    assert_eq!(releasing("0.4.0"), (false, true));
    named("api");
    assert_eq!(releasing("0.4.1"), (false, false));
    named("web");
    let elsewhere = ready.fixture().git(&[
        "commit-tree",
        "-m",
        "feat: on another branch",
        "HEAD^{tree}",
    ]);
    ready.fixture().git(&[
        "push",
        "--quiet",
        "origin",
        &format!("{}:refs/tags/web-v0.9.0", elsewhere.trim()),
    ]);
    assert_eq!(
        releasing("0.4.2"),
        (false, false),
        "an older line has no latest release"
    );
    let report = ready.json(&["verify", "web", "0.4.0-beta.1"]);
    assert_eq!(report["ok"], true, "{report:#}");
}

/// A line to the forge that breaks in the middle of large requests.
struct Breaking {
    url: String,
    /// How many more requests of over so many bytes are cut there.
    cuts: Arc<AtomicUsize>,
}

impl Breaking {
    fn before(forge: &EmbeddedForge, after_bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let there = forge.url().trim_start_matches("http://").to_owned();
        let cuts = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&cuts);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&there) else {
                    return;
                };
                let mut back = client.try_clone().unwrap();
                let mut answers = server.try_clone().unwrap();
                std::thread::spawn(move || {
                    drop(std::io::copy(&mut answers, &mut back).and(back.shutdown(Shutdown::Both)))
                });
                let left = Arc::clone(&left);
                std::thread::spawn(move || hand_on(client, server, after_bytes, &left));
            }
        });
        forge.set_address(&url);
        Self { url, cuts }
    }
}

/// Hands bytes on; of a line that carries more than so many at once, no more than those.
fn hand_on(mut client: TcpStream, mut server: TcpStream, after_bytes: usize, left: &AtomicUsize) {
    let mut piece = vec![0; 16 << 10];
    let mut carried = 0;
    while let Ok(read) = client.read(&mut piece) {
        carried += read;
        let is_cut = carried > after_bytes && left.load(Ordering::SeqCst) > 0;
        if read == 0 || server.write_all(&piece[..read]).is_err() || is_cut {
            if is_cut {
                left.fetch_sub(1, Ordering::SeqCst);
            }
            break;
        }
    }
    // The client first, so that no answer reaches it.
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Write);
}

#[test]
fn an_upload_that_is_cut_at_nine_tenths_is_taken_away_and_sent_again() {
    let mut ready = Ready::new();
    let wheel = "0123456789abcdef".repeat(64 << 10);
    ready.put("api-0.2.0-py3-none-any.whl", &wheel);
    let breaking = Breaking::before(ready.forge(), wheel.len() * 9 / 10);
    ready.stage.before = Some(breaking.url.clone());
    // One cut is mended on the way.
    breaking.cuts.store(1, Ordering::SeqCst);
    let deleted = |ready: &Ready| {
        ready
            .forge()
            .log()
            .iter()
            .filter(|request| request.method == "DELETE")
            .count()
    };
    let report = ready.json(&["release", "api"]);
    assert_eq!(
        (
            report.code,
            deleted(&ready),
            breaking.cuts.load(Ordering::SeqCst)
        ),
        (0, 1, 0),
        "{report:#}"
    );
    assert_eq!(ready.files()[1].1.len(), wheel.len());
    // A line that always breaks stops the release; what is left of the upload is half a file in a draft, and no name is given.
    ready.forge().go_back_to_releases(&[]);
    ready.forge().set_page_size(100);
    ready.put("api-0.2.0-py3-none-any.whl", &wheel.replace('0', "1"));
    breaking.cuts.store(1_000, Ordering::SeqCst);
    let ran = ready.run_as(TOKEN, &["release", "api"]);
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo forge-draft api 0.2.0 for api-v0.2.0 at acme/mono  (from api-v0.2.0-rc1)
        todo forge-asset api-0.2.0-py3-none-any.whl of api-v0.2.0  (target/xtask/dist/api/0.2.0/api-0.2.0-py3-none-any.whl)
        todo forge-asset api-0.2.0.tar.gz of api-v0.2.0  (target/xtask/dist/api/0.2.0/api-0.2.0.tar.gz)
        todo forge-asset SHA256SUMS of api-v0.2.0, over 2 files  (what downloads are held to)
        done index [SERVER]/acme/api:0.2.0 = [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (holds [DIGEST])
        done promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (holds [DIGEST])
        done push-tag api-v0.2.0 to origin  (origin has it at [SHORT])
        done tag api-v0.2.0 at [SHORT]  (at [SHORT])
        todo forge-release api-v0.2.0 at acme/mono  (the tag and all else is there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no [[pins]] are configured, so nothing is delivered
       acted forge-draft api 0.2.0 for api-v0.2.0 at acme/mono  [[DURATION]]
      failed forge-asset api-0.2.0-py3-none-any.whl of api-v0.2.0
             POST /repos/acme/mono/releases/6/assets: http://[SERVER] cut the line before the answer was complete: Peer disconnected (tried 4 times)  [[DURATION]]
       acted forge-asset api-0.2.0.tar.gz of api-v0.2.0  [[DURATION]]
       error stopped after 2 of 5 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask release api, once the cause is mended

"#]]);
    let half = ready.the_release();
    assert!(
        half.is_draft
            && half
                .assets
                .iter()
                .any(|asset| !asset.is_whole && asset.content.len() < wheel.len()),
        "{:?}",
        half.is_draft
    );
    breaking.cuts.store(0, Ordering::SeqCst);
    ready.release();
    let release = ready.the_release();
    assert!(
        !release.is_draft
            && release.assets.iter().all(|asset| asset.is_whole)
            && release.assets.len() == 3
    );
}

#[test]
fn what_is_attested_of_an_image_is_a_file_too_and_the_lines_verify_it() {
    if !can_run("lists of contents at the forge", &["cosign", "syft"]) {
        return;
    }
    let trusted = Trusted::new("");
    let config = trusted
        .fixture
        .read("xtask/monorepo.toml")
        .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
    trusted.fixture.write("xtask/monorepo.toml", &config);
    trusted.fixture.commit_all("chore: a forge");
    trusted.fixture.git(&["push", "--quiet", "origin", "main"]);
    trusted.fixture.prepare_release();
    let forge = EmbeddedForge::start("acme/mono", &bare(&trusted.fixture)).unwrap();
    forge.give_token(TOKEN, Right::Write);
    let url = forge.url();
    let keys = trusted.keys.variables();
    let mut variables: Vec<_> = keys
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    variables.extend([("GITHUB_API_URL", url.as_str()), ("GITHUB_TOKEN", TOKEN)]);
    let json = |arguments: &[&str]| {
        trusted
            .fixture
            .run_with(&[arguments, &["--json"]].concat(), &variables)
            .with_document()
    };
    let report = json(&["release", "api"]);
    assert_eq!(report.code, 0, "{report:#}");
    let kinds = report.verdicts();
    let last = |kind: &str| {
        kinds
            .iter()
            .rposition(|verdict| verdict.starts_with(kind))
            .unwrap()
    };
    assert!(
        last("attest") < last("forge-draft")
            && last("sign") < last("forge-draft")
            && last("forge-asset") < last("promote"),
        "{kinds:?}"
    );
    let release = forge.releases().remove(0);
    let mut names: Vec<_> = release
        .assets
        .iter()
        .map(|asset| asset.name.as_str())
        .collect();
    names.sort_unstable();
    let lists = [
        "api-0.2.0-amd64.cdx.json",
        "api-0.2.0-amd64.spdx.json",
        "api-0.2.0-arm64.cdx.json",
        "api-0.2.0-arm64.spdx.json",
    ];
    assert_eq!(names, [&["SHA256SUMS"][..], &lists].concat());
    let amd = release
        .body
        .lines()
        .find_map(|line| line.strip_prefix("| linux/amd64 | `")?.strip_suffix("` |"))
        .unwrap();
    let list = release
        .assets
        .iter()
        .find(|asset| asset.name == lists[0])
        .unwrap();
    let list: Value = serde_json::from_slice(&list.content).unwrap();
    assert_eq!(
        list["metadata"]["component"]["version"], amd,
        "the list speaks of the digest in the table"
    );
    let line = release
        .body
        .lines()
        .find(|line| line.starts_with("cosign verify "))
        .unwrap();
    let index = trusted
        .fixture
        .registry
        .digest("acme/api", "0.2.0")
        .unwrap();
    let image = format!("{}/acme/api@{index}", trusted.fixture.registry.address());
    assert_eq!(
        line,
        format!("cosign verify --key cosign.pub --insecure-ignore-tlog=true {image}")
    );
    let said = std::process::Command::new("sh")
        .args(["-c", line])
        .current_dir(trusted.fixture.root())
        .output()
        .unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    // The files are downloaded into one folder and held to the list by the line that the release says.
    let folder = tempfile::tempdir().unwrap();
    release.assets.iter().for_each(|asset| {
        std::fs::write(folder.path().join(&asset.name), asset.content.as_ref()).unwrap()
    });
    let line = release
        .body
        .lines()
        .find(|line| line.starts_with("sha256sum "))
        .unwrap();
    let said = std::process::Command::new("sh")
        .args(["-c", line])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        said.status.success() && String::from_utf8_lossy(&said.stdout).lines().count() == 4,
        "{said:?}"
    );
    // What syft once made is gone with the clone's scratch folder: the lists are those of the registry.
    std::fs::remove_dir_all(trusted.fixture.root().join("target")).unwrap();
    let again = json(&["release", "api"]);
    assert!(
        again.code == 0
            && again
                .verdicts()
                .iter()
                .all(|verdict| verdict.ends_with(" done")),
        "law 14: {again:#}"
    );
    let report = json(&["verify", "api", "0.2.0"]);
    assert_eq!(
        (report.code, &report["ok"]),
        (0, &Value::Bool(true)),
        "{report:#}"
    );
}

#[test]
fn a_rehearsal_has_a_forge_of_its_own_and_never_reaches_the_real_one() {
    let stage = Stage::new();
    let url = stage.forge.url();
    let before = stage.fixture.state();
    let variables = [
        ("GITHUB_API_URL", url.as_str()),
        ("GITHUB_TOKEN", TOKEN),
        ("GH_TOKEN", TOKEN),
    ];
    let ran = stage
        .fixture
        .run_with(&["rehearse", "api", "--json"], &variables);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        ran["releases"],
        serde_json::json!([{ "tag": TAG, "draft": false, "files": [] }]),
        "{ran:#}"
    );
    assert_text(
        &ran.lines_with("acted forge-"),
        str![[r#"
           │        acted forge-draft api 0.2.0 for api-v0.2.0 at acme/mono  [[DURATION]]
           │        acted forge-release api-v0.2.0 at acme/mono  [[DURATION]]

"#]],
    );
    assert_eq!(
        (
            stage.forge.log().len(),
            stage.forge.releases(),
            stage.fixture.state()
        ),
        (0, Vec::new(), before)
    );
}

#[test]
fn two_runs_at_the_same_time_come_to_one_release() {
    let ready = Ready::new();
    let url = ready.forge().url();
    let clone = tempfile::tempdir().unwrap();
    let other = clone.path().join("other");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(ready.fixture().root())
        .arg(&other)
        .status()
        .unwrap();
    assert!(copied.success());
    // Both have looked, and found none, before either makes one.
    let latch = Latch::default();
    for _ in 0..2 {
        let latch = latch.clone();
        ready
            .forge()
            .plan_fault(Fault::pause("POST", "/releases$", move || latch.pass()));
    }
    let children = [ready.fixture().root(), other].map(|folder| {
        let mut command = support::program(&folder);
        command
            .args(["release", "api"])
            .env("GITHUB_API_URL", &url)
            .env("GITHUB_TOKEN", TOKEN);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    latch.wait_for(2);
    latch.open();
    for child in children {
        let ran = support::ran(child.wait_with_output().unwrap());
        // Who was overtaken may stop, and says by what; nothing is half done that the same line does not finish.
        assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    }
    let made = ready
        .forge()
        .log()
        .iter()
        .filter(|request| request.method == "POST" && request.target.ends_with("/releases"))
        .count();
    assert_eq!(made, 2, "both made a draft");
    ready.release();
    assert_eq!(
        (ready.the_release().is_draft, ready.files().len()),
        (false, 3)
    );
}

#[test]
fn a_large_upload_tells_how_far_it_is() {
    let ready = Ready::new();
    let file = std::fs::File::create(
        ready
            .fixture()
            .root()
            .join("target/xtask/dist/api/0.2.0/api-0.2.0.tar.gz"),
    )
    .unwrap();
    file.set_len(17 << 20).unwrap();
    let ran = ready.run_as(TOKEN, &["release", "api"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_text(
        &ran.lines_with("MiB"),
        str![[r#"
           │ api-0.2.0.tar.gz: 16 of 17 MiB are sent

"#]],
    );
    assert_eq!(
        ready
            .the_release()
            .assets
            .iter()
            .map(|asset| asset.content.len())
            .max(),
        Some(17 << 20)
    );
}
