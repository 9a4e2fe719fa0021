//! Projects that publish one distribution to one index: the second to be released would find the name taken.

use std::collections::BTreeMap;

use monorelease_model::distribution::normalised;

use super::plan::name_of;
use crate::project::{IndexName, Project, Projects};

/// A distribution of several projects.
pub struct SharedName {
    pub index: IndexName,
    /// As PEP 503 compares names.
    pub name: String,
    pub projects: Vec<String>,
}

impl SharedName {
    pub fn what(&self) -> String {
        format!(
            "{} publish one distribution, {}, to {}",
            self.projects.join(" and "),
            self.name,
            self.index.word()
        )
    }

    pub fn fix(&self) -> String {
        let last = self.projects.last().map(String::as_str).unwrap_or_default();
        format!("give {last} another project.name in its pyproject.toml, or no package-index")
    }
}

/// What the index calls a project's package: the name in its manifest; the project's own word where that says none. `read` gives
/// the text of a file by its path from the root.
pub fn name(project: &Project, read: &dyn Fn(&str) -> Option<String>) -> String {
    let path = if project.path.is_empty() {
        "pyproject.toml".to_owned()
    } else {
        format!("{}/pyproject.toml", project.path)
    };
    read(&path)
        .and_then(|text| name_of(&text).ok())
        .unwrap_or_else(|| project.package.clone())
}

/// Distributions that several projects publish to one index, by the names in these files.
pub fn shared_names(projects: &Projects, read: &dyn Fn(&str) -> Option<String>) -> Vec<SharedName> {
    let mut all: BTreeMap<(String, String), SharedName> = BTreeMap::new();
    for project in &projects.all {
        let mut indexes: Vec<_> = [&project.package_index, &project.candidate_index]
            .into_iter()
            .flatten()
            .collect();
        indexes.dedup();
        // What is published nowhere need not be read.
        if indexes.is_empty() {
            continue;
        }
        let name = normalised(&name(project, read));
        for index in indexes {
            all.entry((index.word().to_owned(), name.clone()))
                .or_insert_with(|| SharedName {
                    index: index.clone(),
                    name: name.clone(),
                    projects: Vec::new(),
                })
                .projects
                .push(project.name.clone());
        }
    }
    all.into_values()
        .filter(|shared| shared.projects.len() > 1)
        .collect()
}
