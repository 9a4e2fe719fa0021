//! What has to be said of locks that a bump leaves behind, each with the command that makes it anew.
//! It edits nothing, and what is not a lock of the moved package it does not name.

use monorelease_model::paths::{join, resolve};
use monorelease_version_files::charts::ChartDependency;

use super::manifests::{Manifest, Manifests};
use super::packages::{Ecosystem, POETRY_LOCK, Package, chart_folder};
use crate::project::paths::is_within;

impl Manifests {
    /// What has to be said of a lock beside a manifest: that it takes the package from elsewhere, where a version that
    /// is not yet published cannot be.
    pub fn foreign_note(&self, manifest: &Manifest, package: &Package) -> Option<String> {
        let lock = self
            .locks
            .iter()
            .find(|lock| lock.ecosystem == manifest.ecosystem && lock.folder == manifest.folder)?;
        let is_foreign = lock
            .content
            .as_ref()
            .is_ok_and(|content| content.foreign.contains(&package.name));
        is_foreign.then(|| {
            format!(
                "{} takes {} from elsewhere: lock it again once the new version is published",
                lock.path, package.name
            )
        })
    }

    /// What has to be said of the poetry.lock beside a manifest whose requirements change: it has a hash of them.
    pub fn poetry_note(&self, manifest: &Manifest) -> Option<String> {
        let path = join(&manifest.folder, POETRY_LOCK);
        let lock = self
            .locks
            .iter()
            .find(|lock| lock.path == path && manifest.ecosystem == Ecosystem::Python)?;
        let how = format!("poetry lock --directory ./{}", lock.folder);
        Some(format!(
            "{path} has a hash of {}, which only Poetry can make anew: {how}",
            manifest.path
        ))
    }

    /// What has to be said of the nearest lock of another tool, which copies or hashes what the manifest requires.
    pub fn other_lock_note(&self, manifest: &Manifest) -> Option<String> {
        let locks = self
            .other_locks
            .iter()
            .filter(|lock| lock.ecosystem == manifest.ecosystem);
        let nearest = locks
            .filter(|lock| is_within(&manifest.folder, &lock.folder))
            .max_by_key(|lock| lock.folder.len())?;
        let folder = if nearest.folder.is_empty() {
            "the root"
        } else {
            &nearest.folder
        };
        let path = join(&nearest.folder, nearest.name);
        let command = nearest.command;
        Some(format!(
            "{path} is not written by bump, and repeats what {} requires: {command}, in {folder}",
            manifest.path
        ))
    }

    /// What has to be said of each Chart.lock that names the package: its digest is helm's own to compute.
    pub fn chart_lock_notes(&self, package: &Package) -> Vec<String> {
        let is_it = |folder: &str, entry: &ChartDependency| {
            let lies_at = chart_folder(entry).and_then(|path| resolve(folder, &path));
            entry.name == package.name && lies_at.as_ref() == Some(&package.folder)
        };
        let stale = self
            .chart_locks
            .iter()
            .filter(|_| package.ecosystem == Ecosystem::Chart);
        stale
            .filter(|(_, folder, entries)| entries.iter().any(|entry| is_it(folder, entry)))
            .map(|(path, folder, _)| {
                format!(
                    "{path} names {}, and only helm can lock it again: helm dependency update {}",
                    package.name,
                    if folder.is_empty() { "." } else { folder }
                )
            })
            .collect()
    }
}
