//! What a file that was built is held to.

use monorelease_model::version::Spelling;

use super::*;

fn build(artifact: Artifact, stable_abi: bool) -> PackageBuild {
    PackageBuild {
        project: "core".into(),
        package: "core".into(),
        name: "Core.Kit".into(),
        commit: "a".into(),
        version: Spelling::SemVer.read("0.2.0-rc.1").unwrap(),
        spelled: "0.2.0rc1".into(),
        artifact,
        by_maturin: true,
        twice: false,
        project_path: String::new(),
        epoch: 0,
        stamped: Vec::new(),
        stable_abi,
    }
}

fn inside(names: &[&str], versions: &[&str], tags: &[&str]) -> Inside {
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
    Inside {
        names: words(names),
        versions: words(versions),
        tags: words(tags),
        members: Vec::new(),
    }
}

#[test]
fn a_name_and_its_metadata_must_agree() {
    let sdist = build(Artifact::Sdist, false);
    let good = inside(&["core-kit"], &["0.2.0rc1"], &[]);
    assert!(checked(&sdist, "core_kit-0.2.0rc1.tar.gz", &good).is_ok());
    let said = |file: &str, inside: &Inside| checked(&sdist, file, inside).unwrap_err().to_string();
    assert!(said("core_kit-0.2.0.tar.gz", &good).contains("no Core.Kit 0.2.0rc1"));
    assert!(said("other-0.2.0rc1.tar.gz", &good).contains("no Core.Kit 0.2.0rc1"));
    assert!(said("core_kit-0.2.0rc1.zip", &good).contains("is called"));
    let other = inside(&["core-kit"], &["0.2.0"], &[]);
    assert!(said("core_kit-0.2.0rc1.tar.gz", &other).contains("its metadata says version 0.2.0"));
    let two = inside(&["core-kit"], &["0.2.0rc1", "0.2.0rc1"], &[]);
    assert!(said("core_kit-0.2.0rc1.tar.gz", &two).contains("wanted is one"));
    assert!(
        said("core_kit-0.2.0rc1.tar.gz", &inside(&[], &["0.2.0rc1"], &[])).contains("says no name")
    );
}

#[test]
fn a_wheel_of_the_stable_interface_says_so() {
    let target = Artifact::WheelFor("x86_64-unknown-linux-gnu".into());
    let abi3 = "cp310-abi3-manylinux_2_17_x86_64";
    let own = "cp311-cp311-manylinux_2_17_x86_64";
    let good = inside(&["core-kit"], &["0.2.0rc1"], &[abi3]);
    assert!(
        checked(
            &build(target.clone(), true),
            &format!("core_kit-0.2.0rc1-{abi3}.whl"),
            &good
        )
        .is_ok()
    );
    let bad = inside(&["core-kit"], &["0.2.0rc1"], &[own]);
    let error = checked(
        &build(target.clone(), true),
        &format!("core_kit-0.2.0rc1-{own}.whl"),
        &bad,
    )
    .unwrap_err();
    assert!(error.to_string().contains("abi3"), "{error}");
    assert!(
        checked(
            &build(target.clone(), false),
            &format!("core_kit-0.2.0rc1-{own}.whl"),
            &bad
        )
        .is_ok()
    );
    let error = checked(
        &build(target, false),
        &format!("core_kit-0.2.0rc1-{own}.whl"),
        &good,
    )
    .unwrap_err();
    assert!(error.to_string().contains("WHEEL"), "{error}");
}

#[test]
fn the_first_difference_of_two_builds_is_named() {
    let of = |members: &[(&str, &str, &str)]| Inside {
        members: members
            .iter()
            .map(|(name, hash, about)| ((*name).into(), (*hash).into(), (*about).into()))
            .collect(),
        ..inside(&[], &[], &[])
    };
    let one = of(&[("a", "1", "time 1"), ("b", "2", "time 1")]);
    for (other, said) in [
        (
            of(&[("a", "1", "time 1"), ("b", "3", "time 2")]),
            "b has other bytes",
        ),
        (
            of(&[("a", "1", "time 2"), ("b", "2", "time 1")]),
            "a has time 1 in one build and time 2",
        ),
        (
            of(&[("b", "2", "time 1"), ("a", "1", "time 1")]),
            "a stands where the second build has b",
        ),
        (of(&[("a", "1", "time 1")]), "2 members in one build and 1"),
        (one.clone(), "the archive around them is not"),
    ] {
        assert!(
            first_difference(&one, &other).contains(said),
            "{}",
            first_difference(&one, &other)
        );
    }
}
