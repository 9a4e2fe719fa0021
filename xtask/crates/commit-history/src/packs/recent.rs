//! What was used of late, within a bound of bytes: two generations, of which the older one goes when the younger one is full.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// Contents by number, each with a label.
pub(crate) struct Recent<L> {
    young: Generation<L>,
    old: Generation<L>,
    /// Bytes of the younger generation, and how many it may have.
    held: usize,
    bound: usize,
}

type Generation<L> = HashMap<u64, (L, Rc<Vec<u8>>), BuildHasherDefault<NumberHasher>>;

impl<L: Copy> Recent<L> {
    /// Holds no more than so many bytes, unless a single content is larger.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
            held: 0,
            bound: bytes / 2,
        }
    }

    pub(crate) fn get(&mut self, key: u64) -> Option<(L, Rc<Vec<u8>>)> {
        if let Some((label, content)) = self.young.get(&key) {
            return Some((*label, Rc::clone(content)));
        }
        let (label, content) = self.old.remove(&key)?;
        self.insert(key, label, &content);
        Some((label, content))
    }

    pub(crate) fn insert(&mut self, key: u64, label: L, content: &Rc<Vec<u8>>) {
        if self.held + content.len() > self.bound {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        self.held += content.len();
        self.young.insert(key, (label, Rc::clone(content)));
    }
}

/// Spreads numbers that lie near each other.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_stays_and_the_rest_goes() {
        let mut recent = Recent::new(40);
        let content = |byte| Rc::new(vec![byte; 10]);
        recent.insert(1, 'x', &content(1));
        for key in 2..20 {
            recent.insert(key, 'y', &content(2));
            assert_eq!(recent.get(1), Some(('x', content(1))), "{key}");
            assert!((recent.young.len() + recent.old.len()) * 10 <= 40);
        }
        assert!(recent.get(2).is_none());
        recent.insert(99, 'z', &Rc::new(vec![0; 1000]));
        assert!(
            recent.get(99).is_some(),
            "one that is larger than all is held alone"
        );
    }
}
