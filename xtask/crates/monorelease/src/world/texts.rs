//! The texts that edits start from, each read once, however many questions are asked of it.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::World;

/// The place of [`Texts::of_head`], in words.
pub const HEAD: &str = "HEAD";

/// Texts of the repository: as the work tree has them, as HEAD does, or byte for byte as HEAD's commit does.
pub struct Texts<'w> {
    pub world: &'w World,
    head: Option<Head>,
    known: RefCell<HashMap<String, Option<Rc<str>>>>,
    /// What a sparse checkout leaves out; asked for where a file is not there.
    left_out: OnceCell<HashSet<String>>,
}

/// What differs from HEAD is taken from there: what a run that was cut off left in the work tree is not counted a second
/// time. A file that does not differ is taken from the work tree: git may keep other line ends in the commit.
struct Head {
    commit: String,
    /// `None` where nothing is taken from the work tree: what is made of it goes into no work tree either.
    dirty: Option<HashSet<String>>,
}

impl Head {
    fn has(&self, path: &str) -> bool {
        self.dirty.as_ref().is_none_or(|dirty| dirty.contains(path))
    }
}

impl<'w> Texts<'w> {
    pub fn of_work_tree(world: &'w World) -> Self {
        Self {
            world,
            head: None,
            known: RefCell::default(),
            left_out: OnceCell::new(),
        }
    }

    pub fn of_head(world: &'w World) -> anyhow::Result<Self> {
        let head = Head {
            commit: world.git.head()?.commit,
            dirty: Some(world.git.dirty_paths()?.into_iter().collect()),
        };
        Ok(Self {
            head: Some(head),
            ..Self::of_work_tree(world)
        })
    }

    /// The texts of a commit alone, with the line ends that git keeps there.
    pub fn of_commit(world: &'w World, commit: &str) -> Self {
        Self {
            head: Some(Head {
                commit: commit.to_owned(),
                dirty: None,
            }),
            ..Self::of_work_tree(world)
        }
    }

    /// Every path that git tracks: in its index, or in the commit that all texts are taken from.
    pub fn tracked(&self) -> anyhow::Result<Vec<String>> {
        match &self.head {
            Some(Head {
                commit,
                dirty: None,
            }) => self.world.git.paths_at(commit),
            _ => self.world.git.tracked(),
        }
    }

    /// Where a file that is not there was looked for.
    pub fn place(&self) -> &'static str {
        if self.head.is_some() {
            HEAD
        } else {
            "the work tree"
        }
    }

    /// A text, `None` where there is no such file.
    pub fn get(&self, path: &str) -> anyhow::Result<Option<Rc<str>>> {
        if let Some(known) = self.known.borrow().get(path) {
            return Ok(known.clone());
        }
        // Git tells what differs by the names of files, not of links to them.
        let real = self.world.real(path)?;
        let text = match &self.head {
            Some(head) if head.has(&real) => self.world.git.file_at(&head.commit, &real)?,
            _ => match self.world.read(&real)? {
                // What a sparse checkout leaves out is there all the same (law 15).
                None if self.is_left_out(&real)? => self
                    .world
                    .git
                    .file_at(&self.world.git.head()?.commit, &real)?,
                text => text,
            },
        };
        let text = text.map(Rc::from);
        self.known
            .borrow_mut()
            .insert(path.to_owned(), text.clone());
        Ok(text)
    }

    /// Whether a sparse checkout leaves a file out of the work tree.
    pub fn is_left_out(&self, path: &str) -> anyhow::Result<bool> {
        let known = match self.left_out.get() {
            Some(known) => known,
            None => {
                let found = self.world.git.left_out()?;
                self.left_out.get_or_init(|| found)
            }
        };
        Ok(known.contains(path))
    }

    /// What stands in the work tree, which may not be what an edit starts from.
    pub fn in_work_tree(&self, path: &str) -> anyhow::Result<Option<Rc<str>>> {
        match &self.head {
            Some(Head {
                dirty: Some(dirty), ..
            }) if dirty.contains(path) => Ok(self.world.read(path)?.map(Rc::from)),
            _ => self.get(path),
        }
    }
}
