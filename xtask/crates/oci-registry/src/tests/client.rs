//! The real client against the embedded registry: round trips, lies, faults, credentials, limits.

use monorelease_model::image::Digest;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use monorelease_stand_ins::registry::*;

use super::{OCI_MANIFEST, client, image, repository};
use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryErrorKind;
use crate::options::RegistryOptions;

/// A client that writes down how long it would have waited.
pub(super) fn patient_client(config: &str) -> (Registry, Arc<Mutex<Vec<u64>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&waits);
    let credentials = Credentials::from_docker_config(config, "config.json").unwrap();
    let mut options = RegistryOptions::new(credentials);
    options.sleep =
        Arc::new(move |wait: Duration| writer.lock().unwrap().push(wait.as_millis() as u64));
    options.now = || "2025-10-21T07:28:00Z".parse().unwrap();
    (Registry::new(options), waits)
}

/// docker's configuration with one password, or with what else an entry may hold.
pub(super) fn config(registry: &EmbeddedRegistry, entry: &str) -> String {
    format!(r#"{{ "auths": {{ "{}": {entry} }} }}"#, registry.address())
}

pub(super) const PASSWORD: &str = r#"{ "username": "me", "password": "s3cret" }"#;

#[test]
fn bytes_that_are_not_those_of_the_digest_are_refused() {
    for builder in [
        EmbeddedRegistry::builder(),
        EmbeddedRegistry::builder().without_digest_header(),
    ] {
        let registry = builder.start().unwrap();
        let client = client("{}");
        let repository = repository(&registry, "o/r");
        let digest = client
            .put_manifest(
                &repository,
                "1.0",
                OCI_MANIFEST,
                &image(&client, &repository, "layer"),
            )
            .unwrap();
        assert!(
            registry.corrupt("o/r", &digest, b"{}")
                && registry.corrupt("o/r", &Digest::of(b"layer"), b"LAYER")
        );
        let error = client.manifest(&repository, digest.as_str()).unwrap_err();
        assert_eq!(error.kind, RegistryErrorKind::Mismatch);
        assert!(
            error.to_string().contains(digest.as_str())
                && error.to_string().contains(Digest::of(b"{}").as_str()),
            "{error}"
        );
        let error = client
            .blob(&repository, &Digest::of(b"layer"), 9)
            .unwrap_err();
        assert_eq!(error.kind, RegistryErrorKind::Mismatch);
        assert!(!error.temporary(), "asking again would not make it right");
    }
    let registry = EmbeddedRegistry::start().unwrap();
    let repository = repository(&registry, "o/r");
    let wrong = Digest::of(b"other");
    let error = client("{}")
        .put_manifest(&repository, wrong.as_str(), OCI_MANIFEST, b"{}")
        .unwrap_err();
    assert_eq!(
        (error.kind, registry.log().len()),
        (RegistryErrorKind::Mismatch, 0),
        "nothing was sent"
    );
}

#[test]
fn references_that_are_none_are_not_sent() {
    let registry = EmbeddedRegistry::start().unwrap();
    let repository = repository(&registry, "o/r");
    for wrong in ["", "../x", "a+b", "sha256:00", "a?b", "é"] {
        let error = client("{}").manifest(&repository, wrong).unwrap_err();
        assert_eq!(error.kind, RegistryErrorKind::Usage);
        assert!(error.to_string().contains(&format!("{wrong:?}")), "{error}");
    }
    assert!(registry.log().is_empty());
}

#[test]
fn law_18_faults_that_pass_are_waited_out() {
    let waits_of = |fault: Fault| {
        let registry = EmbeddedRegistry::start().unwrap();
        let (client, waits) = patient_client("{}");
        let repository = repository(&registry, "o/r");
        let manifest = image(&client, &repository, "layer");
        registry.plan_fault(fault);
        client
            .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
            .unwrap();
        assert_eq!(
            client.manifest(&repository, "1.0").unwrap().unwrap().bytes,
            manifest
        );
        client.blob(&repository, &Digest::of(b"layer"), 5).unwrap();
        assert_eq!(registry.clear_faults(), 0, "the fault has happened");
        waits.lock().unwrap().clone()
    };
    for method in ["PUT", "GET"] {
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(
                waits_of(Fault::status(method, "/manifests/", status).times(2)),
                [500, 1000],
                "{method} {status}"
            );
        }
        assert_eq!(
            waits_of(Fault::cut_before(method, "/manifests/").times(3)),
            [500, 1000, 2000]
        );
        assert_eq!(waits_of(Fault::cut_after(method, "/manifests/")), [500]);
    }
    // What is sent has its digest here already: a registry that denies it has looked at a blob's link while another wrote it
    // (docker-registry 2.8 does).
    let half_written = r#"{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}]}"#;
    assert_eq!(
        waits_of(
            Fault::status("PUT", "/manifests/", 400)
                .body(half_written)
                .times(2)
        ),
        [500, 1000]
    );
    assert_eq!(waits_of(Fault::cut_short("GET", "/manifests/")), [500]);
    assert_eq!(waits_of(Fault::cut_short("GET", "/blobs/")), [500]);
    assert_eq!(
        waits_of(Fault::status("GET", "/blobs/", 429).header("Retry-After", "7")),
        [7000]
    );
    let until = "Tue, 21 Oct 2025 07:28:30 GMT";
    assert_eq!(
        waits_of(Fault::status("GET", "/blobs/", 503).header("Retry-After", until)),
        [30_000]
    );
}

#[test]
fn every_cut_in_an_upload_heals_and_leaves_one_blob() {
    for method in ["HEAD", "POST", "PUT"] {
        for fault in [
            Fault::cut_before(method, "/blobs/"),
            Fault::cut_after(method, "/blobs/"),
            Fault::status(method, "/blobs/", 503),
        ] {
            let registry = EmbeddedRegistry::start().unwrap();
            let (client, waits) = patient_client("{}");
            registry.plan_fault(fault);
            let repository = repository(&registry, "o/r");
            client.put_blob(&repository, b"layer").unwrap();
            assert_eq!(registry.counters().blob_bytes_received, 5, "{method}");
            assert_eq!(waits.lock().unwrap().len(), 1);
            assert_eq!(registry.state().len(), 1);
        }
    }
    // An upload that the registry forgot is begun anew, though a 404 is otherwise final.
    let registry = EmbeddedRegistry::start().unwrap();
    registry.plan_fault(Fault::status("PUT", "/blobs/uploads/", 404));
    client("{}")
        .put_blob(&repository(&registry, "o/r"), b"layer")
        .unwrap();
    assert_eq!(registry.counters().blob_bytes_received, 5);
}

#[test]
fn law_18_faults_that_stay_are_reported_with_everything_known() {
    let registry = EmbeddedRegistry::start().unwrap();
    let (client, waits) = patient_client("{}");
    let repository = repository(&registry, "o/r");
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\u001b[31m down"}]}"#;
    registry.plan_fault(Fault::status("GET", "/manifests/", 429).body(body).times(9));
    let error = client.manifest(&repository, "1.0").unwrap_err();
    assert_eq!(
        (error.status, error.code.as_deref(), error.tries),
        (Some(429), Some("TOOMANYREQUESTS"), 4)
    );
    let host = registry.address();
    let said = format!(
        "GET {host}/o/r:1.0: {host} answered 429 TOOMANYREQUESTS: slow [31m down (tried 4 times)"
    );
    assert_eq!(error.to_string(), said);
    assert_eq!(*waits.lock().unwrap(), [500, 1000, 2000]);
    assert_eq!(registry.clear_faults(), 1);

    // An hour is not waited for.
    registry.plan_fault(Fault::status("GET", "/tags/", 429).header("Retry-After", "3600"));
    let error = client.tags(&repository).unwrap_err();
    assert!(error.to_string().contains("asks to wait 3600 s"), "{error}");
    assert_eq!((error.tries, waits.lock().unwrap().len()), (1, 3));

    // What is wrong stays wrong.
    registry.plan_fault(Fault::status("GET", "/tags/", 400));
    assert_eq!(client.tags(&repository).unwrap_err().tries, 1);
}

#[test]
fn a_blob_that_is_there_is_not_mounted_over() {
    let registry = EmbeddedRegistry::start().unwrap();
    let (client, _) = patient_client("{}");
    let from = repository(&registry, "o/builds");
    let to = repository(&registry, "o/releases");
    let layer = client.put_blob(&from, b"layer").unwrap();
    for _ in 0..2 {
        assert!(client.mount_blob(&to, &layer, &from).unwrap());
        assert_eq!(
            registry.counters().blobs_mounted,
            1,
            "a mount writes the blob's link, under the eyes of whoever reads it"
        );
    }
    // Where the repository is not there yet, and such are hidden by a refusal, the mount itself has the word.
    registry.plan_fault(Fault::status("HEAD", "/o/more/blobs/", 403));
    assert!(
        client
            .mount_blob(&repository(&registry, "o/more"), &layer, &from)
            .unwrap()
    );
    assert_eq!(
        (registry.counters().blobs_mounted, registry.clear_faults()),
        (2, 0)
    );
}

#[test]
fn a_404_that_no_registry_wrote_is_no_absence() {
    let registry = EmbeddedRegistry::start().unwrap();
    let repository = repository(&registry, "o/r");
    for body in [
        "",
        "<html>not here</html>",
        "{\"errors\":[]}",
        "{\"message\":\"404 page not found\"}",
    ] {
        registry.plan_fault(Fault::status("GET", "/v2/o/r", 404).body(body).times(2));
        assert_eq!(
            client("{}").tags(&repository).unwrap_err().status,
            Some(404)
        );
        assert_eq!(
            client("{}")
                .manifest(&repository, "1.0")
                .unwrap_err()
                .status,
            Some(404)
        );
    }
}

#[test]
fn a_registry_that_is_not_running_is_named() {
    let registry = EmbeddedRegistry::start().unwrap();
    let repository = repository(&registry, "o/r");
    let host = registry.address();
    drop(registry);
    let (client, waits) = patient_client("{}");
    let error = client.head(&repository, "1.0").unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Unreachable);
    let said = error.to_string();
    assert!(
        said.contains(&format!("cannot connect to {host}")) && said.contains("is it running?"),
        "{said}"
    );
    assert_eq!(waits.lock().unwrap().len(), 3);
    assert!(client.ping(&host).unwrap_err().temporary());
}

#[test]
fn tokens_are_fetched_once_for_each_scope_and_again_when_they_expire() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let client = client(&config(&registry, PASSWORD));
    let repository = repository(&registry, "o/r");
    let tokens = || {
        registry
            .log()
            .iter()
            .filter(|entry| entry.target.starts_with("/token"))
            .count()
    };
    let manifest = image(&client, &repository, "layer");
    client
        .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
        .unwrap();
    client.tags(&repository).unwrap();
    assert_eq!(tokens(), 1, "the right to push is also one to pull");
    client
        .head(&super::repository(&registry, "o/other"), "1.0")
        .unwrap();
    assert_eq!(tokens(), 2);
    let refused = registry
        .log()
        .iter()
        .filter(|entry| entry.status == Some(401))
        .count();
    assert_eq!(
        refused, 1,
        "once it is known how to ask, nothing is asked in vain"
    );
    registry.expire_tokens();
    for _ in 0..2 {
        client.tags(&repository).unwrap();
    }
    assert_eq!(tokens(), 3);
    let token_request = registry
        .log()
        .into_iter()
        .find(|entry| entry.target.starts_with("/token"))
        .unwrap();
    assert!(
        token_request.authorized && !token_request.target.contains("s3cret"),
        "{token_request:?}"
    );
}

#[test]
fn public_images_are_read_without_credentials() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .public_reads()
        .start()
        .unwrap();
    let repository = repository(&registry, "o/r");
    let stranger = client("{}");
    assert_eq!(stranger.tags(&repository).unwrap(), None);
    let error = stranger.put_blob(&repository, b"layer").unwrap_err();
    assert!(
        error.kind == RegistryErrorKind::Denied && registry.state().is_empty(),
        "{error}"
    );
}

#[test]
fn wrong_credentials_are_shown_once_and_never_told() {
    for builder in [
        EmbeddedRegistry::builder().basic("me", "right"),
        EmbeddedRegistry::builder().bearer("me", "right"),
    ] {
        let registry = builder.start().unwrap();
        let repository = repository(&registry, "o/r");
        for entry in [PASSWORD, r#"{ "identitytoken": "s3cret" }"#, "{}"] {
            let (client, waits) = patient_client(&config(&registry, entry));
            let error = client.tags(&repository).unwrap_err();
            assert!(
                error.kind == RegistryErrorKind::Denied && !error.temporary(),
                "{error:?}"
            );
            let said = error.to_string();
            assert!(
                said.contains(&format!("docker login {}", registry.address()))
                    && said.contains("absent"),
                "{said}"
            );
            assert!(!format!("{said} {error:?}").contains("s3cret"), "{error:?}");
            assert!(client.requests() <= 3 && waits.lock().unwrap().is_empty());
        }
    }
}

#[test]
fn a_registry_that_repeats_a_secret_does_not_get_it_into_an_error() {
    let registry = EmbeddedRegistry::builder()
        .basic("me", "s3cret")
        .start()
        .unwrap();
    let client = client(&config(&registry, PASSWORD));
    let repository = repository(&registry, "o/r");
    client.tags(&repository).unwrap();
    let body = r#"{"errors":[{"code":"DENIED","message":"no s3cret, no bWU6czNjcmV0"}]}"#;
    registry.plan_fault(Fault::status("GET", "/tags/", 403).body(body));
    let error = client.tags(&repository).unwrap_err();
    assert_eq!(&*error.message, "no ***, no ***");
}

#[test]
fn broken_credentials_matter_only_where_they_are_asked_for() {
    let open = EmbeddedRegistry::start().unwrap();
    let broken = r#"{ "credsStore": "of-nobody" }"#;
    client(broken).ping(&open.address()).unwrap();
    let closed = EmbeddedRegistry::builder()
        .basic("me", "s3cret")
        .start()
        .unwrap();
    let error = client(broken).ping(&closed.address()).unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Credentials);
    assert!(
        error.to_string().contains("docker-credential-of-nobody"),
        "{error}"
    );
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_server() {
    for storage in [
        EmbeddedRegistry::builder(),
        EmbeddedRegistry::builder().basic("me", "s3cret"),
    ] {
        let storage = storage.start().unwrap();
        let entry = format!(
            r#"{{ "auths": {{ "{}": {PASSWORD} }} }}"#,
            storage.address()
        );
        client(&entry)
            .put_blob(&repository(&storage, "o/r"), b"layer")
            .unwrap();
        let before = storage.log().len();
        let registry = EmbeddedRegistry::builder()
            .bearer("me", "s3cret")
            .blobs_at(&storage.address())
            .start()
            .unwrap();
        let client = client(&config(&registry, PASSWORD));
        let repository = repository(&registry, "o/r");
        client.put_blob(&repository, b"layer").unwrap();
        let read = client.blob(&repository, &Digest::of(b"layer"), 5);
        let asked = storage.log().split_off(before);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(!asked[0].authorized, "{asked:?}");
        match asked[0].status {
            Some(200) => assert_eq!(read.unwrap(), b"layer"),
            // The storage asked for credentials, and we have none for it: that is no word of the registry's.
            _ => assert_eq!(read.unwrap_err().kind, RegistryErrorKind::Answered),
        }
    }
}

#[test]
fn law_15_what_may_not_be_read_is_asked_for_by_who_may_write_it() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let client = client(&config(&registry, PASSWORD));
    let repository = repository(&registry, "o/new");
    let denied = || Fault::status("HEAD", "/v2/o/new/", 403);
    registry.plan_fault(denied().from_nth(2));
    assert_eq!(client.head_before_put(&repository, "1.0").unwrap(), None);
    let scopes: Vec<_> = registry
        .log()
        .into_iter()
        .filter(|entry| entry.target.starts_with("/token"))
        .map(|entry| entry.target)
        .collect();
    assert!(
        scopes.len() == 2 && !scopes[0].contains("push") && scopes[1].contains("push"),
        "{scopes:?}"
    );
    registry.plan_fault(denied().times(2));
    assert_eq!(
        client.head_before_put(&repository, "1.0").unwrap_err().kind,
        RegistryErrorKind::Denied
    );
    assert_eq!(registry.clear_faults(), 0);
}

#[test]
fn a_registry_that_is_away_is_waited_for_once() {
    let gone = EmbeddedRegistry::start().unwrap();
    let name = repository(&gone, "o/r");
    let here = EmbeddedRegistry::start().unwrap();
    drop(gone);
    let (client, waits) = patient_client("{}");
    let tries = |client: &Registry| client.head(&name, "1.0").unwrap_err().tries;
    let first = tries(&client);
    let waited = waits.lock().unwrap().len();
    assert!(first > 1 && waited > 0, "{first} tries, {waited} waits");
    assert_eq!(
        (tries(&client), waits.lock().unwrap().len()),
        (1, waited),
        "nobody waits for it again"
    );
    client.head(&repository(&here, "o/r"), "1.0").unwrap();
}
