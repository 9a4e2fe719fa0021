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

/// The same, where checks are configured: what has not passed in the environment before goes no further, and what has not passed
/// here is finished by the line that brings what runs here once more.
fn and_checks(
    next: Next,
    open_here: &[&str],
    again: Option<String>,
    before: Option<(&str, Vec<&str>)>,
) -> Next {
    match (before.filter(|(_, open)| !open.is_empty()), again) {
        (Some((name, open)), _) if next.line.is_some() => Next {
            line: None,
            why: format!(
                "{}, and has not passed {} there: {name} comes first",
                next.why,
                open.join(" and ")
            ),
        },
        (_, Some(line)) if next.line.is_none() && !open_here.is_empty() => Next {
            line: Some(line),
            why: format!("what runs has not passed {}", open_here.join(" and ")),
        },
        _ => next,
    }
}

/// What `promote` would do, where checks and pull requests have a say in it.
pub fn after_checks(
    next: Next,
    project: &Project,
    here: &Standing,
    before: Option<&Standing>,
) -> Next {
    let open = |standing: &Standing| -> Vec<&'static str> {
        standing
            .checks
            .iter()
            .filter(|(_, has_passed)| !has_passed)
            .map(|(word, _)| *word)
            .collect()
    };
    let source = before.and_then(|before| before.runs.as_ref());
    // What runs in the first environment of a registry file is what was built there.
    if project.registered.is_some() && before.is_none() && here.unknown.is_none() {
        let waits = here
            .waits
            .first()
            .map(|pull| format!("what was built waits for its merge: {}", pull.page));
        return match here.runs.as_ref().and_then(|runs| runs.digest.as_ref()) {
            Some(_) if !open(here).is_empty() => and_checks(
                next,
                &open(here),
                Some(format!(
                    "cargo xtask promote {} --to {}",
                    project.name, here.environment
                )),
                None,
            ),
            Some(digest) => {
                let what = format!("it runs {}, which is pinned there", digest.short());
                Next {
                    line: None,
                    why: waits.map_or_else(|| what.clone(), |waits| format!("{what}, and {waits}")),
                }
            }
            None if waits.is_some() => Next {
                line: None,
                why: format!("nothing is pinned there, and {}", waits.unwrap_or_default()),
            },
            None => Next {
                line: Some(format!("cargo xtask pin {}", project.name)),
                why: "nothing is pinned there".to_owned(),
            },
        };
    }
    // What a pull request says by its trailers is what it brings.
    let asks_for = |body: &str| {
        let brought = record("", 0, body).and_then(|record| record.to);
        brought.is_some_and(|brought| source.is_some_and(|source| source.agrees(&brought)))
    };
    if let Some(pull) = here
        .waits
        .iter()
        .find(|pull| next.line.is_some() && asks_for(&pull.body))
    {
        return Next {
            line: None,
            why: format!("{}, and waits for its merge: {}", next.why, pull.page),
        };
    }
    let Some(runs) = here.runs.as_ref().filter(|_| here.unknown.is_none()) else {
        return and_checks(
            next,
            &[],
            None,
            before.map(|before| (before.environment.as_str(), open(before))),
        );
    };
    // What stands here can be brought here again where it stands before too, or where nothing comes before.
    let again = match (&here.environment, before) {
        (_, Some(_)) if !source.is_some_and(|source| runs.agrees(source)) => None,
        (_, _)
            if here
                .barred
                .iter()
                .any(|bar| Some(&bar.digest) == runs.digest.as_ref()) =>
        {
            None
        }
        (stage, before) => {
            let version = runs
                .version
                .as_ref()
                .filter(|_| before.is_none() && project.registered.is_none());
            let asked = version
                .map(|version| format!(" --version {version}"))
                .unwrap_or_default();
            Some(format!(
                "cargo xtask promote {} --to {stage}{asked}",
                project.name
            ))
        }
    };
    and_checks(
        next,
        &open(here),
        again,
        before.map(|before| (before.environment.as_str(), open(before))),
    )
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
