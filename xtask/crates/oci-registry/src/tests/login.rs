//! Being let in, from docker's configuration to the registry's word: helpers, stores, identity tokens, and TLS.

use monorelease_model::image::Digest;
use monorelease_stand_ins::http::Response;
use std::io::BufReader;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;

use monorelease_http_client::parallel::{AT_ONCE, side_by_side};
use monorelease_stand_ins::registry::*;
use std::io::BufRead as _;

use super::odd_servers::oddity;
use super::{client, repository};
use crate::client::Registry;
use crate::credentials::Credentials;
use crate::error::RegistryErrorKind;
use crate::options::RegistryOptions;

#[cfg(unix)]
mod helpers {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder with `docker-credential-kept`, which gives these as JSON and writes down what it was asked.
    fn helper(user: &str, secret: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("written");
        let script = format!(
            "#!/bin/sh\nread -r host\necho \"$1 $host\" >> \"$(dirname \"$0\")/log\"\n\
             printf '{{\"ServerURL\":\"%s\",\"Username\":\"{user}\",\"Secret\":\"{secret}\"}}' \"$host\"\n"
        );
        std::fs::write(&written, script).unwrap();
        std::fs::set_permissions(&written, std::fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by another process: a file that some child still holds open for writing cannot be run.
        let copied = Command::new("cp")
            .arg("-p")
            .arg(&written)
            .arg(folder.path().join("docker-credential-kept"))
            .status();
        assert!(copied.unwrap().success());
        folder
    }

    #[test]
    fn a_real_helper_opens_a_registry_and_is_asked_once() {
        for (builder, user, secret) in [
            (
                EmbeddedRegistry::builder().basic("me", "s3cret"),
                "me",
                "s3cret",
            ),
            (
                EmbeddedRegistry::builder().bearer("me", "s3cret"),
                "me",
                "s3cret",
            ),
            // The user that helpers write for an identity token, which is exchanged by POST.
            (
                EmbeddedRegistry::builder()
                    .bearer("me", "other")
                    .identity_token("s3cret"),
                "<token>",
                "s3cret",
            ),
        ] {
            let registry = builder.start().unwrap();
            let address = registry.address();
            for config in [
                r#"{ "credsStore": "kept" }"#.to_owned(),
                format!(r#"{{ "credHelpers": {{ "{address}": "kept" }} }}"#),
            ] {
                let folder = helper(user, secret);
                let credentials = Credentials::from_docker_config(&config, "config.json")
                    .unwrap()
                    .with_helper_path(folder.path());
                let client = Registry::new(RegistryOptions::new(credentials));
                client
                    .put_blob(&repository(&registry, "o/r"), b"layer")
                    .unwrap();
                client
                    .put_blob(&repository(&registry, "o/other"), b"layer")
                    .unwrap();
                assert_eq!(
                    std::fs::read_to_string(folder.path().join("log")).unwrap(),
                    format!("get {address}\n")
                );
            }
            let posted = registry
                .log()
                .iter()
                .filter(|entry| entry.method == "POST" && entry.target == "/token")
                .count();
            assert_eq!(posted > 0, user == "<token>");
            assert!(
                registry
                    .log()
                    .iter()
                    .all(|entry| !entry.target.contains("s3cret")),
                "law 17"
            );
        }
    }

    #[test]
    fn a_helper_with_the_wrong_secret_is_told_without_it() {
        let registry = EmbeddedRegistry::builder()
            .bearer("me", "right")
            .start()
            .unwrap();
        for user in ["me", "<token>"] {
            let folder = helper(user, "s3cret");
            let credentials =
                Credentials::from_docker_config(r#"{ "credsStore": "kept" }"#, "config.json")
                    .unwrap()
                    .with_helper_path(folder.path());
            let error = Registry::new(RegistryOptions::new(credentials))
                .tags(&repository(&registry, "o/r"))
                .unwrap_err();
            assert_eq!(error.kind, RegistryErrorKind::Denied);
            assert!(
                error.to_string().contains("docker login")
                    && !format!("{error} {error:?}").contains("s3cret"),
                "{error}"
            );
        }
    }
}

/// Many who meet one closed door at the same moment, as the steps of a release do.
#[test]
fn threads_that_stand_at_one_door_ask_for_one_token() {
    let registry = EmbeddedRegistry::builder()
        .bearer("me", "s3cret")
        .start()
        .unwrap();
    let tokens = |registry: &EmbeddedRegistry| {
        registry
            .log()
            .iter()
            .filter(|entry| entry.target.starts_with("/token"))
            .count()
    };
    let name = repository(&registry, "o/r");
    let at_once = |client: &Registry| {
        let barrier = Barrier::new(AT_ONCE);
        let ask = |_: &()| {
            barrier.wait();
            client
                .head(&name, "1.0")
                .map(drop)
                .map_err(|error| error.kind)
        };
        side_by_side(&[(); AT_ONCE], ask)
    };
    // "me:s3cret"
    let client = client(&format!(
        r#"{{"auths":{{"{}":{{"auth":"bWU6czNjcmV0"}}}}}}"#,
        registry.address()
    ));
    assert_eq!(at_once(&client), [Ok(()); AT_ONCE]);
    assert_eq!(tokens(&registry), 1);
    registry.expire_tokens();
    assert_eq!(at_once(&client), [Ok(()); AT_ONCE]);
    assert_eq!(
        tokens(&registry),
        2,
        "a token that has run out is bought once, too"
    );
}

/// A TLS server with a certificate that it made for itself, ended with the test.
struct SelfSigned {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl SelfSigned {
    fn start_or_skip(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .args([
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout",
                "key.pem",
                "-out",
                "certificate.pem",
            ])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .status();
        let is_made = made.is_ok_and(|status| status.success());
        assert!(
            is_made || std::env::var_os("XTASK_REQUIRE_TOOLS").is_none(),
            "{test}: openssl 3 is missing; install it"
        );
        if !is_made {
            println!("skipped {test}: openssl 3 is missing");
            return None;
        }
        let mut command = Command::new("openssl");
        command.args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-key",
            "key.pem",
            "-cert",
            "certificate.pem",
            "-HTTP",
        ]);
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            child,
            address: address.expect("openssl says where it listens"),
            _folder: folder,
        })
    }
}

impl Drop for SelfSigned {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_never_asked_twice() {
    let Some(server) = SelfSigned::start_or_skip("TLS by the system's roots") else {
        return;
    };
    // This machine itself is spoken to in the clear, so the way there is that of blobs: a redirect to their storage.
    let location = format!("https://{}/blob", server.address);
    let (_registry, repository) =
        oddity(move |_, _| Response::new(307).with("Location", &location));
    let client = client("{}");
    let error = client
        .blob(&repository, &Digest::of(b"layer"), 5)
        .unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Untrusted, "{error}");
    let said = error.to_string();
    assert!(
        said.contains("cannot be trusted")
            && said.contains("SSL_CERT_FILE")
            && said.contains("certificate"),
        "{said}"
    );
    assert_eq!((error.tries, client.requests()), (1, 2), "{error}");
}

#[test]
fn a_server_that_speaks_no_tls_is_named_as_such() {
    let (plain, _) = oddity(|_, _| Response::new(200));
    let location = format!("https://{}/blob", plain.address());
    let (_registry, repository) =
        oddity(move |_, _| Response::new(307).with("Location", &location));
    let error = client("{}")
        .blob(&repository, &Digest::of(b"layer"), 5)
        .unwrap_err();
    assert_eq!(error.kind, RegistryErrorKind::Untrusted, "{error}");
}
