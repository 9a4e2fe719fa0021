//! A release through faults of its registry: the exit code, one clear message, no half state, and the next run finishes.
//!
//! What the client does of each fault stands in a table of its own beside the embedded registry. Silence is missing here:
//! the program waits a minute for a line that says nothing, and no test waits that long.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::support::{Fixture, Report};
use monorelease::rehearse::images::{self as stand_in, Target};
use monorelease_stand_ins::http::{Reply, Response};
use monorelease_stand_ins::registry::{EmbeddedRegistry, Fault};

/// The requests of a release: what is listed and read of the candidate, the question whether a name is free, what is put
/// for a platform and for the index, and the question whether it is there.
const COLUMNS: [&str; 7] = [
    "tags", "manifest", "blob", "free?", "put", "index", "there?",
];

struct Row {
    fault: &'static str,
    plan: fn(&Place) -> Fault,
    /// Exit codes in the order of [`COLUMNS`]; `-` where there is nothing to hit.
    codes: &'static str,
    /// Part of the message, where the release failed or was refused.
    says: &'static str,
}

struct Place {
    method: &'static str,
    part: &'static str,
    /// Leaves out the requests before.
    nth: usize,
    address: String,
}

impl Place {
    fn status(&self, status: u16) -> Fault {
        Fault::status(self.method, self.part, status).from_nth(self.nth)
    }

    /// A fault that a second try finds gone, and that asks for no pause.
    fn passing(&self, status: u16) -> Fault {
        self.status(status).header("Retry-After", "0")
    }

    /// Spoils every answer but those that say "not there", which hold nothing to spoil.
    fn twist(&self, twist: fn(Response) -> Reply) -> Fault {
        Fault::twist(self.method, self.part, twist)
            .from_nth(self.nth)
            .times(99)
    }
}

fn found(response: &Response) -> bool {
    response.status != 404
}

fn page(status: u16) -> Response {
    Response::new(status)
        .with("Content-Type", "text/html")
        .body("<html>Bad Gateway</html>")
}

fn half(response: &Response) -> usize {
    response.body.len() / 2
}

const TABLE: &[Row] = &[
    Row {
        fault: "429 with seconds",
        plan: |place| place.passing(429),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "429 with a date",
        plan: |place| {
            place
                .status(429)
                .header("Retry-After", "Tue, 21 Oct 2025 07:28:30 GMT")
        },
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "429 with an hour",
        plan: |place| place.status(429).header("Retry-After", "3600"),
        codes: "3 3 3 3 1 1 1",
        says: "it asks to wait 3600 s",
    },
    Row {
        fault: "500",
        plan: |place| place.passing(500),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "502",
        plan: |place| place.passing(502),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "503 three times",
        plan: |place| place.passing(503).times(3),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "503 that stays",
        plan: |place| place.passing(503).times(99),
        codes: "3 3 3 3 1 1 1",
        says: "answered 503; it asks to wait 0 s (tried 4 times)",
    },
    Row {
        fault: "cut before the effect",
        plan: |place| Fault::cut_before(place.method, place.part).from_nth(place.nth),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "cut after the effect",
        plan: |place| Fault::cut_after(place.method, place.part).from_nth(place.nth),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "cut in the middle",
        plan: |place| Fault::cut_short(place.method, place.part).from_nth(place.nth),
        codes: "0 0 0 0 0 0 0",
        says: "",
    },
    Row {
        fault: "cut that stays",
        plan: |place| {
            Fault::cut_before(place.method, place.part)
                .from_nth(place.nth)
                .times(99)
        },
        codes: "3 - - - 1 - -",
        says: "cut the line before the answer was complete",
    },
    Row {
        fault: "a slow body",
        plan: |place| place.twist(|response| Reply::Drip(response, Duration::from_micros(100))),
        codes: "0 0 0 - 0 0 -",
        says: "",
    },
    Row {
        fault: "half a document",
        plan: |place| {
            place.twist(|response| {
                let bytes = response.body[..half(&response)].to_vec();
                Reply::Send(response.body(bytes))
            })
        },
        codes: "3 3 3 - 0 0 -",
        says: "wanted ",
    },
    Row {
        fault: "a length that is too long",
        plan: |place| {
            Fault::twist(place.method, place.part, |response| {
                Reply::Raw(response.raw(&format!("Content-Length: {}", response.body.len() + 9)))
            })
            .from_nth(place.nth)
        },
        codes: "0 0 0 - 0 0 -",
        says: "",
    },
    Row {
        fault: "a length that is too short",
        plan: |place| {
            place.twist(|response| {
                Reply::Raw(response.raw(&format!("Content-Length: {}", half(&response))))
            })
        },
        codes: "3 3 3 - 0 0 -",
        says: "wanted ",
    },
    Row {
        fault: "another digest in the header",
        plan: |place| {
            place.twist(|mut response| {
                response
                    .headers
                    .retain(|(name, _)| name != "Docker-Content-Digest");
                let other = format!("sha256:{}", "0".repeat(64));
                Reply::Send(if found(&response) {
                    response.with("Docker-Content-Digest", other)
                } else {
                    response
                })
            })
        },
        codes: "0 3 0 - 0 0 1",
        says: "sha256:0000",
    },
    Row {
        fault: "forbidden",
        plan: |place| place.status(403).times(99),
        codes: "3 3 3 3 1 1 1",
        says: "run `docker login",
    },
    Row {
        fault: "a redirect to another host",
        plan: |place| {
            place
                .status(307)
                .header("Location", "http://registry.example.com/")
                .times(99)
        },
        codes: "3 3 3 3 1 1 1",
        says: "",
    },
    Row {
        fault: "redirects in a circle",
        plan: |place| {
            place
                .status(307)
                .header(
                    "Location",
                    &format!("http://{}/v2/acme/api{}x", place.address, place.part),
                )
                .times(99)
        },
        codes: "3 3 3 3 1 1 1",
        says: "",
    },
    Row {
        fault: "pages without an end",
        plan: |place| {
            place.twist(|response| {
                // The same page for ever: the address of the next is that of this one.
                Reply::Send(response.with("Link", "</v2/acme/api/tags/list?n=1000>; rel=\"next\""))
            })
        },
        codes: "3 - - - - - -",
        says: "in a circle",
    },
    Row {
        fault: "a body without an end",
        plan: |place| place.twist(|response| Reply::Endless(response.body(vec![b' '; 1 << 16]))),
        codes: "3 3 3 - 0 0 -",
        says: "the most that is taken here",
    },
    Row {
        fault: "2 GB by its length",
        plan: |place| {
            place.twist(|response| match found(&response) {
                true => Reply::Raw(response.body(Vec::new()).raw("Content-Length: 2147483648")),
                false => Reply::Send(response),
            })
        },
        codes: "3 3 3 - 0 0 1",
        says: "bytes",
    },
    Row {
        fault: "no UTF-8",
        plan: |place| {
            place.twist(|response| {
                let mut bytes = response.body.to_vec();
                bytes
                    .iter_mut()
                    .filter(|byte| byte.is_ascii_alphabetic())
                    .for_each(|byte| *byte = 0xff);
                Reply::Send(response.body(bytes))
            })
        },
        codes: "3 3 3 - 0 0 -",
        says: "wanted ",
    },
    Row {
        fault: "a page for people with 200",
        plan: |place| {
            Fault::twist(place.method, place.part, |_| Reply::Send(page(200)))
                .from_nth(place.nth)
                .times(99)
        },
        codes: "3 3 3 0 0 0 0",
        says: "wanted ",
    },
    Row {
        fault: "a page for people with 404",
        plan: |place| {
            place
                .status(404)
                .header("Content-Type", "text/html")
                .body("<html>Not here</html>")
                .times(99)
        },
        codes: "3 3 3 0 1 1 0",
        says: "page for people",
    },
    Row {
        fault: "another media type",
        plan: |place| {
            place.twist(|mut response| {
                response.headers.retain(|(name, _)| name != "Content-Type");
                Reply::Send(
                    response.with("Content-Type", "application/vnd.oci.image.index.v1+json"),
                )
            })
        },
        codes: "0 3 0 0 0 0 0",
        says: "Content-Type says",
    },
];

fn place(column: &str, address: String) -> Place {
    let (method, part, nth) = match column {
        "tags" => ("GET", "/tags/list", 1),
        "manifest" => ("GET", "/manifests/20", 1),
        "blob" => ("GET", "/blobs/", 1),
        "free?" => ("HEAD", "/manifests/0.2.0", 1),
        "put" => ("PUT", "/manifests/0.2.0-", 1),
        // The index is put when its platforms are there.
        "index" => ("PUT", "/manifests/0.2.0", 3),
        // A name is asked for when the plan is made, before the act, and after it.
        "there?" => ("HEAD", "/manifests/0.2.0-amd64", 3),
        _ => unreachable!("{column}"),
    };
    Place {
        method,
        part,
        nth,
        address,
    }
}

/// A repository with a candidate, and the state in which an undisturbed release leaves it.
struct Stage {
    fixture: Fixture,
    released: BTreeMap<String, String>,
    variables: Vec<(String, String)>,
}

impl Stage {
    fn new(fixture: Fixture, variables: Vec<(String, String)>) -> Self {
        let mut stage = Self {
            fixture,
            released: BTreeMap::new(),
            variables,
        };
        assert_eq!(stage.release().code, 0);
        stage.released = stage.fixture.state();
        stage.take_back();
        stage
    }

    /// With a time that is always the same: a tag's object holds it.
    fn release(&self) -> Report {
        let mut variables = vec![("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")];
        variables.extend(
            self.variables
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        self.fixture.run_with(&["release", "api"], &variables)
    }

    fn take_back(&self) {
        self.fixture.registry.clear_faults();
        let kept = self
            .fixture
            .registry
            .keep()
            .without_tags("acme/api", |tag| tag.starts_with("0.2.0"));
        self.fixture.registry.go_back_to(&kept);
        if !self
            .fixture
            .git(&["tag", "--list", "api-v0.2.0"])
            .is_empty()
        {
            self.fixture.git(&["tag", "--delete", "api-v0.2.0"]);
        }
        if !self
            .fixture
            .git(&["ls-remote", "origin", "refs/tags/api-v0.2.0"])
            .is_empty()
        {
            self.fixture
                .git(&["push", "--quiet", "--delete", "origin", "api-v0.2.0"]);
        }
    }

    /// Releases with a fault and once more without, and tells what went otherwise than it should.
    fn play(&self, fault: Fault, code: i32, says: &str, reference: &str) -> Result<(), String> {
        let before = self.fixture.state();
        self.fixture.registry.plan_fault(fault);
        let ran = self.release();
        self.fixture.registry.clear_faults();
        let after = self.fixture.state();
        if ran.code != code {
            return Err(format!(
                "exit code {}, wanted {code}: {}",
                ran.code, ran.stderr
            ));
        }
        if code != 0 && !(ran.stderr.contains(says) && ran.stderr.contains(reference)) {
            return Err(format!(
                "the message lacks {says:?} or {reference:?}: {}",
                ran.stderr
            ));
        }
        match code {
            0 if after != self.released => return Err("it ended well in another state".to_owned()),
            3 if after != before => return Err("it was refused, and something was done".to_owned()),
            _ => {}
        }
        // Whatever is there is as it was, or as the release leaves it: nothing is under a name that is not its own.
        if let Some((key, value)) = after
            .iter()
            .find(|(key, value)| before.get(*key) != Some(value) && !self.is_on_the_way(key, value))
        {
            return Err(format!("{key} is {value:?}, in neither state"));
        }
        let next = self.release();
        if next.code != 0 || self.fixture.state() != self.released {
            return Err(format!(
                "the next run did not finish, with {}: {}",
                next.code, next.stderr
            ));
        }
        self.take_back();
        Ok(())
    }

    /// Refs are written one by one: each line is one of the end's.
    fn is_on_the_way(&self, key: &str, value: &str) -> bool {
        self.released.get(key).is_some_and(|end| {
            end == value
                || (key.starts_with("refs") && value.lines().all(|line| end.contains(line)))
        })
    }
}

#[test]
fn law_14_a_release_through_every_fault_ends_clearly_and_the_next_run_finishes() {
    let cells: Vec<_> = TABLE
        .iter()
        .flat_map(|row| {
            COLUMNS
                .into_iter()
                .zip(row.codes.split(' '))
                .map(move |(column, code)| (row, column, code))
        })
        .filter_map(|(row, column, code)| code.parse().ok().map(|code: i32| (row, column, code)))
        .collect();
    let next = Mutex::new(cells.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let fixture = Fixture::new();
                fixture.prepare_release();
                let mut stage = Stage::new(fixture, Vec::new());
                loop {
                    let Some((row, column, code)) = next.lock().unwrap().next() else {
                        return;
                    };
                    let place = place(column, stage.fixture.registry.address());
                    let reference = format!(
                        "{} {}/acme/api",
                        place.method,
                        stage.fixture.registry.address()
                    );
                    let reference = if place.method == "HEAD" {
                        reference.replace("HEAD ", "")
                    } else {
                        reference
                    };
                    if let Err(what) = stage.play((row.plan)(&place), *code, row.says, &reference) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{} × {column}: {what}", row.fault));
                        let fixture = Fixture::new();
                        fixture.prepare_release();
                        stage = Stage::new(fixture, Vec::new());
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {} cells:\n{}",
        wrong.len(),
        cells.len(),
        wrong.join("\n")
    );
    println!("{} releases through {} faults", cells.len(), TABLE.len());
    assert!(cells.len() > 100);
}

const LOGIN: &str = r#"{ "username": "me", "password": "s3cret" }"#;

/// A release at a registry that wants tokens, with docker's configuration for it.
fn stage_with_tokens() -> (Stage, tempfile::TempDir) {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let address = registry.address();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(r#"{{ "auths": {{ "{address}": {LOGIN} }} }}"#);
    std::fs::write(folder.path().join("config.json"), &config).unwrap();
    let fixture = Fixture::with(registry);
    let variables = vec![(
        "DOCKER_CONFIG".to_owned(),
        folder.path().to_str().unwrap().to_owned(),
    )];
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let plan = fixture.json(&["plan", "--tag", "api-v0.2.0-rc1"]);
    let build_id = plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned();
    for platform in ["linux/amd64", "linux/arm64"] {
        let target = Target {
            address: &address,
            config: &config,
            repository: "acme/api",
        };
        stand_in::push_at(
            target,
            &build_id,
            platform,
            "0.2.0",
            &fixture.head(),
            platform.ends_with("arm64"),
        )
        .unwrap();
    }
    (Stage::new(fixture, variables), folder)
}

#[test]
fn a_token_that_expires_in_the_middle_is_renewed_once() {
    let (stage, _folder) = stage_with_tokens();
    let address = stage.fixture.registry.address();
    let challenge =
        format!("Bearer realm=\"http://{address}/token\",service=\"embedded-registry\"");
    for column in COLUMNS {
        let place = place(column, address.clone());
        let expired = || place.status(401).header("WWW-Authenticate", &challenge);
        stage
            .play(expired(), 0, "", "")
            .unwrap_or_else(|what| panic!("{column}: {what}"));
    }
    for (column, code) in [("tags", 3), ("put", 1)] {
        let place = place(column, address.clone());
        let refused = place
            .status(401)
            .header("WWW-Authenticate", &challenge)
            .times(99);
        stage
            .play(refused, code, "run `docker login", &address)
            .unwrap_or_else(|what| panic!("{column}: {what}"));
    }
    let log = stage.fixture.registry.log();
    assert!(log.iter().all(|entry| !entry.target.contains("s3cret")));
}

#[test]
fn law_17_faults_tell_no_secret() {
    let (stage, _folder) = stage_with_tokens();
    let body =
        r#"{"errors":[{"code":"DENIED","message":"s3cret is no good, nor is bWU6czNjcmV0"}]}"#;
    // The list is asked for once without a token, before the registry has said that it wants one.
    for (part, nth) in [("/token", 1), ("/tags/list", 2)] {
        stage.fixture.registry.plan_fault(
            Fault::status("GET", part, 403)
                .body(body)
                .from_nth(nth)
                .times(9),
        );
        let ran = stage.release();
        stage.fixture.registry.clear_faults();
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        let is_hidden = !shown.contains("s3cret") && !shown.contains("bWU6czNjcmV0");
        assert!(is_hidden && shown.contains("403 DENIED"), "{part}: {shown}");
    }
}
