//! Names of environments in paths, as people spell them: `overlays/production`, `values-prod.yaml`, `stg/api.yaml`.

/// Environments in the order in which a release goes through them, each with its spellings.
const NAMES: [(&str, &[&str]); 8] = [
    ("dev", &["dev", "develop", "development"]),
    ("test", &["test", "testing"]),
    ("qa", &["qa"]),
    ("uat", &["uat"]),
    ("staging", &["staging", "stage", "stg"]),
    ("preproduction", &["preproduction", "preprod"]),
    ("nonproduction", &["nonproduction", "nonprod"]),
    ("production", &["production", "prod", "prd", "live"]),
];

/// The one environment that a path names; `None` where it names none, or several.
pub fn environment_of(path: &str) -> Option<&'static str> {
    let mut named = environments_in(path);
    named.dedup();
    match named.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// Where an environment stands among those that are known; any other name comes first.
pub fn rank(name: &str) -> usize {
    NAMES
        .iter()
        .position(|(known, _)| *known == name)
        .map_or(0, |place| place + 1)
}

/// The name by which an environment is known, whatever its spelling.
pub fn known(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    NAMES
        .iter()
        .find(|(_, spellings)| spellings.contains(&word.as_str()))
        .map(|(name, _)| *name)
}

/// Sorted.
fn environments_in(path: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for segment in path.split('/') {
        let words: Vec<&str> = segment
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        for (place, word) in words.iter().enumerate() {
            // `pre-production` is no production.
            let before = place
                .checked_sub(1)
                .map(|before| words[before].to_lowercase());
            let whole = match before.as_deref() {
                Some(before @ ("pre" | "non")) => format!("{before}{word}"),
                _ => (*word).to_owned(),
            };
            found.extend(known(&whole));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_environment_or_none() {
        for (path, expected) in [
            (
                "k8s/overlays/production/kustomization.yaml",
                Some("production"),
            ),
            ("charts/api/values-prod.yaml", Some("production")),
            ("deploy/stg/api.yml", Some("staging")),
            ("envs/prod-eu/values.yaml", Some("production")),
            ("clusters/Staging/apps/staging.yaml", Some("staging")),
            ("deploy/pre-production/api.yaml", Some("preproduction")),
            ("deploy/non_prod/api.yaml", Some("nonproduction")),
            ("k8s/base/deployment.yaml", None),
            ("deploy/staging/values-production.yaml", None),
            ("products/livestock/developer.yaml", None),
        ] {
            assert_eq!(environment_of(path), expected, "{path}");
        }
        assert!(rank("staging") < rank("production"));
    }
}
