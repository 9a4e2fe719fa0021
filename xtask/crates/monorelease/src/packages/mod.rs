//! Packages on their way to an index: what is built of which commit, and the steps of it.
//!
//! An index is a name that the tools know (`pypi`, `testpypi`) or an address. Nothing here asks one.

pub mod access;
pub mod build;
pub mod export;
pub mod files;
pub mod health;
pub mod index;
pub mod observe;
pub mod plan;
mod sbom;
pub mod shared_names;
pub mod step;
pub mod trust;

use monorelease_model::distribution::Artifact;
use monorelease_model::version::Version;

/// One file of a package, and what it is to be built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageBuild {
    /// The project's name, for what is said.
    pub project: String,
    /// The package's name in this repository: that of its folder below `target/xtask/dist`.
    pub package: String,
    /// The name by which Python knows it.
    pub name: String,
    pub commit: String,
    /// What is built says this version, whatever the commit's files say.
    pub version: Version,
    /// The version in Python's spelling.
    pub spelled: String,
    pub artifact: Artifact,
    /// Whether maturin builds it; else the project's own backend, through uv.
    pub by_maturin: bool,
    /// Whether it is built twice and held against itself.
    pub twice: bool,
    /// The project's folder, relative to the repository root.
    pub project_path: String,
    /// The commit's time, in seconds.
    pub epoch: i64,
    /// Files that are to say the version, where the commit's say another: path and text.
    pub stamped: Vec<(String, String)>,
    /// Whether the crate asks for Python's stable interface: then the wheel's name must say so.
    pub stable_abi: bool,
}

impl PackageBuild {
    /// Where its file lies, relative to the repository root; flat, with all other files of the release.
    pub fn folder(&self) -> String {
        format!("target/xtask/dist/{}/{}", self.package, self.spelled)
    }

    /// Where it is written down what its file was built from, beside the folder.
    pub fn record(&self) -> String {
        format!("{}.built/{}.json", self.folder(), self.artifact.word())
    }

    /// The list of what the version is made of, a file of its folder.
    pub fn list(&self) -> String {
        format!("{}-{}.cdx.json", self.package, self.spelled)
    }

    /// As [`Self::record`], of the list.
    pub fn list_record(&self) -> String {
        format!("{}.built/list.json", self.folder())
    }
}

/// What of a package's version is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The artifact of the build.
    File,
    /// The list of what it is made of.
    List,
}

/// A file beside which a version's others lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageFile {
    /// The file of the build's artifact.
    Artifact(PackageBuild),
    /// The list of what the version is made of.
    List(PackageBuild),
    /// The bundle with a signature.
    Bundle(PackageBuild, Signed),
}

impl PackageFile {
    /// What it is; unlike its name, that is known before it is built.
    pub fn what(&self) -> String {
        match self {
            Self::Artifact(build) => format!(
                "{} {} {}",
                build.package,
                build.spelled,
                build.artifact.word()
            ),
            Self::List(build) => build.list(),
            Self::Bundle(build, Signed::File) => format!(
                "signature of {} {} {}",
                build.package,
                build.spelled,
                build.artifact.word()
            ),
            Self::Bundle(build, Signed::List) => format!("signature of {}", build.list()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::project::IndexName;

    #[test]
    fn an_index_is_a_known_name_or_an_address_without_credentials() {
        assert_eq!(IndexName::parse("pypi"), Ok(IndexName::Pypi));
        assert_eq!(
            IndexName::parse("http://127.0.0.1:8080"),
            Ok(IndexName::Address("http://127.0.0.1:8080/".into()))
        );
        for (wrong, said) in [
            ("PyPI", "wanted is"),
            ("https://", "wanted is"),
            ("https://u:secret@host/", "environment"),
            ("https://h/?a=b", "wanted is"),
        ] {
            let error = IndexName::parse(wrong).unwrap_err();
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
        }
    }
}
