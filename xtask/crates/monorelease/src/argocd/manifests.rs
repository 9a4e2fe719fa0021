//! What manifests tell Argo CD Image Updater: the annotations of Applications and ApplicationSets, and `ImageUpdater` resources.
//!
//! By the updater's documentation, "Configuring images for update", "Migration Guide: From Annotations to CRD" and "Available
//! ImageUpdater fields". It reads and remarks; which tag would be taken is decided elsewhere.

use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::line_at;
use monorelease_text_edits::yaml::{Node, Value, parse};
use monorelease_version_files::requirements::masterminds::Constraint;

use super::updater::{Allow, Settings, Strategy};
use crate::config::suggestion;

const PREFIX: &str = "argocd-image-updater.argoproj.io/";
/// Annotations about the whole application ("Application update configuration").
const OF_ALL: [&str; 9] = [
    "image-list",
    "write-back-method",
    "write-back-target",
    "git-branch",
    "git-repository",
    "update-strategy",
    "allow-tags",
    "ignore-tags",
    "force-update",
];
/// Annotations about one image, behind its alias and a dot; the first few also of all images.
const OF_IMAGE: [&str; 10] = [
    "update-strategy",
    "allow-tags",
    "ignore-tags",
    "force-update",
    "pull-secret",
    "platforms",
    "helm.image-name",
    "helm.image-tag",
    "helm.image-spec",
    "kustomize.image-name",
];
/// Fields of `commonUpdateSettings` ("CommonUpdateSettings fields").
const FIELDS: [&str; 6] = [
    "updateStrategy",
    "forceUpdate",
    "allowTags",
    "ignoreTags",
    "pullSecret",
    "platforms",
];

/// An image that an updater follows.
#[derive(Debug)]
pub struct Followed {
    pub line: usize,
    /// The application, or the pattern of its name.
    pub application: String,
    /// The repository, as it is written.
    pub image: String,
    pub settings: Settings,
    /// `argocd` or `git`, with what stands behind it.
    pub write_back: String,
}

/// What was found of a text.
#[derive(Debug)]
pub struct Remark {
    pub line: usize,
    pub what: String,
    /// Whether it does other than it says.
    pub is_trap: bool,
}

/// What a text tells updaters.
#[derive(Debug, Default)]
pub struct Updaters {
    pub followed: Vec<Followed>,
    pub remarks: Vec<Remark>,
}

/// Reads a text of one or more manifests; those of other kinds are passed over.
///
/// # Errors
/// It is not YAML.
pub fn read_updaters(text: &str) -> Result<Updaters, EditError> {
    let documents = parse(text, "metadata.annotations")?;
    let mut reader = Reader {
        text,
        found: Updaters::default(),
    };
    for document in &documents {
        match at(document, &["kind"]).and_then(Node::as_text) {
            Some("Application") => reader.annotations(document, document),
            Some("ApplicationSet") => at(document, &["spec", "template"])
                .into_iter()
                .for_each(|template| reader.annotations(document, template)),
            Some("ImageUpdater") => reader.resource(document),
            _ => {}
        }
    }
    Ok(reader.found)
}

fn at<'n, 't>(node: &'n Node<'t>, path: &[&str]) -> Option<&'n Node<'t>> {
    path.iter()
        .try_fold(node, |node, key| node.members(key).into_iter().next())
}

/// What is told of an image so far, each with its line.
#[derive(Default, Clone)]
struct Told {
    strategy: Option<(usize, String)>,
    allow: Option<(usize, String)>,
    ignore: Option<Vec<String>>,
}

struct Reader<'t> {
    text: &'t str,
    found: Updaters,
}

impl Reader<'_> {
    fn line(&self, node: &Node<'_>) -> usize {
        line_at(self.text, node.span.start)
    }

    fn trap(&mut self, line: usize, what: String) {
        self.remark(line, true, what);
    }

    fn remark(&mut self, line: usize, is_trap: bool, what: String) {
        self.found.remarks.push(Remark {
            line,
            what,
            is_trap,
        });
    }

    fn annotations(&mut self, document: &Node<'_>, of: &Node<'_>) {
        let Some(Value::Mapping(members)) =
            at(of, &["metadata", "annotations"]).map(|node| &node.value)
        else {
            return;
        };
        let ours: Vec<(&str, &Node<'_>)> = members
            .iter()
            .filter_map(|(key, node)| Some((key.strip_prefix(PREFIX)?, node)))
            .collect();
        if ours.is_empty() {
            return;
        }
        let get = |key: &str| {
            let found = ours.iter().find(|(name, _)| *name == key);
            found
                .and_then(|(_, node)| Some((self.line(node), node.as_text()?.trim().to_owned())))
                .filter(|(_, text)| !text.is_empty())
        };
        let told = |prefix: &str| Told {
            strategy: get(&format!("{prefix}update-strategy")),
            allow: get(&format!("{prefix}allow-tags")),
            ignore: get(&format!("{prefix}ignore-tags"))
                .map(|(_, list)| list.split(',').map(|word| word.trim().to_owned()).collect()),
        };
        let application = at(document, &["metadata", "name"]).and_then(Node::as_text);
        let application = application.unwrap_or("an application");
        let method = get("write-back-method").map(|(_, method)| method);
        let write_back = method.unwrap_or_else(|| "argocd".to_owned());
        let of_all = told("");
        let list = get("image-list");
        let entries: Vec<(usize, String, String, Told)> = list
            .iter()
            .flat_map(|(line, list)| list.split(',').map(move |entry| (*line, entry.trim())))
            .filter(|(_, entry)| !entry.is_empty())
            .map(|(line, entry)| {
                let (alias, image) = entry.split_once('=').unwrap_or(("", entry));
                // "Assigning aliases to images": a slash of an alias is an underscore in annotations.
                let alias = alias.trim().replace('/', "_");
                let own = match alias.is_empty() {
                    true => Told::default(),
                    false => told(&format!("{alias}.")),
                };
                (line, alias, image.trim().to_owned(), over(own, &of_all))
            })
            .collect();
        let aliases = entries.iter().map(|(_, alias, ..)| alias.as_str());
        let aliases: Vec<&str> = aliases.filter(|alias| !alias.is_empty()).collect();
        for (key, node) in &ours {
            self.key(key, self.line(node), &aliases);
        }
        if list.is_none() {
            let what = "there is no image-list, so the updater passes this application over";
            self.trap(self.line(ours[0].1), what.to_owned());
        }
        for (line, _, image, told) in &entries {
            self.follow(*line, application, image, told, &write_back);
        }
    }

    /// An annotation's key: one that the updater knows, of an image that is listed.
    fn key(&mut self, key: &str, line: usize, aliases: &[&str]) {
        let of_image = OF_IMAGE
            .iter()
            .find_map(|known| key.strip_suffix(known)?.strip_suffix('.'));
        match of_image {
            _ if OF_ALL.contains(&key) || key == "pull-secret" => {}
            Some(alias) if aliases.contains(&alias) => {}
            Some(alias) => {
                let guess = suggestion(alias, aliases.iter().copied());
                self.trap(
                    line,
                    format!("{key}: image-list has no alias {alias:?}, so it is not read{guess}"),
                );
            }
            None => {
                let (alias, word) = key.split_once('.').unwrap_or(("", key));
                let known: &[&str] = if alias.is_empty() { &OF_ALL } else { &OF_IMAGE };
                let guess = suggestion(word, known.iter().copied());
                self.trap(
                    line,
                    format!(
                        "{key}: the updater knows no such annotation, and does not read it{guess}"
                    ),
                );
            }
        }
    }

    fn resource(&mut self, document: &Node<'_>) {
        let Some(spec) = at(document, &["spec"]) else {
            return;
        };
        let method = |node: &Node<'_>| {
            at(node, &["writeBackConfig", "method"])
                .and_then(Node::as_text)
                .map(str::to_owned)
        };
        let global = self.told(spec);
        let write_back = method(spec).unwrap_or_else(|| "argocd".to_owned());
        for reference in at(spec, &["applicationRefs"])
            .map(Node::items)
            .unwrap_or_default()
        {
            // Then the annotations of the applications are read, wherever those are.
            if at(reference, &["useAnnotations"]).and_then(Node::as_text) == Some("true") {
                continue;
            }
            let application = at(reference, &["namePattern"]).and_then(Node::as_text);
            let own = over(self.told(reference), &global);
            let write_back = method(reference).unwrap_or_else(|| write_back.clone());
            let images = at(reference, &["images"]).map(Node::items);
            for image in images.unwrap_or_default() {
                let told = over(self.told(image), &own);
                let name = at(image, &["imageName"]);
                let Some((node, name)) = name.and_then(|node| Some((node, node.as_text()?))) else {
                    self.trap(self.line(image), "an image without imageName".to_owned());
                    continue;
                };
                let line = self.line(node);
                self.follow(line, application.unwrap_or("*"), name, &told, &write_back);
            }
        }
    }

    fn told(&mut self, node: &Node<'_>) -> Told {
        let Some(settings) = at(node, &["commonUpdateSettings"]) else {
            return Told::default();
        };
        if let Value::Mapping(members) = &settings.value {
            for (key, value) in members
                .iter()
                .filter(|(key, _)| !FIELDS.contains(&key.as_ref()))
            {
                let guess = suggestion(key, FIELDS.into_iter());
                self.trap(
                    self.line(value),
                    format!("commonUpdateSettings has no field {key}{guess}"),
                );
            }
        }
        let text = |key: &str| {
            at(settings, &[key])
                .and_then(|node| Some((self.line(node), node.as_text()?.trim().to_owned())))
        };
        let words = |node: &Node<'_>| match node.as_text() {
            Some(word) => vec![word.to_owned()],
            None => node
                .items()
                .iter()
                .filter_map(|item| item.as_text().map(str::to_owned))
                .collect(),
        };
        Told {
            strategy: text("updateStrategy"),
            allow: text("allowTags"),
            ignore: at(settings, &["ignoreTags"]).map(words),
        }
    }

    fn follow(
        &mut self,
        line: usize,
        application: &str,
        written: &str,
        told: &Told,
        write_back: &str,
    ) {
        let (named, _) = written.split_once('@').unwrap_or((written, ""));
        let last = named.rfind('/').map_or(0, |at| at + 1);
        let (image, constraint) = match named[last..].split_once(':') {
            Some((name, constraint)) => (&named[..last + name.len()], constraint.trim()),
            None => (named, ""),
        };
        let strategy = self.strategy(told);
        let allow = told.allow.as_ref();
        let allow = match allow.map(|(line, text)| (line, Allow::of(text))) {
            None => Allow::Any,
            Some((_, Ok(allow))) => allow,
            Some((line, Err(why))) => {
                self.trap(
                    *line,
                    format!("{why}; no tag passes it, so nothing is ever updated"),
                );
                Allow::None
            }
        };
        match strategy {
            Strategy::SemVer => {
                if let Err(why) = Constraint::parse(constraint) {
                    self.trap(line, format!("the constraint {constraint:?} cannot be read: {why}; nothing is ever updated"),
                    );
                }
            }
            Strategy::Digest if constraint.is_empty() => {
                self.trap(
                    line,
                    format!("digest follows one tag, and {image} names none; write {image}:TAG"),
                );
            }
            Strategy::NewestBuild | Strategy::Alphabetical if !constraint.is_empty() => {
                self.trap(
                    line,
                    format!(
                        "{constraint:?} behind the image has no effect with {}",
                        strategy.word()
                    ),
                );
            }
            _ => {}
        }
        let settings = Settings {
            strategy,
            constraint: constraint.to_owned(),
            allow,
            ignore: told.ignore.clone().unwrap_or_default(),
        };
        self.found.followed.push(Followed {
            line,
            application: application.to_owned(),
            image: image.to_owned(),
            settings,
            write_back: write_back.to_owned(),
        });
    }

    fn strategy(&mut self, told: &Told) -> Strategy {
        let Some((line, word)) = &told.strategy else {
            return Strategy::SemVer;
        };
        let strategy = Strategy::of(word);
        match strategy {
            None => {
                let known = ["semver", "newest-build", "alphabetical", "digest"];
                let guess = suggestion(word, known.into_iter());
                self.trap(
                    *line,
                    format!("{word:?} is no update strategy, and the updater takes semver{guess}"),
                );
            }
            Some(strategy) if !strategy.word().eq_ignore_ascii_case(word) => {
                self.remark(
                    *line,
                    false,
                    format!(
                        "{word} is called {} now, and the old name will go",
                        strategy.word()
                    ),
                );
            }
            Some(_) => {}
        }
        strategy.unwrap_or(Strategy::SemVer)
    }
}

/// What is told of the image itself goes before what is told of all.
fn over(own: Told, all: &Told) -> Told {
    let all = all.clone();
    Told {
        strategy: own.strategy.or(all.strategy),
        allow: own.allow.or(all.allow),
        ignore: own.ignore.or(all.ignore),
    }
}
