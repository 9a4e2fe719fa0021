//! How an embedded registry behaves: each known way in which real ones differ, as a switch.
//!
//! It only chooses; what a choice means is done where the request is answered.

use std::io;

use super::EmbeddedRegistry;
use super::tokens::Gate;

/// The largest body of one request unless the builder says otherwise: 1 GiB, for the layers of real images.
const BODY_BYTES_MAX: u64 = 1 << 30;

/// How the registry behaves; every default is the stricter choice.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub page_size: usize,
    pub immutable_tags: bool,
    pub digest_header: bool,
    pub tag_order: TagOrder,
    pub referrers: bool,
    /// How many referrers one page holds.
    pub referrers_page: usize,
    /// Whether referrers are filtered by their type where that is asked for.
    pub filters_referrers: bool,
    /// Blobs are served by redirecting to this address, as registries in front of object stores do.
    pub blobs_at: Option<String>,
    pub body_bytes_max: u64,
}

/// In which order tags are listed, and what `last` then means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOrder {
    /// Newest first; `last` goes on behind a tag of the list, and any other is ignored.
    NewestFirst,
    /// Lexical, as the specification wants it; `last` need not be a tag.
    Lexical,
    /// Oldest first, all in one page, whatever is asked: docker-registry 2.8.
    WholeAlways,
}

impl Default for Builder {
    fn default() -> Self {
        let behaviour = Behaviour {
            page_size: 2,
            immutable_tags: false,
            digest_header: true,
            tag_order: TagOrder::NewestFirst,
            referrers: true,
            referrers_page: usize::MAX,
            filters_referrers: true,
            blobs_at: None,
            body_bytes_max: BODY_BYTES_MAX,
        };
        Self {
            behaviour,
            gate: Gate::default(),
        }
    }
}

/// Chooses how an [`EmbeddedRegistry`] behaves before it starts.
#[derive(Debug, Clone)]
pub struct Builder {
    behaviour: Behaviour,
    gate: Gate,
}

impl Builder {
    /// Asks for tokens, which `/token` gives for these credentials, and checks their scope.
    pub fn bearer(self, user: &str, password: &str) -> Self {
        Self {
            gate: Gate::bearer(user, password),
            ..self
        }
    }

    /// Asks for these credentials with every request.
    pub fn basic(self, user: &str, password: &str) -> Self {
        Self {
            gate: Gate::basic(user, password),
            ..self
        }
    }

    /// With [`Builder::bearer`]: also takes this identity token in place of the password.
    pub fn identity_token(mut self, token: &str) -> Self {
        self.gate.identity_token = Some(token.to_owned());
        self
    }

    /// With [`Builder::bearer`]: gives tokens for pulling to whoever asks, as GHCR does for public images.
    pub fn public_reads(mut self) -> Self {
        self.gate.public_reads = true;
        self
    }

    /// Refuses to move a tag, as ECR does when told so.
    pub fn immutable_tags(mut self) -> Self {
        self.behaviour.immutable_tags = true;
        self
    }

    /// How many tags one page holds; 2 unless changed.
    pub fn page_size(mut self, tags: usize) -> Self {
        self.behaviour.page_size = tags.max(1);
        self
    }

    /// Lists tags in lexical order, from the name on that `last` says, as distribution 3 does.
    pub fn lexical_tags(mut self) -> Self {
        self.behaviour.tag_order = TagOrder::Lexical;
        self
    }

    /// Lists every tag in one page and in no order, whatever is asked, as Debian's docker-registry 2.8 does.
    pub fn whole_tag_lists(mut self) -> Self {
        self.behaviour.tag_order = TagOrder::WholeAlways;
        self
    }

    /// Leaves out `Docker-Content-Digest`, as some servers do.
    pub fn without_digest_header(mut self) -> Self {
        self.behaviour.digest_header = false;
        self
    }

    /// Has no referrers API, as Debian's docker-registry 2.8.
    pub fn without_referrers(mut self) -> Self {
        self.behaviour.referrers = false;
        self
    }

    /// How many referrers one page holds; all of them unless changed, since few clients follow a link there.
    pub fn referrers_page(mut self, referrers: usize) -> Self {
        self.behaviour.referrers_page = referrers.max(1);
        self
    }

    /// Lists referrers of every type whatever is asked for, which the specification allows.
    pub fn without_referrers_filter(mut self) -> Self {
        self.behaviour.filters_referrers = false;
        self
    }

    /// Answers `GET` of a blob with a redirect to the same path at this `host:port`.
    pub fn blobs_at(mut self, address: &str) -> Self {
        self.behaviour.blobs_at = Some(address.to_owned());
        self
    }

    /// The most bytes a single request may carry.
    pub fn body_bytes_max(mut self, bytes: u64) -> Self {
        self.behaviour.body_bytes_max = bytes;
        self
    }

    /// Starts the registry.
    ///
    /// # Errors
    /// When 127.0.0.1 cannot be listened on.
    pub fn start(self) -> io::Result<EmbeddedRegistry> {
        EmbeddedRegistry::with(self.behaviour, self.gate)
    }
}
