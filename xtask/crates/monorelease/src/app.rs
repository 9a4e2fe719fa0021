//! What every command works with: the repository, its configuration, and the user interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use monorelease_process::Sink;

use crate::argocd::Applications;
use crate::cli::Global;
use crate::commits::rules::ReleaseRules;
use crate::config::Config;
use crate::delivery::pins::Delivery;
use crate::delivery::read::Environments;
use crate::delivery::registry_pins::with_registry_pins;
use crate::fault::Fault;
use crate::project::{Project, Projects, images_from};
use crate::release::observe::Remote;
use crate::secrets::{secret_variables, secrets_of};
use crate::trust::Trust;
use crate::ui::Ui;
use crate::world::environment::Environment;
use crate::world::texts::Texts;
use crate::world::{World, environment, files};
use crate::{config, scan};

/// Where the configuration is when nobody says otherwise, from the root of the work tree.
const DEFAULT_CONFIG: &str = "xtask/monorepo.toml";

/// What every verb works with.
pub struct App {
    pub ui: Ui,
    pub world: World,
    pub config: Config,
    pub projects: Projects,
    pub rules: ReleaseRules,
    /// What is attached to a release; `None` where nothing is wanted.
    pub trust: Option<Trust>,
    pub delivery: Delivery,
    /// What a scan lets pass.
    pub ignored: Vec<scan::Ignored>,
    /// Where the manifests of Argo CD are.
    pub argocd: Option<Applications>,
    pub global: Global,
    pub(crate) config_path: PathBuf,
    /// The folder the command was called in, relative to the root.
    pub(crate) folder: String,
}

/// What a verb ended with; an error carries its own code.
pub type Outcome = anyhow::Result<u8>;

/// Refuses a project without version sites, with what its like are released by.
fn has_versions(project: &Project) -> Result<(), Fault> {
    if !project.sites.is_empty() {
        return Ok(());
    }
    let fix = match project.registered {
        Some(_) => format!(
            "cargo xtask pin {}, which builds it and pins it by its digest",
            project.name
        ),
        None => format!("name its sites in projects.{}.versions", project.name),
    };
    Err(Fault::usage(format!(
        "project {} has no versions of its own",
        project.name
    ))
    .fix(fix))
}

impl App {
    /// The repository, and nothing read of its configuration yet: without one, a repository has no projects.
    pub(crate) fn open(global: Global, environment: Environment, ui: Ui) -> anyhow::Result<Self> {
        let here = environment::current_folder()?;
        let folder = global.repo.clone().unwrap_or_else(|| here.clone());
        let printer = ui.clone();
        let sink: Sink = Arc::new(move |line| printer.child(line));
        let world = World::open(&folder, environment, sink)?;
        let here = files::resolved(&here);
        let config_path =
            files::resolved(&config_path(&world.root, &here, global.config.as_deref()));
        let folder = here
            .strip_prefix(&world.root)
            .map(|folder| folder.to_string_lossy().into_owned())
            .unwrap_or_default();
        let config = Config::default();
        let projects = Projects { all: Vec::new() };
        let rules = ReleaseRules::default();
        let delivery = Delivery::default();
        Ok(Self {
            ui,
            world,
            config,
            projects,
            rules,
            trust: None,
            delivery,
            ignored: Vec::new(),
            argocd: None,
            global,
            config_path,
            folder,
        })
    }

    /// Reads the configuration, which is an error where there is none.
    pub(crate) fn configured(mut self) -> anyhow::Result<Self> {
        let path = &self.config_path;
        let shown = self.shown_config();
        let unreadable = |error: anyhow::Error| {
            Fault::usage(format!("{error:#}")).fix("pass --config FILE, or mend the file")
        };
        let text = files::read(path).map_err(unreadable)?.ok_or_else(|| {
            Fault::usage(format!("there is no configuration {}", path.display())).fix(format!(
                "cargo xtask init, which writes {shown}, or pass --config FILE"
            ))
        })?;
        self.config = config::parse(&text, &shown)?;
        self.projects = Projects::from_config(&self.config, &shown)?;
        self.projects = images_from::join(
            &Texts::of_work_tree(&self.world),
            &self.config,
            self.projects,
            &shown,
        )?;
        self.rules = ReleaseRules::from_config(&self.config, &shown)?;
        self.trust = Trust::from_config(&self.config, &shown)?.filter(Trust::wants_anything);
        let delivery = Delivery::from_config(&self.config, &self.projects, &shown)?;
        self.delivery = with_registry_pins(delivery, &self.config, &self.projects);
        self.ignored = scan::from_config(&self.config, &self.projects, &shown)?;
        self.argocd = Applications::from_config(&self.config, &shown)?;
        // A section that means nothing is found by any verb, and not by the one that hands secrets over on release day.
        self.config
            .environments
            .keys()
            .try_for_each(|name| secrets_of(&self.config, name, &shown).map(drop))?;
        self.world.hide_secrets(secret_variables(&self.config));
        Ok(self)
    }

    /// The configuration's path, for messages.
    pub(crate) fn shown_config(&self) -> String {
        self.config_path
            .strip_prefix(&self.world.root)
            .unwrap_or(&self.config_path)
            .display()
            .to_string()
    }

    /// The projects a call is about: those named, else the folder's own, else all.
    pub(crate) fn selected(&self, names: &[String]) -> anyhow::Result<Vec<&Project>> {
        if !names.is_empty() {
            let mut found: Vec<&Project> = Vec::new();
            for name in names {
                let project = self.projects.find(name)?;
                if !found.iter().any(|other| other.name == project.name) {
                    found.push(project);
                }
            }
            return Ok(found);
        }
        let here = if self.global.repo.is_some() {
            None
        } else {
            self.projects.containing(&self.folder)
        };
        Ok(here.map_or_else(
            || self.projects.all.iter().collect(),
            |project| vec![project],
        ))
    }

    /// As `selected`, for verbs about versions: a project without sites is left out of "all", and is an error by name.
    pub(crate) fn versioned(&self, names: &[String]) -> anyhow::Result<Vec<&Project>> {
        let selected = self.selected(names)?;
        if !names.is_empty() {
            selected
                .iter()
                .try_for_each(|project| has_versions(project))?;
        }
        Ok(selected
            .into_iter()
            .filter(|project| !project.sites.is_empty())
            .collect())
    }

    /// The project of a verb about one release.
    pub(crate) fn versioned_one(&self, name: &str) -> Result<&Project, Fault> {
        let project = self.projects.find(name)?;
        has_versions(project).map(|()| project)
    }

    /// The configuration's path in the repository.
    pub fn config_in_repository(&self) -> Result<PathBuf, Fault> {
        let outside = || {
            Fault::usage(format!(
                "{} lies outside of the repository",
                self.config_path.display()
            ))
            .fix("pass --config a file of the repository")
        };
        self.config_path
            .strip_prefix(&self.world.root)
            .map(Path::to_owned)
            .map_err(|_| outside())
    }

    /// The repository's page on the forge, such as `https://github.com/acme/mono`; `None` without a forge.
    pub(crate) fn forge_page(&self) -> Option<String> {
        let server = self.world.environment.forge_url.trim_end_matches('/');
        self.config
            .repository
            .github
            .as_ref()
            .map(|name| format!("{server}/{name}"))
    }

    /// Makes sure of the whole history, by a fetch where the clone is shallow; a dry run fetches nothing, and is refused.
    pub(crate) fn whole_history(&self, what: &str) -> anyhow::Result<()> {
        if self.global.dry_run {
            return Ok(self.world.git.refuse_shallow(what)?);
        }
        if self.world.git.is_shallow() {
            self.ui.status(
                "Deepening",
                &format!("this shallow clone, from {}", self.remote().name),
            );
        }
        self.world.git.deepen(self.remote().name, what)
    }

    pub(crate) fn remote(&self) -> Remote<'_> {
        let named = self.config.repository.remote.as_deref();
        Remote {
            name: named.unwrap_or("origin"),
            is_named: named.is_some(),
        }
    }

    pub(crate) fn environments(&self) -> Environments<'_> {
        Environments::new(&self.world, &self.delivery, self.remote().name)
    }
}

/// A path given is relative to the folder of the call, as everywhere; from elsewhere it may also be relative to the root.
fn config_path(root: &Path, here: &Path, given: Option<&Path>) -> PathBuf {
    let Some(given) = given else {
        return root.join(DEFAULT_CONFIG);
    };
    let from_here = here.join(given);
    if files::exists(&from_here) {
        from_here
    } else {
        root.join(given)
    }
}

/// Writes `name=value` lines for later steps of a CI job.
pub(crate) fn write_outputs(app: &App, outputs: &[(&str, String)]) -> anyhow::Result<()> {
    if let (Some(path), false) = (&app.world.environment.github_output, app.global.dry_run) {
        let text: String = outputs
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        files::append(path, &text).context("writing GITHUB_OUTPUT")?;
    }
    Ok(())
}
