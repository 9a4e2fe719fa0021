//! On this repository itself: versions go up through every level and back down, and not one byte is left behind.
//!
//! At every stop the products build from their locks (law 3), by cargo and uv themselves.

use std::path::Path;
use std::process::Command;

use crate::support::this_repository::{copy_to, shared_target, uv, wheel_turn};
use crate::support::{git_in, program, ran};

#[test]
fn laws_2_and_3_up_through_every_level_and_back_leaves_no_difference() {
    // uv builds the wheel of rocks, by maturin.
    let _turn = wheel_turn();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("work");
    copy_to(&root);
    let run = |program: &Path, arguments: &[&str], product: &str| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(root.join(product))
            .env("CARGO_TARGET_DIR", shared_target())
            .env_remove("VIRTUAL_ENV")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{} {arguments:?} in {product}: {}",
            program.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let bump = |arguments: &[&str]| {
        let answer = ran(program(&root).arg("bump").args(arguments).output().unwrap());
        assert_eq!(answer.code, 0, "bump {arguments:?}: {}", answer.stderr);
    };
    let uv = uv();
    // What `cargo metadata` wants to see offline includes packages of other platforms, which no build here fetches.
    run(Path::new("cargo"), &["fetch", "--locked"], ".");
    for (stop, arguments) in [
        ("0.1.1", &["patch"][..]),
        ("0.2.0", &["minor"]),
        ("1.0.0", &["major"]),
        ("1.0.0-rc.1", &["1.0.0-rc.1", "--allow-downgrade"]),
        ("0.1.0", &["0.1.0", "--allow-downgrade"]),
    ] {
        bump(arguments);
        let versions = ran(program(&root)
            .args(["versions", "--check"])
            .output()
            .unwrap());
        assert_eq!(versions.code, 0, "at {stop}: {}", versions.stderr);
        assert_eq!(
            versions.stdout.matches(&format!("  {stop}  ")).count(),
            3,
            "at {stop}: {}",
            versions.stdout
        );
        run(
            Path::new("cargo"),
            &["metadata", "--locked", "--offline", "--format-version", "1"],
            ".",
        );
        run(
            Path::new("cargo"),
            &["build", "--locked", "--package", "percolate-rocks"],
            ".",
        );
        for product in ["percolate-rocks", "percolate-reading", "percolate"] {
            run(&uv, &["lock", "--check"], product);
            run(&uv, &["sync", "--locked"], product);
        }
    }
    assert_eq!(git_in(&root, &["diff"]), "", "there and back again");
    assert_eq!(
        git_in(&root, &["status", "--porcelain"]),
        "",
        "and nothing lies about"
    );
}
