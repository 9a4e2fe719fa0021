//! Errors that decide an exit code: what is wrong, and the command that mends it.
//!
//! Anything else that goes wrong travels as plain `anyhow` context and ends in exit code 1.

use std::fmt;

use monorelease_commit_history::missing::MissingObject;
use monorelease_process::ProgramMissing;

/// The exit codes of the contract (DESIGN section 5), apart from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// 1: something failed, or a check found faults.
    Failed,
    /// 2: the words of the call or the configuration are wrong.
    Usage,
    /// 3: a conflict, an unknown, or a law forbids it; nothing was done.
    Refused,
}

impl FaultKind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
        }
    }
}

/// One sentence on what was found and wanted, and the command that mends it.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: FaultKind,
    pub what: String,
    pub fix: Option<String>,
}

impl Fault {
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Failed, what)
    }

    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Usage, what)
    }

    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Refused, what)
    }

    /// Names the command, or the edit, after which the same call would work.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The fault in an error's chain with all its context, or a plain failure.
    pub fn of(error: &anyhow::Error) -> Self {
        let inner = Self::in_chain(error);
        Self {
            kind: inner.as_ref().map_or(FaultKind::Failed, |fault| fault.kind),
            what: format!("{error:#}"),
            fix: inner.and_then(|fault| fault.fix),
        }
    }

    /// The first cause in an error's chain that decides an exit code.
    pub fn in_chain(error: &anyhow::Error) -> Option<Self> {
        error.chain().find_map(Self::in_cause)
    }

    /// Errors of the crates below know neither exit codes nor our commands.
    fn in_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if let Some(missing) = cause.downcast_ref::<MissingObject>() {
            return Some(Self::refused(missing.to_string()).fix("git fetch --refetch --no-filter"));
        }
        if let Some(absent) = cause.downcast_ref::<ProgramMissing>() {
            let fix = format!("install {}, then cargo xtask doctor", absent.program);
            return Some(Self::refused(absent.to_string()).fix(fix));
        }
        cause.downcast_ref::<Self>().cloned()
    }

    fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            fix: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}
