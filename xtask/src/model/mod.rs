//! Nouns with rules of their own: versions, tags, build IDs, image references, distribution names.

pub mod build_id;
pub mod distribution;
pub mod github;
pub mod image;
pub mod paths;
pub mod tag;
pub mod version;
