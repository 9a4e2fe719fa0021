//! Raw commit objects, of which only the links and the message are wanted. Who made them and when is stepped over.

use crate::raw_trees::Id;

/// What a walk wants of a commit.
#[derive(Debug, PartialEq, Eq)]
pub struct RawCommit<'b> {
    pub tree: Id,
    /// `None` for a first commit.
    pub parent: Option<Id>,
    /// Whether it has more than one parent.
    pub is_merge: bool,
    /// As it was written, in whatever encoding.
    pub message: &'b [u8],
}

impl<'b> RawCommit<'b> {
    /// `None` for what is no commit.
    pub fn read(object: &'b [u8]) -> Option<Self> {
        let (tree, mut rest) = line(object, b"tree ")?;
        let mut parents = Vec::with_capacity(1);
        while let Some((parent, after)) = line(rest, b"parent ") {
            parents.push(parent);
            rest = after;
        }
        if !rest.starts_with(b"author ") {
            return None;
        }
        // Signatures stand in the header too, but their blank lines begin with a space.
        let end = rest
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .map_or(rest.len(), |at| at + 2);
        Some(Self {
            tree,
            parent: parents.first().copied(),
            is_merge: parents.len() > 1,
            message: &rest[end..],
        })
    }
}

/// An id as it is written, in lower case.
pub fn hex(id: &Id) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    id.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The id on the line of that name, and what follows on it.
fn line<'b>(bytes: &'b [u8], name: &[u8]) -> Option<(Id, &'b [u8])> {
    let (hex, rest) = bytes.strip_prefix(name)?.split_at_checked(40)?;
    let rest = rest.strip_prefix(b"\n")?;
    let mut id = [0; 20];
    for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_message_are_read_and_the_rest_is_not() {
        let a = "0a".repeat(20);
        let b = "FF".repeat(20);
        let raw = format!(
            "tree {a}\nparent {b}\nparent {a}\nauthor A <a> 1 +0000\ngpgsig x\n \n y\n\nfeat: x\n\nbody"
        );
        let read = RawCommit::read(raw.as_bytes()).unwrap();
        assert_eq!(
            (read.tree, read.parent, read.is_merge),
            ([10; 20], Some([255; 20]), true)
        );
        assert_eq!(read.message, b"feat: x\n\nbody");
        assert_eq!(hex(&read.tree), a);
        let first = format!("tree {a}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n");
        let read = RawCommit::read(first.as_bytes()).unwrap();
        assert_eq!(
            (read.parent, read.is_merge, read.message),
            (None, false, &b""[..])
        );
    }

    #[test]
    fn what_is_no_commit_is_none() {
        let a = "0a".repeat(20);
        for raw in [
            "",
            "tree ",
            "tree 0a\nauthor ",
            &format!("tree {}\nauthor A", "0g".repeat(20)),
            &format!("tree {a}\n"),
            &format!("tree {a}x\nauthor A"),
        ] {
            assert_eq!(RawCommit::read(raw.as_bytes()), None, "{raw}");
        }
    }
}
