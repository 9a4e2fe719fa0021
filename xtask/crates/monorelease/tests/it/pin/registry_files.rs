//! `pin`, and environments that are branches: images of registry files, built once, pinned by one pull request, promoted by digest.

use crate::support::git_in;
use crate::support::programs::write_program;
use crate::support::registered::{BRANCH, LLM, Processors, REPLICATE};
use crate::support::snapshots::assert_text;
use crate::support::stage::{TOKEN, bare};
use snapbox::data::Inline;
use snapbox::str;

const BOTH: [&str; 2] = ["llm-litellm", "replicate-generic"];

#[test]
fn what_changed_is_pinned_by_one_request_and_nothing_by_none() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    processors.push_builds(&BOTH);
    let before = (
        processors.there(),
        processors.forge.pulls(),
        fixture.state(),
    );
    let steps = ["build-image done", "push-image done", "gather todo"];
    let planned = processors.ok(&["pin", "--dry-run"]);
    assert_eq!(planned, [&steps[..], &steps[..], &["pin todo"]].concat());
    assert_eq!(
        (
            processors.there(),
            processors.forge.pulls(),
            fixture.state()
        ),
        before,
        "law 13"
    );

    assert_eq!(processors.ok(&["pin"]).last().unwrap(), "pin acted");
    let pulls = processors.open();
    assert_eq!(
        (
            pulls.len(),
            pulls[0].head_branch.as_str(),
            pulls[0].base.as_str()
        ),
        (1, BRANCH, "dev")
    );
    assert_eq!(
        pulls[0].title,
        "chore(dev): pin llm_litellm, replicate_generic"
    );
    let text = processors.at(BRANCH, LLM);
    let before = processors.at("dev", LLM);
    let index = Processors::digest(&text);
    let repository = format!("{}/acme/llm-litellm", fixture.registry.address());
    let amd64 = text
        .lines()
        .find(|line| line.contains("amd64:"))
        .unwrap()
        .split('@')
        .nth(1)
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let wanted = before
        .replace("oci: sha256:pending", &format!("oci: {repository}@{index}"))
        .replace("\"sha256:pending\"", &format!("\"{repository}@{amd64}\""));
    assert_eq!(text, wanted, "nothing but the digests changed");
    assert_ne!(
        index, amd64,
        "the image of a platform is not the index with its attestation"
    );
    assert!(
        fixture
            .registry
            .tags("acme/llm-litellm")
            .iter()
            .any(|tag| tag.starts_with("inputs-"))
    );
    let changed = git_in(
        &bare(fixture),
        &["diff", "--name-only", &format!("dev..{BRANCH}")],
    );
    assert_eq!(changed.lines().collect::<Vec<_>>(), [LLM, REPLICATE]);
    assert_eq!(
        processors.ok(&["pin"]),
        ["pin done"],
        "it waits for its merge"
    );

    // The pins themselves are no change of what is built.
    processors.merge();
    let there = processors.there();
    assert_eq!(processors.ok(&["pin"]), ["pin done"]);
    processors.change("README.md", "words\n");
    assert_eq!(processors.ok(&["pin"]), ["pin done"]);
    assert_eq!(
        (processors.open().len(), processors.forge.pulls().len()),
        (0, 1)
    );
    assert_ne!(processors.there(), there, "but for our own change");

    // One changes, and one is built.
    processors.change("processors/llm_litellm/app.py", "print()\n");
    processors.push_builds(&["llm-litellm"]);
    processors.ok(&["pin"]);
    let digest = Processors::digest(&processors.at(BRANCH, LLM));
    assert_eq!(
        processors.open()[0].title,
        format!(
            "chore(dev): llm_litellm {}",
            &digest[.."sha256:".len() + 12]
        )
    );
    assert_ne!(Processors::digest(&processors.at(BRANCH, LLM)), index);
    assert_eq!(
        processors.at(BRANCH, REPLICATE),
        processors.at("dev", REPLICATE)
    );
    // And all do, of what they share.
    processors.change("libs/shared.py", "A = 2\n");
    processors.push_builds(&BOTH);
    processors.ok(&["pin"]);
    assert_eq!(
        (processors.open().len(), processors.open()[0].title.as_str()),
        (1, "chore(dev): pin llm_litellm, replicate_generic")
    );
}

#[test]
fn where_releases_must_be_signed_it_is_said_that_these_are_not() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    processors.push_builds(&BOTH);
    let silent = processors.run(&["pin", "--dry-run"]);
    assert!(
        silent.code == 0 && !silent.stderr.contains("[trust]"),
        "{}",
        silent.stderr
    );
    processors.change(
        "xtask/monorepo.toml",
        &format!("{}[trust]\n", fixture.read("xtask/monorepo.toml")),
    );
    processors.push_builds(&BOTH);
    for (line, expected) in [
        (
            &["pin"][..],
            str![[r#"
        note [trust] is about releases: what registry files pin is known by its digest, and nothing of it is signed or listed

"#]],
        ),
        (
            &["promote", "llm_litellm", "--to", "staging"],
            str![[r#"
        note llm_litellm: [trust] is about releases: what registry files pin is known by its digest, and nothing of it is signed or listed

"#]],
        ),
    ] {
        let ran = processors.run(line);
        assert_eq!(ran.code, 0, "{line:?}: {}", ran.stderr);
        assert_text(&ran.lines_with("[trust]"), expected);
        if line == ["pin"] {
            processors.merge();
        }
    }
}

#[test]
fn law_20_the_whole_life_of_a_digest_in_branches() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    let pin = |packages: &[&str]| {
        processors.push_builds(packages);
        processors.ok(&["pin"]);
        processors.merge();
        Processors::digest(&processors.at("dev", LLM))
    };
    let one = pin(&BOTH);
    let pending = processors.run(&["check", "pins"]);
    assert_eq!(pending.code, 1, "{}", pending.stderr);
    pending.assert_stderr(str![[r#"
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (main): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (main): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (main): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (main): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
      Failed 8 faults in 6 pins

"#]]);
    let early = processors.run(&["promote", "llm_litellm", "--to", "production"]);
    assert_eq!(early.code, 3, "{}", early.stderr);
    for stage in ["staging", "production"] {
        processors.ok(&["promote", "llm_litellm", "--to", stage]);
        processors.ok(&["promote", "replicate_generic", "--to", stage]);
    }
    assert_eq!(processors.run(&["check", "pins"]).code, 0);
    processors.change("processors/llm_litellm/app.py", "print()\n");
    let two = pin(&["llm-litellm"]);
    assert_ne!(one, two);
    let main = git_in(&bare(fixture), &["rev-parse", "main"]);
    processors.ok(&["promote", "llm_litellm", "--to", "staging"]);
    processors.ok(&["promote", "llm_litellm", "--to", "production"]);
    let parent = git_in(&bare(fixture), &["rev-parse", "main~1"]);
    assert_eq!(parent, main, "the pin's commit came alone");
    let changed = git_in(&bare(fixture), &["diff", "--name-only", "main~1..main"]);
    assert_eq!(
        changed.trim(),
        LLM,
        "and nothing that was built of came with it"
    );
    for branch in ["staging", "main"] {
        assert_eq!(Processors::digest(&processors.at(branch, LLM)), two);
        assert_eq!(processors.at(branch, LLM), processors.at("dev", LLM));
    }
    processors.ok(&[
        "rollback",
        "llm_litellm",
        "--in",
        "production",
        "--why",
        "it burns",
    ]);
    assert_eq!(Processors::digest(&processors.at("main", LLM)), one);
    assert_eq!(Processors::digest(&processors.at("staging", LLM)), two);
    let barred = processors.run(&["promote", "llm_litellm", "--to", "production"]);
    assert_eq!(barred.code, 3, "{barred}");
    barred.assert_stderr(str![[r#"
       error llm_litellm [DIGEST] ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns ([FOLDER]/origin.git)
         try cargo xtask unbar llm_litellm --in production [DIGEST]
     Refused nothing was done

"#]]);
    processors.ok(&["unbar", "llm_litellm", "--in", "production"]);
    processors.ok(&["promote", "llm_litellm", "--to", "production"]);
    assert_eq!(Processors::digest(&processors.at("main", LLM)), two);

    // By a digest as well, which is all that a registry file names.
    processors.ok(&["rollback", "llm_litellm", "--in", "staging", "--to", &one]);
    assert_eq!(Processors::digest(&processors.at("staging", LLM)), one);
    let nothing = processors.run(&[
        "rollback",
        "llm_litellm",
        "--in",
        "staging",
        "--to",
        "sha256:abc",
    ]);
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);

    // Back in dev, by what the bot's commit says of each project; and the next pin leaves it.
    processors.ok(&["rollback", "llm_litellm", "--in", "dev"]);
    assert_eq!(Processors::digest(&processors.at("dev", LLM)), one);
    fixture.git(&["pull", "--quiet", "--ff-only", "origin", "dev"]);
    let left = processors.run(&["pin"]);
    assert_eq!(left.code, 0, "{}", left.stderr);
    left.assert_stderr(str![[r#"
        done pin replicate_generic in dev: what is built of this commit, [FOLDER]/origin.git (dev) by pull request  ([SHORT] says so)
        note llm_litellm: [DIGEST] is barred in dev, so it is not pinned there (cargo xtask unbar llm_litellm --in dev [DIGEST])
    Finished nothing to do

"#]]);
    assert_eq!(processors.open().len(), 0);
}

#[test]
fn what_cannot_be_pinned_is_refused_and_nothing_is_pushed() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    processors.push_builds(&BOTH);
    let there = processors.there();
    let refused = |arguments: &[&str], code: i32, expected: Inline| {
        let run = processors.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        run.assert_stderr(expected);
        assert_eq!(
            (processors.there(), processors.forge.pulls().len()),
            (there.clone(), 0),
            "{arguments:?}"
        );
    };
    refused(
        &["pin", "api"],
        2,
        str![[r#"
       error api comes of no registry file, so `pin` has nothing to write for it
         try cargo xtask release api

"#]],
    );
    refused(
        &["pin", "llm"],
        2,
        str![[r#"
       error no project is called `llm`; did you mean `llm-litellm`? (projects: core, api, web, llm_litellm, replicate_generic)
         try cargo xtask versions

"#]],
    );
    refused(
        &["promote", "llm_litellm", "--to", "dev"],
        2,
        str![[r#"
       error what runs of llm_litellm in dev is what is built there
         try cargo xtask pin llm_litellm

"#]],
    );
    refused(
        &["promote", "llm_litellm", "--to", "staging"],
        3,
        str![[r#"
       error dev does not tell which version of llm_litellm to promote: its pins say no tag
         try cargo xtask pin llm_litellm
     Refused nothing was done

"#]],
    );
    let none = fixture.run_with(&["pin"], &[("GITHUB_API_URL", &processors.forge.url())]);
    assert_eq!(none.code, 3, "{none}");
    none.assert_stderr(str![[r#"
        done build-image [SERVER]/acme/llm-litellm:[SHORT]-amd64 for linux/amd64  (the registry has [DIGEST] from [SHORT])
        done push-image [SERVER]/acme/llm-litellm:[SHORT]-amd64  (the registry has [DIGEST] from [SHORT])
        todo gather [SERVER]/acme/llm-litellm:inputs-ceb4a7fd17a6ae1d of linux/amd64  (what llm_litellm is built of has no image yet)
        done build-image [SERVER]/acme/replicate-generic:[SHORT]-amd64 for linux/amd64  (the registry has [DIGEST] from [SHORT])
        done push-image [SERVER]/acme/replicate-generic:[SHORT]-amd64  (the registry has [DIGEST] from [SHORT])
        todo gather [SERVER]/acme/replicate-generic:inputs-f1b42638e7cb24f7 of linux/amd64  (what replicate_generic is built of has no image yet)
       error there is no token for the forge, and a pull request is wanted at acme/mono: GITHUB_TOKEN is not set
         try GITHUB_TOKEN=$(gh auth token), then the same command again
     Refused nothing was done

"#]]);
    fixture.write("libs/shared.py", "A = 3\n");
    refused(
        &["pin"],
        3,
        str![[r#"
       error the work tree differs from HEAD: libs/shared.py; what is pinned must be of a commit
         try git add --all && git commit, or git stash --include-untracked
     Refused nothing was done

"#]],
    );
    fixture.git(&["checkout", "--quiet", "libs"]);
    processors.by_hand("dev", &[("README.md", "moved\n")]);
    let behind = processors.run(&["pin"]);
    assert_eq!(behind.code, 3, "{behind}");
    behind.assert_stderr(str![[r#"
       error HEAD is [SHORT], and dev on origin is [SHORT]: the pull request is made of that branch alone
         try git switch dev && git pull --ff-only origin dev

"#]]);
    fixture.git(&["pull", "--quiet", "--ff-only", "origin", "dev"]);
    fixture.write(LLM, "image:\n  - oci\n");
    let wrong = fixture.run_with(&["versions"], &[("GITHUB_TOKEN", TOKEN)]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    wrong.assert_stderr(str![[r#"
       error registry/llm_litellm.yaml: image.oci is missing
         try edit registry/llm_litellm.yaml, or images-from in xtask/monorepo.toml

"#]]);
}

#[test]
fn registry_files_are_projects_by_a_key_of_theirs_and_belong_to_no_build() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    fixture.write(
        "xtask/monorepo.toml",
        &fixture
            .read("xtask/monorepo.toml")
            .replace("[images-from]\n", "[images-from]\nname = \"ref\"\n"),
    );
    processors.change("processors/llm_litellm/app.py", "print()\n");
    let plan = fixture.json(&["plan", "--since", "origin/staging"]);
    assert_eq!(plan.code, 0);
    let names: Vec<_> = plan["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|project| project["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"llm/generic@1".to_owned()), "{plan:#}");
    fixture.git(&["push", "--quiet", "origin", "dev:staging"]);
    fixture.git(&["fetch", "--quiet", "origin"]);
    processors.change(LLM, &fixture.read(LLM).replace("API_TOKEN", "OTHER_TOKEN"));
    let plan = fixture.json(&["plan", "--since", "origin/staging"]);
    assert_eq!(plan["projects"].as_array().unwrap().len(), 0, "{plan:#}");
}

/// A container engine as far as `pin` needs one: it keeps the labels of what it builds, and pushes an image that says them. What it is
/// given to build with is written down.
const ENGINE: &str = r#"#!/bin/sh
here='HERE'
name=$(echo "$*" | grep -o '[0-9.]*:[0-9]*/acme/[a-z-]*:[^ ]*' | head -1)
file="$here/$(echo "$name" | tr '/:' '__')"
case "$1 $2" in
'version '*) echo linux/amd64 ;;
'buildx version') echo v0.10 ;;
'buildx build')
  for last; do :; done
  (cd "$last" && find . -type f | sort) > "$here/context"
  labels=
  while [ $# -gt 0 ]; do
    [ "$1" = --label ] && labels="$labels,\"${2%%=*}\":\"${2#*=}\""
    [ "$1" = --file ] && cp "$2" "$here/dockerfile"
    shift
  done
  echo "{${labels#,}}" > "$file" ;;
'image inspect') [ -e "$file" ] && echo "[{\"Id\":\"sha256:1\",\"Config\":{\"Labels\":$(cat "$file")}}]" || exit 1 ;;
'push '*)
  echo "$name" >> "$here/pushed"
  base="http://${name%%/*}/v2/$(echo "${name#*/}" | cut -d: -f1)"
  printf '{"architecture":"amd64","os":"linux","config":{"Labels":%s},"rootfs":{"type":"layers","diff_ids":[]}}' "$(cat "$file")" > "$here/config"
  digest="sha256:$(sha256sum "$here/config" | cut -d' ' -f1)"
  place=$(curl -sSf -X POST -D - -o /dev/null "$base/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
  case "$place" in /*) place="http://${name%%/*}$place" ;; esac
  case "$place" in *\?*) place="$place&digest=$digest" ;; *) place="$place?digest=$digest" ;; esac
  curl -sSf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$here/config" "$place" || exit 1
  kind=application/vnd.oci.image
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"%s","size":%s},"layers":[]}' \
    $kind $kind "$digest" "$(wc -c < "$here/config")" > "$here/manifest"
  curl -sSf -X PUT -H "Content-Type: $kind.manifest.v1+json" --data-binary "@$here/manifest" "$base/manifests/${name##*:}" ;;
*) exit 0 ;;
esac
"#;

#[test]
fn what_was_never_built_is_built_of_what_counts_and_pushed_before_it_is_pinned() {
    let processors = Processors::new();
    let fixture = &processors.fixture;
    let shims = fixture.folder().join("shims");
    write_program(
        &shims.join("docker"),
        &ENGINE.replace("HERE", shims.to_str().unwrap()),
    );
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let url = processors.forge.url();
    let run = |arguments: &[&str]| {
        let ran = fixture.run_with(
            arguments,
            &[
                ("GITHUB_API_URL", &url),
                ("GITHUB_TOKEN", TOKEN),
                ("PATH", &path),
            ],
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.verdicts()
    };
    let line = ["pin", "llm_litellm", "--json"];
    let steps = |verdict: &str| {
        ["build-image", "push-image", "gather", "pin"].map(|kind| format!("{kind} {verdict}"))
    };
    assert_eq!(
        run(&["pin", "llm_litellm", "--dry-run", "--json"]),
        steps("todo"),
        "law 13"
    );
    assert!(!shims.join("context").exists() && !shims.join("pushed").exists());
    assert_eq!(run(&line), steps("acted"));
    let read = |name: &str| std::fs::read_to_string(shims.join(name)).unwrap();
    let context: Vec<_> = read("context").lines().map(str::to_owned).collect();
    assert_eq!(
        context,
        ["./libs/shared.py", "./processors/llm_litellm/Dockerfile"],
        "neither registry files nor neighbours are built in"
    );
    assert_eq!(
        read("dockerfile"),
        fixture.read("processors/llm_litellm/Dockerfile")
    );
    let served = fixture
        .registry
        .digest(
            "acme/llm-litellm",
            &format!("{}-amd64", &fixture.head()[..7]),
        )
        .unwrap();
    assert_eq!(
        Processors::digest(&processors.at(BRANCH, LLM)),
        served.to_string(),
        "one platform's image needs no index"
    );
    assert_eq!(run(&line), ["pin done"]);
    assert_eq!(read("pushed").lines().count(), 1);
    // Another commit of the same inputs builds nothing.
    processors.merge();
    processors.change("README.md", "words\n");
    assert_eq!(run(&line), ["pin done"]);
    assert_eq!(read("pushed").lines().count(), 1);
}

#[test]
fn several_are_promoted_at_once_and_each_on_its_own() {
    let processors = Processors::new();
    let there = bare(&processors.fixture);
    processors.push_builds(&BOTH);
    processors.ok(&["pin"]);
    processors.merge();
    let both = [
        "promote",
        "llm_litellm",
        "replicate_generic",
        "--to",
        "staging",
    ];
    let before = processors.there();
    assert_eq!(
        processors.ok(&[&both[..], &["--dry-run"]].concat()),
        ["pin todo", "pin todo"]
    );
    assert_eq!(processors.there(), before, "law 13");
    // Named twice is named once.
    assert_eq!(
        processors.ok(&[&both[..], &["llm_litellm"]].concat()),
        ["pin acted", "pin acted"]
    );
    assert_eq!(
        git_in(&there, &["log", "--format=%s", "dev~1..staging"])
            .lines()
            .count(),
        2,
        "a commit each, to be taken back alone"
    );
    assert_eq!(processors.ok(&both), ["pin done", "pin done"]);
    assert_eq!(
        processors.run(&["check", "pins"]).code,
        1,
        "production is still pending"
    );
    for file in [LLM, REPLICATE] {
        assert_eq!(processors.at("staging", file), processors.at("dev", file));
    }

    // What is refused of one holds up no other, and nothing of it is done.
    processors.change("libs/shared.py", "A = 2\n");
    processors.push_builds(&BOTH);
    processors.ok(&["pin"]);
    processors.merge();
    processors.ok(&["promote", "llm_litellm", "--to", "staging"]);
    processors.ok(&[
        "rollback",
        "llm_litellm",
        "--in",
        "staging",
        "--why",
        "it burns",
    ]);
    let back = processors.at("staging", LLM);
    let ran = processors.run(&both);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo pin replicate_generic in staging: [DIGEST] → [DIGEST], [FOLDER]/origin.git (staging)  (it stands in dev)
       error llm_litellm [DIGEST] ([DIGEST]) is barred in staging since [TIMESTAMP] by Test <test@localhost>: it burns ([FOLDER]/origin.git)
         try cargo xtask unbar llm_litellm --in staging [DIGEST]
       acted pin replicate_generic in staging: [DIGEST] → [DIGEST], [FOLDER]/origin.git (staging)  [[DURATION]]
    Finished 1 done now, 0 done before, 4 registry requests
     Refused llm_litellm: nothing was done of it, for the reasons above

"#]]);
    assert_eq!(processors.at("staging", LLM), back);
    assert_eq!(
        processors.at("staging", REPLICATE),
        processors.at("dev", REPLICATE)
    );
    // Who is no project stops all of it.
    let before = processors.there();
    let nobody = processors.run(&[
        "promote",
        "replicate_generic",
        "nobody",
        "--to",
        "production",
    ]);
    assert_eq!(
        (nobody.code, processors.there()),
        (2, before),
        "{}",
        nobody.stderr
    );
}

#[test]
fn law_15_registry_files_that_no_branch_has_are_not_checked() {
    let processors = Processors::new();
    let there = bare(&processors.fixture);
    let first = processors
        .fixture
        .git(&["rev-list", "--max-parents=0", "HEAD"]);
    let move_to_the_first = |branch: &str| {
        git_in(
            &there,
            &["update-ref", &format!("refs/heads/{branch}"), first.trim()],
        )
    };
    // A registry file that has not come to every branch yet is no fault where another has it.
    move_to_the_first("main");
    let ran = processors.run(&["check", "pins"]);
    ran.assert_stderr(str![[r#"
        note not checked: [FOLDER]/origin.git (main): registry/llm_litellm.yaml: there is no such file
        note not checked: [FOLDER]/origin.git (main): registry/replicate_generic.yaml: there is no such file
       error [FOLDER]/origin.git (dev): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (dev): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (dev): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (dev): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:4: image.oci says sha256:pending, which is no digest yet
       error [FOLDER]/origin.git (staging): registry/replicate_generic.yaml:6: image.platforms.amd64 says sha256:pending, which is no digest yet
      Failed 8 faults in 6 pins

"#]]);
    move_to_the_first("dev");
    move_to_the_first("staging");
    let ran = processors.run(&["check", "pins"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error [FOLDER]/origin.git (dev): registry/llm_litellm.yaml: there is no such file
       error [FOLDER]/origin.git (dev): registry/replicate_generic.yaml: there is no such file
       error [FOLDER]/origin.git (staging): registry/llm_litellm.yaml: there is no such file
       error [FOLDER]/origin.git (staging): registry/replicate_generic.yaml: there is no such file
       error [FOLDER]/origin.git (main): registry/llm_litellm.yaml: there is no such file
       error [FOLDER]/origin.git (main): registry/replicate_generic.yaml: there is no such file
      Failed 6 faults in 6 pins

"#]]);
}
