//! Tests of messages that are written and read again, and of what stood before.

use std::collections::BTreeMap;

use super::*;
use crate::delivery::ReleaseImages;

fn digest(letter: char) -> Digest {
    format!("sha256:{}", letter.to_string().repeat(64))
        .parse()
        .unwrap()
}

fn said(version: &str, letter: char) -> Said {
    Said {
        version: Some(version.into()),
        digest: Some(digest(letter)),
    }
}

fn deliver(action: Action, from: Vec<Said>, to: Option<(&str, char)>) -> Deliver {
    Deliver {
        action,
        project: "api".into(),
        environment: "staging".into(),
        address: "there".into(),
        is_own: false,
        branch: "main".into(),
        pins: Vec::new(),
        images: to.map(|(version, letter)| ReleaseImages {
            version: version.into(),
            index: digest(letter),
            platforms: Vec::new(),
        }),
        from,
        found: BTreeMap::new(),
        approval: false,
        pull: None,
    }
}

fn of(action: &Action, from: Vec<Said>, to: (&str, char)) -> Record {
    let delivery = deliver(action.clone(), from, Some(to));
    record("c", 7, &message(&delivery, &[])).unwrap()
}

#[test]
fn a_message_is_read_as_it_was_written() {
    let back = Action::Rollback {
        bad: digest('b'),
        version: "0.2.0".into(),
        why: "it\n\nXtask-To: 9.9.9 burns".into(),
    };
    for action in [Action::Promote, back] {
        let from = vec![
            said("0.1.0", 'a'),
            Said {
                version: Some("0.0.9".into()),
                digest: None,
            },
            Said {
                version: None,
                digest: Some(digest('d')),
            },
        ];
        let delivery = deliver(action.clone(), from.clone(), Some(("0.2.0", 'b')));
        let change = Change {
            file: "a.yaml".into(),
            key: "image".into(),
            from: "0.1.0".into(),
            to: "0.2.0".into(),
        };
        let text = message(&delivery, &vec![change; 30]);
        assert!(text.contains("and 10 more\n"), "{text}");
        let expected = Record {
            commit: "c".into(),
            seconds: 7,
            action: action.word().into(),
            project: "api".into(),
            environment: "staging".into(),
            from,
            to: Some(said("0.2.0", 'b')),
        };
        assert_eq!(record("c", 7, &text), Some(expected.clone()));
        assert_eq!(
            record("c", 7, &format!("{text}Signed-off-by: Ann <a@b>\n")),
            Some(expected)
        );
    }
    let text = message(
        &deliver(
            Action::Unbar {
                digests: vec![digest('b')],
            },
            Vec::new(),
            None,
        ),
        &[],
    );
    let read = record("c", 7, &text).unwrap();
    assert_eq!(
        (read.action.as_str(), read.to, read.from),
        ("unbar", None, Vec::new())
    );
    assert_eq!(record("c", 7, "feat: something\n\nXtask-To: 1.0.0\n"), None);
}

#[test]
fn law_20_what_stood_before_is_told_by_the_records() {
    let nothing = |_: &Digest| false;
    let back = Action::Rollback {
        bad: digest('c'),
        version: "0.3.0".into(),
        why: String::new(),
    };
    let two = of(&Action::Promote, vec![said("0.1.0", 'a')], ("0.2.0", 'b'));
    let three = of(&Action::Promote, vec![said("0.2.0", 'b')], ("0.3.0", 'c'));
    let rolled = of(&back, vec![said("0.3.0", 'c')], ("0.2.0", 'b'));
    let four = of(&Action::Promote, vec![said("0.2.0", 'b')], ("0.4.0", 'd'));
    let ask = |records: &[&Record], now: Said, whole: bool, barred: &dyn Fn(&Digest) -> bool| {
        before(
            &records
                .iter()
                .map(|record| (*record).clone())
                .collect::<Vec<_>>(),
            &now,
            whole,
            barred,
        )
    };
    assert_eq!(
        ask(&[&three, &two], said("0.3.0", 'c'), false, &nothing),
        Before::Stood(said("0.2.0", 'b'))
    );
    // What is barred is passed over.
    let b = |found: &Digest| *found == digest('b');
    assert_eq!(
        ask(&[&three, &two], said("0.3.0", 'c'), true, &b),
        Before::Stood(said("0.1.0", 'a'))
    );
    assert_eq!(ask(&[&three], said("0.3.0", 'c'), false, &b), Before::More);
    // A rollback that is done is not done once more.
    assert_eq!(
        ask(&[&rolled, &three, &two], said("0.2.0", 'b'), true, &nothing),
        Before::RolledBack { commit: "c".into() }
    );
    assert_eq!(
        ask(
            &[&four, &rolled, &three, &two],
            said("0.4.0", 'd'),
            true,
            &nothing
        ),
        Before::Stood(said("0.2.0", 'b'))
    );
    // Pins that say a tag alone agree by it.
    let tag = Said {
        version: Some("0.3.0".into()),
        digest: None,
    };
    assert_eq!(
        ask(&[&three], tag, true, &nothing),
        Before::Stood(said("0.2.0", 'b'))
    );
    assert!(
        matches!(ask(&[&three], said("0.9.0", 'e'), true, &nothing), Before::Unknown(why) if why.contains("by hand"))
    );
    assert!(matches!(
        ask(&[], said("0.9.0", 'e'), true, &nothing),
        Before::Unknown(_)
    ));
    assert_eq!(ask(&[], said("0.9.0", 'e'), false, &nothing), Before::More);
}

#[test]
fn what_passed_is_no_change_of_what_runs_for_a_rollback() {
    let of = deliver(Action::Promote, Vec::new(), Some(("0.2.0", 'b')));
    let passed = record("c", 0, &passed_message(&of, "smoke")).unwrap();
    assert_eq!(
        (passed.action.as_str(), passed.environment.as_str()),
        ("passed", "staging")
    );
    let recorded = record("c", 0, &message(&of, &[])).unwrap();
    let to = recorded.to.unwrap();
    assert_eq!(
        (recorded.action.as_str(), to.version.as_deref()),
        ("promote", Some("0.2.0"))
    );
}
