//! The plan of a build: what is made, and the gates it passes before the registry sees it.

use super::image_build::ImageBuild;
use super::step::{
    BuildImage, CheckImage, DistributionBuild, DistributionKind, ImageCheck, PushImage,
};
use crate::project::Project;
use crate::project::image::ImageTarget;
use crate::scan::Rules;
use crate::step::Step;
use crate::step::plan::Goal;

/// The commit, or the work tree, that is built.
#[derive(Debug, Clone)]
pub struct Source {
    pub version: String,
    /// The commit, with `-dirty-…` behind when the work tree is not the commit.
    pub revision: String,
    /// The commit's time, in seconds.
    pub epoch: i64,
}

/// The build of a project's wheel or package, into a folder of its own.
pub fn distribution(
    project: &Project,
    source: &Source,
    kind: DistributionKind,
) -> DistributionBuild {
    let variant = match &kind {
        DistributionKind::Wheel { target } => target.as_deref().unwrap_or("host"),
        DistributionKind::Package => "package",
    };
    let folder = format!(
        "target/xtask/dist/{}/{}/{variant}",
        project.package, source.revision
    );
    DistributionBuild {
        package: project.package.clone(),
        project_path: project.path.clone(),
        folder,
        version: source.version.clone(),
        epoch: source.epoch,
        kind,
    }
}

/// Build, smoke test, health check, scan, push: in this order, so that nothing untested is ever pushed.
pub fn want_image(
    goal: &mut Goal,
    project: &str,
    target: &ImageTarget,
    image: &ImageBuild,
    scan: Option<(&str, Rules)>,
    push: bool,
) {
    goal.want(
        project,
        format!("{} at {}", image.version, image.revision),
        Step::BuildImage(BuildImage {
            image: image.clone(),
        }),
    );
    let mut check = |why: &str, check: ImageCheck| {
        goal.want(
            project,
            why,
            Step::CheckImage(CheckImage {
                image: image.clone(),
                check,
            }),
        )
    };
    for command in &target.smoke {
        check(
            "smoke test in a fresh container",
            ImageCheck::Smoke {
                command: command.clone(),
            },
        );
    }
    if let Some(health) = &target.health {
        check(
            "the service starts, answers, and says its version",
            ImageCheck::Health {
                port: health.port,
                path: health.path.clone(),
            },
        );
    }
    if let Some((scanner, rules)) = scan {
        check(
            "known vulnerabilities",
            ImageCheck::Scan {
                scanner: scanner.into(),
                rules,
            },
        );
    }
    if push {
        goal.want(
            project,
            "all checks passed",
            Step::PushImage(PushImage {
                image: image.clone(),
            }),
        );
    }
}
