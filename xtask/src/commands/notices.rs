//! Tells chats how a release went: that it is there, once, and that it stopped, once in a clone.
//!
//! The release's tag tells whether this run is the one that brought it about: it is pushed last. Where somebody had pushed the tag
//! before, so that it began the release, the run that gave the last of its names is the one. A notice that cannot be delivered is a
//! warning, and never changes how the release ended.

use super::App;
use crate::engine::observe;
use crate::model::package::PackageStep;
use crate::model::step::{Plan, Planned, Step, Verdict};
use crate::plan::tags::{RemoteTags, TagFacts};
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

/// Says what has changed between the tags as they were `before` the run and as they are now.
pub fn tell(app: &App, releases: &[Told], before: &TagFacts, plan: &Plan) {
    let chats = Chat::configured();
    let is_old = |release: &Told| is_there(before, &release.tag) && names(plan, release).all(|step| step.verdict == Verdict::Done);
    if chats.is_empty() || app.global.dry_run || releases.iter().all(is_old) {
        return;
    }
    let after = match observe::tags(&app.world, &app.projects, app.remote()) {
        Ok(after) => after,
        Err(error) => return app.ui.warn(&format!("nobody is told of this release: {error:#}")),
    };
    for release in releases.iter().filter(|release| !is_old(release)) {
        let Told { project, what, tag, image } = release;
        let is_named = names(plan, release).all(|step| matches!(step.verdict, Verdict::Done | Verdict::Acted));
        if is_there(&after, tag) && is_named {
            let place = if image.is_empty() { String::new() } else { format!(": {image}") };
            say(app, &chats, &format!("{what} is released{place}"));
        } else if plan.steps.iter().any(|step| step.draft.project == *project && step.verdict == Verdict::Failed) {
            let witness = app.world.scratch("told").join(format!("{tag}-stopped"));
            if !files::exists(&witness) {
                say(app, &chats, &format!("the release of {what} stopped; `cargo xtask release {project}` goes on with it"));
                let kept = app.world.own("xtask").and_then(|_| files::write_own(&witness, "told\n"));
                kept.unwrap_or_else(|error| app.ui.warn(&format!("that it was told is not kept: {error:#}")));
            }
        }
    }
}

/// The steps by which others can get a release: its names in a registry and its files at an index.
fn names<'p>(plan: &'p Plan, release: &Told) -> impl Iterator<Item = &'p Planned> {
    let project = release.project.clone();
    plan.steps.iter().filter(move |planned| {
        let is_name =
            matches!(planned.draft.step, Step::PublishTag { .. } | Step::PublishIndex { .. } | Step::Package(PackageStep::Publish { .. }));
        is_name && planned.draft.project == project
    })
}

/// Whether others can see the release's tag; where there are no others, whether this clone can.
fn is_there(facts: &TagFacts, tag: &str) -> bool {
    match &facts.remote {
        RemoteTags::Known { tags, .. } => tags.contains_key(tag),
        RemoteTags::None => facts.local.contains_key(tag),
        RemoteTags::Unknown { .. } => false,
    }
}

fn say(app: &App, chats: &[Chat], text: &str) {
    for chat in chats {
        if let Err(why) = chat.say(text) {
            app.ui.warn(&format!("a notice was not delivered, which changes nothing else: {why}"));
        }
    }
}
