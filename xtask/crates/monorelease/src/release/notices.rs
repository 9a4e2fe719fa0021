//! Notices to Slack and Discord: that a release is published, once it is complete, and that it stopped, once per clone.
//!
//! The run that publishes the last part of a release sends the notice; running it again finds everything up to date and sends
//! nothing. A notice that cannot be sent is a warning and is not retried. The webhook address is itself a secret: it appears in no
//! error and no log (law 17).

use std::time::Duration;

use monorelease_http_client::TransportError;
use monorelease_http_client::client::Agents;
use serde_json::json;

use super::github::Part;
use crate::app::App;
use crate::step::Step;
use crate::step::plan::{Plan, Planned};
use crate::world::files;
use crate::world::variables::variable;

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
        if steps.iter().any(|step| step.verdict.has_failed()) {
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
    steps.iter().all(|step| step.verdict.is_true())
}

/// Whether others got something of the release by this run. A forge that is told for the first time of what was there before, as
/// when there was no token for it, makes no second release; a draft that waited is the rest of the first.
fn brought_about(steps: &[&Planned]) -> bool {
    let is_drafted_now = |step: &&Planned| {
        step.verdict.has_acted() && part_of(step).is_some_and(|part| matches!(part, Part::Draft(_)))
    };
    let is_late = steps.iter().any(is_drafted_now) && steps.iter().any(|step| is_name(step));
    steps
        .iter()
        .filter(|step| step.verdict.has_acted())
        .any(|step| match &step.draft.step {
            Step::PushTag(_) | Step::Tag(_) | Step::Deliver(_) | Step::Deploy(_) => true,
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
        Step::PublishTag(_) | Step::PublishIndex(_) | Step::PublishPackage(_)
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

/// Nobody waits longer for a chat.
const LONGEST: Duration = Duration::from_secs(10);

/// A chat that is told of releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chat {
    Slack,
    Discord,
}

impl Chat {
    /// The chats whose webhook is in the environment.
    pub fn configured() -> Vec<Self> {
        [Self::Slack, Self::Discord]
            .into_iter()
            .filter(|chat| chat.address().is_some())
            .collect()
    }

    /// The variable that holds the webhook.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Slack => "SLACK_WEBHOOK_URL",
            Self::Discord => "DISCORD_WEBHOOK_URL",
        }
    }

    fn address(self) -> Option<String> {
        variable(self.variable())
    }

    fn body(self, text: &str) -> String {
        match self {
            // The three characters by which Slack tells its own marks from words.
            Self::Slack => json!({ "text": text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") }),
            Self::Discord => json!({ "content": text, "allowed_mentions": { "parse": [] } }),
        }
        .to_string()
    }

    /// Says it.
    ///
    /// # Errors
    /// Why it could not be said, without the address.
    pub fn say(self, text: &str) -> Result<(), String> {
        let name = self.variable();
        let address = self.address().ok_or_else(|| format!("{name} is not set"))?;
        let is_secure = address.starts_with("https:");
        let answer = Agents::new(LONGEST)
            .of(is_secure)
            .post(&address)
            .header("Content-Type", "application/json")
            .send(self.body(text));
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!(
                "the webhook in {name} answered {}",
                answer.status().as_u16()
            )),
            Err(TransportError::Timeout(_)) => Err(format!(
                "the webhook in {name} did not answer within {} s",
                LONGEST.as_secs()
            )),
            // The words of other errors may hold the address.
            Err(_) => Err(format!("the webhook in {name} cannot be reached")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_called_and_no_mark_is_made_by_the_words() {
        assert_eq!(
            Chat::Slack.body("a <!channel> & b"),
            r#"{"text":"a &lt;!channel&gt; &amp; b"}"#
        );
        assert!(Chat::Discord.body("@everyone").contains(r#""parse":[]"#));
    }
}
