//! Whether what a scanner found may be pushed: every finding counts but those that an entry lets pass, until its day.
//!
//! Pure: `scan::scanner` runs the scanner, and the caller reads the clock.

use jiff::ToSpan;

use super::{Finding, Ignored, Rules};
use crate::text::table;

/// How many findings are shown; the count names them all.
const SHOWN: usize = 20;
/// How long an entry lasts that is offered, in days.
const OFFERED_DAYS: i64 = 30;

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Why nothing may be pushed, for people; `None` when nothing counts.
    pub failure: Option<String>,
    /// What is let pass, in a few words.
    pub passed: String,
    /// Entries that could go.
    pub notes: Vec<String>,
}

/// Holds findings to the rules.
pub fn judge(rules: &Rules, scanner: &str, mut findings: Vec<Finding>) -> Judged {
    findings.sort();
    findings.dedup();
    let entry_of = |finding: &Finding| {
        let about = rules.ignored.iter().filter(|entry| entry.is_about(finding));
        about.max_by_key(|entry| entry.until)
    };
    let (passed, counting): (Vec<_>, Vec<_>) = findings
        .iter()
        .map(|finding| (finding, entry_of(finding)))
        .partition(|(_, entry)| entry.is_some_and(|entry| !has_expired(entry, rules)));
    let names = passed
        .iter()
        .map(|(finding, _)| finding.id.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let words = match passed.len() {
        0 => format!("{scanner} found no HIGH or CRITICAL that has a fix"),
        count => format!(
            "{scanner} found no HIGH or CRITICAL that has a fix, but {count} that scan.ignore lets pass: {names}"
        ),
    };
    Judged {
        failure: (!counting.is_empty()).then(|| failure(rules, scanner, &counting, passed.len())),
        passed: words,
        notes: unused(rules, &findings),
    }
}

fn has_expired(entry: &Ignored, rules: &Rules) -> bool {
    rules.today > entry.until
}

/// Entries that let nothing pass any more: what they were about is mended, or was never there.
fn unused(rules: &Rules, findings: &[Finding]) -> Vec<String> {
    let is_unused = |entry: &&Ignored| !findings.iter().any(|finding| entry.is_about(finding));
    let words = |entry: &Ignored| {
        let package = entry
            .package
            .as_ref()
            .map(|package| format!(" in {package}"))
            .unwrap_or_default();
        let rest = match &entry.project {
            Some(_) => "take the entry out".to_owned(),
            None => format!(
                "take the entry out, or give it the project it is for, if it is not {}",
                rules.project
            ),
        };
        format!(
            "scan.ignore {}{package} matches nothing in {} any more; {rest}",
            entry.id, rules.project
        )
    };
    rules.ignored.iter().filter(is_unused).map(words).collect()
}

fn failure(
    rules: &Rules,
    scanner: &str,
    counting: &[(&Finding, Option<&Ignored>)],
    passed: usize,
) -> String {
    let heading = [
        "severity",
        "id",
        "package",
        "installed",
        "fixed in",
        "where",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    let row = |(finding, entry): &(&Finding, Option<&Ignored>)| {
        let Finding {
            severity,
            id,
            package,
            installed,
            fixed,
            place,
            ..
        } = finding;
        let expired = entry
            .map(|entry| format!("ignored until {}, which is over", entry.until))
            .unwrap_or_default();
        vec![
            severity.to_string(),
            id.clone(),
            package.clone(),
            installed.clone(),
            fixed.clone(),
            place.word().to_owned(),
            expired,
        ]
    };
    let rows: Vec<_> = std::iter::once(heading)
        .chain(counting.iter().take(SHOWN).map(row))
        .collect();
    let mut text = format!(
        "{scanner} found {} HIGH or CRITICAL with a fix",
        counting.len()
    );
    if passed > 0 {
        text.push_str(&format!(", and {passed} more that scan.ignore lets pass"));
    }
    text.push_str(&format!("; nothing is pushed\n{}", table(&rows)));
    if counting.len() > SHOWN {
        text.push_str(&format!("\n… and {} more", counting.len() - SHOWN));
    }
    for entry in expired(counting) {
        text.push_str(&format!(
            "\nthe entry scan.ignore {} ({}) expired on {}; what it let pass counts again",
            entry.id, entry.why, entry.until
        ));
    }
    let new = counting.iter().find(|(_, entry)| entry.is_none());
    text.push_str("\nmove each package to what it is fixed in");
    if let Some((finding, _)) = new {
        let until = rules.today.saturating_add(OFFERED_DAYS.days());
        text.push_str(&format!(
            "; to let one pass for a while, say why in monorepo.toml:\n[[scan.ignore]]\nid = \"{}\"\nwhy = \"\"\nuntil = \"{until}\"\nproject = \"{}\"",
            finding.id, rules.project
        ));
    }
    text
}

/// The entries whose day is over, each once.
fn expired<'a>(counting: &[(&Finding, Option<&'a Ignored>)]) -> Vec<&'a Ignored> {
    let mut entries: Vec<&Ignored> = Vec::new();
    for entry in counting.iter().filter_map(|(_, entry)| *entry) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::scan::{Place, Severity};

    fn finding(id: &str, package: &str, place: Place) -> Finding {
        let installed = "1.0".to_owned();
        let fixed = "1.1".to_owned();
        let aliases = vec![format!("GHSA-{id}")];
        Finding {
            severity: Severity::High,
            id: id.into(),
            package: package.into(),
            installed,
            fixed,
            place,
            aliases,
        }
    }

    fn ignored(id: &str, package: Option<&str>, year: i16) -> Ignored {
        Ignored {
            id: id.into(),
            why: "not reached".into(),
            until: date(year, 3, 1),
            project: None,
            package: package.map(str::to_owned),
        }
    }

    fn judged(entries: Vec<Ignored>, findings: Vec<Finding>) -> Judged {
        judge(
            &Rules {
                project: "api".into(),
                today: date(2026, 3, 1),
                ignored: entries,
            },
            "trivy",
            findings,
        )
    }

    #[test]
    fn nothing_found_passes_and_an_entry_without_use_is_noted() {
        let none = judged(
            vec![
                ignored("CVE-1", None, 2026),
                ignored("CVE-2", Some("zlib"), 2027),
            ],
            vec![finding("CVE-2", "openssl", Place::Tree)],
        );
        assert_eq!(none.notes.len(), 2, "{:?}", none.notes);
        assert!(
            none.notes[1].contains("scan.ignore CVE-2 in zlib matches nothing in api any more"),
            "{:?}",
            none.notes
        );
        assert!(
            none.failure
                .unwrap()
                .starts_with("trivy found 1 HIGH or CRITICAL with a fix; nothing is pushed\n")
        );
        assert_eq!(judged(Vec::new(), Vec::new()).failure, None);
    }

    #[test]
    fn an_entry_lets_its_finding_pass_to_the_end_of_its_day_and_no_longer() {
        let found = || {
            vec![
                finding("CVE-1", "zlib", Place::Image),
                finding("CVE-1", "zlib", Place::Image),
            ]
        };
        let on_the_day = judged(vec![ignored("ghsa-cve-1", None, 2026)], found());
        assert_eq!(
            (on_the_day.failure, on_the_day.notes.len()),
            (None, 0),
            "by any of its names"
        );
        assert!(
            on_the_day
                .passed
                .contains("but 1 that scan.ignore lets pass: CVE-1"),
            "{}",
            on_the_day.passed
        );
        let after = judged(vec![ignored("CVE-1", None, 2025)], found());
        let failure = after.failure.unwrap();
        for words in [
            "found 1 HIGH",
            "ignored until 2025-03-01, which is over",
            "the entry scan.ignore CVE-1 (not reached) expired on 2025-03-01",
        ] {
            assert!(failure.contains(words), "{words}: {failure}");
        }
        assert!(
            !failure.contains("[[scan.ignore]]"),
            "no second entry is offered beside one that is there: {failure}"
        );
        assert!(after.notes.is_empty());
    }

    #[test]
    fn what_is_offered_can_be_pasted_but_wants_a_reason_first() {
        let many = (0..25)
            .map(|number| finding(&format!("CVE-{number:02}"), "zlib", Place::Tree))
            .collect();
        let failure = judged(Vec::new(), many).failure.unwrap();
        assert!(
            failure.contains("found 25 HIGH") && failure.contains("… and 5 more"),
            "{failure}"
        );
        assert!(
            failure.contains("HIGH      CVE-00  zlib     1.0        1.1       tree"),
            "{failure}"
        );
        let entry = &failure[failure.find("[[scan.ignore]]").unwrap()..];
        let config: toml_edit::DocumentMut = entry.parse().unwrap();
        let entry = &config["scan"]["ignore"][0];
        assert_eq!(
            (
                entry["id"].as_str(),
                entry["why"].as_str(),
                entry["until"].as_str()
            ),
            (Some("CVE-00"), Some(""), Some("2026-03-31"))
        );
    }
}
