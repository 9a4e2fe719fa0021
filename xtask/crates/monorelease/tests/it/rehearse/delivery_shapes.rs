//! `rehearse delivery-…`: each shape is played to its end, and nothing but the sandbox is written.

use crate::support::Fixture;
use crate::support::snapshots::assert_text;
use snapbox::str;

#[test]
fn every_shape_lives_its_whole_life() {
    for (shape, expected) in [
        (
            "delivery-folders",
            str![[r#"
  Rehearsing delivery-folders: environments that are folders of one repository
     Running cargo xtask bump minor service --commit
     Running cargo xtask tag service --rc --push
      Pushed acme/service:[BUILD]-amd64, a stand-in image without content
     Running cargo xtask release service
     Running cargo xtask promote service --to production
     Running cargo xtask bump minor service --commit
     Running cargo xtask tag service --rc --push
      Pushed acme/service:[BUILD]-amd64, a stand-in image without content
     Running cargo xtask release service
     Running cargo xtask promote service --to production
     Running cargo xtask rollback service --in production --why a rehearsal
     Refused cargo xtask promote service --to production: service 0.3.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Rehearsal <rehearsal@localhost>: a rehearsal ([WORKTREE]/target/rehearsal/delivery-folders/what-runs.git)
     Running cargo xtask unbar service --in production
     Running cargo xtask promote service --to production
     Running cargo xtask check pins
   Rehearsed delivery-folders: delivered, promoted, rolled back, refused while it was barred, let, and promoted again, in [DURATION]; it stands in [WORKTREE]/target/rehearsal/delivery-folders

"#]],
        ),
        (
            "delivery-branches",
            str![[r#"
  Rehearsing delivery-branches: environments that are branches, with a registry file in each
      Pushed acme/llm-generic:[SHORT]-amd64, a stand-in image without content
     Running cargo xtask pin
      Merged #1 chore(dev): llm_generic [DIGEST] into dev
     Running cargo xtask promote llm_generic --to staging
     Running cargo xtask promote llm_generic --to production
      Pushed acme/llm-generic:[SHORT]-amd64, a stand-in image without content
     Running cargo xtask pin
      Merged #2 chore(dev): llm_generic [DIGEST] into dev
     Running cargo xtask promote llm_generic --to staging
     Running cargo xtask promote llm_generic --to production
     Running cargo xtask rollback llm_generic --in production --why a rehearsal
     Refused cargo xtask promote llm_generic --to production: llm_generic [DIGEST] ([DIGEST]) is barred in production since [TIMESTAMP] by Rehearsal <rehearsal@localhost>: a rehearsal ([WORKTREE]/target/rehearsal/delivery-branches/origin.git)
     Running cargo xtask unbar llm_generic --in production
     Running cargo xtask promote llm_generic --to production
     Running cargo xtask check pins
   Rehearsed delivery-branches: delivered, promoted, rolled back, refused while it was barred, let, and promoted again, in [DURATION]; it stands in [WORKTREE]/target/rehearsal/delivery-branches

"#]],
        ),
        (
            "delivery-updater",
            str![[r#"
  Rehearsing delivery-updater: a cluster in which an updater takes the highest tag
     Running cargo xtask bump minor service --commit
     Running cargo xtask tag service --rc --push
      Pushed acme/service:[BUILD]-amd64, a stand-in image without content
     Running cargo xtask release service
     Refused cargo xtask check argocd: applications/service.yaml:6: none of our tags would be taken, not even 0.2.0 after its release; our tags have no `v` before them
     Running cargo xtask check argocd
     Running cargo xtask bump minor service --commit
     Running cargo xtask tag service --rc --push
      Pushed acme/service:[BUILD]-amd64, a stand-in image without content
     Running cargo xtask release service
     Running cargo xtask rollback service --in production --why a rehearsal
     Refused cargo xtask check argocd: applications/service.yaml:6: 0.3.0 was rolled back, and the updater takes it again; name it in ignore-tags
     Running cargo xtask check argocd
     Refused cargo xtask promote service --to production: service 0.3.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Rehearsal <rehearsal@localhost>: a rehearsal
     Running cargo xtask unbar service --in production
     Running cargo xtask promote service --to production
     Running cargo xtask check argocd
   Rehearsed delivery-updater: delivered, promoted, rolled back, refused while it was barred, let, and promoted again, in [DURATION]; it stands in [WORKTREE]/target/rehearsal/delivery-updater

"#]],
        ),
    ] {
        let fixture = Fixture::new();
        let before = fixture.state();
        let planned = fixture.json(&["rehearse", shape, "--dry-run"]);
        assert_eq!(
            (planned.code, planned["scenario"].as_str()),
            (0, Some(shape))
        );
        assert!(!fixture.root().join("target").exists(), "law 13");
        let run = fixture.run(&["rehearse", shape, "--json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        // What the commands say stands beside a bar.
        let lines = run.stderr.split_inclusive('\n');
        let own: String = lines.filter(|line| !line.contains('│')).collect();
        assert_text(&own, expected);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["scenario"],
            shape
        );
        assert_eq!(fixture.state(), before, "{shape}");
    }
}

#[test]
fn repositories_of_our_own_are_such_as_we_can_read() {
    let fixture = Fixture::new();
    let settings = fixture.folder().join("settings");
    let text = "[init]\ndefaultObjectFormat = sha256\ndefaultRefFormat = reftable\n[user]\nname = Test\nemail = test@localhost\n";
    std::fs::write(&settings, text).unwrap();
    let run = fixture.run_with(
        &["rehearse", "delivery-folders"],
        &[("GIT_CONFIG_GLOBAL", settings.to_str().unwrap())],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_word_that_is_none_is_told_what_can_be_rehearsed() {
    let fixture = Fixture::new();
    let run = fixture.run(&["rehearse", "delivery-folder"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    run.assert_stderr(str![[r#"
       error no project is called `delivery-folder` (projects: core, api, web)
         try cargo xtask rehearse PROJECT, or a scenario: delivery-folders, delivery-branches, delivery-updater

"#]]);
}
