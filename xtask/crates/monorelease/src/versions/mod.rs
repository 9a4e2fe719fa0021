//! Version locations: what each of them says in a work tree, a commit or at a tag, and the command that shows it.

pub mod command;
pub mod read;
pub mod tagged;
