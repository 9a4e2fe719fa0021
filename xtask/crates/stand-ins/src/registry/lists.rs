//! The lists of the embedded registry: tags and referrers, a page at a time.
//!
//! Each order and each page size is one that some real registry has; the client may count on none of them.

use monorelease_model::image::Digest;
use monorelease_model::image::media_type::OCI_INDEX;
use serde_json::{Value, json};

use super::builder::{Behaviour, TagOrder};
use super::store::{Manifest, Store};
use crate::http::message::{Request, Response};
use crate::registry::refusal::refuse;

/// Lists tags in the order of this registry, a page at a time: `n` can make a page smaller, and never larger.
pub fn list_tags(store: &Store, behaviour: &Behaviour, name: &str, request: &Request) -> Response {
    if !store.has_repository(name) {
        return refuse(
            404,
            "NAME_UNKNOWN",
            &format!("there is no repository {name}"),
        );
    }
    let mut asked = match request.query("n").map(str::parse::<usize>) {
        None => behaviour.page_size,
        Some(Ok(asked)) => asked.min(behaviour.page_size),
        Some(Err(_)) => return refuse(400, "PAGINATION_NUMBER_INVALID", "n is no number"),
    };
    let mut tags: Vec<&str> = store
        .tags(name)
        .iter()
        .map(|(tag, _)| tag.as_str())
        .collect();
    let last = request.query("last");
    match behaviour.tag_order {
        TagOrder::NewestFirst => {
            tags.reverse();
            if let Some(at) = last.and_then(|last| tags.iter().position(|tag| *tag == last)) {
                tags.drain(..=at);
            }
        }
        TagOrder::Lexical => {
            tags.sort_unstable();
            tags.retain(|tag| last.is_none_or(|last| *tag > last));
        }
        TagOrder::WholeAlways => asked = usize::MAX,
    }
    let is_cut = tags.len() > asked;
    tags.truncate(asked);
    // A repository without tags: servers in Go say null here.
    let listed = if tags.is_empty() {
        Value::Null
    } else {
        json!(tags)
    };
    let response = Response::json(200, &json!({ "name": name, "tags": listed }));
    match tags.last() {
        Some(last) if is_cut => response.with(
            "Link",
            format!("</v2/{name}/tags/list?n={asked}&last={last}>; rel=\"next\""),
        ),
        _ => response,
    }
}

/// Lists the manifests whose subject is the digest, those of one type when asked, behind the one that `last` names.
pub fn list_referrers(
    store: &Store,
    behaviour: &Behaviour,
    name: &str,
    digest: &str,
    request: &Request,
) -> Response {
    if !behaviour.referrers {
        return refuse(404, "NOT_FOUND", "this registry has no referrers API");
    }
    let Ok(subject) = digest.parse::<Digest>() else {
        return refuse(
            400,
            "DIGEST_INVALID",
            &format!("{digest:?} is no sha256 digest"),
        );
    };
    let wanted = request
        .query("artifactType")
        .filter(|_| behaviour.filters_referrers);
    let last = request.query("last").unwrap_or_default();
    let mut referrers: Vec<Value> = store
        .manifests(name)
        .filter(|(digest, _)| digest.as_str() > last)
        .filter_map(|(digest, manifest)| describe_referrer(&subject, digest, manifest))
        .filter(|referrer| wanted.is_none_or(|wanted| referrer["artifactType"] == wanted))
        .collect();
    let is_cut = referrers.len() > behaviour.referrers_page;
    referrers.truncate(behaviour.referrers_page);
    let last = referrers
        .last()
        .and_then(|referrer| referrer["digest"].as_str())
        .unwrap_or_default();
    // In a query a plus sign would be read as a blank.
    let kind = wanted
        .map(|wanted| format!("&artifactType={}", wanted.replace('+', "%2B")))
        .unwrap_or_default();
    let link = format!("</v2/{name}/referrers/{subject}?last={last}{kind}>; rel=\"next\"");
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": referrers });
    let mut response = Response::new(200)
        .with("Content-Type", OCI_INDEX)
        .body(index.to_string());
    if wanted.is_some() {
        response = response.with("OCI-Filters-Applied", "artifactType");
    }
    if is_cut {
        response.with("Link", link)
    } else {
        response
    }
}

fn describe_referrer(subject: &Digest, digest: &Digest, manifest: &Manifest) -> Option<Value> {
    let document: Value = serde_json::from_slice(&manifest.bytes).ok()?;
    if document.pointer("/subject/digest")?.as_str()? != subject.as_str() {
        return None;
    }
    let mut descriptor = json!({ "mediaType": manifest.media_type, "digest": digest.as_str(), "size": manifest.bytes.len() });
    if let Some(kind) = document
        .get("artifactType")
        .or_else(|| document.pointer("/config/mediaType"))
    {
        descriptor["artifactType"] = kind.clone();
    }
    if let Some(annotations) = document.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    Some(descriptor)
}
