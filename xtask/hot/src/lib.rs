//! What is done for every commit of a history and every byte of it: objects unpacked, messages read, trees compared, words escaped.
//!
//! A crate of its own, because a development build optimises by crate: twenty-five thousand commits are felt by hand when these
//! loops are not optimised, and optimising all of `xtask` would lengthen every build of it. Pure functions from bytes to
//! values; whose a commit is and what follows from it is decided in `xtask`.

pub mod commit;
mod commit_lines;
pub mod markdown;
mod pack_entry;
pub mod pack_index;
pub mod packs;
pub mod raw_commit;
mod recent;
pub mod trees;
pub mod words;
