//! What the moving names of a project hold, and which release that is.
//!
//! An index that was made here says its version. Anything else is known by its digest, when a release's own tag has the same.

use std::collections::BTreeSet;

use crate::model::alias::AliasPattern;
use crate::model::image::{Digest, Repository, media_type};
use crate::model::project::{ImageTarget, Project};
use crate::model::version::Version;
use crate::plan::aliases::{AliasFacts, Holds};
use crate::plan::index::VERSION_ANNOTATION;
use crate::plan::tags::TagFacts;
use crate::world::registry::{Manifest, Registry, RegistryError, RegistryErrorKind};

/// How many releases are asked for their digest, from the highest on, before an alias counts as unknown.
const ASKED_FOR_DIGEST: usize = 16;

/// Reads the aliases that a release of this version could move. A prerelease moves none, and then nothing is asked.
pub fn observe(
    registry: &Registry,
    project: &Project,
    image: &ImageTarget,
    version: &Version,
    tags: &TagFacts,
) -> Vec<AliasFacts> {
    if version.is_prerelease() || image.aliases.is_empty() {
        return Vec::new();
    }
    let mut known = tags.releases(project);
    known.insert(version.clone());
    let mut aliases: Vec<AliasFacts> = Vec::new();
    for pattern in &image.aliases {
        let tag = pattern.name(version);
        if aliases.iter().any(|alias| alias.tag == tag) {
            continue;
        }
        let line: Vec<&Version> = known
            .iter()
            .rev()
            .filter(|other| pattern.is_one_line(version, other))
            .collect();
        let holds =
            held(registry, &image.release, &tag, &known, &line).map_err(|error| error.to_string());
        let highest = line
            .iter()
            .find(|other| **other != version)
            .map(|other| (*other).clone());
        aliases.push(AliasFacts {
            is_in_line: is_in_line(pattern, version, &holds),
            tag,
            holds,
            highest,
        });
    }
    aliases
}

fn is_in_line(pattern: &AliasPattern, version: &Version, holds: &Result<Holds, String>) -> bool {
    match holds {
        Ok(Holds::Release { version: held, .. }) => pattern.is_one_line(version, held),
        _ => true,
    }
}

fn held(
    registry: &Registry,
    repository: &Repository,
    tag: &str,
    known: &BTreeSet<Version>,
    line: &[&Version],
) -> Result<Holds, RegistryError> {
    let manifest = match registry.manifest(repository, tag) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(Holds::Nothing),
        // Of a repository that does not exist yet.
        Err(error)
            if error.kind == RegistryErrorKind::Denied
                && registry.head_before_put(repository, tag)?.is_none() =>
        {
            return Ok(Holds::Nothing);
        }
        Err(error) => return Err(error),
    };
    let digest = manifest.digest.clone();
    let said = annotated(&manifest);
    let is_of = |version: &Version, digest: &Digest| {
        registry
            .head(repository, &version.to_semver())
            .map(|found| found.is_some_and(|found| found.digest == *digest))
    };
    if let Some(version) = &said
        // Of a release that is under way elsewhere there is no git tag yet, but there is its image.
        && (known.contains(version) || is_of(version, &digest)?)
    {
        return Ok(Holds::Release {
            digest,
            version: version.clone(),
        });
    }
    for version in line.iter().take(ASKED_FOR_DIGEST) {
        if is_of(version, &digest)? {
            return Ok(Holds::Release {
                digest,
                version: (*version).clone(),
            });
        }
    }
    let why = match said {
        Some(version) => format!(
            "it says it is {}, of which there is neither a git tag nor an image",
            version.to_semver()
        ),
        None => format!("it has no {VERSION_ANNOTATION}, and no release has its digest"),
    };
    Ok(Holds::Other { digest, why })
}

/// The version that an index says it is of.
fn annotated(manifest: &Manifest) -> Option<Version> {
    if !media_type::is_index(&manifest.media_type) {
        return None;
    }
    let document: serde_json::Value = serde_json::from_slice(&manifest.bytes).ok()?;
    Version::parse_semver(
        document
            .get("annotations")?
            .get(VERSION_ANNOTATION)?
            .as_str()?,
    )
    .ok()
}
