//! Which git tag comes next, and who has it already (laws 5 and 6).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use monorelease_model::tag::{Owners, TagName};
use monorelease_model::version::Version;

use super::step::{PushTag, Tag};
use crate::project::{Project, Projects};
use crate::step::Step;
use crate::step::plan::Goal;
use crate::text::short;

/// Tags known here and at the remote, each name with its commit.
#[derive(Debug, Clone)]
pub struct TagFacts {
    /// Every project's name, at the place its pattern has in `owners`.
    names: Vec<String>,
    /// Every project's pattern: whose tag it is, is told by all of them together (law 6).
    owners: Owners,
    pub local: BTreeMap<String, String>,
    pub remote: RemoteTags,
}

#[derive(Debug, Clone)]
pub enum RemoteTags {
    /// No remote is set up: this clone is all there is.
    None,
    /// A remote is set up and could not be read (law 15).
    Unknown { remote: String, why: String },
    Known {
        remote: String,
        tags: BTreeMap<String, String>,
    },
}

/// A candidate's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateTag {
    pub number: u64,
    pub name: String,
    pub commit: String,
}

impl TagFacts {
    pub fn new(projects: &Projects, local: BTreeMap<String, String>, remote: RemoteTags) -> Self {
        let names = projects
            .all
            .iter()
            .map(|project| project.name.clone())
            .collect();
        Self {
            names,
            owners: Owners::new(projects.all.iter().map(|project| &project.tags)),
            local,
            remote,
        }
    }

    /// All tags that begin so, here and at the remote.
    fn everywhere<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a String)> {
        let remote = match &self.remote {
            RemoteTags::Known { tags, .. } => Some(tags),
            _ => None,
        };
        let begin = (Bound::Included(prefix), Bound::Unbounded);
        let in_one = move |tags: &'a BTreeMap<String, String>| {
            tags.range::<str, _>(begin)
                .take_while(move |(name, _)| name.starts_with(prefix))
        };
        in_one(&self.local).chain(remote.into_iter().flat_map(in_one))
    }

    /// The newest candidate of a version, its number compared as a number; known here or at the remote.
    pub fn newest_candidate(&self, project: &Project, version: &Version) -> Option<CandidateTag> {
        self.candidates(project, version).into_iter().next_back()
    }

    /// The candidates of a version, the newest last; those of this clone and of the remote, each once.
    pub fn candidates(&self, project: &Project, version: &Version) -> Vec<CandidateTag> {
        let found = self
            .everywhere(project.tags.prefix())
            .filter_map(|(name, commit)| match self.read_of(project, name)? {
                TagName {
                    version: found,
                    candidate: Some(number),
                } if found == *version => Some(CandidateTag {
                    number,
                    name: name.clone(),
                    commit: commit.clone(),
                }),
                _ => None,
            });
        let mut candidates: Vec<_> = found.collect();
        candidates.sort_by_key(|candidate| candidate.number);
        candidates.dedup();
        candidates
    }

    /// The versions that have a release's tag here or at the remote, prereleases left out.
    pub fn releases(&self, project: &Project) -> BTreeSet<Version> {
        let found = self
            .everywhere(project.tags.prefix())
            .filter_map(|(name, _)| match self.read_of(project, name)? {
                TagName {
                    version,
                    candidate: None,
                } if !version.is_prerelease() => Some(version),
                _ => None,
            });
        found.collect()
    }

    /// Reads a tag, if it is this project's and no other's.
    pub fn read_of(&self, project: &Project, tag: &str) -> Option<TagName> {
        let (place, name) = self.owners.of(tag)?;
        (self.names[place] == project.name).then_some(name)
    }

    /// The commit of a tag that both sides may know; a tag that differs between them is the error.
    pub fn commit_of(&self, name: &str) -> Result<Option<&str>, String> {
        let remote = match &self.remote {
            RemoteTags::Known { remote, tags } => tags.get(name).map(|commit| (remote, commit)),
            _ => None,
        };
        match (self.local.get(name), remote) {
            (Some(here), Some((remote, there))) if here != there => Err(format!(
                "tag {name} is at {} here and at {} on {remote}; a tag is never moved",
                short(here),
                short(there)
            )),
            (Some(commit), _) | (None, Some((_, commit))) => Ok(Some(commit)),
            (None, None) => Ok(None),
        }
    }

    /// Where a tag is to be found, when it is not here: ` (on origin)`.
    pub fn place_of(&self, name: &str) -> String {
        match &self.remote {
            RemoteTags::Known { remote, tags }
                if tags.contains_key(name) && !self.local.contains_key(name) =>
            {
                format!(" (on {remote})")
            }
            _ => String::new(),
        }
    }

    /// What has to be said when the remote could not be asked and nothing is done there.
    pub fn unread_note(&self) -> Option<String> {
        match &self.remote {
            RemoteTags::Unknown { remote, why } => Some(format!(
                "the tags of {remote} cannot be read, so `tag` and `release` will ask for them again: {why}"
            )),
            _ => None,
        }
    }

    fn remote_has(&self, name: &str, commit: &str) -> bool {
        matches!(&self.remote, RemoteTags::Known { tags, .. } if tags.get(name).is_some_and(|found| found == commit))
    }

    /// Wants the tag here and, when `push`, at the remote. A tag that the remote has is not made a second time.
    pub fn want(
        &self,
        goal: &mut Goal,
        project: &Project,
        name: &str,
        commit: &str,
        push: bool,
        why: &str,
    ) {
        if !self.remote_has(name, commit) || self.local.contains_key(name) {
            let message = format!(
                "{} {}",
                project.package,
                name.trim_start_matches(&format!("{}-v", project.package))
            );
            goal.want(
                &project.name,
                why,
                Step::Tag(Tag {
                    name: name.into(),
                    commit: commit.into(),
                    message,
                }),
            );
        }
        match &self.remote {
            RemoteTags::Known { remote, .. } | RemoteTags::Unknown { remote, .. } if push => {
                goal.want(
                    &project.name,
                    "CI and every other clone read the tags there",
                    Step::PushTag(PushTag {
                        remote: remote.clone(),
                        name: name.into(),
                        commit: commit.into(),
                    }),
                );
            }
            RemoteTags::None if push => goal.refuse(
                &project.name,
                "there is no remote to push the tag to",
                "git remote add origin URL",
            ),
            _ => {}
        }
    }
}

/// Plans `tag`: the release tag of the version in the commit, or its next candidate's.
pub fn plan(
    goal: &mut Goal,
    project: &Project,
    version: &Version,
    head: &str,
    facts: &TagFacts,
    candidate: bool,
    push: bool,
) {
    if let RemoteTags::Unknown { remote, why } = &facts.remote {
        goal.refuse(
            &project.name,
            format!(
                "the tags of {remote} cannot be read, so a tag might exist there already: {why}"
            ),
            format!("git ls-remote --tags {remote}"),
        );
        return;
    }
    if let Some(what) = project.tags.objection(version) {
        return goal.refuse(
            &project.name,
            what,
            format!("cargo xtask bump minor {}", project.name),
        );
    }
    let release = project.tags.release(version);
    let released = match facts.commit_of(&release) {
        Ok(commit) => commit.map(str::to_owned),
        Err(conflict) => {
            return goal.refuse(
                &project.name,
                conflict,
                format!("git tag --delete {release} && git fetch --tags"),
            );
        }
    };
    if !candidate {
        if let Some(commit) = released.filter(|commit| commit != head) {
            let what = format!(
                "tag {release} exists at {}, HEAD is {}; a tag is never moved",
                short(&commit),
                short(head)
            );
            return goal.refuse(
                &project.name,
                what,
                format!("cargo xtask bump patch {}", project.name),
            );
        }
        let candidate = facts.newest_candidate(project, version);
        if project.candidates && candidate.is_none_or(|candidate| candidate.commit != head) {
            let name = &project.name;
            goal.notes.push(format!(
                "{name}: HEAD is not the newest candidate of {}; `release {name}` will want one here (cargo xtask tag {name} --rc)",
                version.to_semver()
            ));
        }
        return facts.want(
            goal,
            project,
            &release,
            head,
            push,
            &format!(
                "the commit says {} {}",
                project.package,
                version.to_semver()
            ),
        );
    }
    // A release's tag that came first, at this very commit, is finished by a candidate.
    if let Some(commit) = released.filter(|commit| commit != head) {
        let what = format!(
            "{} {} is released already ({release} at {}); a candidate would be of no release",
            project.package,
            version.to_semver(),
            short(&commit)
        );
        return goal.refuse(
            &project.name,
            what,
            format!("cargo xtask bump patch {}", project.name),
        );
    }
    let newest = facts.newest_candidate(project, version);
    if let Some(Err(conflict)) = newest.as_ref().map(|newest| facts.commit_of(&newest.name)) {
        return goal.refuse(
            &project.name,
            conflict,
            "git fetch --tags, after deleting the tag that is wrong",
        );
    }
    match newest {
        Some(newest) if newest.commit == head => {
            facts.want(
                goal,
                project,
                &newest.name,
                head,
                push,
                &format!(
                    "HEAD carries the newest candidate of {}",
                    version.to_semver()
                ),
            );
        }
        newest => {
            let number = newest.as_ref().map_or(1, |newest| newest.number + 1);
            let why = match newest {
                Some(newest) => format!(
                    "candidate {number} of {}: {} is at {}",
                    version.to_semver(),
                    newest.name,
                    short(&newest.commit)
                ),
                None => format!("first candidate of {}", version.to_semver()),
            };
            facts.want(
                goal,
                project,
                &project.tags.candidate(version, number),
                head,
                push,
                &why,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use monorelease_model::version::Spelling;

    const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const OLD: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn run(local: &[(&str, &str)], remote: &[(&str, &str)], candidate: bool) -> Goal {
        let projects = Projects::from_config(
            &parse("[projects.api]\npath = \"api\"\n", "m").unwrap(),
            "m",
        )
        .unwrap();
        let tags = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(name, commit)| ((*name).to_owned(), (*commit).to_owned()))
                .collect()
        };
        let remote = RemoteTags::Known {
            remote: "origin".into(),
            tags: tags(remote),
        };
        let facts = TagFacts::new(&projects, tags(local), remote);
        let mut goal = Goal::default();
        plan(
            &mut goal,
            &projects.all[0],
            &Spelling::SemVer.read("0.2.0").unwrap(),
            HEAD,
            &facts,
            candidate,
            true,
        );
        goal
    }

    fn ids(goal: &Goal) -> Vec<String> {
        goal.drafts.iter().map(|draft| draft.step.id()).collect()
    }

    #[test]
    fn law_6_rc_numbers_compare_as_numbers_and_over_both_sides() {
        let goal = run(
            &[("api-v0.2.0-rc9", OLD)],
            &[
                ("api-v0.2.0-rc10", OLD),
                ("api-v0.2.1-rc40", OLD),
                ("other-v0.2.0-rc50", OLD),
            ],
            true,
        );
        assert_eq!(
            ids(&goal),
            ["tag:api-v0.2.0-rc11", "push-tag:origin/api-v0.2.0-rc11"]
        );
    }

    #[test]
    fn a_commit_that_carries_the_newest_candidate_gets_no_other() {
        let goal = run(&[("api-v0.2.0-rc2", HEAD)], &[], true);
        assert_eq!(
            ids(&goal),
            ["tag:api-v0.2.0-rc2", "push-tag:origin/api-v0.2.0-rc2"]
        );
        let goal = run(&[], &[("api-v0.2.0-rc2", HEAD)], true);
        assert_eq!(
            ids(&goal),
            ["push-tag:origin/api-v0.2.0-rc2"],
            "the remote has it: no second tag object is made"
        );
    }

    #[test]
    fn law_6_a_tag_at_another_commit_is_a_conflict() {
        assert!(
            run(&[("api-v0.2.0", OLD)], &[], false).refused[0]
                .what
                .contains("a tag is never moved")
        );
        assert!(
            run(&[], &[("api-v0.2.0", OLD)], false).refused[0]
                .what
                .contains("exists at bbbbbbb, HEAD is aaaaaaa")
        );
        assert!(
            run(&[("api-v0.2.0", HEAD)], &[("api-v0.2.0", OLD)], false).refused[0]
                .what
                .contains("here and at bbbbbbb on origin")
        );
        assert!(
            run(&[], &[("api-v0.2.0", OLD)], true).refused[0]
                .what
                .contains("is released already")
        );
    }

    #[test]
    fn law_15_an_unreadable_remote_blocks() {
        let projects = Projects::from_config(
            &parse("[projects.api]\npath = \"api\"\n", "m").unwrap(),
            "m",
        )
        .unwrap();
        let unknown = RemoteTags::Unknown {
            remote: "origin".into(),
            why: "no route".into(),
        };
        let facts = TagFacts::new(&projects, BTreeMap::new(), unknown);
        let mut goal = Goal::default();
        plan(
            &mut goal,
            &projects.all[0],
            &Spelling::SemVer.read("0.2.0").unwrap(),
            HEAD,
            &facts,
            true,
            false,
        );
        assert!(goal.drafts.is_empty() && goal.refused[0].what.contains("no route"));
    }
}
