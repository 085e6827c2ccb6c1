//! Words that must not be in the repository: tests and code left for later, and traces of the desk it was written at.

use std::path::Path;

use super::tree;

/// Put together here, so that this file does not hold them itself.
const CODE: &[(&str, &str)] = &[
    (concat!("#[", "ignore"), "no test is ignored: assert today's wrong result, with a FIXME"),
    (concat!("to", "do!("), "nothing is left for later in code"),
    (concat!("unimpl", "emented!("), "nothing is left for later in code"),
];

const ANYWHERE: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/tmp/", "bash_jobs"), "a path of one machine"),
    (concat!("sub", "agent"), "how it was written is no part of it"),
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in tree::files(root)? {
        let Some(text) = tree::text(root, &file)? else {
            continue;
        };
        let code = file.extension().is_some_and(|extension| extension == "rs");
        for (number, line) in text.lines().enumerate() {
            let banned = ANYWHERE.iter().chain(if code { CODE } else { &[] });
            for (word, why) in banned.filter(|(word, _)| line.contains(word)) {
                complaints.push(format!("{}:{}: `{word}`: {why}", file.display(), number + 1));
            }
        }
    }
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::{ANYWHERE, CODE, check};
    use crate::tidy::tests::repository;

    #[test]
    fn every_banned_word_is_found() {
        for (word, _) in CODE.iter().chain(ANYWHERE) {
            let found = check(repository(&[("a/src/lib.rs", &format!("\nx {word} y"))]).path()).unwrap();
            assert_eq!(found.len(), 1, "{word}");
            assert!(found[0].starts_with("a/src/lib.rs:2: "), "{found:?}");
        }
    }

    #[test]
    fn prose_may_speak_of_code_but_not_of_our_desk() {
        let (code, desk) = (CODE[0].0, ANYWHERE[0].0);
        assert!(check(repository(&[("a.md", code)]).path()).unwrap().is_empty());
        assert_eq!(check(repository(&[("a.md", desk)]).path()).unwrap().len(), 1);
    }
}
