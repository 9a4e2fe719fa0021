//! Deploy and smoke: what is done in an environment once its pins say an image, where it is written down, and what asks for it.

mod support;

use std::fs;

use support::delivery::{Delivered, write_program};
use support::deploy::state;

const TO_STAGING: [&str; 6] = ["promote", "api", "--to", "staging", "--version", "0.2.0"];

#[test]
fn law_20_production_wants_what_passed_in_staging() {
    let delivered = Delivered::with_pins_and_modal();
    let fixture = &delivered.fixture;
    let two = delivered.digest("api", "0.2.0");
    delivered.let_fail("function", true);
    let failed = fixture.run(&TO_STAGING);
    assert_eq!(failed.code, 1, "{}", failed.stderr);
    for words in
        ["the function raised", "to take it back: cargo xtask rollback api --in staging", "api/staging: modal function of api 0.2.0"]
    {
        assert!(failed.stderr.contains(words), "{words:?} is not in {}", failed.stderr);
    }
    assert_eq!(delivered.log(), ["deploy staging api 0.2.0", "function staging api 0.2.0"]);
    assert!(delivered.file("staging/api.yaml").contains(&two), "the pins were delivered before");
    let early = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(early.code, 3, "{}", early.stderr);
    assert!(early.stderr.contains("api 0.2.0 has not passed smoke in staging, as refs/xtask/environments tells"), "{}", early.stderr);
    assert!(early.stderr.contains("cargo xtask promote api --to staging --version 0.2.0"), "{}", early.stderr);

    // The same line does what has no witness, and nothing else.
    delivered.let_fail("function", false);
    let (code, again) = fixture.json(&TO_STAGING);
    let verdicts = support::stage::verdicts(&again);
    assert_eq!((code, verdicts), (0, ["record done", "pin done", "deploy done", "smoke acted"].map(str::to_owned).to_vec()), "{again:#}");
    assert_eq!(delivered.log().len(), 3);
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(delivered.log()[3..], ["deploy production api 0.2.0", "function production api 0.2.0"]);
    assert_eq!(
        delivered.ledger_subjects(),
        [
            "chore(production): api 0.2.0 passed smoke",
            "chore(production): api 0.2.0 passed deploy",
            "chore(production): api 0.2.0",
            "chore(staging): api 0.2.0 passed smoke",
            "chore(staging): api 0.2.0 passed deploy",
            "chore(staging): api 0.2.0",
            "chore: begin",
        ]
    );
    let entry = delivered.recorded("staging/api.toml");
    assert!(entry.contains(&format!("digest = \"{two}\"")) && entry.contains("\n[passed]\ndeploy = \"sha256:"), "{entry}");
    let third = fixture.ok(&["promote", "api", "--to", "production"]);
    assert!(third.stderr.contains("nothing to do"), "{}", third.stderr);
    assert_eq!(delivered.log().len(), 5);
}
