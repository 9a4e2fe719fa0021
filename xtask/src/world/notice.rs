//! Words to a chat, by a webhook whose address is itself the secret: it stands in no error and no log (law 17).
//!
//! It tries once. Whether anything is to be said, and how often, is decided above.

use std::time::Duration;

use serde_json::json;

use super::environment::variable;

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
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(LONGEST))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        let answer = agent
            .post(&address)
            .header("Content-Type", "application/json")
            .send(self.body(text));
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!(
                "the webhook in {name} answered {}",
                answer.status().as_u16()
            )),
            Err(ureq::Error::Timeout(_)) => Err(format!(
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
