//! Where releases stand, read from the clone, its remote and the registries; nothing is written, fetched or asked to be pushed.

use monorelease_model::image::Repository;
use monorelease_model::version::Version;

use super::progress;
use super::progress::{Progress, Released};
use crate::project::image::ImageTarget;
use crate::project::{Project, Projects};
use crate::release::observe;
use crate::release::plan::{BuildFacts, Extras, ReleaseFacts};
use crate::step::plan::{Goal, Plan, Refusal, Scope};
use crate::tag::plan::{CandidateTag, RemoteTags, TagFacts};
use crate::world::World;
use crate::{engine, release};

/// Where one project stands.
pub struct Status {
    pub project: String,
    pub package: String,
    /// What the files of HEAD say; `None` when they cannot be read, or the project has none.
    pub version: Option<String>,
    pub progress: Progress,
    /// The steps of this version's release, each asked whether it is done; and what speaks against it.
    pub plan: Plan,
    /// Releases that have their tag, newest first.
    pub releases: Vec<Released>,
    pub candidate: Option<Candidate>,
    /// What names of the version in the files, and of the newest release, hold.
    pub names: Vec<Name>,
    /// What is to be done next, where that is known.
    pub next: Option<String>,
    /// The newest release, where it is another version and lacks some of its names: what finishes it.
    pub unfinished: Option<Unfinished>,
}

/// The newest candidate of the version in the files.
pub struct Candidate {
    pub tag: CandidateTag,
    pub build: Build,
}

/// The build that a release of a candidate would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Build {
    /// Its build id.
    Usable(String),
    None,
    /// The registry could not be read, so nobody knows (law 15).
    Unread,
}

impl Candidate {
    pub fn build_id(&self) -> Option<&str> {
        match &self.build {
            Build::Usable(build_id) => Some(build_id),
            Build::None | Build::Unread => None,
        }
    }
}

/// A release that is not whole.
pub struct Unfinished {
    pub version: String,
    pub lacks: Vec<String>,
    pub fix: String,
}

/// A name that a release gives.
pub struct Name {
    pub version: String,
    /// `host/path:tag`, or a git tag.
    pub name: String,
    pub holds: Held,
}

/// What a name holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    Nothing,
    /// A digest, or the commit and the places of a git tag.
    This(String),
    Unknown(String),
}

/// Where the projects stand; what cannot be read of one is told of that one.
///
/// # Errors
/// There is no commit, or the clone cannot be read.
pub fn of(
    world: &World,
    projects: &Projects,
    asked: &[&Project],
    remote: observe::Remote<'_>,
) -> anyhow::Result<Vec<Status>> {
    let shared = observe::shared(world, projects, remote)?;
    let facts = observe::releases(world, &shared, asked, None)?;
    let pairs: Vec<_> = asked.iter().zip(facts).collect();
    engine::parallel::each(world, &pairs, |world, (project, facts)| {
        of_project(world, &shared.tags, project, facts.as_ref())
    })?
    .into_iter()
    .collect()
}

fn of_project(
    world: &World,
    tags: &TagFacts,
    project: &Project,
    facts: Result<&ReleaseFacts, &anyhow::Error>,
) -> anyhow::Result<Status> {
    let releases = progress::releases(tags, project);
    let mut goal = Goal {
        scope: Scope::EachProject,
        ..Goal::default()
    };
    let planned = facts
        .map_err(|error| format!("{error:#}"))
        .and_then(|facts| {
            release::plan::plan(&mut goal, project, facts, &Extras::default())
                .map_err(|error| format!("{error:#}"))?;
            Ok(facts)
        });
    let facts = planned.as_ref().ok().copied();
    if let Err(what) = &planned {
        goal.refuse(&project.name, what.clone(), "cargo xtask versions --check");
    }
    let plan = engine::run::ask_all(world, goal)?;
    let version = facts.map(|facts| &facts.version);
    let candidate = version
        .and_then(|version| tags.newest_candidate(project, version))
        .map(|tag| Candidate {
            tag,
            build: match facts.and_then(|facts| facts.builds.as_ref()) {
                Some(BuildFacts::Usable { build_id, .. }) => Build::Usable(build_id.clone()),
                Some(BuildFacts::Unknown(_)) => Build::Unread,
                _ => Build::None,
            },
        });
    let is_unread = facts.is_none_or(|facts| {
        matches!(facts.tags.remote, RemoteTags::Unknown { .. })
            || matches!(facts.builds, Some(BuildFacts::Unknown(_)))
    });
    let progress = progress::progress(&plan, candidate.is_some(), is_unread);
    let mut names = version
        .map(|version| names_of(world, tags, project, version))
        .unwrap_or_default();
    let newest = releases
        .first()
        .filter(|released| Some(&released.version) != version);
    let of_newest = newest
        .map(|released| names_of(world, tags, project, &released.version))
        .unwrap_or_default();
    let unfinished = newest.and_then(|released| unfinished(project, released, &of_newest));
    names.extend(of_newest);
    // A moving name that is not there is no half of a release: it may be left to a higher one.
    names.extend(
        newest
            .map(|released| &released.version)
            .or(version)
            .map(|version| aliases_of(world, project, version))
            .unwrap_or_default(),
    );
    Ok(Status {
        project: project.name.clone(),
        package: project.package.clone(),
        version: version.map(Version::to_semver),
        next: next(project, progress, &plan.refused),
        progress,
        plan,
        releases,
        candidate,
        names,
        unfinished,
    })
}

/// The names of a version's release, in the registry and in git, with what each holds.
fn names_of(world: &World, tags: &TagFacts, project: &Project, version: &Version) -> Vec<Name> {
    let tag = project.tags.release(version);
    let shown = version.to_semver();
    let image_names = project.image.iter().flat_map(|image| {
        let ask = |name: String| Name {
            version: shown.clone(),
            name: format!("{}:{name}", image.release),
            holds: held(world, &image.release, &name),
        };
        progress::image_tags(project, version)
            .into_iter()
            .map(ask)
            .collect::<Vec<_>>()
    });
    let holds = tag_held(tags, &tag);
    image_names
        .chain([Name {
            version: shown.clone(),
            name: tag,
            holds,
        }])
        .collect()
}

/// The moving names that a release of the version could have, with what each holds.
fn aliases_of(world: &World, project: &Project, version: &Version) -> Vec<Name> {
    let names = project.image.iter().flat_map(|image| {
        image
            .aliases
            .iter()
            .map(move |alias| (image, alias.name(version)))
    });
    let ask = |(image, name): (&ImageTarget, String)| Name {
        version: "highest".to_owned(),
        holds: held(world, &image.release, &name),
        name: format!("{}:{name}", image.release),
    };
    names.map(ask).collect()
}

fn held(world: &World, repository: &Repository, tag: &str) -> Held {
    match world.registry().head(repository, tag) {
        Ok(Some(found)) => Held::This(found.digest.to_string()),
        Ok(None) => Held::Nothing,
        Err(error) => Held::Unknown(error.to_string()),
    }
}

fn tag_held(tags: &TagFacts, tag: &str) -> Held {
    let commit = match tags.commit_of(tag) {
        Ok(commit) => commit,
        Err(conflict) => return Held::Unknown(conflict),
    };
    let remote = match &tags.remote {
        RemoteTags::Known { remote, .. } | RemoteTags::Unknown { remote, .. } => remote.as_str(),
        RemoteTags::None => "",
    };
    match (commit, progress::places_of(tags, tag)) {
        (Some(commit), (true, Some(true))) => Held::This(format!("{commit}, here and on {remote}")),
        (Some(commit), (false, _)) => Held::This(format!("{commit}, on {remote}")),
        (Some(commit), (true, Some(false))) => Held::This(format!("{commit}, here alone")),
        (Some(commit), (true, None)) => Held::This(format!(
            "{commit}, here; the tags of {remote} cannot be read"
        )),
        (None, (_, None)) => Held::Unknown(format!("the tags of {remote} cannot be read")),
        (None, _) => Held::Nothing,
    }
}

/// A release that has its tag has all its names, unless it was cut off or begun by hand.
fn unfinished(project: &Project, released: &Released, names: &[Name]) -> Option<Unfinished> {
    let lacks: Vec<_> = names
        .iter()
        .filter(|name| name.holds == Held::Nothing)
        .map(|name| name.name.clone())
        .collect();
    let fix = format!(
        "git checkout {} && cargo xtask release {}",
        released.tag, project.name
    );
    (!lacks.is_empty()).then(|| Unfinished {
        version: released.version.to_semver(),
        lacks,
        fix,
    })
}

fn next(project: &Project, progress: Progress, refused: &[Refusal]) -> Option<String> {
    let reason = refused.first().map(|refusal| refusal.fix.clone());
    match progress {
        Progress::Released => None,
        // What stands in the way comes first: a release would only say so again.
        Progress::HalfDone | Progress::Ready => {
            reason.or_else(|| Some(format!("cargo xtask release {}", project.name)))
        }
        Progress::NoCandidate | Progress::Refused | Progress::Unknown => {
            reason.or_else(|| Some("cargo xtask doctor".to_owned()))
        }
    }
}
