//! The registry client: tags, manifests and blobs by the OCI distribution specification, bytes in and bytes out.
//!
//! Everything that is read is checked against its digest. It never interprets an image, never deletes, and never asks
//! twice for what cannot change by asking. "Not there" is `None`; "could not read" is an error.
//!
//! Specification: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

use crate::options::RegistryOptions;

use monorelease_http_client::http::Method;
use monorelease_http_client::url::{base_of, resolve};
use monorelease_model::image::{Digest, Repository, media_type};

use crate::error::{RegistryError, RegistryErrorKind};
use crate::response::{
    Access, bare_media_type, call, digest_header, is_absence, is_page, manifest_call,
    media_type_of, mismatch,
};
use crate::transport::{Answer, Call, Transport};

/// The specification makes registries take manifests of 4 MiB, and no larger ones.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;

/// What a registry says of a manifest without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub digest: Digest,
    pub media_type: String,
    /// In bytes.
    pub size: u64,
}

/// A manifest as it is kept; its bytes are what the digest speaks of, and are never written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A client of every registry, for many threads; it keeps connections and tokens while it lives.
pub struct Registry {
    pub(super) transport: Transport,
}

impl Registry {
    pub fn new(options: RegistryOptions) -> Self {
        Self {
            transport: Transport::new(options),
        }
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// HTTP requests sent so far: tokens, redirects and repeated tries included.
    pub fn requests(&self) -> u64 {
        self.transport.requests()
    }

    /// Asks whether a registry is there and lets us in.
    pub fn ping(&self, host: &str) -> Result<(), RegistryError> {
        let call = Call {
            method: Method::GET,
            url: format!("{}/v2/", base_of(host)),
            host,
            reference: host.to_owned(),
            scope: String::new(),
            headers: Vec::new(),
            body: None,
            body_bytes_max: 1 << 20,
        };
        self.transport
            .retrying(|| match self.transport.send(&call)? {
                answer if answer.status == 200 && is_page(&answer) => Err(call.error(
                    RegistryErrorKind::Stranger,
                    "a page for people answers there, and no registry",
                )),
                answer if answer.status == 200 => Ok(()),
                answer => Err(self.transport.refusal(&call, &answer)),
            })
    }

    /// What a tag or digest names; `None` when there is nothing.
    pub fn head(
        &self,
        repository: &Repository,
        reference: &str,
    ) -> Result<Option<Described>, RegistryError> {
        self.head_as(repository, reference, Access::Pull)
    }

    /// As [`Registry::head`], of what is to be put there. GHCR and ECR refuse whoever asks to read what does not exist yet, and
    /// say that it is absent to whoever may write it.
    pub fn head_before_put(
        &self,
        repository: &Repository,
        reference: &str,
    ) -> Result<Option<Described>, RegistryError> {
        match self.head(repository, reference) {
            Err(error) if error.kind == RegistryErrorKind::Denied => {
                self.head_as(repository, reference, Access::Push)
            }
            answer => answer,
        }
    }

    fn head_as(
        &self,
        repository: &Repository,
        reference: &str,
        access: Access,
    ) -> Result<Option<Described>, RegistryError> {
        let mut call = manifest_call(repository, access, Method::HEAD, reference)?;
        call.headers.push(("Accept", media_type::ACCEPTED));
        let answer = self
            .transport
            .retrying(|| match self.transport.send(&call)? {
                answer if matches!(answer.status, 200 | 404 | 405 | 501) => Ok(answer),
                answer => Err(self.transport.refusal(&call, &answer)),
            })?;
        if answer.status == 404 && !is_page(&answer) {
            return Ok(None);
        }
        // Some proxies let no HEAD pass: asked by GET, the registry answers.
        let is_answer = answer.status == 200;
        let size = answer
            .header("Content-Length")
            .filter(|_| is_answer)
            .and_then(|length| length.parse().ok());
        let media_type = answer
            .header("Content-Type")
            .map(bare_media_type)
            .filter(|named| media_type::is_manifest(named));
        let digest = match is_answer {
            true => digest_header(&call, &answer)?,
            false => None,
        };
        let (Some(digest), Some(size), Some(media_type)) = (digest, size, media_type) else {
            // A page for people is no word of the registry's, and has no words in a HEAD: asked by GET it speaks.
            // Some servers leave these out of a HEAD, or have another type for everything; the body has them all.
            return Ok(self.manifest(repository, reference)?.map(
                |Manifest {
                     digest,
                     media_type,
                     bytes,
                 }| Described {
                    digest,
                    media_type,
                    size: bytes.len() as u64,
                },
            ));
        };
        match reference.parse::<Digest>() {
            Ok(asked) if asked != digest => Err(mismatch(&call, &asked, &digest)),
            _ if size > MANIFEST_BYTES_MAX => Err(too_large(&call, size)),
            _ => Ok(Some(Described {
                digest,
                media_type,
                size,
            })),
        }
    }

    /// What is read when it is there; `None` when the registry says that it is not.
    pub(super) fn get(&self, call: &Call) -> Result<Option<Answer>, RegistryError> {
        let answer = self
            .transport
            .retrying(|| match self.transport.send(call)? {
                answer if answer.status == 200 || is_absence(&answer) => Ok(answer),
                answer => Err(self.transport.refusal(call, &answer)),
            })?;
        Ok((answer.status == 200).then_some(answer))
    }

    /// The manifest that a tag or digest names, checked; `None` when there is nothing.
    pub fn manifest(
        &self,
        repository: &Repository,
        reference: &str,
    ) -> Result<Option<Manifest>, RegistryError> {
        let mut call = manifest_call(repository, Access::Pull, Method::GET, reference)?;
        call.headers.push(("Accept", media_type::ACCEPTED));
        call.body_bytes_max = MANIFEST_BYTES_MAX;
        let Some(answer) = self.get(&call)? else {
            return Ok(None);
        };
        let digest = Digest::of(&answer.body);
        let promised = [digest_header(&call, &answer)?, reference.parse().ok()];
        if let Some(wanted) = promised
            .into_iter()
            .flatten()
            .find(|wanted| *wanted != digest)
        {
            return Err(mismatch(&call, &wanted, &digest));
        }
        let media_type = media_type_of(&call, &answer)?;
        Ok(Some(Manifest {
            digest,
            media_type,
            bytes: answer.body,
        }))
    }

    /// Puts a manifest, as these bytes, under a tag or under its digest. Everything it names must be there before.
    pub fn put_manifest(
        &self,
        repository: &Repository,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, RegistryError> {
        let digest = Digest::of(bytes);
        let mut call = manifest_call(repository, Access::Push, Method::PUT, reference)?;
        if let Ok(asked) = reference.parse::<Digest>()
            && asked != digest
        {
            return Err(mismatch(&call, &asked, &digest));
        }
        if bytes.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(too_large(&call, bytes.len() as u64));
        }
        call.headers.push(("Content-Type", media_type));
        call.body = Some(bytes);
        let answer = self
            .transport
            .retrying(|| match self.transport.send(&call)? {
                answer if is_taken(&answer) => Ok(answer),
                answer => Err(self.transport.refusal(&call, &answer)),
            })?;
        match digest_header(&call, &answer)? {
            Some(kept) if kept != digest => Err(mismatch(&call, &digest, &kept)),
            _ => Ok(digest),
        }
    }

    /// The bytes of a blob, checked. One that is not there, or is over `limit` bytes, is an error.
    pub fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut call = call(
            repository,
            Access::Pull,
            Method::GET,
            &format!("blobs/{digest}"),
        );
        call.reference = format!("{repository}@{digest}");
        call.body_bytes_max = limit;
        let answer = self
            .transport
            .retrying(|| match self.transport.send(&call)? {
                answer if answer.status == 200 => Ok(answer),
                answer => Err(self.transport.refusal(&call, &answer)),
            })?;
        match Digest::of(&answer.body) {
            found if found == *digest => Ok(answer.body),
            found => Err(mismatch(&call, digest, &found)),
        }
    }

    /// Puts a blob, unless it is there already.
    pub fn put_blob(&self, repository: &Repository, bytes: &[u8]) -> Result<Digest, RegistryError> {
        let digest = Digest::of(bytes);
        // An upload cannot be taken up where it was cut, so each try begins by asking what the last one has done.
        self.transport.retrying(|| {
            if self.has_blob(repository, &digest)? {
                return Ok(digest.clone());
            }
            let mut start = call(repository, Access::Push, Method::POST, "blobs/uploads/");
            start.body = Some(&[]);
            let answer = self.transport.send(&start)?;
            match answer.status {
                202 => self.finish_upload(repository, &start, &answer, &digest, bytes)?,
                _ => return Err(self.transport.refusal(&start, &answer)),
            }
            Ok(digest.clone())
        })
    }

    /// Takes a blob over from another repository of the same registry, unless it is there already. `false` when the registry
    /// does not: then its bytes must be put.
    pub fn mount_blob(
        &self,
        to: &Repository,
        digest: &Digest,
        from: &Repository,
    ) -> Result<bool, RegistryError> {
        if to.host != from.host {
            return Ok(false);
        }
        // docker-registry 2.8 writes the blob's link anew at every mount, and whoever puts a manifest meanwhile reads half of it.
        match self.transport.retrying(|| self.has_blob(to, digest)) {
            Ok(true) => return Ok(true),
            // A repository that is not there yet is hidden by a refusal at some; the mount itself tells who may write.
            Err(error) if error.kind != RegistryErrorKind::Denied => return Err(error),
            _ => {}
        }
        let from = &from.path;
        let mut call = call(
            to,
            Access::Push,
            Method::POST,
            &format!("blobs/uploads/?mount={digest}&from={from}"),
        );
        call.scope = format!("{} repository:{from}:pull", call.scope);
        call.body = Some(&[]);
        self.transport
            .retrying(|| match self.transport.send(&call)? {
                answer if matches!(answer.status, 201 | 202) => Ok(answer.status == 201),
                answer => Err(self.transport.refusal(&call, &answer)),
            })
    }

    fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        // With the right to push, so that one token serves the whole upload.
        let call = call(
            repository,
            Access::Push,
            Method::HEAD,
            &format!("blobs/{digest}"),
        );
        match self.transport.send(&call)? {
            answer if matches!(answer.status, 200 | 404) => Ok(answer.status == 200),
            answer => Err(self.transport.refusal(&call, &answer)),
        }
    }

    fn finish_upload(
        &self,
        repository: &Repository,
        start: &Call,
        started: &Answer,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(), RegistryError> {
        let malformed = |why: String| start.error(RegistryErrorKind::Malformed, why);
        let location = started
            .header("Location")
            .ok_or_else(|| malformed("no Location to upload to".to_owned()))?;
        let mut url = resolve(&started.url, location).map_err(malformed)?;
        // The location's own query is the registry's memory of the upload, and must stay.
        url.push_str(if url.contains('?') {
            "&digest="
        } else {
            "?digest="
        });
        url.push_str(digest.as_str());
        let mut call = call(repository, Access::Push, Method::PUT, "");
        call.url = url;
        call.reference = format!("{repository}@{digest}");
        call.headers
            .push(("Content-Type", "application/octet-stream"));
        call.body = Some(bytes);
        match self.transport.send(&call)? {
            answer if is_taken(&answer) => Ok(()),
            // The upload was lost on the way, and is begun anew.
            answer if answer.status == 404 => {
                let error = self.transport.refusal(&call, &answer);
                Err(RegistryError {
                    kind: RegistryErrorKind::Cut,
                    ..error
                })
            }
            answer => Err(self.transport.refusal(&call, &answer)),
        }
    }
}

/// Whether what was sent was taken, by the registry's own word: a page for people is none, whatever its status says.
fn is_taken(answer: &Answer) -> bool {
    (200..300).contains(&answer.status) && !is_page(answer)
}

fn too_large(call: &Call, size: u64) -> RegistryError {
    call.error(
        RegistryErrorKind::TooLarge,
        format!("the manifest has {size} bytes, and registries take {MANIFEST_BYTES_MAX}"),
    )
}
