//! Trees as libgit2 reads them: loose, packed, borrowed, missing and damaged; and which folders differ between two.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::changes::paths_between;
use crate::folders::ProjectPaths;
use crate::missing::MissingObject;

fn repository() -> (TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    (folder, repository)
}

/// Writes a tree of raw entries: mode, name, id.
fn write(repository: &Repository, entries: &[(&str, &str, Oid)]) -> Oid {
    let raw: Vec<u8> = entries
        .iter()
        .flat_map(|(mode, name, id)| {
            [format!("{mode} {name}\0").as_bytes(), id.as_bytes()].concat()
        })
        .collect();
    let store = repository.odb().unwrap();
    store.write(ObjectType::Tree, &raw).unwrap()
}

fn blob(repository: &Repository, text: &str) -> Oid {
    repository.blob(text.as_bytes()).unwrap()
}

fn folders(paths: &[&'static str]) -> Folders {
    Folders::new(paths.iter().map(|path| ProjectPaths {
        own: vec![path],
        ignored: Vec::new(),
    }))
}

/// The projects, by their places in `paths`, of which a path differs.
fn changed(repository: &Repository, paths: &[&'static str], old: Oid, new: Oid) -> Vec<usize> {
    let folders = folders(paths);
    let mut comparison = Comparison::new(repository, &folders);
    let found = comparison.changed(Some(old), new).unwrap();
    found
        .into_iter()
        .flat_map(|folder| folders.projects(folder).to_vec())
        .collect()
}

fn commit(repository: &Repository, tree: Oid) -> String {
    let author = git2::Signature::now("T", "t@t").unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let id = repository.commit(None, &author, &author, "x", &tree, &[]);
    id.unwrap().to_string()
}

#[test]
fn law_7_a_path_counts_for_the_deepest_folder_that_holds_it() {
    let (_folder, repository) = repository();
    let [one, two] = ["1", "2"].map(|text| blob(&repository, text));
    let tree = |a: Oid, deep: Oid, deeper: (&str, Oid)| {
        let inner = write(&repository, &[("100644", "x", deep)]);
        let deeper = (deeper.0, "deep.d", deeper.1);
        let outer = write(
            &repository,
            &[("100644", "a", a), ("40000", "deep", inner), deeper],
        );
        write(&repository, &[("40000", "p", outer)])
    };
    let paths = ["p", "p/deep", "p/deep.d"];
    let inner = write(&repository, &[("100644", "y", one)]);
    let base = tree(one, one, ("40000", inner));
    let of = |new: Oid| changed(&repository, &paths, base, new);
    assert_eq!(of(base), [0_usize; 0]);
    assert_eq!(of(tree(two, one, ("40000", inner))), [0]);
    assert_eq!(of(tree(one, two, ("40000", inner))), [1]);
    assert_eq!(
        of(tree(one, one, ("100644", one))),
        [2],
        "a folder became a file"
    );
    assert_eq!(of(tree(two, two, ("120000", two))), [0, 1, 2]);
}

#[test]
fn a_mode_that_git_no_longer_distinguishes_is_no_change() {
    let (_folder, repository) = repository();
    let one = blob(&repository, "1");
    let tree = |mode: &str| {
        let inner = write(&repository, &[(mode, "f", one)]);
        write(&repository, &[("40000", "p", inner), (mode, "top", one)])
    };
    let [old, group, executable] = ["100644", "100664", "100755"].map(tree);
    let commits = [old, group, executable].map(|tree| commit(&repository, tree));
    let paths = |new: usize| paths_between(&repository, &commits[0], &commits[new]).unwrap();
    assert_eq!(paths(1), Vec::<Vec<u8>>::new());
    assert_eq!(paths(2), [&b"p/f"[..], b"top"]);
    // Below a folder without others, ids of trees decide.
    let other = write(&repository, &[("40000", "p", old), ("100664", "top", one)]);
    let base = write(&repository, &[("40000", "p", old), ("100644", "top", one)]);
    assert_eq!(changed(&repository, &["", "p"], base, other), [0_usize; 0]);
}

#[test]
fn loose_packed_and_borrowed_trees_are_read_alike() {
    let (folder, repository) = repository();
    let ids = ["1", "2"].map(|text| blob(&repository, text));
    let [old, new] = ids.map(|id| {
        let inner = write(&repository, &[("100644", "f", id)]);
        write(&repository, &[("40000", "p", inner)])
    });
    assert_eq!(changed(&repository, &["p/q", "p"], old, new), [1]);
    for tree in [old, new] {
        let tag = commit(&repository, tree);
        let id = Oid::from_str(&tag).unwrap();
        repository
            .reference(&format!("refs/heads/{tag}"), id, false, "")
            .unwrap();
    }
    let git = |arguments: &[&str]| {
        let mut call = Command::new("git");
        assert!(
            call.arg("-C")
                .arg(folder.path())
                .args(arguments)
                .status()
                .unwrap()
                .success()
        );
    };
    git(&["repack", "-adfq"]);
    git(&["prune-packed", "--quiet"]);
    let packed = Repository::open(folder.path()).unwrap();
    assert_eq!(changed(&packed, &["p/q", "p"], old, new), [1]);
    let (borrower, _) = self::repository();
    let info = borrower.path().join(".git/objects/info");
    fs::create_dir_all(&info).unwrap();
    let store = folder.path().join(".git/objects");
    fs::write(info.join("alternates"), format!("{}\n", store.display())).unwrap();
    let borrowing = Repository::open(borrower.path()).unwrap();
    assert_eq!(changed(&borrowing, &["p/q", "p"], old, new), [1]);
}

#[test]
fn a_tree_that_is_missing_or_damaged_is_named() {
    let (folder, repository) = repository();
    let one = blob(&repository, "1");
    let inner = write(&repository, &[("100644", "f", one)]);
    let new = write(&repository, &[("40000", "p", inner)]);
    let (folders, old) = (folders(&["p/q", "p"]), write(&repository, &[]));
    let error = |repository: &Repository| {
        let mut comparison = Comparison::new(repository, &folders);
        comparison.changed(Some(old), new).unwrap_err()
    };
    let hex = inner.to_string();
    let path = folder
        .path()
        .join(".git/objects")
        .join(&hex[..2])
        .join(&hex[2..]);
    replace(&path, Some(b"no object"));
    let damaged = error(&Repository::open(folder.path()).unwrap());
    assert!(format!("{damaged:#}").contains(&hex), "{damaged:#}");
    assert!(damaged.downcast_ref::<MissingObject>().is_none());
    replace(&path, None);
    let missing = error(&Repository::open(folder.path()).unwrap());
    assert!(
        missing.downcast_ref::<MissingObject>().is_some(),
        "{missing:#}"
    );
    assert!(missing.to_string().contains(&hex), "{missing}");
}

/// Replaces an object file, which git makes read-only, or removes it.
fn replace(path: &Path, bytes: Option<&[u8]>) {
    fs::remove_file(path).unwrap();
    if let Some(bytes) = bytes {
        fs::write(path, bytes).unwrap();
    }
}
