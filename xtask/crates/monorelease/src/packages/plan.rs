//! The plan of a package: which files a version consists of, which of them are built here, and where they go.
//!
//! A release is built of the candidate's commit. What this machine cannot build must lie in the release's folder, or be at the
//! index already.

use monorelease_model::distribution::{Artifact, FileName, IndexFile};
use monorelease_model::version::Version;
use toml_edit::{DocumentMut, Item, TableLike};

use super::PackageBuild;
use super::PackageFile;
use super::Signed;
use super::step::{BuildPackage, ListPackage, PublishPackage, ScanPackage, SignPackageFile};
use crate::config::trust::SbomFormat;
use crate::project::IndexName;
use crate::project::Project;
use crate::scan::Rules;
use crate::step::Step;
use crate::step::plan::Goal;
use crate::text::short;
use crate::trust::Policy;
use crate::trust::policy::Means;

/// What was found of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFacts {
    pub artifact: Artifact,
    /// Whether it lies in the release's folder, built from this commit.
    pub is_here: bool,
    pub can_build: bool,
    /// Whether a signature lies beside it.
    pub is_signed_here: bool,
}

/// What was found of a package that is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFacts {
    /// The distribution, where another project publishes it to the same index: what is wrong, and what mends it.
    pub shared: Option<(String, String)>,
    /// A build as all of them are; each file's has its own artifact.
    pub build: PackageBuild,
    pub artifacts: Vec<ArtifactFacts>,
    /// Whether the list of what it is made of lies in the release's folder, and a signature beside it.
    pub is_listed_here: bool,
    pub is_list_signed_here: bool,
    /// What the index has of the package; the error is why that could not be read.
    pub listed: Result<Vec<IndexFile>, String>,
    /// Why nothing can be uploaded from here, and what mends it.
    pub obstacle: Option<(String, String)>,
}

impl PackageFacts {
    /// The files of this version at the index that are this artifact.
    fn at_index(&self, artifact: &Artifact) -> Option<&IndexFile> {
        let is_it = |file: &&IndexFile| {
            file.name.is_of(&self.build.name, &self.build.spelled) && artifact.is(&file.name)
        };
        self.listed.as_ref().ok()?.iter().find(is_it)
    }

    /// Whether the index has every file that this is about. Then a run has said all that was to be said of them, since it
    /// publishes last.
    pub fn is_published(&self) -> bool {
        self.artifacts
            .iter()
            .all(|found| self.at_index(&found.artifact).is_some())
    }

    /// What lies here, or will.
    fn made(&self) -> Vec<&ArtifactFacts> {
        self.artifacts
            .iter()
            .filter(|found| found.is_here || found.can_build)
            .collect()
    }
}

/// The files that a release of the project consists of.
pub fn artifacts(project: &Project) -> Vec<Artifact> {
    let wheels = project
        .wheel_targets
        .iter()
        .cloned()
        .map(Artifact::WheelFor);
    let wheel = project.wheel_targets.is_empty().then_some(Artifact::Wheel);
    std::iter::once(Artifact::Sdist)
        .chain(wheels)
        .chain(wheel)
        .collect()
}

/// Wants the files that it is built of scanned: before they are built, which takes longer.
pub fn want_scan(goal: &mut Goal, facts: &PackageFacts, scanner: &str, rules: Rules) {
    let build = facts.build.clone();
    goal.want(
        &build.project.clone(),
        "known vulnerabilities",
        Step::ScanPackage(ScanPackage {
            build,
            scanner: scanner.into(),
            rules,
        }),
    );
}

/// Wants every file built that this machine can build and that is not built yet. Builds come before everything else of a
/// release: they can fail, and can be done again.
pub fn want_builds(goal: &mut Goal, facts: &PackageFacts) {
    let build = &facts.build;
    let name = &facts.build.project;
    if let Err(why) = &facts.listed {
        return goal.refuse(
            name,
            format!("what the index has of {} cannot be read: {why}", build.name),
            "cargo xtask doctor",
        );
    }
    let mut missing = Vec::new();
    for found in &facts.artifacts {
        let listed = facts.at_index(&found.artifact);
        match (found.is_here, found.can_build, listed) {
            (true, ..) => want_build(goal, facts, &found.artifact),
            (_, true, _) => want_build(goal, facts, &found.artifact),
            (_, false, Some(listed)) => goal.notes.push(format!(
                "{name}: {} is at the index, was not built here, and so is held against nothing: {}",
                found.artifact, listed.name.whole
            )),
            (_, false, None) => missing.push(&found.artifact),
        }
    }
    if missing.is_empty() {
        return;
    }
    let list = missing
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let lines = missing.iter().map(|artifact| {
        format!(
            "cargo xtask build {name} --release --target {}",
            artifact.word()
        )
    });
    let what = format!(
        "{list} of {} {} cannot be built on this machine, and {} does not have it",
        build.name,
        build.spelled,
        build.folder()
    );
    let fix = format!(
        "{} on such machines, and put what they leave in target/xtask/dist there",
        lines.collect::<Vec<_>>().join(", ")
    );
    goal.refuse(name, what, fix);
}

fn want_build(goal: &mut Goal, facts: &PackageFacts, artifact: &Artifact) {
    let build = PackageBuild {
        artifact: artifact.clone(),
        ..facts.build.clone()
    };
    let why = match build.twice {
        true => format!(
            "built of {} twice, and the same both times",
            short(&build.commit)
        ),
        false => format!("built of {}", short(&build.commit)),
    };
    goal.want(
        &build.project.clone(),
        why,
        Step::BuildPackage(BuildPackage { build }),
    );
}

/// Wants what the policy asks to be said of the files: a list of what they are made of, and a signature of each that is, or
/// will be, here. Of a version that has its tag and is at the index all was said before: a tag alone may be what began the release.
pub fn want_trust(goal: &mut Goal, facts: &PackageFacts, means: &Means, has_tag: bool) {
    let policy = &means.policy;
    if has_tag && facts.is_published() {
        return;
    }
    let build = &facts.build;
    let name = &facts.build.project;
    let made = facts.made();
    let lists = policy.sbom.contains(&SbomFormat::CycloneDx);
    if lists {
        goal.want(
            name,
            "what it is made of",
            Step::ListPackage(ListPackage {
                build: build.clone(),
            }),
        );
    }
    let mut sign = |what: Signed, artifact: &Artifact| {
        let build = PackageBuild {
            artifact: artifact.clone(),
            ..build.clone()
        };
        goal.want(
            name,
            "whose it is",
            Step::SignPackageFile(SignPackageFile {
                build,
                what,
                policy: policy.clone(),
                missing: means.unable.clone(),
            }),
        );
    };
    if policy.sign {
        made.iter()
            .for_each(|found| sign(Signed::File, &found.artifact));
        if lists {
            sign(Signed::List, &Artifact::Sdist);
        }
    }
}

/// The files that are, or will be, here: what the forge's release offers for download. Nothing is signed any more once a version has
/// its tag and is at the index; of what was said of it then, that is meant which lies here.
pub fn files(facts: &PackageFacts, policy: Option<&Policy>, has_tag: bool) -> Vec<PackageFile> {
    let of = |artifact: &Artifact| PackageBuild {
        artifact: artifact.clone(),
        ..facts.build.clone()
    };
    let is_to_come = !(has_tag && facts.is_published());
    let signs = policy.is_some_and(|policy| policy.sign);
    let lists = policy.is_some_and(|policy| policy.sbom.contains(&SbomFormat::CycloneDx));
    let mut files = Vec::new();
    for found in facts.made() {
        files.push(PackageFile::Artifact(of(&found.artifact)));
        let is_signed = signs && (is_to_come || found.is_signed_here);
        files.extend(is_signed.then(|| PackageFile::Bundle(of(&found.artifact), Signed::File)));
    }
    if lists && (is_to_come || facts.is_listed_here) {
        files.push(PackageFile::List(of(&Artifact::Sdist)));
        let is_signed = signs && (is_to_come || facts.is_list_signed_here);
        files.extend(is_signed.then(|| PackageFile::Bundle(of(&Artifact::Sdist), Signed::List)));
    }
    files
}

/// Wants every file at the index, one after the other.
pub fn want_published(goal: &mut Goal, facts: &PackageFacts, index: &IndexName) {
    let name = &facts.build.project;
    let is_open = facts
        .artifacts
        .iter()
        .any(|found| facts.at_index(&found.artifact).is_none());
    for (what, fix) in facts
        .obstacle
        .iter()
        .chain(&facts.shared)
        .filter(|_| is_open)
    {
        goal.refuse(name, what, fix);
    }
    for found in &facts.artifacts {
        let build = PackageBuild {
            artifact: found.artifact.clone(),
            ..facts.build.clone()
        };
        let why = format!(
            "{} {} of {}",
            build.package,
            build.spelled,
            short(&build.commit)
        );
        goal.want(
            name,
            why,
            Step::PublishPackage(PublishPackage {
                build,
                index: index.clone(),
            }),
        );
    }
}

/// The name by which Python knows a project, out of its pyproject.toml.
pub fn name_of(text: &str) -> Result<String, String> {
    let document: DocumentMut = text
        .parse()
        .map_err(|error| format!("it is no TOML: {error}"))?;
    let at = |keys: &[&str]| {
        keys.iter()
            .try_fold(document.as_item(), |item, key| item.get(key))
            .and_then(Item::as_str)
    };
    let name = at(&["project", "name"])
        .or_else(|| at(&["tool", "poetry", "name"]))
        .ok_or("it has no project.name")?;
    // The name becomes part of an address.
    match FileName::read(&format!("{name}-0.tar.gz")) {
        Some(_) => Ok(name.to_owned()),
        None => Err(format!(
            "project.name is {name:?}; wanted are letters, digits, `-`, `_` and `.`"
        )),
    }
}

/// Whether a crate's manifest asks pyo3 for Python's stable interface.
pub fn is_stable_abi(manifest: &str) -> bool {
    let Ok(document) = manifest.parse::<DocumentMut>() else {
        return false;
    };
    let is_abi3 = |value: &str| value == "abi3" || value.starts_with("abi3-");
    let of_dependency = || {
        let features = document
            .get("dependencies")?
            .get("pyo3")?
            .get("features")?
            .as_array()?;
        Some(
            features
                .iter()
                .filter_map(|feature| feature.as_str())
                .any(is_abi3),
        )
    };
    let of_default = || {
        let features = document.get("features")?.as_table_like()?;
        let named = |table: &dyn TableLike| {
            let all = table
                .iter()
                .filter_map(|(_, list)| list.as_array())
                .flatten();
            all.filter_map(|feature| feature.as_str()?.strip_prefix("pyo3/"))
                .any(is_abi3)
        };
        Some(named(features))
    };
    of_dependency().unwrap_or(false) || of_default().unwrap_or(false)
}

/// The version that a candidate of a version has at an index; `None` where there is none.
pub fn candidate_version(version: &Version, number: u64) -> Option<Version> {
    if version.is_prerelease() {
        return None;
    }
    Version::parse_semver(&format!("{}-rc.{number}", version.to_semver())).ok()
}

#[cfg(test)]
mod tests;
