//! What the version sites of a project say, once they were read.

use std::ops::Range;

use super::project::Site;
use super::version::{Spelling, Version};

/// One place and the version that stands there.
#[derive(Debug, Clone)]
pub struct SiteReading {
    pub site: Site,
    /// The key in its file, for the report: `package.version`.
    pub key: String,
    /// As it is written.
    pub found: String,
    pub version: Version,
    pub spelling: Spelling,
    /// The version's own characters, in bytes of the file.
    pub span: Range<usize>,
}

/// All sites of a project; the first is the source of truth.
#[derive(Debug, Clone)]
pub struct Readings(Vec<SiteReading>);

impl Readings {
    /// `None` when there is nothing to be the source of truth.
    pub fn new(sites: Vec<SiteReading>) -> Option<Self> {
        (!sites.is_empty()).then_some(Self(sites))
    }

    pub fn canonical(&self) -> &Version {
        &self.0[0].version
    }

    pub fn all(&self) -> &[SiteReading] {
        &self.0
    }

    pub fn agrees(&self, reading: &SiteReading) -> bool {
        reading.version == *self.canonical()
    }

    /// The sites that say something else than the source of truth, in one sentence; `None` when all agree.
    pub fn disagreement(&self) -> Option<String> {
        let others: Vec<_> = self
            .0
            .iter()
            .filter(|reading| !self.agrees(reading))
            .map(|reading| format!("{} ({}) says {}", reading.site.file, reading.key, reading.found))
            .collect();
        let truth = &self.0[0];
        (!others.is_empty()).then(|| format!("{} ({}) says {}, but {}", truth.site.file, truth.key, truth.found, others.join(", ")))
    }
}
