//! Which projects a change affects, each with the chain of reasons (DESIGN section 5): its own paths, its part of a lock, its
//! keys in the configuration, and the projects it depends on. Pure: what changed is told by others.
//!
//! What nobody owns affects nobody.

use std::collections::{BTreeMap, HashMap};

use monorelease_commit_history::folders::Folders;

use crate::project::Project;

/// A project that is affected, by its place, with at least one sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    pub project: usize,
    pub why: Vec<String>,
}

/// A reason beside a project's own paths, with the place of the project.
pub type Reason = (usize, String);

/// Places of the projects that own a path: those with the longest path that contains it (law 7).
pub fn owners<'f>(folders: &'f Folders, path: &[u8]) -> &'f [usize] {
    folders
        .owner(path)
        .map_or(&[][..], |owner| folders.projects(owner))
}

/// The affected projects, in order of their places. `paths` are those that changed, in order; a reason of `others` follows those
/// by paths and by dependencies, in the order given.
pub fn affected(
    projects: &[Project],
    folders: &Folders,
    paths: &[&[u8]],
    others: &[Reason],
) -> Vec<Affected> {
    let mut changed: BTreeMap<usize, (&[u8], usize)> = BTreeMap::new();
    for path in paths {
        for owner in owners(folders, path) {
            changed.entry(*owner).or_insert((path, 0)).1 += 1;
        }
    }
    let own: Vec<Option<String>> = (0..projects.len())
        .map(|place| {
            changed
                .get(&place)
                .map(|(path, count)| by_paths(path, *count))
        })
        .collect();
    let mut dependencies = Dependencies {
        projects,
        places: projects
            .iter()
            .enumerate()
            .map(|(place, project)| (project.name.as_str(), place))
            .collect(),
        direct: own.clone(),
        known: vec![None; projects.len()],
    };
    for (place, reason) in others {
        dependencies.direct[*place].get_or_insert_with(|| reason.clone());
    }
    let why = |place: usize, path: Option<String>, dependencies: &mut Dependencies<'_>| {
        let mut why: Vec<String> = path.into_iter().collect();
        why.extend(dependencies.reasons(place));
        why.extend(
            others
                .iter()
                .filter(|(of, _)| *of == place)
                .map(|(_, reason)| reason.clone()),
        );
        Affected {
            project: place,
            why,
        }
    };
    let all = own
        .into_iter()
        .enumerate()
        .map(|(place, path)| why(place, path, &mut dependencies));
    all.filter(|affected| !affected.why.is_empty()).collect()
}

fn by_paths(first: &[u8], count: usize) -> String {
    let others = if count > 1 {
        format!(" and {} more", count - 1)
    } else {
        String::new()
    };
    format!("{}{others} changed", shown(first))
}

/// A path as people may read it: what is no UTF-8 is marked, and nothing in it moves the cursor of a terminal.
pub fn shown(path: &[u8]) -> String {
    let marked = String::from_utf8_lossy(path);
    marked
        .chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// Follows `depends`, which goes in no circle; every project is followed once.
struct Dependencies<'a> {
    projects: &'a [Project],
    places: HashMap<&'a str, usize>,
    /// The first reason of each project that is not another project.
    direct: Vec<Option<String>>,
    /// The reason that dependents are told, where it is known.
    known: Vec<Option<Option<String>>>,
}

impl Dependencies<'_> {
    /// What is wrong with each project that one depends on.
    fn reasons(&mut self, place: usize) -> Vec<String> {
        let mut reasons = Vec::new();
        for name in &self.projects[place].depends {
            let Some(needed) = self.places.get(name.as_str()).copied() else {
                continue;
            };
            reasons.extend(
                self.reason(needed)
                    .map(|reason| format!("depends on {name}: {reason}")),
            );
        }
        reasons
    }

    fn reason(&mut self, place: usize) -> Option<String> {
        if let Some(known) = &self.known[place] {
            return known.clone();
        }
        let reason = self.direct[place]
            .clone()
            .or_else(|| self.reasons(place).into_iter().next());
        self.known[place] = Some(reason.clone());
        reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;
    use crate::project::folders::folders;

    fn told(config: &str, paths: &[&str], others: &[Reason]) -> Vec<String> {
        let projects = Projects::from_config(&parse(config, "m").unwrap(), "m")
            .unwrap()
            .all;
        let paths: Vec<_> = paths.iter().map(|path| path.as_bytes()).collect();
        let found = affected(&projects, &folders(&projects), &paths, others);
        found
            .into_iter()
            .flat_map(|it| it.why.into_iter().map(move |why| (it.project, why)))
            .map(|(p, why)| format!("{p} {why}"))
            .collect()
    }

    const CHAIN: &str = "[projects.a]\npath = \"a\"\ndepends = [\"b\", \"d\"]\n[projects.b]\npath = \"b\"\ndepends = [\"c\"]\n\
                         [projects.c]\npath = \"c\"\n[projects.d]\npath = \"c/d\"\n";

    #[test]
    fn a_chain_is_shown_to_its_end() {
        let wanted = [
            "0 depends on b: depends on c: c/1 and 1 more changed",
            "1 depends on c: c/1 and 1 more changed",
            "2 c/1 and 1 more changed",
        ];
        assert_eq!(told(CHAIN, &["README.md", "c/1", "c/2"], &[]), wanted);
        assert_eq!(
            told(CHAIN, &["c/d/x"], &[]),
            ["0 depends on d: c/d/x changed", "3 c/d/x changed"]
        );
        assert_eq!(told(CHAIN, &["README.md", "cc/1"], &[]), [""; 0]);
    }

    #[test]
    fn paths_come_first_then_dependencies_then_the_rest() {
        let others = [(1, "L".to_owned()), (2, "K".to_owned())];
        let wanted = ["0 b/x changed", "0 depends on b: b/x changed"]
            .map(|line| line.replace("0 b/x", "1 b/x"));
        let found = told(CHAIN, &["b/x"], &others);
        assert_eq!(
            found,
            [
                wanted[1].as_str(),
                &wanted[0],
                "1 depends on c: K",
                "1 L",
                "2 K"
            ]
        );
    }

    #[test]
    fn ways_that_meet_again_are_followed_once() {
        let layer = |place: usize, side: char| match place {
            0 => format!("[projects.{side}0]\npath = \"{side}0\"\n"),
            _ => format!(
                "[projects.{side}{place}]\npath = \"{side}{place}\"\ndepends = [\"l{0}\", \"r{0}\"]\n",
                place - 1
            ),
        };
        let text: String = (0..64)
            .flat_map(|place| [layer(place, 'l'), layer(place, 'r')])
            .collect();
        assert_eq!(
            told(&text, &["l0/x"], &[])
                .iter()
                .filter(|line| line.starts_with("127 "))
                .count(),
            2
        );
    }

    #[test]
    fn a_path_is_shown_without_what_a_terminal_obeys() {
        assert_eq!(
            shown(b"a/\x1b[2J\n\xff\xc3\xa4"),
            "a/\\u{1b}[2J\\n\u{fffd}ä"
        );
    }
}
