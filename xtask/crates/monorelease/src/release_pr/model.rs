//! The release pull request: the commit that it brings, the steps that keep it, and the words of its title and body.
//!
//! Whatever is known of it stands in the repository and in the request itself: no label, no file and no memory of ours.

use crate::config::{Config, nearest};
use crate::fault::Fault;
use crate::text::cut;

/// The forge takes no longer body, and no longer title, in characters.
pub const BODY_CHARS_MAX: usize = 65_536;
pub const TITLE_CHARS_MAX: usize = 256;

/// What the last line of our commits begins with; behind it stands the tree, so that what was amended is no longer ours.
const TRAILER: &str = "Release-Tree: ";
/// The same on the branch of a delivery, among its other trailers.
const DELIVERY_TRAILER: &str = "Xtask-Tree: ";

/// Placeholders of titles and bodies.
const IN_TITLE: [&str; 2] = ["releases", "count"];
const IN_BODY: [&str; 4] = ["releases", "count", "table", "notes"];

/// A commit on one parent, as a pure function of what stands here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCommit {
    pub parent: String,
    pub message: String,
    /// Paths from the root, each with its whole text.
    pub files: Vec<(String, String)>,
}

impl ReleaseCommit {
    /// The message with the line by which we know our own commits again.
    pub fn message_of(&self, tree: &str) -> String {
        format!("{}\n\n{TRAILER}{tree}\n", self.message.trim_end())
    }
}

/// Whether a commit was made by us and by nobody changed since.
pub fn is_ours(message: &str, tree: &str, parents: usize) -> bool {
    let last = message.trim_end().lines().next_back();
    let said = last.and_then(|line| {
        line.strip_prefix(TRAILER)
            .or_else(|| line.strip_prefix(DELIVERY_TRAILER))
    });
    said == Some(tree) && parents == 1
}

/// The message of a delivery, which ends with trailers, with one more by which we know our own commit on its branch again.
pub fn delivery_message_of(message: &str, tree: &str) -> String {
    format!("{}\n{DELIVERY_TRAILER}{tree}\n", message.trim_end())
}

/// How the pull request is called, and where it comes from: `[release] branch`, `title` and `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRules {
    pub branch: String,
    title: String,
    body: String,
}

impl Default for PullRules {
    fn default() -> Self {
        let body = "Merging this releases:\n\n{table}\n\n{notes}\n\nWritten by `cargo xtask release-pr`, which writes it anew \
                    when the branch behind it moves: a commit that somebody else pushes here stops it.";
        Self {
            branch: "release/next".to_owned(),
            title: "chore(release): {releases}".to_owned(),
            body: body.to_owned(),
        }
    }
}

impl PullRules {
    /// Joins the configuration's keys to the usual ones.
    ///
    /// # Errors
    /// A branch that git could not have or that is the one to release from, or a placeholder that is none.
    pub fn from_config(config: &Config, file: &str) -> Result<Self, Fault> {
        let keys = &config.release;
        let wrong = |what: String| {
            Fault::usage(format!("{file}: release.{what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let usual = Self::default();
        let branch = keys.branch.clone().unwrap_or(usual.branch);
        if !is_branch(&branch) {
            return Err(wrong(format!(
                "branch is {branch:?}, which git takes for no branch; wanted one like \"release/next\""
            )));
        }
        if branch == config.repository.branch {
            return Err(wrong(format!(
                "branch is {branch:?}, as repository.branch is; the pull request needs a branch of its own"
            )));
        }
        let template = |key: &str, given: &Option<String>, usual: String, known: &[&str]| {
            let text = given.clone().unwrap_or(usual);
            match unknown_placeholder(&text, known) {
                None => Ok(text),
                Some(word) => {
                    let guess = nearest(word, known.iter().copied())
                        .map(|guess| format!("; did you mean {{{guess}}}?"))
                        .unwrap_or_default();
                    let known = known
                        .iter()
                        .map(|name| format!("{{{name}}}"))
                        .collect::<Vec<_>>()
                        .join(", ");
                    Err(wrong(format!(
                        "{key} holds {{{word}}}, wanted one of {known}{guess}"
                    )))
                }
            }
        };
        let title = template("title", &keys.title, usual.title, &IN_TITLE)?;
        if title.trim().is_empty() || title.contains(['\n', '\r']) {
            return Err(wrong(format!("title is {title:?}; wanted one line")));
        }
        Ok(Self {
            branch,
            title,
            body: template("body", &keys.body, usual.body, &IN_BODY)?,
        })
    }

    /// The title for these releases, such as `core 0.2.0`; it is also the commit's first line.
    pub fn title(&self, releases: &[String]) -> String {
        let named = named(releases);
        let count = releases.len().to_string();
        let title = filled(&self.title, &[("releases", &named), ("count", &count)]);
        cut(&title, TITLE_CHARS_MAX, "…")
    }

    /// The body; a table and notes that make it longer than the forge takes are cut, and the body says so.
    pub fn body(&self, releases: &[String], table: &str, notes: &str) -> String {
        let named = named(releases);
        let count = releases.len().to_string();
        let values = [
            ("releases", named.as_str()),
            ("count", count.as_str()),
            ("table", table),
            ("notes", notes),
        ];
        let body = filled(&self.body, &values);
        // What a fold leaves open would swallow the sentence.
        cut(
            &body,
            BODY_CHARS_MAX,
            "\n\n</details>\n\nThe rest is cut: the forge takes 65,536 characters. The whole of it stands in the changelogs.",
        )
    }
}

/// The releases in a line, as long as that stays a line.
fn named(releases: &[String]) -> String {
    let line = releases.join(", ");
    if releases.len() > 1 && line.chars().count() > 60 {
        format!("{} packages", releases.len())
    } else {
        line
    }
}

/// Puts each value in the place of its name, once: what a value holds is no placeholder.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let found = after.split_once('}').and_then(|(word, behind)| {
            Some((values.iter().find(|(name, _)| *name == word)?.1, behind))
        });
        match found {
            Some((value, behind)) => {
                text.push_str(value);
                rest = behind;
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text + rest
}

/// A word in braces that is no name; braces around anything else are text.
fn unknown_placeholder<'t>(template: &'t str, known: &[&str]) -> Option<&'t str> {
    let words = template
        .split('{')
        .skip(1)
        .filter_map(|part| Some(part.split_once('}')?.0));
    let is_word = |word: &&str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-' || c == '_')
    };
    words.filter(is_word).find(|word| !known.contains(word))
}

/// Whether a name is `owner/name`, as the forge calls a repository.
pub fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.chars().all(|c| c == '.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    name.split_once('/')
        .is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

/// What git and a command line take for a branch (git-check-ref-format).
pub fn is_branch(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with(".lock")
            && !part.ends_with('.')
    };
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+@=".contains(c);
    name.split('/').all(is_part)
        && name.chars().all(is_plain)
        && !name.contains("..")
        && !name.starts_with('-')
        && name != "@"
        && name != "HEAD"
}

#[cfg(test)]
mod tests;
