use std::process::{Command, Stdio};

use std::fmt::Write as _;
use std::io::Write as _;
use tempfile::TempDir;

use super::*;

/// A repository with many versions of a few folders, packed by nobody yet.
fn repository(seed: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(
        folder.path(),
        &["init", "--quiet", "--template=", "--initial-branch", "main"],
    );
    git(folder.path(), &["config", "gc.auto", "0"]);
    grow(folder.path(), seed, 40);
    folder
}

/// So many commits more. Files are long enough for differences, and one is longer than a piece of a pack that is read at once.
fn grow(folder: &Path, seed: usize, commits: usize) {
    let mut stream = String::new();
    for number in 0..commits {
        let message = format!(
            "feat: number {number} of {seed}\n\n{}",
            "words ".repeat(number * seed % 300)
        );
        let time = 1_500_000_000 + seed * 10_000 + number;
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter T <t@t> {time} +0000\ndata {}\n{message}\n",
            message.len()
        );
        if number == 0 && seed > 100 {
            stream.push_str("from refs/heads/main^0\n");
        }
        for file in 0..3 {
            let path = format!(
                "part-{}/deep/{}-file-{}.txt",
                (number * 7 + file * seed) % 5,
                "x".repeat(60),
                (number + file) % 30
            );
            let content = format!(
                "{seed} {number} {}",
                (0..200)
                    .map(|word| (word * seed % 97).to_string())
                    .collect::<String>()
            );
            let _ = write!(
                stream,
                "M 100644 inline {path}\ndata {}\n{content}\n",
                content.len()
            );
        }
    }
    let noise: String = (0..60_000u64)
        .map(|place| {
            char::from(b' ' + (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8 % 90)
        })
        .collect();
    let _ = write!(
        stream,
        "M 100644 inline long-{seed}\ndata {}\n{noise}\n",
        noise.len()
    );
    let mut import = Command::new("git")
        .args([
            "-c",
            "core.fsync=none",
            "-c",
            "fastimport.unpackLimit=1",
            "fast-import",
            "--quiet",
        ])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    import
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(import.wait().unwrap().success());
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn packs(repository: &Repository) -> (Tables, Packs) {
    let tables = Tables::of(repository, usize::MAX);
    let packs = Objects::new(repository, &tables).unwrap().packs;
    (tables, packs)
}

fn ids(repository: &Repository) -> Vec<Oid> {
    let mut ids = Vec::new();
    repository
        .odb()
        .unwrap()
        .foreach(|id| {
            ids.push(*id);
            true
        })
        .unwrap();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn kind(of: ObjectType) -> Kind {
    match of {
        ObjectType::Commit => Kind::Commit,
        ObjectType::Tree => Kind::Tree,
        ObjectType::Blob => Kind::Blob,
        other => panic!("{other:?}"),
    }
}

/// Asks us and libgit2 for every object; how many of them we read.
fn read_alike(folder: &Path, is_backwards: bool) -> (usize, usize) {
    let repository = Repository::open(folder).unwrap();
    let (_, mut packs) = packs(&repository);
    let store = repository.odb().unwrap();
    let mut ids = ids(&repository);
    if is_backwards {
        ids.reverse();
    }
    let read = ids.iter().filter(|id| {
        let theirs = store.read(**id).unwrap();
        let id = id.as_bytes().try_into().unwrap();
        let Some(ours) = packs.read(&id, kind(theirs.kind())) else {
            return false;
        };
        assert_eq!(ours.as_slice(), theirs.data());
        let other = if theirs.kind() == ObjectType::Tree {
            Kind::Commit
        } else {
            Kind::Tree
        };
        assert!(
            packs.read(&id, other).is_none(),
            "what is no commit is not read as one"
        );
        true
    });
    (read.count(), ids.len())
}

fn assert_all_read(folder: &Path, why: &str) {
    for is_backwards in [false, true] {
        let (read, all) = read_alike(folder, is_backwards);
        assert!(read == all && all > 150, "{why}: {read} of {all}");
    }
}

#[test]
fn packs_are_read_as_libgit2_reads_them() {
    for seed in 1..6 {
        let folder = repository(seed);
        let path = folder.path();
        assert_all_read(path, "as imported");
        git(path, &["repack", "-adfq", "--depth=50"]);
        assert_all_read(path, "differences to earlier entries");
        git(
            path,
            &[
                "-c",
                "repack.useDeltaBaseOffset=false",
                "repack",
                "-adfq",
                "--depth=4095",
                "--window=50",
            ],
        );
        assert_all_read(path, "differences to objects");
        grow(path, seed + 100, 30);
        grow(path, seed + 200, 3);
        git(path, &["-c", "pack.compression=0", "repack", "-q"]);
        assert!(
            Tables::of(&Repository::open(path).unwrap(), usize::MAX)
                .0
                .len()
                > 2
        );
        assert_all_read(path, "several packs, one of them not compressed");
        git(
            path,
            &["-c", "pack.packSizeLimit=1m", "multi-pack-index", "write"],
        );
        assert_all_read(path, "with a table over several packs");
    }
}

#[test]
fn borrowed_packs_are_read_and_loose_objects_are_left() {
    let folder = repository(3);
    let borrower = tempfile::tempdir().unwrap();
    let path = borrower.path().join("shared");
    git(
        borrower.path(),
        &[
            "clone",
            "--quiet",
            "--shared",
            &folder.path().to_string_lossy(),
            "shared",
        ],
    );
    assert_all_read(&path, "borrowed");
    git(
        &path,
        &[
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@t",
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "feat: loose",
        ],
    );
    let (read, all) = read_alike(&path, false);
    assert_eq!(read + 1, all, "the loose commit is libgit2's");
    let repository = Repository::open(&path).unwrap();
    let head = repository.head().unwrap().target().unwrap();
    let commit = Objects::new(&repository, &Tables::of(&repository, usize::MAX))
        .unwrap()
        .commit(head)
        .unwrap();
    assert!(commit.ends_with(b"feat: loose\n"));
}

#[test]
fn few_objects_are_not_worth_a_table() {
    let folder = repository(1);
    let repository = Repository::open(folder.path()).unwrap();
    let count = |objects| Tables::of(&repository, objects).0.len();
    assert_eq!((count(0), count(1), count(1000)), (0, 0, 1));
}

/// The packs and tables of a repository, which git makes read-only.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder.join(".git/objects/pack"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let found: Vec<_> = all
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    assert!(!found.is_empty());
    found
}

fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What is read of a damaged repository is what libgit2 reads of it too; how many objects are not read.
fn left_of_damage(folder: &Path, ids: &[Oid]) -> usize {
    let repository = Repository::open(folder).unwrap();
    let (_, mut packs) = packs(&repository);
    let store = repository.odb().unwrap();
    let left = ids.iter().filter(|id| {
        let ours = [Kind::Commit, Kind::Tree, Kind::Blob]
            .map(|kind| packs.read(&id.as_bytes().try_into().unwrap(), kind));
        let Some(ours) = ours.into_iter().flatten().next() else {
            return true;
        };
        if let Ok(theirs) = store.read(**id) {
            assert_eq!(ours.as_slice(), theirs.data(), "{id}");
        }
        false
    });
    left.count()
}

#[test]
fn damaged_packs_are_left_to_libgit2() {
    let folder = repository(2);
    let path = folder.path();
    git(path, &["repack", "-adfq"]);
    let ids = ids(&Repository::open(path).unwrap());
    assert_eq!(left_of_damage(path, &ids), 0);
    for extension in ["pack", "idx"] {
        let [file] = &files(path, extension)[..] else {
            panic!("one file was expected")
        };
        let whole = fs::read(file).unwrap();
        for cut in [0, 8, 20, 1000, whole.len() / 2, whole.len() - 30] {
            overwrite(file, &whole[..cut]);
            assert!(left_of_damage(path, &ids) > 0, "{extension} cut at {cut}");
        }
        let mut left = 0;
        for number in 0..150 {
            let mut damaged = whole.clone();
            damaged[number * 7919 % whole.len()] ^= 1 << (number % 8);
            overwrite(file, &damaged);
            left += left_of_damage(path, &ids);
        }
        assert!(left > 0, "no damage to the {extension} was noticed");
        overwrite(file, &whole);
    }
    assert_eq!(left_of_damage(path, &ids), 0);
}

#[test]
fn a_tree_that_is_damaged_is_told_by_its_id() {
    let folder = repository(4);
    let path = folder.path();
    let tree = {
        let repository = Repository::open(path).unwrap();
        repository.head().unwrap().peel_to_tree().unwrap().id()
    };
    for pack in files(path, "pack") {
        let whole = fs::read(&pack).unwrap();
        overwrite(
            &pack,
            &[&whole[..12], &vec![0; whole.len() - 12][..]].concat(),
        );
    }
    let repository = Repository::open(path).unwrap();
    let mut objects = Objects::new(&repository, &Tables::of(&repository, usize::MAX)).unwrap();
    let error = objects
        .tree(tree.as_bytes().try_into().unwrap())
        .unwrap_err();
    assert!(
        format!("{error:#}").contains(&tree.to_string()),
        "{error:#}"
    );
}
