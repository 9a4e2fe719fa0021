//! Secrets for an environment: which names its projects want, whether their values are known, and the hand-over to the store.
//!
//! Values are read where they are handed over, and are in no step: a plan shows names and fingerprints.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use monorelease_process::Call;
use serde_json::{Map, Value, json};

use super::store::{PrivateFile, SecretValue, fingerprint, remember_handed, value, was_handed};
use super::{SecretEntry, SecretSync, SecretsPlan, Sink, variables};
use crate::config::secrets::SecretNames;
use crate::delivery::deploy::checks::fill;
use crate::project::images_from::secrets_of;
use crate::project::paths::fits;
use crate::project::{Project, Projects};
use crate::step::Step;
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::plan::Goal;
use crate::step::requirement::Requirement;
use crate::world::World;

/// Wants the secrets of projects in an environment; of all that are known to want any where none is named.
///
/// # Errors
/// A file of the registry cannot be read, or names a secret that is none (2).
pub fn sync(
    goal: &mut Goal,
    world: &World,
    projects: &Projects,
    plan: &SecretsPlan,
    named: &[String],
    others: &[String],
) -> anyhow::Result<()> {
    let wanted = wanted(world, projects, plan, named)?;
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut units: BTreeMap<String, SecretSync> = BTreeMap::new();
    for (project, names) in &wanted {
        for (name, is_required) in names
            .required
            .iter()
            .map(|name| (name, true))
            .chain(names.optional.iter().map(|name| (name, false)))
        {
            let Some((variable, value)) = known(name, &plan.environment) else {
                match is_required {
                    true => missing
                        .entry(project.clone())
                        .or_default()
                        .push(name.clone()),
                    false => goal.notes.push(format!(
                        "{project}: {name} is optional and not set, so it is left out"
                    )),
                }
                continue;
            };
            let entry = SecretEntry {
                name: name.clone(),
                variable,
                fingerprint: fingerprint(&value),
            };
            let object = match plan.sink.is_by_name() {
                true => name.clone(),
                false => fill(&plan.object, &|word| {
                    placeholder(word, project, &plan.environment)
                }),
            };
            let unit = units.entry(object.clone()).or_insert_with(|| SecretSync {
                environment: plan.environment.clone(),
                projects: Vec::new(),
                sink: plan.sink.clone(),
                object,
                entries: Vec::new(),
            });
            note_equal(goal, name, &plan.environment, &value, others);
            unit.projects
                .extend(Some(project.clone()).filter(|project| !unit.projects.contains(project)));
            unit.entries
                .extend(Some(entry).filter(|entry| !unit.entries.contains(entry)));
        }
    }
    refuse_missing(goal, plan, &missing);
    if let Err(fault) = world.program(plan.sink.program()) {
        goal.refuse(
            "",
            fault.what,
            crate::delivery::deploy::how_to_get(plan.sink.program()),
        );
    }
    if world.program(plan.sink.program()).is_err() {
        return Ok(());
    }
    if !plan.sink.is_readable() && !units.is_empty() {
        goal.notes.push(format!(
            "{} shows no values, so they are handed over each time",
            plan.sink.program()
        ));
    }
    for unit in units.into_values() {
        let project = if let [one] = unit.projects.as_slice() {
            one.clone()
        } else {
            String::new()
        };
        let why = format!("{} wants it", unit.projects.join(", "));
        goal.want(&project, why, Step::SyncSecrets(Box::new(unit)));
    }
    Ok(())
}

fn placeholder(word: &str, project: &str, environment: &str) -> Option<String> {
    match word {
        "project" => Some(project.to_owned()),
        "environment" => Some(environment.to_owned()),
        _ => None,
    }
}

/// The variable that has a value, and the value.
fn known(name: &str, environment: &str) -> Option<(String, SecretValue)> {
    variables(name, environment)
        .into_iter()
        .find_map(|variable| Some((variable.clone(), value(&variable)?)))
}

/// Tells where two environments have one value under names of their own: often somebody forgot to make another.
fn note_equal(
    goal: &mut Goal,
    name: &str,
    environment: &str,
    found: &SecretValue,
    others: &[String],
) {
    for other in others.iter().filter(|other| *other != environment) {
        let [own, _] = variables(name, other);
        if value(&own).is_some_and(|value| value == *found) {
            let note = format!("{name}: {environment} and {other} have the same value");
            goal.notes
                .extend(Some(note).filter(|note| !goal.notes.contains(note)));
        }
    }
}

fn refuse_missing(goal: &mut Goal, plan: &SecretsPlan, missing: &BTreeMap<String, Vec<String>>) {
    for (project, names) in missing {
        let set = names
            .iter()
            .map(|name| variables(name, &plan.environment)[0].clone())
            .collect::<Vec<_>>()
            .join(", ");
        let what = format!(
            "{project} wants {} in {}, and nothing says what they are",
            names.join(", "),
            plan.environment
        );
        goal.refuse(
            project,
            what,
            format!("set {set} (or the names without _<ENVIRONMENT>), then cargo xtask secrets sync --to {}", plan.environment),
        );
    }
}

/// The names that each project wants: those of all, its own, and those of its registry file.
fn wanted(
    world: &World,
    projects: &Projects,
    plan: &SecretsPlan,
    named: &[String],
) -> anyhow::Result<BTreeMap<String, SecretNames>> {
    let mut wanted: BTreeMap<String, SecretNames> = BTreeMap::new();
    let is_for_all = !plan.of_all.required.is_empty() || !plan.of_all.optional.is_empty();
    let all = projects
        .all
        .iter()
        .filter(|project| is_for_all && project.image.is_some());
    wanted.extend(all.map(|project| (project.name.clone(), SecretNames::default())));
    plan.projects
        .iter()
        .for_each(|(name, names)| wanted.entry(name.clone()).or_default().add(names));
    for (name, names) in declared(world, projects, plan)? {
        wanted.entry(name).or_default().add(&names);
    }
    for name in named {
        let known = projects
            .find(name)
            .map_or_else(|_| name.clone(), |project| project.name.clone());
        if !wanted.contains_key(&known) {
            projects.find(name)?;
        }
        wanted.entry(known).or_default();
    }
    let is_named = |name: &String| {
        named.is_empty()
            || named.iter().any(|word| {
                word == name
                    || projects
                        .find(word)
                        .is_ok_and(|project| project.name == *name)
            })
    };
    wanted.retain(|name, _| is_named(name));
    wanted
        .values_mut()
        .for_each(|names| names.add(&plan.of_all));
    for names in wanted.values_mut() {
        // Required by one word is required, whatever another says.
        let required: BTreeSet<String> = names.required.iter().cloned().collect();
        names.optional.retain(|name| !required.contains(name));
    }
    Ok(wanted)
}

/// What the files of the registry declare, by the projects that they make or the stems of their names.
fn declared(
    world: &World,
    projects: &Projects,
    plan: &SecretsPlan,
) -> anyhow::Result<Vec<(String, SecretNames)>> {
    let Some(pattern) = &plan.registry else {
        return Ok(Vec::new());
    };
    let mut declared = Vec::new();
    for path in world
        .git
        .tracked()?
        .into_iter()
        .filter(|path| fits(pattern, path))
    {
        let Some(names) = secrets_of(world, &path)? else {
            continue;
        };
        // A file of `[images-from]` is of the project that it makes.
        let is_of = |project: &&Project| {
            project
                .registered
                .as_ref()
                .is_some_and(|registered| registered.file == path)
        };
        let stem = path
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next())
            .unwrap_or_default();
        let name = projects
            .all
            .iter()
            .find(is_of)
            .map_or(stem, |project| &project.name);
        declared.push((name.to_owned(), names));
    }
    Ok(declared)
}

/// The values of a step, read now.
///
/// # Errors
/// A variable is not set any more.
fn values(sync: &SecretSync) -> anyhow::Result<Vec<SecretValue>> {
    let read = |entry: &SecretEntry| {
        value(&entry.variable).ok_or_else(|| anyhow!("{} is not set any more", entry.variable))
    };
    sync.entries.iter().map(read).collect()
}

impl Effect for SecretSync {
    fn kind(&self) -> &'static str {
        "secrets"
    }

    /// The store's object, by a name that stays the same from run to run.
    fn object(&self) -> String {
        format!(
            "{}/{}#{}",
            self.environment,
            self.sink.program(),
            self.object
        )
    }

    /// One line: what is handed over, by fingerprint, and where.
    fn what(&self) -> String {
        let entries: Vec<String> = self
            .entries
            .iter()
            .map(|entry| format!("{} ({})", entry.name, entry.fingerprint))
            .collect();
        let program = self.sink.program();
        let object = if self.sink.is_by_name() {
            String::new()
        } else {
            format!(" as {}", self.object)
        };
        format!(
            "{} to {program}{object} for {}",
            entries.join(", "),
            self.environment
        )
    }

    fn conflict_fix(&self, _project: &str) -> String {
        "the same command again, which plans upon what is there now".into()
    }

    fn unknown_fix(&self) -> String {
        match &self.sink {
            Sink::Kubectl { arguments } => {
                format!("kubectl {} auth can-i get secrets", arguments.join(" "))
            }
            _ => "cargo xtask doctor".to_owned(),
        }
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    /// Whether the store holds the values, where it can be asked; else whether this run has handed them over.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Sink::Kubectl { arguments } = &self.sink else {
            return Ok(match was_handed(&Effect::object(self)) {
                true => Probe::Done(format!("{} took it", self.sink.program())),
                false => Probe::Todo,
            });
        };
        let values = values(self)?;
        // kubectl ends well and says nothing where there is none.
        let get = [
            "get",
            "secret",
            &self.object,
            "--output=json",
            "--ignore-not-found",
        ];
        let call = Call::new(world.program("kubectl")?)
            .args(arguments)
            .args(get);
        let printed = world.hand_over(&call, "", &values)?;
        if printed.trim().is_empty() {
            return Ok(Probe::Todo);
        }
        let found: Value = serde_json::from_str(&printed)
            .map_err(|_| anyhow!("kubectl get secret {} printed no JSON", self.object))?;
        let is_held = |(entry, value): (&SecretEntry, &SecretValue)| {
            found["data"][&entry.name].as_str() == Some(&value.base64())
        };
        Ok(match self.entries.iter().zip(&values).all(is_held) {
            true => Probe::Done(format!("secret {} holds them", self.object)),
            false => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let values = values(self)?;
        hand_over(world, self, &values)?;
        remember_handed(&Effect::object(self));
        Ok(())
    }
}

/// Hands the values over to the store.
fn hand_over(world: &World, sync: &SecretSync, values: &[SecretValue]) -> anyhow::Result<()> {
    let object: Map<String, Value> = sync
        .entries
        .iter()
        .zip(values)
        .map(|(entry, value)| (entry.name.clone(), value.reveal().into()))
        .collect();
    let program = world.program(sync.sink.program())?;
    match &sync.sink {
        Sink::Kubectl { arguments } => {
            // On the server's side: the other way keeps a copy of what was applied in an annotation.
            let apply = [
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager=xtask",
                "--filename=-",
            ];
            let call = Call::new(program).args(arguments).args(apply);
            let data: Map<String, Value> = sync
                .entries
                .iter()
                .zip(values)
                .map(|(entry, value)| (entry.name.clone(), value.base64().into()))
                .collect();
            let manifest = json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": { "name": sync.object }, "data": data });
            world.hand_over(&call, &manifest.to_string(), values)?;
        }
        // `--from-json` wants a file (`modal secret create --help`), and `--force` replaces what is there.
        Sink::Modal => {
            let file = PrivateFile::new(&Value::Object(object).to_string())?;
            let create = [
                "secret",
                "create",
                &sync.object,
                "--env",
                &sync.environment,
                "--force",
                "--from-json",
            ];
            world.hand_over(
                &Call::new(program).args(create).arg(file.path()),
                "",
                values,
            )?;
        }
        // Without `--body` the value is what stands on stdin (`gh secret set --help`).
        Sink::Gh { repository } => {
            let call = Call::new(program).args([
                "secret",
                "set",
                &sync.object,
                "--env",
                &sync.environment,
            ]);
            let call = repository
                .iter()
                .fold(call, |call, repository| call.args(["--repo", repository]));
            let value = values.first().map(SecretValue::reveal).unwrap_or_default();
            world.hand_over(&call, value, values)?;
        }
        Sink::Command(command) => {
            by_command(world, sync, &Call::new(program), command, &object, values)?
        }
    }
    Ok(())
}

/// A command gets a value, or an object of all, on its stdin, or where it asks for it in a private file.
fn by_command(
    world: &World,
    sync: &SecretSync,
    call: &Call,
    command: &[String],
    object: &Map<String, Value>,
    values: &[SecretValue],
) -> anyhow::Result<()> {
    let text = match sync.sink.is_by_name() {
        true => values
            .first()
            .map(SecretValue::reveal)
            .unwrap_or_default()
            .to_owned(),
        false => Value::Object(object.clone()).to_string(),
    };
    let wants_file = command.iter().any(|argument| argument.contains("{file}"));
    let file = if wants_file {
        Some(PrivateFile::new(&text)?)
    } else {
        None
    };
    let fills = |word: &str| match word {
        "name" | "object" => Some(sync.object.clone()),
        "file" => file.as_ref().map(|file| file.path().display().to_string()),
        word => placeholder(word, &sync.projects.join(","), &sync.environment),
    };
    let call = call
        .clone()
        .args(
            command
                .iter()
                .skip(1)
                .map(|argument| fill(argument, &fills)),
        )
        .folder(&world.root);
    world
        .hand_over(&call, if wants_file { "" } else { &text }, values)
        .map(drop)
}
