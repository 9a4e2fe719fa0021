//! Registry files: a YAML, JSON or TOML text that says of one image which digest runs, and what else a builder has to know.
//!
//! It finds words and places. Whose image it is, and which digest is wanted, is decided elsewhere.

use monorelease_model::image::Repository;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::line_at;

use crate::Format;
use crate::document::{Tree, with_documents};
use crate::key_walk::walk;
use crate::search::Search;

/// The member that holds the image of all platforms.
const WHOLE: &str = "oci";
/// The member that holds one image a platform.
const PLATFORMS: &str = "platforms";

/// Reads what a registry file says. `image` leads to the reference, or to the mapping that holds it as `oci`; `name` to the
/// project's name.
///
/// # Errors
/// The text is not of its format, has no image, or has no name where one is wanted.
pub fn registry_file(
    text: &str,
    path: &str,
    image: &KeyPath,
    name: Option<&KeyPath>,
) -> Result<RegistryFile, EditError> {
    let format = Format::of(path).unwrap_or(Format::Yaml);
    with_documents(text, format, &image.to_string(), |documents| {
        let at = |key: &KeyPath| -> Result<Option<&Tree<'_>>, EditError> {
            for document in documents {
                if let Some(led) = walk(document, key.parts(), text, &key.to_string())? {
                    return Ok(Some(led.node));
                }
            }
            Ok(None)
        };
        let word = |key: &str| -> Result<Option<String>, EditError> {
            let Ok(key) = KeyPath::parse(key) else {
                return Ok(None);
            };
            Ok(at(&key)?
                .and_then(Tree::as_leaf)
                .map(|leaf| leaf.value.trim().to_owned())
                .filter(|word| !word.is_empty()))
        };
        let node = at(image)?.ok_or_else(|| EditError::missing(&image.to_string()))?;
        let whole = match node {
            Tree::Map(..) => node.member(WHOLE, text, || image.to_string())?,
            other => Some(other),
        };
        let whole = whole
            .and_then(Tree::as_leaf)
            .ok_or_else(|| EditError::missing(&format!("{image}.{WHOLE}")))?;
        let platforms = node.member(PLATFORMS, text, || image.to_string())?;
        let architectures = match platforms {
            Some(Tree::Map(_, members)) => members.iter().map(|(name, _)| name.clone()).collect(),
            _ => Vec::new(),
        };
        let given = name
            .map(|key| at(key).map(|node| (key, node.and_then(Tree::as_leaf))))
            .transpose()?;
        let name = match given {
            None => None,
            Some((_, Some(leaf))) if !leaf.value.trim().is_empty() => {
                Some(leaf.value.trim().to_owned())
            }
            Some((key, _)) => return Err(EditError::missing(&key.to_string())),
        };
        Ok(RegistryFile {
            path: path.to_owned(),
            name,
            repository: named(&whole.value),
            architectures,
            reference: word("ref")?,
            dockerfile: word("build.dockerfile")?,
            context: word("build.context")?,
        })
    })
}

/// The repository of a reference; `None` for a placeholder or a bare digest.
fn named(value: &str) -> Option<Repository> {
    let name = value.trim().split('@').next().unwrap_or_default();
    let last = name.rfind('/')?;
    let end = name[last..].find(':').map_or(name.len(), |at| last + at);
    name[..end].parse().ok()
}

/// Whether a mapping holds an image as registry files do.
pub(super) fn is_registry(node: &Tree<'_>) -> bool {
    matches!(node, Tree::Map(_, members) if members.iter().any(|(name, _)| name == WHOLE))
}

/// The references in the mapping: the one of all platforms, and one a platform.
pub(super) fn places(search: &mut Search<'_>, node: &Tree<'_>) -> Result<(), EditError> {
    let top = search.path.clone();
    let key = search.key();
    let mut texts = Vec::new();
    if let Some(whole) = node.member(WHOLE, search.text, || key.clone())? {
        texts.push((vec![Part::Key(WHOLE.to_owned())], node, whole));
    }
    if let Some(platforms @ Tree::Map(_, members)) =
        node.member(PLATFORMS, search.text, || key.clone())?
    {
        let part = |name: &String| vec![Part::Key(PLATFORMS.to_owned()), Part::Key(name.clone())];
        texts.extend(
            members
                .iter()
                .map(|(name, value)| (part(name), platforms, value)),
        );
    }
    for (below, above, value) in texts {
        search.path = top.iter().cloned().chain(below).collect();
        let Some(leaf) = value.as_leaf() else {
            let line = line_at(search.text, value.start());
            return Err(EditError::NotAString {
                key: search.key(),
                found: value.kind().to_owned(),
                line,
            });
        };
        let place = search.named(Some(above), leaf)?;
        search.found.push(place);
    }
    search.path = top;
    Ok(())
}

/// What a registry file says of its image.
#[derive(Debug, Clone, Default)]
pub struct RegistryFile {
    /// From the root of the repository.
    pub path: String,
    /// The value at `[images-from] name`.
    pub name: Option<String>,
    /// The repository of the reference that stands in it; `None` where it is still to come.
    pub repository: Option<Repository>,
    /// `amd64`, as it is written.
    pub architectures: Vec<String>,
    /// `ref`.
    pub reference: Option<String>,
    /// `build.dockerfile` and `build.context`.
    pub dockerfile: Option<String>,
    pub context: Option<String>,
}

impl RegistryFile {
    /// The file's name without its ending.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PinnedImage;
    use crate::Write;
    use crate::edit::set_pins;
    use crate::place::{PinChange, PinPlace, PinQuery};
    use crate::references::find_pins;

    const TEXT: &str = "# ours\nref: llm/litellm@1 # the name\nimage:\n  oci: \"ghcr.io/acme/factory/llm-litellm@sha256:pending\"  # all\n  platforms: { amd64: sha256:pending }\nbuild:\n  context: code\nsecrets:\n  required: [OPENAI_API_KEY]\n";

    fn key(path: &str) -> KeyPath {
        KeyPath::parse(path).unwrap()
    }

    #[test]
    fn what_a_registry_file_says_is_read() {
        let file = registry_file(
            TEXT,
            "registry/llm_litellm.yaml",
            &key("image"),
            Some(&key("ref")),
        )
        .unwrap();
        assert_eq!(
            (file.stem(), file.name.as_deref()),
            ("llm_litellm", Some("llm/litellm@1"))
        );
        assert_eq!(
            file.repository.unwrap().to_string(),
            "ghcr.io/acme/factory/llm-litellm"
        );
        assert_eq!(
            (file.architectures, file.context.as_deref(), file.dockerfile),
            (vec!["amd64".to_owned()], Some("code"), None)
        );
        for (text, words) in [
            ("ref: a\n", "image"),
            ("image: {}\nref: a\n", "image.oci"),
            ("image: x/y\n", "ref"),
            ("image: [\n", "line"),
        ] {
            let error = registry_file(text, "a.yaml", &key("image"), Some(&key("ref")))
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
        let pending = registry_file(
            "image: { oci: sha256:pending }",
            "a.yaml",
            &key("image"),
            None,
        )
        .unwrap();
        assert_eq!((pending.repository, pending.name), (None, None));
        for (value, repository) in [
            ("localhost:5000/a", Some("localhost:5000/a")),
            ("r.io:5000/a/b:1@x", Some("r.io:5000/a/b")),
            ("plain", None),
        ] {
            assert_eq!(
                named(value)
                    .map(|repository| repository.to_string())
                    .as_deref(),
                repository,
                "{value}"
            );
        }
    }

    #[test]
    fn only_the_digests_change_and_every_platform_has_its_own() {
        let repository: Repository = "ghcr.io/acme/factory/llm-litellm".parse().unwrap();
        let image = key("image");
        let query = PinQuery {
            repository: &repository,
            key: Some(&image),
            write: Some(Write::Digest),
        };
        let places = find_pins(TEXT, Format::Yaml, &query).unwrap();
        assert_eq!(
            places
                .iter()
                .map(|place| place.arch.as_deref())
                .collect::<Vec<_>>(),
            [None, Some("amd64")]
        );
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let image = |letter: &str| PinnedImage {
            tag: None,
            digest: digest(letter).parse().unwrap(),
        };
        let set = |text: &str, places: &[PinPlace]| {
            let images = [image("a"), image("b")];
            let changes: Vec<_> = places
                .iter()
                .zip(&images)
                .map(|(place, image)| PinChange {
                    query,
                    place,
                    image,
                })
                .collect();
            set_pins(text, Format::Yaml, &changes).unwrap()
        };
        let text = set(TEXT, &places);
        let wanted = TEXT
            .replacen("@sha256:pending", &format!("@{}", digest("a")), 1)
            .replacen(
                "sha256:pending",
                &format!("ghcr.io/acme/factory/llm-litellm@{}", digest("b")),
                1,
            );
        assert_eq!(text, wanted);
        let again = find_pins(&text, Format::Yaml, &query).unwrap();
        assert_eq!(set(&text, &again), text);
    }
}
