//! Tests of the program from outside, in one binary: a module for each topic.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests touch the world"
)]

mod crash;
mod repository;
mod steps;
mod support;

mod build {
    mod scan;
}

mod bump {
    mod auto;
    mod auto_oracle;
    mod dependents;
    mod real_locks;
}

mod check {
    mod affected;
    mod commits;
    mod of_nothing;
    mod pins;
}

mod cli {
    mod canaries;
    mod end_to_end;
    mod odd_states;
    mod reference;
    mod signals;
    mod wrong_input;
}

mod delivery {
    mod argocd;
    mod deploy;
    mod deploy_pull_request;
    mod digests;
    mod git;
    mod gone_platforms;
    mod older_binary;
    mod platform_pins;
    mod pull_request;
    mod rollout;
    mod runbook;
    mod runbook_registry_files;
    mod secrets;
    mod signatures;
}

mod github {
    mod real_openapi;
    mod release;
    mod release_pull_request;
}

mod init {
    mod pins;
    mod systems;
    mod trees;
}

mod package {
    mod github_release;
    mod index;
    mod shared_names;
    mod signatures;
}

mod pin {
    mod real_engine;
    mod registry_files;
    mod wrong_input;
}

mod registry {
    mod faults;
    mod real_clients;
}

mod rehearse {
    mod delivery_shapes;
}

mod release {
    mod candidates;
    mod changelog;
    mod local_refusals;
    mod notices;
    mod race;
    mod real_registry;
    mod recovery;
    mod verify;
}

mod status {
    mod environments;
    mod ledger;
    mod releases;
}

mod trust {
    mod access;
    mod attachments;
}

mod versions {
    mod history;
    mod nasty_input;
    mod symlinks;
}
