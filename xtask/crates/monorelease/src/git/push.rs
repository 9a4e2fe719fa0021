//! What a push came to, read in one place from `git push --porcelain` (git-push(1), "OUTPUT"): a line for each ref, in columns.

/// Why a remote did not take a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The ref is not where the push expected it: somebody was faster.
    Moved(String),
    /// The remote does not want it, or could not be reached.
    Refused(String),
}

/// What servers answer when two write one ref at the same time. The protocol has words alone for it (`ng <ref> <reason>`): git's own
/// receive-pack, GitHub and GitLab.
const RACES: [&str; 6] = [
    "non-fast-forward",
    "fetch first",
    "cannot lock ref",
    "incorrect old value provided",
    "failed to update ref",
    "stale info",
];

impl Rejection {
    /// What git and the remote said.
    pub fn words(&self) -> &str {
        match self {
            Self::Moved(said) | Self::Refused(said) => said,
        }
    }

    /// Reads the output of a push of one ref that failed.
    pub fn read(stdout: &str, stderr: &str) -> Self {
        let status = stdout.lines().find_map(|line| {
            let mut columns = line.split('\t');
            let is_rejected = columns.next() == Some("!");
            columns.nth(1).filter(|_| is_rejected)
        });
        let Some(status) = status else {
            return Self::Refused(stderr.to_owned());
        };
        let said = format!("{stderr}\n{status}");
        // `[rejected]` is git's own word: by what the remote told of the ref, it sent nothing.
        let is_ours = status.starts_with("[rejected]");
        match is_ours || RACES.iter().any(|race| status.contains(race)) {
            true => Self::Moved(said),
            false => Self::Refused(said),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_that_moved_is_told_from_one_that_is_not_wanted() {
        let read = |status: &str| {
            let stdout = format!("To there\n!\tabc:refs/heads/main\t{status}\nDone");
            Rejection::read(&stdout, "error: failed to push some refs to 'there'")
        };
        for status in [
            "[rejected] (fetch first)",
            "[rejected] (stale info)",
            "[rejected] (non-fast-forward)",
            "[remote rejected] (failed to update ref)",
            "[remote rejected] (cannot lock ref 'refs/heads/main': is at a but expected b)",
        ] {
            assert!(matches!(read(status), Rejection::Moved(_)), "{status}");
        }
        for status in [
            "[remote rejected] (pre-receive hook declined)",
            "[remote rejected] (protected branch hook declined)",
        ] {
            let Rejection::Refused(said) = read(status) else {
                panic!("{status}");
            };
            assert!(said.ends_with(status));
        }
        assert_eq!(
            Rejection::read("", "fatal: unable to access 'there'"),
            Rejection::Refused("fatal: unable to access 'there'".into())
        );
    }
}
