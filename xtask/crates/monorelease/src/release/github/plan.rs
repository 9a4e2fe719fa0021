//! The plan of a forge's release: what it says, which files it has, and when each of it comes.
//!
//! Pure. A draft and its files come before the first name is given away, since they can fail and be made anew; everybody sees
//! the release after its tag is there.

use monorelease_model::build_id::arch_suffix;
use monorelease_model::github::{BODY_CHARS_MAX, asset_name};
use monorelease_model::image::Repository;
use monorelease_model::version::Version;
use std::fmt::Write as _;

use super::{Asset, CHECKSUMS, FILE_BYTES_MAX, ForgeRelease, Part, Source, Told, mark};
use crate::config::trust::SbomFormat;
use crate::packages;
use crate::project::Project;
use crate::release::plan::{Extras, ReleaseFacts, has_tag};
use crate::release::platform_images::PlatformImage;
use crate::step::Step;
use crate::step::manifest::ManifestBytes;
use crate::step::plan::Goal;
use crate::tag::plan::{RemoteTags, TagFacts};
use crate::trust::{Policy, Subject};

/// What is said in the place of notes that are too long for the forge.
const CUT: &str = "\n\nThe rest is cut; the whole of it stands in the changelog.";

/// What was found for the forge's release of a project.
#[derive(Debug, Clone)]
pub struct ForgeFacts {
    /// `owner/name`.
    pub repository: String,
    /// The changelog's part of this release, in Markdown.
    pub notes: String,
    /// The files of its distribution: name, path from the root, and bytes.
    pub files: Vec<(String, String, u64)>,
    /// The arguments by which `cosign verify` holds an image to the configuration; `None` where nothing is signed.
    pub verified_by: Option<String>,
    /// Whether it becomes the forge's latest release.
    pub is_latest: bool,
}

/// The image of a release.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    pub repository: &'a Repository,
    pub index: &'a ManifestBytes,
    pub platforms: &'a [PlatformImage],
}

/// Wants the draft and its files.
///
/// # Errors
/// A digest of the image's that is none.
pub fn prepare(
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
    extras: &Extras,
    image: Option<Image<'_>>,
) -> anyhow::Result<()> {
    let (Some(forge), Some(candidate)) = (&extras.github, &facts.candidate) else {
        return Ok(());
    };
    let policy = extras.trust.as_ref().map(|trust| &trust.means.policy);
    let assets = assets(goal, project, facts, forge, policy, image);
    let told = Told {
        title: format!("{} {}", project.package, facts.version.to_semver()),
        body: body(project, facts, forge, policy, &candidate.commit, image)?,
        commit: candidate.commit.clone(),
        is_prerelease: facts.version.is_prerelease(),
    };
    want(
        goal,
        project,
        facts,
        forge,
        format!("from {}", candidate.name),
        Part::Draft(told),
    );
    for asset in &assets {
        let why = match &asset.source {
            Source::File(path) => path.clone(),
            Source::Package(_) => "what the release publishes".to_owned(),
            Source::List { subject, .. } => format!("attested of {}", subject.role),
        };
        want(goal, project, facts, forge, why, Part::Asset(asset.clone()));
    }
    if !assets.is_empty() {
        want(
            goal,
            project,
            facts,
            forge,
            "what downloads are held to".to_owned(),
            Part::Checksums(assets),
        );
    }
    Ok(())
}

/// Wants everybody to see it.
pub fn publish(goal: &mut Goal, project: &Project, facts: &ReleaseFacts, extras: &Extras) {
    if let Some(forge) = &extras.github {
        let why = "the tag and all else is there".to_owned();
        want(
            goal,
            project,
            facts,
            forge,
            why,
            Part::Published {
                is_latest: forge.is_latest,
            },
        );
    }
}

fn want(
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
    forge: &ForgeFacts,
    why: String,
    part: Part,
) {
    let repository = forge.repository.clone();
    let tag = project.tags.release(&facts.version);
    goal.want(
        &project.name,
        why,
        Step::ForgeRelease(Box::new(ForgeRelease {
            repository,
            tag,
            part,
        })),
    );
}

/// Whether a stable version is the highest of its project, as far as tags tell: an older line's release is no latest one.
pub fn is_highest(project: &Project, version: &Version, tags: &TagFacts) -> bool {
    let remote = match &tags.remote {
        RemoteTags::Known { tags, .. } => Some(tags),
        RemoteTags::None | RemoteTags::Unknown { .. } => None,
    };
    let names = tags
        .local
        .keys()
        .chain(remote.into_iter().flat_map(|tags| tags.keys()));
    let mut released = names
        .filter_map(|name| project.tags.read(name))
        .filter(|tag| tag.candidate.is_none());
    !version.is_prerelease()
        && released.all(|tag| tag.version.is_prerelease() || tag.version <= *version)
}

/// The files, each under the name that the forge keeps it by.
fn assets(
    goal: &mut Goal,
    project: &Project,
    facts: &ReleaseFacts,
    forge: &ForgeFacts,
    policy: Option<&Policy>,
    image: Option<Image<'_>>,
) -> Vec<Asset> {
    let mut found: Vec<(String, Asset)> = Vec::new();
    for (file, path, bytes) in &forge.files {
        if *bytes > FILE_BYTES_MAX {
            let what = format!(
                "{path} has {bytes} bytes; the forge takes files of at most {FILE_BYTES_MAX}"
            );
            goal.refuse(
                &project.name,
                what,
                format!("rm {path}, or make it smaller"),
            );
        }
        found.push((
            path.clone(),
            Asset {
                name: asset_name(file),
                source: Source::File(path.clone()),
            },
        ));
    }
    for file in facts
        .package
        .iter()
        .flat_map(|package| packages::plan::files(package, policy, has_tag(project, facts)))
    {
        found.push((
            file.what(),
            Asset {
                name: file.what(),
                source: Source::Package(Box::new(file)),
            },
        ));
    }
    for (image, policy) in image.iter().zip(policy) {
        for (platform, format) in image
            .platforms
            .iter()
            .flat_map(|platform| policy.sbom.iter().map(move |format| (platform, *format)))
        {
            let version = facts.version.to_semver();
            let arch = arch_suffix(&platform.platform);
            let subject = Subject {
                repository: image.repository.clone(),
                digest: platform.image.digest.clone(),
                role: platform.platform.to_string(),
            };
            let name = asset_name(&format!(
                "{}-{version}-{arch}.{}",
                project.package,
                ending(format)
            ));
            let source = Source::List {
                subject,
                format,
                policy: policy.clone(),
            };
            found.push((
                format!("the list of {}", platform.platform),
                Asset { name, source },
            ));
        }
    }
    for (place, (what, asset)) in found.iter().enumerate() {
        let other = found[..place]
            .iter()
            .find(|(_, other)| other.name == asset.name)
            .map(|(other, _)| other.as_str());
        let other = other
            .or((asset.name == CHECKSUMS || asset.name.is_empty())
                .then_some("the list of checksums"));
        if let Some(other) = other {
            let what = format!(
                "{what} and {other} would be one file of the forge's release, {:?}",
                asset.name
            );
            goal.refuse(&project.name, what, "give one of them another name");
        }
    }
    found.into_iter().map(|(_, asset)| asset).collect()
}

fn ending(format: SbomFormat) -> &'static str {
    match format {
        SbomFormat::Spdx => "spdx.json",
        SbomFormat::CycloneDx => "cdx.json",
    }
}

/// What the release says: the changes, what the image is, how to get it and how to hold it against what was said. It is a function of
/// the candidate and the configuration alone, so that a run that finds it there can tell whether it is this.
fn body(
    project: &Project,
    facts: &ReleaseFacts,
    forge: &ForgeFacts,
    policy: Option<&Policy>,
    commit: &str,
    image: Option<Image<'_>>,
) -> anyhow::Result<String> {
    let mut rest = String::new();
    let mut lines = Vec::new();
    if let Some(Image {
        repository,
        index,
        platforms,
    }) = image
    {
        let _ = write!(
            rest,
            "### Digests\n\n| what | digest |\n|---|---|\n| `{repository}:{}` | `{}` |\n",
            facts.version.to_semver(),
            index.digest
        );
        for platform in platforms {
            let _ = writeln!(
                rest,
                "| {} | `{}` |",
                platform.platform, platform.image.digest
            );
        }
        let _ = write!(
            rest,
            "\n```sh\ndocker pull {repository}@{}\n```\n\n",
            index.digest
        );
        lines.extend(
            forge
                .verified_by
                .as_ref()
                .map(|by| format!("cosign verify {by} {repository}@{}", index.digest)),
        );
    }
    lines.push(format!(
        "cargo xtask verify {} {}",
        project.name,
        facts.version.to_semver()
    ));
    if has_files(project, policy) {
        lines.push(format!("sha256sum --check --ignore-missing {CHECKSUMS}"));
    }
    let _ = write!(
        rest,
        "### How to verify\n\n```sh\n{}\n```\n\n{}\n",
        lines.join("\n"),
        mark(&project.name, commit)
    );
    let notes = if forge.notes.trim().is_empty() {
        "Nothing that a changelog tells."
    } else {
        forge.notes.trim()
    };
    let room = BODY_CHARS_MAX.saturating_sub(rest.chars().count() + CUT.chars().count() + 2);
    Ok(format!("{}\n\n{rest}", fitted(notes, room)))
}

/// Whether releases of the project have files, by the configuration: what lies on this machine says nothing about others.
fn has_files(project: &Project, policy: Option<&Policy>) -> bool {
    let has_lists = policy.is_some_and(|policy| !policy.sbom.is_empty());
    has_lists || project.package_index.is_some() || !project.wheel_targets.is_empty()
}

/// At most so many characters, cut between two lines.
fn fitted(notes: &str, room: usize) -> String {
    let Some((end, _)) = notes.char_indices().nth(room) else {
        return notes.to_owned();
    };
    let kept = notes[..end].rsplit_once('\n').map_or("", |(kept, _)| kept);
    format!("{}{CUT}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_cut_between_two_lines_when_they_are_too_long_and_say_so() {
        assert_eq!(fitted("one\ntwo", 7), "one\ntwo");
        assert_eq!(fitted("one\ntwö\nthree", 9), format!("one\ntwö{CUT}"));
        assert_eq!(fitted("one long line", 5), CUT);
    }
}
