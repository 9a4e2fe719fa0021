//! Which builds may become a release (law 10), told from their tags first and from their images after.

use std::collections::BTreeMap;

use oci_spec::image::Descriptor;

use crate::model::build_id::BuildId;
use crate::model::image::Platform;
use crate::model::step::{ManifestBytes, short};
use crate::model::version::Version;

/// More builds than this are counted, not listed, when none can be used.
const LISTED: usize = 20;

/// All images of one build id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub id: BuildId,
    /// Architecture suffix → image tag.
    pub tags: BTreeMap<String, String>,
}

/// A build that was looked at and turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedDown {
    pub build: String,
    pub why: String,
}

/// What one platform's tag holds.
#[derive(Debug, Clone)]
pub struct PlatformImage {
    pub platform: Platform,
    pub tag: String,
    /// What the tag names: an image's manifest, or an index with attestations.
    pub manifest: ManifestBytes,
    /// The image manifests, with their platform; exactly one in a usable candidate.
    pub images: Vec<Descriptor>,
    /// `unknown/unknown` entries that speak of those images; carried along (law 11).
    pub attestations: Vec<Descriptor>,
    /// `org.opencontainers.image.revision`.
    pub revision: Option<String>,
    /// What the image's configuration says it was built for.
    pub built_for: Option<Platform>,
}

/// Groups image tags by build id, newest first; tags of another form are left out.
pub fn group(tags: &[String], archs: &[String]) -> Vec<Build> {
    let mut builds: BTreeMap<String, Build> = BTreeMap::new();
    for tag in tags {
        if let Some((id, arch)) = BuildId::read_image_tag(tag, archs.iter().map(String::as_str)) {
            let build = builds.entry(id.to_string()).or_insert_with(|| Build { id, tags: BTreeMap::new() });
            build.tags.insert(arch.to_owned(), tag.clone());
        }
    }
    let mut builds: Vec<_> = builds.into_values().collect();
    builds.sort_by(|left, right| right.id.age_key().cmp(&left.id.age_key()));
    builds
}

/// What the tags alone say against a build.
pub fn objection_by_tags(build: &Build, version: &Version, commit: &str, archs: &[String]) -> Option<String> {
    if build.id.version != *version {
        return Some(format!("is of version {}, wanted {}", build.id.version.to_semver(), version.to_semver()));
    }
    if build.id.short_commit != short(commit) {
        return Some(format!("was built from {}, the newest candidate's commit is {}", build.id.short_commit, short(commit)));
    }
    let missing: Vec<_> = archs.iter().filter(|arch| !build.tags.contains_key(*arch)).map(String::as_str).collect();
    (!missing.is_empty()).then(|| format!("has no image for {}", missing.join(", ")))
}

/// What an image says against its build.
pub fn objection_by_image(image: &PlatformImage, commit: &str) -> Option<String> {
    let [_] = image.images.as_slice() else {
        return Some(format!("{} holds {} images for {}, wanted one", image.tag, image.images.len(), image.platform));
    };
    if let Some(built_for) = image.built_for.as_ref().filter(|built_for| **built_for != image.platform) {
        return Some(format!("{} was built for {built_for}, its name says {}", image.tag, image.platform));
    }
    match &image.revision {
        None => Some(format!("{} has no label org.opencontainers.image.revision, wanted {commit}", image.tag)),
        Some(revision) if revision != commit => {
            Some(format!("{} is labelled revision {revision}, the newest candidate's commit is {commit}", image.tag))
        }
        Some(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::version::Spelling;

    const COMMIT: &str = "abc1234aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn builds(tags: &[&str]) -> Vec<Build> {
        let tags: Vec<_> = tags.iter().map(|&tag| tag.to_owned()).collect();
        group(&tags, &["amd64".into(), "arm64".into()])
    }

    fn objection(tags: &[&str], version: &str) -> Option<String> {
        objection_by_tags(&builds(tags)[0], &Spelling::SemVer.read(version).unwrap(), COMMIT, &["amd64".into(), "arm64".into()])
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
        assert_eq!(found.iter().map(|build| (build.id.number, build.tags.len())).collect::<Vec<_>>(), [(10, 2), (9, 1), (99, 1)]);
    }

    #[test]
    fn law_10_each_objection_is_named() {
        let both = |stem: &str| [format!("{stem}-amd64"), format!("{stem}-arm64")];
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-abc1234");
        assert_eq!(objection(&[&amd, &arm], "0.2.0"), None);
        assert_eq!(objection(&[&amd], "0.2.0").unwrap(), "has no image for arm64");
        assert_eq!(objection(&[&amd, &arm], "0.2.1").unwrap(), "is of version 0.2.0, wanted 0.2.1");
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.00-abc1234");
        assert!(builds(&[&amd, &arm]).is_empty(), "0.2.00 is no version");
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-rc.1-abc1234");
        assert!(objection(&[&amd, &arm], "0.2.0").unwrap().contains("is of version 0.2.0-rc.1"), "equal, not a prefix");
        let [amd, arm] = both("2025.10.25.1430-build.1-v0.2.0-def5678");
        assert_eq!(objection(&[&amd, &arm], "0.2.0").unwrap(), "was built from def5678, the newest candidate's commit is abc1234");
    }

    #[test]
    fn a_long_list_of_refusals_is_cut_and_counted() {
        let many: Vec<_> = (0..25).map(|number| TurnedDown { build: format!("b{number}"), why: "is old".into() }).collect();
        let text = none_usable("r", &many);
        assert_eq!(text.lines().count(), 22);
        assert!(text.ends_with("and 5 older ones"), "{text}");
    }
}
