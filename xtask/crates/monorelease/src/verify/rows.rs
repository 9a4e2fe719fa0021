//! What others get of a release, read from outside and held against each other: one row for each thing that must agree.
//!
//! Nothing of the release's own run is believed: not its witnesses, not the candidate's build tags. Nothing is written.

use std::collections::BTreeSet;

use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::manifest::{Descriptor, ImageIndex};
use monorelease_model::image::{Digest, Repository, media_type};
use monorelease_model::version::Version;
use monorelease_oci_registry::error::RegistryError;

use super::package;
use crate::project::image::ImageTarget;
use crate::project::{Project, Projects};
use crate::release::platform_images::{PlatformImage, REVISION_LABEL, VERSION_LABEL};
use crate::release::registry_images::{Unusable, platform_image};
use crate::tag::plan::{RemoteTags, TagFacts};
use crate::text::short;
use crate::trust;
use crate::trust::attach::Found;
use crate::trust::{Attached, Policy, Subject, attach};
use crate::world::World;

/// What came of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    Good(String),
    Bad(String),
    /// It could not be read, which is neither agreement nor its lack (law 15).
    Unread(String),
    /// What it is about is bad itself, in another row.
    NotAsked(String),
}

/// What was found, or the look that says why it is nothing to go on.
type Answer<T> = Result<T, Look>;

impl From<Unusable> for Look {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Objection(why) => Self::Bad(why),
            Unusable::Unread(error) => match error.downcast_ref::<RegistryError>() {
                Some(error) => error.into(),
                None => Self::Unread(format!("{error:#}")),
            },
        }
    }
}

impl From<&RegistryError> for Look {
    /// An answer that is not what was asked for speaks against the release; one that did not come says nothing of it.
    fn from(error: &RegistryError) -> Self {
        if error.is_wrong_content() {
            Self::Bad(error.to_string())
        } else {
            Self::Unread(error.to_string())
        }
    }
}

/// One thing that must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A tag, the index, or a platform.
    pub subject: String,
    /// What was looked at of it.
    pub check: String,
    pub look: Look,
}

/// What is known before the registry is asked.
pub struct Release<'a> {
    pub project: &'a Project,
    pub projects: &'a Projects,
    pub version: &'a Version,
    pub tags: &'a TagFacts,
    /// `None` where nothing is configured to be attached.
    pub policy: Option<&'a Policy>,
    /// Where the commit is to be found; empty when there is no forge.
    pub source: &'a str,
    /// `owner/name`, where the forge is looked at.
    pub forge: Option<&'a str>,
}

/// Looks at everything of a release. Each row fails alone: what cannot be read is said to be so, and is not looked at twice.
pub fn look(world: &World, release: &Release<'_>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let tag = release.project.tags.release(release.version);
    let commit = tagged(release, &tag);
    rows.push(row(
        &tag,
        "git tag",
        commit
            .clone()
            .map(|commit| format!("at {}", short(&commit))),
    ));
    if let Some(index) = &release.project.package_index {
        let commit = commit.as_deref().map_err(|_| ());
        rows.extend(package::look(world, release, index, commit));
    }
    let Some(image) = &release.project.image else {
        return Ok(rows);
    };
    let name = release.version.to_semver();
    let index = index(world, image, &name);
    let listing = format!("{}:{name}", image.release);
    rows.push(row(
        &listing,
        "index",
        index.as_ref().map(Index::describe).map_err(Clone::clone),
    ));
    if let Some(policy) = release.policy.filter(|policy| policy.sign) {
        rows.push(index_signature(
            world,
            &image.release,
            &index,
            &listing,
            policy,
        )?);
    }
    for platform in &image.platforms {
        let tag = format!("{name}-{}", arch_suffix(platform));
        let found = match platform_image(world, &image.release, &tag, platform) {
            Ok(Some(found)) if found.built_for == *platform => Ok(found),
            Ok(Some(found)) => Err(Look::Bad(format!(
                "{tag} was built for {}",
                found.built_for
            ))),
            Ok(None) => Err(Look::Bad(format!("the registry has no {tag}"))),
            Err(unusable) => Err(unusable.into()),
        };
        let role = platform.to_string();
        rows.push(row(
            &role,
            "digest",
            found
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|found| listed(found, &index)),
        ));
        rows.push(labels(&role, &found, &commit, &name));
        if let Some(policy) = release.policy {
            rows.extend(attached(
                world, release, image, &role, &found, &commit, policy,
            )?);
        }
    }
    Ok(rows)
}

fn row(subject: &str, check: &str, found: Answer<String>) -> Row {
    let look = found.map_or_else(|look| look, Look::Good);
    Row {
        subject: subject.to_owned(),
        check: check.to_owned(),
        look,
    }
}

/// The commit of the release's tag: the same here and at the remote, and there for others to see.
fn tagged(release: &Release<'_>, tag: &str) -> Answer<String> {
    if let RemoteTags::Unknown { remote, why } = &release.tags.remote {
        return Err(Look::Unread(format!(
            "the tags of {remote} cannot be read: {why}"
        )));
    }
    let commit = release.tags.commit_of(tag).map_err(Look::Bad)?;
    let commit = commit.ok_or_else(|| Look::Bad(format!("there is no tag {tag}")))?;
    match &release.tags.remote {
        RemoteTags::Known { remote, tags } if !tags.contains_key(tag) => Err(Look::Bad(format!(
            "{tag} is in this clone, and not at {remote}"
        ))),
        _ => Ok(commit.to_owned()),
    }
}

/// What the release's own name leads to.
struct Index {
    digest: Digest,
    /// Digests of its entries.
    listed: BTreeSet<Digest>,
    platforms: usize,
}

impl Index {
    fn describe(&self) -> String {
        format!(
            "{} of {} platform{}",
            self.digest.short(),
            self.platforms,
            if self.platforms == 1 { "" } else { "s" }
        )
    }
}

fn index(world: &World, image: &ImageTarget, name: &str) -> Answer<Index> {
    let read = world
        .registry()
        .manifest(&image.release, name)
        .map_err(|error| Look::from(&error))?;
    let manifest = read.ok_or_else(|| Look::Bad(format!("the registry has no {name}")))?;
    if !media_type::is_index(&manifest.media_type) {
        return Err(Look::Bad(format!(
            "{name} is no index, but {}",
            manifest.media_type
        )));
    }
    let parsed: ImageIndex = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| Look::Bad(format!("{name} is no index: {error}")))?;
    let found: BTreeSet<_> = parsed
        .manifests
        .iter()
        .filter_map(Descriptor::platform)
        .filter(|platform| platform.os != "unknown")
        .collect();
    let wanted: BTreeSet<_> = image.platforms.iter().cloned().collect();
    if found != wanted {
        let words = |platforms: &BTreeSet<_>| {
            platforms
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        return Err(Look::Bad(format!(
            "{name} is of {}, wanted {}",
            words(&found),
            words(&wanted)
        )));
    }
    let listed = parsed
        .manifests
        .into_iter()
        .map(|entry| entry.digest)
        .collect();
    Ok(Index {
        digest: manifest.digest,
        listed,
        platforms: found.len(),
    })
}

/// Whether the index leads to what the platform's tag leads to. An index that cannot be read is bad in its own row.
fn listed(found: &PlatformImage, index: &Answer<Index>) -> Answer<String> {
    let digest = &found.image.digest;
    match index {
        Ok(index) if !index.listed.contains(digest) => Err(Look::Bad(format!(
            "{} leads to {digest}, which the index does not list",
            found.tag
        ))),
        Ok(_) | Err(_) => Ok(digest.short().to_owned()),
    }
}

fn labels(
    role: &str,
    found: &Answer<PlatformImage>,
    commit: &Answer<String>,
    version: &str,
) -> Row {
    let look = match (found, commit) {
        (Err(_), _) => Look::NotAsked("the image cannot be read".into()),
        (_, Err(_)) => Look::NotAsked("the commit is not known".into()),
        (Ok(found), Ok(commit)) => match found.revision() {
            Some(revision) if revision == commit => match found.labels.get(VERSION_LABEL) {
                Some(label) if label != version => {
                    Look::Bad(format!("version {label}, the tag says {version}"))
                }
                _ => Look::Good(format!("revision {}", short(revision))),
            },
            Some(revision) => Look::Bad(format!("revision {revision}, the tag is at {commit}")),
            None => Look::Bad(format!("no revision, the tag is at {commit}")),
        },
    };
    Row {
        subject: role.to_owned(),
        check: "labels".into(),
        look,
    }
}

fn index_signature(
    world: &World,
    repository: &Repository,
    index: &Answer<Index>,
    listing: &str,
    policy: &Policy,
) -> anyhow::Result<Row> {
    let look = match index {
        Err(_) => Look::NotAsked("the index cannot be read".into()),
        Ok(index) => {
            let subject = Subject {
                repository: repository.clone(),
                digest: index.digest.clone(),
                role: "the index".into(),
            };
            judged(attach::look(world, &subject, &Attached::Signature, policy)?)
        }
    };
    Ok(Row {
        subject: listing.to_owned(),
        check: Attached::Signature.word().into(),
        look,
    })
}

/// Everything that must be attached for one platform, as a release would attach it.
fn attached(
    world: &World,
    release: &Release<'_>,
    target: &ImageTarget,
    role: &str,
    found: &Answer<PlatformImage>,
    commit: &Answer<String>,
    policy: &Policy,
) -> anyhow::Result<Vec<Row>> {
    let version = release.version.to_semver();
    let described = trust::plan::Release {
        project: &release.project.name,
        package: &release.project.package,
        version: &version,
        source: release.source,
        repository: &target.release,
        is_elsewhere: target.is_elsewhere(),
        images: &[],
    };
    let Ok(found) = found else {
        let words = policy
            .sbom
            .iter()
            .map(|format| format.word())
            .chain(policy.provenance.then_some("provenance"));
        let row = |check: &str| Row {
            subject: role.to_owned(),
            check: check.into(),
            look: Look::NotAsked("the image cannot be read".into()),
        };
        return Ok(words
            .chain(policy.sign.then_some("signature"))
            .map(row)
            .collect());
    };
    // The provenance must name the tag's commit, whatever the label says; without a tag, the label's.
    let mut claimed = found.clone();
    claimed.labels.extend(
        commit
            .as_ref()
            .ok()
            .map(|commit| (REVISION_LABEL.to_owned(), commit.clone())),
    );
    let mut rows = Vec::new();
    for (subject, what) in trust::plan::of_platform(&described, &claimed, policy, "") {
        let look = judged(attach::look(world, &subject, &what, policy)?);
        rows.push(Row {
            subject: subject.role,
            check: what.word().into(),
            look,
        });
    }
    Ok(rows)
}

fn judged(found: Found) -> Look {
    match found {
        Found::Good(evidence) => Look::Good(evidence),
        Found::Absent(why) => Look::Bad(why),
        Found::Unknown(why) => Look::Unread(why),
        Found::Broken(why) => Look::Bad(why),
        Found::Other { found, wanted } => Look::Bad(format!("found {found}, wanted {wanted}")),
    }
}
