//! A package whose files are also files of the forge's release: built once, signed once, offered in both places, and found by
//! those who verify it on another machine.

use crate::support;
use crate::support::Report;
use crate::support::crash::Scenario;
use crate::support::package::{Packaged, can_run};
use crate::support::snapshots::assert_text;
use crate::support::stage::{TOKEN, bare};
use crate::support::tools::has;
use crate::support::trust::Keys;
use monorelease_stand_ins::github::releases::{Asset, Release};
use monorelease_stand_ins::github::{EmbeddedForge, Right};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use snapbox::str;

const TRUST: &str = "[trust]\npublic-key = \"cosign.pub\"\ntransparency-log = false\n";
const FILES: [&str; 2] = ["kit-0.2.0-py3-none-any.whl", "kit-0.2.0.tar.gz"];
const LIST: &str = "kit-0.2.0.cdx.json";

/// A package with a forge, and keys where it is to be signed.
struct Offered {
    packaged: Packaged,
    forge: EmbeddedForge,
    keys: Option<Keys>,
}

impl Offered {
    fn new(is_signed: bool) -> Self {
        let packaged = Packaged::with(if is_signed { TRUST } else { "" });
        let fixture = &packaged.fixture;
        let config = fixture
            .read("xtask/monorepo.toml")
            .replace("[repository]\n", "[repository]\ngithub = \"acme/mono\"\n");
        fixture.write("xtask/monorepo.toml", &config);
        let keys = is_signed.then(Keys::new);
        if let Some(keys) = &keys {
            fixture.write("cosign.pub", &keys.text(&keys.public()));
        }
        fixture.git(&["add", "--all"]);
        fixture.commit_all("chore: a forge");
        packaged.prepare();
        fixture.git(&["push", "--quiet", "origin", "main"]);
        let forge = EmbeddedForge::start("acme/mono", &bare(fixture)).unwrap();
        forge.give_token(TOKEN, Right::Write);
        Self {
            packaged,
            forge,
            keys,
        }
    }

    fn variables(&self, with_forge: bool) -> Vec<(String, String)> {
        let mut variables = self.packaged.variables();
        variables.extend(self.keys.iter().flat_map(Keys::variables));
        if with_forge {
            variables.extend([
                ("GITHUB_API_URL".to_owned(), self.forge.url()),
                ("GITHUB_TOKEN".to_owned(), TOKEN.to_owned()),
            ]);
        }
        variables
    }

    fn run(&self, arguments: &[&str], with_forge: bool) -> Report {
        let own = self.variables(with_forge);
        let variables: Vec<_> = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let ran = self
            .packaged
            .fixture
            .run_with(&[arguments, &["--json"]].concat(), &variables);
        assert!(
            !ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN),
            "law 17: {}{}",
            ran.stdout,
            ran.stderr
        );
        assert_eq!(self.forge.unexpected(), Vec::<String>::new());
        ran
    }

    fn ok(&self, arguments: &[&str]) -> Report {
        self.run(arguments, true).with_document().succeeded()
    }

    /// Steps that acted; insists that the same line has nothing more to do.
    fn release(&self) -> Vec<String> {
        let report = self.ok(&["release", "kit"]);
        let before = self.forge.releases();
        let again = self.ok(&["release", "kit"]);
        assert!(
            again
                .verdicts()
                .iter()
                .all(|verdict| verdict.ends_with(" done")),
            "law 14: {again:#}"
        );
        assert_eq!(self.forge.releases(), before);
        report
            .verdicts()
            .into_iter()
            .filter_map(|verdict| verdict.strip_suffix(" acted").map(str::to_owned))
            .collect()
    }

    fn the_release(&self) -> Release {
        let mut found = self.forge.releases();
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .the_release()
            .assets
            .into_iter()
            .map(|asset| asset.name)
            .collect();
        names.sort();
        names
    }

    /// What only this machine knows of the release is gone: what others have is a clone.
    fn elsewhere(&self) {
        std::fs::remove_dir_all(self.packaged.fixture.root().join("target")).unwrap();
    }

    /// Rows of `verify` that are red, and all rows as `subject check`.
    fn verify(&self, with_forge: bool) -> (Vec<String>, Report) {
        let ran = self.run(&["verify", "kit", "0.2.0"], with_forge);
        let rows = ran["rows"].as_array().unwrap();
        let red: Vec<_> = rows
            .iter()
            .filter(|row| row["ok"] == false)
            .map(support::trust::words)
            .collect();
        assert_eq!(ran.code, i32::from(!red.is_empty()), "{ran:#}");
        (red, ran)
    }
}

fn bundles() -> Vec<String> {
    [FILES[0], LIST, FILES[1]]
        .map(|name| format!("{name}.sigstore.json"))
        .to_vec()
}

fn sha(content: &str) -> String {
    Sha256::digest(content.as_bytes())
        .iter()
        .fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn can_sign(test: &str) -> bool {
    has(
        test,
        &[
            ("uv", "--version"),
            ("python3", "--version"),
            ("cosign", "version"),
        ],
    )
}

#[test]
fn the_files_of_a_package_are_offered_in_both_places() {
    if !can_run("a package at the forge") {
        return;
    }
    let offered = Offered::new(false);
    let acted = offered.release();
    let wanted = [
        "build-package",
        "build-package",
        "forge-draft",
        "forge-asset",
        "forge-asset",
        "forge-asset",
    ];
    assert_eq!(
        acted,
        [
            &wanted[..],
            &["publish", "publish", "tag", "push-tag", "forge-release"]
        ]
        .concat()
    );
    assert_eq!(offered.names(), ["SHA256SUMS", FILES[0], FILES[1]]);
    let served = offered.packaged.index.files();
    for Asset { name, content, .. } in offered
        .the_release()
        .assets
        .into_iter()
        .filter(|asset| asset.name != "SHA256SUMS")
    {
        assert_eq!(served[&name], *content, "{name} is the same in both places");
    }
    assert_eq!(offered.verify(true).0, Vec::<String>::new());
    // On another machine the files are built once more, and are the same.
    offered.elsewhere();
    assert_eq!(offered.release(), ["build-package", "build-package"]);
    // And where the forge was not told, it is later.
    offered.forge.go_back_to_releases(&[]);
    offered.elsewhere();
    let acted = offered.release();
    assert_eq!(
        acted[2..],
        [
            "forge-draft",
            "forge-asset",
            "forge-asset",
            "forge-asset",
            "forge-release"
        ]
    );
}

#[test]
fn signatures_of_a_package_are_offered_too_and_found_from_elsewhere() {
    if !can_sign("a signed package at the forge") {
        return;
    }
    let offered = Offered::new(true);
    let acted = offered.release();
    assert_eq!(
        acted.iter().filter(|kind| *kind == "sign-file").count(),
        3,
        "{acted:?}"
    );
    let mut wanted: Vec<_> = bundles()
        .into_iter()
        .chain(["SHA256SUMS", FILES[0], LIST, FILES[1]].map(str::to_owned))
        .collect();
    wanted.sort();
    assert_eq!(offered.names(), wanted);
    let signed = |report: &Value| {
        let rows = report["rows"].as_array().unwrap();
        rows.iter()
            .filter(|row| row["check"] == "bundle" && row["ok"] == true)
            .count()
    };
    let (red, report) = offered.verify(true);
    assert_eq!((red, signed(&report)), (vec![], 2), "{report:#}");
    // Another machine, which has no bundle: those of the forge are held to what the index serves.
    offered.elsewhere();
    assert_eq!(
        offered.release(),
        ["build-package", "build-package"],
        "what is released is not signed again"
    );
    offered.elsewhere();
    let (red, report) = offered.verify(true);
    assert_eq!((red, signed(&report)), (vec![], 2), "{report:#}");
    let listed = |report: &Value| {
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["check"] == "cyclonedx")
            .unwrap()["ok"]
            .as_bool()
    };
    assert_eq!(
        listed(&report),
        Some(true),
        "the list that the forge offers: {report:#}"
    );
    // Without the forge nobody is told that all is well.
    let (red, report) = offered.verify(false);
    assert_eq!(
        (red, signed(&report), listed(&report)),
        (vec![], 0, None),
        "{report:#}"
    );
    let rows = report["rows"].as_array().unwrap().iter();
    let unknown: String = rows
        .filter(|row| row["ok"].is_null())
        .map(|row| format!("{}: {}\n", support::trust::words(row), row["found"]))
        .collect();
    assert_text(
        &unknown,
        str![[r#"
kit-0.2.0.tar.gz bundle: "no signature of it is here, and no forge is looked at"
kit-0.2.0-py3-none-any.whl bundle: "no signature of it is here, and no forge is looked at"
kit-0.2.0.cdx.json cyclonedx: "it is not here, and no forge is looked at"

"#]],
    );
}

#[test]
fn a_flipped_byte_at_the_forge_or_the_index_turns_exactly_its_row_red_on_any_machine() {
    if !can_sign("verify of a signed package") {
        return;
    }
    let offered = Offered::new(true);
    offered.release();
    offered.elsewhere();
    let releases = offered.forge.releases();
    let files = offered.packaged.index.files();
    for name in offered.names() {
        offered.forge.change_file("kit-v0.2.0", &name, |asset| {
            let mut content = asset.content.as_ref().clone();
            let place = content.len() / 2;
            content[place] ^= 1;
            Some(Asset {
                content: content.into(),
                ..asset.clone()
            })
        });
        assert_eq!(offered.verify(true).0, [format!("{name} asset")]);
        offered.forge.go_back_to_releases(&releases);
    }
    for name in FILES {
        let mut other = files.clone();
        other.get_mut(name).unwrap()[40] ^= 1;
        offered.packaged.index.go_back_to(&other);
        let (red, report) = offered.verify(true);
        assert!(
            !red.is_empty() && red.iter().all(|row| row.starts_with(name)),
            "{report:#}"
        );
    }
    offered.packaged.index.go_back_to(&files);
    // Where a signature is required, a release that has none is not well; neither is one of somebody else's.
    let bundle = format!("{}.sigstore.json", FILES[0]);
    for (words, change) in [
        ("no signature", None),
        ("invalid signature", Some("signed by a stranger")),
    ] {
        let mut changed = releases.clone();
        for release in &mut changed {
            let wheel = release
                .assets
                .iter()
                .find(|asset| asset.name == FILES[1])
                .unwrap()
                .name
                .clone();
            let strange = release
                .assets
                .iter()
                .find(|asset| asset.name == format!("{wheel}.sigstore.json"))
                .unwrap()
                .clone();
            match change {
                None => release.assets.retain(|asset| asset.name != bundle),
                Some(_) => {
                    let own = release
                        .assets
                        .iter_mut()
                        .find(|asset| asset.name == bundle)
                        .unwrap();
                    (own.content, own.digest) = (strange.content, strange.digest);
                }
            }
            let list: String = release
                .assets
                .iter()
                .filter(|asset| asset.name != "SHA256SUMS")
                .map(|asset| {
                    format!(
                        "{}  {}\n",
                        asset.digest.trim_start_matches("sha256:"),
                        asset.name
                    )
                })
                .collect();
            let sums = release
                .assets
                .iter_mut()
                .find(|asset| asset.name == "SHA256SUMS")
                .unwrap();
            (sums.content, sums.digest) = (list.clone().into_bytes().into(), sha(&list));
        }
        offered.forge.go_back_to_releases(&changed);
        let (red, report) = offered.verify(true);
        assert_eq!(red, [format!("{} bundle", FILES[0])], "{words}: {report:#}");
    }
}

#[test]
fn a_release_whose_tag_came_first_is_signed_all_the_same() {
    if !can_sign("a signed package whose tag came first") {
        return;
    }
    let offered = Offered::new(true);
    // As somebody who lets the tag start the workflow.
    offered.packaged.fixture.ok(&["tag", "kit", "--push"]);
    let mut without = offered.variables(true);
    without.retain(|(name, _)| !name.starts_with("COSIGN"));
    let without: Vec<_> = without
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let refused = offered
        .packaged
        .fixture
        .run_with(&["release", "kit"], &without);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert_text(
        &refused.complaints(),
        str![[r#"
       error [trust] wants signatures of the key cosign.pub, and there is nothing here to sign with: no COSIGN_KEY
         try export COSIGN_KEY=cosign.key COSIGN_PASSWORD=…

"#]],
    );
    let acted = offered.release();
    assert_eq!(
        acted.iter().filter(|kind| *kind == "sign-file").count(),
        3,
        "{acted:?}"
    );
    assert!(
        bundles()
            .iter()
            .all(|bundle| offered.names().contains(bundle)),
        "{:?}",
        offered.names()
    );
    assert_eq!(offered.verify(true).0, Vec::<String>::new());
}

#[test]
fn a_forge_that_is_told_later_gets_the_signatures_that_lie_here() {
    if !can_sign("a signed package, and the forge later") {
        return;
    }
    let offered = Offered::new(true);
    let first = offered.run(&["release", "kit"], false);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(offered.forge.log().len(), 0, "nobody was asked");
    let acted = offered.release();
    assert!(
        acted.iter().all(|kind| kind.starts_with("forge-")),
        "{acted:?}"
    );
    assert!(
        bundles()
            .iter()
            .all(|bundle| offered.names().contains(bundle)),
        "{:?}",
        offered.names()
    );
    // Signatures that are made anew are others: those that were published stay what counts.
    let here = offered
        .packaged
        .fixture
        .root()
        .join("target/xtask/dist/kit/0.2.0")
        .join(&bundles()[0]);
    let published = offered.forge.releases();
    let before = std::fs::read(&here).unwrap();
    std::fs::remove_file(&here).unwrap();
    assert_eq!(offered.release(), Vec::<String>::new());
    std::fs::write(&here, [&before[..], b"\n"].concat()).unwrap();
    assert_eq!(offered.release(), Vec::<String>::new());
    assert_eq!(offered.forge.releases(), published);
}

#[test]
fn law_14_the_forge_of_a_package_can_be_left_at_any_request_that_writes() {
    if !can_run("a package's forge release, ended everywhere") {
        return;
    }
    let offered = Offered::new(false);
    // Built before: what is interrupted is what the forge is told.
    offered.packaged.fixture.ok(&["build", "kit", "--release"]);
    let mut scenario = Scenario::of_package_at_forge(
        &offered.packaged,
        &offered.forge,
        &["release", "kit"],
        offered.variables(true),
    );
    for method in ["POST", "PATCH"] {
        scenario.at_every_request_of(method);
    }
    println!("forge release of a package: {} cases", scenario.cases);
    assert!(scenario.cases >= 3 * 5);
}
