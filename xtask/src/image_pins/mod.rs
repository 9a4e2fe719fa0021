//! Image references in documents: found, judged by what the document means, and edited in place.

mod by_key;
mod document;
pub mod references;
pub mod registry_file;
