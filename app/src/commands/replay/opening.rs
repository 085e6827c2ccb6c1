//! Before the first order: every SKU exists and has its opening stock.

use anyhow::bail;
use serde_json::{Value, json};

use super::rows::Catalogue;
use super::tally::{Kind, Tally};
use crate::client::{Client, problem_of};

/// SKUs or stock changes of one request.
const CHUNK: usize = 1_000;

/// `floor(percent / 100 × sold)`, in integers.
pub(super) fn opening_of(sold: i64, percent: u32) -> i64 {
    i64::try_from(i128::from(sold) * i128::from(percent) / 100).unwrap_or(i64::MAX)
}

/// Creates the SKUs and receives their stock. Each request has a fixed key, so a second run changes nothing.
pub(super) async fn stock(
    client: &Client,
    tally: &Tally,
    found: &Catalogue,
    percent: u32,
) -> anyhow::Result<()> {
    for (index, chunk) in found.skus.chunks(CHUNK).enumerate() {
        let skus: Vec<Value> = chunk
            .iter()
            .map(|sku| match sku.name.as_str() {
                "" => json!({"sku": sku.sku}),
                name => json!({"sku": sku.sku, "name": name}),
            })
            .collect();
        let key = format!("replay-opening-{index:05}:skus");
        send(client, tally, "/v1/skus/bulk", &json!({ "skus": skus }), &key).await?;
    }
    let received: Vec<Value> = found
        .skus
        .iter()
        .map(|sku| (&sku.sku, opening_of(sku.sold, percent)))
        .filter(|(_, quantity)| *quantity > 0)
        .map(
            |(sku, quantity)| json!({"action": "adjust", "sku": sku, "quantity": quantity, "reason": "received"}),
        )
        .collect();
    for (index, chunk) in received.chunks(CHUNK).enumerate() {
        let key = format!("replay-opening-{index:05}:stock");
        let body = json!({"mode": "atomic", "items": chunk});
        send(client, tally, "/v1/stock/bulk", &body, &key).await?;
    }
    Ok(())
}

async fn send(client: &Client, tally: &Tally, path: &str, body: &Value, key: &str) -> anyhow::Result<()> {
    let answer = tally.timed(Kind::Bulk, client.post(path, body, key)).await?;
    let what = format!("opening stock, POST {path}");
    if answer.code() == "idempotency_mismatch" {
        bail!(
            "{what}: this database holds a replay of another file or with another --opening-percent; use a fresh one"
        );
    }
    let body = answer.into_ok(&what)?;
    for item in body["results"].as_array().into_iter().flatten() {
        let status = u16::try_from(item["status"].as_u64().unwrap_or_default()).unwrap_or_default();
        let problem = if item["problem"].is_null() { &item["body"] } else { &item["problem"] };
        // The SKU is wanted, whoever made it.
        if status >= 300 && problem["code"] != "sku_exists" {
            bail!("{what}: {}", problem_of(status, problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::opening_of;

    #[test]
    fn opening_stock_is_rounded_down_in_integers() {
        assert_eq!(opening_of(0, 80), 0);
        assert_eq!(opening_of(1, 80), 0);
        assert_eq!(opening_of(9, 80), 7);
        assert_eq!(opening_of(10, 80), 8);
        assert_eq!(opening_of(7, 100), 7);
        assert_eq!(opening_of(7, 250), 17);
        assert_eq!(opening_of(i64::MAX, 1), i64::MAX / 100);
    }
}
