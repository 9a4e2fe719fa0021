//! `rehearse delivery-updater`: an updater in the cluster takes tags by rules of its own, beside what is promoted.
//!
//! The cluster is a file that says which version runs. The updater takes what `check argocd` says that it would: its rules are held
//! to the real one's by tests of their own.

use anyhow::{Context, ensure};

use crate::app::App;
use crate::rehearse::life::{Life, released};
use crate::world::files;

const FILES: [(&str, &str); 5] = [
    (
        "xtask/monorepo.toml",
        "[images]\nrepository = \"{registry}/acme/{package}\"\n[projects.service]\npath = \"service\"\nversions = [\"VERSION\"]\n\
         image = { platforms = [\"linux/amd64\"] }\n[environments.production]\n\
         deploy = [\"sh\", \"ops/set-image-tag\", \"{version}\"]\n[argocd]\napplications = [\"applications/*.yaml\"]\n",
    ),
    ("service/VERSION", "0.1.0\n"),
    ("applications/service.yaml", APPLICATION),
    (
        "ops/set-image-tag",
        "# As `argocd app set service --helm-set image.tag=TAG` does.\necho \"$1\" > ../cluster\n",
    ),
    (".gitignore", "/target/\n"),
];

/// With tags that begin with a `v`, as the updater was set up for another way to release.
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: service\n  annotations:\n    \
     argocd-image-updater.argoproj.io/image-list: service={registry}/acme/service:0.x\n    \
     argocd-image-updater.argoproj.io/service.update-strategy: semver\n    \
     argocd-image-updater.argoproj.io/service.allow-tags: regexp:^v[0-9]+\\.[0-9]+\\.[0-9]+$\n    \
     argocd-image-updater.argoproj.io/write-back-method: argocd\n    \
     argocd-image-updater.argoproj.io/service.helm.image-tag: image.tag\n";

/// The annotation by which a rollback stays.
const IGNORED: &str = "    argocd-image-updater.argoproj.io/service.ignore-tags: 0.3.0\n";

const CHECK: [&str; 2] = ["check", "argocd"];

/// Versions are taken by themselves; one is rolled back, comes again by itself, is left out, stays away, and is let again.
pub(super) fn updater<'a>(app: &'a App, word: &str) -> anyhow::Result<Life<'a>> {
    let life = Life::begin(app, word, &FILES)?;
    released(&life, "0.2.0")?;
    runs(&life, "0.2.0")?;
    life.refused(&CHECK, "our tags have no `v` before them")?;
    edit(&life, "fix: follow the tags that there are", |text| {
        text.replace("regexp:^v", "regexp:^")
    })?;
    life.run(&CHECK)?;
    // The tag alone lets it run, before or after anything is deployed.
    released(&life, "0.3.0")?;
    ensure!(
        takes(&life)? == "0.3.0",
        "the updater should take the release"
    );
    runs(&life, "0.3.0")?;

    life.run(&[
        "rollback",
        "service",
        "--in",
        "production",
        "--why",
        "a rehearsal",
    ])?;
    runs(&life, "0.2.0")?;
    life.refused(
        &CHECK,
        "0.3.0 was rolled back, and the updater takes it again; name it in ignore-tags",
    )?;
    edit(&life, "fix: leave 0.3.0 out", |text| {
        format!("{text}{IGNORED}")
    })?;
    life.run(&CHECK)?;
    ensure!(takes(&life)? == "0.2.0", "a rollback should stay");
    runs(&life, "0.2.0")?;
    life.refused(
        &["promote", "service", "--to", "production"],
        "is barred in production",
    )?;

    life.run(&["unbar", "service", "--in", "production"])?;
    edit(&life, "fix: 0.3.0 may come again", |text| {
        text.replace(IGNORED, "")
    })?;
    life.run(&["promote", "service", "--to", "production"])?;
    life.run(&CHECK)?;
    ensure!(
        takes(&life)? == "0.3.0",
        "the updater should take what is promoted"
    );
    runs(&life, "0.3.0")?;
    Ok(life)
}

/// The updater's turn: what it takes now runs from now on.
fn takes(life: &Life<'_>) -> anyhow::Result<String> {
    let document = life.json(&CHECK)?;
    let now = document["images"][0]["now"]
        .as_str()
        .context("the updater would take nothing")?
        .to_owned();
    files::write_own(&life.folder.join("cluster"), &format!("{now}\n"))?;
    Ok(now)
}

fn runs(life: &Life<'_>, version: &str) -> anyhow::Result<()> {
    let found = files::read(&life.folder.join("cluster"))?.unwrap_or_default();
    ensure!(
        found.trim() == version,
        "{version} should run, and {found:?} does"
    );
    Ok(())
}

/// A person's commit to the application.
fn edit(
    life: &Life<'_>,
    message: &str,
    change: impl FnOnce(String) -> String,
) -> anyhow::Result<()> {
    let file = life.work.join("applications/service.yaml");
    let text = files::read(&file)?.context("the application is not there")?;
    files::write_own(&file, &change(text))?;
    life.git(&["commit", "--quiet", "--all", "--message", message])?;
    life.git(&["push", "--quiet", "origin", "main"]).map(drop)
}
