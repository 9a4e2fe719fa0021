//! Law 14 for deliveries by pull request: ended at every call of git and every request to the forge, when the request is opened, taken
//! over by a rollback, and withdrawn.

use crate::support::crash::Scenario;
use crate::support::pull::Asked;

fn end_anywhere(asked: &Asked, arguments: &[&str]) {
    let mut scenario = Scenario::asking(&asked.delivered.fixture, &asked.forge, arguments);
    scenario.at_every_call_of("git");
    scenario.at_every_request();
    assert_eq!(asked.forge.unexpected(), Vec::<String>::new());
    println!("{}: {} cases", arguments.join(" "), scenario.cases);
}

#[test]
fn law_14_a_promotion_by_pull_request_can_be_killed_anywhere() {
    let asked = Asked::new();
    end_anywhere(&asked, &["promote", "api", "--to", "production"]);
    assert!(asked.forge.pulls().len() <= 1);
}

#[test]
fn law_14_a_rollback_that_takes_an_open_request_over_can_be_killed_anywhere() {
    let asked = Asked::new();
    asked.ok(&["promote", "api", "--to", "production"]);
    asked.merge();
    asked.ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    asked.ok(&["promote", "api", "--to", "production"]);
    end_anywhere(&asked, &["rollback", "api", "--in", "production"]);
}

#[test]
fn law_14_a_request_that_is_withdrawn_can_be_killed_anywhere() {
    let asked = Asked::new();
    asked.ok(&["promote", "api", "--to", "production"]);
    asked.ok(&["promote", "api", "--to", "staging", "--version", "0.1.0"]);
    end_anywhere(&asked, &["promote", "api", "--to", "production"]);
}
