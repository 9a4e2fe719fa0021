//! package-lock.json: the project at the top and the workspaces in its folders, with the requirements npm copies from
//! their package.json.
//!
//! Of the `dependencies` of the first and second version of the format only folders are read: the rest is what was
//! installed.

use monorelease_model::version::Spelling;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::json;
use monorelease_text_edits::json::{Node, Value};
use monorelease_text_edits::splice::Lines;

use crate::locations::located::Located;
use crate::locks::lock_file::LockFile;
use crate::locks::lock_file::LockedPackage;
use crate::locks::lock_file::LockedRequirement;
use crate::requirements::npm;

pub(super) fn read(text: &str) -> Result<LockFile, EditError> {
    let root = json::parse(text, "version")?;
    let lines = Lines::of(text);
    let mut lock = LockFile::default();
    let mut top = LockedPackage {
        name: name(text, &root).unwrap_or_default(),
        folder: Some(String::new()),
        versions: versions(text, &root, "version")?,
        line: lines.at(root.span.start),
        ambiguous: false,
    };
    let mut folders = Vec::new();
    for packages in root.children("packages") {
        let Value::Object(members) = &packages.value else {
            continue;
        };
        for (folder, node) in members {
            // Under node_modules stands what was installed: a link to a folder has no version of its own there.
            if let Some(installed) = installed(folder) {
                if node.children("link").is_empty() {
                    lock.foreign
                        .insert(name(text, node).unwrap_or_else(|| installed.to_owned()));
                }
                continue;
            }
            // npm leaves the name out where it is the folder's own.
            let called = name(text, node)
                .or_else(|| (!folder.is_empty()).then(|| last_part(folder).to_owned()));
            let called = called.unwrap_or_else(|| top.name.clone());
            let key = format!("packages[{folder}].");
            let found = versions(text, node, &format!("{key}version"))?;
            for requirement in npm::of_node(text, node, &key, &lines)? {
                lock.requirements.push(LockedRequirement {
                    of: called.clone(),
                    of_folder: Some(folder.clone()),
                    requirement,
                });
            }
            if folder.is_empty() {
                top.name = called;
                top.versions.extend(found);
            } else {
                let line = lines.at(node.span.start);
                folders.push(LockedPackage {
                    name: called,
                    folder: Some(folder.clone()),
                    versions: found,
                    line,
                    ambiguous: false,
                });
            }
        }
    }
    for installed in root.children("dependencies") {
        lock.requirements
            .extend(required_by_folders(text, installed, &lines)?);
    }
    if !top.name.is_empty() {
        lock.packages.push(top);
    }
    lock.packages.extend(folders);
    Ok(lock)
}

/// What the older form of the format says that folders require (`"version": "file:lib/kit"`), beside the newer one. npm 6
/// reads it, and later ones write it anew where it differs.
fn required_by_folders(
    text: &str,
    installed: &Node,
    lines: &Lines,
) -> Result<Vec<LockedRequirement>, EditError> {
    let Value::Object(members) = &installed.value else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (of, node) in members {
        let version = node
            .children("version")
            .first()
            .and_then(|version| text_of(text, version));
        let Some(folder) = version
            .as_deref()
            .and_then(|version| version.strip_prefix("file:"))
        else {
            continue;
        };
        for required in node.children("requires") {
            let key = format!("dependencies[{of}].requires");
            let read = npm::of_table(text, required, &key, lines)?.into_iter();
            found.extend(read.map(|requirement| LockedRequirement {
                of: of.clone(),
                of_folder: Some(folder.to_owned()),
                requirement,
            }));
        }
    }
    Ok(found)
}

/// The name of what is installed in a folder: its path behind the last `node_modules`.
pub(super) fn installed(folder: &str) -> Option<&str> {
    let (before, name) = folder.rsplit_once("node_modules/")?;
    (before.is_empty() || before.ends_with('/')).then_some(name)
}

pub(super) fn last_part(folder: &str) -> &str {
    folder.rsplit('/').next().unwrap_or(folder)
}

fn name(text: &str, node: &Node) -> Option<String> {
    text_of(text, node.children("name").first()?)
}

fn text_of(text: &str, node: &Node) -> Option<String> {
    serde_json::from_str(&text[node.span.clone()]).ok()
}

fn versions(text: &str, node: &Node, key: &str) -> Result<Vec<Located>, EditError> {
    let found = node.children("version").into_iter();
    found
        .map(|version| {
            Ok(Located::new(
                text,
                json::string_span(text, version, key)?,
                key,
                Spelling::SemVer,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests;
