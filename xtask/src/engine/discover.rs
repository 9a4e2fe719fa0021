//! Looks at a foreign tree for the discovery: its files, what its version sites say, its tags and its remote.
//!
//! What is made of all that is decided in `plan::discover`.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::Context;

use super::versions;
use crate::model::config;
use crate::model::project::{Projects, Site};
use crate::plan::discover::{Discovery, Said, Tree, discover, text};
use crate::world::{World, files};

/// Larger files are no manifests, and would be read for nothing.
const TEXT_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What was found, and the text of the configuration that says it.
pub fn configuration(world: &World, file: &str) -> anyhow::Result<(Discovery, String)> {
    let texts: RefCell<HashMap<String, Result<Option<String>, String>>> = RefCell::default();
    let text_of = |path: &str| {
        let read =
            || files::read(&world.path(path)).map_err(|error| format!("{error:#}").replace(&format!("{}/", world.root.display()), ""));
        let limited = || match read()? {
            Some(text) if text.len() > TEXT_LIMIT_BYTES => Err(format!("{path} has more than {TEXT_LIMIT_BYTES} bytes")),
            text => Ok(text),
        };
        texts.borrow_mut().entry(path.to_owned()).or_insert_with(limited).clone()
    };
    let says = |site: &Site| {
        let text = text_of(&site.file)?.ok_or_else(|| format!("{}: there is no such file", site.file))?;
        let readings = versions::read_site(site, &text)?;
        Ok(readings.into_iter().map(|one| Said { key: one.key, found: one.found, version: one.version, start: one.span.start }).collect())
    };
    let remote = world.git.likely_remote()?;
    let tree = Tree {
        files: world.git.tree_files()?,
        text: &text_of,
        says: &says,
        tags: world.git.tags()?.into_keys().collect(),
        branch: world.git.likely_branch(remote.as_ref().map(|remote| remote.name.as_str()))?,
        remote: remote.map(|remote| (remote.name, remote.url)),
        root_name: world.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let discovery = discover(&tree);
    let text = text(&discovery);
    // What this very program could not read must never be written.
    let read = config::parse(&text, file).and_then(|config| Projects::from_config(&config, file));
    read.with_context(|| format!("the configuration made of this tree cannot be read back, which is a fault of init:\n{text}"))?;
    Ok((discovery, text))
}
