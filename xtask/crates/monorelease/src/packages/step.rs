//! The steps of a package: its files are scanned, built, listed, signed and published.

use anyhow::Context;

use super::files::{built, evidence, make};
use super::{PackageBuild, Signed, index, trust};
use crate::project::IndexName;
use crate::scan::{self, Rules};
use crate::step::effect::{Effect, Lane, Probe};
use crate::step::requirement::Requirement;
use crate::trust::Policy;
use crate::trust::policy::Obstacle;
use crate::world::World;

/// The files that the package is built of passed a scan of this tool, held to these rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPackage {
    pub build: PackageBuild,
    pub scanner: String,
    pub rules: Rules,
}

impl Effect for ScanPackage {
    fn kind(&self) -> &'static str {
        "scan"
    }

    fn object(&self) -> String {
        format!("{}#{}", self.build.folder(), self.scanner)
    }

    fn what(&self) -> String {
        format!(
            "{}: no HIGH or CRITICAL that has a fix, in the files of {} {}",
            self.scanner, self.build.name, self.build.spelled
        )
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("rm -r {}", self.build.folder())
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        scan::step::probe_package(world, &self.build, &self.scanner, &self.rules)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        scan::step::act_package(world, &self.build, &self.scanner, &self.rules)
    }
}

/// A file of this version, built from the commit and found good, lies in the release's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPackage {
    pub build: PackageBuild,
}

impl Effect for BuildPackage {
    fn kind(&self) -> &'static str {
        "build-package"
    }

    fn object(&self) -> String {
        format!("{}/{}", self.build.folder(), self.build.artifact.word())
    }

    fn what(&self) -> String {
        let PackageBuild {
            artifact,
            name,
            spelled,
            ..
        } = &self.build;
        format!("{artifact} of {name} {spelled}")
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("rm -r {}", self.build.folder())
    }

    fn unknown_fix(&self) -> String {
        format!("ls {}", self.build.folder())
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement::DiskSpace { with_docker: false }]
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let built = built(world, &self.build)?;
        Ok(built.map_or(Probe::Todo, |built| Probe::Done(built.evidence())))
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        make(world, &self.build)
    }
}

/// An SBOM of the version lies beside its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPackage {
    pub build: PackageBuild,
}

impl Effect for ListPackage {
    fn kind(&self) -> &'static str {
        "list-package"
    }

    fn object(&self) -> String {
        format!("{}/{}", self.build.folder(), self.build.list())
    }

    fn what(&self) -> String {
        self.build.list()
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("rm -r {}", self.build.folder())
    }

    fn unknown_fix(&self) -> String {
        format!("ls {}", self.build.folder())
    }

    fn is_irreversible(&self) -> bool {
        false
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        Ok(match trust::listed(world, &self.build)? {
            Some(_) => Probe::Done(self.build.list()),
            None => Probe::Todo,
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        trust::list(world, &self.build)
    }
}

/// A bundle with the signature of a trusted signer lies beside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignPackageFile {
    pub build: PackageBuild,
    pub what: Signed,
    pub policy: Policy,
    /// Why it cannot be signed here.
    pub missing: Option<Obstacle>,
}

impl Effect for SignPackageFile {
    fn kind(&self) -> &'static str {
        "sign-file"
    }

    fn object(&self) -> String {
        let file = match self.what {
            Signed::File => self.build.artifact.word().to_owned(),
            Signed::List => self.build.list(),
        };
        format!("{}/{file}", self.build.folder())
    }

    fn what(&self) -> String {
        let PackageBuild {
            artifact,
            name,
            spelled,
            ..
        } = &self.build;
        match self.what {
            Signed::File => format!("{artifact} of {name} {spelled}"),
            Signed::List => self.build.list(),
        }
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("rm -r {}", self.build.folder())
    }

    fn unknown_fix(&self) -> String {
        "cargo xtask doctor".into()
    }

    /// A signature is written into a public log.
    fn is_irreversible(&self) -> bool {
        true
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        self.missing.iter().map(Obstacle::requirement).collect()
    }

    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        trust::probe_bundle(world, &self.build, self.what, &self.policy)
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        trust::bundle(world, &self.build, self.what, &self.policy)
    }
}

/// The package index serves the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishPackage {
    pub build: PackageBuild,
    pub index: IndexName,
}

impl Effect for PublishPackage {
    fn kind(&self) -> &'static str {
        "publish"
    }

    fn object(&self) -> String {
        let PackageBuild {
            artifact,
            name,
            spelled,
            ..
        } = &self.build;
        format!("{}/{name}/{spelled}#{}", self.index.word(), artifact.word())
    }

    fn what(&self) -> String {
        let PackageBuild {
            artifact,
            name,
            spelled,
            ..
        } = &self.build;
        format!("{artifact} of {name} {spelled} to {}", self.index.word())
    }

    fn conflict_fix(&self, _project: &str) -> String {
        format!("cargo xtask bump patch {}", self.build.project)
    }

    fn unknown_fix(&self) -> String {
        match &self.index {
            IndexName::Address(_) => format!(
                "export UV_PUBLISH_CHECK_URL=… if the files of {} are listed elsewhere, then the same command again",
                self.index.word()
            ),
            _ => format!("python3 -m pip index versions {}", self.build.name),
        }
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    fn lane(&self) -> Lane {
        Lane::Serial
    }

    fn requirements(&self) -> Vec<Requirement> {
        Vec::new()
    }

    /// A file at the index is immutable (law 9): the same content, or a conflict. One for which there is nothing here to compare
    /// was compared by whoever uploaded it.
    fn probe(&self, world: &World) -> anyhow::Result<Probe> {
        let Self { build, index } = self;
        let place = index::place(world, index)?;
        let listed = index::files(world, &place, &build.name)?;
        let mut listed = listed.into_iter().filter(|file| {
            file.name.is_of(&build.name, &build.spelled) && build.artifact.is(&file.name)
        });
        let Some(built) = built(world, build)? else {
            return Ok(match listed.next() {
                Some(file) => Probe::Done(evidence(
                    &file.name.whole,
                    file.sha256.as_deref().unwrap_or_default(),
                )),
                None => Probe::Todo,
            });
        };
        let all: Vec<_> = listed.collect();
        let Some(file) = all
            .iter()
            .find(|file| file.name == built.name)
            .or(all.first())
        else {
            return Ok(Probe::Todo);
        };
        let sha256 = match &file.sha256 {
            Some(sha256) => sha256.clone(),
            None => index::fetched_sha256(world, &place, file)?,
        };
        Ok(match sha256 == built.sha256 && file.name == built.name {
            true => Probe::Done(evidence(&built.name.whole, &sha256)),
            false => Probe::Conflict {
                found: format!(
                    "{} with sha256:{sha256} at {}",
                    file.name.whole,
                    index.word()
                ),
                wanted: format!("{} with sha256:{}", built.name.whole, built.sha256),
            },
        })
    }

    fn act(&self, world: &World) -> anyhow::Result<()> {
        let Self { build, index } = self;
        let built = built(world, build)?.with_context(|| {
            format!(
                "{} of {} {} is gone again",
                build.artifact, build.name, build.spelled
            )
        })?;
        let index = index::place(world, index)?;
        index::publish(world, &index, &built.path, &build.name)
    }
}
