//! YAML sites: how a string can be written, what cannot be edited, and documents as they come.

use monorelease_model::version::Spelling;
use monorelease_text_edits::key_path::{KeyPath, Part};
use monorelease_text_edits::yaml::string_span;
use monorelease_text_edits::yaml::{Value, parse};
use proptest::prelude::*;
use saphyr_parser::ScalarStyle;

use crate::charts;
use crate::locations::tests::{refusal, sites};
use crate::locations::{Locator, locate};

fn version(text: &str) -> Vec<String> {
    sites(Locator::YamlKey("version"), text)
}

#[test]
fn a_string_is_found_however_it_is_written() {
    for text in [
        "version: 1.2.0",
        "version: 1.2.0\n",
        "version: 1.2.0 # was 1.1.0\n",
        "version:    \"1.2.0\"\t# was 1.1.0\n",
        "version: '1.2.0'\r\nname: x\r\n",
        "\u{feff}version: 1.2.0\r\n",
        "\u{feff}# → ü\r\nname: \"→ ü 💡\" # é\r\nversion: '1.2.0' # é\r\n",
        "\"version\": 1.2.0\n'other': 1\n",
        "version:\n  1.2.0\n",
        "version: # the version\n  # is\n  1.2.0\n",
        "version: &v 1.2.0\nother: *v\n",
        "version: &v\n  \"1.2.0\"\n",
        "version: !!str 1.2.0\n",
        "version: !!str &v '1.2.0'\n",
        "version: &v !<tag:yaml.org,2002:str> # x\n  1.2.0\n",
        "version: ! 1.2.0\n",
        "? version\n: 1.2.0\n",
        "version : 1.2.0\n",
        "{version: 1.2.0}\n",
        "{ \"version\":\"1.2.0\" , name: x}",
        "{name: [version, 1.1.0], version: 1.2.0,}\n",
        "dependencies:\n- name: x\n  version: 0.0.1\nversion: 1.2.0\n",
        "description: |\n  version: 0.0.1\n\nversion: 1.2.0\n",
        "description: >-\n  version: 0.0.1\nversion: 1.2.0\n...\n",
        "description: 'say\n  version: 0.0.1'\nversion: 1.2.0\n",
        "# version: 0.0.1\n---\n# x\nversion: 1.2.0\n",
        "%YAML 1.1\n---\nversion: 1.2.0\n",
        "--- # first\nname: x\n---\nversion: 1.2.0\n--- \n",
        "base: &b {version: 0.0.1}\nversion: 1.2.0\n<<: *b\n",
        "x: {a: 1, version: 0.0.1}\n? [a, b]\n: {version: 0.0.1}\nversion: 1.2.0\n",
    ] {
        assert_eq!(version(text), ["version = 1.2.0"], "{text}");
    }
}

#[test]
fn a_path_leads_through_mappings_and_sequences() {
    let text = "images:\n- name: writing\n  newTag: 0.0.1\n- {name: 'reading', newTag: \"1.2.0\"}\n- newTag: 0.0.2\n\
                metadata:\n  labels:\n    app.kubernetes.io/version: 1.2.0rc1\n    9: 1.0.0\nmatrix: [[1.1.0, 1.2.0], []]\n";
    for (path, found) in [
        ("images[name=reading].newTag", "1.2.0"),
        ("images[1].newTag", "1.2.0"),
        ("images.1.newTag", "1.2.0"),
        ("metadata.labels.\"app.kubernetes.io/version\"", "1.2.0rc1"),
        ("metadata.labels.9", "1.0.0"),
        ("matrix[0][1]", "1.2.0"),
    ] {
        assert_eq!(
            sites(Locator::YamlKey(path), text),
            [format!("{path} = {found}")]
        );
    }
    assert_eq!(
        sites(
            Locator::YamlKey("[name=a].v"),
            "- name: b\n- name: a\n  v: 1.2.0\n"
        ),
        ["[name=a].v = 1.2.0"]
    );
    for (path, said) in [
        (
            "images[name=x].newTag",
            "images[name=x].newTag is missing: no entry of the sequence at line 2 has name: x",
        ),
        ("images[3].newTag", "images[3].newTag is missing"),
        ("images.name", "is missing"),
        ("matrix[name=x]", "no entry of the sequence"),
        ("metadata[0]", "metadata[0] is missing"),
        ("metadata[name=x]", "is missing"),
        ("metadata.labels.app", "is missing"),
        (
            "metadata.labels",
            "metadata.labels is a mapping (line 8), wanted the version as a string",
        ),
        ("images", "images is a sequence (line 2)"),
        ("images[", "`images[` is not a path of YAML keys"),
        ("", "`` is not a path of YAML keys: a part of it is empty"),
    ] {
        let error = refusal(Locator::YamlKey(path), text);
        assert!(error.contains(said), "{path}: {error}");
    }
}

#[test]
fn what_is_no_plain_string_is_refused_with_its_line() {
    for (text, said) in [
        (
            "name: x\nversion: 1.16\n",
            "version is the number 1.16 (line 2), wanted the version as a string",
        ),
        ("version: 1\n", "version is the number 1"),
        ("version: -1.5e+3\n", "the number -1.5e+3"),
        ("version:\nname: x\n", "version is empty (line 1)"),
        ("a: 1\n\nversion: # later\n", "version is empty (line 3)"),
        ("{a: 1,\n version}\n", "version is empty (line 2)"),
        ("version: &v\n", "version is empty (line 1)"),
        ("version: ~\n", "version is null"),
        ("version: null\n", "version is null"),
        ("version: true\n", "version is the boolean true"),
        (
            "version: !!float 1.2\n",
            "a value with the tag tag:yaml.org,2002:float",
        ),
        ("version: !Ref x\n", "a value with the tag !Ref"),
        ("version: [1.2.0]\n", "version is a sequence"),
        ("version: {a: 1.2.0}\n", "version is a mapping"),
        (
            "name: x\nversion: |\n  1.2.0\n",
            "written as a block of lines, wanted it beside its key (line 2)",
        ),
        (
            "name: x\nversion: >- # |\n\n  1.2.0\n",
            "written as a block of lines, wanted it beside its key (line 2)",
        ),
        (
            "version: \"1.2.\\x30\"\n",
            "written with escapes or line breaks (line 1)",
        ),
        ("version: \"1.2.\\\n  0\"\n", "escapes or line breaks"),
        ("version: '1.2''0'\n", "escapes or line breaks"),
        ("version: 1.2.0\n  beta\n", "escapes or line breaks"),
    ] {
        let error = refusal(Locator::YamlKey("version"), text);
        assert!(error.contains(said), "{text:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert_eq!(
        sites(Locator::YamlKey("version"), "version: '1.16'\n"),
        ["version = 1.16"]
    );
    assert_eq!(
        sites(Locator::YamlKey("version"), "version: !!str 1.16\n"),
        ["version = 1.16"]
    );
}

#[test]
fn a_value_that_stands_elsewhere_names_the_place() {
    for (path, text, said) in [
        (
            "version",
            "defaults:\n  release: &v 1.2.0\nversion: *v # x\n",
            "version does not stand here: line 3 says `*v`; name defaults.release (line 2) as the version site",
        ),
        (
            "image.tag",
            "x.y: &img\n  tag: 1.2.0\nimage: *img\n",
            "image.tag does not stand here: line 3 says `*img`; name \"x.y\".tag (line 2) as the version site",
        ),
        (
            "version",
            "list: [1, &v 1.2.0]\nversion: *v\n",
            "name list[1] (line 1)",
        ),
        (
            "b.version",
            "a: &a\n  version: 1.2.0\nb:\n  <<: *a\n",
            "the mapping at line 4 merges another (`<<`); name the key where it is",
        ),
    ] {
        let error = refusal(Locator::YamlKey(path), text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
    // Who has no documents at hand says the line.
    let text = "a: &v 1.2.0\nb: *v\n";
    let documents = parse(text, "b").unwrap();
    let error = string_span(text, documents[0].members("b")[0], "b")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("name what stands at line 1 as the version site"),
        "{error}"
    );
}

#[test]
fn a_key_that_stands_more_than_once_is_refused_with_its_lines() {
    for (path, text, said) in [
        (
            "version",
            "version: 1.2.0\nname: x\nversion: 1.2.0\n",
            "version is written 2 times, at lines 1, 3",
        ),
        (
            "version",
            "version: 1.2.0\n\"version\": 1.2.0\n",
            "at lines 1, 2",
        ),
        (
            "a.version",
            "a: {x: 1}\na: {version: 1.2.0}\n",
            "a.version is written 2 times, at lines 1, 2",
        ),
        (
            "version",
            "version: 1.2.0\n---\nname: x\n---\nversion: 1.2.0\n",
            "at lines 1, 5",
        ),
        (
            "[n=a].v",
            "- n: a\n  v: 1.2.0\n- n: a\n",
            "[n=a].v is written 2 times, at lines 1, 3",
        ),
    ] {
        let error = refusal(Locator::YamlKey(path), text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
    for (text, said) in [
        (
            "",
            "version is missing: the text has no YAML document in it",
        ),
        ("\u{feff}", "no YAML document"),
        ("# version: 1.2.0\n", "no YAML document"),
        ("---\n", "version is missing"),
        ("1.2.0\n", "version is missing"),
        ("- version: 1.2.0\n", "version is missing"),
        ("Version: 1.2.0\n---\nx: 1\n", "version is missing"),
    ] {
        let error = refusal(Locator::YamlKey("version"), text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn what_is_no_yaml_is_refused_with_its_line() {
    for (text, said) in [
        (
            "name: x\na:\n\tversion: 1.2.0\n",
            "version cannot be read: the text is not YAML, tabs disallowed",
        ),
        ("name: x\na:\n\tversion: 1.2.0\n", "(line 3)"),
        ("a: 1\nversion: \"1.2.0\n", "(line 2)"),
        ("a: b: c\n", "(line 1)"),
        ("version: @x\n", "the text is not YAML"),
        ("version: *v\n", "unknown anchor"),
        ("a: 1\n}\n", "the text is not YAML"),
        ("version: 1.2.0\0\n", "the text is not YAML"),
        (
            "{{- if .Values.x }}\nversion: 1.2.0\n{{- end }}\n",
            "a template is read by a pattern, not by a key",
        ),
    ] {
        let error = refusal(Locator::YamlKey("version"), text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn a_chart_spells_semver_and_another_file_what_it_has() {
    let spelling = |path, text| locate(&Locator::YamlKey(path), text).unwrap()[0].spelling;
    let chart = "apiVersion: v2\nname: x\nversion: 1.2.0rc1\nappVersion: 1.2.0rc1\n";
    assert_eq!(spelling("version", chart), Spelling::SemVer);
    assert_eq!(spelling("appVersion", chart), Spelling::Pep440);
    assert_eq!(spelling("version", "version: 1.2.0rc1\n"), Spelling::Pep440);
    let resource = "apiVersion: example.org/v1\nmetadata: {name: x}\nversion: 1.2.0rc1\n";
    assert_eq!(spelling("version", resource), Spelling::Pep440);
    assert_eq!(
        spelling("version", "version: 1.2.0-rc.1\n"),
        Spelling::SemVer
    );
}

#[test]
fn a_v_before_the_version_stays() {
    for (text, found) in [
        ("version: \"v1.2.3\"\n", "version = 1.2.3"),
        ("version: v1.2.3 # v1\n", "version = 1.2.3"),
        (
            "apiVersion: v2\nversion: v1.2.3-rc.1\n",
            "version = 1.2.3-rc.1",
        ),
        ("version: v1.16\n", "version = 1.16"),
    ] {
        assert_eq!(version(text), [found], "{text}");
    }
}

#[test]
fn hostile_nesting_ends_in_an_error() {
    for bomb in ["[", "{a: ", "- ", "? ", "- {a: [", "- - ? "] {
        let error = refusal(Locator::YamlKey("version"), &bomb.repeat(100_000));
        assert!(error.contains("cannot be read"), "{error}");
    }
    let deep: String = (0..5_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert!(
        refusal(Locator::YamlKey("version"), &deep)
            .contains("values nest deeper than 128 (line 129)")
    );
    let allowed: String = (0..127)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let path = format!("{}version", "a.".repeat(127));
    let text = format!("{allowed}{}version: 1.2.0\n", " ".repeat(127));
    assert_eq!(
        sites(Locator::YamlKey(&path), &text),
        [format!("{path} = 1.2.0")]
    );
    // Each line is nine of the line before: to follow them would be to write a thousand million values.
    let mut bomb = "a0: &a0 x\n".to_owned();
    for n in 1..10 {
        bomb += &format!(
            "a{n}: &a{n} [{}]\n",
            vec![format!("*a{}", n - 1); 9].join(", ")
        );
    }
    assert_eq!(
        version(&format!("{bomb}version: 1.2.0\n")),
        ["version = 1.2.0"]
    );
}

#[test]
fn places_are_bytes_of_the_values_alone() {
    let text =
        "é: &a {x: 'ü' , y: [ ] }  # c\nlist: !!seq\n- \"→\" \n- k: v\n  l: |\n    text\nend:\n";
    let documents = parse(text, "x").unwrap();
    let Value::Mapping(members) = &documents[0].value else {
        panic!("no mapping")
    };
    let written: Vec<_> = members
        .iter()
        .map(|(key, node)| (key.as_ref(), &text[node.span.clone()]))
        .collect();
    assert_eq!(
        written,
        [
            ("é", "{x: 'ü' , y: [ ] }"),
            ("list", "- \"→\" \n- k: v\n  l: |\n    text\n"),
            ("end", "")
        ]
    );
    let items = members[1].1.items();
    assert_eq!(&text[items[0].span.clone()], "\"→\"");
    assert!(matches!(
        items[1].members("l")[0].value,
        Value::Scalar {
            style: ScalarStyle::Literal,
            ..
        }
    ));
    assert!(
        text[..members[2].1.span.start].ends_with("\nend"),
        "nothing stands behind its key's name"
    );
}

#[test]
fn a_long_text_is_read_in_one_pass() {
    // Places that were counted from the start of the text would take minutes here.
    let many = "- {name: \"é → 💡\", n: 1}\n".repeat(20_000);
    let text = format!("list:\n{many}version: 1.2.0 # é\n");
    let located = locate(&Locator::YamlKey("version"), &text).unwrap();
    assert_eq!(
        located[0].span,
        text.len() - "1.2.0 # é\n".len()..text.len() - " # é\n".len()
    );
    assert_eq!(
        locate(&Locator::YamlKey("list[19999].n"), &text)
            .unwrap_err()
            .to_string()
            .split(" (")
            .next(),
        Some("list[19999].n is the number 1")
    );
}

/// One collection around the version, and what else is in it.
#[derive(Debug, Clone)]
struct Level {
    mapping: bool,
    flow: bool,
    /// A sequence in a block may begin its entry behind the dash or in the next line.
    compact: bool,
    name: String,
    before: Vec<String>,
    after: Vec<String>,
    /// Of a line's end in a block; in a flow, what stands behind a comma.
    comment: String,
}

/// Scalars and small collections that look like more than they are.
const SIBLINGS: [&str; 14] = [
    "plain words",
    "\"→ {é} # no\"",
    "'it''s: [x]'",
    "1.16",
    "~",
    "[]",
    "{ }",
    "\"\\\"version\\\": 1.2.0\"",
    "!!str 7",
    "'version: 1.2.0'",
    "&anchor v1.2.0",
    "[a, {b: c}]",
    "1.2.0",
    "https://example.org/#x:1",
];

/// Pieces that make YAML in many orders, and none in others.
const SCRAPS: [&str; 24] = [
    "version: 1.2.0\n",
    "version: \"v1.2.0\" # é\r\n",
    "version : &v  '1.2.0'\n",
    "version:\n    1.2.0\n",
    "version: !!str 1.2 # x\n",
    "version: 1.2.0\n ",
    "version: *v\n",
    "- version: 1.2.0\n",
    "{version: 1.2.0, b: 'x'}\n",
    "[1.2.0, x]\n",
    "- 1.2.0\n",
    "? version\n: v1.2.0\n",
    "version: {version: 1.2.0}\n",
    "version:\n  version: 1.2.0rc1\n",
    "version: [\"1.2.0\",\n",
    " ]\n",
    "a: &v 'é'\n",
    "b: |\n  version: 0.0.1\n",
    "# version: é {\n",
    "--- # x\n",
    "...\n",
    "<<: *v\n",
    "  ",
    "\t",
];

fn level() -> impl Strategy<Value = Level> {
    let siblings = || {
        proptest::collection::vec(
            proptest::sample::select(&SIBLINGS[..]).prop_map(str::to_owned),
            0..3,
        )
    };
    let name = "(version|newTag|a b|é|app\\.io/v|9|x-y)";
    (
        any::<[bool; 3]>(),
        name,
        siblings(),
        siblings(),
        "[a-zé→ \"'{}:,\\[]{0,8}",
    )
        .prop_map(|(flags, name, before, after, comment)| {
            let [mapping, flow, compact] = flags;
            Level {
                mapping,
                flow,
                compact,
                name,
                before,
                after,
                comment,
            }
        })
}

impl Level {
    fn part(&self) -> Part {
        if self.mapping {
            Part::Key(self.name.clone())
        } else {
            Part::Index(self.before.len())
        }
    }

    /// Every entry as its key and value; the version's own has no value yet.
    fn entries(&self) -> Vec<(String, Option<&str>)> {
        let before = self.before.iter().map(|value| Some(value.as_str()));
        let after = self.after.iter().map(|value| Some(value.as_str()));
        let values = before.chain([None]).chain(after);
        let key = |n, value: Option<&str>| {
            value.map_or_else(|| format!("\"{}\"", self.name), |_| format!("key {n}"))
        };
        values
            .enumerate()
            .map(|(n, value)| (key(n, value), value))
            .collect()
    }
}

/// The levels from the outermost on, around `leaf`; every line begins with `indent` blanks.
fn rendered(levels: &[Level], leaf: &str, indent: usize) -> String {
    let [level, inner @ ..] = levels else {
        return format!("{}{leaf}\n", " ".repeat(indent));
    };
    if level.flow {
        return format!(
            "{}{}\n",
            " ".repeat(indent),
            in_brackets(levels, leaf, indent)
        );
    }
    let pad = " ".repeat(indent);
    let nested = inner.first().is_some_and(|inner| !inner.flow);
    let mut text = String::new();
    for (key, value) in level.entries() {
        let opening = if level.mapping {
            format!("{pad}{key}:")
        } else {
            format!("{pad}-")
        };
        let comment = &level.comment;
        text += &match value {
            Some(value) => format!("{opening} {value} #{comment}\n"),
            None if nested && !level.mapping && level.compact => {
                format!(
                    "{opening} {}",
                    rendered(inner, leaf, indent + 2).trim_start_matches(' ')
                )
            }
            None if nested => format!(
                "{opening} # {comment}\n{}",
                rendered(inner, leaf, indent + 2)
            ),
            None => format!(
                "{opening} {} #{comment}\n",
                rendered(inner, leaf, indent + 2).trim()
            ),
        };
    }
    text
}

/// Within brackets there are only brackets.
fn in_brackets(levels: &[Level], leaf: &str, indent: usize) -> String {
    let [level, inner @ ..] = levels else {
        return leaf.to_owned();
    };
    let comma = if level.compact {
        format!(", #{}\n{}", level.comment, " ".repeat(indent + 1))
    } else {
        ",".to_owned()
    };
    let value =
        |value: Option<&str>| value.map_or_else(|| in_brackets(inner, leaf, indent), str::to_owned);
    let entries = level
        .entries()
        .into_iter()
        .map(|(key, found)| match level.mapping {
            true => format!("{key}: {}", value(found)),
            false => value(found),
        });
    let entries = entries.collect::<Vec<_>>().join(&comma);
    if level.mapping {
        format!("{{ {entries} }}")
    } else {
        format!("[{entries} ]")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn documents_keep_every_other_byte(
        levels in proptest::collection::vec(level(), 1..6),
        version in (0u32..40, 0u32..40, 0u32..40, "(|-rc\\.1|-alpha\\.0\\+x)").prop_map(|(a, b, c, rest)| format!("{a}.{b}.{c}{rest}")),
        dress in ("(|'|\")", "(|v)", "(|!!str |&v |!!str &v )", any::<[bool; 4]>()),
    ) {
        let (quote, prefix, properties, [crlf, byte_order_mark, no_final_newline, documents]) = dress;
        let mut text = rendered(&levels, &format!("{properties}{quote}{prefix}{version}{quote}"), 0);
        if documents {
            text = format!("# é\n---\nother: [1]\n--- # x\n{text}");
        }
        if no_final_newline {
            text.pop();
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if byte_order_mark {
            text.insert(0, '\u{feff}');
        }
        let path = KeyPath::of(levels.iter().map(Level::part).collect()).unwrap().to_string();
        prop_assert_eq!(sites(Locator::YamlKey(&path), &text), [format!("{path} = {version}")]);
    }

    #[test]
    fn whatever_is_located_can_be_edited(
        scraps in proptest::collection::vec(proptest::sample::select(&SCRAPS[..]), 1..7),
        noise in "[\\-:?\\[\\]{},&*!|>'\"%#\\\\ \r\n\té\u{feff}]{0,3}",
        at in any::<proptest::sample::Index>(),
    ) {
        let mut scraps = scraps;
        scraps.insert(at.index(scraps.len()), &noise);
        let text = scraps.concat();
        for path in ["version", "[0]", "[0].version", "version.version"] {
            let locator = Locator::YamlKey(path);
            for place in locate(&locator, &text).unwrap_or_default() {
                prop_assert_eq!(&place.text, &text[place.span.clone()]);
                if place.spelling.read(&place.text).is_ok() {
                    sites(locator, &text);
                }
            }
        }
        for dependency in charts::chart_requirements(&text.replace("version", "dependencies")).unwrap_or_default() {
            prop_assert!(!dependency.name.is_empty());
        }
    }
}
