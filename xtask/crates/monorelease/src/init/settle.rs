//! The last word on what was found: which projects an owner would release, what they are called, which site is the truth.
//!
//! It makes names, packages and tag patterns unique, so that the file it ends in can be read.

use std::collections::{BTreeSet, HashMap};

use monorelease_model::tag::TagPattern;

use super::images;
use super::paths::{image_name, module_name, plain_name};
use super::survey::Survey;
use super::tags;
use crate::init::found::Discovery;
use crate::init::found::Found;
use crate::init::found::Need;
use crate::init::found::Rank;

pub fn settle(mut survey: Survey<'_>) -> Discovery {
    let address = survey
        .tree
        .remote
        .as_ref()
        .and_then(|(_, url)| forge_path(url));
    let mut projects: Vec<Found> = std::mem::take(&mut survey.found).into_values().collect();
    leave_out_private(&mut survey, &mut projects);
    name_all(
        &mut survey,
        &mut projects,
        address.as_ref().map(|(_, path)| path.as_str()),
    );
    for project in &mut projects {
        order_sites(&mut survey, project);
    }
    let all = survey.tree.tags.clone();
    let repository = address.as_ref().map(|(_, path)| plain_name(path));
    let notes = tags::decide(&mut projects, &all, repository.as_deref());
    notes.into_iter().for_each(|note| survey.note(note));
    depend(&mut survey, &mut projects);
    let images = address
        .as_ref()
        .and_then(|(host, path)| image_repository(host, path));
    let has_images = projects.iter().any(|project| project.image.is_some());
    let repositories: Vec<(String, String)> = match &images {
        Some(pattern) => projects
            .iter()
            .filter(|project| project.image.is_some())
            .map(|project| {
                (
                    project.name.clone(),
                    pattern.replace("{package}", &project.name),
                )
            })
            .collect(),
        None => Vec::new(),
    };
    let mentions = images::mentions(&mut survey, &repositories);
    Discovery {
        github: address
            .filter(|(host, _)| host == "github.com")
            .map(|(_, path)| path),
        branch: survey.tree.branch.clone(),
        remote: survey
            .tree
            .remote
            .as_ref()
            .map(|(name, _)| name.clone())
            .filter(|name| name != "origin"),
        images: images.filter(|_| has_images),
        images_from: survey.images_from,
        projects,
        mentions,
        remarks: survey.remarks,
        notes: survey.notes,
    }
}

/// A manifest that says it is not for others is left out, unless something else of it is released.
fn leave_out_private(survey: &mut Survey<'_>, projects: &mut Vec<Found>) {
    let is_tagged = |project: &Found| {
        let patterns = project
            .names
            .iter()
            .map(|name| plain_name(name))
            .flat_map(|name| {
                ["-v", "@", "/v", "-"].map(|joint| format!("{name}{joint}{{version}}"))
            });
        let patterns: Vec<TagPattern> = patterns
            .filter_map(|pattern| TagPattern::parse(&pattern).ok())
            .collect();
        survey
            .tree
            .tags
            .iter()
            .any(|tag| patterns.iter().any(|pattern| pattern.read(tag).is_some()))
    };
    let is_left_out = |project: &Found| {
        project.private.is_some()
            && project.image.is_none()
            && project.wheel.is_none()
            && !is_tagged(project)
    };
    if projects.iter().all(is_left_out) {
        return;
    }
    let (out, kept): (Vec<Found>, Vec<Found>) =
        std::mem::take(projects).into_iter().partition(is_left_out);
    *projects = kept;
    for project in out {
        let why = project.private.unwrap_or_default();
        survey.remarks.push(format!(
            "Left out: {} ({why}, and neither an image, nor a wheel, nor a tag of it).",
            project.path
        ));
    }
}

/// One word for name and package, that no other project has. A name belongs first of all to the folder that is called so.
fn name_all(survey: &mut Survey<'_>, projects: &mut [Found], repository: Option<&str>) {
    let root = repository.map_or(survey.tree.root_name.as_str(), |path| path);
    let wishes: Vec<(String, Vec<String>)> = projects
        .iter()
        .map(|project| wishes(project, root))
        .collect();
    let is_at_home = |place: &usize| {
        projects[*place]
            .path
            .rsplit('/')
            .next()
            .is_some_and(|segment| plain_name(segment) == wishes[*place].0)
    };
    let mut order: Vec<usize> = (0..projects.len()).collect();
    order.sort_by_key(|place| !is_at_home(place));
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for place in order {
        let (given, others) = &wishes[place];
        let numbered = (2..).map(|number| format!("{given}-{number}"));
        let mut names = [given.clone()]
            .into_iter()
            .chain(others.iter().cloned())
            .chain(numbered);
        let project = &mut projects[place];
        project.name = names
            .find(|name| !taken.contains(&name.to_lowercase()))
            .unwrap_or_default();
        if project.name != *given {
            let place = if project.path.is_empty() {
                "the root"
            } else {
                &project.path
            };
            survey.notes.push(format!(
                "two projects are called {given}: the one in {place} is written as {}",
                project.name
            ));
        }
        taken.insert(project.name.to_lowercase());
    }
}

/// What a project is called, and what it could be called if that is taken.
fn wishes(project: &Found, root: &str) -> (String, Vec<String>) {
    let plain = |name: &str| {
        if project.image.is_some() {
            image_name(name)
        } else {
            plain_name(name)
        }
    };
    let segment = if project.path.is_empty() {
        root
    } else {
        project.path.as_str()
    };
    let mut known = project
        .names
        .iter()
        .map(String::as_str)
        .chain([segment, root])
        .map(plain)
        .filter(|name| !name.is_empty());
    let given = known.next().unwrap_or_else(|| "project".into());
    let folder = plain(segment);
    let parent = project
        .path
        .rsplit('/')
        .nth(1)
        .map(plain)
        .filter(|parent| !parent.is_empty());
    let longer = parent.map(|parent| format!("{parent}-{given}"));
    let others = [
        (folder != given && !folder.is_empty()).then_some(folder),
        longer,
    ];
    (given, others.into_iter().flatten().collect())
}

/// The source of truth first, and a word beside each site that says something else.
fn order_sites(survey: &mut Survey<'_>, project: &mut Found) {
    project.sites.sort_by_key(|site| site.rank);
    if let (Some(claimed), [site]) = (&project.claimed, project.sites.as_slice())
        && site.said[0].version != *claimed
    {
        let record = format!("the release tool's record says {}", claimed.to_semver());
        survey.notes.push(format!(
            "{}: {} says {}, but {record}",
            project.name, site.file, site.said[0].found
        ));
    }
    let versions: BTreeSet<_> = project
        .sites
        .iter()
        .flat_map(|site| site.said.iter().map(|said| &said.version))
        .collect();
    if versions.len() < 2 {
        return;
    }
    let claimed = project.claimed.clone();
    let is_claimed =
        |site: &&mut crate::init::found::FoundSite| claimed.as_ref() == Some(&site.said[0].version);
    if let Some(site) = project.sites.iter_mut().find(is_claimed) {
        site.rank = site.rank.min(Rank::Claimed);
    }
    project.sites.sort_by_key(|site| site.rank);
    let truth = project.sites[0].said[0].clone();
    let file = project.sites[0].file.clone();
    for site in &mut project.sites {
        if let Some(said) = site.said.iter().find(|said| said.version != truth.version) {
            site.comment = Some(format!(
                "says {}, not {}: cargo xtask versions --fix {}",
                said.found, truth.found, project.name
            ));
            survey.notes.push(format!(
                "{}: {} ({}) says {}, but {file} says {}; both are written",
                project.name, site.file, said.key, said.found, truth.found
            ));
        }
    }
}

/// Makes needs into names of projects; what would close a circle is left out.
fn depend(survey: &mut Survey<'_>, projects: &mut [Found]) {
    let mut folders: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    for (place, project) in projects.iter().enumerate().rev() {
        folders.extend(project.covers.iter().map(|folder| (folder.as_str(), place)));
        folders.insert(&project.path, place);
        names.extend(project.names.iter().map(|name| (module_name(name), place)));
    }
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); projects.len()];
    for (place, project) in projects.iter().enumerate() {
        for need in &project.needs {
            let other = match need {
                Need::Folder(folder) => folders.get(folder.as_str()),
                Need::Name(name) => names.get(&module_name(name)),
            };
            let Some(&other) =
                other.filter(|other| **other != place && !edges[place].contains(other))
            else {
                continue;
            };
            if reaches(&edges, other, place) {
                let both = format!(
                    "{} and {} are built of each other",
                    project.name, projects[other].name
                );
                survey.note(format!(
                    "{both}, be it through others, which `depends` cannot say"
                ));
                continue;
            }
            edges[place].push(other);
        }
    }
    for (place, others) in edges.into_iter().enumerate() {
        projects[place].depends = others
            .into_iter()
            .map(|other| projects[other].name.clone())
            .collect();
    }
}

/// Whether `from` is built of `to`, be it through others.
fn reaches(edges: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        open.extend(
            edges[place]
                .iter()
                .copied()
                .filter(|next| seen.insert(*next)),
        );
    }
    seen.contains(&to)
}

/// The host and the path of a remote on a forge: `github.com` and `acme/mesh`. Whatever else an address holds is not read.
fn forge_path(url: &str) -> Option<(String, String)> {
    let rest = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.to_owned(),
        // As scp writes it: git@github.com:acme/mesh.git
        None => url
            .split_once(':')
            .filter(|(host, _)| !host.contains('/'))
            .map(|(host, path)| format!("{host}/{path}"))?,
    };
    let (host, path) = rest.split_once('/')?;
    let host = host
        .rsplit('@')
        .next()?
        .split(':')
        .next()?
        .to_ascii_lowercase();
    let path = path.trim_matches('/').trim_end_matches(".git").to_owned();
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
    };
    let is_forge =
        host.contains('.') && path.split('/').count() >= 2 && path.split('/').all(is_plain);
    is_forge.then_some((host, path))
}

/// The registry that belongs to the forge.
fn image_repository(host: &str, path: &str) -> Option<String> {
    let path = path.to_ascii_lowercase();
    match host {
        "github.com" => path
            .split('/')
            .next()
            .map(|owner| format!("ghcr.io/{owner}/{{package}}")),
        "gitlab.com" => Some(format!("registry.gitlab.com/{path}/{{package}}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forge_is_read_of_every_spelling_of_its_address() {
        let github = Some(("github.com".to_owned(), "acme/mesh".to_owned()));
        for url in [
            "https://github.com/acme/mesh.git",
            "https://user:token@github.com/acme/mesh",
            "git@github.com:acme/mesh.git",
            "ssh://git@github.com:22/acme/mesh.git",
        ] {
            assert_eq!(forge_path(url), github, "{url}");
        }
        for url in [
            "/srv/git/mesh.git",
            "../mesh",
            "file:///srv/git/mesh",
            "C:/git/mesh",
            "https://github.com/acme",
            "git@box:acme/mesh",
        ] {
            assert_eq!(forge_path(url), None, "{url}");
        }
        assert_eq!(
            image_repository("github.com", "Acme/Mesh").as_deref(),
            Some("ghcr.io/acme/{package}")
        );
        assert_eq!(
            image_repository("gitlab.com", "a/b/c").as_deref(),
            Some("registry.gitlab.com/a/b/c/{package}")
        );
    }
}
