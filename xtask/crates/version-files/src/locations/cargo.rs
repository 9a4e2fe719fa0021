//! The version of a Cargo manifest: `package.version`, or `workspace.package.version` for those who inherit it.
//! Requirements on other crates are not looked at.

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::toml;
use toml_edit::{Document, Item};

use crate::locations::located::Located;

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
    EditError::Missing {
        key: PACKAGE.to_owned(),
        found: Some(found.to_owned()),
    }
}

/// What a Cargo manifest says of its package and its workspace, beside the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CargoPackage {
    /// `package.name`; `None` for a workspace without a package of its own.
    pub name: Option<String>,
    /// Whether the version is the workspace's: `version.workspace = true`.
    pub inherits: bool,
    /// Whether there is a `[workspace]`, so that manifests below belong to it.
    pub is_workspace_root: bool,
    /// `workspace.exclude`: folders that lie below and do not belong, as they are written.
    pub exclude: Vec<String>,
    /// `package.workspace`: the folder of the root, relative to the manifest's, where that is no folder above.
    pub workspace: Option<String>,
}

/// Reads what a Cargo manifest says of its package and its workspace.
pub fn cargo_package<S>(document: &Document<S>) -> CargoPackage {
    let root = document.as_item();
    let text_at = |names: &[&str]| {
        toml::find(root, names)
            .and_then(Item::as_str)
            .map(str::to_owned)
    };
    CargoPackage {
        name: text_at(&["package", "name"]),
        inherits: toml::find(root, &["package", "version"]).is_some_and(inherits),
        is_workspace_root: toml::find(root, &["workspace"]).is_some(),
        exclude: toml::find(root, &["workspace", "exclude"])
            .and_then(Item::as_array)
            .map_or_else(Vec::new, |list| {
                list.iter()
                    .filter_map(|folder| folder.as_str())
                    .map(|folder| folder.trim_end_matches("/*").to_owned())
                    .collect()
            }),
        workspace: text_at(&["package", "workspace"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> CargoPackage {
        cargo_package(&toml::parse(text, "package").unwrap())
    }

    #[test]
    fn a_member_says_whose_version_it_has() {
        let member =
            read("[package]\nname = \"a\"\nversion.workspace = true\nworkspace = \"../root\"\n");
        let wanted = CargoPackage {
            name: Some("a".into()),
            inherits: true,
            is_workspace_root: false,
            exclude: vec![],
            workspace: Some("../root".into()),
        };
        assert_eq!(member, wanted);
        let root = read("[workspace]\nmembers = [\"a\"]\nexclude = [\"b\"]\n");
        assert_eq!(
            root,
            CargoPackage {
                name: None,
                inherits: false,
                is_workspace_root: true,
                exclude: vec!["b".into()],
                workspace: None
            }
        );
        assert!(!read("package.version = \"1.0.0\"\n").inherits);
    }
}
