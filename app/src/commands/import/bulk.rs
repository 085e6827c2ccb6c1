//! Items sent many at a time. One item that spoils a whole request is found by halving and fails alone.

use anyhow::bail;
use onhand_engine::ids;
use serde_json::{Value, json};

use crate::client::{Client, problem_of};

/// Items of one request.
pub(super) const CHUNK: usize = 1_000;

/// One item and the row that it came from.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) row: usize,
    pub(super) body: Value,
}

/// Sends requests of one run.
pub(super) struct Sender<'a> {
    client: &'a Client,
    /// Different for each run: the same file imported again next week means what it says then.
    run: String,
    sent: u64,
}

impl<'a> Sender<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, run: ids::op().to_string(), sent: 0 }
    }

    fn key(&mut self) -> String {
        self.sent += 1;
        format!("import-{}-{:08}", self.run, self.sent)
    }

    /// Creates SKUs. The answers are in the order of the items: nothing, or why not.
    pub(super) async fn create_skus(&mut self, items: &[Item]) -> anyhow::Result<Vec<Option<String>>> {
        self.halving("/v1/skus/bulk", items, |bodies| json!({ "skus": bodies })).await
    }

    /// Changes stock, each item by itself.
    pub(super) async fn change_stock(&mut self, items: &[Item]) -> anyhow::Result<Vec<Option<String>>> {
        self.halving("/v1/stock/bulk", items, |bodies| json!({"mode": "independent", "items": bodies})).await
    }

    /// Changes one SKU.
    pub(super) async fn update_sku(&mut self, sku: &str, body: &Value) -> anyhow::Result<Option<String>> {
        let key = self.key();
        let path = format!("/v1/skus/{}", crate::client::escaped(sku));
        let answer = self.client.patch(&path, body, &key).await?;
        Ok((!answer.is_ok()).then(|| answer.problem()))
    }

    async fn halving(
        &mut self,
        path: &str,
        items: &[Item],
        wrap: impl Fn(Vec<&Value>) -> Value,
    ) -> anyhow::Result<Vec<Option<String>>> {
        let mut results: Vec<Option<String>> = Vec::with_capacity(items.len());
        // The part that comes next is on top.
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let key = self.key();
            let body = wrap(part.iter().map(|item| &item.body).collect());
            let answer = self.client.post(path, &body, &key).await?;
            if answer.is_ok() {
                results.extend(results_of(&answer.body, part.len())?);
            } else if matches!(answer.status, 401 | 403 | 404 | 500) {
                bail!("POST {path}: {}", answer.problem());
            } else if part.len() == 1 {
                results.push(Some(answer.problem()));
            } else {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
        Ok(results)
    }
}

fn results_of(body: &Value, expected: usize) -> anyhow::Result<Vec<Option<String>>> {
    let results = body["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    if results.len() != expected {
        bail!("the server answered for {} items instead of {expected}", results.len());
    }
    Ok(results
        .iter()
        .map(|result| {
            let status = result["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            let status = status.unwrap_or_default();
            if (200..300).contains(&status) {
                return None;
            }
            let problem = if result["problem"].is_null() { &result["body"] } else { &result["problem"] };
            Some(problem_of(status, problem))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_needs_its_answer() {
        let body = json!({"results": [
            {"status": 201, "body": {}},
            {"status": 409, "problem": {"code": "sku_exists", "detail": "SKU A exists already"}},
        ]});
        let results = results_of(&body, 2).expect("two");
        assert_eq!(results, [None, Some("SKU A exists already (409 sku_exists)".to_owned())]);
        assert!(results_of(&body, 3).is_err());
    }
}
