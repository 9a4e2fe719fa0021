//! Tests of what `[environments.NAME.secrets]` means.

use super::*;
use crate::config::parse;

fn read(keys: &str) -> Result<SecretsPlan, String> {
    let text = format!(
        "[repository]\ngithub = \"acme/mono\"\n[environments.staging]\nnamespace = \"apps\"\nrollout = \"deployment/x\"\n[environments.staging.secrets]\n{keys}\n"
    );
    let config = parse(&text, "m").map_err(|fault| fault.what)?;
    secrets_of(&config, "staging", "m")
        .map(Option::unwrap)
        .map_err(|fault| fault.what)
}

#[test]
fn a_sink_is_a_store_or_a_command() {
    let sink = |text: &str| {
        read(&format!("sink = {text}"))
            .map(|plan| (plan.sink.is_by_name(), plan.sink.program().to_owned()))
    };
    assert_eq!(sink("\"kubectl\""), Ok((false, "kubectl".to_owned())));
    assert_eq!(
        read("sink = \"kubectl\"").unwrap().sink,
        Sink::Kubectl {
            arguments: vec!["--namespace=apps".to_owned()]
        }
    );
    assert_eq!(sink("\"modal\""), Ok((true, "modal".to_owned())));
    assert_eq!(
        read("sink = \"gh\"").unwrap().sink,
        Sink::Gh {
            repository: Some("acme/mono".to_owned())
        }
    );
    assert_eq!(
        sink("[\"put\", \"{environment}/{project}\"]"),
        Ok((false, "put".to_owned()))
    );
    assert_eq!(sink("[\"put\", \"{name}\"]"), Ok((true, "put".to_owned())));
}

#[test]
fn bad_keys_are_told_with_what_was_wanted() {
    for (keys, words) in [
        ("", "sink is not said"),
        ("sink = \"kubectI\"", "did you mean \"kubectl\"?"),
        ("sink = []", "sink is an empty command"),
        ("sink = [\"{name}\"]", "sink is an empty command"),
        (
            "sink = [\"put\", \"{nam}\"]",
            "{nam}, which is none; did you mean {name}?",
        ),
        (
            "sink = [\"put\", \"{name}\", \"{project}\"]",
            "a name is handed over once",
        ),
        (
            "sink = 1",
            "a sink is \"kubectl\", \"modal\", \"gh\", or a command",
        ),
        (
            "sink = \"gh\"\nrequired = [\"A B\"]",
            "\"A B\" is no name of a secret",
        ),
        (
            "sink = \"gh\"\nrequired = [\"1A\"]",
            "no digit at the beginning",
        ),
        (
            "sink = \"gh\"\nrequired = [\"A\"]\noptional = [\"A\"]",
            "A is both required and optional",
        ),
        (
            "sink = \"gh\"\nprojects.api = { required = [\"-\"] }",
            "projects.api: \"-\" is no name",
        ),
        (
            "sink = \"gh\"\nobject = \"{name}\"",
            "object has the placeholder {name}, which is none",
        ),
        ("sink = \"gh\"\nrequierd = []", "did you mean `required`?"),
    ] {
        let error = read(keys).unwrap_err();
        assert!(error.contains(words), "{keys}: {error}");
    }
}

#[test]
fn a_value_is_looked_for_by_environment_first() {
    assert_eq!(
        variables("API_KEY", "staging"),
        ["API_KEY_STAGING", "API_KEY"]
    );
    assert_eq!(
        variables("API_KEY", "eu-west.1"),
        ["API_KEY_EU_WEST_1", "API_KEY"]
    );
}
