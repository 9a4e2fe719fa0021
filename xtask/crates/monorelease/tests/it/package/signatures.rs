//! Packages that must be signed: what lies beside their files, and what a flipped byte does to it. With the real cosign.

use snapbox::str;
use std::fs;

use crate::support;
use crate::support::package::{Packaged, verdicts};
use crate::support::tools::has;
use crate::support::trust::{Keys, PASSWORD};
use serde_json::Value;

const TRUST: &str = "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n";

#[test]
fn files_of_a_package_are_listed_and_signed_and_each_is_held_to_its_bundle() {
    if !has(
        "signatures of a package",
        &[
            ("uv", "--version"),
            ("python3", "--version"),
            ("cosign", "version"),
        ],
    ) {
        return;
    }
    let packaged = Packaged::with(TRUST);
    let keys = Keys::new();
    let fixture = &packaged.fixture;
    fixture.write("cosign.pub", &keys.text(&keys.public()));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("chore: packages are signed");
    packaged.prepare();
    let unable = packaged.run(&["release", "kit"]);
    assert_eq!(unable.code, 3, "{}", unable.stderr);
    unable.assert_stderr(str![[r#"
   Releasing kit 0.2.0
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo list-package kit-0.2.0.cdx.json  (what it is made of)
        todo sign-file the sdist of kit 0.2.0  (whose it is)
        todo sign-file the wheel of kit 0.2.0  (whose it is)
        todo sign-file kit-0.2.0.cdx.json  (whose it is)
        todo publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo tag kit-v0.2.0 at [SHORT]  (the commit of kit-v0.2.0-rc1)
        todo push-tag kit-v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
       error [trust] wants signatures of the key cosign.pub, and there is nothing here to sign with: no COSIGN_KEY
         try export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…
     Refused nothing was done

"#]]);
    let mut variables = packaged.variables();
    variables.extend(keys.variables());
    let json = |arguments: &[&str]| {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fixture
            .run_with(&[arguments, &["--json"]].concat(), &variables)
            .hides(PASSWORD)
            .with_document()
    };
    let released = json(&["release", "kit"]);
    assert_eq!(released.code, 0, "{released}");
    let kinds: Vec<_> = verdicts(&released)
        .into_iter()
        .map(|verdict| verdict.replace(" acted", ""))
        .collect();
    let wanted = [
        "build-package",
        "build-package",
        "list-package",
        "sign-file",
        "sign-file",
        "sign-file",
        "publish",
        "publish",
        "tag",
        "push-tag",
    ];
    assert_eq!(kinds, wanted);
    let again = json(&["release", "kit"]);
    assert!(
        verdicts(&again)
            .iter()
            .all(|verdict| verdict.ends_with(" done")),
        "signing twice is not done twice: {again}"
    );

    let folder = fixture.root().join("target/xtask/dist/kit/0.2.0");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let files = [
        "kit-0.2.0-py3-none-any.whl",
        "kit-0.2.0.cdx.json",
        "kit-0.2.0.tar.gz",
    ];
    let all: Vec<_> = files
        .iter()
        .flat_map(|name| [(*name).to_owned(), format!("{name}.sigstore.json")])
        .collect();
    assert_eq!(
        names, all,
        "the folder is published as it is, and holds nothing else"
    );
    let list: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("kit-0.2.0.cdx.json")).unwrap())
            .unwrap();
    assert_eq!(list["metadata"]["component"]["purl"], "pkg:pypi/kit@0.2.0");

    for name in ["kit-0.2.0-py3-none-any.whl", "kit-0.2.0.tar.gz"] {
        let bundle = folder.join(format!("{name}.sigstore.json"));
        let good = fs::read_to_string(&bundle).unwrap();
        let other = good.replacen("\"base64Signature\":\"ME", "\"base64Signature\":\"MF", 1);
        assert_ne!(good, other);
        fs::write(&bundle, other).unwrap();
        let report = json(&["verify", "kit", "0.2.0"]);
        let rows = report["rows"].as_array().unwrap();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"] == false)
            .map(support::trust::words)
            .collect();
        assert_eq!(
            (report.code, red),
            (1, vec![format!("{name} bundle")]),
            "{report}"
        );
        fs::write(&bundle, good).unwrap();
    }
    // The list is held to its bundle, and to the package that it is of.
    let path = folder.join("kit-0.2.0.cdx.json");
    let bundle = folder.join("kit-0.2.0.cdx.json.sigstore.json");
    for (file, from, to) in [
        (&path, "\"0.2.0\"", "\"0.2.1\""),
        (
            &bundle,
            "\"base64Signature\":\"ME",
            "\"base64Signature\":\"MF",
        ),
    ] {
        let good = fs::read_to_string(file).unwrap();
        fs::write(file, good.replacen(from, to, 1)).unwrap();
        assert_ne!(good, fs::read_to_string(file).unwrap());
        let report = json(&["verify", "kit", "0.2.0"]);
        let red: Vec<_> = report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["ok"] == false)
            .map(support::trust::words)
            .collect();
        assert_eq!(
            (report.code, red),
            (1, vec!["kit-0.2.0.cdx.json cyclonedx".to_owned()]),
            "{report}"
        );
        fs::write(file, good).unwrap();
    }
    let report = json(&["verify", "kit", "0.2.0"]);
    let row = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["check"] == "cyclonedx")
        .unwrap();
    assert_eq!(
        (report.code, row["ok"].as_bool()),
        (0, Some(true)),
        "{report}"
    );
    report.assert_stderr(str![[r#"
   Verifying kit 0.2.0
    Verified 6 of 6 agree

"#]]);
    // What there is nothing to hold to is not said to agree.
    fs::remove_dir_all(fixture.root().join("target")).unwrap();
    let report = json(&["verify", "kit", "0.2.0"]);
    assert_eq!(report.code, 0, "{report}");
    report.assert_stderr(str![[r#"
   Verifying kit 0.2.0
    Verified 3 of 6 agree; 3 could not be asked, and prove nothing

"#]]);
}

#[test]
fn a_package_that_is_not_listed_says_why() {
    let packaged = Packaged::with(
        "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\nsbom = [\"spdx\"]\n",
    );
    if !has(
        "a package that is not listed",
        &[
            ("uv", "--version"),
            ("python3", "--version"),
            ("cosign", "version"),
        ],
    ) {
        return;
    }
    let fixture = &packaged.fixture;
    let keys = Keys::new();
    fixture.write("cosign.pub", &keys.text(&keys.public()));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("chore: packages are signed");
    packaged.prepare();
    let mut variables = packaged.variables();
    variables.extend(keys.variables());
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let ran = fixture.run_with(&["release", "kit", "--dry-run"], &variables);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
   Releasing kit 0.2.0
        todo build-package the sdist of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo build-package the wheel of kit 0.2.0  (built of [SHORT] twice, and the same both times)
        todo sign-file the sdist of kit 0.2.0  (whose it is)
        todo sign-file the wheel of kit 0.2.0  (whose it is)
        todo publish the sdist of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo publish the wheel of kit 0.2.0 to http://[SERVER]/  (kit 0.2.0 of [SHORT])
        todo tag kit-v0.2.0 at [SHORT]  (the commit of kit-v0.2.0-rc1)
        todo push-tag kit-v0.2.0 to origin  (CI and every other clone read the tags there)
        note kit: no image is configured, so none is promoted
        note kit: [trust] has no transparency log: that a signature was made, and when, is known to nobody else
        note kit: what a package is made of is listed as cyclonedx alone, which trust.sbom does not name
        note kit: no github is configured, so no forge release is made
        note kit: no [[pins]] are configured, so nothing is delivered
     Planned 8 to do, 0 done already; nothing was written

"#]]);
    assert!(!ran.stderr.contains("list-package"), "{}", ran.stderr);
}
