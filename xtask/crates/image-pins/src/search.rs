//! The walk through documents that finds every reference to a repository.

use std::ops::Range;

use monorelease_model::image::{Repository, is_image_tag};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::splice::line_at;

use crate::document::{BlockLine, Leaf, Tree, with_documents};
use crate::parts::is_kustomize_entry;
use crate::place::{PinPlace, PinQuery, Says, Slot};
use crate::{Format, Write};

/// How Helm and Flux write that a name is one of an OCI registry.
const OCI_SCHEME: &str = "oci://";

/// How the pointers begin that Git LFS keeps in place of a file.
const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/";

/// As [`crate::references::find_pins`], with every place where an alias or a merge key brings a reference.
pub(super) fn find_uses(
    text: &str,
    format: Format,
    query: &PinQuery<'_>,
) -> Result<Vec<PinPlace>, EditError> {
    let what = query.what();
    if text.starts_with(LFS_POINTER) {
        let why = "the file is a pointer of Git LFS, so that its text is not in Git";
        return Err(EditError::unreadable(&what, why, 1));
    }
    let found = with_documents(text, format, &what, |documents| {
        let mut search = Search {
            text,
            query,
            found: Vec::new(),
            path: Vec::new(),
        };
        match query.key {
            Some(key) => search.by_key(documents, key)?,
            None => documents
                .iter()
                .try_for_each(|document| search.look(document))?,
        }
        Ok(search.found)
    })?;
    match found.is_empty() {
        true => Err(EditError::Missing {
            key: what,
            found: Some(absence(text, query)),
        }),
        false => Ok(found),
    }
}

/// Why no reference was found.
fn absence(text: &str, query: &PinQuery<'_>) -> String {
    let name = &query.repository.path;
    let mention = text
        .lines()
        .position(|line| !line.trim_start().starts_with('#') && line.contains(name.as_str()));
    match mention {
        Some(before) => format!(
            "line {} mentions it, and no tag or digest of it is found there; set `key` of the pin to the value that says which \
             image is meant",
            before + 1
        ),
        None => "nothing in the text names an image of it; set `key` of the pin to the value that says which image is meant".to_owned(),
    }
}

/// A walk through the documents of a text.
pub(super) struct Search<'s> {
    pub text: &'s str,
    pub query: &'s PinQuery<'s>,
    pub found: Vec<PinPlace>,
    pub path: Vec<Part>,
}

/// A text that is a reference as a whole.
#[derive(Default)]
pub(super) struct Whole {
    /// Where the name ends.
    pub name_end: usize,
    pub tag: Option<String>,
    pub digest: Option<String>,
}

impl Search<'_> {
    pub(super) fn look(&mut self, node: &Tree<'_>) -> Result<(), EditError> {
        match node {
            Tree::Map(_, members) => {
                let group = self.group(node)?;
                let (place, name) = group.map(|group| (group.place, group.name)).unzip();
                self.found.extend(place);
                // A name whose tag stands beside it is no reference of its own.
                let name = name.flatten();
                members
                    .iter()
                    .filter(|(key, _)| name.as_ref() != Some(key))
                    .try_for_each(|(key, value)| self.member(members, key, value))
            }
            Tree::Seq(_, items) => {
                if self.last_key() == Some("parameters") {
                    self.parameters(items)?;
                } else if self.last_key() == Some("images") {
                    self.no_twins(items)?;
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, item)| self.below(Part::Index(index), item))
            }
            Tree::Leaf(leaf) => self.text_of(leaf),
            Tree::Other(_) => Ok(()),
        }
    }

    /// Looks into a member. Of a key that stands twice some readers take the one, some the other, and some neither.
    fn member(
        &mut self,
        members: &[(String, Tree<'_>)],
        key: &str,
        value: &Tree<'_>,
    ) -> Result<(), EditError> {
        let before = self.found.len();
        self.below(Part::Key(key.to_owned()), value)?;
        let lines: Vec<usize> = members
            .iter()
            .filter(|(name, _)| name == key)
            .map(|(_, value)| line_at(self.text, value.start()))
            .collect();
        if self.found.len() > before && lines.len() > 1 {
            let key = self.member_key(key);
            return Err(EditError::Doubled { key, lines });
        }
        Ok(())
    }

    /// Of kustomize's list, two entries that select one image are one thing twice.
    fn no_twins(&self, items: &[Tree<'_>]) -> Result<(), EditError> {
        let word = |entry: &Tree<'_>, key: &str| {
            let value = entry.member(key, self.text, || self.key()).ok()??;
            Some(value.as_leaf()?.line().to_owned())
        };
        let mut ours: Vec<(String, usize)> = Vec::new();
        for item in items.iter().filter(|item| is_kustomize_entry(item)) {
            let Some(name) = word(item, "name") else {
                continue;
            };
            let named = word(item, "newName").unwrap_or_else(|| name.clone());
            if self.is_repository(&named) {
                ours.push((name, line_at(self.text, item.start())));
            }
        }
        for (name, _) in &ours {
            let lines: Vec<usize> = ours
                .iter()
                .filter(|(other, _)| other == name)
                .map(|(_, line)| *line)
                .collect();
            if lines.len() > 1 {
                let key = format!("{name} in {}", self.key());
                return Err(EditError::Doubled { key, lines });
            }
        }
        Ok(())
    }

    fn below(&mut self, part: Part, node: &Tree<'_>) -> Result<(), EditError> {
        self.path.push(part);
        let answer = self.look(node);
        self.path.pop();
        answer
    }

    fn text_of(&mut self, leaf: &Leaf<'_>) -> Result<(), EditError> {
        if !leaf.value.contains(self.query.name()) {
            return Ok(());
        }
        if (leaf.is_block() || leaf.line().contains('\n')) && self.document_within(leaf)? {
            return Ok(());
        }
        // Kustomize within Argo CD writes `name=reference`.
        let start = match self.path.as_slice() {
            [.., Part::Key(key), Part::Index(_)] if key == "images" => {
                leaf.value.find('=').map_or(0, |at| at + 1)
            }
            _ => 0,
        };
        let line_ends = leaf.line().len();
        if let Some(whole) = self.whole(&leaf.value[start..line_ends]) {
            let is_bare = whole.tag.is_none() && whole.digest.is_none();
            if is_bare && self.last_key().is_none_or(|key| key != "image") {
                return Ok(());
            }
            let place = self.whole_place(leaf, start, line_ends, whole)?;
            self.found.push(place);
            return Ok(());
        }
        match self.mentions(&leaf.value) {
            true => Err(self.unsure(
                leaf.start,
                "a reference stands among other words; name the places that are meant by `key`",
            )),
            false => Ok(()),
        }
    }

    pub(super) fn whole_place(
        &self,
        leaf: &Leaf<'_>,
        start: usize,
        end: usize,
        whole: Whole,
    ) -> Result<PinPlace, EditError> {
        let key = self.key();
        let span = leaf.span(self.text, &key)?;
        if let Some(tag) = whole.tag.as_deref().filter(|tag| !is_image_tag(tag)) {
            return Err(self.unsure(leaf.start, &format!("{tag:?} is no tag of an image")));
        }
        let span = span.start + start + whole.name_end..span.start + end;
        let slot = Slot {
            span,
            says: Says::Suffix(self.query.write.unwrap_or(Write::TagAndDigest)),
            key,
        };
        Ok(self.place(leaf.start, whole.tag, whole.digest, vec![slot]))
    }

    /// The parts of a reference to the repository, with or without `oci://` before it; `None` for any other text.
    pub(super) fn whole(&self, value: &str) -> Option<Whole> {
        let scheme = value
            .strip_prefix(OCI_SCHEME)
            .map_or(0, |_| OCI_SCHEME.len());
        let value = &value[scheme..];
        let (named, digest) = match value.split_once('@') {
            Some((named, digest)) => (named, Some(digest.to_owned())),
            None => (value, None),
        };
        let last = named.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match named[last..].split_once(':') {
            Some((name, tag)) => (&named[..last + name.len()], Some(tag.to_owned())),
            None => (named, None),
        };
        self.is_repository(name).then_some(Whole {
            name_end: scheme + name.len(),
            tag,
            digest,
        })
    }

    pub(super) fn is_repository(&self, name: &str) -> bool {
        name.parse::<Repository>()
            .is_ok_and(|found| found == *self.query.repository)
    }

    /// Whether a text names an image of the repository somewhere, as `--image=ghcr.io/acme/api:0.1.0` does.
    fn mentions(&self, value: &str) -> bool {
        let name = self.query.repository.to_string();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
        value.match_indices(&name).any(|(at, _)| {
            let before = !value[..at].ends_with(is_name) || value[..at].ends_with("//");
            before && value[at + name.len()..].starts_with([':', '@'])
        })
    }

    pub(super) fn place(
        &self,
        at: usize,
        tag: Option<String>,
        digest: Option<String>,
        slots: Vec<Slot>,
    ) -> PinPlace {
        let arch = match self.path.as_slice() {
            [.., Part::Key(platforms), Part::Key(arch)] if platforms == "platforms" => {
                Some(arch.clone())
            }
            _ => None,
        };
        // An empty text says nothing yet.
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        PinPlace {
            line: line_at(self.text, at),
            key: self.key(),
            arch,
            tag: said(tag),
            digest: said(digest),
            slots,
        }
    }

    pub(super) fn last_key(&self) -> Option<&str> {
        match self.path.last()? {
            Part::Key(key) => Some(key),
            Part::Index(_) | Part::Entry { .. } => None,
        }
    }

    pub(super) fn key(&self) -> String {
        self.key_below(&[])
    }

    /// The key path of what is found along `below` from here.
    pub(super) fn key_below(&self, below: &[Part]) -> String {
        KeyPath::of([self.path.as_slice(), below].concat())
            .map(|path| path.to_string())
            .unwrap_or_default()
    }

    pub(super) fn member_key(&self, name: &str) -> String {
        self.key_below(&[Part::Key(name.to_owned())])
    }

    pub(super) fn unsure(&self, at: usize, why: &str) -> EditError {
        EditError::unreadable(&self.key(), why, line_at(self.text, at))
    }

    /// The references in a document that a text holds as lines, such as Helm values in a ConfigMap or in an Argo CD
    /// application. Whether there were any.
    fn document_within(&mut self, leaf: &Leaf<'_>) -> Result<bool, EditError> {
        let at = self.key();
        if !holds_document(&leaf.value) {
            return Ok(false);
        }
        let inner = match find_uses(&leaf.value, Format::Yaml, self.query) {
            Ok(inner) => inner,
            Err(EditError::Missing { .. }) => return Ok(false),
            Err(error) => {
                return Err(self.unsure(leaf.start, &format!("of the document in it, {error}")));
            }
        };
        let lines = leaf.block_lines(self.text).ok_or_else(|| {
            self.unsure(
                leaf.start,
                "it holds a document whose lines are not lines of the file; write it as a block, with `|`",
            )
        })?;
        for place in inner {
            let slots: Option<Vec<Slot>> = place
                .slots
                .iter()
                .map(|slot| {
                    Some(Slot {
                        span: outer_span(&lines, &slot.span).filter(|span| {
                            self.text.get(span.clone()) == leaf.value.get(slot.span.clone())
                        })?,
                        says: slot.says.clone(),
                        key: format!("{at} › {}", slot.key),
                    })
                })
                .collect();
            let slots = slots.ok_or_else(|| {
                self.unsure(leaf.start, "a reference in it goes over several lines")
            })?;
            let line = slots
                .first()
                .map_or(place.line, |slot| line_at(self.text, slot.span.start));
            self.found.push(PinPlace {
                line,
                key: format!("{at} › {}", place.key),
                slots,
                ..place
            });
        }
        Ok(true)
    }
}

/// Whether a text of several lines is a YAML or JSON document of members or entries, and no script or prose.
pub(super) fn holds_document(value: &str) -> bool {
    with_documents(value, Format::Yaml, "", |documents| {
        Ok(documents
            .iter()
            .any(|document| matches!(document, Tree::Map(..) | Tree::Seq(..))))
    })
    .unwrap_or(false)
}

/// Where the characters of a block's value are in the file; `None` where they go over several lines.
fn outer_span(lines: &[BlockLine], inner: &Range<usize>) -> Option<Range<usize>> {
    let index = lines.partition_point(|line| line.inner <= inner.start);
    let line = &lines[index.checked_sub(1)?];
    let start = line.outer + (inner.start - line.inner);
    (inner.end <= line.inner + line.length).then(|| start..start + inner.len())
}
