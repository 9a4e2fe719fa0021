//! Two projects that publish one distribution to one index: told before anything is released, and of these two alone.

use crate::support::Fixture;
use crate::support::snapshots::assert_text;
use snapbox::str;

fn fixture() -> Fixture {
    let mut config = String::from("[repository]\nbranch = \"main\"\n");
    let mut tree = Vec::new();
    for (project, name, index) in [
        ("one", "continuum-memory", "http://127.0.0.1:9/"),
        ("two", "Continuum.Memory", "http://127.0.0.1:9/"),
        ("three", "continuum_memory", "http://127.0.0.1:10/"),
        ("four", "other", "http://127.0.0.1:9/"),
    ] {
        config += &format!(
            "[projects.{project}]\npath = \"{project}\"\nversions = [\"pyproject.toml\"]\ncandidates = false\npackage-index = \"{index}\"\n"
        );
        tree.push((
            format!("{project}/pyproject.toml"),
            format!("[project]\nname = \"{name}\"\nversion = \"0.1.0\"\n"),
        ));
    }
    tree.push(("xtask/monorepo.toml".to_owned(), config));
    let tree: Vec<(&str, &str)> = tree
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    Fixture::of_tree(&tree)
}

#[test]
fn law_21_two_projects_of_one_distribution_are_told_and_others_are_not() {
    let fixture = fixture();
    let checked = fixture.run(&["versions", "--check"]);
    assert_eq!(checked.code, 1, "{}", checked.stderr);
    checked.assert_stderr(str![[r#"
       error one and two publish one distribution, continuum-memory, to http://127.0.0.1:9/
         try give two another project.name in its pyproject.toml, or no package-index

"#]]);
    for other in ["three", "four"] {
        fixture.ok(&["versions", "--check", other]);
    }
    fixture.ok(&["versions"]);
    assert_text(
        &fixture
            .run(&["doctor"])
            .lines_with("publish one distribution"),
        str![[r#"
       error distribution continuum-memory: one and two publish one distribution, continuum-memory, to http://127.0.0.1:9/

"#]],
    );
    let released = fixture.run(&["release", "one", "--dry-run"]);
    assert_eq!(released.code, 3, "{}", released.stderr);
    assert_text(
        &released.lines_with("publish one distribution"),
        str![[r#"
       error one and two publish one distribution, continuum-memory, to http://127.0.0.1:9/

"#]],
    );
    let other = fixture.run(&["release", "four", "--dry-run"]);
    assert_eq!(other.lines_with("publish one distribution"), "");
}
