//! What changed since a revision, read from commits and made into reasons for each project: paths, locks, shared manifests, the
//! configuration. Nothing is read from the working tree, so uncommitted changes do not count.
//!
//! What follows from the facts is decided in `affected::reasons`.

mod cargo;
pub mod command;
mod configuration;
mod lock_comparison;
mod locks;
mod matrix;
pub mod reasons;
pub mod sides;

use crate::affected::sides::Side;
use crate::affected::sides::Sides;
use std::collections::HashSet;

use monorelease_commit_history::changes;
use monorelease_commit_history::changes::{FileText, MergeBase};

use crate::config;
use crate::fault::Fault;
use crate::project::folders::folders;
use crate::project::{Projects, images_from};
use crate::text::short;
use crate::world::World;
use crate::world::texts::Texts;
use reasons::{Affected, Reason, affected};

/// What a revision and HEAD differ in.
#[derive(Debug)]
pub struct Since {
    /// The commit that was compared with: the newest one that the revision and HEAD have in common.
    pub base: String,
    pub head: String,
    /// The projects as HEAD's configuration has them; their places are those in `affected`.
    pub projects: Projects,
    pub affected: Vec<Affected>,
    /// What has to be said beside.
    pub notes: Vec<String>,
}

/// Compares HEAD with what it and the revision have in common. `file` is the configuration's path in the repository, where it
/// lies there; `here` are the projects of the configuration as it stands outside of commits.
///
/// # Errors
/// The revision is unknown (2); the two have no history in common, or this clone lacks a part of it (3); HEAD's
/// configuration is wrong (2).
pub fn since(
    world: &World,
    revision: &str,
    file: Option<&str>,
    here: &Projects,
) -> anyhow::Result<Since> {
    let head = world.git.head()?.commit;
    let other = world.git.revision(revision)?;
    let base = match changes::merge_base(world.git.repository(), &other, &head)? {
        MergeBase::At(base) => base,
        MergeBase::None => {
            let what = format!(
                "{revision} ({}) and HEAD ({}) have no history in common",
                short(&other),
                short(&head)
            );
            return Err(Fault::refused(what)
                .fix("git log --oneline, and name a revision of this history")
                .into());
        }
        MergeBase::CutOff => {
            let what = format!(
                "this clone is shallow, so it cannot tell which commit {revision} ({}) and HEAD have in common",
                short(&other)
            );
            return Err(Fault::refused(what).fix("git fetch --unshallow").into());
        }
    };
    let mut notes = Vec::new();
    if !world.git.dirty_paths()?.is_empty() {
        notes.push(
            "the work tree differs from HEAD; uncommitted changes are not counted".to_owned(),
        );
    }
    let committed = file
        .map(|file| {
            Ok::<_, anyhow::Error>((file, changes::text_at(world.git.repository(), &head, file)?))
        })
        .transpose()?;
    let projects = match &committed {
        Some((file, FileText::Text(text))) => {
            let config = config::parse(text, file)?;
            images_from::join(
                &Texts::of_commit(world, &head),
                &config,
                Projects::from_config(&config, file)?,
                file,
            )?
        }
        Some((file, FileText::NotUtf8)) => {
            return Err(Fault::usage(format!("{file} is not UTF-8"))
                .fix(format!("edit {file}"))
                .into());
        }
        Some((_, FileText::Absent)) | None => {
            notes.push(
                "the configuration is in no commit, so its changes are not counted".to_owned(),
            );
            here.clone()
        }
    };
    let folders = folders(&projects.all);
    let changed = changes::paths_between(world.git.repository(), &base, &head)?;
    let sides = Sides {
        old: Side::new(world, &base),
        new: Side::new(world, &head),
        projects: &projects.all,
        folders: &folders,
    };
    let (mut reasons, judged) = outside(&sides, &changed)?;
    if let Some((file, FileText::Text(text))) = &committed {
        reasons.extend(configured(&sides, file, text, &mut notes)?);
    }
    reasons.extend(images_from::reasons(&projects.all, &changed));
    let paths: Vec<&[u8]> = changed
        .iter()
        .map(Vec::as_slice)
        .filter(|path| !judged.contains(*path))
        .collect();
    let affected = affected(&projects.all, &folders, &paths, &reasons);
    Ok(Since {
        base,
        head,
        projects,
        affected,
        notes,
    })
}

/// The reasons that lie in files which a project shares with others; and those of these files that affect nobody by their path
/// alone, because all that is in them was told apart.
fn outside(
    sides: &Sides<'_>,
    changed: &[Vec<u8>],
) -> anyhow::Result<(Vec<Reason>, HashSet<Vec<u8>>)> {
    let mut reasons = Vec::new();
    let mut judged = HashSet::new();
    for path in changed
        .iter()
        .filter_map(|path| std::str::from_utf8(path).ok())
    {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == "Cargo.toml" {
            reasons.extend(cargo::reasons(sides, path, folder)?);
        } else if let Some(lock) = locks::tool_of(name) {
            let found = locks::reasons(sides, lock, path, folder)?;
            reasons.extend(found.reasons);
            if found.is_told_apart {
                judged.insert(path.as_bytes().to_vec());
            }
        }
    }
    Ok((reasons, judged))
}

/// The reasons that lie in the configuration.
fn configured(
    sides: &Sides<'_>,
    file: &str,
    new: &str,
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<Reason>> {
    let unreadable = |why: &str| {
        let reason = format!(
            "{file}: {why} at {}, so it counts as changed for all",
            short(sides.old.commit)
        );
        (0..sides.projects.len())
            .map(|place| (place, reason.clone()))
            .collect()
    };
    let old = match sides.old.text(file)? {
        FileText::Text(old) => old,
        FileText::Absent => String::new(),
        FileText::NotUtf8 => return Ok(unreadable("is not UTF-8")),
    };
    notes.extend(
        configuration::gone(&old, sides.projects)
            .iter()
            .map(|name| format!("project {name} is gone from {file}")),
    );
    Ok(configuration::reasons(&old, new, file, sides.projects)
        .unwrap_or_else(|why| unreadable(&format!("cannot be read ({why})"))))
}
