//! Rollouts that are watched, by a `kubectl` and an `argocd` that are as strict about their arguments as the real ones and end
//! with their codes and words.

use snapbox::str;
use std::fs;

use crate::support;
use crate::support::Report;
use crate::support::delivery::Delivered;
use crate::support::programs::write_program;
use crate::support::snapshots::assert_text;
use serde_json::json;

/// Codes and words as kubectl 1.31 has them: 1 for a time that is over and for an unknown flag.
const KUBECTL: &str = r#"#!/bin/sh
here=$CLUSTER
echo "kubectl $*" >> "$here/calls"
[ "$1 $2" = "--context=prod --namespace=api-staging" ] || { echo "error: context was not found" >&2; exit 1; }
shift 2
case "$*" in
"rollout status deployment/api --timeout=300s")
  [ ! -e "$here/stuck" ] || { echo 'Waiting for deployment "api" rollout to finish: 1 old replicas are pending termination...'; echo 'error: timed out waiting for the condition' >&2; exit 1; }
  echo 'deployment "api" successfully rolled out' ;;
"get deployment/api --output=json") cat "$here/deployment.json" ;;
*) echo "error: unknown command: $*" >&2; exit 1 ;;
esac
"#;

/// Codes and words as Argo CD 2.12 has them: 20 for whatever is fatal.
const ARGOCD: &str = r#"#!/bin/sh
echo "argocd $*" >> "$CLUSTER/calls"
case "$*" in
"app get api-staging --refresh") echo 'Name: argocd/api-staging' ;;
"app wait api-staging --sync --health --timeout 300")
  [ ! -e "$CLUSTER/degraded" ] || { echo '{"level":"fatal","msg":"timed out (300s) waiting for app \"api-staging\" match desired state"}' >&2; exit 20; }
  ;;
*) echo "unknown command: $*" >&2; exit 1 ;;
esac
"#;

const KEYS: &str = "rollout = [\"deployment/{package}\"]\nargocd = \"{package}-{environment}\"\nnamespace = \"{project}-{environment}\"\ncontext = \"prod\"\nrollout-timeout = \"5m\"\n";

struct Cluster {
    delivered: Delivered,
}

impl Cluster {
    fn new() -> Self {
        let delivered = Delivered::new();
        let fixture = &delivered.fixture;
        let config = fixture.read("xtask/monorepo.toml");
        fixture.write(
            "xtask/monorepo.toml",
            &config.replace(
                "[environments.staging]\n",
                &format!("[environments.staging]\n{KEYS}"),
            ),
        );
        fixture.commit_all("chore: watch rollouts");
        for (name, text) in [("kubectl", KUBECTL), ("argocd", ARGOCD)] {
            write_program(&fixture.folder().join("bin").join(name), text);
        }
        fs::create_dir_all(fixture.folder().join("cluster")).unwrap();
        let cluster = Self { delivered };
        cluster.runs(&[&cluster.image("0.2.0")]);
        cluster
    }

    fn image(&self, version: &str) -> String {
        format!(
            "{}/acme/api:{version}@{}",
            self.delivered.fixture.registry.address(),
            self.delivered.digest("api", version)
        )
    }

    /// What the deployment names.
    fn runs(&self, images: &[&str]) {
        let containers: Vec<_> = images
            .iter()
            .map(|image| json!({ "name": "c", "image": image }))
            .collect();
        let text = json!({ "kind": "Deployment", "spec": { "template": { "spec": { "containers": containers } } } }).to_string();
        fs::write(self.file("deployment.json"), text).unwrap();
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.delivered.fixture.folder().join("cluster").join(name)
    }

    fn promote(&self) -> Report {
        let fixture = &self.delivered.fixture;
        let path = format!(
            "{}:{}",
            fixture.folder().join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let cluster = fixture.folder().join("cluster").display().to_string();
        fixture.run_with(
            &["promote", "api", "--to", "staging", "--version", "0.2.0"],
            &[("PATH", &path), ("CLUSTER", &cluster)],
        )
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.file("calls")).unwrap_or_default()
    }
}

#[test]
fn a_rollout_is_watched_and_its_pods_are_held_to_the_image() {
    let cluster = Cluster::new();
    let ran = cluster.promote();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let at = "--context=prod --namespace=api-staging";
    assert_eq!(
        cluster.calls(),
        format!(
            "argocd app get api-staging --refresh\nargocd app wait api-staging --sync --health --timeout 300\nkubectl {at} rollout status \
             deployment/api --timeout=300s\nkubectl {at} get deployment/api --output=json\n"
        )
    );
    ran.assert_stderr(str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
       acted pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  [[DURATION]]
       acted record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
       acted rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  [[DURATION]]
    Finished 3 done now, 0 done before, 3 registry requests

"#]]);
    assert_eq!(
        cluster.delivered.ledger_subjects()[0],
        "chore(staging): api 0.2.0 passed rollout"
    );
    let calls = cluster.calls();
    assert_eq!(cluster.promote().code, 0);
    assert_eq!(cluster.calls(), calls, "what passed is not asked again");
}

#[test]
fn what_does_not_come_to_an_end_is_no_rollout() {
    for (mark, expected) in [
        (
            "stuck",
            str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
       acted pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  [[DURATION]]
       acted record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/staging: Name: argocd/api-staging
           │ api/staging: Waiting for deployment "api" rollout to finish: 1 old replicas are pending termination...
           │ api/staging: error: timed out waiting for the condition
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             `kubectl --context=prod --namespace=api-staging rollout status deployment/api --timeout=300s` failed (exit status: 1)
             Waiting for deployment "api" rollout to finish: 1 old replicas are pending termination...
             error: timed out waiting for the condition
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 2 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
        (
            "degraded",
            str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
       acted pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  [[DURATION]]
       acted record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/staging: Name: argocd/api-staging
           │ api/staging: {"level":"fatal","msg":"timed out (300s) waiting for app \"api-staging\" match desired state"}
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             `argocd app wait api-staging --sync --health --timeout 300` failed (exit status: 20)
             {"level":"fatal","msg":"timed out (300s) waiting for app \"api-staging\" match desired state"}
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 2 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
    ] {
        let cluster = Cluster::new();
        fs::write(cluster.file(mark), "").unwrap();
        let ran = cluster.promote();
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        ran.assert_stderr(expected);
        let refused = cluster
            .delivered
            .fixture
            .run(&["promote", "api", "--to", "production"]);
        assert_eq!(refused.code, 3, "{}", refused.stderr);
        assert_text(
            &refused.complaints(),
            str![[r#"
       error api 0.2.0 has not passed rollout in staging, as refs/xtask/environments tells
         try cargo xtask promote api --to staging --version 0.2.0

"#]],
        );
        fs::remove_file(cluster.file(mark)).unwrap();
        assert_eq!(cluster.promote().code, 0);
    }
}

/// `rollout status` says that all is well of the image before, where nobody has applied the commit.
#[test]
fn a_rollout_of_the_image_before_is_none() {
    let cluster = Cluster::new();
    let two = cluster.image("0.2.0");
    let host = cluster.delivered.fixture.registry.address();
    for (images, expected) in [
        (
            vec![cluster.image("0.1.0")],
            str![[r#"
        todo record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  (nothing comes before it)
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
       acted pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  [[DURATION]]
       acted record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  [[DURATION]]
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             deployment/api names [SERVER]/acme/api:0.1.0@[DIGEST], wanted [SERVER]/acme/api@[DIGEST]: nobody has applied what the pins say; wait for it, or name its `argocd` application
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 2 of 3 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
        (
            vec![two.clone(), cluster.image("0.1.0")],
            str![[r#"
        done pin api in staging: 0.2.0 → 0.2.0, [FOLDER]/deploy.git (main)  ([SHORT] says so)
        done record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             deployment/api names [SERVER]/acme/api:0.1.0@[DIGEST], wanted [SERVER]/acme/api@[DIGEST]: nobody has applied what the pins say; wait for it, or name its `argocd` application
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
        (
            vec![format!("{host}/acme/api:0.1.0")],
            str![[r#"
        done pin api in staging: 0.2.0 → 0.2.0, [FOLDER]/deploy.git (main)  ([SHORT] says so)
        done record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             deployment/api names [SERVER]/acme/api:0.1.0, wanted [SERVER]/acme/api@[DIGEST]: nobody has applied what the pins say; wait for it, or name its `argocd` application
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
        (
            vec![format!("{host}/acme/api-worker:0.2.0")],
            str![[r#"
        done pin api in staging: 0.2.0 → 0.2.0, [FOLDER]/deploy.git (main)  ([SHORT] says so)
        done record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             deployment/api names no image of [SERVER]/acme/api: [SERVER]/acme/api-worker:0.2.0
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
        (
            vec![],
            str![[r#"
        done pin api in staging: 0.2.0 → 0.2.0, [FOLDER]/deploy.git (main)  ([SHORT] says so)
        done record api 0.2.0 is to run in staging, [FOLDER]/origin.git (refs/xtask/environments)  ([SHORT] says so)
        todo rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)  (nothing comes before it)
           │ api/staging: Name: argocd/api-staging
           │ api/staging: deployment "api" successfully rolled out
      failed rollout api 0.2.0 in staging, by argocd, kubectl (3 commands)
             deployment/api names no image of [SERVER]/acme/api: it has no containers
             api 0.2.0 is in staging all the same; to take it back: cargo xtask rollback api --in staging  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]],
        ),
    ] {
        cluster.runs(&images.iter().map(String::as_str).collect::<Vec<_>>());
        let ran = cluster.promote();
        assert_eq!(ran.code, 1, "{images:?}: {}", ran.stderr);
        ran.assert_stderr(expected);
    }
    let amd64 = cluster.delivered.digest("api", "b0.2.0-amd64");
    for images in [
        vec![format!("{host}/acme/api@{amd64}")],
        vec!["nginx:1.27".to_owned(), format!("{host}/acme/api:0.2.0")],
    ] {
        cluster.runs(&images.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(cluster.promote().code, 0, "{images:?}");
    }
}

#[test]
fn law_14_promote_can_be_killed_at_every_call_of_what_watches() {
    let cluster = Cluster::new();
    let fixture = &cluster.delivered.fixture;
    let path = format!(
        "{}:{}",
        fixture.folder().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let variables = vec![
        ("PATH".to_owned(), path),
        (
            "CLUSTER".to_owned(),
            fixture.folder().join("cluster").display().to_string(),
        ),
    ];
    let line = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    let mut scenario =
        support::crash::Scenario::told_by(fixture, &line, variables, support::Fixture::state);
    scenario.at_every_call_of_file("../bin/argocd");
    scenario.at_every_call_of_file("../bin/kubectl");
    println!("promote with a rollout: {} cases", scenario.cases);
}
