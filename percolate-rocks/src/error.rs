//! What can go wrong with a store, in terms a caller can act on. redb's own error types stay behind this one.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Kind, MAX_KEY_BYTES, MAX_VALUE_BYTES};

/// Why an operation on a store failed. Nothing was written when one is returned.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The text names no [`Kind`].
    UnknownKind(String),
    /// The key is empty or longer than [`MAX_KEY_BYTES`]; the length found, in bytes.
    KeyLength(usize),
    /// The value is longer than [`MAX_VALUE_BYTES`]; the length found, in bytes.
    ValueLength(usize),
    /// Another process, or another `Store` of this one, has the file open.
    Busy(PathBuf),
    /// The file is damaged, was not written by this store, or was written by a version that is not understood.
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found in it.
        why: String,
    },
    /// The operating system refused.
    Io {
        /// The store's file.
        path: PathBuf,
        /// Its answer.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Sorts redb's many errors into the few that a caller can act on.
    pub(crate) fn from_redb(path: &Path, error: redb::Error) -> Self {
        let path = path.to_path_buf();
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::Busy(path),
            // A file that does not begin as redb's do is reported by redb as invalid data; a cut one as an early end.
            redb::Error::Io(source)
                if matches!(
                    source.kind(),
                    std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
                ) =>
            {
                Self::Corrupt {
                    path,
                    why: source.to_string(),
                }
            }
            redb::Error::Io(source) => Self::Io { path, source },
            other => Self::Corrupt {
                path,
                why: other.to_string(),
            },
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKind(found) => {
                let kinds = Kind::ALL.map(Kind::name).join(", ");
                write!(f, "unknown kind {found:?}; the kinds are {kinds}")
            }
            Self::KeyLength(0) => f.write_str("the key is empty; it needs at least one character"),
            Self::KeyLength(found) => {
                write!(
                    f,
                    "the key is {found} bytes long; at most {MAX_KEY_BYTES} are allowed"
                )
            }
            Self::ValueLength(found) => {
                write!(
                    f,
                    "the value is {found} bytes long; at most {MAX_VALUE_BYTES} are allowed"
                )
            }
            Self::Busy(path) => {
                write!(
                    f,
                    "the store {} is open elsewhere; end the program that holds it, or give another file",
                    path.display()
                )
            }
            Self::Corrupt { path, why } => write!(
                f,
                "the store {} cannot be read: {why}; put back a copy of it, or move it away to begin an empty one",
                path.display()
            ),
            Self::Io { path, source } => write!(f, "the store {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
