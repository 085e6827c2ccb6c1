//! Orders that a marketplace still calls pending: it holds their units for the buyer, so they are asked for again before
//! their holds end here. Whatever it says then is taken as any news is; what is still pending is held longer.

use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, Millis, Shop};

use super::MINUTE;
use crate::jobs::{Shared, within};
use crate::ledger::Request;

/// So long before its end a hold is asked about: some looks of a minute each, and some retries.
const BEFORE: Millis = 5 * MINUTE;
/// Holds that one look asks about.
const HOLDS: usize = 1_000;

/// Asks for the orders whose holds end soon.
pub(super) async fn ask(shared: &Shared, shops: &[Shop], now: Millis) -> Result<(), String> {
    let held = within(shared.engine.reads().market_holds(now + BEFORE, HOLDS)).await?;
    let jobs: Vec<NewJob> =
        held.iter().filter_map(|(channel, reference)| fetch(shops, channel, reference)).collect();
    if jobs.is_empty() {
        return Ok(());
    }
    let answer = shared.engine.submit(Request::internal(EnqueueJobs { jobs })).await;
    answer.map(|_| ()).map_err(|error| error.to_string())
}

/// Our reference is the shop's code, the marketplace's number, and which order of ours it is when it became several.
fn fetch(shops: &[Shop], channel: &str, reference: &str) -> Option<NewJob> {
    let of_shop = |shop: &&Shop| shop.channel == channel && theirs(&shop.code, reference).is_some();
    let shop = shops.iter().find(of_shop)?;
    let reference = theirs(&shop.code, reference)?.to_owned();
    let body = JobBody::FetchOrder { shop: shop.id, reference };
    Some(NewJob { body, class: 2, run_at: 0, cause_at: None })
}

/// The marketplace's number in our reference of an order of this shop.
fn theirs<'a>(shop_code: &str, reference: &'a str) -> Option<&'a str> {
    let number = reference.strip_prefix(shop_code)?.strip_prefix('/')?;
    Some(number.rsplit_once('#').map_or(number, |(number, _)| number))
}

#[cfg(test)]
mod tests {
    use onhand_rules::MarketOrder;

    use super::*;

    #[test]
    fn the_number_is_found_in_our_reference() {
        for part in 0..3 {
            let reference = MarketOrder::order_reference("shop", "2610AB", part);
            assert_eq!(theirs("shop", &reference), Some("2610AB"), "{reference}");
        }
        assert_eq!(theirs("shop", "shop-2/2610AB"), None, "another shop's");
        assert_eq!(theirs("shop", "my own number"), None);
    }
}
