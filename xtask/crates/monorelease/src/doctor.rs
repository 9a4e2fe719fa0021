//! `doctor`: what this machine and this clone lack, each with the command that fixes it.

use std::path::Path;

use monorelease_oci_registry::error::RegistryError;
use monorelease_oci_registry::error::RegistryErrorKind as Kind;
use serde_json::json;

use crate::app::{App, Outcome};
use crate::delivery::deploy::how_to_get;
use crate::delivery::health::{Health, health};
use crate::engine::preflight;
use crate::engine::preflight::Amiss;
use crate::release::observe;
use crate::tag::plan::RemoteTags;
use crate::tools::{cargo, docker};
use crate::{packages, tools, ui};

/// One thing that was looked at.
pub(super) struct Finding {
    pub what: String,
    /// What was found, or what is amiss.
    pub state: Result<String, String>,
    pub fix: String,
    /// Amiss, but only some verbs need it.
    pub optional: bool,
}

pub fn run(app: &App) -> Outcome {
    let mut findings = tool_findings(app);
    findings.extend(program_findings(app));
    findings.extend(engine_findings(app));
    findings.extend(cargo_finding(app));
    findings.push(clone_finding(app));
    findings.push(identity_finding(app));
    findings.push(remote_finding(app)?);
    findings.extend(registry_findings(app));
    findings.extend(delivery_findings(app)?);
    findings.extend(forge_findings(app));
    findings.push(room_finding(app));
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| match &finding.state {
            Ok(found) => vec!["✓".to_owned(), finding.what.clone(), found.clone()],
            Err(amiss) => vec![
                if finding.optional { "–" } else { "✗" }.to_owned(),
                finding.what.clone(),
                amiss.lines().next().unwrap_or_default().to_owned(),
            ],
        })
        .collect();
    app.ui.data(&ui::table(&rows));
    let faults = findings
        .iter()
        .filter(|finding| finding.state.is_err() && !finding.optional)
        .count();
    for finding in &findings {
        match &finding.state {
            Err(amiss) if finding.optional => app.ui.warn(&format!(
                "{}: {amiss} (to mend: {})",
                finding.what, finding.fix
            )),
            Err(amiss) => app
                .ui
                .error(&format!("{}: {amiss}", finding.what), Some(&finding.fix)),
            Ok(_) => {}
        }
    }
    let documents: Vec<_> = findings
        .iter()
        .map(|finding| json!({ "what": finding.what, "ok": finding.state.is_ok(), "optional": finding.optional, "found": finding.state.as_ref().unwrap_or_else(|amiss| amiss), "fix": finding.state.is_err().then_some(&finding.fix) }))
        .collect();
    app.ui
        .document(&json!({ "schema": 1, "findings": documents }));
    Ok(u8::from(faults > 0))
}

/// What environments call to deploy, to watch and to try; who does not promote need not have it.
fn program_findings(app: &App) -> Vec<Finding> {
    let mut programs: Vec<(&str, &str)> = Vec::new();
    for stage in &app.delivery.stages {
        let commands = stage.checks.tasks.iter().flat_map(|task| &task.commands);
        programs.extend(
            commands.filter_map(|command| Some((command.first()?.as_str(), stage.name.as_str()))),
        );
    }
    programs.sort_unstable();
    programs.dedup_by_key(|(program, _)| *program);
    let finding = |(program, stage): (&str, &str)| {
        let state = app
            .world
            .program(program)
            .map(|path| path.display().to_string())
            .map_err(|fault| fault.what);
        Finding {
            what: format!("{program}, for {stage}"),
            state,
            fix: how_to_get(program),
            optional: true,
        }
    };
    programs.into_iter().map(finding).collect()
}

fn tool_findings(app: &App) -> Vec<Finding> {
    let has_image = app
        .projects
        .all
        .iter()
        .any(|project| project.image.is_some());
    let has_wheel = app
        .projects
        .all
        .iter()
        .any(|project| !project.wheel_targets.is_empty());
    let has_package = app
        .projects
        .all
        .iter()
        .any(|project| project.package_index.is_some());
    let mut findings = Vec::new();
    for (tool, optional) in [
        (tools::GIT, false),
        (tools::CARGO, false),
        (tools::PYTHON, false),
        (tools::UV, true),
        (tools::TWINE, !has_package),
        (tools::MATURIN, !has_wheel),
        (tools::DOCKER, !has_image),
        (tools::TRIVY, true),
        (tools::GRYPE, true),
        (tools::COSIGN, app.trust.is_none()),
        (
            tools::SYFT,
            app.trust.as_ref().is_none_or(|trust| trust.sbom.is_empty()),
        ),
        (tools::ACTIONLINT, true),
        (tools::ZIZMOR, true),
    ] {
        findings.push(tool_finding(app, tool, optional));
    }
    findings
}

fn tool_finding(app: &App, tool: tools::Tool, optional: bool) -> Finding {
    let runner = &app.world.runner;
    let describe =
        |program: &Path| tools::version(runner, program).map_err(|error| format!("{error:#}"));
    let state = match (
        tools::find(tool),
        tools::fetched(&app.world.root, tool),
        tools::pinned(tool),
    ) {
        (Some(program), ..) => describe(&program),
        (None, Some(program), _) => {
            describe(&program).map(|version| format!("{version} (in target/tools)"))
        }
        (None, None, Some(pin)) => Ok(format!("absent; xtask fetches {pin} when it is needed")),
        (None, None, None) => Err(format!("not on the PATH; wanted for {}", tool.wanted_for)),
    };
    Finding {
        what: tool.name.into(),
        state,
        fix: tool.how_to_get.into(),
        optional,
    }
}

fn engine_findings(app: &App) -> Vec<Finding> {
    if tools::find(tools::DOCKER).is_none()
        || app
            .projects
            .all
            .iter()
            .all(|project| project.image.is_none())
    {
        return Vec::new();
    }
    let runner = &app.world.runner;
    let plain = |answer: anyhow::Result<String>| answer.map_err(|error| format!("{error:#}"));
    let (engine, fix) = match docker::engine_version(runner) {
        Ok(version) => (Ok(version), String::new()),
        Err(error) => (
            Err(format!("{error:#}")),
            docker::unreached(&error).fix.unwrap_or_default(),
        ),
    };
    vec![
        Finding {
            what: "docker engine".into(),
            state: engine,
            fix,
            optional: false,
        },
        Finding {
            what: "docker buildx".into(),
            state: plain(docker::buildx_version(runner)),
            fix: "install the docker-buildx plugin".into(),
            optional: false,
        },
    ]
}

fn cargo_finding(app: &App) -> Option<Finding> {
    let members = cargo::members(&app.world.runner, &app.world.root)?;
    let state = members
        .map(|count| format!("{count} members"))
        .map_err(|error| format!("{error:#}"));
    Some(Finding {
        what: "Cargo workspace".into(),
        state,
        fix: "cargo metadata --no-deps".into(),
        optional: false,
    })
}

fn clone_finding(app: &App) -> Finding {
    let state = match app.world.git.is_shallow() {
        true => Err("it is shallow: tags and history are missing".into()),
        false => Ok("has its whole history".into()),
    };
    Finding {
        what: "this clone".into(),
        state,
        fix: "git fetch --unshallow --tags".into(),
        optional: false,
    }
}

/// Who `bump --commit` and `tag` would say made them; who only looks need not be known.
fn identity_finding(app: &App) -> Finding {
    // Behind the address stands the time.
    let who = |said: String| {
        said.rsplit_once('>')
            .map_or(said.clone(), |(who, _)| format!("{who}>"))
    };
    let (state, fix) = match app.world.git.committer() {
        Ok(said) => (Ok(who(said)), String::new()),
        Err(fault) => (Err(fault.what), fault.fix.unwrap_or_default()),
    };
    Finding {
        what: "you".into(),
        state,
        fix,
        optional: true,
    }
}

fn remote_finding(app: &App) -> anyhow::Result<Finding> {
    let remote = app.remote();
    let mut fix = format!("git ls-remote {}", remote.name);
    let state = match observe::tags(&app.world, &app.projects, remote)?.remote {
        RemoteTags::Known { tags, .. } => Ok(format!("reached, {} tags", tags.len())),
        RemoteTags::None => {
            fix = format!("git remote add {} URL", remote.name);
            Err("there is no such remote, so tags stay here".into())
        }
        RemoteTags::Unknown { why, .. } => Err(why),
    };
    Ok(Finding {
        what: format!("remote {}", remote.name),
        state,
        fix,
        optional: false,
    })
}

/// Whether releases may be made and pull requests opened at the forge, where one is configured. Who may not can do all else.
fn forge_findings(app: &App) -> Vec<Finding> {
    let Some(repository) = app.config.repository.github.as_ref() else {
        return Vec::new();
    };
    if app.world.environment.forge_token().is_none() {
        let what = "neither GITHUB_TOKEN nor GH_TOKEN is set: no release is made there, and release-pr is refused";
        let fix = "GITHUB_TOKEN=$(gh auth token) cargo xtask doctor, and the same before the verb that is to reach it";
        return vec![Finding {
            what: format!("forge {repository}"),
            state: Err(what.into()),
            fix: fix.into(),
            optional: true,
        }];
    }
    // Any tag that there could be: nothing is made of it.
    let tag = app
        .projects
        .all
        .iter()
        .find(|project| !project.sites.is_empty())
        .map(|project| project.tags.form());
    let releases = tag.map(|tag| {
        preflight::release_at(&app.world, repository, &tag).map(|()| "takes releases".to_owned())
    });
    let pulls = preflight::pulls_at(app.world.forge(), repository, &app.config.repository.branch);
    let all = releases
        .into_iter()
        .chain([pulls.map(|()| "takes pull requests".to_owned())]);
    let finding = |(state, fix)| Finding {
        what: format!("forge {repository}"),
        state,
        fix,
        optional: true,
    };
    all.map(told).map(finding).collect()
}

/// The room that builds have.
fn room_finding(app: &App) -> Finding {
    let has_docker = tools::find(tools::DOCKER).is_some()
        && app
            .projects
            .all
            .iter()
            .any(|project| project.image.is_some());
    let (state, fix) = told(preflight::room(&app.world, has_docker));
    Finding {
        what: "disk".into(),
        state,
        fix,
        optional: false,
    }
}

/// An answer of the preflight as a finding's state and fix.
fn told(answer: Result<String, Amiss>) -> (Result<String, String>, String) {
    match answer {
        Ok(found) => (Ok(found), String::new()),
        Err(Amiss { what, fix }) => (Err(what), fix),
    }
}

/// What to try where a registry was not read: who is not let in has to log in, who does not get there has to find the way, and
/// where something else answers, or the registry is out of order, no login helps.
fn unread_fix(error: &RegistryError) -> String {
    let host = &error.host;
    match error.kind {
        Kind::Denied | Kind::Credentials | Kind::Usage => format!("docker login {host}"),
        Kind::Unreachable => format!(
            "start it, or mend the network, or the host in images.repository: nothing answers at {host}"
        ),
        Kind::Untrusted => {
            format!("mend the certificate of {host}, or add its authority to the system's")
        }
        Kind::Cut => {
            format!("mend the network or the proxy on the way to {host}, then cargo xtask doctor")
        }
        Kind::Answered => format!("wait until {host} is in order again, then cargo xtask doctor"),
        Kind::Malformed | Kind::Mismatch | Kind::TooLarge | Kind::Stranger => {
            format!(
                "mend the host in images.repository, or the proxy on the way: what answers at {host} is no registry"
            )
        }
    }
}

/// Each image repository: whether it can be listed, which every release begins with, whether it may be pushed to, and each
/// registry's clock. The same questions that a release asks of itself before it begins.
fn registry_findings(app: &App) -> Vec<Finding> {
    let images: Vec<_> = app
        .projects
        .all
        .iter()
        .filter_map(|project| project.image.as_ref())
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    for repository in images.iter().map(|image| &image.repository) {
        let registry = app.world.registry();
        let listed = match registry
            .ping(&repository.host)
            .and_then(|()| registry.tags(repository))
        {
            Ok(Some(tags)) => Ok(format!("reached, {} tags", tags.len())),
            Ok(None) => Ok("reached; nothing was pushed yet".to_owned()),
            Err(error) => Err(Amiss {
                fix: unread_fix(&error),
                what: error.to_string(),
            }),
        };
        // Who may only read builds and tries all the same; a release by CI has rights of its own.
        let right = listed
            .is_ok()
            .then(|| preflight::push_right(&app.world, repository));
        let (state, fix) = told(listed.map(|listed| match &right {
            Some(Ok(right)) => format!("{listed}; {right}"),
            _ => listed,
        }));
        findings.push(Finding {
            what: format!("images {repository}"),
            state,
            fix,
            optional: false,
        });
        if let Some(Err(Amiss { what, fix })) = right {
            findings.push(Finding {
                what: format!("pushing to {repository}"),
                state: Err(what),
                fix,
                optional: true,
            });
        }
        if let Err(Amiss { what, fix }) = preflight::clock(&app.world, &repository.host) {
            findings.push(Finding {
                what: format!("clock of {}", repository.host),
                state: Err(what),
                fix,
                optional: true,
            });
        }
    }
    findings
}

fn delivery_findings(app: &App) -> anyhow::Result<Vec<Finding>> {
    let finding = |Health {
                       what,
                       state,
                       is_of_writers,
                   }| {
        let (state, fix) = match state {
            Ok(found) => (Ok(found), String::new()),
            Err((amiss, fix)) => (Err(amiss), fix),
        };
        Finding {
            what,
            state,
            fix,
            optional: is_of_writers,
        }
    };
    let packages = packages::health::health(&app.world, &app.projects);
    Ok(health(&app.environments())?
        .into_iter()
        .chain(packages)
        .map(finding)
        .collect())
}
