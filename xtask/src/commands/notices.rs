//! Tells chats how a release went: that it is there, once all of it is, and that it stopped, once in a clone.
//!
//! The run that did the last of what others can see of a release is the one that tells: its names, its tag, its publication at the
//! forge, its delivery. Whoever runs it again finds all of that done. A notice that cannot be delivered is a warning, and never
//! changes how the release ended.

use super::App;
use crate::model::forge_release::Part;
use crate::model::package::PackageStep;
use crate::model::step::{Plan, Planned, Step, Verdict};
use crate::world::files;
use crate::world::notice::Chat;

/// A release that this run is about.
pub struct Told {
    pub project: String,
    /// Package and version, for people.
    pub what: String,
    /// Its git tag.
    pub tag: String,
    /// Where its image is; empty without one.
    pub image: String,
}

/// Says what this run has brought about, or where it stopped.
pub fn tell(app: &App, releases: &[Told], plan: &Plan) {
    let chats = Chat::configured();
    if chats.is_empty() || app.global.dry_run {
        return;
    }
    for release in releases {
        let Told {
            project,
            what,
            tag,
            image,
        } = release;
        let steps: Vec<_> = plan
            .steps
            .iter()
            .filter(|planned| planned.draft.project == *project)
            .collect();
        if steps.iter().any(|step| step.verdict == Verdict::Failed) {
            let text = format!(
                "the release of {what} stopped; `cargo xtask release {project}` goes on with it"
            );
            say_once(app, &chats, &format!("{tag}-stopped"), &text);
        } else if is_all_there(&steps) && brought_about(&steps) {
            let place = if image.is_empty() {
                String::new()
            } else {
                format!(": {image}")
            };
            say_once(
                app,
                &chats,
                &format!("{tag}-released"),
                &format!("{what} is released{place}"),
            );
        }
    }
}

fn is_all_there(steps: &[&Planned]) -> bool {
    steps
        .iter()
        .all(|step| matches!(step.verdict, Verdict::Done | Verdict::Acted))
}

/// Whether others got something of the release by this run. A forge that is told for the first time of what was there before, as
/// when there was no token for it, makes no second release; a draft that waited is the rest of the first.
fn brought_about(steps: &[&Planned]) -> bool {
    let is_drafted_now = |step: &&Planned| {
        step.verdict == Verdict::Acted
            && part_of(step).is_some_and(|part| matches!(part, Part::Draft(_)))
    };
    let is_late = steps.iter().any(is_drafted_now) && steps.iter().any(|step| is_name(step));
    steps
        .iter()
        .filter(|step| step.verdict == Verdict::Acted)
        .any(|step| match &step.draft.step {
            Step::PushTag { .. } | Step::Tag { .. } | Step::Deliver(_) | Step::Deploy(_) => true,
            Step::ForgeRelease(_) => {
                !is_late && part_of(step).is_some_and(|part| matches!(part, Part::Published { .. }))
            }
            _ => is_name(step),
        })
}

fn part_of(step: &Planned) -> Option<&Part> {
    match &step.draft.step {
        Step::ForgeRelease(release) => Some(&release.part),
        _ => None,
    }
}

/// The steps by which others can get a release: its names in a registry and its files at an index.
fn is_name(step: &Planned) -> bool {
    matches!(
        step.draft.step,
        Step::PublishTag { .. }
            | Step::PublishIndex { .. }
            | Step::Package(PackageStep::Publish { .. })
    )
}

/// Says it unless this clone has said it before: somebody may take away what a release has, and run it again.
fn say_once(app: &App, chats: &[Chat], name: &str, text: &str) {
    let witness = app.world.scratch("told").join(name);
    if files::exists(&witness) {
        return;
    }
    say(app, chats, text);
    let kept = app
        .world
        .own("xtask")
        .and_then(|_| files::write_own(&witness, "told\n"));
    kept.unwrap_or_else(|error| {
        app.ui
            .warn(&format!("that it was told is not kept: {error:#}"))
    });
}

fn say(app: &App, chats: &[Chat], text: &str) {
    for chat in chats {
        if let Err(why) = chat.say(text) {
            app.ui.warn(&format!(
                "a notice was not delivered, which changes nothing else: {why}"
            ));
        }
    }
}
