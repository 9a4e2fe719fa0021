//! Requirements of package.json, and what there is no requirement.

use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirements;
use crate::requirements::tests::{read, same};

#[test]
fn every_table_of_a_package_json_is_read() {
    let text = r#"{
  "name": "ui", "version": "1.2.0",
  "dependencies": { "kit": "^1.2.0", "@org/core": ">=1.2 <2 || 3.x" },
  "devDependencies": {
    "tool": "~1.2",
    "kit": "1.2.0"
  },
  "peerDependencies": { "kit": "1.0.0 - 2.0.0" },
  "optionalDependencies": { "fast": "v1.2.3" },
  "overrides": { "kit": "1.0.0" },
  "bundleDependencies": ["kit"]
}
"#;
    let wanted = [
        ("dependencies.kit", "^1.2.0", 3),
        ("dependencies.@org/core", ">=1.2 <2 || 3.x", 3),
        ("devDependencies.tool", "~1.2", 5),
        ("devDependencies.kit", "1.2.0", 6),
        ("peerDependencies.kit", "1.0.0 - 2.0.0", 8),
        ("optionalDependencies.fast", "v1.2.3", 9),
    ];
    for text in [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
    ] {
        let found = read(RequirementKind::Npm, &text);
        same(&found, &wanted, &text);
        assert_eq!(
            (found[1].package.as_str(), found[1].path.as_deref()),
            ("@org/core", None)
        );
    }
}

#[test]
fn what_wants_no_version_is_no_requirement() {
    for value in [
        "*",
        "",
        "x",
        ">=*",
        "latest",
        "next",
        "file:../kit",
        "link:../kit",
        "workspace:*",
        "workspace:^",
        "workspace:~",
        "workspace:../kit",
        "portal:../kit",
        "catalog:",
        "npm:other@^1.0.0",
        "git+ssh://git@example.org/kit.git#semver:^1.0.0",
        "https://example.org/kit-1.0.0.tgz",
        "org/kit",
        "org/kit#v1.0.0",
        "1.2.3.4",
        "^1.0.0, <2",
    ] {
        let text = format!("{{\"dependencies\": {{\"kit\": \"{value}\"}}}}");
        same(&read(RequirementKind::Npm, &text), &[], &text);
    }
    for text in [
        "{}",
        "[]",
        "1",
        "{\"dependencies\": 3}",
        "{\"dependencies\": {\"kit\": 1, \"a\": {\"version\": \"1.0.0\"}, \"b\": null}}",
    ] {
        same(&read(RequirementKind::Npm, text), &[], text);
    }
}

#[test]
fn the_range_behind_a_workspace_protocol_is_a_requirement() {
    let text = "{\"dependencies\": {\"kit\": \"workspace:^1.2.0\"}}";
    same(
        &read(RequirementKind::Npm, text),
        &[("dependencies.kit", "^1.2.0", 1)],
        text,
    );
}

#[test]
fn an_escaped_range_is_refused() {
    let text = "{\n\"dependencies\": {\"kit\": \"\\u003e=1.2\"}}";
    let error = requirements(RequirementKind::Npm, text)
        .expect_err(text)
        .to_string();
    assert_eq!(
        error,
        "dependencies.kit cannot be read: it is written with escapes (line 2)"
    );
}
