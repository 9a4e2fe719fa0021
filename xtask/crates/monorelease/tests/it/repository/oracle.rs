//! What we read of Cargo manifests, held against what `cargo metadata` says of this very workspace.

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::VersionReq;
use monorelease_version_files::requirements::requirement::RequirementKind;
use monorelease_version_files::requirements::requirements;

use crate::support::this_repository::root;

#[test]
fn requirements_of_this_workspace_are_read_as_cargo_reads_them() {
    let root = root();
    let metadata = MetadataCommand::new()
        .current_dir(&root)
        .no_deps()
        .exec()
        .unwrap();
    let read = |manifest: &std::path::Path| {
        let text = fs::read_to_string(manifest).unwrap();
        let all = requirements(RequirementKind::Cargo, &text).unwrap();
        let spelled = |text: &str| VersionReq::parse(text).unwrap().to_string();
        all.into_iter()
            .map(|one| (one.package, spelled(&one.text)))
            .collect::<BTreeSet<(String, String)>>()
    };
    let shared = read(&root.join("Cargo.toml"));
    assert!(shared.len() > 20, "{shared:?}");
    for package in &metadata.packages {
        let own = read(package.manifest_path.as_std_path());
        let theirs: BTreeSet<_> = package
            .dependencies
            .iter()
            .map(|dependency| (dependency.name.clone(), dependency.req.to_string()))
            .collect();
        for one in &theirs {
            assert!(
                own.contains(one) || shared.contains(one) || one.1 == "*",
                "{}: {} {} was not read",
                package.name,
                one.0,
                one.1
            );
        }
        let more: Vec<_> = own.difference(&theirs).collect();
        assert!(more.is_empty(), "{}: {more:?} is not Cargo's", package.name);
    }
}
