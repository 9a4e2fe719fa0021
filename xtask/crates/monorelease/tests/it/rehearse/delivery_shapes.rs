//! `rehearse delivery-…`: each shape is played to its end, and nothing but the sandbox is written.

use crate::support::Fixture;

#[test]
fn every_shape_lives_its_whole_life() {
    for shape in ["delivery-folders", "delivery-branches", "delivery-updater"] {
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
        for words in [
            "Refused",
            "is barred in production",
            "a rehearsal",
            "and promoted again",
        ] {
            assert!(
                run.stderr.contains(words),
                "{words:?} is not in {}",
                run.stderr
            );
        }
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
    for words in [
        "delivery-folders",
        "delivery-branches",
        "delivery-updater",
        "api",
    ] {
        assert!(
            run.stderr.contains(words),
            "{words:?} is not in {}",
            run.stderr
        );
    }
}
