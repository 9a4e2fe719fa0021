//! `pin` with the real container engine: built, pushed, its digest resolved, and pinned; then nothing more to do.

use crate::support::engine::{BASE_IMAGE, can_run, docker, engine_platform};
use crate::support::registered::{BRANCH, LLM, Processors};

#[test]
fn what_was_never_built_is_built_pushed_and_pinned() {
    if !can_run("pin with the real engine") {
        return;
    }
    let processors = Processors::new();
    let fixture = &processors.fixture;
    let platform = engine_platform();
    let config = fixture.read("xtask/monorepo.toml").replace(
        "[images-from]\n",
        &format!("[images-from]\nplatforms = [\"{platform}\"]\n"),
    );
    fixture.write("xtask/monorepo.toml", &config);
    // It knows nothing of our labels, and copies only what counts.
    for name in ["llm_litellm", "replicate_generic"] {
        fixture.write(
            &format!("processors/{name}/Dockerfile"),
            &format!("FROM {BASE_IMAGE}\nCOPY . /all\n"),
        );
    }
    processors.change(
        LLM,
        &fixture
            .read(LLM)
            .replace("amd64", platform.split('/').nth(1).unwrap()),
    );
    let planned = processors.ok(&["pin", "llm_litellm", "--dry-run"]);
    assert_eq!(
        planned,
        [
            "build-image todo",
            "push-image todo",
            "gather todo",
            "pin todo"
        ]
    );
    assert_eq!(
        processors.ok(&["pin", "llm_litellm"]),
        [
            "build-image acted",
            "push-image acted",
            "gather acted",
            "pin acted"
        ]
    );
    let pinned = Processors::digest(&processors.at(BRANCH, LLM));
    let image = format!("{}/acme/llm-litellm@{pinned}", fixture.registry.address());
    docker(&["pull", "--quiet", &image]);
    let listing = docker(&["run", "--rm", &image, "find", "/all", "-type", "f"]);
    let mut files: Vec<&str> = listing.lines().collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "/all/libs/shared.py",
            "/all/processors/llm_litellm/Dockerfile"
        ],
        "registry files and neighbours are in no build"
    );
    assert_eq!(processors.ok(&["pin", "llm_litellm"]), ["pin done"]);
    let ours = format!("reference={}/*/*", fixture.registry.address());
    for id in docker(&["image", "ls", "--quiet", "--filter", &ours]).split_whitespace() {
        docker(&["image", "rm", "--force", id]);
    }
}
