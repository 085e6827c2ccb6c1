//! The three shops of the replay: what they list, and which invoice buys where.

use onhand_engine::Request;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::shop::ShopSettings;
use onhand_sandbox::Market;
use serde_json::{Value, json};

use anyhow::Context as _;

use super::super::rows::Catalogue;
use crate::embedded::Embedded;
use crate::markets::connect::connect;
use crate::markets::control::Control;

/// Variants of one item. A marketplace takes the stock of one item in one write, so this decides how many writes there are.
const VARIANTS: usize = 50;
/// Items of one request.
const ITEMS: usize = 10;

/// The shop in which an invoice is bought: by its number, so that it is always the same (FNV-1a).
pub(super) fn of(reference: &str) -> Market {
    let hash = reference.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The high bits: the low ones of numbers in a row are alike.
    match (hash >> 32) % 3 {
        0 => Market::Shopee,
        1 => Market::Tiktok,
        _ => Market::Lazada,
    }
}

/// Lists every SKU in the three shops, with nothing to sell until Onhand says so.
pub(super) async fn list(control: &Control, found: &Catalogue) -> anyhow::Result<()> {
    let items: Vec<Value> = found
        .skus
        .chunks(VARIANTS)
        .enumerate()
        .map(|(number, skus)| {
            let variants: Vec<Value> = skus
                .iter()
                .map(|sku| json!({"seller_sku": sku.sku, "options": [sku.sku], "stock": 0}))
                .collect();
            json!({"title": format!("Online Retail {}", number + 1), "axes": ["Code"], "variants": variants})
        })
        .collect();
    for chunk in items.chunks(ITEMS) {
        control.post("catalogue", &json!({ "items": chunk })).await?;
    }
    Ok(())
}

/// Connects all three.
pub(super) async fn connect_all(server: &Embedded, control: &Control) -> anyhow::Result<()> {
    let channels = server.channels.as_ref().context("there are no channels")?;
    let url = server.url();
    for market in Market::ALL {
        connect(&channels.flows, control, market, &url, &url, ShopSettings::default()).await?;
    }
    Ok(())
}

/// Has the orders of all shops looked for, as the timer does every ten minutes.
pub(super) async fn poll_all(server: &Embedded) -> anyhow::Result<()> {
    let reads = server.engine().reads();
    let now = reads.now().await?;
    let jobs = reads.shops().await?.into_iter().map(|shop| NewJob {
        body: JobBody::PollOrders { shop: shop.id },
        class: 1,
        run_at: now,
        cause_at: None,
    });
    server.engine().submit(Request::internal(EnqueueJobs { jobs: jobs.collect() })).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn invoices_are_spread_evenly_and_always_the_same() {
        let mut counts = [0_u32; 3];
        for number in 536_365..556_365_u32 {
            let market = of(&number.to_string());
            assert_eq!(market, of(&number.to_string()));
            counts[market as usize] += 1;
        }
        assert!(counts.iter().all(|count| (6_000..7_400).contains(count)), "{counts:?}");
    }
}
