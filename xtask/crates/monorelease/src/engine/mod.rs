//! From a goal to a report: observe, plan, probe, apply.

mod apply;
pub mod execute;
mod local_trial;
pub mod order;
pub mod parallel;
pub mod preflight;
pub mod run;

#[cfg(all(test, feature = "rehearse"))]
mod crash_tests;
