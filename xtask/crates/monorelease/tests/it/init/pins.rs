//! The pins that `init` proposes: of an environment that a path names, and of no file that something else writes.

use crate::support::Fixture;
use crate::support::delivery::Delivered;
use crate::support::snapshots::assert_text;
use snapbox::str;

const IMAGE: &str = "ghcr.io/acme/api";

/// A tree with a service and these files, and what `init` proposes of pins.
fn proposed(files: &[(&str, &str)]) -> String {
    let mut tree = vec![
        (
            "api/pyproject.toml",
            "[project]\nname = \"api\"\nversion = \"0.1.0\"\n",
        ),
        ("api/Dockerfile", "FROM scratch\n"),
    ];
    tree.extend_from_slice(files);
    let fixture = Fixture::of_tree(&tree);
    fixture.on_forge("https://github.com/acme/mono");
    let text = fixture.ok(&["init", "--dry-run"]).stdout;
    text.split_once("image = ")
        .and_then(|(_, rest)| rest.split_once('\n'))
        .map(|(_, rest)| rest.trim().to_owned())
        .unwrap_or_default()
}

#[test]
fn law_22_an_environment_is_what_a_path_names_and_is_not_guessed() {
    let image = format!("image: {IMAGE}:0.1.0\n");
    assert_text(
        &proposed(&[
            ("k8s/overlays/staging/kustomization.yaml", &image),
            ("k8s/overlays/production/kustomization.yaml", &image),
            ("k8s/base/deployment.yaml", &image),
            ("charts/values-prod.yaml", &image),
            ("compose.yaml", &image),
        ]),
        str![[r##"
# Files of this tree say which of these images runs. To have a release move them, say so, and in which order:
# [environments.staging]
# [environments.production]
# after = "staging"
#
# [[pins]]
# project = "api"
# environment = "production"
# file = "charts/values-prod.yaml"
#
# [[pins]]
# project = "api"
# environment = "production"
# file = "k8s/overlays/production/kustomization.yaml"
#
# [[pins]]
# project = "api"
# environment = "staging"
# file = "k8s/overlays/staging/kustomization.yaml"

# These files say which of these images runs, and their paths do not tell in which environment: compose.yaml, k8s/base/deployment.yaml. Where a release is to move them, write [[pins]] with `project`, `environment` and `file`.
"##]],
    );
    assert_text(
        &proposed(&[("k8s/base/deployment.yaml", &image)]),
        str![
            "# These files say which of these images runs, and their paths do not tell in which environment: k8s/base/deployment.yaml. Where a release is to move them, write [[pins]] with `project`, `environment` and `file`."
        ],
    );
    assert_text(
        &proposed(&[("k8s/other.yaml", "image: ghcr.io/acme/api-gateway:1\n")]),
        str![[r#""#]],
    );
}

#[test]
fn what_an_image_updater_writes_gets_no_pins() {
    let image = format!("image: {IMAGE}:0.1.0\n");
    let marked = format!("image: {IMAGE}:0.1.0 # {{\"$imagepolicy\": \"flux-system:api\"}}\n");
    assert_text(
        &proposed(&[
            ("clusters/production/api.yaml", &marked),
            ("clusters/staging/.argocd-source-api.yaml", &image),
        ]),
        str![[r#""#]],
    );
    let application = format!(
        "metadata:\n  annotations:\n    argocd-image-updater.argoproj.io/image-list: api={IMAGE}:0.x\n"
    );
    assert_text(
        &proposed(&[
            ("argocd/api.yaml", &application),
            ("k8s/production/kustomization.yaml", &image),
        ]),
        str![[
            r##"# An image updater follows api, as argocd/api.yaml says: no [[pins]] are proposed for it. `check argocd` looks at what it would take: [argocd] applications = ["argocd/api.yaml"]"##
        ]],
    );
}

#[test]
fn a_pin_whose_path_names_another_environment_is_warned_of() {
    let delivered = Delivered::new();
    let fixture = &delivered.fixture;
    let config = fixture.read("xtask/monorepo.toml");
    let (before, last) = config.rsplit_once("environment = \"production\"").unwrap();
    fixture.write(
        "xtask/monorepo.toml",
        &format!("{before}environment = \"staging\"{last}"),
    );
    let ran = fixture.ok(&["check", "pins"]);
    ran.assert_stderr(str![[r#"
     warning [[pins]] of api in staging: the path production/*.yaml names production
    Finished 2 references of 2 pins hold

"#]]);
    assert_text(
        &fixture.run(&["doctor"]).lines_with("names production"),
        str![[r#"
     warning pins: [[pins]] of api in staging: the path production/*.yaml names production (to mend: edit environment or file of the [[pins]] in xtask/monorepo.toml, unless it is meant)

"#]],
    );
}
