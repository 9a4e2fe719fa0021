//! Requests of the distribution specification as calls, and what their answers say: digests, types, pages, absence.

use serde_json::Value;
use ureq::http::Method;

use super::registry_error::{RegistryError, RegistryErrorKind as Kind};
use super::registry_http::{Answer, Call};
use super::registry_url::{Origin, base_of, resolve};
use crate::model::image::{Digest, Repository, is_image_tag};

/// What a request wants to be allowed.
#[derive(Clone, Copy)]
pub(super) enum Access {
    Pull,
    Push,
}

/// A call about a repository; `rest` is what comes behind its name in the path.
pub(super) fn call<'a>(repository: &'a Repository, access: Access, method: Method, rest: &str) -> Call<'a> {
    let Repository { host, path } = repository;
    let actions = match access {
        Access::Pull => "pull",
        Access::Push => "pull,push",
    };
    Call {
        method,
        url: format!("{}/v2/{path}/{rest}", base_of(host)),
        host,
        reference: repository.to_string(),
        scope: format!("repository:{path}:{actions}"),
        headers: Vec::new(),
        body: None,
        body_bytes_max: 64 * 1024,
    }
}

/// A call about a manifest. A reference that is neither tag nor digest is not sent: it could change the path.
pub(super) fn manifest_call<'a>(
    repository: &'a Repository,
    access: Access,
    method: Method,
    reference: &str,
) -> Result<Call<'a>, RegistryError> {
    let mut call = call(repository, access, method, &format!("manifests/{reference}"));
    if is_image_tag(reference) {
        call.reference = format!("{repository}:{reference}");
    } else if reference.parse::<Digest>().is_ok() {
        call.reference = format!("{repository}@{reference}");
    } else {
        let wanted =
            "wanted a sha256 digest, or a tag of up to 128 letters, digits, \".\", \"_\" and \"-\", with no \".\" or \"-\" in front";
        return Err(call.error(Kind::Usage, format!("{reference:?} names no manifest: {wanted}")));
    }
    Ok(call)
}

/// Whether the registry itself says that there is nothing. A 404 in another tongue comes from something in front of it,
/// or from something that is no registry, and says nothing about the repository.
pub(super) fn is_absence(answer: &Answer) -> bool {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = document.pointer("/errors/0/code").and_then(Value::as_str).unwrap_or_default();
    answer.status == 404 && matches!(code, "NAME_UNKNOWN" | "MANIFEST_UNKNOWN" | "NOT_FOUND")
}

/// The tags of one page.
pub(super) fn read_tag_page(call: &Call, answer: &Answer) -> Result<Vec<String>, RegistryError> {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let tags = match document.get("tags") {
        // Registries written in Go say null where there are none.
        Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(tags)) => tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    tags.ok_or_else(|| call.error(Kind::Malformed, "the tag list is not the JSON object with \"tags\" that registries answer"))
}

/// Where the next page is. It must be on the same server: the link is followed with our credentials.
pub(super) fn next_page(call: &Call, answer: &Answer, link: &str) -> Result<String, RegistryError> {
    let malformed = |why| call.error(Kind::Malformed, why);
    let next = resolve(&answer.url, link).map_err(malformed)?;
    match (Origin::of(&next).map_err(malformed)?, Origin::of(&answer.url).map_err(malformed)?) {
        (there, here) if there == here => Ok(next),
        _ => Err(malformed(format!("the next page of the tag list is said to be elsewhere, at {next}"))),
    }
}

/// `Docker-Content-Digest`; `None` when it is left out.
pub(super) fn digest_header(call: &Call, answer: &Answer) -> Result<Option<Digest>, RegistryError> {
    let digest = answer.header("Docker-Content-Digest").map(str::parse).transpose();
    digest.map_err(|error| call.error(Kind::Malformed, format!("Docker-Content-Digest: {error}")))
}

/// The media type of a manifest: the header's, or when that is left out the manifest's own.
pub(super) fn media_type_of(answer: &Answer) -> Option<String> {
    let named = answer.header("Content-Type").map(bare_media_type).filter(|named| !named.is_empty());
    named.or_else(|| {
        let document: Value = serde_json::from_slice(&answer.body).ok()?;
        document.get("mediaType")?.as_str().map(str::to_owned)
    })
}

/// A media type without its parameters.
pub(super) fn bare_media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

/// The bytes, or what the registry says of them, are not those of the digest.
pub(super) fn mismatch(call: &Call, wanted: &Digest, found: &Digest) -> RegistryError {
    call.error(Kind::Mismatch, format!("wanted the digest {wanted}, found {found}; this is not the content that was asked for"))
}
