//! Which texts are names of images, and what the errors of the others say.

use super::*;

const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn digests_are_sha256_in_lower_case() {
    assert_eq!(Digest::of(b"").to_string(), EMPTY);
    assert_eq!(EMPTY.parse::<Digest>().unwrap(), Digest::of(b""));
    assert_eq!(Digest::of(b"").hex(), &EMPTY[7..]);
    for wrong in [
        "",
        "latest",
        &EMPTY[7..],
        &EMPTY[..70],
        &EMPTY.to_uppercase(),
        &EMPTY.replace("256", "512"),
    ] {
        let error = wrong.parse::<Digest>().unwrap_err().to_string();
        assert!(
            error.contains(&format!("{wrong:?}")) && error.contains("64"),
            "{error}"
        );
    }
    assert!("sha256:é".parse::<Digest>().is_err());
}

#[test]
fn repositories_are_read_as_docker_reads_them() {
    for (text, host, path) in [
        (
            "ghcr.io/percolation-labs/percolate-reading",
            "ghcr.io",
            "percolation-labs/percolate-reading",
        ),
        ("127.0.0.1:5000/o/r", "127.0.0.1:5000", "o/r"),
        ("localhost/r", "localhost", "r"),
        ("[::1]:5000/r", "[::1]:5000", "r"),
        ("GHCR.io/o/r", "ghcr.io", "o/r"),
        ("python", "docker.io", "library/python"),
        ("acme/api", "docker.io", "acme/api"),
        ("docker.io/python", "docker.io", "library/python"),
        ("index.docker.io/acme/api", "docker.io", "acme/api"),
        ("ghcr.io/a/b__c/d.e-f--g_h", "ghcr.io", "a/b__c/d.e-f--g_h"),
    ] {
        let repository: Repository = text.parse().unwrap();
        assert_eq!(
            (repository.host.as_str(), repository.path.as_str()),
            (host, path),
            "{text}"
        );
        assert_eq!(repository.to_string().parse(), Ok(repository), "{text}");
    }
}

#[test]
fn wrong_repositories_are_refused_with_the_rule() {
    for (text, rule) in [
        (
            "ghcr.io/Percolation-Labs/x",
            "write \"ghcr.io/percolation-labs/x\"",
        ),
        ("https://ghcr.io/o/r", "write \"ghcr.io/o/r\""),
        ("ghcr.io/o/r:1.0", "leave it out"),
        ("ghcr.io/o/r@sha256:00", "leave it out"),
        ("ghcr.io/o//r", "segment \"\""),
        ("ghcr.io/o/r_", "segment \"r_\""),
        ("ghcr.io/o/r___s", "segment \"r___s\""),
        ("ghcr.io/o/ré", "segment \"ré\""),
        ("ghcr.io/", "segment \"\""),
        ("", "segment \"\""),
        ("gh_cr.io/o", "no host"),
        ("host:port/o", "no host"),
        ("host:/o", "no host"),
        ("[::g]:1/o", "no host"),
    ] {
        let error = text.parse::<Repository>().unwrap_err().to_string();
        assert!(
            error.contains(rule) && error.contains(&format!("{text:?}")),
            "{text}: {error}"
        );
    }
    assert!(
        format!("ghcr.io/{}", "a".repeat(250))
            .parse::<Repository>()
            .is_err()
    );
}

#[test]
fn tags_follow_the_grammar() {
    for right in [
        "latest",
        "0.2.0",
        "_x",
        "2025.10.25.1430-build.123-v0.1.0-abc1234-amd64",
        &"a".repeat(128),
    ] {
        assert!(is_image_tag(right), "{right}");
    }
    for wrong in [
        "",
        ".x",
        "-x",
        "1.0+build",
        "a b",
        "a/b",
        "a:b",
        "é",
        &"a".repeat(129),
    ] {
        assert!(!is_image_tag(wrong), "{wrong}");
    }
}

#[test]
fn platforms_are_read_and_arm64_has_one_spelling() {
    for text in ["linux/amd64", "linux/arm/v7", "unknown/unknown"] {
        assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
    }
    assert_eq!("linux/arm64/v8".parse::<Platform>(), "linux/arm64".parse());
    for (text, rule) in [
        ("linux", "os/arch"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/", "part \"\""),
        ("Linux/amd64", "lower-case"),
    ] {
        let error = text.parse::<Platform>().unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    }
}

#[test]
fn names_are_plain_text_in_json() {
    let repository: Repository = "ghcr.io/o/r".parse().unwrap();
    let platform: Platform = "linux/amd64".parse().unwrap();
    let json = serde_json::to_string(&(Digest::of(b""), repository, platform)).unwrap();
    assert_eq!(json, format!("[{EMPTY:?},\"ghcr.io/o/r\",\"linux/amd64\"]"));
}
