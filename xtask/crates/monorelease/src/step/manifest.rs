//! A manifest or an index, byte for byte as it is, or will be, in a registry.

use monorelease_model::image::{Digest, Repository};

use crate::step::effect::Probe;
use crate::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestBytes {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl ManifestBytes {
    /// Whether the registry serves it under this tag or digest.
    pub fn probe(
        &self,
        world: &World,
        repository: &Repository,
        reference: &str,
    ) -> anyhow::Result<Probe> {
        let found = world.registry().head_before_put(repository, reference)?;
        Ok(match found {
            None => Probe::Todo,
            Some(found) if found.digest == self.digest => {
                Probe::Done(format!("holds {}", self.digest.short()))
            }
            Some(found) => Probe::Conflict {
                found: format!("{repository}:{reference} holds {}", found.digest),
                wanted: self.digest.to_string(),
            },
        })
    }

    /// Puts it there, by this tag or digest.
    pub fn put(
        &self,
        world: &World,
        repository: &Repository,
        reference: &str,
    ) -> anyhow::Result<()> {
        world
            .registry()
            .put_manifest(repository, reference, &self.media_type, &self.bytes)?;
        Ok(())
    }
}
