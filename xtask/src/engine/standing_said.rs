//! The one thing that the pins of an environment say together: a version, or a digest alone. Whether it may go on is decided in
//! `promotion`.

use super::pins::{PinGroup, Reading};
use crate::model::delivery::Said;
use crate::model::image::Digest;
use crate::model::version::Version;

/// The one digest that all pins say, of which none says a tag.
pub(super) fn standing_digest(readings: &[(PinGroup, Reading)]) -> Option<Digest> {
    let mut said: Vec<_> = readings.iter().flat_map(|(group, reading)| reading.said(&group.pins)).collect();
    said.dedup();
    match said.as_slice() {
        [Said { version: None, digest }] => digest.clone(),
        _ => None,
    }
}

/// The one version that all pins say.
pub(super) fn standing_version(readings: &[(PinGroup, Reading)]) -> Result<Version, String> {
    let mut said: Vec<_> = readings.iter().flat_map(|(group, reading)| reading.said(&group.pins)).map(|said| said.version).collect();
    said.sort();
    said.dedup();
    match said.as_slice() {
        [Some(version)] => Version::parse_semver(version).map_err(|_| format!("its pins say {version:?}, which is no version")),
        [] | [None] => Err("its pins say no tag".to_owned()),
        several => {
            let words = several.iter().map(|version| version.as_deref().unwrap_or("a digest alone")).collect::<Vec<_>>().join(" and ");
            Err(format!("its pins say {words}"))
        }
    }
}
