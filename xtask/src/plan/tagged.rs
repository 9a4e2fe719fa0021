//! Whether a tag is of the version that the files of its commit say.

use std::rc::Rc;

use crate::model::site::SiteReading;
use crate::model::version::Version;

/// What one version site says at a tag's commit.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The commit has no such file: the site is younger than the tag.
    Absent,
    /// The file is there, and no version could be read from it as it was then.
    Unreadable(String),
    /// In the order of the file; never empty.
    Says(Rc<[SiteReading]>),
}

/// How a tag stands to its commit's files.
#[derive(Debug)]
pub enum Holding {
    Holds,
    /// Everything that can be read there.
    Wrong(Vec<SiteReading>),
    /// No site's file was there yet.
    Young,
    /// Files were there, and none could be read; why not.
    Unreadable(String),
}

/// Holds a tag's version against the sites of its commit, in their order: where the source of truth can be read, it decides;
/// else any other site that says the version is enough.
pub fn hold(version: &Version, answers: &[Answer]) -> Holding {
    let said = answers.iter().filter_map(|answer| match answer {
        Answer::Says(readings) => Some(readings.iter()),
        _ => None,
    });
    let said: Vec<&SiteReading> = said.flatten().collect();
    let holds = match answers.first() {
        Some(Answer::Says(truth)) => truth
            .first()
            .is_some_and(|reading| reading.version == *version),
        _ => said.iter().any(|reading| reading.version == *version),
    };
    if holds {
        return Holding::Holds;
    }
    if !said.is_empty() {
        return Holding::Wrong(said.into_iter().cloned().collect());
    }
    let unreadable = answers.iter().find_map(|answer| match answer {
        Answer::Unreadable(why) => Some(why.clone()),
        _ => None,
    });
    unreadable.map_or(Holding::Young, Holding::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::site::{Site, SiteForm};
    use crate::model::version::Spelling;

    fn version(text: &str) -> Version {
        Spelling::SemVer.read(text).unwrap()
    }

    fn says(texts: &[&str]) -> Answer {
        let site = Site {
            file: "VERSION".into(),
            form: SiteForm::Whole,
        };
        let reading = |text: &&str| SiteReading {
            site: site.clone(),
            key: "the whole text".into(),
            found: (*text).into(),
            version: version(text),
            spelling: Spelling::SemVer,
            span: 0..text.len(),
        };
        Answer::Says(texts.iter().map(reading).collect())
    }

    fn held(answers: &[Answer]) -> String {
        match hold(&version("1.0.0"), answers) {
            Holding::Holds => "holds".into(),
            Holding::Wrong(said) => said
                .iter()
                .map(|reading| reading.found.as_str())
                .collect::<Vec<_>>()
                .join(" "),
            Holding::Young => "young".into(),
            Holding::Unreadable(why) => format!("unreadable: {why}"),
        }
    }

    #[test]
    fn the_source_of_truth_decides_where_it_can_be_read() {
        let unreadable = || Answer::Unreadable("why".into());
        for (answers, expected) in [
            (vec![says(&["1.0.0"])], "holds"),
            (vec![says(&["0.9.0"])], "0.9.0"),
            (vec![says(&["1.0.0"]), says(&["0.9.0"])], "holds"),
            (vec![says(&["0.9.0"]), says(&["1.0.0"])], "0.9.0 1.0.0"),
            (vec![says(&["1.0.0", "0.9.0"])], "holds"),
            (vec![says(&["0.9.0", "1.0.0"])], "0.9.0 1.0.0"),
            (
                vec![Answer::Absent, says(&["0.9.0"]), says(&["1.0.0"])],
                "holds",
            ),
            (vec![unreadable(), says(&["1.0.0"])], "holds"),
            (vec![unreadable(), says(&["0.9.0"])], "0.9.0"),
            (vec![Answer::Absent, Answer::Absent], "young"),
            (vec![Answer::Absent, unreadable()], "unreadable: why"),
        ] {
            assert_eq!(held(&answers), expected, "{answers:?}");
        }
    }
}
