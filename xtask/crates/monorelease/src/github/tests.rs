//! The real client against the embedded forge, and the embedded forge against requests that the client never sends.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use monorelease_stand_ins::faults::Fault;
use monorelease_stand_ins::github::EmbeddedForge;
use monorelease_stand_ins::github::pulls::Pull;
use monorelease_stand_ins::github::refusal::Right;
use monorelease_stand_ins::http::Server;
use monorelease_stand_ins::http::message::{Reply, Request, Response};

use super::error::ForgeErrorKind;
use super::files::Content;
use super::pulls::NewPull;
use super::{Forge, ForgeOptions};
use crate::release::github::Told;

const TOKEN: &str = "token-that-nobody-may-see";
const NEW: NewPull<'_> = NewPull {
    branch: "next",
    base: "main",
    title: "t",
    body: "b",
};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A bare repository: `next` is five commits beyond `main`, `same` none.
fn bare() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare"]);
    for (key, value) in [("user.name", "Test"), ("user.email", "test@localhost")] {
        git(folder.path(), &["config", key, value]);
    }
    let tree = git(
        folder.path(),
        &["hash-object", "-w", "-t", "tree", "/dev/null"],
    );
    let mut commit = git(folder.path(), &["commit-tree", "-m", "feat: begin", &tree]);
    for branch in ["main", "same"] {
        git(
            folder.path(),
            &["update-ref", &format!("refs/heads/{branch}"), &commit],
        );
    }
    for number in 1..=5 {
        commit = git(
            folder.path(),
            &[
                "commit-tree",
                "-p",
                &commit,
                "-m",
                &format!("fix: {number}"),
                &tree,
            ],
        );
    }
    git(folder.path(), &["update-ref", "refs/heads/next", &commit]);
    folder
}

/// A client that does not sleep, and how long it would have.
fn client(url: &str, token: Option<&str>) -> (Forge, Arc<Mutex<Vec<u64>>>) {
    let slept = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&slept);
    let sleep = Arc::new(move |time: Duration| seen.lock().unwrap().push(time.as_millis() as u64));
    let now = || Timestamp::from_second(1_000_000).unwrap();
    let mut options = ForgeOptions::new(url, token);
    (options.sleep, options.now) = (sleep, now);
    (Forge::new(options), slept)
}

fn stage() -> (
    tempfile::TempDir,
    EmbeddedForge,
    Forge,
    Arc<Mutex<Vec<u64>>>,
) {
    let bare = bare();
    let forge = EmbeddedForge::start("acme/mono", bare.path()).unwrap();
    forge.give_token(TOKEN, Right::Write);
    let (client, slept) = client(&forge.url(), Some(TOKEN));
    (bare, forge, client, slept)
}

#[test]
fn listings_are_read_to_their_last_page() {
    let (bare, forge, client, _) = stage();
    let ids = |name: &str| git(bare.path(), &["rev-parse", name]);
    let commits = client
        .commits_beyond("acme/mono", &ids("main"), &ids("next"))
        .unwrap();
    let messages: Vec<_> = commits.iter().map(|commit| commit.message.trim()).collect();
    assert_eq!(messages, ["fix: 1", "fix: 2", "fix: 3", "fix: 4", "fix: 5"]);
    assert_eq!(
        (commits[4].id.clone(), commits[4].parents),
        (ids("next"), 1)
    );
    assert_eq!(commits[0].tree, ids("main^{tree}"));
    assert_eq!(forge.log().len(), 3, "two to a page");
    for number in 1..=5 {
        let is_own = number == 3;
        let (head_repository, head_branch) = if is_own {
            (String::new(), "next")
        } else {
            ("acme/fork".to_owned(), "next")
        };
        let pull = Pull {
            is_open: true,
            head_repository,
            head_branch: head_branch.into(),
            base: "main".into(),
            ..Pull::default()
        };
        forge.add_pull(Pull {
            title: format!("{number}"),
            ..pull
        });
    }
    let found = client.open_pulls("Acme/Mono", "next", "main").unwrap();
    assert_eq!(
        found.iter().map(|pull| pull.number).collect::<Vec<_>>(),
        [3]
    );
    assert!(forge.unexpected().is_empty());
}

#[test]
fn what_the_forge_refuses_is_told_in_its_words_with_the_mend() {
    let (_bare, forge, client, slept) = stage();
    client.create_pull("acme/mono", &NEW).unwrap();
    forge.give_token("reads", Right::Read);
    let long = "x".repeat(65_537);
    for (wanted, words) in [
        (NEW, "A pull request already exists for acme:next."),
        (
            NewPull {
                branch: "nowhere",
                ..NEW
            },
            "head is invalid",
        ),
        (
            NewPull {
                base: "nowhere",
                ..NEW
            },
            "base is invalid",
        ),
        (
            NewPull {
                branch: "same",
                ..NEW
            },
            "No commits between main and same",
        ),
        (
            NewPull { body: &long, ..NEW },
            "body is too long (maximum is 65536 characters)",
        ),
        (NewPull { title: " ", ..NEW }, "title can't be blank"),
    ] {
        let error = client.create_pull("acme/mono", &wanted).unwrap_err();
        assert_eq!((error.status, error.tries), (Some(422), 1));
        assert!(
            error
                .to_string()
                .starts_with("POST /repos/acme/mono/pulls: ")
                && error.to_string().contains(words),
            "{error}"
        );
    }
    let before = forge.pulls();
    client.may_open_pull("acme/mono", "main").unwrap();
    assert_eq!(forge.pulls(), before, "what asks opens nothing");
    let with = |token| self::client(&forge.url(), token).0;
    for (token, status, words) in [
        (None, 401, "Requires authentication; the token is not taken"),
        (Some("guess"), 401, "Bad credentials"),
        (
            Some("reads"),
            403,
            "wants `contents: write` and `pull-requests: write`",
        ),
    ] {
        assert_eq!(
            with(token)
                .may_open_pull("acme/mono", "main")
                .unwrap_err()
                .status,
            Some(status)
        );
        let error = with(token).create_pull("acme/mono", &NEW).unwrap_err();
        assert!(
            error.status == Some(status) && error.to_string().contains(words),
            "{error}"
        );
    }
    let error = client.open_pulls("acme/other", "next", "main").unwrap_err();
    assert!(
        error.status == Some(404) && error.to_string().contains("repository.github"),
        "{error}"
    );
    assert!(
        slept.lock().unwrap().is_empty(),
        "none of these passes by waiting"
    );
}

#[test]
fn limits_are_waited_for_as_long_as_the_forge_says_and_not_longer() {
    let (_bare, forge, client, slept) = stage();
    let spent = |reset: &str| {
        Fault::status("GET", "/pulls", 403)
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", reset)
    };
    forge.plan_fault(spent("1000030"));
    client.open_pulls("acme/mono", "next", "main").unwrap();
    assert_eq!(std::mem::take(&mut *slept.lock().unwrap()), [30_000]);
    forge.plan_fault(spent("1003600"));
    let error = client.open_pulls("acme/mono", "next", "main").unwrap_err();
    assert_eq!((error.kind, error.tries), (ForgeErrorKind::Limited, 1));
    assert!(error.to_string().contains("asks to wait 3600 s"), "{error}");
    forge.plan_fault(Fault::status("GET", "/pulls", 403).header("x-ratelimit-remaining", "59"));
    assert_eq!(
        client
            .open_pulls("acme/mono", "next", "main")
            .unwrap_err()
            .kind,
        ForgeErrorKind::Answered,
        "forbidden is no limit"
    );
    forge.plan_fault(Fault::status("GET", "/pulls", 503).times(99));
    let error = client.open_pulls("acme/mono", "next", "main").unwrap_err();
    assert_eq!(
        (error.tries, std::mem::take(&mut *slept.lock().unwrap())),
        (4, vec![500, 1000, 2000])
    );
    assert!(error.to_string().ends_with("(tried 4 times)"), "{error}");
}

#[test]
fn a_lost_answer_opens_no_second_one() {
    for fault in [
        Fault::cut_after("POST", "/pulls"),
        Fault::cut_short("POST", "/pulls"),
    ] {
        let (_bare, forge, client, _) = stage();
        forge.plan_fault(fault);
        assert_eq!(client.create_pull("acme/mono", &NEW).unwrap().number, 1);
        assert_eq!(forge.pulls().len(), 1);
        assert_eq!(
            forge
                .log()
                .iter()
                .filter(|request| request.method == "POST")
                .count(),
            1,
            "it was found, not asked for again"
        );
    }
}

/// A server that answers everything so.
fn odd(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> (Server, String) {
    let server = Server::start(
        move |request: Request| Reply::Send(answer(&request)),
        1 << 20,
    )
    .unwrap();
    let url = format!("http://{}", server.address());
    (server, url)
}

#[test]
fn a_server_that_is_no_forge_is_not_believed() {
    let told = |answer: fn(&Request) -> Response| {
        let (_server, url) = odd(answer);
        client(&url, Some(TOKEN))
            .0
            .open_pulls("acme/mono", "next", "main")
            .unwrap_err()
    };
    let error = told(|_| Response::new(200).body("<html>sign in</html>"));
    assert!(
        error.to_string().contains("the answer is no JSON"),
        "{error}"
    );
    let error = told(|_| Response::json(200, &serde_json::json!({ "message": "hello" })));
    assert!(
        error.to_string().contains("the answer is no list"),
        "{error}"
    );
    let error = told(|_| {
        Response::json(200, &serde_json::json!([]))
            .with("Link", "<http://127.0.0.1:9/x>; rel=\"next\"")
    });
    assert!(
        error.to_string().contains("on another server"),
        "the token stays here: {error}"
    );
    let error = told(|request| {
        Response::json(200, &serde_json::json!([]))
            .with("Link", format!("<{}>; rel=\"next\"", request.target))
    });
    assert!(error.to_string().contains("run in a circle"), "{error}");
    let error = told(|request| {
        let (start, page) = request
            .target
            .rsplit_once("&p=")
            .unwrap_or((&request.target, "0"));
        let next = page.parse::<u32>().unwrap() + 1;
        Response::json(200, &serde_json::json!([]))
            .with("Link", format!("<{start}&p={next}>; rel=\"next\""))
    });
    assert!(error.to_string().contains("more than 100 pages"), "{error}");
    let error = told(|_| {
        Response::json(301, &serde_json::json!({ "message": "Moved Permanently" }))
            .with("Location", "/x")
    });
    assert!(
        error
            .to_string()
            .contains("has moved; write its new name into repository.github"),
        "{error}"
    );
    let error = told(|request| {
        let header = request.header("Authorization").unwrap_or_default();
        Response::json(
            400,
            &serde_json::json!({ "message": format!("what is {header}?") }),
        )
    });
    assert!(
        error.to_string().contains("what is Bearer …?") && !error.to_string().contains(TOKEN),
        "law 17: {error}"
    );
}

#[test]
fn the_token_goes_over_no_open_line() {
    let (client, _) = client("http://forge.example", Some(TOKEN));
    let error = client.open_pulls("acme/mono", "next", "main").unwrap_err();
    assert!(
        error.to_string().contains("in the clear") && error.to_string().contains("GITHUB_API_URL"),
        "{error}"
    );
}

#[test]
fn the_embedded_forge_takes_nothing_it_does_not_know() {
    let (_bare, forge, _, _) = stage();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let send = |method: &str, target: &str, version: &str, body: &str| {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{target}", forge.url()))
            .header("Authorization", format!("Bearer {TOKEN}"))
            .header("X-GitHub-Api-Version", version)
            .header("Content-Type", "application/json");
        agent
            .run(request.body(body.to_owned()).unwrap())
            .unwrap()
            .status()
            .as_u16()
    };
    let now = "2022-11-28";
    assert_eq!(
        send("GET", "/repos/acme/mono/pulls?head=acme:next", now, ""),
        200
    );
    for (method, target, version, body, status) in [
        ("GET", "/repos/acme/mono/pulls", "2019-01-01", "", 400),
        ("GET", "/repos/acme/mono/pulls?head=next", now, "", 422),
        ("GET", "/repos/acme/mono/pulls?sate=open", now, "", 422),
        ("GET", "/repos/acme/mono/pulls?state=opened", now, "", 422),
        ("GET", "/repos/acme/mono/pulls?per_page=101", now, "", 422),
        ("GET", "/repos/acme/mono/pulls?page=0", now, "", 422),
        ("GET", "/repos/acme/mono/compare/main...none", now, "", 404),
        ("POST", "/repos/acme/mono/pulls", now, "{", 400),
        (
            "POST",
            "/repos/acme/mono/pulls",
            now,
            "{\"title\":\"t\",\"head\":\"next\",\"base\":\"main\",\"labels\":[]}",
            422,
        ),
        (
            "POST",
            "/repos/acme/mono/pulls",
            now,
            "{\"title\":1,\"head\":\"next\",\"base\":\"main\"}",
            422,
        ),
        (
            "PATCH",
            "/repos/acme/mono/pulls/7",
            now,
            "{\"state\":\"closed\"}",
            404,
        ),
    ] {
        assert_eq!(
            send(method, target, version, body),
            status,
            "{method} {target} {body}"
        );
    }
    assert!(forge.unexpected().is_empty());
    assert_eq!(send("DELETE", "/repos/acme/mono/pulls/1", now, ""), 404);
    assert_eq!(forge.unexpected(), ["DELETE /repos/acme/mono/pulls/1"]);
}

#[test]
fn a_file_goes_to_the_forge_alone_and_the_token_with_it() {
    let upload_url = |address: &str| {
        let document = serde_json::json!([{
            "id": 1, "tag_name": "v1", "name": "v1", "body": "", "target_commitish": "main", "draft": true, "prerelease": false,
            "html_url": "http://localhost/x", "assets": [], "upload_url": format!("{address}/assets{{?name,label}}"),
        }]);
        move |request: Request| match request.method.as_str() {
            "GET" => Reply::Send(Response::json(200, &document)),
            _ => Reply::Send(Response::json(201, &serde_json::json!({}))),
        }
    };
    let elsewhere = Server::start(
        |_: Request| Reply::Send(Response::json(201, &serde_json::json!({}))),
        1 << 10,
    )
    .unwrap();
    for (address, words) in [
        (
            format!("http://{}", elsewhere.address()),
            "files are said to be sent to another server",
        ),
        ("http://uploads.example.org".to_owned(), "in the clear"),
        (
            "ftp://uploads.example.org".to_owned(),
            "neither an http nor an https address",
        ),
    ] {
        let server = Server::start(upload_url(&address), 1 << 10).unwrap();
        let (client, _) = client(&format!("http://{}", server.address()), Some(TOKEN));
        let release = client.release("acme/mono", "v1").unwrap().unwrap();
        let sent = client.upload(
            "acme/mono",
            &release,
            "a.txt",
            &Content::Text("a".into()),
            &|_, _| {},
        );
        let error = sent.unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains(TOKEN), "{error}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_large_file_is_sent_as_a_stream_with_its_length_and_tells_how_far_it_is() {
    let (_bare, forge, client, _) = stage();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.whl");
    std::fs::write(&path, vec![7; 3 << 20]).unwrap();
    let told = Told {
        title: "t".into(),
        body: "b".into(),
        commit: "main".into(),
        is_prerelease: false,
    };
    let release = client.create_draft("acme/mono", "v1", &told).unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    client
        .upload(
            "acme/mono",
            &release,
            "a.whl",
            &Content::File(path),
            &|sent, all| seen.borrow_mut().push((sent, all)),
        )
        .unwrap();
    let seen = seen.into_inner();
    // Piece by piece: it was never asked for as a whole.
    assert!(
        seen.len() > 10 && seen.is_sorted() && seen.last() == Some(&(3 << 20, 3 << 20)),
        "{} pieces",
        seen.len()
    );
    let file = client.files("acme/mono", &release).unwrap().remove(0);
    assert_eq!(
        (file.name.as_str(), file.is_whole, file.bytes),
        ("a.whl", true, 3 << 20)
    );
    let digest = client.digest_of_file("acme/mono", &file).unwrap();
    assert_eq!(Some(&digest), file.digest.as_ref());
    assert!(forge.unexpected().is_empty());
}

#[test]
fn a_draft_is_not_found_by_its_tag_and_not_by_who_may_only_read() {
    let (_bare, forge, client, _) = stage();
    let told = Told {
        title: "t".into(),
        body: "b".into(),
        commit: "main".into(),
        is_prerelease: false,
    };
    // The answer is lost twice: it is looked for, and not made again.
    forge.plan_fault(Fault::cut_after("POST", "/releases$").times(2));
    client.create_draft("acme/mono", "v1", &told).unwrap();
    assert_eq!(forge.releases().len(), 1);
    assert_eq!(client.published("acme/mono", "v1").unwrap(), None);
    forge.give_token("reads", Right::Read);
    let (reader, _) = self::client(&forge.url(), Some("reads"));
    assert_eq!(reader.release("acme/mono", "v1").unwrap(), None);
    assert!(
        reader
            .may_release("acme/mono", "v1")
            .unwrap_err()
            .to_string()
            .contains("contents: write")
    );
    client.may_release("acme/mono", "v1").unwrap();
    let release = client.release("acme/mono", "v1").unwrap().unwrap();
    let error = client.publish("acme/mono", &release, false).unwrap_err();
    assert!(
        error.to_string().contains("target_commitish is invalid"),
        "the stand-in makes no tag: {error}"
    );
    client.delete_draft("acme/mono", "v1", &release).unwrap();
    client.delete_draft("acme/mono", "v1", &release).unwrap();
    assert_eq!(client.release("acme/mono", "v1").unwrap(), None);
}
