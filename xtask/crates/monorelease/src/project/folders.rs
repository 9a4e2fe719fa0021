//! The folders of all projects, as the history is asked about them (law 7).

use monorelease_commit_history::folders::{Folders, ProjectPaths};

use super::Project;

/// Projects are known by their index in `projects`.
pub fn folders(projects: &[Project]) -> Folders {
    Folders::new(projects.iter().map(|project| ProjectPaths {
        own: project.paths().collect(),
        ignored: project.ignore.iter().map(String::as_str).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;

    fn owners(config: &str, path: &str) -> Vec<String> {
        let projects = Projects::from_config(&parse(config, "m").unwrap(), "m")
            .unwrap()
            .all;
        let folders = folders(&projects);
        folders
            .owner(path.as_bytes())
            .map_or(&[][..], |owner| folders.projects(owner))
            .iter()
            .map(|place| projects[*place].name.clone())
            .collect()
    }

    #[test]
    fn law_7_the_longest_path_owns() {
        let many = "[projects.a]\npath = \"libs/a\"\n[projects.b]\npath = \"libs/a/deep/b\"\n";
        for (path, owner) in [
            ("libs/a/x", "a"),
            ("libs/a/deep/x", "a"),
            ("libs/a/deep/b/x", "b"),
            ("libs/x", ""),
            ("x", ""),
            ("libs/ab/x", ""),
        ] {
            assert_eq!(owners(many, path).join(","), owner, "{path}");
        }
        let rooted = format!("{many}[projects.all]\npath = \".\"\npackage = \"mesh\"\n");
        for (path, owner) in [
            ("libs/x", "all"),
            ("x", "all"),
            ("libs/a/x", "a"),
            ("libs/a/deep/b/x/y", "b"),
        ] {
            assert_eq!(owners(&rooted, path).join(","), owner, "{path}");
        }
    }

    #[test]
    fn further_paths_own_and_ignored_ones_do_not() {
        let config = "[projects.a]\npath = \"a\"\nalso = [\"proto/\", \"api.yaml\"]\nignore = [\"a/docs/**\", \"a/NOTES\", \"proto/old\"]\n\
                      [projects.b]\npath = \"b\"\nalso = [\"proto\"]\n[projects.deep]\npath = \"a/docs/deep\"\n\
                      [projects.twin]\npath = \"a\"\npackage = \"twin\"\n";
        for (path, owner) in [
            ("a/x", "a,twin"),
            ("proto/x", "a,b"),
            ("proto/old/x", "b"),
            ("api.yaml", "a"),
            ("api.yaml.x", ""),
            ("a/docs/x", "twin"),
            ("a/docs/deep/x", "deep"),
            ("a/NOTES", "twin"),
            ("a/NOTES.md", "a,twin"),
        ] {
            assert_eq!(owners(config, path).join(","), owner, "{path}");
        }
    }

    #[test]
    fn paths_that_mean_nothing_are_refused_by_their_key() {
        for (keys, words) in [
            (
                "also = [\"a/b\"]",
                "also names \"a/b\", which lies in the project's own path",
            ),
            (
                "also = [\"../x\"]",
                "also: path \"../x\" leaves the repository",
            ),
            (
                "also = [\"x*\"]",
                "also names \"x*\"; wanted is a folder or a file",
            ),
            (
                "ignore = [\"docs\"]",
                "ignore names \"docs\", which lies in no path of the project",
            ),
            ("ignore = [\"a\"]", "ignore names \"a\""),
            ("ignore = [\"a/**/x\"]", "ignore names \"a/**/x\"; wanted"),
        ] {
            let text = format!("[projects.a]\npath = \"a\"\n{keys}\n");
            let fault = Projects::from_config(&parse(&text, "m").unwrap(), "m").unwrap_err();
            assert!(fault.what.contains(words), "{keys}: {}", fault.what);
        }
    }

    #[test]
    fn projects_of_one_folder_own_it_together() {
        let twins = "[projects.a]\npath = \"x\"\n[projects.b]\npath = \"x\"\npackage = \"y\"\n";
        assert_eq!(owners(twins, "x/f"), ["a", "b"]);
    }
}
