//! The digests of files on this disk, and lists that were read from a registry: each told once in a run, however often it is asked.
//!
//! A file is known by its path, its length and the time of its last change; a list by the digest that it speaks of, which has
//! one for good once it is verified.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Context;
use monorelease_model::image::Digest;
use sha2::Digest as _;
use sha2::Sha256;

use super::files;

/// How much of a stream is looked at together.
const PIECE_BYTES: usize = 64 * 1024;

type Files = HashMap<(PathBuf, u64, Option<SystemTime>), Digest>;

/// What a run has told so far.
#[derive(Default)]
pub struct Contents {
    files: Mutex<Files>,
    lists: Mutex<HashMap<String, String>>,
}

impl Contents {
    /// The digest of a file; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn digest(&self, path: &Path) -> anyhow::Result<Option<Digest>> {
        let Some((bytes, changed)) = files::size_and_change(path)? else {
            return Ok(None);
        };
        let key = (path.to_owned(), bytes, changed);
        if let Some(known) = lock(&self.files).get(&key) {
            return Ok(Some(known.clone()));
        }
        let (mut file, _) = files::open(path)?;
        let (digest, _) =
            digest_of(&mut file).with_context(|| format!("reading {}", path.display()))?;
        lock(&self.files).insert(key, digest.clone());
        Ok(Some(digest))
    }

    /// A list by its name, or what `read` finds; what it does not find is asked again the next time.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn list(
        &self,
        name: &str,
        read: impl FnOnce() -> anyhow::Result<Option<String>>,
    ) -> anyhow::Result<Option<String>> {
        if let Some(known) = lock(&self.lists).get(name) {
            return Ok(Some(known.clone()));
        }
        let found = read()?;
        if let Some(found) = &found {
            lock(&self.lists).insert(name.to_owned(), found.clone());
        }
        Ok(found)
    }
}

/// The tables are never left half-changed.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The digest of a stream, and its length; it is never in memory as a whole.
///
/// # Errors
/// Those of reading.
pub(crate) fn digest_of(source: &mut dyn Read) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&piece[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((Digest::from_hasher(hasher), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changed_and_an_absence_is_never_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.whl");
        let contents = Contents::default();
        assert_eq!(contents.digest(&path).unwrap(), None);
        std::fs::write(&path, "one").unwrap();
        assert_eq!(contents.digest(&path).unwrap(), Some(Digest::of(b"one")));
        std::fs::write(&path, "three").unwrap();
        assert_eq!(contents.digest(&path).unwrap(), Some(Digest::of(b"three")));
        assert_eq!(contents.list("x", || Ok(None)).unwrap(), None);
        assert_eq!(
            contents
                .list("x", || Ok(Some("list".into())))
                .unwrap()
                .as_deref(),
            Some("list")
        );
        assert_eq!(
            contents.list("x", || Ok(None)).unwrap().as_deref(),
            Some("list")
        );
    }

    #[test]
    fn a_stream_has_the_digest_of_its_bytes() {
        let bytes = vec![7; 3 * PIECE_BYTES + 1];
        assert_eq!(
            digest_of(&mut bytes.as_slice()).unwrap(),
            (Digest::of(&bytes), bytes.len() as u64)
        );
    }
}
