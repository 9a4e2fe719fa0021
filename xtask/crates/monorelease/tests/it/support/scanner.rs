//! Stand-ins for the vulnerability scanners: programs on the PATH that hold the caller to the words the real ones know, and
//! print reports in their shape. The real ones need a database from afar.

use std::fs;
use std::path::{Path, PathBuf};

use super::programs::write_program;
use serde_json::{Value, json};

const TRIVY: &str = r#"#!/bin/sh
for last; do :; done
words="--quiet --format json --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --exit-code 0"
case "$*" in
"image $words --image-src docker $last") place=image type=container_image ;;
"fs $words $last") place=tree type=filesystem ;;
*) echo "unexpected words: $*" >&2; exit 64 ;;
esac
"#;

const GRYPE: &str = r#"#!/bin/sh
for last; do :; done
case "$*" in
"--quiet --output json docker:"*) place=image last=${last#docker:} ;;
"--quiet --output json dir:"*) place=tree last=${last#dir:} ;;
*) echo "unexpected words: $*" >&2; exit 64 ;;
esac
"#;

/// What both go on with: where they stand, what they are asked about, and what they say.
const REST: &str = r#"
[ -z "$(ls -A)" ] || { echo "started beside files that leave findings out" >&2; exit 65; }
[ -z "$COSIGN_PASSWORD$COSIGN_KEY$DELIVERY_TOKEN" ] || { echo "knows secrets" >&2; exit 66; }
if [ $place = tree ]; then
    [ -f "$last/pyproject.toml" ] && [ ! -e "$last/secret.env" ] || { echo "not the tree: $last" >&2; exit 67; }
fi
echo "$place" >> "$0.calls"
[ ! -e "$0.dies" ] || { echo "FATAL the database cannot be fetched" >&2; exit 1; }
sed "s|@NAME@|$last|; s|@TYPE@|$type|" "$0.$place"
"#;

/// One stand-in, in a folder of its own.
pub struct Scanner {
    program: PathBuf,
}

/// A vulnerability: id, severity, and the version that it is fixed in.
pub type Known<'a> = (&'a str, &'a str, Option<&'a str>);

impl Scanner {
    /// One called `trivy` or `grype`, that finds nothing.
    pub fn called(name: &str, folder: &Path) -> Self {
        let scanner = Self {
            program: folder.join(name),
        };
        let head = if name == "trivy" { TRIVY } else { GRYPE };
        write_program(&scanner.program, &format!("{head}{REST}"));
        scanner.finds("image", &[]);
        scanner.finds("tree", &[]);
        scanner
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}.{suffix}", self.program.display()))
    }

    /// Says this of the image or the tree from now on.
    pub fn finds(&self, place: &str, known: &[Known<'_>]) {
        let report = if self.program.ends_with("trivy") {
            trivy(known)
        } else {
            grype(place, known)
        };
        fs::write(self.beside(place), report.to_string()).unwrap();
    }

    /// Prints this, whatever it is asked.
    pub fn prints(&self, text: &str) {
        fs::write(self.beside("image"), text).unwrap();
        fs::write(self.beside("tree"), text).unwrap();
    }

    pub fn dies(&self, does: bool) {
        match does {
            true => fs::write(self.beside("dies"), "").unwrap(),
            false => fs::remove_file(self.beside("dies")).unwrap(),
        }
    }

    /// What it was asked about since the last time.
    pub fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.beside("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.beside("calls"));
        calls.lines().map(str::to_owned).collect()
    }

    /// A PATH on which it comes first.
    pub fn path(&self) -> String {
        format!(
            "{}:{}",
            self.program.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        )
    }
}

fn trivy(known: &[Known<'_>]) -> Value {
    let one = |(id, severity, fixed): &Known<'_>| {
        let mut one = json!({ "VulnerabilityID": id, "PkgName": "zlib1g", "InstalledVersion": "1.2.13", "Severity": severity });
        if let Some(fixed) = fixed {
            one["FixedVersion"] = json!(fixed);
        }
        one
    };
    let mut report = json!({ "SchemaVersion": 2, "ArtifactName": "@NAME@", "ArtifactType": "@TYPE@", "Metadata": {} });
    if !known.is_empty() {
        let found: Vec<_> = known.iter().map(one).collect();
        report["Results"] = json!([{ "Target": "debian 12", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found }]);
    }
    report
}

fn grype(place: &str, known: &[Known<'_>]) -> Value {
    let one = |(id, severity, fixed): &Known<'_>| {
        let state = if fixed.is_some() {
            "fixed"
        } else {
            "not-fixed"
        };
        json!({
            "vulnerability": { "id": id, "severity": severity, "fix": { "versions": fixed, "state": state } },
            "relatedVulnerabilities": [], "matchDetails": [],
            "artifact": { "name": "zlib1g", "version": "1.2.13", "type": "deb" },
        })
    };
    let mut matches: Vec<_> = known.iter().map(one).collect();
    for one in &mut matches {
        let versions = one["vulnerability"]["fix"]["versions"].take();
        one["vulnerability"]["fix"]["versions"] = if versions.is_null() {
            json!([])
        } else {
            json!([versions])
        };
    }
    let source = match place {
        "image" => {
            json!({ "type": "image", "target": { "userInput": "@NAME@", "imageID": "sha256:0" } })
        }
        _ => json!({ "type": "directory", "target": "@NAME@" }),
    };
    json!({ "matches": matches, "source": source, "distro": {}, "descriptor": { "name": "grype", "version": "0.104.0" } })
}
