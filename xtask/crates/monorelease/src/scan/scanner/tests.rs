//! Reports as the scanners print them, and what is none.

use serde_json::json;

use super::*;

const IMAGE: &str = "localhost:5000/acme/api:1-amd64";

fn trivy_report() -> Value {
    let found = |id: &str, severity: &str, fixed: Option<&str>| json!({ "VulnerabilityID": id, "PkgName": "libssl3", "InstalledVersion": "3.0.1", "FixedVersion": fixed, "Status": "fixed", "Severity": severity, "Title": "t" });
    json!({
        "SchemaVersion": 2, "CreatedAt": "2026-01-01T00:00:00Z", "ArtifactName": IMAGE, "ArtifactType": "container_image",
        "Metadata": { "OS": { "Family": "debian", "Name": "12.4" } },
        "Results": [
            { "Target": "api (debian 12.4)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
                found("CVE-1", "HIGH", Some("3.0.2")), found("CVE-2", "CRITICAL", None), found("CVE-3", "MEDIUM", Some("3.0.2")),
            ] },
            { "Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg" },
        ],
    })
}

#[test]
fn trivys_report_gives_what_is_high_and_has_a_fix() {
    let read = |report: &Value| of_trivy(&report.to_string(), Place::Image, IMAGE);
    let found = read(&trivy_report()).unwrap();
    assert_eq!(
        found
            .iter()
            .map(|finding| (finding.id.as_str(), finding.fixed.as_str()))
            .collect::<Vec<_>>(),
        [("CVE-1", "3.0.2")]
    );
    let mut clean = trivy_report();
    clean.as_object_mut().unwrap().remove("Results");
    assert!(
        read(&clean).unwrap().is_empty(),
        "trivy leaves out what is empty"
    );
    for (key, value, wanted) in [
        ("SchemaVersion", json!(3), "schema 3"),
        ("ArtifactName", json!("other"), "asked was for"),
        ("ArtifactType", json!("filesystem"), "asked was for"),
        ("ArtifactType", Value::Null, "not its report"),
    ] {
        let mut wrong = trivy_report();
        wrong[key] = value;
        let error = format!("{:#}", read(&wrong).unwrap_err());
        assert!(error.contains(wanted), "law 15: {key}: {error}");
    }
    let mut wrong = trivy_report();
    wrong["Results"][0]["Vulnerabilities"][0]["Severity"] = json!("SEVERE");
    assert!(format!("{:#}", read(&wrong).unwrap_err()).contains("trivy, of CVE-1: \"SEVERE\""));
}

#[test]
fn grypes_document_gives_what_is_high_and_has_a_fix_by_all_its_names() {
    let document = |target: Value, kind: &str, state: &str, severity: &str| {
        json!({
            "matches": [{
                "vulnerability": { "id": "GHSA-1", "severity": severity, "fix": { "versions": ["2.1"], "state": state } },
                "relatedVulnerabilities": [{ "id": "CVE-1" }], "matchDetails": [],
                "artifact": { "name": "requests", "version": "2.0", "type": "python", "locations": [] },
            }],
            "source": { "type": kind, "target": target }, "distro": { "name": "", "version": "", "idLike": null },
            "descriptor": { "name": "grype", "version": "0.104.0", "db": {} },
        })
        .to_string()
    };
    let asked = || json!({ "userInput": format!("docker:{IMAGE}"), "imageID": "sha256:0" });
    let found = of_grype(
        &document(asked(), "image", "fixed", "High"),
        Place::Image,
        IMAGE,
    )
    .unwrap();
    assert_eq!(
        (found[0].id.as_str(), found[0].aliases.as_slice()),
        ("GHSA-1", ["CVE-1".to_owned()].as_slice())
    );
    assert!(
        of_grype(
            &document(asked(), "image", "not-fixed", "High"),
            Place::Image,
            IMAGE
        )
        .unwrap()
        .is_empty()
    );
    assert!(
        of_grype(
            &document(asked(), "image", "fixed", "Negligible"),
            Place::Image,
            IMAGE
        )
        .unwrap()
        .is_empty()
    );
    assert_eq!(
        of_grype(
            &document(json!("/tmp/tree"), "directory", "fixed", "Critical"),
            Place::Tree,
            "/tmp/tree"
        )
        .unwrap()
        .len(),
        1
    );
    for (printed, wanted) in [
        (
            document(json!({ "userInput": "other" }), "image", "fixed", "High"),
            "asked was for",
        ),
        (document(asked(), "file", "fixed", "High"), "asked was for"),
        (
            document(asked(), "image", "fixed", "Bad"),
            "no severity known",
        ),
        ("{}".into(), "not its document"),
        ("panic: runtime error".into(), "not its document"),
    ] {
        let error = format!("{:#}", of_grype(&printed, Place::Image, IMAGE).unwrap_err());
        assert!(error.contains(wanted), "law 15: {printed}: {error}");
    }
}
