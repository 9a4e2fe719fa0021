//! The Python face, built with the feature `python`: module `percolate_rocks`, whose types stand in `percolate_rocks.pyi`.
//!
//! It translates and holds no logic. The interpreter lock is released around everything that may touch the disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::{Kind, StoreError};

create_exception!(
    percolate_rocks,
    Error,
    PyException,
    "A store could not do what was asked."
);
create_exception!(
    percolate_rocks,
    BusyError,
    Error,
    "The store's file is open elsewhere."
);
create_exception!(
    percolate_rocks,
    CorruptError,
    Error,
    "The store's file is damaged, or none."
);
create_exception!(
    percolate_rocks,
    ClosedError,
    Error,
    "The store was closed before."
);

/// The version as Python's tools spell it, so that it is the one of the installed package: a candidate's `0.2.0-rc.1` is `0.2.0rc1`.
fn as_python_spells(version: &str) -> String {
    let words = [
        ("-alpha.", "a"),
        ("-beta.", "b"),
        ("-rc.", "rc"),
        ("-dev.", ".dev"),
    ];
    words
        .iter()
        .fold(version.to_owned(), |version, (semver, python)| {
            version.replace(semver, python)
        })
}

impl From<StoreError> for PyErr {
    fn from(error: StoreError) -> Self {
        let sentence = error.to_string();
        match error {
            StoreError::UnknownKind(_) | StoreError::KeyLength(_) | StoreError::ValueLength(_) => {
                PyValueError::new_err(sentence)
            }
            StoreError::Busy(_) => BusyError::new_err(sentence),
            StoreError::Corrupt { .. } => CorruptError::new_err(sentence),
            StoreError::Io { .. } => Error::new_err(sentence),
        }
    }
}

/// The store as Python holds it: closing it gives the file free, which in Rust is dropping it.
#[pyclass(name = "Store", module = "percolate_rocks", frozen)]
struct PyStore {
    path: PathBuf,
    open: Mutex<Option<Arc<crate::Store>>>,
}

impl PyStore {
    /// A share of the open store, so that no lock is held while the disk is worked on.
    fn store(&self) -> PyResult<Arc<crate::Store>> {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| {
                ClosedError::new_err(format!(
                    "the store {} is closed; open it again with Store.open",
                    self.path.display()
                ))
            })
    }
}

#[pymethods]
impl PyStore {
    /// Opens the store in the file at `path`, and creates it when there is none.
    #[classmethod]
    fn open(_class: &Bound<'_, PyType>, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let store = py.detach(|| crate::Store::open(&path))?;
        Ok(Self {
            path,
            open: Mutex::new(Some(Arc::new(store))),
        })
    }

    /// Writes `value` under `key`; it is on disk when the call returns.
    fn put(&self, py: Python<'_>, kind: &str, key: &str, value: &[u8]) -> PyResult<()> {
        let (store, kind) = (self.store()?, kind.parse::<Kind>()?);
        Ok(py.detach(move || store.put(kind, key, value))?)
    }

    /// The value under `key`, or `None`.
    fn get<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        key: &str,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let (store, kind) = (self.store()?, kind.parse::<Kind>()?);
        let found = py.detach(move || store.get(kind, key))?;
        Ok(found.map(|value| PyBytes::new(py, &value)))
    }

    /// Removes the record under `key` and says whether there was one.
    fn delete(&self, py: Python<'_>, kind: &str, key: &str) -> PyResult<bool> {
        let (store, kind) = (self.store()?, kind.parse::<Kind>()?);
        Ok(py.detach(move || store.delete(kind, key))?)
    }

    /// At most `limit` records whose keys begin with `prefix` and come behind `after`, in order.
    #[pyo3(signature = (kind, prefix = "", *, after = "", limit = None))]
    fn scan<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: Option<usize>,
    ) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
        let (store, kind) = (self.store()?, kind.parse::<Kind>()?);
        let records = py.detach(move || {
            store
                .scan_after(kind, prefix, after)?
                .take(limit.unwrap_or(usize::MAX))
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(records
            .into_iter()
            .map(|(key, value)| (key, PyBytes::new(py, &value)))
            .collect())
    }

    /// Gives the file free, once the calls that other threads are in have ended. Closing twice is no error.
    fn close(&self, py: Python<'_>) {
        let store = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        py.detach(move || drop(store));
    }

    fn __enter__(this: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        this.get().store()?;
        Ok(this)
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _type: Option<&Bound<'_, PyAny>>,
        _value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        let state = if self.store().is_ok() {
            "open"
        } else {
            "closed"
        };
        format!("<percolate_rocks.Store {} ({state})>", self.path.display())
    }
}

/// A small embedded store of resources, entities and moments.
#[pymodule]
mod percolate_rocks {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::{BusyError, ClosedError, CorruptError, Error, PyStore};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", super::as_python_spells(crate::VERSION))?;
        module.add("MAX_KEY_BYTES", crate::MAX_KEY_BYTES)?;
        module.add("MAX_VALUE_BYTES", crate::MAX_VALUE_BYTES)
    }
}
