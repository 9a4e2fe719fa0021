//! Law 14, everywhere: each verb is ended at every place where it touches the world, and the same line must finish it.

mod support;

use support::Fixture;
use support::crash::Scenario;

#[test]
fn law_14_bump_can_be_killed_anywhere() {
    // `minor` and its like are steps from where HEAD is: after a bump that was committed they mean the next one.
    for target in ["0.2.0", "auto"] {
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
