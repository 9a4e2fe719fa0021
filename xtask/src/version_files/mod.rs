//! Where versions and requirements on them are written, and which edits move them.

pub mod changelog;
pub mod charts;
pub mod locations;
pub mod locks;
pub mod requirements;
