//! The packages of a lock file and what each of them needs.

/// Every package of a lock file; packages are known by their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockGraph {
    pub packages: Vec<LockNode>,
}

/// One package as a lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockNode {
    pub name: String,
    /// Empty where the lock says none.
    pub version: String,
    /// Where its bytes come from and their hashes: with another identity it is another package, whatever its version.
    pub identity: String,
    pub origin: Origin,
    /// Places of the packages it needs, of every kind: to run, to build, to test, optional ones too.
    pub needs: Vec<usize>,
}

/// Whether a package is of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Of the repository, in a folder that is relative to the lock's own; Cargo does not say which.
    Local(Option<String>),
    Foreign,
}

impl LockGraph {
    /// Everything that can be reached from some packages, themselves included; each once, in no order that means something.
    pub fn closure(&self, from: &[usize]) -> Vec<usize> {
        let mut is_reached = vec![false; self.packages.len()];
        let mut reached = Vec::new();
        let mut open = from.to_vec();
        while let Some(place) = open.pop() {
            if !is_reached[place] {
                is_reached[place] = true;
                reached.push(place);
                open.extend(&self.packages[place].needs);
            }
        }
        reached
    }
}
