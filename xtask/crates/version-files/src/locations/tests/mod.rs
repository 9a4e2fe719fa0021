//! The laws of every editor: an edit changes the version's characters and no other byte, reads back as the new version,
//! and undone gives the same bytes. Each editor's own tables stand beside it.

mod json;
mod python;
mod toml;

use std::ops::Range;

use monorelease_model::version::Version;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::splice;
use proptest::prelude::*;

use super::Locator;
use super::locate;
use crate::locations::located::Located;
use crate::locks::lock_file::LockKind;
use crate::locks::read_lock;
use crate::requirements::requirement::RequirementKind;
use crate::requirements::requirements;

/// Locates, and holds what is located against the law: edit, locate again, edit back. Gives the places as
/// `key = text`.
pub(crate) fn sites(locator: Locator, text: &str) -> Vec<String> {
    let located = locate(&locator, text).unwrap_or_else(|error| panic!("{error}\nin {text:?}"));
    assert!(!located.is_empty());
    holds(text, &located, |edited| locate(&locator, edited));
    shown(&located)
}

/// As [`sites`], for the entries of a lock file's local package; there may be none.
pub(crate) fn entries(kind: LockKind, text: &str, package: &str) -> Vec<String> {
    let own = |text: &str| {
        let packages = read_lock(kind, text)?
            .packages
            .into_iter()
            .filter(|one| one.name == package);
        Ok::<_, EditError>(packages.flat_map(|one| one.versions).collect::<Vec<_>>())
    };
    let located = own(text).unwrap_or_else(|error| panic!("{error}\nin {text:?}"));
    holds(text, &located, own);
    shown(&located)
}

/// The error of a locator, as a sentence.
pub(crate) fn refusal(locator: Locator, text: &str) -> String {
    match locate(&locator, text) {
        Ok(located) => panic!("located {located:?} in {text:?}"),
        Err(error) => error.to_string(),
    }
}

/// The edit that makes a place say `version`.
pub(crate) fn edit(place: &Located, version: &Version) -> (Range<usize>, String) {
    (place.span.clone(), place.spelling.spell(version).unwrap())
}

fn shown(located: &[Located]) -> Vec<String> {
    let lines = located.iter().map(|l| format!("{} = {}", l.key, l.text));
    lines.collect()
}

fn holds(text: &str, located: &[Located], again: impl Fn(&str) -> Result<Vec<Located>, EditError>) {
    let target = Version::parse_semver("10.20.30-rc.40").unwrap();
    let edits = located.iter().map(|l| edit(l, &target)).collect();
    let edited = splice(text, edits).unwrap();
    // The same cuts, made by hand: what lies between the spans is the same on both sides.
    let mut in_order = located.to_vec();
    in_order.sort_by_key(|l| l.span.start);
    let mut expected = String::new();
    let mut done = 0;
    for place in &in_order {
        assert_eq!(place.text, text[place.span.clone()]);
        expected += &text[done..place.span.start];
        expected += &place.spelling.spell(&target).unwrap();
        done = place.span.end;
    }
    expected += &text[done..];
    assert_eq!(edited, expected);

    let relocated = again(&edited).unwrap_or_else(|error| panic!("{error}\nin {edited:?}"));
    assert_eq!(relocated.len(), located.len());
    for (before, after) in located.iter().zip(&relocated) {
        assert_eq!(after.spelling.read(&after.text).unwrap(), target);
        assert_eq!(after.key, before.key);
    }
    let back = relocated.iter().zip(located);
    let back = back.map(|(after, before)| (after.span.clone(), before.text.clone()));
    assert_eq!(splice(&edited, back.collect()).unwrap(), text);
}

#[test]
fn splice_takes_edits_in_any_order_and_once() {
    let edit = |span, text: &str| (span, text.to_owned());
    let edited = splice(
        "abcdef",
        vec![edit(4..5, "E"), edit(0..1, "AA"), edit(4..5, "E")],
    );
    assert_eq!(edited.unwrap(), "AAbcdEf");
    assert_eq!(
        splice("ab", vec![edit(0..1, "x"), edit(1..2, "y")]).unwrap(),
        "xy"
    );
    assert_eq!(splice("ab", Vec::new()).unwrap(), "ab");
    assert_eq!(splice("", vec![edit(0..0, "1.0.0")]).unwrap(), "1.0.0");
}

#[test]
fn splice_refuses_what_cannot_be_meant() {
    let edit = |span, text: &str| (span, text.to_owned());
    for edits in [
        vec![edit(0..2, "x"), edit(1..3, "y")],
        vec![edit(0..1, "x"), edit(0..1, "y")],
        vec![edit(1..1, "x"), edit(1..1, "y")],
        vec![edit(0..99, "x")],
        vec![edit(98..99, "x")],
        vec![edit(5..6, "x")], // inside a character
    ] {
        let error = splice("a\nbcdé", edits.clone()).expect_err(&format!("{edits:?}"));
        assert!(error.to_string().contains("same characters"), "{error}");
    }
}

/// How a generated file is dressed: its line ends, what stands at its start and end, and the comments in it.
#[derive(Debug, Clone)]
struct Dress {
    crlf: bool,
    byte_order_mark: bool,
    no_final_newline: bool,
    comment: String,
}

impl Dress {
    /// `%%` in the plain text is where a comment's words go.
    fn put_on(&self, plain: &str) -> String {
        let mut text = plain.replace("%%", &self.comment);
        if self.no_final_newline {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if self.crlf {
            text = text.replace('\n', "\r\n");
        }
        if self.byte_order_mark {
            text.insert(0, '\u{feff}');
        }
        text
    }
}

fn dress() -> impl Strategy<Value = Dress> {
    let comment = "[a-zäß→ \"'{}=]{0,12}";
    (any::<[bool; 3]>(), comment).prop_map(|(flags, comment)| {
        let [crlf, byte_order_mark, no_final_newline] = flags;
        Dress {
            crlf,
            byte_order_mark,
            no_final_newline,
            comment,
        }
    })
}

fn release() -> impl Strategy<Value = String> {
    (0u32..40, 0u32..40, 0u32..40).prop_map(|(a, b, c)| format!("{a}.{b}.{c}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn manifests_keep_every_other_byte(
        version in release(), dress in dress(), quote in "[\"']", form in 0..4usize, blanks in "[ \t]{0,3}",
    ) {
        let own = format!("version{blanks}={blanks}{quote}{version}{quote}{blanks}");
        let others = format!(
            "[dependencies] # %%\nthesame = \"{version}\"\nother = {{ version = \"{version}\" }} # {version}\n"
        );
        for (table, locator) in [("package", Locator::CargoManifest), ("project", Locator::Pyproject)] {
            let text = dress.put_on(&match form {
                0 => format!("# %%\n[{table}]\nname = '{version}'\n{own}# %% {version}\n{others}"),
                1 => format!("{table}.name = \"→\" # %%\n{table}.{own}\n{others}"),
                2 => format!("# {version} %%\n{table} = {{ name = 'x', {own}}}\n{others}"),
                _ => format!("{others}[{table}] # %%\n{own}\nname = 'x'"),
            });
            prop_assert_eq!(sites(locator, &text), [format!("{table}.version = {version}")]);
            let key = format!("{table}.version");
            prop_assert_eq!(sites(Locator::TomlKey(&key), &text), [format!("{key} = {version}")]);
        }
    }

    #[test]
    fn modules_keep_every_other_byte(
        version in release(), dress in dress(), quote in "(\"|'|\"\"\"|''')", hint in "(|: str|: Final\\[str\\])", blanks in " {0,3}",
    ) {
        let text = dress.put_on(&format!(
            "# %%\nr'''__version__ = \"{version}\"\n'''\nif x:\n    y = f\"{{x['%']:>{{n}}}}\"\n\
             __version__{hint}{blanks}={blanks}{quote}{version}{quote}{blanks}# {version} %%\n\
             def f(__version__='{version}'):\n\treturn __version__ == \"{version}\"\n"
        ));
        prop_assert_eq!(sites(Locator::PYTHON, &text), [format!("__version__ = {version}")]);
    }

    #[test]
    fn plain_texts_keep_every_other_byte(version in release(), dress in dress(), blanks in "[ \t\n]{0,3}") {
        let text = dress.put_on(&format!("{blanks}{version}{blanks}"));
        prop_assert_eq!(sites(Locator::WholeText, &text), [format!("the version = {version}")]);
        let text = dress.put_on(&format!("# %%\nrelease = {version}.\nprerelease = {version}\n"));
        let pattern = "release = {version}";
        prop_assert_eq!(sites(Locator::Pattern(pattern), &text), [format!("{pattern} = {version}")]);
    }

    #[test]
    fn json_keeps_every_other_byte(version in release(), dress in dress(), inner in "[a-z→ .{}\\[\\],:]{0,12}") {
        let text = dress.put_on(&format!(
            "{{\n  \"name\": \"{inner}\\\"\\\\\", \"n\": [1, {{\"version\": \"{version}\"}}, []],\n  \
             \"version\" : \"{version}\",\n  \"dependencies\": {{ \"x\": \"{version}\" }}\n}}\n"
        ));
        prop_assert_eq!(sites(Locator::PackageJson, &text), [format!("version = {version}")]);
        for key in ["n.1.version", "dependencies.x"] {
            prop_assert_eq!(sites(Locator::JsonKey(key), &text), [format!("{key} = {version}")]);
        }
    }

    #[test]
    fn locks_keep_every_other_byte(version in release(), dress in dress()) {
        let entry = |name: &str, source: &str| {
            format!("[[package]] # %%\nname = \"{name}\"\nversion = \"{version}\"\n{source}\n")
        };
        let text = dress.put_on(&format!(
            "version = 4\n\n{}{}{}",
            entry("twin", ""),
            entry("own", "dependencies = [\n \"twin\",\n]\n"),
            entry("own", "source = \"registry+https://example.org\"\n"),
        ));
        let found = entries(LockKind::Cargo, &text, "own");
        prop_assert_eq!(found, [format!("package[name=own].version = {version}")]);
        let text = dress.put_on(&format!(
            "version = 1\n\n{}{}",
            entry("own-one", "source = { editable = \".\" }\n"),
            entry("own-two", "source = { registry = \"https://example.org\" }\n"),
        ));
        let found = entries(LockKind::Uv, &text, "own-one");
        prop_assert_eq!(found, [format!("package[name=own-one].version = {version}")]);
        let text = dress.put_on(&format!(
            "{{\n  \"name\": \"own\",\n  \"version\": \"{version}\",\n  \"packages\": {{\n    \"\": {{ \"name\": \"own\", \"version\": \"{version}\" }},\n    \
             \"node_modules/own\": {{ \"version\": \"{version}\" }}\n  }}\n}}\n"
        ));
        let found = entries(LockKind::Npm, &text, "own");
        prop_assert_eq!(found, [format!("version = {version}"), format!("packages[].version = {version}")]);
    }

    #[test]
    fn no_text_makes_a_locator_panic(
        text in "(\\PC|[\r\n\t]){0,60}",
        near in "([\\[\\]{}\"'=.,:;#\\\\\r\n ()f]|version|package|project|__version__|1\\.2\\.0|\u{feff}|é){0,40}",
    ) {
        let locators = [
            Locator::CargoManifest, Locator::Pyproject, Locator::PYTHON, Locator::WholeText, Locator::PackageJson,
            Locator::TomlKey("package.version"), Locator::JsonKey("version.0"), Locator::Pattern("{version}"),
            Locator::Pattern("v{version}."), Locator::Pattern("é{version}"), Locator::TomlKey(&near),
            Locator::JsonKey(&near), Locator::Pattern(&near), Locator::YamlKey("version"), Locator::YamlKey(&near),
        ];
        for text in [&text, &near] {
            for locator in &locators {
                for place in locate(locator, text).unwrap_or_default() {
                    prop_assert_eq!(&place.text, &text[place.span.clone()]);
                }
            }
            for kind in [LockKind::Cargo, LockKind::Uv, LockKind::Npm] {
                let _ = read_lock(kind, text);
            }
            for kind in [RequirementKind::Cargo, RequirementKind::Python, RequirementKind::Npm] {
                for requirement in requirements(kind, text).unwrap_or_default() {
                    prop_assert_eq!(&requirement.text, &text[requirement.span.clone()]);
                }
            }
        }
    }
}
