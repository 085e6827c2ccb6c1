//! What stays of an older page when only a part was measured.

/// A row of a table of the page: the heading that it stands under, the section inside the table, its first cell, the line.
struct Line<'a> {
    heading: &'a str,
    section: &'a str,
    name: &'a str,
    text: &'a str,
}

/// The rows of all tables, in order.
fn rows(page: &str) -> Vec<Line<'_>> {
    let (mut heading, mut section) = ("", "");
    let mut rows = Vec::new();
    for text in page.lines() {
        if text.starts_with("## ") {
            (heading, section) = (text, "");
        } else if text.starts_with("| **") {
            section = text;
        } else if let Some(name) = text.strip_prefix("| ").and_then(|rest| rest.split(" |").next()) {
            // The heads of the tables begin with an empty cell.
            if !name.is_empty() && !name.starts_with('|') {
                rows.push(Line { heading, section, name, text });
            }
        }
    }
    rows
}

/// The new page, with the rows of the old one that it does not have itself: each at the end of its section, and sections
/// at the end of their table.
pub(crate) fn merged(new: &str, old: &str) -> String {
    let mut lines: Vec<String> = new.lines().map(str::to_owned).collect();
    let have = rows(new);
    let is_new = |old: &&Line<'_>| {
        let same =
            |new: &Line<'_>| (new.heading, new.section, new.name) == (old.heading, old.section, old.name);
        !have.iter().any(same)
    };
    for row in rows(old).iter().filter(is_new) {
        let Some(heading) = lines.iter().position(|line| line == row.heading) else { continue };
        let table = end_of_table(&lines, heading);
        let section = lines[heading..table].iter().position(|line| line == row.section);
        let at = match section {
            _ if row.section.is_empty() => table,
            Some(at) => end_of_section(&lines, heading + at, table),
            None => {
                lines.insert(table, row.section.to_owned());
                table + 1
            }
        };
        lines.insert(at, row.text.to_owned());
    }
    lines.join("\n") + "\n"
}

/// What the page says of the machine under this name.
pub(crate) fn value_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let row = rows(page).into_iter().find(|row| row.heading == "## The machine" && row.name == name)?;
    row.text.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ").map(|(_, value)| value)
}

/// Behind the last line of the table under a heading.
fn end_of_table(lines: &[String], heading: usize) -> usize {
    let begin =
        lines[heading..].iter().position(|line| line.starts_with('|')).map_or(heading + 1, |at| heading + at);
    lines[begin..].iter().position(|line| !line.starts_with('|')).map_or(lines.len(), |length| begin + length)
}

fn end_of_section(lines: &[String], section: usize, table: usize) -> usize {
    let next = lines[section + 1..table].iter().position(|line| line.starts_with("| **"));
    next.map_or(table, |length| section + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# Benchmarks\n\n## The machine\n\n| | |\n|---|---|\n| cores | 2 |\n";

    #[test]
    fn the_machine_of_a_page_is_known() {
        assert_eq!(
            (value_of(HEAD, "cores"), value_of(HEAD, "processor"), value_of("", "cores")),
            (Some("2"), None, None)
        );
    }

    #[test]
    fn what_was_not_measured_again_stays_where_it_was() {
        let old = format!(
            "{HEAD}| SQLite 3 | x |\n\n## The table\n\n| | figure |\n|---|---|\n| **One** | |\n| a | 1 |\n| b | 2 |\n\
             | **Two** | |\n| a | 3 |\n\n## To repeat it\n"
        );
        let new = format!(
            "{HEAD}\n## The table\n\n| | figure |\n|---|---|\n| **One** | |\n| b | 7 |\n| **Three** | |\n| c | 8 |\n\n\
             ## To repeat it\n"
        );
        let page = format!(
            "{HEAD}| SQLite 3 | x |\n\n## The table\n\n| | figure |\n|---|---|\n| **One** | |\n| b | 7 |\n| a | 1 |\n\
             | **Three** | |\n| c | 8 |\n| **Two** | |\n| a | 3 |\n\n## To repeat it\n"
        );
        assert_eq!(merged(&new, &old), page);
        assert_eq!(merged(&new, ""), new);
    }
}
