//! Promotions where releases must be signed: what nobody who counts has signed reaches no environment.

use crate::support::snapshots::assert_text;
use snapbox::IntoData;
use snapbox::str;
use std::process::Command;

use crate::support::delivery::{Delivered, deployment};
use crate::support::trust::{Keys, PASSWORD, can_run};
use crate::support::{Fixture, Report};

/// A service whose releases run in two environments, and must be signed.
struct Held {
    delivered: Delivered,
    keys: Keys,
}

impl Held {
    /// With these lines in `[trust]`; releases 0.1.0 to 0.3.0 are served, and nothing of them is signed.
    fn new(lines: &str) -> Self {
        let held = Self {
            delivered: Delivered::new(),
            keys: Keys::new(),
        };
        held.write(lines);
        held
    }

    /// Another `[trust]`, committed.
    fn write(&self, lines: &str) {
        let fixture = &self.delivered.fixture;
        let config = fixture.read("xtask/monorepo.toml");
        let config = config.split("[trust]").next().unwrap();
        let trust =
            format!("[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n{lines}");
        fixture.write("xtask/monorepo.toml", &format!("{config}{trust}"));
        fixture.write("cosign.pub", &self.keys.text(&self.keys.public()));
        fixture.git(&["add", "--all"]);
        fixture.commit_all("chore: releases are signed");
        fixture.git(&["push", "--quiet", "origin", "main"]);
    }

    fn fixture(&self) -> &Fixture {
        &self.delivered.fixture
    }

    /// Signs everything of a release that is to be signed, by hand.
    fn sign(&self, keys: &Keys, version: &str) {
        for tag in [
            version.to_owned(),
            format!("b{version}-amd64"),
            format!("b{version}-arm64"),
        ] {
            let image = format!(
                "{}/acme/api@{}",
                self.fixture().registry.address(),
                self.delivered.digest("api", &tag)
            );
            let mut command = Command::new("cosign");
            command
                .args([
                    "sign",
                    "--yes",
                    "--tlog-upload=false",
                    "--key",
                    &keys.private(),
                    &image,
                ])
                .env("COSIGN_PASSWORD", PASSWORD);
            let output = command.output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    fn run(&self, arguments: &[&str]) -> Report {
        let variables = self.keys.variables();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.fixture().run_with(arguments, &variables)
    }

    /// Insists that the line is refused with this text, and changes nothing.
    fn refused(&self, line: &[&str], expected: impl IntoData) {
        let before = self.fixture().state();
        let mut said = String::new();
        for more in [&["--dry-run"][..], &[]] {
            let ran = self.fixture().run(&[line, more].concat());
            assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
            said.push_str(&ran.stderr);
        }
        assert_text(&said, expected);
        assert_eq!(self.fixture().state(), before);
    }
}

#[test]
fn what_is_not_signed_is_not_promoted_and_what_is_signed_is() {
    if !can_run("a promotion of what must be signed", &["cosign"]) {
        return;
    }
    let held = Held::new("sbom = []\nprovenance = false\n");
    let stranger = Keys::other();
    let line = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    held.refused(&line, str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.2.0 signed, and the signature of the index ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.2.0 signed, and the signature of the index ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no signatures found; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done

"#]]);
    held.sign(&stranger, "0.2.0");
    held.refused(&line, str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.2.0 signed, and the signature of the index ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.2.0 signed, and the signature of the index ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 signed, and the signature of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching signatures: invalid signature when validating ASN.1 encoded signature; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done

"#]]);
    // What runs there already is nobody's to stop, and takes no signature to be found done.
    held.fixture()
        .ok(&["promote", "api", "--to", "staging", "--version", "0.1.0"]);
    held.sign(&held.keys, "0.2.0");
    held.fixture().ok(&line);
    held.fixture().ok(&line);
}

#[test]
fn what_lacks_a_statement_that_is_wanted_is_not_promoted() {
    if !can_run("a promotion of what must be listed", &["cosign", "syft"]) {
        return;
    }
    let held = Held::new("sbom = [\"cyclonedx\"]\n");
    let fixture = held.fixture();
    let registry = &held.fixture().registry;
    held.sign(&held.keys, "0.3.0");
    held.refused(
        &["promote", "api", "--to", "staging", "--version", "0.3.0"],
        str![[r#"
        todo pin api in staging: 0.1.0 → 0.3.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.3.0 with its cyclonedx, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its provenance, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its cyclonedx, and that of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its provenance, and that of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done
        todo pin api in staging: 0.1.0 → 0.3.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
       error [trust] wants api 0.3.0 with its cyclonedx, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its provenance, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its cyclonedx, and that of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.3.0 with its provenance, and that of linux/arm64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done

"#]],
    );
    // A release by the book: made, listed and signed by this very program.
    let registry_address = registry.address();
    let nothing = deployment(&registry_address, "api:0.0.9");
    held.delivered.push_there(
        &[
            ("staging/api.yaml", &nothing),
            ("production/api.yaml", &nothing),
        ],
        "fix: before all of them",
    );
    fixture.registry.go_back_to(
        &registry
            .keep()
            .without_tags("acme/api", |tag| !tag.starts_with("0.1.0")),
    );
    fixture.prepare_release();
    let ran = held.run(&["release", "api"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = ["promote", "api", "--to", "production"];
    let whole = registry.keep();
    let amd64 = held
        .delivered
        .digest("api", "0.2.0-amd64")
        .replace(':', "-");
    registry.go_back_to(
        &registry
            .keep()
            .without_tags("acme/api", |tag| tag == format!("{amd64}.att")),
    );
    held.refused(&line, str![[r#"
        todo pin api in production: 0.0.9 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
       error [trust] wants api 0.2.0 with its cyclonedx, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 with its provenance, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done
        todo pin api in production: 0.0.9 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
       error [trust] wants api 0.2.0 with its cyclonedx, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
       error [trust] wants api 0.2.0 with its provenance, and that of linux/amd64 ([SERVER]/acme/api@[DIGEST]) does not say so: no matching attestations; wanted one of the key cosign.pub
         try cargo xtask release api at its tag, which attaches it
     Refused nothing was done

"#]]);
    registry.go_back_to(&whole);
    held.fixture().ok(&line);
    held.fixture().ok(&line);
}
