//! The parameters of a call, from its query and its form alike.

use crate::call::Call;

/// In the order in which they came, the query first.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(call: &Call) -> Parameters {
        let mut all = call.query.clone();
        all.extend(call.form());
        Parameters(all)
    }

    /// The first value that is not empty: an empty one is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// What is signed: all but the signature itself and what is empty, sorted by name.
    pub(super) fn signed(&self) -> Vec<(&str, &str)> {
        let kept = self.0.iter().filter(|(name, value)| name != "sign" && !value.is_empty());
        let mut kept: Vec<(&str, &str)> = kept.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        kept.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        kept
    }

    #[cfg(test)]
    pub(super) fn from(pairs: &[(&str, &str)]) -> Parameters {
        Parameters(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }
}

/// A JSON array of numbers or texts, as texts; none if it is something else.
pub(super) fn list(text: &str) -> Option<Vec<String>> {
    let values: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    values
        .into_iter()
        .map(|value| match value {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => number.as_u64().map(|number| number.to_string()),
            _ => None,
        })
        .collect()
}
