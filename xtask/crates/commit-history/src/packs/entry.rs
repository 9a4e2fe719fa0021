//! Entries of packs, as their bytes say it: what one is, what it is built on, and how a difference is applied.
//!
//! Nothing here reads a file or inflates. Whatever is not as the format has it is none, and never read beyond its end.

use super::{Kind, LARGEST};
use crate::raw_trees::Id;

/// What stands before the compressed bytes of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub what: What,
    /// Bytes of the content when it is inflated.
    pub size: usize,
    /// Bytes of the head itself.
    pub length: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    Whole(Kind),
    /// A difference to the entry that begins so many bytes before this one.
    ToEarlier(u64),
    ToObject(Id),
}

/// Bytes that hold any head.
pub(crate) const LONGEST_HEAD: usize = 32;

impl Head {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut byte = *bytes.first()?;
        let kind = byte >> 4 & 7;
        let mut size = u64::from(byte & 15);
        let mut shift = 4;
        let mut length = 1;
        while byte & 0x80 != 0 {
            byte = *bytes.get(length)?;
            // Nothing that is read here is anywhere near so large.
            if shift > 32 {
                return None;
            }
            size |= u64::from(byte & 0x7f) << shift;
            (shift, length) = (shift + 7, length + 1);
        }
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
        let what = match kind {
            1 => What::Whole(Kind::Commit),
            2 => What::Whole(Kind::Tree),
            3 => What::Whole(Kind::Blob),
            4 => What::Whole(Kind::Tag),
            6 => {
                let (back, taken) = distance(&bytes[length..])?;
                length += taken;
                What::ToEarlier(back)
            }
            7 => {
                let id = bytes.get(length..)?.first_chunk()?;
                length += id.len();
                What::ToObject(*id)
            }
            _ => return None,
        };
        Some(Self { what, size, length })
    }
}

/// How far back an entry stands, and the bytes that say so. Each further byte means one more than it says.
fn distance(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut taken = 0;
    loop {
        let byte = *bytes.get(taken)?;
        value = value
            .checked_mul(128)?
            .checked_add(u64::from(byte & 0x7f))?;
        taken += 1;
        if byte & 0x80 == 0 {
            return Some((value, taken));
        }
        value += 1;
    }
}

/// A number of as many bytes as it needs, the lowest first, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

/// What a difference makes of what it was made for.
pub(crate) fn applied(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let (from, rest) = number(delta)?;
    let (size, mut rest) = number(rest)?;
    if from != base.len() || size > LARGEST {
        return None;
    }
    let mut out = Vec::with_capacity(size);
    while let Some((order, after)) = rest.split_first() {
        rest = after;
        let piece = if order & 0x80 == 0 {
            let (piece, after) = rest.split_at_checked(usize::from(*order))?;
            rest = after;
            // No order at all is kept for later versions of the format.
            (!piece.is_empty()).then_some(piece)?
        } else {
            let mut values = [0usize; 7];
            for (bit, value) in values
                .iter_mut()
                .enumerate()
                .filter(|(bit, _)| order & 1 << bit != 0)
            {
                let (byte, after) = rest.split_first()?;
                *value = usize::from(*byte) << (8 * (bit % 4));
                rest = after;
            }
            let start: usize = values[..4].iter().sum();
            let length = match values[4..].iter().sum() {
                0 => 0x1_0000,
                length => length,
            };
            base.get(start..start.checked_add(length)?)?
        };
        if out.len() + piece.len() > size {
            return None;
        }
        out.extend_from_slice(piece);
    }
    (out.len() == size).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_and_never_beyond_their_end() {
        let whole = |kind, size, length| {
            Some(Head {
                what: What::Whole(kind),
                size,
                length,
            })
        };
        assert_eq!(Head::read(&[0x15]), whole(Kind::Commit, 5, 1));
        assert_eq!(Head::read(&[0xaf, 0x01]), whole(Kind::Tree, 31, 2));
        let back = |back, length| {
            Some(Head {
                what: What::ToEarlier(back),
                size: 0,
                length,
            })
        };
        assert_eq!(Head::read(&[0x60, 0x7f]), back(127, 2));
        assert_eq!(
            Head::read(&[0x60, 0x80, 0x00]),
            back(128, 3),
            "a second byte goes on where one ends"
        );
        let id = [9; 20];
        assert_eq!(
            Head::read(&[&[0x70], &id[..]].concat()),
            Some(Head {
                what: What::ToObject(id),
                size: 0,
                length: 21
            })
        );
        for cut in [
            &[][..],
            &[0x80 | 0x15],
            &[0x60],
            &[0x60, 0x80],
            &[0x70, 1, 2],
            &[0x00],
            &[0x50],
        ] {
            assert_eq!(Head::read(cut), None, "{cut:?}");
        }
        assert_eq!(
            Head::read(&[0x9f, 0xff, 0xff, 0xff, 0x7f]),
            None,
            "larger than what is read here"
        );
        assert_eq!(Head::read(&[0xff; 32]), None);
    }

    #[test]
    fn a_difference_copies_and_inserts() {
        let base = b"0123456789";
        // 10 bytes to 8: four from the third on, then two of its own, then the first two.
        let delta = [10, 8, 0x91, 2, 4, 2, b'x', b'y', 0x90, 2];
        assert_eq!(applied(base, &delta).as_deref(), Some(&b"2345xy01"[..]));
        for cut in 0..delta.len() {
            assert_eq!(applied(base, &delta[..cut]), None, "{cut}");
        }
        let long = vec![7; 0x1_0000];
        let same = [0x80, 0x80, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(
            applied(&long, &same),
            Some(long),
            "no length is the longest"
        );
    }

    #[test]
    fn a_difference_that_lies_is_none() {
        let base = b"0123456789";
        for (delta, why) in [
            (&[9, 2, 0x90, 2][..], "for another length"),
            (&[10, 2, 0x91, 9, 2], "from beyond the end"),
            (&[10, 1, 0x90, 2], "more than it says"),
            (&[10, 3, 0x90, 2], "less than it says"),
            (&[10, 1, 0], "no order"),
            (&[10, 2, 0x9f, 0xff, 0xff, 0xff, 0xff, 2], "from far beyond"),
            (
                &[10, 0xff, 0xff, 0xff, 0xff, 0x7f],
                "larger than what is read here",
            ),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                "a number without an end",
            ),
        ] {
            assert_eq!(applied(base, delta), None, "{why}");
        }
    }
}
