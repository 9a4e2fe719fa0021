//! The part of CHANGELOG.md that is not released becomes a release's, and can become one that is not released again.
//!
//! Between the merge of a release and its tag the file tells of a release that nobody has: that part, which stands between our
//! comments, is written anew until the tag is there. What was written by hand stays, wherever it stands.

use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::splice;

use super::{BEGIN, Part, Section, heading, marks, sections, updated};

/// Writes what is not released as the part of a release: `part` has its version, its day and its groups. `last` is the version
/// of the last release, `missing` those that the file does not tell of. `None` when the file tells of this version in words of
/// its author's own.
///
/// # Errors
/// Our comments do not pair.
pub fn released(
    text: Option<&str>,
    package: &str,
    part: &Part,
    last: Option<&Version>,
    missing: &[Part],
    forge: Option<&str>,
) -> Result<Option<String>, EditError> {
    let reopened = text.map(|text| reopened(text, last)).transpose()?;
    if let Some(text) = &reopened
        && sections(text)
            .iter()
            .any(|section| section.version.is_some() && section.version == part.version)
    {
        return Ok(None);
    }
    let open = Part {
        version: None,
        date: None,
        ..part.clone()
    };
    let text = updated(reopened.as_deref(), package, &open, missing, forge)?;
    let Some(section) = sections(&text)
        .into_iter()
        .find(|section| section.version.is_none())
    else {
        return Ok(Some(text));
    };
    splice(&text, vec![(section.heading, heading(part))]).map(Some)
}

/// Whether the file tells, between our comments, of a release that is newer than the last one.
///
/// # Errors
/// Our comments do not pair.
pub fn tells_of_the_next(text: &str, last: Option<&Version>) -> Result<bool, EditError> {
    Ok(next_of(text, &sections(text), last)?.is_some())
}

/// The text with our part of a release that has no tag as what is not released.
fn reopened(text: &str, last: Option<&Version>) -> Result<String, EditError> {
    let sections = sections(text);
    let Some(place) = next_of(text, &sections, last)? else {
        return Ok(text.to_owned());
    };
    let open = Part {
        version: None,
        date: None,
        compare: None,
        groups: Vec::new(),
    };
    let next = &sections[place];
    match sections.iter().find(|section| section.version.is_none()) {
        // What is not released was written beside it: our part there goes, and what is left goes on into the release's.
        Some(beside) if beside.end == next.heading.start => {
            let ours = marks(text, beside)?.map(|range| (range, String::new()));
            let behind =
                text[next.heading.end..].len() - text[next.heading.end..].trim_start().len();
            let heading = (next.heading.start..next.heading.end + behind, String::new());
            splice(text, ours.into_iter().chain([heading]).collect())
        }
        Some(_) => Ok(text.to_owned()),
        None => splice(text, vec![(next.heading.clone(), heading(&open))]),
    }
}

/// The newest release that the file tells of, if it has no tag and its part is ours.
fn next_of(
    text: &str,
    sections: &[Section],
    last: Option<&Version>,
) -> Result<Option<usize>, EditError> {
    let Some(place) = sections
        .iter()
        .position(|section| section.version.is_some())
    else {
        return Ok(None);
    };
    let is_newer = last.is_none_or(|last| {
        sections[place]
            .version
            .as_ref()
            .is_some_and(|told| told > last)
    });
    Ok((is_newer && marks(text, &sections[place])?.is_some()).then_some(place))
}

/// A part without our comments, for those who only read it.
pub fn without_comments(part: &str) -> String {
    let lines: Vec<_> = part
        .lines()
        .filter(|line| ![BEGIN, super::END].contains(&line.trim()))
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests;
