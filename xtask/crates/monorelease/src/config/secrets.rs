//! The keys of `[environments.NAME.secrets]`, and the names in them.

use indexmap::IndexMap;
use serde::Deserialize;

/// `[environments.NAME.secrets]` as its author writes it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretsKeys {
    /// Where they are handed over.
    pub sink: Option<SinkKeys>,
    /// Names that every project wants.
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub optional: Vec<String>,
    /// Further names of single projects.
    #[serde(default)]
    pub projects: IndexMap<String, SecretNames>,
    /// Files that name more of them, one project a file: `secrets: { required: […], optional: […] }`.
    pub registry: Option<String>,
    /// What a store calls the secrets of a project together.
    pub object: Option<String>,
}

/// Names that are wanted, and names that are handed over where they are known.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretNames {
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub optional: Vec<String>,
}

impl SecretNames {
    /// Adds further names, each once.
    pub fn add(&mut self, more: &Self) {
        for (names, more) in [
            (&mut self.required, &more.required),
            (&mut self.optional, &more.optional),
        ] {
            let fresh: Vec<String> = more
                .iter()
                .filter(|name| !names.contains(name))
                .cloned()
                .collect();
            names.extend(fresh);
        }
    }
}

/// A store by its name, or a command that hands over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a sink is \"kubectl\", \"modal\", \"gh\", or a command as a list of arguments"
)]
pub enum SinkKeys {
    Named(String),
    Command(Vec<String>),
}
