//! The vulnerability scanners `trivy` and `grype`: asked for JSON, and never believed for their exit status alone.
//!
//! A scanner that dies, prints something else, or speaks of another thing is an error: nothing that was not looked at passes
//! (law 15). Read are trivy's report of schema 2 (`pkg/types/report.go`) and grype's document (`grype/presenter/models/document.go`).
//! It judges nothing; files by which the scanners leave something out by themselves are kept from them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use monorelease_process::{Call, Runner, last_lines};
use serde::Deserialize;
use serde_json::Value;

use super::{Finding, Place, Severity};
use crate::world::files;

/// The first scan of a day fetches a database.
const LONGEST: Duration = Duration::from_secs(1800);
/// What a scanner of strangers' bytes has nothing to do with, and what would make it leave findings out.
const KEPT_BACK: [&str; 10] = [
    "COSIGN_PASSWORD",
    "COSIGN_KEY",
    "COSIGN_PRIVATE_KEY",
    "DELIVERY_TOKEN",
    "TRIVY_CONFIG",
    "TRIVY_IGNOREFILE",
    "TRIVY_IGNORE_POLICY",
    "TRIVY_VEX",
    "GRYPE_CONFIG",
    "GRYPE_EXCLUDE",
];

/// Scans an image that the engine holds.
///
/// # Errors
/// The scanner is not known, fails, or prints what is not its report of this image.
pub fn image(runner: &Runner, scanner: &str, reference: &str) -> anyhow::Result<Vec<Finding>> {
    match scanner {
        "trivy" => {
            let printed = asked(
                runner,
                trivy("image")
                    .args(["--image-src", "docker"])
                    .arg(reference),
            )?;
            of_trivy(&printed, Place::Image, reference)
        }
        "grype" => of_grype(
            &asked(runner, grype(&format!("docker:{reference}")))?,
            Place::Image,
            reference,
        ),
        other => bail!("{other} is no scanner known here (trivy, grype)"),
    }
}

/// Scans a folder of files.
///
/// # Errors
/// As of [`image`].
pub fn tree(runner: &Runner, scanner: &str, folder: &Path) -> anyhow::Result<Vec<Finding>> {
    let shown = folder.display().to_string();
    match scanner {
        "trivy" => of_trivy(
            &asked(runner, trivy("fs").arg(folder))?,
            Place::Tree,
            &shown,
        ),
        "grype" => of_grype(
            &asked(runner, grype(&format!("dir:{shown}")))?,
            Place::Tree,
            &shown,
        ),
        other => bail!("{other} is no scanner known here (trivy, grype)"),
    }
}

fn trivy(what: &str) -> Call {
    // Findings are told by the report; another exit status than 0 is trivy's own failure.
    let words = [
        "--quiet",
        "--format",
        "json",
        "--scanners",
        "vuln",
        "--severity",
        "HIGH,CRITICAL",
        "--ignore-unfixed",
        "--exit-code",
        "0",
    ];
    Call::new("trivy").arg(what).args(words)
}

fn grype(source: &str) -> Call {
    Call::new("grype").args(["--quiet", "--output", "json", source])
}

/// What the scanner printed. It runs in a folder of its own: both read files that leave findings out from where they are started.
fn asked(runner: &Runner, call: Call) -> anyhow::Result<String> {
    let folder = files::temporary_folder()?;
    let call = KEPT_BACK.into_iter().fold(
        call.folder(folder.path()).time_limit(LONGEST),
        Call::without,
    );
    let finished = runner.finish(&call)?;
    let line = runner.redact(&call.line());
    let said = if finished.stderr.is_empty() {
        "it said nothing".to_owned()
    } else {
        last_lines(&finished.stderr, 12)
    };
    ensure!(
        finished.ok,
        "the scanner failed, which is no pass: `{line}`: {said}"
    );
    ensure!(
        !finished.stdout.trim().is_empty(),
        "the scanner printed no report, which is no pass: `{line}`: {said}"
    );
    Ok(finished.stdout)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyReport {
    schema_version: u64,
    artifact_name: String,
    artifact_type: String,
    results: Option<Vec<TrivyResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyResult {
    vulnerabilities: Option<Vec<TrivyVulnerability>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyVulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    pkg_name: String,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    severity: String,
}

fn of_trivy(printed: &str, place: Place, subject: &str) -> anyhow::Result<Vec<Finding>> {
    let report: TrivyReport = serde_json::from_str(printed)
        .context("what trivy printed is not its report, which is no pass")?;
    ensure!(
        report.schema_version == 2,
        "trivy's report is of schema {}; schema 2 is known here",
        report.schema_version
    );
    let kinds: &[&str] = if place == Place::Image {
        &["container_image"]
    } else {
        &["filesystem", "repository"]
    };
    let is_of_it =
        report.artifact_name == subject && kinds.contains(&report.artifact_type.as_str());
    ensure!(
        is_of_it,
        "trivy's report is of the {} {}; asked was for {subject}",
        report.artifact_type,
        report.artifact_name
    );
    let mut findings = Vec::new();
    let found = report
        .results
        .into_iter()
        .flatten()
        .flat_map(|result| result.vulnerabilities.unwrap_or_default());
    for TrivyVulnerability {
        id,
        pkg_name: package,
        installed_version,
        fixed_version,
        severity,
    } in found
    {
        let fixed = fixed_version.unwrap_or_default();
        if let Some(severity) = severity_of(&severity).with_context(|| format!("trivy, of {id}"))?
            && !fixed.is_empty()
        {
            let installed = installed_version.unwrap_or_default();
            findings.push(Finding {
                severity,
                id,
                package,
                installed,
                fixed,
                place,
                aliases: Vec::new(),
            });
        }
    }
    Ok(findings)
}

#[derive(Deserialize)]
struct GrypeDocument {
    matches: Vec<GrypeMatch>,
    source: GrypeSource,
    descriptor: GrypeDescriptor,
}

#[derive(Deserialize)]
struct GrypeSource {
    #[serde(rename = "type")]
    kind: String,
    /// Of an image an object with what was asked for as `userInput`, of a folder its path.
    target: Value,
}

#[derive(Deserialize)]
struct GrypeDescriptor {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GrypeMatch {
    vulnerability: GrypeVulnerability,
    #[serde(default)]
    related_vulnerabilities: Vec<GrypeName>,
    artifact: GrypeArtifact,
}

#[derive(Deserialize)]
struct GrypeVulnerability {
    id: String,
    severity: String,
    fix: GrypeFix,
}

#[derive(Deserialize)]
struct GrypeFix {
    #[serde(default)]
    versions: Vec<String>,
    state: String,
}

#[derive(Deserialize)]
struct GrypeName {
    id: String,
}

#[derive(Deserialize)]
struct GrypeArtifact {
    name: String,
    version: String,
}

fn of_grype(printed: &str, place: Place, subject: &str) -> anyhow::Result<Vec<Finding>> {
    let document: GrypeDocument = serde_json::from_str(printed)
        .context("what grype printed is not its document, which is no pass")?;
    ensure!(
        document.descriptor.name == "grype",
        "the document is of {}, not of grype",
        document.descriptor.name
    );
    let (kind, named) = match place {
        Place::Image => ("image", &document.source.target["userInput"]),
        Place::Tree => ("directory", &document.source.target),
    };
    // What comes of a scheme before it differs from version to version.
    let is_of_it = document.source.kind == kind
        && named
            .as_str()
            .is_some_and(|name| name == subject || name.ends_with(&format!(":{subject}")));
    ensure!(
        is_of_it,
        "grype's document is of the {} {named}; asked was for {subject}",
        document.source.kind
    );
    let mut findings = Vec::new();
    for GrypeMatch {
        vulnerability: GrypeVulnerability { id, severity, fix },
        related_vulnerabilities,
        artifact,
    } in document.matches
    {
        if let Some(severity) = severity_of(&severity).with_context(|| format!("grype, of {id}"))?
            && fix.state == "fixed"
        {
            let aliases = related_vulnerabilities
                .into_iter()
                .map(|other| other.id)
                .collect();
            let package = artifact.name;
            let installed = artifact.version;
            let fixed = fix.versions.join(", ");
            findings.push(Finding {
                severity,
                id,
                package,
                installed,
                fixed,
                place,
                aliases,
            });
        }
    }
    Ok(findings)
}

/// `None` for what is below HIGH. A word that nobody knows might be above it.
fn severity_of(word: &str) -> anyhow::Result<Option<Severity>> {
    Ok(match word.to_ascii_uppercase().as_str() {
        "CRITICAL" => Some(Severity::Critical),
        "HIGH" => Some(Severity::High),
        "MEDIUM" | "LOW" | "NEGLIGIBLE" | "UNKNOWN" => None,
        _ => bail!("{word:?} is no severity known here"),
    })
}

#[cfg(test)]
mod tests;
