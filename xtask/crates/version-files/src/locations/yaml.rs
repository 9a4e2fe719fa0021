//! The version at a path of keys in a YAML text, such as a chart's.

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::yaml::parse;
use monorelease_text_edits::yaml::{Finder, string_span};

use crate::locations::located::Located;

/// The value at a path of keys, in whichever spelling it has. With several documents in the text, the path leads
/// somewhere in one of them.
pub(crate) fn locate(text: &str, path: &str) -> Result<Located, EditError> {
    let keys = KeyPath::parse(path).map_err(|why| EditError::BadLocator {
        locator: path.to_owned(),
        why,
    })?;
    let documents = parse(text, path)?;
    let (document, node) = Finder {
        text,
        documents: &documents,
        key: path,
    }
    .only(keys.parts())?;
    let located = Located::inferred(text, string_span(text, node, path)?, path);
    // Helm reads a chart's own version as SemVer; what else stands in YAML may be anyone's.
    let of_chart = matches!(keys.parts(), [Part::Key(key)] if key == "version")
        && ["apiVersion", "name"]
            .iter()
            .all(|beside| !document.members(beside).is_empty());
    Ok(if of_chart {
        Located {
            spelling: Spelling::SemVer,
            ..located
        }
    } else {
        located
    })
}

#[cfg(test)]
mod tests;
