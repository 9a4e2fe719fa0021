use super::*;
use crate::config::SiteKeys;
use crate::init::found::FoundSite;
use crate::init::found::Rank;

fn project(path: &str, name: &str) -> Found {
    let site = FoundSite {
        keys: SiteKeys::File("VERSION".into()),
        file: "VERSION".into(),
        said: Vec::new(),
        comment: None,
        rank: Rank::Manifest,
    };
    Found {
        name: name.into(),
        path: path.into(),
        names: vec![name.into()],
        sites: vec![site],
        ..Found::default()
    }
}

fn decided(projects: &[(&str, &str)], tags: &[&str]) -> Vec<Option<String>> {
    let mut projects: Vec<Found> = projects
        .iter()
        .map(|(path, name)| project(path, name))
        .collect();
    decide(
        &mut projects,
        &tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>(),
        Some("tokens"),
    );
    projects.into_iter().map(|project| project.tag).collect()
}

#[test]
fn the_pattern_that_reads_most_tags_is_taken() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        decided(&[("", "mesh")], &[]),
        [some("v{version}")],
        "the only project is the repository"
    );
    assert_eq!(
        decided(&[("a", "a")], &[]),
        [None],
        "in a folder it has a name"
    );
    assert_eq!(
        decided(&[("", "mesh")], &["mesh-v1.0.0", "mesh-v1.1.0", "v0.1.0"]),
        [None]
    );
    assert_eq!(
        decided(&[("", "mesh")], &["1.0.0", "1.1.0", "v0.1.0"]),
        [some("{version}")]
    );
    assert_eq!(
        decided(&[("packages/web", "web")], &["web@1.0.0"]),
        [some("web@{version}")]
    );
    assert_eq!(
        decided(&[("libs/go", "go")], &["libs/go/v1.0.0"]),
        [some("libs/go/v{version}")]
    );
}

#[test]
fn law_6_a_longer_name_owns_its_tags() {
    let tags = ["api-v1.0.0", "api-client-v2.0.0", "api-client-v2.1.0-rc1"];
    assert_eq!(
        decided(&[("a", "api"), ("b", "api-client")], &tags),
        [None, None]
    );
    assert_eq!(
        decided(
            &[("", "api"), ("b", "api-client")],
            &["v1.0.0", "api-client/v2.0.0"]
        ),
        [
            Some("v{version}".to_owned()),
            Some("api-client/v{version}".to_owned())
        ]
    );
}

#[test]
fn the_project_that_is_called_like_the_repository_goes_by_bare_versions() {
    let tags = ["v1.0.0", "python-v1.0.0"];
    assert_eq!(
        decided(
            &[("bindings/python", "python"), ("tokens", "tokens")],
            &tags
        ),
        [None, Some("v{version}".to_owned())]
    );
    assert_eq!(
        decided(&[("", "whole"), ("tokens", "tokens")], &tags),
        [Some("v{version}".to_owned()), None]
    );
}

#[test]
fn bare_versions_belong_to_nobody_where_there_are_several() {
    let mut projects = vec![project("a", "a"), project("b", "b")];
    let notes = decide(
        &mut projects,
        &["v1.0.0".to_owned(), "v1.1.0".to_owned()],
        None,
    );
    assert_eq!(
        (projects[0].tag.clone(), projects[1].tag.clone()),
        (None, None)
    );
    assert!(
        notes[0].contains("2 tags look like v{version}, and no project was given that pattern"),
        "{notes:?}"
    );
}
