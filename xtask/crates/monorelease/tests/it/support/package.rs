//! A fixture with a Python package, an index for its releases and one for its candidates.
//!
//! The package's build backend lies in its own folder, so that building it asks no network; uv is the real one, and twine, which
//! asks nothing either, is played by a script where it is not what the test is about.

use std::collections::BTreeMap;
use std::path::PathBuf;

use monorelease_stand_ins::package_index::EmbeddedIndex;

use super::programs::write_program;
use super::scanner::Scanner;
use super::tools::has;
use super::{Fixture, Report};

pub const USER: &str = "__token__";
/// What no output, file or argument may ever show.
pub const TOKEN: &str = "pypi-canary-of-the-index";

pub const BACKEND: &str = r#"import gzip, io, os, tarfile, zipfile

NAME = "kit"


def version():
    for line in open("pyproject.toml"):
        if line.startswith("version"):
            return line.split('"')[1]


def metadata(version):
    return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n"


def build_wheel(out, config_settings=None, metadata_directory=None):
    file, info = f"{NAME}-{version()}-py3-none-any.whl", f"{NAME}-{version()}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: kit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    parts = [("kit.py", open("kit.py").read()), (f"{info}/METADATA", metadata(version())), (f"{info}/WHEEL", tags), (f"{info}/RECORD", "")]
    with zipfile.ZipFile(os.path.join(out, file), "w") as archive:
        for name, text in parts:
            archive.writestr(zipfile.ZipInfo(name), text)
    return file


def build_sdist(out, config_settings=None):
    stem, raw = f"{NAME}-{version()}", io.BytesIO()
    parts = [("PKG-INFO", metadata(version()))] + [(name, open(name).read()) for name in ("pyproject.toml", "backend.py", "kit.py")]
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, text in parts:
            entry = tarfile.TarInfo(f"{stem}/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    with open(os.path.join(out, f"{stem}.tar.gz"), "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            packed.write(raw.getvalue())
    return f"{stem}.tar.gz"
"#;

/// Whether the machine can build the package; says what is missing.
pub fn can_run(test: &str) -> bool {
    has(test, &[("uv", "--version"), ("python3", "--version")])
}

pub struct Packaged {
    pub fixture: Fixture,
    pub index: EmbeddedIndex,
    pub candidates: EmbeddedIndex,
}

impl Packaged {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With more lines for the project in the configuration.
    pub fn with(lines: &str) -> Self {
        Self::for_password(TOKEN, lines)
    }

    /// As [`Self::with`]; the indexes take files of whoever knows this.
    pub fn for_password(password: &str, lines: &str) -> Self {
        let start = || EmbeddedIndex::start(Some((USER, password))).unwrap();
        let packaged = Self {
            fixture: Fixture::new(),
            index: start(),
            candidates: start(),
        };
        let fixture = &packaged.fixture;
        let is_staged = if lines.contains("candidates = false") {
            String::new()
        } else {
            format!("candidate-index = \"{}\"\n", packaged.candidates.url())
        };
        let config = format!(
            "{}[projects.kit]\npath = \"kit\"\nversions = [\"pyproject.toml\"]\npackage-index = \"{}\"\n{is_staged}{lines}",
            fixture.read("xtask/monorepo.toml"),
            packaged.index.url()
        );
        fixture.write("xtask/monorepo.toml", &config);
        fixture.write(
            "kit/pyproject.toml",
            "[project]\nname = \"kit\"\nversion = \"0.1.0\"\n\n[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
        );
        fixture.write("kit/backend.py", BACKEND);
        fixture.write("kit/kit.py", "ANSWER = 42\n");
        fixture.git(&["add", "--all"]);
        fixture.commit_all("feat: a package");
        // A real one wants a database from afar.
        Scanner::called("trivy", &packaged.programs());
        write_program(
            &packaged.programs().join("twine"),
            "#!/bin/sh\nfor last; do :; done\ntest -s \"$last\"\n",
        );
        packaged
    }

    pub fn programs(&self) -> PathBuf {
        self.fixture.folder().join("programs")
    }

    /// The environment of a run that may upload.
    pub fn variables(&self) -> Vec<(String, String)> {
        let path = format!(
            "{}:{}",
            self.programs().display(),
            std::env::var("PATH").unwrap()
        );
        let words = [("PATH", path.as_str()), ("UV_PUBLISH_TOKEN", TOKEN)];
        words
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// Runs it with a token; insists that the token is nowhere in what it says.
    pub fn run_as(&self, token: &str, arguments: &[&str]) -> Report {
        let mut variables = self.variables();
        variables.retain(|(name, _)| name != "UV_PUBLISH_TOKEN");
        variables
            .extend((!token.is_empty()).then(|| ("UV_PUBLISH_TOKEN".to_owned(), token.to_owned())));
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let ran = self.fixture.run_with(arguments, &variables);
        match token {
            "" => ran,
            token => ran.hides(token),
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Report {
        self.run_as(TOKEN, arguments)
    }

    /// Runs it with `--json`; reads the document.
    pub fn json(&self, arguments: &[&str]) -> Report {
        self.run(&[arguments, &["--json"]].concat()).with_document()
    }

    pub fn ok(&self, arguments: &[&str]) -> Report {
        self.json(arguments).succeeded()
    }

    /// bump and tag --rc --push: what a release of the package wants.
    pub fn prepare(&self) {
        self.fixture.ok(&["bump", "minor", "kit", "--commit"]);
        self.fixture.ok(&["tag", "kit", "--rc", "--push"]);
    }

    /// Everything that a release changes.
    pub fn state(&self) -> BTreeMap<String, String> {
        let mut state = self.fixture.state();
        for (place, index) in [("index", &self.index), ("candidates", &self.candidates)] {
            state.extend(
                index
                    .files()
                    .into_iter()
                    .map(|(name, bytes)| (format!("{place} {name}"), format!("{bytes:?}"))),
            );
        }
        state
    }
}

/// Kind and verdict of every step.
pub fn verdicts(report: &Report) -> Vec<String> {
    let mut verdicts = report.verdicts();
    // The scan has a test of its own.
    verdicts.retain(|verdict| !verdict.starts_with("scan "));
    verdicts
}
