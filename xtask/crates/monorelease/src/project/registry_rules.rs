//! The rules of `[images-from]`, and the project that one registry file makes.

use crate::config::Config;
use crate::config::environments::ImagesFromKeys;
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::project::paths::clean_path;
use crate::project::paths::is_within;
use crate::project::registered::ImageSources;
use crate::project::registered::Registered;
use monorelease_image_pins::registry_file::RegistryFile;
use monorelease_model::image::Platform;
use monorelease_model::image::Repository;
use monorelease_model::tag::TagPattern;
use monorelease_text_edits::key_path::KeyPath;

/// The rules of `[images-from]`.
pub struct RegistryRules<'a> {
    pub keys: &'a ImagesFromKeys,
    pub image: KeyPath,
    files: String,
}

impl<'a> RegistryRules<'a> {
    /// # Errors
    /// A key that is none, or a path that leaves the repository, as the end of a sentence.
    pub fn new(keys: &'a ImagesFromKeys) -> Result<Self, String> {
        let image = keys.image.as_deref().unwrap_or("image");
        let image = KeyPath::parse(image).map_err(|why| format!("image `{image}` {why}"))?;
        let files = clean_path(&keys.files).map_err(|why| format!("files: {why}"))?;
        if monorelease_image_pins::Format::of(&files).is_none() {
            return Err(format!(
                "files is {files:?}; wanted a pattern that ends with .yaml, .yml, .json or .toml"
            ));
        }
        Ok(Self { keys, image, files })
    }

    /// Whether a path is that of a registry file.
    pub fn is_meant(&self, path: &str) -> bool {
        crate::project::paths::fits(&self.files, path)
    }

    /// The project of one registry file; `dockerfiles` are those of the repository.
    ///
    /// # Errors
    /// What it says makes no project, as the end of a sentence.
    pub fn project(
        &self,
        file: &RegistryFile,
        config: &Config,
        dockerfiles: &[String],
    ) -> Result<Project, String> {
        let stem = file.stem();
        let name = file.name.clone().unwrap_or_else(|| stem.to_owned());
        super::names::fault(&name).map_or(Ok(()), |why| Err(format!("{name:?} {why}")))?;
        let last = file
            .repository
            .as_ref()
            .and_then(|repository| repository.path.rsplit('/').next());
        let package = last.map_or_else(|| stem.replace('_', "-"), str::to_owned);
        let pattern = config
            .images
            .as_ref()
            .map(|images| images.repository.replace("{package}", &package));
        let configured = pattern.map(|pattern| {
            pattern
                .parse::<Repository>()
                .map_err(|why| format!("images.repository: {why}"))
        });
        let repository = match &file.repository {
            Some(repository) => Some(repository.clone()),
            None => configured.transpose()?,
        };
        let platforms = self.platforms(file)?;
        let image = repository.map(|repository| ImageTarget {
            release: repository.clone(),
            repository,
            platforms,
            aliases: Vec::new(),
            smoke: Vec::new(),
            health: None,
        });
        let sources = self.sources(file, dockerfiles)?;
        let folder = sources
            .as_ref()
            .and_then(|sources| Some(sources.dockerfile.rsplit_once('/')?.0.to_owned()));
        let mut also: Vec<String> = sources
            .iter()
            .flat_map(|sources| sources.paths.clone())
            .collect();
        let path = folder.unwrap_or_else(|| file.path.clone());
        also.retain(|also| !is_within(also, &path));
        Ok(Project {
            name,
            tags: TagPattern::of_package(&package),
            package,
            also,
            // What is pinned is no change of what is built, also where the file lies beside it.
            ignore: Some(&file.path)
                .filter(|file| **file != path && is_within(file, &path))
                .cloned()
                .into_iter()
                .collect(),
            path,
            sites: Vec::new(),
            ignore_tags: Vec::new(),
            depends: Vec::new(),
            image,
            wheel_targets: Vec::new(),
            package_index: None,
            candidate_index: None,
            candidates: false,
            registered: Some(Registered {
                file: file.path.clone(),
                key: self.image.clone(),
                sources,
                reference: file.reference.clone(),
            }),
        })
    }

    fn platforms(&self, file: &RegistryFile) -> Result<Vec<Platform>, String> {
        let of_file = file.architectures.iter().map(|arch| {
            if arch.contains('/') {
                arch.clone()
            } else {
                format!("linux/{arch}")
            }
        });
        let words: Vec<String> = if self.keys.platforms.is_empty() {
            of_file.collect()
        } else {
            self.keys.platforms.clone()
        };
        let words = if words.is_empty() {
            vec!["linux/amd64".to_owned()]
        } else {
            words
        };
        words
            .iter()
            .map(|word| word.parse().map_err(|why| format!("platforms: {why}")))
            .collect()
    }

    fn sources(
        &self,
        file: &RegistryFile,
        dockerfiles: &[String],
    ) -> Result<Option<ImageSources>, String> {
        let stem = file.stem();
        let filled = |key: &str, pattern: &str| {
            clean_path(&pattern.replace("{name}", stem)).map_err(|why| format!("{key}: {why}"))
        };
        let dockerfile = match (&file.dockerfile, &self.keys.dockerfile) {
            (Some(path), _) => Some(filled("build.dockerfile", path)?),
            (None, Some(pattern)) => Some(filled("dockerfile", pattern)?),
            (None, None) => {
                let end = format!("{stem}/Dockerfile");
                let mut found = dockerfiles
                    .iter()
                    .filter(|path| **path == end || path.ends_with(&format!("/{end}")));
                found.next().filter(|_| found.next().is_none()).cloned()
            }
        };
        let Some(dockerfile) = dockerfile else {
            return Ok(None);
        };
        let context = match (&file.context, &self.keys.context) {
            (Some(path), _) => filled("build.context", path)?,
            (None, Some(pattern)) => filled("context", pattern)?,
            (None, None) => dockerfile
                .rsplit_once('/')
                .map_or_else(String::new, |(folder, _)| folder.to_owned()),
        };
        let paths: Vec<String> = self
            .keys
            .paths
            .iter()
            .map(|path| filled("paths", path))
            .collect::<Result<_, _>>()?;
        if let Some(outside) = paths.iter().find(|path| !is_within(path, &context)) {
            return Err(format!(
                "paths names {outside:?}, which does not lie in the context {context:?}"
            ));
        }
        Ok(Some(ImageSources {
            dockerfile,
            context,
            paths,
            without: self.files.clone(),
        }))
    }
}
