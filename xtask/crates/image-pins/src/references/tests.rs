//! Tests of the pins editor: a corpus of files as people write them with the exact lines that change, and properties.

use std::ops::Range;

use monorelease_model::image::{Digest, Repository};
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::key_path::KeyPath;
use monorelease_text_edits::splice::splice;
use proptest::prelude::*;

use super::*;
use crate::edit::set_pins;
use crate::place::PinChange;
use crate::{PinnedImage, Write};

const CORPUS: &str = include_str!("corpus.txt");

fn digest(letter: char) -> Digest {
    format!("sha256:{}", letter.to_string().repeat(64))
        .parse()
        .unwrap()
}

fn repository() -> Repository {
    "ghcr.io/acme/api".parse().unwrap()
}

fn image(arch: Option<&str>) -> PinnedImage {
    match arch {
        None => PinnedImage {
            tag: Some("0.2.0".into()),
            digest: digest('b'),
        },
        Some(arch) => PinnedImage {
            tag: Some(format!("0.2.0-{arch}")),
            digest: digest('c'),
        },
    }
}

fn whole_digests(text: &str) -> String {
    text.replace("HEXOLD", digest('a').hex())
        .replace("HEXNEW", digest('b').hex())
        .replace("OLD", digest('a').as_str())
        .replace("NEW", digest('b').as_str())
        .replace("AMD", digest('c').as_str())
}

fn set(text: &str, format: Format, query: &PinQuery<'_>) -> Result<String, EditError> {
    let places = find_pins(text, format, query)?;
    let images: Vec<_> = places
        .iter()
        .map(|place| image(place.arch.as_deref()))
        .collect();
    let changes: Vec<_> = places
        .iter()
        .zip(&images)
        .map(|(place, image)| PinChange {
            query: *query,
            place,
            image,
        })
        .collect();
    set_pins(text, format, &changes)
}

struct Case {
    name: String,
    text: String,
    format: Format,
    key: Option<KeyPath>,
    write: Option<Write>,
    expect: String,
}

fn cases() -> Vec<Case> {
    let parts: Vec<&str> = CORPUS
        .split("##### ")
        .filter(|part| !part.is_empty())
        .collect();
    let cases = parts.chunks(2).map(|pair| {
        let [head, expect] = pair else {
            panic!("a case without an end: {pair:?}")
        };
        let (head, text) = head.split_once('\n').unwrap();
        let expect = whole_digests(
            expect
                .strip_prefix("expect\n")
                .unwrap_or_else(|| panic!("{head}: no expectation")),
        );
        let mut words = head.split(" | ");
        let name = words.next().unwrap().to_owned();
        let mut case = Case {
            name,
            text: whole_digests(text),
            format: Format::Yaml,
            key: None,
            write: None,
            expect,
        };
        for word in words {
            match word.split_once('=').unwrap_or((word, "")) {
                ("crlf", _) => case.text = case.text.replace('\n', "\r\n"),
                ("bom", _) => case.text = format!("\u{feff}{}", case.text),
                ("chomp", _) => case.text = case.text.trim_end().to_owned(),
                ("format", format) => case.format = Format::of(&format!("x.{format}")).unwrap(),
                ("key", key) => case.key = Some(KeyPath::parse(key).unwrap()),
                ("write", "tag") => case.write = Some(Write::Tag),
                ("write", "digest") => case.write = Some(Write::Digest),
                ("write", "tag@digest") => case.write = Some(Write::TagAndDigest),
                _ => panic!("{head}: {word}"),
            }
        }
        case
    });
    cases.collect()
}

/// The lines that differ. An edit adds no line and takes none away.
fn changes(before: &str, after: &str) -> String {
    assert_eq!(before.matches('\n').count(), after.matches('\n').count());
    let lines = before
        .split('\n')
        .zip(after.split('\n'))
        .filter(|(before, after)| before != after);
    let bare = |line: &str| {
        line.trim_start_matches('\u{feff}')
            .trim_end_matches('\r')
            .to_owned()
    };
    lines
        .map(|(before, after)| format!("-{}\n+{}\n", bare(before), bare(after)))
        .collect()
}

#[test]
fn law_19_every_style_of_file_changes_in_the_meant_scalars_alone() {
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case.name, fault_of(case)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a case does not do as it should.
fn fault_of(case: &Case) -> Option<String> {
    let repository = repository();
    let query = PinQuery {
        repository: &repository,
        key: case.key.as_ref(),
        write: case.write,
    };
    match (
        set(&case.text, case.format, &query),
        case.expect.strip_prefix("! "),
    ) {
        (Ok(after), None) => {
            let ends = |text: &str| {
                (
                    text.starts_with('\u{feff}'),
                    text.matches("\r\n").count(),
                    text.ends_with('\n'),
                )
            };
            let found = changes(&case.text, &after);
            let sound = found == case.expect && ends(&after) == ends(&case.text);
            let again = set(&after, case.format, &query);
            (!sound || again.as_ref() != Ok(&after))
                .then(|| format!("changed\n{found}and again {again:?}"))
        }
        (Err(error), Some(said)) => {
            (!error.to_string().contains(said.trim_end())).then(|| error.to_string())
        }
        (Ok(after), Some(_)) => Some(format!("changed\n{}", changes(&case.text, &after))),
        (Err(error), None) => Some(error.to_string()),
    }
}

#[test]
fn a_place_is_told_with_its_line_and_what_it_says() {
    let text = whole_digests(
        "# c\nspec:\n  - image: ghcr.io/acme/api:0.1.0@OLD\n    values: x\nhelm:\n  values: |\n    image: ghcr.io/acme/api:0.3.0\n",
    );
    let repository = repository();
    let found = find_pins(
        &text,
        Format::Yaml,
        &PinQuery {
            repository: &repository,
            key: None,
            write: None,
        },
    )
    .unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|place| (place.line, place.key.as_str(), place.says()))
        .collect();
    assert_eq!(
        told,
        [
            (3, "spec[0].image", format!("0.1.0@{}", digest('a'))),
            (7, "helm.values › image", "0.3.0".to_owned())
        ]
    );
    assert_eq!(found[0].pinned(), Some(digest('a')));
    assert_eq!(found[1].pinned(), None);
}

/// Files of other words with references in between, in shapes that a generator may choose from.
fn document() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[a-z]{1,6}: [a-zäß0-9]{0,8}",
        Just("# ghcr.io/acme/api:0.1.0 in a comment".to_owned()),
        Just(String::new()),
        "k[0-9]{1,3}: \\{image: ghcr.io/acme/api:0\\.1\\.[0-9]\\}  # [a-z]{0,5}",
        "k[0-9]{1,3}:\n  image: \"ghcr.io/acme/api:0\\.1\\.[0-9]\"",
        "k[0-9]{1,3}:\n- 'ghcr.io/acme/api:0\\.[0-9]\\.0'\n- image: nginx:1",
        "k[0-9]{1,3}:\n  repository: ghcr.io/acme/api\n  tag: 0\\.[0-9]\\.0\n  digest: ''",
        "k[0-9]{1,3}: \\{values: x, note: 'two words'\\}",
    ];
    (
        proptest::collection::vec(line, 1..14),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(lines, crlf, bom)| {
            let text = format!(
                "{}{}\nlast:\n  image: ghcr.io/acme/api:0.1.0\n",
                if bom { "\u{feff}" } else { "" },
                lines.join("\n")
            );
            if crlf {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn law_19_any_other_byte_is_untouched_and_there_and_back_is_the_same(text in document()) {
        let repository = repository();
        let query = PinQuery { repository: &repository, key: None, write: None };
        let Ok(places) = find_pins(&text, Format::Yaml, &query) else { return Ok(()) };
        let new = image(None);
        let changes: Vec<_> = places.iter().map(|place| PinChange { query, place, image: &new }).collect();
        let after = set_pins(&text, Format::Yaml, &changes).unwrap();
        // What stands between the places is the same, in the same order.
        let spans = |places: &[PinPlace]| {
            let mut spans: Vec<_> = places.iter().flat_map(|place| place.slots.iter().map(|slot| slot.span.clone())).collect();
            spans.sort_by_key(|span| span.start);
            spans
        };
        let between = |text: &str, spans: &[Range<usize>]| {
            let starts = [0].into_iter().chain(spans.iter().map(|span| span.end));
            let ends = spans.iter().map(|span| span.start).chain([text.len()]);
            starts.zip(ends).map(|(start, end)| text[start..end].to_owned()).collect::<Vec<_>>()
        };
        let again = find_pins(&after, Format::Yaml, &query).unwrap();
        prop_assert_eq!(between(&text, &spans(&places)), between(&after, &spans(&again)));
        prop_assert!(again.iter().all(|place| place.tag.as_deref() == Some("0.2.0")));
        // Back: what was written before stands in each span again.
        let back: Vec<_> = spans(&again).into_iter().zip(spans(&places)).map(|(new, old)| (new, text[old].to_owned())).collect();
        prop_assert_eq!(splice(&after, back).unwrap(), text);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s)[ \\n\\t:|>&*!'\"{}\\[\\],#@a-c/.\\-ä]{0,80}", kind in 0..3usize, keyed in any::<bool>()) {
        let format = [Format::Yaml, Format::Json, Format::Toml][kind];
        let repository = "a/b".parse().unwrap();
        let key = KeyPath::parse("a").unwrap();
        let query = PinQuery { repository: &repository, key: keyed.then_some(&key), write: None };
        if let Ok(after) = set(&text, format, &query) {
            prop_assert!(find_pins(&after, format, &query).is_ok(), "{:?} became {:?}", text, after);
        }
    }

    #[test]
    fn no_values_block_makes_it_panic(inner in "(?s)[ \\n\\r:|>'\"{}\\-a]{0,30}", tail in "(?s)[ \\n:a]{0,10}") {
        let block = inner.replace('\n', "\n    ");
        let text = format!("helm:\n  values: |\n    {block}\n    image: ghcr.io/acme/api:0.1.0\n{tail}");
        let repository = repository();
        if let Ok(after) = set(&text, Format::Yaml, &PinQuery { repository: &repository, key: None, write: None }) {
            prop_assert_eq!(after.len() - text.len(), "@".len() + digest('b').as_str().len());
        }
    }
}
