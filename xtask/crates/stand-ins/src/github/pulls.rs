//! Pull requests of the embedded forge: who may open one, what is refused, and how listings are cut into pages.
//!
//! The words of refusals are those of the real forge, because people search for them.

use serde_json::{Map, Value, json};

use super::documents::{commit_document, pull_document};
use super::git::Bare;
use super::refusal;
use crate::github::refusal::invalid;
use crate::http::message::{Request, Response};

/// What the real forge takes, in characters.
const BODY_CHARS_MAX: usize = 65_536;
const TITLE_CHARS_MAX: usize = 256;

/// A pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub is_open: bool,
    /// `owner/name` of where the branch is: a fork's, if not the repository's own.
    pub head_repository: String,
    pub head_branch: String,
    /// Where the branch was when it was last there.
    pub head_commit: String,
    pub base: String,
}

/// Closes what has lost its branch, and moves the others to where their branches are.
pub(super) fn settle(pulls: &mut [Pull], bare: &Bare) {
    let own: Vec<_> = pulls
        .iter_mut()
        .filter(|pull| pull.is_open && pull.head_repository.is_empty())
        .collect();
    for pull in own {
        match bare.branch(&pull.head_branch) {
            Some(commit) => pull.head_commit = commit,
            None => pull.is_open = false,
        }
    }
}

/// Answers questions about one repository.
pub(super) struct Desk<'a> {
    pub repository: &'a str,
    /// The forge's own address.
    pub address: &'a str,
    pub bare: &'a Bare,
}

type Answer = Result<Response, Response>;

impl Desk<'_> {
    fn owner(&self) -> &str {
        self.repository.split('/').next().unwrap_or_default()
    }

    pub fn list(&self, pulls: &[Pull], request: &Request, page_size: usize) -> Answer {
        known_queries(request, &["state", "head", "base", "per_page", "page"])?;
        let state = request.query("state").unwrap_or("open");
        if !["open", "closed", "all"].contains(&state) {
            return Err(invalid(
                "Validation Failed",
                &[json!({ "resource": "PullRequest", "field": "state", "code": "invalid" })],
            ));
        }
        let head = request.query("head");
        if head.is_some_and(|head| !head.contains(':')) {
            // The real one drops such a filter, and lists everything.
            return Err(invalid("head is USER:BRANCH", &[]));
        }
        let mut found: Vec<_> = pulls
            .iter()
            .filter(|pull| state == "all" || pull.is_open == (state == "open"))
            .filter(|pull| request.query("base").is_none_or(|base| base == pull.base))
            .filter(|pull| head.is_none_or(|head| is_same_label(head, &self.label(pull))))
            .collect();
        found.reverse();
        let documents = found
            .iter()
            .map(|pull| pull_document(self, pull, false))
            .collect();
        self.page(documents, request, page_size, |page| {
            Value::Array(page.to_vec())
        })
    }

    /// Whose branch it is, as filters and answers name it.
    pub fn label(&self, pull: &Pull) -> String {
        let owner = pull
            .head_repository
            .split('/')
            .next()
            .filter(|owner| !owner.is_empty())
            .unwrap_or(self.owner());
        format!("{owner}:{}", pull.head_branch)
    }

    pub fn create(&self, pulls: &mut Vec<Pull>, request: &Request) -> Answer {
        let fields = fields(
            request,
            &[
                "title",
                "head",
                "base",
                "body",
                "draft",
                "maintainer_can_modify",
            ],
        )?;
        let text = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let title = text("title");
        let body = text("body");
        hold_to_length(&title, &body)?;
        let own = format!("{}:", self.owner());
        let head = text("head");
        let head = head.strip_prefix(&own).unwrap_or(&head).to_owned();
        let base = text("base");
        let wrong = |field: &str| {
            invalid(
                "Validation Failed",
                &[json!({ "resource": "PullRequest", "field": field, "code": "invalid" })],
            )
        };
        let head_commit = self.bare.branch(&head).ok_or_else(|| wrong("head"))?;
        let base_commit = self.bare.branch(&base).ok_or_else(|| wrong("base"))?;
        let custom = |message: String| {
            invalid(
                "Validation Failed",
                &[json!({ "resource": "PullRequest", "code": "custom", "message": message })],
            )
        };
        let is_same = |pull: &&Pull| {
            pull.is_open
                && pull.head_repository.is_empty()
                && pull.head_branch == head
                && pull.base == base
        };
        if pulls.iter().any(|pull| is_same(&pull)) {
            return Err(custom(format!(
                "A pull request already exists for {own}{head}."
            )));
        }
        if self
            .bare
            .beyond(&base_commit, &head_commit)
            .is_none_or(|commits| commits.is_empty())
        {
            return Err(custom(format!("No commits between {base} and {head}")));
        }
        let number = pulls.len() as u64 + 1;
        let pull = Pull {
            number,
            title,
            body,
            is_open: true,
            head_repository: String::new(),
            head_branch: head,
            head_commit,
            base,
        };
        let document = pull_document(self, &pull, true);
        pulls.push(pull);
        let location = document["url"].as_str().unwrap_or_default().to_owned();
        Ok(Response::json(201, &document).with("Location", location))
    }

    pub fn update(&self, pulls: &mut [Pull], number: &str, request: &Request) -> Answer {
        let fields = fields(
            request,
            &["title", "body", "state", "base", "maintainer_can_modify"],
        )?;
        let pull = pulls
            .iter_mut()
            .find(|pull| pull.number.to_string() == number)
            .ok_or_else(|| refusal(404, "Not Found"))?;
        let text = |name: &str, now: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or(now)
                .to_owned()
        };
        let title = text("title", &pull.title);
        let body = text("body", &pull.body);
        hold_to_length(&title, &body)?;
        let state = text("state", if pull.is_open { "open" } else { "closed" });
        let wrong = |field: &str| {
            invalid(
                "Validation Failed",
                &[json!({ "resource": "PullRequest", "field": field, "code": "invalid" })],
            )
        };
        let is_open = match state.as_str() {
            "open" => true,
            "closed" => false,
            _ => return Err(wrong("state")),
        };
        if is_open && self.bare.branch(&pull.head_branch).is_none() {
            return Err(wrong("state"));
        }
        let base = text("base", &pull.base);
        self.bare.branch(&base).ok_or_else(|| wrong("base"))?;
        (pull.title, pull.body, pull.is_open, pull.base) = (title, body, is_open, base);
        Ok(Response::json(200, &pull_document(self, pull, true)))
    }

    pub fn compare(&self, basehead: &str, request: &Request, page_size: usize) -> Answer {
        known_queries(request, &["per_page", "page"])?;
        let missing = || refusal(404, "Not Found");
        let (base, head) = basehead.split_once("...").ok_or_else(missing)?;
        let base = self.bare.resolve(base).ok_or_else(missing)?;
        let head = self.bare.resolve(head).ok_or_else(missing)?;
        let commits = self.bare.beyond(&base, &head).ok_or_else(missing)?;
        let behind = self.bare.beyond(&head, &base).ok_or_else(missing)?.len();
        let parting = self.bare.merge_base(&base, &head).ok_or_else(missing)?;
        let document = |id: &str| {
            self.bare
                .commit(id)
                .map(|commit| commit_document(self, &commit))
                .ok_or_else(missing)
        };
        let base_document = document(&base)?;
        let parting = document(&parting)?;
        let status = match (commits.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let total = commits.len();
        let page = format!("{}/{}/compare/{basehead}", self.address, self.repository);
        let documents = commits
            .iter()
            .map(|commit| commit_document(self, commit))
            .collect();
        self.page(documents, request, page_size, |commits| {
            json!({
                "url": format!("{}/repos/{}/compare/{basehead}", self.address, self.repository),
                "html_url": page, "permalink_url": page, "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
                "base_commit": base_document, "merge_base_commit": parting, "status": status, "ahead_by": total,
                "behind_by": behind, "total_commits": total, "commits": commits, "files": [],
            })
        })
    }

    /// One page, with the way to the next in `Link`.
    pub fn page(
        &self,
        all: Vec<Value>,
        request: &Request,
        most: usize,
        document: impl FnOnce(&[Value]) -> Value,
    ) -> Answer {
        let number = |name: &str, usual: usize| match request.query(name).map(str::parse::<usize>) {
            None => Ok(usual),
            Some(Ok(number)) if number > 0 && (name == "page" || number <= 100) => Ok(number),
            Some(_) => Err(invalid(
                &format!("{name} is no number that is taken here"),
                &[],
            )),
        };
        let size = number("per_page", 30)?.min(most);
        let page = number("page", 1)?;
        let start = size.saturating_mul(page - 1).min(all.len());
        let end = (start + size).min(all.len());
        let mut response = Response::json(200, &document(&all[start..end]));
        if end < all.len() {
            let path = request.target.split('?').next().unwrap_or_default();
            let kept = request
                .target
                .split_once('?')
                .map_or("", |(_, query)| query);
            let kept: Vec<_> = kept
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
                .collect();
            let query = [kept.join("&"), format!("page={}", page + 1)]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>();
            response = response.with(
                "Link",
                format!("<{}{path}?{}>; rel=\"next\"", self.address, query.join("&")),
            );
        }
        Ok(response)
    }
}

/// Owners are written in any case, branches are not.
fn is_same_label(left: &str, right: &str) -> bool {
    let left = left.split_once(':').unwrap_or(("", left));
    let right = right.split_once(':').unwrap_or(("", right));
    left.0.eq_ignore_ascii_case(right.0) && left.1 == right.1
}

pub(super) fn known_queries(request: &Request, known: &[&str]) -> Result<(), Response> {
    match request
        .query
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, _)) => Err(invalid(
            &format!("the query {name:?} is not known here"),
            &[],
        )),
        None => Ok(()),
    }
}

/// The fields of a request's document, every one of them known and of its type.
pub(super) fn fields(request: &Request, known: &[&str]) -> Result<Map<String, Value>, Response> {
    let is_json = request
        .header("Content-Type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    let document = serde_json::from_slice(&request.body)
        .ok()
        .filter(|_| is_json);
    let Some(Value::Object(fields)) = document else {
        return Err(refusal(400, "Problems parsing JSON"));
    };
    for (name, value) in &fields {
        let is_flag = matches!(
            name.as_str(),
            "draft" | "maintainer_can_modify" | "prerelease"
        );
        if !known.contains(&name.as_str()) {
            return Err(invalid(
                &format!("Invalid request.\n\n\"{name}\" is not a permitted key."),
                &[],
            ));
        }
        if is_flag != value.is_boolean() || is_flag == value.is_string() {
            return Err(invalid(
                &format!(
                    "Invalid request.\n\nFor 'properties/{name}', {value} is of another type."
                ),
                &[],
            ));
        }
    }
    Ok(fields)
}

fn hold_to_length(title: &str, body: &str) -> Result<(), Response> {
    let wrong = |field: &str, code: &str, message: String| {
        Err(invalid(
            "Validation Failed",
            &[json!({ "resource": "Issue", "field": field, "code": code, "message": message })],
        ))
    };
    if title.trim().is_empty() {
        return wrong("title", "missing_field", "title can't be blank".to_owned());
    }
    if title.chars().count() > TITLE_CHARS_MAX {
        return wrong(
            "title",
            "custom",
            format!("title is too long (maximum is {TITLE_CHARS_MAX} characters)"),
        );
    }
    if body.chars().count() > BODY_CHARS_MAX {
        return wrong(
            "body",
            "custom",
            format!("body is too long (maximum is {BODY_CHARS_MAX} characters)"),
        );
    }
    Ok(())
}
