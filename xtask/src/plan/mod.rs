//! Pure planning: facts in, steps and refusals out. Nothing here asks the world anything.

pub mod affected;
pub mod affected_config;
pub mod affected_locks;
pub mod aliases;
pub mod auto;
pub mod build;
pub mod bump;
pub mod candidates;
pub mod delivery;
pub mod delivery_pull;
pub mod discover;
pub mod gate;
pub mod history;
pub mod index;
pub mod matrix;
pub mod notes;
pub mod order;
pub mod platform_images;
pub mod release;
pub mod reverts;
pub mod scan;
pub mod standing;
pub mod status;
pub mod tagged;
pub mod tags;
pub mod trust;
