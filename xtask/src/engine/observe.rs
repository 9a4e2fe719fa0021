//! Facts for the planners, read from the world and made into nouns.

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};
use oci_spec::image::{Descriptor, DescriptorBuilder, ImageConfiguration, ImageIndex, ImageManifest, MediaType, PlatformBuilder};

use super::versions;
use crate::model::build_id::{BuildId, arch_suffix};
use crate::model::image::{Platform, Repository, media_type};
use crate::model::project::{ImageTarget, Project, Projects};
use crate::model::step::{ManifestBytes, short};
use crate::model::version::Version;
use crate::plan::bump::ReleasedImage;
use crate::plan::candidates::{self, PlatformImage, TurnedDown};
use crate::plan::release::{BuildFacts, ReleaseFacts};
use crate::plan::tags::{CandidateTag, RemoteTags, TagFacts};
use crate::world::World;
use crate::world::git::{Head, Tags};
use crate::world::registry::{Registry, RegistryOptions};
use crate::world::side_by_side::side_by_side;

/// Configurations are small; a registry that serves more under that name is not to be believed.
const CONFIGURATION_LIMIT_BYTES: u64 = 8 * 1024 * 1024;
/// Marks an index entry that speaks of another entry (BuildKit, attestation storage).
const ATTESTATION_MARK: &str = "vnd.docker.reference.type";

/// The label that names the commit an image was built from (OCI image specification, annotations).
pub const REVISION_LABEL: &str = "org.opencontainers.image.revision";
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// Where HEAD stands.
pub fn head(world: &World) -> anyhow::Result<Head> {
    world.git.head()
}

/// The id of everything built from the commit: the same on every machine, and at every try.
pub fn build_id(world: &World, commit: &str, version: &Version) -> anyhow::Result<BuildId> {
    let time = Timestamp::from_second(world.git.commit_seconds(commit)?).context("the commit's time")?.to_zoned(TimeZone::UTC);
    Ok(BuildId {
        time: time.strftime("%Y.%m.%d.%H%M").to_string(),
        number: world.environment.run_number,
        version: version.clone(),
        short_commit: short(commit).into(),
    })
}

/// Seconds since 1970 as RFC 3339 in UTC, as labels want it.
pub fn rfc3339(seconds: i64) -> anyhow::Result<String> {
    Ok(Timestamp::from_second(seconds).context("the commit's time")?.to_string())
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
    local_tags(world, projects, known(remote, world.git.remote_tags(remote.name, None)))
}

/// As [`tags`], for a command that goes on without the remote's and does not wait for them long.
pub fn tags_at_a_glance(world: &World, projects: &Projects, remote: Remote<'_>) -> anyhow::Result<TagFacts> {
    local_tags(world, projects, known(remote, world.git.glance_at_remote_tags(remote.name)))
}

fn known(remote: Remote<'_>, answer: anyhow::Result<Option<Tags>>) -> RemoteTags {
    let name = remote.name;
    let unknown = |why: String| RemoteTags::Unknown { remote: name.into(), why };
    match answer {
        Ok(Some(tags)) => RemoteTags::Known { remote: name.into(), tags },
        Ok(None) if remote.is_named => unknown(format!("there is no remote {name} (git remote add {name} URL)")),
        Ok(None) => RemoteTags::None,
        Err(error) => unknown(format!("{error:#}")),
    }
}

/// The tags of this clone, with what is known of the remote's.
pub fn local_tags(world: &World, projects: &Projects, remote: RemoteTags) -> anyhow::Result<TagFacts> {
    Ok(TagFacts::new(projects, world.git.tags()?, remote))
}

/// Asks which names of a release are taken in the registry: the version's, and those of its platforms.
///
/// Each is asked once, side by side: nothing is written upon the answer, so a registry that is away should not be waited for.
pub fn released_images(moves: &[(&Project, &Version)]) -> Vec<ReleasedImage> {
    let registry = Registry::new(RegistryOptions { tries: 1, ..RegistryOptions::from_environment() });
    let ask = |project: &Project, repository: &Repository, tag: String| {
        let found = registry.head(repository, &tag).map(|found| found.map(|found| found.digest.to_string()));
        ReleasedImage {
            project: project.name.clone(),
            reference: format!("{repository}:{tag}"),
            found: found.map_err(|error| error.to_string()),
        }
    };
    let names = moves.iter().flat_map(|(project, version)| {
        let version = version.to_semver();
        project.image.iter().flat_map(move |image| {
            let platforms = image.platforms.iter().map(|platform| format!("{version}-{}", arch_suffix(platform)));
            std::iter::once(version.clone())
                .chain(platforms.collect::<Vec<_>>())
                .map(|tag| (*project, &image.repository, tag))
                .collect::<Vec<_>>()
        })
    });
    let names: Vec<_> = names.collect();
    side_by_side(&names, |(project, repository, tag)| ask(project, repository, tag.clone()))
}

/// Everything a release of the project depends on.
pub fn release(world: &World, projects: &Projects, project: &Project, remote: Remote<'_>) -> anyhow::Result<ReleaseFacts> {
    world.git.committer()?;
    let head = world.git.head()?.commit;
    let readings = versions::of_commit(world, &head, project)?;
    let tags = tags(world, projects, remote)?;
    let version = readings.canonical().clone();
    let candidate = tags.newest_candidate(project, &version);
    let builds = match (&project.image, &candidate) {
        (Some(image), Some(candidate)) => Some(builds(world, image, &version, &candidate.commit)),
        _ => None,
    };
    let candidate_objection = match &candidate {
        Some(candidate) => candidate_objection(world, project, &version, candidate, remote.name)?,
        None => None,
    };
    Ok(ReleaseFacts { dirty: world.git.dirty_paths()?, disagreement: readings.disagreement(), version, tags, candidate_objection, builds })
}

/// Holds a candidate to the files of its own commit: those, and not HEAD's, are in its bytes.
fn candidate_objection(
    world: &World,
    project: &Project,
    version: &Version,
    candidate: &CandidateTag,
    remote: &str,
) -> anyhow::Result<Option<(String, String)>> {
    let CandidateTag { name, commit, .. } = candidate;
    if !world.git.has_commit(commit) {
        return Ok(Some((
            format!("the newest candidate {name} is at {}, a commit this clone does not have", short(commit)),
            format!("git fetch --tags {remote}"),
        )));
    }
    let readings = versions::of_commit(world, commit, project)?;
    let says = match readings.disagreement() {
        Some(what) => what,
        None if readings.canonical() != version => format!("its files say {}", readings.canonical().to_semver()),
        None => return Ok(None),
    };
    let next = format!("cargo xtask tag {} --rc --push", project.name);
    Ok(Some((format!("the newest candidate {name} is not of {}: {says}", version.to_semver()), next)))
}

/// Looks through the builds of a repository, newest first, for one that may be released.
fn builds(world: &World, target: &ImageTarget, version: &Version, commit: &str) -> BuildFacts {
    let tags = match world.registry().tags(&target.repository) {
        Ok(tags) => tags.unwrap_or_default(),
        Err(error) => return BuildFacts::Unknown(error.to_string()),
    };
    let archs: Vec<_> = target.platforms.iter().map(arch_suffix).collect();
    let mut turned_down = Vec::new();
    let mut missing = target.platforms.clone();
    for build in candidates::group(&tags, &archs) {
        let objection = match candidates::objection_by_tags(&build, version, commit, &archs) {
            Some(objection) => objection,
            None => match images_of(world, target, &build, commit) {
                Ok(Ok(images)) => return BuildFacts::Usable { build_id: build.id.to_string(), images },
                Ok(Err(objection)) => objection,
                Err(error) => return BuildFacts::Unknown(format!("{error:#}")),
            },
        };
        if turned_down.is_empty() && build.id.version == *version && build.id.short_commit == short(commit) {
            missing.retain(|platform| !build.tags.contains_key(&arch_suffix(platform)));
        }
        turned_down.push(TurnedDown { build: build.id.to_string(), why: objection });
    }
    BuildFacts::Nothing { turned_down, missing }
}

/// The images of one build, or what speaks against one of them.
fn images_of(
    world: &World,
    target: &ImageTarget,
    build: &candidates::Build,
    commit: &str,
) -> anyhow::Result<Result<Vec<PlatformImage>, String>> {
    let mut images = Vec::new();
    for platform in &target.platforms {
        let tag = &build.tags[&arch_suffix(platform)];
        let Some(image) = platform_image(world, &target.repository, tag, platform)? else {
            return Ok(Err(format!("{tag} is listed, but not served")));
        };
        if let Some(objection) = candidates::objection_by_image(&image, commit) {
            return Ok(Err(objection));
        }
        images.push(image);
    }
    Ok(Ok(images))
}

/// What a tag holds for a platform: one image, or an index with the image and its attestations.
pub fn platform_image(world: &World, repository: &Repository, tag: &str, platform: &Platform) -> anyhow::Result<Option<PlatformImage>> {
    let registry = world.registry();
    let Some(manifest) = registry.manifest(repository, tag)? else {
        return Ok(None);
    };
    let mut found = PlatformImage {
        platform: platform.clone(),
        tag: tag.into(),
        manifest: ManifestBytes { digest: manifest.digest.clone(), media_type: manifest.media_type.clone(), bytes: manifest.bytes.clone() },
        images: Vec::new(),
        attestations: Vec::new(),
        revision: None,
        built_for: None,
    };
    let (image, size) = if media_type::is_index(&manifest.media_type) {
        let index: ImageIndex = serde_json::from_slice(&manifest.bytes).with_context(|| format!("{repository}:{tag} is no index"))?;
        for entry in index.manifests() {
            match entry.annotations().as_ref().is_some_and(|annotations| annotations.contains_key(ATTESTATION_MARK)) {
                true => found.attestations.push(entry.clone()),
                false if platform_of(entry).as_ref() == Some(platform) => found.images.push(entry.clone()),
                false => {}
            }
        }
        let [entry] = found.images.as_slice() else {
            return Ok(Some(found));
        };
        let digest = entry.digest().to_string();
        let image = registry
            .manifest(repository, &digest)?
            .with_context(|| format!("{repository}:{tag} lists {digest}, which the registry does not serve"))?;
        (image, entry.size())
    } else {
        let size = manifest.bytes.len() as u64;
        (manifest, size)
    };
    let parsed: ImageManifest =
        serde_json::from_slice(&image.bytes).with_context(|| format!("{repository}@{} is no image manifest", image.digest))?;
    let config = parsed.config().digest().to_string().parse().map_err(|error| anyhow::anyhow!("{repository}:{tag}: {error}"))?;
    let (config_platform, revision) = read_configuration(&registry.blob(repository, &config, CONFIGURATION_LIMIT_BYTES)?)
        .with_context(|| format!("the configuration of {repository}:{tag}"))?;
    if found.images.is_empty() {
        found.images.push(describe(&image.media_type, &image.digest.to_string(), size, platform)?);
    }
    found.revision = revision;
    found.built_for = Some(config_platform);
    Ok(Some(found))
}

fn platform_of(entry: &Descriptor) -> Option<Platform> {
    let platform = entry.platform().as_ref()?;
    Some(Platform::new(&platform.os().to_string(), &platform.architecture().to_string(), platform.variant().as_deref()))
}

fn describe(media_type: &str, digest: &str, size: u64, platform: &Platform) -> anyhow::Result<Descriptor> {
    let mut described = PlatformBuilder::default().os(platform.os.as_str()).architecture(platform.arch.as_str());
    if let Some(variant) = &platform.variant {
        described = described.variant(variant.as_str());
    }
    Ok(DescriptorBuilder::default()
        .media_type(MediaType::from(media_type))
        .digest(digest.parse::<oci_spec::image::Digest>()?)
        .size(size)
        .platform(described.build()?)
        .build()?)
}

/// The platform and revision of an image's configuration.
fn read_configuration(bytes: &[u8]) -> anyhow::Result<(Platform, Option<String>)> {
    let configuration: ImageConfiguration = serde_json::from_slice(bytes)?;
    let platform =
        Platform::new(&configuration.os().to_string(), &configuration.architecture().to_string(), configuration.variant().as_deref());
    Ok((platform, configuration.labels_of_config().and_then(|labels| labels.get(REVISION_LABEL).cloned())))
}
