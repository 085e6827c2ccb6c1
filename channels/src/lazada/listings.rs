//! Listings: importing them and reading their stock.

use onhand_connector::{Class, Failure, ListingPage, PushItem, RemoteListing, StockSeen};
use serde_json::json;

use super::map;
use super::session::Session;
use super::wire::{Data, Product, Products};

const PRODUCTS: &str = "/products/get";
const PRODUCT: &str = "/product/item/get";

/// Products on a page. 50 are allowed, but with their descriptions they may not fit into 1 MiB.
const PAGE: usize = 20;
/// Lazada's own bound.
const OFFSET_MAX: usize = 10_000;

pub(super) async fn page(session: &Session<'_>, cursor: Option<&str>) -> Result<ListingPage, Failure> {
    let wrong = |_| Failure::new(Class::Invalid, "cursor", "this is not a cursor of listings");
    let offset: usize = cursor.unwrap_or("0").parse().map_err(wrong)?;
    if offset > OFFSET_MAX {
        // Nothing says in which order products come, so there is no other way to go on; a silent end would be worse.
        let message = "Lazada lists no products beyond the ten thousandth";
        return Err(Failure::new(Class::Invalid, "offset_limit", message));
    }
    let query = vec![
        ("filter", "all".to_owned()),
        ("offset", offset.to_string()),
        ("limit", PAGE.to_string()),
        ("options", "1".to_owned()),
    ];
    let products: Data<Products> = session.get(PRODUCTS, query).await?.parse()?;
    let Products { total_products, products } = products.data;
    let total = total_products.and_then(|total| usize::try_from(total.0).ok());
    let seen = offset + products.0.len();
    // Without a total, a full page is the only sign that there is more.
    let more = !products.0.is_empty() && total.map_or(products.0.len() == PAGE, |total| seen < total);
    Ok(ListingPage {
        listings: products.0.iter().filter(|product| !is_gone(product)).flat_map(map::listings).collect(),
        next: more.then(|| seen.to_string()),
        total: total.and_then(|total| u64::try_from(total).ok()),
    })
}

fn is_gone(product: &Product) -> bool {
    product.status.0.eq_ignore_ascii_case("deleted")
}

pub(super) async fn item(session: &Session<'_>, item: &str) -> Result<Vec<RemoteListing>, Failure> {
    let product: Data<Product> = session.get(PRODUCT, vec![("item_id", item.to_owned())]).await?.parse()?;
    Ok(map::listings(&product.data))
}

/// One request for all that have a seller's code, and one for each item of the others.
pub(super) async fn read_stock(
    session: &Session<'_>,
    wanted: &[PushItem],
) -> Result<Vec<StockSeen>, Failure> {
    let mut seen = Vec::new();
    let mut codes: Vec<_> =
        wanted.iter().map(|item| item.seller_sku.as_str()).filter(|code| !code.is_empty()).collect();
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        let query = vec![
            ("filter", "all".to_owned()),
            ("sku_seller_list", json!(codes).to_string()),
            ("limit", "50".to_owned()),
            ("options", "1".to_owned()),
        ];
        let products: Data<Products> = session.get(PRODUCTS, query).await?.parse()?;
        seen.extend(products.data.products.0.iter().flat_map(map::listings));
    }
    let mut nameless: Vec<_> =
        wanted.iter().filter(|item| item.seller_sku.is_empty()).map(|item| item.key.item.as_str()).collect();
    nameless.sort_unstable();
    nameless.dedup();
    for one in nameless {
        match item(session, one).await {
            Ok(found) => seen.extend(found),
            Err(failure) if failure.class == Class::Gone => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(wanted.iter().map(|item| pick(item, &seen)).collect())
}

fn pick(item: &PushItem, seen: &[RemoteListing]) -> StockSeen {
    let found = seen.iter().find(|listing| listing.key == item.key);
    StockSeen {
        key: item.key.clone(),
        stock: found.map(|listing| listing.stock).ok_or_else(|| {
            // The seller may have given it another code since.
            Failure::new(Class::Gone, "item_gone", "no SKU with these ids and this seller's code exists")
        }),
        promotion_reserved: found.map_or(0, |listing| listing.promotion_reserved),
    }
}
