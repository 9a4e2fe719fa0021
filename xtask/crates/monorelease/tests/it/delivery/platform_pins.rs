//! Pins that name platforms' images by digest alone, with `key` and `platform`: what runs is known without a tag.

use crate::support::delivery::Delivered;

const PLATFORMS: [&str; 2] = ["amd64", "arm64"];

/// Staging and production are registry files; 0.1.0 was written into both by hand, for these platforms.
fn pinned(archs: &[&str]) -> Delivered {
    let delivered = Delivered::with(
        "[environments.staging]\n[environments.production]\nafter = \"staging\"\n",
        &[],
    );
    let fixture = &delivered.fixture;
    for version in ["0.1.0", "0.2.0"] {
        delivered.release("api", version);
    }
    let mut pins = String::new();
    for stage in ["staging", "production"] {
        for arch in archs {
            pins.push_str(&format!(
                "[[pins]]\nproject = \"api\"\nenvironment = \"{stage}\"\ngit = \"{}\"\nfile = \"{stage}/api.yaml\"\nkey = \"image.{arch}\"\nwrite = \"digest\"\nplatform = \"linux/{arch}\"\n",
                delivered.there().display()
            ));
        }
    }
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{}{pins}", fixture.read("xtask/monorepo.toml")),
    );
    fixture.commit_all("chore: pins");
    fixture.git(&["push", "--quiet", "origin", "main"]);
    write(&delivered, archs, &["staging", "production"], "0.1.0");
    delivered
}

fn text(delivered: &Delivered, archs: &[&str], version: &str) -> String {
    let address = delivered.fixture.registry.address();
    let lines: String = archs
        .iter()
        .map(|arch| {
            let digest = delivered.digest("api", &format!("b{version}-{arch}"));
            format!("  {arch}: {address}/acme/api@{digest}\n")
        })
        .collect();
    format!("image:\n{lines}")
}

/// Somebody writes a release into the files of these environments.
fn write(delivered: &Delivered, archs: &[&str], stages: &[&str], version: &str) {
    let text = text(delivered, archs, version);
    let files: Vec<_> = stages
        .iter()
        .map(|stage| format!("{stage}/api.yaml"))
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|file| (file.as_str(), text.as_str()))
        .collect();
    delivered.push_there(&files, "feat: by hand");
}

#[test]
fn law_20_what_is_pinned_by_digest_alone_is_promoted_and_rolled_back() {
    for archs in [&PLATFORMS[..1], &PLATFORMS[1..], &PLATFORMS[..]] {
        let delivered = pinned(archs);
        let fixture = &delivered.fixture;
        write(&delivered, archs, &["staging"], "0.2.0");
        fixture.ok(&["promote", "api", "--to", "production"]);
        let two = text(&delivered, archs, "0.2.0");
        assert_eq!(delivered.file("production/api.yaml"), two);
        let head = delivered.refs();
        fixture.ok(&["promote", "api", "--to", "production"]);
        assert_eq!(delivered.refs(), head, "law 14");

        fixture.ok(&["rollback", "api", "--in", "production"]);
        let one = text(&delivered, archs, "0.1.0");
        assert_eq!(delivered.file("production/api.yaml"), one);
        let again = fixture.run(&["promote", "api", "--to", "production"]);
        assert_eq!(again.code, 3, "{}", again.stderr);
        assert_eq!(delivered.file("production/api.yaml"), one);
    }
}

#[test]
fn the_advice_of_a_rollback_names_a_digest_where_pins_say_no_tag() {
    let delivered = pinned(&PLATFORMS);
    let ran = delivered
        .fixture
        .run(&["rollback", "api", "--in", "production"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("--to sha256:") && !ran.stderr.contains("X.Y.Z"),
        "{}",
        ran.stderr
    );
}

#[test]
fn one_platform_alone_does_not_become_the_image_of_all() {
    let delivered = pinned(&PLATFORMS[..1]);
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let (before, production) = config.rsplit_once("[[pins]]").unwrap();
    let production = production.replace("platform = \"linux/amd64\"\n", "");
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{before}[[pins]]{production}"),
    );
    // An image that no release lists: nothing tells which index is meant.
    let registry = &fixture.registry;
    let index = delivered.digest("api", "0.1.0");
    assert!(registry.delete_manifest("acme/api", &index.parse().unwrap()));
    let before = delivered.refs();
    let ran = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("linux/amd64 alone"), "{}", ran.stderr);
    assert_eq!(delivered.refs(), before);
}
