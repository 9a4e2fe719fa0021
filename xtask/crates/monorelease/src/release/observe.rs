//! Facts for the planners, read from the world and made into nouns.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use monorelease_http_client::parallel::side_by_side;
use monorelease_model::build_id::{BuildId, arch_suffix};
use monorelease_model::image::Repository;
use monorelease_model::version::Version;
use monorelease_oci_registry::client::Registry;
use monorelease_oci_registry::options::RegistryOptions;

use super::candidates::Sought;
use super::plan::{BuildFacts, ReleaseFacts};
use super::{aliases, candidate_images};
use crate::bump::plan::ReleasedImage;
use crate::git::{Head, Tags};
use crate::packages::plan::PackageFacts;
use crate::project::{Project, Projects};
use crate::tag::plan::{CandidateTag, RemoteTags, TagFacts};
use crate::text::short;
use crate::world::World;
use crate::{engine, packages, versions};

/// Where HEAD stands.
pub fn head(world: &World) -> anyhow::Result<Head> {
    world.git.head()
}

/// The id of everything built from the commit: the same on every machine, and at every try.
pub fn build_id(world: &World, commit: &str, version: &Version) -> anyhow::Result<BuildId> {
    Ok(BuildId {
        time: build_time(world, commit)?,
        number: world.environment.run_number,
        version: version.clone(),
        short_commit: short(commit).into(),
    })
}

/// What the ids of the commit's builds begin with.
fn build_time(world: &World, commit: &str) -> anyhow::Result<String> {
    let time = Timestamp::from_second(world.git.commit_seconds(commit)?)
        .context("the commit's time")?
        .to_zoned(TimeZone::UTC);
    Ok(time.strftime("%Y.%m.%d.%H%M").to_string())
}

/// Seconds since 1970 as RFC 3339 in UTC, as labels want it.
pub fn rfc3339(seconds: i64) -> anyhow::Result<String> {
    Ok(Timestamp::from_second(seconds)
        .context("the commit's time")?
        .to_string())
}

/// The git remote that tags are pushed to.
#[derive(Debug, Clone, Copy)]
pub struct Remote<'a> {
    pub name: &'a str,
    /// Whether the configuration names it: then one that is not there is not "no remote".
    pub is_named: bool,
}

/// The tags of this clone and of the remote.
pub fn tags(world: &World, projects: &Projects, remote: Remote<'_>) -> anyhow::Result<TagFacts> {
    local_tags(
        world,
        projects,
        known(remote, world.git.remote_tags(remote.name, None)),
    )
}

/// As [`tags`], for a command that goes on without the remote's and does not wait for them long.
pub fn tags_at_a_glance(
    world: &World,
    projects: &Projects,
    remote: Remote<'_>,
) -> anyhow::Result<TagFacts> {
    local_tags(
        world,
        projects,
        known(remote, world.git.glance_at_remote_tags(remote.name)),
    )
}

fn known(remote: Remote<'_>, answer: anyhow::Result<Option<Tags>>) -> RemoteTags {
    let name = remote.name;
    let unknown = |why: String| RemoteTags::Unknown {
        remote: name.into(),
        why,
    };
    match answer {
        Ok(Some(tags)) => RemoteTags::Known {
            remote: name.into(),
            tags,
        },
        Ok(None) if remote.is_named => unknown(format!(
            "there is no remote {name} (git remote add {name} URL)"
        )),
        Ok(None) => RemoteTags::None,
        Err(error) => unknown(format!("{error:#}")),
    }
}

/// The tags of this clone, with what is known of the remote's.
pub fn local_tags(
    world: &World,
    projects: &Projects,
    remote: RemoteTags,
) -> anyhow::Result<TagFacts> {
    Ok(TagFacts::new(projects, world.git.tags()?, remote))
}

/// Asks which names of a release are taken in the registry: the version's, and those of its platforms.
///
/// Each is asked once, side by side: nothing is written upon the answer, so a registry that is away should not be waited for.
pub fn released_images(moves: &[(&Project, &Version)]) -> Vec<ReleasedImage> {
    let registry = Registry::new(RegistryOptions {
        tries: 1,
        ..RegistryOptions::from_environment()
    });
    let ask = |project: &Project, repository: &Repository, tag: String| {
        let found = registry
            .head(repository, &tag)
            .map(|found| found.map(|found| found.digest.to_string()));
        ReleasedImage {
            project: project.name.clone(),
            reference: format!("{repository}:{tag}"),
            found: found.map_err(|error| error.to_string()),
        }
    };
    let names = moves.iter().flat_map(|(project, version)| {
        let version = version.to_semver();
        project.image.iter().flat_map(move |image| {
            let platforms = image
                .platforms
                .iter()
                .map(|platform| format!("{version}-{}", arch_suffix(platform)));
            std::iter::once(version.clone())
                .chain(platforms.collect::<Vec<_>>())
                .map(|tag| (*project, &image.release, tag))
                .collect::<Vec<_>>()
        })
    });
    let names: Vec<_> = names.collect();
    side_by_side(&names, |(project, repository, tag)| {
        ask(project, repository, tag.clone())
    })
}

/// What releases of any projects depend on, asked once for all of them.
pub struct Shared<'a> {
    head: String,
    pub tags: Arc<TagFacts>,
    /// Paths that differ from HEAD.
    dirty: Vec<String>,
    remote: Remote<'a>,
    projects: &'a Projects,
}

/// What the clone and its remote say to every release.
///
/// # Errors
/// There is no commit, or the clone cannot be read. Of a remote that cannot be read the facts tell.
pub fn shared<'a>(
    world: &World,
    projects: &'a Projects,
    remote: Remote<'a>,
) -> anyhow::Result<Shared<'a>> {
    let head = world.git.head()?.commit;
    Ok(Shared {
        head,
        tags: Arc::new(tags(world, projects, remote)?),
        dirty: world.git.dirty_paths()?,
        remote,
        projects,
    })
}

/// Everything that a release of each project depends on, asked side by side; one that cannot be read says so for itself.
/// They are of the build that somebody `picked`, or of the newest that can be used.
pub fn releases(
    world: &World,
    shared: &Shared<'_>,
    projects: &[&Project],
    picked: Option<&BuildId>,
) -> anyhow::Result<Vec<anyhow::Result<ReleaseFacts>>> {
    engine::parallel::each(world, projects, |world, project| {
        release(world, shared, project, picked)
    })
}

fn release(
    world: &World,
    shared: &Shared<'_>,
    project: &Project,
    picked: Option<&BuildId>,
) -> anyhow::Result<ReleaseFacts> {
    let readings = versions::read::of_commit(world, &shared.head, project)?;
    let tags = Arc::clone(&shared.tags);
    let dirty = shared.dirty.clone();
    let remote = shared.remote;
    let version = readings.canonical().clone();
    let candidate = match picked {
        // Without a stage of candidates, what is released is HEAD.
        _ if !project.candidates => Some(CandidateTag {
            number: 0,
            name: "HEAD".into(),
            commit: shared.head.clone(),
        }),
        None => tags.newest_candidate(project, &version),
        // Several candidates may be of one commit; the newest of them speaks for it.
        Some(id) => tags
            .candidates(project, &version)
            .into_iter()
            .rev()
            .find(|candidate| short(&candidate.commit) == id.short_commit),
    };
    let whose = match (picked, &candidate) {
        (Some(_), Some(candidate)) => format!("the commit of {}", candidate.name),
        _ => "the newest candidate's commit".to_owned(),
    };
    let sought = candidate.as_ref().map(|candidate| Sought {
        version: &version,
        commit: &candidate.commit,
        whose: &whose,
    });
    let from = match (picked, &candidate) {
        (Some(picked), _) => Some(picked.time.clone()),
        (None, Some(candidate)) if world.git.has_commit(&candidate.commit) => {
            Some(build_time(world, &candidate.commit)?)
        }
        _ => None,
    };
    let builds = match &project.image {
        Some(image) if sought.is_some() || picked.is_some() => Some(candidate_images::builds(
            world.registry(),
            image,
            sought.as_ref(),
            picked,
            from.as_deref(),
        )),
        _ => None,
    };
    let aliases = match (&project.image, &builds) {
        (Some(image), Some(BuildFacts::Usable { .. })) => {
            aliases::observe(world.registry(), project, image, &version, &tags)
        }
        _ => Vec::new(),
    };
    let candidate_objection = match &candidate {
        Some(candidate) => candidate_objection(
            world,
            project,
            &version,
            candidate,
            picked.is_some(),
            remote.name,
        )?,
        None => None,
    };
    let package = match &candidate {
        Some(candidate) if candidate_objection.is_none() => {
            package(world, shared, project, candidate, &version)?
        }
        _ => None,
    };
    let disagreement = readings.disagreement();
    Ok(ReleaseFacts {
        dirty,
        disagreement,
        version,
        tags,
        picked: picked.cloned(),
        candidate,
        candidate_objection,
        builds,
        aliases,
        package,
    })
}

/// The files of its package, where it has one that is published.
fn package(
    world: &World,
    shared: &Shared<'_>,
    project: &Project,
    candidate: &CandidateTag,
    version: &Version,
) -> anyhow::Result<Option<PackageFacts>> {
    let Some(index) = &project.package_index else {
        return Ok(None);
    };
    let commit = &candidate.commit;
    let projects = shared.projects;
    let index = Some(index);
    packages::observe::observe(
        world,
        &packages::observe::Wanted {
            projects,
            project,
            commit,
            version,
            is_release: true,
            index,
        },
    )
    .map(Some)
}

/// Holds a candidate to the files of its own commit: those, and not HEAD's, are in its bytes.
fn candidate_objection(
    world: &World,
    project: &Project,
    version: &Version,
    candidate: &CandidateTag,
    is_picked: bool,
    remote: &str,
) -> anyhow::Result<Option<(String, String)>> {
    let CandidateTag { name, commit, .. } = candidate;
    let called = if is_picked {
        "the candidate"
    } else {
        "the newest candidate"
    };
    if !world.git.has_commit(commit) {
        return Ok(Some((
            format!(
                "{called} {name} is at {}, a commit this clone does not have",
                short(commit)
            ),
            format!("git fetch --tags {remote}"),
        )));
    }
    let readings = versions::read::of_commit(world, commit, project)?;
    let says = match readings.disagreement() {
        Some(what) => what,
        None if readings.canonical() != version => {
            format!("its files say {}", readings.canonical().to_semver())
        }
        None => return Ok(None),
    };
    let next = format!("cargo xtask tag {} --rc --push", project.name);
    Ok(Some((
        format!("{called} {name} is not of {}: {says}", version.to_semver()),
        next,
    )))
}
