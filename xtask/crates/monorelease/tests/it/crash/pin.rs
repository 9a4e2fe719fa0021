//! Law 14 for `pin`: ended at every call of git, and at every request to the registry and to the forge.

use crate::support::crash::Scenario;
use crate::support::registered::Processors;

#[test]
fn law_14_pin_can_be_killed_anywhere() {
    let processors = Processors::new();
    processors.push_builds(&["llm-litellm", "replicate-generic"]);
    let mut scenario = Scenario::asking(&processors.fixture, &processors.forge, &["pin"]);
    scenario.at_every_call_of("git");
    scenario.at_every_request();
    println!("pin, by git and the forge: {} cases", scenario.cases);
    scenario.at_every_request_to_the_registry_of("PUT");
    println!("pin: {} cases", scenario.cases);
    assert!(processors.forge.pulls().len() <= 1);
}
