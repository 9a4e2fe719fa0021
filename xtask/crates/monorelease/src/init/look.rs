//! Looks at a foreign tree for the discovery: its files, what its version sites say, its tags and its remote.
//!
//! What is made of all that is decided in `init`.

use anyhow::Context;

use super::discover;
use super::text;
use crate::commits::ownership::tags_by_project;
use crate::init::found::Discovery;
use crate::init::found::Said;
use crate::init::found::Tree;
use crate::project::Projects;
use crate::project::version_location::Site;
use crate::versions::tagged;
use crate::world::World;
use crate::world::texts::Texts;
use crate::{config, versions};

/// Larger files are no manifests, and would be read for nothing.
const TEXT_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What was found, and the text of the configuration that says it.
pub fn configuration(world: &World, file: &str) -> anyhow::Result<(Discovery, String)> {
    let texts = Texts::of_work_tree(world);
    let text_of = |path: &str| match texts.get(path) {
        Ok(Some(text)) if text.len() > TEXT_LIMIT_BYTES => {
            Err(format!("{path} has more than {TEXT_LIMIT_BYTES} bytes"))
        }
        Ok(text) => Ok(text.map(|text| text.to_string())),
        Err(error) => Err(format!("{error:#}").replace(&format!("{}/", world.root.display()), "")),
    };
    let says = |site: &Site| {
        let text =
            text_of(&site.file)?.ok_or_else(|| format!("{}: there is no such file", site.file))?;
        let readings = versions::read::read_site(site, &text)?;
        Ok(readings
            .into_iter()
            .map(|one| Said {
                key: one.key,
                found: one.found,
                version: one.version,
                start: one.span.start,
            })
            .collect())
    };
    let remote = world.git.likely_remote()?;
    let tree = Tree {
        files: world.git.tree_files()?,
        text: &text_of,
        says: &says,
        tags: world.git.tags()?.into_keys().collect(),
        branch: world
            .git
            .likely_branch(remote.as_ref().map(|remote| remote.name.as_str()))?,
        remote: remote.map(|remote| (remote.name, remote.url)),
        root_name: world
            .root
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    };
    let mut discovery = discover(&tree);
    let projects = read_back(&text(&discovery), file)?;
    name_wrong_tags(world, &mut discovery, &projects)?;
    let text = text(&discovery);
    read_back(&text, file)?;
    Ok((discovery, text))
}

/// What this very program could not read must never be written.
fn read_back(text: &str, file: &str) -> anyhow::Result<Projects> {
    let read = config::parse(text, file).and_then(|config| Projects::from_config(&config, file));
    read.with_context(|| format!("the configuration made of this tree cannot be read back, which is a fault of init:\n{text}"))
}

/// Tags whose commits say another version. They may be another project's, so that nothing but their owner can say to ignore them.
fn name_wrong_tags(
    world: &World,
    discovery: &mut Discovery,
    projects: &Projects,
) -> anyhow::Result<()> {
    let tags = tags_by_project(&projects.all, world.git.tags()?);
    let places: Vec<_> = (0..projects.all.len())
        .filter(|place| !projects.all[*place].sites.is_empty())
        .collect();
    for wrong in tagged::check(world, &projects.all, &tags, &places)?.wrong {
        let name = &projects.all[wrong.project].name;
        if let Some(found) = discovery
            .projects
            .iter_mut()
            .find(|found| found.name == *name)
        {
            found.ignore_tags.push(wrong.tag.name);
        }
    }
    for found in discovery
        .projects
        .iter()
        .filter(|found| !found.ignore_tags.is_empty())
    {
        let tags = found.ignore_tags.join(", ");
        discovery
            .notes
            .push(format!("{}: the files of their commits say other versions than these tags: {tags}; `versions --check` fails for them, until ignore-tags of the project names them", found.name));
    }
    Ok(())
}
