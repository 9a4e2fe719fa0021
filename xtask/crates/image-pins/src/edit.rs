//! Makes references say another image.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::splice;

use crate::place::PinChange;
use crate::{Format, effective};

/// Makes every place say its image, and changes nothing else: the documents before and after are compared as their readers
/// get them, with aliases, merge keys and documents within documents.
///
/// # Errors
/// The places are of another text; or the edit would change what is no image of the repository, or leave one as it was.
pub fn set_pins(
    text: &str,
    format: Format,
    changes: &[PinChange<'_>],
) -> Result<String, EditError> {
    let edits = changes
        .iter()
        .flat_map(|change| change.place.edits(change.image));
    let after = splice(
        text,
        edits
            .filter(|(span, new)| text.get(span.clone()) != Some(new))
            .collect(),
    )?;
    if after != text {
        effective::check(text, &after, format, changes)?;
    }
    Ok(after)
}
