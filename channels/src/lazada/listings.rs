//! Listings: importing them and reading their stock.

use onhand_connector::{Class, Failure, ListingPage, PushItem, RemoteListing, StockSeen};
use serde_json::json;

use super::session::Session;
use super::wire::{Data, Product, Products};
use super::{map, time};

const PRODUCTS: &str = "/products/get";
const PRODUCT: &str = "/product/item/get";

/// Products on a page. 50 are allowed, but with their descriptions they may not fit into 1 MiB.
const PAGE: usize = 20;
/// Lazada's own bound. Beyond it, products are listed by the time at which they were created.
const OFFSET_MAX: usize = 10_000;
/// Lazada has opened in 2012. Seconds since 1970.
const FIRST_PRODUCT: i64 = 1_325_376_000;
/// Clocks differ, and a product of just now is not to be missed. Seconds.
const DAY: i64 = 86_400;

pub(super) async fn page(session: &Session<'_>, cursor: Option<&str>) -> Result<ListingPage, Failure> {
    let mut part = Part::at(cursor)?;
    loop {
        if part.offset > OFFSET_MAX {
            part = part.narrower(session.call.now)?;
        }
        let Products { total_products, products } = read_part(session, &part).await?;
        let total = total_products.and_then(|total| usize::try_from(total.0).ok());
        if part.offset == 0 && total.is_some_and(|total| total > OFFSET_MAX) {
            part = part.narrower(session.call.now)?;
            continue;
        }
        let seen = part.offset + products.0.len();
        // Without a total, a full page is the only sign that there is more.
        let more = !products.0.is_empty() && total.map_or(products.0.len() == PAGE, |total| seen < total);
        let whole = total.filter(|_| part.window.is_none());
        return Ok(ListingPage {
            listings: products.0.iter().filter(|product| !is_gone(product)).flat_map(map::listings).collect(),
            next: if more {
                Some(part.from(seen).cursor())
            } else {
                part.following().map(|next| next.cursor())
            },
            total: whole.and_then(|total| u64::try_from(total).ok()),
        });
    }
}

async fn read_part(session: &Session<'_>, part: &Part) -> Result<Products, Failure> {
    let mut query = vec![
        ("filter", "all".to_owned()),
        ("offset", part.offset.to_string()),
        ("limit", PAGE.to_string()),
        ("options", "1".to_owned()),
    ];
    if let Some(window) = &part.window {
        // Whether the bounds belong to it nobody says: what lies on one comes twice, rather than never.
        let bound = |seconds: i64| time::write(seconds * 1000).ok_or_else(wrong);
        query.push(("create_after", bound(window.from - 1)?));
        query.push(("create_before", bound(window.to)?));
    }
    let products: Data<Products> = session.get(PRODUCTS, query).await?.parse()?;
    Ok(products.data)
}

fn wrong() -> Failure {
    Failure::new(Class::Invalid, "cursor", "this is not a cursor of listings")
}

/// A place in the list: of all products, as long as they are few enough to be counted through, or else of those that were
/// created in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    window: Option<Window>,
    offset: usize,
}

/// In seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    from: i64,
    to: i64,
    /// Where the last window ends.
    end: i64,
}

impl Part {
    /// `OFFSET`, or `FROM|TO|END|OFFSET`.
    fn at(cursor: Option<&str>) -> Result<Self, Failure> {
        let fields: Vec<&str> = cursor.unwrap_or("0").split('|').collect();
        let second = |text: &str| text.parse::<i64>().map_err(|_| wrong());
        let (window, offset) = match fields.as_slice() {
            [offset] => (None, offset),
            [from, to, end, offset] => {
                (Some(Window { from: second(from)?, to: second(to)?, end: second(end)? }), offset)
            }
            _ => return Err(wrong()),
        };
        Ok(Self { window, offset: offset.parse().map_err(|_| wrong())? })
    }

    fn cursor(self) -> String {
        match self.window {
            None => self.offset.to_string(),
            Some(Window { from, to, end }) => format!("{from}|{to}|{end}|{}", self.offset),
        }
    }

    fn from(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// The first half of it, from its beginning.
    fn narrower(self, now: i64) -> Result<Self, Failure> {
        let whole = || {
            let end = now.div_euclid(1000) + DAY;
            Window { from: FIRST_PRODUCT, to: end, end }
        };
        let Window { from, to, end } = self.window.unwrap_or_else(whole);
        if to - from <= 1 {
            // A silent end would be worse.
            let message =
                "more than ten thousand products were created in one second; Lazada does not list them all";
            return Err(Failure::new(Class::Invalid, "offset_limit", message));
        }
        Ok(Self { window: Some(Window { from, to: from + (to - from) / 2, end }), offset: 0 })
    }

    /// What comes after it. Where few were created more may be tried at once.
    fn following(self) -> Option<Self> {
        let Window { from, to, end } = self.window?;
        let next = Window { from: to, to: end.min(to + (to - from) * 2), end };
        (to < end).then_some(Self { window: Some(next), offset: 0 })
    }
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
        promotion_reserved: found.and_then(|listing| listing.promotion_reserved).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, FIRST_PRODUCT, Part};

    #[test]
    fn windows_cover_all_time_without_a_gap() {
        let now = (FIRST_PRODUCT + 999) * 1000;
        let first = Part::at(Some("10020")).unwrap().narrower(now).unwrap();
        let mut part = first.narrower(now).unwrap();
        let mut covered = FIRST_PRODUCT;
        loop {
            let window = part.window.unwrap();
            assert_eq!((window.from, part.offset), (covered, 0));
            assert_eq!(Part::at(Some(&part.from(40).cursor())).unwrap(), part.from(40));
            covered = window.to;
            match part.following() {
                Some(next) => part = next,
                None => break,
            }
        }
        assert_eq!(covered, FIRST_PRODUCT + 999 + DAY);
        assert_eq!(Part::at(None).unwrap().following(), None, "few products need no windows");
        let second = Part::at(Some("5|6|9|0")).unwrap();
        assert_eq!(second.narrower(now).unwrap_err().code, "offset_limit");
        assert!(Part::at(Some("5|6")).is_err() && Part::at(Some("x")).is_err());
    }
}
