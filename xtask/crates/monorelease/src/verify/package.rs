//! What an index has of a release's package: each file that belongs to it, fetched and held to what is known of it.

use monorelease_model::distribution::IndexFile;

use super::bundle::Bundles;
use super::rows::{Look, Release, Row};
use crate::packages;
use crate::packages::PackageBuild;
use crate::packages::files::{Built, built};
use crate::packages::index::Place;
use crate::packages::index::error::IndexError;
use crate::packages::observe::Wanted;
use crate::packages::plan::artifacts;
use crate::project::IndexName;
use crate::project::Project;
use crate::world::World;

/// One row for each file of the release, and one for each that is there and should not be; where files are to be signed, one for
/// the signature of each, and where what they are made of is to be listed, one for that list.
pub(super) fn look(
    world: &World,
    release: &Release<'_>,
    index: &IndexName,
    commit: Result<&str, ()>,
) -> Vec<Row> {
    let Release {
        project,
        projects,
        version,
        ..
    } = *release;
    let about = format!("{} {}", project.package, version.to_semver());
    let row = |look| {
        vec![Row {
            subject: about.clone(),
            check: "package".into(),
            look,
        }]
    };
    let Ok(commit) = commit else {
        return row(Look::NotAsked("the commit is not known".into()));
    };
    let wanted = Wanted {
        projects,
        project,
        commit,
        version,
        is_release: true,
        index: None,
    };
    let build = match packages::observe::observe(world, &wanted) {
        Ok(facts) => facts.build,
        Err(error) => return row(Look::Bad(format!("{error:#}"))),
    };
    let read = || {
        let place = packages::index::place(world, index)?;
        anyhow::Ok((packages::index::files(world, &place, &build.name)?, place))
    };
    let (mut listed, place) = match read() {
        Ok(found) => found,
        Err(error) => return row(Look::Unread(format!("cannot be read: {error:#}"))),
    };
    listed.retain(|file| file.name.is_of(&build.name, &build.spelled));
    let mut rows = Vec::new();
    let bundles = Bundles::of(
        world,
        release.policy,
        release.forge,
        &project.tags.release(version),
    );
    for artifact in artifacts(project) {
        let build = PackageBuild {
            artifact: artifact.clone(),
            ..build.clone()
        };
        let place_of = listed.iter().position(|file| artifact.is(&file.name));
        let known = built(world, &build).ok().flatten();
        let Some(file) = place_of.map(|found| listed.remove(found)) else {
            let look = Look::Bad(format!("{} has no such file of {about}", index.word()));
            rows.push(Row {
                subject: artifact.to_string(),
                check: "package".into(),
                look,
            });
            continue;
        };
        let look = held(world, &place, &file, known.as_ref(), project);
        let is_right = !matches!(look, Look::Bad(_) | Look::Unread(_));
        rows.push(Row {
            subject: file.name.whole.clone(),
            check: "package".into(),
            look,
        });
        rows.extend(
            bundles
                .as_ref()
                .and_then(|bundles| bundles.row(&place, &file, known.as_ref(), is_right)),
        );
    }
    rows.extend(
        bundles
            .as_ref()
            .and_then(|bundles| bundles.list_row(&build)),
    );
    let strangers = listed.into_iter().map(|file| Row {
        subject: file.name.whole,
        check: "package".into(),
        look: Look::Bad("it is none of the files that this release consists of".into()),
    });
    rows.extend(strangers);
    rows
}

/// The bytes at the index, held to the hash that it lists and to what was built of the release's commit, here or by the
/// machines whose files were put here.
fn held(
    world: &World,
    place: &Place,
    file: &IndexFile,
    known: Option<&Built>,
    project: &Project,
) -> Look {
    let found = match packages::index::fetched_sha256(world, place, file) {
        Ok(found) => found,
        Err(error) if error.downcast_ref().is_some_and(IndexError::is_absent) => {
            return Look::Bad(format!("is listed, and is not there: {error:#}"));
        }
        Err(error) => return Look::Unread(format!("cannot be read: {error:#}")),
    };
    if let Some(listed) = file.sha256.as_ref().filter(|listed| **listed != found) {
        return Look::Bad(format!(
            "holds sha256:{found}, the index lists sha256:{listed}"
        ));
    }
    match known {
        Some(known) if known.sha256 != found => Look::Bad(format!(
            "holds sha256:{found}, {} was built with sha256:{}",
            known.name.whole, known.sha256
        )),
        Some(_) => Look::Good(format!("sha256:{found}, as it was built")),
        None if file.sha256.is_some() => Look::Good(format!(
            "sha256:{found}, as the index lists it (cargo xtask build {} --release builds it to compare)",
            project.name
        )),
        None => Look::NotAsked(format!(
            "sha256:{found}, and nothing to hold it to: cargo xtask build {} --release",
            project.name
        )),
    }
}
