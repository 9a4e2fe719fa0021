//! Packages and their indexes: a candidate is stamped and tried out elsewhere, a release is built twice of its commit, and
//! what an index holds is never written over.

mod support;

use support::package::{Packaged, can_run, verdicts};

#[test]
fn a_candidate_is_stamped_and_a_release_is_built_of_its_commit() {
    if !can_run("a package's way to its index") {
        return;
    }
    let packaged = Packaged::new();
    packaged.prepare();
    let before = packaged.state();
    let dry = packaged.ok(&["build", "kit", "--push", "--dry-run"]);
    assert_eq!(verdicts(&dry), ["build-package todo", "build-package todo", "publish todo", "publish todo"]);
    assert_eq!(packaged.state(), before, "law 13");
    let built = packaged.ok(&["build", "kit", "--push"]);
    assert!(verdicts(&built).iter().all(|verdict| verdict.ends_with(" acted")), "{built:#}");
    let names = |files: xtask::rehearsal::package_index::Files| files.into_keys().collect::<Vec<_>>();
    assert_eq!(names(packaged.candidates.files()), ["kit-0.2.0rc1-py3-none-any.whl", "kit-0.2.0rc1.tar.gz"]);
    assert!(packaged.fixture.read("kit/pyproject.toml").contains("version = \"0.2.0\""), "the tree says the final version");
    assert_eq!(packaged.fixture.git(&["status", "--porcelain"]), "");
    assert!(verdicts(&packaged.ok(&["build", "kit", "--push"])).iter().all(|verdict| verdict.ends_with(" done")), "law 14");
    let released = packaged.ok(&["release", "kit"]);
    let wanted = ["build-package acted", "build-package acted", "publish acted", "publish acted", "tag acted", "push-tag acted"];
    assert_eq!(verdicts(&released), wanted);
    assert_eq!(names(packaged.index.files()), ["kit-0.2.0-py3-none-any.whl", "kit-0.2.0.tar.gz"]);
    let again = packaged.ok(&["release", "kit"]);
    assert!(verdicts(&again).iter().all(|verdict| verdict.ends_with(" done")), "law 14: {again:#}");
    for index in [&packaged.index, &packaged.candidates] {
        assert_eq!(index.unexpected(), Vec::<String>::new());
    }
}
