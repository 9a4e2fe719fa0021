//! What the installed cosign can do.

/// What the installed cosign knows, told by its help: builds of distributions say no version.
#[derive(Debug, Clone, Default)]
pub struct Abilities {
    pub(crate) sign: Vec<&'static str>,
    pub(crate) attest: Vec<&'static str>,
    pub(crate) reads_bundles: bool,
}
