//! Tests of branches that several threads ask at once.

use std::sync::Arc;

use git2::{Repository, Signature};

use crate::world::World;
use crate::world::environment::Environment;

#[test]
fn law_15_questions_asked_side_by_side_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let there = Repository::init(folder.path()).unwrap();
    let who = Signature::now("Test", "test@localhost").unwrap();
    let tree = there
        .find_tree(there.treebuilder(None).unwrap().write().unwrap())
        .unwrap();
    let head = there
        .commit(
            Some("refs/heads/main"),
            &who,
            &who,
            "feat: begin",
            &tree,
            &[],
        )
        .unwrap()
        .to_string();
    let world = World::open(folder.path(), Environment::default(), Arc::new(|_| {})).unwrap();
    let branch = world
        .delivery(&folder.path().display().to_string(), "main", false)
        .unwrap();
    let asked = || {
        (0..20)
            .map(|_| branch.refresh().unwrap())
            .all(|answer| answer == head)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(asked)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}
