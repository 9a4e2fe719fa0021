//! The table of a pack: where in it an object stands (version 2 of the format, ids of 20 bytes).
//!
//! What is not whole, or of another version, is none: whoever asked asks libgit2 then, which knows what is wrong with it.

use std::cmp::Ordering;

use crate::raw_trees::Id;

const MAGIC: &[u8] = b"\xfftOc\0\0\0\x02";
/// Bytes before the ids: the beginning, and for each first byte the number of ids up to it.
const HEAD: usize = 8 + 256 * 4;
const ID: usize = 20;
/// Sums of an id, of a pack and of the table itself.
const SUM: usize = 4;
const TRAILER: usize = 2 * ID;
/// Objects of a table that is read here; places are reckoned in 64 bits, by 2³².
const MOST: usize = 1 << 30;
/// Looks that trust in ids being spread evenly.
const LOOKS: usize = 8;
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
        let index = Self {
            count: word(&bytes, HEAD - 4)? as usize,
            bytes,
        };
        let least = HEAD
            + index
                .count
                .checked_mul(ID + SUM + 4)
                .filter(|_| index.count <= MOST)?
            + TRAILER;
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
        let low = if first == 0 { 0 } else { self.up_to(first - 1) };
        let high = self.up_to(first);
        // Ids are spread evenly: what an id says of its place is off by a few, and each look brings the next one nearer.
        let apart =
            |one: &Id, other: &Id| ((spread(one) - spread(other)) * (high - low) as i64) >> 32;
        let mut look = low + usize::try_from(apart(id, &[0; ID])).ok()?;
        let mut low = low;
        let mut high = high;
        for looks in 0.. {
            if low >= high {
                break;
            }
            let here = self.id(look)?;
            match order(here, id) {
                Ordering::Less => low = look + 1,
                Ordering::Greater => high = look,
                Ordering::Equal => return self.offset(look),
            }
            let next = look as i64 + apart(id, here);
            // Ids that somebody has chosen are found by halves.
            look = match usize::try_from(next) {
                Ok(next) if looks < LOOKS => next.clamp(low, low.max(high.saturating_sub(1))),
                _ => low + high.saturating_sub(low) / 2,
            };
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
        self.bytes
            .get(long..)?
            .first_chunk()
            .map(|bytes| u64::from_be_bytes(*bytes))
    }
}

/// Where an id stands among those that begin with the same byte, of 2³² places.
fn spread(id: &Id) -> i64 {
    i64::from(u32::from_be_bytes([id[1], id[2], id[3], id[4]]))
}

/// As the bytes are ordered. Nearly always the first eight tell, and they are compared as one number.
fn order(one: &Id, other: &Id) -> Ordering {
    let start = |id: &Id| id.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    start(one).cmp(&start(other)).then_with(|| one.cmp(other))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of these ids, whose offsets are their places, and the last of them a long one.
    fn table(ids: &[Id]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for first in 0..=255u8 {
            bytes.extend((ids.iter().filter(|id| id[0] <= first).count() as u32).to_be_bytes());
        }
        bytes.extend(ids.concat());
        bytes.extend(vec![0; ids.len() * SUM]);
        for place in 0..ids.len() {
            let offset = if place + 1 == ids.len() {
                IS_LONG
            } else {
                place as u32
            };
            bytes.extend(offset.to_be_bytes());
        }
        if !ids.is_empty() {
            bytes.extend((1u64 << 40).to_be_bytes());
        }
        bytes.extend([0; TRAILER]);
        bytes
    }

    fn spread_ids(count: u64, first: impl Fn(u64) -> u8) -> Vec<Id> {
        let mut ids: Vec<Id> = (0..count)
            .map(|number| {
                let mut id = [0; ID];
                id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
                id[0] = first(number);
                id
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        let even = spread_ids(5000, |number| number as u8);
        let chosen: Vec<Id> = (0..3000u16)
            .map(|number| {
                [&[7; 18][..], &number.to_be_bytes()]
                    .concat()
                    .try_into()
                    .unwrap()
            })
            .collect();
        for ids in [
            even,
            chosen,
            spread_ids(1, |_| 255),
            spread_ids(40, |_| 0),
            Vec::new(),
        ] {
            let index = PackIndex::read(table(&ids)).unwrap();
            assert_eq!(index.count(), ids.len());
            for (place, id) in ids.iter().enumerate() {
                let expected = if place + 1 == ids.len() {
                    1 << 40
                } else {
                    place as u64
                };
                assert_eq!(index.find(id), Some(expected), "{id:?}");
                let mut beside = *id;
                beside[19] ^= 0x80;
                assert_eq!(
                    index.find(&beside).is_some(),
                    ids.binary_search(&beside).is_ok()
                );
            }
            for other in [[0; ID], [255; ID], [7; ID]] {
                assert_eq!(
                    index.find(&other).is_some(),
                    ids.binary_search(&other).is_ok()
                );
            }
        }
    }

    #[test]
    fn what_is_no_whole_table_is_none() {
        let whole = table(&spread_ids(20, |number| number as u8));
        for cut in 0..whole.len() {
            assert!(
                PackIndex::read(whole[..cut].to_vec())
                    .is_none_or(|index| index.count() != 20 || cut + 8 == whole.len()),
                "{cut}"
            );
        }
        for (at, byte) in [(0, 0), (7, 1), (8, 9), (HEAD - 4, 1)] {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            assert!(PackIndex::read(damaged).is_none(), "{at}");
        }
        // Without its long offsets, one that points at them points nowhere.
        let short =
            PackIndex::read([&whole[..whole.len() - 8 - TRAILER], &[0; TRAILER]].concat()).unwrap();
        let last = *spread_ids(20, |number| number as u8).last().unwrap();
        assert_eq!(short.find(&last), None);
    }
}
