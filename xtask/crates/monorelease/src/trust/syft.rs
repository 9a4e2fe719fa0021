//! Lists of what is in an image, through the `syft` command, kept by the image's digest.
//!
//! Such a list holds the time of its making and a random number, so it is made once for a digest and read again after that.
//! It attaches nothing: `cosign` does.

use std::time::Duration;

use anyhow::{Context, bail};
use monorelease_process::Call;
use serde_json::Value;

use super::Subject;
use super::cosign::forge_password;
use crate::config::trust::SbomFormat;
use crate::tools;
use crate::world::{World, files};

/// An image of many gigabytes is read whole.
const LONGEST: Duration = Duration::from_secs(1800);

/// The list of a digest in a format: the one that was made earlier, or made now, in every format at once.
///
/// # Errors
/// syft is missing or fails, or what it made speaks of another digest.
pub fn list(world: &World, subject: &Subject, format: SbomFormat) -> anyhow::Result<String> {
    let kept = |format: SbomFormat| {
        world
            .scratch("sbom")
            .join(format!("{}.{}.json", subject.digest.hex(), format.word()))
    };
    if let Some(text) = files::read(&kept(format))?
        && is_of(&text, subject, format)
    {
        return Ok(text);
    }
    let folder = files::temporary_folder()?;
    let made = |format: SbomFormat| folder.path().join(format.word());
    let mut call = Call::new(tools::require(tools::SYFT)?)
        .args(["scan", "--quiet"])
        .arg(format!("registry:{}", subject.reference()))
        .variable("SYFT_CHECK_FOR_APP_UPDATE", "false")
        // It reads images of strangers, and has nothing to do with keys.
        .without("COSIGN_PASSWORD")
        .without("COSIGN_KEY")
        .without("COSIGN_PRIVATE_KEY")
        .time_limit(LONGEST);
    if let Some((user, password)) = forge_password(&subject.repository) {
        call = call
            .variable(
                "SYFT_REGISTRY_AUTH_AUTHORITY",
                subject.repository.host.as_str(),
            )
            .variable("SYFT_REGISTRY_AUTH_USERNAME", user)
            .variable("SYFT_REGISTRY_AUTH_PASSWORD", password);
    }
    for format in SbomFormat::ALL {
        call =
            call.arg("--output")
                .arg(format!("{}={}", syft_word(format), made(format).display()));
    }
    world.runner.output(&call)?;
    world.own("xtask")?;
    for format in SbomFormat::ALL {
        let text = files::read(&made(format))?
            .with_context(|| format!("syft left no list in the format {}", format.word()))?;
        if !is_of(&text, subject, format) {
            bail!(
                "the list that syft made ({}) does not speak of {}",
                format.word(),
                subject.digest
            );
        }
        files::write_own(&kept(format), &text)?;
    }
    files::read(&kept(format))?.with_context(|| format!("{} is gone again", kept(format).display()))
}

fn syft_word(format: SbomFormat) -> &'static str {
    match format {
        SbomFormat::Spdx => "spdx-json",
        SbomFormat::CycloneDx => "cyclonedx-json",
    }
}

fn is_of(text: &str, subject: &Subject, format: SbomFormat) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|document| speaks_of(&document, subject, format))
}

/// Whether a list says of itself that it is of this digest.
pub fn speaks_of(document: &Value, subject: &Subject, format: SbomFormat) -> bool {
    let digest = subject.digest.as_str();
    match format {
        SbomFormat::CycloneDx => document["metadata"]["component"]["version"] == digest,
        SbomFormat::Spdx => {
            let is_root = |package: &&Value| package["primaryPackagePurpose"] == "CONTAINER";
            let packages = document["packages"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            packages
                .iter()
                .filter(is_root)
                .any(|package| package["versionInfo"] == digest)
        }
    }
}

/// How many parts a list names.
pub fn parts(document: &Value, format: SbomFormat) -> usize {
    let key = match format {
        SbomFormat::CycloneDx => "components",
        SbomFormat::Spdx => "packages",
    };
    let named = document[key].as_array().map_or(0, Vec::len);
    // SPDX counts the image itself.
    named.saturating_sub(usize::from(format == SbomFormat::Spdx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_of_the_digest_that_it_names_as_its_own() {
        let subject = Subject {
            repository: "localhost:5000/a/b".parse().unwrap(),
            digest: format!("sha256:{}", "a".repeat(64)).parse().unwrap(),
            role: "linux/amd64".into(),
        };
        let digest = subject.digest.as_str();
        let spdx = serde_json::json!({ "packages": [
            { "primaryPackagePurpose": "CONTAINER", "versionInfo": digest }, { "name": "libc6", "versionInfo": "2.36" },
        ] });
        assert!(speaks_of(&spdx, &subject, SbomFormat::Spdx));
        assert_eq!(parts(&spdx, SbomFormat::Spdx), 1);
        let other = serde_json::json!({ "packages": [{ "name": "base", "versionInfo": digest }] });
        assert!(
            !speaks_of(&other, &subject, SbomFormat::Spdx),
            "a part of that digest is not the image"
        );
        let cyclone = serde_json::json!({ "metadata": { "component": { "version": digest } }, "components": [{}, {}] });
        assert!(speaks_of(&cyclone, &subject, SbomFormat::CycloneDx));
        assert_eq!(parts(&cyclone, SbomFormat::CycloneDx), 2);
        assert!(!speaks_of(&Value::Null, &subject, SbomFormat::CycloneDx));
    }
}
