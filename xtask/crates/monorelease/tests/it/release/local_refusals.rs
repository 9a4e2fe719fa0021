//! What git on this machine would refuse is found before the registry gets a release tag (law 16), and a dry run runs no hook.

use std::path::PathBuf;

use crate::support::Fixture;
use crate::support::delivery::Delivered;
use crate::support::programs::write_program;

/// A release that is refused, which changes nothing; gives what was said.
fn refused(fixture: &Fixture, line: &[&str]) -> String {
    let before = fixture.state();
    let ran = fixture.run(line);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(fixture.state(), before, "nothing was done: {}", ran.stderr);
    ran.stderr.to_string()
}

/// Writes a hook that leaves a file behind, and fails; gives that file.
fn failing_hook(fixture: &Fixture, hooks: &str) -> PathBuf {
    let ran = fixture.folder().join("the-hook-ran");
    let text = format!(
        "#!/bin/sh\ncat > {}\necho 'not on a Friday' >&2\nexit 1\n",
        ran.display()
    );
    write_program(&PathBuf::from(hooks).join("pre-push"), &text);
    ran
}

#[test]
fn law_16_tags_that_cannot_be_signed_are_found_before_anything_is_tagged() {
    for (name, value) in [
        ("tag.gpgSign", "true"),
        ("tag.forceSignAnnotated", "true"),
        ("tag.gpgsign", "1"),
    ] {
        let fixture = Fixture::new();
        fixture.prepare_release();
        for (name, value) in [
            ("gpg.format", "ssh"),
            ("user.signingKey", "/nowhere/key"),
            (name, value),
        ] {
            fixture.git(&["config", name, value]);
        }
        let said = refused(&fixture, &["release", "api"]);
        assert!(said.contains("git cannot sign a tag"), "{said}");
        let planned = fixture.run(&["release", "api", "--dry-run"]);
        assert_eq!(planned.code, 0, "{}", planned.stderr);
        assert!(
            planned.stderr.contains("tags are signed by git"),
            "{}",
            planned.stderr
        );
        fixture.git(&["config", "--unset", name]);
        fixture.ok(&["release", "api"]);
    }
}

#[test]
fn law_16_a_hook_that_forbids_the_push_is_found_before_anything_is_tagged() {
    for folder in [".git/hooks", "elsewhere"] {
        let fixture = Fixture::new();
        fixture.prepare_release();
        let hooks = match folder {
            "elsewhere" => fixture.folder().join(folder),
            inside => fixture.root().join(inside),
        };
        std::fs::create_dir_all(&hooks).unwrap();
        fixture.git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
        let ran = failing_hook(&fixture, hooks.to_str().unwrap());
        let planned = fixture.run(&["release", "api", "--dry-run"]);
        assert_eq!(planned.code, 0, "{}", planned.stderr);
        assert!(!ran.exists(), "a dry run runs no hook");
        assert!(
            planned.stderr.contains("a pre-push hook exists"),
            "{}",
            planned.stderr
        );
        let said = refused(&fixture, &["release", "api"]);
        assert!(
            said.contains("not on a Friday") && said.contains("try cat "),
            "{said}"
        );
        let told = std::fs::read_to_string(&ran).unwrap();
        assert!(told.contains("refs/tags/api-v0.2.0"), "{told}");
        std::fs::remove_file(hooks.join("pre-push")).unwrap();
        fixture.ok(&["release", "api"]);
    }
}

/// The repository of what runs is a folder of our own: only hooks of the whole machine run there.
#[test]
fn law_16_a_promotion_finds_a_hook_of_this_machine_and_says_so() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let hooks = fixture.folder().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    let ran = failing_hook(fixture, hooks.to_str().unwrap());
    let settings = fixture.folder().join("gitconfig");
    std::fs::write(
        &settings,
        format!(
            "[user]\n\tname = Test\n\temail = test@localhost\n[core]\n\thooksPath = {}\n",
            hooks.display()
        ),
    )
    .unwrap();
    let variables = [("GIT_CONFIG_GLOBAL", settings.to_str().unwrap())];
    let promote = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    let before = delivered.refs();
    let planned = fixture.run_with(&[&promote[..], &["--dry-run"]].concat(), &variables);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(!ran.exists() && planned.stderr.contains("a pre-push hook exists"));
    let refused = fixture.run_with(&promote, &variables);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("on this machine refuses")
            && !refused.stderr.contains("let it be pushed to"),
        "{}",
        refused.stderr
    );
    assert_eq!(delivered.refs(), before);
    let told = std::fs::read_to_string(&ran).unwrap();
    assert!(told.contains("refs/heads/main"), "{told}");
}
