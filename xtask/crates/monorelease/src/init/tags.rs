//! Which tag pattern each project has: the one that reads most of the tags that are there, so that history goes on.

use std::collections::{BTreeMap, HashMap, HashSet};

use monorelease_model::tag::TagPattern;

use crate::init::found::Found;

/// Decides every project's pattern. Gives sentences on tags that nobody was given.
///
/// `repository` is its name on the forge: where no project is the whole, the one that is called so goes by bare versions.
pub fn decide(projects: &mut [Found], tags: &[String], repository: Option<&str>) -> Vec<String> {
    let versioned = projects
        .iter()
        .filter(|project| !project.sites.is_empty())
        .count();
    let mut candidates: Vec<Vec<String>> = projects.iter().map(candidates).collect();
    // Where one project has versions and all tags are of one form, that is its form.
    if let (1, [form]) = (versioned, forms(tags).as_slice()) {
        let only = projects
            .iter()
            .position(|project| !project.sites.is_empty());
        let known = only.map(|place| &mut candidates[place]);
        known
            .filter(|known| !known.contains(form))
            .into_iter()
            .for_each(|known| known.push(form.clone()));
    }
    let counts = counts(&candidates, tags);
    let has_whole = projects
        .iter()
        .any(|project| project.path.is_empty() && !project.sites.is_empty());
    let mut taken: HashSet<String> = HashSet::new();
    let defaults: HashSet<String> = projects
        .iter()
        .map(|project| default(&project.name))
        .collect();
    for (place, project) in projects.iter_mut().enumerate() {
        if project.sites.is_empty() {
            continue;
        }
        let own = default(&project.name);
        let is_free = |pattern: &&String| {
            !taken.contains(*pattern) && (**pattern == own || !defaults.contains(*pattern))
        };
        // A bare version says nothing of a project, so that only the whole repository, or its only project, can own it.
        let is_main = !has_whole
            && repository.is_some_and(|repository| project.name.eq_ignore_ascii_case(repository));
        let may_be_bare = versioned == 1 || project.path.is_empty() || is_main;
        let is_allowed = |pattern: &&String| may_be_bare || !is_bare(pattern);
        let possible: Vec<&String> = candidates[place]
            .iter()
            .filter(is_free)
            .filter(is_allowed)
            .collect();
        let count = |pattern: &String| counts.get(&(place, pattern.as_str())).copied().unwrap_or(0);
        let best = possible.iter().copied().max_by_key(|pattern| {
            (
                count(pattern),
                std::cmp::Reverse(possible.iter().position(|other| other == pattern)),
            )
        });
        let wish = project
            .tag_wish
            .as_ref()
            .filter(|wish| possible.contains(wish));
        let chosen = match best {
            Some(best) if count(best) > 0 => best.clone(),
            _ => wish
                .cloned()
                .unwrap_or_else(|| unread(project, versioned, &taken)),
        };
        match count(&chosen) {
            0 => {}
            1 => project.comments.push(format!("1 tag reads as {chosen}.")),
            read => project
                .comments
                .push(format!("{read} tags read as {chosen}.")),
        }
        taken.insert(chosen.clone());
        project.tag = (chosen != own).then_some(chosen);
    }
    unowned(&taken, tags)
}

const BARE: [&str; 2] = ["v{version}", "{version}"];

fn is_bare(pattern: &str) -> bool {
    BARE.contains(&pattern)
}

/// The forms of tags that name versions.
fn forms(tags: &[String]) -> Vec<String> {
    let form = |tag: &String| {
        tag.char_indices()
            .filter(|(_, letter)| letter.is_ascii_digit())
            .map(|(at, _)| format!("{}{{version}}", &tag[..at]))
            .find(|form| TagPattern::parse(form).is_ok_and(|pattern| pattern.read(tag).is_some()))
    };
    let mut forms: Vec<String> = tags.iter().filter_map(form).collect();
    forms.sort();
    forms.dedup();
    forms
}

/// Sentences on tags that look like versions, and that no project was given.
fn unowned(taken: &HashSet<String>, tags: &[String]) -> Vec<String> {
    /// More would hide what matters.
    const SHOWN: usize = 3;
    let owned: HashMap<&str, TagPattern> = taken
        .iter()
        .filter_map(|text| {
            Some((
                text.split_once("{version}")?.0,
                TagPattern::parse(text).ok()?,
            ))
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in tags {
        let starts = || {
            tag.char_indices()
                .filter(|(_, letter)| letter.is_ascii_digit())
                .map(|(at, _)| &tag[..at])
        };
        let is_owned = starts().any(|prefix| {
            owned
                .get(prefix)
                .is_some_and(|pattern| pattern.read(tag).is_some())
        });
        let reads = |prefix: &&str| {
            TagPattern::parse(&format!("{prefix}{{version}}"))
                .is_ok_and(|pattern| pattern.read(tag).is_some())
        };
        if let (false, Some(prefix)) = (
            is_owned,
            starts().find(reads).filter(|prefix| !prefix.ends_with('.')),
        ) {
            *counts.entry(prefix).or_insert(0) += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let sentence = |(prefix, count): &(&str, usize)| {
        let tags = if *count == 1 {
            "1 tag looks".to_owned()
        } else {
            format!("{count} tags look")
        };
        format!(
            "{tags} like {prefix}{{version}}, and no project was given that pattern: set `tag` where it is a project's"
        )
    };
    counts.iter().take(SHOWN).map(sentence).collect()
}

fn default(package: &str) -> String {
    format!("{package}-v{{version}}")
}

/// Where no tag tells: the only project of a repository is the repository.
fn unread(project: &Found, versioned: usize, taken: &HashSet<String>) -> String {
    let bare = BARE[0].to_owned();
    if versioned == 1 && project.path.is_empty() && !taken.contains(&bare) {
        bare
    } else {
        default(&project.name)
    }
}

/// What people write, the likeliest first.
fn candidates(project: &Found) -> Vec<String> {
    let mut names = vec![project.name.clone()];
    let segment = project.path.rsplit('/').next().unwrap_or_default();
    names.extend(
        [segment, project.path.as_str()]
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| (*name).to_owned()),
    );
    names.extend(project.names.iter().cloned());
    let mut patterns: Vec<String> = project.tag_wish.iter().cloned().collect();
    for name in names.iter().filter(|name| is_git_name(name)) {
        for joint in ["-v", "@v", "@", "/v", "/", "-", "_v", "_"] {
            patterns.push(format!("{name}{joint}{{version}}"));
        }
    }
    patterns.extend(BARE.map(str::to_owned));
    let mut known = Vec::new();
    for pattern in patterns {
        if is_git_name(&pattern.replace("{version}", "0"))
            && !known.contains(&pattern)
            && TagPattern::parse(&pattern).is_ok()
        {
            known.push(pattern);
        }
    }
    known
}

/// Whether git takes it as a part of a tag.
fn is_git_name(name: &str) -> bool {
    let is_bad = |letter: char| {
        letter.is_control() || letter.is_whitespace() || "~^:?*[\\{}\"".contains(letter)
    };
    !name.contains(is_bad)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.starts_with(['/', '-', '.'])
        && !name.contains("//")
}

/// How many tags each candidate of each project reads. Whose tag it is, the longest prefix says (law 6).
fn counts<'c>(candidates: &'c [Vec<String>], tags: &[String]) -> BTreeMap<(usize, &'c str), usize> {
    let mut by_prefix: HashMap<&str, Vec<(usize, &str, TagPattern)>> = HashMap::new();
    for (place, text) in candidates
        .iter()
        .enumerate()
        .flat_map(|(place, texts)| texts.iter().map(move |text| (place, text)))
    {
        if let (Some((prefix, _)), Ok(pattern)) =
            (text.split_once("{version}"), TagPattern::parse(text))
        {
            by_prefix
                .entry(prefix)
                .or_default()
                .push((place, text, pattern));
        }
    }
    let mut counts = BTreeMap::new();
    for tag in tags {
        let starts = tag
            .char_indices()
            .rev()
            .filter(|(_, letter)| letter.is_ascii_digit())
            .map(|(at, _)| at);
        let readers = starts
            .filter_map(|at| by_prefix.get(&tag[..at]))
            .map(|patterns| {
                patterns
                    .iter()
                    .filter(|(_, _, pattern)| pattern.read(tag).is_some())
                    .collect::<Vec<_>>()
            });
        for (place, text, _) in readers
            .into_iter()
            .find(|readers| !readers.is_empty())
            .unwrap_or_default()
        {
            *counts.entry((*place, *text)).or_insert(0) += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests;
