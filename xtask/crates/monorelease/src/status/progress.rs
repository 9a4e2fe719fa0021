//! Where a project's release stands, told from what was found; it decides nothing and plans nothing.

use std::collections::BTreeMap;

use monorelease_model::build_id::arch_suffix;
use monorelease_model::version::Version;

use crate::project::Project;
use crate::step::plan::{Plan, Verdict};
use crate::tag::plan::{RemoteTags, TagFacts};

/// How far the release of a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Every name holds what it should.
    Released,
    /// Some names are given, some are not: a release was cut off, or goes on at this moment.
    HalfDone,
    /// A tested candidate waits to be released.
    Ready,
    /// Nobody tagged a candidate of it.
    NoCandidate,
    /// Something speaks against it.
    Refused,
    /// Something could not be read (law 15).
    Unknown,
}

impl Progress {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::HalfDone => "half done",
            Self::Ready => "ready",
            Self::NoCandidate => "no candidate",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a release is by the steps that are left of it; `is_unread` where what it is made of could not be read.
pub fn progress(plan: &Plan, has_candidate: bool, is_unread: bool) -> Progress {
    let count = |verdict| plan.count(|found| found == verdict);
    let done = count(Verdict::Done);
    let todo = count(Verdict::Todo);
    match (done, todo) {
        _ if is_unread || count(Verdict::Unknown) > 0 => Progress::Unknown,
        _ if count(Verdict::Conflict) > 0 => Progress::Refused,
        (0, 0) if !has_candidate => Progress::NoCandidate,
        (0, 0) => Progress::Refused,
        (_, 0) => Progress::Released,
        (0, _) if !plan.refused.is_empty() => Progress::Refused,
        (0, _) => Progress::Ready,
        _ => Progress::HalfDone,
    }
}

/// A release that has its tag, here or at the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    pub version: Version,
    pub tag: String,
    pub commit: String,
}

/// The stable releases of a project, newest first.
pub fn releases(facts: &TagFacts, project: &Project) -> Vec<Released> {
    let none = BTreeMap::new();
    let remote = match &facts.remote {
        RemoteTags::Known { tags, .. } => tags,
        _ => &none,
    };
    let read = |(tag, commit): (&String, &String)| {
        let name = facts
            .read_of(project, tag)
            .filter(|name| name.candidate.is_none() && !name.version.is_prerelease())?;
        Some(Released {
            version: name.version,
            tag: tag.clone(),
            commit: commit.clone(),
        })
    };
    let mut found: Vec<_> = facts.local.iter().chain(remote).filter_map(read).collect();
    found.sort_by(|left, right| right.version.as_semver().cmp(left.version.as_semver()));
    found.dedup_by(|left, right| left.tag == right.tag);
    found
}

/// Where a tag is: `here`, `origin`, both or nowhere; `None` for a remote that could not be read.
pub fn places_of(facts: &TagFacts, tag: &str) -> (bool, Option<bool>) {
    let there = match &facts.remote {
        RemoteTags::Known { tags, .. } => Some(tags.contains_key(tag)),
        RemoteTags::None => Some(false),
        RemoteTags::Unknown { .. } => None,
    };
    (facts.local.contains_key(tag), there)
}

/// The image tags that a release of the version has: one for each platform, then the index.
pub fn image_tags(project: &Project, version: &Version) -> Vec<String> {
    let version = version.to_semver();
    let Some(image) = &project.image else {
        return Vec::new();
    };
    let platforms = image
        .platforms
        .iter()
        .map(|platform| format!("{version}-{}", arch_suffix(platform)));
    platforms.chain([version.clone()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::project::Projects;
    use crate::step::Step;
    use crate::step::files::CreateFile;
    use crate::step::plan::{Cost, Draft, Planned, Refusal};

    fn plan(verdicts: &[Verdict], refused: bool) -> Plan {
        let step = Step::CreateFile(CreateFile {
            path: String::new(),
            text: String::new(),
        });
        let draft = Draft {
            project: "api".into(),
            why: String::new(),
            step,
        };
        let planned = |verdict: &Verdict| Planned {
            draft: draft.clone(),
            verdict: *verdict,
            evidence: String::new(),
            cost: Cost::default(),
        };
        let refusal = Refusal {
            project: "api".into(),
            what: String::new(),
            fix: String::new(),
        };
        Plan {
            steps: verdicts.iter().map(planned).collect(),
            refused: refused.then_some(refusal).into_iter().collect(),
            ..Plan::default()
        }
    }

    #[test]
    fn progress_is_told_from_the_steps_that_are_left() {
        use Verdict::{Conflict, Done, Todo, Unknown};
        for (verdicts, refused, has_candidate, is_unread, wanted) in [
            (&[Done, Done][..], false, true, false, Progress::Released),
            (&[Done, Done], true, true, false, Progress::Released),
            (&[Done, Todo], false, true, false, Progress::HalfDone),
            (&[Done, Todo], true, true, false, Progress::HalfDone),
            (&[Todo, Todo], false, true, false, Progress::Ready),
            (&[Todo, Todo], true, true, false, Progress::Refused),
            (&[Done, Conflict], true, true, false, Progress::Refused),
            (&[Done, Unknown], true, true, false, Progress::Unknown),
            (&[], true, true, true, Progress::Unknown),
            (&[], true, false, false, Progress::NoCandidate),
            (&[], true, true, false, Progress::Refused),
        ] {
            assert_eq!(
                progress(&plan(verdicts, refused), has_candidate, is_unread),
                wanted,
                "{verdicts:?} {refused} {is_unread}"
            );
        }
    }

    #[test]
    fn releases_are_stable_tags_of_both_sides_newest_first() {
        let projects = Projects::from_config(
            &parse("[projects.api]\npath = \"api\"\n", "m").unwrap(),
            "m",
        )
        .unwrap();
        let tags = |names: &[&str]| {
            names
                .iter()
                .map(|&name| (name.to_owned(), "c".to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let remote = RemoteTags::Known {
            remote: "origin".into(),
            tags: tags(&["api-v0.10.0", "api-v0.9.0", "api-v1.0.0-beta.1"]),
        };
        let facts = TagFacts::new(
            &projects,
            tags(&["api-v0.9.0", "api-v0.11.0-rc1", "other-v3.0.0"]),
            remote,
        );
        let found: Vec<_> = releases(&facts, &projects.all[0])
            .into_iter()
            .map(|released| released.tag)
            .collect();
        assert_eq!(found, ["api-v0.10.0", "api-v0.9.0"]);
        assert_eq!(places_of(&facts, "api-v0.9.0"), (true, Some(true)));
        assert_eq!(places_of(&facts, "api-v0.10.0"), (false, Some(true)));
        let mut unread = facts;
        unread.remote = RemoteTags::Unknown {
            remote: String::new(),
            why: String::new(),
        };
        assert_eq!(places_of(&unread, "x"), (false, None));
    }
}
