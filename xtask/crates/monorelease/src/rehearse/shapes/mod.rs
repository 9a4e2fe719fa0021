//! `rehearse delivery-…`: the whole life of what runs, in each shape that repositories deliver in.
//!
//! A release comes to the first environment and to the last, is rolled back, is refused while it is barred, and comes again.

mod updater;

use std::time::Instant;

use anyhow::ensure;
use serde_json::json;

use super::life::{Life, released};
use crate::app::App;
use updater::updater;

/// A shape, by the word that it is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Folders,
    Branches,
    Updater,
}

impl Shape {
    const ALL: [Self; 3] = [Self::Folders, Self::Branches, Self::Updater];

    /// The shape of a word; `None` for any other word, such as a project.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.word() == word)
    }

    /// Every word, for who called one by none of them.
    pub fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }

    fn word(self) -> &'static str {
        match self {
            Self::Folders => "delivery-folders",
            Self::Branches => "delivery-branches",
            Self::Updater => "delivery-updater",
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Folders => "environments that are folders of one repository",
            Self::Branches => "environments that are branches, with a registry file in each",
            Self::Updater => "a cluster in which an updater takes the highest tag",
        }
    }
}

const FOLDERS: [(&str, &str); 3] = [
    (
        "xtask/monorepo.toml",
        "[images]\nrepository = \"{registry}/acme/{package}\"\n[projects.service]\npath = \"service\"\nversions = [\"VERSION\"]\n\
         image = { platforms = [\"linux/amd64\"] }\n[environments.staging]\n[environments.production]\nafter = \"staging\"\n\
         [[pins]]\nproject = \"service\"\nenvironment = \"staging\"\ngit = \"{folder}/what-runs.git\"\nfile = \"staging/*.yaml\"\n\
         [[pins]]\nproject = \"service\"\nenvironment = \"production\"\ngit = \"{folder}/what-runs.git\"\nfile = \"production/*.yaml\"\n",
    ),
    ("service/VERSION", "0.1.0\n"),
    (".gitignore", "/target/\n"),
];

const DEPLOYMENT: &str = "spec:\n  containers:\n    - name: service\n      image: {registry}/acme/service:0.0.0 # before the rehearsal\n";

const BRANCHES: [(&str, &str); 5] = [
    (
        "xtask/monorepo.toml",
        "[repository]\ngithub = \"acme/mono\"\n[images]\nrepository = \"{registry}/acme/{package}\"\n[images-from]\n\
         files = \"registry/*.yaml\"\ndockerfile = \"processors/{name}/Dockerfile\"\n[environments.dev]\nbranch = \"dev\"\n\
         [environments.staging]\nbranch = \"staging\"\nafter = \"dev\"\n[environments.production]\nbranch = \"main\"\nafter = \"staging\"\n",
    ),
    (
        "registry/llm_generic.yaml",
        "ref: llm/generic@1\nimage:\n  oci: sha256:pending # to be built\n  platforms:\n    amd64: sha256:pending\nsecrets:\n  required: [API_TOKEN]\n",
    ),
    (
        "processors/llm_generic/Dockerfile",
        "FROM scratch\nCOPY app.py /app.py\n",
    ),
    ("processors/llm_generic/app.py", "print(1)\n"),
    (".gitignore", "/target/\n"),
];

/// Plays a shape in a sandbox on this machine.
///
/// # Errors
/// A command of it did not end as it should.
pub fn run(app: &App, shape: Shape) -> anyhow::Result<u8> {
    let started = Instant::now();
    let word = shape.word();
    if app.global.dry_run {
        let place = app.world.path("target/rehearsal").join(word);
        app.ui.status(
            "Planned",
            &format!(
                "{word}: {}, in {}; nothing was written",
                shape.told(),
                place.display()
            ),
        );
        app.ui.document(&json!({ "schema": 1, "scenario": word }));
        return Ok(0);
    }
    app.ui
        .status("Rehearsing", &format!("{word}: {}", shape.told()));
    let life = match shape {
        Shape::Folders => folders(app, word)?,
        Shape::Branches => branches(app, word)?,
        Shape::Updater => updater(app, word)?,
    };
    let unexpected = [life.registry.unexpected(), life.forge.unexpected()].concat();
    ensure!(
        unexpected.is_empty(),
        "the servers were asked what none knows: {}",
        unexpected.join(", ")
    );
    let took = started.elapsed().as_secs_f64();
    let what =
        "delivered, promoted, rolled back, refused while it was barred, let, and promoted again";
    app.ui.status(
        "Rehearsed",
        &format!(
            "{word}: {what}, in {took:.1} s; it stands in {}",
            life.folder.display()
        ),
    );
    app.ui.document(&json!({ "schema": 1, "scenario": word, "requests": life.registry.log().len() + life.forge.log().len() }));
    Ok(0)
}

/// Two folders of one repository, as Argo CD reads them.
fn folders<'a>(app: &'a App, word: &str) -> anyhow::Result<Life<'a>> {
    let life = Life::begin(app, word, &FOLDERS)?;
    let there = life.repository(
        "what-runs",
        &[
            ("staging/service.yaml", DEPLOYMENT),
            ("production/service.yaml", DEPLOYMENT),
        ],
    )?;
    life.git_in(
        &life.folder,
        &[
            "clone",
            "--quiet",
            "--bare",
            &there.display().to_string(),
            "what-runs.git",
        ],
    )?;
    let says = |stage: &str, version: &str| -> anyhow::Result<()> {
        let text = life.file("what-runs.git", "main", &format!("{stage}/service.yaml"))?;
        ensure!(
            text.contains(&format!("acme/service:{version}@sha256:")),
            "{stage} should run {version}, and says: {text}"
        );
        Ok(())
    };
    for version in ["0.2.0", "0.3.0"] {
        released(&life, version)?;
        says("staging", version)?;
        life.run(&["promote", "service", "--to", "production"])?;
        says("production", version)?;
    }
    life.run(&[
        "rollback",
        "service",
        "--in",
        "production",
        "--why",
        "a rehearsal",
    ])?;
    says("production", "0.2.0")?;
    says("staging", "0.3.0")?;
    life.refused(
        &["promote", "service", "--to", "production"],
        "is barred in production",
    )?;
    life.run(&["unbar", "service", "--in", "production"])?;
    life.run(&["promote", "service", "--to", "production"])?;
    says("production", "0.3.0")?;
    life.run(&["check", "pins"])?;
    Ok(life)
}

/// Branches of the repository itself; what is built comes to the first by a pull request.
fn branches<'a>(app: &'a App, word: &str) -> anyhow::Result<Life<'a>> {
    let file = "registry/llm_generic.yaml";
    let project = "llm_generic";
    let life = Life::begin(app, word, &BRANCHES)?;
    life.git(&["checkout", "--quiet", "-b", "dev"])?;
    life.git(&["push", "--quiet", "origin", "dev", "dev:staging"])?;
    let says = |branch: &str| life.file("origin.git", branch, file);
    let mut pinned = Vec::new();
    for text in ["print(2)\n", "print(3)\n"] {
        crate::world::files::write_own(&life.work.join("processors/llm_generic/app.py"), text)?;
        life.git(&[
            "commit",
            "--quiet",
            "--all",
            "--message",
            "feat: another way to say it",
        ])?;
        life.git(&["push", "--quiet", "origin", "dev"])?;
        let head = life.git(&["rev-parse", "--short=7", "HEAD"])?;
        life.push_stand_in("acme/llm-generic", head.trim(), head.trim())?;
        life.run(&["pin"])?;
        life.merge("xtask/pin/dev")?;
        life.git(&["pull", "--quiet", "--ff-only", "origin", "dev"])?;
        for (stage, branch) in [("staging", "staging"), ("production", "main")] {
            life.run(&["promote", project, "--to", stage])?;
            ensure!(
                says(branch)? == says("dev")?,
                "{branch} should pin what dev does"
            );
        }
        pinned.push(says("main")?);
    }
    let app_there = life.file("origin.git", "main", "processors/llm_generic/app.py")?;
    ensure!(
        app_there == "print(1)\n",
        "a promotion should bring the digest alone, and brought {app_there:?}"
    );
    life.run(&[
        "rollback",
        project,
        "--in",
        "production",
        "--why",
        "a rehearsal",
    ])?;
    ensure!(
        Some(&says("main")?) == pinned.first(),
        "production should be back at the first digest"
    );
    life.refused(
        &["promote", project, "--to", "production"],
        "is barred in production",
    )?;
    life.run(&["unbar", project, "--in", "production"])?;
    life.run(&["promote", project, "--to", "production"])?;
    ensure!(
        Some(&says("main")?) == pinned.last(),
        "production should be at the second digest again"
    );
    life.run(&["check", "pins"])?;
    Ok(life)
}
