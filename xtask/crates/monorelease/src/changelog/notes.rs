//! Which changes a changelog tells, under which heading and in which order.

use monorelease_commit_history::message::Change;
use monorelease_commit_history::reverts::Kept;
use monorelease_version_files::changelog::{Entry, Group};

use crate::commits::rules::{BREAKING_HEADING, OTHER_HEADING, ReleaseRules};

/// The groups of a release, as the rules order them: breaking changes first, each change once, newest first. Types without a
/// heading are left out, unless they break something.
pub fn groups(kept: &[Kept<'_>], rules: &ReleaseRules) -> Vec<Group> {
    let mut groups: Vec<_> = rules
        .headings()
        .iter()
        .map(|heading| Group {
            heading: (*heading).to_owned(),
            entries: Vec::new(),
        })
        .collect();
    for kept in kept {
        for change in &kept.changes {
            let heading = heading(change, rules);
            if let Some(group) = groups
                .iter_mut()
                .find(|group| Some(group.heading.as_str()) == heading)
            {
                group.entries.push(entry(change, &kept.commit.id));
            }
        }
    }
    groups.retain(|group| !group.entries.is_empty());
    groups
}

fn heading<'r>(change: &Change, rules: &'r ReleaseRules) -> Option<&'r str> {
    if change.breaking.is_some() {
        return Some(BREAKING_HEADING);
    }
    match change.kind.as_deref().map(|kind| rules.of(kind)) {
        Some(Some(rule)) => rule.heading.as_deref(),
        // A change that nothing tells the meaning of is shown rather than dropped.
        Some(None) | None => Some(OTHER_HEADING),
    }
}

fn entry(change: &Change, commit: &str) -> Entry {
    let breaking = change
        .breaking
        .clone()
        .filter(|text| !text.is_empty() && *text != change.description);
    let scope = change.scope.clone();
    let description = change.description.clone();
    Entry {
        scope,
        description,
        breaking,
        pull_request: change.pull_request,
        commit: change.commit.as_deref().unwrap_or(commit).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::config::parse;
    use monorelease_commit_history::message::Message;
    use monorelease_commit_history::reverts::{ReadCommit, kept};

    fn told(config: &str, messages: &[&str]) -> Vec<String> {
        let rules = ReleaseRules::from_config(&parse(config, "m").unwrap(), "m").unwrap();
        let read = |text: &&str| ReadCommit {
            id: "f".repeat(40),
            message: Rc::new(Message::read(text, &rules)),
        };
        let commits: Vec<_> = messages.iter().rev().map(read).collect();
        let line = |group: Group| {
            format!(
                "{}: {}",
                group.heading,
                group
                    .entries
                    .iter()
                    .map(|it| it.description.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        groups(&kept(&commits, &|_| false), &rules)
            .into_iter()
            .map(line)
            .collect()
    }

    #[test]
    fn breaking_first_then_as_the_rules_order() {
        let messages = [
            "docs: a",
            "fix: b",
            "feat: c",
            "chore!: d",
            "Words",
            "wild: e",
            "fix: f",
            "Merge branch 'x'",
        ];
        assert_eq!(
            told("", &messages),
            [
                "Breaking changes: d",
                "Added: c",
                "Fixed: f, b",
                "Other: e, Words"
            ]
        );
        let config = "[release.types]\nfix = {}\ndocs = { heading = \"Documentation\" }\nwild = { heading = \"Documentation\" }\n";
        assert_eq!(
            told(config, &messages),
            [
                "Breaking changes: d",
                "Fixed: f, b",
                "Documentation: e, a",
                "Added: c",
                "Other: Words"
            ]
        );
        assert_eq!(
            told("", &["docs: a", "feat: x", "Revert \"feat: x\""]),
            [""; 0]
        );
    }

    #[test]
    fn what_breaks_is_told_where_the_footer_says_more() {
        let rules = ReleaseRules::default();
        let entry = |text: &str| entry(&Message::read(text, &rules).changes[0], "c").breaking;
        assert_eq!(entry("feat!: a"), None);
        assert_eq!(entry("feat: a\n\nBREAKING CHANGE: b"), Some("b".into()));
    }
}
