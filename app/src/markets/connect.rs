//! Connecting the sandbox's shops by the round trip that a seller makes, and waiting until they are told everything.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use onhand_engine::flows::Flows;
use onhand_rules::shop::ShopSettings;
use onhand_sandbox::Market;
use onhand_store::Reads;
use serde_json::json;

use super::control::Control;

/// How often is looked whether something waited for has happened.
pub(crate) const LOOK: Duration = Duration::from_millis(250);
/// A job due later than this waits for the clock and not for anybody's recovery, in milliseconds.
const SOON_MS: i64 = 360_000;

/// The whole round trip of an owner: our link, the marketplace's page, its redirect, the exchange of the code. Messages of
/// the marketplace go to `hooks`, the seller comes back to `url`; both are addresses of ours without a path.
pub(crate) async fn connect(
    flows: &Flows,
    control: &Control,
    market: Market,
    hooks: &str,
    url: &str,
    settings: ShopSettings,
) -> anyhow::Result<()> {
    let name = market.name();
    control.post("webhooks", &json!({"market": name, "url": format!("{hooks}/hooks/{name}")})).await?;
    let back = format!("{url}/connect/{name}/callback");
    if market == Market::Tiktok {
        control.post("redirect", &json!({ "url": back })).await?;
    }
    let page = flows.start_consent(name, None, &back).await?;
    let callback = control.agree(&page).await.with_context(|| format!("the consent page of {name}"))?;
    let parameters: BTreeMap<String, String> =
        callback.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let of = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let done = flows
        .finish_consent(name, &of("state"), &of("code"), parameters.clone().into_iter().collect(), settings)
        .await
        .with_context(|| format!("cannot connect the shop on {name}"))?;
    if done.shops.is_empty() {
        bail!("the consent on {name} covers no shop");
    }
    Ok(())
}

/// Waits until the listings of all shops were read; yields how many there are.
pub(crate) async fn wait_for_listings(reads: &dyn Reads, patience: Duration) -> anyhow::Result<usize> {
    let started = tokio::time::Instant::now();
    loop {
        let shops = reads.shops().await?;
        if !shops.is_empty() && shops.iter().all(|shop| shop.cursors.imported_at > 0) {
            let mut count = 0;
            for shop in shops {
                let filter = onhand_store::ListingFilter { shop: Some(shop.id), ..Default::default() };
                count += reads.listings(&filter, 100_000).await?.rows.len();
            }
            return Ok(count);
        }
        if started.elapsed() > patience {
            bail!("the listings of the shops could not be read within {} s", patience.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether every figure is told and no order is on its way, at this moment.
pub(crate) async fn is_quiet(reads: &dyn Reads) -> anyhow::Result<bool> {
    let dirty: i64 = reads.staleness().await?.iter().map(|stale| stale.dirty).sum();
    let now = reads.now().await?;
    let counts = reads.job_counts().await?;
    // What fires by the clock waits for its time; what was put off for a failure counts.
    let due = counts.iter().filter(|count| count.count > 0 && count.oldest_run_at <= now + SOON_MS).count();
    Ok(dirty == 0 && due == 0)
}

/// Waits until it has been quiet for a second; `false` when it did not become so.
pub(crate) async fn settle(reads: &dyn Reads, patience: Duration) -> anyhow::Result<bool> {
    let started = tokio::time::Instant::now();
    let mut quiet = 0;
    while quiet < 4 {
        quiet = if is_quiet(reads).await? { quiet + 1 } else { 0 };
        if started.elapsed() > patience {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}
