//! Deliveries by pull request, over a real remote and a strict forge: one branch, one request, and nobody's work lost.

use crate::support::delivery::push_to;
use crate::support::git_in;
use crate::support::pull::{Asked, BRANCH};
use crate::support::stage::TOKEN;
use monorelease_stand_ins::github::{Fault, Right};
use snapbox::str;

const PROMOTE: [&str; 4] = ["promote", "api", "--to", "production"];

#[test]
fn a_promotion_waits_for_its_merge_and_the_base_alone_tells_what_runs() {
    let asked = Asked::new();
    let delivered = &asked.delivered;
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");
    let before = (
        delivered.refs(),
        asked.forge.pulls(),
        delivered.fixture.state(),
    );
    assert_eq!(
        asked.ok(&[&PROMOTE[..], &["--dry-run"]].concat()),
        ["pin todo "]
    );
    assert_eq!(
        (
            delivered.refs(),
            asked.forge.pulls(),
            delivered.fixture.state()
        ),
        before,
        "law 13"
    );

    let told = asked.ok(&PROMOTE);
    let pulls = asked.open();
    assert_eq!(pulls.len(), 1);
    assert!(
        told[0].starts_with("pin acted waits for its merge: http://")
            && told[0].ends_with("/acme/cloud/pull/1"),
        "{told:?}"
    );
    assert_eq!(
        (pulls[0].title.as_str(), pulls[0].base.as_str()),
        ("chore(production): api 0.2.0", "main")
    );
    for words in [
        "Merging this lets production run api 0.2.0.",
        &format!("0.1.0@{one} → 0.2.0@{two}"),
        "Xtask-Environment: production",
    ] {
        assert!(
            pulls[0].body.contains(words),
            "{words:?} is not in {}",
            pulls[0].body
        );
    }
    assert!(asked.on_branch("production/api.yaml").contains(&two));
    assert!(
        delivered.file("production/api.yaml").contains(&one),
        "nothing runs before the merge"
    );
    let changed = git_in(
        &delivered.there(),
        &["diff", "--name-only", &format!("main..{BRANCH}")],
    );
    assert_eq!(changed, "production/api.yaml\n");
    assert_eq!(
        git_in(
            &delivered.there(),
            &["rev-list", "--count", &format!("main..{BRANCH}")]
        )
        .trim(),
        "1"
    );

    let refs = delivered.refs();
    let requests = asked.forge.log().len();
    let again = asked.ok(&PROMOTE);
    assert!(
        again[0].starts_with("pin done waits for its merge: "),
        "{again:?}"
    );
    assert_eq!(delivered.refs(), refs);
    assert!(
        asked.forge.log()[requests..]
            .iter()
            .all(|request| request.method == "GET")
    );

    asked.merge();
    assert!(delivered.file("production/api.yaml").contains(&two));
    assert!(asked.ok(&PROMOTE)[0].ends_with(" says so"));

    // Back, by the same road: the bar comes with the same request, and what stood there is read out of the squash.
    asked.ok(&["rollback", "api", "--in", "production", "--why", "it burns"]);
    let open = asked.open();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].title, "revert(production): api back to 0.1.0");
    assert!(
        open[0].body.contains("is barred: it burns"),
        "{}",
        open[0].body
    );
    assert!(
        asked.on_branch(".xtask/barred.toml").contains(&two)
            && asked.on_branch("production/api.yaml").contains(&one)
    );
    assert!(
        asked.ok(&["rollback", "api", "--in", "production", "--why", "it burns"])[0]
            .contains("done waits for its merge")
    );
    asked.merge();
    asked.refused(&PROMOTE, 3, str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns (https://github.com/acme/cloud)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
    asked.ok(&["unbar", "api", "--in", "production"]);
    assert_eq!(
        asked.open()[0].title,
        "chore(production): bar api no longer"
    );
    asked.refused(&PROMOTE, 3, str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns (https://github.com/acme/cloud)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
}

#[test]
fn it_follows_what_is_promoted_and_is_withdrawn_when_nothing_is_left() {
    let asked = Asked::new();
    let delivered = &asked.delivered;
    asked.ok(&PROMOTE);
    asked.ok(&["promote", "api", "--to", "staging", "--version", "0.3.0"]);
    asked.ok(&PROMOTE);
    let pulls = asked.forge.pulls();
    assert_eq!(
        (pulls.len(), pulls[0].title.as_str()),
        (1, "chore(production): api 0.3.0")
    );
    assert!(
        asked
            .on_branch("production/api.yaml")
            .contains(&delivered.digest("api", "0.3.0"))
    );
    // What runs there already is wanted again.
    asked.ok(&["promote", "api", "--to", "staging", "--version", "0.1.0"]);
    let told = asked.ok(&PROMOTE);
    assert!(
        told[0].starts_with("pin acted ") && told[0].ends_with(" says so"),
        "{told:?}"
    );
    assert_eq!((asked.open().len(), asked.tip()), (0, None));
    assert!(asked.ok(&PROMOTE)[0].starts_with("pin done "));
}

#[test]
fn the_base_may_move_under_it_and_only_what_it_touches_makes_it_anew() {
    let asked = Asked::new();
    let delivered = &asked.delivered;
    asked.ok(&PROMOTE);
    let tip = asked.tip();
    delivered.push_there(&[("README.md", "another\n")], "docs: another");
    assert!(asked.ok(&PROMOTE)[0].contains("done waits for its merge"));
    assert_eq!(asked.tip(), tip);
    let text = delivered
        .file("production/api.yaml")
        .replace("nginx:1.27", "nginx:1.28");
    delivered.push_there(&[("production/api.yaml", &text)], "fix: nginx");
    assert!(asked.ok(&PROMOTE)[0].contains("acted waits for its merge"));
    assert!(
        asked
            .on_branch("production/api.yaml")
            .contains("nginx:1.28")
    );
    let parent = git_in(&delivered.there(), &["rev-parse", &format!("{BRANCH}^")]);
    assert_eq!(parent, git_in(&delivered.there(), &["rev-parse", "main"]));
}

#[test]
fn somebody_elses_commit_on_the_branch_stops_it_and_a_closed_request_stays_closed() {
    let asked = Asked::new();
    let delivered = &asked.delivered;
    asked.ok(&PROMOTE);
    asked.forge.set_open(1, false);
    asked.ok(&PROMOTE);
    assert_eq!(
        (asked.open().len(), asked.open()[0].number),
        (1, 2),
        "a closed one is not opened again"
    );
    push_to(
        &delivered.fixture.folder().join("hand"),
        &delivered.there(),
        BRANCH,
        &[("production/mine.yaml", "a: 1\n")],
        "feat: mine",
    );
    asked.refused(&PROMOTE, 3, str![[r#"
    conflict pin api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request
       error api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request: found xtask/deliver/production/api at acme/cloud holds commits that are not ours: [SHORT] "feat: mine", wanted commits of ours alone
         try the same command again; others' commits on xtask/deliver/production/api go to a branch of their own first
     Refused nothing was done

"#]]);
    asked.refused(
        &["rollback", "api", "--in", "production", "--to", "0.3.0"],
        3,
        str![[r#"
    conflict rollback api in production: 0.1.0 → 0.3.0, https://github.com/acme/cloud (main) by pull request
       error api in production: 0.1.0 → 0.3.0, https://github.com/acme/cloud (main) by pull request: found xtask/deliver/production/api at acme/cloud holds commits that are not ours: [SHORT] "feat: mine", wanted commits of ours alone
         try the same command again; others' commits on xtask/deliver/production/api go to a branch of their own first
     Refused nothing was done

"#]],
    );
}

#[test]
fn a_lost_answer_opens_no_second_request() {
    let asked = Asked::new();
    // The first one asks whether it may, and opens nothing.
    asked
        .forge
        .plan_fault(Fault::cut_after("POST", "/pulls").from_nth(2));
    asked.ok(&PROMOTE);
    assert_eq!(
        (asked.forge.clear_faults(), asked.forge.pulls().len()),
        (0, 1)
    );
}

#[test]
fn what_is_missing_for_a_request_is_refused_before_anything_is_done() {
    let asked = Asked::new();
    let fixture = &asked.delivered.fixture;
    let refs = asked.delivered.refs();
    let none = fixture.run_with(&PROMOTE, &[("GITHUB_API_URL", &asked.forge.url())]);
    assert_eq!(none.code, 3, "{}", none.stderr);
    none.assert_stderr(str![[r#"
       error there is no token for the forge, and a pull request is wanted at acme/cloud: DELIVERY_TOKEN or GITHUB_TOKEN is not set
         try GITHUB_TOKEN=$(gh auth token), then the same command again
     Refused nothing was done

"#]]);
    let elsewhere = fixture.run_with(
        &PROMOTE,
        &[
            ("GITHUB_SERVER_URL", "https://forge.example"),
            ("GITHUB_TOKEN", TOKEN),
        ],
    );
    assert_eq!(elsewhere.code, 3, "{}", elsewhere.stderr);
    elsewhere.assert_stderr(str![[r#"
       error https://github.com/acme/cloud is no repository of https://forge.example, so no pull request can be opened there
         try write environments.production.via = "push", or set GITHUB_SERVER_URL
     Refused nothing was done

"#]]);
    let away = fixture.run_with(
        &PROMOTE,
        &[
            ("GITHUB_API_URL", "http://127.0.0.1:1"),
            ("GITHUB_TOKEN", TOKEN),
        ],
    );
    assert_eq!(away.code, 3, "{}", away.stderr);
    asked.forge.give_token("may-only-read", Right::Read);
    let reader = fixture.run_with(
        &PROMOTE,
        &[
            ("GITHUB_API_URL", &asked.forge.url()),
            ("GITHUB_TOKEN", "may-only-read"),
        ],
    );
    assert_eq!(reader.code, 3, "{}", reader.stderr);
    reader.assert_stderr(str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request  (it stands in staging)
       error no pull request can be opened or changed at acme/cloud: POST /repos/acme/cloud/pulls: http://[SERVER] answered 403: Resource not accessible by integration; the token may not do this; a workflow's job wants `contents: write` and `pull-requests: write`, and the repository's settings must let workflows create pull requests
         try a token of somebody who may write there; in a workflow, permissions: pull-requests: write, contents: write
     Refused nothing was done

"#]]);
    assert_eq!(
        (asked.delivered.refs(), asked.forge.pulls().len()),
        (refs, 0)
    );
}
