//! What a package is made of, as a CycloneDX list: the crates that are compiled into its wheels, and what its lock says that it
//! wants of Python.
//!
//! The list is composed of what cargo and uv say of the commit, so that it names what is in the bytes and nothing of the rest of
//! the workspace; and it is a function of the commit alone: no times, no random names, sorted.

use std::collections::BTreeSet;

use anyhow::Context;
use monorelease_model::distribution::normalised;
use monorelease_process::Call;
use serde_json::{Value, json};

use super::PackageBuild;
use super::access::without_secrets;
use super::export::Export;
use crate::tools;
use crate::world::{World, files};

/// The list of a version, as text.
///
/// # Errors
/// cargo or uv cannot say it, such as for a lock that is not up to date.
pub fn compose(world: &World, build: &PackageBuild) -> anyhow::Result<String> {
    let export = Export::of(world, &build.commit, &build.stamped)?;
    let folder = export.path(&build.project_path);
    let mut parts = BTreeSet::new();
    if build.by_maturin {
        let features = files::read(&folder.join("pyproject.toml"))?
            .map(|text| features_of(&text))
            .unwrap_or_default();
        let call = Call::new(tools::require(tools::CARGO)?)
            .args([
                "tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "none",
                "--format", "{p}",
            ])
            .args(["--features", &features.join(",")])
            .folder(&folder);
        let said = world
            .runner
            .output(&without_secrets(call))
            .context("asking cargo what is compiled in")?;
        parts.extend(crates_of(&said));
    }
    if files::exists(&folder.join("uv.lock")) {
        let call = Call::new(tools::provide(world, tools::UV)?)
            .args([
                "export",
                "--frozen",
                "--quiet",
                "--no-dev",
                "--no-default-groups",
                "--no-emit-project",
                "--no-hashes",
                "--no-header",
                "--no-annotate",
            ])
            .folder(&folder);
        let said = world
            .runner
            .output(&without_secrets(call))
            .context("asking uv what the lock says")?;
        parts.extend(requirements_of(&said));
    }
    document(build, &parts)
}

/// A part: the kind of its address, its name and its version.
type Part = (&'static str, String, String);

fn document(build: &PackageBuild, parts: &BTreeSet<Part>) -> anyhow::Result<String> {
    let component = |kind: &str, name: &str, version: &str| {
        let address = format!("pkg:{kind}/{name}@{}", version.replace('+', "%2B"));
        json!({ "type": "library", "bom-ref": address, "name": name, "version": version, "purl": address })
    };
    let own = component("pypi", &normalised(&build.name), &build.spelled);
    let components: Vec<Value> = parts
        .iter()
        .map(|(kind, name, version)| component(kind, name, version))
        .collect();
    let wanted: Vec<_> = components
        .iter()
        .map(|part| part["bom-ref"].clone())
        .collect();
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": own },
        "components": components,
        "dependencies": [{ "ref": own["bom-ref"], "dependsOn": wanted }],
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

/// The features that maturin turns on.
fn features_of(pyproject: &str) -> Vec<String> {
    let Ok(document) = pyproject.parse::<toml_edit::DocumentMut>() else {
        return Vec::new();
    };
    let features = document
        .get("tool")
        .and_then(|tool| tool.get("maturin")?.get("features")?.as_array());
    features
        .map(|list| {
            list.iter()
                .filter_map(|feature| feature.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default()
}

/// `name vX.Y.Z` of every crate in a tree; those of the repository itself have their folder behind.
fn crates_of(tree: &str) -> BTreeSet<Part> {
    let read = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let version = words.next()?.strip_prefix('v')?;
        let has_folder = line.contains("(/") || line.contains(":\\");
        (!has_folder).then(|| ("cargo", name.to_owned(), version.to_owned()))
    };
    tree.lines().filter_map(read).collect()
}

/// `name==version ; marker` of every requirement; others, such as those of the repository itself, have no version to name.
fn requirements_of(text: &str) -> BTreeSet<Part> {
    let read = |line: &str| {
        let (name, version) = line.split(';').next()?.trim().split_once("==")?;
        Some((
            "pypi",
            normalised(name.split('[').next()?),
            version.trim().to_owned(),
        ))
    };
    text.lines()
        .filter(|line| !line.trim_start().starts_with(['#', '-']))
        .filter_map(read)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_and_uv_print_becomes_sorted_parts() {
        let tree = "core v0.2.0 (/tmp/x/tree/core)\nredb v4.0.0\nlibc v0.2.1\nserde v1.0.0 (proc-macro)\nredb v4.0.0 (*)\n";
        let parts: Vec<_> = crates_of(tree)
            .into_iter()
            .map(|(_, name, version)| format!("{name} {version}"))
            .collect();
        assert_eq!(parts, ["libc 0.2.1", "redb 4.0.0", "serde 1.0.0"]);
        let text = "# a comment\n-e ../core\nTyping_Extensions==4.1 ; python_version < '3.11'\nuvicorn[standard]==0.30.0\n./x\n";
        let parts: Vec<_> = requirements_of(text)
            .into_iter()
            .map(|(_, name, version)| format!("{name} {version}"))
            .collect();
        assert_eq!(parts, ["typing-extensions 4.1", "uvicorn 0.30.0"]);
        assert_eq!(
            features_of("[tool.maturin]\nfeatures = [\"python\"]\n"),
            ["python"]
        );
    }
}
