//! Objects out of packs. What libgit2 does as well, and for a history of small objects at three times the cost: it locks, copies
//! and sets an inflater up for each.
//!
//! Only what is plain is read. What is unusual, damaged or not here is `None`, and left to libgit2, which reads it or says what
//! is wrong. Files are read by whoever made the [`Source`]s; nothing here opens one.

mod entry;
pub mod index;
mod recent;

use std::rc::Rc;
use std::sync::Arc;

use libdeflater::Decompressor;

use crate::raw_trees::Id;
use entry::{Head, LONGEST_HEAD, What, applied};
use index::PackIndex;
use recent::Recent;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// The bytes of a pack.
pub trait Source {
    /// As many bytes from there on, fewer where the file ends before; `None` when it cannot be read.
    fn read(&mut self, at: u64, most: usize) -> Option<Vec<u8>>;
}

/// Bytes of the largest object that is read here.
pub(crate) const LARGEST: usize = 32 << 20;
/// Differences that are built on each other; git makes no more than some fifty.
const DEEPEST: usize = 4096;

/// Packs are read by pieces of so many bytes, each with some of the next one, so that few entries lie across two.
const PIECE: u64 = 16 << 10;
const OVERLAP: usize = 4 << 10;
/// Bytes that are held of pieces, and of objects that others may be built on.
const HELD_PIECES: usize = 12 << 20;
const HELD_OBJECTS: usize = 12 << 20;
/// Bytes of a pack that can be told apart from those of another.
const SPAN: u32 = 44;

/// Packs that are open.
pub struct Packs {
    packs: Vec<(Arc<PackIndex>, Box<dyn Source>)>,
    /// Where the last object was found: the next one is there as well.
    last: usize,
    pieces: Recent<()>,
    objects: Recent<Kind>,
    inflater: Decompressor,
}

impl Packs {
    pub fn new(packs: Vec<(Arc<PackIndex>, Box<dyn Source>)>) -> Self {
        let pieces = Recent::new(HELD_PIECES);
        let objects = Recent::new(HELD_OBJECTS);
        Self {
            packs,
            last: 0,
            pieces,
            objects,
            inflater: Decompressor::new(),
        }
    }

    /// The content of an object of that kind.
    pub fn read(&mut self, id: &Id, wanted: Kind) -> Option<Rc<Vec<u8>>> {
        let (pack, offset) = self.place(id)?;
        let (kind, content) = self.content(pack, offset)?;
        (kind == wanted).then_some(content)
    }

    fn place(&mut self, id: &Id) -> Option<(usize, u64)> {
        if let Some(offset) = self.packs.get(self.last)?.0.find(id) {
            return Some((self.last, offset));
        }
        let (pack, offset) = self
            .packs
            .iter()
            .enumerate()
            .find_map(|(pack, (index, _))| Some((pack, index.find(id)?)))?;
        self.last = pack;
        Some((pack, offset))
    }

    /// Goes down to what an entry is built on, and from there up again.
    fn content(&mut self, pack: usize, offset: u64) -> Option<(Kind, Rc<Vec<u8>>)> {
        let mut at = offset;
        let mut deltas = Vec::new();
        let mut held = 0;
        let (kind, mut content) = loop {
            let key = key(pack, at)?;
            if let Some(found) = self.objects.get(key) {
                break found;
            }
            let (what, bytes) = self.entry(pack, at)?;
            held += bytes.len();
            if deltas.len() > DEEPEST || held > LARGEST {
                return None;
            }
            let below = match what {
                What::Whole(kind) => {
                    let content = Rc::new(bytes);
                    // Commits are seldom built on, and are each asked for once.
                    if kind != Kind::Commit || !deltas.is_empty() {
                        self.objects.insert(key, kind, &content);
                    }
                    break (kind, content);
                }
                What::ToEarlier(back) => at.checked_sub(back).filter(|below| *below < at)?,
                What::ToObject(base) => self.packs.get(pack)?.0.find(&base)?,
            };
            deltas.push((key, bytes));
            at = below;
        };
        for (key, delta) in deltas.iter().rev() {
            content = Rc::new(applied(&content, delta)?);
            self.objects.insert(*key, kind, &content);
        }
        Some((kind, content))
    }

    /// What an entry is, and its bytes inflated.
    fn entry(&mut self, pack: usize, offset: u64) -> Option<(What, Vec<u8>)> {
        let (piece, start) = self.piece(pack, offset, LONGEST_HEAD)?;
        let head = Head::read(piece.get(start..)?)?;
        // How long it is compressed stands nowhere. What deflate makes longer than this is unusual.
        let most = head.size + head.size / 512 + 64;
        let (piece, start) = match start + head.length + most <= piece.len() {
            true => (piece, start),
            false => self.piece(pack, offset, head.length + most)?,
        };
        let mut bytes = vec![0; head.size];
        // Sums of what is inflated are compared there.
        let size = self
            .inflater
            .zlib_decompress(piece.get(start + head.length..)?, &mut bytes)
            .ok()?;
        (size == head.size).then_some((head.what, bytes))
    }

    /// Bytes of a pack that hold so many from `offset` on, unless it ends before, and where among them those begin.
    fn piece(&mut self, pack: usize, offset: u64, most: usize) -> Option<(Rc<Vec<u8>>, usize)> {
        let source = &mut self.packs.get_mut(pack)?.1;
        let start = usize::try_from(offset % PIECE).ok()?;
        if start + most > PIECE as usize + OVERLAP {
            return Some((Rc::new(source.read(offset, most)?), 0));
        }
        let first = offset - offset % PIECE;
        let key = key(pack, first)?;
        if let Some(((), piece)) = self.pieces.get(key) {
            return Some((piece, start));
        }
        let piece = Rc::new(source.read(first, PIECE as usize + OVERLAP)?);
        self.pieces.insert(key, (), &piece);
        Some((piece, start))
    }
}

/// A number for a place in a pack.
fn key(pack: usize, offset: u64) -> Option<u64> {
    let pack = u64::try_from(pack)
        .ok()
        .filter(|pack| *pack < 1 << (64 - SPAN))?;
    (offset < 1 << SPAN).then_some(pack << SPAN | offset)
}
