//! The version of a Cargo manifest: `package.version`, or `workspace.package.version` for those who inherit it.
//! Requirements on other crates are not looked at.

use toml_edit::Item;

use super::{EditError, Located, toml};
use crate::model::version::Spelling;

const PACKAGE: &str = "package.version";
const WORKSPACE: &str = "workspace.package.version";

/// The one version this manifest is the site of. A package that inherits from the same file is served by it.
pub(super) fn locate(text: &str) -> Result<Located, EditError> {
    let document = toml::parse(text, PACKAGE)?;
    let root = document.as_item();
    let shared = toml::find(root, &["workspace", "package", "version"]);
    let own = toml::find(root, &["package", "version"]);
    let (item, key) = match (own, shared) {
        (Some(own), Some(shared)) if inherits(own) => (shared, WORKSPACE),
        (Some(own), None) if inherits(own) => {
            return Err(EditError::Elsewhere {
                key: PACKAGE.to_owned(),
                found: "`version.workspace = true`".to_owned(),
                line: toml::line_of(text, own),
                instead: format!("the Cargo.toml of the workspace root ({WORKSPACE})"),
            });
        }
        (Some(own), _) => (own, PACKAGE),
        (None, Some(shared)) => (shared, WORKSPACE),
        (None, None) => return Err(missing(root)),
    };
    let span = toml::string_span(text, item, key)?;
    Ok(Located::new(text, span, key, Spelling::SemVer))
}

fn inherits(version: &Item) -> bool {
    toml::find(version, &["workspace"]).and_then(Item::as_bool) == Some(true)
}

fn missing(root: &Item) -> EditError {
    let found = if toml::find(root, &["package"]).is_some() {
        "the package has no version, which Cargo takes for 0.0.0"
    } else {
        "there is no package, and no workspace.package.version either"
    };
    EditError::Missing { key: PACKAGE.to_owned(), found: Some(found.to_owned()) }
}
