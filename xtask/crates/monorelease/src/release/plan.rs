//! The plan of a release: which tags the tested digests get, in which order.

use std::sync::Arc;

use monorelease_model::build_id::{BuildId, arch_suffix};
use monorelease_model::image::{Platform, is_image_tag};
use monorelease_model::version::Version;

use super::aliases::{AliasFacts, Destination};
use super::candidates::{TurnedDown, none_usable, not_there};
use super::platform_images::{PlatformImage, blobs_of};
use super::step::{ImageCopy, PublishIndex, PublishTag};
use super::{aliases, github, image_index};
use crate::packages::plan::PackageFacts;
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::release::github::plan::{ForgeFacts, Image};
use crate::step::Step;
use crate::step::manifest::ManifestBytes;
use crate::step::plan::Goal;
use crate::tag::plan::{CandidateTag, RemoteTags, TagFacts};
use crate::text::short;
use crate::trust::policy::Means;
use crate::{packages, trust};

/// What was found of a project that is to be released.
#[derive(Debug, Clone)]
pub struct ReleaseFacts {
    pub version: Version,
    /// Paths that differ from HEAD.
    pub dirty: Vec<String>,
    /// Sites of the commit that say something else than the source of truth.
    pub disagreement: Option<String>,
    pub tags: Arc<TagFacts>,
    /// The build that somebody picked by hand, in place of the newest that can be used.
    pub picked: Option<BuildId>,
    /// The newest candidate, or the one that the picked build is of.
    pub candidate: Option<CandidateTag>,
    /// What speaks against the candidate's own commit, and what mends it.
    pub candidate_objection: Option<(String, String)>,
    /// `None` for a project without an image, or when there is no candidate's tag to look for.
    pub builds: Option<BuildFacts>,
    /// What the moving names hold; read where a build can be used.
    pub aliases: Vec<AliasFacts>,
    /// The files of its package, where it is published to an index and there is a commit to build them of.
    pub package: Option<PackageFacts>,
}

/// What the configuration wants of a release beside its tags.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// What is attached to the digests.
    pub trust: Option<TrustFacts>,
    /// What GitHub is told.
    pub github: Option<ForgeFacts>,
}

/// What a release is held to beyond its bytes.
#[derive(Debug, Clone)]
pub struct TrustFacts {
    pub means: Means,
    /// Where the commit is to be found; empty when there is no forge.
    pub source: String,
}

/// What the registry holds.
#[derive(Debug, Clone)]
pub enum BuildFacts {
    /// It could not be read (law 15).
    Unknown(String),
    /// The picked build is not among those there are, the newest first.
    NotThere { builds: Vec<String> },
    /// No build can be used: why each was turned down, and the platforms that the newest of them lacks.
    Nothing {
        turned_down: Vec<TurnedDown>,
        missing: Vec<Platform>,
    },
    Usable {
        build_id: String,
        images: Vec<PlatformImage>,
    },
}

/// Plans a release, and gives the multi-arch index that it publishes; `None` without an image, or where it is refused. Names in
/// the registry come first, the git tag last: it is what tells others that all is there.
pub fn plan(
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
    extras: &Extras,
) -> anyhow::Result<Option<ManifestBytes>> {
    let name = &project.name;
    preflight(goal, project, facts);
    if let RemoteTags::Unknown { remote, why } = &facts.tags.remote {
        goal.refuse(
            name,
            format!("the tags of {remote} cannot be read: {why}"),
            format!("git ls-remote --tags {remote}"),
        );
        return Ok(None);
    }
    if let (Some(image), Some(BuildFacts::NotThere { builds }), Some(picked)) =
        (&project.image, &facts.builds, &facts.picked)
    {
        let (what, newest) = not_there(
            &image.repository.to_string(),
            picked,
            builds,
            &facts.version,
        );
        let other = newest
            .map(|newest| format!(" --candidate {newest}"))
            .unwrap_or_default();
        goal.refuse(name, what, format!("cargo xtask release {name}{other}"));
        return Ok(None);
    }
    let Some(candidate) = &facts.candidate else {
        no_candidate(goal, project, facts);
        return Ok(None);
    };
    if let Err(conflict) = facts.tags.commit_of(&candidate.name) {
        goal.refuse(
            name,
            conflict,
            format!("git tag --delete {} && git fetch --tags", candidate.name),
        );
    }
    if let Some((what, fix)) = &facts.candidate_objection {
        goal.refuse(name, what, fix);
    }
    if let Some(what) = project.tags.objection(&facts.version) {
        goal.refuse(name, what, format!("cargo xtask bump minor {name}"));
    }
    if let Some(package) = &facts.package {
        packages::plan::want_builds(goal, package);
        if let Some(TrustFacts { means, .. }) = &extras.trust {
            packages::plan::want_trust(goal, package, means, has_tag(project, facts));
        }
    }
    let index = match (&project.image, &facts.builds) {
        (Some(image), Some(BuildFacts::Usable { build_id, images })) => {
            let candidate = Images {
                build_id,
                images,
                target: image,
            };
            publish(goal, project, facts, extras, candidate)?
        }
        (
            Some(image),
            Some(BuildFacts::Nothing {
                turned_down,
                missing,
            }),
        ) => {
            let rest: String = missing
                .iter()
                .skip(1)
                .map(|platform| format!(", and likewise for {platform}"))
                .collect();
            let platform = missing
                .first()
                .or(image.platforms.first())
                .map(ToString::to_string)
                .unwrap_or_default();
            let fix = format!(
                "git checkout {} && cargo xtask build {name} --push --platform {platform}{rest}",
                candidate.name
            );
            goal.refuse(
                name,
                none_usable(&image.repository.to_string(), turned_down),
                fix,
            );
            return Ok(None);
        }
        (Some(_), Some(BuildFacts::Unknown(why))) => {
            goal.refuse(
                name,
                format!("the registry cannot be read: {why}"),
                "cargo xtask doctor",
            );
            return Ok(None);
        }
        _ => {
            goal.notes.push(format!(
                "{name}: no image is configured, so none is promoted"
            ));
            github::plan::prepare(goal, project, facts, extras, None)?;
            None
        }
    };
    if project.package_index.is_none() && !project.wheel_targets.is_empty() {
        goal.notes.push(format!(
            "{name}: no package-index is configured, so its wheels are published nowhere"
        ));
    }
    if let (Some(package), Some(index)) = (&facts.package, &project.package_index) {
        packages::plan::want_published(goal, package, index);
    }
    want_tag(goal, project, facts, candidate);
    github::plan::publish(goal, project, facts, extras);
    Ok(index)
}

/// Whether the version has its tag, made by a release or by hand.
pub(super) fn has_tag(project: &Project, facts: &ReleaseFacts) -> bool {
    matches!(
        facts.tags.commit_of(&project.tags.release(&facts.version)),
        Ok(Some(_))
    )
}

/// No tag says which commit is to be released.
fn no_candidate(goal: &mut Goal, project: &Project, facts: &ReleaseFacts) {
    let name = &project.name;
    let version = facts.version.to_semver();
    if let Some(BuildFacts::Unknown(why)) = &facts.builds {
        return goal.refuse(
            name,
            format!("the registry cannot be read: {why}"),
            "cargo xtask doctor",
        );
    }
    match &facts.picked {
        Some(picked) if picked.version != facts.version => {
            let what = format!(
                "build {picked} is of {}, the files of HEAD say {version}",
                picked.version.to_semver()
            );
            goal.refuse(
                name,
                what,
                format!(
                    "git checkout {} && cargo xtask release {name}",
                    picked.short_commit
                ),
            );
        }
        Some(picked) => {
            let candidates = facts.tags.candidates(project, &facts.version);
            let tags = candidates
                .iter()
                .map(|candidate| format!("{} at {}", candidate.name, short(&candidate.commit)))
                .collect::<Vec<_>>();
            let tags = if tags.is_empty() {
                "there is none".to_owned()
            } else {
                tags.join(", ")
            };
            let what = format!(
                "build {picked} is of {}, where no candidate of {version} is ({tags})",
                picked.short_commit
            );
            goal.refuse(
                name,
                what,
                format!("cargo xtask release {name}, of the newest candidate"),
            );
        }
        None => {
            let form = project.tags.candidate_form(&facts.version);
            let push = if project.image.is_some() || project.candidate_index.is_some() {
                format!(" && cargo xtask build {name} --push")
            } else {
                String::new()
            };
            let what = format!(
                "{} {version} has no candidate: no tag {form} exists",
                project.package
            );
            goal.refuse(
                name,
                what,
                format!("cargo xtask tag {name} --rc --push{push}"),
            );
        }
    }
}

/// What forbids a release whatever the registry holds.
fn preflight(goal: &mut Goal, project: &Project, facts: &ReleaseFacts) {
    let name = &project.name;
    if let Some(what) = &facts.disagreement {
        goal.refuse(
            name,
            format!("the version sites of {name} disagree: {what}"),
            "cargo xtask versions --fix, then commit",
        );
    }
    if !facts.dirty.is_empty() {
        goal.refuse(
            name,
            dirty_sentence(&facts.dirty),
            "git add --all && git commit, or git stash --include-untracked",
        );
    }
}

/// The candidate's images, and where they go.
struct Images<'a> {
    build_id: &'a str,
    images: &'a [PlatformImage],
    target: &'a ImageTarget,
}

fn publish(
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
    extras: &Extras,
    candidate: Images<'_>,
) -> anyhow::Result<Option<ManifestBytes>> {
    let Images {
        build_id,
        images,
        target,
    } = candidate;
    let version = facts.version.to_semver();
    let name_of = |image: &PlatformImage| format!("{version}-{}", arch_suffix(&image.platform));
    if let Some(tag) = images.iter().map(name_of).find(|tag| !is_image_tag(tag)) {
        goal.refuse(
            &project.name,
            no_image_tag(&tag),
            format!("cargo xtask bump patch {}", project.name),
        );
        return Ok(None);
    }
    for image in images.iter().filter(|_| target.is_elsewhere()) {
        match copy(image, target, name_of(image)) {
            Ok(copy) => goal.want(
                &project.name,
                format!("releases are in {}", target.release),
                Step::CopyImage(copy),
            ),
            Err(what) => goal.refuse(
                &project.name,
                what,
                format!("cargo xtask build {} --push", project.name),
            ),
        }
    }
    let index = image_index::compose(&facts.version, images)?;
    if let Some(TrustFacts { means, source }) = &extras.trust {
        let release = trust::plan::Release {
            project: &project.name,
            package: &project.package,
            version: &version,
            source,
            repository: &target.release,
            is_elsewhere: target.is_elsewhere(),
            images,
        };
        trust::plan::want(goal, &release, &index, means, build_id);
    }
    github::plan::prepare(
        goal,
        project,
        facts,
        extras,
        Some(Image {
            repository: &target.release,
            index: &index,
            platforms: images,
        }),
    )?;
    for image in images {
        let step = Step::PublishTag(PublishTag {
            repository: target.release.clone(),
            tag: name_of(image),
            manifest: image.named.clone(),
        });
        goal.want(
            &project.name,
            format!("{} of candidate {build_id}", image.platform),
            step,
        );
    }
    let why = format!(
        "one name for {}",
        images
            .iter()
            .map(|image| image.platform.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    );
    goal.want(
        &project.name,
        why,
        Step::PublishIndex(PublishIndex {
            repository: target.release.clone(),
            tag: version,
            manifest: index.clone(),
        }),
    );
    if facts.version.is_prerelease() && !target.aliases.is_empty() {
        goal.notes.push(format!(
            "{}: {} is a prerelease, so it moves no alias",
            project.name,
            facts.version.to_semver()
        ));
    }
    let to = Destination {
        repository: &target.release,
        version: &facts.version,
        index: &index,
    };
    aliases::want(goal, project, &to, &facts.aliases);
    Ok(Some(index))
}

/// One platform's image with everything that it and its attestations are made of.
fn copy(image: &PlatformImage, target: &ImageTarget, name: String) -> Result<ImageCopy, String> {
    let mut blobs = Vec::new();
    for manifest in &image.manifests {
        for blob in blobs_of(manifest)? {
            if !blobs.contains(&blob) {
                blobs.push(blob);
            }
        }
    }
    Ok(ImageCopy {
        from: target.repository.clone(),
        to: target.release.clone(),
        platform: image.platform.clone(),
        names: (image.tag.clone(), name),
        manifests: image.manifests.clone(),
        blobs,
    })
}

/// The release's tag, on the candidate's commit. One that exists elsewhere is a conflict.
fn want_tag(goal: &mut Goal, project: &Project, facts: &ReleaseFacts, candidate: &CandidateTag) {
    let name = &project.name;
    let tag = project.tags.release(&facts.version);
    match facts.tags.commit_of(&tag) {
        Err(conflict) => {
            return goal.refuse(
                name,
                conflict,
                format!("git tag --delete {tag} && git fetch --tags"),
            );
        }
        Ok(Some(commit)) if commit != candidate.commit => {
            let found = short(commit);
            let wanted = short(&candidate.commit);
            let called = if facts.picked.is_some() {
                "the candidate"
            } else {
                "the newest candidate"
            };
            let what = format!(
                "tag {tag} exists at {found}, {called} {} is at {wanted}; a tag is never moved",
                candidate.name
            );
            return goal.refuse(name, what, format!("cargo xtask bump patch {name}"));
        }
        Ok(_) => {}
    }
    let has_remote = matches!(facts.tags.remote, RemoteTags::Known { .. });
    let why = if project.candidates {
        format!("the commit of {}", candidate.name)
    } else {
        format!("at {}", short(&candidate.commit))
    };
    facts
        .tags
        .want(goal, project, &tag, &candidate.commit, has_remote, &why);
    if !has_remote {
        goal.notes.push(format!(
            "{name}: there is no remote, so the tag stays in this clone"
        ));
    }
}

/// Says that a registry would not take a tag.
pub fn no_image_tag(tag: &str) -> String {
    format!(
        "{tag:?} is no image tag: wanted letters, digits, `_`, `.` and `-`, at most 128 of them"
    )
}

/// Says that the work tree is not the commit, with the first few paths.
pub fn dirty_sentence(paths: &[String]) -> String {
    let shown = paths
        .iter()
        .take(3)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let more = paths
        .len()
        .checked_sub(4)
        .map(|more| format!(" and {} more", more + 1))
        .unwrap_or_default();
    format!("the work tree differs from HEAD: {shown}{more}")
}
