//! `status` of environments, and `doctor` of the repositories that say what runs: every state that a pin can be in.

use crate::support;
use crate::support::delivery::{Delivered, deployment};
use crate::support::git_in;
use serde_json::Value;
use snapbox::str;

/// The environments of `api`; asking changes nothing.
fn environments(delivered: &Delivered) -> Vec<Value> {
    let before = (delivered.fixture.state(), delivered.refs());
    let document = delivered.fixture.json(&["status", "api"]);
    assert_eq!(document.code, 0, "{document:#}");
    assert_eq!(
        (delivered.fixture.state(), delivered.refs()),
        before,
        "law 13: a report changed something"
    );
    document["projects"][0]["environments"]
        .as_array()
        .unwrap_or_else(|| panic!("{document:#}"))
        .clone()
}

fn drift(environment: &Value) -> String {
    environment["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_release_is_followed_through_its_environments() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let two = delivered.digest("api", "0.2.0");
    let first = environments(&delivered);
    let names: Vec<_> = first
        .iter()
        .map(|found| found["environment"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["staging", "production"]);
    for found in &first {
        assert_eq!(
            (
                found["version"].as_str(),
                found["drift"].as_array().unwrap().len()
            ),
            (Some("0.1.0"), 0),
            "{found:#}"
        );
        assert_eq!(found["came"]["by"], "Hand", "{found:#}");
        assert_eq!(
            (&found["came"]["action"], &found["next"]),
            (&Value::Null, &Value::Null),
            "{found:#}"
        );
    }
    assert_eq!(first[0]["why"], "there is no release yet");

    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    let head = git_in(
        &delivered.there(),
        &["log", "-1", "--format=%H %cI", "main"],
    );
    let (commit, _) = head.trim().split_once(' ').unwrap();
    let ahead = environments(&delivered);
    assert_eq!(
        (ahead[0]["version"].as_str(), ahead[0]["digest"].as_str()),
        (Some("0.2.0"), Some(two.as_str()))
    );
    let came = &ahead[0]["came"];
    assert_eq!(
        (&came["commit"], &came["by"], &came["action"]),
        (&commit.into(), &"Test".into(), &"promote".into()),
        "{came}"
    );
    assert!(came["since"].as_str().unwrap().ends_with('Z'), "{came}");
    assert_eq!(ahead[1]["next"], "cargo xtask promote api --to production");
    let ran = fixture.ok(&["status", "api"]);
    let row = ran
        .stdout
        .lines()
        .find(|line| line.contains("staging"))
        .unwrap();
    assert!(
        row.contains("0.2.0")
            && row.contains(&two[..15])
            && row.contains("Test")
            && row.contains(&commit[..7]),
        "{}",
        ran.stdout
    );
    ran.assert_stderr(str![[r#"
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
        note api in production: 0.2.0 stands in staging (cargo xtask promote api --to production)

"#]]);

    // The line that is told is the one that does it; then nothing is told.
    fixture.ok(&["promote", "api", "--to", "production"]);
    assert_eq!(environments(&delivered)[1]["next"], Value::Null);

    fixture.ok(&["rollback", "api", "--in", "production", "--why", "it burns"]);
    let back = &environments(&delivered)[1];
    assert_eq!(
        (back["version"].as_str(), &back["came"]["action"]),
        (Some("0.1.0"), &"rollback".into())
    );
    assert_eq!(
        (&back["barred"][0]["digest"], &back["barred"][0]["why"]),
        (&two.as_str().into(), &"it burns".into())
    );
    assert!(
        back["why"]
            .as_str()
            .unwrap()
            .contains(&format!("cargo xtask unbar api --in production {two}")),
        "{back:#}"
    );
    assert_eq!(back["next"], Value::Null);
}

#[test]
fn what_does_not_hold_is_told_with_its_place() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    let registry = fixture.registry.address();
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");
    let three = delivered.digest("api", "0.3.0");

    // Other words of the file, changed by hand, are nobody's business here.
    let other = delivered
        .file("staging/api.yaml")
        .replace("nginx:1.27", "nginx:1.28");
    delivered.push_there(&[("staging/api.yaml", &other)], "fix: nginx");
    let found = &environments(&delivered)[0];
    assert_eq!(
        (drift(found).as_str(), found["came"]["action"].as_str()),
        ("", Some("promote"))
    );

    let by_hand = deployment(&registry, &format!("api:0.3.0@{three}"));
    delivered.push_there(&[("staging/api.yaml", &by_hand)], "chore: by hand");
    let commit = git_in(&delivered.there(), &["rev-parse", "main"])
        .trim()
        .to_owned();
    delivered.push_there(
        &[(
            "staging/api.yaml",
            &by_hand.replace("nginx:1.27", "nginx:1.29"),
        )],
        "fix: nginx again",
    );
    let found = &environments(&delivered)[0];
    assert!(
        drift(found).contains("changed by hand since ")
            && drift(found).contains(&format!("which said 0.2.0 {two}")),
        "{found:#}"
    );
    assert_eq!(
        (&found["came"]["commit"], &found["came"]["action"]),
        (&commit.as_str().into(), &Value::Null),
        "{found:#}"
    );

    // A tag that is another digest, a digest that is still open, one that nobody serves, and pins of two minds.
    for (image, also, wanted) in [
        (
            format!("api:0.3.0@{one}"),
            None,
            format!(
                "staging/api.yaml:5: spec.containers[0].image says 0.3.0 and {one}, but 0.3.0 is {three}"
            ),
        ),
        (
            "api:0.3.0@sha256:pending".to_owned(),
            None,
            "says sha256:pending, which is no digest yet".to_owned(),
        ),
        (
            format!("api@sha256:{}", "0".repeat(64)),
            None,
            "does not serve".to_owned(),
        ),
        (
            format!("api:0.3.0@{three}"),
            Some(format!("api:0.2.0@{two}")),
            "the pins do not say one release: 0.2.0 sha256:".to_owned(),
        ),
    ] {
        let also = also.unwrap_or_else(|| image.clone());
        let files = [
            ("staging/api.yaml", deployment(&registry, &image)),
            ("staging/two.yaml", deployment(&registry, &also)),
        ];
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (*path, text.as_str()))
            .collect();
        delivered.push_there(&files, "chore: by hand");
        let found = &environments(&delivered)[0];
        assert!(drift(found).contains(&wanted), "{wanted}: {found:#}");
    }
    // A pattern that fits no file any more is the configuration's doing.
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("staging/*.yaml", "elsewhere/*.yaml"),
    );
    let lost = &environments(&delivered)[0];
    assert!(
        drift(lost).contains("elsewhere/*.yaml: no file of") && !drift(lost).contains("by hand"),
        "{lost:#}"
    );
    fixture.write("xtask/monorepo.toml", &config);
    let ran = fixture.ok(&["status", "api"]);
    ran.assert_stdout(str![[r#"
project  version  what                                  is            holds
api      0.1.0    release                               no candidate
api      0.1.0    [SERVER]/acme/api:0.1.0-amd64  absent
api      0.1.0    [SERVER]/acme/api:0.1.0-arm64  absent
api      0.1.0    [SERVER]/acme/api:0.1.0        there         [DIGEST]
api      0.1.0    api-v0.1.0                            absent
api               releases                              0
project  environment  runs             digest               since                 by    commit   how      passed
api      staging      not one release                       [TIMESTAMP]  Hand  [SHORT]  by hand
api      production   0.1.0            [DIGEST]  [TIMESTAMP]  Hand  [SHORT]  by hand

"#]]);
    ran.assert_stderr(str![[r#"
        note api 0.1.0: no candidate (cargo xtask tag api --rc --push && cargo xtask build api --push)
     warning api in staging: the pins do not say one release: 0.2.0 [DIGEST] and 0.3.0 [DIGEST]
     warning api in staging: [FOLDER]/deploy.git (main): changed by hand since [SHORT] of [TIMESTAMP], which said 0.2.0 [DIGEST]

"#]]);
}

#[test]
fn law_15_what_cannot_be_read_is_unknown_and_the_rest_is_told() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let (before, after) = config.split_once("environment = \"production\"\n").unwrap();
    fixture.write(
        "xtask/monorepo.toml",
        &format!(
            "{before}environment = \"production\"\n{}",
            after.replace("deploy.git", "nowhere.git")
        ),
    );
    let found = environments(&delivered);
    assert_eq!(
        (found[0]["version"].as_str(), &found[0]["unknown"]),
        (Some("0.1.0"), &Value::Null)
    );
    assert!(
        found[1]["unknown"]
            .as_str()
            .unwrap()
            .contains("nowhere.git (main) cannot be read"),
        "{:#}",
        found[1]
    );
    assert_eq!(
        (&found[1]["version"], &found[1]["next"]),
        (&Value::Null, &Value::Null)
    );
    let ran = fixture.ok(&["status", "api"]);
    ran.assert_stderr(str![[r#"
        note api 0.1.0: no candidate (git add --all && git commit, or git stash --include-untracked)
       error api in production is unknown: [FOLDER]/nowhere.git (main) cannot be read: fatal: '[FOLDER]/nowhere.git' does not appear to be a git repository; fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
         try cargo xtask doctor

"#]]);
    ran.assert_stdout(str![[r#"
project  version  what                                  is            holds
api      0.1.0    release                               no candidate
api      0.1.0    [SERVER]/acme/api:0.1.0-amd64  absent
api      0.1.0    [SERVER]/acme/api:0.1.0-arm64  absent
api      0.1.0    [SERVER]/acme/api:0.1.0        there         [DIGEST]
api      0.1.0    api-v0.1.0                            absent
api               releases                              0
project  environment  runs     digest               since                 by    commit   how      passed
api      staging      0.1.0    [DIGEST]  [TIMESTAMP]  Hand  [SHORT]  by hand
api      production   unknown

"#]]);
    // A registry that is away leaves what stands in Git as it is.
    fixture.write("xtask/monorepo.toml", &config);
    fixture.registry.plan_fault(
        monorelease_stand_ins::registry::Fault::status("", "/v2/acme/api/", 403).times(1000),
    );
    let away = environments(&delivered);
    assert_eq!(
        (
            away[0]["version"].as_str(),
            away[0]["drift"].as_array().unwrap().len()
        ),
        (Some("0.1.0"), 0)
    );
    assert!(
        away[0]["unchecked"].as_str().unwrap().contains("403"),
        "{:#}",
        away[0]
    );
    // Without pins there is nothing to tell.
    let document = fixture.json(&["status", "core"]);
    assert_eq!(document["projects"][0]["environments"], Value::Null);
}

#[test]
fn a_branch_is_fetched_once_for_all_environments_of_it() {
    let delivered = Delivered::new();
    let shims = delivered.fixture.folder().join("shims");
    let log = delivered.fixture.folder().join("calls");
    let git = String::from_utf8(
        std::process::Command::new("which")
            .arg("git")
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    let text = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nexec {} \"$@\"\n",
        log.display(),
        git.trim()
    );
    support::programs::write_program(&shims.join("git"), &text);
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    delivered
        .fixture
        .ok(&["promote", "api", "--to", "staging", "--version", "0.2.0"]);
    delivered
        .fixture
        .ok(&["promote", "api", "--to", "production"]);
    assert_eq!(
        delivered
            .fixture
            .run_with(&["status", "api"], &[("PATH", &path)])
            .code,
        0
    );
    let calls = std::fs::read_to_string(&log).unwrap();
    let fetches: Vec<_> = calls
        .lines()
        .filter(|line| line.contains(" fetch "))
        .collect();
    // One for where it stands now, one for what the pins of all environments say, and one for how it came there.
    assert_eq!(fetches.len(), 3, "{calls}");
}

/// The finding about something, of `doctor`.
fn finding(delivered: &Delivered, what: &str) -> Value {
    let document = delivered.fixture.json(&["doctor"]);
    let findings = document["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|finding| finding["what"].as_str().unwrap().starts_with(what));
    found
        .unwrap_or_else(|| panic!("{what}: {document:#}"))
        .clone()
}

#[test]
fn doctor_asks_the_repositories_that_say_what_runs() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let head = delivered.refs();
    assert_eq!(
        finding(&delivered, "environments")["found"],
        "staging, production after staging"
    );
    assert_eq!(
        finding(&delivered, "pins in ")["found"],
        "2 references of 2 pins"
    );
    let push = finding(&delivered, "a push to ");
    assert_eq!(
        (&push["ok"], &push["found"]),
        (&true.into(), &"would be taken".into()),
        "{push}"
    );
    assert_eq!(delivered.refs(), head);

    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("production/*.yaml", "nothing/*.yaml"),
    );
    let lost = finding(&delivered, "pins in ");
    assert!(
        lost["found"]
            .as_str()
            .unwrap()
            .contains("nothing/*.yaml: no file of")
            && lost["fix"].is_string(),
        "{lost}"
    );
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("deploy.git", "nowhere.git"),
    );
    let away = finding(&delivered, "pins in ");
    assert!(
        away["found"].as_str().unwrap().contains("cannot be read"),
        "{away}"
    );
    assert!(
        away["fix"]
            .as_str()
            .unwrap()
            .starts_with("git ls-remote --heads"),
        "{away}"
    );
    let staging = config.replace("environment = \"staging\"", "environment = \"production\"");
    fixture.write("xtask/monorepo.toml", &staging);
    let order = finding(&delivered, "environments");
    assert!(
        order["found"]
            .as_str()
            .unwrap()
            .contains("none in staging, through which alone production is reached"),
        "{order}"
    );
    assert_eq!(
        order["fix"],
        "add [[pins]] with project = \"api\" and environment = \"staging\""
    );

    // One may read and not write: only those who deliver need more.
    fixture.write("xtask/monorepo.toml", &config);
    let shims = fixture.folder().join("shims");
    let git = String::from_utf8(
        std::process::Command::new("which")
            .arg("git")
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    let ask = "case \" $* \" in *' push --dry-run'*) echo 'remote: 403' >&2; exit 128;; esac";
    support::programs::write_program(
        &shims.join("git"),
        &format!("#!/bin/sh\n{ask}\nexec {} \"$@\"\n", git.trim()),
    );
    let path = format!("{}:{}", shims.display(), std::env::var("PATH").unwrap());
    let ran = fixture.run_with(&["doctor"], &[("PATH", &path)]);
    ran.assert_stderr(str![[r#"
     warning trivy: not on the PATH; wanted for scanning images before they are pushed (to mend: install trivy, or grype)
     warning grype: not on the PATH; wanted for scanning images before they are pushed (to mend: install grype, or trivy)
     warning a push to [FOLDER]/deploy.git (main): remote: 403 (to mend: set DELIVERY_TOKEN, or give the account that git uses the right to push there)

"#]]);
}

/// A release of one pin that says a tag alone.
fn tags_alone() -> Delivered {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &config.replace("/*.yaml\"\n", "/*.yaml\"\nwrite = \"tag\"\n"),
    );
    let text = deployment(&fixture.registry.address(), "api:0.1.0");
    delivered.push_there(
        &[("staging/api.yaml", &text), ("production/api.yaml", &text)],
        "feat: tags",
    );
    for version in ["0.1.0", "0.2.0"] {
        fixture.ok(&["promote", "api", "--to", "staging", "--version", version]);
    }
    delivered
}

/// Gives a release's name to another image, as a push from somewhere else does.
fn move_tag(delivered: &Delivered, tag: &str, to: &str) {
    let registry = &delivered.fixture.registry;
    let (media_type, bytes) = registry.manifest("acme/api", to).unwrap();
    let url = format!("http://{}/v2/acme/api/manifests/{tag}", registry.address());
    ureq::put(&url)
        .header("Content-Type", &media_type)
        .send(&bytes[..])
        .unwrap();
}

#[test]
fn law_8_a_tag_that_was_moved_since_is_told_and_brings_other_bytes_nowhere() {
    let delivered = tags_alone();
    let fixture = &delivered.fixture;
    let [one, two, three] =
        ["0.1.0", "0.2.0", "0.3.0"].map(|version| delivered.digest("api", version));
    assert_eq!(drift(&environments(&delivered)[0]), "");
    fixture.ok(&["promote", "api", "--to", "production", "--dry-run"]);
    move_tag(&delivered, "0.2.0", "0.3.0");
    let found = &environments(&delivered)[0];
    assert!(
        drift(found).contains(&format!("says 0.2.0 and {two}, but 0.2.0 is {three}")),
        "{found:#}"
    );
    let before = delivered.refs();
    let ran = fixture.run(&["promote", "api", "--to", "production", "--yes"]);
    assert_eq!((ran.code, delivered.refs()), (3, before), "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, [FOLDER]/deploy.git (main)  (it stands in staging)
       error api 0.2.0 was [DIGEST] when it came to staging, and is [DIGEST] by now: its tag was moved
         try crane tag [SERVER]/acme/api@[DIGEST] 0.2.0, which moves it back; or release what is meant under a new version
     Refused nothing was done

"#]]);
    assert!(
        ran.stderr.contains(&two) && ran.stderr.contains(&three),
        "{}",
        ran.stderr
    );
    // What is taken back is what was brought, whatever its tag is now; and what was there is not another image of that name.
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    assert!(
        delivered.file(".xtask/barred.toml").contains(&two),
        "{}",
        delivered.file(".xtask/barred.toml")
    );
    move_tag(&delivered, "0.2.0", "0.1.0");
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    move_tag(&delivered, "0.1.0", "0.3.0");
    let before = delivered.refs();
    let ran = fixture.run(&["rollback", "api", "--in", "staging"]);
    assert_eq!((ran.code, delivered.refs()), (3, before), "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        note api: staging runs 0.1.0 already, and it is not barred
       error api 0.1.0 was [DIGEST] when it came to staging, and is [DIGEST] by now: its tag was moved
         try crane tag [SERVER]/acme/api@[DIGEST] 0.1.0, which moves it back; or release what is meant under a new version
     Refused nothing was done

"#]]);
    assert!(ran.stderr.contains(&one), "{}", ran.stderr);
}
