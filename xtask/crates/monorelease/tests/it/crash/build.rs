//! Law 14 for `build --push`, with the real container engine: ended at every call of docker that changes something, and at every
//! request that puts something into the registry, those of the engine's own push included.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Fixture;
use crate::support::crash::Scenario;
use crate::support::engine::{can_run, docker, engine_platform};

const DOCKERFILE: &str = "FROM python:3.12-slim
COPY api /usr/local/bin/api
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.version=$VERSION org.opencontainers.image.revision=$REVISION
CMD [\"python3\", \"-m\", \"http.server\", \"8000\"]
";

#[test]
fn law_14_build_can_be_killed_anywhere() {
    if !can_run("the build that is killed everywhere") {
        return;
    }
    let fixture = Fixture::new();
    let config = fixture.read("xtask/monorepo.toml").replace(
        "[\"linux/amd64\", \"linux/arm64\"]",
        &format!("[\"{}\"]", engine_platform()),
    );
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace(
            "[[\"api\", \"--help\"]] }",
            "[[\"api\"]], health = { port = 8000, path = \"/\" } }",
        ),
    );
    fixture.write("api/Dockerfile", DOCKERFILE);
    fixture.write("api/api", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(
        fixture.root().join("api/api"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    fixture.git(&["add", "api"]);
    fixture.commit_all("feat: an image");
    // The layers of the base are there from an earlier build, as they mostly are.
    fixture.ok(&["build", "api", "--push"]);
    fixture.write("api/new.txt", "new");
    fixture.git(&["add", "api"]);
    fixture.commit_all("feat: another image");
    let ours = format!("reference={}/*/*", fixture.registry.address());
    let images = || {
        docker(&["image", "ls", "--quiet", "--filter", &ours])
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let forget = || {
        for image in images() {
            docker(&["image", "rm", "--force", &image]);
        }
    };
    forget();
    let mut scenario = Scenario::with(&fixture, &["build", "api", "--push"], forget);
    scenario.at_every_call_that("buildx\\ build*|run*|rm*|push*", "docker");
    scenario.at_every_request_of("PUT");
    let containers = docker(&["ps", "--all", "--format", "{{.Image}} {{.Names}}"]);
    let left: Vec<_> = containers
        .lines()
        .filter(|line| line.starts_with(&fixture.registry.address()))
        .collect();
    assert!(left.is_empty(), "containers are left over: {left:?}");
    println!("build --push: {} cases", scenario.cases);
    forget();
}
