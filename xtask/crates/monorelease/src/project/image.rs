//! What a project's image is: where its builds and its releases are, for which platforms, under which moving names.
//!
//! Read from the configuration; nothing here asks a registry.

use monorelease_model::build_id::arch_suffix;
use monorelease_model::image::{Platform, Repository};

use super::alias::AliasPattern;
use crate::config::{Config, HealthKeys, ImageKeys};

/// The image of a project.
#[derive(Debug, Clone)]
pub struct ImageTarget {
    /// Where builds are pushed, and candidates are looked for.
    pub repository: Repository,
    /// Where releases are; the same one unless the configuration says otherwise, and always of the same registry.
    pub release: Repository,
    pub platforms: Vec<Platform>,
    /// Names of a release that move to the next one.
    pub aliases: Vec<AliasPattern>,
    /// Commands that must end well in a fresh container.
    pub smoke: Vec<Vec<String>>,
    pub health: Option<HealthKeys>,
}

impl ImageTarget {
    /// Whether a release has to be carried into another repository.
    pub fn is_elsewhere(&self) -> bool {
        self.release != self.repository
    }

    /// Every repository it has; one, or two.
    pub fn repositories(&self) -> impl Iterator<Item = &Repository> {
        std::iter::once(&self.repository).chain(Some(&self.release).filter(|_| self.is_elsewhere()))
    }

    pub(super) fn of_keys(
        image: &ImageKeys,
        config: &Config,
        package: &str,
    ) -> Result<Self, String> {
        let images = config
            .images
            .as_ref()
            .ok_or("has an image, but the file has no [images] repository")?;
        if image.platforms.is_empty() {
            return Err(
                "image.platforms is empty: name at least one, such as \"linux/amd64\"".to_owned(),
            );
        }
        if image.smoke.iter().any(Vec::is_empty) {
            return Err("image.smoke has an empty command".to_owned());
        }
        let read = |key: &str, pattern: &str| -> Result<Repository, String> {
            pattern
                .replace("{package}", package)
                .parse()
                .map_err(|error| format!("images.{key}: {error}"))
        };
        let repository = read("repository", &images.repository)?;
        let release = images.release.as_ref().map_or_else(
            || Ok(repository.clone()),
            |pattern| read("release", pattern),
        )?;
        if release.host != repository.host {
            let both = format!(
                "images.release is at {}, images.repository at {}",
                release.host, repository.host
            );
            let rule = "a release takes its layers over within one registry, and carries none from one to another";
            return Err(format!(
                "{both}: {rule}; name a repository at {}, or let builds be pushed to {}",
                repository.host, release.host
            ));
        }
        Ok(Self {
            repository,
            release,
            platforms: platforms(image)?,
            aliases: aliases(image, &images.aliases)?,
            smoke: image.smoke.clone(),
            health: image.health.clone(),
        })
    }
}

fn platforms(image: &ImageKeys) -> Result<Vec<Platform>, String> {
    let platforms: Vec<Platform> = image
        .platforms
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error| format!("image.platforms: {error}"))
        })
        .collect::<Result<_, _>>()?;
    for (place, platform) in platforms.iter().enumerate() {
        if let Some(twin) = platforms[..place]
            .iter()
            .find(|twin| arch_suffix(twin) == arch_suffix(platform))
        {
            return Err(format!(
                "image.platforms: {twin} and {platform} would have one tag"
            ));
        }
    }
    Ok(platforms)
}

/// The project's own moving names, or everybody's.
fn aliases(image: &ImageKeys, of_all: &[String]) -> Result<Vec<AliasPattern>, String> {
    let (key, texts) = image
        .aliases
        .as_deref()
        .map_or(("images.aliases", of_all), |own| ("image.aliases", own));
    if let Some((_, twin)) = texts
        .iter()
        .enumerate()
        .find(|(place, text)| texts[..*place].contains(text))
    {
        return Err(format!("{key} names {twin:?} twice"));
    }
    texts
        .iter()
        .map(|text| AliasPattern::parse(text).map_err(|error| format!("{key}: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::config::parse;
    use crate::project::{Project, Projects};

    fn read(images: &str, image: &str) -> Result<Vec<Project>, String> {
        let text = format!(
            "[images]\n{images}\n[projects.api]\npath = \"api\"\nimage = {{ platforms = [\"linux/amd64\"]{image} }}\n"
        );
        Projects::from_config(&parse(&text, "m").unwrap(), "m")
            .map(|projects| projects.all)
            .map_err(|fault| fault.what)
    }

    #[test]
    fn releases_are_where_builds_are_unless_the_file_says_otherwise() {
        let plain = read("repository = \"r.io/acme/{package}\"", "").unwrap();
        let image = plain[0].image.as_ref().unwrap();
        assert!(!image.is_elsewhere() && image.aliases.is_empty());
        let two = read(
            "repository = \"r.io/build/{package}\"\nrelease = \"r.io/acme/{package}\"",
            "",
        )
        .unwrap();
        let image = two[0].image.as_ref().unwrap();
        assert_eq!(
            (image.is_elsewhere(), image.release.to_string().as_str()),
            (true, "r.io/acme/api")
        );
    }

    #[test]
    fn a_release_in_another_registry_is_refused_with_both_hosts() {
        let error = read(
            "repository = \"r.io/acme/{package}\"\nrelease = \"q.io/acme/{package}\"",
            "",
        )
        .unwrap_err();
        assert!(
            error.contains("images.release is at q.io, images.repository at r.io"),
            "{error}"
        );
    }

    #[test]
    fn a_projects_own_aliases_stand_in_place_of_everybodys() {
        let images = "repository = \"r.io/acme/{package}\"\naliases = [\"latest\", \"{major}\"]";
        let count = |image: &str| {
            read(images, image).map(|projects| projects[0].image.as_ref().unwrap().aliases.len())
        };
        assert_eq!(
            (
                count(""),
                count(", aliases = []"),
                count(", aliases = [\"stable\"]")
            ),
            (Ok(2), Ok(0), Ok(1))
        );
        assert!(
            count(", aliases = [\"1.2.3\"]")
                .unwrap_err()
                .contains("image.aliases: \"1.2.3\" looks like")
        );
        assert!(
            count(", aliases = [\"edge\", \"edge\"]")
                .unwrap_err()
                .contains("image.aliases names \"edge\" twice")
        );
    }

    #[test]
    fn two_projects_may_not_share_where_releases_are() {
        let text = "[images]\nrepository = \"r.io/build/{package}\"\nrelease = \"r.io/acme/all\"\n[projects.a]\npath = \"a\"\nimage = { platforms = [\"linux/amd64\"] }\n[projects.b]\npath = \"b\"\nimage = { platforms = [\"linux/amd64\"] }\n";
        let fault = Projects::from_config(&parse(text, "m").unwrap(), "m").unwrap_err();
        assert!(
            fault.what.contains(
                "one image repository, r.io/acme/all; write {package} into images.release"
            ),
            "{}",
            fault.what
        );
    }
}
