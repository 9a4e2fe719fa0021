//! Image references in the files that say what runs: where they stand and what they say.
//!
//! A reference is one text (`image: ghcr.io/acme/api:0.1.0@sha256:…`) or several beside each other (kustomize's `newTag` and
//! `digest`, Helm's `repository` and `tag`, Argo CD's `parameters`). Only characters of tags and digests change; no key is
//! ever made. Which image is wanted is decided elsewhere.

use monorelease_text_edits::error::EditError;

use crate::Format;
use crate::place::{PinPlace, PinQuery};
use crate::search::find_uses;

/// Finds the references in a text: one where a key is given, else every one to the repository. Characters that several of
/// them share, through aliases and merge keys, are found once.
///
/// # Errors
/// None is there, one is there twice where one is meant, or one is written so that it cannot surely be edited. Each names the
/// line where it can.
pub fn find_pins(
    text: &str,
    format: Format,
    query: &PinQuery<'_>,
) -> Result<Vec<PinPlace>, EditError> {
    let mut found: Vec<PinPlace> = Vec::new();
    for place in find_uses(text, format, query)? {
        if !found.iter().any(|known| known.has_spans_of(&place)) {
            found.push(place);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
