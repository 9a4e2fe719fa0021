//! An image that is written in parts beside each other: a name, a tag and digests in one mapping, or in the parameters of a
//! chart.
//!
//! A member that names the repository tells that a mapping holds an image of it. Then every other member that says which image
//! is meant is a part. A part that cannot be edited is an error: left as it is, it would go on naming another image.

use monorelease_model::image::Digest;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::Part;
use monorelease_text_edits::splice::line_at;

use crate::Write;
use crate::document::{Leaf, Tree};
use crate::place::{PinPlace, Says, Slot};
use crate::search::{Search, Whole};

/// A member of a mapping, or a parameter of a chart.
pub(super) struct Member<'t, 'n> {
    /// `tag`: without the prefix that parameters share.
    pub key: &'t str,
    /// From the mapping, or the list of parameters, to the value.
    pub path: Vec<Part>,
    pub value: &'t Tree<'n>,
}

/// What was found in a mapping.
pub(super) struct Group {
    pub place: PinPlace,
    /// The key of the name, which is no reference of its own.
    pub name: Option<String>,
}

/// The members that make one image.
struct Parts<'p, 't, 'n> {
    /// The member that names the repository; none where a key led to the mapping.
    name: Option<&'p Member<'t, 'n>>,
    /// What the name's member says itself, behind the name.
    whole: Whole,
    tag: Option<&'p Member<'t, 'n>>,
    digests: Vec<&'p Member<'t, 'n>>,
}

impl<'p, 't, 'n> Parts<'p, 't, 'n> {
    /// Whether the name ends in `@sha256`, so that the tag is the digits of a digest.
    fn names_algorithm(&self) -> bool {
        self.whole.digest.as_deref() == Some("sha256")
    }

    /// The member that holds the digest.
    fn digest(&self) -> Option<&'p Member<'t, 'n>> {
        let says = |member: &&Member<'_, '_>| {
            member
                .value
                .as_leaf()
                .is_some_and(|leaf| !leaf.line().is_empty())
        };
        let beside = self.digests.iter().copied().find(says);
        beside
            .or(self.tag.filter(|_| self.whole.digest.is_none()))
            .or(self.name)
    }

    fn are_beside(&self) -> bool {
        self.tag.is_some() || !self.digests.is_empty()
    }
}

/// The members of a mapping.
pub(super) fn members<'t, 'n>(node: &'t Tree<'n>) -> Vec<Member<'t, 'n>> {
    let Tree::Map(_, members) = node else {
        return Vec::new();
    };
    members
        .iter()
        .map(|(key, value)| Member {
            key,
            path: vec![Part::Key(key.clone())],
            value,
        })
        .collect()
}

/// Whether a mapping is an entry of kustomize's list of images.
pub(super) fn is_kustomize_entry(node: &Tree<'_>) -> bool {
    let members = members(node);
    let has = |name: &str| members.iter().any(|member| member.key == name);
    has("name") && (has("newTag") || has("newName") || has("digest"))
}

/// A key as it is compared: `imageTag`, `image_tag` and `image-tag` are one.
fn normal(key: &str) -> String {
    key.chars()
        .filter(|c| !"-_".contains(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// What the keys of an image's other parts begin with, where its name stands under `key`: nothing for `repository`,
/// `image` for `imageRepository`. None for a key that holds no name of an image.
fn prefixes(key: &str) -> Vec<String> {
    let key = normal(key);
    let mut prefixes: Vec<String> = ["repository", "repo", "name", "image"]
        .into_iter()
        .filter_map(|word| key.strip_suffix(word).map(str::to_owned))
        .collect();
    if key.ends_with("image") {
        prefixes.push(key);
    }
    prefixes
}

/// What a key of a digest begins with: `image` for `imageDigest`; `None` for a key that does not say digest.
fn digest_prefix(key: &str) -> Option<String> {
    let key = normal(key);
    ["digest", "sha256", "sha"]
        .into_iter()
        .find_map(|word| key.strip_suffix(word).map(str::to_owned))
}

/// What a key of a tag begins with: `image` for `imageTag`, nothing for `tag` and kustomize's `newTag`.
fn tag_prefix(key: &str) -> Option<String> {
    let key = normal(key);
    let prefix = key.strip_suffix("tag")?;
    Some(prefix.strip_suffix("new").unwrap_or(prefix).to_owned())
}

/// Whether a text is 64 hexadecimal digits, the digits of a digest.
pub(super) fn is_hex(value: &str) -> bool {
    format!("sha256:{value}").parse::<Digest>().is_ok()
}

/// Whether a text says which bytes are meant, with or without the name of the algorithm.
fn is_digest(value: &str) -> bool {
    value.starts_with("sha256:") || is_hex(value)
}

/// A digest with the name of its algorithm, however it is written.
pub(super) fn full(value: &str) -> String {
    match is_hex(value) {
        true => format!("sha256:{value}"),
        false => value.to_owned(),
    }
}

/// How the member that is called the tag says which image is meant.
fn form_of(value: &str, names_algorithm: bool) -> Says {
    match value {
        _ if names_algorithm || is_hex(value) => Says::Hex,
        _ if value.starts_with("sha256:") => Says::Bare(Write::Digest),
        _ if value.contains('@') => Says::Bare(Write::TagAndDigest),
        _ => Says::Bare(Write::Tag),
    }
}

/// Whether a digest belongs to the name of another image in the same mapping: `webDigest` beside `webImage`.
fn is_of_another(
    members: &[Member<'_, '_>],
    name: Option<&Member<'_, '_>>,
    digest: &Member<'_, '_>,
) -> bool {
    let key = normal(digest.key);
    members
        .iter()
        .filter(|member| name.is_none_or(|name| name.key != member.key) && member.key != digest.key)
        .flat_map(|member| prefixes(member.key))
        .any(|prefix| !prefix.is_empty() && key.starts_with(&prefix))
}

/// The key of a member that is another part of the image that `key` is a part of, and says something.
pub(super) fn part_beside(node: &Tree<'_>, key: &str) -> Option<String> {
    let ours = match tag_prefix(key).or_else(|| digest_prefix(key)) {
        Some(prefix) => vec![prefix],
        None => prefixes(key),
    };
    members(node)
        .into_iter()
        .filter(|member| member.key != key)
        .find(|member| {
            let says = member.value.as_leaf().map_or("", Leaf::line);
            let is_digest_key = normal(member.key).ends_with("digest") || is_digest(says);
            let prefix = tag_prefix(member.key)
                .or_else(|| digest_prefix(member.key).filter(|_| is_digest_key));
            !says.is_empty() && prefix.is_some_and(|prefix| ours.contains(&prefix))
        })
        .map(|member| member.key.to_owned())
}

impl Search<'_> {
    /// The image of a mapping that a key leads to, so that it need not name the repository.
    pub(super) fn unnamed(&self, node: &Tree<'_>) -> Result<Option<PinPlace>, EditError> {
        if let Some(group) = self.group(node)? {
            return Ok(Some(group.place));
        }
        let members = members(node);
        let one = |key: &str| self.only(&members, key);
        let tag = match one("newTag")? {
            Some(tag) => Some(tag),
            None => one("tag")?,
        };
        let parts = Parts {
            name: None,
            whole: Whole::default(),
            tag,
            digests: self.digests(&members, None, tag, &[])?,
        };
        Ok(self.assemble(&parts)?.map(|group| group.place))
    }

    /// The image that a mapping holds in parts; `None` where it holds none, or names one in a single text.
    ///
    /// # Errors
    /// A part of it is written so that it cannot be edited.
    pub(super) fn group(&self, node: &Tree<'_>) -> Result<Option<Group>, EditError> {
        let is_listed = matches!(
            self.path.as_slice(),
            [.., Part::Key(key), Part::Index(_) ] if key == "images"
        );
        let members = members(node);
        if is_listed && is_kustomize_entry(node) {
            return self.kustomize(&members);
        }
        match self.parts(&members)? {
            Some(parts) => self.assemble(&parts),
            None => Ok(None),
        }
    }

    /// An entry of kustomize's images: `name` selects what `newName`, `newTag` and `digest` replace.
    fn kustomize(&self, members: &[Member<'_, '_>]) -> Result<Option<Group>, EditError> {
        let one = |key: &str| self.only(members, key);
        let (name, is_selector) = match one("newName")? {
            Some(name) => (name, false),
            None => match one("name")? {
                Some(name) => (name, true),
                None => return Ok(None),
            },
        };
        let Some(whole) = self.named_by(name) else {
            return Ok(None);
        };
        if is_selector && (whole.tag.is_some() || whole.digest.is_some()) {
            return Err(self.unsure(
                name.value.start(),
                "kustomize selects images by `name` without tag or digest; write those in newTag or digest",
            ));
        }
        let parts = Parts {
            name: Some(name),
            whole,
            tag: one("newTag")?,
            digests: self.digests(members, Some(name), one("newTag")?, &[])?,
        };
        match parts.are_beside() {
            true => self.assemble(&parts),
            false if parts.whole.tag.is_none() && parts.whole.digest.is_none() => {
                Err(self.unsure(
                    name.value.start(),
                    "the entry has neither newTag nor digest, and keys are never created; add one of them",
                ))
            }
            false => Ok(None),
        }
    }

    /// The members that make an image of the repository.
    fn parts<'p, 't, 'n>(
        &self,
        members: &'p [Member<'t, 'n>],
    ) -> Result<Option<Parts<'p, 't, 'n>>, EditError> {
        for name in members {
            let prefixes = prefixes(name.key);
            let Some(whole) = Some(name)
                .filter(|_| !prefixes.is_empty())
                .and_then(|name| {
                    self.named_by(name)
                        .or_else(|| self.in_registry(members, name))
                })
            else {
                continue;
            };
            // Of a name that stands twice, readers take the one or the other.
            self.only(members, name.key)?;
            let has_suffix = whole.tag.is_some() || whole.digest.is_some();
            let words: &[&str] = if has_suffix && whole.digest.as_deref() != Some("sha256") {
                &["tag"]
            } else {
                &["tag", "version"]
            };
            let mut tag = None;
            for (word, prefix) in words
                .iter()
                .flat_map(|word| prefixes.iter().map(move |prefix| (word, prefix)))
            {
                let key = format!("{prefix}{word}");
                let found = members.iter().find(|member| normal(member.key) == key);
                if let (None, Some(found)) = (tag, found) {
                    tag = self.only(members, found.key)?;
                }
            }
            let digests = self.digests(members, Some(name), tag, &prefixes)?;
            return Ok(Some(Parts {
                name: Some(name),
                whole,
                tag,
                digests,
            }));
        }
        Ok(None)
    }

    /// The name that a member's text holds, where it is the repository's.
    fn named_by(&self, member: &Member<'_, '_>) -> Option<Whole> {
        self.whole(member.value.as_leaf()?.line())
    }

    /// The same, where a member beside it holds the registry.
    fn in_registry(&self, members: &[Member<'_, '_>], name: &Member<'_, '_>) -> Option<Whole> {
        let registry = members
            .iter()
            .find(|member| normal(member.key).ends_with("registry"))?;
        let registry = registry.value.as_leaf()?.line();
        let value = name.value.as_leaf()?.line();
        let before = registry.len() + 1;
        let whole = self.whole(&format!("{registry}/{value}"))?;
        (!registry.is_empty()).then(|| Whole {
            name_end: whole.name_end.saturating_sub(before),
            ..whole
        })
    }

    /// The one member with a key.
    fn only<'p, 't, 'n>(
        &self,
        members: &'p [Member<'t, 'n>],
        key: &str,
    ) -> Result<Option<&'p Member<'t, 'n>>, EditError> {
        let found: Vec<_> = members.iter().filter(|member| member.key == key).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => Err(EditError::Doubled {
                key: self.key_of(several[0]),
                lines: several
                    .iter()
                    .map(|member| line_at(self.text, member.value.start()))
                    .collect(),
            }),
        }
    }

    /// Every member that says which bytes are meant.
    fn digests<'p, 't, 'n>(
        &self,
        members: &'p [Member<'t, 'n>],
        name: Option<&Member<'_, '_>>,
        tag: Option<&Member<'_, '_>>,
        ours: &[String],
    ) -> Result<Vec<&'p Member<'t, 'n>>, EditError> {
        let mut found = Vec::new();
        for member in members {
            let is_known = [name, tag]
                .into_iter()
                .flatten()
                .any(|known| known.key == member.key);
            if is_known {
                continue;
            }
            let says = member
                .value
                .as_leaf()
                .is_some_and(|leaf| is_digest(leaf.line()));
            let is_digest_key = normal(member.key) == "digest";
            if !says && !is_digest_key {
                continue;
            }
            let prefix = digest_prefix(member.key);
            let is_ours = |prefix: &String| prefix.is_empty() || ours.contains(prefix);
            if prefix.as_ref().is_some_and(is_ours) {
                self.only(members, member.key)?;
                found.push(member);
            } else if !is_of_another(members, name, member) {
                return Err(EditError::unreadable(
                    &self.key_of(member),
                    format!(
                        "it looks like a digest of the image beside it{}, and its key does not say so; call it `digest`, or set \
                         `key` to the value that is meant",
                        name.map_or(String::new(), |name| format!(" ({})", self.key_of(name)))
                    ),
                    line_at(self.text, member.value.start()),
                ));
            }
        }
        Ok(found)
    }

    /// The place that the parts make. Each part keeps its form; `write` is what they have to say together.
    fn assemble(&self, parts: &Parts<'_, '_, '_>) -> Result<Option<Group>, EditError> {
        if !parts.are_beside() {
            return Ok(None);
        }
        let tag = match parts.tag {
            Some(member) => Some((member, self.scalar(member)?)),
            None => None,
        };
        let mut digests = Vec::new();
        for member in &parts.digests {
            digests.push((*member, self.scalar(member)?));
        }
        let said = Said::of(parts, tag.map(|(_, leaf)| leaf.line()), &digests);
        self.check_wanted(parts, &said)?;
        let write = self.query.write;
        let mut slots: Vec<Slot> = self.suffix_slot(parts)?.into_iter().collect();
        if let Some((member, leaf)) =
            tag.filter(|_| write.is_none_or(Write::has_tag) || said.tag_is_digest)
        {
            slots.push(self.slot(member, leaf, form_of(leaf.line(), parts.names_algorithm()))?);
        }
        for (member, leaf) in digests
            .iter()
            .filter(|_| write.is_none_or(Write::has_digest))
        {
            let says = match is_hex(leaf.line()) {
                true => Says::Hex,
                false => Says::Bare(Write::Digest),
            };
            slots.push(self.slot(member, leaf, says)?);
        }
        let first = tag.or(digests.first().copied());
        let line = first.map_or(0, |(_, leaf)| line_at(self.text, leaf.start));
        Ok(Some(Group {
            place: PinPlace {
                line,
                ..self.place(0, said.tag, said.digest, slots)
            },
            name: parts.name.map(|name| name.key.to_owned()),
        }))
    }

    /// Whether the parts can say what `write` wants, and nothing else stays beside it.
    fn check_wanted(&self, parts: &Parts<'_, '_, '_>, said: &Said) -> Result<(), EditError> {
        let line_of = |member: &Member<'_, '_>| line_at(self.text, member.value.start());
        if let Some(name) = parts
            .name
            .filter(|_| parts.whole.tag.is_some() && said.has_tag_beside)
        {
            let why = "it holds a tag, and another one is beside it; write the tag once";
            return Err(EditError::unreadable(
                &self.key_of(name),
                why,
                line_of(name),
            ));
        }
        let kept = |member: Option<&Member<'_, '_>>, what: &str, wanted: &str| match member {
            Some(member) => EditError::unreadable(
                &self.key_of(member),
                format!(
                    "it holds a {what}, which would go on naming the old image; set `write = \"{wanted}\"`, or remove it"
                ),
                line_of(member),
            ),
            None => EditError::missing(&self.key()),
        };
        let line = [parts.name, parts.tag]
            .into_iter()
            .flatten()
            .chain(parts.digests.iter().copied())
            .next()
            .map_or(0, line_of);
        let absent = |name: &str| EditError::Missing {
            key: self.member_key(name),
            found: Some(format!(
                "`write` wants it, and keys are never created; add it beside line {line}, or change `write`"
            )),
        };
        let is_kustomize = [parts.name, parts.tag]
            .into_iter()
            .flatten()
            .any(|member| ["newName", "newTag"].contains(&member.key));
        let tag_key = if is_kustomize { "newTag" } else { "tag" };
        match self.query.write {
            Some(Write::Tag) if said.digest.is_some() => {
                let wanted = if said.tag.is_some() {
                    "tag@digest"
                } else {
                    "digest"
                };
                Err(kept(parts.digest(), "digest", wanted))
            }
            Some(Write::Digest) if said.tag.is_some() => {
                Err(kept(parts.tag.or(parts.name), "tag", "tag@digest"))
            }
            Some(write) if write.has_tag() && !said.can_tag => Err(absent(tag_key)),
            Some(write) if write.has_digest() && !said.can_digest => Err(absent("digest")),
            _ => Ok(()),
        }
    }

    /// The tag and the digest behind the name, where they are edited with the parts beside it.
    fn suffix_slot(&self, parts: &Parts<'_, '_, '_>) -> Result<Option<Slot>, EditError> {
        let write = match (&parts.whole.tag, &parts.whole.digest) {
            _ if parts.names_algorithm() => return Ok(None),
            (None, None) => return Ok(None),
            (Some(_), None) => Write::Tag,
            (None, Some(_)) => Write::Digest,
            (Some(_), Some(_)) => Write::TagAndDigest,
        };
        let Some(name) = parts.name else {
            return Ok(None);
        };
        let leaf = self.scalar(name)?;
        let key = self.key_of(name);
        let span = leaf.span(self.text, &key)?;
        let end = span.start + leaf.line().len();
        Ok(Some(Slot {
            span: span.start + parts.whole.name_end..end,
            says: Says::Suffix(write),
            key,
        }))
    }

    fn slot(
        &self,
        member: &Member<'_, '_>,
        leaf: &Leaf<'_>,
        says: Says,
    ) -> Result<Slot, EditError> {
        let key = self.key_of(member);
        Ok(Slot {
            span: leaf.replaceable_span(self.text, &key)?,
            says,
            key,
        })
    }

    /// The text of a member, which holds nothing else.
    fn scalar<'t, 'n>(&self, member: &Member<'t, 'n>) -> Result<&'t Leaf<'n>, EditError> {
        member.value.as_leaf().ok_or_else(|| EditError::NotAString {
            key: self.key_of(member),
            found: member.value.kind().to_owned(),
            line: line_at(self.text, member.value.start()),
        })
    }

    fn key_of(&self, member: &Member<'_, '_>) -> String {
        self.key_below(&member.path)
    }

    /// Argo CD's parameters of a chart: `image.repository` names the image, `image.tag` and `image.digest` say which.
    pub(super) fn parameters(&mut self, items: &[Tree<'_>]) -> Result<(), EditError> {
        let list = self.key();
        let mut by_prefix: Vec<(&str, Vec<Member<'_, '_>>)> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let word = |key: &str| item.member(key, self.text, || list.clone());
            let (Some(name), Some(value)) = (word("name")?.and_then(Tree::as_leaf), word("value")?)
            else {
                continue;
            };
            let start = name.value.rfind('.').map_or(0, |at| at + 1);
            let (prefix, key) = name.value.split_at(start);
            let member = Member {
                key,
                path: vec![Part::Index(index), Part::Key("value".to_owned())],
                value,
            };
            match by_prefix.iter_mut().find(|(found, _)| *found == prefix) {
                Some((_, members)) => members.push(member),
                None => by_prefix.push((prefix, vec![member])),
            }
        }
        for (prefix, members) in &by_prefix {
            let Some(parts) = self.parts(members)? else {
                continue;
            };
            if let Some(group) = self.assemble(&parts)? {
                self.found.push(PinPlace {
                    key: format!("{list}[name={prefix}*]"),
                    ..group.place
                });
            }
        }
        Ok(())
    }
}

/// What the parts of an image say together.
struct Said {
    tag: Option<String>,
    /// With the name of its algorithm.
    digest: Option<String>,
    /// Whether the member that is called the tag holds a tag.
    has_tag_beside: bool,
    /// Whether the member that is called the tag holds a digest alone.
    tag_is_digest: bool,
    /// Whether there is a part that takes a tag.
    can_tag: bool,
    /// Whether there is a part that takes a digest.
    can_digest: bool,
}

impl Said {
    fn of(
        parts: &Parts<'_, '_, '_>,
        tag: Option<&str>,
        digests: &[(&Member<'_, '_>, &Leaf<'_>)],
    ) -> Self {
        let form = tag.map(|value| form_of(value, parts.names_algorithm()));
        let tag_is_digest = matches!(form, Some(Says::Hex | Says::Bare(Write::Digest)));
        let (beside, joined) = match (tag, &form) {
            (Some(value), Some(Says::Bare(Write::TagAndDigest))) => value
                .split_once('@')
                .map_or((None, None), |(tag, digest)| (Some(tag), Some(digest))),
            (Some(value), Some(Says::Bare(Write::Tag))) => (Some(value), None),
            (value, _) => (None, value),
        };
        let is_said = |value: &&str| !value.is_empty();
        let in_name = parts
            .whole
            .digest
            .as_deref()
            .filter(|_| !parts.names_algorithm());
        let written = digests.iter().map(|(_, leaf)| leaf.line()).chain(joined);
        let digest = written.chain(in_name).find(is_said).map(full);
        let tag = beside.filter(is_said).or(parts.whole.tag.as_deref());
        Self {
            has_tag_beside: beside.is_some_and(|tag| !tag.is_empty()),
            can_tag: parts.whole.tag.is_some() || (form.is_some() && !tag_is_digest),
            can_digest: !digests.is_empty() || joined.is_some() || in_name.is_some(),
            tag: tag.map(str::to_owned),
            digest,
            tag_is_digest,
        }
    }
}
