//! What the embedded registry keeps: blobs, manifests and tags by repository, and uploads that are under way.
//!
//! It keeps and finds; whether something may be kept is decided by its callers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use monorelease_model::image::Digest;

/// Bytes of blobs over the line, and blobs that needed none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    pub blob_bytes_received: u64,
    pub blob_bytes_sent: u64,
    pub blobs_mounted: u64,
}

#[derive(Default, Clone)]
pub struct Store {
    repositories: BTreeMap<String, Repository>,
    pub uploads: HashMap<String, Upload>,
    uploads_started: u64,
    pub counters: Counters,
}

#[derive(Default, Clone)]
struct Repository {
    blobs: BTreeMap<Digest, Arc<Vec<u8>>>,
    manifests: BTreeMap<Digest, Manifest>,
    /// In the order in which they were first put.
    tags: Vec<(String, Digest)>,
}

#[derive(Debug, Clone)]
pub struct Manifest {
    pub media_type: String,
    pub bytes: Arc<Vec<u8>>,
}

/// An upload that was started and not finished.
#[derive(Debug, Default, Clone)]
pub struct Upload {
    pub repository: String,
    pub bytes: Vec<u8>,
}

impl Store {
    /// Whether anything was ever put under this name; blobs alone make no repository.
    pub fn has_repository(&self, name: &str) -> bool {
        self.repositories
            .get(name)
            .is_some_and(|repository| !repository.manifests.is_empty())
    }

    pub fn tags(&self, name: &str) -> &[(String, Digest)] {
        self.repositories
            .get(name)
            .map_or(&[], |repository| &repository.tags)
    }

    /// The digest that a tag points at, or the digest itself.
    pub fn resolve(&self, name: &str, reference: &str) -> Option<Digest> {
        if let Ok(digest) = reference.parse() {
            return Some(digest);
        }
        self.tags(name)
            .iter()
            .find(|(tag, _)| tag == reference)
            .map(|(_, digest)| digest.clone())
    }

    pub fn manifest(&self, name: &str, digest: &Digest) -> Option<&Manifest> {
        self.repositories.get(name)?.manifests.get(digest)
    }

    pub fn manifests(&self, name: &str) -> impl Iterator<Item = (&Digest, &Manifest)> {
        self.repositories
            .get(name)
            .into_iter()
            .flat_map(|repository| &repository.manifests)
    }

    pub fn put_manifest(&mut self, name: &str, digest: Digest, manifest: Manifest) {
        self.repositories
            .entry(name.to_owned())
            .or_default()
            .manifests
            .insert(digest, manifest);
    }

    pub fn put_tag(&mut self, name: &str, tag: &str, digest: Digest) {
        let tags = &mut self.repositories.entry(name.to_owned()).or_default().tags;
        match tags.iter_mut().find(|(known, _)| known == tag) {
            Some((_, current)) => *current = digest,
            None => tags.push((tag.to_owned(), digest)),
        }
    }

    /// See [`crate::registry::Kept::without_tags`].
    pub fn forget_tags(&mut self, name: &str, is_meant: impl Fn(&str) -> bool) {
        if let Some(repository) = self.repositories.get_mut(name) {
            repository.tags.retain(|(tag, _)| !is_meant(tag));
        }
    }

    /// Deletes a manifest with its tags, as registries do when one is deleted by its digest; indexes that list it stay.
    pub fn delete_manifest(&mut self, name: &str, digest: &Digest) -> bool {
        let Some(repository) = self.repositories.get_mut(name) else {
            return false;
        };
        repository.tags.retain(|(_, tagged)| tagged != digest);
        repository.manifests.remove(digest).is_some()
    }

    /// Gives names that are new, without looking whether they are: thousands are given in one go.
    pub fn put_new_tags(
        &mut self,
        name: &str,
        digest: &Digest,
        tags: impl IntoIterator<Item = String>,
    ) {
        let known = &mut self.repositories.entry(name.to_owned()).or_default().tags;
        known.extend(tags.into_iter().map(|tag| (tag, digest.clone())));
    }

    pub fn blob(&self, name: &str, digest: &Digest) -> Option<&Arc<Vec<u8>>> {
        self.repositories.get(name)?.blobs.get(digest)
    }

    pub fn put_blob(&mut self, name: &str, digest: Digest, bytes: Arc<Vec<u8>>) {
        self.repositories
            .entry(name.to_owned())
            .or_default()
            .blobs
            .insert(digest, bytes);
    }

    /// Opens an upload and gives its name.
    pub fn start_upload(&mut self, repository: &str) -> String {
        self.uploads_started += 1;
        let id = format!("upload-{}", self.uploads_started);
        self.uploads.insert(
            id.clone(),
            Upload {
                repository: repository.to_owned(),
                bytes: Vec::new(),
            },
        );
        id
    }

    /// See [`crate::registry::EmbeddedRegistry::corrupt`].
    pub fn corrupt(&mut self, name: &str, digest: &Digest, bytes: &[u8]) -> bool {
        let Some(repository) = self.repositories.get_mut(name) else {
            return false;
        };
        let kept = match repository.manifests.get_mut(digest) {
            Some(manifest) => Some(&mut manifest.bytes),
            None => repository.blobs.get_mut(digest),
        };
        kept.map(|kept| *kept = Arc::new(bytes.to_vec())).is_some()
    }

    /// See [`crate::registry::EmbeddedRegistry::state`].
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let mut lines = BTreeMap::new();
        for (name, repository) in &self.repositories {
            for (tag, digest) in &repository.tags {
                lines.insert(format!("{name}:{tag}"), digest.to_string());
            }
            for (digest, manifest) in &repository.manifests {
                let value = format!("{}, {} bytes", manifest.media_type, manifest.bytes.len());
                lines.insert(format!("{name}@{digest}"), value);
            }
            for (digest, bytes) in &repository.blobs {
                lines.insert(
                    format!("{name}/blobs/{digest}"),
                    format!("{} bytes", bytes.len()),
                );
            }
        }
        lines
    }
}
