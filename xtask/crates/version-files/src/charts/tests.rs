//! Dependencies of charts: which entries yield a requirement, where it stands, and what is refused.

use monorelease_text_edits::splice::splice;

use super::{ChartDependency, chart_lock_entries, chart_requirements};

fn shown(found: &[ChartDependency]) -> Vec<String> {
    let show = |d: &ChartDependency| {
        format!(
            "{} {} line {} from {}",
            d.name,
            d.text,
            d.line,
            d.repository.as_deref().unwrap_or("charts/")
        )
    };
    found.iter().map(show).collect()
}

#[test]
fn every_entry_that_says_a_version_is_a_requirement() {
    let text = "apiVersion: v2\nname: api\nversion: 1.2.0\ndependencies: # → ü\n- name: lib\n  version: 0.3.0 # 0.3.0\n  \
                repository: file://../lib\n  alias: own\n  condition: lib.enabled\n- {name: postgres, version: \"~15.2\", repository: 'oci://r.io/c'}\n\
                - name: local\n  version: '>=1.0.0 <2.0.0'\n- name: unversioned\n  repository: file://../other\n\
                - name: empty\n  repository: \"\"\n  version: v1.0.0\n";
    let found = chart_requirements(text).unwrap();
    assert_eq!(
        shown(&found),
        [
            "lib 0.3.0 line 6 from file://../lib",
            "postgres ~15.2 line 10 from oci://r.io/c",
            "local >=1.0.0 <2.0.0 line 12 from charts/",
            "empty v1.0.0 line 17 from charts/",
        ]
    );
    let keys: Vec<_> = found
        .iter()
        .map(|dependency| dependency.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "dependencies[0].version",
            "dependencies[1].version",
            "dependencies[2].version",
            "dependencies[4].version"
        ]
    );
    let folders: Vec<_> = found.iter().map(ChartDependency::folder).collect();
    assert_eq!(folders, [Some("../lib"), None, None, None]);
    for windows in [
        text.to_owned(),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
    ] {
        let first = &chart_requirements(&windows).unwrap()[0];
        let edited = splice(&windows, vec![(first.span.clone(), "0.4.0".into())]).unwrap();
        assert_eq!(
            edited,
            windows.replace("version: 0.3.0 #", "version: 0.4.0 #")
        );
    }
}

#[test]
fn a_chart_may_depend_on_nothing() {
    for text in [
        "",
        "name: x\n",
        "dependencies:\n",
        "dependencies: []\n",
        "dependencies: null\n",
        "# dependencies\nname: x\n",
        "x: dependencies",
    ] {
        assert_eq!(chart_requirements(text), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn a_lock_says_what_was_chosen() {
    let text = "dependencies:\n- name: lib\n  repository: file://../lib\n  version: 0.3.0\n- name: postgres\n  repository: https://x.org/charts\n  \
                version: 15.2.9\ndigest: sha256:00\ngenerated: \"2025-10-25T14:30:00.123456789Z\"\n";
    let found = chart_lock_entries(text).unwrap();
    assert_eq!(
        shown(&found),
        [
            "lib 0.3.0 line 4 from file://../lib",
            "postgres 15.2.9 line 7 from https://x.org/charts"
        ]
    );
    assert_eq!(&text[found[1].span.clone()], "15.2.9");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, said) in [
        (
            "dependencies:\n- version: 1.0.0\n",
            "dependencies[0].name is missing",
        ),
        ("dependencies:\n- lib\n", "dependencies[0].name is missing"),
        (
            "dependencies:\n  lib: 1.0.0\n",
            "dependencies cannot be read: it is no sequence of charts (line 2)",
        ),
        (
            "dependencies: lib\n",
            "it is no sequence of charts (line 1)",
        ),
        (
            "dependencies:\n- name: a\n  version: 1.2\n",
            "dependencies[0].version is the number 1.2 (line 3), wanted",
        ),
        (
            "dependencies:\n- name: a\n  version: 1.2.0\n  version: 1.3.0\n",
            "dependencies[0].version is written 2 times, at lines 3, 4",
        ),
        (
            "v: &v 1.2.0\ndependencies:\n- name: a\n  version: *v\n",
            "line 4 says `*v`; name what stands at line 1",
        ),
        (
            "dependencies: []\n---\ndependencies: []\n",
            "dependencies is written 2 times, at lines 1, 3",
        ),
        ("dependencies:\n\t- name: a\n", "the text is not YAML"),
    ] {
        let error = chart_requirements(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text:?}: {error}");
    }
}
