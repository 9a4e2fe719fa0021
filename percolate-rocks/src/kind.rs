//! The closed set of things a store keeps, and their names. It holds no storage: `store.rs` gives each kind a table.

use std::fmt;
use std::str::FromStr;

use crate::StoreError;

/// What a record is. The set is closed: a new kind is a new table, and so a decision about the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A thing with content of its own: a document, a note, a chunk of text.
    Resource,
    /// A thing that others speak of: a person, a place, a project.
    Entity,
    /// A thing that happened at a time.
    Moment,
}

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Resource, Self::Entity, Self::Moment];

    /// The name by which people, Python and the file call this kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Entity => "entity",
            Self::Moment => "moment",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| StoreError::UnknownKind(text.to_owned()))
    }
}
