//! What speaks of a digest: signatures, SBOMs and attestations that name it as their subject (law 11).
//!
//! By the referrers API where the registry has one, and by the tag `sha256-<hex>` where it has none. Whether what is found
//! may be believed is not asked here, and nothing is put here: what we attach, cosign puts; cosign's own tags (`.sig`, `.att`) are another scheme.
//!
//! Specification: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers>

use crate::error::RegistryErrorKind as Kind;
use monorelease_http_client::http::Method;
use monorelease_http_client::url::escape;
use monorelease_model::image::manifest::{Descriptor, ImageIndex};
use monorelease_model::image::media_type::OCI_INDEX;
use monorelease_model::image::{Digest, Repository};
use serde_json::Value;

use crate::client::{Manifest, Registry};
use crate::error::RegistryError;
use crate::response::{Access, bare_media_type, is_page, manifest_call, not_wanted};
use crate::tags::Walk;
use crate::transport::{Answer, Call};

/// The type of "nothing at all", which GHCR's fallback index names in place of an artifact's own.
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// The manifests that name a digest as their subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Referrers {
    pub found: Vec<Descriptor>,
    /// Whether the registry keeps the list itself; else it is a tag that clients keep.
    pub by_api: bool,
}

impl Registry {
    /// What names this digest as its subject, of one artifact type where one is given. No list is an empty one.
    ///
    /// # Errors
    /// The list could not be read; that says nothing about what is in it.
    pub fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Referrers, RegistryError> {
        let mut listed = match self.referrers_by_api(repository, subject, artifact_type)? {
            Some(found) => Referrers {
                found,
                by_api: true,
            },
            None => Referrers {
                found: self.referrers_by_tag(repository, subject)?,
                by_api: false,
            },
        };
        if let Some(wanted) = artifact_type {
            // Filtering is left to the registry's choice, and a tag filters nothing.
            let mut kept = Vec::new();
            for entry in listed.found {
                if self.is_of_type(repository, &entry, wanted)? {
                    kept.push(entry);
                }
            }
            listed.found = kept;
        }
        Ok(listed)
    }

    /// `None` when the registry has no such API.
    fn referrers_by_api(
        &self,
        repository: &Repository,
        subject: &Digest,
        kind: Option<&str>,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let filter = kind
            .map(|kind| format!("?artifactType={}", escape(kind)))
            .unwrap_or_default();
        let mut walk = Walk::new(self, repository, &format!("referrers/{subject}{filter}"));
        walk.call.reference = format!("{repository}@{subject}");
        walk.call.headers.push(("Accept", OCI_INDEX));
        let mut found = Vec::new();
        let mut is_first = true;
        while let Some(answer) = walk.page(|call| self.ask_referrers(call))? {
            let is_index = answer
                .header("Content-Type")
                .map(bare_media_type)
                .as_deref()
                == Some(OCI_INDEX);
            // Another document says that there is no such API; a page for people says nothing.
            if is_first && !is_index && !is_page(&answer) {
                return Ok(None);
            }
            is_first = false;
            found.extend(read_index(&walk.call, &answer.body, &answer)?);
        }
        Ok((!is_first).then_some(found))
    }

    /// Registries without the API say so with a 404 (docker-registry 2.8, and GHCR: <https://github.com/NVIDIA/aicr/issues/1957>),
    /// others with 400, 405 or 406, or with another document; go-containerregistry takes the same for a no
    /// (<https://gitlab.com/gitlab-org/ops/artifact-registry/-/merge_requests/2127>). `None` then.
    fn ask_referrers(&self, call: &Call) -> Result<Option<Answer>, RegistryError> {
        let answer = self
            .transport
            .retrying(|| match self.transport.send(call)? {
                answer if matches!(answer.status, 200 | 400 | 404..=406) => Ok(answer),
                answer => Err(self.transport.refusal(call, &answer)),
            })?;
        Ok((answer.status == 200).then_some(answer))
    }

    fn referrers_by_tag(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let tag = fallback_tag(subject);
        let Some(index) = self.fallback_index(repository, &tag)? else {
            return Ok(Vec::new());
        };
        let call = manifest_call(repository, Access::Pull, Method::GET, &tag)?;
        parse_index(&index.bytes).map_err(|error| {
            call.error(
                Kind::Malformed,
                format!("the list of referrers cannot be read: {error}"),
            )
        })
    }

    /// What the tag holds. Something else than an index is not ours to read.
    fn fallback_index(
        &self,
        repository: &Repository,
        tag: &str,
    ) -> Result<Option<Manifest>, RegistryError> {
        let found = self.manifest(repository, tag)?;
        match found.as_ref().filter(|found| found.media_type != OCI_INDEX) {
            None => Ok(found),
            Some(other) => {
                let call = manifest_call(repository, Access::Pull, Method::GET, tag)?;
                let why = format!(
                    "the tag is where the list of referrers has its place, and it holds a {}",
                    other.media_type
                );
                Err(call.error(Kind::Malformed, why))
            }
        }
    }

    /// Whether a listed manifest is of this artifact type. GHCR's index says [`EMPTY_TYPE`] of manifests that say otherwise
    /// themselves (<https://github.com/NVIDIA/aicr/issues/1957>), so there the manifest is asked.
    fn is_of_type(
        &self,
        repository: &Repository,
        entry: &Descriptor,
        wanted: &str,
    ) -> Result<bool, RegistryError> {
        match entry.artifact_type.as_deref() {
            Some(named) if named == wanted => return Ok(true),
            Some(named) if named != EMPTY_TYPE => return Ok(false),
            _ => {}
        }
        let Some(manifest) = self.manifest(repository, entry.digest.as_str())? else {
            return Ok(false);
        };
        let document: Value = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
        Ok(artifact_type_of(&document) == Some(wanted))
    }
}

/// The tag under which clients keep the list, where the registry keeps none.
fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

fn artifact_type_of(document: &Value) -> Option<&str> {
    document
        .get("artifactType")
        .or_else(|| document.pointer("/config/mediaType"))?
        .as_str()
}

fn parse_index(bytes: &[u8]) -> Result<Vec<Descriptor>, serde_json::Error> {
    serde_json::from_slice(bytes).map(|index: ImageIndex| index.manifests)
}

fn read_index(
    call: &Call,
    bytes: &[u8],
    answer: &Answer,
) -> Result<Vec<Descriptor>, RegistryError> {
    parse_index(bytes).map_err(|error| {
        call.error(
            Kind::Malformed,
            not_wanted(answer, "the index of referrers", &error),
        )
    })
}
