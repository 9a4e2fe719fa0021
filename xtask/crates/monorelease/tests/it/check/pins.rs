//! `check pins`, and everything that can be wrong with pins, environments and their repositories: each is said with its file
//! and line, has its exit code, and nothing is pushed.

use crate::support::delivery::{Delivered, deployment};
use crate::support::git_in;
use crate::support::programs::write_program;

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
    let files: [(&str, String, &str); 5] = [
        (
            "staging/b.yaml",
            deployment(&registry, "api:0.9.0"),
            "staging/b.yaml:5: spec.containers[0].image says 0.9.0, which",
        ),
        (
            "staging/c.yaml",
            deployment(&registry, "api@sha256:pending"),
            "staging/c.yaml:5: spec.containers[0].image says sha256:pending, which is no digest yet",
        ),
        (
            "staging/d.yaml",
            wrong_pair,
            "staging/d.yaml:5: spec.containers[0].image says 0.2.0 and sha256:",
        ),
        (
            "production/e.yaml",
            format!("image:\n  repository: {registry}/acme/api\n  tag: 1.10\n"),
            "production/e.yaml:3: image.tag is the number 1.10",
        ),
        (
            "production/f.yaml",
            format!("a: 1\nimage: {registry}/acme/api:0.1.0\n  b: 2\n"),
            "production/f.yaml:",
        ),
    ];
    let there: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text, _)| (*path, text.as_str()))
        .collect();
    delivered.push_there(&there, "feat: faults");
    let run = fixture.run(&["check", "pins"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for (_, _, said) in &files {
        assert!(
            run.stderr.contains(said),
            "{said:?} is not in {}",
            run.stderr
        );
    }
    let head = delivered.refs();
    let promote = fixture.run(&["promote", "api", "--to", "production"]);
    assert_eq!(promote.code, 3, "{}", promote.stderr);
    assert_eq!(
        delivered.refs(),
        head,
        "one file that cannot be edited keeps all from being pushed"
    );
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
    assert!(
        none.stderr
            .contains("staging/s*.yaml: no file that fits this pattern names an image of"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_configuration_that_makes_no_sense_is_a_usage_error_of_every_verb() {
    for (more, said) in [
        (
            format!("{PIN}file = \"../x.yaml\"\n"),
            "leaves the repository",
        ),
        (
            format!("{PIN}file = \"/etc/x.yaml\"\n"),
            "leaves the repository",
        ),
        (
            format!("{PIN}file = \"x.txt\"\n"),
            "ends with .yaml, .yml, .json or .toml",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nwrite = \"sha\"\n"),
            "wanted \"tag\", \"digest\" or \"tag@digest\"",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nkey = \"a..b\"\n"),
            "is not a path of YAML keys",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nplatform = \"linux/riscv64\"\n"),
            "is none of api's: linux/amd64, linux/arm64",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"https://me:hunter2@host/x\"\n"),
            "has a user in its address",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"--upload-pack=x\"\n"),
            "wanted the address of a repository",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\ngit = \"ext::sh -c x\"\n"),
            "wanted the address of a repository",
        ),
        (
            format!("{PIN}file = \"x.yaml\"\nbranch = \"a b\"\n"),
            "no name of a branch",
        ),
        (
            "[[pins]]\nproject = \"core\"\nenvironment = \"staging\"\nfile = \"x.yaml\"\n"
                .to_owned(),
            "core has no image",
        ),
        (
            "[environments.a]\nafter = \"b\"\n[environments.b]\nafter = \"a\"\n".to_owned(),
            "after goes in a circle: a → b → a",
        ),
        (
            format!(
                "{PIN}file = \"x.yaml\"\n{}file = \"x.yaml\"\n",
                PIN.replace("staging", "production")
            ),
            "pins[1] (api in production): x.yaml of main is the pin of staging too",
        ),
    ] {
        let delivered = with_config(&more);
        let run = delivered.fixture.run(&["versions"]);
        assert_eq!(run.code, 2, "{more}: {}", run.stderr);
        assert!(
            run.stderr.contains(said) && !run.stderr.contains("hunter2"),
            "{more}: {}",
            run.stderr
        );
    }
}

#[test]
fn words_of_the_call_that_name_nothing_are_usage_errors() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    for (line, said) in [
        (
            vec!["promote", "api", "--to", "prodution"],
            "did you mean `production`?",
        ),
        (
            vec!["rollback", "api", "--in", "test"],
            "environments: staging, production",
        ),
        (
            vec!["promote", "nobody", "--to", "staging"],
            "no project is called `nobody`",
        ),
        (
            vec!["promote", "web", "--to", "staging"],
            "no [[pins]] says what runs of web in staging",
        ),
        (
            vec!["promote", "api", "--to", "staging", "--version", "1.0"],
            "--version 1.0",
        ),
        (
            vec!["unbar", "api", "--in", "staging", "sha256:12"],
            "is no digest",
        ),
    ] {
        let run = fixture.run(&line);
        assert_eq!(run.code, 2, "{line:?}: {}", run.stderr);
        assert!(
            run.stderr.contains(said) && run.stderr.contains("try"),
            "{line:?}: {}",
            run.stderr
        );
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
    assert!(
        absent.stderr.contains("does not serve") && absent.stderr.contains("acme/api:0.9.0"),
        "{}",
        absent.stderr
    );
    // Nor is one gone back to, and a release of what is in the files now would not bring it.
    let back = fixture.run(&["rollback", "api", "--in", "staging", "--to", "0.9.0"]);
    assert_eq!(back.code, 3, "{}", back.stderr);
    assert!(
        back.stderr.contains("does not serve")
            && back.stderr.contains("try cargo xtask status api,"),
        "{}",
        back.stderr
    );
    // A branch that takes no push: the words of the server are shown.
    write_program(
        &delivered.there().join("hooks/pre-receive"),
        "#!/bin/sh\necho protected branch hook declined >&2\nexit 1\n",
    );
    let protected = fixture.run(&promote);
    assert_eq!(protected.code, 1, "{}", protected.stderr);
    assert!(
        [
            "takes no push",
            "protected branch hook declined",
            "via = \"pull-request\""
        ]
        .iter()
        .all(|words| protected.stderr.contains(words)),
        "{}",
        protected.stderr
    );
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
    assert!(
        link.stderr.contains("staging/z.yaml is a symbolic link"),
        "{}",
        link.stderr
    );
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
    assert!(
        branch.stderr.contains("has no branch other"),
        "{}",
        branch.stderr
    );
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("deploy.git", "nowhere.git"),
    );
    let nowhere = fixture.run(&promote);
    assert_eq!(nowhere.code, 3, "{}", nowhere.stderr);
    assert!(
        nowhere.stderr.contains("nowhere.git (main) cannot be read"),
        "{}",
        nowhere.stderr
    );
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
    assert_eq!(unsigned.code, 1, "{}", unsigned.stderr);
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
