//! What the embedded registry refuses, lists and remembers; spoken to by the real client, and by hand where the
//! client would never say such a thing.

mod client;
mod fault_table;
mod lists;
mod login;
mod odd_servers;
mod real;

use monorelease_model::image::Digest;
use monorelease_model::image::Repository;
use monorelease_stand_ins::registry::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryErrorKind;
use crate::options::RegistryOptions;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A client that does not wait between its tries.
pub(super) fn client(config: &str) -> Registry {
    let credentials = Credentials::from_docker_config(config, "config.json").unwrap();
    Registry::new(RegistryOptions {
        sleep: Arc::new(|_| {}),
        ..RegistryOptions::new(credentials)
    })
}

pub(super) fn repository(registry: &EmbeddedRegistry, path: &str) -> Repository {
    format!("{}/{path}", registry.address()).parse().unwrap()
}

/// A manifest of one layer whose blobs are in the repository already.
pub(super) fn image(client: &Registry, repository: &Repository, layer: &str) -> Vec<u8> {
    let describe = |media_type: &str, bytes: &[u8]| {
        let digest = client.put_blob(repository, bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest.as_str(), "size": bytes.len() })
    };
    let config = describe("application/vnd.oci.image.config.v1+json", b"{}");
    let layer = describe("application/vnd.oci.image.layer.v1.tar", layer.as_bytes());
    let manifest = json!({ "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer] });
    // Spaces and an odd end: what is not returned byte for byte gets another digest.
    format!("{}\n ", serde_json::to_string_pretty(&manifest).unwrap()).into_bytes()
}

/// One request by hand; gives status and body.
fn by_hand(
    registry: &EmbeddedRegistry,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String) {
    use std::io::Read as _;
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(registry.address()).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[test]
fn a_manifest_is_refused_until_its_repository_holds_all_it_names() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let here = repository(&registry, "o/here");
    let there = repository(&registry, "o/there");
    let manifest = image(&client, &there, "layer");
    let error = client
        .put_manifest(&here, "1.0", OCI_MANIFEST, &manifest)
        .unwrap_err();
    assert_eq!(
        (error.status, error.code.as_deref()),
        (Some(400), Some("MANIFEST_BLOB_UNKNOWN"))
    );
    assert_eq!(client.tags(&here).unwrap(), None);
    for blob in ["{}", "layer"] {
        assert!(
            client
                .mount_blob(&here, &Digest::of(blob.as_bytes()), &there)
                .unwrap()
        );
    }
    assert!(
        !client
            .mount_blob(&here, &Digest::of(b"absent"), &there)
            .unwrap()
    );
    assert_eq!(registry.counters().blobs_mounted, 2);
    assert_eq!(
        client
            .put_manifest(&here, "1.0", OCI_MANIFEST, &manifest)
            .unwrap(),
        Digest::of(&manifest)
    );

    let child = json!({ "mediaType": OCI_MANIFEST, "digest": Digest::of(&manifest).as_str(), "size": manifest.len() });
    let index =
        json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child] }).to_string();
    let error = client
        .put_manifest(&there, "1.0", OCI_INDEX, index.as_bytes())
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("MANIFEST_BLOB_UNKNOWN"));
    client
        .put_manifest(&here, "1.0-all", OCI_INDEX, index.as_bytes())
        .unwrap();
    assert_eq!(registry.unexpected(), Vec::<String>::new());
}

#[test]
fn manifests_with_a_flaw_are_refused() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let right: Value = serde_json::from_slice(&image(&client, &repository, "layer")).unwrap();
    let flawed = |pointer: &str, value: Value| {
        let mut document = right.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    let no_type = {
        let mut document = right.clone();
        document.as_object_mut().unwrap().shift_remove("mediaType");
        document.to_string()
    };
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    for (media_type, body, why) in [
        (OCI_INDEX, right.to_string(), "mediaType"),
        ("application/json", right.to_string(), "no manifest's"),
        (OCI_MANIFEST, "no JSON".to_owned(), "no JSON"),
        (OCI_MANIFEST, "[]".to_owned(), "schemaVersion"),
        (
            OCI_MANIFEST,
            flawed("/schemaVersion", json!(1)),
            "schemaVersion",
        ),
        (OCI_MANIFEST, flawed("/layers", json!({})), "layers"),
        (OCI_MANIFEST, flawed("/config", json!(null)), "descriptor"),
        (OCI_MANIFEST, flawed("/layers/0/size", json!(1)), "5 bytes"),
        (
            OCI_MANIFEST,
            flawed("/layers/0/digest", json!("sha512:00")),
            "descriptor",
        ),
        (docker, no_type.clone(), "no mediaType"),
    ] {
        let error = client
            .put_manifest(&repository, "1.0", media_type, body.as_bytes())
            .unwrap_err();
        assert_eq!(
            (error.status, error.code.as_deref()),
            (Some(400), Some("MANIFEST_INVALID")),
            "{body}"
        );
        assert!(error.message.contains(why), "{error}");
    }
    client
        .put_manifest(&repository, "1.0", OCI_MANIFEST, no_type.as_bytes())
        .unwrap();
}

#[test]
fn tags_come_two_at_a_time_and_in_no_order() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let manifest = image(&client, &repository, "layer");
    client
        .put_manifest(
            &repository,
            Digest::of(&manifest).as_str(),
            OCI_MANIFEST,
            &manifest,
        )
        .unwrap();
    assert_eq!(client.tags(&repository).unwrap(), Some(Vec::new()));
    for tag in ["b", "d", "a", "c", "e"] {
        client
            .put_manifest(&repository, tag, OCI_MANIFEST, &manifest)
            .unwrap();
    }
    let (status, first) = by_hand(&registry, "GET", "/v2/o/r/tags/list?n=100", "", b"");
    assert_eq!(status, 200);
    assert!(
        first.contains("Link: </v2/o/r/tags/list?n=2&last=c>; rel=\"next\""),
        "{first}"
    );
    assert!(
        first.ends_with(r#"{"name":"o/r","tags":["e","c"]}"#),
        "{first}"
    );
    assert_eq!(
        client.tags(&repository).unwrap().unwrap(),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(registry.tags("o/r"), ["a", "b", "c", "d", "e"]);
}

#[test]
fn uploads_go_on_only_where_the_last_answer_said() {
    let registry = EmbeddedRegistry::start().unwrap();
    let location = |answer: &str| {
        let line = answer
            .lines()
            .find(|line| line.starts_with("Location: "))
            .unwrap();
        line["Location: ".len()..].to_owned()
    };
    let (status, started) = by_hand(&registry, "POST", "/v2/o/r/blobs/uploads/", "", b"");
    assert_eq!(status, 202);
    let first = location(&started);
    let (status, _) = by_hand(
        &registry,
        "PATCH",
        first.split('?').next().unwrap(),
        "",
        b"hello ",
    );
    assert_eq!(status, 404, "the state in the query was dropped");
    let (status, patched) = by_hand(
        &registry,
        "PATCH",
        &first,
        "Content-Range: 0-5\r\n",
        b"hello ",
    );
    assert_eq!(status, 202);
    assert!(patched.contains("Range: 0-5\r\n"), "{patched}");
    let second = location(&patched);
    assert_eq!(
        by_hand(&registry, "PATCH", &first, "", b"again").0,
        404,
        "an old location"
    );
    assert_eq!(
        by_hand(&registry, "PATCH", &second, "Content-Range: 2-3\r\n", b"xx").0,
        416
    );
    assert_eq!(by_hand(&registry, "GET", &second, "", b"").0, 204);
    assert_eq!(
        by_hand(&registry, "PUT", &second, "", b"world").0,
        400,
        "no digest"
    );
    let digest = Digest::of(b"hello world");
    assert_eq!(
        by_hand(
            &registry,
            "PUT",
            &format!("{second}&digest={digest}"),
            "",
            b"world"
        )
        .0,
        201
    );
    assert_eq!(
        by_hand(
            &registry,
            "PUT",
            &format!("{second}&digest={digest}"),
            "",
            b"world"
        )
        .0,
        404,
        "it is over"
    );

    let (_, started) = by_hand(&registry, "POST", "/v2/o/r/blobs/uploads/", "", b"");
    let (status, refused) = by_hand(
        &registry,
        "PUT",
        &format!("{}&digest={digest}", location(&started)),
        "",
        b"other",
    );
    assert!(
        status == 400 && refused.contains("DIGEST_INVALID"),
        "{refused}"
    );
    let (status, _) = by_hand(
        &registry,
        "POST",
        &format!("/v2/o/r/blobs/uploads/?digest={digest}"),
        "",
        b"hello world",
    );
    assert_eq!(status, 201);
    let (_, started) = by_hand(&registry, "POST", "/v2/o/r/blobs/uploads/", "", b"");
    assert_eq!(
        by_hand(&registry, "DELETE", &location(&started), "", b"").0,
        204
    );

    let blob = format!("/v2/o/r/blobs/{digest}");
    let (status, part) = by_hand(&registry, "GET", &blob, "Range: bytes=6-\r\n", b"");
    assert!(
        status == 206
            && part.contains("Content-Range: bytes 6-10/11")
            && part.ends_with("\r\n\r\nworld"),
        "{part}"
    );
    assert_eq!(
        by_hand(&registry, "GET", &blob, "Range: bytes=11-\r\n", b"").0,
        416
    );
    assert_eq!(
        by_hand(&registry, "GET", "/v2/o/other/blobs/x", "", b"").0,
        400
    );
    assert_eq!(
        by_hand(&registry, "GET", &blob.replace("/r/", "/other/"), "", b"").0,
        404,
        "another repository"
    );
}

#[test]
fn names_are_checked_and_strange_requests_are_written_down() {
    let registry = EmbeddedRegistry::start().unwrap();
    let digest = Digest::of(b"x");
    for (method, target, status, code) in [
        ("GET", "/v2/Upper/tags/list", 400, "NAME_INVALID"),
        ("PUT", "/v2/o/r/manifests/a+b", 400, "TAG_INVALID"),
        ("PUT", "/v2/o/r/manifests/sha256:00", 400, "DIGEST_INVALID"),
        (
            "PUT",
            &format!("/v2/o/r/manifests/{digest}"),
            400,
            "DIGEST_INVALID",
        ),
        ("GET", "/v2/o/r/manifests/1.0", 404, "NAME_UNKNOWN"),
        ("GET", "/v2/o/r/tags/list", 404, "NAME_UNKNOWN"),
        ("GET", "/v2/o/r/referrers/x", 400, "DIGEST_INVALID"),
    ] {
        let (found, answer) = by_hand(&registry, method, target, "", b"");
        assert!(
            found == status && answer.contains(code),
            "{method} {target}: {answer}"
        );
    }
    assert_eq!(registry.unexpected(), Vec::<String>::new());
    for strange in [
        "GET /v2/_catalog",
        "DELETE /v2/o/r/manifests/1.0",
        "GET /",
        "GET /v1/x",
        "POST /v2/",
        "GET /v2/o/r/what",
    ] {
        let (method, target) = strange.split_once(' ').unwrap();
        assert_eq!(
            by_hand(&registry, method, target, "", b"").0,
            404,
            "{strange}"
        );
        assert_eq!(
            registry.unexpected().last().map(String::as_str),
            Some(strange)
        );
    }
}

#[test]
fn a_manifest_is_sent_only_to_those_who_accept_it() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    client
        .put_manifest(
            &repository,
            "1.0",
            OCI_MANIFEST,
            &image(&client, &repository, "layer"),
        )
        .unwrap();
    for (accept, status) in [
        ("", 200),
        ("Accept: */*\r\n", 200),
        (
            "Accept: a/b\r\nAccept: x/y,application/vnd.oci.image.manifest.v1+json;q=1\r\n",
            200,
        ),
        ("Accept: text/html\r\n", 404),
    ] {
        assert_eq!(
            by_hand(&registry, "GET", "/v2/o/r/manifests/1.0", accept, b"").0,
            status,
            "{accept}"
        );
    }
}

#[test]
fn referrers_are_listed_by_subject_and_type() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let mut signature: Value =
        serde_json::from_slice(&image(&client, &repository, "signature")).unwrap();
    let subject = Digest::of(b"subject");
    signature["subject"] =
        json!({ "mediaType": OCI_MANIFEST, "digest": subject.as_str(), "size": 7 });
    signature["artifactType"] = json!("application/x.signature");
    signature["annotations"] = json!({ "by": "me" });
    let signature = signature.to_string();
    let digest = client.put_manifest(
        &repository,
        Digest::of(signature.as_bytes()).as_str(),
        OCI_MANIFEST,
        signature.as_bytes(),
    );
    let digest = digest.unwrap();
    let list = |query: &str| {
        let (status, answer) = by_hand(
            &registry,
            "GET",
            &format!("/v2/o/r/referrers/{subject}{query}"),
            "",
            b"",
        );
        assert_eq!(status, 200);
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        (
            answer.contains("OCI-Filters-Applied: artifactType"),
            body["manifests"].clone(),
        )
    };
    let wanted = json!([{ "mediaType": OCI_MANIFEST, "digest": digest.as_str(), "size": signature.len(),
        "artifactType": "application/x.signature", "annotations": { "by": "me" } }]);
    assert_eq!(list(""), (false, wanted.clone()));
    assert_eq!(
        list("?artifactType=application/x.signature"),
        (true, wanted)
    );
    assert_eq!(list("?artifactType=application/x.sbom"), (true, json!([])));
    let without = EmbeddedRegistry::builder()
        .without_referrers()
        .start()
        .unwrap();
    assert_eq!(
        by_hand(
            &without,
            "GET",
            &format!("/v2/o/r/referrers/{subject}"),
            "",
            b""
        )
        .0,
        404
    );
}

#[test]
fn tags_stay_where_they_are_when_they_are_immutable() {
    let registry = EmbeddedRegistry::builder()
        .immutable_tags()
        .start()
        .unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let first = image(&client, &repository, "first");
    let second = image(&client, &repository, "second");
    for _ in 0..2 {
        client
            .put_manifest(&repository, "1.0", OCI_MANIFEST, &first)
            .unwrap();
    }
    let error = client
        .put_manifest(&repository, "1.0", OCI_MANIFEST, &second)
        .unwrap_err();
    assert_eq!(error.code.as_deref(), Some("TAG_INVALID"));
    assert_eq!(registry.digest("o/r", "1.0"), Some(Digest::of(&first)));
    assert_eq!(error.kind, RegistryErrorKind::Answered);
}

#[test]
fn the_state_names_everything_that_is_kept() {
    let registry = EmbeddedRegistry::start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let manifest = image(&client, &repository, "layer");
    let digest = client
        .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
        .unwrap();
    let wanted = BTreeMap::from([
        ("o/r:1.0".to_owned(), digest.to_string()),
        (
            format!("o/r@{digest}"),
            format!("{OCI_MANIFEST}, {} bytes", manifest.len()),
        ),
        (
            format!("o/r/blobs/{}", Digest::of(b"{}")),
            "2 bytes".to_owned(),
        ),
        (
            format!("o/r/blobs/{}", Digest::of(b"layer")),
            "5 bytes".to_owned(),
        ),
    ]);
    assert_eq!(registry.state(), wanted);
    assert_eq!(
        registry.manifest("o/r", "1.0"),
        Some((OCI_MANIFEST.to_owned(), manifest))
    );
    assert_eq!(registry.counters().blob_bytes_received, 7);
    let log: Vec<_> = registry
        .log()
        .into_iter()
        .map(|entry| (entry.method, entry.status))
        .collect();
    let upload = [("HEAD", 404), ("POST", 202), ("PUT", 201)];
    let wanted: Vec<_> = upload
        .iter()
        .chain(&upload)
        .chain(&[("PUT", 201)])
        .map(|(method, status)| ((*method).to_owned(), Some(*status)))
        .collect();
    assert_eq!(log, wanted);
}
