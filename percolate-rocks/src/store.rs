//! The store itself: one redb file with an ordered table for each kind. It does not interpret values.

use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::{Database, ReadOnlyTable, ReadableDatabase, TableDefinition, WriteTransaction};

use crate::containment::contained;
use crate::{Kind, StoreError};

/// The longest key, in bytes of UTF-8. Keys are compared on every step of a search, so they stay short.
pub const MAX_KEY_BYTES: usize = 1024;

/// The largest value, in bytes. A value is read into memory as a whole.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

type Records = TableDefinition<'static, &'static str, &'static [u8]>;

const fn table(kind: Kind) -> Records {
    TableDefinition::new(kind.name())
}

/// An open store. It may be shared between threads: readers never wait, writers take turns.
///
/// A reader sees the records as they were when it began. A write is on disk when its call returns.
#[derive(Debug)]
pub struct Store {
    /// Always there, until [`Drop`] takes it out to close it under containment.
    database: Option<Database>,
    path: PathBuf,
}

impl Store {
    /// Opens the store in the file at `path`, and creates it when there is none. The folder must be there.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the file is open already, [`StoreError::Corrupt`] when it is not a store,
    /// [`StoreError::Io`] when the system refuses.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let database = contained(&path, || {
            let database = Database::create(&path)?;
            ensure_tables(&database)?;
            Ok(database)
        })?;
        Ok(Self {
            database: Some(database),
            path,
        })
    }

    /// The file this store was opened from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `value` under `key`, in place of the value that was there.
    ///
    /// # Errors
    /// [`StoreError::KeyLength`] and [`StoreError::ValueLength`] before anything is written; disk errors.
    pub fn put(&self, kind: Kind, key: &str, value: &[u8]) -> Result<(), StoreError> {
        check_key(key)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(StoreError::ValueLength(value.len()));
        }
        self.call(|database| {
            write(database, |transaction| {
                transaction.open_table(table(kind))?.insert(key, value)?;
                Ok(())
            })
        })
    }

    /// The value under `key`, or `None`.
    ///
    /// # Errors
    /// [`StoreError::KeyLength`] for a key that no record can have; disk errors.
    pub fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        self.call(|database| {
            let found = records(database, kind)?.get(key)?;
            Ok(found.map(|value| value.value().to_vec()))
        })
    }

    /// Removes the record under `key` and says whether there was one.
    ///
    /// # Errors
    /// [`StoreError::KeyLength`] for a key that no record can have; disk errors.
    pub fn delete(&self, kind: Kind, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        self.call(|database| {
            write(database, |transaction| {
                Ok(transaction.open_table(table(kind))?.remove(key)?.is_some())
            })
        })
    }

    /// The records whose keys begin with `prefix`, in the order of their keys' bytes; all of them for an empty prefix.
    ///
    /// # Errors
    /// Disk errors, here or from the iterator.
    pub fn scan(&self, kind: Kind, prefix: &str) -> Result<Scan, StoreError> {
        self.scan_after(kind, prefix, "")
    }

    /// As [`Store::scan`], from the first key behind `after`: the next page of a listing that ended there.
    ///
    /// # Errors
    /// Disk errors, here or from the iterator.
    pub fn scan_after(&self, kind: Kind, prefix: &str, after: &str) -> Result<Scan, StoreError> {
        let begin = if after < prefix {
            Bound::Included(prefix)
        } else {
            Bound::Excluded(after)
        };
        let range = self.call(|database| {
            Ok(records(database, kind)?.range::<&str>((begin, Bound::Unbounded))?)
        })?;
        Ok(Scan {
            range: Some(range),
            prefix: prefix.to_owned(),
            path: self.path.clone(),
        })
    }

    fn call<T>(
        &self,
        operation: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        contained(&self.path, || {
            let database = self.database.as_ref();
            operation(database.ok_or(redb::Error::DatabaseClosed)?)
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let database = self.database.take();
        // Every write was durable when it returned, so closing has nothing to say that a caller could still use.
        let _closed = contained(&self.path, || {
            drop(database);
            Ok(())
        });
    }
}

/// The records of one scan, in order, as they were when it began. It keeps the store's file open.
pub struct Scan {
    /// `None` after the last record of the prefix, or after an error: a scan ends there.
    range: Option<redb::Range<'static, &'static str, &'static [u8]>>,
    prefix: String,
    path: PathBuf,
}

impl Iterator for Scan {
    type Item = Result<(String, Vec<u8>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut range = self.range.take()?;
        let read = contained(&self.path, || {
            let Some(record) = range.next() else {
                return Ok(None);
            };
            let (key, value) = record?;
            let wanted = key.value().starts_with(&self.prefix);
            Ok(wanted.then(|| (key.value().to_owned(), value.value().to_vec(), range)))
        });
        match read {
            Ok(None) => None,
            Ok(Some((key, value, range))) => {
                self.range = Some(range);
                Some(Ok((key, value)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Reads never have to ask whether a table is there, because opening a store makes them all.
fn ensure_tables(database: &Database) -> Result<(), redb::Error> {
    for kind in Kind::ALL {
        match records(database, kind) {
            Ok(_) => {}
            Err(redb::Error::TableDoesNotExist(_)) => write(database, |transaction| {
                transaction.open_table(table(kind))?;
                Ok(())
            })?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn records(
    database: &Database,
    kind: Kind,
) -> Result<ReadOnlyTable<&'static str, &'static [u8]>, redb::Error> {
    Ok(database.begin_read()?.open_table(table(kind))?)
}

/// One durable transaction; it is rolled back when `change` fails.
fn write<T>(
    database: &Database,
    change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
) -> Result<T, redb::Error> {
    let transaction = database.begin_write()?;
    let changed = change(&transaction)?;
    transaction.commit()?;
    Ok(changed)
}

fn check_key(key: &str) -> Result<(), StoreError> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(StoreError::KeyLength(key.len()));
    }
    Ok(())
}
