//! The projects of `[images-from]`: its registry files, found in the work tree or in a commit, and read.
//!
//! What a file makes of a project is decided in `project::registered`; nothing is built or pinned here.

use anyhow::Context;
use monorelease_image_pins::registry_file::registry_file;
use monorelease_text_edits::key_path::KeyPath;

use super::Project;
use super::Projects;
use super::registered::Declared;
use crate::affected::reasons::{Reason, shown};
use crate::config::Config;
use crate::config::secrets::SecretNames;
use crate::delivery::read::pins::at_line;
use crate::fault::Fault;
use crate::project::paths::is_within;
use crate::project::registry_rules::RegistryRules;
use crate::secrets::check_names;
use crate::secrets::declared::secret_names;
use crate::world::World;
use crate::world::texts::Texts;

/// Joins one project for each registry file to those of the configuration, which is `config_file`.
///
/// # Errors
/// A key of the section, or a registry file, is wrong (2), or two projects share a name.
pub fn join(
    texts: &Texts<'_>,
    config: &Config,
    projects: Projects,
    config_file: &str,
) -> anyhow::Result<Projects> {
    let Some(keys) = &config.images_from else {
        return Ok(projects);
    };
    let wrong = |what: String| {
        Fault::usage(format!("{config_file}: images-from: {what}"))
            .fix(format!("edit {config_file}, then run the command again"))
    };
    let rules = RegistryRules::new(keys).map_err(wrong)?;
    let name = keys
        .name
        .as_deref()
        .map(|key| KeyPath::parse(key).map_err(|why| wrong(format!("name `{key}` {why}"))))
        .transpose()?;
    let tracked = texts.tracked()?;
    let dockerfiles: Vec<String> = tracked
        .iter()
        .filter(|path| path.rsplit('/').next() == Some("Dockerfile"))
        .cloned()
        .collect();
    let mut more = Vec::new();
    for path in tracked.iter().filter(|path| rules.is_meant(path)) {
        let of_file = |what: String| {
            Fault::usage(what).fix(format!("edit {path}, or images-from in {config_file}"))
        };
        // One that is taken away in the work tree is no project any more.
        let Some(text) = texts
            .get(path)
            .map_err(|error| of_file(format!("{error:#}")))?
        else {
            continue;
        };
        let file = registry_file(&text, path, &rules.image, name.as_ref())
            .map_err(|error| of_file(at_line(path, &error)))?;
        more.push(
            rules
                .project(&file, config, &dockerfiles)
                .map_err(|what| of_file(format!("{path}: {what}")))?,
        );
    }
    projects.with_more(more).map_err(|what| wrong(what).into())
}

/// The reasons that lie in files which a project's image is built of, and which are not its own by their path.
pub fn reasons(projects: &[Project], changed: &[Vec<u8>]) -> Vec<Reason> {
    let changed: Vec<&str> = changed
        .iter()
        .filter_map(|path| std::str::from_utf8(path).ok())
        .collect();
    let reason = |(place, project): (usize, &Project)| {
        let sources = project.registered.as_ref()?.sources.as_ref()?;
        let path = changed
            .iter()
            .find(|path| sources.has(path) && !project.paths().any(|own| is_within(path, own)))?;
        Some((
            place,
            format!("{} changed, of which it is built", shown(path.as_bytes())),
        ))
    };
    projects.iter().enumerate().filter_map(reason).collect()
}

/// What a project's registry file tells those who deploy it; nothing where it is in none.
///
/// # Errors
/// The file cannot be read, or its secrets are written otherwise (2).
pub fn declared(world: &World, project: &Project) -> anyhow::Result<Declared> {
    let Some(registered) = &project.registered else {
        return Ok(Declared::default());
    };
    let SecretNames { required, optional } =
        secrets_of(world, &registered.file)?.unwrap_or_default();
    Ok(Declared {
        reference: registered.reference.clone(),
        secrets: required.into_iter().chain(optional).collect(),
    })
}

/// The secrets that a registry file declares; `None` where the work tree has no such file.
///
/// # Errors
/// It cannot be read, or names a secret that is none (2).
pub fn secrets_of(world: &World, path: &str) -> anyhow::Result<Option<SecretNames>> {
    let Some(text) = world
        .read(path)
        .with_context(|| format!("reading {path}"))?
    else {
        return Ok(None);
    };
    let wrong = |why: String| {
        Fault::usage(format!("{path}:{why}"))
            .fix(format!("edit {path}, then run the command again"))
    };
    let names = secret_names(&text, path).map_err(wrong)?;
    check_names(&names).map_err(|why| wrong(format!(" {why}")))?;
    Ok(Some(names))
}
