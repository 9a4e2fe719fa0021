//! Pins and environments: what the configuration means once its parts are held against each other.
//!
//! A pin is a place in a git repository that says which image runs. This file opens no repository and reads no pin.

use monorelease_image_pins::place::PinQuery;
use monorelease_image_pins::{Format, Write};
use monorelease_model::image::{Platform, Repository};
use monorelease_text_edits::key_path::KeyPath;

use super::deploy::checks::Checks;
use crate::config::environments::Via;
use crate::config::{Config, nearest};
use crate::fault::Fault;
use crate::project::environment_words::{environment_of, known};
use crate::project::{Project, Projects};

/// A place that says which image of a project runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub project: String,
    pub environment: String,
    /// The repository's address; `None`: this repository, at its remote.
    pub git: Option<String>,
    pub branch: String,
    /// A path from that repository's root; `*`, `?` and `**` are patterns.
    pub file: String,
    pub key: Option<KeyPath>,
    pub write: Option<Write>,
    pub platform: Option<Platform>,
    /// The repository of the images that it may name.
    pub repository: Repository,
    /// Whether it is what a registry file of `[images-from]` says, and no `[[pins]]`.
    pub of_registry: bool,
}

impl Pin {
    /// Whether its file may be several.
    pub fn is_pattern(&self) -> bool {
        self.file.contains(['*', '?'])
    }

    /// What is looked for in its file.
    pub fn query(&self) -> PinQuery<'_> {
        PinQuery {
            repository: &self.repository,
            key: self.key.as_ref(),
            write: self.write,
        }
    }
}

/// A stage that releases come to.
#[derive(Debug, Clone)]
pub struct Stage {
    pub name: String,
    /// The one that comes before it.
    pub after: Option<String>,
    /// Whether somebody is asked before it is changed.
    pub approval: bool,
    /// What is done once its pins say an image, and what has to pass there.
    pub checks: Checks,
    /// Whether its pins change by pull request alone.
    pub by_pull: bool,
}

/// Every environment and every pin of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    pub stages: Vec<Stage>,
    pub pins: Vec<Pin>,
    /// `owner/name` of this repository at the forge.
    pub github: Option<String>,
}

impl Delivery {
    /// Makes pins of their keys; the first rule that is broken is the error (2).
    pub fn from_config(config: &Config, projects: &Projects, file: &str) -> Result<Self, Fault> {
        let wrong = |what: String| {
            Fault::usage(format!("{file}: {what}"))
                .fix(format!("edit {file}, then run the command again"))
        };
        let stages: Vec<Stage> = config
            .environments
            .iter()
            .map(|(name, keys)| {
                let checks = Checks::from_keys(keys)
                    .map_err(|what| wrong(format!("environments.{name}: {what}")))?;
                let by_pull = keys.via == Via::PullRequest;
                Ok(Stage {
                    name: name.clone(),
                    after: keys.after.clone(),
                    approval: keys.approval,
                    checks,
                    by_pull,
                })
            })
            .collect::<Result<_, Fault>>()?;
        let delivery = Self {
            stages,
            pins: Vec::new(),
            github: config.repository.github.clone(),
        };
        delivery.check_order().map_err(wrong)?;
        let pins = config.pins.iter().enumerate().map(|(place, keys)| {
            let of = format!("pins[{place}] ({} in {})", keys.project, keys.environment);
            pin(keys, config, projects).map_err(|what| wrong(format!("{of}: {what}")))
        });
        let delivery = Self {
            pins: pins.collect::<Result<_, _>>()?,
            ..delivery
        };
        delivery.check_places().map_err(wrong)?;
        Ok(delivery)
    }

    /// Pins whose path names another environment of the configuration than they are of, as sentences.
    pub fn misplaced(&self) -> Vec<String> {
        let name = |environment: &str| known(environment).map(str::to_owned);
        let is_configured = |named: &str| {
            self.stages
                .iter()
                .any(|stage| name(&stage.name).as_deref() == Some(named))
        };
        self.pins
            .iter()
            .filter_map(|pin| {
                let named = environment_of(&pin.file)?;
                let own = name(&pin.environment);
                (own.as_deref() != Some(named) && is_configured(named)).then(|| {
                    format!(
                        "[[pins]] of {} in {}: the path {} names {named}",
                        pin.project, pin.environment, pin.file
                    )
                })
            })
            .collect()
    }

    /// A place of two environments: what the first gets the second runs as well, whatever `after` says. Where a command deploys
    /// what the place says, the pin alone makes nothing run.
    fn check_places(&self) -> Result<(), String> {
        let deploys = |name: &str| {
            self.stages
                .iter()
                .any(|stage| stage.name == name && stage.checks.deploys())
        };
        for (place, pin) in self
            .pins
            .iter()
            .enumerate()
            .filter(|(_, pin)| !deploys(&pin.environment))
        {
            let is_same = |other: &&Pin| {
                other.project == pin.project
                    && other.environment != pin.environment
                    && (&other.git, &other.branch, &other.file, &other.key)
                        == (&pin.git, &pin.branch, &pin.file, &pin.key)
            };
            if let Some(other) = self.pins[..place].iter().find(is_same) {
                let Pin {
                    project,
                    environment,
                    file,
                    branch,
                    ..
                } = pin;
                let what = format!("{file} of {branch} is the pin of {} too", other.environment);
                return Err(format!(
                    "pins[{place}] ({project} in {environment}): {what}, so what comes there runs in both at once"
                ));
            }
        }
        Ok(())
    }

    /// An environment by its name.
    pub fn stage(&self, name: &str) -> Result<&Stage, Fault> {
        self.stages
            .iter()
            .find(|stage| stage.name == name)
            .ok_or_else(|| {
                let guess = nearest(name, self.stages.iter().map(|stage| stage.name.as_str()));
                let guess = guess
                    .map(|guess| format!("; did you mean `{guess}`?"))
                    .unwrap_or_default();
                let names = self
                    .stages
                    .iter()
                    .map(|stage| stage.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ");
                let names = if names.is_empty() {
                    "none are configured".to_owned()
                } else {
                    names
                };
                Fault::usage(format!(
                    "no environment is called `{name}`{guess} (environments: {names})"
                ))
                .fix("name one of them, or write [environments.NAME]")
            })
    }

    /// The environments without one before them.
    pub fn first_stages(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| stage.after.is_none())
    }

    /// The pins of a project in an environment, in the order of the configuration.
    pub fn pins_of<'a>(
        &'a self,
        project: &'a str,
        stage: &'a str,
    ) -> impl Iterator<Item = &'a Pin> {
        self.pins
            .iter()
            .filter(move |pin| pin.project == project && pin.environment == stage)
    }

    /// As [`Self::pins_of`], where at least one is wanted.
    pub fn some_pins_of<'a>(
        &'a self,
        project: &'a Project,
        stage: &'a str,
    ) -> Result<Vec<&'a Pin>, Fault> {
        let pins: Vec<_> = self.pins_of(&project.name, stage).collect();
        if pins.is_empty() {
            return Err(Fault::usage(format!(
                "no [[pins]] says what runs of {} in {stage}",
                project.name
            ))
            .fix(format!(
                "add [[pins]] with project = \"{}\" and environment = \"{stage}\"",
                project.name
            )));
        }
        Ok(pins)
    }

    fn check_order(&self) -> Result<(), String> {
        for stage in &self.stages {
            let mut chain = vec![stage.name.as_str()];
            let mut next = stage.after.as_deref();
            while let Some(name) = next {
                if chain.contains(&name) {
                    return Err(format!(
                        "after goes in a circle: {} → {name}",
                        chain.join(" → ")
                    ));
                }
                chain.push(name);
                next = self
                    .stages
                    .iter()
                    .find(|other| other.name == name)
                    .and_then(|other| other.after.as_deref());
            }
        }
        Ok(())
    }
}

pub(crate) fn pin(
    keys: &crate::config::environments::PinKeys,
    config: &Config,
    projects: &Projects,
) -> Result<Pin, String> {
    let project = projects.find(&keys.project).map_err(|fault| fault.what)?;
    let image = project
        .image
        .as_ref()
        .ok_or_else(|| format!("{} has no image that a pin could name", project.name))?;
    let of_stage = config
        .environments
        .get(&keys.environment)
        .and_then(|stage| stage.branch.clone());
    let default = || {
        if keys.git.is_some() {
            "main".to_owned()
        } else {
            config.repository.branch.clone()
        }
    };
    let platform: Option<Platform> = keys
        .platform
        .as_deref()
        .map(|text| text.parse().map_err(|error| format!("platform: {error}")))
        .transpose()?;
    if let Some(platform) = platform
        .as_ref()
        .filter(|platform| !image.platforms.contains(platform))
    {
        let known = image
            .platforms
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(format!(
            "platform {platform} is none of {}'s: {known}",
            project.name
        ));
    }
    let write = match keys.write.as_deref() {
        None => None,
        Some("tag") => Some(Write::Tag),
        Some("digest") => Some(Write::Digest),
        Some("tag@digest") => Some(Write::TagAndDigest),
        Some(other) => {
            return Err(format!(
                "write is {other:?}, wanted \"tag\", \"digest\" or \"tag@digest\""
            ));
        }
    };
    let branch = keys.branch.clone().or(of_stage).unwrap_or_else(default);
    Ok(Pin {
        project: project.name.clone(),
        environment: keys.environment.clone(),
        git: keys.git.as_deref().map(address).transpose()?,
        branch: branch_name(branch)?,
        file: pin_file(&keys.file)?,
        key: keys
            .key
            .as_deref()
            .map(|key| KeyPath::parse(key).map_err(|why| format!("key `{key}` {why}")))
            .transpose()?,
        write,
        platform,
        repository: image.release.clone(),
        of_registry: false,
    })
}

/// An address that git takes, without a secret in it (law 17), and that no git would take for an option.
pub(crate) fn address(url: &str) -> Result<String, String> {
    let user = url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split('/').next()?.rsplit_once('@')?.0)));
    match user {
        Some((scheme, user)) if user.contains(':') || scheme.starts_with("http") => Err(
            "git has a user in its address; leave that to git's credential helpers or GITHUB_TOKEN"
                .to_owned(),
        ),
        _ if url.is_empty()
            || url.starts_with('-')
            || url.contains("::")
            || url.chars().any(char::is_control) =>
        {
            Err(format!(
                "git is {url:?}, wanted the address of a repository"
            ))
        }
        _ => Ok(url.to_owned()),
    }
}

pub(crate) fn branch_name(branch: String) -> Result<String, String> {
    let bad = branch.is_empty()
        || branch.starts_with(['-', '/', '.'])
        || branch.ends_with(['/', '.'])
        || [".lock", "..", "//", "@{"]
            .iter()
            .any(|part| branch.contains(part))
        || branch
            .chars()
            .any(|c| c.is_control() || " ~^:?*[\\".contains(c));
    if bad {
        Err(format!(
            "branch is {branch:?}, which is no name of a branch"
        ))
    } else {
        Ok(branch)
    }
}

fn pin_file(file: &str) -> Result<String, String> {
    let clean = crate::project::paths::clean_path(file)
        .map_err(|_| format!("file {file:?} leaves the repository that it is in"))?;
    if Format::of(&clean).is_none() {
        return Err(format!(
            "file {file:?}: wanted a name that ends with .yaml, .yml, .json or .toml"
        ));
    }
    Ok(clean)
}

#[cfg(test)]
mod tests;
