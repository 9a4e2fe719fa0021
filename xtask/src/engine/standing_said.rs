//! The one thing that the pins of an environment say together: a version, or a digest alone; and which image a version was when it
//! came there. Whether it may go on is decided in `promotion` and `rollback`.

use super::pins::{PinGroup, Reading};
use super::promotion::Deliverer;
use crate::model::delivery::{ReleaseImages, Said};
use crate::model::image::Digest;
use crate::model::project::Project;
use crate::model::step::Goal;
use crate::model::version::Version;
use crate::plan::delivery::records;
use crate::world::delivery::PastCommit;

/// The one digest that all pins say, of which none says a tag.
pub(super) fn standing_digest(readings: &[(PinGroup, Reading)]) -> Option<Digest> {
    let mut said: Vec<_> = readings
        .iter()
        .flat_map(|(group, reading)| reading.said(&group.pins))
        .collect();
    said.dedup();
    match said.as_slice() {
        [
            Said {
                version: None,
                digest,
            },
        ] => digest.clone(),
        _ => None,
    }
}

/// The one version that all pins say.
pub(super) fn standing_version(readings: &[(PinGroup, Reading)]) -> Result<Version, String> {
    let mut said: Vec<_> = readings
        .iter()
        .flat_map(|(group, reading)| reading.said(&group.pins))
        .map(|said| said.version)
        .collect();
    said.sort();
    said.dedup();
    match said.as_slice() {
        [Some(version)] => Version::parse_semver(version)
            .map_err(|_| format!("its pins say {version:?}, which is no version")),
        [] | [None] => Err("its pins say no tag".to_owned()),
        several => {
            let words = several
                .iter()
                .map(|version| version.as_deref().unwrap_or("a digest alone"))
                .collect::<Vec<_>>()
                .join(" and ");
            Err(format!("its pins say {words}"))
        }
    }
}

impl Deliverer<'_> {
    /// Which image a version was when it came into an environment, as the commits that brought it there tell. It is asked for pins
    /// that say a tag alone, since what a tag is can change.
    pub(super) fn brought(
        &self,
        (project, stage): (&str, &str),
        readings: &[(PinGroup, Reading)],
        version: &str,
    ) -> anyhow::Result<Option<Digest>> {
        let told = |commits: &[PastCommit]| {
            let all = commits
                .iter()
                .flat_map(|commit| records(&commit.id, commit.seconds, &commit.message));
            let mut brought = all
                .filter(|record| record.is_of(project, stage))
                .filter_map(|record| record.to);
            brought
                .find(|to| to.version.as_deref() == Some(version) && to.digest.is_some())
                .and_then(|to| to.digest)
        };
        for (group, reading) in readings {
            if reading.places().all(|(_, place)| place.digest.is_some()) {
                continue;
            }
            let branch = group.open(self.world)?;
            let recent = branch.recent(&reading.head, &|commits| told(commits).is_some())?;
            if let Some(digest) = told(&recent.commits) {
                return Ok(Some(digest));
            }
        }
        Ok(None)
    }

    /// Refuses an image that took over the name of the one that stood in an environment (law 8).
    pub(super) fn refuse_moved(
        &self,
        goal: &mut Goal,
        (project, stage): (&Project, &str),
        readings: &[(PinGroup, Reading)],
        images: &ReleaseImages,
    ) -> anyhow::Result<()> {
        let name = &project.name;
        let version = &images.version;
        let brought = if version.is_empty() {
            None
        } else {
            self.brought((name, stage), readings, version)?
        };
        if let (Some(was), Some(image)) =
            (brought.filter(|was| *was != images.index), &project.image)
        {
            let what = format!(
                "{name} {version} was {was} when it came to {stage}, and is {} by now: its tag was moved",
                images.index
            );
            let fix = format!(
                "crane tag {}@{was} {version}, which moves it back; or release what is meant under a new version",
                image.release
            );
            goal.refuse(name, what, fix);
        }
        Ok(())
    }
}
