//! What a step needs from the outside before a plan begins (law 16). `engine::preflight` finds out whether it is there.

use monorelease_model::image::Repository;

/// One thing that a step needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// To push images into a repository.
    PushImages(Repository),
    /// To make a tag, which git may be set up to sign.
    SignTag,
    /// To push a tag to a remote.
    PushTag {
        remote: String,
        name: String,
        commit: String,
    },
    /// To push to a branch or ref that says what an environment runs.
    PushBranch(DeliveryTarget),
    /// To push to a branch of our own beside such a branch, and to open a pull request at this repository.
    PullRequestBranch {
        target: DeliveryTarget,
        branch: String,
        repository: String,
    },
    /// To open, change or close pull requests into a branch.
    PullRequests { repository: String, base: String },
    /// Programs of the user's own, and to push to the deployment ledger.
    Programs {
        programs: Vec<String>,
        ledger: DeliveryTarget,
    },
    /// To make GitHub releases.
    GithubRelease { repository: String, tag: String },
    /// Disk space to build in, with docker or without.
    DiskSpace { with_docker: bool },
    /// What is known to be missing already, such as a key to sign with.
    Missing { what: String, fix: String },
}

/// A branch or ref that deliveries are pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryTarget {
    pub address: String,
    pub branch: String,
    /// Whether it is in this repository.
    pub is_own: bool,
}

impl Requirement {
    /// Whether one answer is good for both: of the tags of one remote, one is asked about.
    pub fn has_same_answer(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PushTag { remote, .. }, Self::PushTag { remote: other, .. }) => remote == other,
            _ => self == other,
        }
    }
}
