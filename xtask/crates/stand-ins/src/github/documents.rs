//! The embedded forge's answers as whole documents, with every field that the real interface's description wants.
//!
//! Most of it nobody here reads; a client that reads other fields of it finds them in their form.

use serde_json::{Map, Value, json};

use super::git::BareCommit;
use super::pulls::{Desk, Pull};
use super::releases::{Asset, Release};

/// All times are one: answers are a function of the state alone.
const TIME: &str = "2025-10-25T14:30:00Z";

/// Names of links that a repository's document has, each with `_url` behind.
const REPOSITORY_LINKS: [&str; 38] = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
    "svn",
    "clone",
];
const USER_LINKS: [&str; 10] = [
    "avatar",
    "events",
    "followers",
    "following",
    "gists",
    "organizations",
    "received_events",
    "repos",
    "starred",
    "subscriptions",
];

fn user(address: &str, login: &str) -> Value {
    let url = format!("{address}/users/{login}");
    let mut user = Map::from_iter([
        ("login".to_owned(), json!(login)),
        ("id".to_owned(), json!(1)),
        ("node_id".to_owned(), json!("U_1")),
        ("gravatar_id".to_owned(), json!("")),
        ("url".to_owned(), json!(url)),
        ("html_url".to_owned(), json!(format!("{address}/{login}"))),
        ("type".to_owned(), json!("User")),
        ("site_admin".to_owned(), json!(false)),
    ]);
    user.extend(
        USER_LINKS
            .iter()
            .map(|name| (format!("{name}_url"), json!(format!("{url}/{name}")))),
    );
    user.into()
}

fn repository(address: &str, full_name: &str) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap_or(("", full_name));
    let url = format!("{address}/repos/{full_name}");
    let document = json!({
        "id": 1, "node_id": "R_1", "name": name, "full_name": full_name, "owner": user(address, owner), "private": false,
        "html_url": format!("{address}/{full_name}"), "description": null, "fork": false, "url": url, "license": null,
        "git_url": format!("git://localhost/{full_name}.git"), "ssh_url": format!("git@localhost:{full_name}.git"),
        "mirror_url": null, "homepage": null, "language": null, "forks": 0, "forks_count": 0, "stargazers_count": 0,
        "watchers": 0, "watchers_count": 0, "size": 0, "default_branch": "main", "open_issues": 0, "open_issues_count": 0,
        "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": true,
        "archived": false, "disabled": false, "pushed_at": TIME, "created_at": TIME, "updated_at": TIME,
    });
    let mut document = document.as_object().cloned().unwrap_or_default();
    document.extend(
        REPOSITORY_LINKS
            .iter()
            .map(|name| (format!("{name}_url"), json!(format!("{url}/{name}")))),
    );
    document.into()
}

/// A pull request, as listings tell it, or `whole` as the answer about it alone does.
pub(super) fn pull_document(desk: &Desk<'_>, pull: &Pull, whole: bool) -> Value {
    let Desk {
        repository: own,
        address,
        bare,
    } = desk;
    let Pull {
        number,
        title,
        body,
        ..
    } = pull;
    let owner = own.split('/').next().unwrap_or_default();
    let url = format!("{address}/repos/{own}/pulls/{number}");
    let issue = format!("{address}/repos/{own}/issues/{number}");
    let page = format!("{address}/{own}/pull/{number}");
    let statuses = format!("{address}/repos/{own}/statuses/{}", pull.head_commit);
    let head = if pull.head_repository.is_empty() {
        own
    } else {
        pull.head_repository.as_str()
    };
    let link = |target: &str| json!({ "href": target });
    let document = json!({
        "id": number, "node_id": format!("PR_{number}"), "number": number, "url": url, "html_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "issue_url": issue,
        "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{address}/repos/{own}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue}/comments"), "statuses_url": statuses,
        "state": if pull.is_open { "open" } else { "closed" }, "locked": false, "title": title,
        "body": if body.is_empty() { Value::Null } else { json!(body) }, "user": user(address, owner), "labels": [],
        "milestone": null, "assignee": null, "auto_merge": null, "author_association": "OWNER", "merge_commit_sha": null,
        "created_at": TIME, "updated_at": TIME, "merged_at": null, "closed_at": if pull.is_open { Value::Null } else { json!(TIME) },
        "head": {
            "label": desk.label(pull), "ref": pull.head_branch, "sha": pull.head_commit,
            "user": user(address, head.split('/').next().unwrap_or_default()), "repo": repository(address, head),
        },
        "base": {
            "label": format!("{owner}:{}", pull.base), "ref": pull.base, "sha": bare.branch(&pull.base).unwrap_or_default(),
            "user": user(address, owner), "repo": repository(address, own),
        },
        "_links": {
            "self": link(&url), "html": link(&page), "issue": link(&issue), "comments": link(&format!("{issue}/comments")),
            "review_comments": link(&format!("{url}/comments")), "review_comment": link(&format!("{url}/comments{{/number}}")),
            "commits": link(&format!("{url}/commits")), "statuses": link(&statuses),
        },
    });
    let mut document = document.as_object().cloned().unwrap_or_default();
    if let Some(rest) = counts().as_object().filter(|_| whole) {
        document.extend(rest.clone());
    }
    document.into()
}

/// What only the answer about one pull request tells.
fn counts() -> Value {
    json!({
        "additions": 1, "changed_files": 1, "comments": 0, "commits": 1, "deletions": 1, "review_comments": 0,
        "mergeable": null, "mergeable_state": "unknown", "merged": false, "merged_by": null, "maintainer_can_modify": false,
    })
}

pub(super) fn release_document(desk: &Desk<'_>, release: &Release, hides_digests: bool) -> Value {
    let Desk {
        repository,
        address,
        ..
    } = desk;
    let Release {
        number,
        tag,
        title,
        body,
        ..
    } = release;
    let url = format!("{address}/repos/{repository}/releases/{number}");
    let owner = repository.split('/').next().unwrap_or_default();
    let page = if release.is_draft {
        format!("untagged-{number}")
    } else {
        tag.clone()
    };
    let ball = |kind: &str| {
        if release.is_draft {
            Value::Null
        } else {
            json!(format!("{address}/repos/{repository}/{kind}/{tag}"))
        }
    };
    json!({
        "url": url, "assets_url": format!("{url}/assets"), "upload_url": format!("{url}/assets{{?name,label}}"),
        "html_url": format!("{address}/{repository}/releases/tag/{page}"), "id": number, "author": user(address, owner),
        "node_id": format!("RE_{number}"), "tag_name": tag, "target_commitish": release.commit, "name": title, "draft": release.is_draft,
        "immutable": release.is_immutable, "prerelease": release.is_prerelease, "created_at": TIME, "updated_at": TIME,
        "published_at": if release.is_draft { Value::Null } else { json!(TIME) },
        "assets": release.assets.iter().map(|asset| asset_document(desk, release, asset, hides_digests)).collect::<Vec<_>>(),
        "tarball_url": ball("tarball"), "zipball_url": ball("zipball"),
        // As a browser would have left it.
        "body": body.replace('\n', "\r\n"),
    })
}

pub(super) fn asset_document(
    desk: &Desk<'_>,
    release: &Release,
    asset: &Asset,
    hides_digests: bool,
) -> Value {
    let Desk {
        repository,
        address,
        ..
    } = desk;
    let Asset {
        number,
        name,
        content,
        digest,
        is_whole,
    } = asset;
    let owner = repository.split('/').next().unwrap_or_default();
    let digest = (*is_whole && !hides_digests).then_some(digest);
    json!({
        "url": format!("{address}/repos/{repository}/releases/assets/{number}"), "id": number, "node_id": format!("RA_{number}"),
        "name": name, "label": "", "uploader": user(address, owner), "content_type": "application/octet-stream",
        "state": if *is_whole { "uploaded" } else { "starter" }, "size": content.len(), "digest": digest, "download_count": 0,
        "created_at": TIME, "updated_at": TIME,
        "browser_download_url": format!("{address}/{repository}/releases/download/{}/{name}", release.tag),
    })
}

pub(super) fn commit_document(desk: &Desk<'_>, commit: &BareCommit) -> Value {
    let Desk {
        repository,
        address,
        ..
    } = desk;
    let git = format!("{address}/repos/{repository}/git");
    let url = |id: &str| format!("{address}/repos/{repository}/commits/{id}");
    let page = |id: &str| format!("{address}/{repository}/commit/{id}");
    let id = commit.id.as_str();
    let time = jiff::Timestamp::from_second(commit.seconds)
        .map_or_else(|_| TIME.to_owned(), |time| time.to_string());
    let who = json!({ "name": commit.author.0, "email": commit.author.1, "date": time });
    let parents: Vec<_> = commit
        .parents
        .iter()
        .map(|parent| json!({ "sha": parent, "url": url(parent), "html_url": page(parent) }))
        .collect();
    json!({
        "sha": id, "node_id": format!("C_{id}"), "url": url(id), "html_url": page(id), "comments_url": format!("{}/comments", url(id)),
        "commit": {
            "url": format!("{git}/commits/{id}"), "author": who, "committer": who, "message": commit.message.trim_end_matches('\n'),
            "comment_count": 0, "tree": { "sha": commit.tree, "url": format!("{git}/trees/{}", commit.tree) },
        },
        "author": null, "committer": null, "parents": parents,
    })
}
