//! Which steps of a plan need which, and which may not run at the same time.
//!
//! A pure function of the plan. What it does not know to be independent, it leaves in the plan's order: a new kind of step is
//! slow until its pairs are listed here, and never wrong.

use std::ops::Range;

use crate::build::image_build::ImageBuild;
use crate::build::step::{BuildImage, CheckImage, PushImage};
use crate::release::github::Part;
use crate::step::Step;
use crate::step::effect::Lane;
use crate::step::plan::{Draft, Scope};

/// Steps that are done together, and what has to go well before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Places in the plan.
    pub steps: Range<usize>,
    /// Places in the list of units; each is before this one.
    pub needs: Vec<usize>,
    /// Whether no other such unit may run meanwhile.
    pub is_serial: bool,
}

/// Makes units of a plan's steps. Neighbouring edits are one, since all files of a command change or none (law 2).
pub fn units(scope: Scope, drafts: &[&Draft]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut place = 0;
    while place < drafts.len() {
        let edits = drafts[place..]
            .iter()
            .take_while(|draft| draft.edit().is_some())
            .count();
        let steps = place..place + edits.max(1);
        place = steps.end;
        // One of a batch stands for all: edits are told apart from each other by nothing that matters here.
        let first = drafts[steps.start];
        let is_batch = edits > 1;
        let needed = |unit: &Unit| {
            unit.steps
                .clone()
                .any(|earlier| is_batch || needs(scope, drafts[earlier], first))
        };
        let needs = units
            .iter()
            .enumerate()
            .filter(|(_, unit)| needed(unit))
            .map(|(place, _)| place)
            .collect();
        units.push(Unit {
            steps,
            needs,
            is_serial: first.step.effect().lane() != Lane::Parallel,
        });
    }
    units
}

/// Whether the later of two steps of a plan must not begin before the earlier is done.
fn needs(scope: Scope, earlier: &Draft, later: &Draft) -> bool {
    let shares_nothing = scope == Scope::EachProject
        && earlier.project != later.project
        && !earlier.project.is_empty()
        && !later.project.is_empty();
    !shares_nothing && !are_independent(&earlier.step, &later.step)
}

fn are_independent(earlier: &Step, later: &Step) -> bool {
    if let (Some(earlier), Some(later)) = (image_of(earlier), image_of(later)) {
        return earlier.reference() != later.reference();
    }
    match (earlier, later) {
        // Each is a file of its own; the list of all of them comes after.
        (Step::ForgeRelease(earlier), Step::ForgeRelease(later)) => {
            matches!((&earlier.part, &later.part), (Part::Asset(_), Part::Asset(_)))
        }
        // One more name for bytes that are there. The index comes after: whoever finds it finds its platforms.
        (Step::PublishTag(_), Step::PublishTag(_))
        // The index is under no name yet: it waits for nobody.
        | (Step::Attach(_), Step::Store(_)) => true,
        // A blob that two mount at the same time is half written when one of them looks (seen: docker-registry 2.8 answers DIGEST_INVALID).
        (Step::CopyImage(earlier), Step::CopyImage(later)) => {
            earlier.to != later.to || !later.blobs.iter().any(|blob| earlier.blobs.contains(blob))
        }
        // What is in the release's repository needs no name there first, but a name needs what it names.
        (Step::CopyImage(copy), Step::PublishTag(name)) => copy.names.1 != name.tag,
        // Each is the name of the same index, which they all come after.
        (Step::MoveAlias(earlier), Step::MoveAlias(later)) => earlier.tag != later.tag,
        // What is attached to one digest is one list, which is read and written anew (law 11).
        (Step::Attach(earlier), Step::Attach(later)) => earlier.subject.digest != later.subject.digest,
        (Step::Store(store), Step::Attach(attach)) => store.manifest.digest != attach.subject.digest,
        (Step::BuildDistribution(earlier), Step::BuildDistribution(later)) => earlier.folder != later.folder,
        // A wheel is laid into the image that names its folder, and into no other.
        (Step::BuildDistribution(wheel), step) | (step, Step::BuildDistribution(wheel)) => {
            image_of(step).is_some_and(|image| !image.wheels.contains(&wheel.folder))
        }
        // Secrets need nothing but their store; whatever a run does besides may need them.
        (Step::SyncSecrets(_), Step::SyncSecrets(_)) => true,
        // Environments do not wait for what another lacks.
        (Step::Deploy(earlier), Step::Deploy(later)) => earlier.of.environment != later.of.environment,
        (Step::Deploy(deploy), Step::Deliver(deliver)) | (Step::Deliver(deliver), Step::Deploy(deploy)) => {
            deploy.of.environment != deliver.environment
        }
        _ => false,
    }
}

/// The image that a step builds, checks or pushes.
fn image_of(step: &Step) -> Option<&ImageBuild> {
    match step {
        Step::BuildImage(BuildImage { image })
        | Step::CheckImage(CheckImage { image, .. })
        | Step::PushImage(PushImage { image }) => Some(image),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::build::step::{DistributionBuild, DistributionKind, ImageCheck};
    use crate::bump::step::Commit;
    use crate::config::trust::SbomFormat;
    use crate::delivery::{Action, Deliver};
    use crate::release::github::{Asset, ForgeRelease, Source, Told};
    use crate::release::step::{ImageCopy, MoveAlias, PublishIndex, PublishTag};
    use crate::step::files::EditFile;
    use crate::step::manifest::ManifestBytes;
    use crate::step::plan::Goal;
    use crate::tag::step::{PushTag, Tag};
    use crate::trust::Attached;
    use crate::trust::Claim;
    use crate::trust::Policy;
    use crate::trust::Subject;
    use crate::trust::step::{Attach, Store};
    use monorelease_model::image::{Digest, Platform};

    fn promote(package: &str, tag: &str) -> Step {
        let repository = format!("localhost:5000/{package}").parse().unwrap();
        let manifest = manifest();
        match tag.contains('-') {
            true => Step::PublishTag(PublishTag {
                repository,
                tag: tag.into(),
                manifest,
            }),
            false => Step::PublishIndex(PublishIndex {
                repository,
                tag: tag.into(),
                manifest,
            }),
        }
    }

    fn manifest() -> ManifestBytes {
        ManifestBytes {
            digest: Digest::of(b"{}"),
            media_type: String::new(),
            bytes: b"{}".to_vec(),
        }
    }

    fn tag(name: &str) -> Step {
        Step::Tag(Tag {
            name: name.into(),
            commit: "c".into(),
            message: String::new(),
        })
    }

    fn push(name: &str) -> Step {
        Step::PushTag(PushTag {
            remote: "origin".into(),
            name: name.into(),
            commit: "c".into(),
        })
    }

    fn edit(path: &str) -> Step {
        Step::EditFile(EditFile {
            path: path.into(),
            before: "a".into(),
            after: "b".into(),
        })
    }

    fn image(tag: &str, wheels: &[&str]) -> ImageBuild {
        ImageBuild {
            repository: "localhost:5000/api".parse().unwrap(),
            tag: tag.into(),
            platform: Platform::new("linux", "amd64", None),
            context: String::new(),
            version: String::new(),
            revision: String::new(),
            created: String::new(),
            epoch: 0,
            source: String::new(),
            wheels: wheels.iter().map(|&wheel| wheel.to_owned()).collect(),
            for_registry: true,
            sources: None,
        }
    }

    fn wheel(folder: &str) -> Step {
        Step::BuildDistribution(DistributionBuild {
            package: String::new(),
            project_path: String::new(),
            folder: folder.into(),
            version: String::new(),
            epoch: 0,
            kind: DistributionKind::Package,
        })
    }

    /// The units as `steps ← needs`, a `|` where they are serial.
    fn order(scope: Scope, steps: Vec<(&str, Step)>) -> Vec<String> {
        let mut goal = Goal::default();
        steps
            .into_iter()
            .for_each(|(project, step)| goal.want(project, "", step));
        let drafts: Vec<_> = goal.drafts.iter().collect();
        let shown = |unit: Unit| {
            let serial = if unit.is_serial { "|" } else { "" };
            format!(
                "{}..{}{serial} ← {:?}",
                unit.steps.start, unit.steps.end, unit.needs
            )
        };
        units(scope, &drafts).into_iter().map(shown).collect()
    }

    #[test]
    fn a_release_needs_its_platforms_for_the_index_and_all_of_it_for_the_tag() {
        let steps = vec![
            ("api", promote("api", "1.0.0-amd64")),
            ("api", promote("api", "1.0.0-arm64")),
            ("api", promote("api", "1.0.0")),
            ("api", tag("api-v1.0.0")),
            ("api", push("api-v1.0.0")),
        ];
        let found = order(Scope::EachProject, steps);
        assert_eq!(
            found,
            [
                "0..1 ← []",
                "1..2 ← []",
                "2..3 ← [0, 1]",
                "3..4| ← [0, 1, 2]",
                "4..5| ← [0, 1, 2, 3]"
            ]
        );
    }

    #[test]
    fn a_name_needs_its_own_copy_and_aliases_need_the_index_alone() {
        let copy = |tag: &str, layer: &str| {
            let from = "localhost:5000/build/api".parse().unwrap();
            let to = "localhost:5000/api".parse().unwrap();
            let platform = "linux/amd64".parse().unwrap();
            let names = ("build".to_owned(), tag.to_owned());
            let blobs = vec![Digest::of(tag.as_bytes()), Digest::of(layer.as_bytes())];
            Step::CopyImage(ImageCopy {
                from,
                to,
                platform,
                names,
                manifests: vec![manifest()],
                blobs,
            })
        };
        let shared = vec![
            ("api", copy("1.0.0-amd64", "one")),
            ("api", copy("1.0.0-arm64", "one")),
        ];
        assert_eq!(
            order(Scope::EachProject, shared),
            ["0..1 ← []", "1..2 ← [0]"],
            "a blob is mounted by one at a time"
        );
        let alias = |tag: &str| {
            let repository = "localhost:5000/api".parse().unwrap();
            let manifest = manifest();
            Step::MoveAlias(MoveAlias {
                repository,
                tag: tag.into(),
                version: "1.0.0".into(),
                manifest,
                from: None,
            })
        };
        let steps = vec![
            ("api", copy("1.0.0-amd64", "one")),
            ("api", copy("1.0.0-arm64", "two")),
            ("api", promote("api", "1.0.0-amd64")),
            ("api", promote("api", "1.0.0-arm64")),
            ("api", promote("api", "1.0.0")),
            ("api", alias("latest")),
            ("api", alias("1.0")),
            ("api", tag("api-v1.0.0")),
        ];
        let found = order(Scope::EachProject, steps);
        let wanted = [
            "[]",
            "[]",
            "[0]",
            "[1]",
            "[0, 1, 2, 3]",
            "[0, 1, 2, 3, 4]",
            "[0, 1, 2, 3, 4]",
            "[0, 1, 2, 3, 4, 5, 6]",
        ];
        let needs: Vec<_> = found
            .iter()
            .map(|unit| &unit[unit.find('[').unwrap()..])
            .collect();
        assert_eq!(needs, wanted);
        assert!(
            found[..7].iter().all(|unit| !unit.contains('|')),
            "{found:?}"
        );
    }

    #[test]
    fn law_11_one_digest_is_attached_to_by_one_step_at_a_time_and_no_name_is_given_before() {
        let attach = |bytes: &[u8], what: Attached| {
            let subject = Subject {
                repository: "localhost:5000/api".parse().unwrap(),
                digest: Digest::of(bytes),
                role: String::new(),
            };
            let policy = Policy {
                sign: true,
                sbom: Vec::new(),
                provenance: false,
                transparency_log: true,
                accepted: Vec::new(),
                key: None,
            };
            Step::Attach(Attach {
                subject,
                what,
                policy,
                missing: Vec::new(),
            })
        };
        let list = || Attached::Statement(Claim::Sbom(SbomFormat::Spdx));
        let steps = vec![
            ("api", attach(b"amd64", list())),
            ("api", attach(b"amd64", Attached::Signature)),
            ("api", attach(b"arm64", Attached::Signature)),
            (
                "api",
                Step::Store(Store {
                    repository: "localhost:5000/api".parse().unwrap(),
                    manifest: manifest(),
                }),
            ),
            ("api", attach(b"{}", Attached::Signature)),
            ("api", promote("api", "1.0.0-amd64")),
        ];
        let wanted = [
            "0..1 ← []",
            "1..2 ← [0]",
            "2..3 ← []",
            "3..4 ← []",
            "4..5 ← [3]",
            "5..6 ← [0, 1, 2, 3, 4]",
        ];
        assert_eq!(order(Scope::EachProject, steps), wanted);
    }

    #[test]
    fn projects_need_each_other_in_one_scope_and_not_in_the_other() {
        let steps = || {
            vec![
                ("api", tag("api-v1.0.0")),
                ("web", tag("web-v1.0.0")),
                ("api", push("api-v1.0.0")),
                ("web", push("web-v1.0.0")),
            ]
        };
        assert_eq!(
            order(Scope::Together, steps()),
            [
                "0..1| ← []",
                "1..2| ← [0]",
                "2..3| ← [0, 1]",
                "3..4| ← [0, 1, 2]"
            ]
        );
        assert_eq!(
            order(Scope::EachProject, steps()),
            ["0..1| ← []", "1..2| ← []", "2..3| ← [0]", "3..4| ← [1]"]
        );
        let steps = vec![
            ("", tag("all")),
            ("api", push("api-v1.0.0")),
            ("", push("all")),
        ];
        assert_eq!(
            order(Scope::EachProject, steps),
            ["0..1| ← []", "1..2| ← [0]", "2..3| ← [0, 1]"],
            "what is nobody's is everybody's"
        );
    }

    #[test]
    fn a_delivery_waits_for_its_projects_tag_and_is_apart_from_the_deliveries_of_others() {
        let deliver = |project: &str| {
            let project = project.to_owned();
            let environment = "staging".to_owned();
            let branch = "main".to_owned();
            let address = "there".to_owned();
            let pins = Vec::new();
            let images = None;
            let from = Vec::new();
            let found = BTreeMap::new();
            let action = Action::Promote;
            let is_own = false;
            let approval = false;
            let pull = None;
            Step::Deliver(Box::new(Deliver {
                action,
                project,
                environment,
                address,
                is_own,
                branch,
                pins,
                images,
                from,
                found,
                approval,
                pull,
            }))
        };
        let steps = vec![
            ("api", promote("api", "1.0.0")),
            ("api", push("api-v1.0.0")),
            ("api", deliver("api")),
            ("web", push("web-v1.0.0")),
            ("web", deliver("web")),
        ];
        let wanted = [
            "0..1 ← []",
            "1..2| ← [0]",
            "2..3| ← [0, 1]",
            "3..4| ← []",
            "4..5| ← [3]",
        ];
        assert_eq!(order(Scope::EachProject, steps), wanted);
    }

    #[test]
    fn a_forges_release_is_seen_after_its_tag_and_files_do_not_wait_for_each_other() {
        let at_forge = |part: Part| {
            Step::ForgeRelease(Box::new(ForgeRelease {
                repository: "acme/mono".into(),
                tag: "api-v1.0.0".into(),
                part,
            }))
        };
        let told = Told {
            title: String::new(),
            body: String::new(),
            commit: String::new(),
            is_prerelease: false,
        };
        let file = |name: &str| {
            Part::Asset(Asset {
                name: name.into(),
                source: Source::File(name.into()),
            })
        };
        let steps = vec![
            ("api", at_forge(Part::Draft(told))),
            ("api", at_forge(file("a"))),
            ("api", at_forge(file("b"))),
            ("api", at_forge(Part::Checksums(Vec::new()))),
            ("api", push("api-v1.0.0")),
            ("api", at_forge(Part::Published { is_latest: false })),
        ];
        let wanted = [
            "0..1| ← []",
            "1..2| ← [0]",
            "2..3| ← [0]",
            "3..4| ← [0, 1, 2]",
            "4..5| ← [0, 1, 2, 3]",
            "5..6| ← [0, 1, 2, 3, 4]",
        ];
        assert_eq!(
            order(Scope::EachProject, steps),
            wanted,
            "a forge wants one change after another"
        );
    }

    #[test]
    fn law_2_edits_are_one_unit_and_the_commit_needs_them() {
        let commit = Step::Commit(Commit {
            message: "m".into(),
            files: Vec::new(),
        });
        let steps = vec![
            ("a", edit("1")),
            ("b", edit("2")),
            ("", commit),
            ("c", edit("3")),
        ];
        assert_eq!(
            order(Scope::Together, steps),
            ["0..2| ← []", "2..3| ← [0]", "3..4| ← [0, 1]"]
        );
    }

    #[test]
    fn an_image_needs_the_wheels_that_are_laid_into_it_and_its_checks_need_the_image() {
        let check = |image: ImageBuild| {
            Step::CheckImage(CheckImage {
                image,
                check: ImageCheck::Smoke {
                    command: vec!["s".into()],
                },
            })
        };
        let one = image("x-amd64", &["w1"]);
        let other = image("x-arm64", &[]);
        let steps = vec![
            ("core", wheel("w1")),
            ("core", wheel("w2")),
            ("api", Step::BuildImage(BuildImage { image: one.clone() })),
            (
                "api",
                Step::BuildImage(BuildImage {
                    image: other.clone(),
                }),
            ),
            ("api", check(one.clone())),
            ("api", Step::PushImage(PushImage { image: one })),
            ("api", check(other)),
            ("core", wheel("w3")),
        ];
        let found = order(Scope::Together, steps);
        let wanted = [
            "← []",
            "← []",
            "← [0]",
            "← []",
            "← [0, 2]",
            "← [0, 2, 4]",
            "← [3]",
            "← []",
        ];
        let needs: Vec<_> = found
            .iter()
            .map(|unit| &unit[unit.find('←').unwrap()..])
            .collect();
        assert_eq!(needs, wanted);
    }
}
