//! The surroundings of a run: the root, the environment, the repository, child processes, and one client of each service.

pub mod contents;
pub mod cost;
mod deliveries;
pub mod environment;
pub mod files;
pub mod texts;
pub mod variables;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::Context;
use monorelease_oci_registry::client::Registry;

use crate::delivery::repository::opened::Deliveries;
use crate::git::Git;
use crate::github::{Forge, ForgeOptions};
use environment::Environment;

pub(crate) use monorelease_process::{Runner, Sink};

/// Everything outside that a command may touch.
pub struct World {
    /// The root of the git work tree.
    pub root: PathBuf,
    pub environment: Environment,
    pub git: Git,
    pub runner: Runner,
    /// What was read of this run's files and lists, and its one client of each service.
    pub shared: Arc<Shared>,
    plain_paths: RefCell<HashMap<String, bool>>,
}

/// What all threads of a run have together; each part is made at its first use.
#[derive(Default)]
pub struct Shared {
    registry: OnceLock<Registry>,
    forge: OnceLock<Forge>,
    pub(crate) cosign: Mutex<Option<crate::trust::abilities::Abilities>>,
    pub(crate) deliveries: Deliveries,
    pub contents: contents::Contents,
    pub(crate) packages: OnceLock<monorelease_http_client::client::Agents>,
}

impl World {
    /// Opens the work tree around `folder`; the error says when there is none.
    pub fn open(folder: &Path, environment: Environment, sink: Sink) -> anyhow::Result<Self> {
        let runner = Runner::new(environment.secrets(), sink);
        let git = Git::open(folder, runner.clone(), environment.forge_credentials())?;
        let root = files::resolved(git.root());
        Ok(Self {
            root,
            environment,
            git,
            runner,
            shared: Arc::default(),
            plain_paths: RefCell::default(),
        })
    }

    /// The same world for another thread: with a repository handle of its own, since libgit2's is for one thread at a
    /// time, and with the one client of each service of this run. Lines of its children go to `sink`, where one is given.
    ///
    /// # Errors
    /// The repository cannot be opened any more.
    pub fn beside(&self, sink: Option<Sink>) -> anyhow::Result<Self> {
        let runner = sink.map_or_else(|| self.runner.clone(), |sink| self.runner.with_sink(sink));
        let git = Git::open(
            &self.root,
            runner.clone(),
            self.environment.forge_credentials(),
        )?;
        let root = self.root.clone();
        let environment = self.environment.clone();
        Ok(Self {
            root,
            environment,
            git,
            runner,
            shared: Arc::clone(&self.shared),
            plain_paths: RefCell::default(),
        })
    }

    /// The one registry client of this run; credentials are read at its first use.
    pub fn registry(&self) -> &Registry {
        self.shared.registry.get_or_init(|| {
            Registry::new(monorelease_oci_registry::options::RegistryOptions::from_environment())
        })
    }

    /// The one client of the forge of this run.
    pub fn forge(&self) -> &Forge {
        self.shared.forge.get_or_init(|| {
            Forge::new(ForgeOptions::new(
                &self.environment.forge_api,
                self.environment.forge_token(),
            ))
        })
    }

    /// HTTP requests sent to registries so far.
    pub fn registry_requests(&self) -> u64 {
        self.shared.registry.get().map_or(0, Registry::requests)
    }

    /// A path below the root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Reads a text of the work tree; `None` when there is no such file. A link that leads out of it is an error: what
    /// is written there would be in no commit.
    pub fn read(&self, relative: &str) -> anyhow::Result<Option<String>> {
        files::read(&self.path(&self.real(relative)?))
    }

    /// What can be read of a file of the work tree, with marks for what is no text; `None` where that is nothing.
    pub fn read_lossily(&self, relative: &str) -> Option<String> {
        files::read_lossily(&self.path(relative))
    }

    /// The path without links: what is written there is in the commit under this name, and one file has but one.
    ///
    /// # Errors
    /// A link leads out of the work tree.
    pub fn real(&self, relative: &str) -> anyhow::Result<String> {
        if self.is_plain(relative) {
            return Ok(relative.to_owned());
        }
        let target = files::resolved(&self.path(relative));
        let within = target
            .strip_prefix(&self.root)
            .ok()
            .and_then(Path::to_str)
            .map(|within| within.replace('\\', "/"));
        within.with_context(|| {
            format!(
                "{relative} is a link that leaves the repository, to {}",
                target.display()
            )
        })
    }

    /// Whether no part of the path is a link. Each part is asked once: thousands of files lie in a few folders, and each
    /// file is asked for by several.
    fn is_plain(&self, relative: &str) -> bool {
        if relative.is_empty() {
            return true;
        }
        if let Some(known) = self.plain_paths.borrow().get(relative) {
            return *known;
        }
        let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_plain = self.is_plain(folder) && !files::is_link(&self.path(relative));
        self.plain_paths
            .borrow_mut()
            .insert(relative.to_owned(), is_plain);
        is_plain
    }

    /// Makes sure that a folder of ours below `target` is there, and that git does not see it.
    pub fn own(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.root.join("target").join(name);
        files::own_folder(&folder)?;
        Ok(folder)
    }

    /// The folder for everything xtask keeps between runs; safe to delete.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.root.join("target").join("xtask").join(name)
    }
}
