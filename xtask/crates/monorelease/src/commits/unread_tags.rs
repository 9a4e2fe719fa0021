//! Tags that look like a project's releases and name no version: a first release beside them would tell all history again.

use std::collections::BTreeMap;

use monorelease_model::version::Version;

use crate::project::Project;

/// More would hide what matters.
const SHOWN: usize = 3;

/// Tags of a project that cannot be read, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadTags {
    names: Vec<String>,
}

impl UnreadTags {
    /// Those that begin as the project's tags do, or, where it is the only one with versions, like a version.
    pub fn of(project: &Project, projects: &[Project], tags: &BTreeMap<String, String>) -> Self {
        let is_only = projects
            .iter()
            .filter(|other| !other.sites.is_empty())
            .count()
            == 1;
        let names = tags
            .keys()
            .filter(|tag| projects.iter().all(|other| other.tags.read(tag).is_none()))
            .filter(|tag| {
                let rest = match tag.strip_prefix(project.tags.prefix()) {
                    Some(rest) => rest,
                    None if is_only => tag.trim_start_matches(|c: char| !c.is_ascii_digit()),
                    None => return false,
                };
                numbers(rest).len() > 1
            });
        Self {
            names: names.cloned().collect(),
        }
    }

    /// To end a sentence about what was wanted; nothing where there are none.
    pub fn suffix(&self) -> String {
        if self.names.is_empty() {
            return String::new();
        }
        let shown = self.names[..self.names.len().min(SHOWN)].join(", ");
        let more = match self.names.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("; not read as versions X.Y.Z: {shown}{more}")
    }

    /// The command that gives the newest of them a name that is read; `None` where there is none to give.
    pub fn fix(&self, project: &Project) -> Option<String> {
        let read = |name: &String| {
            let rest = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            let found = numbers(rest);
            let number = |place: usize| found.get(place).copied().unwrap_or_default();
            let text = format!("{}.{}.{}", number(0), number(1), number(2));
            Some((Version::parse_semver(&text).ok()?, name.clone()))
        };
        let (version, name) = self.names.iter().filter_map(read).max()?;
        Some(format!(
            "git tag {} '{name}^{{commit}}', where that is its last release",
            project.tags.release(&version)
        ))
    }
}

/// The numbers at the beginning of a text, parted by `.`, `_` or `-`.
fn numbers(text: &str) -> Vec<u64> {
    text.split(['.', '_', '-'])
        .map_while(|part| part.parse().ok())
        .collect()
}
