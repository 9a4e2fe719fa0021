//! A check of nothing is not a pass (law 15): every check that found nothing to look at says so, and fails.

use crate::support::Fixture;
use crate::support::delivery::Delivered;
use crate::support::registered::Processors;

#[test]
fn law_15_check_pins_without_pins_checks_nothing() {
    let fixture = Fixture::new();
    let ran = fixture.run(&["check", "pins"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("no [[pins]]"), "{}", ran.stderr);
}

#[test]
fn law_15_pinned_files_that_are_missing_do_not_hold() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    // The registry files are in the working tree, and in none of the environments' branches.
    let branches = ["HEAD~1:dev", "HEAD~1:staging", "HEAD~1:main"];
    fixture.git(&[&["push", "--quiet", "--force", "origin"], &branches[..]].concat());
    let ran = fixture.run(&["check", "pins"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("hold"), "{}", ran.stderr);
}

#[test]
fn law_15_without_a_workflow_no_check_has_passed() {
    let fixture = Fixture::new();
    let ran = fixture.run(&["check", "workflows"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no check was run"), "{}", ran.stderr);
}

#[test]
fn law_15_what_was_rolled_back_must_be_readable_for_check_argocd() {
    let delivered = Delivered::with("[argocd]\napplications = [\"argocd/*.yaml\"]\n", &[]);
    let fixture = &delivered.fixture;
    delivered.release("api", "0.1.0");
    let list = format!("api={}/acme/api:0.x", fixture.registry.address());
    let application = |list: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: api\n  annotations:\n    argocd-image-updater.argoproj.io/image-list: {list}\n    argocd-image-updater.argoproj.io/api.update-strategy: semver\n"
        )
    };
    fixture.write("argocd/api.yaml", &application(&list));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: an application");
    fixture.ok(&["check", "argocd"]);
    let pins = "[environments.staging]\n[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\ngit = \"/nowhere.git\"\nfile = \"x.yaml\"\n";
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write("xtask/monorepo.toml", &format!("{config}{pins}"));
    let ran = fixture.run(&["check", "argocd"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("what was rolled back cannot be told"),
        "{}",
        ran.stderr
    );
    // Manifests that follow nothing of ours are nothing to check.
    fixture.write("xtask/monorepo.toml", &config);
    fixture.write("argocd/api.yaml", &application("other=nginx:~1.26"));
    let ran = fixture.run(&["check", "argocd"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
}
