//! A shop for unit tests.

use onhand_rules::shop::{ShopCursors, ShopHealth, ShopSettings, ShopState};
use onhand_rules::{Millis, Shop, ShopId};

pub(crate) fn a_shop(id: i64, state: ShopState, open_until: Option<Millis>) -> Shop {
    Shop {
        id: ShopId(id),
        code: format!("shopee-{id}"),
        channel: "shopee".into(),
        account: id.to_string(),
        name: "A shop".into(),
        state,
        state_reason: None,
        stays_paused: false,
        settings: ShopSettings::default(),
        grant: String::new(),
        grant_number: 1,
        access_until: 0,
        refresh_until: None,
        grant_until: None,
        cursors: ShopCursors::default(),
        health: ShopHealth { open_until, ..ShopHealth::default() },
        version: 1,
        created_at: 0,
        updated_at: 0,
    }
}
