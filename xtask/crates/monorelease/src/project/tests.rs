//! What a configuration means once its parts are held against each other, and what contradicts itself.

use super::version_location::SiteForm;
use super::*;
use crate::config::parse;

fn projects(text: &str) -> Result<Projects, Fault> {
    Projects::from_config(&parse(text, "m.toml")?, "m.toml")
}

#[test]
fn the_package_is_the_last_segment_of_the_path() {
    let found = projects(
        "[projects.rocks]\npath = \"libs/percolate-rocks/\"\nversions = [\"./Cargo.toml\"]\n",
    )
    .unwrap();
    let rocks = found.find("percolate-rocks").unwrap();
    assert_eq!(
        (rocks.name.as_str(), rocks.path.as_str()),
        ("rocks", "libs/percolate-rocks")
    );
    assert_eq!(
        rocks.sites,
        [Site {
            file: "libs/percolate-rocks/Cargo.toml".into(),
            form: SiteForm::CargoManifest
        }]
    );
    let fault = found.find("rock").unwrap_err();
    assert!(
        fault.what.contains("did you mean `rocks`?"),
        "{}",
        fault.what
    );
    let fault = found.find("ROCKS").unwrap_err();
    assert!(
        fault.what.contains("did you mean `rocks`?"),
        "{}",
        fault.what
    );
}

#[test]
fn a_nested_project_owns_its_folder() {
    let found = projects("[projects.a]\npath = \"a\"\n[projects.b]\npath = \"a/b\"\n").unwrap();
    let name = |path| found.containing(path).map(|project| project.name.as_str());
    assert_eq!(
        (name("a/x"), name("a/b/x"), name("ab"), name("")),
        (Some("a"), Some("b"), None, None)
    );
    let root =
        projects("[projects.all]\npath = \".\"\npackage = \"mesh\"\n[projects.b]\npath = \"b\"\n")
            .unwrap();
    let name = |path| root.containing(path).map(|project| project.name.as_str());
    assert_eq!(
        (name("docs"), name("b/x"), name("")),
        (Some("all"), Some("b"), None),
        "at the root, every project is meant"
    );
}

#[test]
fn of_several_faults_the_first_pair_is_named() {
    let text = "[projects.a]\npath = \"a\"\n[projects.b]\npath = \"b\"\ntag = \"t{version}\"\n\
                [projects.c]\npath = \"c\"\npackage = \"a\"\ntag = \"t{version}\"\n";
    assert!(
        projects(text)
            .unwrap_err()
            .what
            .contains("projects a and c have one package, \"a\"")
    );
    let text = text.replace("package = \"a\"", "package = \"x\"");
    assert!(
        projects(&text)
            .unwrap_err()
            .what
            .contains("projects b and c have one tag pattern")
    );
}

#[test]
fn shared_dependencies_are_followed_once() {
    // Each layer doubles the ways to the bottom: followed one by one, they would not end.
    let layer = |place: usize, side: char| match place {
        0 => format!("[projects.{side}0]\npath = \"{side}0\"\n"),
        _ => format!(
            "[projects.{side}{place}]\npath = \"{side}{place}\"\ndepends = [\"l{0}\", \"r{0}\"]\n",
            place - 1
        ),
    };
    let text: String = (0..64)
        .rev()
        .flat_map(|place| [layer(place, 'l'), layer(place, 'r')])
        .collect();
    assert_eq!(projects(&text).unwrap().all.len(), 128);
    let circle = text.replace("path = \"l0\"\n", "path = \"l0\"\ndepends = [\"r63\"]\n");
    let what = projects(&circle).unwrap_err().what;
    assert!(
        what.contains("depends goes in a circle: l63 → l62 → ") && what.contains("l0 → r63 → l62"),
        "{what}"
    );
}

#[test]
fn a_site_is_read_as_its_file_is_written() {
    for (written, file, form) in [
        (
            "\"deploy/Chart.yaml\"",
            "p/deploy/Chart.yaml",
            SiteForm::YamlKey("version".into()),
        ),
        (
            "{ file = \"Chart.yaml\", key = \"appVersion\" }",
            "p/Chart.yaml",
            SiteForm::YamlKey("appVersion".into()),
        ),
        (
            "{ file = \"k.yml\", key = \"images[name=a].newTag\" }",
            "p/k.yml",
            SiteForm::YamlKey("images[name=a].newTag".into()),
        ),
        (
            "\"src/x.py\"",
            "p/src/x.py",
            SiteForm::Python("__version__".into()),
        ),
        (
            "{ file = \"src/x.py\", key = \"VERSION\" }",
            "p/src/x.py",
            SiteForm::Python("VERSION".into()),
        ),
        (
            "{ file = \"x.toml\", key = \"a.b\" }",
            "p/x.toml",
            SiteForm::TomlKey("a.b".into()),
        ),
        (
            "{ file = \"x.json\", key = \"a.b\" }",
            "p/x.json",
            SiteForm::JsonKey("a.b".into()),
        ),
    ] {
        let found = projects(&format!(
            "[projects.p]\npath = \"p\"\nversions = [{written}]\n"
        ))
        .unwrap();
        assert_eq!(
            found.all[0].sites,
            [Site {
                file: file.into(),
                form
            }]
        );
    }
}

#[test]
fn a_version_site_beside_the_projects_folder_is_in_the_repository_still() {
    for (written, file) in [
        ("../charts/p/Chart.yaml", "b/charts/p/Chart.yaml"),
        ("x/.././VERSION", "b/p/VERSION"),
        ("../../VERSION", "VERSION"),
    ] {
        let found = projects(&format!(
            "[projects.p]\npath = \"b/p\"\nversions = [{written:?}]\n"
        ))
        .unwrap();
        assert_eq!(found.all[0].sites[0].file, file, "{written}");
    }
}

#[test]
fn what_contradicts_itself_is_refused_by_name() {
    for (text, what) in [
        (
            "[projects.a]\npath = \"b/a\"\nversions = [\"../../../VERSION\"]\n",
            "versions: path \"../../../VERSION\" leaves the repository",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [\"/VERSION\"]\n",
            "versions: path \"/VERSION\" leaves the repository",
        ),
        ("[projects.a]\npath = \"../a\"\n", "leaves the repository"),
        ("[projects.a]\npath = \"/a\"\n", "leaves the repository"),
        (
            "[projects.\"../a\"]\npath = \"a\"\n",
            "projects.../a: \"../a\" is no name: git allows no file of it",
        ),
        (
            "[projects.a]\npath = \"a\"\n[environments.\"../x\"]\n",
            "environments: \"../x\" is no name: git allows no file of it",
        ),
        (
            "[projects.a]\npath = \"a\"\n[environments.\"\"]\n",
            "environments: \"\" is no name: it is empty",
        ),
        (
            "[projects.a]\npath = \"x/a\"\n[projects.b]\npath = \"y/a\"\n",
            "one package",
        ),
        (
            "[projects.a]\npath = \"a\"\ntag = \"v{version}\"\n[projects.b]\npath = \"b\"\ntag = \"v{version}\"\n",
            "one tag pattern",
        ),
        (
            "[projects.a]\npath = \"a\"\ndepends = [\"z\"]\n",
            "which is no project",
        ),
        (
            "[projects.a]\npath = \"a\"\npackage = \"b\"\n[projects.b]\npath = \"c\"\n",
            "the name of one is the package of the other",
        ),
        (
            "[images]\nrepository = \"r.io/x\"\n[projects.a]\npath = \"a\"\nimage = { platforms = [\"linux/amd64\"] }\n[projects.b]\npath = \"b\"\nimage = { platforms = [\"linux/amd64\"] }\n",
            "have one image repository, r.io/x; write {package}",
        ),
        (
            "[images]\nrepository = \"r.io/{package}\"\n[projects.a]\npath = \"a\"\nimage = { platforms = [\"linux/arm64\", \"linux/arm64/v8\"] }\n",
            "would have one tag",
        ),
        (
            "[projects.a]\npath = \"a\"\ndepends = [\"b\"]\n[projects.b]\npath = \"b\"\ndepends = [\"a\"]\n",
            "in a circle: a → b → a",
        ),
        (
            "[projects.a]\npath = \"a\"\nimage = { platforms = [\"linux/amd64\"] }\n",
            "no [images] repository",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [\"notes.txt\"]\n",
            "does not say where its version stands; write { file = \"notes.txt\", pattern = \"… {version}\" }",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [\"values.yaml\"]\n",
            "write { file = \"values.yaml\", key = \"…\" }",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [{ file = \"a.yaml\", key = \"a[\" }]\n",
            "projects.a: versions: a.yaml: key \"a[\" is not a path of YAML keys: a part of it is empty",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [{ file = \"a.py\", key = \"a.b\" }]\n",
            "key \"a.b\" is no name",
        ),
        (
            "[projects.a]\npath = \"a\"\nversions = [{ file = \"a.txt\", key = \"a\" }]\n",
            "name a pattern with {version}",
        ),
        (
            "[projects.a]\npath = \"a\"\nignore-tags = [\"v3.2.0\"]\n",
            "projects.a: ignore-tags names \"v3.2.0\", which is no tag of it; they look like a-vX.Y.Z",
        ),
        (
            "[projects.a]\npath = \"a\"\nignore-tags = [\"a-b-v1.0.0\"]\n[projects.b]\npath = \"b\"\ntag = \"a-b-v{version}\"\n",
            "which is a tag of b",
        ),
        (
            "[[pins]]\nproject = \"a\"\nenvironment = \"e\"\nfile = \"f\"\n",
            "a pin names project `a`",
        ),
    ] {
        let fault = projects(text).unwrap_err();
        assert!(fault.what.contains(what), "{text}: {}", fault.what);
        assert_eq!(fault.kind.exit_code(), 2);
    }
}
