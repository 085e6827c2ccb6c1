//! Whether the marketplaces show what the rule says, listing by listing.

use std::collections::BTreeMap;

use onhand_engine::publishing::told;
use onhand_rules::Listing;
use onhand_rules::shop::Shop;
use onhand_store::{ListingFilter, Reads};

use super::control::Control;

/// Listings read at once.
const PAGE: usize = 1_000;

/// How many were compared, and those that differ, in words.
pub(crate) struct Equal {
    pub(crate) checked: usize,
    pub(crate) wrong: Vec<String>,
}

/// Compares every active mapped listing of every shop with what buyers see on its marketplace.
pub(crate) async fn compare(reads: &dyn Reads, control: &Control) -> anyhow::Result<Equal> {
    let mut equal = Equal { checked: 0, wrong: Vec::new() };
    for shop in reads.shops().await? {
        let shown = control.get(&format!("listings?market={}", shop.channel)).await?;
        let shown: BTreeMap<String, i64> = shown["listings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| Some((row["seller_sku"].as_str()?.to_owned(), row["stock"].as_i64()?)))
            .collect();
        let mut filter = ListingFilter {
            shop: Some(shop.id),
            mapped: Some(true),
            active: Some(true),
            ..ListingFilter::default()
        };
        loop {
            let page = reads.listings(&filter, PAGE).await?;
            compare_page(reads, &shop, &page.rows, &shown, &mut equal).await?;
            filter.after = page.rows.last().map(|listing| listing.id);
            if !page.more {
                break;
            }
        }
    }
    Ok(equal)
}

async fn compare_page(
    reads: &dyn Reads,
    shop: &Shop,
    listings: &[Listing],
    shown: &BTreeMap<String, i64>,
    equal: &mut Equal,
) -> anyhow::Result<()> {
    let market = onhand_channels::by_name(&shop.channel);
    let maximum = market.map_or(i64::MAX, |market| market.facts().quantity_max);
    let rule = told(reads, shop, maximum, listings).await?;
    for (listing, rule) in listings.iter().zip(rule) {
        let Some(published) = rule.published else { continue };
        equal.checked += 1;
        let there = shown.get(&listing.seller_sku).copied();
        if there != Some(published.quantity) {
            let there = there.map_or_else(|| "nothing".to_owned(), |stock| stock.to_string());
            equal.wrong.push(format!(
                "{} {}: shows {there}, the rule says {}",
                shop.code, listing.seller_sku, published.quantity
            ));
        }
    }
    Ok(())
}
