//! The scan gate of `build`, with stand-ins for the scanners and for the engine: what counts, what is let pass and until when, and
//! that nothing passes which was not looked at.

use snapbox::str;
use std::fs;

use crate::support::scanner::{Known, Scanner};
use crate::support::snapshots::assert_text;
use crate::support::{Fixture, Report, fake_docker};

const HIGH: Known<'static> = ("CVE-2024-0001", "HIGH", Some("1.3.1"));
const CRITICAL: Known<'static> = ("CVE-2024-0002", "CRITICAL", Some("1.3.2"));

struct Gate {
    fixture: Fixture,
    scanner: Scanner,
}

impl Gate {
    fn new(scanner: &str) -> Self {
        let fixture = Fixture::new();
        fixture.write("api/Dockerfile", "FROM scratch\n");
        fixture.write("api/.trivyignore", "CVE-2024-0001\n");
        fixture.write(".trivyignore", "CVE-2024-0001\n");
        fixture.write("api/secret.env", "nothing that git knows\n");
        fixture.write(".gitignore", "/target/\n*.env\n");
        fixture.git(&["add", "--all"]);
        fixture.commit_all("feat: an image");
        let bin = fixture.folder().join("bin");
        fake_docker::put_into(&bin);
        let scanner = Scanner::called(scanner, &bin);
        Self { fixture, scanner }
    }

    /// Builds; what is told is found in the report.
    fn build(&self, more: &[&str]) -> (Report, Vec<String>) {
        let path = self.scanner.path();
        let variables = [
            ("PATH", path.as_str()),
            ("COSIGN_PASSWORD", "a-password"),
            ("DELIVERY_TOKEN", "a-token-of-somebody"),
        ];
        let ran = self
            .fixture
            .run_with(&[&["build", "api", "--json"], more].concat(), &variables);
        let verdicts = ran.verdicts();
        (ran, verdicts)
    }

    fn ignore(&self, entries: &str) {
        let config = self.fixture.git(&["show", "HEAD:xtask/monorepo.toml"]);
        self.fixture
            .write("xtask/monorepo.toml", &format!("{config}{entries}"));
    }

    /// Builds, insists that the scan ends the build, and gives what is said.
    fn fails(&self) -> String {
        let (ran, steps) = self.build(&[]);
        assert_eq!(
            (ran.code, steps.last().unwrap().as_str()),
            (1, "scan failed"),
            "{}",
            ran.stderr
        );
        ran.stderr
    }

    fn passes(&self) -> Report {
        let (ran, _) = self.build(&[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran
    }
}

fn entry(id: &str, until: &str) -> String {
    format!(
        "[[scan.ignore]]\nid = \"{id}\"\nwhy = \"not reached\"\nuntil = \"{until}\"\nproject = \"api\"\n"
    )
}

#[test]
fn both_scanners_are_asked_about_image_and_tree_and_what_counts_ends_the_build() {
    for name in ["trivy", "grype"] {
        let gate = Gate::new(name);
        let (clean, steps) = gate.build(&[]);
        assert_eq!(clean.code, 0, "{name}: {}", clean.stderr);
        assert_eq!(steps, ["build-image acted", "smoke acted", "scan acted"]);
        assert_eq!(gate.scanner.calls(), ["tree", "image"]);
        assert_eq!(
            gate.build(&[]).1,
            ["build-image done", "smoke done", "scan done"]
        );
        assert_eq!(
            gate.scanner.calls(),
            [""; 0],
            "what passed today is not scanned again"
        );

        gate.fixture.write("api/new.txt", "new");
        gate.scanner.finds(
            "image",
            &[
                HIGH,
                ("CVE-2024-0003", "HIGH", None),
                ("CVE-2024-0004", "MEDIUM", Some("2")),
            ],
        );
        gate.scanner.finds("tree", &[CRITICAL]);
        let said = gate.fails();
        for words in [
            &format!("{name} found 2 HIGH or CRITICAL with a fix; nothing is pushed")[..],
            "CRITICAL  CVE-2024-0002  zlib1g   1.2.13     1.3.2     tree",
            "HIGH      CVE-2024-0001  zlib1g   1.2.13     1.3.1     image",
            "[[scan.ignore]]",
            "id = \"CVE-2024-0002\"",
        ] {
            assert!(said.contains(words), "{name}: {words}: {said}");
        }
        assert!(
            !said.contains("CVE-2024-0003") && !said.contains("CVE-2024-0004"),
            "{name}: without a fix, or below: {said}"
        );
    }
}

#[test]
fn a_finding_keeps_the_image_from_the_registry() {
    let gate = Gate::new("trivy");
    gate.fixture.ok(&["tag", "api", "--rc"]);
    gate.scanner.finds("tree", &[HIGH]);
    let (ran, steps) = gate.build(&["--push", "--require-scan"]);
    assert_eq!(
        (ran.code, steps.join(", ").as_str()),
        (
            1,
            "build-image acted, smoke acted, scan failed, push-image skipped"
        ),
        "{}",
        ran.stderr
    );
    assert!(!fake_docker::calls(&gate.fixture.folder().join("bin")).contains("push "));
}

#[test]
fn law_15_a_scanner_that_dies_or_prints_something_else_is_no_pass() {
    let gate = Gate::new("trivy");
    gate.scanner.dies(true);
    let said = gate.fails();
    assert!(
        said.contains("the scanner failed, which is no pass")
            && said.contains("FATAL the database cannot be fetched"),
        "{said}"
    );
    gate.scanner.dies(false);
    for (printed, wanted) in [
        ("", "printed no report"),
        ("No vulnerabilities found.\n", "not its report"),
        ("{}", "not its report"),
        (
            "{\"SchemaVersion\":2,\"ArtifactName\":\"alpine\",\"ArtifactType\":\"container_image\"}",
            "report is of the container_image alpine",
        ),
        (
            "{\"SchemaVersion\":2,\"ArtifactName\":\"@NAME@\",\"ArtifactType\":\"@TYPE@\",\"Results\":[{\"Vulnerab",
            "not its report",
        ),
    ] {
        gate.scanner.prints(printed);
        let said = gate.fails();
        assert!(said.contains(wanted), "{printed}: {said}");
    }
}

#[test]
fn an_entry_lets_a_finding_pass_until_its_day_and_is_noted_when_it_is_of_no_use() {
    let gate = Gate::new("grype");
    gate.scanner.finds("image", &[HIGH]);
    gate.ignore(&entry("CVE-2024-0001", "2999-01-01"));
    gate.passes();
    // Another list is another question: what passed by the entry does not pass without it.
    gate.ignore("");
    assert!(gate.fails().contains("found 1 HIGH"));
    gate.ignore(&entry("CVE-2024-0001", "2020-01-31"));
    let said = gate.fails();
    for words in [
        "ignored until 2020-01-31, which is over",
        "the entry scan.ignore CVE-2024-0001 (not reached) expired on 2020-01-31",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    gate.ignore(&format!(
        "{}{}",
        entry("CVE-2024-0001", "2999-01-01"),
        entry("CVE-2019-0009", "2999-01-01")
    ));
    let ran = gate.passes();
    ran.assert_stderr(str![[r#"
        todo build-image [SERVER]/acme/api:[BUILD]-amd64 for linux/amd64  (0.1.0 at [COMMIT]-dirty-[SHORT])
        todo smoke api --help  (smoke test in a fresh container)
        todo scan grype: no HIGH or CRITICAL that has a fix, in image and tree  (known vulnerabilities)
        note api: HEAD carries no -rcN tag, so no release will take this build (cargo xtask tag api --rc)
       acted build-image [SERVER]/acme/api:[BUILD]-amd64 for linux/amd64  [[DURATION]]
       acted smoke api --help  [[DURATION]]
           │ scan.ignore CVE-2019-0009 matches nothing in api any more; take the entry out
       acted scan grype: no HIGH or CRITICAL that has a fix, in image and tree  [[DURATION]]
    Finished 3 done now, 0 done before

"#]]);
    assert_text(
        ran.steps()[2]["evidence"].as_str().unwrap(),
        str![
            "on [DATE], of [DIGEST]: grype found no HIGH or CRITICAL that has a fix, but 1 that scan.ignore lets pass: CVE-2024-0001; scan.ignore CVE-2019-0009 matches nothing in api any more; take the entry out"
        ],
    );
    let elsewhere = entry("CVE-2024-0001", "2999-01-01").replace("\"api\"", "\"web\"");
    gate.ignore(&elsewhere);
    assert!(
        !gate.fails().contains("matches nothing"),
        "an entry of another project is none of this one's business"
    );
}

#[test]
fn a_pass_is_good_for_its_day_alone() {
    let gate = Gate::new("trivy");
    gate.passes();
    let passed = gate.fixture.root().join("target/xtask/passed");
    let image = fs::read_dir(&passed)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // What was kept yesterday lies under another name, since the day is one of the words that it is kept by.
    for witness in fs::read_dir(&image)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if fs::read_to_string(&witness)
            .unwrap()
            .contains("trivy found no")
        {
            fs::rename(&witness, witness.with_extension("yesterday")).unwrap();
        }
    }
    gate.scanner.calls();
    gate.scanner.finds("image", &[CRITICAL]);
    assert!(
        gate.fails().contains("CVE-2024-0002"),
        "the same bytes, and a vulnerability that became known since"
    );
}

#[test]
fn an_entry_that_means_nothing_is_answered_with_usage_by_every_verb() {
    let gate = Gate::new("trivy");
    gate.ignore("[[scan.ignore]]\nid = \"CVE-1\"\nuntil = \"2999-01-01\"\n");
    let ran = gate.fixture.run(&["versions"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error xtask/monorepo.toml: scan.ignore[0] ("CVE-1"): `why` is missing; wanted the reason why it is no danger, or why it cannot be mended yet
         try edit xtask/monorepo.toml, then run the command again

"#]]);
}
