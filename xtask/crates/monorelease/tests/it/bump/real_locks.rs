//! Locks that cargo and uv made themselves still hold after a bump, by the word of cargo and uv (law 3).
//!
//! Everything is on this machine: crates and packages of the repository, and one folder of vendored crates.

use snapbox::str;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::Fixture;
use crate::support::this_repository::uv;

/// Whose lock it is, and the folder it lies in.
#[derive(Clone, Copy)]
enum Lock {
    Cargo(&'static str),
    Uv(&'static str),
}

impl Lock {
    fn run(self, fixture: &Fixture, cargo: &[&str], of_uv: &[&str]) -> Output {
        let (program, folder, arguments) = match self {
            Lock::Cargo(folder) => (Path::new("cargo").to_owned(), folder, cargo),
            Lock::Uv(folder) => (uv(), folder, of_uv),
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(fixture.root().join(folder))
            .env("UV_OFFLINE", "1")
            .env_remove("VIRTUAL_ENV");
        command.output().unwrap()
    }

    fn make(self, fixture: &Fixture) {
        let made = self.run(fixture, &["generate-lockfile", "--offline"], &["lock"]);
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    fn assert_holds(self, fixture: &Fixture, after: &str) {
        let asked = self.run(
            fixture,
            &["metadata", "--locked", "--offline", "--format-version", "1"],
            &["lock", "--check"],
        );
        let said = String::from_utf8_lossy(&asked.stderr);
        assert!(
            asked.status.success(),
            "after {after}: {said}\n{}",
            fixture.git(&["diff", "--unified=1"])
        );
    }
}

/// A repository whose locks the tools have just made. Every crate gets the source that Cargo wants to see.
fn locked(projects: &[(&str, &str, &str)], files: &[(&str, &str)], locks: &[Lock]) -> Fixture {
    let config = projects.iter().map(|(name, path, site)| {
        format!("[projects.{name}]\npath = \"{path}\"\npackage = \"{name}\"\ntag = \"{name}-v{{version}}\"\nversions = [\"{site}\"]\n")
    });
    let fixture = Fixture::of_tree(files);
    fixture.write("xtask/monorepo.toml", &config.collect::<String>());
    for (path, text) in files.iter().filter(|(_, text)| text.contains("[package]")) {
        assert!(path.ends_with("Cargo.toml"), "{path}: {text}");
        fixture.write(&path.replace("Cargo.toml", "src/lib.rs"), "");
    }
    locks.iter().for_each(|lock| lock.make(&fixture));
    fixture.git(&["add", "--all"]);
    fixture.commit_all("feat: locked");
    locks
        .iter()
        .for_each(|lock| lock.assert_holds(&fixture, "locking"));
    fixture
}

/// Bumps, and asks the tools after each.
fn bump(fixture: &Fixture, locks: &[Lock], lines: &[&str]) {
    for line in lines {
        let arguments: Vec<_> = ["bump"].into_iter().chain(line.split(' ')).collect();
        fixture.ok(&arguments);
        locks
            .iter()
            .for_each(|lock| lock.assert_holds(fixture, line));
        fixture.ok(&["versions", "--check"]);
    }
}

#[test]
fn a_workspace_with_requirements_of_every_shape() {
    let locks = [Lock::Cargo("rust"), Lock::Cargo("beside")];
    let files = [
        (
            "rust/Cargo.toml",
            "\u{feff}[workspace]\r\nmembers = [\"core\", \"mid\", \"top\"]\r\nresolver = \"2\"\r\n[workspace.package]\r\nversion = '0.3.1' # 0.3.1\r\n[workspace.dependencies]\r\ncore = { path = \"core\", version = \"~0.3.1\", default-features = false }\r\n",
        ),
        (
            "rust/core/Cargo.toml",
            "[package]\nname = \"core\"\nversion.workspace = true\n",
        ),
        (
            "rust/mid/Cargo.toml",
            "[package]\nname = \"mid\"\nversion = { workspace = true }\n[target.'cfg(unix)'.dev-dependencies]\nrenamed = { version = \"= 0.3.1\", path = \"../core\", package = \"core\" }\n",
        ),
        (
            "rust/top/Cargo.toml",
            "[package]\nname = \"top\"\nversion = \"1.2.3\"\n[features]\nx = [\"dep:mid\"]\n[dependencies.mid] # 0.3.1\nversion = \">=0.3.1, <0.4\"\npath = \"./../mid/\"\noptional = true\n[dependencies]\ncore.workspace = true\nside = { path = \"../../beside/side\", version = \"2.0.0\" }\n",
        ),
        (
            "beside/Cargo.toml",
            "[workspace]\nmembers = [\"side\"]\nresolver = \"2\"\n",
        ),
        (
            "beside/side/Cargo.toml",
            "package.name = \"side\"\npackage.version = \"2.0.0\" # [package]\n",
        ),
    ];
    let projects = [
        ("rust", "rust", "Cargo.toml"),
        ("top", "rust/top", "Cargo.toml"),
        ("side", "beside/side", "Cargo.toml"),
    ];
    let fixture = locked(&projects, &files, &locks);
    bump(
        &fixture,
        &locks,
        &[
            "patch rust",
            "minor",
            "1.0.0-rc.1 rust",
            "major side",
            "major rust",
            "minor rust --dependents",
        ],
    );
    fixture.git(&["checkout", "--quiet", "."]);
    bump(
        &fixture,
        &locks,
        &[
            "minor",
            "0.3.1 rust --allow-downgrade",
            "1.2.3 top --allow-downgrade",
            "2.0.0 side --allow-downgrade",
        ],
    );
    assert_eq!(fixture.git(&["diff"]), "", "there and back");
}

#[test]
fn crates_of_one_name_in_workspaces_of_one_tree() {
    let locks = [
        Lock::Cargo(""),
        Lock::Cargo("within"),
        Lock::Cargo("lone/app"),
    ];
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"core\", \"app\"]\nexclude = [\"within\", \"lone\"]\nresolver = \"2\"\n",
        ),
        (
            "core/Cargo.toml",
            "[package]\nname = \"core\"\nversion = \"0.1.0\"\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"1.0.0\"\n[dependencies]\ncore = { path = \"../core\", version = \"0.1.0\" }\n",
        ),
        (
            "within/Cargo.toml",
            "[workspace]\nmembers = [\"core\"]\nresolver = \"2\"\n",
        ),
        (
            "within/core/Cargo.toml",
            "[package]\nname = \"core\"\nversion = \"3.0.0\"\n",
        ),
        (
            "lone/core/Cargo.toml",
            "[package]\nname = \"core\"\nversion = \"5.0.0\"\n",
        ),
        (
            "lone/app/Cargo.toml",
            "[package]\nname = \"far\"\nversion = \"1.0.0\"\n[dependencies]\ncore = { path = \"../core\" }\n",
        ),
    ];
    let projects = [
        ("first", "core", "Cargo.toml"),
        ("second", "within/core", "Cargo.toml"),
        ("third", "lone/core", "Cargo.toml"),
    ];
    let fixture = locked(&projects, &files, &locks);
    bump(
        &fixture,
        &locks,
        &["minor first", "major second", "patch third"],
    );
    let changed = fixture
        .changed_lines()
        .into_iter()
        .filter(|line| line.ends_with("Cargo.lock"))
        .count();
    assert_eq!(
        changed,
        3,
        "each core has its own lock: {:#?}",
        fixture.changed_lines()
    );
    bump(
        &fixture,
        &locks,
        &[
            "0.1.0 first --allow-downgrade",
            "3.0.0 second --allow-downgrade",
            "5.0.0 third --allow-downgrade",
        ],
    );
    assert_eq!(fixture.git(&["diff"]), "", "there and back");
}

/// Crates as `cargo vendor` leaves them; they stand in for the crate registry.
const VENDORED: [(&str, &str); 5] = [
    (
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendored\"\n",
    ),
    (
        "vendored/core/Cargo.toml",
        "[package]\nname = \"core\"\nversion = \"0.2.0\"\n",
    ),
    (
        "vendored/core/.cargo-checksum.json",
        "{\"files\":{},\"package\":\"1111111111111111111111111111111111111111111111111111111111111111\"}",
    ),
    (
        "vendored/same/Cargo.toml",
        "[package]\nname = \"same\"\nversion = \"0.1.0\"\n",
    ),
    (
        "vendored/same/.cargo-checksum.json",
        "{\"files\":{},\"package\":\"2222222222222222222222222222222222222222222222222222222222222222\"}",
    ),
];

#[test]
fn a_crate_that_the_workspace_patches_takes_its_requirements_along() {
    let locks = [Lock::Cargo("")];
    let own = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"ours\", \"app\"]\nresolver = \"2\"\n[patch.crates-io]\nours = { path = \"ours\" }\n",
        ),
        (
            "ours/Cargo.toml",
            "[package]\nname = \"ours\"\nversion = \"0.1.0\"\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nours = \"0.1.0\" # 0.1.0\nsame = \"0.1.0\"\n",
        ),
    ];
    let fixture = locked(
        &[("ours", "ours", "Cargo.toml"), ("app", "app", "Cargo.toml")],
        &[&VENDORED[..], &own].concat(),
        &locks,
    );
    bump(
        &fixture,
        &locks,
        &["minor ours", "1.0.0 app", "2.0.0-rc.1 ours", "major ours"],
    );
    assert!(
        fixture
            .read("app/Cargo.toml")
            .ends_with("ours = \"2.0.0-rc.1\" # 0.1.0\nsame = \"0.1.0\"\n"),
        "{}",
        fixture.read("app/Cargo.toml")
    );
    bump(&fixture, &locks, &["0.1.0 --allow-downgrade"]);
    assert_eq!(fixture.git(&["diff"]), "", "there and back");
}

#[test]
fn a_crate_does_not_become_the_published_one_of_its_name() {
    let locks = [Lock::Cargo("")];
    let own = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"core\", \"app\"]\nresolver = \"2\"\n",
        ),
        (
            "core/Cargo.toml",
            "[package]\nname = \"core\"\nversion = \"0.1.0\"\n",
        ),
        (
            "app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\ncore = { path = \"../core\", version = \"0.1.0\" }\npublished = { package = \"core\", version = \"0.2.0\" }\n",
        ),
    ];
    let fixture = locked(
        &[("core", "core", "Cargo.toml")],
        &[&VENDORED[..], &own].concat(),
        &locks,
    );
    let refused = fixture.run(&["bump", "minor", "core"]);
    assert_eq!(
        (refused.code, fixture.git(&["diff"])),
        (3, String::new()),
        "{}",
        refused.stderr
    );
    refused.assert_stderr(str![[r#"
     Bumping core 0.1.0 → 0.2.0
        todo edit Cargo.lock  (entry of core 0.1.0 → 0.2.0)
        todo edit app/Cargo.toml  (app/Cargo.toml: requires core 0.1.0; core becomes 0.2.0, so now 0.2.0)
        todo edit core/Cargo.toml  (package.version 0.1.0 → 0.2.0)
       error Cargo.lock has a core 0.2.0 from elsewhere too, and would have to tell the two apart anew
         try choose another version, or drop that dependency first
     Refused nothing was done

"#]]);
    bump(
        &fixture,
        &locks,
        &["patch core", "0.3.0 core", "0.1.0 core --allow-downgrade"],
    );
    assert_eq!(
        fixture.git(&["diff"]),
        "",
        "the two are told apart by their versions at every stop"
    );
}

#[test]
fn a_uv_workspace_and_a_package_that_takes_one_of_it_by_its_path() {
    let locks = [Lock::Uv("py"), Lock::Uv("apart")];
    let files = [
        (
            "py/pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"pk*\"]\n[tool.uv.sources]\nlow = { workspace = true }\n[dependency-groups]\ndev = [\"low>=0.1\", {include-group = \"more\"}]\nmore = [\"low==0.1.0\"]\n",
        ),
        (
            "py/pk0/pyproject.toml",
            "[project]\nname = \"Low\" # 0.1.0\nversion = '0.1.0'\nrequires-python = \">=3.9\"\n",
        ),
        (
            "py/pk1/pyproject.toml",
            "[project]\r\nname = \"high\"\r\nversion = \"1.0.0\"\r\nrequires-python = \">=3.9\"\r\ndependencies = [\r\n  'low ~= 0.1.0 ; python_version >= \"3.10\"', # 0.1.0\r\n]\r\n[project.optional-dependencies]\r\nmore = [\"low>=0.1,<0.2\"]\r\n",
        ),
        (
            "apart/pyproject.toml",
            "[project]\nname = \"apart\"\nversion = \"2.0.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"LOW (>=0.1.0, <1)\"]\n[tool.uv.sources]\nlow = { path = \"../py/pk0\", editable = true }\n",
        ),
    ];
    let site = "pyproject.toml";
    let fixture = locked(
        &[
            ("low", "py/pk0", site),
            ("high", "py/pk1", site),
            ("apart", "apart", site),
        ],
        &files,
        &locks,
    );
    bump(
        &fixture,
        &locks,
        &[
            "patch low",
            "minor low",
            "minor",
            "3.0.0-rc.1",
            "3.0.0",
            "patch low --dependents",
        ],
    );
    fixture.git(&["checkout", "--quiet", "."]);
    bump(
        &fixture,
        &locks,
        &[
            "minor low",
            "major high",
            "1.0.0 high --allow-downgrade",
            "0.1.0 low --allow-downgrade",
        ],
    );
    assert_eq!(fixture.git(&["diff"]), "", "there and back");
}
