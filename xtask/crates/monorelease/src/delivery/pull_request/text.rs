//! What the pull request of a delivery says: the commit's message, a title and a body, as a function of what is delivered.
//!
//! However the forge merges it, `rollback` finds the trailers: in the commit, or at the end of the body, which some squash into one.

use monorelease_model::markdown::escaped;

use crate::delivery::message::{Change, barred, message, subject, told, trailers};
use crate::delivery::{Action, Deliver, ReleaseImages};
use crate::release_pr::model::{BODY_CHARS_MAX, TITLE_CHARS_MAX};
use crate::text::cut;

/// A title names at most so many characters of projects.
const NAMES_CHARS_MAX: usize = 60;

/// The words of one commit and its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The commit's message, without the trailer that names its tree.
    pub message: String,
    pub title: String,
    pub body: String,
}

/// The words for these deliveries into one environment, each with what it changes.
pub fn words(parts: &[(&Deliver, Vec<Change>)]) -> Words {
    let changes: Vec<Change> = parts
        .iter()
        .flat_map(|(_, changes)| changes.iter().cloned())
        .collect();
    let (text, first) = match parts {
        [(one, changes)] => (message(one, changes), subject(one)),
        several => {
            let first = subject_of(several);
            let trailers: String = several
                .iter()
                .map(|(delivery, _)| trailers(delivery))
                .collect();
            (format!("{first}\n{}\n{trailers}", told(&changes)), first)
        }
    };
    let title = cut(&first, TITLE_CHARS_MAX, "…");
    let mut body = lead(parts);
    if !changes.is_empty() {
        body.push_str(&format!("\n\n```text\n{}\n```", told(&changes).trim()));
    }
    for line in parts.iter().filter_map(|(delivery, _)| barred(delivery)) {
        body.push_str(&format!("\n\n{}", escaped(&line)));
    }
    let trailers: String = parts
        .iter()
        .map(|(delivery, _)| trailers(delivery))
        .collect();
    let end = format!(
        "\n\nWritten by `cargo xtask`, which writes it anew when what it delivers changes: a commit that somebody else pushes here stops it.\n\n\
         ```text\n{trailers}```\n"
    );
    let room = BODY_CHARS_MAX.saturating_sub(end.chars().count());
    Words {
        message: text,
        title,
        body: cut(&body, room, "…") + &end,
    }
}

fn subject_of(parts: &[(&Deliver, Vec<Change>)]) -> String {
    let environment = parts
        .first()
        .map_or("", |(delivery, _)| delivery.environment.as_str());
    let names = parts
        .iter()
        .map(|(delivery, _)| delivery.project.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let names = if names.chars().count() > NAMES_CHARS_MAX {
        format!("{} images", parts.len())
    } else {
        names
    };
    format!("chore({environment}): pin {names}")
}

/// The first sentence.
fn lead(parts: &[(&Deliver, Vec<Change>)]) -> String {
    let one = |delivery: &Deliver| {
        let Deliver {
            project,
            environment,
            ..
        } = delivery;
        let name = delivery
            .images
            .as_ref()
            .map(ReleaseImages::name)
            .unwrap_or_default();
        match &delivery.action {
            Action::Promote => format!("lets {environment} run {project} {name}"),
            Action::Rollback { .. } => format!("takes {environment} back to {project} {name}"),
            Action::Unbar { .. } => format!(
                "lets promotions bring {project} back to {environment} that a rollback barred"
            ),
        }
    };
    let sentence = match parts {
        [(delivery, _)] => one(delivery),
        several => format!("pins {} images by their digests", several.len()),
    };
    format!("Merging this {}.", escaped(&sentence))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::delivery::message::records;
    use monorelease_model::image::Digest;

    fn deliver(project: &str, action: Action) -> Deliver {
        Deliver {
            action,
            project: project.into(),
            environment: "production".into(),
            address: "there".into(),
            is_own: false,
            branch: "main".into(),
            pins: Vec::new(),
            images: Some(ReleaseImages {
                version: "0.2.0".into(),
                index: Digest::of(project.as_bytes()),
                platforms: Vec::new(),
            }),
            from: Vec::new(),
            found: BTreeMap::new(),
            approval: false,
            pull: None,
        }
    }

    fn change() -> Vec<Change> {
        vec![Change {
            file: "a.yaml".into(),
            key: "image".into(),
            from: "0.1.0".into(),
            to: "0.2.0".into(),
        }]
    }

    #[test]
    fn a_squash_of_the_body_tells_what_the_commit_tells() {
        let bad = Action::Rollback {
            bad: Digest::of(b"bad"),
            version: "0.3.0".into(),
            why: "it <b>burns</b>".into(),
        };
        for action in [Action::Promote, bad] {
            let delivery = deliver("api", action);
            let words = words(&[(&delivery, change())]);
            let wanted = records("c", 1, &words.message);
            assert_eq!(wanted.len(), 1, "{}", words.message);
            assert_eq!(
                records("c", 1, &format!("{} (#7)\n\n{}", words.title, words.body)),
                wanted,
                "{}",
                words.body
            );
            assert!(
                words.body.contains("a.yaml image\n  0.1.0 → 0.2.0"),
                "{}",
                words.body
            );
            assert!(!words.body.contains(" <b>burns"), "{}", words.body);
        }
    }

    #[test]
    fn several_projects_are_one_commit_that_tells_of_each() {
        let api = deliver("api", Action::Promote);
        let web = deliver("web", Action::Promote);
        let words = words(&[(&api, change()), (&web, change())]);
        assert_eq!(words.title, "chore(production): pin api, web");
        let found = records("c", 1, &words.message);
        assert_eq!(
            found
                .iter()
                .map(|record| record.project.as_str())
                .collect::<Vec<_>>(),
            ["api", "web"]
        );
        assert_eq!(
            found[1].to.as_ref().unwrap().digest,
            Some(Digest::of(b"web"))
        );
        let many: Vec<_> = (0..40)
            .map(|number| deliver(&format!("project-{number}"), Action::Promote))
            .collect();
        let words = super::words(
            &many
                .iter()
                .map(|delivery| (delivery, change()))
                .collect::<Vec<_>>(),
        );
        assert_eq!(words.title, "chore(production): pin 40 images");
        assert_eq!(records("c", 1, &words.message).len(), 40);
    }
}
