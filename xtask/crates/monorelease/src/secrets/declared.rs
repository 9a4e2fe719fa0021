//! The names of secrets that a registry file declares: `secrets: { required: […], optional: […] }`.
//!
//! Nothing is edited, and what else stands in the file is not looked at.

use monorelease_image_pins::Format;
use monorelease_text_edits::error::EditError;
use monorelease_text_edits::splice::line_at;
use monorelease_text_edits::yaml::{Node, Value, parse};
use serde::Deserialize;

use crate::config::secrets::SecretNames;

/// A registry file in TOML; what else stands in it is not looked at.
#[derive(Deserialize)]
struct Keys {
    #[serde(default)]
    secrets: SecretNames,
}

/// Reads them out of the file of this path; none where it declares none.
///
/// # Errors
/// The text is no YAML, or `secrets` is written otherwise: as `LINE: why`.
pub fn secret_names(text: &str, path: &str) -> Result<SecretNames, String> {
    if Format::of(path) == Some(Format::Toml) {
        return toml_edit::de::from_str::<Keys>(text)
            .map(|keys| keys.secrets)
            .map_err(|error| format!(" {}", error.message()));
    }
    let told = |error: EditError| {
        error
            .line()
            .map_or_else(|| error.to_string(), |line| format!("{line}: {error}"))
    };
    let mut names = SecretNames::default();
    for document in parse(text, "secrets").map_err(told)? {
        for secrets in members(&document, "secrets") {
            let Value::Mapping(entries) = &secrets.value else {
                if is_empty(secrets) {
                    continue;
                }
                return Err(at(
                    text,
                    secrets,
                    "secrets is no mapping of `required` and `optional`",
                ));
            };
            for (key, list) in entries {
                match key.as_ref() {
                    "required" => names.required.extend(listed(text, "required", list)?),
                    "optional" => names.optional.extend(listed(text, "optional", list)?),
                    other => {
                        return Err(at(
                            text,
                            list,
                            &format!("secrets has {other:?}, wanted `required` and `optional`"),
                        ));
                    }
                }
            }
        }
    }
    Ok(names)
}

fn members<'n, 't>(node: &'n Node<'t>, name: &str) -> Vec<&'n Node<'t>> {
    match &node.value {
        Value::Mapping(entries) => entries
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, node)| node)
            .collect(),
        _ => Vec::new(),
    }
}

fn listed(text: &str, key: &str, node: &Node<'_>) -> Result<Vec<String>, String> {
    let name = |node: &Node<'_>| match &node.value {
        Value::Scalar { value, .. } if !value.is_empty() => Ok(value.clone().into_owned()),
        _ => Err(at(
            text,
            node,
            &format!("secrets.{key} has an entry that is no name"),
        )),
    };
    match &node.value {
        Value::Sequence(entries) => entries.iter().map(name).collect(),
        _ if is_empty(node) => Ok(Vec::new()),
        _ => Err(at(
            text,
            node,
            &format!("secrets.{key} is no list of names"),
        )),
    }
}

fn is_empty(node: &Node<'_>) -> bool {
    matches!(&node.value, Value::Scalar { value, .. } if value.is_empty() || value == "~" || value == "null")
}

fn at(text: &str, node: &Node<'_>, why: &str) -> String {
    format!("{}: {why}", line_at(text, node.span.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_the_ways_people_write_them() {
        for text in [
            "ref: x@1\nsecrets:\n  required:\n    - A_KEY\n    - \"B\" # two\n  optional: [C]\n",
            "secrets: { required: [A_KEY, 'B'], optional: [C] }\r\nimage: {}\r\n",
            "---\nimage: {}\n---\nsecrets:\n  optional:\n  - C\n  required: [A_KEY, B]\n",
        ] {
            let names = secret_names(text, "a.yaml").unwrap();
            assert_eq!(
                (names.required, names.optional),
                (vec!["A_KEY".into(), "B".into()], vec!["C".into()]),
                "{text}"
            );
        }
        let names =
            secret_names("ref = \"x\"\n[secrets]\nrequired = [\"A_KEY\"]\n", "a.toml").unwrap();
        assert_eq!(
            (names.required, names.optional),
            (vec!["A_KEY".to_owned()], Vec::<String>::new())
        );
        assert!(
            secret_names("[secrets]\nrequierd = []\n", "a.toml")
                .unwrap_err()
                .contains("requierd")
        );
        for text in [
            "",
            "ref: x\n",
            "secrets:\n",
            "secrets: {}\n",
            "secrets:\n  required:\n",
            "secrets: ~\n",
        ] {
            assert_eq!(
                secret_names(text, "a.yaml"),
                Ok(SecretNames::default()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_written_otherwise_is_told_by_its_line() {
        for (text, words) in [
            ("ref: x\nsecrets: [A]\n", "2: secrets is no mapping"),
            (
                "secrets:\n  requierd: [A]\n",
                "2: secrets has \"requierd\", wanted `required` and `optional`",
            ),
            (
                "secrets:\n  required: A\n",
                "2: secrets.required is no list",
            ),
            (
                "secrets:\n  required:\n    - A: b\n",
                "3: secrets.required has an entry that is no name",
            ),
            ("secrets: [\n", ": "),
        ] {
            let error = secret_names(text, "a.yaml").unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
