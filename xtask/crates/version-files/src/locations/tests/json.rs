//! JSON sites: package.json, and keys by path.

use super::{refusal, sites};
use crate::locations::{Locator, locate};

#[test]
fn package_version_is_found_however_it_is_written() {
    for text in [
        "{\"version\":\"1.2.0\"}",
        "\u{feff}{\r\n\t\"name\": \"x\",\r\n\t\"version\" :\t\"1.2.0\"\r\n}\r\n",
        "{\"a\":{\"version\":\"1.2.0\"},\"b\":[\"version\",\"1.2.0\"],\"version\":\"1.2.0\",\"c\":{}}",
        "{\"x\":\"\\\"version\\\":\\\"0\\\\\",\"version\":\"1.2.0\"}",
        "{\"e\":[],\"o\":{},\"n\":-1.5e3,\"t\":true,\"z\":null,\"ü→\":\"ü\",\"version\":\"1.2.0\"}",
        "{\"ver\\u0073ion\":\"1.2.0\"}",
        "{\"e\":[[],[{}],[ ]],\"version\":\"1.2.0\"}",
    ] {
        assert_eq!(
            sites(Locator::PackageJson, text),
            ["version = 1.2.0"],
            "{text}"
        );
    }
}

#[test]
fn any_key_of_a_json_text_can_be_the_site() {
    let text = "{\"info\": {\"list\": [1, {\"version\": \"1.2.0rc1\"}], \"n\": 1}}";
    let found = sites(Locator::JsonKey("info.list.1.version"), text);
    assert_eq!(found, ["info.list.1.version = 1.2.0rc1"]);
    for (key, said) in [
        ("info.list.2.version", "info.list.2.version is missing"),
        ("info.list.x", "is missing"),
        ("info", "info is an object (line 1)"),
        ("info.list", "info.list is an array"),
        (
            "info.n",
            "info.n is 1 (line 1), wanted the version as a string",
        ),
        ("info..n", "a part of it is empty"),
    ] {
        let error = refusal(Locator::JsonKey(key), text);
        assert!(error.contains(said), "{key}: {error}");
    }
}

#[test]
fn a_v_before_the_version_stays_but_npm_refuses_it() {
    assert_eq!(
        sites(
            Locator::JsonKey("info.version"),
            "{\"info\": {\"version\": \"v1.2.0\"}}"
        ),
        ["info.version = 1.2.0"]
    );
    let located = locate(&Locator::PackageJson, "{\"version\": \"v1.2.0\"}").unwrap();
    assert!(located[0].spelling.read(&located[0].text).is_err());
}

#[test]
fn json_faults_are_named() {
    for (text, said) in [
        ("{}", "version is missing"),
        ("[]", "version is missing"),
        ("\"version\"", "version is missing"),
        (
            "{\"version\":\"1\",\n\"version\":\"2\"}",
            "version is written 2 times, at lines 1, 2",
        ),
        ("{\"version\":\"1.2.\\u0030\"}", "written with escapes"),
        ("{\"version\":null}", "version is null"),
        ("{\"version\":\"1\",}", "the text is not JSON"),
        ("", "the text is not JSON"),
        ("{\"version\":\n1", "line 2"),
    ] {
        let error = refusal(Locator::PackageJson, text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(locate(&Locator::PackageJson, &deep).is_err());
}
