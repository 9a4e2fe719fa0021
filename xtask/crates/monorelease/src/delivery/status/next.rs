//! What a promotion would change next, told from what environments run; it reads nothing and refuses nothing.

use monorelease_model::version::Version;

use super::standing::{Next, Standing};
use crate::delivery::message::record;
use crate::delivery::{Bar, Said};
use crate::project::Project;

/// Where a promotion would take its release from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// What the environment before runs, by its name; `None` where that does not say one release.
    Before(&'a str, Option<&'a Said>),
    /// The last release, for an environment that nothing comes before.
    Newest(&'a Result<Option<Version>, String>),
}

/// What `promote` would do with an environment that runs `here` and bars these digests.
pub fn promotion(
    project: &str,
    environment: &str,
    source: Source<'_>,
    here: Option<&Said>,
    bars: &[Bar],
) -> Next {
    let none = |why: String| Next { line: None, why };
    let line = format!("cargo xtask promote {project} --to {environment}");
    let (wanted, place) = match source {
        Source::Before(name, Some(said)) => (said.clone(), format!("stands in {name}")),
        Source::Before(name, None) => return none(format!("{name} does not say one release")),
        Source::Newest(Ok(Some(version))) => (
            Said {
                version: Some(version.to_semver()),
                digest: None,
            },
            "is the last release".to_owned(),
        ),
        Source::Newest(Ok(None)) => return none("there is no release yet".to_owned()),
        Source::Newest(Err(why)) => return none(format!("the last release is not known: {why}")),
    };
    let name = wanted
        .version
        .clone()
        .or_else(|| {
            wanted
                .digest
                .as_ref()
                .map(|digest| digest.short().to_owned())
        })
        .unwrap_or_default();
    if here.is_some_and(|here| here.agrees(&wanted)) {
        return none(format!("it runs {name}, which {place}"));
    }
    let is_it = |bar: &&Bar| match &wanted.digest {
        Some(digest) => bar.digest == *digest,
        None => wanted.version.as_deref() == Some(&bar.version),
    };
    if let Some(bar) = bars.iter().find(is_it) {
        return none(format!(
            "{name}, which {place}, is barred here; `cargo xtask unbar {project} --in {environment} {}` lets it back",
            bar.digest
        ));
    }
    let standing = here
        .and_then(|here| here.version.as_deref())
        .and_then(|version| Version::parse_semver(version).ok());
    if let (Source::Newest(Ok(Some(newest))), Some(standing)) = (source, &standing)
        && standing > newest
    {
        return none(format!(
            "it runs {}, which is newer than {name}, the last release that HEAD contains",
            standing.to_semver()
        ));
    }
    // A digest alone tells no version, and pins with a tag have to be told one.
    let wants_tag = wanted.version.is_none() && here.is_some_and(|here| here.version.is_some());
    let line = if wants_tag {
        format!("{line} --version X.Y.Z")
    } else {
        line
    };
    Next {
        line: Some(line),
        why: format!("{name} {place}"),
    }
}

/// The same, where checks and pull requests have a say in it: what has not passed in the environment before goes no further, and
/// what has not passed here is finished by the line that brings what runs here once more.
pub fn after_checks(
    next: Next,
    project: &Project,
    here: &Standing,
    before: Option<&Standing>,
) -> Next {
    if project.registered.is_some() && before.is_none() && here.unknown.is_none() {
        return after_pin(project, here);
    }
    let source = before.and_then(|before| before.runs.as_ref());
    // What a pull request says by its trailers is what it brings.
    let asks_for = |body: &str| {
        let brought = record("", 0, body).and_then(|record| record.to);
        brought.is_some_and(|brought| source.is_some_and(|source| source.agrees(&brought)))
    };
    let open_here = here.open_checks();
    let open_before = before.map(Standing::open_checks).unwrap_or_default();
    if next.line.is_some() {
        if let Some(pull) = here.waits.iter().find(|pull| asks_for(&pull.body)) {
            let why = format!("{}, and waits for its merge: {}", next.why, pull.page);
            return Next { line: None, why };
        }
        return match before {
            Some(before) if !open_before.is_empty() => Next {
                line: None,
                why: format!(
                    "{}, and has not passed {} there: {} comes first",
                    next.why,
                    open_before.join(" and "),
                    before.environment
                ),
            },
            _ => next,
        };
    }
    match again(project, here, before) {
        Some(line) if !open_here.is_empty() => Next {
            line: Some(line),
            why: format!("what runs has not passed {}", open_here.join(" and ")),
        },
        _ => next,
    }
}

/// What runs in the first environment of a registry file is what was built there.
fn after_pin(project: &Project, here: &Standing) -> Next {
    let open = here.open_checks();
    let waits = here
        .waits
        .first()
        .map(|pull| format!(", and what was built waits for its merge: {}", pull.page));
    let runs = here.runs.as_ref().and_then(|runs| runs.digest.as_ref());
    let (line, why) = match (runs, waits) {
        (Some(_), _) if !open.is_empty() => (
            Some(format!(
                "cargo xtask promote {} --to {}",
                project.name, here.environment
            )),
            format!("what runs has not passed {}", open.join(" and ")),
        ),
        (Some(digest), waits) => (
            None,
            format!(
                "it runs {}, which is pinned there{}",
                digest.short(),
                waits.unwrap_or_default()
            ),
        ),
        (None, Some(waits)) => (None, format!("nothing is pinned there{waits}")),
        (None, None) => (
            Some(format!("cargo xtask pin {}", project.name)),
            "nothing is pinned there".to_owned(),
        ),
    };
    Next { line, why }
}

/// The line that brings here once more what runs here: where it runs before too, or where nothing comes before.
fn again(project: &Project, here: &Standing, before: Option<&Standing>) -> Option<String> {
    let runs = here.runs.as_ref().filter(|_| here.unknown.is_none())?;
    let is_before = |before: &Standing| {
        let source = before.runs.as_ref();
        source.is_some_and(|source| runs.agrees(source))
    };
    let mut blocked = here.barred.iter();
    if before.is_some_and(|before| !is_before(before))
        || blocked.any(|bar| Some(&bar.digest) == runs.digest.as_ref())
    {
        return None;
    }
    let version = runs
        .version
        .as_ref()
        .filter(|_| before.is_none() && project.registered.is_none());
    let asked = version
        .map(|version| format!(" --version {version}"))
        .unwrap_or_default();
    Some(format!(
        "cargo xtask promote {} --to {}{asked}",
        project.name, here.environment
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(version: &str, letter: &str) -> Said {
        Said {
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            digest: Some(letter)
                .filter(|letter| !letter.is_empty())
                .map(|letter| format!("sha256:{}", letter.repeat(64)).parse().unwrap()),
        }
    }

    fn bar(version: &str, letter: &str) -> Bar {
        let digest = said("", letter).digest.unwrap();
        let project = "api".to_owned();
        let environment = "production".to_owned();
        Bar {
            project,
            environment,
            digest,
            version: version.into(),
            since: String::new(),
            why: String::new(),
            by: String::new(),
        }
    }

    #[test]
    fn pins_in_several_spellings_say_one_release_when_they_agree() {
        assert_eq!(
            Said::one_of(&[said("1.0.0", ""), said("1.0.0", "a")]),
            Some(said("1.0.0", "a"))
        );
        assert_eq!(Said::one_of(&[said("1.0.0", ""), said("1.1.0", "a")]), None);
        assert_eq!(Said::one_of(&[said("", "b"), said("1.1.0", "a")]), None);
        assert_eq!(Said::one_of(&[]), None);
    }

    #[test]
    fn the_next_promotion_is_told_with_its_line_or_why_there_is_none() {
        let old = said("0.1.0", "a");
        let new = said("0.2.0", "b");
        let newest = |text: &str| Ok(Some(Version::parse_semver(text).unwrap()));
        let line = Some("cargo xtask promote api --to production".to_owned());
        let versioned = Some("cargo xtask promote api --to production --version X.Y.Z".to_owned());
        let unread = Err("the clone is shallow".to_owned());
        for (source, here, bars, wanted, why) in [
            (
                Source::Before("staging", Some(&new)),
                Some(&old),
                vec![],
                line.clone(),
                "0.2.0 stands in staging",
            ),
            (
                Source::Before("staging", Some(&new)),
                Some(&new),
                vec![],
                None,
                "it runs 0.2.0, which stands in staging",
            ),
            (
                Source::Before("staging", Some(&new)),
                None,
                vec![],
                line.clone(),
                "0.2.0 stands in staging",
            ),
            (
                Source::Before("staging", None),
                Some(&old),
                vec![],
                None,
                "staging does not say one release",
            ),
            (
                Source::Before("staging", Some(&new)),
                Some(&old),
                vec![bar("", "b")],
                None,
                "is barred here; `cargo xtask unbar api --in production sha256:bb",
            ),
            (
                Source::Before("staging", Some(&new)),
                Some(&old),
                vec![bar("0.2.0", "c")],
                line.clone(),
                "0.2.0 stands in staging",
            ),
            (
                Source::Before("staging", Some(&said("", "b"))),
                Some(&old),
                vec![],
                versioned,
                "sha256:bb",
            ),
            (
                Source::Before("staging", Some(&said("", "b"))),
                Some(&said("", "a")),
                vec![],
                line.clone(),
                "sha256:bb",
            ),
            (
                Source::Newest(&newest("0.2.0")),
                Some(&old),
                vec![],
                line.clone(),
                "0.2.0 is the last release",
            ),
            (
                Source::Newest(&newest("0.2.0")),
                Some(&new),
                vec![],
                None,
                "it runs 0.2.0",
            ),
            (
                Source::Newest(&newest("0.2.0")),
                Some(&old),
                vec![bar("0.2.0", "b")],
                None,
                "is barred here",
            ),
            (
                Source::Newest(&newest("0.1.0")),
                Some(&new),
                vec![],
                None,
                "newer than 0.1.0",
            ),
            (
                Source::Newest(&Ok(None)),
                Some(&old),
                vec![],
                None,
                "no release yet",
            ),
            (
                Source::Newest(&unread),
                Some(&old),
                vec![],
                None,
                "the clone is shallow",
            ),
        ] {
            let next = promotion("api", "production", source, here, &bars);
            assert_eq!(next.line, wanted, "{source:?}");
            assert!(next.why.contains(why), "{why}: {}", next.why);
        }
    }
}
