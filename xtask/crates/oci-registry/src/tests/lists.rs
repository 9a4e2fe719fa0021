//! Listing a part of the tags, and lists of referrers, where registries differ most; and that connections are kept.

use monorelease_http_client::parallel::side_by_side;
use monorelease_model::image::Digest;
use monorelease_model::image::Repository;
use monorelease_stand_ins::http::Response;
use monorelease_stand_ins::registry::*;
use serde_json::json;

use super::client::{PASSWORD, config};
use super::odd_servers::oddity;
use super::{OCI_INDEX, OCI_MANIFEST, client, image, repository};
use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryErrorKind;
use crate::options::RegistryOptions;

const NEW: &str = "2025.10.25.1430-build.7-v1.0.0-abc1234-amd64";

/// A registry that holds so many old builds, one new one, and something behind the builds.
fn filled(builder: Builder, old: usize, behind: usize) -> (EmbeddedRegistry, Registry, Repository) {
    let registry = builder.page_size(100).start().unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let bytes = image(&client, &repository, "layer");
    let old = (0..old).map(|number| format!("2024.01.01.{number:04}-build.1-v0.9.0-abc1234-amd64"));
    let behind = (0..behind).map(|number| format!("sha256-{number:04}.sig"));
    for tag in old.chain([NEW.to_owned()]).chain(behind) {
        client
            .put_manifest(&repository, &tag, OCI_MANIFEST, &bytes)
            .unwrap();
    }
    (registry, client, repository)
}

/// What a listing from the new build's time costs in requests, and that it holds the new build.
fn cost(builder: Builder, old: usize, behind: usize) -> (u64, bool) {
    let (_registry, client, repository) = filled(builder, old, behind);
    let before = client.requests();
    let listing = client
        .tags_from(&repository, "2025.10.25.1430", ":")
        .unwrap()
        .unwrap();
    assert!(listing.tags.iter().any(|tag| tag == NEW), "{listing:?}");
    (client.requests() - before, listing.is_whole)
}

#[test]
fn law_12_a_list_that_can_begin_at_a_name_is_flat_in_what_is_before_it() {
    let lexical = || EmbeddedRegistry::builder().lexical_tags();
    assert_eq!(
        [
            cost(lexical(), 0, 0),
            cost(lexical(), 250, 0),
            cost(lexical(), 950, 0)
        ],
        [(1, false); 3]
    );
    // Nor do the signatures behind the builds matter, but for one question whether the list is in this order.
    assert_eq!(
        [cost(lexical(), 250, 250), cost(lexical(), 250, 650)],
        [(2, false); 2]
    );
    // Where no older build proves the order, everything is read.
    assert_eq!(cost(lexical(), 0, 250), (1 + 1 + 2, false));
    // A registry that ignores the name is read as a whole, and once.
    assert_eq!(
        cost(EmbeddedRegistry::builder().whole_tag_lists(), 250, 250),
        (1, true)
    );
    assert_eq!(cost(EmbeddedRegistry::builder(), 250, 250), (6, true));
}

/// Answers a list that begins behind a name by one rule, and any other by these tags in two pages.
fn listing_of(tags: &'static [&'static str], rule: fn() -> Response) -> Vec<String> {
    let (_server, repository) =
        oddity(
            move |request, _| match (request.query("last"), request.query("page")) {
                (Some(_), _) => rule(),
                (None, None) => {
                    let first = json!({ "name": "o/r", "tags": tags[..1] });
                    Response::json(200, &first)
                        .with("Link", "</v2/o/r/tags/list?page=2>; rel=\"next\"")
                }
                _ => Response::json(200, &json!({ "name": "o/r", "tags": tags[1..] })),
            },
        );
    let listing = client("{}")
        .tags_from(&repository, "2025.10.25.1430", ":")
        .unwrap()
        .unwrap();
    assert!(listing.is_whole);
    listing.tags
}

#[test]
fn law_15_what_a_registry_does_not_begin_at_a_name_is_never_taken_for_absent() {
    let tags = &["z", NEW, "a"];
    let rules: [fn() -> Response; 6] = [
        || Response::json(200, &json!({ "name": "o/r", "tags": null })),
        || Response::json(200, &json!({ "name": "o/r", "tags": [] })),
        || Response::new(400).body("{\"errors\":[{\"code\":\"TAG_INVALID\"}]}"),
        || Response::new(404).body("{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}"),
        || Response::new(404).body("no such cursor"),
        || Response::new(422),
    ];
    for rule in rules {
        assert_eq!(listing_of(tags, rule), [NEW, "a", "z"]);
    }
    // What says nothing of the name is an error, and no reason to ask otherwise.
    let (_server, repository) = oddity(|_, _| Response::new(403));
    assert_eq!(
        client("{}")
            .tags_from(&repository, "2025", ":")
            .unwrap_err()
            .status,
        Some(403)
    );
    let error = client("{}").tags_from(&repository, "a b", ":").unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Usage, "{error}");
}

#[test]
fn an_order_by_time_is_not_taken_for_the_order_of_names() {
    // All behind the name, sorted as far as the first page goes, and past the builds: and yet a build follows.
    let (_server, repository) = oddity(|request, _| match request.query("page") {
        None => Response::json(
            200,
            &json!({ "tags": ["2026.01.01.0000-build.1-v1.0.0-abc1234-amd64", "latest"] }),
        )
        .with("Link", "</v2/o/r/tags/list?page=2>; rel=\"next\""),
        Some(_) => Response::json(
            200,
            &json!({ "tags": ["2026.01.02.0000-build.1-v1.0.0-abc1234-amd64"] }),
        ),
    });
    let listing = client("{}")
        .tags_from(&repository, "2025.10.25.1430", ":")
        .unwrap()
        .unwrap();
    assert_eq!(listing.tags.len(), 3, "{listing:?}");
}

#[test]
fn lists_are_bounded_in_tags_and_bytes_and_hold_nothing_but_tags() {
    let listing = |options: fn(&mut RegistryOptions)| {
        let (_server, repository) = oddity(|_, count| {
            let names: Vec<_> = (0..100).map(|number| format!("{count}.{number}")).collect();
            Response::json(200, &json!({ "tags": names }))
                .with("Link", format!("<?page={count}>; rel=next"))
        });
        let mut chosen = RegistryOptions::new(Credentials::default());
        options(&mut chosen);
        let client = Registry::new(chosen);
        (client.tags(&repository).unwrap_err(), client.requests())
    };
    let (error, requests) = listing(|options| options.tags_max = 250);
    assert_eq!((error.kind, requests), (RegistryErrorKind::TooLarge, 3));
    assert!(error.to_string().contains("more than 250 tags"), "{error}");
    let (error, requests) = listing(|options| options.listing_bytes_max = 3000);
    assert_eq!(error.kind, RegistryErrorKind::TooLarge);
    assert!(
        error.to_string().contains("more than 3000 bytes") && requests < 6,
        "{error}"
    );
    let (_server, repository) = oddity(|_, _| {
        Response::json(
            200,
            &json!({ "tags": ["a", "", "../b", "c d", "\u{1b}[31m", "é"] }),
        )
    });
    assert_eq!(client("{}").tags(&repository).unwrap().unwrap(), ["a"]);
}

#[test]
fn a_page_that_goes_missing_is_no_end() {
    let (_server, repository) = oddity(|request, _| match request.query("page") {
        None => Response::json(200, &json!({ "tags": ["a"] })).with("Link", "<?page=2>; rel=next"),
        Some(_) => Response::new(404).body("{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}"),
    });
    let error = client("{}").tags(&repository).unwrap_err();
    assert!(
        error.kind == RegistryErrorKind::Malformed && error.to_string().contains("is not there"),
        "{error}"
    );
}

/// A manifest of this artifact type that speaks of the subject.
fn artifact(
    client: &Registry,
    repository: &Repository,
    subject: &Digest,
    kind: &str,
    layer: &str,
) -> Vec<u8> {
    let mut document: serde_json::Value =
        serde_json::from_slice(&image(client, repository, layer)).unwrap();
    document["subject"] =
        json!({ "mediaType": OCI_MANIFEST, "digest": subject.as_str(), "size": 7 });
    document["artifactType"] = kind.into();
    document.to_string().into_bytes()
}

#[test]
fn what_is_no_index_is_not_read_as_a_list_without_entries() {
    let registry = EmbeddedRegistry::builder()
        .without_referrers()
        .start()
        .unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let subject = Digest::of(b"subject");
    let tag = format!("sha256-{}", subject.hex());
    client
        .put_manifest(
            &repository,
            &tag,
            OCI_MANIFEST,
            &image(&client, &repository, "layer"),
        )
        .unwrap();
    let error = client.referrers(&repository, &subject, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the list of referrers has its place"),
        "it is not known what is attached: {error}"
    );
}

#[test]
fn a_type_that_the_list_does_not_tell_is_read_from_the_manifest() {
    let registry = EmbeddedRegistry::builder()
        .without_referrers()
        .start()
        .unwrap();
    let client = client("{}");
    let repository = repository(&registry, "o/r");
    let subject = Digest::of(b"subject");
    let bytes = artifact(&client, &repository, &subject, "a/bundle", "ours");
    client
        .put_manifest(
            &repository,
            Digest::of(&bytes).as_str(),
            OCI_MANIFEST,
            &bytes,
        )
        .unwrap();
    let entry = json!({ "mediaType": OCI_MANIFEST, "digest": Digest::of(&bytes).as_str(), "size": bytes.len(),
        "artifactType": "application/vnd.oci.empty.v1+json" });
    let index =
        json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry] }).to_string();
    client
        .put_manifest(
            &repository,
            &format!("sha256-{}", subject.hex()),
            OCI_INDEX,
            index.as_bytes(),
        )
        .unwrap();
    assert_eq!(
        client
            .referrers(&repository, &subject, Some("a/bundle"))
            .unwrap()
            .found
            .len(),
        1
    );
    assert_eq!(
        client
            .referrers(&repository, &subject, Some("a/other"))
            .unwrap()
            .found
            .len(),
        0
    );
}

#[test]
fn referrers_that_cannot_be_read_are_not_absent() {
    for status in [401, 403, 410, 418] {
        let (_server, repository) =
            oddity(
                move |request, _| match request.path.contains("/referrers/") {
                    true => Response::new(status),
                    false => {
                        Response::new(404).body("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}")
                    }
                },
            );
        assert_eq!(
            client("{}")
                .referrers(&repository, &Digest::of(b"x"), None)
                .unwrap_err()
                .status,
            Some(status)
        );
    }
}

#[test]
fn one_connection_serves_one_thread_and_eight_serve_many() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let client = client(&config(&registry, PASSWORD));
    let repository = repository(&registry, "o/r");
    let manifest = image(&client, &repository, "layer");
    client
        .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
        .unwrap();
    for round in 0..20 {
        client.manifest(&repository, "1.0").unwrap();
        client.head(&repository, "1.0").unwrap();
        assert_eq!(client.head(&repository, "absent").unwrap(), None);
        client.blob(&repository, &Digest::of(b"layer"), 5).unwrap();
        client.tags(&repository).unwrap();
        client
            .put_manifest(&repository, "1.0", OCI_MANIFEST, &manifest)
            .unwrap();
        assert_eq!(
            registry.connections(),
            1,
            "round {round}, after {} requests",
            client.requests()
        );
    }
    let asked = client.requests();
    side_by_side(&[(); 200], |()| client.head(&repository, "1.0").unwrap());
    assert_eq!(client.requests(), asked + 200);
    assert!(
        registry.connections() <= 8,
        "{} connections",
        registry.connections()
    );
}
