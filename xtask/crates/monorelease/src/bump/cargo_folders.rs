//! Which crates of the repository a Cargo.lock or a requirement speaks of, where neither says a folder.
//!
//! Two workspaces side by side, or one in a folder that the other leaves out, may have crates of one name. What a
//! workspace builds decides: its members, and whatever folders these depend on. It reads no lock and edits nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use monorelease_model::paths::{join, resolve};
use monorelease_version_files::locks::lock_file::LockedPackage;

use super::manifests::{Manifest, Manifests};
use super::packages::{Ecosystem, Package};
use crate::project::paths::is_within;

impl Manifests {
    /// Whether the entry of a lock in `folder` is of the package. An entry that says its folder is clear. Else the only
    /// package of the name is meant, and of several the one that the lock's workspace builds.
    pub(super) fn is_entry_of(
        &self,
        package: &Package,
        folder: &str,
        entry: &LockedPackage,
    ) -> bool {
        if let Some(entry) = &entry.folder {
            return resolve(folder, entry).is_some_and(|folder| folder == package.folder);
        }
        let namesakes = self
            .crates()
            .get(&package.name)
            .into_iter()
            .flatten()
            .map(|place| self.all[*place].folder.as_str());
        let others: Vec<&str> = namesakes
            .filter(|folder| *folder != package.folder)
            .collect();
        if others.is_empty() {
            return true;
        }
        let built = self.built_from(folder);
        match built.contains(&package.folder) {
            true => true,
            false if others.iter().any(|other| built.contains(*other)) => false,
            // A tree that Cargo would not build as it is: what lies below the lock is nearest.
            false => {
                is_within(&package.folder, folder)
                    || !others.iter().any(|other| is_within(other, folder))
            }
        }
    }

    /// Places in `all` of the crates of each name.
    fn crates(&self) -> &HashMap<String, Vec<usize>> {
        self.crates.get_or_init(|| {
            let mut crates: HashMap<String, Vec<usize>> = HashMap::new();
            for (place, manifest) in self
                .all
                .iter()
                .enumerate()
                .filter(|(_, manifest)| manifest.ecosystem == Ecosystem::Cargo)
            {
                if let Ok(Some(name)) = manifest.name() {
                    crates.entry(name).or_default().push(place);
                }
            }
            crates
        })
    }

    /// The folders of the workspace (or the lone package) at `root`, and those it takes crates from, however far.
    fn built_from(&self, root: &str) -> BTreeSet<String> {
        let is_cargo = |manifest: &&Manifest| manifest.ecosystem == Ecosystem::Cargo;
        let manifests: BTreeMap<&str, &Manifest> = self
            .all
            .iter()
            .filter(is_cargo)
            .map(|it| (it.folder.as_str(), it))
            .collect();
        let is_member = |manifest: &Manifest| self.home(manifest) == root;
        let mut open: Vec<String> = manifests
            .values()
            .filter(|it| is_member(it))
            .map(|it| it.folder.clone())
            .collect();
        open.push(root.to_owned());
        let mut built = BTreeSet::new();
        while let Some(folder) = open.pop() {
            let Some(manifest) = manifests.get(folder.as_str()) else {
                continue;
            };
            if built.insert(folder) {
                open.extend(
                    manifest
                        .cargo_folders()
                        .iter()
                        .filter_map(|named| resolve(&manifest.folder, &named.path)),
                );
                // What a crate inherits from the root of its own workspace, that root names.
                open.push(self.home(manifest));
            }
        }
        built
    }

    /// The folder whose Cargo.lock is the manifest's: that of its workspace, or its own.
    fn home(&self, manifest: &Manifest) -> String {
        let Some(cargo) = manifest.cargo() else {
            return manifest.folder.clone();
        };
        if cargo.is_workspace_root {
            return manifest.folder.clone();
        }
        self.workspace_root(manifest, cargo.workspace.as_deref())
            .unwrap_or(manifest)
            .folder
            .clone()
    }

    /// Whether the workspace of a manifest puts this package in the place of a published one of its name (`[patch]`).
    pub(super) fn is_patched(&self, package: &Package, manifest: &Manifest) -> bool {
        self.patching
            .iter()
            .map(|place| &self.all[*place])
            .any(|root| {
                let named = root.cargo_folders();
                let mut patches = named
                    .iter()
                    .filter(|named| named.is_patch && named.package == package.name);
                patches.any(|named| {
                    resolve(&root.folder, &named.path).as_ref() == Some(&package.folder)
                }) && self.home(manifest) == root.folder
            })
    }

    /// The manifest with the `[workspace]` that a member belongs to: the nearest above that does not leave it out,
    /// unless it names one.
    pub(super) fn workspace_root(
        &self,
        member: &Manifest,
        named: Option<&str>,
    ) -> Option<&Manifest> {
        if let Some(named) = named {
            return self.manifest(&join(&resolve(&member.folder, named)?, "Cargo.toml"));
        }
        let is_root_of = |root: &&Manifest| {
            root.cargo().is_some_and(|cargo| {
                let mut left_out = cargo
                    .exclude
                    .iter()
                    .filter_map(|path| resolve(&root.folder, path));
                cargo.is_workspace_root
                    && !left_out.any(|folder| is_within(&member.folder, &folder))
            })
        };
        let mut folder = member.folder.as_str();
        loop {
            if let Some(root) = self
                .manifest(&join(folder, "Cargo.toml"))
                .filter(is_root_of)
            {
                return Some(root);
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
}
