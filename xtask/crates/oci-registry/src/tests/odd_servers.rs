//! The client against servers that are no registry, or a bad one: nothing is believed, nothing is read without end, and no
//! credential goes where it was not asked for.

use monorelease_model::image::Digest;
use monorelease_stand_ins::http::Reply;
use monorelease_stand_ins::http::Request;
use monorelease_stand_ins::http::Server;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use monorelease_model::image::Repository;
use monorelease_stand_ins::http::message::Response;
use monorelease_stand_ins::registry::*;

use super::client::{PASSWORD, config, patient_client};
use super::{OCI_MANIFEST, client, image, repository};
use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryErrorKind;
use crate::options::RegistryOptions;

/// A server that is no registry, but answers like one in the first place.
pub(super) fn oddity(
    answer: impl Fn(&Request, usize) -> Response + Send + Sync + 'static,
) -> (Server, Repository) {
    let count = AtomicUsize::new(0);
    let handler =
        move |request: Request| Reply::Send(answer(&request, count.fetch_add(1, Ordering::SeqCst)));
    let server = Server::start(handler, 1 << 20).unwrap();
    let repository = format!("{}/o/r", server.address()).parse().unwrap();
    (server, repository)
}

fn page(link: &str) -> Response {
    Response::json(200, &serde_json::json!({ "name": "o/r", "tags": ["a"] })).with("Link", link)
}

#[test]
fn tag_lists_that_never_end_or_lead_away_are_refused() {
    for (link, why) in [
        ("</v2/o/r/tags/list?n=1000>; rel=\"next\"", "in a circle"),
        (
            "<http://127.0.0.1:1/v2/o/r/tags/list>; rel=\"next\"",
            "elsewhere",
        ),
        ("<http://example.com/>; rel=\"next\"", "in the clear"),
        ("<tags>; rel=\"next\"", "leads nowhere"),
    ] {
        let (_server, repository) = oddity(move |_, _| page(link));
        let error = client("{}").tags(&repository).unwrap_err();
        assert_eq!(error.kind, RegistryErrorKind::Malformed);
        assert!(error.to_string().contains(why), "{error}");
    }
    let (_server, repository) = oddity(|_, count| page(&format!("<?page={count}>; rel=next")));
    let client = Registry::new(RegistryOptions {
        tag_pages_max: 20,
        ..RegistryOptions::new(Credentials::default())
    });
    let error = client.tags(&repository).unwrap_err();
    assert!(
        error.kind == RegistryErrorKind::TooLarge && error.to_string().contains("20 pages"),
        "{error}"
    );
    assert_eq!(client.requests(), 20);
}

#[test]
fn credentials_do_not_follow_an_upload_to_another_server() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&shown);
    let (storage, _) = oddity(move |request, _| {
        let authorization = request.header("Authorization").map(str::to_owned);
        writer
            .lock()
            .unwrap()
            .push((request.method.clone(), authorization));
        // Whoever asks for a password here does not get the registry's.
        Response::new(401).with("WWW-Authenticate", "Basic realm=\"x\"")
    });
    let location = format!("http://{}/upload", storage.address());
    let (registry, repository) = oddity(move |request, _| {
        match (request.header("Authorization"), request.method.as_str()) {
            (None, _) => Response::new(401).with("WWW-Authenticate", "Basic realm=\"x\""),
            (_, "HEAD") => Response::new(404),
            _ => Response::new(202).with("Location", &location),
        }
    });
    let client = client(&format!(
        r#"{{ "auths": {{ "{}": {PASSWORD} }} }}"#,
        registry.address()
    ));
    let error = client.put_blob(&repository, b"layer").unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (RegistryErrorKind::Answered, Some(401))
    );
    assert_eq!(*shown.lock().unwrap(), [("PUT".to_owned(), None)]);
}

#[test]
fn answers_without_sense_are_refused() {
    for body in [
        "",
        "[]",
        "{}",
        "{\"tags\":\"a\"}",
        "{\"tags\":[1]}",
        "<html>",
    ] {
        let (_server, repository) = oddity(move |_, _| Response::new(200).body(body));
        let error = client("{}").tags(&repository).unwrap_err();
        assert_eq!(error.kind, RegistryErrorKind::Malformed, "{body}");
    }
    let (_server, repository) = oddity(|_, _| {
        Response::new(200)
            .with("Docker-Content-Digest", "md5:0")
            .body("x")
    });
    assert_eq!(
        client("{}").head(&repository, "1").unwrap_err().kind,
        RegistryErrorKind::Malformed
    );
    let (_server, repository) = oddity(|_, _| {
        let named = Digest::of(b"other").to_string();
        Response::new(200)
            .with("Docker-Content-Digest", named)
            .with("Content-Type", OCI_MANIFEST)
    });
    let error = client("{}")
        .head(&repository, Digest::of(b"asked").as_str())
        .unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Mismatch, "{error}");
    let (_server, repository) = oddity(|_, _| Response::new(200).body("no manifest"));
    assert!(
        client("{}")
            .head(&repository, "1")
            .unwrap_err()
            .to_string()
            .contains("wanted a manifest")
    );
    let (_server, repository) =
        oddity(|request, _| Response::new(if request.method == "HEAD" { 404 } else { 202 }));
    let error = client("{}").put_blob(&repository, b"x").unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Malformed, "{error}");
    let (_server, repository) = oddity(|_, _| Response::new(307).with("Location", "/again"));
    assert!(
        client("{}")
            .head(&repository, "1")
            .unwrap_err()
            .to_string()
            .contains("redirects")
    );
}

#[test]
fn answers_that_are_too_long_are_not_read() {
    let (_server, repository) = oddity(|_, _| {
        Response::new(200)
            .with("Content-Type", OCI_MANIFEST)
            .body(vec![b' '; (4 << 20) + 1])
    });
    let error = client("{}").manifest(&repository, "1").unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::TooLarge);
    assert!(error.to_string().contains("4194304 bytes"), "{error}");
    let error = client("{}")
        .put_manifest(&repository, "1", OCI_MANIFEST, &vec![0; (4 << 20) + 1])
        .unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::TooLarge);
    let (_server, repository) = oddity(|_, _| Response::new(418).body(vec![b'x'; 1 << 20]));
    assert_eq!(
        client("{}").manifest(&repository, "1").unwrap_err().status,
        Some(418)
    );
}

#[test]
fn tokens_are_not_asked_for_in_the_clear_elsewhere() {
    let (_server, repository) = oddity(|_, _| {
        Response::new(401).with(
            "WWW-Authenticate",
            "Bearer realm=\"http://example.com/token\"",
        )
    });
    let error = client("{}").tags(&repository).unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Malformed);
    assert!(error.to_string().contains("example.com/token"), "{error}");
    let (_server, repository) =
        oddity(|_, _| Response::new(401).with("WWW-Authenticate", "Negotiate"));
    assert!(client("{}").tags(&repository).unwrap_err().kind == RegistryErrorKind::Denied);
}

#[test]
fn many_threads_share_one_client() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let client = client(&config(&registry, PASSWORD));
    let repository = repository(&registry, "o/r");
    let manifest = image(&client, &repository, "layer");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let client = &client;
            let repository = &repository;
            let manifest = &manifest;
            scope.spawn(move || {
                for number in 0..5 {
                    client
                        .put_manifest(
                            repository,
                            &format!("{thread}.{number}"),
                            OCI_MANIFEST,
                            manifest,
                        )
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(client.tags(&repository).unwrap().unwrap().len(), 40);
    assert_eq!(client.requests(), registry.log().len() as u64);
}

#[test]
fn a_host_that_does_not_exist_is_no_cut_line() {
    let (client, _) = patient_client("{}");
    let error = client.ping("no-such-host.invalid").unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Unreachable, "{error}");
}

#[test]
fn a_server_that_takes_no_head_is_asked_by_get() {
    for status in [405, 501] {
        let registry = EmbeddedRegistry::start().unwrap();
        let client = client("{}");
        let repository = repository(&registry, "o/r");
        let bytes = image(&client, &repository, "layer");
        let put = client
            .put_manifest(&repository, "1.0", OCI_MANIFEST, &bytes)
            .unwrap();
        registry.plan_fault(Fault::status("HEAD", "/manifests/", status).times(9));
        let found = client.head(&repository, "1.0").unwrap().unwrap();
        assert_eq!((found.digest, found.size), (put, bytes.len() as u64));
        assert_eq!(client.head(&repository, "2.0").unwrap(), None);
    }
}
