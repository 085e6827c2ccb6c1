//! What a shop says about itself.

use serde_json::{Map, json};

use super::reply::{Refusal, Reply};
use super::{Visit, seconds};

pub(super) fn get_shop_info(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    visit.hub.in_shop(key, |world, _| {
        let shop =
            world.shop(key).ok_or_else(|| Refusal::new("error_not_found", "There is no such shop."))?;
        let mut fields = Map::new();
        fields.insert("shop_name".to_owned(), json!(shop.name));
        fields.insert("region".to_owned(), json!(shop.region));
        fields.insert("status".to_owned(), json!("NORMAL"));
        fields.insert("auth_time".to_owned(), json!(shop.credentials.authorised_at.map(seconds)));
        fields.insert("expire_time".to_owned(), json!(shop.credentials.authorised_until.map(seconds)));
        fields.insert("is_cb".to_owned(), json!(false));
        fields.insert("is_sip".to_owned(), json!(false));
        fields.insert("is_upgraded_cbsc".to_owned(), json!(false));
        fields.insert("merchant_id".to_owned(), json!(null));
        fields.insert("shop_fulfillment_flag".to_owned(), json!("Others"));
        Ok(Reply::Flat(fields))
    })
}

/// The shops of the sandbox ship from one place, and such a shop is refused here.
pub(super) fn get_warehouse_detail(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    visit.key()?;
    Err(Refusal::new("warehouse.error_not_in_whitelist", "The shop is not in the multi-warehouse whitelist."))
}
