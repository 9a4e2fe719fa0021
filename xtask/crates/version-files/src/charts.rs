//! What a Helm chart says about the charts it depends on, in Chart.yaml and in the Chart.lock that is made of it.
//!
//! It reads and gives places. It does not judge whether a requirement admits a version, does not follow folders, and
//! does not compute the digest of a Chart.lock: only `helm dependency update` writes a lock that Helm takes.

use std::ops::Range;

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::Part;
use monorelease_text_edits::splice::line_at;
use monorelease_text_edits::yaml;
use monorelease_text_edits::yaml::Finder;
use monorelease_text_edits::yaml::Node;

const DEPENDENCIES: &str = "dependencies";

/// An entry of `dependencies` that says a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartDependency {
    /// The chart's own name; an alias is only what the parent calls it.
    pub name: String,
    /// Where the chart comes from: `https://…`, `oci://…`, `@name`, `file://../lib`. Without one it lies in `charts/`.
    pub repository: Option<String>,
    /// Where the version stands: `dependencies[0].version`.
    pub key: String,
    /// In Chart.yaml a requirement of SemVer, as it is written: `1.2.0`, `~1.2`, `>=1.0.0 <2.0.0`. In Chart.lock, the
    /// version that was chosen.
    pub text: String,
    /// The line in which the version stands, counted from 1.
    pub line: usize,
    /// The bytes of [`Self::text`]; no quotes.
    pub span: Range<usize>,
}

impl ChartDependency {
    /// The folder that a `file://` repository names, relative to the chart's own; `None` when the chart comes from
    /// elsewhere.
    pub fn folder(&self) -> Option<&str> {
        let folder = self.repository.as_deref()?.strip_prefix("file://")?;
        (!folder.is_empty()).then_some(folder)
    }
}

/// The dependencies of a Chart.yaml (or of a requirements.yaml, where charts of Helm 2 kept them) that require a
/// version, in their order. An entry without `version` takes what it finds, and yields nothing.
///
/// # Errors
/// The text is not YAML, `dependencies` is no sequence of mappings, an entry has no name, or a value is written in a
/// way that cannot be edited.
pub fn chart_requirements(text: &str) -> Result<Vec<ChartDependency>, EditError> {
    dependencies(text)
}

/// The entries of a Chart.lock (or requirements.lock): what each dependency was resolved to when the lock was made. A
/// lock is stale once an entry is no longer the version of the folder that its repository names.
///
/// # Errors
/// As [`chart_requirements`].
pub fn chart_lock_entries(text: &str) -> Result<Vec<ChartDependency>, EditError> {
    dependencies(text)
}

/// Helm writes both files in one form.
fn dependencies(text: &str) -> Result<Vec<ChartDependency>, EditError> {
    // Most charts depend on nothing, and need not be parsed.
    if !text.contains(DEPENDENCIES) {
        return Ok(Vec::new());
    }
    let documents = yaml::parse(text, DEPENDENCIES)?;
    let path = [Part::Key(DEPENDENCIES.to_owned())];
    let list = match (Finder {
        text,
        documents: &documents,
        key: DEPENDENCIES,
    })
    .only(&path)
    {
        Ok((_, list)) => list,
        Err(EditError::Missing { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // `dependencies:` and `dependencies: []` are how a chart says that it has none.
    let none = list
        .as_text()
        .is_some_and(|text| matches!(text, "" | "~" | "null"));
    if !none && !list.is_sequence() {
        let line = line_at(text, list.span.start);
        return Err(EditError::unreadable(
            DEPENDENCIES,
            "it is no sequence of charts",
            line,
        ));
    }
    let entries = list.items().iter().enumerate();
    let read = entries.map(|(index, entry)| dependency(text, index, entry));
    read.filter_map(Result::transpose).collect()
}

fn dependency(
    text: &str,
    index: usize,
    entry: &Node,
) -> Result<Option<ChartDependency>, EditError> {
    let value = |field: &str| -> Result<Option<Range<usize>>, EditError> {
        let key = format!("{DEPENDENCIES}[{index}].{field}");
        match entry.members(field).as_slice() {
            [] => Ok(None),
            [one] => yaml::string_span(text, one, &key).map(Some),
            several => Err(EditError::Doubled {
                key,
                lines: several
                    .iter()
                    .map(|node| line_at(text, node.span.start))
                    .collect(),
            }),
        }
    };
    let name = value("name")?
        .ok_or_else(|| EditError::missing(&format!("{DEPENDENCIES}[{index}].name")))?;
    let repository = value("repository")?
        .map(|span| text[span].to_owned())
        .filter(|repository| !repository.is_empty());
    Ok(value("version")?.map(|span| ChartDependency {
        name: text[name].to_owned(),
        repository,
        key: format!("{DEPENDENCIES}[{index}].version"),
        text: text[span.clone()].to_owned(),
        line: line_at(text, span.start),
        span,
    }))
}

#[cfg(test)]
mod tests;
