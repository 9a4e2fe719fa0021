//! What a package's plan says of files that are here, at the index, or nowhere.

use monorelease_model::version::Spelling;

use super::*;

fn facts(found: &[(&str, bool, bool)], listed: &[&str]) -> PackageFacts {
    let version = Spelling::SemVer.read("0.2.0").unwrap();
    let file = |name: &&str| IndexFile {
        name: FileName::read(name).unwrap(),
        url: String::new(),
        sha256: None,
    };
    let artifact = |word: &str| {
        if word == "sdist" {
            Artifact::Sdist
        } else {
            Artifact::WheelFor(word.into())
        }
    };
    PackageFacts {
        shared: None,
        build: PackageBuild {
            project: "core".into(),
            package: "core".into(),
            name: "core".into(),
            commit: "aaaaaaaaaa".into(),
            version,
            spelled: "0.2.0".into(),
            artifact: Artifact::Sdist,
            by_maturin: true,
            twice: true,
            project_path: "core".into(),
            epoch: 0,
            stamped: Vec::new(),
            stable_abi: false,
        },
        artifacts: found
            .iter()
            .map(|(word, is_here, can_build)| ArtifactFacts {
                artifact: artifact(word),
                is_here: *is_here,
                can_build: *can_build,
                is_signed_here: false,
            })
            .collect(),
        is_listed_here: false,
        is_list_signed_here: false,
        listed: Ok(listed.iter().map(file).collect()),
        obstacle: None,
    }
}

fn planned(facts: &PackageFacts) -> Goal {
    let mut goal = Goal::default();
    want_builds(&mut goal, facts);
    want_published(&mut goal, facts, &IndexName::Pypi);
    goal
}

fn kinds(goal: &Goal) -> Vec<String> {
    goal.drafts
        .iter()
        .map(|draft| {
            draft
                .step
                .id()
                .replace("build-package:target/xtask/dist/core/0.2.0/", "build ")
        })
        .collect()
}

#[test]
fn builds_come_first_and_every_file_is_published() {
    let goal = planned(&facts(
        &[
            ("sdist", false, true),
            ("x86_64-unknown-linux-gnu", false, true),
        ],
        &[],
    ));
    assert_eq!(
        kinds(&goal),
        [
            "build sdist",
            "build x86_64-unknown-linux-gnu",
            "publish:pypi/core/0.2.0#sdist",
            "publish:pypi/core/0.2.0#x86_64-unknown-linux-gnu"
        ]
    );
    assert!(goal.refused.is_empty());
}

#[test]
fn wheels_that_nobody_has_are_refused_together_with_the_lines_that_build_them() {
    let found = [
        ("sdist", false, true),
        ("aarch64-apple-darwin", false, false),
        ("aarch64-unknown-linux-gnu", false, false),
    ];
    let goal = planned(&facts(&found, &[]));
    assert_eq!(goal.refused.len(), 1);
    assert!(
        goal.refused[0]
            .what
            .contains("aarch64-apple-darwin, the wheel for aarch64-unknown-linux-gnu"),
        "{:?}",
        goal.refused
    );
    assert!(
        goal.refused[0]
            .fix
            .contains("cargo xtask build core --release --target aarch64-apple-darwin"),
        "{:?}",
        goal.refused
    );
    let there = facts(
        &found,
        &[
            "core-0.2.0-cp310-abi3-macosx_11_0_arm64.whl",
            "core-0.2.0-cp310-abi3-manylinux_2_17_aarch64.whl",
        ],
    );
    let goal = planned(&there);
    assert!(goal.refused.is_empty(), "{:?}", goal.refused);
    assert!(
        goal.notes
            .iter()
            .any(|note| note.contains("held against nothing")),
        "{:?}",
        goal.notes
    );
    let other = facts(&found, &["core-0.1.0-cp310-abi3-macosx_11_0_arm64.whl"]);
    assert_eq!(
        planned(&other).refused.len(),
        1,
        "a file of another version is none of this one"
    );
}

#[test]
fn what_is_at_the_index_and_not_here_is_built_to_be_compared() {
    let listed = ["core-0.2.0.tar.gz"];
    assert_eq!(
        kinds(&planned(&facts(&[("sdist", false, true)], &listed))),
        ["build sdist", "publish:pypi/core/0.2.0#sdist"]
    );
}

#[test]
fn law_15_an_index_that_cannot_be_read_refuses_and_builds_nothing() {
    let mut unread = facts(&[("sdist", false, true)], &[]);
    unread.listed = Err("answered 503".into());
    let mut goal = Goal::default();
    want_builds(&mut goal, &unread);
    assert!(
        goal.drafts.is_empty() && goal.refused[0].what.contains("answered 503"),
        "{:?}",
        goal.refused
    );
}

#[test]
fn credentials_are_asked_for_where_something_is_left_to_upload() {
    let mut nobody = facts(&[("sdist", true, true)], &[]);
    nobody.obstacle = Some(("no token".into(), "export".into()));
    assert_eq!(planned(&nobody).refused.len(), 1);
    nobody.listed = facts(&[], &["core-0.2.0.tar.gz"]).listed;
    assert!(planned(&nobody).refused.is_empty());
}

#[test]
fn manifests_say_the_name_and_the_interface() {
    assert_eq!(
        name_of("[project]\nname = \"Demo.Pkg\"\n").unwrap(),
        "Demo.Pkg"
    );
    assert_eq!(name_of("[tool.poetry]\nname = \"demo\"\n").unwrap(), "demo");
    for wrong in [
        "[project]\n",
        "[",
        "[project]\nname = \"../x\"\n",
        "[project]\nname = \"a/b\"\n",
    ] {
        assert!(name_of(wrong).is_err(), "{wrong}");
    }
    assert!(is_stable_abi(
        "[dependencies]\npyo3 = { version = \"0.30\", features = [\"abi3-py310\"], optional = true }\n"
    ));
    assert!(is_stable_abi(
        "[features]\npython = [\"pyo3/abi3-py39\"]\n[dependencies]\npyo3 = \"0.30\"\n"
    ));
    assert!(!is_stable_abi("[dependencies]\npyo3 = \"0.30\"\n"));
    let version = |text| Spelling::SemVer.read(text).unwrap();
    assert_eq!(
        candidate_version(&version("0.2.0"), 3)
            .unwrap()
            .to_pep440()
            .unwrap(),
        "0.2.0rc3"
    );
    assert_eq!(candidate_version(&version("0.2.0-dev.1"), 3), None);
}
