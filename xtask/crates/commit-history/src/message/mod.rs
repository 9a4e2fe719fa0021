//! Commit messages, as what they say was changed: conventional headers, squashed lists, footers, reverts, merges.
//!
//! Headers are read by `git-conventional`, one line at a time; which lines of a body count is decided here, in one pass, however
//! long a message is. Nothing here knows projects, tags or levels.

mod lines;

use std::collections::HashSet;

use lines::{Lines, append, hashes, stated_revert, without_pull_request};

/// The types of commits that are known, in lower case.
pub trait KnownTypes {
    fn knows(&self, kind: &str) -> bool;
}

/// A commit message, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line, without the number of a pull request.
    pub subject: String,
    pub changes: Vec<Change>,
    /// What a `Release-As` footer says, the last of several; not held to be a version.
    pub release_as: Option<String>,
    /// Whether the first line is one that git or a forge writes over a merge.
    pub is_merge: bool,
    /// The pull request that a merge's first line names.
    pub pull_request: Option<u64>,
}

/// One thing that a commit changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The type, in lower case; `None` for what has no conventional form.
    pub kind: Option<String>,
    pub scope: Option<String>,
    /// One line, without the number of a pull request.
    pub description: String,
    /// What breaks: the footer's text, or the description.
    pub breaking: Option<String>,
    /// What it takes back; a title counts where no hash does.
    pub reverts: Vec<Reverted>,
    pub pull_request: Option<u64>,
    /// The commit that said it, where that is not the one it is told of: a merge brought it in.
    pub commit: Option<String>,
}

/// How a revert names what it takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reverted {
    /// A hash, maybe the beginning of one.
    Commit(String),
    PullRequest(u64),
    /// A commit's first line, without the number of a pull request.
    Title(String),
}

impl Change {
    /// Whether it has the conventional form, or says what breaks.
    fn has_form(&self) -> bool {
        self.kind.is_some() || self.breaking.is_some()
    }

    /// The header as one would write it: `feat(api)!: add x`.
    pub fn header(&self) -> String {
        let Some(kind) = &self.kind else {
            return self.description.clone();
        };
        let scope = self
            .scope
            .as_ref()
            .map(|scope| format!("({scope})"))
            .unwrap_or_default();
        let mark = if self.breaking.is_some() { "!" } else { "" };
        format!("{kind}{scope}{mark}: {}", self.description)
    }
}

/// The parts of a conventional header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// As it is written.
    pub kind: String,
    pub scope: Option<String>,
    pub is_breaking: bool,
    pub description: String,
}

/// Reads one line as a conventional header; a type may be any word.
pub fn header(line: &str) -> Option<Header> {
    let commit = git_conventional::Commit::parse(line).ok()?;
    let description = commit.description().trim();
    let kind = commit.type_().as_str().to_owned();
    let scope = commit.scope().map(|scope| scope.as_str().to_owned());
    (!description.is_empty()).then(|| Header {
        kind,
        scope,
        is_breaking: commit.breaking(),
        description: description.to_owned(),
    })
}

/// The change that a title tells, whatever its form; `None` for a blank line.
fn titled(line: &str) -> Option<Change> {
    let (title, pull_request) = without_pull_request(line.trim());
    if title.is_empty() {
        return None;
    }
    if let Some(quoted) = stated_revert(title) {
        let (quoted, _) = without_pull_request(quoted);
        // What git titles `Reapply` takes back the revert, not the change.
        let is_again = title.starts_with("Reapply");
        let reverts = vec![Reverted::Title(if is_again {
            format!("Revert \"{quoted}\"")
        } else {
            quoted.to_owned()
        })];
        return Some(Change {
            kind: Some("revert".into()),
            description: quoted.to_owned(),
            reverts,
            pull_request,
            ..Change::default()
        });
    }
    let Some(found) = header(title) else {
        // Somebody who writes the footer's words first means them.
        let breaking = title
            .strip_prefix("BREAKING CHANGE: ")
            .or_else(|| title.strip_prefix("BREAKING-CHANGE: "));
        let description = breaking.unwrap_or(title).to_owned();
        let breaking = breaking.map(str::to_owned);
        return Some(Change {
            description,
            breaking,
            pull_request,
            ..Change::default()
        });
    };
    let kind = found.kind.to_lowercase();
    if kind == "breaking-change" {
        return Some(Change {
            breaking: Some(found.description.clone()),
            description: found.description,
            pull_request,
            ..Change::default()
        });
    }
    let reverts = match kind.as_str() {
        "revert" => {
            vec![Reverted::Title(
                without_pull_request(
                    stated_revert(&found.description).unwrap_or(&found.description),
                )
                .0
                .to_owned(),
            )]
        }
        _ => Vec::new(),
    };
    let breaking = found.is_breaking.then(|| found.description.clone());
    Some(Change {
        kind: Some(kind),
        scope: found.scope,
        description: found.description,
        breaking,
        reverts,
        pull_request,
        commit: None,
    })
}

/// What a merge's own first line tells.
struct Merge<'m> {
    pull_request: Option<u64>,
    /// Forges that write the title there.
    title: Option<&'m str>,
    /// Forges that write the title into the next line.
    is_title_next: bool,
}

fn merge(subject: &str) -> Option<Merge<'_>> {
    let number = |text: &str| {
        text.split(|c: char| !c.is_ascii_digit())
            .next()
            .and_then(|digits| digits.parse().ok())
    };
    if let Some(rest) = subject.strip_prefix("Merge pull request #") {
        return Some(Merge {
            pull_request: number(rest),
            title: None,
            is_title_next: true,
        });
    }
    if let Some((number, title)) = ["Merged PR ", "Pull request #"]
        .iter()
        .find_map(|prefix| subject.strip_prefix(prefix)?.split_once(": "))
    {
        return number.parse().ok().map(|number| Merge {
            pull_request: Some(number),
            title: Some(title),
            is_title_next: false,
        });
    }
    if let (true, Some((_, rest))) = (
        subject.starts_with("Merged in "),
        subject.split_once("(pull request #"),
    ) {
        return Some(Merge {
            pull_request: number(rest),
            title: None,
            is_title_next: true,
        });
    }
    let own = [
        "branch '",
        "branches '",
        "remote-tracking branch",
        "tag '",
        "commit '",
        "commits '",
    ];
    let is_own = subject
        .strip_prefix("Merge ")
        .is_some_and(|rest| own.iter().any(|word| rest.starts_with(word)));
    is_own.then_some(Merge {
        pull_request: None,
        title: None,
        is_title_next: false,
    })
}

/// The line of a message that tells what changed: its first, or what forges write behind or below the words of a merge. `None`
/// where there are only those words, or nothing.
pub fn title(text: &str) -> Option<&str> {
    let mut lines = Lines::of(text);
    let subject = lines.title()?;
    title_of(merge(subject).as_ref(), subject, &mut lines)
}

fn title_of<'t>(
    merge: Option<&Merge<'t>>,
    subject: &'t str,
    lines: &mut Lines<'t>,
) -> Option<&'t str> {
    match merge {
        Some(merge) if merge.is_title_next => lines.title(),
        Some(merge) => merge.title,
        None => Some(subject),
    }
}

/// What release-please's users write into a pull request to be read in place of the message.
fn overridden(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("BEGIN_COMMIT_OVERRIDE")?;
    let (block, _) = rest.split_once("END_COMMIT_OVERRIDE")?;
    Some(block.trim()).filter(|block| !block.is_empty())
}

/// A title as reverts are matched by it: without numbers of pull requests, wherever they stand.
pub fn title_key(title: &str) -> String {
    let mut parts = title.split(" (#");
    let mut key = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                key.push_str(rest)
            }
            _ => key.extend([" (#", part]),
        }
    }
    key
}

impl Message {
    /// Reads a message. Lines of the body count when they have a conventional header of a known type, in a list or on their own.
    pub fn read(text: &str, types: &dyn KnownTypes) -> Self {
        let mut lines = Lines::of(text);
        let subject = lines.title().unwrap_or_default();
        let merge = merge(subject);
        let mut message = Self {
            subject: without_pull_request(subject).0.to_owned(),
            ..Self::default()
        };
        let title = title_of(merge.as_ref(), subject, &mut lines);
        // As long as it has to be: nearly every message has one.
        match overridden(text) {
            Some(block) => {
                let Self {
                    changes,
                    release_as,
                    ..
                } = Self::read(block, types);
                let number = without_pull_request(subject).1;
                message.changes = changes;
                message.release_as = release_as;
                message
                    .changes
                    .iter_mut()
                    .for_each(|change| change.pull_request = change.pull_request.or(number));
            }
            None => {
                message.changes = title.and_then(titled).into_iter().collect();
                message.read_body(lines, types);
            }
        }
        message.is_merge = merge.is_some();
        message.pull_request = merge.and_then(|merge| merge.pull_request);
        let pull_request = message
            .pull_request
            .or_else(|| message.changes.first()?.pull_request);
        for change in &mut message.changes {
            change.pull_request = change.pull_request.or(pull_request);
        }
        // A squash of commits that have the form has it, whatever its title is.
        if message.is_conventional() {
            message.changes.retain(Change::has_form);
        }
        message
    }

    /// Whether any change has the conventional form.
    pub fn is_conventional(&self) -> bool {
        self.changes.iter().any(Change::has_form)
    }

    /// Adds what a commit says that a merge brought in; commits come in from old to new.
    pub fn bring(&mut self, commit: &str, brought: &Self) {
        self.changes
            .extend(brought.changes.iter().map(|change| Change {
                commit: Some(commit.to_owned()),
                ..change.clone()
            }));
        self.release_as = brought
            .release_as
            .clone()
            .or_else(|| self.release_as.take());
    }

    /// The message of a merge with the changes that it brought in, in place of its own.
    pub fn with_brought(&self, brought: Self) -> Self {
        let mut changes = brought.changes;
        for change in &mut changes {
            change.pull_request = change.pull_request.or(self.pull_request);
        }
        let release_as = self.release_as.clone().or(brought.release_as);
        Self {
            changes,
            release_as,
            ..self.clone()
        }
    }

    fn read_body(&mut self, lines: Lines<'_>, types: &dyn KnownTypes) {
        // The text of a footer goes on until another footer; whether the line before was blank.
        let mut open = None;
        // The change that a footer has told what breaks of; a change may have several.
        let mut told_breaking = None;
        // A squash tells its title twice; most messages are none, and need no table.
        let mut told: Option<HashSet<String>> = None;
        for line in lines {
            let was_open = open.take();
            if was_open.is_some() && line.text.is_empty() {
                open = Some(true);
                continue;
            }
            if was_open.is_none() && !line.may_count() {
                continue;
            }
            if let Some(text) = line.breaking() {
                self.last();
                let place = self.changes.len() - 1;
                let known = told_breaking.replace(place) == Some(place);
                let breaking = self.changes[place].breaking.get_or_insert_default();
                if !known {
                    breaking.clear();
                }
                append(breaking, text, true);
                open = Some(false);
            } else if let Some(version) = line.footer("release-as") {
                self.release_as = Some(version.strip_prefix('v').unwrap_or(version).to_owned());
            } else if let Some(rest) = line.text.strip_prefix("This reverts commit") {
                let found: Vec<_> = hashes(rest).map(Reverted::Commit).collect();
                self.last().reverts.extend(found);
            } else if let Some(change) = line
                .header(types)
                .and_then(titled)
                .filter(|change| change.kind.is_some())
            {
                if told
                    .get_or_insert_with(|| self.changes.iter().map(Change::header).collect())
                    .insert(change.header())
                {
                    self.changes.push(change);
                }
            } else if let Some(change) = self.changes.last_mut() {
                if change.kind.as_deref() == Some("revert") {
                    let refs = line
                        .footer("refs")
                        .into_iter()
                        .flat_map(hashes)
                        .map(Reverted::Commit);
                    change.reverts.extend(
                        refs.chain(line.reverted_pull_request().map(Reverted::PullRequest)),
                    );
                }
                if let (Some(is_behind_blank), Some(breaking)) = (was_open, &mut change.breaking)
                    && line.continues(breaking, is_behind_blank)
                {
                    line.append_to(breaking);
                    open = Some(false);
                }
            }
        }
    }

    /// The change that a footer is of: the last one above it.
    fn last(&mut self) -> &mut Change {
        if self.changes.is_empty() {
            let description = self.subject.clone();
            self.changes.push(Change {
                description,
                ..Change::default()
            });
        }
        let last = self.changes.len() - 1;
        &mut self.changes[last]
    }
}
