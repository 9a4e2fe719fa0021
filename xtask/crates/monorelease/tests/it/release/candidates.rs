//! Promotion from end to end: which builds are taken, what their bytes are called afterwards, and how few requests it takes.

use snapbox::str;
use std::sync::{Arc, Mutex};

use crate::support::{Fixture, Report};
use monorelease::rehearse::images as stand_in;
use monorelease_stand_ins::http::{Reply, Request, Response, Server};
use monorelease_stand_ins::registry::{EmbeddedRegistry, Fault, LoggedRequest};
use serde_json::{Value, json};

const REPOSITORY: &str = "acme/api";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const ARCHS: [&str; 2] = ["amd64", "arm64"];

/// Writes keys under `[images]` and commits them.
fn configure(fixture: &Fixture, keys: &str) {
    let text = fixture
        .read("xtask/monorepo.toml")
        .replace("[images]\n", &format!("[images]\n{keys}\n"));
    fixture.write("xtask/monorepo.toml", &text);
    fixture.commit_all("chore: images");
}

/// Tags a candidate of HEAD and gives its build id.
fn tag_candidate(fixture: &Fixture) -> String {
    fixture.ok(&["tag", "api", "--rc", "--push"]);
    let tags = fixture.git(&["tag", "--points-at", "HEAD", "--list", "api-v*-rc*"]);
    let plan = fixture.json(&["plan", "--tag", tags.lines().next_back().unwrap()]);
    plan["matrix"]["include"][0]["build_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Pushes both platforms under a stem, amd64 plain and arm64 with an attestation.
fn push(fixture: &Fixture, stem: &str, version: &str) {
    push_as(fixture, stem, version, &[false, true]);
}

fn push_as(fixture: &Fixture, stem: &str, version: &str, attested: &[bool]) {
    let revision = fixture.head();
    for (arch, attested) in ARCHS.iter().zip(attested) {
        let platform = format!("linux/{arch}");
        stand_in::push_to(
            &fixture.registry,
            REPOSITORY,
            stem,
            &platform,
            version,
            &revision,
            *attested,
        )
        .unwrap();
    }
}

/// Bumps, tags and pushes a candidate; gives its build id.
fn prepare(fixture: &Fixture, level: &str, version: &str) -> String {
    fixture.ok(&["bump", level, "api", "--commit"]);
    let build_id = tag_candidate(fixture);
    push(fixture, &build_id, version);
    build_id
}

/// Releases a fresh version.
fn release(fixture: &Fixture, level: &str, version: &str) {
    prepare(fixture, level, version);
    fixture.ok(&["release", "api"]);
}

fn digest(fixture: &Fixture, tag: &str) -> Option<String> {
    fixture
        .registry
        .digest(REPOSITORY, tag)
        .map(|digest| digest.to_string())
}

fn document(registry: &EmbeddedRegistry, repository: &str, reference: &str) -> Value {
    let (_, bytes) = registry
        .manifest(repository, reference)
        .unwrap_or_else(|| panic!("no {repository} {reference}"));
    serde_json::from_slice(&bytes).unwrap()
}

/// Puts a manifest by hand, as other tools do.
fn put(fixture: &Fixture, reference: &str, media_type: &str, bytes: &[u8]) {
    let url = format!(
        "http://{}/v2/{REPOSITORY}/manifests/{reference}",
        fixture.registry.address()
    );
    let answer = ureq::put(&url)
        .header("Content-Type", media_type)
        .send(bytes)
        .unwrap();
    assert_eq!(answer.status(), 201);
}

fn entry(fixture: &Fixture, tag: &str, arch: &str) -> Value {
    let (media_type, bytes) = fixture.registry.manifest(REPOSITORY, tag).unwrap();
    json!({ "mediaType": media_type, "digest": digest(fixture, tag), "size": bytes.len(), "platform": { "os": "linux", "architecture": arch } })
}

/// One index of all platforms, of what lies under a stem: the flat list of entries.
fn flat_entries(fixture: &Fixture, stem: &str) -> Vec<Value> {
    let mut entries = Vec::new();
    for arch in ARCHS {
        let tag = format!("{stem}-{arch}");
        match document(&fixture.registry, REPOSITORY, &tag)["manifests"].as_array() {
            Some(children) => entries.extend(children.clone()),
            None => entries.push(entry(fixture, &tag, arch)),
        }
    }
    entries
}

fn put_index(fixture: &Fixture, tag: &str, entries: &[Value]) {
    let bytes = serde_json::to_vec(
        &json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }),
    )
    .unwrap();
    put(fixture, tag, INDEX, &bytes);
}

/// Runs `release` and insists on a refusal that changes nothing; gives what was said.
fn refused(fixture: &Fixture, arguments: &[&str]) -> Report {
    let before = fixture.state();
    let ran = fixture.run(&[&["release", "api"], arguments].concat());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(fixture.state(), before, "a refusal changed something");
    ran
}

fn count(log: &[LoggedRequest], part: impl Fn(&LoggedRequest) -> bool) -> usize {
    log.iter().filter(|request| part(request)).count()
}

#[test]
fn section_7_a_promotion_of_two_platforms_takes_at_most_twelve_requests() {
    let fixture = Fixture::new();
    let build_id = prepare(&fixture, "minor", "0.2.0");
    let before = fixture.registry.log().len();
    let blobs = fixture.registry.counters();
    fixture.ok(&["release", "api"]);
    let log = fixture.registry.log().split_off(before);
    let is_promotion = |request: &LoggedRequest| request.target.contains("/manifests/0.2.0");
    let promotion = count(&log, is_promotion);
    let all = log.len();
    println!("promotion: {promotion} requests with index and verification; with discovery {all}");
    assert!(promotion <= 12, "{log:#?}");
    let proofs = |tag: &str| {
        count(&log, |request| {
            request.method == "HEAD" && request.target.ends_with(tag)
        })
    };
    for tag in [
        "/manifests/0.2.0",
        "/manifests/0.2.0-amd64",
        "/manifests/0.2.0-arm64",
    ] {
        assert_eq!(
            proofs(tag),
            3,
            "asked for the plan, before acting, and as proof: {log:#?}"
        );
        assert_eq!(
            count(&log, |request| request.method == "PUT"
                && request.target.ends_with(tag)),
            1
        );
    }
    // One page of tags; a plain image is its manifest and configuration, an attested one has an index before them.
    assert_eq!(
        all - promotion,
        1 + 2 + 3,
        "what was observed is not read twice: {log:#?}"
    );
    assert_eq!(
        count(&log, |request| request.target.contains(&build_id)
            && request.method != "GET"),
        0
    );
    let moved = fixture.registry.counters();
    assert_eq!(
        moved.blob_bytes_received, blobs.blob_bytes_received,
        "0 blob bytes moved"
    );
}

#[test]
fn law_8_the_index_says_its_version_and_what_all_images_say() {
    let fixture = Fixture::new();
    prepare(&fixture, "minor", "0.2.0");
    fixture.ok(&["release", "api"]);
    let annotations = document(&fixture.registry, REPOSITORY, "0.2.0")["annotations"].clone();
    let name = |name: &str| format!("org.opencontainers.image.{name}");
    let wanted = json!({ name("created"): "2026-01-01T00:00:00Z", name("revision"): fixture.head(), name("version"): "0.2.0" });
    assert_eq!(annotations, wanted);
}

#[test]
fn law_10_plain_and_attested_images_are_candidates() {
    for attested in [[false, false], [true, true]] {
        let fixture = Fixture::new();
        fixture.ok(&["bump", "minor", "api", "--commit"]);
        let build_id = tag_candidate(&fixture);
        push_as(&fixture, &build_id, "0.2.0", &attested);
        fixture.ok(&["release", "api"]);
        for arch in ARCHS {
            assert_eq!(
                digest(&fixture, &format!("0.2.0-{arch}")),
                digest(&fixture, &format!("{build_id}-{arch}"))
            );
        }
        let entries = document(&fixture.registry, REPOSITORY, "0.2.0")["manifests"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(entries, if attested[0] { 4 } else { 2 });
    }
}

#[test]
fn law_8_one_index_of_all_platforms_is_a_candidate_too() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let build_id = tag_candidate(&fixture);
    push(&fixture, "staging", "0.2.0");
    let entries = flat_entries(&fixture, "staging");
    assert_eq!(entries.len(), 3, "two images and an attestation");
    put_index(&fixture, &build_id, &entries);
    let report = fixture.json(&["release", "api"]);
    assert_eq!(report.code, 0, "{report:#}");
    for (arch, image) in ARCHS.iter().zip(&entries) {
        assert_eq!(
            digest(&fixture, &format!("0.2.0-{arch}")).unwrap(),
            image["digest"],
            "the platform's own manifest, by digest"
        );
    }
    let index = document(&fixture.registry, REPOSITORY, "0.2.0");
    let digests = |entries: &[Value]| {
        entries
            .iter()
            .map(|entry| entry["digest"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        digests(index["manifests"].as_array().unwrap()),
        digests(&entries)
    );
    let state = fixture.state();
    let again = fixture.json(&["release", "api"]);
    assert!(
        again.verdicts().iter().all(|step| step.ends_with(" done")),
        "law 14: {again:#}"
    );
    assert_eq!(fixture.state(), state);
}

#[test]
fn images_of_dockers_own_kind_are_promoted_as_they_are() {
    const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let build_id = tag_candidate(&fixture);
    push_as(&fixture, "staging", "0.2.0", &[false, false]);
    for arch in ARCHS {
        let mut manifest = document(&fixture.registry, REPOSITORY, &format!("staging-{arch}"));
        manifest["mediaType"] = DOCKER.into();
        put(
            &fixture,
            &format!("{build_id}-{arch}"),
            DOCKER,
            &serde_json::to_vec(&manifest).unwrap(),
        );
    }
    fixture.ok(&["release", "api"]);
    let (media_type, _) = fixture.registry.manifest(REPOSITORY, "0.2.0").unwrap();
    assert_eq!(
        media_type,
        "application/vnd.docker.distribution.manifest.list.v2+json"
    );
    // Such an index says no version; it is known by its digest, now and when the next one comes.
    let again = fixture.json(&["release", "api"]);
    assert!(
        again.verdicts().iter().all(|step| step.ends_with(" done")),
        "{again:#}"
    );
    release(&fixture, "patch", "0.2.1");
    assert_eq!(digest(&fixture, "latest"), digest(&fixture, "0.2.1"));
}

#[test]
fn law_10_odd_candidates_are_refused_with_their_reasons() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    let build_id = tag_candidate(&fixture);
    push(&fixture, "staging", "0.2.0");
    let entries = flat_entries(&fixture, "staging");
    let [amd, arm, attestation] = &entries[..] else {
        panic!("{entries:#?}")
    };
    let changed = |entry: &Value, pointer: &str, value: Value| {
        let mut entry = entry.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        entry.pointer_mut(parent).unwrap()[key] = value;
        entry
    };
    let twin = changed(arm, "/platform/architecture", "amd64".into());
    let variant = changed(amd, "/platform/variant", "v3".into());
    let nested = entry(&fixture, "staging-arm64", "arm64");
    let stray = changed(
        attestation,
        "/annotations/vnd.docker.reference.digest",
        format!("sha256:{}", "f".repeat(64)).into(),
    );
    let mute = changed(attestation, "/annotations", json!({}));
    let crossed = changed(amd, "/platform/architecture", "arm64".into());
    let mixed = changed(arm, "/platform/architecture", "amd64".into());
    for (entries, expected) in [
        (
            vec![amd.clone(), twin, arm.clone()],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] holds two images for linux/amd64, wanted one
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![variant, arm.clone()],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] holds an image for linux/amd64/v3, wanted linux/amd64, linux/arm64 alone
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![amd.clone()],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] holds no image for linux/arm64
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![amd.clone(), arm.clone(), stray],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] holds an attestation of [DIGEST], which is no image in it
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![amd.clone(), nested],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] lists [DIGEST], which is an index itself; wanted images
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![amd.clone(), arm.clone(), mute],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] lists [DIGEST] as unknown/unknown, and does not say which image it speaks of
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
        (
            vec![crossed, mixed],
            str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] was built for linux/arm64, its name says linux/amd64
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]],
        ),
    ] {
        put_index(&fixture, &build_id, &entries);
        let ran = refused(&fixture, &[]);
        ran.assert_stderr(expected);
        assert!(ran.stderr.contains(&build_id), "{}", ran.stderr);
    }
    let (media_type, bytes) = fixture
        .registry
        .manifest(REPOSITORY, "staging-amd64")
        .unwrap();
    assert_eq!(media_type, MANIFEST);
    put(&fixture, &build_id, &media_type, &bytes);
    refused(&fixture, &[]).assert_stderr(str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error no build in [SERVER]/acme/api can be used:
                 [BUILD] [BUILD] is one image, wanted an index of 2 platforms
         try git checkout api-v0.2.0-rc1 && cargo xtask build api --push --platform linux/amd64, and likewise for linux/arm64
     Refused nothing was done

"#]]);
}

#[test]
fn law_10_the_refusal_names_every_build_and_why() {
    let fixture = Fixture::new();
    fixture.ok(&["bump", "minor", "api", "--commit"]);
    tag_candidate(&fixture);
    let head = fixture.head();
    let other = "f".repeat(40);
    let short = &head[..7];
    let stand_in = |id: &str, platform: &str, revision: &str| {
        stand_in::push_to(
            &fixture.registry,
            REPOSITORY,
            id,
            platform,
            "0.2.0",
            revision,
            false,
        )
        .unwrap();
    };
    for platform in ["linux/amd64", "linux/arm64"] {
        stand_in(
            &format!("2031.01.01.0000-build.5-v0.1.0-{short}"),
            platform,
            &head,
        );
        stand_in("2031.01.01.0000-build.4-v0.2.0-fffffff", platform, &head);
        stand_in(
            &format!("2031.01.01.0000-build.2-v0.2.0-{short}"),
            platform,
            &other,
        );
    }
    stand_in(
        &format!("2031.01.01.0000-build.3-v0.2.0-{short}"),
        "linux/amd64",
        &head,
    );
    let ran = refused(&fixture, &[]);
    let lines: Vec<&str> = ran
        .stderr
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("2031."))
        .collect();
    assert_eq!(
        lines,
        [
            format!("2031.01.01.0000-build.5-v0.1.0-{short} is of version 0.1.0, wanted 0.2.0"),
            format!(
                "2031.01.01.0000-build.4-v0.2.0-fffffff was built from fffffff, the newest candidate's commit is {short}"
            ),
            format!("2031.01.01.0000-build.3-v0.2.0-{short} has no image for arm64"),
            format!(
                "2031.01.01.0000-build.2-v0.2.0-{short} 2031.01.01.0000-build.2-v0.2.0-{short}-amd64 is labelled revision {other}, the newest candidate's commit is {head}"
            ),
        ],
        "{}",
        ran.stderr
    );
}

#[test]
fn law_10_a_build_picked_by_hand_need_not_be_the_newest() {
    let fixture = Fixture::new();
    let first = prepare(&fixture, "minor", "0.2.0");
    let commit = fixture.head();
    fixture.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "fix: more",
    ]);
    let second = tag_candidate(&fixture);
    push(&fixture, &second, "0.2.0");
    assert_ne!(first, second);
    let arguments = ["release", "api", "--candidate", &first];
    let before = fixture.state();
    let plan = fixture.json(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!((plan.code, fixture.state()), (0, before), "{plan:#}");
    fixture.ok(&arguments);
    for arch in ARCHS {
        assert_eq!(
            digest(&fixture, &format!("0.2.0-{arch}")),
            digest(&fixture, &format!("{first}-{arch}"))
        );
    }
    assert_eq!(
        fixture.git(&["rev-parse", "api-v0.2.0^{commit}"]).trim(),
        commit,
        "the tag is where the picked build is from"
    );
    let again = fixture.json(&arguments);
    assert!(
        again.verdicts().iter().all(|step| step.ends_with(" done")),
        "law 14: {again:#}"
    );
    let other = refused(&fixture, &[]);
    other.assert_stderr(str![[r#"
   Releasing api 0.2.0
    conflict promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]
    conflict promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]
    conflict index [SERVER]/acme/api:0.2.0 = [DIGEST]
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error tag api-v0.2.0 exists at [SHORT], the newest candidate api-v0.2.0-rc2 is at [SHORT]; a tag is never moved
         try cargo xtask bump patch api
       error [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]: found [SERVER]/acme/api:0.2.0-amd64 holds [DIGEST], wanted [DIGEST]
         try cargo xtask bump patch api
       error [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]: found [SERVER]/acme/api:0.2.0-arm64 holds [DIGEST], wanted [DIGEST]
         try cargo xtask bump patch api
       error [SERVER]/acme/api:0.2.0 = [DIGEST]: found [SERVER]/acme/api:0.2.0 holds [DIGEST], wanted [DIGEST]
         try cargo xtask bump patch api
     Refused nothing was done

"#]]);
}

#[test]
fn law_14_a_release_is_finished_with_the_build_it_was_begun_with() {
    let fixture = Fixture::new();
    let first = prepare(&fixture, "minor", "0.2.0");
    fixture.ok(&["release", "api"]);
    let whole = fixture.state();
    let given = digest(&fixture, "0.2.0-arm64");
    // The same candidate is built once more while the release lacks one platform and the index.
    let kept = fixture
        .registry
        .keep()
        .without_tags("acme/api", |tag| tag == "0.2.0-arm64" || tag == "0.2.0");
    fixture.registry.go_back_to(&kept);
    let again = first.replace("-build.", "-build.9");
    push_as(&fixture, &again, "0.2.0", &[true, false]);
    assert_ne!(
        digest(&fixture, &format!("{again}-amd64")),
        digest(&fixture, &format!("{first}-amd64"))
    );
    fixture.ok(&["release", "api"]);
    assert_eq!(digest(&fixture, "0.2.0-arm64"), given);
    assert!(
        whole
            .iter()
            .all(|(name, holds)| fixture.state().get(name) == Some(holds)),
        "as it was undisturbed"
    );
    let third = fixture.json(&["release", "api"]);
    assert!(
        third.verdicts().iter().all(|step| step.ends_with(" done")),
        "{third:#}"
    );
}

#[test]
fn law_10_a_build_picked_by_hand_is_held_to_everything_else() {
    let fixture = Fixture::new();
    let build_id = prepare(&fixture, "minor", "0.2.0");
    let short = &fixture.head()[..7].to_owned();
    let unknown = format!("2031.01.01.0000-build.7-v0.2.0-{short}");
    let ran = refused(&fixture, &["--candidate", &unknown]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [SERVER]/acme/api holds no build [BUILD]; it holds:
                 [BUILD]
         try cargo xtask release api --candidate [BUILD]
     Refused nothing was done

"#]]);
    for id in [&unknown, &build_id] {
        assert!(ran.stderr.contains(id), "{}", ran.stderr);
    }
    let stand_in = |id: &str, platform: &str, revision: &str| {
        stand_in::push_to(
            &fixture.registry,
            REPOSITORY,
            id,
            platform,
            "0.2.0",
            revision,
            false,
        )
        .unwrap();
    };
    let nowhere = "2031.01.01.0000-build.1-v0.2.0-fffffff";
    let half = format!("2031.01.01.0000-build.2-v0.2.0-{short}");
    let old = format!("2031.01.01.0000-build.3-v0.1.0-{short}");
    let wrong = format!("2031.01.01.0000-build.4-v0.2.0-{short}");
    for platform in ["linux/amd64", "linux/arm64"] {
        stand_in(nowhere, platform, &"f".repeat(40));
        stand_in(&old, platform, &fixture.head());
        stand_in(&wrong, platform, &"f".repeat(40));
    }
    stand_in(&half, "linux/arm64", &fixture.head());
    for (id, why) in [
        (
            nowhere,
            format!("is of fffffff, where no candidate of 0.2.0 is (api-v0.2.0-rc1 at {short})"),
        ),
        (&half, "has no image for amd64".to_owned()),
        (&old, "is of version 0.1.0, wanted 0.2.0".to_owned()),
        (&wrong, "is labelled revision ffffffff".to_owned()),
    ] {
        let ran = refused(&fixture, &["--candidate", id]);
        assert!(ran.stderr.contains(&why), "wanted {why}: {}", ran.stderr);
        assert!(
            !ran.stderr.contains(&build_id),
            "the others are not looked at: {}",
            ran.stderr
        );
    }
    for (arguments, expected) in [
        (
            ["release", "api", "--candidate", "yesterday"],
            str![[r#"
       error build id "yesterday": the part "-build." is wrong; wanted YYYY.MM.DD.HHMM-build.N-vVERSION-SHA7, such as [BUILD]
         try cargo xtask release api --dry-run, which names the newest one

"#]],
        ),
        (
            ["release", "core", "--candidate", &build_id],
            str![[r#"
       error project core has no image, so there is no build to pick
         try cargo xtask release core

"#]],
        ),
    ] {
        let ran = fixture.run(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        ran.assert_stderr(expected);
    }
}

#[test]
fn law_9_aliases_follow_the_highest_release_of_their_line() {
    let fixture = Fixture::new();
    configure(
        &fixture,
        "aliases = [\"latest\", \"{major}.{minor}\", \"{major}\"]",
    );
    let holds = |alias: &str, version: &str| {
        assert_eq!(
            digest(&fixture, alias),
            digest(&fixture, version),
            "{alias}, {version}"
        )
    };
    release(&fixture, "patch", "0.1.1");
    ["latest", "0.1", "0"]
        .iter()
        .for_each(|alias| holds(alias, "0.1.1"));
    fixture.git(&["branch", "line-0.1"]);
    prepare(&fixture, "minor", "0.2.0");
    let before = fixture.registry.log().len();
    let report = fixture.json(&["release", "api"]);
    let wanted = [
        "promote", "promote", "index", "alias", "alias", "alias", "tag", "push-tag",
    ]
    .map(|kind| format!("{kind} acted"));
    assert_eq!((report.code, report.verdicts()), (0, wanted.to_vec()));
    assert_eq!(
        report["steps"][3]["id"],
        format!("alias:{}/acme/api:latest", fixture.registry.address())
    );
    assert_eq!(report["steps"][3]["why"], "from 0.1.1");
    let of_latest = count(&fixture.registry.log().split_off(before), |request| {
        request.target.ends_with("/manifests/latest")
    });
    assert_eq!(
        of_latest, 5,
        "read once, asked for the plan, before acting, put, and asked as proof"
    );
    ["latest", "0.2", "0"]
        .iter()
        .for_each(|alias| holds(alias, "0.2.0"));
    holds("0.1", "0.1.1");
    let state = fixture.state();
    let again = fixture.json(&["release", "api"]);
    assert!(
        again.verdicts().iter().all(|step| step.ends_with(" done")),
        "law 14: {again:#}"
    );
    assert_eq!(fixture.state(), state);
    // A patch of the older line: its own alias moves, those of all do not.
    fixture.git(&["checkout", "--quiet", "line-0.1"]);
    prepare(&fixture, "patch", "0.1.2");
    let ran = fixture.ok(&["release", "api"]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.1.2
        todo promote [SERVER]/acme/api:0.1.2-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.1.2-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.1.2 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo alias [SERVER]/acme/api:0.1 → 0.1.2 [DIGEST]  (from 0.1.1)
        todo tag api-v0.1.2 at [SHORT]  (the commit of api-v0.1.2-rc1)
        todo push-tag api-v0.1.2 to origin  (CI and every other clone read the tags there)
        note api: [SERVER]/acme/api:latest stays as it is, it holds 0.2.0, which is higher than 0.1.2
        note api: [SERVER]/acme/api:0 stays as it is, it holds 0.2.0, which is higher than 0.1.2
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted alias [SERVER]/acme/api:0.1 → 0.1.2 [DIGEST]  [[DURATION], [REQUESTS]]
       acted index [SERVER]/acme/api:0.1.2 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.1.2-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.1.2-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.1.2 to origin  [[DURATION]]
       acted tag api-v0.1.2 at [SHORT]  [[DURATION]]
    Finished 6 done now, 0 done before, 32 registry requests

"#]]);
    holds("0.1", "0.1.2");
    ["latest", "0"]
        .iter()
        .for_each(|alias| holds(alias, "0.2.0"));
}

#[test]
fn law_9_an_alias_that_is_not_there_yet_is_no_reason_to_go_back() {
    let fixture = Fixture::new();
    release(&fixture, "patch", "0.1.1");
    fixture.git(&["branch", "line-0.1"]);
    release(&fixture, "minor", "0.2.0");
    fixture.git(&["checkout", "--quiet", "line-0.1"]);
    configure(&fixture, "aliases = [\"latest\", \"{major}.{minor}\"]");
    prepare(&fixture, "patch", "0.1.2");
    let ran = fixture.ok(&["release", "api"]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.1.2
        todo promote [SERVER]/acme/api:0.1.2-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.1.2-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.1.2 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo alias [SERVER]/acme/api:0.1 → 0.1.2 [DIGEST]  (the highest release it may name is 0.1.2)
        todo tag api-v0.1.2 at [SHORT]  (the commit of api-v0.1.2-rc1)
        todo push-tag api-v0.1.2 to origin  (CI and every other clone read the tags there)
        note api: [SERVER]/acme/api:latest stays as it is, 0.2.0 is released, and higher than 0.1.2
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted alias [SERVER]/acme/api:0.1 → 0.1.2 [DIGEST]  [[DURATION], [REQUESTS]]
       acted index [SERVER]/acme/api:0.1.2 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.1.2-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.1.2-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.1.2 to origin  [[DURATION]]
       acted tag api-v0.1.2 at [SHORT]  [[DURATION]]
    Finished 6 done now, 0 done before, 29 registry requests

"#]]);
    assert_eq!(
        (digest(&fixture, "latest"), digest(&fixture, "0.1")),
        (None, digest(&fixture, "0.1.2"))
    );
}

#[test]
fn law_9_a_prerelease_moves_no_alias() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\", \"{major}\"]");
    fixture.ok(&["bump", "0.2.0-beta.1", "api", "--commit"]);
    let build_id = tag_candidate(&fixture);
    push(&fixture, &build_id, "0.2.0-beta.1");
    let ran = fixture.ok(&["release", "api"]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0-beta.1
        todo promote [SERVER]/acme/api:0.2.0-beta.1-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-beta.1-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0-beta.1 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0-beta.1 at [SHORT]  (the commit of api-v0.2.0-beta.1-rc1)
        todo push-tag api-v0.2.0-beta.1 to origin  (CI and every other clone read the tags there)
        note api: 0.2.0-beta.1 is a prerelease, so it moves no alias
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0-beta.1 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-beta.1-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-beta.1-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0-beta.1 to origin  [[DURATION]]
       acted tag api-v0.2.0-beta.1 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 18 registry requests

"#]]);
    assert_eq!(
        (digest(&fixture, "latest"), digest(&fixture, "0")),
        (None, None)
    );
    assert!(digest(&fixture, "0.2.0-beta.1").is_some());
}

#[test]
fn law_9_an_alias_that_nobody_can_tell_is_refused() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    release(&fixture, "patch", "0.1.1");
    let build_id = prepare(&fixture, "minor", "0.2.0");
    let (media_type, bytes) = fixture
        .registry
        .manifest(REPOSITORY, &format!("{build_id}-amd64"))
        .unwrap();
    put(&fixture, "latest", &media_type, &bytes);
    let ran = refused(&fixture, &[]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [SERVER]/acme/api:latest holds [DIGEST], which is no release that could be told from another: it has no org.opencontainers.image.version, and no release has its digest
         try crane tag [SERVER]/acme/api:0.1.1 latest
     Refused nothing was done

"#]]);
    // What says a version that was never released is not believed either.
    let mut index = document(&fixture.registry, REPOSITORY, "0.1.1");
    index["annotations"]["org.opencontainers.image.version"] = "0.0.7".into();
    put(
        &fixture,
        "latest",
        INDEX,
        &serde_json::to_vec(&index).unwrap(),
    );
    let ran = refused(&fixture, &[]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [SERVER]/acme/api:latest holds [DIGEST], which is no release that could be told from another: it says it is 0.0.7, of which there is neither a git tag nor an image
         try crane tag [SERVER]/acme/api:0.1.1 latest
     Refused nothing was done

"#]]);
    // The command that was named: the alias is put on a release by hand.
    let (media_type, bytes) = fixture.registry.manifest(REPOSITORY, "0.1.1").unwrap();
    put(&fixture, "latest", &media_type, &bytes);
    fixture.ok(&["release", "api"]);
    assert_eq!(digest(&fixture, "latest"), digest(&fixture, "0.2.0"));
}

#[test]
fn law_9_a_release_under_way_elsewhere_is_told_by_its_image() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    release(&fixture, "patch", "0.1.1");
    let mut index = document(&fixture.registry, REPOSITORY, "0.1.1");
    index["annotations"]["org.opencontainers.image.version"] = "0.3.0".into();
    let bytes = serde_json::to_vec(&index).unwrap();
    ["0.3.0", "latest"]
        .iter()
        .for_each(|tag| put(&fixture, tag, INDEX, &bytes));
    prepare(&fixture, "minor", "0.2.0");
    let ran = fixture.ok(&["release", "api"]);
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: [SERVER]/acme/api:latest stays as it is, it holds 0.3.0, which is higher than 0.2.0
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       acted index [SERVER]/acme/api:0.2.0 = [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  [[DURATION], [REQUESTS]]
       acted push-tag api-v0.2.0 to origin  [[DURATION]]
       acted tag api-v0.2.0 at [SHORT]  [[DURATION]]
    Finished 5 done now, 0 done before, 24 registry requests

"#]]);
    assert_eq!(digest(&fixture, "latest"), digest(&fixture, "0.3.0"));
}

#[test]
fn law_15_an_alias_that_cannot_be_read_blocks_the_release() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    prepare(&fixture, "minor", "0.2.0");
    fixture
        .registry
        .plan_fault(Fault::status("", "/manifests/latest", 403).times(100));
    let ran = refused(&fixture, &[]);
    fixture.registry.clear_faults();
    ran.assert_stderr(str![[r#"
   Releasing api 0.2.0
        todo promote [SERVER]/acme/api:0.2.0-amd64 ← [DIGEST]  (linux/amd64 of candidate [BUILD])
        todo promote [SERVER]/acme/api:0.2.0-arm64 ← [DIGEST]  (linux/arm64 of candidate [BUILD])
        todo index [SERVER]/acme/api:0.2.0 = [DIGEST]  (one name for linux/amd64, linux/arm64)
        todo tag api-v0.2.0 at [SHORT]  (the commit of api-v0.2.0-rc1)
        todo push-tag api-v0.2.0 to origin  (CI and every other clone read the tags there)
        note api: no [trust] is configured, so nothing is signed or listed
        note api: no github is configured, so no forge release is made
        note api: no [[pins]] are configured, so nothing is delivered
       error [SERVER]/acme/api:latest cannot be read: HEAD [SERVER]/acme/api:latest: [SERVER] answered 403; an absent repository and a forbidden one cannot be told apart, so run `docker login [SERVER]` with an account that may use it, or create it first
         try cargo xtask doctor
     Refused nothing was done

"#]]);
    fixture.ok(&["release", "api"]);
}

#[test]
fn law_14_an_alias_whose_acknowledgement_was_lost_is_moved() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    prepare(&fixture, "minor", "0.2.0");
    fixture
        .registry
        .plan_fault(Fault::cut_after("PUT", "/manifests/latest"));
    let report = fixture.json(&["release", "api"]);
    assert_eq!(
        (report.code, report.verdicts()[3].as_str()),
        (0, "alias acted"),
        "{report:#}"
    );
}

/// Stands before the registry and does something once, just after it has passed a certain request on.
fn between(fixture: &Fixture, after: &'static str, act: impl FnOnce() + Send + 'static) -> Server {
    let address = fixture.registry.address();
    let act = Arc::new(Mutex::new(Some(act)));
    let handler =
        move |request: Request| {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into();
            let mut call = ureq::http::Request::builder()
                .method(request.method.as_str())
                .uri(format!("http://{address}{}", request.target));
            for (name, value) in request.headers.iter().filter(|(name, _)| {
                ["accept", "content-type"].contains(&name.to_lowercase().as_str())
            }) {
                call = call.header(name, value);
            }
            let mut answer = agent.run(call.body(request.body.clone()).unwrap()).unwrap();
            let act = Some(())
                .filter(|()| request.method == "PUT" && request.target.ends_with(after))
                .and_then(|()| act.lock().unwrap().take());
            act.into_iter().for_each(|act| act());
            let mut response = Response::new(answer.status().as_u16());
            for name in ["Content-Type", "Docker-Content-Digest", "Link", "Location"] {
                if let Some(value) = answer.headers().get(name) {
                    response = response.with(name, value.to_str().unwrap());
                }
            }
            Reply::Send(response.body(answer.body_mut().read_to_vec().unwrap()))
        };
    Server::start(handler, 1 << 20).unwrap()
}

#[test]
fn law_9_an_alias_that_somebody_moved_meanwhile_is_left_alone() {
    let fixture = Fixture::new();
    configure(&fixture, "aliases = [\"latest\"]");
    release(&fixture, "patch", "0.1.1");
    prepare(&fixture, "minor", "0.2.0");
    let theirs = {
        let mut index = document(&fixture.registry, REPOSITORY, "0.1.1");
        index["annotations"]["org.opencontainers.image.version"] = "0.3.0".into();
        serde_json::to_vec(&index).unwrap()
    };
    let url = format!(
        "http://{}/v2/{REPOSITORY}/manifests",
        fixture.registry.address()
    );
    let bytes = theirs;
    let server = between(&fixture, "/manifests/0.2.0", move || {
        for tag in ["0.3.0", "latest"] {
            ureq::put(format!("{url}/{tag}"))
                .header("Content-Type", INDEX)
                .send(&bytes[..])
                .unwrap();
        }
    });
    let config = fixture.root().parent().unwrap().join("through.toml");
    let text = fixture
        .read("xtask/monorepo.toml")
        .replace(&fixture.registry.address(), &server.address());
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let report = fixture.json(&["release", "api", "--config", config]);
    assert_eq!(report.code, 1, "{report:#}");
    assert_eq!(
        report.verdicts()[2..4],
        ["index acted", "alias failed"],
        "{report:#}"
    );
    let evidence = report["steps"][3]["evidence"].as_str().unwrap();
    assert!(
        evidence.contains("since the plan was made")
            && evidence.contains("which it held when it was looked at"),
        "{evidence}"
    );
    assert_eq!(
        digest(&fixture, "latest"),
        digest(&fixture, "0.3.0"),
        "what somebody else did stays"
    );
    let report = fixture.json(&["release", "api"]);
    assert_eq!(
        report.code, 0,
        "law 14: the next run looks again, and finishes: {report:#}"
    );
    assert_eq!(digest(&fixture, "latest"), digest(&fixture, "0.3.0"));
}

/// A fixture whose releases are in a repository of their own.
fn two_repositories() -> Fixture {
    let fixture = Fixture::new();
    configure(
        &fixture,
        &format!(
            "release = \"{}/released/{{package}}\"\naliases = [\"latest\"]",
            fixture.registry.address()
        ),
    );
    fixture
}

#[test]
fn law_8_a_release_in_another_repository_is_mounted_and_not_carried() {
    let fixture = two_repositories();
    let build_id = prepare(&fixture, "minor", "0.2.0");
    let before = fixture.registry.log().len();
    let blobs = fixture.registry.counters();
    let state = fixture.state();
    let plan = fixture.json(&["release", "api", "--dry-run"]);
    assert_eq!((plan.code, fixture.state()), (0, state), "law 13: {plan:#}");
    let report = fixture.json(&["release", "api"]);
    let wanted = [
        "copy", "copy", "promote", "promote", "index", "alias", "tag", "push-tag",
    ]
    .map(|kind| format!("{kind} acted"));
    assert_eq!(
        (report.code, report.verdicts()),
        (0, wanted.to_vec()),
        "{report:#}"
    );
    let moved = fixture.registry.counters();
    println!(
        "two repositories: {} requests, plan and release",
        fixture.registry.log().len() - before
    );
    assert_eq!(
        moved.blob_bytes_received, blobs.blob_bytes_received,
        "0 blob bytes moved"
    );
    // amd64: configuration and layer; arm64: its configuration and the two of its attestation, since the layer is the same.
    assert_eq!(moved.blobs_mounted - blobs.blobs_mounted, 2 + 3);
    let release = |tag: &str| {
        fixture
            .registry
            .digest("released/api", tag)
            .map(|digest| digest.to_string())
    };
    for arch in ARCHS {
        assert_eq!(
            release(&format!("0.2.0-{arch}")),
            digest(&fixture, &format!("{build_id}-{arch}")),
            "the tested bytes"
        );
    }
    assert_eq!(release("latest"), release("0.2.0"));
    let index = document(&fixture.registry, "released/api", "0.2.0");
    for entry in index["manifests"].as_array().unwrap() {
        assert!(
            fixture
                .registry
                .manifest("released/api", entry["digest"].as_str().unwrap())
                .is_some()
        );
    }
    assert_eq!(
        digest(&fixture, "0.2.0"),
        None,
        "nothing of the release is in the repository of the builds"
    );
    let state = fixture.state();
    let again = fixture.json(&["release", "api"]);
    assert!(
        again.verdicts().iter().all(|step| step.ends_with(" done")),
        "law 14: {again:#}"
    );
    assert_eq!(fixture.state(), state);
    fixture.ok(&["bump", "patch", "api"]);
    let taken = fixture.run(&["bump", "0.2.0", "api", "--allow-downgrade"]);
    assert_eq!(taken.code, 3, "{}", taken.stderr);
    taken.assert_stderr(str![[r#"
     Bumping api 0.2.1 → 0.2.0
        todo edit api/uv.lock  (entry of api 0.2.1 → 0.2.0)
        todo edit api/pyproject.toml  (project.version 0.2.1 → 0.2.0)
       error api 0.2.0 is released already: tag api-v0.2.0 is at [SHORT]
         try choose a version that has no tag: cargo xtask versions
       error [SERVER]/released/api:0.2.0 is in the registry already: [DIGEST]
         try choose a version that has no image: cargo xtask bump patch
       error [SERVER]/released/api:0.2.0-amd64 is in the registry already: [DIGEST]
         try choose a version that has no image: cargo xtask bump patch
       error [SERVER]/released/api:0.2.0-arm64 is in the registry already: [DIGEST]
         try choose a version that has no image: cargo xtask bump patch
     Refused nothing was done

"#]]);
}

#[test]
fn law_15_a_repository_that_does_not_exist_yet_is_not_one_that_is_forbidden() {
    let fixture = two_repositories();
    prepare(&fixture, "minor", "0.2.0");
    // GHCR and ECR refuse to read what does not exist; who may write it is told so.
    for (method, target) in [("HEAD", "/v2/released/"), ("GET", "/v2/released/")] {
        fixture
            .registry
            .plan_fault(Fault::status(method, target, 403));
    }
    fixture.ok(&["release", "api"]);
    assert_eq!(fixture.registry.clear_faults(), 0, "both were met");
    assert!(fixture.registry.digest("released/api", "latest").is_some());
}

#[test]
fn law_14_a_copy_that_was_cut_anywhere_is_finished_by_the_next_run() {
    let undisturbed = {
        let fixture = two_repositories();
        prepare(&fixture, "minor", "0.2.0");
        let before = fixture.registry.log().len();
        fixture.ok(&["release", "api"]);
        let log = fixture.registry.log().split_off(before);
        log.into_iter()
            .filter(|request| request.method == "POST" || request.method == "PUT")
            .map(|request| request.method)
            .collect::<Vec<_>>()
    };
    let mut cases = 0;
    for (place, method) in undisturbed.iter().enumerate() {
        let nth = undisturbed[..=place]
            .iter()
            .filter(|other| *other == method)
            .count();
        for fault in [
            Fault::status(method, "/v2/", 400),
            Fault::cut_after(method, "/v2/"),
        ] {
            let fixture = two_repositories();
            prepare(&fixture, "minor", "0.2.0");
            fixture.registry.plan_fault(fault.from_nth(nth));
            let first = fixture.run(&["release", "api"]);
            assert!(matches!(first.code, 0 | 1), "{}", first.stderr);
            assert_eq!(fixture.registry.clear_faults(), 0, "the fault happened");
            fixture.ok(&["release", "api"]);
            let state = fixture.state();
            let third = fixture.json(&["release", "api"]);
            assert!(
                third.verdicts().iter().all(|step| step.ends_with(" done")),
                "{third:#}"
            );
            assert_eq!(fixture.state(), state);
            let release = |tag: &str| fixture.registry.digest("released/api", tag);
            assert!(release("0.2.0").is_some() && release("latest") == release("0.2.0"));
            cases += 1;
        }
    }
    println!("a copy cut or refused at each of its writes: {cases} cases");
    assert!(cases >= 2 * (5 + 3 + 4), "{cases}");
}

#[test]
fn a_registry_that_mounts_nothing_gets_the_command_that_carries_layers() {
    let fixture = two_repositories();
    let build_id = prepare(&fixture, "minor", "0.2.0");
    fixture
        .registry
        .plan_fault(Fault::status("POST", "mount=", 202).times(100));
    let blobs = fixture.registry.counters();
    let report = fixture.json(&["release", "api"]);
    assert_eq!(
        (report.code, report.verdicts()[0].as_str()),
        (1, "copy failed"),
        "{report:#}"
    );
    let evidence = report["steps"][0]["evidence"].as_str().unwrap();
    let host = fixture.registry.address();
    let command =
        format!("`crane copy {host}/acme/api:{build_id}-amd64 {host}/released/api:0.2.0-amd64`");
    assert!(
        evidence.contains("did not take sha256:") && evidence.contains(&command),
        "{evidence}"
    );
    assert_eq!(
        fixture.registry.counters().blob_bytes_received,
        blobs.blob_bytes_received
    );
    assert!(
        fixture.registry.tags("released/api").is_empty(),
        "nothing has a name yet"
    );
    fixture.registry.clear_faults();
    fixture.ok(&["release", "api"]);
}

#[test]
fn what_the_configuration_says_of_releases_is_held_to_its_rules() {
    for (keys, expected) in [
        (
            "release = \"registry.example/acme/{package}\"",
            str![[r#"
       error xtask/monorepo.toml: projects.api: images.release is at registry.example, images.repository at [SERVER]: a release takes its layers over within one registry, and carries none from one to another; name a repository at [SERVER], or let builds be pushed to registry.example
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "release = \"registry.example/Acme/{package}\"",
            str![[r#"
       error xtask/monorepo.toml: projects.api: images.release: "registry.example/Acme/api" is no image repository: registries take lower case only; write "registry.example/acme/api"
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "aliases = [\"0.2.0\"]",
            str![[r#"
       error xtask/monorepo.toml: projects.api: images.aliases: "0.2.0" looks like the name of one release or build, and those never move; wanted a name such as "latest", "{major}.{minor}" or "{major}"
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "aliases = [\"{minor}\"]",
            str![[r#"
       error xtask/monorepo.toml: projects.api: images.aliases: "{minor}" names a minor version without its major one; wanted a name such as "latest", "{major}.{minor}" or "{major}"
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "aliases = [\"latest\", \"latest\"]",
            str![[r#"
       error xtask/monorepo.toml: projects.api: images.aliases names "latest" twice
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "alias = [\"latest\"]",
            str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 4, column 1
               |
             4 | alias = ["latest"]
               | ^^^^^
             unknown field `alias`, expected one of `repository`, `release`, `aliases`; did you mean `aliases`?
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
    ] {
        let fixture = Fixture::new();
        configure(&fixture, keys);
        let ran = fixture.run(&["versions"]);
        assert_eq!(ran.code, 2, "{keys}: {}", ran.stderr);
        ran.assert_stderr(expected);
    }
}

#[test]
fn a_rehearsal_shows_aliases_and_the_repository_of_the_releases() {
    let fixture = two_repositories();
    let before = fixture.state();
    let document = fixture.json(&["rehearse"]);
    assert_eq!(document.code, 0, "{document:#}");
    let images = document["images"].as_object().unwrap();
    assert_eq!(
        images.len(),
        6,
        "two of the candidate, two platforms, the index and its alias: {images:?}"
    );
    assert_eq!(images["latest"], images["0.2.0"]);
    let ran = fixture.ok(&["rehearse"]);
    assert!(
        ran.stdout
            .lines()
            .any(|line| line.starts_with("released/api:latest ") && line.contains(" sha256:")),
        "{}",
        ran.stdout
    );
    assert_eq!(fixture.state(), before);
}
