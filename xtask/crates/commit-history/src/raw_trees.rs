//! Raw tree objects walked side by side, so that entries which are the same bytes cost one comparison.
//!
//! Nothing here reads an object or knows a project.

use std::cmp::Ordering;
use std::ffi::CStr;

const TREE: u32 = 0o040_000;
/// Bytes of an id in a raw tree.
const ID: usize = 20;

/// The hash of an object.
pub type Id = [u8; ID];

/// What stands under a name: its kind, as git tells kinds apart, and the id of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    mode: u32,
    pub id: Id,
}

impl Entry {
    pub fn tree(id: Id) -> Self {
        Self { mode: TREE, id }
    }

    pub fn is_tree(self) -> bool {
        self.mode == TREE
    }
}

/// A name under which two trees hold different things.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub name: Vec<u8>,
    pub old: Option<Entry>,
    pub new: Option<Entry>,
}

/// Walks two raw trees side by side; `None` when one of them is no tree.
pub fn differences(mut old: &[u8], mut new: &[u8]) -> Option<Vec<Difference>> {
    let mut found = Vec::new();
    while old != new {
        let same = same_entries(old, new);
        (old, new) = (&old[same..], &new[same..]);
        let mut left = first(old)?;
        let mut right = first(new)?;
        if let (Some(one), Some(two)) = (&left, &right) {
            match one.order(two) {
                Ordering::Less => right = None,
                Ordering::Greater => left = None,
                Ordering::Equal => {}
            }
        }
        old = &old[left.as_ref().map_or(0, |raw| raw.length)..];
        new = &new[right.as_ref().map_or(0, |raw| raw.length)..];
        let name = left
            .as_ref()
            .or(right.as_ref())
            .map(|raw| raw.name.to_owned())?;
        let was = left.map(|raw| raw.entry);
        let is = right.map(|raw| raw.entry);
        if was != is {
            found.push(Difference {
                name,
                old: was,
                new: is,
            });
        }
    }
    Some(found)
}

/// How many bytes the entries take that both trees, which differ, begin with.
///
/// Where they part is found by halving, so that entries before it are stepped over and not compared.
fn same_entries(old: &[u8], new: &[u8]) -> usize {
    let mut same = 0;
    let mut end = old.len().min(new.len());
    while end > same {
        let middle = end - (end - same) / 2;
        if old[same..middle] == new[same..middle] {
            same = middle
        } else {
            end = middle - 1
        }
    }
    let mut entries = 0;
    while let Some(length) = length_of_first(&old[entries..])
        && entries + length <= same
    {
        entries += length;
    }
    entries
}

/// One entry of a raw tree: `<mode in octal> <name>\0<id>`.
struct RawEntry<'t> {
    /// In bytes, with the id.
    length: usize,
    name: &'t [u8],
    entry: Entry,
}

impl RawEntry<'_> {
    /// Git sorts the name of a tree as if a slash stood behind it.
    fn order(&self, other: &Self) -> Ordering {
        if self.name == other.name {
            return self.entry.is_tree().cmp(&other.entry.is_tree());
        }
        let spelled = |raw: &Self| {
            raw.name
                .iter()
                .copied()
                .chain(raw.entry.is_tree().then_some(b'/'))
                .collect::<Vec<_>>()
        };
        spelled(self).cmp(&spelled(other))
    }
}

fn length_of_first(tree: &[u8]) -> Option<usize> {
    let length = CStr::from_bytes_until_nul(tree).ok()?.count_bytes() + 1 + ID;
    if length <= tree.len() {
        Some(length)
    } else {
        None
    }
}

/// The first entry; `None` inside for an empty tree, and outside for what is no tree.
fn first(tree: &[u8]) -> Option<Option<RawEntry<'_>>> {
    if tree.is_empty() {
        return Some(None);
    }
    let length = length_of_first(tree)?;
    let (head, id) = tree[..length].split_at(length - ID);
    let (mode, name) = match head {
        // Nearly every entry, and read without looking at each digit.
        [b'4', b'0', b'0', b'0', b'0', b' ', name @ ..] => (TREE, name),
        [b'1', b'0', b'0', b'6', b'4', b'4', b' ', name @ ..] => (0o100_644, name),
        _ => {
            let blank = head.iter().take(7).position(|byte| *byte == b' ')?;
            let mode = head[..blank].iter().try_fold(0, |mode, digit| {
                Some(mode * 8 + char::from(*digit).to_digit(8)?)
            })?;
            (mode, &head[blank + 1..])
        }
    };
    let entry = Entry {
        mode: canonical(mode),
        id: id.try_into().ok()?,
    };
    Some(Some(RawEntry {
        length,
        name: &name[..name.len() - 1],
        entry,
    }))
}

/// Old commits hold modes that git itself no longer tells apart.
fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        0o100_000 if mode & 0o100 == 0 => 0o100_644,
        0o100_000 => 0o100_755,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        entries
            .iter()
            .flat_map(|(mode, name, id)| {
                [format!("{mode} {name}\0").as_bytes(), &[*id; ID]].concat()
            })
            .collect()
    }

    fn names(old: &[(&str, &str, u8)], new: &[(&str, &str, u8)]) -> Vec<(String, bool, bool)> {
        let found = differences(&raw(old), &raw(new)).unwrap();
        found
            .into_iter()
            .map(|it| {
                (
                    String::from_utf8(it.name).unwrap(),
                    it.old.is_some(),
                    it.new.is_some(),
                )
            })
            .collect()
    }

    #[test]
    fn what_differs_is_told_by_name() {
        let file = "100644";
        let a = (file, "a", 1);
        let b = ("40000", "b", 2);
        assert_eq!(names(&[a, b], &[a, b]), []);
        assert_eq!(names(&[a, b], &[a]), [("b".into(), true, false)]);
        assert_eq!(names(&[], &[a]), [("a".into(), false, true)]);
        assert_eq!(
            names(&[a, b], &[(file, "a", 3), b]),
            [("a".into(), true, true)]
        );
        assert_eq!(
            names(&[(file, "a", 0), b], &[("100755", "a", 0), b]),
            [("a".into(), true, true)],
            "a mode is a change"
        );
        assert_eq!(
            names(&[(file, "a", 0)], &[("100664", "a", 0)]),
            [],
            "but not one that git does not tell apart"
        );
    }

    #[test]
    fn a_tree_stands_where_its_slash_puts_it() {
        // As a file `a` comes before `a.b`, as a tree behind it.
        let before = [("100644", "a", 1), ("100644", "a.b", 2)];
        let after = [("100644", "a.b", 2), ("40000", "a", 1)];
        assert_eq!(
            names(&before, &after),
            [("a".into(), true, false), ("a".into(), false, true)]
        );
        assert_eq!(
            names(&after, &before),
            [("a".into(), false, true), ("a".into(), true, false)]
        );
    }

    #[test]
    fn a_damaged_tree_is_none() {
        let tree = raw(&[("100644", "a", 1), ("40000", "b", 2)]);
        let whole_entry = raw(&[("100644", "a", 1)]).len();
        for cut in (1..tree.len()).filter(|cut| *cut != whole_entry) {
            assert!(differences(&tree[..cut], &[]).is_none(), "{cut}");
            assert!(differences(&tree[..cut], &tree).is_none(), "{cut}");
        }
        assert!(differences(b"644a\0aaaaaaaaaaaaaaaaaaaaa", b"").is_none());
        assert!(differences(b"", b"9 a\0aaaaaaaaaaaaaaaaaaaa").is_none());
    }
}
