//! What `[[scan.ignore]]` may say, and what is answered when it says something else.

use super::*;
use crate::config;

fn read(scan: &str) -> Result<Vec<Ignored>, Fault> {
    let text = format!("[projects.api]\npath = \"api\"\npackage = \"the-api\"\n{scan}");
    let config = config::parse(&text, "monorepo.toml")?;
    from_config(
        &config,
        &Projects::from_config(&config, "monorepo.toml")?,
        "monorepo.toml",
    )
}

fn entry(keys: &str) -> String {
    format!("[[scan.ignore]]\n{}\n", keys.replace("; ", "\n"))
}

#[test]
fn an_entry_has_a_reason_and_a_day_and_may_be_for_one_project_and_package() {
    assert!(read("").unwrap().is_empty());
    let read =
        read(&entry("id = \"CVE-1\"; why = \"not reached\"; until = 2026-03-01; project = \"the-api\"; package = \"zlib1g\"")).unwrap();
    assert_eq!(
        (read[0].until, read[0].project.as_deref()),
        (jiff::civil::date(2026, 3, 1), Some("api")),
        "a package names its project"
    );
    let rules = |project: &str| Rules::of_project(project, &read, jiff::civil::date(2026, 1, 1));
    assert_eq!(
        (rules("api").ignored.len(), rules("web").ignored.len()),
        (1, 0)
    );
}

#[test]
fn what_means_nothing_is_refused_by_its_key() {
    let good = "id = \"CVE-1\"; why = \"w\"; until = \"2026-03-01\"";
    for (text, wanted) in [
        (
            entry("id = \"CVE-1\"; until = \"2026-03-01\""),
            "scan.ignore[0] (\"CVE-1\"): `why` is missing",
        ),
        (
            entry("id = \"CVE-1\"; why = \" \"; until = \"2026-03-01\""),
            "`why` is missing",
        ),
        (entry("id = \"CVE-1\"; why = \"w\""), "`until` is missing"),
        (
            entry("id = \"CVE-1\"; why = \"w\"; until = \"2026-02-30\""),
            "`until` is \"2026-02-30\"; wanted a day that exists",
        ),
        (
            entry("id = \"CVE-1\"; why = \"w\"; until = \"next year\""),
            "`until` is \"next year\"",
        ),
        (
            entry("id = \"CVE-1\"; why = \"w\"; until = 2026-03-01T00:00:00Z"),
            "wanted a day",
        ),
        (
            entry("id = \"CVE-1\"; why = \"w\"; until = 7"),
            "a day is \"YYYY-MM-DD\"",
        ),
        (
            entry("id = \"\"; why = \"w\"; until = \"2026-03-01\""),
            "`id` wants",
        ),
        (
            entry(&format!("{good}; package = \"a b\"")),
            "`package` is \"a b\"",
        ),
        (
            entry(&format!("{good}; project = \"ap\"")),
            "`project`: no project is called `ap`; did you mean `api`?",
        ),
        (
            entry(good).repeat(2),
            "scan.ignore[1] (\"CVE-1\"): it stands there twice",
        ),
        (
            entry(&format!("{good}; reason = \"w\"")),
            "unknown field `reason`",
        ),
        ("[scan]\nignored = []\n".into(), "did you mean `ignore`?"),
    ] {
        let fault = read(&text).unwrap_err();
        assert_eq!(fault.kind.exit_code(), 2, "{text}");
        assert!(
            fault.what.contains(wanted) && fault.what.contains("monorepo.toml"),
            "{text}: {}",
            fault.what
        );
        assert!(fault.fix.is_some(), "{text}");
    }
}
