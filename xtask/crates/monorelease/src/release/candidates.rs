//! Which builds may become a release (law 10), told from their tags first and from their images after.

use std::collections::BTreeMap;

use monorelease_model::build_id::BuildId;
use monorelease_model::version::Version;

use crate::text::short;

/// More builds than this are counted, not listed, when none can be used.
const LISTED: usize = 20;

/// All images of one build id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub id: BuildId,
    /// Architecture suffix → image tag.
    pub tags: BTreeMap<String, String>,
    /// Whether the build id itself is a tag: then it should hold all platforms in one index.
    pub has_whole: bool,
}

/// What a release is looked for.
#[derive(Debug, Clone)]
pub struct Sought<'a> {
    pub version: &'a Version,
    /// The commit of the candidate's tag.
    pub commit: &'a str,
    /// What to call that commit: `the newest candidate's commit`.
    pub whose: &'a str,
}

/// A build that was looked at and turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedDown {
    pub build: String,
    pub why: String,
}

/// Groups image tags by build id, newest first; tags of another form are left out.
pub fn group(tags: &[String], archs: &[String]) -> Vec<Build> {
    let mut builds: BTreeMap<String, Build> = BTreeMap::new();
    let mut add = |id: BuildId, arch: Option<(&str, &String)>| {
        let build = builds.entry(id.to_string()).or_insert_with(|| Build {
            id,
            tags: BTreeMap::new(),
            has_whole: false,
        });
        match arch {
            Some((arch, tag)) => drop(build.tags.insert(arch.to_owned(), tag.clone())),
            None => build.has_whole = true,
        }
    };
    for tag in tags {
        if let Some((id, arch)) = BuildId::read_image_tag(tag, archs.iter().map(String::as_str)) {
            add(id, Some((arch, tag)));
        } else if let Ok(id) = BuildId::parse(tag) {
            add(id, None);
        }
    }
    let mut builds: Vec<_> = builds.into_values().collect();
    builds.sort_by(|left, right| right.id.age_key().cmp(&left.id.age_key()));
    builds
}

/// What the tags alone say against a build.
pub fn objection_by_tags(build: &Build, sought: &Sought<'_>, archs: &[String]) -> Option<String> {
    if build.id.version != *sought.version {
        return Some(format!(
            "is of version {}, wanted {}",
            build.id.version.to_semver(),
            sought.version.to_semver()
        ));
    }
    if build.id.short_commit != short(sought.commit) {
        return Some(format!(
            "was built from {}, {} is {}",
            build.id.short_commit,
            sought.whose,
            short(sought.commit)
        ));
    }
    let missing = build.missing(archs);
    (!build.has_whole && !missing.is_empty())
        .then(|| format!("has no image for {}", missing.join(", ")))
}

impl Build {
    /// The architectures that have no tag of their own.
    pub fn missing<'a>(&self, archs: &'a [String]) -> Vec<&'a str> {
        archs
            .iter()
            .filter(|arch| !self.tags.contains_key(*arch))
            .map(String::as_str)
            .collect()
    }
}

/// The refusal: every build that was looked at, and why it was turned down.
pub fn none_usable(repository: &str, turned_down: &[TurnedDown]) -> String {
    if turned_down.is_empty() {
        return format!("{repository} holds no build at all");
    }
    let mut text = format!("no build in {repository} can be used:");
    for build in turned_down.iter().take(LISTED) {
        text.push_str(&format!("\n    {} {}", build.build, build.why));
    }
    if let Some(more) = turned_down.len().checked_sub(LISTED + 1) {
        text.push_str(&format!("\n    and {} older ones", more + 1));
    }
    text
}

/// The refusal of a build that is not there, and the newest one that might be meant.
pub fn not_there<'a>(
    repository: &str,
    picked: &BuildId,
    builds: &'a [String],
    version: &Version,
) -> (String, Option<&'a str>) {
    let mut text = format!("{repository} holds no build {picked}");
    match builds {
        [] => text.push_str(", and no other"),
        _ => text.push_str("; it holds:"),
    }
    for build in builds.iter().take(LISTED) {
        text.push_str(&format!("\n    {build}"));
    }
    if let Some(more) = builds.len().checked_sub(LISTED + 1) {
        text.push_str(&format!("\n    and {} older ones", more + 1));
    }
    let is_meant = |build: &&String| BuildId::parse(build).is_ok_and(|id| id.version == *version);
    (text, builds.iter().find(is_meant).map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use monorelease_model::version::Spelling;

    const COMMIT: &str = "abc1234aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn builds(tags: &[&str]) -> Vec<Build> {
        let tags: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
        group(&tags, &["amd64".into(), "arm64".into()])
    }

    fn objection(tags: &[&str], version: &str) -> Option<String> {
        let version = Spelling::SemVer.read(version).unwrap();
        let sought = Sought {
            version: &version,
            commit: COMMIT,
            whose: "the newest candidate's commit",
        };
        objection_by_tags(&builds(tags)[0], &sought, &["amd64".into(), "arm64".into()])
    }

    #[test]
    fn law_12_builds_are_sorted_by_us() {
        let found = builds(&[
            "latest",
            "2025.10.25.1430-build.9-v0.2.0-abc1234-amd64",
            "2025.10.25.1430-build.10-v0.2.0-abc1234-arm64",
            "2024.01.01.0000-build.99-v0.2.0-abc1234-amd64",
            "2025.10.25.1430-build.10-v0.2.0-abc1234-amd64",
        ]);
        assert_eq!(
            found
                .iter()
                .map(|build| (build.id.number, build.tags.len()))
                .collect::<Vec<_>>(),
            [(10, 2), (9, 1), (99, 1)]
        );
    }

    #[test]
    fn law_10_each_objection_is_named() {
        let both = |stem: &str| [format!("{stem}-amd64"), format!("{stem}-arm64")];
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-abc1234");
        assert_eq!(objection(&[&amd, &arm], "0.2.0"), None);
        assert_eq!(
            objection(&[&amd], "0.2.0").unwrap(),
            "has no image for arm64"
        );
        assert_eq!(
            objection(&[&amd, &arm], "0.2.1").unwrap(),
            "is of version 0.2.0, wanted 0.2.1"
        );
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.00-abc1234");
        assert!(builds(&[&amd, &arm]).is_empty(), "0.2.00 is no version");
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-rc.1-abc1234");
        assert!(
            objection(&[&amd, &arm], "0.2.0")
                .unwrap()
                .contains("is of version 0.2.0-rc.1"),
            "equal, not a prefix"
        );
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-def5678");
        assert_eq!(
            objection(&[&amd, &arm], "0.2.0").unwrap(),
            "was built from def5678, the newest candidate's commit is abc1234"
        );
    }

    #[test]
    fn a_build_id_without_an_architecture_stands_for_all_of_them() {
        let found = builds(&[
            "2025.10.25.1430-build.1-v0.2.0-abc1234",
            "2025.10.25.1430-build.1-v0.2.0-abc1234-amd64",
        ]);
        assert_eq!(
            (found.len(), found[0].has_whole, found[0].tags.len()),
            (1, true, 1)
        );
        assert_eq!(
            objection(&["2025.10.25.1430-build.1-v0.2.0-abc1234"], "0.2.0"),
            None
        );
        let mixed = builds(&["2025.10.25.1430-build.1-v0.2.0-abc1234-amd64"]);
        assert_eq!(
            mixed[0].missing(&["amd64".into(), "arm64".into()]),
            ["arm64"]
        );
    }

    #[test]
    fn a_long_list_of_refusals_is_cut_and_counted() {
        let many: Vec<_> = (0..25)
            .map(|number| TurnedDown {
                build: format!("b{number}"),
                why: "is old".into(),
            })
            .collect();
        let text = none_usable("r", &many);
        assert_eq!(text.lines().count(), 22);
        assert!(text.ends_with("and 5 older ones"), "{text}");
    }
}
