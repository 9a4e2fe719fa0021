//! `build` of a package that is published: a candidate's files say `X.Y.ZrcN`, a release's the version alone. Both are built
//! of a commit, away from the tree.

use super::App;
use super::build::scanner;
use crate::cli::Build;
use crate::engine::package::{self, Wanted};
use crate::engine::{observe, versions};
use crate::model::distribution::Artifact;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::step::Goal;
use crate::model::version::Version;
use crate::plan::package::{
    PackageFacts, candidate_version, want_builds, want_published, want_scan,
};
use crate::plan::tags::CandidateTag;

/// Wants the files of the version that the commit is of; false where it is of none, and the tree is built as it is.
///
/// # Errors
/// `--release` or `--push` where no candidate says which commit is meant.
pub fn want(
    app: &App,
    arguments: &Build,
    project: &Project,
    goal: &mut Goal,
) -> anyhow::Result<bool> {
    if project.package_index.is_none() || project.sites.is_empty() {
        return Ok(false);
    }
    let head = observe::head(&app.world)?.commit;
    let version = versions::of_commit(&app.world, &head, project)?
        .canonical()
        .clone();
    let tags = observe::tags(&app.world, &app.projects, app.remote())?;
    let newest = match project.candidates {
        true => tags.newest_candidate(project, &version),
        false => Some(CandidateTag {
            number: 0,
            name: "HEAD".into(),
            commit: head.clone(),
        }),
    };
    let is_here = newest.as_ref().is_some_and(|newest| newest.commit == head)
        && app.world.git.dirty_paths()?.is_empty();
    let is_meant = arguments.release || arguments.push || (project.candidates && is_here);
    let name = &project.name;
    let shown = version.to_semver();
    if !is_meant {
        goal.notes
            .push(format!("{name}: HEAD is not the newest candidate of {shown}, so the tree is built as it is, for nobody to publish"));
        return Ok(false);
    }
    let tag = Fault::refused(format!(
        "{} {shown} has no candidate here: no tag {}",
        project.package,
        project.tags.candidate_form(&version)
    ))
    .fix(format!("cargo xtask tag {name} --rc --push"));
    let candidate = newest.filter(|_| is_here || arguments.release).ok_or(tag)?;
    if !app.world.git.has_commit(&candidate.commit) {
        let what = format!(
            "{} is at a commit that this clone does not have",
            candidate.name
        );
        return Err(Fault::refused(what)
            .fix(format!("git fetch --tags {}", app.remote().name))
            .into());
    }
    let stamped = if arguments.release {
        version
    } else {
        stamped(project, &version, &candidate)?
    };
    let index = project.candidate_index.as_ref().filter(|_| arguments.push);
    let wanted = Wanted {
        projects: &app.projects,
        project,
        commit: &candidate.commit,
        version: &stamped,
        is_release: arguments.release,
        index,
    };
    let mut facts = package::observe(&app.world, &wanted)?;
    keep_asked(goal, project, &mut facts, arguments.target.as_deref());
    // What is at the index passed before it came there.
    if index.is_none() || !facts.is_published() {
        let scan = scanner(app, arguments.require_scan, project, goal, "the package");
        scan.into_iter()
            .for_each(|(name, rules)| want_scan(goal, &facts, name, rules));
    }
    want_builds(goal, &facts);
    if let Some(index) = index {
        want_published(goal, &facts, index);
    }
    Ok(true)
}

fn stamped(
    project: &Project,
    version: &Version,
    candidate: &CandidateTag,
) -> Result<Version, Fault> {
    candidate_version(version, candidate.number).ok_or_else(|| {
        let what = format!(
            "{} is a prerelease, and a candidate of one has no version of its own at an index",
            version.to_semver()
        );
        Fault::refused(what).fix(format!("cargo xtask bump minor {}", project.name))
    })
}

/// Keeps the files that this call is about: those of the target asked for, else all that this machine can build. The sdist
/// is everywhere the same, and goes with the first target, so that machines of a matrix do not all upload it.
fn keep_asked(goal: &mut Goal, project: &Project, facts: &mut PackageFacts, target: Option<&str>) {
    let Some(target) = target else {
        let left: Vec<_> = facts
            .artifacts
            .iter()
            .filter(|found| !found.can_build && !found.is_here)
            .map(|found| found.artifact.to_string())
            .collect();
        if !left.is_empty() {
            goal.notes.push(format!(
                "{}: {} is for other machines",
                project.name,
                left.join(", ")
            ));
        }
        facts
            .artifacts
            .retain(|found| found.can_build || found.is_here);
        return;
    };
    let is_first = project
        .wheel_targets
        .first()
        .is_some_and(|first| first == target);
    facts.artifacts.retain(|found| match &found.artifact {
        Artifact::WheelFor(other) => other == target,
        _ => is_first,
    });
    // Whoever names a target has what it takes, or is told by the compiler what is missing.
    facts
        .artifacts
        .iter_mut()
        .for_each(|found| found.can_build = true);
}
