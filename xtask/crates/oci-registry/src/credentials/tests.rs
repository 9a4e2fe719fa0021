//! Which entry of docker's configuration is taken, and that no secret shows.

use super::*;

fn read(config: &str) -> Credentials {
    Credentials::from_docker_config(config, "config.json").unwrap()
}

fn password(user: &str, password: &str) -> Option<Credential> {
    Some(Credential::Password {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

#[test]
fn entries_of_every_form_are_read() {
    let credentials = read(
        r#"{ "auths": {
            "ghcr.io": { "auth": "bWU6b3BlbjpzZXNhbWU=" },
            "https://index.docker.io/v1/": { "username": "hub", "password": "word" },
            "https://old.example.com/v1/": { "auth": "bWU6b3BlbgAA" },
            "azure.example.com": { "auth": "bWU6", "identitytoken": "long" },
            "token.example.com": { "auth": "PHRva2VuPjpsb25n" },
            "empty.example.com": {}
        }, "HttpHeaders": { "User-Agent": "x" } }"#,
    );
    let found = |host| credentials.for_host(host).unwrap();
    assert_eq!(found("ghcr.io"), password("me", "open:sesame"));
    assert_eq!(found("docker.io"), password("hub", "word"));
    assert_eq!(found("old.example.com"), password("me", "open"));
    assert_eq!(
        found("azure.example.com"),
        Some(Credential::IdentityToken("long".to_owned()))
    );
    assert_eq!(
        found("token.example.com"),
        Some(Credential::IdentityToken("long".to_owned()))
    );
    assert_eq!(found("empty.example.com"), None);
    assert_eq!(found("other.example.com"), None);
}

#[test]
fn github_tokens_serve_ghcr_alone_and_last() {
    let bare = Credentials::default().with_github_token("me", "ghs_secret");
    assert_eq!(
        bare.for_host("ghcr.io").unwrap(),
        password("me", "ghs_secret")
    );
    assert_eq!(bare.for_host("docker.io").unwrap(), None);
    let configured = read(r#"{ "auths": { "ghcr.io": { "auth": "bWU6b3Blbg==" } } }"#)
        .with_github_token("x", "y");
    assert_eq!(
        configured.for_host("ghcr.io").unwrap(),
        password("me", "open")
    );
}

#[test]
fn the_environment_says_where_the_configuration_is() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".docker")).unwrap();
    let entry = |password: &str| {
        format!(
            r#"{{ "auths": {{ "r.example.com": {{ "username": "me", "password": "{password}" }} }} }}"#
        )
    };
    std::fs::write(home.path().join(".docker/config.json"), entry("at home")).unwrap();
    let read = |variables: &[(&str, &str)]| {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        };
        Credentials::from_variables(find, Some(home.path().to_owned()))
    };
    let other_folder = other.path().to_str().unwrap();
    assert_eq!(
        read(&[]).for_host("r.example.com").unwrap(),
        password("me", "at home")
    );
    assert_eq!(
        read(&[("DOCKER_CONFIG", "")])
            .for_host("r.example.com")
            .unwrap(),
        password("me", "at home")
    );
    assert_eq!(
        read(&[("DOCKER_CONFIG", other_folder)])
            .for_host("r.example.com")
            .unwrap(),
        None,
        "no file, no error"
    );
    std::fs::write(other.path().join("config.json"), entry("elsewhere")).unwrap();
    assert_eq!(
        read(&[("DOCKER_CONFIG", other_folder)])
            .for_host("r.example.com")
            .unwrap(),
        password("me", "elsewhere")
    );
    std::fs::write(other.path().join("config.json"), "{").unwrap();
    let error = read(&[("DOCKER_CONFIG", other_folder)])
        .for_host("r.example.com")
        .unwrap_err()
        .to_string();
    assert!(error.contains(other_folder), "{error}");
    assert_eq!(
        Credentials::from_variables(|_| None, None)
            .for_host("r.example.com")
            .unwrap(),
        None
    );

    let ghcr = |variables: &[(&str, &str)]| read(variables).for_host("ghcr.io").unwrap();
    assert_eq!(ghcr(&[("GH_TOKEN", "b")]), password("token", "b"));
    assert_eq!(
        ghcr(&[
            ("GH_TOKEN", "b"),
            ("GITHUB_TOKEN", "a"),
            ("GITHUB_ACTOR", "me")
        ]),
        password("me", "a")
    );
    assert_eq!(ghcr(&[("GITHUB_TOKEN", ""), ("GITHUB_ACTOR", "me")]), None);

    let own = [
        ("GITHUB_TOKEN", "a"),
        ("GITHUB_ACTOR", "me"),
        ("GITHUB_SERVER_URL", "https://Git.example.com"),
    ];
    assert_eq!(
        ghcr(&own),
        None,
        "the token of another forge is not shown to GHCR"
    );
    assert_eq!(
        read(&own).for_host("containers.git.example.com").unwrap(),
        password("me", "a")
    );
    assert_eq!(read(&own).for_host("git.example.com").unwrap(), None);
    assert_eq!(
        ghcr(&[
            ("GITHUB_TOKEN", "a"),
            ("GITHUB_SERVER_URL", "https://github.com")
        ]),
        password("token", "a")
    );
}

#[test]
fn secrets_are_in_no_error_and_no_debug_text() {
    for config in [
        r#"{ "auths": { "ghcr.io": { "auth": ["s3cret"] } } }"#,
        r#"{ "auths": { "ghcr.io": "s3cret" } }"#,
        "{ \"auths\": { \"ghcr.io\": { \"auth\": \"s3cret\"\n",
    ] {
        let error = Credentials::from_docker_config(config, "my/config.json")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("my/config.json:") && error.contains("docker login"),
            "{error}"
        );
        assert!(!error.contains("s3cret"), "{error}");
    }
    let broken = read(r#"{ "auths": { "ghcr.io": { "auth": "czNjcmV0!" } } }"#);
    let error = broken.for_host("ghcr.io").unwrap_err().to_string();
    assert!(
        error.contains("auths.ghcr.io") && !error.contains("czNjcmV0"),
        "{error}"
    );
    let shown = format!(
        "{:?} {:?} {:?}",
        Credentials::default().with_github_token("me", "s3cret"),
        password("me", "s3cret"),
        Credential::IdentityToken("s3cret".to_owned())
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[cfg(unix)]
mod helpers {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder with one helper that runs these lines of shell.
    fn helper(name: &str, script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("written");
        std::fs::write(&written, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&written, std::fs::Permissions::from_mode(0o755)).unwrap();
        // Another process makes the file that is run: a child of another test, started while ours was open for writing,
        // would hold it open, and such a file cannot be run.
        let file = folder.path().join(format!("docker-credential-{name}"));
        let copied = std::process::Command::new("cp")
            .arg("-p")
            .arg(&written)
            .arg(&file)
            .status()
            .unwrap();
        assert!(copied.success());
        folder
    }

    #[test]
    fn helpers_get_the_host_on_their_input_and_are_asked_once() {
        let folder = helper(
            "mine",
            r#"read -r host; echo "$1 $host" >> "$(dirname "$0")/log"
            echo "{\"ServerURL\":\"$host\",\"Username\":\"me\",\"Secret\":\"for $host\"}""#,
        );
        let credentials = read(r#"{ "credsStore": "mine", "auths": { "ghcr.io": {} } }"#)
            .with_helper_path(folder.path());
        for _ in 0..2 {
            assert_eq!(
                credentials.for_host("ghcr.io").unwrap(),
                password("me", "for ghcr.io")
            );
        }
        assert_eq!(
            credentials.for_host("docker.io").unwrap(),
            password("me", "for https://index.docker.io/v1/")
        );
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(log, "get ghcr.io\nget https://index.docker.io/v1/\n");
    }

    #[test]
    fn a_helper_of_one_host_comes_before_the_store() {
        let folder = helper("one", r#"echo '{"Username":"<token>","Secret":"long"}'"#);
        let config = r#"{ "credsStore": "missing", "credHelpers": { "ghcr.io": "one" } }"#;
        let credentials = read(config).with_helper_path(folder.path());
        assert_eq!(
            credentials.for_host("ghcr.io").unwrap(),
            Some(Credential::IdentityToken("long".to_owned()))
        );
        let error = credentials.for_host("docker.io").unwrap_err().to_string();
        assert!(
            error.contains("docker-credential-missing") && error.contains("PATH"),
            "{error}"
        );
    }

    #[test]
    fn a_helper_that_knows_nothing_leaves_the_rest_to_try() {
        let folder = helper(
            "none",
            "echo 'credentials not found in native keychain'; exit 1",
        );
        let credentials = read(r#"{ "credsStore": "none" }"#)
            .with_helper_path(folder.path())
            .with_github_token("me", "t");
        assert_eq!(
            credentials.for_host("ghcr.io").unwrap(),
            password("me", "t")
        );
        assert_eq!(credentials.for_host("other.example.com").unwrap(), None);
    }

    #[test]
    fn a_helper_that_fails_is_named_and_not_quoted() {
        for script in [
            "echo s3cret; echo s3cret >&2; exit 3",
            "echo s3cret",
            "echo '{\"Username\": \"s3cret\"}'",
        ] {
            let folder = helper("bad", script);
            let credentials = read(r#"{ "credsStore": "bad" }"#).with_helper_path(folder.path());
            let error = credentials.for_host("ghcr.io").unwrap_err().to_string();
            assert!(
                error.contains("docker-credential-bad") && error.contains("ghcr.io"),
                "{error}"
            );
            assert!(!error.contains("s3cret"), "{error}");
        }
        let error = read(r#"{ "credsStore": "../bad" }"#)
            .for_host("ghcr.io")
            .unwrap_err()
            .to_string();
        assert!(error.contains("no path"), "{error}");
    }
}
