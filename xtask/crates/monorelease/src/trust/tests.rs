//! What `[trust]` may say, and what is answered when it says something else.

use super::*;
use crate::config;

fn read(trust: &str) -> Result<Option<Trust>, Fault> {
    let text = format!("[repository]\ngithub = \"acme/mono.repo\"\n{trust}");
    Trust::from_config(&config::parse(&text, "monorepo.toml")?, "monorepo.toml")
}

#[test]
fn left_out_means_not_wanted_and_empty_means_all_of_it() {
    assert_eq!(read("").unwrap(), None);
    let all = read("[trust]\n").unwrap().unwrap();
    assert!(all.sign && all.provenance && all.transparency_log);
    assert_eq!(all.sbom, SbomFormat::ALL);
    assert_eq!((&all.public_key, &all.identity), (&None, &None));
}

#[test]
fn the_usual_identity_is_any_workflow_of_the_repository_and_of_no_other() {
    let usual = read("[trust]\n").unwrap().unwrap().usual_identity.unwrap();
    assert_eq!(usual.0, "https://token.actions.githubusercontent.com");
    assert_eq!(
        usual.1,
        r"https://github\.com/acme/mono\.repo/\.github/workflows/.+@refs/.+"
    );
}

#[test]
fn what_means_nothing_is_refused_by_its_key() {
    for (text, wanted) in [
        (
            "sbom = [\"spdx\", \"spdx\"]",
            "trust.sbom names \"spdx\" twice",
        ),
        ("sbom = [\"csv\"]", "unknown variant `csv`"),
        ("signs = true", "did you mean `sign`?"),
        (
            "public-key = \"../cosign.pub\"",
            "trust.public-key: path \"../cosign.pub\" leaves the repository",
        ),
        ("public-key = \"\"", "trust.public-key is empty"),
        (
            "issuer = \"token.example\"",
            "trust.issuer is \"token.example\"",
        ),
        (
            "issuer = \"https://token.example\"",
            "trust.issuer stands without identity",
        ),
        ("identity = \" \"", "trust.identity is \" \""),
        (
            "identity = \"[\"",
            "trust.identity is \"[\", which is no regular expression",
        ),
        (
            "identity = \"x\"\ntransparency-log = false",
            "trust.transparency-log is false, and identity is named",
        ),
    ] {
        let fault = read(&format!("[trust]\n{text}\n")).unwrap_err();
        assert!(fault.what.contains(wanted), "{text}: {}", fault.what);
        assert_eq!(fault.kind.exit_code(), 2, "{text}");
        assert!(fault.fix.is_some(), "{text}");
    }
}

#[test]
fn an_identity_without_an_issuer_is_of_github() {
    let trust = read(
        "[trust]\nidentity = \".*@example\\\\.com\"\nsign = false\nsbom = []\nprovenance = false\n",
    )
    .unwrap()
    .unwrap();
    assert_eq!(
        trust.identity,
        Some((
            "https://token.actions.githubusercontent.com".into(),
            ".*@example\\.com".into()
        ))
    );
    assert!(!trust.wants_anything());
}
