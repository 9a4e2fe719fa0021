//! A requirement moved to a new version of what it requires: the same operators, precision, blanks and order around
//! other numbers.
//!
//! - A floor (`>=0.3`, `^0.3`, `~=0.3.0`, `==0.3.*`, a bare version) becomes the new version, as precise as it was. Where
//!   that would not admit the version, it is written out: Cargo's `0.3` for 0.4.0-rc.1 becomes `0.4.0-rc.1`, Python's
//!   `==0.3` for 0.4.2 becomes `==0.4.2`. The way back keeps what was written out (`0.3.0`), and a prerelease may hold
//!   less than the shorter text did (`~1` becomes `~2.0.0-rc.1`). Wildcards and `=0.3` would become another kind of
//!   requirement that way, and are refused.
//!   A floor that lets prereleases in (`~0.3.0-0`, `>=0.3.dev0`) goes on doing so.
//! - An upper bound (`<0.4`) keeps its distance from the version, in the number where it stood above it: `<0.4` beside
//!   0.3.1 is the next minor, `<2` the next major, `<0.5` two minors on. If the old version was not below it, the
//!   distance counts from the floor beside it. One that says the version itself (`<=0.3.1`) says the new one.
//! - `!=` and `>` turn versions down that somebody knows to be bad. They stay, and so does an upper bound without such a
//!   distance (`<0.4.5`).
//! - Of alternatives (`^0.3 || ^1`) none changes if one admits the new version; else the last that admits the old one.
//!
//! Whatever comes out must admit the new version, or nothing does.

use std::ops::Range;

use monorelease_model::version::{Spelling, Version};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::splice;

use super::admits::{admits, alternative_admits, dotted, unreadable};
use super::ranges;
use super::ranges::{Comparator, Op};
use crate::requirements::requirement::RequirementKind;

/// How much of the new version is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// As many numbers as before.
    Kept,
    /// The whole version, with its prerelease.
    Whole,
    /// As [`Precision::Whole`], and upper bounds that let prereleases in, as Helm wants it of every comparator.
    WholeBounds,
}

/// The requirement around the new version `to` of a package that was at `from`. It is moved even if it admits `to` as it
/// is, so that a floor can be raised; what that leaves unchanged was as precise as it could be.
///
/// # Errors
/// The requirement cannot be read, `to` has no spelling in it, or no text of the same shape surely admits `to`.
pub fn moved(
    kind: RequirementKind,
    requirement: &str,
    from: &Version,
    to: &Version,
) -> Result<String, EditError> {
    let admitted = admits(kind, requirement, to)?;
    let alternatives =
        ranges::parse(kind, requirement).map_err(|why| unreadable(kind, requirement, &why))?;
    let immovable = |why: &str| EditError::Immovable {
        requirement: requirement.to_owned(),
        to: to.to_semver(),
        why: why.to_owned(),
    };
    let comparators = match alternatives.as_slice() {
        [one] => one,
        _ if admitted => return Ok(requirement.to_owned()),
        several => {
            let mut of_old = None;
            for alternative in several {
                if alternative_admits(kind, requirement, alternative, from)? {
                    of_old = Some(alternative);
                }
            }
            of_old.ok_or_else(|| {
                immovable(&format!(
                    "no alternative of it admits {from}, the version before"
                ))
            })?
        }
    };
    if let Some(why) = comparators
        .iter()
        .find_map(|comparator| unmoved(kind, requirement, comparator))
    {
        return Err(immovable(&why));
    }
    let lowest = if kind.is_semver() { "0" } else { "dev.0" };
    let of_lowest = [from, to]
        .iter()
        .any(|version| version.as_semver().pre.as_str() == lowest);
    let mover = Mover {
        kind,
        comparators,
        from: numbers(from),
        to: numbers(to),
        spelled: spelled(kind, to)?,
        of_lowest,
    };
    for precision in [Precision::Kept, Precision::Whole, Precision::WholeBounds] {
        let edits = comparators
            .iter()
            .filter_map(|comparator| mover.edit(comparator, precision))
            .collect();
        let text = splice(requirement, edits)?;
        // Written anew it might be something that the tool does not read; that is no better than to be turned down.
        if admits(kind, &text, to).unwrap_or(false) {
            return Ok(text);
        }
    }
    let excludes = comparators
        .iter()
        .any(|comparator| matches!(comparator.op, Op::NotEqual | Op::Greater));
    Err(immovable(if excludes {
        "what it turns down by `!=` or `>` stays so"
    } else {
        "no requirement of the same shape admits it"
    }))
}

/// Why a comparator can be moved by nobody but its author.
fn unmoved(kind: RequirementKind, requirement: &str, comparator: &Comparator) -> Option<String> {
    if kind.is_semver() || matches!(comparator.op, Op::NotEqual | Op::Greater) {
        return None;
    }
    let written = &requirement[comparator.version.clone()];
    let part = match comparator.suffix.as_str() {
        suffix if suffix.starts_with('!') => "an epoch",
        suffix if suffix.contains('+') => "a local part",
        _ => return None,
    };
    Some(format!("`{written}` has {part}, which no version here has"))
}

fn numbers(version: &Version) -> [u64; 3] {
    let version = version.as_semver();
    [version.major, version.minor, version.patch]
}

/// The version as the requirement's tool spells it, without build metadata, which no tool compares.
fn spelled(kind: RequirementKind, version: &Version) -> Result<String, EditError> {
    let spelling = if kind.is_semver() {
        Spelling::SemVer
    } else {
        Spelling::Pep440
    };
    let spelled = spelling
        .spell(version)
        .map_err(|error| EditError::Unreadable {
            key: format!("the {spelling} spelling of {version}"),
            why: error.to_string(),
            line: None,
        })?;
    Ok(spelled.split('+').next().unwrap_or_default().to_owned())
}

struct Mover<'r> {
    kind: RequirementKind,
    comparators: &'r [Comparator],
    from: [u64; 3],
    to: [u64; 3],
    /// The new version in full.
    spelled: String,
    /// Whether the old or the new version is itself the lowest prerelease of its numbers.
    of_lowest: bool,
}

impl Mover<'_> {
    /// What a comparator becomes; nothing, if it stays.
    fn edit(
        &self,
        comparator: &Comparator,
        precision: Precision,
    ) -> Option<(Range<usize>, String)> {
        if comparator.numbers.is_empty() {
            return None;
        }
        match comparator.op {
            Op::NotEqual | Op::Greater => None,
            Op::Less => self.bound(comparator, precision),
            Op::LessEqual
                if trimmed(&comparator.numbers)
                    != trimmed(&self.from[..comparator.numbers.len().min(3)]) =>
            {
                None
            }
            _ => Some(self.floor(comparator, precision)),
        }
    }

    fn floor(&self, comparator: &Comparator, precision: Precision) -> (Range<usize>, String) {
        let written = comparator.numbers.len();
        let kept = dotted(&(0..written).map(|at| self.number(at)).collect::<Vec<_>>());
        if comparator.wildcards > 0 {
            return (comparator.digits.clone(), kept);
        }
        let kept = if self.opens(comparator) && precision == Precision::Kept {
            kept + &comparator.suffix
        } else {
            kept
        };
        let text = match comparator.op {
            // Compared by its letters, it has to be the whole version.
            Op::Identical => self.spelled.clone(),
            // A bound that says the version itself goes on doing so.
            Op::LessEqual if written == 3 || !comparator.suffix.is_empty() => self.spelled.clone(),
            _ if precision == Precision::Kept || self.is_prefix(comparator) => kept,
            // How precise it is decides what it admits, and so the prerelease follows the same numbers.
            Op::Compatible => kept + self.prerelease(),
            _ if written > 3 => kept + self.prerelease(),
            _ => self.spelled.clone(),
        };
        (comparator.version.clone(), text)
    }

    /// Whether a floor ends in the lowest prerelease there is, which lets all of them in (`>=0.3.0-0`) and stays so,
    /// unless such a version is what it means.
    fn opens(&self, comparator: &Comparator) -> bool {
        let lowest = if self.kind.is_semver() { "-0" } else { ".dev0" };
        comparator.suffix == lowest && !self.of_lowest
    }

    /// An upper bound, moved by its distance.
    fn bound(
        &self,
        comparator: &Comparator,
        precision: Precision,
    ) -> Option<(Range<usize>, String)> {
        let bound = &comparator.numbers;
        let floors = self
            .comparators
            .iter()
            .filter(|other| !matches!(other.op, Op::Less | Op::LessEqual | Op::NotEqual));
        let bases = [self.from.to_vec()]
            .into_iter()
            .chain(floors.map(|floor| floor.numbers.clone()));
        let moved = bases
            .into_iter()
            .find_map(|base| self.distant(bound, &base));
        if precision == Precision::WholeBounds
            && self.kind == RequirementKind::Chart
            && !self.prerelease().is_empty()
        {
            let mut whole = moved.unwrap_or_else(|| bound.clone());
            whole.resize(3, 0);
            return Some((comparator.version.clone(), format!("{}-0", dotted(&whole))));
        }
        moved.map(|moved| (comparator.digits.clone(), dotted(&moved)))
    }

    /// The bound as far above the new version as it is above `base`, if it is, and by one number.
    fn distant(&self, bound: &[u64], base: &[u64]) -> Option<Vec<u64>> {
        let of = |at: usize| base.get(at).copied().unwrap_or(0);
        let at = (0..bound.len()).find(|&at| bound[at] != of(at))?;
        let distance = bound[at].checked_sub(of(at))?;
        let above = self.number(at).checked_add(distance)?;
        let rest = &bound[at + 1..];
        let same = (0..at).map(|at| self.number(at));
        rest.iter()
            .all(|&number| number == 0)
            .then(|| same.chain([above]).chain(rest.iter().copied()).collect())
    }

    fn number(&self, at: usize) -> u64 {
        self.to.get(at).copied().unwrap_or(0)
    }

    /// What the new version's spelling has behind its numbers: `-rc.1`, `rc1`, or nothing.
    fn prerelease(&self) -> &str {
        &self.spelled[dotted(&self.to).len()..]
    }

    /// Whether fewer numbers mean every version that begins with them, so that more would mean something else.
    fn is_prefix(&self, comparator: &Comparator) -> bool {
        let by_equality = match self.kind {
            RequirementKind::Cargo => matches!(comparator.op, Op::Equal | Op::LessEqual),
            RequirementKind::Npm | RequirementKind::Chart => {
                matches!(comparator.op, Op::Bare | Op::Equal | Op::LessEqual)
            }
            RequirementKind::Python | RequirementKind::Poetry => false,
        };
        by_equality && comparator.numbers.len() < 3
    }
}

/// Numbers without the zeros at their end, which say nothing.
fn trimmed(numbers: &[u64]) -> &[u64] {
    let end = numbers
        .iter()
        .rposition(|&number| number != 0)
        .map_or(0, |at| at + 1);
    &numbers[..end]
}

#[cfg(test)]
mod tests;
