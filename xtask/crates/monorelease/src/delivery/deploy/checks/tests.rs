//! Tests of deploy keys: commands, placeholders, times, and what a rollout is watched by.

use super::*;
use crate::config::parse;
use crate::delivery::ledger::entry_file;

fn checks(keys: &str) -> Result<Checks, String> {
    let config =
        parse(&format!("[environments.staging]\n{keys}\n"), "m").map_err(|fault| fault.what)?;
    Checks::from_keys(&config.environments["staging"])
}

fn lines(checks: &Checks, phase: Phase) -> Vec<String> {
    checks
        .task(phase)
        .unwrap()
        .commands
        .iter()
        .map(|command| command.join(" "))
        .collect()
}

#[test]
fn a_command_is_one_list_or_several() {
    let one = checks(
        "deploy = [\"modal\", \"deploy\", \"--env\", \"{environment}\"]\nsmoke = [[\"a\"], [\"b\", \"c\"]]\nsmoke-timeout = \"90s\"",
    )
    .unwrap();
    assert_eq!(
        lines(&one, Phase::Deploy),
        ["modal deploy --env {environment}"]
    );
    assert_eq!(lines(&one, Phase::Smoke), ["a", "b c"]);
    assert_eq!(one.task(Phase::Smoke).unwrap().limit.as_secs(), 90);
    assert_eq!(one.task(Phase::Deploy).unwrap().limit.as_secs(), 1800);
    assert_eq!(checks("").unwrap(), Checks::default());
}

#[test]
fn bad_keys_are_told_with_what_was_wanted() {
    for (keys, words) in [
        ("deploy = []", "deploy has an empty command"),
        ("deploy = [[]]", "deploy has an empty command"),
        ("smoke = [\" \", \"x\"]", "smoke has an empty command"),
        (
            "deploy = [\"x\", \"{enviroment}\"]",
            "{enviroment}, which is none; did you mean {environment}?",
        ),
        (
            "deploy = [\"x\", \"{q}\"]",
            "{q}, which is none (placeholders: {environment}, {project}",
        ),
        (
            "deploy = [\"{project}\"]",
            "a program has no placeholders in its name",
        ),
        (
            "deploy = [\"x\"]\ndeploy-timeout = \"10\"",
            "deploy-timeout is \"10\", wanted a time such as",
        ),
        ("deploy = [\"x\"]\ndeploy-timeout = \"0s\"", "wanted a time"),
        (
            "deploy = [\"x\"]\ndeploy-timeout = \"-1m\"",
            "wanted a time",
        ),
        (
            "deploy = [\"x\"]\ndeploy-timeout = \"25h\"",
            "wanted a time",
        ),
        (
            "deploy = [\"x\"]\ndeploy-timeout = \"99999999999999999999h\"",
            "wanted a time",
        ),
        ("deploy = [\"x\"]\ndeploy-timeout = \"\"", "wanted a time"),
        ("deploy = [\"x\"]\ndeploy-timeout = \"5ü\"", "wanted a time"),
        (
            "smoke-timeout = \"5m\"",
            "smoke-timeout is said, and there is no smoke",
        ),
        (
            "namespace = \"x\"",
            "namespace is said, and there is neither a rollout nor an argocd",
        ),
        (
            "rollout = \"reading\"",
            "wanted TYPE/NAME such as \"deployment/reading\"",
        ),
        ("rollout = \"deployment/\"", "wanted TYPE/NAME"),
        (
            "rollout = \"--all\"",
            "rollout names \"--all\", which is no name",
        ),
        (
            "rollout = \"deployment/{version}\"",
            "{version}, which is none",
        ),
        ("argocd = \"\"", "argocd names \"\", which is no name"),
        (
            "deploy = \"modal deploy\"",
            "a command is a list of arguments, or a list of such lists",
        ),
        ("depoly = [\"x\"]", "did you mean `deploy`?"),
    ] {
        let error = checks(keys).unwrap_err();
        assert!(error.contains(words), "{keys}: {error}");
    }
}

/// Flags as `kubectl rollout status --help` and the command reference of `argocd app wait` have them.
#[test]
fn a_rollout_is_watched_after_argo_cd_has_looked_at_git() {
    let found = checks(
        "rollout = [\"deployment/{package}\"]\nargocd = \"{project}\"\nnamespace = \"apps\"\ncontext = \"prod\"\nrollout-timeout = \"5m\"",
    );
    let found = found.unwrap();
    assert_eq!(
        lines(&found, Phase::Rollout),
        [
            "argocd app get {project} --refresh",
            "argocd app wait {project} --sync --health --timeout 300",
            "kubectl --context=prod --namespace=apps rollout status deployment/{package} --timeout=300s",
        ]
    );
    assert_eq!(found.task(Phase::Rollout).unwrap().workloads.len(), 1);
}

#[test]
fn placeholders_are_words_in_braces_and_json_is_left_alone() {
    let value = |name: &str| (name == "image").then(|| "r/{digest}".to_owned());
    for (text, wanted) in [
        ("{image}", "r/{digest}"),
        ("a{image}b{image}", "ar/{digest}br/{digest}"),
        (
            "{\"ref\":\"{image}\",\"mode\":\"mock\"}",
            "{\"ref\":\"r/{digest}\",\"mode\":\"mock\"}",
        ),
        ("{}", "{}"),
        ("{ image }", "{ image }"),
        ("{Image}", "{Image}"),
        ("{image", "{image"),
        ("{{image}}", "{r/{digest}}"),
        ("ü{image}ü", "ür/{digest}ü"),
    ] {
        assert_eq!(fill(text, &value), wanted, "{text}");
        assert_eq!(check("deploy", text, &["image"]), Ok(()), "{text}");
    }
}

#[test]
fn a_check_is_known_by_its_words_and_not_by_its_time() {
    let task = |keys: &str| checks(keys).unwrap().task(Phase::Smoke).unwrap().words();
    assert_eq!(
        task("smoke = [\"x\"]"),
        task("smoke = [[\"x\"]]\nsmoke-timeout = \"1h\"")
    );
    assert_ne!(task("smoke = [\"x\"]"), task("smoke = [\"x\", \"y\"]"));
}

#[test]
fn a_name_is_a_file_whatever_stands_in_it() {
    for (environment, project, wanted) in [
        ("staging", "api", "staging/api.toml"),
        ("eu/west", "..", "eu%2Fwest/%2E%2E.toml"),
        (".git", "a b", "%2Egit/a%20b.toml"),
        ("a%2Fb", "ü", "a%252Fb/%C3%BC.toml"),
    ] {
        assert_eq!(entry_file(environment, project), wanted);
    }
}
