//! An environment that is reached by pull request and deployed by commands: nothing is done before the merge, and the same line does
//! it after.

use crate::support::deploy::DEPLOYS;
use crate::support::pull::Asked;
use snapbox::str;

const PROMOTE: [&str; 4] = ["promote", "api", "--to", "production"];

/// Production goes by pull request and is deployed by commands, and a canary comes after it.
fn asked() -> Asked {
    let asked = Asked::new();
    let fixture = &asked.delivered.fixture;
    let config = fixture
        .read("xtask/monorepo.toml")
        .replace("approval = true\n", &format!("approval = true\n{DEPLOYS}"));
    let after = "[environments.after]\nafter = \"production\"\n[[pins]]\nproject = \"api\"\nenvironment = \"after\"\n\
                 git = \"https://github.com/acme/cloud\"\nfile = \"after.yaml\"\n";
    fixture.write("xtask/monorepo.toml", &format!("{config}{after}"));
    let text = asked.delivered.file("production/api.yaml");
    asked
        .delivered
        .push_there(&[("after.yaml", &text)], "feat: one more");
    asked.delivered.with_modal();
    asked
}

#[test]
fn commands_run_after_the_merge_by_the_same_line() {
    let asked = asked();
    let delivered = &asked.delivered;
    let one = delivered.digest("api", "0.1.0");
    let two = delivered.digest("api", "0.2.0");
    let ran = asked.run(&PROMOTE);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.assert_stderr(str![[r#"
        todo pin api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request  (it stands in staging)
        note api: the commands of production run after the merge, by the same line
       acted pin api in production: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main) by pull request  (waits for its merge: http://[SERVER]/acme/cloud/pull/1)  [[DURATION]]
    Finished 1 done now, 0 done before, 3 registry requests

"#]]);
    assert_eq!(
        (delivered.log().len(), asked.open().len()),
        (0, 1),
        "nothing is deployed before the merge"
    );
    asked.refused(
        &["promote", "api", "--to", "after", "--version", "0.2.0"],
        3,
        str![[r#"
        todo pin api in after: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main)  (it stands in production)
       error api 0.2.0 does not stand in production, through which alone after is reached: https://github.com/acme/cloud (main) production/api.yaml:5 says 0.1.0@[DIGEST], wanted 0.2.0@[DIGEST]
         try cargo xtask promote api --to production --version 0.2.0
       error api 0.2.0 has not passed deploy and smoke in production, as refs/xtask/environments tells
         try cargo xtask promote api --to production --version 0.2.0
     Refused nothing was done

"#]],
    );
    asked.merge();
    assert!(delivered.file("production/api.yaml").contains(&two));
    asked.refused(
        &["promote", "api", "--to", "after"],
        3,
        str![[r#"
        todo pin api in after: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main)  (it stands in production)
       error api 0.2.0 has not passed deploy and smoke in production, as refs/xtask/environments tells
         try cargo xtask promote api --to production --version 0.2.0
     Refused nothing was done

"#]],
    );

    // A command that fails leaves the line to be run again.
    delivered.let_fail("function", true);
    assert_eq!(asked.run(&PROMOTE).code, 1);
    asked.refused(
        &["promote", "api", "--to", "after"],
        3,
        str![[r#"
        todo pin api in after: 0.1.0 → 0.2.0, https://github.com/acme/cloud (main)  (it stands in production)
       error api 0.2.0 has not passed smoke in production, as refs/xtask/environments tells
         try cargo xtask promote api --to production --version 0.2.0
     Refused nothing was done

"#]],
    );
    delivered.let_fail("function", false);
    let steps: Vec<String> = asked
        .ok(&PROMOTE)
        .iter()
        .map(|step| step.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        steps,
        ["record done", "pin done", "deploy done", "smoke acted"]
    );
    assert_eq!(delivered.running("production"), two);
    asked.ok(&["promote", "api", "--to", "after"]);
    assert!(delivered.file("after.yaml").contains(&two));

    // The way back is the same road.
    let back = ["rollback", "api", "--in", "production", "--why", "it burns"];
    asked.ok(&back);
    assert_eq!(
        (delivered.running("production"), asked.open().len()),
        (two.clone(), 1)
    );
    asked.merge();
    asked.ok(&back);
    assert_eq!(delivered.running("production"), one);
    assert!(delivered.log().ends_with(&[
        "deploy production api 0.1.0".to_owned(),
        "function production api 0.1.0".to_owned()
    ]));
    asked.refused(&PROMOTE, 3, str![[r#"
       error api 0.2.0 ([DIGEST]) is barred in production since [TIMESTAMP] by Test <test@localhost>: it burns (https://github.com/acme/cloud)
         try cargo xtask unbar api --in production [DIGEST]
     Refused nothing was done

"#]]);
    let before = (delivered.refs(), delivered.log());
    asked.ok(&back);
    assert_eq!((delivered.refs(), delivered.log()), before, "law 14");
}
