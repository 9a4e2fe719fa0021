//! Listings of a package's files, as an index serves them: JSON (PEP 691), or a page of links (PEP 503).
//!
//! Such a page is a list of `<a href>` without nesting (PEP 503), so that no parser of HTML is needed.
//! Files that are neither wheels nor sdists are left out. It asks nothing.

use monorelease_http_client::url::resolve;
use monorelease_model::distribution::{FileName, IndexFile};
use serde_json::Value;

/// What an index that has no files of a package says on its page: PEP 629's word in its head, or what the indexes in use say.
const INDEX_WORDS: [&str; 3] = ["pypi:repository-version", "links for", "simple index"];

/// Reads a listing that was found at `url`; the error says what it is instead.
pub(super) fn read_listing(kind: &str, body: &[u8], url: &str) -> Result<Vec<IndexFile>, String> {
    let text = str::from_utf8(body).map_err(|_| "the listing is no text".to_owned())?;
    if kind.contains("json") {
        of_json(text, url)
    } else {
        of_page(text, url)
    }
}

fn of_json(text: &str, url: &str) -> Result<Vec<IndexFile>, String> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| format!("the listing is no JSON: {error}"))?;
    let files = document["files"]
        .as_array()
        .ok_or("the listing has no `files`")?;
    let mut found = Vec::new();
    for file in files {
        let (Some(name), Some(href)) = (file["filename"].as_str(), file["url"].as_str()) else {
            return Err("a file of the listing has no `filename` or no `url`".into());
        };
        found.extend(index_file(
            name,
            href,
            file["hashes"]["sha256"].as_str(),
            url,
        )?);
    }
    Ok(found)
}

/// Reads the links of a page. Nothing else on it matters, but it must be a page, and one of an index: where a proxy asks to sign
/// in first, its page has no files either, and is no word that there are none.
fn of_page(text: &str, url: &str) -> Result<Vec<IndexFile>, String> {
    let has = |words: &[&str]| {
        words
            .iter()
            .any(|word| text.to_ascii_lowercase().contains(word))
    };
    if !has(&["<html", "<!doctype", "<a ", "<body"]) {
        return Err("the listing is neither JSON nor a page of links".into());
    }
    let mut found = Vec::new();
    for link in text.split("<a ").skip(1) {
        let (head, rest) = link
            .split_once('>')
            .ok_or("a link of the listing has no end")?;
        let name = rest.split('<').next().unwrap_or_default().trim();
        let Some(href) = attribute(head, "href") else {
            continue;
        };
        let (href, fragment) = href.split_once('#').unwrap_or((href, ""));
        found.extend(index_file(
            &unescaped(name),
            &unescaped(href),
            fragment.strip_prefix("sha256="),
            url,
        )?);
    }
    if found.is_empty() && !has(&INDEX_WORDS) {
        return Err(
            "a page without one file of a package, that does not say it is an index's; such as a proxy sends with its own words".into()
        );
    }
    Ok(found)
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!("{name}="))?;
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn index_file(
    name: &str,
    href: &str,
    sha256: Option<&str>,
    url: &str,
) -> Result<Option<IndexFile>, String> {
    let Some(name) = FileName::read(name) else {
        return Ok(None);
    };
    let is_hash = |text: &&str| text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    if let Some(sha256) = sha256.filter(|text| !is_hash(text)) {
        return Err(format!(
            "the listing says {sha256:?} as the SHA-256 of {}",
            name.whole
        ));
    }
    let url = address(url, href)?;
    Ok(Some(IndexFile {
        name,
        url,
        sha256: sha256.map(str::to_ascii_lowercase),
    }))
}

/// The address of a link, which may go up from the page: `../../packages/x`.
fn address(page: &str, href: &str) -> Result<String, String> {
    let is_plain = href.contains("://") || href.starts_with('/') || href.starts_with('?');
    if is_plain {
        return resolve(page, href);
    }
    let start = page.find("://").map_or(0, |at| at + 3);
    let host = page[start..].find('/').map_or(page.len(), |at| start + at);
    let mut parts: Vec<_> = page[host..].split('/').skip(1).collect();
    // The page's own name, which is empty behind a `/`.
    parts.pop();
    for part in href.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    resolve(page, &format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://index.example/root/simple/demo/";

    #[test]
    fn both_kinds_of_listings_say_the_same() {
        let hash = "a".repeat(64);
        let json = format!(
            r#"{{"files":[{{"filename":"demo-1.0.tar.gz","url":"../../packages/demo-1.0.tar.gz","hashes":{{"sha256":"{hash}"}}}},{{"filename":"demo-1.0.zip","url":"x"}}]}}"#
        );
        let page = format!(
            "<!DOCTYPE html><html><body><a href='../../packages/demo-1.0.tar.gz#sha256={hash}' data-x=\"1\">demo-1.0.tar.gz</a>\n<a href=\"/\">up</a></body></html>"
        );
        let one =
            read_listing("application/vnd.pypi.simple.v1+json", json.as_bytes(), PAGE).unwrap();
        let other = read_listing("text/html; charset=utf-8", page.as_bytes(), PAGE).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.len(), 1);
        assert_eq!(
            (one[0].url.as_str(), one[0].sha256.as_deref()),
            (
                "https://index.example/root/packages/demo-1.0.tar.gz",
                Some(&*hash)
            )
        );
    }

    #[test]
    fn law_15_garbage_is_no_empty_listing() {
        for (kind, body) in [
            ("application/json", "{}"),
            ("application/json", "<html>"),
            ("text/html", "temporarily out of order"),
            ("text/html", "<a href='x#sha256=zz'>demo-1.0.tar.gz</a>"),
            ("text/html", "<html><a href='x"),
            ("text/html", "<html></html>"),
            (
                "text/html",
                "<html><body>Sign in to the network <a href='/login'>here</a></body></html>",
            ),
        ] {
            assert!(
                read_listing(kind, body.as_bytes(), PAGE).is_err(),
                "{kind} {body}"
            );
        }
        assert!(read_listing("text/html", b"\xff", PAGE).is_err());
        for empty in [
            "<html><title>Links for demo</title></html>",
            "<!DOCTYPE html><meta name='pypi:repository-version' content='1.0'>",
        ] {
            assert_eq!(
                read_listing("text/html", empty.as_bytes(), PAGE),
                Ok(Vec::new())
            );
        }
    }
}
