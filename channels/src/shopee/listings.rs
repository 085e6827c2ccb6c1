//! Listings: importing them, writing their stock, reading it.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use onhand_connector::http::{Answer, FIELDS};
use onhand_connector::{
    Class, Failure, ItemOutcome, ListingKey, ListingPage, PushItem, RemoteListing, StockSeen,
};
use serde_json::{Value, json};

use super::auth::number;
use super::failure::{self, Envelope};
use super::map;
use super::session::Session;
use super::wire::{ItemInfo, ItemInfos, ItemList, ModelList, StockWritten, Wrapped};
use crate::words;

const LIST: &str = "/api/v2/product/get_item_list";
const BASE_INFO: &str = "/api/v2/product/get_item_base_info";
const MODELS: &str = "/api/v2/product/get_model_list";
const UPDATE_STOCK: &str = "/api/v2/product/update_stock";

/// Items on a page: each with models costs one more request, so a page is 27 requests at most.
const PAGE: usize = 25;
/// Requests for models under way at once.
const AT_ONCE: usize = 4;
/// All that may come back to life; deleted items stay away.
const STATUSES: [&str; 4] = ["NORMAL", "UNLIST", "BANNED", "REVIEWING"];
/// Deleted by the seller, or by Shopee. Asked for by its number, such an item is still told.
const DELETED: [&str; 2] = ["SELLER_DELETE", "SHOPEE_DELETE"];

pub(super) async fn page(session: &Session<'_>, cursor: Option<&str>) -> Result<ListingPage, Failure> {
    let mut query = vec![("offset", cursor.unwrap_or("0").to_owned()), ("page_size", PAGE.to_string())];
    query.extend(STATUSES.map(|status| ("item_status", status.to_owned())));
    let list: Wrapped<ItemList> = session.get(LIST, query).await?.parse()?;
    let list = list.response;
    let ids: Vec<_> = list.item.0.iter().map(|item| item.item_id.0.clone()).collect();
    let mut items = base_info(session, &ids).await?;
    // Both answers name kits.
    let kits = list.item.0.iter().filter(|head| head.tag.kit.0);
    let kits: Vec<_> = kits.map(|head| head.item_id.0.as_str()).collect();
    for item in items.iter_mut().filter(|item| kits.contains(&item.item_id.0.as_str())) {
        item.tag.kit.0 = true;
    }
    let pages: Vec<_> = items.iter().map(|item| listings_of(session, item)).collect();
    let listings: Vec<Vec<_>> = stream::iter(pages).buffered(AT_ONCE).try_collect().await?;
    let next = list.has_next_page.0.then(|| list.next_offset.0.to_string());
    Ok(ListingPage {
        listings: listings.into_iter().flatten().collect(),
        next,
        total: list.total_count.and_then(|total| u64::try_from(total.0).ok()),
    })
}

pub(super) async fn item(session: &Session<'_>, item: &str) -> Result<Vec<RemoteListing>, Failure> {
    let items = base_info(session, &[item.to_owned()]).await?;
    match items.first() {
        Some(item) => listings_of(session, item).await,
        None => Err(Failure::new(Class::Gone, "item_gone", "the item does not exist (any more)")),
    }
}

async fn base_info(session: &Session<'_>, ids: &[String]) -> Result<Vec<ItemInfo>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = vec![("item_id_list", ids.join(","))];
    let infos: Wrapped<ItemInfos> = session.get(BASE_INFO, query).await?.parse()?;
    let there = |item: &ItemInfo| !DELETED.contains(&item.item_status.0.as_str());
    Ok(infos.response.item_list.0.into_iter().filter(there).collect())
}

async fn models(session: &Session<'_>, item: &str) -> Result<ModelList, Failure> {
    let list: Wrapped<ModelList> = session.get(MODELS, vec![("item_id", item.to_owned())]).await?.parse()?;
    Ok(list.response)
}

async fn listings_of(session: &Session<'_>, item: &ItemInfo) -> Result<Vec<RemoteListing>, Failure> {
    if item.has_model.0 {
        return Ok(map::models(item, &models(session, &item.item_id.0).await?));
    }
    Ok(vec![map::plain(item)])
}

pub(super) async fn push(session: &Session<'_>, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
    let Some(first) = items.first() else { return Ok(Vec::new()) };
    if items.len() > 50 || items.iter().any(|item| item.key.item != first.key.item) {
        let message = "one write of stock takes at most 50 models of one item";
        return Err(Failure::new(Class::Invalid, "batch", message));
    }
    let stock_list = items.iter().map(stock_entry).collect::<Result<Vec<_>, _>>()?;
    let body = json!({ "item_id": number(&first.key.item)?, "stock_list": stock_list });
    let answer = session.post_unjudged(UPDATE_STOCK, &body).await?;
    outcomes(&answer, items, session.call.now)
}

/// With locations: the first one has all of it and the others have none, so that their sum is what was meant. All
/// locations must be named.
fn stock_entry(item: &PushItem) -> Result<Value, Failure> {
    if !(0..=999_999).contains(&item.quantity) {
        return Err(Failure::new(Class::Invalid, "quantity", "stock must be 0 to 999999"));
    }
    let seller_stock: Vec<Value> = if item.warehouses.is_empty() {
        vec![json!({ "stock": item.quantity })]
    } else {
        let share = |at: usize| if at == 0 { item.quantity } else { 0 };
        let places = item.warehouses.iter().enumerate();
        places.map(|(at, place)| json!({ "location_id": place, "stock": share(at) })).collect()
    };
    Ok(json!({ "model_id": number(&item.key.variant)?, "seller_stock": seller_stock }))
}

/// Reads both lists whatever `error` says. What is in neither is unclear when the answer claims success.
fn outcomes(answer: &Answer, items: &[PushItem], now: i64) -> Result<Vec<ItemOutcome>, Failure> {
    let envelope: Envelope = answer.parse()?;
    let written: StockWritten = match answer.json.get("response") {
        Some(response) if !response.is_null() => {
            answer.parse::<Wrapped<StockWritten>>().map(|wrapped| wrapped.response).or_else(|failure| {
                // A response of another shape beside an error is of no interest.
                if envelope.error.is_empty() || response.is_object() {
                    Err(failure)
                } else {
                    Ok(StockWritten::default())
                }
            })?
        }
        _ => StockWritten::default(),
    };
    let whole = match envelope.error.as_str() {
        "" => answer.status_failure(),
        _ => Some(failure::failure(answer, &envelope, now)),
    };
    if written.failure_list.0.is_empty() && written.success_list.0.is_empty() {
        return match whole {
            Some(failure) if items.len() > 1 && poisons(&failure) => Ok(poisoned(items, &failure)),
            Some(failure) => Err(failure),
            None => Err(answer.failure(Class::Unclear, FIELDS, "neither a success nor a failure is named")),
        };
    }
    let request_id = Some(envelope.request_id.0.clone()).filter(|id| !id.is_empty());
    let outcome = |item: &PushItem| {
        let refused = written.failure_list.0.iter().find(|refused| refused.model_id.0 == item.key.variant);
        if let Some(refused) = refused {
            let class = words::class(&refused.failed_reason.0);
            let failure = answer.failure(class, words::code(class), &refused.failed_reason.0);
            return Err(Failure { request_id: request_id.clone(), ..failure });
        }
        if written.success_list.0.iter().any(|accepted| accepted.model_id.0 == item.key.variant) {
            return Ok(());
        }
        Err(whole.clone().unwrap_or_else(|| {
            answer.failure(Class::Unclear, "not_named", "the answer does not name this model")
        }))
    };
    Ok(items.iter().map(outcome).collect())
}

/// Whether one wrong model may have refused its siblings.
fn poisons(failure: &Failure) -> bool {
    failure.code == "error_param"
}

fn poisoned(items: &[PushItem], failure: &Failure) -> Vec<ItemOutcome> {
    let one = Failure { class: Class::Unclear, code: "batch_refused".into(), ..failure.clone() };
    items.iter().map(|_| Err(one.clone())).collect()
}

pub(super) async fn read_stock(
    session: &Session<'_>,
    wanted: &[PushItem],
) -> Result<Vec<StockSeen>, Failure> {
    let Some(first) = wanted.first() else { return Ok(Vec::new()) };
    let seen = if first.key.variant == "0" {
        let ids: Vec<_> = wanted.iter().map(|item| item.key.item.clone()).collect();
        let items = base_info(session, &ids).await?;
        items.iter().filter(|item| !item.has_model.0).map(map::plain).collect()
    } else {
        let list = models(session, &first.key.item).await?;
        let nameless = ItemInfo::of(&first.key.item);
        map::models(&nameless, &list)
    };
    Ok(wanted.iter().map(|item| pick(&item.key, &seen)).collect())
}

fn pick(key: &ListingKey, seen: &[RemoteListing]) -> StockSeen {
    let found = seen.iter().find(|listing| listing.key == *key);
    StockSeen {
        key: key.clone(),
        stock: found
            .map(|listing| listing.stock)
            .ok_or_else(|| Failure::new(Class::Gone, "item_gone", "the model does not exist (any more)")),
        promotion_reserved: found.and_then(|listing| listing.promotion_reserved).unwrap_or(0),
    }
}
