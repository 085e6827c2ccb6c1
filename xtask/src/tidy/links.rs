//! Links between our own pages resolve, to the heading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::tree;

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for file in tree::files_with(root, "md")? {
        if let Some(text) = tree::text(root, &file)? {
            pages.insert(file, prose(&text));
        }
    }
    let anchors: BTreeMap<&PathBuf, BTreeSet<String>> =
        pages.iter().map(|(file, lines)| (file, anchors(lines))).collect();
    let mut complaints = Vec::new();
    for (file, lines) in &pages {
        for (number, line) in lines.iter().enumerate() {
            for target in targets(line) {
                if let Some(why) = broken(root, file, target, &anchors) {
                    complaints.push(format!("{}:{}: `{target}`: {why}", file.display(), number + 1));
                }
            }
        }
    }
    Ok(complaints)
}

fn broken(
    root: &Path,
    file: &Path,
    target: &str,
    anchors: &BTreeMap<&PathBuf, BTreeSet<String>>,
) -> Option<&'static str> {
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    if elsewhere {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let page = if path.is_empty() { Some(file.to_path_buf()) } else { resolve(file, path) };
    let Some(page) = page else {
        return Some("it leaves the repository");
    };
    if !root.join(&page).exists() {
        return Some("no such file");
    }
    if anchor.is_empty() {
        return None;
    }
    match anchors.get(&page) {
        Some(known) if known.contains(anchor) => None,
        Some(_) => Some("no such heading"),
        // A line of a source file, `#L12`, moves with every change.
        None => Some("only pages have headings"),
    }
}

/// The path that a link means, relative to the root. None when it leaves the repository.
fn resolve(file: &Path, link: &str) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    let base = if link.starts_with('/') { Path::new("") } else { file.parent()? };
    for part in base.join(link.trim_start_matches('/')).components() {
        match part {
            Component::ParentDir => resolved.pop().then_some(())?,
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    Some(resolved)
}

/// The lines of a page with code blanked out: what stands in code is no link and no heading.
fn prose(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        lines.push(if fenced || fence { String::new() } else { line.to_owned() });
    }
    lines
}

/// What the links of a line point to: `[text](target)`, and `[name]: target` on a line of its own.
fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].find("](") {
        let start = from + at + 2;
        let Some(length) = line[start..].find(')') else {
            break;
        };
        let in_code = line[..start].matches('`').count() % 2 == 1;
        if !in_code {
            // A title may follow the target.
            found.extend(line[start..start + length].split_whitespace().next());
        }
        from = start + length;
    }
    if line.starts_with('[')
        && let Some((_, target)) = line.split_once("]: ")
    {
        found.extend(target.split_whitespace().next());
    }
    found
}

/// The names that headings get on the usual hosts: lower case, punctuation dropped, spaces turned into hyphens, a
/// number after those that came before.
fn anchors(lines: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in lines {
        let heading = line.trim_start_matches('#');
        let level = line.len() - heading.len();
        if !(1..=6).contains(&level) || !heading.starts_with(' ') {
            continue;
        }
        let slug = slug(heading.trim());
        let mut name = slug.clone();
        let mut count = 1;
        while !found.insert(name) {
            name = format!("{slug}-{count}");
            count += 1;
        }
    }
    found
}

fn slug(heading: &str) -> String {
    // Of a link only its text counts.
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let kept = text.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{check, slug};
    use crate::tidy::tests::repository;

    fn complaints(page: &str) -> Vec<String> {
        let other = "# The other\n## Part `one`, and more\n## Twice\n## Twice\n";
        check(repository(&[("docs/page.md", page), ("docs/other.md", other), ("README.md", "")]).path())
            .unwrap()
    }

    #[test]
    fn links_that_resolve_are_fine() {
        let page = "# Here\n[a](other.md) [b](../README.md \"title\") [c](other.md#part-one-and-more) [d](#here)\n\
                    [e](https://example.com/x.md#y) [f](/README.md) [g](other.md#twice-1) [h](.)\n";
        assert_eq!(complaints(page), [""; 0]);
    }

    #[test]
    fn broken_ones_are_found_with_their_line() {
        assert_eq!(complaints("\n[a](nowhere.md)"), ["docs/page.md:2: `nowhere.md`: no such file"]);
        assert_eq!(
            complaints("[a](other.md#nowhere)"),
            ["docs/page.md:1: `other.md#nowhere`: no such heading"]
        );
        assert_eq!(complaints("[a](#nowhere)").len(), 1);
        assert_eq!(complaints("[a]: nowhere.md").len(), 1);
        assert_eq!(complaints("[a](../../up.md)").len(), 1);
        assert_eq!(complaints("[a](other.md#twice-2)").len(), 1);
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(complaints("```\n[a](nowhere.md)\n```\nand `[a](nowhere.md)`"), [""; 0]);
    }

    #[test]
    fn headings_get_the_usual_names() {
        assert_eq!(slug("What `onhand` does, [today](x.md)"), "what-onhand-does-today");
    }
}
