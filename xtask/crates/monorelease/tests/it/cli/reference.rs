//! docs/commands.md is what the program says of itself, word for word.
//!
//! After a change of the command line: `SNAPSHOTS=overwrite cargo test --package monorelease --test it`.

use std::path::Path;
use std::process::Stdio;

use snapbox::{Assert, Data};

use crate::support::{program, ran};

fn help(arguments: &[&str]) -> String {
    // A terminal's width would decide where the lines break.
    let output = program(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(arguments)
        .arg("--help")
        .stdin(Stdio::null())
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let answer = ran(output);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer
        .stdout
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The verbs, as the first help lists them.
fn verbs(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let is_verb = |line: &&str| {
        line.starts_with("  ") && !line.starts_with("   ") && !line.starts_with("  help")
    };
    lines
        .take_while(|line| !line.is_empty())
        .filter(is_verb)
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_reference_is_up_to_date() {
    let overview = help(&[]);
    let mut text = format!(
        "# Commands\n\nWritten by `SNAPSHOTS=overwrite cargo test --package monorelease --test it`; a test compares.\n\n```text\n{overview}\n```\n"
    );
    let verbs = verbs(&overview);
    assert!(verbs.len() >= 10, "{verbs:?}");
    for verb in verbs {
        let own = help(&[&verb]);
        text.push_str(&format!("\n## {verb}\n\n```text\n{own}\n```\n"));
        // The words below a verb have flags of their own.
        for word in self::verbs(&own) {
            text.push_str(&format!(
                "\n### {verb} {word}\n\n```text\n{}\n```\n",
                help(&[&verb, &word])
            ));
        }
    }
    assert!(
        text.contains("\n### check commits\n") && text.contains("--range <A..B>"),
        "words below verbs are told"
    );
    let path = crate::support::this_repository::root().join("docs/commands.md");
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(text, Data::read_from(&path, None).raw());
}
