//! Law 14, everywhere: each verb is ended at every place where it touches the world, and the same line must finish it.
//!
//! One program for all of them, so that those that wait for the container engine and those that keep a processor busy run side by side.

mod build;
mod pin;
mod pull;
use crate::support::Fixture;
use crate::support::crash::Scenario;
use crate::support::stage::Stage;

#[test]
fn law_14_bump_can_be_killed_anywhere() {
    for target in ["minor", "auto"] {
        let fixture = Fixture::new();
        for package in ["core", "api", "web"] {
            fixture.git(&["tag", &format!("{package}-v0.1.0")]);
        }
        fixture.write("core/new.txt", "new");
        fixture.git(&["add", "core/new.txt"]);
        fixture.commit_all("feat: something new in the core");
        let arguments = ["bump", target, "--commit"];
        let mut scenario = Scenario::new(&fixture, &arguments);
        scenario.at_every_call_of("git");
        scenario.at_every_change_of_a_file();
        println!("{}: {} cases", arguments.join(" "), scenario.cases);
    }
}

#[test]
fn law_14_tag_can_be_killed_anywhere() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "--commit"]);
    let mut scenario = Scenario::new(&fixture, &["tag", "--rc", "--push"]);
    scenario.at_every_call_of("git");
    scenario.at_every_change_of_a_file();
    println!("tag --rc --push: {} cases", scenario.cases);
}

#[test]
fn law_14_release_can_be_killed_anywhere() {
    let fixture = Fixture::new();
    fixture.prepare_release();
    let mut scenario = Scenario::new(&fixture, &["release", "api"]);
    scenario.at_every_call_of("git");
    scenario.at_every_request();
    scenario.at_every_change_of_a_file();
    println!("release: {} cases", scenario.cases);
}

#[test]
fn law_14_release_pr_can_be_killed_anywhere_when_it_opens() {
    let stage = Stage::new();
    stage.change("core/src.rs", "feat: one");
    end_release_pr_anywhere(&stage, "opens");
}

#[test]
fn law_14_release_pr_can_be_killed_anywhere_when_it_follows_the_branch() {
    let stage = Stage::new();
    stage.change("core/src.rs", "feat: one");
    stage.ok(&[]);
    stage.change("api/app.py", "fix: two");
    end_release_pr_anywhere(&stage, "follows the branch");
}

#[test]
fn law_14_release_pr_can_be_killed_anywhere_when_it_closes() {
    let stage = Stage::new();
    stage.change("api/app.py", "fix: one");
    stage.ok(&[]);
    stage.change("api/app.py", "Revert \"fix: one\"");
    end_release_pr_anywhere(&stage, "closes");
}

fn end_release_pr_anywhere(stage: &Stage, what: &str) {
    let mut scenario = Scenario::at_forge(stage, &["release-pr"]);
    scenario.at_every_call_of("git");
    scenario.at_every_request();
    // Files of the repository's own are changed by git alone, and in the same way whatever becomes of the pull request.
    if what == "opens" {
        scenario.at_every_change_of_a_file();
    }
    assert_eq!(stage.forge.unexpected(), Vec::<String>::new());
    println!("release-pr, when it {what}: {} cases", scenario.cases);
}

#[test]
fn law_14_the_forges_release_can_be_killed_anywhere() {
    let stage = Stage::new();
    stage.change("api/app.py", "feat: one");
    stage.fixture.prepare_release();
    for name in ["api-0.2.0.tar.gz", "api-0.2.0-py3-none-any.whl"] {
        stage
            .fixture
            .write(&format!("target/xtask/dist/api/0.2.0/{name}"), name);
    }
    let mut scenario = Scenario::at_forge(&stage, &["release", "api"]);
    // What only asks is asked once more between any two of these.
    for method in ["POST", "PATCH"] {
        scenario.at_every_request_of(method);
    }
    assert_eq!(stage.forge.unexpected(), Vec::<String>::new());
    println!("release at the forge: {} cases", scenario.cases);
}
