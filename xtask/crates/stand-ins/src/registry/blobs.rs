//! Blobs of the embedded registry: reading, uploading in one or many pieces, mounting from another repository.

use std::sync::Arc;

use monorelease_model::image::{Digest, is_repository_path};

use super::builder::Behaviour;
use super::store::{Store, Upload};
use crate::http::message::{Request, Response};
use crate::registry::refusal::refuse;

/// Answers `GET` and `HEAD` of a blob, a part of it when a range is asked for.
pub fn get(
    store: &mut Store,
    behaviour: &Behaviour,
    name: &str,
    digest: &str,
    request: &Request,
) -> Response {
    let Ok(digest) = digest.parse::<Digest>() else {
        return refuse_digest(digest);
    };
    let Some(bytes) = store.blob(name, &digest).cloned() else {
        return refuse(404, "BLOB_UNKNOWN", &format!("{name} has no blob {digest}"));
    };
    if let (Some(address), "GET") = (&behaviour.blobs_at, request.method.as_str()) {
        return Response::new(307).with("Location", format!("http://{address}{}", request.target));
    }
    let length = bytes.len();
    let mut response = Response::new(200).with("Accept-Ranges", "bytes");
    response.body = bytes;
    if let Some(range) = request.header("Range") {
        let Some((first, last)) = read_range(range, length) else {
            return refuse(
                416,
                "RANGE_INVALID",
                &format!("{range:?} is not within {length} bytes"),
            )
            .with("Content-Range", format!("bytes */{length}"));
        };
        response = Response::new(206)
            .with("Content-Range", format!("bytes {first}-{last}/{length}"))
            .body(&response.body[first..=last]);
    }
    if request.method == "GET" {
        store.counters.blob_bytes_sent += response.body.len() as u64;
    }
    response
        .with("Content-Type", "application/octet-stream")
        .with("Docker-Content-Digest", digest.to_string())
}

/// Reads `bytes=FIRST-LAST` or `bytes=FIRST-`; of several ranges none.
fn read_range(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let last = if last.is_empty() {
        length.checked_sub(1)?
    } else {
        last.parse::<usize>().ok()?.min(length.checked_sub(1)?)
    };
    (first <= last).then_some((first, last))
}

/// Takes a blob over from another repository. `None` when that is not asked for, or not possible: then an upload begins.
pub fn mount(
    store: &mut Store,
    name: &str,
    request: &Request,
    may_read: impl Fn(&str) -> bool,
) -> Option<Response> {
    let digest: Digest = request.query("mount")?.parse().ok()?;
    let from = request
        .query("from")
        .filter(|from| is_repository_path(from) && may_read(from))?;
    let bytes = store.blob(from, &digest)?.clone();
    store.counters.blobs_mounted += 1;
    store.put_blob(name, digest.clone(), bytes);
    Some(created(name, &digest))
}

/// Opens an upload, or takes the whole blob when its digest is in the query.
pub fn start_upload(store: &mut Store, name: &str, request: Request) -> Response {
    if let Some(digest) = request.query("digest").map(str::to_owned) {
        return finish(store, name, Vec::new(), &digest, request.body);
    }
    let id = store.start_upload(name);
    progress(202, name, &id, 0)
}

/// Goes on with an upload, finishes it, drops it, or says how far it is.
pub fn upload(store: &mut Store, name: &str, id: &str, request: Request) -> Response {
    let Some(upload) = store
        .uploads
        .get_mut(id)
        .filter(|upload| upload.repository == name)
    else {
        return refuse(
            404,
            "BLOB_UPLOAD_UNKNOWN",
            &format!("{name} has no upload {id}"),
        );
    };
    let length = upload.bytes.len();
    // Registries hide state in the query of the location; a client that drops it, or uses an old one, is lost there.
    if request.method != "DELETE" && request.query("_state") != Some(state_of(id, length).as_str())
    {
        return refuse(
            404,
            "BLOB_UPLOAD_INVALID",
            "this is not the location that the last answer gave",
        );
    }
    match request.method.as_str() {
        "PATCH" => append(upload, name, id, request),
        "PUT" => {
            let Some(digest) = request.query("digest").map(str::to_owned) else {
                return refuse(
                    400,
                    "DIGEST_INVALID",
                    "an upload is finished with its digest in the query",
                );
            };
            let upload = store.uploads.remove(id).unwrap_or_default();
            finish(store, name, upload.bytes, &digest, request.body)
        }
        "DELETE" => {
            store.uploads.remove(id);
            Response::new(204)
        }
        _ => progress(204, name, id, length),
    }
}

fn append(upload: &mut Upload, name: &str, id: &str, request: Request) -> Response {
    let length = upload.bytes.len();
    let first = request
        .header("Content-Range")
        .map(|range| range.trim_start_matches("bytes ").split('-').next());
    if first.is_some_and(|first| first.and_then(|first| first.parse().ok()) != Some(length)) {
        let last = length.saturating_sub(1);
        return refuse(
            416,
            "BLOB_UPLOAD_INVALID",
            "this piece does not follow the last one",
        )
        .with("Range", format!("0-{last}"));
    }
    if upload.bytes.is_empty() {
        upload.bytes = request.body;
    } else {
        upload.bytes.extend_from_slice(&request.body);
    }
    progress(202, name, id, upload.bytes.len())
}

fn finish(
    store: &mut Store,
    name: &str,
    mut bytes: Vec<u8>,
    digest: &str,
    rest: Vec<u8>,
) -> Response {
    if bytes.is_empty() {
        bytes = rest;
    } else {
        bytes.extend_from_slice(&rest);
    }
    let Ok(digest) = digest.parse::<Digest>() else {
        return refuse_digest(digest);
    };
    let found = Digest::of(&bytes);
    if found != digest {
        return refuse(
            400,
            "DIGEST_INVALID",
            &format!("the bytes have the digest {found}, not {digest}"),
        );
    }
    store.counters.blob_bytes_received += bytes.len() as u64;
    store.put_blob(name, digest.clone(), Arc::new(bytes));
    created(name, &digest)
}

fn created(name: &str, digest: &Digest) -> Response {
    Response::new(201)
        .with("Location", format!("/v2/{name}/blobs/{digest}"))
        .with("Docker-Content-Digest", digest.to_string())
}

fn progress(status: u16, name: &str, id: &str, length: usize) -> Response {
    Response::new(status)
        .with(
            "Location",
            format!(
                "/v2/{name}/blobs/uploads/{id}?_state={}",
                state_of(id, length)
            ),
        )
        .with("Range", format!("0-{}", length.saturating_sub(1)))
        .with("Docker-Upload-UUID", id)
}

fn state_of(id: &str, length: usize) -> String {
    Digest::of(format!("{id} at {length}").as_bytes()).hex()[..16].to_owned()
}

fn refuse_digest(text: &str) -> Response {
    refuse(
        400,
        "DIGEST_INVALID",
        &format!("{text:?} is no sha256 digest"),
    )
}
