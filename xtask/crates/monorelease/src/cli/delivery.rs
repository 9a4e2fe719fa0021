//! What is said to deliver a release, to take it back, and to hand over secrets; no logic.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct Promote {
    #[arg(
        required = true,
        help = "Projects, by name or package; each is promoted on its own"
    )]
    pub projects: Vec<String>,
    /// The environment
    #[arg(long, value_name = "ENV")]
    pub to: String,
    /// The release, or its digest [default: what the environment before runs; the last one that HEAD contains for the first]
    #[arg(long, value_name = "X.Y.Z")]
    pub version: Option<String>,
}

#[derive(Debug, Args)]
pub struct Pin {
    /// Projects of [images-from], by name [default: all]
    pub projects: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// The project, by name or package
    pub project: String,
    /// The environment
    #[arg(long = "in", value_name = "ENV")]
    pub environment: String,
    /// The release to go back to, or its digest [default: what ran there before, as the commits of the pins tell]
    #[arg(long, value_name = "X.Y.Z")]
    pub to: Option<String>,
    /// Why, for those who meet the bar later
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub why: String,
}

#[derive(Debug, Args)]
pub struct Unbar {
    /// The project, by name or package
    pub project: String,
    /// The environment
    #[arg(long = "in", value_name = "ENV")]
    pub environment: String,
    /// The digest [default: all that are barred of the project there]
    pub digest: Option<String>,
}

#[derive(Debug, Args)]
#[command(disable_help_subcommand = true)]
pub struct Secrets {
    #[command(subcommand)]
    pub verb: SecretsVerb,
}

#[derive(Debug, Subcommand)]
pub enum SecretsVerb {
    /// Hand over every secret that is configured for the environment: values are those of NAME_<ENV>, else of NAME
    Sync {
        /// The environment
        #[arg(long, value_name = "ENV")]
        to: String,
        /// Projects, by name or package [default: all that want any]
        projects: Vec<String>,
    },
}
