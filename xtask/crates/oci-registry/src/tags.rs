//! Listing tags: every page, whatever the order, and only the part behind a name where the registry can begin there.
//!
//! Registries differ (law 12): some ignore `n` and `last`, some list unsorted, some have cursors of their own. What a tag means
//! is not asked here.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use crate::error::RegistryErrorKind as Kind;
use monorelease_http_client::http::Method;
use monorelease_http_client::url::next_link;
use monorelease_model::image::{Repository, is_image_tag};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::client::Registry;
use crate::error::RegistryError;
use crate::response::{Access, call, next_page, not_wanted};
use crate::transport::{Answer, Call};

/// One page of tags; a registry that knows no pages sends a hundred thousand in less.
const PAGE_BYTES_MAX: u64 = 32 << 20;
/// The most tags to ask for at once: what distribution 3 refuses to exceed.
const TAGS_PER_PAGE: u32 = 1000;

/// Tags of a repository, of which at least those that were asked for are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagListing {
    /// Sorted.
    pub tags: Vec<String>,
    /// Whether these are all of the repository's tags; else those outside of what was asked for may be missing.
    pub is_whole: bool,
}

impl Registry {
    /// The tags of a repository, sorted; `None` when the registry knows no such repository.
    pub fn tags(&self, repository: &Repository) -> Result<Option<Vec<String>>, RegistryError> {
        let mut walk = Walk::new(self, repository, &format!("tags/list?n={TAGS_PER_PAGE}"));
        let Some(mut tags) = walk.tags()? else {
            return Ok(None);
        };
        while let Some(page) = walk.tags()? {
            tags.extend(page);
        }
        Ok(Some(sorted(tags)))
    }

    /// At least the tags that come behind `from` and before `until` in the order of bytes; `None` when the registry knows no
    /// such repository. Flat in the number of tags before `from`, where the registry can begin a list at a name.
    ///
    /// `from` itself, and `from` with a dash, are in no such part. What a registry does with a `last` that is no tag is left
    /// open (<https://github.com/opencontainers/distribution-spec/issues/184>): it begins behind that name, ignores it, lists
    /// nothing, or refuses. Each is told apart by what it sends, and whatever is in doubt is read whole.
    pub fn tags_from(
        &self,
        repository: &Repository,
        from: &str,
        until: &str,
    ) -> Result<Option<TagListing>, RegistryError> {
        // A name that nobody gives to a tag: registries that go on from a *tag* in an order of their own do not know it.
        let last = format!("{from}-");
        let mut walk = Walk::new(
            self,
            repository,
            &format!("tags/list?n={TAGS_PER_PAGE}&last={last}"),
        );
        if !is_image_tag(&last) {
            return Err(walk.call.error(
                Kind::Usage,
                format!("no tag begins with {from:?}, so no list can begin there"),
            ));
        }
        let first = match walk.tags() {
            Ok(Some(first)) if !first.is_empty() => first,
            // ECR's `last` is no tag, but a long text of its own (https://github.com/deitch/docker_registry2/issues/34).
            Err(error) if !matches!(error.status, Some(400 | 404 | 405 | 406 | 422)) => {
                return Err(error);
            }
            // Nothing behind the name, or nothing behind a name that is unknown: only the whole list can tell.
            _ => {
                return Ok(self.tags(repository)?.map(|tags| TagListing {
                    tags,
                    is_whole: true,
                }));
            }
        };
        let mut tags = Vec::new();
        let mut page = first;
        let mut is_whole = false;
        let mut asked = false;
        loop {
            // A list that begins behind the name holds nothing before it, so one that does began anew: `last` was ignored.
            is_whole |= page.iter().any(|tag| *tag <= last);
            let is_past = !is_whole
                && page.is_sorted()
                && page.last().is_some_and(|tag| tag.as_str() >= until);
            tags.extend(page);
            if is_past && !asked && walk.has_more() {
                asked = true;
                if self.begins_before(repository, &last)? {
                    break;
                }
            }
            match walk.tags()? {
                Some(next) => page = next,
                None => break,
            }
        }
        Ok(Some(TagListing {
            tags: sorted(tags),
            is_whole,
        }))
    }

    /// Whether the list of all tags begins before this name. If so, a list that held nothing before it did begin behind it,
    /// and so is in that order; if not, both lists may be one and the same.
    fn begins_before(&self, repository: &Repository, last: &str) -> Result<bool, RegistryError> {
        let first = Walk::new(self, repository, "tags/list?n=1").tags()?;
        Ok(first
            .unwrap_or_default()
            .first()
            .is_some_and(|tag| tag.as_str() <= last))
    }
}

fn sorted(tags: Vec<String>) -> Vec<String> {
    tags.into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The pages of one list, by their links, within the bounds of the options.
pub(super) struct Walk<'a> {
    registry: &'a Registry,
    pub call: Call<'a>,
    /// The addresses of pages, so that none is read twice.
    seen: HashSet<String>,
    bytes: u64,
    tags: usize,
    is_over: bool,
}

impl<'a> Walk<'a> {
    pub fn new(registry: &'a Registry, repository: &'a Repository, rest: &str) -> Self {
        let mut call = call(repository, Access::Pull, Method::GET, rest);
        call.body_bytes_max = PAGE_BYTES_MAX;
        Self {
            registry,
            call,
            seen: HashSet::new(),
            bytes: 0,
            tags: 0,
            is_over: false,
        }
    }

    /// Whether the last page named another one.
    pub fn has_more(&self) -> bool {
        !self.is_over
    }

    /// The next page by `ask`; `None` when there is none, or when the first is said not to be there.
    pub fn page(
        &mut self,
        ask: impl Fn(&Call) -> Result<Option<Answer>, RegistryError>,
    ) -> Result<Option<Answer>, RegistryError> {
        if self.is_over {
            return Ok(None);
        }
        let options = &self.registry.transport.options;
        let too_large = |what: String| {
            Err(self
                .call
                .error(Kind::TooLarge, format!("the list has more than {what}")))
        };
        if self.seen.len() >= options.tag_pages_max {
            return too_large(format!("{} pages", options.tag_pages_max));
        }
        if !self.seen.insert(self.call.url.clone()) {
            return Err(self
                .call
                .error(Kind::Malformed, "the pages of the list run in a circle"));
        }
        let Some(answer) = ask(&self.call)? else {
            self.is_over = true;
            return match self.seen.len() {
                1 => Ok(None),
                _ => Err(self.call.error(
                    Kind::Malformed,
                    "a page that the page before it named is not there; list once more",
                )),
            };
        };
        self.bytes += answer.body.len() as u64;
        if self.bytes > options.listing_bytes_max {
            return too_large(format!("{} bytes", options.listing_bytes_max));
        }
        // A link that cannot be read would end the list too early, and what is behind it would be taken for absent.
        if answer
            .headers
            .get_all("Link")
            .iter()
            .any(|value| value.to_str().is_err())
        {
            return Err(self.call.error(
                Kind::Malformed,
                "the Link header to the next page is no text",
            ));
        }
        match next_link(answer.headers_named("Link")) {
            Some(link) => self.call.url = next_page(&self.call, &answer, &link)?,
            None => self.is_over = true,
        }
        Ok(Some(answer))
    }

    /// The tags of the next page, as the registry orders them. Names that are no tags are left out: none of them could be asked for.
    fn tags(&mut self) -> Result<Option<Vec<String>>, RegistryError> {
        let registry = self.registry;
        let Some(answer) = self.page(|call| registry.get(call))? else {
            return Ok(None);
        };
        let most = registry.transport.options.tags_max;
        let mut read = serde_json::Deserializer::from_slice(&answer.body);
        let page = TagPage {
            most: most - self.tags,
        }
        .deserialize(&mut read)
        .and_then(|tags| read.end().map(|()| tags));
        let tags = page.map_err(|error| {
            let wanted = "the JSON object with \"tags\" that registries answer";
            self.call
                .error(Kind::Malformed, not_wanted(&answer, wanted, &error))
        })?;
        let Some(tags) = tags else {
            return Err(self.call.error(
                Kind::TooLarge,
                format!("the list has more than {most} tags"),
            ));
        };
        self.tags += tags.len();
        Ok(Some(
            tags.into_iter().filter(|tag| is_image_tag(tag)).collect(),
        ))
    }
}

/// Reads `{"tags": […]}`, of which it keeps so many and no more; `None` when there are more.
struct TagPage {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for TagPage {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TagPage {
    type Value = Option<Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with \"tags\"")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "tags" {
                found = Some(map.next_value_seed(Names { most: self.most })?);
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| serde::de::Error::missing_field("tags"))
    }
}

struct Names {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Names {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Option<Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names, or null")
    }

    /// Registries written in Go say null where there are none.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Vec::new()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let mut names = Vec::new();
        while let Some(name) = list.next_element::<String>()? {
            if names.len() < self.most {
                names.push(name);
            } else {
                while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
        }
        Ok(Some(names))
    }
}
