//! What the commits of delivery repositories say: their messages, written for people and for `rollback`, and read again.

use monorelease_model::image::Digest;

use super::{Action, Deliver, ReleaseImages, Said};

/// A message names at most so many files; the commit itself has them all.
const FILES_SHOWN: usize = 20;

/// One reference that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub file: String,
    pub key: String,
    pub from: String,
    pub to: String,
}

/// What a commit of ours says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub commit: String,
    pub seconds: i64,
    pub action: String,
    pub project: String,
    pub environment: String,
    pub from: Vec<Said>,
    pub to: Option<Said>,
}

impl Record {
    pub fn is_of(&self, project: &str, environment: &str) -> bool {
        self.project == project && self.environment == environment
    }
}

/// The message of a delivery's commit: a subject, the changes, and trailers for machines.
pub fn message(delivery: &Deliver, changes: &[Change]) -> String {
    let text = format!(
        "{}\n{}{}",
        subject(delivery),
        told(changes),
        barred(delivery)
            .map(|text| format!("\n{text}\n"))
            .unwrap_or_default()
    );
    format!("{text}\n{}", trailers(delivery))
}

/// The first line of a delivery's commit.
pub fn subject(delivery: &Deliver) -> String {
    let Deliver {
        project,
        environment,
        ..
    } = delivery;
    let version = delivery
        .images
        .as_ref()
        .map(ReleaseImages::name)
        .unwrap_or_default();
    match &delivery.action {
        Action::Promote => format!("chore({environment}): {project} {version}"),
        Action::Rollback { .. } => format!("revert({environment}): {project} back to {version}"),
        Action::Unbar { .. } => format!("chore({environment}): bar {project} no longer"),
    }
}

/// What changes, as many lines as a person reads; begins with an empty one.
pub fn told(changes: &[Change]) -> String {
    let mut text = String::new();
    for (place, change) in changes.iter().take(FILES_SHOWN).enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        text.push_str(&format!(
            "{gap}{} {}\n  {} → {}\n",
            change.file, change.key, change.from, change.to
        ));
    }
    if changes.len() > FILES_SHOWN {
        text.push_str(&format!("and {} more\n", changes.len() - FILES_SHOWN));
    }
    text
}

/// What a rollback bars, in a line.
pub fn barred(delivery: &Deliver) -> Option<String> {
    let Action::Rollback { bad, version, why } = &delivery.action else {
        return None;
    };
    let name = if version.is_empty() {
        "what ran before"
    } else {
        version
    };
    let why = one_line(why);
    let why = if why.is_empty() {
        why
    } else {
        format!(": {why}")
    };
    Some(format!("{name} ({bad}) is barred{why}"))
}

/// What `rollback` reads again, each in a line of its own.
pub fn trailers(delivery: &Deliver) -> String {
    let Deliver {
        project,
        environment,
        ..
    } = delivery;
    let mut text = format!(
        "Xtask-Project: {project}\nXtask-Environment: {environment}\nXtask-Action: {}\n",
        delivery.action.word()
    );
    delivery
        .from
        .iter()
        .for_each(|said| text.push_str(&format!("Xtask-From: {said}\n")));
    if let Some(images) = &delivery.images {
        text.push_str(&format!("Xtask-To: {}\n", Said::of(images)));
    }
    if let Action::Unbar { digests } = &delivery.action {
        digests
            .iter()
            .for_each(|digest| text.push_str(&format!("Xtask-Unbarred: {digest}\n")));
    }
    text
}

/// The message of the ledger's commit that a check passed. Its action is none that changes what runs.
pub fn passed_message(of: &Deliver, word: &str) -> String {
    let Deliver {
        project,
        environment,
        ..
    } = of;
    let images = of.images.as_ref();
    let name = images
        .map(|images| images.name().to_owned())
        .unwrap_or_default();
    let to = images
        .map(|images| format!("Xtask-To: {}\n", Said::of(images)))
        .unwrap_or_default();
    format!(
        "chore({environment}): {project} {name} passed {word}\n\nXtask-Project: {project}\nXtask-Environment: {environment}\nXtask-Action: \
         passed\nXtask-Passed: {word}\n{to}"
    )
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads a commit's message: what it says of each project, and nothing of one that is not ours. The trailers are its last paragraph,
/// to which a forge may have added some of its own.
pub fn records(commit: &str, seconds: i64, message: &str) -> Vec<Record> {
    let trailers = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let mut groups: Vec<String> = Vec::new();
    for line in trailers.lines() {
        match groups
            .last_mut()
            .filter(|_| !line.starts_with("Xtask-Project: "))
        {
            Some(group) => group.push_str(&format!("\n{line}")),
            None => groups.push(line.to_owned()),
        }
    }
    groups
        .iter()
        .filter_map(|group| record(commit, seconds, group))
        .collect()
}

/// What a group of trailers says of one project.
pub fn record(commit: &str, seconds: i64, message: &str) -> Option<Record> {
    let trailers = message.trim_end().rsplit("\n\n").next()?;
    let all = |key: &str| {
        let lines = trailers
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(name, _)| *name == key);
        lines
            .map(|(_, value)| value.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let one = |key: &str| all(key).into_iter().next();
    Some(Record {
        commit: commit.to_owned(),
        seconds,
        action: one("Xtask-Action")?,
        project: one("Xtask-Project")?,
        environment: one("Xtask-Environment")?,
        from: all("Xtask-From").iter().map(|value| said(value)).collect(),
        to: one("Xtask-To").map(|value| said(&value)),
    })
}

fn said(value: &str) -> Said {
    let (version, digest) = value.split_once(' ').unwrap_or((value, ""));
    Said {
        version: Some(version)
            .filter(|version| *version != "-")
            .map(str::to_owned),
        digest: digest.parse().ok(),
    }
}

/// What a rollback without a version comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// This stood there before.
    Stood(Said),
    /// What stands there came by a rollback, and nothing was promoted since: the rollback is done.
    RolledBack { commit: String },
    /// The records do not tell, and why.
    Unknown(String),
    /// More of the history has to be read.
    More,
}

/// What stood in an environment before what stands there now: told by the newest promotion that brought it. What is barred
/// is passed over, and what stood before that is taken.
///
/// `records` are of one project and environment, newest first; `is_whole` tells that there are no older ones.
pub fn before(
    records: &[Record],
    now: &Said,
    is_whole: bool,
    is_barred: &dyn Fn(&Digest) -> bool,
) -> Before {
    let came = |record: &&Record| record.action != "unbar";
    let newest = records.iter().find(came);
    match newest {
        Some(record)
            if record.action == "rollback"
                && record.to.as_ref().is_some_and(|to| to.agrees(now)) =>
        {
            return Before::RolledBack {
                commit: record.commit.clone(),
            };
        }
        Some(record) if !record.to.as_ref().is_some_and(|to| to.agrees(now)) => {
            return Before::Unknown(
                "the pins were changed by hand since the last promotion".to_owned(),
            );
        }
        None if !is_whole => return Before::More,
        None => return Before::Unknown("no promotion is in the history".to_owned()),
        Some(_) => {}
    }
    let mut now = now.clone();
    for record in records.iter().filter(|record| record.action == "promote") {
        if !record.to.as_ref().is_some_and(|to| to.agrees(&now)) {
            continue;
        }
        match record.from.as_slice() {
            [one] if one.agrees(&now) => {}
            [one] if one.digest.as_ref().is_some_and(is_barred) => now = one.clone(),
            [one] => return Before::Stood(one.clone()),
            [] => return Before::Unknown("nothing stood there before".to_owned()),
            several => {
                let several = several
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ");
                return Before::Unknown(format!("several stood there before: {several}"));
            }
        }
    }
    if is_whole {
        Before::Unknown(
            "everything that stood there before is barred or not in the history".to_owned(),
        )
    } else {
        Before::More
    }
}

#[cfg(test)]
mod tests;
