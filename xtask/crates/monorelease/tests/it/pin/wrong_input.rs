//! Bad input of registry files and of pull requests: each is said by file and key, has its exit code, and nothing is pushed.

use crate::support::snapshots::assert_text;
use snapbox::data::Inline;
use snapbox::str;
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use crate::support::delivery::Delivered;
use crate::support::programs::write_program;
use crate::support::pull::Asked;
use crate::support::registered::{LLM, Processors, REPLICATE, registry_file};
use crate::support::stage::{TOKEN, bare};
use crate::support::{git_in, program, ran};
use monorelease_stand_ins::github::{EmbeddedForge, Right};

#[test]
fn a_section_or_a_registry_file_that_makes_no_sense_is_a_usage_error_of_every_verb() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let there = processors.there();
    let refused = |expected: Inline| {
        // All of them say the same.
        let mut said = BTreeSet::new();
        for line in [
            &["pin"][..],
            &["promote", "llm_litellm", "--to", "staging"],
            &["versions"],
        ] {
            let run = processors.run(line);
            assert_eq!(run.code, 2, "{line:?}: {}", run.stderr);
            said.insert(run.stderr);
        }
        assert_text(&Vec::from_iter(said).concat(), expected);
        assert_eq!(
            (processors.there(), processors.forge.pulls().len()),
            (there.clone(), 0)
        );
    };
    for (from, to, expected) in [
        (
            "[images-from]\n",
            "[images-from]\nplatform = \"linux/amd64\"\n",
            str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 19, column 1
                |
             19 | platform = "linux/amd64"
                | ^^^^^^^^
             unknown field `platform`, expected one of `files`, `name`, `image`, `platforms`, `dockerfile`, `context`, `paths`; did you mean `platforms`?
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "files = \"registry/*.yaml\"",
            "files = \"../registry/*.yaml\"",
            str![[r#"
       error xtask/monorepo.toml: images-from: files: path "../registry/*.yaml" leaves the repository; paths are relative to its root, with /
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "files = \"registry/*.yaml\"",
            "files = \"registry/*\"",
            str![[r#"
       error xtask/monorepo.toml: images-from: files is "registry/*"; wanted a pattern that ends with .yaml, .yml, .json or .toml
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[images-from]\n",
            "[images-from]\nname = \"ref[\"\n",
            str![[r#"
       error xtask/monorepo.toml: images-from: name `ref[` is not a path of YAML keys: a part of it is empty
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[images-from]\n",
            "[images-from]\nname = \"title\"\n",
            str![[r#"
       error registry/llm_litellm.yaml: title is missing
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]],
        ),
        (
            "[images-from]\n",
            "[images-from]\nimage = \"picture\"\n",
            str![[r#"
       error registry/llm_litellm.yaml: picture is missing
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]],
        ),
        (
            "[images-from]\n",
            "[images-from]\nplatforms = [\"linux/x86_64\"]\n",
            str![[r#"
       error registry/llm_litellm.yaml: platforms: "linux/x86_64" is no platform: images call "x86_64" "amd64"; write "linux/amd64"
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]],
        ),
        (
            "context = \".\"",
            "context = \"processors\"",
            str![[r#"
       error registry/llm_litellm.yaml: paths names "libs", which does not lie in the context "processors"
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]],
        ),
        (
            "processors/{name}/Dockerfile",
            "../{name}/Dockerfile",
            str![[r#"
       error registry/llm_litellm.yaml: dockerfile: path "../llm_litellm/Dockerfile" leaves the repository; paths are relative to its root, with /
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]],
        ),
        (
            "branch = \"staging\"",
            "branch = \"staging\"\nvia = \"pull_request\"",
            str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 27, column 7
                |
             27 | via = "pull_request"
                |       ^^^^^^^^^^^^^^
             unknown variant `pull_request`, expected `push` or `pull-request`
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "after = \"dev\"",
            "after = \"def\"",
            str![[r#"
       error xtask/monorepo.toml: environments.staging: after names `def`, which is no environment
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
    ] {
        assert!(config.contains(from), "{from}");
        fixture.write("xtask/monorepo.toml", &config.replacen(from, to, 1));
        refused(expected);
    }
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("[images-from]\n", "[images-from]\nname = \"ref\"\n"),
    );
    fixture.write(REPLICATE, &registry_file("llm", "sha256:pending"));
    let twice = processors.run(&["versions"]);
    assert_eq!(twice.code, 2, "{twice}");
    twice.assert_stderr(str![[r#"
       error xtask/monorepo.toml: images-from: two projects are called `llm/generic@1`
         try edit xtask/monorepo.toml, then run the command again

"#]]);
    fixture.write("xtask/monorepo.toml", &config);
    // A link that leads out of the repository is no file of it.
    let outside = fixture.folder().join("outside.yaml");
    std::fs::write(&outside, registry_file("replicate", "sha256:pending")).unwrap();
    std::fs::remove_file(fixture.root().join(REPLICATE)).unwrap();
    symlink(&outside, fixture.root().join(REPLICATE)).unwrap();
    let link = processors.run(&["pin"]);
    assert_eq!(link.code, 2, "{link}");
    link.assert_stderr(str![[r#"
       error registry/replicate_generic.yaml is a link that leaves the repository, to [FOLDER]/outside.yaml
         try edit registry/replicate_generic.yaml, or images-from in xtask/monorepo.toml

"#]]);
    assert_eq!(processors.there(), there);
}

#[test]
fn what_the_world_refuses_of_pins_is_said_and_nothing_is_pushed() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    // A digest that the registry does not serve is promoted nowhere.
    let digest = format!("sha256:{}", "0".repeat(64));
    let name = format!("{}/acme/llm-litellm", fixture.registry.address());
    let text = registry_file("llm", &format!("{name}@{digest}"))
        .replace("\"sha256:pending\"", &format!("{name}@{digest}"));
    processors.change(LLM, &text);
    let there = processors.there();
    let absent = processors.run(&["promote", "llm_litellm", "--to", "staging"]);
    assert_eq!(absent.code, 3, "{}", absent.stderr);
    absent.assert_stderr(str![[r#"
       error the registry does not serve [SERVER]/acme/llm-litellm@[DIGEST]
         try cargo xtask status llm_litellm, which tells what is released; then the same line with one of those
     Refused nothing was done

"#]]);
    assert!(absent.stderr.contains(&digest), "{}", absent.stderr);
    let unknown = processors.run(&["promote", "llm_litellm", "--to", "stagin"]);
    assert_eq!(unknown.code, 2, "{unknown}");
    unknown.assert_stderr(str![[r#"
       error no environment is called `stagin`; did you mean `staging`? (environments: dev, staging, production)
         try name one of them, or write [environments.NAME]

"#]]);
    // A branch whose registry file is a link.
    git_in(&fixture.root(), &["checkout", "--quiet", "-b", "linked"]);
    std::fs::remove_file(fixture.root().join(LLM)).unwrap();
    symlink("/etc/hostname", fixture.root().join(LLM)).unwrap();
    git_in(&fixture.root(), &["add", "--all"]);
    fixture.commit_all("feat: a link");
    git_in(
        &fixture.root(),
        &["push", "--quiet", "origin", "linked:staging"],
    );
    git_in(&fixture.root(), &["checkout", "--quiet", "dev"]);
    let with_link = processors.there();
    let link = processors.run(&["promote", "llm_litellm", "--to", "staging"]);
    assert_eq!(link.code, 3, "{}", link.stderr);
    link.assert_stderr(str![[r#"
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml: registry/llm_litellm.yaml is a symbolic link; name the file that it leads to
         try edit the file, or its [[pins]] in the configuration
     Refused nothing was done

"#]]);
    assert_eq!(processors.there(), with_link);
    git_in(
        &bare(fixture),
        &["update-ref", "refs/heads/staging", "refs/heads/main"],
    );
    assert_eq!(processors.there(), there);
    // A remote that is away.
    fixture.git(&["remote", "set-url", "origin", "/nowhere/at/all.git"]);
    for line in [&["pin"][..], &["promote", "llm_litellm", "--to", "staging"]] {
        let away = processors.run(line);
        assert_eq!(away.code, 3, "{line:?}: {}", away.stderr);
    }
    assert_eq!(
        (processors.there(), processors.forge.pulls().len()),
        (there, 0)
    );
}

#[test]
fn a_branch_that_takes_no_push_takes_a_pull_request() {
    let asked = Asked::new();
    let delivered = &asked.delivered;
    let protect = "#!/bin/sh\nwhile read old new ref; do [ \"$ref\" = refs/heads/main ] && { echo 'protected branch hook declined' >&2; exit 1; }; done\nexit 0\n";
    write_program(&delivered.there().join("hooks/pre-receive"), protect);
    asked.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(asked.open().len(), 1);
    // The same branch, by a push.
    let main = git_in(&delivered.there(), &["rev-parse", "main"]);
    let pushed = asked.run(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    assert_eq!(pushed.code, 1, "{}", pushed.stderr);
    pushed.assert_stderr(str![[r#"
        todo pin api in staging: 0.2.0 → 0.3.0, https://github.com/acme/cloud (main)  (nothing comes before it)
      failed pin api in staging: 0.2.0 → 0.3.0, https://github.com/acme/cloud (main)
             https://github.com/acme/cloud (main) takes no push: remote: protected branch hook declined; error: failed to push some refs to '[FOLDER]/deploy.git'; [remote rejected] (pre-receive hook declined); let it be pushed to, or write environments.staging.via = "pull-request"  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.3.0, once the cause is mended

"#]]);
    assert_eq!(git_in(&delivered.there(), &["rev-parse", "main"]), main);
}

#[test]
fn a_token_that_may_not_open_requests_is_said_and_another_one_finishes() {
    let asked = Asked::new();
    asked
        .forge
        .give_token("ghp_reads-alone-and-nothing-else", Right::Read);
    let fixture = &asked.delivered.fixture;
    let variables = [
        ("GITHUB_API_URL", asked.forge.url()),
        (
            "GITHUB_TOKEN",
            "ghp_reads-alone-and-nothing-else".to_owned(),
        ),
    ];
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let weak = fixture.run_with(&["promote", "api", "--to", "production"], &variables);
    assert_eq!(weak.code, 3, "{}", weak.stderr);
    weak.assert_stderr(str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request  (it stands in staging)
       error no pull request can be opened or changed at acme/cloud: POST /repos/acme/cloud/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests
         try a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write
     Refused nothing was done

"#]]);
    assert_eq!(
        (asked.forge.pulls().len(), asked.tip()),
        (0, None),
        "no branch is pushed for a request that nobody may open"
    );
    asked.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(asked.open().len(), 1);
}

#[test]
fn law_19_eight_promotions_at_once_are_eight_requests_and_one_line_of_history() {
    let services: Vec<String> = (0..8).map(|number| format!("svc{number}")).collect();
    let delivered = Delivered::with("", &[]);
    let fixture = &delivered.fixture;
    let there = delivered.there().display().to_string();
    let mut config =
        fixture.read("xtask/monorepo.toml") + "[environments.staging]\nvia = \"pull-request\"\n";
    let mut files = Vec::new();
    for name in &services {
        fixture.write(&format!("{name}/VERSION"), "0.2.0\n");
        config.push_str(&format!(
            "[projects.{name}]\npath = \"{name}\"\nversions = [\"VERSION\"]\nimage = {{ platforms = [\"linux/amd64\", \"linux/arm64\"] }}\n\
             [[pins]]\nproject = \"{name}\"\nenvironment = \"staging\"\ngit = \"https://github.com/acme/cloud\"\nfile = \"{name}.yaml\"\n"
        ));
        delivered.release(name, "0.2.0");
        files.push((
            format!("{name}.yaml"),
            format!("image: {}/acme/{name}:0.1.0\n", fixture.registry.address()),
        ));
    }
    fixture.write("xtask/monorepo.toml", &config);
    fixture.git(&[
        "config",
        &format!("url.{there}.insteadOf"),
        "https://github.com/acme/cloud",
    ]);
    delivered.push_there(
        &files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect::<Vec<_>>(),
        "feat: begin",
    );
    let main = git_in(&delivered.there(), &["rev-parse", "main"]);
    let forge = EmbeddedForge::start("acme/cloud", &delivered.there()).unwrap();
    forge.give_token(TOKEN, Right::Write);
    let start = |name: &String| {
        let line = ["promote", name, "--to", "staging", "--version", "0.2.0"];
        let mut command = program(&fixture.root());
        command
            .env("GITHUB_API_URL", forge.url())
            .env("GITHUB_TOKEN", TOKEN)
            .args(line);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = services.iter().map(start).collect();
    for child in running {
        let run = ran(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let pulls = forge.pulls();
    assert_eq!(
        (
            pulls.len(),
            pulls.iter().filter(|pull| pull.is_open).count()
        ),
        (8, 8)
    );
    for name in &services {
        let text = git_in(
            &delivered.there(),
            &["show", &format!("xtask/deliver/staging/{name}:{name}.yaml")],
        );
        assert!(
            text.contains(&format!(
                "/acme/{name}:0.2.0@{}\n",
                delivered.digest(name, "0.2.0")
            )),
            "{text}"
        );
    }
    assert_eq!(
        git_in(&delivered.there(), &["rev-parse", "main"]),
        main,
        "the base waits for the merges"
    );
}
