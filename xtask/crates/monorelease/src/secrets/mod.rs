//! Secrets that an environment's programs want: which names, from which variables, and where they are handed over. No value
//! of one is ever in here: only its name, and a fingerprint that tells equal ones.
//!
//! Nothing here reads a variable or calls a store.

pub mod command;
pub mod declared;
pub mod step;
mod store;

use indexmap::IndexMap;

use crate::config::secrets::{SecretNames, SinkKeys};
use crate::config::{Config, nearest};
use crate::delivery::deploy::checks::check;
use crate::fault::Fault;

/// Where secrets are handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// A Secret of the cluster, with the arguments that say which cluster and namespace.
    Kubectl { arguments: Vec<String> },
    /// Modal, a secret for each name.
    Modal,
    /// An environment of the forge, in this repository.
    Gh { repository: Option<String> },
    /// A command of the user's own.
    Command(Vec<String>),
}

impl Sink {
    /// The program that it calls.
    pub fn program(&self) -> &str {
        match self {
            Self::Kubectl { .. } => "kubectl",
            Self::Modal => "modal",
            Self::Gh { .. } => "gh",
            Self::Command(command) => command.first().map_or("", String::as_str),
        }
    }

    /// Whether it takes one name at a time, whichever project wants it.
    pub fn is_by_name(&self) -> bool {
        match self {
            Self::Kubectl { .. } => false,
            Self::Modal | Self::Gh { .. } => true,
            Self::Command(command) => command.iter().any(|argument| argument.contains("{name}")),
        }
    }

    /// Whether it can be asked what it holds.
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::Kubectl { .. })
    }
}

/// The secrets of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsPlan {
    pub environment: String,
    pub sink: Sink,
    pub object: String,
    pub of_all: SecretNames,
    pub projects: IndexMap<String, SecretNames>,
    pub registry: Option<String>,
}

/// One secret on its way: its name there, the variable that has its value, and what tells equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretEntry {
    pub name: String,
    pub variable: String,
    pub fingerprint: String,
}

/// Secrets that are handed over together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSync {
    pub environment: String,
    /// The projects that want them.
    pub projects: Vec<String>,
    pub sink: Sink,
    pub object: String,
    pub entries: Vec<SecretEntry>,
}

/// Reads the keys of an environment; `None` where it wants no secrets.
///
/// # Errors
/// A name that is none, a sink that is not known, a placeholder that is none (2).
pub fn secrets_of(
    config: &Config,
    environment: &str,
    file: &str,
) -> Result<Option<SecretsPlan>, Fault> {
    let Some(keys) = config.environments.get(environment) else {
        return Ok(None);
    };
    let Some(secrets) = &keys.secrets else {
        return Ok(None);
    };
    let wrong = |what: String| {
        Fault::usage(format!(
            "{file}: environments.{environment}.secrets: {what}"
        ))
        .fix(format!("edit {file}, then run the command again"))
    };
    let kubectl = [("context", &keys.context), ("namespace", &keys.namespace)];
    let arguments = kubectl
        .iter()
        .filter_map(|(key, value)| Some(format!("--{key}={}", value.as_ref()?)));
    let sink = match &secrets.sink {
        None => Err(
            "sink is not said; wanted is \"kubectl\", \"modal\", \"gh\" or a command".to_owned(),
        ),
        Some(SinkKeys::Named(name)) => match name.as_str() {
            "kubectl" => Ok(Sink::Kubectl {
                arguments: arguments.collect(),
            }),
            "modal" => Ok(Sink::Modal),
            "gh" => Ok(Sink::Gh {
                repository: config.repository.github.clone(),
            }),
            other => {
                let guess = nearest(other, ["kubectl", "modal", "gh"].into_iter());
                let guess = guess
                    .map(|guess| format!("; did you mean \"{guess}\"?"))
                    .unwrap_or_default();
                Err(format!(
                    "sink is {other:?}, wanted \"kubectl\", \"modal\", \"gh\" or a command as a list{guess}"
                ))
            }
        },
        Some(SinkKeys::Command(command)) => command_sink(command),
    };
    let of_all = SecretNames {
        required: secrets.required.clone(),
        optional: secrets.optional.clone(),
    };
    for (name, names) in std::iter::once(("", &of_all)).chain(
        secrets
            .projects
            .iter()
            .map(|(name, names)| (name.as_str(), names)),
    ) {
        check_names(names).map_err(|what| {
            wrong(if name.is_empty() {
                what
            } else {
                format!("projects.{name}: {what}")
            })
        })?;
    }
    let object = secrets
        .object
        .clone()
        .unwrap_or_else(|| "{project}".to_owned());
    check("object", &object, &["project", "environment"]).map_err(wrong)?;
    let registry = secrets
        .registry
        .clone()
        .or_else(|| config.images_from.as_ref().map(|from| from.files.clone()));
    Ok(Some(SecretsPlan {
        environment: environment.to_owned(),
        sink: sink.map_err(wrong)?,
        object,
        of_all,
        projects: secrets.projects.clone(),
        registry,
    }))
}

fn command_sink(command: &[String]) -> Result<Sink, String> {
    if command
        .first()
        .is_none_or(|program| program.trim().is_empty() || program.contains('{'))
    {
        return Err("sink is an empty command; wanted is a program and its arguments".to_owned());
    }
    command.iter().try_for_each(|argument| {
        check(
            "sink",
            argument,
            &["environment", "project", "name", "file", "object"],
        )
    })?;
    let has = |mark: &str| command.iter().any(|argument| argument.contains(mark));
    if has("{name}") && has("{project}") {
        return Err(
            "sink has {name} and {project}: a name is handed over once, whichever projects want it"
                .to_owned(),
        );
    }
    Ok(Sink::Command(command.to_vec()))
}

/// Holds names to what a variable may be called.
///
/// # Errors
/// The name that is none, as the end of a sentence.
pub fn check_names(names: &SecretNames) -> Result<(), String> {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let all = || names.required.iter().chain(&names.optional);
    match (
        all().find(|name| !is_name(name)),
        names
            .required
            .iter()
            .find(|name| names.optional.contains(name)),
    ) {
        (Some(name), _) => Err(format!(
            "{name:?} is no name of a secret; wanted are letters, digits and _, and no digit at the beginning"
        )),
        (None, Some(name)) => Err(format!("{name} is both required and optional")),
        (None, None) => Ok(()),
    }
}

/// Every variable that may hold a secret which the configuration names.
pub fn secret_variables(config: &Config) -> impl Iterator<Item = String> {
    config.environments.iter().flat_map(|(environment, keys)| {
        let own = keys.secrets.iter().flat_map(|keys| {
            keys.projects
                .values()
                .flat_map(|names| names.required.iter().chain(&names.optional))
        });
        let of_all = keys
            .secrets
            .iter()
            .flat_map(|keys| keys.required.iter().chain(&keys.optional));
        of_all
            .chain(own)
            .flat_map(|name| variables(name, environment))
    })
}

/// The variables that may have a secret's value in an environment, the first of them first: `NAME_<ENV>`, then `NAME`.
pub fn variables(name: &str, environment: &str) -> [String; 2] {
    let suffix: String = environment
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    [format!("{name}_{suffix}"), name.to_owned()]
}

#[cfg(test)]
mod tests;
