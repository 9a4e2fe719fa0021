//! One table of what can go wrong, by request: what the client does of it, and what it says.
//!
//! A column is a request, a row a fault, and each cell the outcome: `fine` at once, `again` after one wait, the kind of the
//! error, or `-` where the fault cannot be told from a right answer, or there is nothing for it to hit.

use monorelease_model::image::Digest;
use monorelease_stand_ins::http::Reply;
use monorelease_stand_ins::http::Request;
use monorelease_stand_ins::http::Response;
use monorelease_stand_ins::http::Server;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use crate::error::RegistryErrorKind as Kind;
use monorelease_http_client::parallel::side_by_side;
use monorelease_model::image::Repository;
use monorelease_stand_ins::registry::*;
use serde_json::json;

use super::client::{PASSWORD, config};
use super::{OCI_INDEX, OCI_MANIFEST, client, image, repository};
use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryError;
use crate::options::RegistryOptions;

const COLUMNS: [&str; 8] = [
    "tags",
    "manifest",
    "head",
    "put",
    "blob",
    "upload",
    "token",
    "referrers",
];

struct Row {
    fault: &'static str,
    plan: fn(&Place) -> Fault,
    /// In the order of [`COLUMNS`].
    outcomes: &'static str,
    /// Part of every error's text.
    says: &'static str,
}

/// What a fault is to hit, and where.
struct Place {
    method: &'static str,
    part: &'static str,
    registry: String,
    elsewhere: String,
}

impl Place {
    fn status(&self, status: u16) -> Fault {
        Fault::status(self.method, self.part, status)
    }

    fn twist(&self, twist: fn(Response) -> Reply) -> Fault {
        Fault::twist(self.method, self.part, twist)
    }

    fn challenge(&self) -> String {
        format!(
            "Bearer realm=\"http://{}/token\",service=\"embedded-registry\"",
            self.registry
        )
    }
}

/// The answer with a header in place of its own of that name.
fn with(mut response: Response, name: &str, value: &str) -> Reply {
    response
        .headers
        .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    Reply::Send(response.with(name, value))
}

fn page(status: u16) -> Reply {
    Reply::Send(
        Response::new(status)
            .with("Content-Type", "text/html")
            .body("<html>Bad Gateway</html>"),
    )
}

/// The answer with header lines that are no UTF-8.
fn with_strange_headers(mut response: Response) -> Reply {
    response
        .headers
        .retain(|(name, _)| !["Link", "Docker-Content-Digest"].contains(&name.as_str()));
    let length = response.body.len();
    let raw = response.raw(&format!("Content-Length: {length}\r\nLink: <\u{1}\u{1}>\r\nDocker-Content-Digest: \u{1}\r\nConnection: close"));
    Reply::Raw(
        raw.into_iter()
            .map(|byte| if byte == 1 { 0xff } else { byte })
            .collect(),
    )
}

const TABLE: &[Row] = &[
    Row {
        fault: "429 with seconds to wait",
        plan: |place| place.status(429).header("Retry-After", "3"),
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "429 with a date to wait for",
        plan: |place| {
            place
                .status(429)
                .header("Retry-After", "Tue, 21 Oct 2025 07:28:30 GMT")
        },
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "429 with an hour to wait",
        plan: |place| place.status(429).header("Retry-After", "3600"),
        outcomes: "answered answered answered answered answered answered answered answered",
        says: "asks to wait 3600 s",
    },
    Row {
        fault: "500",
        plan: |place| place.status(500),
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "502 with a page",
        plan: |place| {
            place
                .status(502)
                .header("Content-Type", "text/html")
                .body("<html>Bad Gateway</html>")
        },
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "503",
        plan: |place| place.status(503),
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "503 that stays",
        plan: |place| place.status(503).times(99),
        outcomes: "answered answered answered answered answered answered answered answered",
        says: "answered 503 (tried 4 times)",
    },
    Row {
        fault: "cut before the effect",
        plan: |place| Fault::cut_before(place.method, place.part),
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "cut after the effect",
        plan: |place| Fault::cut_after(place.method, place.part),
        outcomes: "again again again again again again again again",
        says: "",
    },
    Row {
        fault: "cut that stays",
        plan: |place| Fault::cut_before(place.method, place.part).times(99),
        outcomes: "cut cut cut cut cut cut cut cut",
        says: "(tried 4 times)",
    },
    Row {
        fault: "cut in the middle of the body",
        plan: |place| Fault::cut_short(place.method, place.part),
        // A HEAD has no body, and nobody looks at what a 201 says.
        outcomes: "again again fine fine again fine again again",
        says: "",
    },
    Row {
        fault: "silence in the middle of the body",
        plan: |place| place.twist(Reply::Stall),
        outcomes: "again again fine fine again fine again again",
        says: "",
    },
    Row {
        fault: "a byte now and then",
        plan: |place| {
            place.twist(|response| {
                Reply::Drip(response.body(vec![b' '; 100]), Duration::from_millis(80))
            })
        },
        outcomes: "again again - again again again again again",
        says: "",
    },
    Row {
        fault: "half a document",
        plan: |place| {
            place.twist(|response| {
                let half = response.body[..response.body.len() / 2].to_vec();
                Reply::Send(response.body(half))
            })
        },
        outcomes: "malformed mismatch - fine mismatch fine stranger malformed",
        says: "",
    },
    Row {
        fault: "nothing at all",
        plan: |place| place.twist(|response| Reply::Send(response.body(Vec::new()))),
        outcomes: "malformed mismatch - fine mismatch fine stranger malformed",
        says: "",
    },
    Row {
        fault: "a length that is too long",
        plan: |place| {
            place.twist(|response| {
                Reply::Raw(response.raw(&format!("Content-Length: {}", response.body.len() + 10)))
            })
        },
        outcomes: "again again - again again again again again",
        says: "",
    },
    Row {
        fault: "a length that is too short",
        plan: |place| {
            place.twist(|response| {
                Reply::Raw(response.raw(&format!("Content-Length: {}", response.body.len() / 2)))
            })
        },
        outcomes: "malformed mismatch - fine mismatch fine stranger malformed",
        says: "",
    },
    Row {
        fault: "an answer that another follows, unasked",
        plan: |place| {
            place.twist(|response| {
                let forged = Response::json(
                    200,
                    &json!({ "name": "o/r", "tags": ["forged"], "manifests": [] }),
                );
                Reply::Trail(
                    response,
                    forged.raw(&format!("Content-Length: {}", forged.body.len())),
                )
            })
        },
        outcomes: "fine fine fine fine fine fine fine fine",
        says: "",
    },
    Row {
        fault: "another digest in the header",
        plan: |place| {
            place.twist(|response| {
                with(
                    response,
                    "Docker-Content-Digest",
                    Digest::of(b"other").as_str(),
                )
            })
        },
        outcomes: "fine mismatch mismatch mismatch fine fine fine fine",
        says: "this is not the content that was asked for",
    },
    Row {
        fault: "no digest in the header of that name",
        plan: |place| place.twist(|response| with(response, "Docker-Content-Digest", "md5:0")),
        outcomes: "fine malformed malformed malformed fine fine fine fine",
        says: "Docker-Content-Digest",
    },
    Row {
        fault: "other bytes",
        plan: |place| {
            place.twist(|response| Reply::Send(response.body("{\"tags\":7,\"manifests\":7}")))
        },
        outcomes: "malformed mismatch - fine mismatch fine stranger malformed",
        says: "",
    },
    Row {
        fault: "a token that has expired",
        plan: |place| {
            place
                .status(401)
                .header("WWW-Authenticate", &place.challenge())
        },
        outcomes: "fine fine fine fine fine fine denied fine",
        says: "docker login",
    },
    Row {
        fault: "no token is good enough",
        plan: |place| {
            place
                .status(401)
                .header("WWW-Authenticate", &place.challenge())
                .times(99)
        },
        outcomes: "denied denied denied denied denied denied denied denied",
        says: "docker login",
    },
    Row {
        fault: "forbidden",
        plan: |place| {
            place
                .status(403)
                .body(r#"{"errors":[{"code":"DENIED","message":"no"}]}"#)
        },
        outcomes: "denied denied denied denied denied denied denied denied",
        says: "answered 403",
    },
    Row {
        fault: "a redirect to another server",
        plan: |place| {
            place
                .status(307)
                .header("Location", &format!("http://{}/elsewhere", place.elsewhere))
        },
        // Whoever writes, or asks for a token, does not go there at all.
        outcomes: "answered answered answered answered answered answered answered answered",
        says: "answered",
    },
    Row {
        fault: "redirects in a circle",
        plan: |place| {
            place
                .status(307)
                .header(
                    "Location",
                    &format!("http://{}/v2/o/r{}x", place.registry, place.part),
                )
                .times(99)
        },
        outcomes: "stranger stranger stranger answered stranger answered answered stranger",
        says: "",
    },
    Row {
        fault: "a redirect to an address in the clear",
        plan: |place| {
            place
                .status(302)
                .header("Location", "http://registry.example.com/")
        },
        outcomes: "malformed malformed malformed answered malformed answered answered malformed",
        says: "",
    },
    Row {
        fault: "a body without an end",
        plan: |place| place.twist(|response| Reply::Endless(response.body(vec![b' '; 1 << 16]))),
        outcomes: "toolarge toolarge - toolarge toolarge toolarge toolarge toolarge",
        says: "the most that is taken here",
    },
    Row {
        fault: "2 GB by its length",
        plan: |place| {
            place.twist(|response| {
                Reply::Raw(response.body(Vec::new()).raw("Content-Length: 2147483648"))
            })
        },
        outcomes: "toolarge toolarge toolarge toolarge toolarge toolarge toolarge toolarge",
        says: "",
    },
    Row {
        fault: "an error of 2 GB",
        plan: |place| {
            place.twist(|_| Reply::Raw(Response::new(400).raw("Content-Length: 2147483648")))
        },
        // A 400 is how some registries say that they list no referrers.
        outcomes: "answered answered answered answered answered answered answered fine",
        says: "answered 400",
    },
    Row {
        fault: "no UTF-8 in the body",
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
        outcomes: "malformed mismatch - fine mismatch fine stranger malformed",
        says: "",
    },
    Row {
        fault: "no UTF-8 in the headers",
        plan: |place| place.twist(with_strange_headers),
        // A digest that cannot be read is as one left out. A link would be another page.
        outcomes: "malformed fine fine fine fine fine fine malformed",
        says: "Link header",
    },
    Row {
        fault: "a page for people with 200",
        plan: |place| place.twist(|_| page(200)),
        // Asked by GET, the registry answers itself.
        outcomes: "malformed stranger fine answered mismatch answered stranger malformed",
        says: "",
    },
    Row {
        fault: "a page for people with 404",
        plan: |place| place.twist(|_| page(404)),
        outcomes: "answered answered fine answered answered again answered fine",
        says: "page for people",
    },
    Row {
        fault: "another media type",
        plan: |place| place.twist(|response| with(response, "Content-Type", OCI_INDEX)),
        outcomes: "fine malformed - fine fine fine fine fine",
        says: "Content-Type says",
    },
    Row {
        fault: "no media type of a manifest",
        plan: |place| {
            place.twist(|response| with(response, "Content-Type", "text/plain; charset=utf-8"))
        },
        // What the manifest says of itself is enough; another type than an index's says that there is no such API.
        outcomes: "fine fine fine fine fine fine fine fine",
        says: "",
    },
];

/// A registry with something of everything, and a server that writes down what it is shown.
struct Case {
    registry: EmbeddedRegistry,
    repository: Repository,
    manifest: Vec<u8>,
    elsewhere: Server,
    shown: Arc<Mutex<Vec<Option<String>>>>,
}

impl Case {
    fn new() -> Self {
        let registry = EmbeddedRegistry::builder()
            .bearer("me", "s3cret")
            .page_size(100)
            .start()
            .unwrap();
        let repository = repository(&registry, "o/r");
        let writer = client(&config(&registry, PASSWORD));
        let manifest = image(&writer, &repository, "a layer of some length");
        writer
            .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
            .unwrap();
        let mut signature: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        signature["subject"] = json!({ "mediaType": OCI_MANIFEST, "digest": Digest::of(&manifest).as_str(), "size": manifest.len() });
        let signature = signature.to_string();
        writer
            .put_manifest(
                &repository,
                Digest::of(signature.as_bytes()).as_str(),
                OCI_MANIFEST,
                signature.as_bytes(),
            )
            .unwrap();
        let shown: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let seen = Arc::clone(&shown);
        let handler = move |request: Request| {
            seen.lock()
                .unwrap()
                .push(request.header("Authorization").map(str::to_owned));
            Reply::Send(Response::new(418))
        };
        let elsewhere = Server::start(handler, 1 << 20).unwrap();
        Self {
            registry,
            repository,
            manifest,
            elsewhere,
            shown,
        }
    }

    /// Asks what the column stands for, and insists that the answer is right when there is one.
    fn ask(&self, column: &str, client: &Registry) -> Result<(), RegistryError> {
        let repository = &self.repository;
        let digest = Digest::of(&self.manifest);
        match column {
            "tags" | "token" => client
                .tags(repository)
                .map(|tags| assert!(tags.unwrap().contains(&"1.0".to_owned()))),
            "manifest" => client
                .manifest(repository, "1.0")
                .map(|found| assert_eq!(found.unwrap().bytes, self.manifest)),
            "head" => client.head(repository, digest.as_str()).map(|found| {
                let found = found.unwrap();
                assert_eq!(
                    (found.digest, found.size, &*found.media_type),
                    (digest.clone(), self.manifest.len() as u64, OCI_MANIFEST)
                );
            }),
            "put" => client
                .put_manifest(repository, "2.0", OCI_MANIFEST, &self.manifest)
                .map(|put| assert_eq!(put, digest)),
            "blob" => {
                let layer = b"a layer of some length";
                client
                    .blob(repository, &Digest::of(layer), 100)
                    .map(|found| assert_eq!(found, layer))
            }
            "upload" => client
                .put_blob(repository, b"new")
                .map(|put| assert_eq!(put, Digest::of(b"new"))),
            "referrers" => client
                .referrers(repository, &digest, None)
                .map(|listed| assert!(listed.found.len() <= 1)),
            _ => unreachable!("{column}"),
        }
    }
}

/// A client that writes down its waits, and does not wait; slow lines it gives up after a moment.
fn hasty_client(config: &str) -> (Registry, Arc<Mutex<Vec<u64>>>) {
    let waits: Arc<Mutex<Vec<u64>>> = Arc::default();
    let writer = Arc::clone(&waits);
    let mut options =
        RegistryOptions::new(Credentials::from_docker_config(config, "config.json").unwrap());
    options.sleep =
        Arc::new(move |wait: Duration| writer.lock().unwrap().push(wait.as_millis() as u64));
    options.now = || "2025-10-21T07:28:00Z".parse().unwrap();
    (options.silence, options.patience, options.slowest) =
        (Duration::from_secs(2), Duration::from_secs(5), u64::MAX);
    (Registry::new(options), waits)
}

fn hit(column: &str) -> (&'static str, &'static str) {
    match column {
        "tags" => ("GET", "/tags/list"),
        "manifest" => ("GET", "/manifests/"),
        "head" => ("HEAD", "/manifests/"),
        "put" => ("PUT", "/manifests/"),
        "blob" => ("GET", "/blobs/"),
        "upload" => ("PUT", "/blobs/uploads/"),
        "token" => ("GET", "/token"),
        "referrers" => ("GET", "/referrers/"),
        _ => unreachable!("{column}"),
    }
}

/// Plays one cell, and tells what went otherwise than the table says.
fn play(row: &Row, column: &'static str, wanted: &str) -> Result<(), String> {
    let case = Case::new();
    let (client, waits) = hasty_client(&config(&case.registry, PASSWORD));
    // It has been let in before, as in the middle of a run: the fault is to hit the answer, and not the question for a token.
    client
        .ping(&case.registry.address())
        .map_err(|error| error.to_string())?;
    let (method, part) = hit(column);
    let place = Place {
        method,
        part,
        registry: case.registry.address(),
        elsewhere: case.elsewhere.address(),
    };
    case.registry.plan_fault((row.plan)(&place));
    let answer = case.ask(column, &client);
    let waited = waits.lock().unwrap().clone();
    let (found, said) = match &answer {
        Ok(()) if waited.is_empty() => ("fine".to_owned(), String::new()),
        Ok(()) if waited.len() == 1 => ("again".to_owned(), String::new()),
        Ok(()) => (format!("fine after {waited:?}"), String::new()),
        Err(error) => (
            format!("{:?}", error.kind).to_lowercase(),
            error.to_string(),
        ),
    };
    let tell = |what: &str| {
        Err(format!(
            "{} × {column}: {what}; found {found}, wanted {wanted}: {said}",
            row.fault
        ))
    };
    if found != wanted {
        return tell("another outcome");
    }
    if answer.is_err()
        && !(said.contains(row.says)
            && said.contains(method)
            && said.contains(&case.registry.address()))
    {
        return tell(&format!(
            "the text lacks {:?}, the method or the host",
            row.says
        ));
    }
    if said.contains("s3cret") || case.shown.lock().unwrap().iter().any(Option::is_some) {
        return tell("a secret went where it does not belong");
    }
    match row.fault {
        "429 with seconds to wait" if waited != [3000] => {
            return tell(&format!("waited {waited:?}"));
        }
        "429 with a date to wait for" if waited != [30_000] => {
            return tell(&format!("waited {waited:?}"));
        }
        // What is on the way when the client has had enough is in the buffers of two sockets.
        "a body without an end" if case.registry.endless_bytes() > 48 << 20 => {
            return tell("read without end");
        }
        _ => {}
    }
    // Neither the client nor the registry is spoiled: no rest of an answer is taken for the next one.
    case.registry.clear_faults();
    case.ask(column, &client)
        .map_err(|error| format!("{} × {column}: afterwards: {error}", row.fault))
}

#[test]
fn every_fault_of_every_request_ends_as_the_table_says() {
    let cells: Vec<_> = TABLE
        .iter()
        .flat_map(|row| {
            let outcomes: Vec<_> = row.outcomes.split(' ').collect();
            assert_eq!(outcomes.len(), COLUMNS.len(), "{}", row.fault);
            COLUMNS
                .into_iter()
                .zip(outcomes)
                .filter(|(_, wanted)| *wanted != "-")
                .map(move |(column, wanted)| (row, column, wanted))
        })
        .collect();
    let wrong: Vec<_> = side_by_side(&cells, |(row, column, wanted)| play(row, column, wanted))
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} cells:\n{}",
        wrong.len(),
        cells.len(),
        wrong.join("\n")
    );
    println!(
        "{} faults of {} requests: {} cells",
        TABLE.len(),
        COLUMNS.len(),
        cells.len()
    );
    assert!(
        cells
            .iter()
            .all(|(_, _, wanted)| ["fine", "again"].contains(wanted)
                || KINDS.iter().any(|kind| name(*kind) == *wanted))
    );
}

const KINDS: [Kind; 7] = [
    Kind::Answered,
    Kind::Denied,
    Kind::Cut,
    Kind::Mismatch,
    Kind::TooLarge,
    Kind::Malformed,
    Kind::Stranger,
];

fn name(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase()
}
