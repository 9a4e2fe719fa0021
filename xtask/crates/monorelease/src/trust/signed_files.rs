//! Signatures of files: one Sigstore bundle beside each, made and asked by `cosign`.
//!
//! With a transparency log a bundle has the form that every Sigstore client reads. Without one it has cosign's own, since to read
//! the other, cosign wants the roots of the public log over the network. It decides nothing: whose word counts is in the policy.

use std::path::Path;

use anyhow::Context;
use monorelease_process::last_lines;

use super::Policy;
use super::cosign::{Answer, DOUBTS, held_to, program, signed_by};
use crate::packages;
use crate::world::{World, files};

/// What a bundle of the common form says of itself.
const COMMON_FORM: &str = "application/vnd.dev.sigstore.bundle";

/// Signs a file; the bundle appears whole or not at all.
pub fn sign(world: &World, file: &Path, bundle: &Path, policy: &Policy) -> anyhow::Result<()> {
    let staging = files::temporary_folder()?;
    let made = staging
        .path()
        .join(bundle.file_name().context("a bundle has a name")?);
    let call = program()?
        .args(["sign-blob", "--yes", "--bundle"])
        .arg(&made)
        .arg(format!("--new-bundle-format={}", policy.transparency_log));
    let call = signed_by(world, call, policy, &file.display().to_string())?;
    world.runner.output(&call.arg(file))?;
    packages::build::put(&made, bundle.parent().context("a bundle lies in a folder")?)
}

/// Asks whether a bundle is the word of somebody who counts on this very file.
pub fn verify(
    world: &World,
    file: &Path,
    bundle: &Path,
    policy: &Policy,
) -> anyhow::Result<Answer> {
    let Some(text) = files::read(bundle)? else {
        return Ok(Answer::Absent("there is no bundle".into()));
    };
    let mut absent = Vec::new();
    let mut unknown = None;
    for signer in &policy.accepted {
        let call = program()?
            .args(["verify-blob", "--bundle"])
            .arg(bundle)
            .variable("SIGSTORE_NO_CACHE", "true");
        let call = held_to(
            call.arg(format!(
                "--new-bundle-format={}",
                text.contains(COMMON_FORM)
            )),
            policy,
            signer,
        );
        let finished = world.runner.finish(&call.arg(file))?;
        if finished.ok {
            return Ok(Answer::Verified {
                by: signer.describe(),
                statements: Vec::new(),
            });
        }
        let said = last_lines(&finished.stderr, 1);
        let why = said
            .strip_prefix("error during command execution: ")
            .unwrap_or(&said)
            .to_owned();
        match DOUBTS
            .iter()
            .chain(&["tuf"])
            .any(|doubt| why.contains(doubt))
        {
            true => unknown = Some(why),
            false => absent.push(why),
        }
    }
    Ok(unknown.map_or_else(|| Answer::Absent(absent.join("; ")), Answer::Unknown))
}
