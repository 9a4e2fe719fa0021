//! Whether a requirement admits a version, by the rules of the tool that will read it.
//!
//! Cargo's and Python's rules are asked of the crates that have them, and Helm's of [`masterminds`]. Poetry's are put in
//! Python's words. npm's are here: the crate `nodejs-semver` has them without the positions that an edit needs (law 2), and
//! is asked in tests.

use std::str::FromStr;

use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use pep440_rs::VersionSpecifiers;

use super::masterminds;
use super::ranges::{self, Comparator, Op};
use crate::requirements::requirement::RequirementKind;

/// Whether the requirement admits the version.
///
/// The tools differ about prereleases. Cargo and npm admit one only to a requirement that names a prerelease of the same
/// X.Y.Z. Helm admits one where the requirement names a prerelease at all; its older releases want that of every
/// comparator, so that is what is asked here. Of Python's rules, and Poetry's, only those of comparison are asked
/// (`>=0.1` admits `0.2.0rc1`), not an installer's choice to pass prereleases over.
///
/// # Errors
/// The requirement cannot be read, or the version has no PEP 440 spelling where one is needed.
pub fn admits(
    kind: RequirementKind,
    requirement: &str,
    version: &Version,
) -> Result<bool, EditError> {
    match kind {
        RequirementKind::Cargo => {
            let read = semver::VersionReq::parse(requirement)
                .map_err(|error| unreadable(kind, requirement, &error.to_string()))?;
            Ok(read.matches(version.as_semver()))
        }
        RequirementKind::Python => {
            let read = specifiers(kind, requirement, requirement)?;
            Ok(read.contains(&python(version)?))
        }
        RequirementKind::Poetry | RequirementKind::Npm | RequirementKind::Chart => {
            let mut admitted = false;
            // All are asked: what the tool cannot read in one of them, it cannot read at all.
            for alternative in &ranges::parse(kind, requirement)
                .map_err(|why| unreadable(kind, requirement, &why))?
            {
                admitted |= alternative_admits(kind, requirement, alternative, version)?;
            }
            Ok(admitted)
        }
    }
}

/// Whether two texts are one requirement: locks of Python's write the specifiers of a manifest in an order of their own.
pub fn is_same(kind: RequirementKind, one: &str, other: &str) -> bool {
    let read = |text| VersionSpecifiers::from_str(text).ok();
    one == other
        || (kind == RequirementKind::Python && read(one).is_some() && read(one) == read(other))
}

/// Whether one alternative of a requirement of Poetry, npm or Helm admits the version.
pub(super) fn alternative_admits(
    kind: RequirementKind,
    requirement: &str,
    alternative: &[Comparator],
    version: &Version,
) -> Result<bool, EditError> {
    if !kind.is_semver() {
        let said =
            poetry(requirement, alternative).map_err(|why| unreadable(kind, requirement, &why))?;
        // Nothing but `*`, which PEP 440 says by saying nothing.
        let read = if said.is_empty() {
            VersionSpecifiers::empty()
        } else {
            specifiers(kind, requirement, &said)?
        };
        return Ok(read.contains(&python(version)?));
    }
    let version = version.as_semver();
    let named = |comparator: &Comparator| !comparator.pre.is_empty();
    let of_this = |comparator: &Comparator| {
        comparator.numbers == [version.major, version.minor, version.patch]
    };
    if kind == RequirementKind::Chart {
        return Ok((version.pre.is_empty() || alternative.iter().all(named))
            && alternative
                .iter()
                .all(|comparator| masterminds::holds(comparator, version)));
    }
    let prerelease_is_wanted = alternative
        .iter()
        .any(|comparator| named(comparator) && of_this(comparator));
    Ok((version.pre.is_empty() || prerelease_is_wanted)
        && alternative
            .iter()
            .all(|comparator| npm_holds(comparator, version)))
}

/// Whether a comparator of npm's holds by the order of versions alone.
fn npm_holds(comparator: &Comparator, version: &semver::Version) -> bool {
    let got = [version.major, version.minor, version.patch];
    let given = comparator.numbers.as_slice();
    if given.is_empty() {
        // `*` is anything, and nothing is beyond it.
        return !matches!(comparator.op, Op::Greater | Op::Less);
    }
    let precise = given.len() == 3;
    let order = version.cmp_precedence(&masterminds::floor(comparator));
    let begins = got.starts_with(given);
    match comparator.op {
        Op::Bare | Op::Equal | Op::Identical if precise => order.is_eq(),
        Op::Bare | Op::Equal | Op::Identical => begins,
        // npm has no such operator.
        Op::NotEqual => false,
        Op::Caret => order.is_ge() && got.starts_with(&given[..caret(given)]),
        Op::Tilde | Op::Compatible => {
            order.is_ge() && got.starts_with(&given[..given.len().min(2)])
        }
        Op::GreaterEqual => order.is_ge(),
        Op::Greater if precise => order.is_gt(),
        Op::Greater => got[..given.len()] > *given,
        Op::Less if precise => order.is_lt(),
        Op::Less => got[..given.len()] < *given,
        Op::LessEqual if precise => order.is_le(),
        Op::LessEqual => got[..given.len()] <= *given,
    }
}

/// How many numbers a caret holds fast: up to the first that is not zero.
fn caret(numbers: &[u64]) -> usize {
    numbers
        .iter()
        .position(|&number| number != 0)
        .map_or(numbers.len(), |at| at + 1)
}

/// Comparators of Poetry's as version specifiers of PEP 440.
fn poetry(requirement: &str, comparators: &[Comparator]) -> Result<String, String> {
    let mut said = Vec::new();
    for comparator in comparators {
        let written = &requirement[comparator.version.clone()];
        let digits = &requirement[comparator.digits.clone()];
        let below = |held: usize| {
            let mut numbers = comparator.numbers[..held].to_vec();
            let last = numbers
                .last_mut()
                .ok_or_else(|| format!("`{written}` is not a version"))?;
            *last = last
                .checked_add(1)
                .ok_or_else(|| format!("the number {last} is too large"))?;
            Ok::<_, String>(format!(">={written},<{}", dotted(&numbers)))
        };
        let wild = comparator.wildcards > 0;
        said.push(match comparator.op {
            Op::Bare | Op::Equal if wild && digits.is_empty() => continue,
            Op::Bare | Op::Equal if wild => format!("=={digits}.*"),
            Op::NotEqual if wild && !digits.is_empty() => format!("!={digits}.*"),
            _ if wild => {
                return Err(format!(
                    "`{written}` stands behind an operator that takes no wildcard"
                ));
            }
            Op::Bare | Op::Equal => format!("=={written}"),
            Op::Caret => below(caret(&comparator.numbers))?,
            Op::Tilde => below(comparator.numbers.len().min(2))?,
            Op::Identical => format!("==={written}"),
            // PEP 440 refuses `~=1`, for it would say no more than `==1.*` and less clearly; Poetry reads it all the same.
            Op::Compatible if comparator.numbers.len() == 1 => below(1)?,
            Op::Compatible => format!("~={written}"),
            Op::NotEqual => format!("!={written}"),
            Op::Greater => format!(">{written}"),
            Op::GreaterEqual => format!(">={written}"),
            Op::Less => format!("<{written}"),
            Op::LessEqual => format!("<={written}"),
        });
    }
    Ok(said.join(","))
}

/// Numbers as versions write them.
pub(super) fn dotted(numbers: &[u64]) -> String {
    numbers
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(".")
}

fn specifiers(
    kind: RequirementKind,
    requirement: &str,
    said: &str,
) -> Result<VersionSpecifiers, EditError> {
    VersionSpecifiers::from_str(said).map_err(|error| {
        // The fault is in the first of several lines; the others draw an arrow under it.
        let why = error.to_string();
        unreadable(
            kind,
            requirement,
            why.lines()
                .next()
                .unwrap_or("unknown reason")
                .trim_end_matches(':'),
        )
    })
}

fn python(version: &Version) -> Result<pep440_rs::Version, EditError> {
    let unspelled = |why: String| EditError::Unreadable {
        key: format!("the PEP 440 spelling of {version}"),
        why,
        line: None,
    };
    let spelled = version
        .to_pep440()
        .map_err(|error| unspelled(error.to_string()))?;
    pep440_rs::Version::from_str(&spelled).map_err(|error| unspelled(error.to_string()))
}

/// The error about a requirement that its own tool would not read either.
pub(super) fn unreadable(kind: RequirementKind, requirement: &str, why: &str) -> EditError {
    let wanted = match kind {
        RequirementKind::Cargo => "a requirement of Cargo, such as 0.3.0 or >=0.3, <0.4",
        RequirementKind::Python => "version specifiers of PEP 440, such as >=0.3,<0.4",
        RequirementKind::Poetry => "a requirement of Poetry, such as ^0.3 or >=0.3,<0.4",
        RequirementKind::Npm => "a range of npm, such as ^0.3.0 or >=0.3 <0.4",
        RequirementKind::Chart => "a range of Helm, such as ~0.3.0 or >=0.3, <0.4",
    };
    EditError::Unreadable {
        key: format!("the requirement `{requirement}`"),
        why: format!("{why}; wanted {wanted}"),
        line: None,
    }
}

#[cfg(test)]
mod tests;
