//! A file stops at 500 lines and a function at 70: what is longer has more than one subject.
//!
//! `xtask/tidy.toml` lists the exceptions with the length that each had when it was let in. The list can only shrink:
//! growing past an entry is a complaint, and so is an entry that is larger than needed or not needed at all.

use std::collections::BTreeMap;
use std::path::Path;

use super::tree;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const EXCEPTIONS: &str = "xtask/tidy.toml";

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = BTreeMap::new();
    let mut functions = BTreeMap::new();
    for file in tree::files_with(root, "rs")? {
        let Some(text) = tree::text(root, &file)? else {
            continue;
        };
        files.insert(file.display().to_string(), text.lines().count());
        for function in functions_of(&text) {
            // Several functions of one file may share a name; the longest speaks for them.
            let lines = functions.entry(format!("{}::{}", file.display(), function.name)).or_insert(0);
            *lines = function.lines.max(*lines);
        }
    }
    let exceptions = if root.join(EXCEPTIONS).exists() {
        tree::manifest(&root.join(EXCEPTIONS))?
    } else {
        toml::Table::new()
    };
    let mut complaints = ratchet(&exceptions, "file_lines", FILE_LINES_MAX, &files);
    complaints.extend(ratchet(&exceptions, "function_lines", FUNCTION_LINES_MAX, &functions));
    Ok(complaints)
}

fn ratchet(
    exceptions: &toml::Table,
    table: &str,
    max: usize,
    actual: &BTreeMap<String, usize>,
) -> Vec<String> {
    let empty = toml::Table::new();
    let listed = exceptions.get(table).and_then(toml::Value::as_table).unwrap_or(&empty);
    let allowed = |name: &str| {
        let lines = listed.get(name).and_then(toml::Value::as_integer);
        lines.and_then(|lines| usize::try_from(lines).ok())
    };
    let mut complaints = Vec::new();
    for (name, &lines) in actual {
        match allowed(name) {
            None if lines > max => complaints.push(format!("{name} has {lines} lines; {max} is the most")),
            Some(entry) if lines > entry => {
                complaints.push(format!(
                    "{name} grew to {lines} lines; {EXCEPTIONS} allows {entry} and only shrinks"
                ));
            }
            Some(entry) if lines <= max => {
                complaints.push(format!(
                    "{name} has {lines} lines and needs no entry (of {entry}) in {EXCEPTIONS}"
                ));
            }
            Some(entry) if lines < entry => {
                complaints.push(format!("{name} shrank to {lines} lines: lower its {entry} in {EXCEPTIONS}"));
            }
            _ => {}
        }
    }
    for name in listed.keys().filter(|name| !actual.contains_key(*name)) {
        complaints.push(format!("{EXCEPTIONS} lists {name}, which does not exist"));
    }
    complaints
}

struct Function {
    name: String,
    lines: usize,
}

/// Relies on rustfmt, which the same test run checks first: a function ends at the first closing brace that stands as
/// far left as the function begins. That is simpler than parsing Rust and fails only inside odd string literals.
fn functions_of(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line.trim_start()) else {
            continue;
        };
        if let Some(end) = end_of(&lines, start) {
            found.push(Function { name, lines: end - start + 1 });
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut rest = line;
    loop {
        if let Some(after) = rest.strip_prefix("fn ") {
            let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            return (!name.is_empty()).then_some(name);
        }
        let (word, after) = rest.split_once(' ')?;
        let qualifier = matches!(word, "pub" | "const" | "async" | "unsafe" | "default" | "extern" | "\"C\"");
        if !qualifier && !word.starts_with("pub(") {
            return None;
        }
        rest = after;
    }
}

fn end_of(lines: &[&str], start: usize) -> Option<usize> {
    let indent = lines[start].len() - lines[start].trim_start().len();
    let close = format!("{}}}", " ".repeat(indent));
    let mut opened = false;
    for (number, line) in lines.iter().enumerate().skip(start) {
        if !opened && line.ends_with(';') {
            return None;
        }
        if !opened && line.ends_with('}') && number == start {
            return Some(start);
        }
        if opened && *line == close {
            return Some(number);
        }
        opened |= line.ends_with('{');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{check, functions_of};
    use crate::tidy::tests::repository;

    fn function(lines: usize) -> String {
        format!("    pub(crate) async fn long(\n    ) {{\n{}    }}\n", "        x();\n".repeat(lines - 3))
    }

    fn complaints(code: &str, exceptions: &str) -> Vec<String> {
        check(repository(&[("a/src/lib.rs", code), ("xtask/tidy.toml", exceptions)]).path()).unwrap()
    }

    #[test]
    fn lengths_are_counted_from_the_signature_to_the_brace() {
        let text = "fn one() {}\ntrait T {\n    fn two(&self);\n    fn three() {\n        if x {\n        }\n    }\n}\n";
        let found: Vec<_> = functions_of(text).into_iter().map(|f| (f.name, f.lines)).collect();
        assert_eq!(found, [("one".to_owned(), 1), ("three".to_owned(), 4)]);
    }

    #[test]
    fn a_function_of_70_lines_is_fine_and_one_of_71_is_not() {
        assert!(complaints(&function(70), "").is_empty());
        assert_eq!(complaints(&function(71), ""), ["a/src/lib.rs::long has 71 lines; 70 is the most"]);
    }

    #[test]
    fn a_file_of_500_lines_is_fine_and_one_of_501_is_not() {
        assert!(complaints(&"//\n".repeat(500), "").is_empty());
        assert_eq!(complaints(&"//\n".repeat(501), ""), ["a/src/lib.rs has 501 lines; 500 is the most"]);
    }

    #[test]
    fn the_list_of_exceptions_only_shrinks() {
        let exceptions = "[function_lines]\n\"a/src/lib.rs::long\" = 80";
        assert!(complaints(&function(80), exceptions).is_empty());
        assert!(complaints(&function(81), exceptions)[0].contains("only shrinks"));
        assert!(complaints(&function(79), exceptions)[0].contains("lower its 80"));
        assert!(complaints(&function(60), exceptions)[0].contains("needs no entry"));
        assert!(complaints("", exceptions)[0].contains("does not exist"));
    }
}
