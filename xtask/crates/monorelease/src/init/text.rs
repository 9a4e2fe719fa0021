//! The text of a `monorepo.toml`: what was found, each thing with a word on where it comes from.

use std::fmt::Write as _;
use toml_edit::{Key, Value};

use crate::config::SiteKeys;
use crate::init::found::Discovery;
use crate::init::found::Found;
use crate::init::found::FoundSite;
use crate::init::found::Mention;
use crate::project::environment_words::rank;

const HEAD: &str = "\
# What `cargo xtask` knows of this repository. `cargo xtask init` wrote it out of what stands in the tree: read it once.
# What is left out is not wanted. The keys are described in docs/configuration.md.
";

/// Writes it down. Comments never run over a line's end, whatever stood in the tree.
pub fn text(discovery: &Discovery) -> String {
    let mut text = String::from(HEAD);
    repository(&mut text, discovery);
    if let Some(pattern) = &discovery.images {
        let _ = write!(text, "\n[images]\nrepository = {}\n", quoted(pattern));
    }
    for project in &discovery.projects {
        write_project(&mut text, project, discovery.images.is_some());
    }
    if let Some(files) = &discovery.images_from {
        comment(
            &mut text,
            "\n",
            "Files that each name the image of one project.",
        );
        let _ = write!(text, "[images-from]\nfiles = {}\n", quoted(files));
    }
    mentions(&mut text, &discovery.mentions);
    for (place, remark) in discovery.remarks.iter().enumerate() {
        comment(&mut text, if place == 0 { "\n" } else { "" }, remark);
    }
    text
}

fn repository(text: &mut String, discovery: &Discovery) {
    let keys = [
        ("github", &discovery.github),
        ("branch", &discovery.branch),
        ("remote", &discovery.remote),
    ];
    if keys.iter().any(|(_, value)| value.is_some()) {
        text.push_str("\n[repository]\n");
    }
    for (key, value) in keys {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
}

fn write_project(text: &mut String, project: &Found, has_repository: bool) {
    comment(text, "\n", &format!("Found by {}.", project.by.join(", ")));
    project
        .comments
        .iter()
        .for_each(|line| comment(text, "", line));
    let _ = writeln!(
        text,
        "[projects.{}]",
        Key::new(project.name.as_str()).display_repr()
    );
    let path = if project.path.is_empty() {
        "."
    } else {
        &project.path
    };
    let _ = writeln!(text, "path = {}", quoted(path));
    let default = if project.path.is_empty() {
        project.name.as_str()
    } else {
        path.rsplit('/').next().unwrap_or(path)
    };
    if default != project.name {
        let _ = writeln!(text, "package = {}", quoted(&project.name));
    }
    if let Some(tag) = &project.tag {
        let _ = writeln!(text, "tag = {}", quoted(tag));
    }
    if !project.ignore_tags.is_empty() {
        comment(
            text,
            "",
            "The commits of these tags say another version, for which `versions --check` fails. Where they are no mistake:",
        );
        let _ = writeln!(text, "# ignore-tags = {}", array(&project.ignore_tags));
    }
    versions(text, &project.sites);
    if !project.depends.is_empty() {
        let _ = writeln!(text, "depends = {}", array(&project.depends));
    }
    if let Some(targets) = &project.wheel {
        let _ = writeln!(text, "wheel = {{ targets = {} }}", array(targets));
    }
    if project.is_published {
        text.push_str("package-index = \"pypi\"\n");
    }
    match &project.image {
        Some(platforms) if has_repository => drop(writeln!(
            text,
            "image = {{ platforms = {} }}",
            array(platforms)
        )),
        Some(platforms) => {
            comment(
                text,
                "",
                "It has a Dockerfile. Once [images] says where images go, as in repository = \"registry.example/team/{package}\":",
            );
            let _ = writeln!(text, "# image = {{ platforms = {} }}", array(platforms));
        }
        None => {}
    }
}

fn versions(text: &mut String, sites: &[FoundSite]) {
    let lines: Vec<String> = sites.iter().map(|site| site_text(&site.keys)).collect();
    let short = lines.join(", ");
    if lines.is_empty() {
        return;
    }
    if short.chars().count() <= 100 && sites.iter().all(|site| site.comment.is_none()) {
        let _ = writeln!(text, "versions = [{short}]");
        return;
    }
    text.push_str("versions = [\n");
    for (site, line) in sites.iter().zip(lines) {
        let remark = site
            .comment
            .as_ref()
            .map(|remark| format!(" # {}", one_line(remark)))
            .unwrap_or_default();
        let _ = writeln!(text, "    {line},{remark}");
    }
    text.push_str("]\n");
}

fn site_text(keys: &SiteKeys) -> String {
    match keys {
        SiteKeys::File(file) => quoted(file),
        SiteKeys::Place(place) => {
            let parts = [
                ("file", Some(&place.file)),
                ("key", place.key.as_ref()),
                ("pattern", place.pattern.as_ref()),
            ];
            let parts: Vec<String> = parts
                .iter()
                .filter_map(|(key, value)| Some(format!("{key} = {}", quoted((*value)?))))
                .collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// Delivery is never guessed: what a release should reach is the owner's to say.
fn mentions(text: &mut String, mentions: &[Mention]) {
    let mut environments: Vec<&str> = mentions
        .iter()
        .filter_map(|mention| mention.environment)
        .collect();
    environments.sort_by_key(|name| rank(name));
    environments.dedup();
    if !environments.is_empty() {
        comment(
            text,
            "\n",
            "Files of this tree say which of these images runs. To have a release move them, say so, and in which order:",
        );
    }
    for (place, name) in environments.iter().enumerate() {
        let _ = writeln!(text, "# [environments.{name}]");
        if let Some(before) = place.checked_sub(1) {
            let _ = writeln!(text, "# after = {}", quoted(environments[before]));
        }
    }
    for mention in mentions {
        let Some(environment) = mention.environment else {
            continue;
        };
        let _ = write!(
            text,
            "#\n# [[pins]]\n# project = {}\n# environment = {}\n# file = {}\n",
            quoted(&mention.project),
            quoted(environment),
            quoted(&mention.file)
        );
    }
    /// Enough to show the owner what is meant.
    const SHOWN: usize = 4;
    let others: Vec<&str> = mentions
        .iter()
        .filter(|mention| mention.environment.is_none())
        .map(|mention| mention.file.as_str())
        .collect();
    if !others.is_empty() {
        let more = match others.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let line = format!(
            "These files say which of these images runs, and their paths do not tell in which environment: {}{more}. Where a release is to move them, write [[pins]] with `project`, `environment` and `file`.",
            others[..others.len().min(SHOWN)].join(", ")
        );
        comment(text, "\n", &line);
    }
}

fn comment(text: &mut String, before: &str, line: &str) {
    let _ = writeln!(text, "{before}# {}", one_line(line));
}

fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A string as TOML wants it, on one line.
fn quoted(value: &str) -> String {
    if value.chars().any(char::is_control) {
        let escaped = value.chars().map(|letter| match letter {
            '"' | '\\' => format!("\\{letter}"),
            letter if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
            letter => letter.to_string(),
        });
        return format!("\"{}\"", escaped.collect::<String>());
    }
    Value::from(value).to_string().trim().to_owned()
}

fn array(values: &[String]) -> String {
    format!(
        "[{}]",
        values
            .iter()
            .map(|value| quoted(value))
            .collect::<Vec<_>>()
            .join(", ")
    )
}
