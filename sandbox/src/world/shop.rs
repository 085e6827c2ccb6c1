//! One seller's shop on one marketplace.

use std::collections::{BTreeMap, HashMap};

use super::credentials::Credentials;
use super::goods::{Item, Variant};
use super::ids::Ids;
use super::orders::Order;
use super::returns::Return;
use super::{Market, ShopKey};

/// A shop: what it sells, what was ordered, who may act for it.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) market: Market,
    /// `shop_id` on Shopee and TikTok Shop, `seller_id` on Lazada.
    pub(crate) account: u64,
    pub(crate) name: String,
    /// Two capital letters: `SG`, `TH`, …
    pub(crate) region: String,
    /// ISO 4217.
    pub(crate) currency: String,
    /// An opaque name of the shop, unlike its number: TikTok Shop's `shop_cipher`.
    pub(crate) cipher: String,
    /// The one place from which it ships: `location_id`, `warehouse_id`.
    pub(crate) warehouse: u64,
    pub(crate) credentials: Credentials,
    pub(crate) items: BTreeMap<u64, Item>,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) returns: BTreeMap<u64, Return>,
    pub(crate) ids: Ids,
    /// Item of each variant.
    item_of: HashMap<u64, u64>,
    /// Variants by the seller's code; the code is unique by custom only, so there may be several.
    by_sku: HashMap<String, Vec<u64>>,
}

impl Shop {
    pub(crate) fn new(seed: u64, market: Market, number: u64, name: &str, region: &str) -> Shop {
        let mut ids = Ids::new(seed, market, number);
        let cipher = format!("ROW_{}", ids.secret(32));
        let warehouse = ids.other();
        Shop {
            market,
            account: Ids::account(seed, market, number),
            name: name.to_owned(),
            region: region.to_owned(),
            currency: currency_of(region).to_owned(),
            cipher,
            warehouse,
            credentials: Credentials::default(),
            items: BTreeMap::new(),
            orders: BTreeMap::new(),
            returns: BTreeMap::new(),
            ids,
            item_of: HashMap::new(),
            by_sku: HashMap::new(),
        }
    }

    pub(crate) fn key(&self) -> ShopKey {
        ShopKey { market: self.market, account: self.account }
    }

    /// The item and the variant with this variant number.
    pub(crate) fn variant(&self, id: u64) -> Option<(&Item, &Variant)> {
        let item = self.items.get(self.item_of.get(&id)?)?;
        Some((item, item.variant(id)?))
    }

    pub(crate) fn variant_mut(&mut self, id: u64) -> Option<&mut Variant> {
        let item = self.items.get_mut(self.item_of.get(&id)?)?;
        item.variants.iter_mut().find(|variant| variant.id == id)
    }

    /// The first variant that was listed with this code of the seller.
    pub(crate) fn variant_by_sku(&self, seller_sku: &str) -> Option<(&Item, &Variant)> {
        self.variant(*self.by_sku.get(seller_sku)?.first()?)
    }

    pub(crate) fn variants(&self) -> impl Iterator<Item = (&Item, &Variant)> {
        self.items.values().flat_map(|item| item.variants.iter().map(move |variant| (item, variant)))
    }

    pub(crate) fn note_variant(&mut self, item: u64, variant: &Variant) {
        self.item_of.insert(variant.id, item);
        self.by_sku.entry(variant.seller_sku.clone()).or_default().push(variant.id);
    }
}

fn currency_of(region: &str) -> &'static str {
    match region {
        "TH" => "THB",
        "VN" => "VND",
        "MY" => "MYR",
        "ID" => "IDR",
        "PH" => "PHP",
        "TW" => "TWD",
        "BR" => "BRL",
        "GB" => "GBP",
        "US" => "USD",
        _ => "SGD",
    }
}
