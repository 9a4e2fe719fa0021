//! Manifests of the embedded registry, and the checks that real registries leave out.

use monorelease_model::image::media_type::{
    DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST,
};
use monorelease_model::image::{Digest, is_image_tag};
use serde_json::{Value, json};

use super::builder::Behaviour;
use super::store::{Manifest, Store};
use crate::http::message::{Request, Response};
use crate::registry::refusal::refuse;

/// The specification makes registries take 4 MiB; clients may not count on more.
const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// Answers `GET` and `HEAD` of a manifest, in the type the client accepts.
pub fn get(
    store: &Store,
    behaviour: &Behaviour,
    name: &str,
    reference: &str,
    request: &Request,
) -> Response {
    let found = store.resolve(name, reference).and_then(|digest| {
        store
            .manifest(name, &digest)
            .map(|manifest| (digest, manifest))
    });
    let Some((digest, manifest)) = found else {
        return match store.has_repository(name) {
            true => refuse(
                404,
                "MANIFEST_UNKNOWN",
                &format!("{name} has no manifest {reference}"),
            ),
            false => refuse(
                404,
                "NAME_UNKNOWN",
                &format!("there is no repository {name}"),
            ),
        };
    };
    if !accepts(request, &manifest.media_type) {
        let why = format!(
            "{reference} is a {}, which the client does not accept",
            manifest.media_type
        );
        return refuse(404, "MANIFEST_UNKNOWN", &why);
    }
    let mut response = Response::new(200).with("Content-Type", &manifest.media_type);
    if behaviour.digest_header {
        response = response.with("Docker-Content-Digest", digest.to_string());
    }
    response.body = manifest.bytes.clone();
    response
}

fn accepts(request: &Request, media_type: &str) -> bool {
    let mut accepted = request
        .headers_named("Accept")
        .flat_map(|value| value.split(','))
        .peekable();
    let names = |part: &str| {
        part.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    };
    accepted.peek().is_none()
        || accepted.any(|part| {
            matches!(names(part).as_str(), "*/*" | "application/*") || names(part) == media_type
        })
}

/// Takes a manifest when everything it names is there.
pub fn put(
    store: &mut Store,
    behaviour: &Behaviour,
    name: &str,
    reference: &str,
    request: Request,
) -> Response {
    let digest = Digest::of(&request.body);
    let tag = match reference.parse::<Digest>() {
        Ok(wanted) if wanted != digest => {
            return refuse(
                400,
                "DIGEST_INVALID",
                &format!("the bytes have the digest {digest}, not {wanted}"),
            );
        }
        Ok(_) => None,
        Err(_) if reference.contains(':') => {
            return refuse(
                400,
                "DIGEST_INVALID",
                &format!("{reference:?} is no sha256 digest"),
            );
        }
        Err(_) if !is_image_tag(reference) => {
            return refuse(400, "TAG_INVALID", &format!("invalid tag {reference:?}"));
        }
        Err(_) => Some(reference),
    };
    if request.body.len() > MANIFEST_BYTES_MAX {
        return refuse(
            413,
            "SIZE_INVALID",
            &format!("the manifest is over {MANIFEST_BYTES_MAX} bytes"),
        );
    }
    let media_type = request
        .header("Content-Type")
        .unwrap_or_default()
        .to_owned();
    let subject = match check(store, name, &media_type, &request.body) {
        Ok(subject) => subject,
        Err(Refusal(code, why)) => return refuse(400, code, &why),
    };
    let current = tag.and_then(|tag| store.resolve(name, tag));
    if behaviour.immutable_tags && current.is_some_and(|current| current != digest) {
        return refuse(
            400,
            "TAG_INVALID",
            &format!("tag {reference} is there already, and tags are immutable here"),
        );
    }
    store.put_manifest(
        name,
        digest.clone(),
        Manifest {
            media_type,
            bytes: request.body.into(),
        },
    );
    if let Some(tag) = tag {
        store.put_tag(name, tag, digest.clone());
    }
    let mut response =
        Response::new(201).with("Location", format!("/v2/{name}/manifests/{digest}"));
    if behaviour.digest_header {
        response = response.with("Docker-Content-Digest", digest.to_string());
    }
    match subject {
        Some(subject) if behaviour.referrers => response.with("OCI-Subject", subject.to_string()),
        _ => response,
    }
}

/// A registry's error code, and what is wrong.
struct Refusal(&'static str, String);

fn invalid<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal("MANIFEST_INVALID", why.into()))
}

/// Holds a manifest against its media type and against what the repository keeps; gives the digest of its subject.
fn check(
    store: &Store,
    name: &str,
    media_type: &str,
    bytes: &[u8],
) -> Result<Option<Digest>, Refusal> {
    let document: Value =
        serde_json::from_slice(bytes).or_else(|error| invalid(format!("no JSON: {error}")))?;
    let is_oci = match media_type {
        OCI_MANIFEST | OCI_INDEX => true,
        DOCKER_MANIFEST | DOCKER_INDEX => false,
        _ => return invalid(format!("Content-Type {media_type:?} is no manifest's")),
    };
    // OCI lets the field out; docker's own types always had it.
    match document.get("mediaType").and_then(Value::as_str) {
        Some(named) if named != media_type => {
            return invalid(format!(
                "the body's mediaType is {named:?}, its Content-Type {media_type:?}"
            ));
        }
        None if !is_oci => return invalid("the body has no mediaType"),
        _ => {}
    }
    if document.get("schemaVersion") != Some(&json!(2)) {
        return invalid("schemaVersion is not 2");
    }
    let list = |key: &str| match document.get(key) {
        Some(Value::Array(list)) => Ok(list),
        _ => invalid(format!("no list {key:?}")),
    };
    if matches!(media_type, OCI_INDEX | DOCKER_INDEX) {
        for child in list("manifests")? {
            check_child(store, name, child)?;
        }
    } else {
        check_blob(store, name, document.get("config").unwrap_or(&Value::Null))?;
        for layer in list("layers")? {
            // A layer with addresses of its own is fetched there, and registries do not keep it.
            if layer.get("urls").is_none() {
                check_blob(store, name, layer)?;
            }
        }
    }
    match document.get("subject") {
        Some(subject) => read_descriptor(subject).map(|subject| Some(subject.digest)),
        None => Ok(None),
    }
}

struct Descriptor<'a> {
    media_type: &'a str,
    digest: Digest,
    size: u64,
}

fn read_descriptor(descriptor: &Value) -> Result<Descriptor<'_>, Refusal> {
    let text = |key: &str| descriptor.get(key).and_then(Value::as_str);
    match (
        text("mediaType"),
        text("digest").map(str::parse),
        descriptor.get("size").and_then(Value::as_u64),
    ) {
        (Some(media_type), Some(Ok(digest)), Some(size)) => Ok(Descriptor {
            media_type,
            digest,
            size,
        }),
        _ => invalid(format!(
            "{descriptor} is no descriptor: wanted mediaType, digest and size"
        )),
    }
}

fn check_blob(store: &Store, name: &str, descriptor: &Value) -> Result<(), Refusal> {
    let Descriptor { digest, size, .. } = read_descriptor(descriptor)?;
    match store.blob(name, &digest) {
        None => Err(Refusal(
            "MANIFEST_BLOB_UNKNOWN",
            format!("{name} has no blob {digest}"),
        )),
        Some(blob) if blob.len() as u64 != size => invalid(format!(
            "blob {digest} has {} bytes, the manifest says {size}",
            blob.len()
        )),
        Some(_) => Ok(()),
    }
}

fn check_child(store: &Store, name: &str, descriptor: &Value) -> Result<(), Refusal> {
    let Descriptor {
        media_type,
        digest,
        size,
    } = read_descriptor(descriptor)?;
    match store.manifest(name, &digest) {
        None => Err(Refusal(
            "MANIFEST_BLOB_UNKNOWN",
            format!("{name} has no manifest {digest}"),
        )),
        Some(child) if child.media_type != media_type || child.bytes.len() as u64 != size => {
            invalid(format!(
                "manifest {digest} is a {} of {} bytes, the index says a {media_type} of {size}",
                child.media_type,
                child.bytes.len()
            ))
        }
        Some(_) => Ok(()),
    }
}
