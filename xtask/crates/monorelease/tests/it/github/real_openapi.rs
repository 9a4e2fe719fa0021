//! Our client and our embedded forge, held to the forge's own description of its interface by a program that nobody here
//! wrote: prism stands between them, and answers whatever violates the description with an error.
//!
//! Where prism is missing the test says so and passes, unless XTASK_REQUIRE_TOOLS is set: then it fails.

use snapbox::str;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::stage::{Stage, TOKEN};
use monorelease_stand_ins::github::Fault;
use serde_json::{Map, Value};

/// The parts of the interface that are used; the whole of it takes prism ten times as long to read.
const PATHS: [&str; 10] = [
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/compare/{basehead}",
    "/repos/{owner}/{repo}/commits/{ref}",
    "/repos/{owner}/{repo}/releases",
    "/repos/{owner}/{repo}/releases/generate-notes",
    "/repos/{owner}/{repo}/releases/tags/{tag}",
    "/repos/{owner}/{repo}/releases/{release_id}",
    "/repos/{owner}/{repo}/releases/{release_id}/assets",
    "/repos/{owner}/{repo}/releases/assets/{asset_id}",
];

/// prism's program, and the description that was installed with it.
fn prism() -> Option<(PathBuf, PathBuf)> {
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path)
        .map(|folder| folder.join("prism"))
        .find(|file| file.is_file())?;
    let beside = program
        .canonicalize()
        .ok()?
        .parent()?
        .join("node_modules/@octokit/openapi/generated/api.github.com.json");
    beside.is_file().then_some((program, beside))
}

/// prism between a client and the forge; ends with the test.
struct Between {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Between {
    fn start(program: &Path, description: &Path, forge: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut document: Value = serde_json::from_slice(&fs::read(description).unwrap()).unwrap();
        let paths: Map<_, _> = PATHS
            .iter()
            .map(|path| ((*path).to_owned(), document["paths"][path].clone()))
            .collect();
        assert!(
            paths.values().all(Value::is_object),
            "the description has other paths"
        );
        document["paths"] = paths.into();
        document.as_object_mut().unwrap().remove("x-webhooks");
        keep_what_is_referred_to(&mut document);
        let file = folder.path().join("description.json");
        fs::write(&file, document.to_string()).unwrap();
        let mut child = Command::new(program)
            .arg("proxy")
            .arg(&file)
            .args([forge, "--errors", "--host", "127.0.0.1", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(
                rest.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || ":/.".contains(*c))
                    .collect::<String>(),
            )
        });
        // It goes on talking; a pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            url: url.expect("prism ends without listening"),
            _folder: folder,
        }
    }
}

/// Leaves out the components, nine of ten, that the paths kept do not lead to.
fn keep_what_is_referred_to(document: &mut Value) {
    let mut kept = Value::Object(Map::new());
    let mut open = vec![document["paths"].clone()];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => {
                let target = fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|target| target.strip_prefix("#/components/"));
                if let Some((kind, name)) = target
                    .and_then(|target| target.split_once('/'))
                    .map(|(kind, rest)| (kind, rest.split('/').next().unwrap()))
                    && kept[kind][name].is_null()
                {
                    kept[kind][name] = document["components"][kind][name].clone();
                    open.push(kept[kind][name].clone());
                }
                open.extend(fields.into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    document["components"] = kept;
}

impl Drop for Between {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A stage whose client is answered through prism; `None` where there is no prism.
fn stage(test: &str) -> Option<(Stage, Between)> {
    let Some((program, description)) = prism() else {
        let what = "prism with the forge's description beside it";
        assert!(
            std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
            "{test}: missing {what}; .ci/setup installs it"
        );
        println!("skipped {test}: missing {what}");
        return None;
    };
    let mut stage = Stage::new();
    // The address in a `Link` is the forge's own, and not prism's.
    stage.forge.set_page_size(100);
    let between = Between::start(&program, &description, &stage.forge.url());
    stage.before = Some(between.url.clone());
    Some((stage, between))
}

#[test]
fn a_pull_request_lives_its_life_within_the_description() {
    let Some((stage, _between)) = stage("a_pull_request_lives_its_life_within_the_description")
    else {
        return;
    };
    stage.change("api/app.py", "fix: one");
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch acted", "pull-request acted"]
    );
    stage.change("api/app.py", "feat: two");
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["push-branch acted", "pull-request acted"]
    );
    stage.change("api/app.py", "Revert \"feat: two\"");
    stage.change("api/app.py", "Revert \"fix: one\"");
    assert_eq!(
        stage.ok(&[]).verdicts(),
        ["close-pull-request acted", "delete-branch acted"]
    );
    let asked: Vec<_> = stage
        .forge
        .log()
        .into_iter()
        .map(|request| request.method)
        .collect();
    for method in ["GET", "POST", "PATCH"] {
        assert!(
            asked.iter().any(|asked| asked == method),
            "{method} was never sent through"
        );
    }
    let compared = stage
        .forge
        .log()
        .iter()
        .filter(|request| request.target.contains("/compare/"))
        .count();
    assert!(compared > 0, "no comparison was sent through");
    // What asks whether pull requests may be opened is one that nobody could take.
    let is_asking = |method: &str, status: Option<u16>| method == "POST" && status == Some(422);
    let log = stage.forge.log();
    assert_eq!(
        log.iter()
            .filter(|request| is_asking(&request.method, request.status))
            .count(),
        3
    );
    let refused: Vec<_> = log
        .into_iter()
        .filter(|request| {
            !matches!(request.status, Some(200 | 201))
                && !is_asking(&request.method, request.status)
        })
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn refusals_are_within_the_description_too() {
    let Some((stage, _between)) = stage("refusals_are_within_the_description_too") else {
        return;
    };
    stage.change("api/app.py", "fix: one");
    stage
        .forge
        .give_token("may-only-read", monorelease_stand_ins::github::Right::Read);
    let ran = stage.run_as("may-only-read", &[]);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
        todo push-branch [SHORT] to release/next on origin  (1 project to release from main at [SHORT])
        todo pull-request chore(release): api 0.1.1 (release/next → main)  (1 project to release from main at [SHORT])
       error no pull request can be opened or changed at acme/mono: POST /repos/acme/mono/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests
         try a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write
     Refused nothing was done

"#]]);
    let answer = post(
        &stage,
        "{\"title\":\"x\",\"head\":\"nowhere\",\"base\":\"main\"}",
    );
    assert_eq!(
        (answer.0, answer.1["errors"][0]["field"].as_str()),
        (422, Some("head")),
        "{}",
        answer.1
    );
}

#[test]
fn what_violates_the_description_does_not_pass() {
    let Some((stage, _between)) = stage("what_violates_the_description_does_not_pass") else {
        return;
    };
    stage.change("api/app.py", "fix: one");
    // A request with a field missing does not even reach the forge.
    let before = stage.forge.log().len();
    let (status, document) = post(&stage, "{\"title\":\"x\",\"base\":\"main\"}");
    assert_eq!(
        (status, stage.forge.log().len()),
        (422, before),
        "{document}"
    );
    assert!(document.to_string().contains("head"), "{document}");
    // An answer with a field missing does not reach the client.
    let half = "[{\"number\":1,\"title\":\"x\",\"state\":\"open\"}]";
    stage.forge.plan_fault(
        Fault::status("GET", "/pulls", 200)
            .header("Content-Type", "application/json")
            .body(half)
            .times(9),
    );
    let ran = stage.run(&["--dry-run"]);
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_stderr(str![[r#"
   Unchanged core: nothing to release since core-v0.1.0
   Unchanged web: nothing to release since web-v0.1.0
        todo push-branch [SHORT] to release/next on origin  (1 project to release from main at [SHORT])
     unknown pull-request chore(release): api 0.1.1 (release/next → main)
       error chore(release): api 0.1.1 (release/next → main): it cannot be told whether this is done: GET /repos/acme/mono/pulls: http://[SERVER] answered 500 (tried 4 times)
         try mend what the message says; cargo xtask doctor asks the forge again
     Refused nothing was done

"#]]);
}

fn post(stage: &Stage, body: &str) -> (u16, Value) {
    let url = format!("{}/repos/acme/mono/pulls", stage.before.as_deref().unwrap());
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let mut answer = agent
        .post(&url)
        .header("Content-Type", "application/json")
        .header("Authorization", format!("Bearer {TOKEN}"))
        .header("X-GitHub-Api-Version", "2022-11-28")
        .send(body)
        .unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
    )
}

#[test]
fn a_release_lives_its_life_within_the_description() {
    let Some((stage, _between)) = stage("a_release_lives_its_life_within_the_description") else {
        return;
    };
    let url = stage.before.clone().unwrap();
    // Files are sent to where the forge says, and that is to be before prism as well.
    stage.forge.set_address(&url);
    stage.change("api/app.py", "feat: one");
    stage.fixture.prepare_release();
    stage
        .fixture
        .write("target/xtask/dist/api/0.2.0/api-0.2.0.tar.gz", "an archive");
    let run = |arguments: &[&str]| {
        let ran = stage.fixture.run_with(
            arguments,
            &[("GITHUB_API_URL", url.as_str()), ("GITHUB_TOKEN", TOKEN)],
        );
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    };
    run(&["release", "api"]);
    run(&["release", "api"]);
    // The description knows no bytes of files, only what is said of them: what is read back through prism has none.
    run(&["bump", "minor", "web", "--commit"]);
    run(&["tag", "web", "--rc", "--push"]);
    run(&["release", "web"]);
    run(&["verify", "web", "0.2.0"]);
    // A draft of an earlier candidate, with a file that is no longer right and half of another.
    stage.fixture.git(&["checkout", "--quiet", "api-v0.2.0"]);
    let mut release = stage.forge.releases().remove(0);
    (release.is_draft, release.body) = (
        true,
        release.body.replace(
            "Made by `cargo xtask release api` of ",
            "Made by `cargo xtask release api` of 0",
        ),
    );
    (release.assets[0].digest, release.assets[1].is_whole) =
        (format!("sha256:{}", "0".repeat(64)), true);
    stage.forge.go_back_to_releases(&[]);
    stage
        .forge
        .add_release(monorelease_stand_ins::github::releases::Release {
            assets: Vec::new(),
            ..release.clone()
        });
    stage.forge.add_release(release);
    run(&["release", "api"]);
    let log = stage.forge.log();
    let sent = |method: &str, part: &str| {
        log.iter()
            .any(|request| request.method == method && request.target.contains(part))
    };
    for (method, part) in [
        ("POST", "/releases/generate-notes"),
        ("POST", "/assets?name="),
        ("PATCH", "/releases/"),
        ("DELETE", "/releases/assets/"),
        ("DELETE", "/releases/"),
        ("GET", "/releases/tags/"),
        ("GET", "/commits/tags%2F"),
    ] {
        assert!(
            sent(method, part),
            "{method} {part} was never sent through: {log:#?}"
        );
    }
    let refused: Vec<_> = log
        .iter()
        .filter(|request| !matches!(request.status, Some(200 | 201 | 204 | 302)))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}
