//! What changed in a lock file for somebody: the difference between everything that they needed and everything they need
//! now. Pure.
//!
//! Their own entries do not count: those follow from their own files.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use monorelease_version_files::locks::graph::lock_graph::LockGraph;
use monorelease_version_files::locks::graph::lock_graph::LockNode;

/// Two states of a lock file, made ready to be asked for many.
pub struct Comparison<'l> {
    old: Numbered<'l>,
    new: Numbered<'l>,
    /// The packages of both, by number: what has one name, version and identity has one number.
    packages: Vec<&'l LockNode>,
    /// Whether what a package needs is not the same in both, by number.
    is_rewired: Vec<bool>,
}

struct Numbered<'l> {
    graph: &'l LockGraph,
    numbers: Vec<usize>,
}

impl<'l> Comparison<'l> {
    pub fn new(old: &'l LockGraph, new: &'l LockGraph) -> Self {
        let mut known = HashMap::new();
        let mut packages = Vec::new();
        let mut numbered = |graph: &'l LockGraph| {
            let number = |package: &'l LockNode| {
                *known
                    .entry((&package.name, &package.version, &package.identity))
                    .or_insert_with(|| {
                        packages.push(package);
                        packages.len() - 1
                    })
            };
            Numbered {
                graph,
                numbers: graph.packages.iter().map(number).collect(),
            }
        };
        let old = numbered(old);
        let new = numbered(new);
        let was = old.wiring(packages.len());
        let is = new.wiring(packages.len());
        let is_rewired = was.iter().zip(&is).map(|(was, is)| was != is).collect();
        Self {
            old,
            new,
            packages,
            is_rewired,
        }
    }

    /// What changed in between for those who have these packages in the old and the new lock, by name: `serde 1.0.1 → 1.0.2`.
    pub fn changes(&self, old: &[usize], new: &[usize]) -> Vec<String> {
        let mut was = vec![false; self.packages.len()];
        let mut is = vec![false; self.packages.len()];
        self.old.needed(old).for_each(|number| was[number] = true);
        self.new.needed(new).for_each(|number| is[number] = true);
        let mut moved: BTreeMap<&str, Moved<'_>> = BTreeMap::new();
        for (number, package) in self
            .packages
            .iter()
            .enumerate()
            .filter(|(number, _)| was[*number] != is[*number])
        {
            let moved = moved.entry(&package.name).or_default();
            if was[number] {
                &mut moved.gone
            } else {
                &mut moved.come
            }
            .insert(&package.version);
        }
        if !moved.is_empty() {
            return moved
                .into_iter()
                .map(|(name, moved)| moved.told(name))
                .collect();
        }
        // The same packages all in all, and yet one of them may be given another one of two versions.
        let rewired = self
            .packages
            .iter()
            .enumerate()
            .filter(|(number, _)| is[*number] && self.is_rewired[*number]);
        let rewired: BTreeSet<_> = rewired
            .map(|(_, package)| (&package.name, &package.version))
            .collect();
        rewired
            .into_iter()
            .map(|(name, version)| format!("{} needs other versions", named(name, version)))
            .collect()
    }
}

impl Numbered<'_> {
    /// Numbers of everything that some packages need, without their own.
    fn needed(&self, own: &[usize]) -> impl Iterator<Item = usize> {
        self.graph
            .closure(own)
            .into_iter()
            .filter(|place| !own.contains(place))
            .map(|place| self.numbers[place])
    }

    /// Numbers of what each package needs, by number.
    fn wiring(&self, count: usize) -> Vec<BTreeSet<usize>> {
        let mut wiring = vec![BTreeSet::new(); count];
        for (package, number) in self.graph.packages.iter().zip(&self.numbers) {
            wiring[*number].extend(package.needs.iter().map(|place| self.numbers[*place]));
        }
        wiring
    }
}

/// The versions of a package that are needed no longer, and those that were not needed before.
#[derive(Default)]
struct Moved<'l> {
    gone: BTreeSet<&'l str>,
    come: BTreeSet<&'l str>,
}

impl Moved<'_> {
    fn told(&self, name: &str) -> String {
        let versions = |these: &BTreeSet<&str>| {
            these
                .iter()
                .filter(|it| !it.is_empty())
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        };
        let gone = versions(&self.gone);
        let come = versions(&self.come);
        match (self.gone.is_empty(), self.come.is_empty()) {
            (false, false) if gone == come => format!(
                "{} comes with other bytes or from elsewhere",
                named(name, &come)
            ),
            (false, false) => format!("{name} {gone} → {come}"),
            (false, true) => format!("{} is gone", named(name, &gone)),
            _ => format!("{} is new", named(name, &come)),
        }
    }
}

fn named(name: &str, version: &str) -> String {
    if version.is_empty() {
        name.to_owned()
    } else {
        format!("{name} {version}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monorelease_version_files::locks::graph::lock_graph::LockNode;
    use monorelease_version_files::locks::graph::lock_graph::Origin;

    /// Packages as `name version identity: needs…`; the first one is ours.
    fn graph(lines: &[&str]) -> LockGraph {
        let split: Vec<(Vec<&str>, Vec<&str>)> = lines
            .iter()
            .map(|line| line.split_once(':').unwrap())
            .map(|(head, needs)| {
                (
                    head.split(' ').collect(),
                    needs.split_whitespace().collect(),
                )
            })
            .collect();
        let place = |name: &str| {
            split
                .iter()
                .position(|(head, _)| head[..2].join("@") == name)
                .unwrap()
        };
        let node = |(head, needs): &(Vec<&str>, Vec<&str>)| LockNode {
            name: head[0].into(),
            version: head[1].into(),
            identity: head[2].into(),
            origin: Origin::Foreign,
            needs: needs.iter().map(|name| place(name)).collect(),
        };
        LockGraph {
            packages: split.iter().map(node).collect(),
        }
    }

    fn told(old: &[&str], new: &[&str]) -> String {
        Comparison::new(&graph(old), &graph(new))
            .changes(&[0], &[0])
            .join("; ")
    }

    #[test]
    fn only_what_is_needed_counts() {
        let old = ["us 1 -: a@1", "a 1 x: b@1", "b 1 x: a@1", "c 1 x:"];
        assert_eq!(told(&old, &old), "");
        assert_eq!(
            told(
                &old,
                &["us 2 -: a@1", "a 1 x: b@1", "b 1 x: a@1", "c 2 x: c@2"]
            ),
            "",
            "our own version, and what we do not need"
        );
        assert_eq!(
            told(&old, &["us 1 -: a@1", "a 1 x: b@2", "b 2 x: a@1", "c 1 x:"]),
            "b 1 → 2"
        );
        assert_eq!(
            told(
                &old,
                &["us 1 -: a@1", "a 1 x: b@1 c@1", "b 1 x: a@1", "c 1 x:"]
            ),
            "c 1 is new"
        );
        assert_eq!(
            told(&old, &["us 1 -: a@1", "a 1 x:", "b 1 x: a@1", "c 1 x:"]),
            "b 1 is gone"
        );
        assert_eq!(
            told(&old, &["us 1 -: a@1", "a 1 y: b@1", "b 1 x: a@1", "c 1 x:"]),
            "a 1 comes with other bytes or from elsewhere"
        );
    }

    #[test]
    fn two_versions_of_a_package_are_told_apart() {
        let old = [
            "us 1 -: a@1 r@1 r@2",
            "a 1 x: r@1",
            "r 1 x:",
            "r 2 x:",
            "r 3 x:",
        ];
        assert_eq!(
            told(
                &old,
                &[
                    "us 1 -: a@1 r@1 r@2",
                    "a 1 x: r@2",
                    "r 1 x:",
                    "r 2 x:",
                    "r 3 x:"
                ]
            ),
            "a 1 needs other versions"
        );
        assert_eq!(
            told(
                &old,
                &[
                    "us 1 -: a@1 r@1 r@3",
                    "a 1 x: r@1",
                    "r 1 x:",
                    "r 2 x:",
                    "r 3 x:"
                ]
            ),
            "r 2 → 3"
        );
    }
}
