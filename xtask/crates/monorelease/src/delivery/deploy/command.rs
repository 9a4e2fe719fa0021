//! Commands of the user's own, such as those that deploy: watched, bounded in time and in what they print, ended as a whole.
//!
//! What they are and what their success means is decided above.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use monorelease_process::{Call, End};

use crate::fault::Fault;
use crate::world::World;

/// Lines that are shown of one command; what comes after is counted.
const LINES_SHOWN: usize = 2000;
/// Characters that are shown of one line.
const LINE_SHOWN: usize = 2000;
/// Lines of the end that an error carries.
const TAIL: usize = 12;

/// How a command is run.
pub struct Hook<'a> {
    pub command: &'a [String],
    pub variables: &'a [(&'static str, String)],
    pub limit: Duration,
    /// Stands before each of its lines.
    pub prefix: &'a str,
    /// The key that gives it more time.
    pub limit_key: &'a str,
}

impl World {
    /// The program of a command: on the PATH, or a path from the root of the repository.
    ///
    /// # Errors
    /// It is not there (3).
    pub fn program(&self, name: &str) -> Result<PathBuf, Fault> {
        let path = if name.contains('/') {
            self.root.join(name)
        } else {
            PathBuf::from(name)
        };
        which::which(&path).map_err(|_| {
            let place = if name.contains('/') {
                "there is no program"
            } else {
                "the PATH has no program"
            };
            Fault::refused(format!("{place} {name}"))
        })
    }

    /// Runs a command from the root of the repository and shows what it prints, line by line and redacted.
    ///
    /// # Errors
    /// It ended badly, or not within its time; its last lines are in the error.
    pub fn run_hook(&self, hook: &Hook<'_>) -> anyhow::Result<()> {
        let Some((program, arguments)) = hook.command.split_first() else {
            bail!("the command is empty")
        };
        let call = Call::new(self.program(program)?)
            .args(arguments)
            .folder(&self.root);
        let call = hook
            .variables
            .iter()
            .fold(call, |call, (name, value)| call.variable(name, value));
        let call = call.own_group().time_limit(hook.limit);
        let mut shown = Shown {
            world: self,
            prefix: hook.prefix,
            count: 0,
            tail: Vec::new(),
        };
        let end = self.runner.watch(&call, &mut |text| shown.show(text))?;
        shown.tell_rest();
        let line = self.runner.redact(&call.line());
        match end {
            End::Exited(status) if status.success() => Ok(()),
            End::Exited(status) => bail!("`{line}` failed ({status}){}", shown.said()),
            End::TimedOut => bail!(
                "`{line}` was ended with all that it started, after {} s without an end; give it more by {}{}",
                hook.limit.as_secs(),
                hook.limit_key,
                shown.said()
            ),
        }
    }
}

/// What was shown of a command.
struct Shown<'a> {
    world: &'a World,
    prefix: &'a str,
    count: usize,
    tail: Vec<String>,
}

impl Shown<'_> {
    fn show(&mut self, text: String) {
        self.count += 1;
        if self.count <= LINES_SHOWN {
            self.world
                .runner
                .say(&format!("{}{}", self.prefix, self.clean(&text)));
        }
        self.tail.push(text);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }

    fn clean(&self, text: &str) -> String {
        cut(&self.world.runner.redact(text), LINE_SHOWN)
    }

    fn tell_rest(&self) {
        if self.count > LINES_SHOWN {
            self.world.runner.say(&format!(
                "{}… and {} lines more",
                self.prefix,
                self.count - LINES_SHOWN
            ));
        }
    }

    /// The end of what it said, to stand behind a sentence.
    fn said(&self) -> String {
        if self.tail.is_empty() {
            String::new()
        } else {
            self.tail
                .iter()
                .map(|text| format!("\n{}", self.clean(text)))
                .collect()
        }
    }
}

/// Text of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äö", 2), "äö");
    }
}
