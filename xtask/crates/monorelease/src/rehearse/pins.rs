//! The repository of a rehearsal that says what runs: for each pin of the configuration a file, all in one bare repository.
//!
//! The pins keep their projects and environments, and nothing else: no repository of the real world is read or written.

use std::path::Path;

use anyhow::Context;
use monorelease_process::{Call, Runner};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value, value};

use super::isolation;
use crate::config;
use crate::project::Projects;
use crate::world::files;

/// Points every pin of the configuration at a file of a bare repository in `folder`, and makes that. The images of the
/// configuration are the rehearsal's already. Without pins nothing is made.
pub fn prepare(document: &mut DocumentMut, folder: &Path, runner: &Runner) -> anyhow::Result<()> {
    defuse(document);
    let mut places = places(document);
    if places.is_empty() {
        return Ok(());
    }
    places.sort();
    places.dedup();
    let bare = folder.join("what-runs.git");
    let mut pointed = ArrayOfTables::new();
    for (project, environment) in &places {
        let mut pin = Table::new();
        let file = format!("{environment}/{project}.yaml");
        for (key, text) in [
            ("project", project),
            ("environment", environment),
            ("file", &file),
        ] {
            pin[key] = value(text);
        }
        pin["git"] = value(bare.display().to_string());
        pin["branch"] = value("main");
        pointed.push(pin);
    }
    document["pins"] = Item::ArrayOfTables(pointed);
    let text = document.to_string();
    let projects = Projects::from_config(
        &config::parse(&text, "the configuration")?,
        "the configuration",
    )?;
    let work = folder.join("what-runs");
    let git =
        |arguments: &[&str]| runner.output(&Call::new("git").arg("-C").arg(folder).args(arguments));
    git(&[
        "init",
        "--quiet",
        "--bare",
        "--initial-branch",
        "main",
        "what-runs.git",
    ])?;
    git(&["init", "--quiet", "--initial-branch", "main", "what-runs"])?;
    isolation::set_up(runner, &work)?;
    for (project, environment) in &places {
        let image = projects
            .find(project)?
            .image
            .as_ref()
            .with_context(|| format!("a pin names {project}, which has no image"))?;
        let text = format!(
            "spec:\n  containers:\n    - name: {project}\n      image: {}:0.0.0 # before the rehearsal\n",
            image.release
        );
        files::write_own(
            &work.join(environment).join(format!("{project}.yaml")),
            &text,
        )?;
    }
    let there =
        |arguments: &[&str]| runner.output(&Call::new("git").arg("-C").arg(&work).args(arguments));
    there(&["add", "--all"])?;
    there(&["commit", "--quiet", "--message", "feat: what runs"])?;
    there(&["push", "--quiet", &bare.display().to_string(), "main"])?;
    Ok(())
}

/// The project and the environment of each pin, in either of the ways that TOML has to write a list of tables: one that was
/// passed over would be changed where it really is.
fn places(document: &DocumentMut) -> Vec<(String, String)> {
    let word = |pin: &dyn TableLike, key: &str| {
        pin.get(key)
            .and_then(Item::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let place = |pin: &dyn TableLike| (word(pin, "project"), word(pin, "environment"));
    match document.get("pins") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|pin| place(pin)).collect(),
        Some(Item::Value(Value::Array(list))) => list
            .iter()
            .filter_map(Value::as_inline_table)
            .map(|pin| place(pin))
            .collect(),
        _ => Vec::new(),
    }
}

/// Takes everything out of the environments that reaches beyond the sandbox; pull requests too, since no forge has the repository
/// that says what runs here. What deploys and what tries is a command that does
/// nothing, so that what passed is still written down and asked for.
fn defuse(document: &mut DocumentMut) {
    let Some(environments) = document
        .get_mut("environments")
        .and_then(Item::as_table_like_mut)
    else {
        return;
    };
    for (_, environment) in environments.iter_mut() {
        let Some(keys) = environment.as_table_like_mut() else {
            continue;
        };
        for key in [
            "via",
            "rollout",
            "argocd",
            "namespace",
            "context",
            "rollout-timeout",
            "secrets",
        ] {
            keys.remove(key);
        }
        for key in ["deploy", "smoke"] {
            if keys.contains_key(key) {
                keys.insert(key, value(Array::from_iter(["git", "--version"])));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_real_world_is_deployed_by_a_rehearsal() {
        let text = "[environments.staging]\nbranch = \"x\"\nvia = \"pull-request\"\ndeploy = [\"modal\", \"deploy\"]\nsmoke = [[\"curl\"]]\nsmoke-timeout = \"1m\"\nrollout = \"deployment/x\"\nnamespace = \"n\"\n[environments.staging.secrets]\nsink = \"gh\"\n[environments.production]\nafter = \"staging\"\n";
        let mut document: DocumentMut = text.parse().unwrap();
        defuse(&mut document);
        let left = document.to_string();
        for word in ["modal", "curl", "deployment", "sink", "namespace", "via"] {
            assert!(!left.contains(word), "{left}");
        }
        let config = config::parse(&left, "m").unwrap();
        let checks =
            crate::delivery::deploy::checks::Checks::from_keys(&config.environments["staging"])
                .unwrap();
        assert_eq!(checks.tasks.len(), 2);
        assert!(
            checks
                .tasks
                .iter()
                .all(|task| task.commands == [["git", "--version"]]),
            "{left}"
        );
        assert_eq!(
            config.environments["production"].after.as_deref(),
            Some("staging")
        );
    }
}
