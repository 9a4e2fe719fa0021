//! What changed in a lock file for somebody: the difference between everything that they needed and everything they need
//! now. Pure.
//!
//! Their own entries do not count: those follow from their own files.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::lock_graph::LockGraph;

/// A lock file and the entries in it that somebody's packages have.
#[derive(Debug, Clone, Copy)]
pub struct Part<'l> {
    pub graph: &'l LockGraph,
    pub own: &'l [usize],
}

/// Versions of a package that are needed, each with its identity.
type Needed<'l> = BTreeMap<&'l str, BTreeSet<(&'l str, &'l str)>>;

/// What changed in between, by name: `serde 1.0.1 → 1.0.2`.
pub fn changes(old: Part<'_>, new: Part<'_>) -> Vec<String> {
    let (was, is) = (old.needed(), new.needed());
    let names: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    let none = BTreeSet::new();
    let mut changes: Vec<String> =
        names.into_iter().filter_map(|name| change(name, was.get(name).unwrap_or(&none), is.get(name).unwrap_or(&none))).collect();
    if changes.is_empty() {
        // The same packages all in all, and yet one of them may be given another one of two versions.
        let (was, is) = (old.wiring(), new.wiring());
        let moved = is.iter().filter(|(package, needs)| was.get(*package) != Some(*needs));
        changes.extend(moved.map(|((name, version), _)| format!("{} needs other versions", named(name, version))));
    }
    changes
}

impl<'l> Part<'l> {
    fn needed(self) -> Needed<'l> {
        let mut needed = Needed::new();
        for place in self.graph.closure(self.own).into_iter().filter(|place| !self.own.contains(place)) {
            let package = &self.graph.packages[place];
            needed.entry(&package.name).or_default().insert((&package.version, &package.identity));
        }
        needed
    }

    /// What each package needs of the others.
    fn wiring(self) -> BTreeMap<(&'l str, &'l str), BTreeSet<(&'l str, &'l str)>> {
        let said = |place: usize| {
            let package = &self.graph.packages[place];
            (package.name.as_str(), package.version.as_str())
        };
        let mut wiring: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for place in self.graph.closure(self.own).into_iter().filter(|place| !self.own.contains(place)) {
            wiring.entry(said(place)).or_default().extend(self.graph.packages[place].needs.iter().map(|place| said(*place)));
        }
        wiring
    }
}

fn change(name: &str, was: &BTreeSet<(&str, &str)>, is: &BTreeSet<(&str, &str)>) -> Option<String> {
    if was == is {
        return None;
    }
    let versions = |these: &BTreeSet<(&str, &str)>, those: &BTreeSet<(&str, &str)>| {
        let alone: BTreeSet<&str> = these.difference(those).map(|(version, _)| *version).collect();
        alone.into_iter().filter(|version| !version.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let (gone, come) = (versions(was, is), versions(is, was));
    Some(match (was.difference(is).next(), is.difference(was).next()) {
        (Some(_), Some(_)) if gone == come => format!("{} comes with other bytes or from elsewhere", named(name, &come)),
        (Some(_), Some(_)) => format!("{name} {gone} → {come}"),
        (Some(_), None) => format!("{} is gone", named(name, &gone)),
        _ => format!("{} is new", named(name, &come)),
    })
}

fn named(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name} {version}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lock_graph::{LockNode, Origin};

    /// Packages as `name version identity: needs…`; the first one is ours.
    fn graph(lines: &[&str]) -> LockGraph {
        let split: Vec<(Vec<&str>, Vec<&str>)> = lines
            .iter()
            .map(|line| line.split_once(':').unwrap())
            .map(|(head, needs)| (head.split(' ').collect(), needs.split_whitespace().collect()))
            .collect();
        let place = |name: &str| split.iter().position(|(head, _)| head[..2].join("@") == name).unwrap();
        let node = |(head, needs): &(Vec<&str>, Vec<&str>)| LockNode {
            name: head[0].into(),
            version: head[1].into(),
            identity: head[2].into(),
            origin: Origin::Foreign,
            needs: needs.iter().map(|name| place(name)).collect(),
        };
        LockGraph { packages: split.iter().map(node).collect() }
    }

    fn told(old: &[&str], new: &[&str]) -> String {
        changes(Part { graph: &graph(old), own: &[0] }, Part { graph: &graph(new), own: &[0] }).join("; ")
    }

    #[test]
    fn only_what_is_needed_counts() {
        let old = ["us 1 -: a@1", "a 1 x: b@1", "b 1 x: a@1", "c 1 x:"];
        assert_eq!(told(&old, &old), "");
        assert_eq!(told(&old, &["us 2 -: a@1", "a 1 x: b@1", "b 1 x: a@1", "c 2 x: c@2"]), "", "our own version, and what we do not need");
        assert_eq!(told(&old, &["us 1 -: a@1", "a 1 x: b@2", "b 2 x: a@1", "c 1 x:"]), "b 1 → 2");
        assert_eq!(told(&old, &["us 1 -: a@1", "a 1 x: b@1 c@1", "b 1 x: a@1", "c 1 x:"]), "c 1 is new");
        assert_eq!(told(&old, &["us 1 -: a@1", "a 1 x:", "b 1 x: a@1", "c 1 x:"]), "b 1 is gone");
        assert_eq!(told(&old, &["us 1 -: a@1", "a 1 y: b@1", "b 1 x: a@1", "c 1 x:"]), "a 1 comes with other bytes or from elsewhere");
    }

    #[test]
    fn two_versions_of_a_package_are_told_apart() {
        let old = ["us 1 -: a@1 r@1 r@2", "a 1 x: r@1", "r 1 x:", "r 2 x:", "r 3 x:"];
        assert_eq!(told(&old, &["us 1 -: a@1 r@1 r@2", "a 1 x: r@2", "r 1 x:", "r 2 x:", "r 3 x:"]), "a 1 needs other versions");
        assert_eq!(told(&old, &["us 1 -: a@1 r@1 r@3", "a 1 x: r@1", "r 1 x:", "r 2 x:", "r 3 x:"]), "r 2 → 3");
    }
}
