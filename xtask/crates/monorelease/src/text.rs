//! Small texts for reports and errors: tables, short commit ids, cut texts. It prints nothing.

/// A table with columns as wide as they need to be.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The first seven digits of a commit.
pub fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// At most so many characters, cut between two lines where there are any, with the sentence behind.
pub fn cut(text: &str, most: usize, sentence: &str) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most - sentence.chars().count();
    let end = text
        .char_indices()
        .nth(room)
        .map_or(text.len(), |(end, _)| end);
    let kept = &text[..end];
    let kept = kept.rfind('\n').map_or(kept, |line| &kept[..line]);
    format!("{}{sentence}", kept.trim_end())
}
