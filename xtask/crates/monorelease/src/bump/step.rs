//! The commit of a bump.

use std::collections::HashSet;

use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
use crate::text::short;
use crate::world::{World, files};

/// A commit at HEAD holds these files as they are planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub message: String,
    pub files: Vec<(String, String)>,
}

impl Commit {
    fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

impl Effect for Commit {
    fn kind(&self) -> &'static str {
        "commit"
    }

    fn object(&self) -> String {
        self.subject().to_owned()
    }

    fn what(&self) -> String {
        self.subject().to_owned()
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "git status".into()
    }

    fn unknown_fix(&self) -> String {
        "git status".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Local
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    /// Asked by git's own eyes: it may keep other line ends in the commit than in the work tree. A hook that tidies what is
    /// committed has the last word: the commit is the one that was wanted when it has its subject and nothing is left over.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let dirty = world.git.dirty_paths()?;
        let tracked: HashSet<_> = world.git.tracked()?.into_iter().collect();
        let mut tidied = Vec::new();
        for (path, text) in &self.files {
            // What git ignores differs from no commit, and is in none.
            if dirty.contains(path) || !tracked.contains(path) {
                return Ok(Probe::Todo);
            }
            if files::read(&world.path(path))?.as_ref() != Some(text) {
                tidied.push(path.as_str());
            }
        }
        let head = world.git.head()?.commit;
        let holds = format!("HEAD {} holds it", short(&head));
        Ok(match tidied.is_empty() {
            true => Probe::Done(holds),
            false if world.git.subject(&head)? == self.subject() => Probe::Done(format!(
                "{holds}, with {} as a hook left it",
                tidied.join(", ")
            )),
            false => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let paths: Vec<_> = self.files.iter().map(|(path, _)| path.as_str()).collect();
        world.git.commit(&self.message, &paths)
    }
}
