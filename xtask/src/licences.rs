//! Whether we may ship what we build on. `cargo deny` says it better and is not everywhere; this needs nothing but
//! cargo and reads the same list in `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Every package of `cargo metadata` against the list: complaints, and the crates that came in several versions.
pub(crate) fn check(metadata: &Value, deny: &toml::Table) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let allowed = deny.get("licenses").and_then(|licenses| licenses.get("allow")?.as_array());
    let allowed = allowed.context("deny.toml has no licenses.allow")?;
    let allowed: BTreeSet<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let mut complaints = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        versions.entry(name).or_default().insert(package["version"].as_str().unwrap_or_default());
        match package["license"].as_str() {
            None => complaints.push(format!("{name} names no licence")),
            Some(licence) if !acceptable(licence, &allowed)? => {
                complaints.push(format!("{name} is under {licence}, which deny.toml does not allow"));
            }
            Some(_) => {}
        }
        let source = package["source"].as_str();
        if source.is_some_and(|source| {
            !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
        }) {
            complaints.push(format!("{name} comes from {}", source.unwrap_or_default()));
        }
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    let several =
        several.map(|(name, versions)| format!("{name} {}", Vec::from_iter(versions).join(" and ")));
    Ok((complaints, several.collect()))
}

/// Whether some way to satisfy an SPDX expression uses only what is allowed. Old manifests write `/` for `OR`.
fn acceptable(expression: &str, allowed: &BTreeSet<&str>) -> anyhow::Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let answer =
        any_of(&words, &mut at, allowed).with_context(|| format!("cannot read the licence {expression}"))?;
    if at != words.len() {
        bail!("cannot read the licence {expression}");
    }
    Ok(answer)
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> anyhow::Result<bool> {
    let mut answer = all_of(words, at, allowed)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= all_of(words, at, allowed)?;
    }
    Ok(answer)
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> anyhow::Result<bool> {
    let mut answer = one(words, at, allowed)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= one(words, at, allowed)?;
    }
    Ok(answer)
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<&str>) -> anyhow::Result<bool> {
    let word = words.get(*at).context("it ends too early")?;
    *at += 1;
    if *word == "(" {
        let answer = any_of(words, at, allowed)?;
        if words.get(*at) != Some(&")") {
            bail!("a bracket is not closed");
        }
        *at += 1;
        return Ok(answer);
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).context("it ends too early")?;
        *at += 2;
        return Ok(allowed.contains(format!("{word} WITH {exception}").as_str()));
    }
    Ok(allowed.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{acceptable, check};

    fn ok(expression: &str) -> bool {
        acceptable(expression, &["MIT", "Apache-2.0", "ISC"].into()).unwrap()
    }

    #[test]
    fn expressions_are_weighed() {
        assert!(ok("MIT") && ok("GPL-3.0 OR MIT") && ok("GPL-3.0/MIT") && ok("MIT AND (GPL-3.0 OR ISC)"));
        assert!(!ok("GPL-3.0") && !ok("MIT AND GPL-3.0") && !ok("Apache-2.0 WITH LLVM-exception"));
        assert!(ok("GPL-3.0 AND ISC OR MIT"), "AND binds tighter");
        assert!(acceptable("(MIT", &["MIT"].into()).is_err());
        assert!(acceptable("MIT MIT", &["MIT"].into()).is_err());
    }

    #[test]
    fn packages_are_checked() {
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        let metadata = serde_json::json!({"packages": [
            {"name": "a", "version": "1.0.0", "license": "MIT", "source": registry},
            {"name": "a", "version": "2.0.0", "license": "MIT", "source": registry},
            {"name": "b", "version": "1.0.0", "license": "GPL-3.0", "source": registry},
            {"name": "c", "version": "1.0.0", "license": null, "source": registry},
            {"name": "d", "version": "1.0.0", "license": "MIT", "source": "git+https://example.com/d"},
        ]});
        let (complaints, several) = check(&metadata, &"licenses.allow = [\"MIT\"]".parse().unwrap()).unwrap();
        assert_eq!(complaints.len(), 3, "{complaints:?}");
        assert_eq!(several, ["a 1.0.0 and 2.0.0"]);
    }
}
