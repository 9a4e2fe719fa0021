//! From a parsed command line to the command that runs it, and from its error to an exit code.

use crate::app::{App, Outcome};
use crate::checks::test;
use crate::cli::{Cli, Verb};
use crate::delivery::promote;
use crate::fault::{Fault, FaultKind};
use crate::ui::{Ui, has_lost_data};
use crate::world::environment;
use crate::world::environment::Environment;
use crate::{
    affected, build, bump, changelog, checks, delivery, doctor, init, pin, release, release_pr,
    secrets, status, tag, verify, versions,
};

/// Runs the verb and gives the exit code; an error is printed here, once.
pub fn dispatch(cli: Cli) -> u8 {
    let environment = Environment::read();
    let ui = Ui {
        json: cli.global.json,
        verbose: cli.global.verbose,
        color: environment.color,
        groups: environment.is_github_actions,
        bars: environment.has_live_lines,
    };
    let answer = App::open(cli.global, environment, ui.clone()).and_then(|app| match cli.verb {
        // The only verb that makes the configuration in place of reading it.
        Verb::Init => init::command::run(&app),
        verb => run(&app.configured()?, verb),
    });
    let code = answer.unwrap_or_else(|error| {
        let fault = Fault::of(&error);
        ui.fault(&fault);
        fault.kind.exit_code()
    });
    if code == 0 && has_lost_data() {
        FaultKind::Failed.exit_code()
    } else {
        code
    }
}

fn run(app: &App, verb: Verb) -> Outcome {
    match verb {
        Verb::Versions(arguments) => versions::command::run(app, &arguments),
        Verb::Bump(arguments) => bump::run(app, &arguments),
        Verb::Tag(arguments) => tag::run(app, &arguments),
        Verb::Build(arguments) => build::run(app, &arguments),
        Verb::Changelog(arguments) => changelog::run(app, &arguments),
        Verb::Notes(arguments) => changelog::notes(app, &arguments),
        Verb::Release(arguments) => release::run(app, &arguments),
        Verb::Status(arguments) => status::run(app, &arguments),
        Verb::ReleasePr(arguments) => release_pr::run(app, &arguments),
        Verb::Verify(arguments) => verify::run(app, &arguments),
        Verb::Promote(arguments) => promote::run(app, &arguments),
        Verb::Rollback(arguments) => delivery::rollback::run(app, &arguments),
        Verb::Unbar(arguments) => delivery::rollback::unbar(app, &arguments),
        Verb::Pin(arguments) => pin::run(app, &arguments),
        Verb::Secrets(arguments) => secrets::command::run(app, &arguments),
        Verb::Plan(arguments) => affected::command::run(app, &arguments),
        Verb::Check(arguments) => checks::run(app, &arguments),
        Verb::Test => test::run(app),
        Verb::Init => init::command::run(app),
        Verb::Doctor => doctor::run(app),
        #[cfg(feature = "rehearse")]
        Verb::Rehearse(arguments) => crate::rehearse::run(app, &arguments),
    }
}

/// Prints what clap says of a call, as a document too when one was asked for; help and version are no errors.
pub fn usage(error: &clap::Error) -> u8 {
    let code = if error.use_stderr() {
        FaultKind::Usage.exit_code()
    } else {
        0
    };
    // A reader that went away has read enough.
    let _ = error.print();
    if code != 0 && environment::was_called_with("--json") {
        let what = error.to_string();
        let ui = Ui {
            json: true,
            verbose: false,
            color: false,
            groups: false,
            bars: false,
        };
        ui.document(&serde_json::json!({ "schema": 1, "error": { "code": code, "what": what.trim_end(), "fix": "cargo xtask --help" } }));
    }
    code
}
