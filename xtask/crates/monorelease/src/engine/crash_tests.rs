//! Law 14 within one process: a plan that ends between any two of its steps, and one whose every acknowledgement is lost.
//!
//! The end-to-end tests in `tests/it/crash` kill the whole program; here only the engine stops, exactly between two steps.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use monorelease_model::image::{Digest, Repository};
use monorelease_stand_ins::faults::Fault;
use monorelease_stand_ins::registry::EmbeddedRegistry;

use super::{apply, run};
use crate::bump::step::Commit;
use crate::rehearse;
use crate::release::step::{PublishIndex, PublishTag};
use crate::step::Step;
use crate::step::files::EditFile;
use crate::step::manifest::ManifestBytes;
use crate::step::plan::{Goal, Plan, Verdict};
use crate::tag::step::{PushTag, Tag};
use crate::world::World;
use crate::world::environment::Environment;

/// A repository with a remote and a registry, in which the goal has still to be reached.
struct Scene {
    folder: tempfile::TempDir,
    registry: EmbeddedRegistry,
    world: World,
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        git(folder.path(), &["init", "--quiet", "--bare", "origin.git"]);
        git(
            folder.path(),
            &["init", "--quiet", "--initial-branch", "main", "work"],
        );
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@localhost"),
            ("commit.gpgSign", "false"),
            ("tag.gpgSign", "false"),
        ] {
            git(&work, &["config", key, value]);
        }
        for (name, text) in [("one", "a\n"), ("two", "b\n")] {
            std::fs::write(work.join(name), text).unwrap();
        }
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--message", "feat: begin"]);
        git(&work, &["remote", "add", "origin", "../origin.git"]);
        let registry = EmbeddedRegistry::start().unwrap();
        for platform in ["linux/amd64", "linux/arm64"] {
            rehearse::images::push_to(
                &registry, "acme/api", "build", platform, "1.0.0", "revision", false,
            )
            .unwrap();
        }
        let world = World::open(&work, Environment::default(), Arc::new(|_| {})).unwrap();
        Self {
            folder,
            registry,
            world,
        }
    }

    /// Edits, a commit, names in a registry and a tag with its push: what bump, tag and release are made of.
    fn goal(&self) -> Goal {
        let mut goal = Goal::default();
        let mut want = |step| goal.want("api", "it is wanted", step);
        let edit = |path: &str, before: &str| {
            Step::EditFile(EditFile {
                path: path.into(),
                before: before.into(),
                after: "new\n".into(),
            })
        };
        want(edit("one", "a\n"));
        want(edit("two", "b\n"));
        let files = ["one", "two"]
            .map(|path| (path.to_owned(), "new\n".to_owned()))
            .to_vec();
        want(Step::Commit(Commit {
            message: "chore: new".into(),
            files,
        }));
        let repository: Repository = format!("{}/acme/api", self.registry.address())
            .parse()
            .unwrap();
        for arch in ["amd64", "arm64"] {
            let manifest = self.manifest(&format!("build-{arch}"));
            want(Step::PublishTag(PublishTag {
                repository: repository.clone(),
                tag: format!("1.0.0-{arch}"),
                manifest,
            }));
        }
        want(Step::PublishIndex(PublishIndex {
            repository,
            tag: "1.0.0".into(),
            manifest: self.manifest("build-amd64"),
        }));
        let commit = git(&self.world.root, &["rev-list", "--max-parents=0", "HEAD"])
            .trim()
            .to_owned();
        want(Step::Tag(Tag {
            name: "api-v1.0.0".into(),
            commit: commit.clone(),
            message: "api 1.0.0".into(),
        }));
        want(Step::PushTag(PushTag {
            remote: "origin".into(),
            name: "api-v1.0.0".into(),
            commit,
        }));
        goal
    }

    fn manifest(&self, tag: &str) -> ManifestBytes {
        let (media_type, bytes) = self.registry.manifest("acme/api", tag).unwrap();
        ManifestBytes {
            digest: Digest::of(&bytes),
            media_type,
            bytes,
        }
    }

    fn plan(&self) -> Plan {
        let plan = run::plan(&self.world, self.goal()).unwrap();
        assert!(plan.refused.is_empty(), "{:?}", plan.refused);
        plan
    }

    /// Carries out the steps up to a place, and forgets what came of it.
    fn run_until(&self, place: usize) -> Plan {
        let mut plan = self.plan();
        plan.steps.truncate(place);
        let applied = apply::apply(&self.world, &mut plan, &mut |_| {}).unwrap();
        assert!(
            applied.ok,
            "{:?}",
            plan.steps
                .iter()
                .map(|step| (&step.verdict, &step.evidence))
                .collect::<Vec<_>>()
        );
        plan
    }

    /// Everything but what a clock decides: contents of files and commits, what tags are at, and the registry.
    fn state(&self) -> BTreeMap<String, String> {
        let mut state: BTreeMap<_, _> = self
            .registry
            .state()
            .into_iter()
            .map(|(name, value)| (name.replace(&self.registry.address(), "registry"), value))
            .collect();
        let root = &self.world.root;
        state.insert(
            "files".into(),
            ["one", "two"]
                .map(|name| std::fs::read_to_string(root.join(name)).unwrap())
                .concat(),
        );
        state.insert("commits".into(), git(root, &["log", "--format=%s %T"]));
        state.insert("status".into(), git(root, &["status", "--porcelain"]));
        for (name, folder) in [
            ("here", root.clone()),
            ("there", self.folder.path().join("origin.git")),
        ] {
            state.insert(
                format!("tags {name}"),
                git(
                    &folder,
                    &[
                        "for-each-ref",
                        "--format=%(refname) %(*subject) %(*tree)",
                        "refs/tags",
                    ],
                ),
            );
        }
        state
    }

    fn assert_finishes(&self, case: &str, undisturbed: &BTreeMap<String, String>) {
        let left = self.plan().open().count();
        let finished = self.run_until(usize::MAX);
        assert_eq!(
            finished.count(Verdict::has_acted),
            left,
            "{case}: what was done is not done again"
        );
        assert_eq!(self.state(), *undisturbed, "{case}");
        assert_eq!(
            self.plan().open().count(),
            0,
            "{case}: a third run has nothing to do"
        );
    }
}

#[test]
fn law_14_a_plan_that_ends_between_any_two_steps_is_finished_by_the_next() {
    let scene = Scene::new();
    let steps = scene.run_until(usize::MAX).steps.len();
    let undisturbed = scene.state();
    for place in 0..=steps {
        let scene = Scene::new();
        let first = scene.run_until(place);
        assert_eq!(first.count(Verdict::has_acted), place);
        scene.assert_finishes(&format!("ended before step {place}"), &undisturbed);
    }
    println!("plans that ended early: {} cases", steps + 1);
}

#[test]
fn law_14_a_step_whose_acknowledgement_is_lost_is_proved_by_its_probe() {
    let scene = Scene::new();
    scene.run_until(usize::MAX);
    let undisturbed = scene.state();
    let scene = Scene::new();
    // Of each PUT every try is lost: the client gives up, and the probe finds what came of it.
    scene
        .registry
        .plan_fault(Fault::cut_after("PUT", "").times(usize::MAX));
    let hopeful = scene.run_until(usize::MAX);
    assert!(
        hopeful
            .steps
            .iter()
            .all(|step| step.verdict == Verdict::Acted)
    );
    assert!(scene.registry.clear_faults() > 0);
    scene.assert_finishes(
        "every acknowledgement of the registry is lost",
        &undisturbed,
    );
}
