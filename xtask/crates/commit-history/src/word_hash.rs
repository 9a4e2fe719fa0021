//! How short words are told apart in tables: quickly, since every commit asks for some. No defence against chosen keys.

use std::hash::{BuildHasherDefault, Hasher};

/// For tables whose keys stand in a configuration.
pub type Words = BuildHasherDefault<WordHasher>;

/// FNV-1a, which is short for short words.
pub struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
