//! Every command, flag and help text; no logic. Those of deployments are in `delivery`.

pub mod delivery;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::program;
use delivery::{Pin, Promote, Rollback, Secrets, Unbar};

/// From a commit to a running release: the same commands on a laptop and in CI.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub verb: Verb,
}

/// Reads a command line; the program calls itself by its name in this run.
///
/// # Errors
/// The words are wrong, or help or the version was asked for: clap's error says which.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let command = Cli::command()
        .name(program::name())
        .bin_name(program::name());
    let mut matches = command.try_get_matches_from(arguments)?;
    Cli::from_arg_matches_mut(&mut matches)
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print the plan, made of real observations, and write nothing anywhere
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Do not ask before irreversible work
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// The git work tree [default: the one around the current folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// The configuration [default: xtask/monorepo.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show every project's version, the sites that say it, its last release, commits since
    Versions(Versions),
    /// Move projects to a new version: all sites and lock entries together
    Bump(Bump),
    /// Tag HEAD with the version its files say, as a release or as the next candidate
    Tag(Tag),
    /// Build a project; an image is tried and scanned before it is pushed
    Build(Build),
    /// Give the newest candidate its release names, by digest, and its commit the tag
    Release(Release),
    /// Show what is released, what each name holds, and what is half done, with the command that finishes it
    Status(Status),
    /// Hold what others get of a release against each other: tags, digests, labels, signatures, statements
    Verify(Verify),
    /// Let an environment run a release that stands in the one before it: its pins say so in Git
    Promote(Promote),
    /// Let an environment run what it ran before, and bar what it runs now from coming back
    Rollback(Rollback),
    /// Let a digest that a rollback barred be promoted again
    Unbar(Unbar),
    /// Build what changed of the images of registry files, and pin their digests there by one pull request
    Pin(Pin),
    /// Hand the secrets that an environment's programs want to where they find them
    Secrets(Secrets),
    /// Tell what is not released yet, out of the commits, or write it into CHANGELOG.md
    Changelog(Changelog),
    /// Print what a changelog, or the commits, say of one release
    Notes(Notes),
    /// Open or update the one pull request that bumps what is not released, and writes the changelogs
    ReleasePr(ReleasePr),
    /// Say which projects a change affects and why, or what a tag stands for; as the matrix of a CI
    Plan(PlanArgs),
    /// Run the quality gates, all or by name
    Check(Check),
    /// Run every test of the workspace
    Test,
    /// Write a configuration out of what is found in the tree; one that is there is never overwritten
    Init,
    /// Look at tools, access and the clone; say what is amiss and how to mend it
    Doctor,
    #[cfg(feature = "rehearse")]
    /// Play a whole release in a sandbox on this machine
    Rehearse(Rehearse),
}

#[derive(Debug, Args)]
pub struct Versions {
    /// Projects, by name or package [default: this folder's, or all]
    pub projects: Vec<String>,
    /// End with 1 when sites disagree, or a tag and the files of its commit
    #[arg(long, conflicts_with = "fix")]
    pub check: bool,
    /// Write the source of truth to the sites that disagree
    #[arg(long)]
    pub fix: bool,
}

#[derive(Debug, Args)]
pub struct Bump {
    /// major, minor, patch, auto for what the commits say, or a version
    pub target: String,
    /// Projects, by name or package [default: this folder's, or all]
    pub projects: Vec<String>,
    /// Commit the change
    #[arg(long)]
    pub commit: bool,
    /// Let a version go down
    #[arg(long)]
    pub allow_downgrade: bool,
    /// Raise requirements of other projects also where they still admit the new version
    #[arg(long)]
    pub dependents: bool,
    /// With auto: projects without a release get the version in their files as the first one
    #[arg(long)]
    pub initial: bool,
}

#[derive(Debug, Args)]
pub struct Tag {
    /// Projects, by name or package [default: this folder's, or all]
    pub projects: Vec<String>,
    /// Tag the next candidate (-rcN) in place of the release
    #[arg(long)]
    pub rc: bool,
    /// Push the tags, one at a time
    #[arg(long)]
    pub push: bool,
    /// With --rc: leave out versions that have a release, or a candidate of an older commit
    #[arg(long, requires = "rc")]
    pub untagged: bool,
}

#[derive(Debug, Args)]
pub struct Build {
    /// The project, by name or package
    pub project: String,
    /// The platform of an image, such as linux/amd64 [default: the engine's]
    #[arg(long, value_name = "P")]
    pub platform: Option<String>,
    /// The target of a wheel, as a Rust triple [default: this machine's]
    #[arg(long, value_name = "T")]
    pub target: Option<String>,
    /// The build id that another job decided on [default: made of the commit]
    #[arg(long, value_name = "ID")]
    pub build_id: Option<String>,
    /// Push the image once it passed smoke test, health check and scan; upload a candidate's package to its candidate-index
    #[arg(long)]
    pub push: bool,
    /// Build what a release publishes: the package, of the newest candidate's commit, twice, with the version alone
    #[arg(long, conflicts_with_all = ["push", "platform", "build_id"])]
    pub release: bool,
    /// Refuse to go on without a vulnerability scanner
    #[arg(long)]
    pub require_scan: bool,
}

#[derive(Debug, Args)]
pub struct Release {
    /// Of one project, release this build in place of the newest one; everything else is still asked: a -rcN tag of this version at its commit,
    /// every platform, the version and the commit in its name and its labels
    #[arg(long, value_name = "BUILD-ID")]
    pub candidate: Option<String>,
    /// Projects, by name or package; each is on its own, one does not wait for another [default: this folder's, or all that
    /// have a candidate]
    pub projects: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Projects, by name or package [default: this folder's, or all]
    pub projects: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The project, by name or package
    pub project: String,
    /// The release [default: the last one that HEAD contains]
    #[arg(value_name = "X.Y.Z")]
    pub version: Option<String>,
}

#[derive(Debug, Args)]
pub struct Changelog {
    /// Projects, by name or package [default: this folder's, or all]
    pub projects: Vec<String>,
    /// Write CHANGELOG.md in the project's folder: the unreleased part, and releases that it does not tell of
    #[arg(long)]
    pub write: bool,
    /// Tell every commit of projects without a release
    #[arg(long)]
    pub initial: bool,
}

#[derive(Debug, Args)]
pub struct Notes {
    /// The project, by name or package
    pub project: String,
    /// The release [default: the last one that HEAD contains]
    #[arg(value_name = "X.Y.Z")]
    pub version: Option<String>,
}

#[derive(Debug, Args)]
pub struct ReleasePr {
    /// Projects without a release get the version in their files as the first one
    #[arg(long)]
    pub initial: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["since", "tag"])))]
pub struct PlanArgs {
    /// The only project to look at; with --tag, another project's tag is refused
    pub project: Option<String>,
    /// A branch, tag or commit; HEAD is compared with the newest commit that both have in common
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// A tag of this repository
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
}

#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub struct Check {
    /// Gates by name [default: all]
    pub names: Vec<String>,
    #[command(subcommand)]
    pub words: Option<CheckWords>,
}

/// Gates that are about words, and want to be told which.
#[derive(Debug, Subcommand)]
pub enum CheckWords {
    /// Hold the messages of commits to the conventional form, merges left out
    Commits {
        /// The commits that B contains and A does not
        #[arg(long, value_name = "A..B")]
        range: String,
    },
    /// Tell which of our tags Argo CD Image Updater would take, now and after the next release, and its traps
    Argocd,
    /// Hold every pin to its file, and its digest to the registry
    Pins,
    /// Hold the title of a pull request to the conventional form
    Title {
        /// The title, in one word of the shell
        #[arg(allow_hyphen_values = true)]
        title: String,
    },
}

#[derive(Debug, Args)]
pub struct Rehearse {
    /// The project to release [default: the first one with an image, else with a package], or a scenario of deliveries: delivery-folders, delivery-branches, delivery-updater
    pub project: Option<String>,
    /// Build the real image with docker, in place of stand-ins
    #[arg(long)]
    pub docker: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        super::Cli::command().debug_assert();
    }
}
