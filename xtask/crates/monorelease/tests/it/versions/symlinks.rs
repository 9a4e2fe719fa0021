//! Version sites behind symbolic links: what is edited, committed and read back is the file that they lead to.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::Fixture;
use snapbox::str;

/// A project whose VERSION is a link, in a folder that `folder_link` makes a link as well.
fn linked(versions: &str) -> Fixture {
    let config = format!("[projects.app]\npath = \"app\"\nversions = {versions}\n");
    let fixture = Fixture::of_tree(&[
        ("xtask/monorepo.toml", &config),
        ("shared/VERSION", "0.1.0\n"),
        ("shared/two.toml", "a = \"0.1.0\"\nb = \"0.1.0\"\n"),
    ]);
    fs::create_dir(fixture.root().join("app")).unwrap();
    for (target, link) in [
        ("../shared/VERSION", "app/VERSION"),
        ("../shared", "app/folder"),
        ("folder/two.toml", "app/two.toml"),
        ("circle", "app/circle"),
    ] {
        symlink(target, fixture.root().join(link)).unwrap();
    }
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: links");
    fixture
}

#[test]
fn law_2_a_commit_has_the_file_that_a_link_leads_to() {
    for site in ["VERSION", "folder/VERSION"] {
        let fixture = linked(&format!("[{site:?}]"));
        fixture.ok(&["bump", "minor", "--commit"]);
        assert_eq!(fixture.git(&["status", "--porcelain"]), "", "{site}");
        assert_eq!(
            fixture.git(&["show", "HEAD:shared/VERSION"]),
            "0.2.0\n",
            "{site}"
        );
        assert_eq!(
            fixture.git(&["show", "--format=%s", "--name-only"]),
            "chore(release): app 0.2.0\n\nshared/VERSION\n"
        );
    }
}

#[test]
fn law_5_a_tag_reads_the_file_that_a_link_leads_to_in_its_commit() {
    for (site, expected) in [
        (
            "VERSION",
            str![[r#"
       error tag app-v0.3.0 (commit [SHORT]): app/VERSION says 0.2.0
         try ignore-tags = ["app-v0.3.0"] in [projects.app], where these tags are to stay

"#]],
        ),
        (
            "folder/VERSION",
            str![[r#"
       error tag app-v0.3.0 (commit [SHORT]): app/folder/VERSION says 0.2.0
         try ignore-tags = ["app-v0.3.0"] in [projects.app], where these tags are to stay

"#]],
        ),
    ] {
        let fixture = linked(&format!("[{site:?}]"));
        fixture.ok(&["tag", "app"]);
        assert_eq!(fixture.git(&["tag", "--list"]), "app-v0.1.0\n", "{site}");
        fixture.ok(&["bump", "minor", "--commit"]);
        fixture.ok(&["tag", "app"]);
        fixture.ok(&["versions", "--check"]);
        fixture.git(&["tag", "app-v0.3.0"]);
        let ran = fixture.run(&["versions", "--check"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        ran.assert_stderr(expected);
    }
}

#[test]
fn law_2_one_file_by_two_names_is_edited_once() {
    let fixture =
        linked(r#"[{ file = "two.toml", key = "a" }, { file = "folder/two.toml", key = "b" }]"#);
    fixture.ok(&["bump", "minor"]);
    assert_eq!(
        fixture.read("shared/two.toml"),
        "a = \"0.2.0\"\nb = \"0.2.0\"\n"
    );
    assert_eq!(fixture.git(&["diff", "--name-only"]), "shared/two.toml\n");
    fixture.ok(&["versions", "--check"]);
}

#[test]
fn law_14_a_cut_off_bump_does_not_count_on_through_a_link() {
    let fixture = linked("[\"VERSION\"]");
    fixture.write("shared/VERSION", "0.2.0\n");
    fixture.ok(&["bump", "minor", "--commit"]);
    assert_eq!(fixture.git(&["show", "HEAD:shared/VERSION"]), "0.2.0\n");
}

#[test]
fn a_link_that_leads_nowhere_in_a_commit_is_no_version() {
    let fixture = linked("[\"VERSION\"]");
    fs::remove_file(fixture.root().join("app/VERSION")).unwrap();
    for (target, expected) in [
        (
            "circle",
            str![[r#"
       error app/VERSION: reading app/VERSION at [COMMIT]: its links run in a circle
         try edit app/VERSION, or projects.app.versions in the configuration

"#]],
        ),
        (
            "../../outside",
            str![[r#"
       error app/VERSION: there is no such file in the commit
         try git add app/VERSION && git commit

"#]],
        ),
        (
            "../gone",
            str![[r#"
       error app/VERSION: there is no such file in the commit
         try git add app/VERSION && git commit

"#]],
        ),
        (
            "/etc/hostname",
            str![[r#"
       error app/VERSION: there is no such file in the commit
         try git add app/VERSION && git commit

"#]],
        ),
    ] {
        symlink(target, fixture.root().join("app/VERSION")).unwrap();
        fixture.commit_all("fix: a link");
        let ran = fixture.run(&["tag", "app"]);
        assert_eq!(ran.code, 2, "{target}: {}", ran.stderr);
        ran.assert_stderr(expected);
        fs::remove_file(fixture.root().join("app/VERSION")).unwrap();
    }
}
