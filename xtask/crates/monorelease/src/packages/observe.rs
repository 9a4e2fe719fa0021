//! Looks at everything that the plan of a package depends on: its files, what its index lists, what a commit says.

use monorelease_model::distribution::{Artifact, IndexFile};
use monorelease_model::version::Version;

use super::PackageBuild;
use super::Signed;
use super::build;
use super::files::built;
use super::index;
use super::plan::{ArtifactFacts, PackageFacts, artifacts, is_stable_abi, name_of};
use super::shared_names::shared_names;
use super::trust;
use crate::bump::edits::Edits;
use crate::fault::Fault;
use crate::project::IndexName;
use crate::project::{Project, Projects};
use crate::step::plan::Goal;
use crate::text::short;
use crate::versions;
use crate::world::World;
use crate::world::texts::Texts;

/// Which version of a package is meant.
pub struct Wanted<'a> {
    pub projects: &'a Projects,
    pub project: &'a Project,
    pub commit: &'a str,
    pub version: &'a Version,
    /// A release is built twice; a candidate once.
    pub is_release: bool,
    /// Where it is to be published; `None` where it is not.
    pub index: Option<&'a IndexName>,
}

/// Looks at everything that the plan of a package depends on.
///
/// # Errors
/// The commit has no readable pyproject.toml, or a place that would have to say the version cannot. What the index says, or
/// does not, is among the facts.
pub fn observe(world: &World, wanted: &Wanted<'_>) -> anyhow::Result<PackageFacts> {
    let build = build_of(world, wanted)?;
    // Who only looks needs no compiler.
    let host = if build.by_maturin {
        build::host(world).ok()
    } else {
        None
    };
    let mut found = Vec::new();
    for artifact in artifacts(wanted.project) {
        let of = PackageBuild {
            artifact: artifact.clone(),
            ..build.clone()
        };
        let is_here = built(world, &of)?.is_some();
        let is_signed_here = trust::is_signed_here(world, &of, Signed::File)?;
        let can_build = match &artifact {
            Artifact::WheelFor(target) => host.as_deref() == Some(target),
            _ => true,
        };
        found.push(ArtifactFacts {
            artifact,
            is_here,
            can_build,
            is_signed_here,
        });
    }
    let listed = match wanted.index {
        None => Ok(Vec::new()),
        Some(index) => listed(world, index, &build.name).map_err(|error| format!("{error:#}")),
    };
    let obstacle = wanted
        .index
        .and_then(|_| index::upload_obstacle(world))
        .map(|fault| (fault.what, fault.fix.unwrap_or_default()));
    let is_listed_here = trust::listed(world, &build)?.is_some();
    let is_list_signed_here = trust::is_signed_here(world, &build, Signed::List)?;
    let read = |path: &str| world.git.file_at(wanted.commit, path).ok().flatten();
    let shared = wanted.index.and_then(|index| {
        shared_names(wanted.projects, &read)
            .into_iter()
            .find(|shared| shared.index == *index && shared.projects.contains(&wanted.project.name))
            .map(|shared| (shared.what(), shared.fix()))
    });
    Ok(PackageFacts {
        shared,
        build,
        artifacts: found,
        is_listed_here,
        is_list_signed_here,
        listed,
        obstacle,
    })
}

fn listed(world: &World, index: &IndexName, name: &str) -> anyhow::Result<Vec<IndexFile>> {
    index::files(world, &index::place(world, index)?, name)
}

fn build_of(world: &World, wanted: &Wanted<'_>) -> anyhow::Result<PackageBuild> {
    let Wanted {
        project,
        commit,
        version,
        ..
    } = *wanted;
    let at = |name: &str| {
        if project.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", project.path)
        }
    };
    let wrong = |what: String| {
        Fault::usage(format!(
            "{} of {}: {what}",
            at("pyproject.toml"),
            short(commit)
        ))
        .fix("edit it, then commit")
    };
    let text = world
        .git
        .file_at(commit, &at("pyproject.toml"))?
        .ok_or_else(|| wrong("it is not there, and a package needs one".into()))?;
    let spelled = version
        .to_pep440()
        .map_err(|error| wrong(error.to_string()))?;
    let by_maturin = !project.wheel_targets.is_empty();
    let manifest = if by_maturin {
        world.git.file_at(commit, &at("Cargo.toml"))?
    } else {
        None
    };
    Ok(PackageBuild {
        project: project.name.clone(),
        package: project.package.clone(),
        name: name_of(&text).map_err(wrong)?,
        commit: commit.to_owned(),
        version: version.clone(),
        spelled,
        artifact: Artifact::Sdist,
        by_maturin,
        twice: wanted.is_release,
        project_path: project.path.clone(),
        epoch: world.git.commit_seconds(commit)?,
        stamped: stamped(world, wanted)?,
        stable_abi: manifest.as_deref().is_some_and(is_stable_abi),
    })
}

/// The files that say another version than is wanted, with what they would say: sites, locks, and who requires it.
fn stamped(world: &World, wanted: &Wanted<'_>) -> anyhow::Result<Vec<(String, String)>> {
    let readings = versions::read::of_commit(world, wanted.commit, wanted.project)?;
    if readings.canonical() == wanted.version && readings.disagreement().is_none() {
        return Ok(Vec::new());
    }
    let texts = Texts::of_commit(world, wanted.commit);
    let mut edits = Edits::new(&texts, wanted.projects)?;
    let mut goal = Goal::default();
    edits.move_project(&mut goal, wanted.project, &readings, wanted.version, false)?;
    if let Some(refusal) = goal.refused.first() {
        let what = format!(
            "{} cannot be stamped into the files of {}: {}",
            wanted.version.to_semver(),
            short(wanted.commit),
            refusal.what
        );
        return Err(Fault::refused(what).fix(&refusal.fix).into());
    }
    Ok(edits
        .edited()?
        .into_iter()
        .map(|edited| (edited.path, edited.text))
        .collect())
}
