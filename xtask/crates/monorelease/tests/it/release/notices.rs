//! Chats are told of a release: once when it is there, once when it stopped, and a chat that is away changes nothing.

use snapbox::str;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::support;
use crate::support::delivery::Delivered;
use crate::support::stage::{Stage, TOKEN};
use crate::support::{Fixture, Report, git_in};
use monorelease_stand_ins::registry::Fault;

/// What a webhook's address ends with: it is the secret.
const SECRET: &str = "canary-of-the-webhook";

/// A chat that answers what it is told to, and keeps what it was sent.
struct Chat {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Chat {
    fn new(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/{SECRET}", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut part = [0; 4096];
                while !is_whole(&request) {
                    match stream.read(&mut part).unwrap() {
                        0 => break,
                        count => request.extend_from_slice(&part[..count]),
                    }
                }
                let request = String::from_utf8(request).unwrap();
                kept.lock()
                    .unwrap()
                    .push(request.split_once("\r\n\r\n").unwrap().1.to_owned());
                stream
                    .write_all(
                        format!(
                            "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )
                        .as_bytes(),
                    )
                    .unwrap();
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Whether head and body of a request are there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse::<usize>()
            .ok()
    });
    length.is_some_and(|length| body.len() >= length)
}

fn release(fixture: &Fixture, slack: &Chat, more: &[&str]) -> Report {
    let ran = fixture.run_with(
        &[&["release", "api"], more].concat(),
        &[("SLACK_WEBHOOK_URL", &slack.address)],
    );
    assert!(
        !format!("{}{}", ran.stdout, ran.stderr).contains(SECRET),
        "law 17: {}",
        ran.stderr
    );
    ran
}

#[test]
fn a_release_is_told_once_however_often_it_is_run() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let slack = Chat::new("200 OK");
    let discord = Chat::new("204 No Content");
    assert_eq!(release(&fixture, &slack, &["--dry-run"]).code, 0);
    assert!(slack.heard().is_empty(), "law 13");
    let both = [
        ("SLACK_WEBHOOK_URL", slack.address.as_str()),
        ("DISCORD_WEBHOOK_URL", discord.address.as_str()),
    ];
    for _ in 0..2 {
        let ran = fixture.run_with(&["release", "api"], &both);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let image = format!("{}/acme/api:0.2.0", fixture.registry.address());
        assert_eq!(
            slack.heard(),
            [format!("{{\"text\":\"api 0.2.0 is released: {image}\"}}")]
        );
        assert_eq!(discord.heard().len(), 1);
        assert!(
            discord.heard()[0].contains(&format!("\"content\":\"api 0.2.0 is released: {image}\"")),
            "{:?}",
            discord.heard()
        );
    }
}

#[test]
fn a_chat_that_fails_changes_nothing_about_the_release() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let chat = Chat::new("500 Internal Server Error");
    let ran = release(&fixture, &chat, &[]);
    assert_eq!((ran.code, chat.heard().len()), (0, 1), "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 18 registry requests
     warning a notice was not delivered, which changes nothing else: the webhook in SLACK_WEBHOOK_URL answered 500

"#]]);
    assert!(
        fixture
            .git(&["ls-remote", "origin"])
            .contains("refs/tags/api-v0.2.0")
    );
    let nobody = Chat {
        address: format!("http://127.0.0.1:1/{SECRET}"),
        heard: Arc::default(),
    };
    let other = Fixture::new();
    other.prepare_release();
    let ran = release(&other, &nobody, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 18 registry requests
     warning a notice was not delivered, which changes nothing else: the webhook in SLACK_WEBHOOK_URL cannot be reached

"#]]);
}

#[test]
fn a_release_that_stopped_is_told_once_and_its_end_as_well() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let chat = Chat::new("200 OK");
    for _ in 0..2 {
        fixture
            .registry
            .plan_fault(Fault::status("PUT", "manifests/0.2.0", 403).times(100));
        let ran = release(&fixture, &chat, &[]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert_eq!(chat.heard().len(), 1, "{:?}", chat.heard());
        assert!(
            chat.heard()[0].contains("the release of api 0.2.0 stopped"),
            "{:?}",
            chat.heard()
        );
        fixture.registry.clear_faults();
    }
    assert_eq!(release(&fixture, &chat, &[]).code, 0);
    assert_eq!(chat.heard().len(), 2);
    assert!(
        chat.heard()[1].contains("is released"),
        "{:?}",
        chat.heard()
    );
}

#[test]
fn a_release_whose_tag_came_first_is_told_by_the_run_that_ends_it() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    // As somebody who lets the tag start the workflow.
    fixture.ok(&["tag", "api", "--push"]);
    let chat = Chat::new("200 OK");
    fixture
        .registry
        .plan_fault(Fault::status("PUT", "manifests/0.2.0", 403).times(100));
    assert_eq!(release(&fixture, &chat, &[]).code, 1);
    assert!(
        chat.heard().len() == 1 && chat.heard()[0].contains("the release of api 0.2.0 stopped"),
        "{:?}",
        chat.heard()
    );
    fixture.registry.clear_faults();
    for _ in 0..2 {
        assert_eq!(release(&fixture, &chat, &[]).code, 0);
        assert_eq!(chat.heard().len(), 2, "{:?}", chat.heard());
        assert!(
            chat.heard()[1].contains("api 0.2.0 is released"),
            "{:?}",
            chat.heard()
        );
    }
}

#[test]
fn what_fails_after_the_tag_is_no_release_yet() {
    let stage = Stage::new();
    stage.fixture.prepare_release();
    let chat = Chat::new("200 OK");
    let run = || {
        let url = stage.forge.url();
        let variables = [
            ("GITHUB_API_URL", url.as_str()),
            ("GITHUB_TOKEN", TOKEN),
            ("SLACK_WEBHOOK_URL", chat.address.as_str()),
        ];
        stage.fixture.run_with(&["release", "api"], &variables)
    };
    for _ in 0..2 {
        stage.forge.plan_fault(
            monorelease_stand_ins::github::Fault::status("PATCH", "/releases/", 422).times(100),
        );
        let ran = run();
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(
            stage
                .fixture
                .git(&["ls-remote", "origin"])
                .contains("refs/tags/api-v0.2.0"),
            "the tag is there"
        );
        assert_eq!(chat.heard().len(), 1, "{:?}", chat.heard());
        assert!(
            chat.heard()[0].contains("the release of api 0.2.0 stopped"),
            "{:?}",
            chat.heard()
        );
        stage.forge.clear_faults();
    }
    for _ in 0..2 {
        let ran = run();
        assert_eq!(
            (ran.code, chat.heard().len()),
            (0, 2),
            "{} {:?}",
            ran.stderr,
            chat.heard()
        );
        assert!(
            chat.heard()[1].contains("api 0.2.0 is released"),
            "{:?}",
            chat.heard()
        );
    }
}

#[test]
fn what_a_forge_is_told_later_is_no_second_release() {
    let stage = Stage::new();
    stage.fixture.prepare_release();
    let chat = Chat::new("200 OK");
    let url = stage.forge.url();
    let slack = ("SLACK_WEBHOOK_URL", chat.address.as_str());
    assert_eq!(
        stage.fixture.run_with(&["release", "api"], &[slack]).code,
        0
    );
    // As in another clone, which cannot know who was told.
    std::fs::remove_dir_all(stage.fixture.root().join("target")).ok();
    let ran = stage.fixture.run_with(
        &["release", "api"],
        &[
            ("GITHUB_API_URL", url.as_str()),
            ("GITHUB_TOKEN", TOKEN),
            slack,
        ],
    );
    assert_eq!(
        (ran.code, stage.forge.releases().len()),
        (0, 1),
        "{}",
        ran.stderr
    );
    assert_eq!(chat.heard().len(), 1, "{:?}", chat.heard());
}

#[test]
fn a_release_whose_delivery_failed_is_told_by_the_run_that_delivers_it() {
    let delivered = Delivered::with(
        "",
        &[("staging/api.yaml", "image: REGISTRY/acme/api:0.1.0\n")],
    );
    let fixture = &delivered.fixture;
    let there = delivered.there();
    let pin = format!(
        "[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\ngit = \"{}\"\nfile = \"staging/*.yaml\"\n",
        there.display()
    );
    fixture.write(
        "xtask/monorepo.toml",
        &format!(
            "{}[environments.staging]\n{pin}",
            fixture.read("xtask/monorepo.toml")
        ),
    );
    fixture.commit_all("chore: say what runs where");
    delivered.push_there(
        &[(
            "staging/api.yaml",
            &format!("image: {}/acme/api:0.1.0\n", fixture.registry.address()),
        )],
        "feat: here",
    );
    fixture.prepare_release();
    let chat = Chat::new("200 OK");
    // It would take the push when it is asked before, and does not when it comes.
    let hook = there.join("hooks/pre-receive");
    support::programs::write_program(&hook, "#!/bin/sh\nexit 1\n");
    assert_eq!(release(fixture, &chat, &[]).code, 1);
    assert!(
        chat.heard().len() == 1 && chat.heard()[0].contains("the release of api 0.2.0 stopped"),
        "{:?}",
        chat.heard()
    );
    std::fs::remove_file(&hook).unwrap();
    std::fs::remove_dir_all(fixture.root().join("target")).unwrap();
    for _ in 0..2 {
        assert_eq!(release(fixture, &chat, &[]).code, 0);
        assert_eq!(chat.heard().len(), 2, "{:?}", chat.heard());
        assert!(
            chat.heard()[1].contains("api 0.2.0 is released"),
            "{:?}",
            chat.heard()
        );
    }
    assert!(git_in(&there, &["show", "main:staging/api.yaml"]).contains("api:0.2.0"));
}

#[test]
fn what_is_refused_is_told_to_nobody_but_the_caller() {
    let fixture = Fixture::new();
    let chat = Chat::new("200 OK");
    assert_eq!(release(&fixture, &chat, &[]).code, 3);
    assert!(chat.heard().is_empty());
}

#[test]
fn a_release_that_is_only_played_is_told_to_nobody() {
    let fixture = Fixture::new();
    let chat = Chat::new("200 OK");
    for scenario in [
        "api",
        "delivery-folders",
        "delivery-branches",
        "delivery-updater",
    ] {
        let hooks = [
            ("SLACK_WEBHOOK_URL", chat.address.as_str()),
            ("DISCORD_WEBHOOK_URL", &chat.address),
        ];
        let ran = fixture.run_with(&["rehearse", scenario], &hooks);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(chat.heard(), [""; 0], "{scenario}");
    }
}
