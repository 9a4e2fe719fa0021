//! What a release pull request says of its projects, in Markdown: a table, and the notes of each.
//!
//! Words of commits are escaped. Notes stand in folds: a squash merge may copy them into a commit's message, where what is
//! folded away counts as nobody's change.

use monorelease_model::markdown::escaped;
use monorelease_version_files::changelog;
use monorelease_version_files::changelog::Part;

/// The most reasons that a row of the table names.
const REASONS_MAX: usize = 5;

/// One project of a release.
#[derive(Debug, Clone)]
pub struct Row {
    pub package: String,
    pub from: String,
    pub to: String,
    pub why: Vec<String>,
    pub part: Part,
    /// What the changelog will say of the release, words written by hand among it; without one the part alone is told.
    pub told: Option<String>,
}

/// Which project goes from where to where, and why.
pub fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let mut why: Vec<_> = row
            .why
            .iter()
            .take(REASONS_MAX)
            .map(|reason| cell(reason))
            .collect();
        if row.why.len() > REASONS_MAX {
            why.push(format!("and {} more", row.why.len() - REASONS_MAX));
        }
        let from = if row.from == row.to {
            ""
        } else {
            row.from.as_str()
        };
        format!(
            "| {} | {from} | {} | {} |\n",
            cell(&row.package),
            row.to,
            why.join("<br>")
        )
    });
    let head = "| package | from | to | why |\n|---|---|---|---|\n".to_owned();
    (head + &lines.collect::<String>()).trim_end().to_owned()
}

/// What each release brings; `forge` is the repository's address.
pub fn notes(rows: &[Row], forge: Option<&str>) -> String {
    let note = |row: &Row| {
        let part = row.told.clone().unwrap_or_else(|| {
            let part = changelog::render(&row.part, forge);
            part.split_once('\n')
                .map(|(_, body)| body.to_owned())
                .unwrap_or_default()
        });
        let body = part.as_str();
        let body = if body.trim().is_empty() {
            "Nothing that a changelog lists."
        } else {
            body.trim()
        };
        let title = format!("{} {}", row.package, row.to)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        format!("<details open><summary>{title}</summary>\n\n{body}\n\n</details>")
    };
    rows.iter().map(note).collect::<Vec<_>>().join("\n\n")
}

/// A text as a cell, which a bar would end, be it in code or not.
fn cell(text: &str) -> String {
    escaped(text).replace("\\|", "|").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commits::rules::ReleaseRules;
    use monorelease_commit_history::message::Message;
    use monorelease_version_files::changelog::{Entry, Group};

    fn row(why: &[&str]) -> Row {
        let entry = Entry {
            scope: None,
            description: "feat: what was taken back".into(),
            breaking: None,
            pull_request: None,
            commit: "abcdef0123456789".into(),
        };
        let groups = vec![Group {
            heading: "Reverted".into(),
            entries: vec![entry],
        }];
        Row {
            package: "api".into(),
            from: "0.1.0".into(),
            to: "0.2.0".into(),
            why: why.iter().map(|&why| why.to_owned()).collect(),
            part: Part {
                version: None,
                date: None,
                compare: None,
                groups,
            },
            told: None,
        }
    }

    #[test]
    fn words_of_commits_cannot_break_the_table() {
        let table = table(&[row(&["feat: a | b <b> @you (abc1234)", "fix: `x|y`"])]);
        let last = table.lines().last().unwrap();
        assert_eq!(last.replace("\\|", "").matches('|').count(), 5, "{last}");
        assert!(
            last.contains("`@you`")
                && last.contains("\\<b>")
                && last.starts_with("| api | 0.1.0 | 0.2.0 | feat: a "),
            "{last}"
        );
        assert_eq!(table.lines().count(), 3);
    }

    #[test]
    fn many_reasons_are_counted() {
        let table = table(&[row(&["a", "b", "c", "d", "e", "f", "g"])]);
        assert!(
            table.ends_with("| a<br>b<br>c<br>d<br>e<br>and 2 more |"),
            "{table}"
        );
    }

    #[test]
    fn a_squash_that_copies_the_body_tells_no_change_twice() {
        let rows = [row(&["feat: x (abc1234)"])];
        let message = format!(
            "chore(release): api 0.2.0 (#7)\n\nMerging this releases:\n\n{}\n\n{}\n",
            table(&rows),
            notes(&rows, None)
        );
        let read = Message::read(&message, &ReleaseRules::default());
        let kinds: Vec<_> = read
            .changes
            .iter()
            .map(|change| change.kind.as_deref().unwrap_or("?"))
            .collect();
        assert_eq!(kinds, ["chore"], "{message}");
    }
}
