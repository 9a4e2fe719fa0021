//! One verb family a file: arguments → goal → plan → apply → report.

mod app;
mod build;
mod build_package;
mod bump;
mod bump_again;
mod bump_auto;
mod changelog;
mod check;
mod check_argocd;
mod check_commits;
mod check_pins;
mod dispatch;
mod doctor;
mod doctor_delivery;
mod execute;
mod gates;
mod init;
mod notices;
mod pin;
mod plan;
mod promote;
mod release;
mod release_forge;
mod release_pr;
mod rollback;
mod secrets;
mod since;
mod standing;
mod status;
mod tag;
mod test;
mod verify;
mod versions;

use app::write_outputs;
pub use app::{App, Outcome};
pub use dispatch::{Above, dispatch, usage};
