//! What an environment runs and has to pass, and the deploy keys that say so: commands with placeholders, durations, rollouts to watch.
//!
//! Commands are lists of arguments, never shell text; none is run here.

use std::time::Duration;

use monorelease_model::image::Digest;

use crate::config::commands::{CommandKeys, NameKeys};
use crate::config::environments::EnvironmentKeys;
use crate::config::nearest;

/// What is done, in this order, once the pins of an environment say an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Deploy,
    Rollout,
    Smoke,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Deploy, Self::Rollout, Self::Smoke];

    /// The word in the configuration, the ledger and the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollout => "rollout",
            Self::Smoke => "smoke",
        }
    }

    /// How long it may take when nobody says so.
    pub(crate) fn default_limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Deploy => 30 * 60,
            Self::Rollout | Self::Smoke => 10 * 60,
        })
    }
}

/// A phase of one environment, as configured: placeholders are still in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub phase: Phase,
    pub commands: Vec<Vec<String>>,
    /// For each command.
    pub limit: Duration,
    /// Workloads whose pods are held to the image afterwards: the arguments before `get`, and the workload.
    pub workloads: Vec<(Vec<String>, String)>,
}

impl Task {
    /// What its success is kept under: other words are another check.
    pub fn words(&self) -> Digest {
        Digest::of(format!("{:?}{:?}", self.commands, self.workloads).as_bytes())
    }

    /// Whether a placeholder stands anywhere in it.
    pub fn uses(&self, placeholder: &str) -> bool {
        let mark = format!("{{{placeholder}}}");
        self.commands
            .iter()
            .flatten()
            .any(|argument| argument.contains(&mark))
    }
}

/// All phases of one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    pub tasks: Vec<Task>,
}

impl Checks {
    pub fn task(&self, phase: Phase) -> Option<&Task> {
        self.tasks.iter().find(|task| task.phase == phase)
    }

    /// Whether an environment gets images by a command alone, and needs no pins.
    pub fn deploys(&self) -> bool {
        self.task(Phase::Deploy).is_some()
    }
}

/// The text with values in place of its placeholders; what is put in is not looked at again.
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = 0;
    for (at, name) in placeholders(text) {
        if let Some(value) = value(name) {
            filled.push_str(&text[rest..at]);
            filled.push_str(&value);
            rest = at + name.len() + 2;
        }
    }
    filled.push_str(&text[rest..]);
    filled
}

impl Checks {
    /// Reads the keys of an environment.
    ///
    /// # Errors
    /// A placeholder that is none, an empty command, a time that is none: the end of a sentence that begins with the environment.
    pub fn from_keys(keys: &EnvironmentKeys) -> Result<Self, String> {
        let mut tasks = Vec::new();
        let deploy = (Phase::Deploy, &keys.deploy, &keys.deploy_timeout);
        let smoke = (Phase::Smoke, &keys.smoke, &keys.smoke_timeout);
        for (phase, commands, limit) in [deploy, smoke] {
            match commands {
                Some(commands) => {
                    tasks.push(Task {
                        phase,
                        commands: commands_of(phase.word(), commands)?,
                        limit: limit_of(phase, limit)?,
                        workloads: Vec::new(),
                    });
                }
                None if limit.is_some() => {
                    return Err(format!(
                        "{0}-timeout is said, and there is no {0} that it could be about",
                        phase.word()
                    ));
                }
                None => {}
            }
        }
        tasks.extend(rollout(keys)?);
        tasks.sort_by_key(|task| task.phase);
        Ok(Self { tasks })
    }
}

fn commands_of(key: &str, keys: &CommandKeys) -> Result<Vec<Vec<String>>, String> {
    let commands = match keys {
        CommandKeys::One(command) => vec![command.clone()],
        CommandKeys::Several(commands) => commands.clone(),
    };
    if commands.is_empty()
        || commands.iter().any(|command| {
            command
                .first()
                .is_none_or(|program| program.trim().is_empty())
        })
    {
        return Err(format!(
            "{key} has an empty command; wanted is a program and its arguments, such as [\"modal\", \"deploy\"]"
        ));
    }
    commands
        .iter()
        .flatten()
        .try_for_each(|argument| check(key, argument, &PLACEHOLDERS))?;
    match commands.iter().find(|command| command[0].contains('{')) {
        Some(command) => Err(format!(
            "{key} names the program {:?}: a program has no placeholders in its name",
            command[0]
        )),
        None => Ok(commands),
    }
}

fn limit_of(phase: Phase, key: &Option<String>) -> Result<Duration, String> {
    let read =
        |text: &String| duration(text).map_err(|why| format!("{}-timeout {why}", phase.word()));
    key.as_ref().map_or(Ok(phase.default_limit()), read)
}

/// `90s`, `10m` or `2h`, up to a day.
///
/// # Errors
/// It is none, as the end of a sentence that begins with its key.
pub fn duration(text: &str) -> Result<Duration, String> {
    let none = || {
        format!("is {text:?}, wanted a time such as \"90s\", \"10m\" or \"2h\", of a day at most")
    };
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        _ => return Err(none()),
    };
    let number = &text[..text.len() - 1];
    let count: u64 = number
        .parse()
        .ok()
        .filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(none)?;
    let seconds = count
        .checked_mul(unit)
        .filter(|seconds| (1..=86_400).contains(seconds))
        .ok_or_else(none)?;
    Ok(Duration::from_secs(seconds))
}

/// The commands that watch a rollout. Argo CD is asked to look at Git first: an application that has not seen the commit is
/// still in sync with the one before. `kubectl rollout status` and `argocd app wait` end with 1 when their time is over.
fn rollout(keys: &EnvironmentKeys) -> Result<Option<Task>, String> {
    let names = |keys: &Option<NameKeys>| match keys {
        None => Vec::new(),
        Some(NameKeys::One(name)) => vec![name.clone()],
        Some(NameKeys::Several(names)) => names.clone(),
    };
    let workloads = names(&keys.rollout);
    let applications = names(&keys.argocd);
    if workloads.is_empty() && applications.is_empty() {
        let without = [
            ("rollout-timeout", &keys.rollout_timeout),
            ("namespace", &keys.namespace),
            ("context", &keys.context),
        ];
        return match without.iter().find(|(_, value)| value.is_some()) {
            Some((key, _)) => Err(format!(
                "{key} is said, and there is neither a rollout nor an argocd that it could be about"
            )),
            None => Ok(None),
        };
    }
    let limit = limit_of(Phase::Rollout, &keys.rollout_timeout)?;
    let seconds = limit.as_secs().to_string();
    let known = ["environment", "project", "package"];
    for (key, name) in workloads
        .iter()
        .map(|name| ("rollout", name))
        .chain(applications.iter().map(|name| ("argocd", name)))
    {
        check(key, name, &known)?;
        if name.is_empty() || name.starts_with('-') || name.chars().any(char::is_whitespace) {
            return Err(format!("{key} names {name:?}, which is no name"));
        }
    }
    if let Some(bare) = workloads
        .iter()
        .find(|workload| workload.split('/').filter(|part| !part.is_empty()).count() != 2)
    {
        return Err(format!(
            "rollout names {bare:?}, wanted TYPE/NAME such as \"deployment/{bare}\""
        ));
    }
    let mut kubectl = vec!["kubectl".to_owned()];
    for (key, value) in [("context", &keys.context), ("namespace", &keys.namespace)] {
        if let Some(value) = value {
            check(key, value, &known)?;
            kubectl.push(format!("--{key}={value}"));
        }
    }
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let argocd = applications.iter().flat_map(|name| {
        [
            words(&["argocd", "app", "get", name, "--refresh"]),
            words(&[
                "argocd",
                "app",
                "wait",
                name,
                "--sync",
                "--health",
                "--timeout",
                &seconds,
            ]),
        ]
    });
    let status = |workload: &String| {
        [
            kubectl.clone(),
            words(&[
                "rollout",
                "status",
                workload,
                &format!("--timeout={seconds}s"),
            ]),
        ]
        .concat()
    };
    let commands = argocd.chain(workloads.iter().map(status)).collect();
    let workloads = workloads
        .iter()
        .map(|workload| (kubectl.clone(), workload.clone()))
        .collect();
    // The tools end by themselves and say more; ours is for one that does not.
    Ok(Some(Task {
        phase: Phase::Rollout,
        commands,
        limit: limit + Duration::from_secs(60),
        workloads,
    }))
}

/// What may stand in braces in an argument.
const PLACEHOLDERS: [&str; 7] = [
    "environment",
    "project",
    "package",
    "version",
    "digest",
    "image",
    "ref",
];

/// Holds the placeholders of a text to those that are known. Braces around anything but a word, as in JSON, are no placeholder.
///
/// # Errors
/// The placeholder that is none, and the one that may have been meant.
pub fn check(key: &str, text: &str, known: &[&str]) -> Result<(), String> {
    for (_, name) in placeholders(text) {
        if !known.contains(&name) {
            let guess = nearest(name, known.iter().copied())
                .map(|guess| format!("; did you mean {{{guess}}}?"))
                .unwrap_or_default();
            let names = known
                .iter()
                .map(|name| format!("{{{name}}}"))
                .collect::<Vec<_>>()
                .join(", ");
            return Err(format!(
                "{key} has the placeholder {{{name}}}, which is none{guess} (placeholders: {names})"
            ));
        }
    }
    Ok(())
}

/// The words in braces, each with the place of its brace.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let name = text[at + 1..].split_once('}')?.0;
        let is_word = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        is_word.then_some((at, name))
    })
}

#[cfg(test)]
mod tests;
