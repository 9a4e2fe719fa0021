//! `check argocd`: manifests as people write them, tags in a real registry's listing, and what an updater would make of both.

use crate::support::Report;
use crate::support::delivery::Delivered;
use crate::support::snapshots::assert_text;
use snapbox::str;

const ANNOTATION: &str = "argocd-image-updater.argoproj.io";

/// A service with two releases and the build of one of them, followed by an Application with these annotations.
fn followed(annotations: &[(&str, &str)]) -> Delivered {
    let delivered = Delivered::with("[argocd]\napplications = [\"argocd/*.yaml\"]\n", &[]);
    for version in ["0.1.0", "0.2.0"] {
        delivered.release("api", version);
    }
    let address = delivered.fixture.registry.address();
    let lines: String = annotations
        .iter()
        .map(|(key, value)| {
            format!(
                "    {ANNOTATION}/{key}: {}\n",
                value.replace("REGISTRY", &address)
            )
        })
        .collect();
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: api\n  annotations:\n    unrelated: x\n{lines}spec:\n  project: default\n"
    );
    delivered.fixture.write("argocd/api.yaml", &text);
    delivered.fixture.git(&["add", "--all"]);
    delivered.fixture.commit_all("feat: an application");
    delivered
}

fn check(delivered: &Delivered) -> (Report, String) {
    let before = delivered.fixture.state();
    let document = delivered.fixture.json(&["check", "argocd"]);
    assert_eq!(
        delivered.fixture.state(),
        before,
        "law 13: a check changed something"
    );
    let told = document["told"].as_array().map(|told| {
        told.iter()
            .map(|told| {
                format!(
                    "{} {}: {}",
                    told["trap"],
                    told["place"].as_str().unwrap(),
                    told["what"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    });
    let told = told.unwrap_or_default().join("\n");
    (document, told)
}

#[test]
fn a_sound_application_is_told_with_what_it_takes_now_and_next() {
    let delivered = followed(&[
        ("image-list", "api=REGISTRY/acme/api:0.x, nginx=nginx:~1.26"),
        ("api.update-strategy", "semver"),
        ("api.allow-tags", r"'regexp:^[0-9]+\.[0-9]+\.[0-9]+$'"),
        ("api.helm.image-tag", "image.tag"),
        ("nginx.update-strategy", "semver"),
    ]);
    let (report, told) = check(&delivered);
    assert_eq!(
        (report.code, report["others"].as_u64()),
        (0, Some(1)),
        "{report:#}"
    );
    let image = &report["images"][0];
    assert_eq!(
        (&image["now"], &image["after"], &image["version"]),
        (&"0.2.0".into(), &"0.2.0".into(), &"0.1.0".into()),
        "{image}"
    );
    assert_eq!(image["place"], "argocd/api.yaml:7");
    assert!(
        told.starts_with("false argocd/api.yaml:7: a rollback would not stay"),
        "{told}"
    );
    // A version in the tree that is not released yet is what comes next.
    delivered.fixture.ok(&["bump", "0.3.0", "api", "--commit"]);
    let (report, _) = check(&delivered);
    assert_eq!(
        (&report["images"][0]["now"], &report["images"][0]["after"]),
        (&"0.2.0".into(), &"0.3.0".into())
    );
    let ran = delivered.fixture.ok(&["check", "argocd"]);
    ran.assert_stdout(str![[r#"
place              application  project  strategy  takes now  version  takes after its release
argocd/api.yaml:7  api          api      semver    0.2.0      0.3.0    0.3.0

"#]]);
    ran.assert_stderr(str![[r#"
        note argocd/api.yaml:7: a rollback would not stay: the updater takes the same tag again until ignore-tags names it (argocd-image-updater#1249)
    Finished no trap in 1 images of ours and 1 others in 1 files

"#]]);
}

#[test]
fn each_trap_is_told_with_its_line() {
    const LIST: (&str, &str) = ("image-list", "api=REGISTRY/acme/api");
    for (annotations, wanted) in [
        // The builds of `Delivered` are b0.1.0-amd64 and so on.
        (
            vec![LIST, ("api.update-strategy", "alphabetical")],
            "true argocd/api.yaml:7: alphabetical takes b0.2.0-arm64 now, which is the name of no release",
        ),
        (
            vec![LIST, ("api.update-strategy", "newest-build")],
            "true argocd/api.yaml:7: newest-build takes b0.2.0-arm64 now",
        ),
        (
            vec![LIST, ("api.update-strategy", "name")],
            "false argocd/api.yaml:8: name is called alphabetical now",
        ),
        (
            vec![LIST, ("api.update-strategy", "semvre")],
            "true argocd/api.yaml:8: \"semvre\" is no update strategy, and the updater takes semver; did you mean `semver`?",
        ),
        (
            vec![LIST, ("api.allow-tags", "regexp:^v[0-9]+")],
            "true argocd/api.yaml:7: none of our tags would be taken, not even 0.1.0 after its release; our tags have no `v`",
        ),
        (
            vec![LIST, ("api.allow-tags", "'regexp:^[0-9'")],
            "true argocd/api.yaml:8: the regular expression cannot be read",
        ),
        (
            vec![LIST, ("api.allow-tags", "^[0-9]+")],
            "is no match function; wanted `any` or `regexp:EXPRESSION`",
        ),
        (
            vec![LIST, ("api.ignore-tags", "'*'")],
            "none of our tags would be taken",
        ),
        (
            vec![LIST, ("api.update-strategy", "digest")],
            "true argocd/api.yaml:7: digest follows one tag, and",
        ),
        (
            vec![("image-list", "api=REGISTRY/acme/api:latest")],
            "the constraint \"latest\" cannot be read: `latest` is not a version",
        ),
        (
            vec![
                ("image-list", "api=REGISTRY/acme/api:latest"),
                ("api.update-strategy", "digest"),
            ],
            "none of our tags would be taken",
        ),
        (
            vec![
                ("image-list", "api=REGISTRY/acme/api:1.x"),
                ("api.update-strategy", "alphabetical"),
            ],
            "\"1.x\" behind the image has no effect with alphabetical",
        ),
        (
            vec![LIST, ("api.update-stratgey", "semver")],
            "true argocd/api.yaml:8: api.update-stratgey: the updater knows no such annotation, and does not read it; did you mean `update-strategy`?",
        ),
        (
            vec![LIST, ("apu.update-strategy", "semver")],
            "true argocd/api.yaml:8: apu.update-strategy: image-list has no alias \"apu\", so it is not read; did you mean `api`?",
        ),
        (
            vec![("imagelist", "api=REGISTRY/acme/api")],
            "there is no image-list",
        ),
    ] {
        let delivered = followed(&annotations);
        let (report, told) = check(&delivered);
        assert!(told.contains(wanted), "{wanted}\n{told}\n{report:#}");
        assert_eq!(
            report.code,
            i32::from(told.lines().any(|line| line.starts_with("true"))),
            "{told}"
        );
    }
}

/// Before 1.3.0, and with a suffix for prereleases, the image of one platform of the next version is taken before the version is there.
#[test]
fn prereleases_builds_and_platforms_are_no_releases() {
    let delivered = followed(&[("image-list", "api=REGISTRY/acme/api")]);
    let registry = &delivered.fixture.registry;
    registry.name_more(
        "acme/api",
        "0.2.0",
        ["0.3.0-rc1".to_owned(), "0.3.0-arm64".to_owned()],
    );
    let (report, told) = check(&delivered);
    assert_eq!(report.code, 1);
    assert!(
        told.contains(
            "without a constraint, updaters before 1.3.0 take prereleases: here 0.3.0-rc1"
        ),
        "{told}"
    );
    registry.name_more("acme/api", "0.2.0", ["2025.10.25".to_owned()]);
    let (report, told) = check(&delivered);
    assert_eq!(report["images"][0]["now"], "2025.10.25", "{told}");
    let is_told = |line: &&str| {
        line.contains(
            "semver takes 2025.10.25 now, which is a date, and our releases are numbers such as ",
        )
    };
    assert_eq!(told.lines().filter(is_told).count(), 1, "{told}");
    // Its constraint keeps it out, and of a project whose own releases are dates it is one.
    let kept = followed(&[("image-list", "api=REGISTRY/acme/api:<1000")]);
    kept.fixture
        .registry
        .name_more("acme/api", "0.2.0", ["2025.10.25".to_owned()]);
    let (report, told) = check(&kept);
    assert!(
        report["images"][0]["now"] == "0.2.0" && !told.contains("is a date"),
        "{told} {report:#}"
    );
    let dated = followed(&[("image-list", "api=REGISTRY/acme/api")]);
    dated.fixture.ok(&["bump", "2025.11.1", "api"]);
    dated
        .fixture
        .registry
        .name_more("acme/api", "0.2.0", ["2025.10.25".to_owned()]);
    let (report, told) = check(&dated);
    assert!(
        report["images"][0]["now"] == "2025.10.25" && !told.contains("which is a date"),
        "{told}"
    );
    let pre = followed(&[("image-list", "api=REGISTRY/acme/api:>=0-0")]);
    pre.fixture
        .registry
        .name_more("acme/api", "0.2.0", ["0.3.0-arm64".to_owned()]);
    let (report, told) = check(&pre);
    assert!(
        report.code == 1 && told.contains("semver takes 0.3.0-arm64 now, which is the image of arm64 alone, and to SemVer a prerelease"),
        "{told}"
    );
}

#[test]
fn a_resource_of_its_own_kind_is_read_with_its_three_levels() {
    let delivered = followed(&[("image-list", "api=REGISTRY/acme/api:0.x")]);
    let address = delivered.fixture.registry.address();
    let text = format!(
        "apiVersion: {ANNOTATION}/v1alpha1\nkind: ImageUpdater\nmetadata: {{name: all}}\nspec:\n  commonUpdateSettings: {{updateStrategy: alphabetical}}\n  \
         writeBackConfig: {{method: git}}\n  applicationRefs:\n    - namePattern: api-*\n      images:\n        - alias: api\n          imageName: {address}/acme/api\n          \
         commonUpdateSettings:\n            allowTags: any\n            ignoreTags: [\"b*\", 0.2.*]\n            alowTags: any\n"
    );
    delivered.fixture.write("argocd/updater.yaml", &text);
    delivered.fixture.git(&["add", "--all"]);
    let (report, told) = check(&delivered);
    assert_eq!(report.code, 1);
    let image = report["images"]
        .as_array()
        .unwrap()
        .iter()
        .find(|image| image["application"] == "api-*")
        .unwrap();
    assert_eq!(
        (&image["strategy"], &image["now"], &image["place"]),
        (
            &"alphabetical".into(),
            &"0.1.0".into(),
            &"argocd/updater.yaml:11".into()
        ),
        "{image}"
    );
    assert!(told.contains("argocd/updater.yaml:15: commonUpdateSettings has no field alowTags; did you mean `allowTags`?"), "{told}");
}

/// The shape of the CTO platform: semver, and a pin beside it. A rollback is undone, and two write one place.
#[test]
fn a_rollback_that_the_updater_would_undo_is_a_trap() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let git = delivered.there().display().to_string();
    let config = fixture.read("xtask/monorepo.toml");
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}[argocd]\napplications = [\"apps/*.yaml\"]\ngit = \"{git}\"\n"),
    );
    let image = format!("{}/acme/api:0.x", fixture.registry.address());
    let application = format!(
        "kind: Application\nmetadata:\n  annotations:\n    {ANNOTATION}/image-list: api={image}\n"
    );
    delivered.push_there(&[("apps/api.yaml", &application)], "feat: an updater");
    fixture.ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    let (report, told) = check(&delivered);
    assert_eq!(report.code, 1);
    assert!(
        told.contains("two write what runs: the updater overrides the application in the cluster, and [[pins]] of api in staging"),
        "{told}"
    );
    assert!(!told.contains("was rolled back"), "{told}");
    fixture.ok(&["rollback", "api", "--in", "staging"]);
    let (report, told) = check(&delivered);
    assert_eq!(report["images"][0]["now"], "0.3.0");
    assert!(told.contains("apps/api.yaml:4: 0.3.0 was rolled back, and the updater takes it again; name it in ignore-tags"), "{told}");
    let mended = format!("{application}    {ANNOTATION}/api.ignore-tags: 0.3.0\n");
    delivered.push_there(&[("apps/api.yaml", &mended)], "fix: as it said");
    let (report, told) = check(&delivered);
    assert_eq!(report["images"][0]["now"], "0.2.0");
    assert!(!told.contains("was rolled back"), "{told}");
}

#[test]
fn what_cannot_be_read_is_a_fault_and_what_is_not_configured_says_so() {
    let delivered = followed(&[("image-list", "api=REGISTRY/acme/api:0.x")]);
    let fixture = &delivered.fixture;
    fixture.write("argocd/broken.yaml", "a: [\n");
    fixture.git(&["add", "--all"]);
    let (report, told) = check(&delivered);
    assert!(
        report.code == 1 && told.contains("argocd/broken.yaml:"),
        "{told}"
    );
    fixture.registry.plan_fault(
        monorelease_stand_ins::registry::Fault::status("", "/v2/acme/api/tags", 403).times(1000),
    );
    let (report, told) = check(&delivered);
    assert!(
        report.code == 1 && told.contains("cannot be read") && !told.contains("none of our tags"),
        "{told}"
    );
    fixture.registry.clear_faults();
    let config = fixture.read("xtask/monorepo.toml");
    for (section, code, expected) in [
        (
            "",
            2,
            str![[r#"
       error no manifests of Argo CD are configured
         try add [argocd] with applications = ["argocd/*.yaml"]

"#]],
        ),
        (
            "[argocd]\napplications = []\n",
            2,
            str![[r#"
       error xtask/monorepo.toml: argocd: applications is empty; name at least one file or pattern, such as "argocd/*.yaml"
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[argocd]\napplications = [\"../x.yaml\"]\n",
            2,
            str![[r#"
       error xtask/monorepo.toml: argocd: path "../x.yaml" leaves the repository; paths are relative to its root, with /
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[argocd]\napplications = [\"a.yaml\"]\nbranch = \"x\"\n",
            2,
            str![[r#"
       error xtask/monorepo.toml: argocd: branch is of another repository, and `git` names none
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[argocd]\napplications = [\"a.yaml\"]\ngit = \"https://me:hunter2@host/a\"\n",
            2,
            str![[r#"
       error xtask/monorepo.toml: argocd: git has a user in its address; leave that to git's credential helpers or GITHUB_TOKEN
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[argocd]\napplication = [\"a.yaml\"]\n",
            2,
            str![[r#"
       error xtask/monorepo.toml: TOML parse error at line 18, column 1
                |
             18 | application = ["a.yaml"]
                | ^^^^^^^^^^^
             unknown field `application`, expected one of `applications`, `git`, `branch`; did you mean `applications`?
         try edit xtask/monorepo.toml, then run the command again

"#]],
        ),
        (
            "[argocd]\napplications = [\"nothing/*.yaml\"]\n",
            1,
            str![[r#"
       error no file fits nothing/*.yaml
         try git add the files, or edit [argocd] applications

"#]],
        ),
    ] {
        fixture.write(
            "xtask/monorepo.toml",
            &config.replace("[argocd]\napplications = [\"argocd/*.yaml\"]\n", section),
        );
        let ran = fixture.run(&["check", "argocd"]);
        assert_eq!(ran.code, code, "{section}: {}", ran.stderr);
        ran.assert_stderr(expected);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}

#[test]
fn law_15_pins_that_cannot_be_read_are_not_pins_without_a_trap() {
    let delivered = followed(&[("image-list", "api=REGISTRY/acme/api:0.x")]);
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let nowhere = fixture.folder().join("nowhere.git");
    let pins = format!(
        "[environments.staging]\n[[pins]]\nproject = \"api\"\nenvironment = \"staging\"\ngit = \"{}\"\nfile = \"a.yaml\"\n",
        nowhere.display()
    );
    fixture.write("xtask/monorepo.toml", &format!("{config}{pins}"));
    let (report, told) = check(&delivered);
    assert_eq!(report.code, 1);
    assert_text(
        &told,
        str![[r#"
true argocd/api.yaml:7: two write what runs: the updater overrides the application in the cluster, and [[pins]] of api in staging; leave one of them out
true argocd/api.yaml:7: what was rolled back cannot be told: [FOLDER]/nowhere.git (main) cannot be read: fatal: '[FOLDER]/nowhere.git' does not appear to be a git repository; fatal: Could not read from remote repository.; Please make sure you have the correct access rights; and the repository exists.
false argocd/api.yaml:7: a rollback would not stay: the updater takes the same tag again until ignore-tags names it (argocd-image-updater#1249)
"#]],
    );

    // The list of what was rolled back is there, and cannot be read.
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{config}{}", pins.replace("nowhere.git", "deploy.git")),
    );
    delivered.push_there(
        &[("a.yaml", "a: 1\n"), (".xtask/barred.toml", "[[barred]\n")],
        "feat: begin",
    );
    let (report, told) = check(&delivered);
    assert_eq!(report.code, 1);
    assert_text(
        &told,
        str![[r#"
true argocd/api.yaml:7: two write what runs: the updater overrides the application in the cluster, and [[pins]] of api in staging; leave one of them out
true argocd/api.yaml:7: what was rolled back cannot be told: [FOLDER]/deploy.git (main): .xtask/barred.toml: is no list of barred digests: unclosed array table, expected `]`
false argocd/api.yaml:7: a rollback would not stay: the updater takes the same tag again until ignore-tags names it (argocd-image-updater#1249)
"#]],
    );
}

#[test]
fn a_section_that_means_nothing_is_found_by_any_verb() {
    let delivered = Delivered::with("[argocd]\napplications = []\n", &[]);
    for line in [&["check", "argocd"][..], &["status"], &["versions"]] {
        let ran = delivered.fixture.run(line);
        assert_eq!(ran.code, 2, "{line:?}: {}", ran.stderr);
        ran.assert_stderr(str![[r#"
       error xtask/monorepo.toml: argocd: applications is empty; name at least one file or pattern, such as "argocd/*.yaml"
         try edit xtask/monorepo.toml, then run the command again

"#]]);
    }
}
