//! CHANGELOG.md in the form of Keep a Changelog. A part between two comments is written; everything else is left untouched.
//!
//! Releases that the file lists stay byte for byte (law 2), so that headings are found by line: parsers of
//! Markdown and of changelogs give sections, not the bytes between them. Which changes there are is decided by the caller.

mod headings;
pub mod release;

use std::ops::Range;

use monorelease_model::markdown::escaped;
use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::{line_at, splice};
use std::fmt::Write as _;

use headings::sections;

/// One release, or what is not released yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `None` for what is not released.
    pub version: Option<Version>,
    /// The day of the release, as `2025-10-25`.
    pub date: Option<String>,
    /// Where the forge compares it with the release before.
    pub compare: Option<String>,
    pub groups: Vec<Group>,
}

/// Entries of one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub heading: String,
    pub entries: Vec<Entry>,
}

/// One change, in the words of its commit: nothing is escaped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub scope: Option<String>,
    pub description: String,
    /// What breaks, where the footer says more than the description.
    pub breaking: Option<String>,
    pub pull_request: Option<u64>,
    /// The whole hash; empty for what no commit of the project tells.
    pub commit: String,
}

pub(super) const BEGIN: &str = "<!-- from commits -->";
pub(super) const END: &str = "<!-- end of commits -->";

/// A release's heading and what follows on it, in bytes.
#[derive(Debug)]
pub(super) struct Section {
    /// `None` for what is not released.
    pub version: Option<Version>,
    pub heading: Range<usize>,
    pub end: usize,
}

/// A part in Markdown, without a line break at its end; `forge` is the repository's address.
pub fn render(part: &Part, forge: Option<&str>) -> String {
    let mut text = heading(part);
    text.push_str(
        &body(part, forge)
            .map(|body| format!("\n\n{body}"))
            .unwrap_or_default(),
    );
    text
}

/// The releases that a changelog tells of.
pub fn releases(text: &str) -> Vec<Version> {
    sections(text)
        .into_iter()
        .filter_map(|section| section.version)
        .collect()
}

/// Whether a changelog tells of what was, in parts of which none is recognised as a release's.
pub fn is_unread(text: &str) -> bool {
    releases(text).is_empty() && headings::history(text).is_some()
}

/// What a changelog says of one release, below its heading.
pub fn part_of<'t>(text: &'t str, version: &Version) -> Option<&'t str> {
    let section = sections(text)
        .into_iter()
        .find(|section| section.version.as_ref() == Some(version))?;
    Some(text[section.heading.end..section.end].trim())
}

/// Writes the unreleased part anew, and the parts of releases that the file does not tell of, newest first. `None` for a text
/// begins a new file. Where no part of the text is a release's, the unreleased one goes above what tells of the past.
///
/// # Errors
/// A comment that begins a part has no end, or there are two.
pub fn updated(
    text: Option<&str>,
    package: &str,
    unreleased: &Part,
    missing: &[Part],
    forge: Option<&str>,
) -> Result<String, EditError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let about = format!(
            "# Changelog\n\nWhat changed in {}, in the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n",
            escaped(package)
        );
        let parts = [unreleased]
            .into_iter()
            .chain(missing)
            .map(|part| format!("\n{}\n", marked(part, forge)));
        return Ok(about + &parts.collect::<String>());
    };
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = |markdown: &str| markdown.replace('\n', line_end);
    let sections = sections(text);
    let mut edits = Vec::new();
    let mut missing_parts: String = missing
        .iter()
        .map(|part| format!("{}\n\n", marked(part, forge)))
        .collect();
    match sections.iter().find(|section| section.version.is_none()) {
        Some(section) => {
            edits.push((section.heading.clone(), heading(unreleased)));
            let block = block(unreleased, forge);
            match marks(text, section)? {
                // The blank line above a part goes with it, so that none is left over when there is nothing to tell.
                Some(found) => edits.push((
                    found,
                    block
                        .map(|block| format!("\n\n{block}"))
                        .unwrap_or_default(),
                )),
                None => edits.extend(block.map(|block| {
                    (
                        section.heading.end..section.heading.end,
                        format!("\n\n{block}"),
                    )
                })),
            }
            if section.end == text.len() && !missing_parts.is_empty() {
                missing_parts = format!(
                    "{}{}\n",
                    gap_before(text, text.len()),
                    missing_parts.trim_end()
                );
            }
            edits.push((section.end..section.end, missing_parts));
        }
        None => {
            let at = sections
                .first()
                .map(|section| section.heading.start)
                .or_else(|| headings::history(text))
                .unwrap_or(text.len());
            let whole = format!("{}\n\n{missing_parts}", marked(unreleased, forge));
            let whole = if at == text.len() {
                format!("{}{}\n", gap_before(text, at), whole.trim_end())
            } else {
                whole
            };
            edits.push((at..at, whole));
        }
    }
    edits.retain(|(span, new)| !span.is_empty() || !new.is_empty());
    splice(
        text,
        edits
            .into_iter()
            .map(|(span, new)| (span, lines(&new)))
            .collect(),
    )
}

/// What has to stand between a text and a heading behind it.
fn gap_before(text: &str, at: usize) -> &'static str {
    let before = text[..at].replace("\r\n", "\n");
    match (before.ends_with("\n\n"), before.ends_with('\n')) {
        (true, _) => "",
        (_, true) => "\n",
        _ => "\n\n",
    }
}

/// Where the part between the comments stands, with the blank lines above it.
pub(super) fn marks(text: &str, section: &Section) -> Result<Option<Range<usize>>, EditError> {
    let body = &text[section.heading.end..section.end];
    let line = |at: usize| line_at(text, section.heading.end + at);
    // On a line of their own: a commit may speak of them.
    let stands = |comment: &str| -> Vec<_> {
        body.match_indices(comment)
            .filter(|(at, _)| body[..*at].ends_with('\n'))
            .collect()
    };
    let begins = stands(BEGIN);
    let ends = stands(END);
    match (begins.as_slice(), ends.as_slice()) {
        ([], []) => Ok(None),
        ([(begin, _)], [(end, _)]) if begin < end => {
            let start = body[..*begin].trim_end().len();
            Ok(Some(
                section.heading.end + start..section.heading.end + end + END.len(),
            ))
        }
        ([], [(at, _), ..]) | ([(at, _)], _) => Err(EditError::unreadable(
            "the unreleased part",
            format!("{BEGIN} and {END} do not pair"),
            line(*at),
        )),
        ([_, (at, _), ..], _) => Err(EditError::unreadable(
            "the unreleased part",
            format!("{BEGIN} stands there twice"),
            line(*at),
        )),
    }
}

pub(super) fn heading(part: &Part) -> String {
    let name = part
        .version
        .as_ref()
        .map_or_else(|| "Unreleased".to_owned(), Version::to_semver);
    let link = part
        .compare
        .as_ref()
        .map(|address| format!("({address})"))
        .unwrap_or_default();
    let date = part
        .date
        .as_ref()
        .map(|date| format!(" - {date}"))
        .unwrap_or_default();
    format!("## [{name}]{link}{date}")
}

/// A part that a later run may write anew; of one without changes, the heading.
fn marked(part: &Part, forge: Option<&str>) -> String {
    let block = if part.version.is_some() {
        body(part, forge)
    } else {
        block(part, forge)
    };
    format!(
        "{}{}",
        heading(part),
        block
            .map(|block| format!("\n\n{block}"))
            .unwrap_or_default()
    )
}

fn block(part: &Part, forge: Option<&str>) -> Option<String> {
    body(part, forge).map(|body| format!("{BEGIN}\n\n{body}\n\n{END}"))
}

fn body(part: &Part, forge: Option<&str>) -> Option<String> {
    let group = |group: &Group| {
        let entries: Vec<_> = group
            .entries
            .iter()
            .map(|entry| line(entry, forge))
            .collect();
        format!("### {}\n\n{}", escaped(&group.heading), entries.join("\n"))
    };
    (!part.groups.is_empty()).then(|| {
        part.groups
            .iter()
            .map(group)
            .collect::<Vec<_>>()
            .join("\n\n")
    })
}

fn line(entry: &Entry, forge: Option<&str>) -> String {
    let mut line = String::from("- ");
    if let Some(scope) = &entry.scope {
        let _ = write!(line, "**{}:** ", escaped(scope));
    }
    line.push_str(&escaped(&entry.description));
    if let Some(breaking) = &entry.breaking {
        let _ = write!(line, ": {}", escaped(breaking));
    }
    // What no commit of the project tells.
    if entry.commit.is_empty() {
        return line;
    }
    let commit = entry.commit.get(..7).unwrap_or(&entry.commit);
    let _ = match (forge, entry.pull_request) {
        (Some(forge), Some(number)) => write!(
            line,
            " ([#{number}]({forge}/pull/{number}), [{commit}]({forge}/commit/{}))",
            entry.commit
        ),
        (Some(forge), None) => write!(line, " ([{commit}]({forge}/commit/{}))", entry.commit),
        (None, Some(number)) => write!(line, " (#{number}, {commit})"),
        (None, None) => write!(line, " ({commit})"),
    };
    line
}

#[cfg(test)]
mod tests;
