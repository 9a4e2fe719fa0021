//! Which projects own a path, as a tree of their folders (law 7).
//!
//! A path belongs to the projects with the longest path that contains it. The tree holds project folders and the
//! folders above them, no others. Nothing here reads a repository.

use std::collections::HashMap;

/// A folder of the tree: a project's own, or one above a project's; a file where a project names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId(usize);

impl FolderId {
    /// A number from 0 on, below [`Folders::count`].
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// The paths of one project, relative to the root.
pub struct ProjectPaths<'p> {
    /// Folders and files that are the project's.
    pub own: Vec<&'p str>,
    /// Paths below them whose changes do not affect it.
    pub ignored: Vec<&'p str>,
}

/// The folders of all projects, and those above them.
#[derive(Debug)]
pub struct Folders(Vec<Folder>);

#[derive(Debug, Default)]
struct Folder {
    below: HashMap<Vec<u8>, FolderId>,
    /// The nearest folder, from here upwards, that is a project's.
    owner: Option<FolderId>,
    /// Places of the projects whose path this is; two projects may share one.
    projects: Vec<usize>,
    /// Places of the projects above that are not to hear of it.
    ignored_by: Vec<usize>,
}

impl Folders {
    /// Projects are known by their index.
    pub fn new<'p>(projects: impl IntoIterator<Item = ProjectPaths<'p>>) -> Self {
        let mut folders = Self(vec![Folder::default()]);
        for (place, project) in projects.into_iter().enumerate() {
            for path in project.own {
                let at = folders.at_or_new(path);
                folders.0[at.0].projects.push(place);
            }
            for path in project.ignored {
                let at = folders.at_or_new(path);
                folders.0[at.0].ignored_by.push(place);
            }
        }
        folders.hand_down(Self::ROOT, None);
        folders
    }

    /// The root of the repository.
    pub(super) const ROOT: FolderId = FolderId(0);

    /// How many folders there are, the root included.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The folder of that name directly below, when a project lies there or further down.
    pub(super) fn child(&self, folder: FolderId, name: &[u8]) -> Option<FolderId> {
        self.0[folder.0].below.get(name).copied()
    }

    /// Whether no other project lies below the folder.
    pub(super) fn is_leaf(&self, folder: FolderId) -> bool {
        self.0[folder.0].below.is_empty()
    }

    /// The project folder that a path belongs to which lies in `folder`, and in none of the folders below it.
    pub(super) fn owner_in(&self, folder: FolderId) -> Option<FolderId> {
        self.0[folder.0].owner
    }

    /// The project folder that a path belongs to.
    pub fn owner(&self, path: &[u8]) -> Option<FolderId> {
        let mut folder = Self::ROOT;
        for name in path.split(|byte| *byte == b'/') {
            match self.child(folder, name) {
                Some(below) => folder = below,
                None => break,
            }
        }
        self.owner_in(folder)
    }

    /// Places of the projects whose path is that folder; none for one that all of its projects ignore.
    pub fn projects(&self, folder: FolderId) -> &[usize] {
        &self.0[folder.0].projects
    }

    fn at_or_new(&mut self, path: &str) -> FolderId {
        path.split('/')
            .filter(|name| !name.is_empty())
            .fold(Self::ROOT, |at, name| {
                self.child_or_new(at, name.as_bytes())
            })
    }

    fn child_or_new(&mut self, parent: FolderId, name: &[u8]) -> FolderId {
        let next = FolderId(self.0.len());
        let child = *self.0[parent.0]
            .below
            .entry(name.to_owned())
            .or_insert(next);
        if child == next {
            self.0.push(Folder::default());
        }
        child
    }

    fn hand_down(&mut self, folder: FolderId, from_above: Option<FolderId>) {
        if let (true, false, Some(above)) = (
            self.0[folder.0].projects.is_empty(),
            self.0[folder.0].ignored_by.is_empty(),
            from_above,
        ) {
            // Those who share the folder above and do not ignore this one go on to own it.
            let others = self.0[above.0]
                .projects
                .iter()
                .filter(|place| !self.0[folder.0].ignored_by.contains(place));
            self.0[folder.0].projects = others.copied().collect();
        }
        let here = &self.0[folder.0];
        let owner = if here.projects.is_empty() && here.ignored_by.is_empty() {
            from_above
        } else {
            Some(folder)
        };
        self.0[folder.0].owner = owner;
        let below: Vec<_> = self.0[folder.0].below.values().copied().collect();
        for child in below {
            self.hand_down(child, owner);
        }
    }
}
