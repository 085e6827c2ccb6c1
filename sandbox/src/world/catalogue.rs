//! Putting goods on the market.

use serde::{Deserialize, Serialize};

use super::events::What;
use super::goods::{Cause, Item, ItemStatus, Kept, StockChange, Variant};
use super::{Millis, ShopKey, World};

/// An item to list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewItem {
    pub(crate) title: String,
    /// The seller's code of the whole item; optional when there are variations.
    #[serde(default)]
    pub(crate) seller_sku: String,
    /// What the variations differ in; empty: none, and exactly one variant.
    #[serde(default)]
    pub(crate) axes: Vec<String>,
    pub(crate) variants: Vec<NewVariant>,
    /// `kit` or `warehouse`, where the marketplace keeps its stock itself.
    #[serde(default)]
    pub(crate) kept: Option<Kept>,
}

/// One variant of an item to list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewVariant {
    pub(crate) seller_sku: String,
    #[serde(default)]
    pub(crate) options: Vec<String>,
    /// In the smallest unit of the shop's currency.
    #[serde(default = "ten")]
    pub(crate) price: i64,
    pub(crate) stock: i64,
}

fn ten() -> i64 {
    1_000
}

impl World {
    /// Lists an item and gives its number; none if there is no such shop.
    pub(crate) fn list(&mut self, key: ShopKey, new: &NewItem, now: Millis) -> Option<u64> {
        let shop = self.shop_mut(key)?;
        let id = shop.ids.item();
        let variants = new.variants.iter().map(|variant| Variant {
            id: shop.ids.variant(),
            seller_sku: variant.seller_sku.clone(),
            options: variant.options.clone(),
            price: variant.price,
            stock: variant.stock.max(0),
            reserved: 0,
            backorder: 0,
            unpaid: 0,
            paid: 0,
            listed: variant.stock.max(0),
            pushes: 0,
            history: vec![StockChange { at: now, value: variant.stock.max(0), cause: Cause::Listed }],
            ordered: 0,
            cancelled: 0,
        });
        let variants: Vec<Variant> = variants.collect();
        let only = if new.axes.is_empty() { variants.first() } else { None };
        let seller_sku = only.map_or_else(|| new.seller_sku.clone(), |variant| variant.seller_sku.clone());
        for variant in &variants {
            shop.note_variant(id, variant);
        }
        let item = Item {
            id,
            title: new.title.clone(),
            seller_sku,
            axes: new.axes.clone(),
            variants,
            status: ItemStatus::Live,
            kept: new.kept,
            created: now,
            updated: now,
        };
        shop.items.insert(id, item);
        Some(id)
    }

    /// Shows, hides or deletes the item of this variant and gives its number; none if there is no such variant.
    pub(crate) fn set_item_status(
        &mut self,
        key: ShopKey,
        variant: u64,
        status: ItemStatus,
        now: Millis,
    ) -> Option<u64> {
        let shop = self.shop_mut(key)?;
        let id = shop.variant(variant)?.0.id;
        let item = shop.items.get_mut(&id)?;
        item.status = status;
        item.updated = now;
        self.note(key, now, What::ItemChanged { item: id });
        Some(id)
    }
}
