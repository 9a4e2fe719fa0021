//! Debian's docker-registry on a port of its own choice, ended with the test.
//!
//! Where it is not installed a test says so and is skipped, unless XTASK_REQUIRE_TOOLS is set: then it fails.

#![allow(
    dead_code,
    reason = "the unit tests of the registry client compile this file too, and use less of it"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub struct RealRegistry {
    child: Child,
    pub address: String,
    folder: tempfile::TempDir,
}

impl RealRegistry {
    /// Starts one; `None`, and a line that says so, where it is not installed.
    pub fn start_or_skip(test: &str) -> Option<Self> {
        let is_there = Command::new("docker-registry")
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(
            is_there || std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
            "{test}: docker-registry is not on PATH; .ci/setup installs it"
        );
        if !is_there {
            println!("skipped {test}: docker-registry is not on PATH (.ci/setup installs it)");
        }
        is_there.then(Self::start)
    }

    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info, formatter: json, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:0\", secret: test}}\n",
            folder.path().join("data").display()
        );
        fs::write(&config, text).unwrap();
        let mut child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("listening on ")?;
                Some(
                    rest.chars()
                        .take_while(|character| {
                            character.is_ascii_digit() || ".:".contains(*character)
                        })
                        .collect::<String>(),
                )
            })
            .expect("docker-registry says where it listens");
        // Its log goes on; a pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address,
            folder,
        }
    }
}

impl RealRegistry {
    /// Where it keeps a blob; nothing of its own looks at the bytes before it sends them.
    pub fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.trim_start_matches("sha256:");
        self.folder
            .path()
            .join("data/docker/registry/v2/blobs/sha256")
            .join(&hex[..2])
            .join(hex)
            .join("data")
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
