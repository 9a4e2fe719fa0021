//! `check pins`, and everything that can be wrong with pins, environments and their repositories: each is said with its file
//! and line, has its exit code, and nothing is pushed.

use crate::support::delivery::{Delivered, deployment};
use crate::support::git_in;
use crate::support::programs::write_program;
use crate::support::snapshots::assert_text;
use snapbox::str;

const PIN: &str = "[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\n";

fn with_config(more: &str) -> Delivered {
    Delivered::with(
        &format!("[environments.staging]\n[environments.production]\nafter = \"staging\"\n{more}"),
        &[],
    )
}

#[test]
fn check_pins_finds_what_no_promotion_could_write() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let document = fixture.json(&["check", "pins"]);
    assert_eq!(
        (
            document.code,
            document["pins"].as_u64(),
            document["references"].as_u64()
        ),
        (0, Some(2), Some(2)),
        "{document:#}"
    );

    let registry = fixture.registry.address();
    let wrong_pair = deployment(
        &registry,
        &format!("api:0.2.0@{}", delivered.digest("api", "0.1.0")),
    );
    let files: [(&str, String); 5] = [
        ("staging/b.yaml", deployment(&registry, "api:0.9.0")),
        (
            "staging/c.yaml",
            deployment(&registry, "api@sha256:pending"),
        ),
        ("staging/d.yaml", wrong_pair),
        (
            "production/e.yaml",
            format!("image:\n  repository: {registry}/acme/api\n  tag: 1.10\n"),
        ),
        (
            "production/f.yaml",
            format!("a: 1\nimage: {registry}/acme/api:0.1.0\n  b: 2\n"),
        ),
    ];
    let there: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    delivered.push_there(&there, "feat: faults");
    let run = fixture.run(&["check", "pins"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    run.assert_stderr(str![[r#"
       error [FOLDER]/deploy.git (main): production/f.yaml:3: [SERVER]/acme/api cannot be read: the text is not YAML, mapping values are not allowed in this context (line 3)
       error [FOLDER]/deploy.git (main): production/e.yaml:3: image says 1.10, which [SERVER]/acme/api does not serve
       error [FOLDER]/deploy.git (main): staging/b.yaml:5: spec.containers[0].image says 0.9.0, which [SERVER]/acme/api does not serve
       error [FOLDER]/deploy.git (main): staging/c.yaml:5: spec.containers[0].image says sha256:pending, which is no digest yet
       error [FOLDER]/deploy.git (main): staging/d.yaml:5: spec.containers[0].image says 0.2.0 and [DIGEST], but 0.2.0 is [DIGEST]
      Failed 5 faults in 2 pins

"#]]);
    let head = delivered.refs();
    let promote = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(promote.code, 3, "{}", promote.stderr);
    assert_eq!(
        delivered.refs(),
        head,
        "one file that cannot be edited keeps all from being pushed"
    );
}

/// Removes the image of one platform from the registry, and leaves the index that lists it.
fn remove_image(delivered: &Delivered, version: &str, arch: &str) {
    let registry = &delivered.fixture.registry;
    let digest = registry
        .digest("acme/api", &format!("b{version}-{arch}"))
        .unwrap();
    assert!(registry.delete_manifest("acme/api", &digest));
}

#[test]
fn law_15_an_index_is_served_with_its_images_or_not_at_all() {
    for arch in ["amd64", "arm64"] {
        let delivered = Delivered::new();
        let fixture = &delivered.fixture;
        fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
        fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
        remove_image(&delivered, "0.2.0", arch);
        let before = delivered.refs();
        // 0.2.0 ran before, and cannot run any more: the release that works is not blocked for it.
        for line in [
            &["rollback", "api", "--in", "staging"][..],
            &["rollback", "api", "--in", "staging", "--to", "0.2.0"],
            &["promote", "api", "--to", "staging", "--version", "0.2.0"],
        ] {
            let ran = fixture.run(line);
            assert_eq!(ran.code, 3, "{line:?}: {}", ran.stderr);
            assert_text(
                &ran.complaints().replace(arch, "[ARCH]"),
                str![[r#"
       error [SERVER]/acme/api:0.2.0 lists linux/[ARCH] as [DIGEST], which [SERVER]/acme/api does not serve
         try docker buildx imagetools inspect [SERVER]/acme/api:0.2.0

"#]],
            );
            assert_eq!(delivered.refs(), before, "{line:?}");
        }
        fixture.ok(&["check", "pins"]);

        // What runs is broken: it is found, and taken back all the same.
        remove_image(&delivered, "0.3.0", arch);
        let found = fixture.run(&["check", "pins"]);
        assert_eq!(found.code, 1, "{}", found.stderr);
        assert_text(
            &found.complaints().replace(arch, "[ARCH]"),
            str![[r#"
       error [FOLDER]/deploy.git (main): staging/api.yaml:5: spec.containers[0].image says [DIGEST], which lists linux/[ARCH] as [DIGEST], which [SERVER]/acme/api does not serve

"#]],
        );
        let promoted = fixture.run(&["promote", "api", "--to", "production"]);
        assert_eq!(promoted.code, 3, "{}", promoted.stderr);
        fixture.ok(&["rollback", "api", "--in", "staging", "--to", "0.1.0"]);
    }
}

#[test]
fn law_15_where_no_pin_was_looked_at_none_holds() {
    let delivered = with_config("");
    let ran = delivered.fixture.run(&["check", "pins"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error no [[pins]] are configured, so there is nothing to check
         try add [[pins]] with project, environment and file to xtask/monorepo.toml

"#]]);

    let delivered = Delivered::new();
    git_in(&delivered.there(), &["update-ref", "-d", "refs/heads/main"]);
    delivered.push_there(&[("README.md", "moved\n")], "feat: begin anew");
    let ran = delivered.fixture.run(&["check", "pins"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
       error [FOLDER]/deploy.git (main): staging/*.yaml: no file of [FOLDER]/deploy.git (main) fits this pattern
       error [FOLDER]/deploy.git (main): production/*.yaml: no file of [FOLDER]/deploy.git (main) fits this pattern
      Failed 2 faults in 2 pins

"#]]);
}

#[test]
fn of_a_pattern_other_files_may_be_of_something_else() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    delivered.push_there(
        &[
            ("staging/service.yaml", "kind: Service\n"),
            ("staging/template.yaml", "{{ if x }}\n"),
            ("staging/map.yaml", "name: api\n"),
        ],
        "feat: more",
    );
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    fixture.ok(&["check", "pins"]);
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("file = \"staging/*.yaml\"", "file = \"staging/s*.yaml\""),
    );
    let none = fixture.run(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    assert_eq!(none.code, 3, "{}", none.stderr);
    none.assert_stderr(str![[r#"
       error [FOLDER]/deploy.git (main): staging/s*.yaml: no file that fits this pattern names an image of [SERVER]/acme/api
         try edit the file, or its [[pins]] in the configuration
     Refused nothing was done

"#]]);
}

#[test]
fn a_configuration_that_makes_no_sense_is_a_usage_error_of_every_verb() {
    for (more, expected) in [
        (
            format!("{PIN}file = \"../x.yaml\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): file "../x.yaml" leaves the repository that it is in
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"/etc/x.yaml\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): file "/etc/x.yaml" leaves the repository that it is in
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.txt\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): file "x.txt": wanted a name that ends with .yaml, .yml, .json or .toml
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nwrite = \"sha\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): write is "sha", wanted "tag", "digest" or "tag@digest"
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nkey = \"a..b\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): key `a..b` is not a path of YAML keys: a part of it is empty
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nplatform = \"linux/riscv64\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): platform linux/riscv64 is none of api's: linux/amd64, linux/arm64
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"https://me:hunter2@host/x\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): git has a user in its address; leave that to git's credential helpers or GITHUB_TOKEN
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"--upload-pack=x\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): git is "--upload-pack=x", wanted the address of a repository
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"ext::sh -c x\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): git is "ext::sh -c x", wanted the address of a repository
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nbranch = \"a b\"\n"),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (api in staging): branch is "a b", which is no name of a branch
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[[pins]]\nproject = \"core\"\nenvironment = \"staging\"\nfile = \"x.yaml\"\n"
                .to_owned(),
            str![[r#"
       error xtask/monorepo.toml: pins[0] (core in staging): core has no image that a pin could name
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[environments.a]\nafter = \"b\"\n[environments.b]\nafter = \"a\"\n".to_owned(),
            str![[r#"
       error xtask/monorepo.toml: after goes in a circle: a → b → a
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            format!(
                "{PIN}file = \"x.yaml\"\n{}file = \"x.yaml\"\n",
                PIN.replace("staging", "production")
            ),
            str![[r#"
       error xtask/monorepo.toml: pins[1] (api in production): x.yaml of main is the pin of staging too, so what comes there runs in both at once
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
    ] {
        let delivered = with_config(&more);
        let run = delivered.fixture.run(&["versions"]);
        assert_eq!(run.code, 2, "{more}: {}", run.stderr);
        run.assert_stderr(expected);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    }
}

#[test]
fn words_of_the_call_that_name_nothing_are_usage_errors() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    for (line, expected) in [
        (
            vec!["promote", "api", "--to", "prodution"],
            str![[r#"
       error no environment is called `prodution`; did you mean `production`? (environments: staging, production)
         try name one of them, or write [environments.NAME]

"#]],
        ),
        (
            vec!["rollback", "api", "--in", "test"],
            str![[r#"
       error no environment is called `test` (environments: staging, production)
         try name one of them, or write [environments.NAME]

"#]],
        ),
        (
            vec!["promote", "nobody", "--to", "staging"],
            str![[r#"
       error no project is called `nobody` (projects: core, api, web)
         try cargo xtask versions

"#]],
        ),
        (
            vec!["promote", "web", "--to", "staging"],
            str![[r#"
       error no [[pins]] says what runs of web in staging
         try add [[pins]] with project = "web" and environment = "staging"

"#]],
        ),
        (
            vec!["promote", "api", "--to", "staging", "--version", "1.0"],
            str![[r#"
       error --version 1.0: `1.0` is not a SemVer version (unexpected end of input while parsing minor version number); wanted MAJOR.MINOR.PATCH, such as 1.2.0 or 1.2.0-rc.1
         try --version X.Y.Z

"#]],
        ),
        (
            vec!["unbar", "api", "--in", "staging", "sha256:12"],
            str![[r#"
       error "sha256:12" is no digest: wanted "sha256:" and 64 lower-case hexadecimal digits
         try the digest as the refusal names it: sha256:…

"#]],
        ),
    ] {
        let run = fixture.run(&line);
        assert_eq!(run.code, 2, "{line:?}: {}", run.stderr);
        run.assert_stderr(expected);
    }
}

#[test]
fn what_the_world_refuses_is_said_and_nothing_is_pushed() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let head = delivered.refs();
    let promote = ["promote", "api", "--to", "staging", "--version", "0.2.0"];
    // A version that the registry does not serve.
    let absent = fixture.run(&["promote", "api", "--to", "staging", "--version", "0.9.0"]);
    assert_eq!(absent.code, 3, "{}", absent.stderr);
    absent.assert_stderr(str![[r#"
       error the registry does not serve [SERVER]/acme/api:0.9.0
         try cargo xtask status api, which tells what is released; then the same line with one of those
     Refused nothing was done

"#]]);
    // Nor is one gone back to, and a release of what is in the files now would not bring it.
    let back = fixture.run(&["rollback", "api", "--in", "staging", "--to", "0.9.0"]);
    assert_eq!(back.code, 3, "{}", back.stderr);
    back.assert_stderr(str![[r#"
       error the registry does not serve [SERVER]/acme/api:0.9.0
         try cargo xtask status api, which tells what is released; then the same line with one of those
     Refused nothing was done

"#]]);
    // A branch that takes no push: the words of the server are shown.
    write_program(
        &delivered.there().join("hooks/pre-receive"),
        "#!/bin/sh\necho protected branch hook declined >&2\nexit 1\n",
    );
    let protected = fixture.run(&promote);
    assert_eq!(protected.code, 1, "{}", protected.stderr);
    protected.assert_stderr(str![[r#"
        todo pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (nothing comes before it)
      failed pin api in staging: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)
             [FOLDER]/deploy.git (main) takes no push: remote: protected branch hook declined; error: failed to push some refs to '[FOLDER]/deploy.git'; [remote rejected] (pre-receive hook declined); let it be pushed to, or write environments.staging.via = "pull-request"  [[DURATION]]
       error stopped after 0 of 1 steps; nothing is lost: what is done is found done by the next run
         try cargo xtask promote api --to staging --version 0.2.0, once the cause is mended

"#]]);
    assert_eq!(delivered.refs(), head);
    // Of two environments in one repository, that it cannot be read is said once.
    let gone = delivered.there().with_extension("gone");
    std::fs::rename(delivered.there(), &gone).unwrap();
    let unread = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(
        (unread.code, unread.stderr.matches("cannot be read").count()),
        (3, 1),
        "{}",
        unread.stderr
    );
    std::fs::rename(&gone, delivered.there()).unwrap();
    // A link, be it to a file within or outside of the repository.
    let hand = fixture.folder().join("with-a-link");
    git_in(
        &fixture.folder(),
        &[
            "clone",
            "--quiet",
            delivered.there().to_str().unwrap(),
            "with-a-link",
        ],
    );
    std::os::unix::fs::symlink("/etc/passwd", hand.join("staging/z.yaml")).unwrap();
    std::fs::remove_file(delivered.there().join("hooks/pre-receive")).unwrap();
    git_in(&hand, &["add", "--all"]);
    git_in(
        &hand,
        &[
            "-c",
            "user.name=Hand",
            "-c",
            "user.email=h@localhost",
            "commit",
            "--quiet",
            "--message",
            "feat: a link",
        ],
    );
    git_in(&hand, &["push", "--quiet", "origin", "main"]);
    let link = fixture.run(&promote);
    assert_eq!(link.code, 3, "{}", link.stderr);
    link.assert_stderr(str![[r#"
       error [FOLDER]/deploy.git (main): staging/z.yaml: staging/z.yaml is a symbolic link; name the file that it leads to
         try edit the file, or its [[pins]] in the configuration
     Refused nothing was done

"#]]);
    // No such branch, and no such repository.
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace(
            "file = \"staging/*.yaml\"\n",
            "file = \"staging/*.yaml\"\nbranch = \"other\"\n",
        ),
    );
    let branch = fixture.run(&promote);
    assert_eq!(branch.code, 3, "{}", branch.stderr);
    branch.assert_stderr(str![[r#"
       error [FOLDER]/deploy.git has no branch other
         try git ls-remote --heads [FOLDER]/deploy.git
     Refused nothing was done

"#]]);
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("deploy.git", "nowhere.git"),
    );
    let nowhere = fixture.run(&promote);
    assert_eq!(nowhere.code, 3, "{}", nowhere.stderr);
    nowhere.assert_stderr(str![[r#"
       error [FOLDER]/nowhere.git (main) cannot be read: fatal: '[FOLDER]/nowhere.git' does not appear to be a git repository; fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
         try git ls-remote --heads [FOLDER]/nowhere.git
     Refused nothing was done

"#]]);
    // A registry that cannot be read is not one without the release.
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace(&fixture.registry.address(), "127.0.0.1:1"),
    );
    delivered.push_there(
        &[("staging/api.yaml", &deployment("127.0.0.1:1", "api:0.1.0"))],
        "fix: another registry",
    );
    let away = fixture.run(&promote);
    assert_eq!(away.code, 3, "{}", away.stderr);
}

/// Where git is set up to sign, the commit is signed, with the user's own key of this repository.
#[test]
fn a_commit_is_signed_where_git_is_set_up_so() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let key = fixture.folder().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
            "missing ssh-keygen"
        );
        println!("skipped: there is no ssh-keygen");
        return;
    }
    for (name, value) in [
        ("gpg.format", "ssh"),
        ("user.signingKey", key.to_str().unwrap()),
        ("commit.gpgSign", "true"),
    ] {
        fixture.git(&["config", name, value]);
    }
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    assert!(
        git_in(&delivered.there(), &["cat-file", "commit", "main"])
            .contains("-----BEGIN SSH SIGNATURE-----")
    );
    fixture.git(&[
        "config",
        "user.signingKey",
        fixture.folder().join("gone").to_str().unwrap(),
    ]);
    let head = delivered.refs();
    let unsigned = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(unsigned.code, 3, "{}", unsigned.stderr);
    assert!(
        unsigned.stderr.contains("git cannot sign a commit"),
        "{}",
        unsigned.stderr
    );
    let planned = fixture.run(&["promote", "api", "--to", "production", "--dry-run"]);
    assert!(
        planned.stderr.contains("commits are signed by git"),
        "{}",
        planned.stderr
    );
    assert_eq!(
        delivered.refs(),
        head,
        "without a signature nothing is pushed"
    );
}

/// One repository, one file, pins by key: two of them make one commit, and each key is what it is told.
#[test]
fn pins_by_key_in_one_file_are_one_commit() {
    let delivered = with_config("");
    let fixture = &delivered.fixture;
    let two = delivered.release("api", "0.2.0");
    let pins: String = [
        ("images[name=api]", "tag@digest"),
        ("extra.amd", "digest\"\nplatform = \"linux/amd64"),
    ]
    .map(|(key, write)| {
        format!(
            "{PIN}git = \"{}\"\nfile = \"k.yaml\"\nkey = \"{key}\"\nwrite = \"{write}\"\n",
            delivered.there().display()
        )
    })
    .concat();
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{}{pins}", fixture.read("xtask/monorepo.toml")),
    );
    let zeros = format!("sha256:{}", "0".repeat(64));
    let text = format!(
        "images: # all\n- {{name: api, newTag: 0.1.0, digest: \"{zeros}\"}}\nextra: {{amd: '{zeros}'}}\n"
    );
    delivered.push_there(&[("k.yaml", &text)], "feat: begin");
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    let amd = delivered.digest("api", "b0.2.0-amd64");
    assert_eq!(
        delivered.file("k.yaml"),
        format!(
            "images: # all\n- {{name: api, newTag: 0.2.0, digest: \"{two}\"}}\nextra: {{amd: '{amd}'}}\n"
        )
    );
    assert_eq!(delivered.subjects().len(), 2);
}

/// An environment whose pins are in two repositories: what was cut off between them is finished by the same line.
#[test]
fn a_rollback_that_was_cut_off_between_two_repositories_is_finished() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let second = fixture.folder().join("second.git");
    git_in(
        &fixture.folder(),
        &[
            "clone",
            "--quiet",
            "--bare",
            delivered.there().to_str().unwrap(),
            second.to_str().unwrap(),
        ],
    );
    let more = format!(
        "{PIN}git = \"{}\"\nfile = \"staging/api.yaml\"\n",
        second.display()
    );
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{}{more}", fixture.read("xtask/monorepo.toml")),
    );
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    write_program(&second.join("hooks/pre-receive"), "#!/bin/sh\nexit 1\n");
    assert_eq!(fixture.run(&["rollback", "api", "--in", "staging"]).code, 1);
    std::fs::remove_file(second.join("hooks/pre-receive")).unwrap();
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");
    for repository in [delivered.there(), second.clone()] {
        assert!(git_in(&repository, &["show", "main:staging/api.yaml"]).contains(&one));
        assert!(git_in(&repository, &["show", "main:.xtask/barred.toml"]).contains(&two));
        assert_eq!(
            git_in(&repository, &["log", "--format=%s", "main"])
                .lines()
                .count(),
            3
        );
    }
    let heads = (delivered.refs(), git_in(&second, &["for-each-ref"]));
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    assert_eq!(
        (delivered.refs(), git_in(&second, &["for-each-ref"])),
        heads
    );
}
