//! The table of a pack: where in it an object stands (version 2 of the format, ids of 20 bytes).
//!
//! What is not whole, or of another version, is none: whoever asked asks libgit2 then, which knows what is wrong with it.

use crate::trees::Id;

const MAGIC: &[u8] = b"\xfftOc\0\0\0\x02";
/// Bytes before the ids: the beginning, and for each first byte the number of ids up to it.
const HEAD: usize = 8 + 256 * 4;
const ID: usize = 20;
/// Sums of an id, of a pack and of the table itself.
const SUM: usize = 4;
const TRAILER: usize = 2 * ID;
/// An offset with this bit is the place of a longer one.
const IS_LONG: u32 = 1 << 31;

/// A table, held whole.
#[derive(Debug)]
pub struct PackIndex {
    bytes: Vec<u8>,
    count: usize,
}

impl PackIndex {
    /// `None` for what is no whole table of this form.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        if !bytes.starts_with(MAGIC) || bytes.len() < HEAD + TRAILER {
            return None;
        }
        let index = Self { count: word(&bytes, HEAD - 4)? as usize, bytes };
        let least = HEAD + index.count.checked_mul(ID + SUM + 4)? + TRAILER;
        // Long offsets follow where a pack has any, at most one an object. A table of longer ids is longer than that.
        let long = index.bytes.len().checked_sub(least)?;
        let is_sorted = (1..256).all(|first| index.up_to(first - 1) <= index.up_to(first));
        (long % 8 == 0 && long / 8 <= index.count && is_sorted).then_some(index)
    }

    /// How many objects the pack has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where in the pack the object begins; `None` when the pack does not have it.
    pub fn find(&self, id: &Id) -> Option<u64> {
        let first = usize::from(id[0]);
        let mut low = if first == 0 { 0 } else { self.up_to(first - 1) };
        let mut high = self.up_to(first);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.id(middle)?.cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    /// How many ids begin with this byte or a lower one.
    fn up_to(&self, first: usize) -> usize {
        word(&self.bytes, 8 + first * 4).map_or(0, |count| count as usize)
    }

    fn id(&self, place: usize) -> Option<&Id> {
        self.bytes.get(HEAD + place * ID..)?.first_chunk()
    }

    fn offset(&self, place: usize) -> Option<u64> {
        let offsets = HEAD + self.count * (ID + SUM);
        let short = word(&self.bytes, offsets + place * 4)?;
        if short & IS_LONG == 0 {
            return Some(u64::from(short));
        }
        let long = offsets + self.count * 4 + (short & !IS_LONG) as usize * 8;
        // What stands behind the long ones is no offset.
        if long + 8 > self.bytes.len() - TRAILER {
            return None;
        }
        self.bytes.get(long..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
