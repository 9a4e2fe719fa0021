//! Which projects a changed configuration affects: those whose own keys say something else, and for keys that hold for many,
//! those that are built by them. Pure.
//!
//! Where things run (`environments`, `pins`) and how the clone is set up builds nothing, and affects nobody.

use serde_json::{Map, Value};

use super::reasons::Reason;
use crate::project::Project;

/// Sections that decide where and when things run, or how history is told: nothing is built by them.
const BUILDS_NOTHING: [&str; 6] = [
    "environments",
    "pins",
    "images-from",
    "release",
    "repository",
    "trust",
];

/// The reasons of the projects, which are those of the newer text. Keys count by what they say, not by how they are written.
///
/// # Errors
/// One of the texts is not TOML: then nothing can be told apart.
pub fn reasons(
    old: &str,
    new: &str,
    file: &str,
    projects: &[Project],
) -> Result<Vec<Reason>, String> {
    let old = parsed(old)?;
    let new = parsed(new)?;
    let mut reasons = Vec::new();
    let of_both = |of: &[&str]| (at(&old, of).cloned(), at(&new, of).cloned());
    for (place, project) in projects.iter().enumerate() {
        // One of a registry file has no keys of its own here.
        let (key, name) = match &project.registered {
            Some(_) => (vec!["images-from"], "images-from".to_owned()),
            None => (
                vec!["projects", &project.name],
                format!("projects.{}", project.name),
            ),
        };
        let (was, is) = of_both(&key);
        if was.is_none() {
            reasons.push((place, format!("{file}: {name} is new")));
        } else if was != is {
            reasons.push((place, format!("{file}: {name} changed")));
        }
    }
    // The repository on the forge stands in a label of every image.
    for key in [&["images", "repository"][..], &["repository", "github"]] {
        let (was, is) = of_both(key);
        if was != is {
            let built = projects
                .iter()
                .enumerate()
                .filter(|(_, project)| project.image.is_some());
            reasons.extend(
                built.map(|(place, _)| (place, format!("{file}: {} changed", key.join(".")))),
            );
        }
    }
    let mut sections: Vec<&String> = old.keys().chain(new.keys()).collect();
    sections.sort();
    sections.dedup();
    for section in sections
        .into_iter()
        .filter(|section| !BUILDS_NOTHING.contains(&section.as_str()) && *section != "projects")
    {
        let rest = |config: &Map<String, Value>| {
            let mut rest = config.get(section).cloned();
            if let (Some(Value::Object(keys)), "images") = (&mut rest, section.as_str()) {
                // What a release is called, and where, is in no build.
                ["repository", "release", "aliases"]
                    .iter()
                    .for_each(|key| drop(keys.remove(*key)));
            }
            rest.filter(|rest| rest.as_object().is_none_or(|keys| !keys.is_empty()))
        };
        if rest(&old) != rest(&new) {
            let of = |project: &Project| section != "images" || project.image.is_some();
            let built = projects
                .iter()
                .enumerate()
                .filter(|(_, project)| of(project));
            reasons.extend(built.map(|(place, _)| (place, format!("{file}: {section} changed"))));
        }
    }
    Ok(reasons)
}

/// Names of the projects that only the older text has; none where it cannot be read.
pub fn gone(old: &str, projects: &[Project]) -> Vec<String> {
    let old = parsed(old).unwrap_or_default();
    let named = old
        .get("projects")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|all| all.keys());
    named
        .filter(|name| projects.iter().all(|project| project.name != **name))
        .cloned()
        .collect()
}

fn parsed(text: &str) -> Result<Map<String, Value>, String> {
    toml_edit::de::from_str(text).map_err(|error| {
        error
            .message()
            .lines()
            .next()
            .unwrap_or("it is not TOML")
            .to_owned()
    })
}

fn at<'c>(config: &'c Map<String, Value>, keys: &[&str]) -> Option<&'c Value> {
    let (last, above) = keys.split_last()?;
    above
        .iter()
        .try_fold(config, |table, key| table.get(*key)?.as_object())?
        .get(*last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;

    const OLD: &str = "[repository]\ngithub = \"o/r\"\n[images]\nrepository = \"r.io/{package}\"\n[projects.a]\npath = \"a\"\n\
                       image = { platforms = [\"linux/amd64\"] }\n[projects.b]\npath = \"b\"\n[environments.e]\n";

    fn told(new: &str) -> Vec<String> {
        let projects = Projects::from_config(&parse(new, "m").unwrap(), "m")
            .unwrap()
            .all;
        reasons(OLD, new, "m", &projects)
            .unwrap()
            .into_iter()
            .map(|(place, why)| format!("{} {why}", projects[place].name))
            .collect()
    }

    #[test]
    fn a_key_affects_those_it_is_about() {
        for (from, to, wanted) in [
            ("path = \"b\"", "path  =  'b' # the same", &[][..]),
            ("path = \"b\"", "path = \"c\"", &["b m: projects.b changed"]),
            (
                "[environments.e]\n",
                "[projects.c]\npath = \"c\"\n",
                &["c m: projects.c is new"],
            ),
            (
                "[environments.e]\n",
                "[environments.f]\n[[pins]]\nproject = \"a\"\nenvironment = \"f\"\nfile = \"x\"\n",
                &[],
            ),
            ("r.io", "q.io", &["a m: images.repository changed"]),
            (
                "[images]\n",
                "[images]\naliases = [\"latest\"]\nrelease = \"r.io/released/{package}\"\n",
                &[],
            ),
            ("o/r", "o/s", &["a m: repository.github changed"]),
            ("[repository]\n", "[repository]\nbranch = \"trunk\"\n", &[]),
            ("linux/amd64", "linux/arm64", &["a m: projects.a changed"]),
        ] {
            assert_eq!(told(&OLD.replace(from, to)), wanted, "{to}");
        }
    }

    #[test]
    fn what_is_not_known_to_build_nothing_counts_for_all() {
        let projects = Projects::from_config(&parse(OLD, "m").unwrap(), "m")
            .unwrap()
            .all;
        let new = format!("{OLD}[another]\nkey = 1\n");
        assert_eq!(
            reasons(OLD, &new, "m", &projects).unwrap(),
            [
                (0, "m: another changed".to_owned()),
                (1, "m: another changed".to_owned())
            ]
        );
        let old = OLD.replace("[images]", "[images]\nother = 1");
        let new = OLD.replace("[images]", "[images]\nother = 2");
        assert_eq!(
            reasons(&old, &new, "m", &projects).unwrap(),
            [(0, "m: images changed".to_owned())]
        );
        assert!(reasons("[a", OLD, "m", &projects).is_err());
        assert_eq!(
            gone(&format!("{OLD}[projects.z]\npath = \"z\"\n"), &projects),
            ["z"]
        );
    }
}
