//! What `pin` brings about: images of registry files under the name of what they are built of, and one pull request that pins them.
//!
//! Their digests are not known before they are built: until then a plan names them by what they are built of.

use monorelease_model::image::{Digest, Platform, Repository};

use crate::delivery::Deliver;
use crate::delivery::pull_request::branch::DeliveryPull;

/// The images of all platforms under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    pub repository: Repository,
    /// The name of what they are built of, which is never given to anything else.
    pub tag: String,
    /// Each platform with the tag that its build was pushed under.
    pub platforms: Vec<(Platform, String)>,
}

/// A project whose registry file is to say what is served under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinPart {
    /// Everything but the images.
    pub deliver: Deliver,
    pub repository: Repository,
    pub tag: String,
    pub platforms: Vec<Platform>,
}

/// Registry files of one branch, changed by one pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    pub environment: String,
    pub parts: Vec<PinPart>,
    pub pull: DeliveryPull,
}

impl Pins {
    /// The branch that the pull request is for, with its repository, for people.
    pub fn place(&self) -> String {
        self.parts
            .first()
            .map_or_else(String::new, |part| part.deliver.place())
    }
}

/// The name of what an image is built of: `inputs` is one line for each file that counts.
pub fn inputs_tag(inputs: &[String]) -> String {
    /// Enough that no two of a repository's states meet.
    const DIGITS: usize = 16;
    let mut lines = inputs.to_vec();
    lines.sort();
    format!(
        "inputs-{}",
        &Digest::of(lines.join("\n").as_bytes()).hex()[..DIGITS]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_inputs_is_of_what_they_are_and_of_no_order() {
        let lines = |words: [&str; 2]| words.map(str::to_owned);
        let tag = inputs_tag(&lines(["a 1", "b 2"]));
        assert_eq!(tag, inputs_tag(&lines(["b 2", "a 1"])));
        assert_ne!(tag, inputs_tag(&lines(["a 1", "b 3"])));
        assert_eq!(tag.len(), "inputs-".len() + 16);
    }
}
