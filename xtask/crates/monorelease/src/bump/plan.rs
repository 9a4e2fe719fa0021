//! From a level or a version to the version each project moves to (law 5), and the reasons not to.
//! What the move changes in files is decided elsewhere.

use std::collections::HashMap;

use monorelease_model::version::{Level, Spelling, Version};

use crate::project::Project;
use crate::project::version_location::Site;
use crate::step::plan::Goal;
use crate::tag::plan::TagFacts;
use crate::text::short;

/// What `bump` was asked for.
#[derive(Debug, Clone)]
pub enum Target {
    Level(Level),
    Exact(Version),
    /// What the commits of the project come to.
    Decided {
        to: Version,
        level: &'static str,
        why: Vec<String>,
    },
}

/// One project's move.
#[derive(Debug, Clone)]
pub struct Move {
    pub project: String,
    pub from: Version,
    pub to: Version,
    /// `major`, `minor`, `patch`, `exact`, or `initial` for a first release.
    pub level: &'static str,
    pub why: Vec<String>,
}

/// As the command line and the documents call a level.
pub fn level_name(level: Level) -> &'static str {
    match level {
        Level::Major => "major",
        Level::Minor => "minor",
        Level::Patch => "patch",
    }
}

/// Decides a project's new version; what forbids it goes into the goal.
pub fn decide(
    goal: &mut Goal,
    project: &Project,
    from: &Version,
    target: &Target,
    allow_downgrade: bool,
    tags: &TagFacts,
) -> Move {
    let (to, level, why) = match target {
        Target::Level(level) => {
            let name = level_name(*level);
            (
                from.bumped(*level),
                name,
                vec![format!("{name} of {} was asked for", from.to_semver())],
            )
        }
        Target::Exact(version) => (
            version.clone(),
            "exact",
            vec![format!("{} was asked for", version.to_semver())],
        ),
        Target::Decided { to, level, why } => (to.clone(), *level, why.clone()),
    };
    if to.is_ordered_otherwise_by_python(from) {
        let (newer, older) = if to > *from { (&to, from) } else { (from, &to) };
        goal.notes.push(format!(
            "{}: SemVer holds {} for newer than {}, Python's tools the other way round",
            project.name,
            newer.to_semver(),
            older.to_semver()
        ));
    } else if to < *from && !allow_downgrade {
        let what = format!(
            "{} is at {}; {} is lower",
            project.package,
            from.to_semver(),
            to.to_semver()
        );
        goal.refuse(
            &project.name,
            what,
            format!(
                "cargo xtask bump {} {} --allow-downgrade",
                to.to_semver(),
                project.name
            ),
        );
    }
    if let Err(error) = Spelling::SemVer.read(&to.to_semver()) {
        goal.refuse(
            &project.name,
            error.to_string(),
            "cargo xtask bump X.Y.Z, with smaller numbers",
        );
        return Move {
            project: project.name.clone(),
            from: from.clone(),
            to,
            level,
            why,
        };
    }
    if let Some(what) = project.tags.objection(&to) {
        let instead = to.nearest_prerelease().map_or_else(
            || "minor".to_owned(),
            |nearest| format!("{}-{nearest}", to.numbers()),
        );
        goal.refuse(
            &project.name,
            what,
            format!("cargo xtask bump {instead} {}", project.name),
        );
    }
    let tag = project.tags.release(&to);
    let taken = match tags.commit_of(&tag) {
        Ok(None) => None,
        Ok(Some(commit)) => {
            let place = tags.place_of(&tag);
            Some(format!(
                "{} {} is released already: tag {tag}{place} is at {}",
                project.package,
                to.to_semver(),
                short(commit)
            ))
        }
        Err(conflict) => Some(conflict),
    };
    if let Some(what) = taken.filter(|_| to != *from) {
        goal.refuse(
            &project.name,
            what,
            "choose a version that has no tag: cargo xtask versions",
        );
    }
    Move {
        project: project.name.clone(),
        from: from.clone(),
        to,
        level,
        why,
    }
}

/// Refuses to move a site away from under another project: one that shares some of its sites, and does not move to the
/// same version, would be left with sites that disagree. One that shares all of them moves along whole.
pub fn hold_against_shared(goal: &mut Goal, projects: &[Project], moves: &[(&Project, &Version)]) {
    let mut users: HashMap<&Site, Vec<&Project>> = HashMap::new();
    for project in projects {
        project
            .sites
            .iter()
            .for_each(|site| users.entry(site).or_default().push(project));
    }
    let targets: HashMap<_, _> = moves
        .iter()
        .map(|(project, to)| (project.name.as_str(), *to))
        .collect();
    for (project, to) in moves {
        let others = project.sites.iter().flat_map(|site| {
            users
                .get(site)
                .into_iter()
                .flatten()
                .map(move |other| (site, *other))
        });
        let behind = |(_, other): &(&Site, &Project)| {
            targets.get(other.name.as_str()) != Some(to)
                && !other.sites.iter().all(|site| project.sites.contains(site))
        };
        if let Some((site, other)) = others
            .filter(|(_, other)| other.name != project.name)
            .find(behind)
        {
            let what = format!(
                "{} is a site of {} too, which would be left with sites that disagree",
                site.file, other.name
            );
            goal.refuse(
                &project.name,
                what,
                format!(
                    "cargo xtask bump {} {} {}",
                    to.to_semver(),
                    project.name,
                    other.name
                ),
            );
        }
    }
}

/// Whether an image of a release's name is in the registry already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedImage {
    pub project: String,
    /// `ghcr.io/acme/api:0.2.0`.
    pub reference: String,
    /// The digest that stands there, `None` for nothing; the error says why it could not be read.
    pub found: Result<Option<String>, String>,
}

/// Refuses versions whose image is there. A registry that cannot be asked stops nobody from editing files: that is
/// said, and `release` asks once more before anything is given a name.
pub fn hold_against_images(goal: &mut Goal, images: &[ReleasedImage]) {
    let mut unread: Vec<&ReleasedImage> = Vec::new();
    for image in images {
        match &image.found {
            Ok(None) => {}
            Ok(Some(digest)) => goal.refuse(
                &image.project,
                format!("{} is in the registry already: {digest}", image.reference),
                "choose a version that has no image: cargo xtask bump patch",
            ),
            Err(_) => unread.push(image),
        }
    }
    if let [first, others @ ..] = unread.as_slice() {
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(" (and {} more)", others.len())
        };
        let why = first.found.as_ref().err().map_or("", String::as_str);
        goal.notes.push(format!("whether {}{others} is there already cannot be told, so `release` will ask again: {why}", first.reference));
    }
}
