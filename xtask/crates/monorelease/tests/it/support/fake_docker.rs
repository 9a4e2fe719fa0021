//! A stand-in for the container engine that builds nothing: it keeps the labels an image was built with, and says them again.
//! For tests of what is asked of an image; what an engine does is tested with a real one.

use super::programs::write_program;
use std::fs;
use std::path::Path;

const SCRIPT: &str = r#"#!/bin/sh
kept="$0.images"
mkdir -p "$kept"
echo "$*" >> "$0.calls"
for last; do :; done
name() { printf '%s' "$1" | tr '/:' '__'; }
case "$1 $2" in
"version --format") case "$3" in *Os*) echo linux/amd64 ;; *) echo 27.0 ;; esac ;;
"version ") echo 27.0 ;;
"buildx version") echo "buildx v0.20" ;;
"buildx build")
    while [ $# -gt 1 ]; do
        case "$1 $2" in
        "--tag "*) tag=$2 ;;
        "--build-arg VERSION="*) version=${2#VERSION=} ;;
        "--build-arg REVISION="*) revision=${2#REVISION=} ;;
        esac
        shift
    done
    printf '[{"Id":"sha256:%s","Config":{"Labels":{"org.opencontainers.image.version":"%s","org.opencontainers.image.revision":"%s"}}}]' \
        "$(printf '%s' "$tag$revision" | sha256sum | cut -d' ' -f1)" "$version" "$revision" > "$kept/$(name "$tag")" ;;
"image inspect") cat "$kept/$(name "$3")" 2>/dev/null || { echo "No such image" >&2; exit 1; } ;;
"run --rm"|"ps --all"|"rm --force"|"push "*) ;;
*) echo "unexpected words: $*" >&2; exit 64 ;;
esac
"#;

/// Puts the stand-in into a folder.
pub fn put_into(folder: &Path) {
    write_program(&folder.join("docker"), SCRIPT);
}

/// What it was called with.
pub fn calls(folder: &Path) -> String {
    fs::read_to_string(folder.join("docker.calls")).unwrap_or_default()
}
