//! Requests of the distribution specification as calls, and what their answers say: digests, types, pages, absence.

use crate::error::RegistryErrorKind as Kind;
use monorelease_http_client::http::Method;
use monorelease_http_client::url::{Origin, base_of, resolve};
use monorelease_model::image::{Digest, Repository, is_image_tag, media_type};
use serde::Deserialize;
use serde_json::Value;

use crate::error::RegistryError;
use crate::transport::{Answer, Call};

/// What a request wants to be allowed.
#[derive(Clone, Copy)]
pub(super) enum Access {
    Pull,
    Push,
}

/// A call about a repository; `rest` is what comes behind its name in the path.
pub(super) fn call<'a>(
    repository: &'a Repository,
    access: Access,
    method: Method,
    rest: &str,
) -> Call<'a> {
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
    let mut call = call(
        repository,
        access,
        method,
        &format!("manifests/{reference}"),
    );
    if is_image_tag(reference) {
        call.reference = format!("{repository}:{reference}");
    } else if reference.parse::<Digest>().is_ok() {
        call.reference = format!("{repository}@{reference}");
    } else {
        let wanted = "wanted a sha256 digest, or a tag of up to 128 letters, digits, \".\", \"_\" and \"-\", with no \".\" or \"-\" in front";
        return Err(call.error(
            Kind::Usage,
            format!("{reference:?} names no manifest: {wanted}"),
        ));
    }
    Ok(call)
}

/// Whether the registry itself says that there is nothing. A 404 in another tongue comes from something in front of it,
/// or from something that is no registry, and says nothing about the repository.
pub(super) fn is_absence(answer: &Answer) -> bool {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = document
        .pointer("/errors/0/code")
        .and_then(Value::as_str)
        .unwrap_or_default();
    answer.status == 404 && matches!(code, "NAME_UNKNOWN" | "MANIFEST_UNKNOWN" | "NOT_FOUND")
}

/// Whether a page for people came in place of a document: an error or a login, by something in front of the registry.
pub(super) fn is_page(answer: &Answer) -> bool {
    let named = answer
        .header("Content-Type")
        .map(bare_media_type)
        .unwrap_or_default();
    named.eq_ignore_ascii_case("text/html") || answer.body.trim_ascii_start().first() == Some(&b'<')
}

/// Why an answer is not what was wanted, for people; `why` is what a reader of the document said.
pub(super) fn not_wanted(answer: &Answer, wanted: &str, why: &dyn std::fmt::Display) -> String {
    match is_page(answer) {
        true => format!(
            "wanted {wanted}, found a page for people, such as a proxy sends with its own errors; ask the registry itself"
        ),
        false => format!("wanted {wanted}: {why}"),
    }
}

/// Where the next page is. It must be on the same server: the link is followed with our credentials.
pub(super) fn next_page(call: &Call, answer: &Answer, link: &str) -> Result<String, RegistryError> {
    let malformed = |why| call.error(Kind::Malformed, why);
    let next = resolve(&answer.url, link).map_err(malformed)?;
    match (
        Origin::of(&next).map_err(malformed)?,
        Origin::of(&answer.url).map_err(malformed)?,
    ) {
        (there, here) if there == here => Ok(next),
        _ => Err(malformed(format!(
            "the next page of the list is said to be elsewhere, at {next}"
        ))),
    }
}

/// `Docker-Content-Digest`; `None` when it is left out.
pub(super) fn digest_header(call: &Call, answer: &Answer) -> Result<Option<Digest>, RegistryError> {
    let digest = answer
        .header("Docker-Content-Digest")
        .map(str::parse)
        .transpose();
    digest.map_err(|error| call.error(Kind::Malformed, format!("Docker-Content-Digest: {error}")))
}

/// The media type of a manifest: the header's, or when that names none the manifest's own. Where both are named they must
/// agree, since one document could be read as either (CVE-2021-41190,
/// <https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m>).
pub(super) fn media_type_of(call: &Call, answer: &Answer) -> Result<String, RegistryError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
    }
    let malformed = |why: String| call.error(Kind::Malformed, why);
    let read: Result<Typed, _> = serde_json::from_slice(&answer.body);
    let own = read.map_err(|error| {
        let kind = if is_page(answer) {
            Kind::Stranger
        } else {
            Kind::Malformed
        };
        call.error(kind, not_wanted(answer, "a manifest", &error))
    });
    let own = own?.media_type;
    let named = answer
        .header("Content-Type")
        .map(bare_media_type)
        .unwrap_or_default();
    match (media_type::is_manifest(&named), own) {
        (true, Some(own)) if own != named => Err(malformed(format!(
            "Content-Type says {named:?}, the manifest itself {own:?}"
        ))),
        (true, _) => Ok(named),
        (false, Some(own)) if media_type::is_manifest(&own) => Ok(own),
        (false, own) => {
            let own = own.unwrap_or_else(|| "none".to_owned());
            Err(malformed(format!(
                "neither media type is a manifest's: Content-Type names {named:?}, the document {own:?}"
            )))
        }
    }
}

/// A media type without its parameters.
pub(super) fn bare_media_type(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The bytes, or what the registry says of them, are not those of the digest.
pub(super) fn mismatch(call: &Call, wanted: &Digest, found: &Digest) -> RegistryError {
    call.error(
        Kind::Mismatch,
        format!(
            "wanted the digest {wanted}, found {found}; this is not the content that was asked for"
        ),
    )
}
