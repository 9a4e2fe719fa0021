//! Candidates as the registry holds them: which builds there are, and what of each was read.
//!
//! Each manifest and configuration is read once, and its bytes are carried into the plan. What they mean is decided in `release::candidates`.

use monorelease_http_client::parallel::side_by_side;
use monorelease_model::build_id::{BuildId, arch_suffix};
use monorelease_model::image::Platform;
use monorelease_oci_registry::client::Registry;
use monorelease_oci_registry::tags::TagListing;

use super::candidates;
use super::candidates::{Build, Sought, TurnedDown};
use super::plan::BuildFacts;
use super::platform_images::PlatformImage;
use super::registry_images::{Read, Unusable, child, objection, read};
use crate::project::image::ImageTarget;
use crate::text::short;

/// Everything that follows the digits of a year in the order of bytes: a part of a list that ends here has every build in it.
const BEHIND_EVERY_BUILD: &str = ":";

/// Looks through the builds of a repository, newest first, for one that may be released; with `picked`, at that one alone.
///
/// No build of a commit is older than the commit, so only what comes `from` its time is listed, where the registry can begin there. The
/// whole list is read when nothing in that part can be used: a refusal names every build (law 10). `sought` is `None` where
/// the picked build is of no candidate: then nothing but the builds there are is told.
pub fn builds(
    registry: &Registry,
    target: &ImageTarget,
    sought: Option<&Sought<'_>>,
    picked: Option<&BuildId>,
    from: Option<&str>,
) -> BuildFacts {
    let part = from
        .map(|from| registry.tags_from(&target.repository, from, BEHIND_EVERY_BUILD))
        .transpose();
    match part.map(Option::flatten) {
        Err(error) => return BuildFacts::Unknown(error.to_string()),
        Ok(None) => {}
        Ok(Some(TagListing { tags, is_whole })) => {
            match among(registry, target, &tags, sought, picked) {
                BuildFacts::Nothing { .. } | BuildFacts::NotThere { .. } if !is_whole => {}
                facts => return facts,
            }
        }
    }
    match registry.tags(&target.repository) {
        Ok(tags) => among(registry, target, &tags.unwrap_or_default(), sought, picked),
        Err(error) => BuildFacts::Unknown(error.to_string()),
    }
}

/// As [`builds`], among these tags.
fn among(
    registry: &Registry,
    target: &ImageTarget,
    tags: &[String],
    sought: Option<&Sought<'_>>,
    picked: Option<&BuildId>,
) -> BuildFacts {
    let archs: Vec<_> = target.platforms.iter().map(arch_suffix).collect();
    let mut builds = candidates::group(tags, &archs);
    if let Some(picked) = picked {
        if !builds.iter().any(|build| build.id == *picked) {
            return BuildFacts::NotThere {
                builds: builds.iter().map(|build| build.id.to_string()).collect(),
            };
        }
        builds.retain(|build| build.id == *picked);
    }
    let mut turned_down = Vec::new();
    let mut missing = target.platforms.clone();
    let Some(sought) = sought else {
        return BuildFacts::Nothing {
            turned_down,
            missing,
        };
    };
    let has_several = builds
        .iter()
        .filter(|build| candidates::objection_by_tags(build, sought, &archs).is_none())
        .count()
        > 1;
    let mut newest = None;
    for build in builds {
        let objection = match candidates::objection_by_tags(&build, sought, &archs) {
            Some(objection) => objection,
            None => match images_and_place(registry, target, &build, sought, has_several) {
                Ok((images, is_begun_with_another)) => {
                    let facts = BuildFacts::Usable {
                        build_id: build.id.to_string(),
                        images,
                    };
                    if !is_begun_with_another {
                        return facts;
                    }
                    newest.get_or_insert(facts);
                    continue;
                }
                Err(Unusable::Objection(objection)) => objection,
                Err(Unusable::Unread(error)) => return BuildFacts::Unknown(format!("{error:#}")),
            },
        };
        if turned_down.is_empty()
            && build.id.version == *sought.version
            && build.id.short_commit == short(sought.commit)
        {
            missing.retain(|platform| !build.tags.contains_key(&arch_suffix(platform)));
        }
        turned_down.push(TurnedDown {
            build: build.id.to_string(),
            why: objection,
        });
    }
    newest.unwrap_or(BuildFacts::Nothing {
        turned_down,
        missing,
    })
}

/// The images of a build; and, where it is one of several that may be released, whether other images have release names
/// already. A release is finished with the build that it was begun with, whatever was built since (laws 9 and 14).
fn images_and_place(
    registry: &Registry,
    target: &ImageTarget,
    build: &Build,
    sought: &Sought<'_>,
    has_several: bool,
) -> Read<(Vec<PlatformImage>, bool)> {
    let images = images_of(registry, target, build, sought)?;
    for image in images.iter().filter(|_| has_several) {
        let name = format!(
            "{}-{}",
            sought.version.to_semver(),
            arch_suffix(&image.platform)
        );
        let given = registry.head_before_put(&target.release, &name)?;
        if given.is_some_and(|given| given.digest != image.named.digest) {
            return Ok((images, true));
        }
    }
    Ok((images, false))
}

/// The images of one build. Tags of the platforms come before an index of all of them.
fn images_of(
    registry: &Registry,
    target: &ImageTarget,
    build: &Build,
    sought: &Sought<'_>,
) -> Read<Vec<PlatformImage>> {
    let archs: Vec<_> = target.platforms.iter().map(arch_suffix).collect();
    let served = |tag: &str, platforms: &[Platform]| match read(
        registry,
        &target.repository,
        tag,
        platforms,
    )? {
        Some(images) => Ok(images),
        None => objection(format!("{tag} is listed, but not served")),
    };
    let mut images = Vec::new();
    if build.missing(&archs).is_empty() {
        // Each takes two or three requests that have to wait for each other; the platforms need not.
        let read = side_by_side(&target.platforms, |platform| {
            served(
                &build.tags[&arch_suffix(platform)],
                std::slice::from_ref(platform),
            )
        });
        for image in read {
            images.extend(image?);
        }
    } else {
        images = served(&build.id.to_string(), &target.platforms)?;
        // No tag names one platform's part of it, so the part itself gets the platform's name.
        for image in &mut images {
            image.named = image.manifests[0].clone();
        }
    }
    if let Some(why) = images
        .iter()
        .find_map(|image| image.objection(sought.commit, sought.whose))
    {
        return objection(why);
    }
    for image in images.iter_mut().filter(|_| target.is_elsewhere()) {
        for entry in &image.attestations {
            image
                .manifests
                .push(child(registry, &target.repository, &image.tag, entry)?);
        }
    }
    Ok(images)
}
