//! Projects without versions: what runs is known by digests alone, also where a file has one for each platform.

use crate::support::delivery::Delivered;
use monorelease::rehearse::images as stand_in;

/// An environment's file, as registries of processors keep it.
fn file(registry: &str, digest: &str) -> String {
    format!(
        "name: ocr\nimage:\n  oci: {registry}/acme/ocr@{digest}\n  platforms:\n    amd64: {digest}\n    arm64: {digest}\n"
    )
}

/// The digest of a build's image for amd64: of the image itself, also where its tag names an index with an attestation.
fn image(delivered: &Delivered, build: &str) -> String {
    let tag = format!("{build}-amd64");
    let (_, bytes) = delivered
        .fixture
        .registry
        .manifest("acme/ocr", &tag)
        .unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    match manifest["manifests"][0]["digest"].as_str() {
        Some(digest) => digest.to_owned(),
        None => delivered.digest("ocr", &tag),
    }
}

/// `ocr` runs in staging and production by pins with these keys, each with its platform.
fn delivered(platforms: &str, keys: &[(&str, &str)], attested: bool) -> Delivered {
    let delivered = Delivered::with("", &[]);
    let fixture = &delivered.fixture;
    let git = delivered.there().display().to_string();
    let mut config = format!(
        "{}[projects.ocr]\npath = \"ocr\"\nimage = {{ platforms = [{platforms}] }}\n[environments.staging]\n[environments.production]\nafter = \"staging\"\n",
        fixture.read("xtask/monorepo.toml")
    );
    for environment in ["staging", "production"] {
        for (key, platform) in keys {
            config += &format!(
                "[[pins]]\nproject = \"ocr\"\nenvironment = \"{environment}\"\ngit = \"{git}\"\nfile = \"{environment}/ocr.yaml\"\nkey = \"{key}\"\nplatform = \"{platform}\"\n"
            );
        }
    }
    fixture.write("xtask/monorepo.toml", &config);
    fixture.write("ocr/Dockerfile", "FROM scratch\n");
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: read what is scanned");
    for number in ["0", "1", "2", "3"] {
        let commit = format!("{number:0<40}");
        stand_in::push_to(
            &fixture.registry,
            "acme/ocr",
            &format!("b{number}"),
            "linux/amd64",
            number,
            &commit,
            attested,
        )
        .unwrap();
    }
    let text = file(&fixture.registry.address(), &image(&delivered, "b0"));
    delivered.push_there(
        &[("staging/ocr.yaml", &text), ("production/ocr.yaml", &text)],
        "feat: begin",
    );
    delivered
}

#[test]
fn law_20_what_is_known_by_its_digest_alone_is_promoted_and_taken_back() {
    let part = &[("image.platforms.amd64", "linux/amd64")][..];
    let both = &[("image.oci", "linux/amd64"), part[0]][..];
    for (keys, attested) in [(part, false), (both, false), (part, true), (both, true)] {
        let delivered = delivered("\"linux/amd64\"", keys, attested);
        let fixture = &delivered.fixture;
        let builds = ["b1", "b2", "b3"];
        let named = builds.map(|build| delivered.digest("ocr", &format!("{build}-amd64")));
        let images = builds.map(|build| image(&delivered, build));
        let assert_says = |environment: &str, image: &str| {
            let text = delivered.file(&format!("{environment}/ocr.yaml"));
            assert_eq!(
                text.matches(image).count(),
                keys.len(),
                "{keys:?} {attested}: {text}"
            );
        };
        for (named, image) in named.iter().zip(&images).skip(1) {
            fixture.ok(&["promote", "ocr", "--to", "staging", "--version", named]);
            assert_says("staging", image);
        }
        fixture.ok(&["check", "pins"]);
        fixture.ok(&["promote", "ocr", "--to", "production"]);
        assert_says("production", &images[2]);

        // What was blocked does not come back by itself.
        fixture.ok(&["rollback", "ocr", "--in", "staging"]);
        assert_says("staging", &images[1]);
        let again = fixture.run(&["promote", "ocr", "--to", "staging", "--version", &named[2]]);
        assert_eq!(again.code, 3, "{}", again.stderr);
        fixture.ok(&["rollback", "ocr", "--in", "staging", "--to", &named[0]]);
        assert_says("staging", &images[0]);
        fixture.ok(&["status", "ocr"]);
    }
}

#[test]
fn law_20_a_digest_for_each_platform_is_promoted() {
    let delivered = delivered(
        "\"linux/amd64\", \"linux/arm64\"",
        &[
            ("image.platforms.amd64", "linux/amd64"),
            ("image.platforms.arm64", "linux/arm64"),
        ],
        false,
    );
    let fixture = &delivered.fixture;
    let index = delivered.release("ocr", "0.1.0");
    fixture.ok(&["promote", "ocr", "--to", "staging", "--version", &index]);
    let text = delivered.file("staging/ocr.yaml");
    for arch in ["amd64", "arm64"] {
        let digest = delivered.digest("ocr", &format!("b0.1.0-{arch}"));
        assert!(text.contains(&format!("{arch}: {digest}")), "{text}");
    }
    fixture.ok(&["promote", "ocr", "--to", "production"]);
    assert_eq!(delivered.file("production/ocr.yaml"), text);
}
