//! Where versions, and requirements on them, are written in other tools' files, and which edits move them.
//!
//! [`locations`] finds versions, [`locks`] the entries of lock files that move with them, [`requirements`] the ranges that
//! have to admit them, and [`changelog`] reads and writes CHANGELOG.md. All of it takes texts and gives edits; which files
//! there are, and which version comes next, is the caller's business.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        reason = "tests touch the world"
    )
)]

pub mod changelog;
pub mod charts;
pub mod locations;
pub mod locks;
pub mod requirements;
