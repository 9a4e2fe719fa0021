//! Headings of a changelog, outside of code and comments, and which of them are releases'.
//!
//! Both forms of CommonMark are read, `## 1.2.0` and a line with `---` below it. A heading is a release's when it holds one
//! version: `[1.2.0] - 2025-10-25`, `core 1.2.0`, `2025-10-25: v1.2.0`.

use std::ops::Range;

use monorelease_model::version::Version;

use super::Section;

struct Heading<'t> {
    level: usize,
    title: &'t str,
    /// Without the line break behind it.
    span: Range<usize>,
}

/// What Markdown does not read as headings: fenced code and comments of several lines.
#[derive(Default)]
struct Hidden {
    /// The mark that opened the code, and how often it stands there; a closing one is of the same kind, and no shorter.
    fence: Option<(char, usize)>,
    is_comment: bool,
}

impl Hidden {
    /// Whether the line is hidden, or opens or ends what is.
    fn hides(&mut self, line: &str) -> bool {
        let text = line.trim();
        if self.is_comment {
            self.is_comment = !text.contains("-->");
            return true;
        }
        let mark = text.chars().next().filter(|mark| ['`', '~'].contains(mark));
        let length = mark.map_or(0, |mark| text.chars().take_while(|c| *c == mark).count());
        match (self.fence, mark) {
            (Some((open, least)), _) => {
                if mark == Some(open) && length >= least && text.chars().all(|c| c == open) {
                    self.fence = None;
                }
                true
            }
            // Behind its mark a fence of backticks has none; a line with some is code within a line.
            (None, Some(mark)) if length >= 3 && (mark == '~' || !text[length..].contains('`')) => {
                self.fence = Some((mark, length));
                true
            }
            (None, _) => {
                self.is_comment = text.starts_with("<!--") && !text.contains("-->");
                self.is_comment
            }
        }
    }
}

/// The lines that show, each with its place; a hidden one is blank.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut hidden = Hidden::default();
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let shown = if hidden.hides(line) {
            ""
        } else {
            line.trim_end()
        };
        found.push((at, shown));
        at += line.len();
    }
    found
}

fn headings<'t>(lines: &[(usize, &'t str)]) -> Vec<Heading<'t>> {
    let mut found = Vec::new();
    for (number, (start, line)) in lines.iter().enumerate() {
        let text = line.trim_start_matches('\u{feff}');
        if let Some((level, title)) = marked(text) {
            found.push(Heading {
                level,
                title,
                span: *start..start + line.len(),
            });
            continue;
        }
        let below = lines.get(number + 1);
        let is_first = number == 0 || lines[number - 1].1.trim().is_empty();
        let underline = below.and_then(|(_, below)| underline(below));
        if let (Some(level), Some((end, below)), true) =
            (underline, below, is_first && is_plain(text))
        {
            found.push(Heading {
                level,
                title: text.trim(),
                span: *start..end + below.len(),
            });
        }
    }
    found
}

/// `## Title`: its level, and its title.
fn marked(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    let title = title.strip_prefix([' ', '\t'])?;
    (1..=6)
        .contains(&level)
        .then(|| (level, title.trim().trim_end_matches('#').trim()))
}

/// The level of a heading above a line of `===` or `---`.
fn underline(line: &str) -> Option<usize> {
    let line = line.trim();
    let is_all = |mark: char| !line.is_empty() && line.chars().all(|c| c == mark);
    if is_all('=') {
        Some(1)
    } else {
        is_all('-').then_some(2)
    }
}

/// Whether a line is text that an underline makes a heading of: no list, quote or rule.
fn is_plain(line: &str) -> bool {
    !line.trim().is_empty()
        && !line.starts_with(['#', '>', '<', '|', '\t'])
        && !line.starts_with("    ")
        && !is_entry(line)
        && underline(line).is_none()
}

fn is_entry(line: &str) -> bool {
    ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
}

/// Releases, and what is not released, by their headings.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let headings = headings(&lines(text));
    let named: Vec<_> = headings
        .iter()
        .enumerate()
        .map(|(number, heading)| match name(heading) {
            // The first heading of the first level is the file's own, also where it says a version in its words.
            Some(Name::Somewhere(_)) if number == 0 && heading.level == 1 => None,
            name => name,
        })
        .collect();
    let highest = headings
        .iter()
        .zip(&named)
        .filter(|(_, name)| name.is_some())
        .map(|(heading, _)| heading.level)
        .min();
    let mut sections: Vec<Section> = Vec::new();
    for (heading, name) in headings.iter().zip(named) {
        let is_highest = Some(heading.level) == highest;
        let version = match name {
            Some(Name::Unreleased) if heading.level <= 2 => None,
            Some(Name::First(version)) if is_highest || is_release(heading) => Some(version),
            Some(Name::Somewhere(version)) if is_highest => Some(version),
            _ => continue,
        };
        // What is told once more, as in `Upgrading to 1.2.0`, is no second release.
        if version.is_some() && sections.iter().any(|known| known.version == version) {
            continue;
        }
        if let Some(last) = sections.last_mut() {
            last.end = heading.span.start;
        }
        sections.push(Section {
            version,
            heading: heading.span.clone(),
            end: text.len(),
        });
    }
    sections
}

/// Where the first part begins that tells of the past, in a text without recognised releases.
pub(super) fn history(text: &str) -> Option<usize> {
    let lines = lines(text);
    let headings = headings(&lines);
    let is_unreleased = |heading: &&Heading<'_>| matches!(name(heading), Some(Name::Unreleased));
    let part = headings
        .iter()
        .skip(1)
        .filter(|heading| heading.level <= 2 && !is_unreleased(heading))
        .map(|heading| heading.span.start);
    let deeper = headings.iter().filter(|heading| heading.level > 2);
    let entries = lines
        .iter()
        .filter(|(_, line)| is_entry(line))
        .map(|(start, _)| *start)
        .chain(deeper.map(|heading| heading.span.start));
    // Below the heading of what is not released, entries are its own.
    let has_unreleased = headings.iter().any(|heading| is_unreleased(&heading));
    part.chain(entries.filter(|_| !has_unreleased)).min()
}

/// What a heading names.
enum Name {
    Unreleased,
    /// The version is the first word, apart from `Version` and `Release`.
    First(Version),
    Somewhere(Version),
}

/// Whether a heading that begins with a version is a release's on this level also where others stand higher: some tools write
/// patch releases on the third, dated: `### [1.2.1](https://…) (2020-01-01)`.
fn is_release(heading: &Heading<'_>) -> bool {
    let day = heading
        .title
        .strip_suffix(')')
        .and_then(|title| title.rsplit_once(" ("))
        .map_or("", |(_, day)| day);
    heading.level <= 2 || (heading.level == 3 && is_day(day))
}

fn is_day(word: &str) -> bool {
    word.len() == "2020-01-01".len()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

fn name(heading: &Heading<'_>) -> Option<Name> {
    let title = without_addresses(heading.title);
    let mut words = title
        .split(|c: char| c.is_whitespace() || "[](),:*`_\"".contains(c))
        .filter(|word| !word.is_empty());
    let first = words
        .clone()
        .find(|word| !["version", "release"].contains(&word.to_lowercase().as_str()))?;
    if first.eq_ignore_ascii_case("unreleased") {
        return Some(Name::Unreleased);
    }
    if let Some(version) = version_in(first) {
        return Some(Name::First(version));
    }
    let mut found: Vec<Version> = Vec::new();
    for version in words.by_ref().filter_map(version_in) {
        if !found.contains(&version) {
            found.push(version);
        }
    }
    match found.as_slice() {
        [version] => Some(Name::Somewhere(version.clone())),
        _ => None,
    }
}

/// A title without the targets of its links, which name versions of their own.
fn without_addresses(title: &str) -> String {
    let mut kept = String::new();
    let mut rest = title;
    while let Some((before, behind)) = rest.split_once("](") {
        kept.push_str(before);
        kept.push(']');
        rest = behind.split_once(')').map_or("", |(_, rest)| rest);
    }
    kept + rest
}

/// The version that a word is, or ends with behind a name: `1.2.0`, `v1.2.0`, `core-v1.2.0`, `core@1.2.0`, `core/v1.2.0`.
fn version_in(word: &str) -> Option<Version> {
    let parsed = |text: &str| {
        let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
        bare.starts_with(|c: char| c.is_ascii_digit())
            .then(|| Version::parse_semver(bare).ok())
            .flatten()
    };
    let behind = word
        .match_indices(['-', '@', '/'])
        .filter_map(|(at, _)| parsed(&word[at + 1..]));
    parsed(word).or_else(|| behind.into_iter().next())
}
