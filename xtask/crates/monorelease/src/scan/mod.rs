//! Vulnerability scans: what a scanner finds, and which findings `[[scan.ignore]]` accepts, why, and until when.
//!
//! This file has the types: `scan::scanner` runs trivy or grype, `scan::judge` decides.

mod judge;
mod scanner;
pub mod step;

use std::fmt;

use jiff::civil::Date;

use crate::config::Config;
use crate::config::scan::{DateKey, IgnoreKeys};
use crate::fault::Fault;
use crate::project::Projects;

/// A finding that is let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Such as `CVE-2024-1234` or `GHSA-…`.
    pub id: String,
    pub why: String,
    /// The last day on which it passes, in UTC.
    pub until: Date,
    /// The name of the only project that it is for.
    pub project: Option<String>,
    /// The only package that it is for, as the scanner names it.
    pub package: Option<String>,
}

/// What a scan is held to. It is part of what a witness is for: another day, or another list, is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub project: String,
    /// The day of the scan, in UTC.
    pub today: Date,
    /// Those that are for this project.
    pub ignored: Vec<Ignored>,
}

/// How bad it is; below these nothing counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Critical,
    High,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
        })
    }
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Image,
    Tree,
}

impl Place {
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Tree => "tree",
        }
    }
}

/// A known vulnerability that is HIGH or CRITICAL and has a fix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub severity: Severity,
    pub id: String,
    pub package: String,
    pub installed: String,
    pub fixed: String,
    pub place: Place,
    /// Other names of the same vulnerability.
    pub aliases: Vec<String>,
}

impl Ignored {
    /// Whether the entry is about the finding, whatever its day.
    pub fn is_about(&self, finding: &Finding) -> bool {
        let named = |id: &String| id.eq_ignore_ascii_case(&self.id);
        (named(&finding.id) || finding.aliases.iter().any(named))
            && self
                .package
                .as_ref()
                .is_none_or(|package| package.eq_ignore_ascii_case(&finding.package))
    }
}

/// Reads `[[scan.ignore]]`.
///
/// # Errors
/// An entry that means nothing, lacks its reason or its day, names no project, or stands there twice: kind usage, with the key.
pub fn from_config(
    config: &Config,
    projects: &Projects,
    file: &str,
) -> Result<Vec<Ignored>, Fault> {
    let mut read: Vec<Ignored> = Vec::new();
    for (place, keys) in config.scan.ignore.iter().enumerate() {
        let wrong = |what: String| {
            Fault::usage(format!(
                "{file}: scan.ignore[{place}] ({:?}): {what}",
                keys.id
            ))
            .fix(format!("edit {file}, then run the command again"))
        };
        let entry = one(keys, projects).map_err(wrong)?;
        let is_twice = |other: &Ignored| {
            (&other.id, &other.project, &other.package)
                == (&entry.id, &entry.project, &entry.package)
        };
        if read.iter().any(is_twice) {
            return Err(wrong(
                "it stands there twice; one of them would go on when the other ends".into(),
            ));
        }
        read.push(entry);
    }
    Ok(read)
}

fn one(keys: &IgnoreKeys, projects: &Projects) -> Result<Ignored, String> {
    let is_word = |text: &str| {
        !text.is_empty()
            && !text.contains(|character: char| character.is_whitespace() || character.is_control())
    };
    if !is_word(&keys.id) {
        return Err("`id` wants the name of one vulnerability, such as \"CVE-2024-1234\"".into());
    }
    if let Some(package) = keys.package.as_deref().filter(|package| !is_word(package)) {
        return Err(format!(
            "`package` is {package:?}; wanted a package as the scanner names it"
        ));
    }
    let why = keys
        .why
        .as_deref()
        .map(str::trim)
        .filter(|why| !why.is_empty());
    let why = why.ok_or(
        "`why` is missing; wanted the reason why it is no danger, or why it cannot be mended yet",
    )?;
    let until = match &keys.until {
        Some(DateKey::Text(text)) => text.clone(),
        Some(DateKey::Date(date)) => date.to_string(),
        None => return Err(
            "`until` is missing; wanted the last day on which it passes, such as \"2026-03-01\""
                .into(),
        ),
    };
    let is_day = until.len() == "2026-03-01".len();
    let day = until.parse::<Date>().ok().filter(|_| is_day);
    let until = day
        .ok_or_else(|| format!("`until` is {until:?}; wanted a day that exists, as YYYY-MM-DD"))?;
    let project = keys
        .project
        .as_deref()
        .map(|name| projects.find(name).map(|project| project.name.clone()))
        .transpose();
    let project = project.map_err(|fault| format!("`project`: {fault}"))?;
    Ok(Ignored {
        id: keys.id.clone(),
        why: why.to_owned(),
        until,
        project,
        package: keys.package.clone(),
    })
}

impl Rules {
    /// What a scan of the project is held to on a day.
    pub fn of_project(project: &str, ignored: &[Ignored], today: Date) -> Self {
        let is_ours = |entry: &&Ignored| entry.project.as_ref().is_none_or(|name| name == project);
        Self {
            project: project.to_owned(),
            today,
            ignored: ignored.iter().filter(is_ours).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
