//! Of a repository that says what runs, only the files that are read: its server leaves contents out, and is asked for those of the
//! pins, all in one question.
//!
//! A server that leaves nothing out is never asked again. Which files pins are in is said from above.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use anyhow::bail;
use git2::{OdbLookupFlags, Oid};

use super::branch::{DeliveryBranch, FILTER, HEAD, REMOTE, REMOTE_LIMIT};

/// So many contents are asked for by one call of git: each name of one is an argument.
const ASKED_AT_ONCE: usize = 1_000;

impl DeliveryBranch {
    /// Fetches contents by their names; those that are here already are not asked for.
    pub(super) fn bring(&self, wanted: Oid, contents: &BTreeSet<Oid>) -> anyhow::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let repository = self.repository()?;
        let objects = repository.odb()?;
        // Somebody beside us may have asked for the same meanwhile.
        if objects.exists(wanted) {
            return Ok(());
        }
        let absent = contents
            .iter()
            .filter(|id| !objects.exists_ext(**id, OdbLookupFlags::NO_REFRESH));
        let absent: Vec<String> = absent.map(ToString::to_string).collect();
        for asked in absent.chunks(ASKED_AT_ONCE) {
            // Of what we say that we have, the server would take the contents to be here.
            let call = self.call(&[
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
            ]);
            let call = call
                .args(["--no-auto-maintenance", FILTER, REMOTE])
                .args(asked)
                .time_limit(REMOTE_LIMIT);
            if !self.runner.finish(&call)?.ok {
                return self.bring_all();
            }
        }
        Ok(())
    }

    /// Some servers leave contents out and give none by its name: then the whole commit is fetched, as from those that cannot leave
    /// anything out.
    fn bring_all(&self) -> anyhow::Result<()> {
        let reference = format!("+{}:{HEAD}", self.reference());
        let call = self.call(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--refetch",
        ]);
        let call = call
            .args(["--no-filter", "--depth", "1", REMOTE, &reference])
            .time_limit(REMOTE_LIMIT);
        let finished = self.runner.finish(&call)?;
        if !finished.ok {
            bail!(
                "{} cannot be read: {}",
                self.shown(),
                self.said(&finished.stderr)
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use git2::{ObjectType, Repository, Signature};

    use super::*;
    use crate::delivery::repository::branch::Pushed;
    use crate::delivery::repository::tree::PinFile;
    use crate::world::World;
    use crate::world::environment::Environment;

    const BIG: &str = "content that nobody asks for";

    /// A bare repository with two pins and something else, told so by its settings, and the world that reads it.
    fn there(settings: &[(&str, &str)]) -> (tempfile::TempDir, World, String) {
        let folder = tempfile::tempdir().unwrap();
        let there = Repository::init_bare(folder.path()).unwrap();
        let mut config = there.config().unwrap();
        for (key, value) in [
            ("user.name", "Test"),
            ("user.email", "test@localhost"),
            ("commit.gpgSign", "false"),
        ]
        .iter()
        .chain(settings)
        {
            config.set_str(key, value).unwrap();
        }
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, text) in [
            ("apps/a.yaml", "a"),
            ("apps/b.yaml", "b"),
            ("assets/big", BIG),
        ] {
            update.upsert(
                path,
                there.blob(text.as_bytes()).unwrap(),
                git2::FileMode::Blob,
            );
        }
        let empty = there
            .find_tree(there.treebuilder(None).unwrap().write().unwrap())
            .unwrap();
        let tree = there
            .find_tree(update.create_updated(&there, &empty).unwrap())
            .unwrap();
        let who = Signature::now("Test", "test@localhost").unwrap();
        there
            .commit(
                Some("refs/heads/main"),
                &who,
                &who,
                "feat: begin",
                &tree,
                &[],
            )
            .unwrap();
        // As from elsewhere: what is beside us on the disk is linked, and not sent.
        let address = format!("file://{}", folder.path().display());
        let clone = Repository::init(folder.path().join("clone")).unwrap();
        let mut config = clone.config().unwrap();
        settings
            .iter()
            .for_each(|(key, value)| config.set_str(key, value).unwrap());
        config.set_str("user.name", "Test").unwrap();
        config.set_str("user.email", "test@localhost").unwrap();
        let world = World::open(
            clone.workdir().unwrap(),
            Environment::default(),
            Arc::new(|_| {}),
        )
        .unwrap();
        world.expect_files(["apps/*.yaml", "nothing.yaml"]);
        (folder, world, address)
    }

    fn is_here(branch: &DeliveryBranch, text: &str) -> bool {
        let id = Oid::hash_object(ObjectType::Blob, text.as_bytes()).unwrap();
        branch.repository().unwrap().odb().unwrap().exists(id)
    }

    fn text(text: &str) -> PinFile {
        PinFile::Text(text.to_owned())
    }

    #[test]
    fn what_is_read_is_fetched_in_one_question_and_nothing_else_is() {
        let (folder, world, address) = there(&[("uploadpack.allowFilter", "true")]);
        let branch = world.delivery(&address, "main", false).unwrap();
        let head = branch.refresh().unwrap();
        assert!(!is_here(&branch, "a"));
        assert_eq!(
            branch.snapshot(&head).unwrap().file("apps/a.yaml").unwrap(),
            text("a")
        );
        assert!(
            is_here(&branch, "b") && !is_here(&branch, BIG),
            "and what is likely to be read came with it"
        );
        // What is not here stays as it is in what is pushed.
        let commit = branch
            .commit(
                &head,
                &[("apps/a.yaml".to_owned(), "new".to_owned())],
                &|_| "chore: new".to_owned(),
            )
            .unwrap();
        assert_eq!(branch.push(&commit, Some(&head)).unwrap(), Pushed::Yes);
        assert!(!is_here(&branch, BIG));
        let after = Repository::open_bare(folder.path()).unwrap();
        let tree = after
            .find_reference("refs/heads/main")
            .unwrap()
            .peel_to_tree()
            .unwrap();
        let at = |path: &str| {
            after
                .find_blob(tree.get_path(path.as_ref()).unwrap().id())
                .unwrap()
                .content()
                .to_vec()
        };
        assert_eq!(
            [at("apps/a.yaml"), at("apps/b.yaml"), at("assets/big")],
            [&b"new"[..], b"b", BIG.as_bytes()]
        );
        // And what was not expected can be read all the same, of what is older too.
        assert_eq!(branch.refresh().unwrap(), commit);
        assert_eq!(branch.history(&commit, &|_| false).unwrap().len(), 2);
        assert_eq!(
            branch.snapshot(&head).unwrap().file("assets/big").unwrap(),
            text(BIG)
        );
    }

    #[test]
    fn a_server_that_leaves_nothing_out_or_gives_nothing_by_name_is_read_as_a_whole() {
        for settings in [
            &[("uploadpack.allowFilter", "false")][..],
            &[
                ("uploadpack.allowFilter", "true"),
                ("protocol.version", "0"),
            ],
        ] {
            let (_folder, world, address) = there(settings);
            let branch = world.delivery(&address, "main", false).unwrap();
            let head = branch.refresh().unwrap();
            assert_eq!(
                branch.snapshot(&head).unwrap().file("apps/a.yaml").unwrap(),
                text("a"),
                "{settings:?}"
            );
            assert!(is_here(&branch, BIG), "{settings:?}");
            let commit = branch
                .commit(
                    &head,
                    &[("apps/b.yaml".to_owned(), "new".to_owned())],
                    &|_| "chore: new".to_owned(),
                )
                .unwrap();
            assert_eq!(
                branch.push(&commit, Some(&head)).unwrap(),
                Pushed::Yes,
                "{settings:?}"
            );
        }
    }
}
