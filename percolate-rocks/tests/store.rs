//! The store through its public face, on real files. What Python sees is tested in `python-tests/`.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use percolate_rocks::{Kind, MAX_KEY_BYTES, MAX_VALUE_BYTES, Scan, Store, StoreError};
use tempfile::TempDir;

fn fresh() -> (TempDir, Store) {
    let folder = TempDir::new().expect("a temporary folder");
    let store = Store::open(folder.path().join("store.redb")).expect("a fresh store");
    (folder, store)
}

fn keys(scan: Scan) -> Vec<String> {
    scan.map(|record| record.expect("a readable record").0)
        .collect()
}

#[test]
fn what_was_put_is_read_back_after_reopening() {
    let (folder, store) = fresh();
    store.put(Kind::Entity, "ada", b"mathematician").unwrap();
    store.put(Kind::Entity, "ada", b"programmer").unwrap();
    drop(store);
    let store = Store::open(folder.path().join("store.redb")).unwrap();
    assert_eq!(
        store.get(Kind::Entity, "ada").unwrap().as_deref(),
        Some(&b"programmer"[..])
    );
    assert_eq!(store.get(Kind::Entity, "grace").unwrap(), None);
}

#[test]
fn kinds_do_not_see_each_other() {
    let (_folder, store) = fresh();
    for kind in Kind::ALL {
        store.put(kind, "same", kind.name().as_bytes()).unwrap();
    }
    assert!(store.delete(Kind::Moment, "same").unwrap());
    assert!(!store.delete(Kind::Moment, "same").unwrap());
    assert_eq!(store.get(Kind::Moment, "same").unwrap(), None);
    assert_eq!(
        store.get(Kind::Resource, "same").unwrap().as_deref(),
        Some(&b"resource"[..])
    );
}

#[test]
fn a_scan_is_ordered_and_ends_with_its_prefix() {
    let (_folder, store) = fresh();
    for key in ["b/2", "a", "b/10", "b", "c", "b/ü", "b0"] {
        store.put(Kind::Resource, key, key.as_bytes()).unwrap();
    }
    assert_eq!(
        keys(store.scan(Kind::Resource, "b/").unwrap()),
        ["b/10", "b/2", "b/ü"]
    );
    assert_eq!(keys(store.scan(Kind::Resource, "").unwrap()).len(), 7);
    assert_eq!(
        keys(store.scan(Kind::Resource, "d").unwrap()),
        Vec::<String>::new()
    );
    assert_eq!(
        keys(store.scan(Kind::Entity, "").unwrap()),
        Vec::<String>::new()
    );
}

#[test]
fn a_scan_goes_on_where_the_last_page_ended() {
    let (_folder, store) = fresh();
    for key in ["a", "b/1", "b/2", "b/3", "c"] {
        store.put(Kind::Moment, key, b"").unwrap();
    }
    assert_eq!(
        keys(store.scan_after(Kind::Moment, "b/", "b/1").unwrap()),
        ["b/2", "b/3"]
    );
    assert_eq!(
        keys(store.scan_after(Kind::Moment, "b/", "b/25").unwrap()),
        ["b/3"]
    );
    assert_eq!(
        keys(store.scan_after(Kind::Moment, "b/", "a").unwrap()),
        ["b/1", "b/2", "b/3"]
    );
    assert!(keys(store.scan_after(Kind::Moment, "b/", "c").unwrap()).is_empty());
}

#[test]
fn a_scan_keeps_the_state_it_began_with() {
    let (_folder, store) = fresh();
    store.put(Kind::Resource, "old", b"").unwrap();
    let scan = store.scan(Kind::Resource, "").unwrap();
    store.put(Kind::Resource, "young", b"").unwrap();
    store.delete(Kind::Resource, "old").unwrap();
    assert_eq!(keys(scan), ["old"]);
    assert_eq!(keys(store.scan(Kind::Resource, "").unwrap()), ["young"]);
}

#[test]
fn readers_work_while_a_writer_writes() {
    let (_folder, store) = fresh();
    let store = Arc::new(store);
    store.put(Kind::Resource, "0000", b"0000").unwrap();
    let writer = {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            for number in 1..50 {
                let key = format!("{number:04}");
                store.put(Kind::Resource, &key, key.as_bytes()).unwrap();
            }
        })
    };
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                for _ in 0..50 {
                    let seen = store.scan(Kind::Resource, "").unwrap().map(Result::unwrap);
                    // Keys are written in order, so what a reader sees has no gap and no half-written value.
                    for (number, (key, value)) in seen.enumerate() {
                        assert_eq!(key, format!("{number:04}"));
                        assert_eq!(value, key.as_bytes());
                    }
                }
            })
        })
        .collect();
    writer.join().unwrap();
    readers
        .into_iter()
        .for_each(|reader| reader.join().unwrap());
    assert_eq!(store.scan(Kind::Resource, "").unwrap().count(), 50);
}

#[test]
fn lengths_are_checked_at_their_bounds() {
    let (_folder, store) = fresh();
    let longest = "k".repeat(MAX_KEY_BYTES);
    store
        .put(Kind::Resource, &longest, &vec![7; MAX_VALUE_BYTES])
        .unwrap();
    assert_eq!(
        store.get(Kind::Resource, &longest).unwrap().unwrap().len(),
        MAX_VALUE_BYTES
    );

    let too_long = "k".repeat(MAX_KEY_BYTES + 1);
    let error = store.put(Kind::Resource, &too_long, b"").unwrap_err();
    assert!(matches!(error, StoreError::KeyLength(1025)), "{error}");
    let error = store
        .put(Kind::Resource, "k", &vec![7; MAX_VALUE_BYTES + 1])
        .unwrap_err();
    assert!(error.to_string().contains("16777217 bytes"), "{error}");
    for error in [
        store.get(Kind::Resource, "").unwrap_err(),
        store.delete(Kind::Resource, "").unwrap_err(),
    ] {
        assert!(error.to_string().contains("empty"), "{error}");
    }
    assert_eq!(keys(store.scan(Kind::Resource, "").unwrap()), [longest]);
}

#[test]
fn kinds_are_read_by_their_names_alone() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse::<Kind>().unwrap(), kind);
    }
    let error = "Resource".parse::<Kind>().unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown kind \"Resource\"; the kinds are resource, entity, moment"
    );
}

#[test]
fn a_file_is_open_once() {
    let (folder, store) = fresh();
    let path = folder.path().join("store.redb");
    let error = Store::open(&path).unwrap_err();
    assert!(
        matches!(error, StoreError::Busy(ref busy) if *busy == path),
        "{error}"
    );
    drop(store);
    Store::open(&path).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let (folder, _store) = fresh();
    let path = folder.path().join("nowhere/store.redb");
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
}

#[test]
fn foreign_and_cut_files_are_refused_and_left_alone() {
    let (folder, store) = fresh();
    for number in 0..200 {
        store
            .put(Kind::Resource, &format!("{number}"), &[7; 300])
            .unwrap();
    }
    drop(store);
    let whole = std::fs::read(folder.path().join("store.redb")).unwrap();
    let path = folder.path().join("damaged.redb");
    let nearly_empty = whole[..100].to_vec();
    let half = whole[..whole.len() / 2].to_vec();
    let other_database = b"SQLite format 3\0".repeat(4096);
    for bytes in [b"not a store".to_vec(), nearly_empty, half, other_database] {
        std::fs::write(&path, &bytes).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("damaged.redb"), "{error}");
        assert_eq!(
            std::fs::read(&path).unwrap(),
            bytes,
            "a refused file must not change"
        );
    }
}

#[test]
fn damaged_pages_end_in_an_error_never_in_a_panic() {
    let (folder, store) = fresh();
    for number in 0..60 {
        store
            .put(Kind::Resource, &format!("{number}"), &[7; 200])
            .unwrap();
    }
    drop(store);
    let whole = std::fs::read(folder.path().join("store.redb")).unwrap();
    let path = folder.path().join("damaged.redb");
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut refused = 0;
    for at in (0..used).step_by(used / 400) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xa5;
        std::fs::write(&path, &bytes).unwrap();
        match read_all(&path) {
            Ok(()) => {} // the byte belonged to a value, or to a page that is free
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Corrupt { .. }),
                    "byte {at}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no flipped byte was noticed");
}

fn read_all(path: &Path) -> Result<(), StoreError> {
    let store = Store::open(path)?;
    store
        .scan(Kind::Resource, "")?
        .try_for_each(|record| record.map(drop))?;
    store.put(Kind::Resource, "one more", b"")
}
