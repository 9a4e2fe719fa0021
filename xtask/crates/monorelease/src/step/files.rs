//! Steps that write files of the work tree.

use super::requirement::Requirement;
use crate::step::effect::{Effect, Lane, Probe};
use crate::world::{World, files};

/// A file holds exactly these bytes. Neighbouring edits of a plan are written all together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditFile {
    pub path: String,
    pub before: String,
    pub after: String,
}

impl EditFile {
    /// Writes all of these files, or none (law 2).
    pub fn write(world: &World, edits: &[&Self]) -> anyhow::Result<()> {
        // A run that was killed may have staged files for others than these, which nobody else would remove.
        world
            .git
            .leftovers()?
            .iter()
            .try_for_each(|path| files::remove_file(&world.path(path)))?;
        let texts: Vec<_> = edits
            .iter()
            .map(|edit| (world.path(&edit.path), edit.after.as_str()))
            .collect();
        files::replace_all(&texts)
    }
}

impl Effect for EditFile {
    fn kind(&self) -> &'static str {
        "edit"
    }

    fn object(&self) -> String {
        self.path.clone()
    }

    fn what(&self) -> String {
        self.path.clone()
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("git diff -- {}, then the same command again", self.path)
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

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let conflict = |found: &str| Probe::Conflict {
            found: found.into(),
            wanted: "the text the plan was made of".into(),
        };
        Ok(match files::read(&world.path(&self.path))? {
            Some(text) if text == self.after => Probe::Done("already so".into()),
            Some(text) if text == self.before => Probe::Todo,
            Some(_) => conflict("the file has changed since it was read"),
            None => conflict("the file is gone"),
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        Self::write(world, &[self])
    }
}

/// A file that was not there is, with exactly this text. One that holds anything else is never touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFile {
    pub path: String,
    pub text: String,
}

impl Effect for CreateFile {
    fn kind(&self) -> &'static str {
        "create"
    }

    fn object(&self) -> String {
        self.path.clone()
    }

    fn what(&self) -> String {
        self.path.clone()
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!(
            "edit {}, or write another one beside it with --config FILE",
            self.path
        )
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

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        Ok(match files::read(&world.path(&self.path))? {
            None => Probe::Todo,
            Some(found) if found == self.text => Probe::Done("there already, word for word".into()),
            Some(_) => Probe::Conflict {
                found: "a file with another text".into(),
                wanted: "no file, since none is ever overwritten".into(),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        files::create(&world.path(&self.path), &self.text)
    }
}
